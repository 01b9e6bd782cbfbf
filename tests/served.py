"""A whole studio in processes of its own, as people run it."""

import os
import subprocess
import sys
import time
from contextlib import contextmanager

from django.conf import settings

from studio.servers import free_port


def alive(folder):
    """Ids of the processes that were started with this data folder."""
    mark = f"DATA_DIR={folder}".encode()
    found = []
    for entry in os.listdir("/proc"):
        try:
            with open(f"/proc/{entry}/environ", "rb") as variables:
                if entry.isdigit() and mark in variables.read().split(b"\0"):
                    found.append(int(entry))
        except OSError:
            continue
    return found


def expect_soon(condition, seconds):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@contextmanager
def serving(folder):
    """Gives a function that runs `manage.py serve` on that data folder and returns its process and address. All has ended afterwards."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("BROKER_URL", "DATABASE_URL", "SECRET_KEY")
    }
    environment |= {"DATA_DIR": str(folder), "PYTHONWARNINGS": "ignore"}
    running = []

    def start():
        port = free_port()
        log = folder / f"serve-{len(running)}.log"
        with log.open("w") as output:
            process = subprocess.Popen(
                [sys.executable, "manage.py", "serve", "--port", str(port)],
                cwd=settings.BASE_DIR,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )
        running.append(process)

        def said():
            text = log.read_text()
            assert process.poll() is None, text
            return "Demo login" in text

        expect_soon(said, 600)
        return process, f"http://127.0.0.1:{port}"

    try:
        yield start
    finally:
        for process in running:
            process.kill()
            process.wait()
        expect_soon(lambda: not alive(folder), 30)
