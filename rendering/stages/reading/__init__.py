"""How written English is read aloud: numbers, dates, money, addresses, signs and abbreviations to words.

`readings` finds what is spoken otherwise than it is written; the rest is left to the pronunciation rules of the voice. The
rules stand in modules by subject and are tried in the order of SUBJECTS: the first that matches decides, so what is special
stands before what is general. Nothing here knows markup or voices.
"""

from __future__ import annotations

import re
import re._parser as parser  # type: ignore[import-not-found]  # tells which characters a pattern needs
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from rendering.stages.reading import codes, dates, maths, measures, money, numerals, shortforms
from rendering.stages.reading.grammar import Dialect, Reading, Rules, Say, letters
from rendering.stages.reading.measures import fraction, plural

__all__ = ["Reading", "fraction", "letters", "plural", "readings", "words"]

SUBJECTS: tuple[Callable[[Dialect], Rules], ...] = (
    codes.web, shortforms.places, codes.phones, dates.rules, money.rules, maths.early, measures.rules, maths.rules,
    codes.names, shortforms.rules, numerals.rules, shortforms.signs,
)  # fmt: skip
PLAIN = str.maketrans(
    dict.fromkeys(
        "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000",
        " ",
    )
    | dict.fromkeys("\u2010\u2011\u2012\u2043\ufe63\uff0d", "-")
    | {
        "\u2018": "'",
        "\u2019": "'",
        "\u02bc": "'",
        "\u2212": "−",
        "\u2044": "/",
        "\u2215": "/",
        "\u2236": ":",
    }
)
"""Signs that look and mean alike, one for one: places in the text stay what they are."""


_FOREIGN = re.compile(r"(?![0-9])\d")  # a digit of another script
Clause = frozenset[str]
"""Characters of which one at least stands in every match."""
DIGIT = "0"
"""Stands for any digit in a clause."""
COMMON = " etaoinshrdlcumwfgypbvk.,0"
"""From frequent to rare; what is not among them is rarer still."""
CLAUSES = 3  # of a rule, the rarest: more cost more than they spare


@cache
def _rules(british: bool) -> tuple[tuple[re.Pattern[str], Say, tuple[Clause, ...]], ...]:
    """(pattern, what is said, clauses without which it cannot match)"""
    dialect = Dialect(british)
    found: Rules = [rule for subject in SUBJECTS for rule in subject(dialect)]
    return tuple((re.compile(pattern), say, _needed(pattern)) for pattern, say in found)


@cache
def _needed(pattern: str) -> tuple[Clause, ...]:
    """What a text must have for the pattern to match, so that most rules need not be tried on a line."""
    clauses = set(_clauses(parser.parse(pattern), ignoring=0))
    return tuple(sorted(clauses, key=_frequency)[:CLAUSES])


def _clauses(sequence: Any, ignoring: int) -> Iterator[Clause]:
    for operation, value in sequence:
        match str(operation):
            case "LITERAL":
                yield _either(chr(value), ignoring)
            case "IN" if characters := _characters(value):
                yield frozenset().union(*(_either(char, ignoring) for char in characters))
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT" if value[0] > 0:
                yield from _clauses(value[2], ignoring)
            case "SUBPATTERN":
                yield from _clauses(value[3], (ignoring | value[1]) & ~value[2])
            case "ATOMIC_GROUP":
                yield from _clauses(value, ignoring)
            case "ASSERT":
                yield from _clauses(value[1], ignoring)
            case "BRANCH":
                branches = [list(_clauses(branch, ignoring)) for branch in value[1]]
                if all(branches):
                    yield frozenset().union(*(min(one, key=_frequency) for one in branches))


def _either(char: str, ignoring: int) -> Clause:
    if char in "0123456789":
        return frozenset(DIGIT)
    return frozenset((char.lower(), char.upper()) if ignoring & re.IGNORECASE else char)


def _characters(members: Any) -> str:
    """The members of a set of a pattern; "" for a set that is open or large."""
    found = ""
    for operation, value in members:
        match str(operation):
            case "LITERAL":
                found += chr(value)
            case "RANGE" if value[1] - value[0] < len(COMMON):
                found += "".join(map(chr, range(value[0], value[1] + 1)))
            case "CATEGORY" if str(value) == "CATEGORY_DIGIT":
                found += DIGIT
            case _:
                return ""
    return found


def _frequency(clause: Clause) -> tuple[float, list[str]]:
    """How often one of the characters stands in a text, roughly; with what makes an order of equal ones."""
    rank = (COMMON.find(char) for char in clause)
    return sum(1 / (at + 2) if at >= 0 else 0.01 for at in rank), sorted(clause)


def readings(text: str, *, british: bool = False) -> list[Reading]:
    """Every place of the text that is spoken otherwise than it is written, in order, disjoint.

    Earlier rules win. `british` reads 3/4/2024 as the third of April, says "and" in numbers, "oh"
    in telephone numbers.
    """
    taken = bytearray(len(text))
    found = []
    if not text.isascii():
        text = _FOREIGN.sub(lambda match: str(unicodedata.digit(match[0])), text.translate(PLAIN))
    present = set(text)
    if re.search(r"\d", text):
        present.add(DIGIT)
    for pattern, say, needed in _rules(british):
        if any(map(present.isdisjoint, needed)):
            continue
        for match in pattern.finditer(text):
            start, end = match.span()
            if start == end or taken.find(1, start, end) >= 0:
                continue
            spoken = say(match)
            if spoken is None:
                continue
            # A trailing blank inside a match stays outside, so that words keep apart.
            if text[end - 1].isspace():
                end = start + len(match[0].rstrip())
                spoken = spoken.rstrip()
            taken[start:end] = b"\1" * (end - start)
            found.append(Reading(start, end, spoken))
    return sorted(found)


def words(text: str, *, british: bool = False) -> str:
    """The text as it is spoken."""
    said, at = [], 0
    for reading in readings(text, british=british):
        said += [text[at : reading.start], reading.spoken]
        at = reading.end
    return " ".join("".join([*said, text[at:]]).split())
