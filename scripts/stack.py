"""Starts the local stack for the other scripts."""

import contextlib
import json
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time


def is_ready(condition, process):
    """Waits for a minute until the condition holds. False if it never does, or if the process ends before."""
    for _ in range(1200):
        if process.poll() is not None:
            return False
        if condition():
            return True
        time.sleep(0.05)
    return False


@contextlib.contextmanager
def running(binaries):
    """The data folder of a stack that runs until the block ends, and the contents of its demo.json."""
    data = pathlib.Path(tempfile.mkdtemp())
    stack = subprocess.Popen([binaries / "local", "--port", "0", "--data-dir", data], stdout=subprocess.DEVNULL)
    try:
        if not is_ready(lambda: is_written(data / "demo.json"), stack):
            sys.exit(f"the local stack did not start (status {stack.returncode})")
        yield data, json.loads((data / "demo.json").read_text(encoding="utf-8"))
    finally:
        stack.send_signal(signal.SIGINT)
        stack.wait(timeout=20)
        shutil.rmtree(data)


def is_written(file):
    """Whether the file is complete: it ends with a line feed."""
    return file.exists() and file.read_bytes().endswith(b"\n")
