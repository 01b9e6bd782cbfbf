"""One command runs everything, and nothing outlives it."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request

import pytest
from django.conf import settings

from tests.served import alive, expect_soon, serving


@pytest.fixture
def serve(tmp_path):
    with serving(tmp_path) as start:
        yield start


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
