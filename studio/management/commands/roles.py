"""What each role may do, and at which addresses, as a table: `manage.py roles > docs/roles.md`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from django.core.management.base import BaseCommand
from django.urls import URLPattern, URLResolver, get_resolver

from studio.models import Membership
from studio.people.roles import KEY, Verb, allows, what


class Command(BaseCommand):
    help = "Prints what each role may do in a workspace."

    def handle(self, **options: Any) -> None:
        columns = [*Membership.Role.values, KEY]
        self.stdout.write("# Roles\n")
        self.stdout.write(
            "Who may do what in a workspace: the table of `studio/people/roles.py`, printed by `manage.py roles`.\n"
        )
        self.stdout.write(
            f"| may | {' | '.join(columns)} | pages |\n|---|{'---|' * len(columns)}---|"
        )
        pages = dict.fromkeys(get_args(Verb), 0)
        for view in _views(get_resolver().url_patterns):
            if verb := getattr(view, "verb", ""):
                pages[verb] += 1
        for verb, count in pages.items():
            marks = " | ".join("yes" if allows(role, verb) else "–" for role in columns)
            self.stdout.write(f"| {what(verb)} | {marks} | {count} |")


def _views(patterns: list[URLPattern | URLResolver]) -> Iterator[Any]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _views(pattern.url_patterns)
        else:
            yield pattern.callback
