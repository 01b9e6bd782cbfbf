"""Replays a day of renders in seconds and compares ways of sizing the fleet."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from rendering.fleet import comparison, traces
from rendering.values import BadInput

SAMPLE = 1_000  # renders of a day whose end is forecast and then awaited


class Command(BaseCommand):
    help = "Replays a day: waiting times by class, cost and cold starts of several ways of sizing the fleet."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("trace", help=f"of: {', '.join(traces.FAMILIES)}; or a CSV file")
        parser.add_argument("--renders", type=int, default=100_000, help="in a day")
        parser.add_argument("--seed", type=int, default=1, help="of the day, or of the first day")
        parser.add_argument("--days", type=int, default=1, help="how many seeds, one after another")
        parser.add_argument("--json", action="store_true", help="every day's figures")

    def handle(self, *args: Any, **options: Any) -> None:
        if not 1 <= options["renders"] <= 1_000_000 or not 1 <= options["days"] <= 1_000:
            raise CommandError("--renders takes 1 to 1,000,000, --days 1 to 1,000.")
        days = []
        for seed in range(options["seed"], options["seed"] + options["days"]):
            try:
                requests = traces.trace(options["trace"], seed, options["renders"])
            except BadInput as problem:
                raise CommandError(problem.sentence) from None
            every = max(1, len(requests) // SAMPLE)
            days.append(comparison.compare(requests, seed=seed, foretell_every=every))
            if options["json"]:
                figures = {"seed": seed, "rows": [asdict(row) for row in days[-1]]}
                self.stdout.write(json.dumps(figures))
                self.stdout.flush()
        if options["json"]:
            return
        rows = comparison.medians(days)
        self.stdout.write(comparison.table(rows))
        ours = [day[0] for day in days]
        for number, other in enumerate(rows[1:], start=1):
            wins = sum(day[0].promise > day[number].promise for day in days)
            ties = sum(day[0].promise == day[number].promise for day in days)
            lost = len(days) - wins - ties
            self.stdout.write(f"against {other.name}: better {wins}, equal {ties}, worse {lost}")
        error = max(row.eta_error or 0.0 for row in ours)
        inside = min(row.eta_inside or 0.0 for row in ours)
        self.stdout.write(
            f"ends foretold: median error at most {error:.2f} of the larger of 25 % and 5 s; "
            f"at least {100 * inside:.1f} % inside high_seconds (worst day)"
        )
