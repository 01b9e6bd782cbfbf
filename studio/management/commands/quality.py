"""Measures a film: do the lips follow the words, do the eyes blink, is it still that person?"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from rendering import faces, quality
from rendering.stages import script
from rendering.targets import TARGETS
from rendering.values import BadInput


class Command(BaseCommand):
    help = "Reads a film back, and prints how well it speaks. Exit 0: all figures are within their targets; 1: some are not."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file")
        parser.add_argument("--text", required=True, help="The words that are spoken in it.")
        parser.add_argument("--avatar", help="A stock avatar: whose face it should be.")
        parser.add_argument("--json", action="store_true", help="One object on stdout.")

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(options["file"])
        try:
            if not path.is_file():
                raise BadInput(f"There is no file {path}; give the path of a video.")
            source = None
            if options["avatar"]:
                from rendering.faces import photo  # other commands do without

                source = photo.portrait_of(faces.get(options["avatar"]).folder)
            if not options["text"].strip():
                raise BadInput("Give the words that are spoken in the film.")
            said = script.run(
                options["text"],
                markup="text",
                language="en-US",
                dictionary=(),
                supports=frozenset(),
            )
            reading = quality.read(path, said, source=source)
            figures = quality.measure([reading])
            late = quality.measure([reading], late=quality.LATE)
        except BadInput as problem:
            self.stderr.write(problem.sentence)
            raise SystemExit(2) from None
        good = quality.judged(figures)
        if options["json"]:
            report = {"figures": figures, "late": late, "good": good}
            self.stdout.write(json.dumps(report))
        else:
            self.stdout.write(table(figures, late, good))
        if not all(good.values()):
            raise SystemExit(1)


def table(figures: dict[str, float], late: dict[str, float], good: dict[str, bool]) -> str:
    rows = [f"{'':62} {'measured':>9} {'0.2 s late':>10}   target"]
    for name, (words, low, high, _) in TARGETS.items():
        if name not in figures:
            continue
        aim = f"at least {low:g}" if high == 1.0 and low else f"{low:g} to {high:g}"
        other = f"{late[name]:>10g}" if name in TIMED else " " * 10
        rows.append(
            f"{words:62} {figures[name]:>9g} {other}   {aim:16} {'ok' if good[name] else 'NOT MET'}"
        )
    rows.append(
        f"{figures['closures']:g} closures. The lips' times come from a forced aligner, the rest from a face tracker."
    )
    return "\n".join(rows)


TIMED = ("auc", "shut", "open", "contrast", "loudness", "lag")
