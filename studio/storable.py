"""Which text a row can hold: neither NUL nor half a surrogate pair, on every database alike."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext

from rendering.values import BadInput
from rows.mended import NEVER


def holds_unstorable(value: Any) -> bool:
    """Whether a text, or any text inside lists and objects, cannot be stored."""
    if isinstance(value, str):
        return NEVER.search(value) is not None
    if isinstance(value, dict):
        return any(holds_unstorable(key) or holds_unstorable(value[key]) for key in value)
    return isinstance(value, list) and any(map(holds_unstorable, value))


def check(value: Any, field: str | None = None) -> None:
    """Raises BadInput for what cannot be stored."""
    if holds_unstorable(value):
        where = f"The field {field[:40]}" if field and not NEVER.search(field) else "What was sent"
        raise BadInput(
            gettext(
                "{where} holds a character that cannot be stored (NUL or half of a pair); remove it and send it again."
            ).format(where=where),
            code="invalid_field",
            field=field if field and not NEVER.search(field) else None,
        )
