"""The voices that ship."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from rendering import voices


class Command(BaseCommand):
    help = "Lists the stock voices."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="A list of objects on stdout.")

    def handle(self, *args: Any, **options: Any) -> None:
        found = [
            {
                "slug": voice.slug,
                "name": voice.name,
                "language": voice.language,
                "licence": voice.licence,
                "description": voice.description,
            }
            for voice in voices.REGISTRY.values()
        ]
        if options["json"]:
            self.stdout.write(json.dumps(found, ensure_ascii=False))
            return
        for voice in found:
            self.stdout.write(
                f"{voice['slug']:<13}{voice['name']:<10}{voice['language']:<7}{voice['description']}"
            )
