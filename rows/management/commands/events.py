"""Each consumer of events and how far it has read; and a person's personal data, erased from all events."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from rows import events
from rows.events import ORDER, Event, Reader


class Command(BaseCommand):
    help = (
        "Lists the consumers of events; --erase removes a person's personal data from all events."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--erase", metavar="PERSON", help="The id or address of a person.")

    def handle(self, *args: Any, erase: str | None, **options: Any) -> None:
        if erase:
            self.stdout.write(f"Erased from {events.erase(erase)} events.")
            return
        readers = {reader.name: reader for reader in Reader.objects.order_by("name")}
        order = readers.pop(ORDER, None)
        last = order.position if order else 0
        waiting = Event.objects.filter(position=None).count()
        self.stdout.write(f"{last} events, {waiting} of them just written")
        for reader in readers.values():
            state = f"{last - reader.position} behind"
            if reader.failures:
                rest = max(0, round((reader.due_at - timezone.now()).total_seconds()))
                state += f", failed {reader.failures} times, tries again in {rest} s"
            self.stdout.write(f"{reader.name:16} {state}")
