"""Runs the clients of tests/clients/ against a local stack, which this script starts.

usage: check_clients.py FOLDER_WITH_BINARIES
"""

import pathlib
import subprocess
import sys

import stack

CLIENTS = pathlib.Path(__file__).resolve().parent.parent / "tests" / "clients"
COMMANDS = [[sys.executable, CLIENTS / "hris.py"], ["node", CLIENTS / "hris.mjs"], [sys.executable, CLIENTS / "consent.py"],
            [sys.executable, CLIENTS / "wechatpay.py"], [sys.executable, CLIENTS / "docs.py"],
            [sys.executable, CLIENTS / "home.py"], [sys.executable, CLIENTS / "webhooks.py"],
            [sys.executable, CLIENTS / "console.py"]]


def main():
    failed = []
    with stack.running(pathlib.Path(sys.argv[1]).resolve()) as (data, _):
        for command in COMMANDS:
            name = command[-1].name
            print(f"-- {name}", flush=True)
            if subprocess.run([*command, data / "demo.json"], timeout=300, check=False).returncode:
                failed.append(name)
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)


main()
