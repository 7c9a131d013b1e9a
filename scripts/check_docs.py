"""Runs the shell commands of the API pages unchanged, and compares their output with the output on the page.

Each page is one shell session in an empty folder with the `.local` of a local stack, which this script starts. Text within <var> differs
each time. Then it runs the curl example of each operation with the credentials of the demo data.

usage: check_docs.py FOLDER_WITH_BINARIES
"""

import base64
import html
import json
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
EXAMPLE = re.compile(r'<div class="panel bash"><pre [^>]*>(.*?)</pre>', re.DOTALL)
# The picture that the examples upload, of one pixel.
PHOTO = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR42mP4//8/AAX+Av4zEpUUAAAAAElFTkSuQmCC")
# These end the session or the token that the other examples need.
ENDING = {"close_account", "log_out", "update_company_token"}
# What no example may meet: credentials, a method, a type or a content that the API rejects.
WRONG = {"401", "405", "415", "422"}


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


def post(url, body):
    """The decoded body and the headers."""
    request = urllib.request.Request(url, json.dumps(body).encode(), {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response), response.headers


def credentials(demo):
    """What replaces the placeholders of the examples, by family."""
    base_url, hris = demo["base_url"], demo["hris"]
    token, _ = post(f"{base_url}/api/v1/auth/token", {**demo["channel"][0], "grant_type": "client_credentials"})
    session, _ = post(f"{base_url}/weixin/login", {"code": "test"})
    _, headers = post(f"{base_url}/wechat/user/login", {"login_code": demo["jobboard"]["user_code"]})
    return {"channel": {"YOUR_TOKEN": token["data"]["access_token"]}, "signing": {"YOUR_TOKEN": session["data"]["session_token"]},
            "jobboard": {"YOUR_TOKEN": headers["x-auth-token"]},
            # The address of a receiver must resolve.
            "hris": {"https://example.com/gongqiao/hook": "http://127.0.0.1:9999/hook", "YOUR_ACCESS_KEY": hris["access_key"],
                     "YOUR_SECRET_KEY": hris["secret_key"], "YOUR_COMPANY_TOKEN": hris["token"]}}


def run_examples(family, values, base_url):
    """The number of examples that get no response, an undocumented status, or one of WRONG. Those with other credentials are left out."""
    with urllib.request.urlopen(f"{base_url}/docs/{family}", timeout=60) as response:
        operations = re.findall(rf'<li data-words="[^"]*"><a href="/docs/{family}/(\w+)"', response.read().decode())
    wrong = count = 0
    for operation in operations:
        with urllib.request.urlopen(f"{base_url}/docs/{family}/{operation}", timeout=60) as response:
            page = response.read().decode()
        code = html.unescape("".join(EXAMPLE.findall(page)))
        for placeholder, value in values.items():
            code = code.replace(placeholder, value)
        if not code or operation in ENDING or re.search("YOUR_|your_secret_key|refresh_token_string", code):
            continue
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "photo.png").write_bytes(PHOTO)
            shell = subprocess.run(["sh"], input=code, capture_output=True, cwd=folder, timeout=60, text=True, check=False)
        status = re.search(r"HTTP/[\d.]+ (\d+)", shell.stdout)
        count += 1
        if not status or status[1] in WRONG or not re.search(rf'id="answer-{status[1]}"|>{status[1]}</a></td>', page):
            wrong += 1
            print(f"FAIL example of {family}/{operation}\n{shell.stdout}\n{shell.stderr}")
    print(f"{'FAIL' if wrong else 'ok  '} {family}: {count} examples, {wrong} wrong", flush=True)
    return wrong + (not count)


def main():
    with stack.running(pathlib.Path(sys.argv[1]).resolve()) as (data, demo):
        wrong = sum(run(family, data, demo["base_url"]) for family in FAMILIES)
        wrong += sum(run_examples(family, values, demo["base_url"]) for family, values in credentials(demo).items())
        sys.exit(1 if wrong else 0)


main()
