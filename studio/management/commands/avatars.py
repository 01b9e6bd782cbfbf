"""The avatars that ship."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from rendering import faces, voices


class Command(BaseCommand):
    help = "Lists the stock avatars."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="A list of objects on stdout.")

    def handle(self, *args: Any, **options: Any) -> None:
        found = [
            {
                "slug": face.slug,
                "name": face.name,
                "language": voices.get(face.voice).language,
                "licence": face.licence,
                "description": face.description,
                "voice": face.voice,
            }
            for face in faces.stock()
        ]
        if options["json"]:
            self.stdout.write(json.dumps(found, ensure_ascii=False))
            return
        slug, name, voice = (
            max(len(face[column]) for face in found) + 2 for column in ("slug", "name", "voice")
        )
        for face in found:
            self.stdout.write(
                f"{face['slug']:<{slug}}{face['name']:<{name}}{face['voice']:<{voice}}{face['description']}"
            )
