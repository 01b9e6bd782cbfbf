"""Everything under one parent: broker, web, render worker, speech worker, clip worker, scheduler.

Ctrl-C ends all of it. If the parent is killed, the kernel ends the children (studio/servers.py).
"""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, close_old_connections

from rendering.models import Worker
from rendering.watchdog import Watch
from studio.demo import EMAIL, PASSWORD
from studio.servers import (
    Stuck,
    die_with_parent,
    free_port,
    processor_seconds,
    start_valkey,
    until_ready,
)

MANAGE = str(settings.BASE_DIR / "manage.py")
END_SECONDS = 12
FORGOTTEN = 300  # seconds after which the end of a child no longer makes the next pause longer
LONGEST_PAUSE = 30  # seconds


def pause_before(ends: int) -> float:
    """Seconds before a child that has ended this often lately starts again."""
    return 0 if ends < 2 else min(LONGEST_PAUSE, 2.0 ** (ends - 2))


class Command(BaseCommand):
    help = "Runs the whole studio on this machine until Ctrl-C."
    # `make check` looks at the code; here checks would only make the start a second longer.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=settings.PORT)

    def handle(self, *args: Any, port: int, **options: Any) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):  # even if the shell had them ignored
            signal.signal(number, self._asked_to_end)
        lock = self._only_one()
        port = self._port(port)
        address = f"http://127.0.0.1:{port}"
        self.children: dict[str, subprocess.Popen] = {}
        self.watches: dict[str, Watch] = {}
        self.environment = {**os.environ, "PORT": str(port)}
        self.commands = self._commands(port)
        try:
            if settings.BROKER_EMBEDDED:
                self.children["broker"], self.environment["BROKER_URL"] = start_valkey(
                    free_port(), settings.DATA_DIR / "broker"
                )
            self._prepare()
            for name in self.commands:
                self._start(name)
            self._wait_until_ready(port)
            self._say(address)
            self._watch()
        except KeyboardInterrupt:
            self.stdout.write("")
        finally:
            self._end()
            lock.close()

    def _asked_to_end(self, *_: Any) -> None:
        raise KeyboardInterrupt

    def _prepare(self) -> None:
        """Makes the tables and the demo, in processes that end and free their memory."""
        for command in (["migrate", "--verbosity", "0"], ["seed"]):
            done = subprocess.run(
                [sys.executable, MANAGE, *command, "--skip-checks"],
                env={**self.environment, "LOG_LEVEL": "WARNING"},
                preexec_fn=die_with_parent(signal.SIGKILL),
            )
            if done.returncode:
                raise CommandError(f"`manage.py {command[0]}` failed; its message is above.")

    def _only_one(self) -> Any:
        lock = open(settings.DATA_DIR / "serve.lock", "w")  # noqa: SIM115 (held until the end)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CommandError(
                "The studio runs already on this data folder. Stop it first, or set DATA_DIR to another."
            ) from None
        return lock

    def _port(self, wanted: int) -> int:
        for port in (wanted, *range(wanted + 1, wanted + 20)):
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    continue
            if port != wanted:
                self.stdout.write(f"Port {wanted} is taken; using {port}.")
            return port
        raise CommandError(f"Ports {wanted} to {wanted + 19} are taken; set PORT to a free one.")

    def _commands(self, port: int) -> dict[str, list[str]]:
        # Root is usual in containers, and these workers take JSON only.
        celery = [sys.executable, "-W", "ignore:You're running the worker", "-m", "celery"]
        celery += ["-A", "studio", "--quiet", "worker"]
        celery += ["--without-gossip", "--without-mingle", "--loglevel", "WARNING"]
        slots = str(settings.RENDER_SLOTS)
        return {
            "web": [sys.executable, MANAGE, "web", "--bind", f"127.0.0.1:{port}"],
            # People who listen or type go before renders.
            "worker": [
                *("nice", "-n", "5", sys.executable, MANAGE, "worker"),
                *("--engines", f"portrait,{settings.FACE_ENGINE}"),
                *("--slots", slots, "--grace", "0", "--cold"),
            ],
            "speech": [*celery, "-n", "speech@%h", "-Q", "speech", "-P", "threads", "-c", "1"],
            "clips": [
                "nice",
                "-n",
                "5",
                *celery,
                "-n",
                "clips@%h",
                "-Q",
                "clips",
                "-P",
                "threads",
                "-c",
                "1",
            ],
            "scheduler": [sys.executable, MANAGE, "sweep", "--skip-checks"],
        }

    def _start(self, name: str) -> None:
        """Starts a child in a group of its own, so that Ctrl-C reaches only the parent, which ends all in order."""
        pulse = settings.DATA_DIR / "pulses" / name
        self.watches[name] = Watch(pulse)
        self.children[name] = subprocess.Popen(
            self.commands[name],
            cwd=settings.BASE_DIR,
            env={**self.environment, "LIKENESS_PULSE": str(pulse)},
            stdin=subprocess.DEVNULL,
            process_group=0,
            preexec_fn=die_with_parent(signal.SIGTERM),
        )

    def _wait_until_ready(self, port: int) -> None:
        """Waits as long as something progresses: on a busy machine a start may take minutes."""

        def listens() -> bool:
            for name, child in self.children.items():
                if child.poll() is not None:
                    raise CommandError(f"The {name} did not start; its messages are above.")
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except OSError:
                return False
            return True

        def say(words: str) -> None:
            self.stdout.write(words)
            self.stdout.flush()

        groups = [child.pid for name, child in self.children.items() if name != "broker"]
        parts = {
            "the worker, which loads its models": lambda: Worker.alive().exists(),
            "the web server": listens,
        }
        try:
            until_ready(parts, lambda: processor_seconds(groups), say)
        except Stuck as problem:
            raise CommandError(str(problem)) from None

    def _say(self, address: str) -> None:
        self.stdout.write(f"\nLikeness Studio   {address}")
        self.stdout.write(f"Demo login        {EMAIL}   {PASSWORD}")
        self.stdout.write(f"Mails             {address}/outbox/")
        self.stdout.write("Stop              Ctrl-C\n")
        self.stdout.flush()

    def _watch(self) -> None:
        """Starts again what ended, after a pause that grows while it keeps ending, and ends what stands still.

        It never gives up: whatever a line does to its worker, the site stays up for everybody else.
        """
        ends: dict[str, list[float]] = {name: [] for name in self.children}
        due: dict[str, float] = {}
        while True:
            time.sleep(0.5)
            now = time.monotonic()
            for name, child in list(self.children.items()):
                if name in due:
                    if now >= due[name]:
                        del due[name]
                        self._start_again(name)
                elif child.poll() is not None:
                    self._bury(name, child)
                    ends[name] = [end for end in ends[name] if now - end < FORGOTTEN] + [now]
                    pause = pause_before(len(ends[name]))
                    due[name] = now + pause
                    again = f"starts again in {pause:.0f} s" if pause else "is started again"
                    self.stderr.write(f"The {name} had ended and {again}.")
                elif name in self.watches and self.watches[name].is_hung():
                    self.stderr.write(f"The {name} stands still and is ended.")
                    os.killpg(child.pid, signal.SIGKILL)

    def _start_again(self, name: str) -> None:
        if name != "broker":
            self._start(name)
            return
        port = int(self.environment["BROKER_URL"].rsplit(":", 1)[1].split("/")[0])
        try:
            self.children[name], _ = start_valkey(port, settings.DATA_DIR / "broker")
        except RuntimeError as problem:  # the ended child stays in its place, so it is tried again
            self.stderr.write(f"{problem}.")

    def _bury(self, name: str, child: subprocess.Popen) -> None:
        """Records that the worker ended: nobody counts on it any more, and its lines need not wait for their lease."""
        if name != "worker":
            return
        try:
            close_old_connections()
            Worker.bury(f"{socket.gethostname()}:{child.pid}")
        except DatabaseError as problem:  # then its lease decides
            self.stderr.write(f"The end of the worker was not written down: {problem}.")

    def _end(self) -> None:
        """Web and scheduler first, then the workers, which give back what they hold; the broker last."""
        order = [name for name in self.children if name != "broker"] + ["broker"]
        deadline = time.monotonic() + END_SECONDS
        for name in order:
            if name in self.commands and name in self.children:
                self.children[name].terminate()
        for name in order:
            child = self.children.get(name)
            if child is None:
                continue
            if name == "broker":
                child.terminate()
            try:
                child.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL) if name in self.commands else child.kill()
