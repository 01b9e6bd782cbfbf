"""The budget of every way in, as the table of docs/limits.md."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

PATH = settings.BASE_DIR / "docs" / "limits.md"
HEAD = """# What may come in, and what it costs at most

Written by `manage.py limits --write` from studio/budget.py; a test compares them. Bytes are those of a whole request and are counted at
the door. Beyond a limit nothing is stored, and nothing stored before is lost. Text is refused anywhere if it holds what a row cannot
hold (NUL, half of a surrogate pair); a form has at most {fields:,} fields and {files} files; a query has at most {query:,} characters.

"""


def document() -> str:
    from studio import budget, limits  # other commands do without

    head = HEAD.format(
        fields=settings.DATA_UPLOAD_MAX_NUMBER_FIELDS,
        files=settings.DATA_UPLOAD_MAX_NUMBER_FILES,
        query=limits.LONGEST_QUERY,
    )
    return head + "\n".join(budget.rows()) + "\n" + budget.MEASURED


class Command(BaseCommand):
    help = "Prints the budget of every way in; --write puts it into docs/limits.md."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--write", action="store_true")

    def handle(self, *args: Any, write: bool, **options: Any) -> None:
        if write:
            PATH.write_text(document(), encoding="utf-8")
        else:
            self.stdout.write(document())
