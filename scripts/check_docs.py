"""Runs the commands of the API pages as they stand there, and compares what they print with what the page says they do.

Each page is one session of a shell in an empty folder, beside the `.local` of a local stack that this script starts. What a page
marks with <var> differs each time.

usage: check_docs.py FOLDER_WITH_BINARIES
"""

import html
import pathlib
import re
import subprocess
import sys
import tempfile
import urllib.request

import stack

FAMILIES = ["channel", "hris", "signing", "jobboard"]
BLOCK = re.compile(r'<pre class="code (shell|answer)">(.*?)</pre>', re.DOTALL)
MARK = "-- end of block --"


def steps(page):
    """Each block of commands with the answer below it, which is empty where there is none."""
    found = []
    # The catalogue at the end shows envelopes.
    for kind, text in BLOCK.findall(page.split('<h2 id="failures">')[0]):
        if kind == "shell":
            found.append([html.unescape(text), ""])
        else:
            found[-1][1] = text
    return found


def pattern(answer):
    pieces = re.split(r"<var>.*?</var>", answer)
    return re.compile(".*?".join(re.escape(html.unescape(piece)) for piece in pieces))


def run(family, data, base_url):
    """How many of its blocks print something else than the page says."""
    with urllib.request.urlopen(f"{base_url}/docs/{family}", timeout=60) as answer:
        blocks = steps(answer.read().decode())
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / ".local").symlink_to(data)
        script = f"\necho '{MARK}'\n".join(commands for commands, _ in blocks)
        shell = subprocess.run(["sh"], input=script, capture_output=True, cwd=folder, timeout=300, text=True, check=False)
    printed = [text.strip() for text in shell.stdout.split(MARK + "\n")]
    printed += ["the shell did not come here"] * (len(blocks) - len(printed))
    wrong = 0
    for (commands, answer), text in zip(blocks, printed):
        if not pattern(answer).fullmatch(text):
            wrong += 1
            print(f"FAIL {family}\n{commands}\n-- says\n{answer}\n-- prints\n{text}\n")
    print(f"{'FAIL' if wrong or shell.stderr else 'ok  '} {family}: {len(blocks)} blocks, {wrong} wrong {shell.stderr}", flush=True)
    return wrong + bool(shell.stderr) + (not blocks)


def main():
    with stack.running(pathlib.Path(sys.argv[1]).resolve()) as (data, demo):
        sys.exit(1 if sum(run(family, data, demo["base_url"]) for family in FAMILIES) else 0)


main()
