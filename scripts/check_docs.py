"""Runs the shell commands of the API pages unchanged, and compares their output with the output on the page.

Each page is one shell session in an empty folder with the `.local` of a local stack, which this script starts. Text within <var> differs
each time.

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
    """Each block of commands with the output below it; empty if the page shows no output."""
    found = []
    # The last section shows error envelopes, not commands.
    for kind, text in BLOCK.findall(page.split('<h2 id="failures">')[0]):
        if kind == "shell":
            found.append([html.unescape(text), ""])
        else:
            found[-1][1] = text
    return found


def pattern(output):
    pieces = re.split(r"<var>.*?</var>", output)
    return re.compile(".*?".join(re.escape(html.unescape(piece)) for piece in pieces))


def run(family, data, base_url):
    """The number of blocks whose output differs from the page."""
    with urllib.request.urlopen(f"{base_url}/docs/{family}", timeout=60) as response:
        blocks = steps(response.read().decode())
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / ".local").symlink_to(data)
        script = f"\necho '{MARK}'\n".join(commands for commands, _ in blocks)
        shell = subprocess.run(["sh"], input=script, capture_output=True, cwd=folder, timeout=300, text=True, check=False)
    printed = [text.strip() for text in shell.stdout.split(MARK + "\n")]
    printed += ["the shell ended before this block"] * (len(blocks) - len(printed))
    wrong = 0
    for (commands, expected), text in zip(blocks, printed):
        if not pattern(expected).fullmatch(text):
            wrong += 1
            print(f"FAIL {family}\n{commands}\n-- expected\n{expected}\n-- printed\n{text}\n")
    print(f"{'FAIL' if wrong or shell.stderr else 'ok  '} {family}: {len(blocks)} blocks, {wrong} wrong {shell.stderr}", flush=True)
    return wrong + bool(shell.stderr) + (not blocks)


def main():
    with stack.running(pathlib.Path(sys.argv[1]).resolve()) as (data, demo):
        sys.exit(1 if sum(run(family, data, demo["base_url"]) for family in FAMILIES) else 0)


main()
