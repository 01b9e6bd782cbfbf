"""The audit log: `manage.py audit verify [--workspace ID] [--json]`."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from rows import audit
from studio.people.audit import key


class Command(BaseCommand):
    help = "Verifies that the audit log is whole: names the first row that was changed, is missing or was not signed so."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", choices=["verify"])
        parser.add_argument("--workspace", default="", help="Only this one; its id.")
        parser.add_argument("--json", action="store_true", help="One object on stdout.")

    def handle(self, **options: Any) -> None:
        found = audit.verify(key().public_key(), options["workspace"])
        if options["json"]:
            plain = asdict(found)
            self.stdout.write(json.dumps(plain))
        elif found.first_bad is None:
            self.stdout.write(f"{found.rows:,} rows of {found.workspaces} workspaces: whole.")
        if found.first_bad is not None:
            bad = found.first_bad
            raise CommandError(
                f"Row {bad.number} of {bad.workspace}: {bad.why}. The rows before it are whole."
            )
