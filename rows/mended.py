"""Rows mended to today's rules as they are read, so that pages open whatever an older release, or a hand in the database, left.

An impossible value becomes the usual one or is left out. The stored row is mended when the field is next saved.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, Self

from django.db import models

Mend = Callable[[Any], Any]

NEVER = re.compile("[\x00\ud800-\udfff]")
"""What no row can hold: NUL, and half of a surrogate pair."""


class Mended(models.Model):
    """A model whose rows come out of the database mended. MENDS: how, for each field that needs it."""

    MENDS: dict[str, Mend] = {}

    class Meta:
        abstract = True

    @classmethod
    def from_db(cls, *row_of: Any, **options: Any) -> Self:
        row = super().from_db(*row_of, **options)
        for name, mend in cls.MENDS.items():
            if name in row.__dict__:
                setattr(row, name, mend(row.__dict__[name]))
        return row


def cleaned(value: Any) -> Any:
    """The same without what cannot be stored."""
    if isinstance(value, str):
        return NEVER.sub("", value)
    if isinstance(value, dict):
        return {cleaned(key): cleaned(inner) for key, inner in value.items()}
    return [cleaned(inner) for inner in value] if isinstance(value, list) else value


def number(value: Any, least: float, most: float, usual: float | None) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return usual
    if isinstance(value, float) and not math.isfinite(value):
        return usual
    return float(min(max(value, least), most))


def within(least: float, most: float, usual: float | None) -> Mend:
    return lambda value: number(value, least, most, usual)


def text(value: Any) -> str:
    return cleaned(value) if isinstance(value, str) else ""


def each(mend: Mend) -> Mend:
    """A list without the items that the mend turns into None or an empty text."""

    def mended(values: Any) -> list[Any]:
        found = [mend(value) for value in values] if isinstance(values, list) else []
        return [value for value in found if value not in (None, "")]

    return mended


def having(**mends: Mend) -> Mend:
    """An object with these fields mended and the others cleaned; None for anything else."""

    def mended(value: Any) -> dict[str, Any] | None:
        if not isinstance(value, dict):
            return None
        return cleaned(value) | {name: mend(value.get(name)) for name, mend in mends.items()}

    return mended


def mapping(mend: Mend = cleaned) -> Mend:
    """An object with any names, without the values that the mend turns into None."""

    def mended(value: Any) -> dict[str, Any]:
        rows = value.items() if isinstance(value, dict) else ()
        found = {cleaned(name): mend(inner) for name, inner in rows}
        return {name: inner for name, inner in found.items() if inner is not None}

    return mended


seconds = within(0, 1e6, None)
findings = each(having(code=text, sentence=text))
warnings = each(having(code=text, message=text))


def vector(value: Any) -> list[float] | None:
    """A list of numbers, or None if it is empty or any item is not one."""
    found = each(within(-1e6, 1e6, None))(value)
    return found if found and len(found) == len(value) else None


def outputs(value: Any) -> list[dict[str, Any]]:
    """Files of a finished video, without entries that cannot name a file of the store."""
    sizes = dict.fromkeys(("width", "height", "bytes"), _whole)
    found = each(having(kind=text, key=text, suffix=text, fps=within(1, 1000, None), **sizes))(
        value
    )
    return [
        row
        for row in found
        if re.fullmatch("[0-9a-f]{64}", row["key"])
        and re.fullmatch(r"\.[a-z0-9]{2,5}", row["suffix"])
    ]


def _whole(value: Any) -> int | None:
    found = number(value, 0, 1e12, None)
    return None if found is None else int(found)


def timing(value: Any) -> dict[str, Any]:
    """Words with their seconds, each a list of three."""
    found = mapping()(value)
    spoken = found.get("words")
    words = [word for word in spoken if _is_word(word)] if isinstance(spoken, list) else []
    return found | {"words": words} if "words" in found else found


def _is_word(word: Any) -> bool:
    if not isinstance(word, list) or len(word) != 3 or not isinstance(word[0], str):
        return False
    return seconds(word[1]) is not None and seconds(word[2]) is not None
