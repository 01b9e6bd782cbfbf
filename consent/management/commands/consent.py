"""The chain of consents in the terminal: whether every link follows from the one before it."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from consent.models import ConsentEvent, first_broken_link


class Command(BaseCommand):
    help = "Reads the chain of consents: consent verify. Exit 0: whole; 1: broken."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verify = verbs.add_parser("verify", help="Computes every hash again.")
        verify.add_argument("--json", action="store_true", help="One object on stdout.")

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        links = ConsentEvent.objects.count()  # first, so that none is counted that was not checked
        broken = first_broken_link()
        if broken is not None:
            links = ConsentEvent.objects.filter(sequence__lte=broken).count()
        if options["json"]:
            self.stdout.write(json.dumps({"links": links, "first_broken": broken}))
        elif broken is None:
            self.stdout.write(f"Links checked: {links}. The chain is whole.")
        else:
            self.stdout.write(
                f"Links checked: {links}. Link {broken} does not follow from the one before it."
            )
        if broken is not None:
            raise SystemExit(1)
