"""How each row of a text is read aloud: for people who check a script, and for measurements."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from rendering.stages import script
from rendering.values import BadInput

MOST_BYTES = 50_000_000


class Command(BaseCommand):
    help = "Shows what is spoken for each row of a file; exit 1 if one cannot be read."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file", help="A text in UTF-8, or - for standard input; empty rows are skipped."
        )
        parser.add_argument("--language", default="en-US", choices=("en-US", "en-GB"))
        parser.add_argument("--markup", default="markdown", choices=("markdown", "ssml", "text"))
        parser.add_argument("--json", action="store_true", help="One object for each row.")

    def handle(self, file: str, language: str, markup: str, **options: Any) -> None:
        failed = 0
        for number, row in _rows(file):
            found: dict[str, Any] = {"line": number, "text": row, "spoken": None, "warnings": []}
            try:
                read = script.run(row, markup=markup, language=language, supports=EVERYTHING)
            except BadInput as problem:
                found["error"] = problem.sentence
                failed += 1
            else:
                found["spoken"] = " ".join(" ".join(s.text for s in read.sentences).split())
                found["warnings"] = [
                    {"code": w.code, "message": w.message, "start": w.start, "end": w.end}
                    for w in read.warnings
                ]
            self.stdout.write(
                json.dumps(found, ensure_ascii=False) if options["json"] else _shown(found)
            )
        if failed:
            rows = "row" if failed == 1 else "rows"
            self.stderr.write(f"{failed} {rows} cannot be read; the reasons stand beside them.")
            sys.exit(1)


EVERYTHING = frozenset(("break", "phoneme", "emphasis", "rate", "pitch"))
"""What a voice may be able to do: which one speaks is not known here, so none of it is warned about."""


def _rows(file: str) -> Iterator[tuple[int, str]]:
    """(number from 1, row) of those that are not empty. Raises CommandError for what is no text."""
    try:
        data = sys.stdin.buffer.read(MOST_BYTES + 1) if file == "-" else _bytes(Path(file))
        text = data.decode("utf-8-sig")
    except OSError as problem:
        raise CommandError(
            f"{file} cannot be opened ({problem.strerror}); name a text file."
        ) from None
    except UnicodeDecodeError:
        raise CommandError(f"{file} is not UTF-8; save it as UTF-8 and try again.") from None
    if len(data) > MOST_BYTES:
        raise CommandError(f"{file} is larger than {MOST_BYTES // 1_000_000} MB; split it.")
    for number, row in enumerate(text.split("\n"), start=1):
        if row.strip():
            yield number, row.rstrip("\r")


def _bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MOST_BYTES + 1)


def _shown(found: dict[str, Any]) -> str:
    said = found["spoken"] if found["spoken"] is not None else f"! {found['error']}"
    warned = "".join(f"\n      ? {warn['message']}" for warn in found["warnings"])
    return f"{found['line']:5} {said}{warned}"
