"""Fractions, scores, signs between numbers, powers, and the symbols of formulas."""

from __future__ import annotations

import re

from rendering.stages.reading.abbreviations import UNITS
from rendering.stages.reading.dates import numeric
from rendering.stages.reading.grammar import (
    END,
    SIMPLE,
    START,
    Dialect,
    Rules,
    before,
    letters,
    pairs,
)
from rendering.stages.reading.measures import fraction, plural
from rendering.stages.reading.numbers import cardinal, ordinal

SUBSCRIPT = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_ON = re.compile(r"(?i)\b(?:on|by|since|until|till|before|after|from|due|dated|post|pre)[ -]$")
_BY = re.compile(r"(?i)\b(?:by|from)[ -]$")
PAIRS = {
    (24, 7),
    (50, 50),
    (80, 20),
    (20, 20),
    (60, 40),
    (70, 30),
    (90, 10),
    (9, 11),
    (7, 11),
    (40, 60),
    (30, 70),
}
COMPARISONS = {
    "!=": "does not equal", "==": "equals", ">=": "is greater than or equal to", "<=": "is less than or equal to",
    "=>": "to", "->": "to", "<-": "from", "<->": "to and from",
}  # fmt: skip


def _length(unit: str, d: Dialect) -> str:
    words = {"in": "inch"}.get(unit) or UNITS[unit]
    return words.replace("meter", "metre") if d.british else words


def _all(d: Dialect) -> tuple[Rules, Rules]:
    def slash(m: re.Match[str]) -> str | None:
        top, bottom = int(m[1]), int(m[2])
        after = m.string[m.end() : m.end() + 20]
        if (top, bottom) in PAIRS and not re.match(r" (?:of|cups?|inch|mile)", after):
            return f"{cardinal(top)} {cardinal(bottom)}"
        small = top < bottom and bottom in (2, 3, 4, 5, 8)
        if before(m, _ON) and not (small and before(m, _BY)):
            return numeric(m[1], m[2], None, d.british)
        if (
            bottom == 10
            or (bottom == 5 and (top in (0, 5) or after.startswith(" star")))
            or top == bottom == 100
        ) and top <= bottom:
            if bottom == 10 and re.match(r" (?:of|inch|mile)", after):
                return fraction(top, bottom)
            return f"{cardinal(top)} out of {cardinal(bottom)}"
        if (
            12 < max(top, bottom) <= 31
            and min(top, bottom) <= 12
            and bottom not in (16, 20, 25, 24)
            and top > bottom
        ):
            return numeric(m[1], m[2], None, d.british)
        return fraction(top, bottom)

    def chemical(m: re.Match[str]) -> str:
        """H₂O, CO₂"""
        found = re.findall(r"[A-Z][a-z]?|[₀-₉]+", m[0])
        return " ".join(
            d.n(one.translate(SUBSCRIPT)) if one[0] in "₀₁₂₃₄₅₆₇₈₉" else letters(one)
            for one in found
        )

    def ordinal_fraction(m: re.Match[str]) -> str | None:
        return fraction(int(m[1]), int(m[2]))

    def power(m: re.Match[str]) -> str:
        exponent = (m["sup"] or "").translate(SUPERSCRIPT) or m["exp"]
        base = d.n(m["base"]) if m["base"][0].isdecimal() else m["base"].upper()
        named = {"2": "squared", "3": "cubed"}.get(exponent)
        if named:
            return f"{base} {named}"
        return f"{base} to the power of {d.n(exponent)}"

    def scientific(m: re.Match[str]) -> str:
        return f"{d.n(m[1])} {letters('e')} {d.n(m[2])}"

    def minus(m: re.Match[str]) -> str:
        return f"{d.n(m[1])} minus {d.n(m[2])}"

    def ratio(m: re.Match[str]) -> str:
        one, two = d.n(m[1]), d.n(m[2])
        of_picture = {m[1], m[2]} == {"16", "9"} or re.match(
            r" (?:aspect|format|screen|video|picture|crop|ratio\b(?! of))", m.string[m.end() :]
        )
        joint = " by " if of_picture else " to "
        return one + joint + two

    def term(m: re.Match[str]) -> str:
        return f"{d.n(m[1])} {m[2].upper()}"

    number = rf"({SIMPLE})"
    early: Rules = [
        (rf"{START}(\d{{2,3}})/(\d{{2,3}}) ?mm ?Hg\b", lambda m: f"{pairs(m[1])} over {pairs(m[2])} millimeters of mercury"),
        (r"(?<![\w/])(km|cm|mm|m|ft|in)([²³])(?!\w)", lambda m: plural(f"{'square' if m[2] == '²' else 'cubic'} {_length(m[1], d)}")),
        (r"\b([A-Z][a-z]?)+[₀-₉]+(?:[A-Z][a-z]?|[₀-₉])*", chemical),
        (rf"{START}24/7/365{END}", lambda m: "twenty-four seven three sixty-five"),
        (rf"{START}(\d{{1,2}})/(\d{{1,2}})(?:st|nd|rd|th|TH|RD|ND|ST)\b", ordinal_fraction),
        (r"(?<![\w./])(?P<base>\d+(?:\.\d+)?|(?<!\d )[A-Za-z]{1,3})(?:(?P<sup>⁻?[⁰¹²³⁴-⁹]+)|\^(?P<exp>[-−]?\d{1,6}))(?![\w^])", power),
        (rf"{START}(\d+(?:\.\d+)?)[eE]([-−+]?\d{{1,3}}){END}", scientific),
        (rf"{START}{number} ?[-−–] ?{number}(?= ?=)", minus),
        (rf"{START}{number} ?− ?{number}(?!\w)", minus),
    ]  # fmt: skip
    late: Rules = [
        (rf"{START}(\d+)/([a-z])(?![\w/])", lambda m: f"{d.n(m[1])} per {m[2].upper()}"),
        (rf"{START}(\d+(?:\.\d+)?)/(5|10|100)(?= (?:star|rating|review|score)|[.!?,;]|\s|$)", lambda m: f"{d.n(m[1])} out of {d.n(m[2])}" if "." in m[1] else slash(m) if len(m[1]) < 4 else None),
        (rf"{START}(\d{{1,3}})/(\d{{1,3}}){END}", slash),
        (rf"{START}([1-9]\d?)/(\d{{4}}){END}", lambda m: f"{cardinal(int(m[1]))} {ordinal(int(m[2]))}" + ("s" if m[1] != "1" else "")),
        (rf"{START}(\d+):(\d+):(\d+)(?![\w:])", lambda m: f"{d.n(m[1])} {d.n(m[2])} {d.n(m[3])}"),
        (r"(?<=[a-z] )(\d{1,3}):(\d{1,3})-(\d{1,3})(?![\w:])", lambda m: f"{d.n(m[1])}, {d.n(m[2])} to {d.n(m[3])}"),
        (rf"{START}(\d+):{number}(?![\w:])", ratio),
        (rf"{START}(\d+)([a-z])(?= ?[-+=*/×−] ?[\da-z]|\)| ?$)(?!\w)", term),
        (r"(?<=[-+=*/×−] )(\d+)([a-z])(?!\w)", term),
        (r"(?<=\w)\^(?=[A-Za-z(])", lambda m: " to the power of "),
        (r"\b([fgh])\(([a-z])\)", lambda m: f"{m[1].upper()} of {m[2].upper()}"),
        (r"\b([xyz])(?= ?[=+×<>≤≥!]|[=+])", lambda m: m[1].upper()),
        (r"(?<=[=+×<>≤≥] )([a-z])(?!\w)", lambda m: m[1].upper()),
        (r"!=|==|>=|<=|=>|<->|->|<-", lambda m: f" {COMPARISONS[m[0]]} "),
        (r"(?<=\d)[*×](?=\d)|(?<=\d) \* (?=\d)", lambda m: " times "),
        (r"(?<=\d )/(?= \d)", lambda m: "divided by"),
    ]  # fmt: skip
    return early, late


def early(d: Dialect) -> Rules:
    """What units and ranges would take for theirs."""
    return _all(d)[0]


def rules(d: Dialect) -> Rules:
    """Fractions, ratios, formulas."""
    return _all(d)[1]
