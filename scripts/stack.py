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


def wait_for(ready, what, process):
    for _ in range(1200):
        if process.poll() is not None:
            sys.exit(f"{what} ended with {process.returncode}")
        if ready():
            return
        time.sleep(0.05)
    sys.exit(f"{what} did not start")


@contextlib.contextmanager
def running(binaries):
    """The data folder of a stack that runs until the block ends, and the contents of its demo.json."""
    data = pathlib.Path(tempfile.mkdtemp())
    stack = subprocess.Popen([binaries / "local", "--port", "0", "--data-dir", data], stdout=subprocess.DEVNULL)
    try:
        wait_for(lambda: is_written(data / "demo.json"), "the local stack", stack)
        yield data, json.loads((data / "demo.json").read_text(encoding="utf-8"))
    finally:
        stack.send_signal(signal.SIGINT)
        stack.wait(timeout=20)
        shutil.rmtree(data)


def is_written(file):
    """Whether the file is complete: it ends with a line feed."""
    return file.exists() and file.read_bytes().endswith(b"\n")
