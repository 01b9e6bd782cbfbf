"""How rows of projects and scenes are mended as they are read (rows/mended.py)."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from rendering.values import PLACES
from rows.mended import Mend, cleaned, number

PLAIN_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
LONGEST_TEXT = 300  # of an overlay
SIZES = {"text": (0.02, 0.2, 0.06), "picture": (0.05, 1.0, 0.3)}
"""Least, most and usual size of an overlay, as a share of the frame's short side: height of the letters, longer side of a picture."""
FARTHEST = 100_000  # lines and words of an anchor
MOST = {"overlays": 100, "cues": 1000}  # rows that are read


def one_of(offered: Any, usual: Any) -> Mend:
    values = [value for value, _ in offered]
    return lambda value: value if value in values else usual


def line_of_text(value: Any) -> str:
    return " ".join(cleaned(str(value)).split())


def colour(usual: str) -> Mend:
    return lambda value: value if re.fullmatch("#[0-9a-f]{6}", str(value)) else usual


def _anchor(value: Any) -> dict[str, int] | None:
    if not isinstance(value, dict):
        return None
    found = {name: number(value.get(name), 1, FARTHEST, None) for name in ("line", "word")}
    return None if None in found.values() else {name: int(n) for name, n in found.items() if n}


def _identity(value: Any, taken: set[str]) -> str:
    """The id, or one made from it, the same each time it is read."""
    plain = value if isinstance(value, str) and PLAIN_ID.fullmatch(value) else ""
    again = 0
    while not plain or plain in taken:
        plain = hashlib.sha256(f"{value!r} {again}".encode("utf-8", "replace")).hexdigest()[:8]
        again += 1
    taken.add(plain)
    return plain


def _text(value: Any, most: int) -> str:
    return cleaned(value)[:most] if isinstance(value, str) else ""


def overlays(rows: Any) -> list[dict[str, Any]]:
    """Rows as studio/projects/overlays.py has them; a row that does not have either a text or a picture is left out."""
    found: list[dict[str, Any]] = []
    taken: set[str] = set()
    for row in rows[: MOST["overlays"]] if isinstance(rows, list) else []:
        if not isinstance(row, dict):
            continue
        text, asset = _text(row.get("text"), LONGEST_TEXT), _text(row.get("asset_id"), 64)
        if bool(text.strip()) == bool(asset):
            continue
        least, most, usual = SIZES["text" if text else "picture"]
        found.append(
            {
                "id": _identity(row.get("id"), taken),
                "text": text,
                "asset_id": asset,
                "from": _anchor(row.get("from")),
                "to": _anchor(row.get("to")),
                "position": row.get("position") if row.get("position") in PLACES else "top-right",
                "x": number(row.get("x"), 0, 1, None),
                "y": number(row.get("y"), 0, 1, None),
                "size": number(row.get("size"), least, most, usual),
                "style": "card" if row.get("style") == "card" else "plain",
                "enter": "cut" if row.get("enter") == "cut" else "fade",
                "exit": "cut" if row.get("exit") == "cut" else "fade",
            }
        )
    return found


def cues(rows: Any) -> list[dict[str, Any]]:
    """Rows as studio/projects/cues.py has them; a row that belongs to no words is left out."""
    found = []
    for row in rows[: MOST["cues"]] if isinstance(rows, list) else []:
        if not isinstance(row, dict):
            continue
        first, last = _anchor(row.get("from")), _anchor(row.get("to"))
        if first is None or last is None:
            continue
        found.append(
            {
                "id": _text(row.get("id"), 32),
                "from": first,
                "to": last,
                "said": _text(row.get("said"), 400),
                "text": _text(row.get("text"), 400),
                "start": number(row.get("start"), -3, 3, 0.0),
                "end": number(row.get("end"), -3, 3, 0.0),
                "parted": bool(row.get("parted")),
            }
        )
    return found
