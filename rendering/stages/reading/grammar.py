"""What the rules of reading are built from: written numbers, what stands around them, and the words of a dialect."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from rendering.stages.reading.abbreviations import BIG
from rendering.stages.reading.numbers import (
    DIGITS,
    LONGEST,
    TEENS,
    TENS,
    cardinal,
    digits,
    number,
    year,
)

NUMBER = (
    r"(?:\d{1,3}(?:\.\d{3}){1,5},\d{1,2}(?!\d)"  # 1.200,50
    r"|\d{1,3}(?:,\d{3}){1,9}(?:\.\d+)?(?![\d,]\d)"  # 1,200.50
    r"|\d{1,3}(?:['’]\d{3}){1,5}(?!\d)"  # 1'200
    r"|\d{1,3}(?: \d{3}){1,5}(?!\d)"  # 1 200
    r"|\d+,\d{1,2}(?![\d,])"  # 3,14
    r"|\d+(?:\.\d+)?|(?<!\d)\.\d+)"
)
"""A number as people write it, wherever they live; `plain` makes one notation of them."""
SIMPLE = r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)"
START = r"(?<![\w.,/])"  # a number starts here, not in the middle of something else
END = r"(?![\w/]|[.,]\d)"
DASH = r" ?[-–—−] ?"
SCALE = (
    r"(?: ?(?P<scale>(?:hundred|thousand|million|billion|trillion|quadrillion)\b"
    r"|(?:mn|bn|tn|MM|mm|[kKmMbBtT])(?![\w²³/'’])))"
)
NOT_NOUNS = frozenset(
    """
    a about across after ago also an and annually any apart are around as at away back be because been before
    between but by can cheaper could daily deep did do does down during each earlier every faster for from had
    has have he heavier here high higher i if in into is it just last later less lighter long longer lower may
    might monthly more must next no not now of off old on only onto or out over per should shorter since slower
    so tall taller than that the then there these they thick this those through till to today tomorrow tonight
    under until up was we were when which while who wide will with within without worth would yearly yesterday
    you
    """.split()  # noqa: SIM905
)
"""Words after an amount that it does not describe: "5 kg of", "10 miles away"."""
_DETERMINER = re.compile(
    r"(?:^|[\s(\"“‘'])(?:an?|the|this|that|each|every|my|your|our|his|her|their|another"
    r"|(?!(?:it|that|he|she|there|here|what|who|where|how)['’])[a-z]{2,20}['’]s)\s+"
    r"(?:(?:new|old|whopping|mere|single|massive|huge|small|big|modest|flat|free|crisp|one-off|round)\s+)?$",
    re.IGNORECASE,
)
_NEXT = re.compile(r"[ -]([a-z][a-z'-]*)")
_NOT_PLURAL = frozenset(
    "across always as besides has his is its less perhaps plus this thus towards unless us versus was yes".split()  # noqa: SIM905
)
_PEOPLE = frozenset(
    "people children men women employees staff police bytes feet teeth cattle sheep fish".split()  # noqa: SIM905
)


class Reading(NamedTuple):
    """source text[start:end] is spoken as `spoken` ("" leaves it out)."""

    start: int
    end: int
    spoken: str


Say = Callable[[re.Match[str]], str | None]
"""What is spoken for a match; None: the rule does not apply after all."""
Rules = list[tuple[str, Say]]


def plain(text: str) -> str:
    """A written number with a decimal point and nothing else: "1.200,50", "1 200,5" and "1,200.5" alike."""
    text = re.sub(r"[ '’]", "", text)
    if re.fullmatch(r"[-−+]?\d{1,3}(?:\.\d{3}){1,5},\d{1,2}|[-−+]?\d{1,40},\d{1,2}", text):
        return text.replace(".", "").replace(",", ".")
    return text.replace(",", "")


@dataclass(frozen=True)
class Dialect:
    """British: "and" in numbers, the day before the month, "oh" in telephone numbers, metre and litre."""

    british: bool

    def n(self, text: str) -> str:
        """The words of a written number, of any notation."""
        return number(plain(text), self.british)

    def cardinal(self, value: int) -> str:
        return cardinal(value, self.british)

    @property
    def zero(self) -> str:
        return "oh" if self.british else "zero"

    def scaled(self, amount: str, scale: str | None) -> str:
        """ "3.5", "m" -> "three point five million"."""
        if not scale:
            return self.n(amount)
        return f"{self.n(amount)} {BIG.get(scale.lower(), scale.lower())}"


def letters(text: str) -> str:
    """Letters one by one, in the form that the pronunciation rules spell: "MP" -> "M.P."."""
    return "".join(f"{c.upper()}." for c in text) if len(text) > 1 else text.upper()


def pairs(text: str) -> str:
    """The digits of a name, as people say them: 747 "seven forty-seven", 101 "one oh one", 1204 "twelve oh four"."""
    if len(text) > LONGEST:
        return digits(text)
    value = int(text)
    if len(text) == 3 and text[0] != "0" and value % 100:
        rest = value % 100
        tail = f"oh {DIGITS[rest]}" if rest < 10 else _two(rest)
        return f"{DIGITS[value // 100]} {tail}"
    if len(text) == 4 and text[0] != "0" and value % 1000:
        return year(value)
    return cardinal(value) if text[0] != "0" else digits(text)


def _two(value: int) -> str:
    if value < 20:
        return TEENS[value - 10]
    return TENS[value // 10] + (f"-{DIGITS[value % 10]}" if value % 10 else "")


def following(match: re.Match[str]) -> str:
    """The word right after the match, in small letters as it stands; "" for anything else."""
    found = _NEXT.match(match.string, match.end())
    return found[1] if found else ""


def before(match: re.Match[str], pattern: re.Pattern[str], size: int = 40) -> re.Match[str] | None:
    """What the pattern, which ends with $, finds right before the match."""
    return pattern.search(match.string[max(0, match.start() - size) : match.start()])


def apart(match: re.Match[str], words: str) -> str:
    """The words, with a blank towards a letter or digit that touches the match."""
    text = match.string
    start, end = match.span()
    before, after = text[start - 1 : start].isalnum(), text[end : end + 1].isalnum()
    return " " * before + words + " " * after


def describes(match: re.Match[str]) -> bool:
    """Whether the amount stands before the noun that it describes, and so in the singular: "a 5 kg bag"."""
    after = match.string[match.end() : match.end() + 1]
    word = following(match)
    if not word or word.partition("-")[0] in NOT_NOUNS - {"a"} or (after == " " and word == "a"):
        return False
    return after == "-" or before(match, _DETERMINER) is not None


def counts(match: re.Match[str]) -> bool:
    """Whether the number counts what the next word names: "1204 rooms"."""
    word = following(match)
    return word in _PEOPLE or (len(word) > 3 and word.endswith("s") and word not in _NOT_PLURAL)
