"""`manage.py restore FOLDER` (docs/backup.md)."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from studio import backup


class Command(BaseCommand):
    help = "Replaces this data folder with a copy that `backup` made."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", metavar="FOLDER")
        parser.add_argument(
            "--force",
            action="store_true",
            help="Even if the folder holds data; they are moved aside.",
        )

    def handle(self, *args: Any, folder: str, force: bool, **options: Any) -> None:
        try:
            aside = backup.restore(Path(folder), force=force)
        except backup.CannotBackUp as problem:
            raise CommandError(str(problem)) from None
        self.stdout.write("Restored. Start the studio as usual; renders that waited go on.")
        if aside is not None:
            self.stdout.write(f"What was here before is now in {aside}.")
