"""One command runs everything, and nothing outlives it."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest
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


@pytest.fixture
def serve(tmp_path):
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("BROKER_URL", "DATABASE_URL", "SECRET_KEY")
    }
    environment |= {"DATA_DIR": str(tmp_path), "PYTHONWARNINGS": "ignore"}
    running = []

    def start():
        port = free_port()
        log = tmp_path / f"serve-{len(running)}.log"
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

    yield start
    for process in running:
        process.kill()
        process.wait()
    expect_soon(lambda: not alive(tmp_path), 30)


def get(address):
    with urllib.request.urlopen(address, timeout=10) as answer:
        return answer.status, answer.read().decode()


def test_serve_runs_everything_and_no_process_outlives_it(serve, tmp_path):
    process, address = serve()
    status, body = get(f"{address}/healthz")
    assert (status, json.loads(body)["status"]) == (200, "ok")
    assert "Likeness" in get(f"{address}/accounts/login/")[1]
    with pytest.raises(urllib.error.HTTPError) as missing:
        get(f"{address}/nothing-here/")
    assert missing.value.code == 404
    assert "URLconf" not in missing.value.read().decode()
    assert len(alive(tmp_path)) >= 6
    process.kill()  # no chance to tidy up: the kernel ends the children
    process.wait()
    expect_soon(lambda: not alive(tmp_path), 20)
    with pytest.raises(urllib.error.URLError):
        get(f"{address}/healthz")

    again, address = serve()  # the same data folder, not locked by the dead
    second = subprocess.run(
        [sys.executable, "manage.py", "serve"],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert "runs already" in second.stderr
    again.send_signal(signal.SIGINT)
    assert again.wait(timeout=30) == 0
    assert alive(tmp_path) == []
