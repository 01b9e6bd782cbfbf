"""The store of films: whether it can be reached and returns what was written to it. Makes its bucket."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from rendering import storage
from rendering.object_store import ObjectStore
from rendering.store import StoreAway


class Command(BaseCommand):
    help = "check: writes, reads back and removes a file. create: makes the bucket first, if there is none."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("verb", choices=["check", "create"])

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        store = storage.store()
        where = f"bucket {settings.S3_BUCKET}" if settings.S3_BUCKET else f"folder {store.folder}"
        if verb == "create" and isinstance(store, ObjectStore):
            try:
                store.create()
            except StoreAway as problem:
                raise CommandError(str(problem)) from None
        if not store.healthy():
            raise CommandError(
                f"The {where} does not return what was written to it; check its settings and rights."
            )
        self.stdout.write(f"The {where} is fine.")
