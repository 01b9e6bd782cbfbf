"""Numbers by themselves, ordinals and ranges: what no other subject has read."""

from __future__ import annotations

import re

from rendering.stages.reading.grammar import DASH, NUMBER, SIMPLE, START, Dialect, Rules, letters
from rendering.stages.reading.numbers import digits, written_ordinal


def rules(d: Dialect) -> Rules:
    def ordinal(m: re.Match[str]) -> str:
        """ "21st"; "11st" is no ordinal, and read as it stands."""
        value, suffix = m[1].replace(",", ""), m[2].lower()
        tens, last = value[-2:-1], value[-1]
        wanted = "th" if tens == "1" else {"1": "st", "2": "nd", "3": "rd"}.get(last, "th")
        if suffix == wanted:
            return written_ordinal(m[1], d.british)
        return f"{digits(value) if len(value) > 2 else d.n(value)} {letters(suffix)}"

    def span(m: re.Match[str]) -> str:
        one, two = m[1].replace(",", ""), m[2].replace(",", "")
        return f"{d.n(one)}{' to ' if int(one) < int(two) else ' '}{d.n(two)}"

    def joined(m: re.Match[str]) -> str:
        """B12, 5G: a number and letters behind it"""
        return f"{d.n(m[1])} {letters(m[2])}"

    return [
        (r"\bA[-–]Z\b", lambda m: "A to Z"),
        (r"(?<![\d.,])\d{1,3}(?:'\d{3})+(?!\d)", lambda m: d.n(m[0])),
        (rf"{START}(\d{{1,3}}(?:,\d{{3}})+|\d+)(st|nd|rd|th|ST|ND|RD|TH)\b", ordinal),
        (
            rf"{START}(\d{{1,3}}(?:,\d{{3}}){{1,9}}|\d{{1,6}}){DASH}(\d{{1,3}}(?:,\d{{3}}){{1,9}}|\d{{1,6}})(?![\w/-]|[.,]\d)",
            span,
        ),
        (rf"{START}({SIMPLE})([A-Z]{{1,2}})\b", joined),
        (rf"(?<![\w.,/)])[-−–+](?:{NUMBER})(?!\w)", lambda m: d.n(m[0].replace("–", "-"))),
        (r"(?<![\d.,])(?:\d+,\d{1,2})(?!\d|,\d|,? (?:and|or|&) \d)", lambda m: d.n(m[0])),
        (r"(?<![\d.,])(?:\d{1,3}(?: \d{3})+)(?!\d|[.,]\d|-)", lambda m: d.n(m[0])),
        (rf"(?<![\d.,])(?:{SIMPLE})", lambda m: d.n(m[0])),
        (r"(?<!\d)\.\d+", lambda m: f"point {digits(m[0])}"),
    ]
