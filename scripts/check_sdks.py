"""Runs the quickstarts of clients/ against a local stack, which this script starts. scripts/check_openapi has generated and compiled them.

usage: check_sdks.py FOLDER_WITH_BINARIES
"""

import os
import pathlib
import subprocess
import sys
import time

import client_environment
import stack

ROOT = pathlib.Path(__file__).resolve().parent.parent
CLIENTS = ROOT / "clients"
PYTHON = ROOT / "target" / "ci-clients" / "bin" / "python"
JARS = [ROOT / "target" / "clients" / "classes", *(ROOT / "target" / "ci-clients").glob("lib/python*/site-packages/openapi_generator_cli/*.jar")]

QUICKSTARTS = ["python/quickstart/partner.py", "python/quickstart/hr.py", "python/quickstart/jobboard.py", "typescript/quickstart/partner.ts",
               "typescript/quickstart/hr.ts", "typescript/quickstart/jobboard.ts", "java/quickstart/Hr.java"]
LONGEST = 20


def command(quickstart):
    language, _, file = quickstart.split("/")
    if language == "python":
        return [PYTHON, CLIENTS / quickstart]
    if language == "typescript":
        return ["node", CLIENTS / "typescript" / "dist-quickstart" / file.replace(".ts", ".js")]
    return ["java", "-XX:TieredStopAtLevel=1", "-cp", os.pathsep.join(map(str, JARS)), file.removesuffix(".java")]


def fault(quickstart, variables):
    """What is wrong with a quickstart, if anything. It prints one line."""
    lines = (CLIENTS / quickstart).read_text(encoding="utf-8").count("\n")
    if lines > LONGEST:
        return f"{lines} lines, more than {LONGEST}"
    began = time.monotonic()
    done = subprocess.run(command(quickstart), env=os.environ | variables, timeout=120, check=False, capture_output=True, text=True)
    print(f"{quickstart} ({time.monotonic() - began:.1f} s): {done.stdout.strip()}", flush=True)
    if done.returncode:
        return done.stderr.strip()
    if done.stdout.count("\n") != 1 or done.stderr:
        return f"more than one line: {done.stdout}{done.stderr}"
    return None


def main():
    with stack.running(pathlib.Path(sys.argv[1]).resolve()) as (_, demo):
        variables = client_environment.variables(demo) | {"PYTHONPATH": str(CLIENTS / "python" / "src")}
        faults = {quickstart: fault(quickstart, variables) for quickstart in QUICKSTARTS}
    failed = [f"{quickstart}: {text}" for quickstart, text in faults.items() if text]
    sys.exit("\n".join(failed) if failed else 0)


main()
