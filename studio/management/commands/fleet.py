"""How many slots the fleet wants now, class by class, and why."""

from __future__ import annotations

import json
import math
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder

from rendering.fleet import warmpool
from rendering.fleet.scaling import POOLS


class Command(BaseCommand):
    help = "Prints how many workers are wanted, with the reason; --workers POOL prints that number alone."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="the decision as JSON")
        parser.add_argument("--workers", default="", metavar="POOL", help=f"of: {', '.join(POOLS)}")
        parser.add_argument(
            "--slots", type=int, default=settings.RENDER_SLOTS, help="slots of one worker"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["slots"] < 1:
            raise CommandError("--slots takes 1 or more.")
        plan = warmpool.plan()
        if pool := options["workers"]:
            if pool not in POOLS:
                raise CommandError(f"There is no pool {pool!r}; choose one of {', '.join(POOLS)}.")
            wanted = plan["pools"][pool]["slots"]
            self.stdout.write(str(math.ceil(wanted / options["slots"])))
            return
        if options["json"]:
            self.stdout.write(json.dumps(plan, cls=DjangoJSONEncoder, indent=2))
            return
        for name, pool in plan["pools"].items():
            workers = math.ceil(pool["slots"] / options["slots"])
            self.stdout.write(
                f"{name}: {pool['slots']} slots wanted ({workers} workers of {options['slots']}), "
                f"{pool['ready_slots']} ready"
            )
            for lane in pool["classes"]:
                row = plan["classes"][lane]
                self.stdout.write(f"  {lane:<11}{row['slots']:>4}  {row['reason']}")
