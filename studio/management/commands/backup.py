"""`manage.py backup FOLDER` (docs/backup.md)."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from studio import backup


class Command(BaseCommand):
    help = "Copies all that belongs together into FOLDER, even while films are being made; a second time, only what is new."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", metavar="FOLDER")

    def handle(self, *args: Any, folder: str, **options: Any) -> None:
        try:
            report = backup.backup(Path(folder))
        except backup.CannotBackUp as problem:
            raise CommandError(str(problem)) from None
        self.stdout.write(
            f"{report.files} files, {report.bytes / 1e6:,.1f} MB, of which {report.copied} are new, and the database."
        )
        for path in report.damaged:
            self.stderr.write(f"Left out, because it is damaged: {path}")
        if settings.S3_BUCKET:
            self.stdout.write(
                f"The bucket {settings.S3_BUCKET} is not in it: copy that by its own means."
            )
        if not settings.EMBEDDED:
            self.stdout.write("SECRET_KEY is not in it: keep it where your other secrets are.")
