"""Starts the local stack for the other scripts."""

import contextlib
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

# The variables of a system whose users may do as much in a day as a script wants: see DailyQuotas in template.yaml.
WITHOUT_LIMITS = {
    "MODERATION": "off",
    "DAILY_QUOTAS": ",".join(f"{name}=1000000" for name in (
        "jobs", "refreshes", "unpaid_orders", "uploads", "upload_megabytes", "collections", "contacts", "reports")),
    "MESSAGES_PER_HOUR": "1000000",
    "MESSAGES_PER_DAY": "1000000",
}


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
def running(binaries, settings=None):
    """The data folder of a stack that runs until the block ends, and the contents of its demo.json. The settings are variables."""
    data = pathlib.Path(tempfile.mkdtemp())
    command = [binaries / "local", "--port", "0", "--data-dir", data]
    stack = subprocess.Popen(command, stdout=subprocess.DEVNULL, env={**os.environ, **(settings or {})})
    try:
        if not is_ready(lambda: is_written(data / "demo.json"), stack):
            sys.exit(f"the local stack did not start (status {stack.returncode})")
        yield data, json.loads((data / "demo.json").read_text(encoding="utf-8"))
    finally:
        stack.send_signal(signal.SIGINT)
        stack.wait(timeout=20)
        shutil.rmtree(data)


def free_ports(count):
    """Ports below those that the system gives to outgoing connections, which the local stack opens all the time."""
    with contextlib.ExitStack() as listeners:
        ports = []
        while len(ports) < count:
            port = random.randrange(10_000, 30_000)
            with contextlib.suppress(OSError):
                listeners.enter_context(socket.socket()).bind(("127.0.0.1", port))
                ports.append(port)
        return ports


def accepts(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def variables(data):
    """The variables with which another program uses the services of a stack."""
    return dict(line.split("=", 1) for line in (data / "functions.env").read_text(encoding="utf-8").splitlines())


def is_written(file):
    """Whether the file is complete: it ends with a line feed."""
    return file.exists() and file.read_bytes().endswith(b"\n")
