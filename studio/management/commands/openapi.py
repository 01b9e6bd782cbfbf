"""The committed description of the API: written here, compared in `make check`."""

import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

PATH = settings.BASE_DIR / "openapi.json"


class Command(BaseCommand):
    requires_system_checks = []
    help = "Writes openapi.json from the routes; --check only compares."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="Exit 1 if the file is out of date."
        )

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        from studio.api import api  # other commands do without

        schema = api.get_openapi_schema(path_prefix="/api/v1/")
        text = json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
        if not check:
            PATH.write_text(text, encoding="utf-8")
        elif not PATH.exists() or PATH.read_text(encoding="utf-8") != text:
            raise CommandError("openapi.json is out of date; run: python manage.py openapi")
