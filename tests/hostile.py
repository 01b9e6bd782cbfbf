"""Values that some code does not expect: texts, JSON, rows of overlays, columns of a finished render."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def texts(dice: random.Random) -> str:
    """A text that some code does not expect."""
    return dice.choice(
        [
            "",
            " ",
            "0",
            "-1",
            "1",
            "25",
            "NaN",
            "Infinity",
            "-inf",
            "1e400",
            "9" * 30,
            "9" * 5000,
            "0x10",
            "1_000",
            "٣",
            "²",
            "½",
            "true",
            "null",
            "[]",
            "{}",
            "[[[[",
            "[" * 3000,
            '"\\ud800"',
            "a\x00b",
            "\x00",
            "\ud800",
            "\udfff\ud800",
            "‮gnol‬",
            "\u2028",
            "\r\nSet-Cookie: a=b",
            "a\nb",
            "\x1b[31m",
            "\x7f",
            "../../etc/passwd",
            "a/b",
            "a%2fb",
            "%00",
            "%",
            "%ff",
            "'\"><script>alert(1)</script>",
            "{{ 7*7 }}{% now %}",
            "' OR 1=1 --",
            "😀" * 50,
            "é" * 300,
            "x" * 121,
            "x" * 256,
            "x" * 3000,
            "Hello, and welcome.",
            "Hello.\n\nAgain <speak>",
            "<speak>&lol;</speak>",
            "[pause 99999999999s] a",
            "# One\n\n[pause 1e9]",
            "#e9e4dc",
            "16:9",
            "9999-12-31T23:59:59+14:00",
            "0001-01-01T00:00:00-14:00",
            "bytes=0-",
            "MDAwMS0wMS0wMVQwMDowMDowMCsxNDowMCBh",
            str(dice.randint(-(2**70), 2**70)),
            str(dice.random() * 10 ** dice.randint(-300, 300)),
            "".join(chr(dice.choice([dice.randrange(0xD800), dice.randrange(128)])) for _ in range(dice.randrange(12))),
        ]
    )  # fmt: skip


def values(dice: random.Random, depth: int = 0) -> Any:
    """Anything that JSON can say."""
    kind = dice.randrange(9 if depth < 3 else 6)
    if kind == 0:
        return dice.choice([None, True, False])
    if kind == 1:
        return dice.choice([0, -1, 1, 2**31, 2**63, -(2**70), 10**400, 0.5, 1e308, -0.0])
    if kind == 2:
        return dice.choice([float("nan"), float("inf"), 5e-324])
    if kind < 6:
        return texts(dice)
    if kind == 6:
        return [values(dice, depth + 1) for _ in range(dice.randrange(4))]
    return {
        dice.choice(WORDS or ["a"]): values(dice, depth + 1) for _ in range(dice.randrange(1, 5))
    }


def overlay(dice: random.Random) -> Any:
    """A row of an overlay or a caption with some of it bent."""
    row = {
        "id": "one",
        "text": "Hello",
        "asset_id": "",
        "from": {"line": 1, "word": 1},
        "to": {"line": 1, "word": 2},
        "said": "Hello, and",
        "position": "top",
        "x": 0.5,
        "y": 0.5,
        "size": 0.06,
        "style": "card",
        "enter": "fade",
        "exit": "cut",
        "start": 0.1,
        "end": 0,
        "parted": True,
    }
    for name in dice.sample(sorted(row), dice.randrange(4)):
        if dice.random() < 0.2:
            row.pop(name)
        elif name in ("from", "to"):
            row[name] = {"line": values(dice, 2), "word": dice.choice([0, 1, 10**30, -5])}
        else:
            row[name] = values(dice, 1)
    return row if dice.random() < 0.95 else values(dice)


def bent(dice: random.Random) -> Any:
    """A JSON column of a finished render, with wrong values under the right names."""
    odd = lambda: values(dice, 2)  # noqa: E731
    return dice.choice(
        [
            [{"code": odd(), "message": odd(), "sentence": odd()}],
            [{"kind": "video", "key": odd(), "suffix": odd(), "width": odd()}],
            [{"kind": odd(), "key": "a" * 64, "suffix": ".mp4", "fps": odd(), "bytes": odd()}],
            [{"title": odd(), "start": odd(), "end": odd()}],
            {"words": [[odd(), odd(), odd()], odd()]},
            {"speaking": {"figures": odd(), "late": odd(), "good": odd()}},
            {"speech": odd(), "frames": odd()},
            values(dice),
        ]
    )


def _vocabulary() -> list[str]:
    """Names of fields that the views, forms and bodies read, found in their source."""
    found = set()
    for path in [*(ROOT / "studio").rglob("*.py")]:
        source = path.read_text(encoding="utf-8")
        found |= set(
            re.findall(
                r"(?:POST|GET|FILES|sent|query|wanted|data|fields)(?:\.get\w*\(|\[)\"(\w+)\"",
                source,
            )
        )
        if path.name in ("forms.py", "bodies.py", "renders.py"):
            found |= set(re.findall(r"^    (\w+)(?:: [^=]+)? =", source, re.MULTILINE))
    return sorted(
        found | {"email", "login", "password", "password1", "next", "action", "q", "page"}
    )


WORDS = _vocabulary()
