"""Reads a video back: what is in it, whether it is as it was signed, and who agreed."""

from __future__ import annotations

import hashlib
import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from rendering import media, provenance


class Command(BaseCommand):
    help = "Checks a rendered MP4. Exit 0: as signed; 1: changed, unsigned or by another signer."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file")
        parser.add_argument("--json", action="store_true", help="One object on stdout.")

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(options["file"])
        if not path.is_file():
            self._refuse(f"There is no file {path}; give the path of a video.")
        try:
            with path.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            credentials = provenance.read(path, settings.C2PA_DIR)
        except OSError as problem:
            self._refuse(f"{path} cannot be read: {problem.strerror}.")
        try:
            found = media.probe(path)
        except media.MediaFailed:
            found = {"seconds": None, "starts_at_once": None, "streams": [], "chapters": []}
            if credentials["state"] == "none":
                self._refuse(
                    f"{path} is not an MP4 video that can be played; give the path of another."
                )
        report = {
            "file": str(path),
            "state": credentials["state"],
            "bytes": path.stat().st_size,
            "sha256": sha256,
            **found,
            "credentials": credentials,
        }
        self.stdout.write(
            json.dumps(report, ensure_ascii=False) if options["json"] else table(report)
        )
        if report["state"] != "valid":
            raise SystemExit(1)

    def _refuse(self, sentence: str) -> None:
        self.stderr.write(sentence)
        raise SystemExit(2)


STATES = {
    "valid": "as it was signed",
    "changed": "CHANGED after it was signed",
    "untrusted": "as it was signed, but by a signer not known here",
    "none": "not signed",
}


def table(report: dict[str, Any]) -> str:
    credentials = report["credentials"]
    rows = [
        ("File", f"{report['file']}, {report['bytes']:,} bytes"),
        ("State", STATES[report["state"]]),
    ]
    for stream in report["streams"]:
        about = ", ".join(
            str(stream[name])
            for name in ("codec", "width", "height", "fps", "frames", "rate", "layout")
            if name in stream
        )
        rows.append((stream["kind"].capitalize(), f"{about}, {stream['seconds']} s"))
    for chapter in report["chapters"]:
        rows.append(("Chapter", f"{chapter['start']:.2f} s  {chapter['title']}"))
    if credentials["issuer"]:
        rows += [
            ("Signed", f"by {credentials['issuer']}, made {credentials['created_at']}"),
            ("Label", f"{credentials['ai_label']} ({credentials['source_type']})"),
        ]
    rows += [("Made of", f"{part['kind']} {part['title']}") for part in credentials["ingredients"]]
    rows += [("Allowed", f"{part['kind']} {part['id']}") for part in credentials["consents"]]
    rows += [("Note", problem) for problem in credentials["problems"]]
    return "\n".join(f"{name:<9}{text}" for name, text in rows)
