"""Amounts of money, in any currency and notation."""

from __future__ import annotations

import re

from rendering.stages.reading.abbreviations import BIG, CODES, MONEY, PER, UNITS
from rendering.stages.reading.grammar import (
    DASH,
    NUMBER,
    START,
    Dialect,
    Rules,
    describes,
    plain,
)
from rendering.stages.reading.numbers import cardinal, number

SIGN = r"(?:(?:US|AU|CA|NZ|HK|SG|A|C|S|R)?\$|[£€¥₹₩₽₺₪₿])"
CODE = rf"(?:{'|'.join(CODES)})"
SHORT_SIGNS = {"AU$": "A$", "CA$": "C$", "SG$": "S$"}
SINGLE_NOUNS = frozenset(
    """
    deal note bill coin question salary voucher gift ticket budget fund loan fine prize bonus discount donation
    grant investment round lawsuit settlement market company business industry contract project fee subscription
    lunch meal bet plan
    """.split()  # noqa: SIM905
)


def amount(
    sign: str, written: str, scale: str | None, british: bool, *, single: bool = False
) -> str:
    """ "four dollars and twenty cents"; single: before a noun, "four dollar"."""
    one, many, cent, cents = MONEY[sign]
    text = plain(written)
    if scale:
        return f"{number(text, british)} {BIG.get(scale.lower(), scale.lower())} {one if single else many}"
    whole, _, part = text.partition(".")
    hundredths = part.rstrip("0").ljust(2, "0") if part else ""
    if len(hundredths) > 2 or len(whole) > 15 or (int(hundredths or 0) and not cent):
        return f"{number(text, british)} {one if single else many}"
    words = []
    if int(whole or 0) or not int(hundredths or 0):
        single_one = single or int(whole or 0) == 1
        words.append(f"{cardinal(int(whole or 0), british)} {one if single_one else many}")
    if int(hundredths or 0):
        words.append(
            f"{cardinal(int(hundredths))} {cent if single or int(hundredths) == 1 else cents}"
        )
    return " and ".join(words)


def per(word: str) -> str:
    """What is said of the word behind a slash."""
    bare = word.rstrip(".")
    return PER.get(bare, UNITS.get(bare, bare) if len(bare) < 4 else bare)


def rules(d: Dialect) -> Rules:
    british = d.british

    def sign_of(text: str) -> str:
        return SHORT_SIGNS.get(text, text)

    def money(m: re.Match[str]) -> str | None:
        found = m.groupdict()
        sign = CODES[m["code"]] if found.get("code") else sign_of(m["sign"])
        scale = found.get("scale") or found.get("short")
        word = re.match(r" ([a-z]+)", m.string[m.end() :])
        single = describes(m) or bool(word and word[1] in SINGLE_NOUNS)
        words = amount(sign, m["n"], scale, british, single=single)
        return ("minus " if found.get("minus") else "") + words

    def with_code(m: re.Match[str]) -> str:
        """$5 CAD"""
        return amount(CODES[m["code"]], m["n"], m["scale"], british)

    def span(m: re.Match[str]) -> str | None:
        sign = sign_of(m["sign"])
        if m["sign2"]:
            first = amount(sign, m["n"], m["scale1"], british)
            return f"{first} to {amount(sign_of(m['sign2']), m['to'], m['scale'], british)}"
        single = describes(m)
        first = d.scaled(m["n"], m["scale1"])
        return f"{first} to {amount(sign, m['to'], m['scale'], british, single=single)}"

    def pence(m: re.Match[str]) -> str | None:
        if not british and not re.match(r" (?:coin|piece|per|each)|[.,)]|$", m.string[m.end() :]):
            return None
        noun = "penny" if m[1] == "1" else "pence"
        return f"{d.n(m[1])} {noun}"

    def shared(m: re.Match[str]) -> str:
        """/month, /user/month behind an amount"""
        words = [per(word) for word in m[0].strip("/ .").split("/")]
        return " " + " ".join("each" if word == "each" else f"per {word}" for word in words)

    big = r"(?: ?(?P<scale>hundred|thousand|million|billion|trillion|mn|bn|tn|MM|mm|[kKmMbBtT])(?![\w²³]))?"
    big1 = big.replace("(?P<scale>", "(?P<scale1>")
    minus = r"(?P<minus>(?<![\w)])[-−–] ?)?"
    number_ = rf"(?P<n>{NUMBER})"
    return [
        (rf"(?<!\w)(?P<sign>{SIGN}) ?{number_}{big1}{DASH}(?P<sign2>{SIGN})? ?(?P<to>{NUMBER}){big}(?![\w]|[.,]\d)", span),
        (rf"(?<!\w)(?P<sign>\$) ?{number_}{big} (?P<code>USD|CAD|AUD|NZD|HKD|SGD)\b", with_code),
        (rf"{minus}(?<!\w)(?P<sign>{SIGN}) ?(?P<minus2>[-−])?{number_}{big}(?!\w)", lambda m: ("minus " if m["minus2"] else "") + (money(m) or "")),
        (rf"{START}{number_}{big} ?(?P<sign>[$£€¥₹₩₽₺₪₿])(?!\w)", money),
        (rf"\b(?P<code>{CODE}) ?{number_}{big}(?![\w]|[.,]\d)", money),
        (rf"{START}{number_}{big} ?(?P<code>{CODE})\b", money),
        (rf"{START}{number_} ?(?P<sign>kr)\b\.?", money),
        (rf"{START}(\d+) ?¢", lambda m: f"{d.n(m[1])} {'cent' if m[1] == '1' else 'cents'}"),
        (rf"{START}(\d{{1,3}})p(?![\w-])", pence),
        (r"(?<=[\d$£€kKmMBb])(?:/(?:[A-Za-z]{2,20}|[a-z])\b){1,3}(?:\.(?= [a-z(]))?", lambda m: shared(m) if _is_money(m) else None),
    ]  # fmt: skip


_MONEY_BEFORE = re.compile(rf"(?:{SIGN} ?[\d.,]{{1,20}} ?[kKmMbB]?|[\d.,]{{1,20}} ?[€£$])$")


def _is_money(match: re.Match[str]) -> bool:
    return (
        _MONEY_BEFORE.search(match.string[max(0, match.start() - 30) : match.start()]) is not None
    )
