"""docs/roles.md is what the command prints."""

import io
from pathlib import Path

from django.core.management import call_command


def test_the_document_is_the_table():
    out = io.StringIO()
    call_command("roles", stdout=out)
    written = Path("docs/roles.md").read_text()
    assert written == out.getvalue(), "run: manage.py roles > docs/roles.md"
