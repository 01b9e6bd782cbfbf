"""A worker: one process per GPU, or for a set of CPU slots. It loads its models, then claims lines until it is asked to end."""

from __future__ import annotations

import warnings
from argparse import ArgumentParser
from typing import Any

from celery.signals import worker_ready
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from rendering import memory, tasks
from rendering.faces.engines import ENGINES
from rendering.fleet import probes
from rendering.fleet.attempts import PULSE, process_name
from rendering.fleet.batch import BATCH
from rendering.fleet.queue import Kinds
from rendering.fleet.scheduling import LANES
from rendering.warming import warm
from rendering.weights import NotReady

LONGEST_GRACE = 25  # seconds: with the stop of a line it ends within 30


class Command(BaseCommand):
    help = "Makes videos until it is stopped; SIGTERM lets it finish or give back what it holds."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--engines", default="portrait", help=f"comma-separated, of: {', '.join(ENGINES)}"
        )
        parser.add_argument(
            "--classes", default="", help=f"comma-separated, of: {', '.join(LANES)}; all if absent"
        )
        parser.add_argument(
            "--slots", type=int, default=settings.RENDER_SLOTS, help="lines made at once"
        )
        parser.add_argument(
            "--memory", type=int, default=0, metavar="MB", help="no second line beyond this"
        )
        parser.add_argument(
            "--grace", type=float, default=20, help="seconds for lines in hand after SIGTERM"
        )
        parser.add_argument(
            "--health",
            default="",
            metavar="[HOST:]PORT",
            help="answers /healthz, /readyz, /metrics",
        )
        parser.add_argument(
            "--cold", action="store_true", help="loads models with the first line, not before it"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        kinds = Kinds(
            _names("engines", options["engines"], ENGINES),
            _names("classes", options["classes"], LANES),
        )
        slots = options["slots"]
        if not 1 <= slots <= 64:
            raise CommandError("--slots takes 1 to 64.")
        if not 0 <= options["grace"] <= LONGEST_GRACE:
            raise CommandError(f"--grace takes 0 to {LONGEST_GRACE} seconds.")
        memory.steady()
        BATCH.size, BATCH.budget = slots, options["memory"] * 1_000_000
        PULSE.grace = options["grace"]
        if options["health"]:
            self._answer(options["health"])
        PULSE.sign_in(slots, kinds, ready=False)
        if not options["cold"]:
            self._warm(kinds)
        self._work(kinds, slots)

    def _answer(self, where: str) -> None:
        host, _, number = where.rpartition(":")
        try:
            port = probes.serve(host or "127.0.0.1", int(number))
        except (OSError, ValueError, OverflowError) as problem:
            raise CommandError(f"--health {where} cannot be listened on: {problem}.") from None
        self.stderr.write(f"health on port {port}")

    def _warm(self, kinds: Kinds) -> None:
        for name in kinds.engines:
            try:
                warm(name)
            except NotReady as problem:
                raise CommandError(f"{name}: {problem.sentence}") from None
        self.stderr.write(f"{process_name()} is warm")

    def _work(self, kinds: Kinds, slots: int) -> None:
        from studio.celery import app  # other commands do without

        def ready(**_: Any) -> None:
            PULSE.sign_in(slots, kinds, ready=True)

        worker_ready.connect(ready)
        # Root is usual in containers, and workers take JSON only.
        warnings.filterwarnings("ignore", message="You're running the worker")
        worker = app.Worker(
            hostname=f"{process_name().replace(':', '-')}@%h",
            queues=[
                tasks.queue_name(engine, lane)
                for engine in kinds.engines
                for lane in kinds.lanes or LANES
            ],
            pool="threads",
            concurrency=slots,
            loglevel="WARNING",
            quiet=True,
            without_gossip=True,
            without_mingle=True,
        )
        worker.start()
        if worker.exitcode:
            raise SystemExit(worker.exitcode)


def _names(option: str, given: str, known: Any) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(name for name in given.replace(" ", "").split(",") if name))
    for name in found:
        if name not in known:
            raise CommandError(f"--{option}: there is no {name!r}; choose from {', '.join(known)}.")
    if option == "engines" and not found:
        raise CommandError(f"--engines: name at least one of {', '.join(known)}.")
    return found
