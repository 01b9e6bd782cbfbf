"""Amounts of units, percentages, feet and inches, scales, and numbers with a short form behind them."""

from __future__ import annotations

import re

from rendering.stages.reading.abbreviations import BIG, PER, UNITS
from rendering.stages.reading.grammar import (
    DASH,
    NOT_NOUNS,
    NUMBER,
    SIMPLE,
    START,
    Dialect,
    Rules,
    apart,
    counts,
    describes,
    following,
    letters,
    plain,
)
from rendering.stages.reading.numbers import cardinal, ordinal, year

PARTS = {2: "half", 4: "quarter"}
VULGAR = {
    "½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4), "⅕": (1, 5), "⅖": (2, 5), "⅗": (3, 5), "⅘": (4, 5),
    "⅙": (1, 6), "⅚": (5, 6), "⅐": (1, 7), "⅛": (1, 8), "⅜": (3, 8), "⅝": (5, 8), "⅞": (7, 8), "⅑": (1, 9), "⅒": (1, 10),
}  # fmt: skip
"""Fractions of one sign, as what stands above and below."""
SINGLE_NOUNS = frozenset(
    """
    angle font jack RAM memory storage screen display monitor camera SSD HDD hard lens bullet cable battery
    charger hose pipe nail drive disk connection adapter plug socket bulb panel sprint dash marathon mile
    """.split()  # noqa: SIM905
)
RACES = frozenset("run race walk fun charity course ride swim loop event".split())  # noqa: SIM905
VIDEO = frozenset(
    "video videos resolution tv tvs screen screens monitor monitors display uhd camera footage".split()  # noqa: SIM905
)
PEOPLE = (
    r"users?|people|followers|subscribers|customers|views|downloads|visitors|members|jobs|homes|households|records|copies|"
    r"streams|likes|fans|players|readers|listeners|accounts|items|units|tonnes|tons|lines|posts|sales|orders|pounds|dollars|euros"
)
_QUOTE = re.compile(r'(?<!\d)"')


def plural(words: str) -> str:
    """ "foot per second" -> "feet per second", "square foot" -> "square feet"; the head word alone changes."""
    head, _, rest = words.partition(" ")
    if (
        head
        in (
            "square",
            "cubic",
            "fluid",
            "kilowatt",
            "watt",
            "megawatt",
            "gigawatt",
            "milliamp",
            "amp",
            "newton",
        )
        and rest
    ):
        return f"{head} {plural(rest)}"
    if head == "foot":
        head = "feet"
    elif head == "inch":
        head = "inches"
    elif not head.endswith(("hertz", ".", "horsepower", "kelvin")):
        head += "s"
    return f"{head} {rest}".rstrip()


def fraction(top: int, bottom: int, *, longest: int = 100) -> str | None:
    """ "three quarters"; None for what nobody says as one."""
    if not (0 < top < 100 and 1 < bottom <= longest):
        return None
    part = PARTS.get(bottom) or ordinal(bottom)
    if top > 1:
        part = "halves" if part == "half" else part + "s"
    return f"{cardinal(top)} {part}"


def rules(d: Dialect) -> Rules:
    british = d.british

    def words_of(unit: str) -> str:
        power = {"²": "square ", "2": "square ", "³": "cubic ", "3": "cubic "}.get(unit[-1:], "")
        words = UNITS.get(unit) or power + UNITS[unit[:-1]]
        if british:
            words = re.sub(r"meter\b", "metre", words).replace("liter", "litre")
        return words

    def measured(m: re.Match[str], amount: str, unit: str, *, one: bool = False) -> str:
        words = words_of(unit)
        noun = re.match(r" ([A-Za-z]+)", m.string[m.end() :])
        if one or describes(m) or bool(noun and noun[1] in SINGLE_NOUNS):
            return f"{amount} {words}"
        return f"{amount} {plural(words)}"

    def unit(m: re.Match[str]) -> str | None:
        if m["unit"] == "m" and re.match(rf" (?:{PEOPLE})\b", m.string[m.end() :]):
            return f"{d.n(m['n'])} million"
        scale = m["scale"]
        amount = d.scaled(m["n"], scale)
        return measured(m, amount, m["unit"], one=plain(m["n"]) in ("1", "-1", "−1") and not scale)

    def compound(m: re.Match[str]) -> str:
        """100 mg/dL, 5 l/100km, 9.8 m/s²"""
        words = measured(m, d.scaled(m["n"], m["scale"]), m["unit"], one=m["n"] == "1")
        count = f"{d.n(m['count'])} " if m["count"] else ""
        low = m["low"]
        last = PER.get(low) or (words_of(low) if low not in ("s²", "s2") else "second squared")
        return f"{words} per {count}{plural(last) if count and m['count'] != '1' else last}"

    def per_unit(m: re.Match[str]) -> str:
        return f"{d.n(m['n'])} per {words_of(m['unit'])}"

    def span(m: re.Match[str]) -> str:
        return f"{d.n(m['from'])} to {measured(m, d.n(m['n']), m['unit'])}"

    def percents(m: re.Match[str]) -> str:
        return f"{d.n(m['from'])} to {d.n(m['n'])} percent"

    def short(m: re.Match[str]) -> str | None:
        """10K followers, 1.2B people, 5T; and 4K video, a 5K run"""
        scale, word = m["short"], following(m).lower()
        if scale in "kK" and (
            word in RACES or (m["n"] in ("4", "8") and (word in VIDEO or not counts(m)))
        ):
            return f"{d.n(m['n'])} K"
        if scale in ("b", "t") and not m["plus"]:
            return None
        if scale == "B" and m["n"].isdecimal() and not (m["plus"] or counts(m)):
            return f"{d.n(m['n'])} B"  # 4B: a door, a seat
        return f"{d.n(m['n'])} {BIG[scale.lower()]}" + (" plus" if m["plus"] else "")

    def feet(m: re.Match[str]) -> str | None:
        foot, inch = int(m["foot"]), m["inch"]
        if not inch:
            return f"{cardinal(foot)} {'foot' if foot == 1 or describes(m) else 'feet'}"
        if int(inch) > 11:
            return f"{cardinal(foot)} minutes {cardinal(int(inch))} seconds"
        return f"{cardinal(foot)} foot {cardinal(int(inch))}"

    def inches(m: re.Match[str]) -> str | None:
        mark = m["mark"]
        if (
            mark == '"'
            and len(_QUOTE.findall(m.string[max(0, m.start() - 400) : m.start("mark")])) % 2
        ):
            return None  # it closes a quotation
        amount = _amount(m["n"])
        single = (
            m["n"] in ("1", "1/4", "1/2", "3/4")
            or describes(m)
            or bool(
                re.match(
                    r" (?:pipe|screen|monitor|display|TV|laptop|tablet|nail|board|wheel)",
                    m.string[m.end() :],
                )
            )
        )
        return f"{amount} {'inch' if single else 'inches'}"

    def _amount(text: str) -> str:
        if match := re.fullmatch(r"(\d{1,2})/(\d{1,2})", text):
            return fraction(int(match[1]), int(match[2])) or text
        return d.n(text)

    def mixed(m: re.Match[str]) -> str | None:
        part = fraction(int(m["top"]), int(m["bottom"]))
        return part and with_unit(m, f"{d.n(m['whole'])} and {part.replace('one half', 'a half')}")

    def vulgar(m: re.Match[str]) -> str:
        """2½, 5 ¾ ft; without a whole number "⅔ of it" and "½ mile" """
        top, bottom = VULGAR[m["sign"]]
        part = fraction(top, bottom) or ""
        whole = m.groupdict().get("whole")
        if whole:
            short = {2: "a half", 4: "a quarter"}.get(bottom) if top == 1 else None
            words = with_unit(m, f"{d.n(whole)} and {short or part}")
        else:
            words = f"{part} {words_of(m['unit'])}" if m["unit"] else part
        return apart(m, words)

    def with_unit(m: re.Match[str], amount: str) -> str:
        if not m["unit"]:
            return amount
        return f"{amount} {words_of(m['unit']) if describes(m) else plural(words_of(m['unit']))}"

    def times(m: re.Match[str]) -> str | None:
        more = re.match(
            r" (?:as|more|less|faster|slower|cheaper|larger|bigger|higher|lower|better|longer|the|a|an|your|our|their|per)\b",
            m.string[m.end() :],
        )
        return f"{d.n(m['n'])} {'times' if more else letters('x')}"

    def by(m: re.Match[str]) -> str:
        one, two = (_size(m[name]) for name in ("one", "two"))
        third = f" by {_size(m['three'])}" if m["three"] else ""
        words = f"{one} by {two}{third}"
        if not m["unit"]:
            return words
        after = following(m)
        single = after and after not in NOT_NOUNS
        return f"{words} {words_of(m['unit']) if single else plural(words_of(m['unit']))}"

    def _size(text: str) -> str:
        return year(int(text)) if re.fullmatch(r"1[0-9]\d\d|20\d\d", text) else d.n(text)

    exact = "|".join(re.escape(u) for u in sorted(UNITS, key=len, reverse=True))
    power = r"(?:km|cm|mm|m|ft|in|mi|yd)[²³23]"
    units = rf"(?:{power}|{exact})"
    low = r"(?:s²|s2|[a-zA-Zµ]{1,4}³?)"
    n = rf"(?P<n>[-−]?{NUMBER})"
    scale = r"(?: (?P<scale>hundred|thousand|million|billion|trillion))?"
    dash = DASH
    sign = rf"(?P<sign>[{''.join(VULGAR)}])"
    after = rf"(?:[ -]?(?P<unit>{units})(?!\w))?"
    top = r"(?P<top>\d{1,2})/(?P<bottom>\d{1,2})"
    return [
        (rf"{START}(?P<foot>\d{{1,2}})['’′] ?(?P<inch>\d{{1,2}})(?:[\"”″]|''|(?!\w))", feet),
        (rf"{START}(?P<foot>\d{{1,2}}) ?(?:ft\.?|feet|foot) ?(?P<inch>\d{{1,2}})(?: ?(?:in\b\.?|inches|[\"″]))?(?!\w)", feet),
        (rf"{START}(?P<foot>\d{{1,2}})(?P<inch>)?['’′](?= (?:tall|high|wide|long|deep|x)\b|\s?[x×])", feet),
        (rf"(?<![\w.,])(?P<n>\d{{1,2}}/\d{{1,2}}|{SIMPLE})(?P<mark>[\"″”])(?=\s?[x×,]|\s[a-z]|\s[A-Z]{{2}}|[.)]|$)", inches),
        (rf"{START}(?P<n>{SIMPLE}) ?(?P<mark>in)(?:\.(?=[\s,;)]|$)|(?= (?:wide|tall|long|high|deep|thick|across|by|x)\b))(?! (?:the|a|an|our|my|which)\b)", inches),
        (rf"{START}(?P<n>{SIMPLE})(?P<mark>in)\b\.?(?! the\b)", inches),
        (rf"{START}(?P<from>{SIMPLE})%?{dash}(?P<n>{SIMPLE}) ?%", percents),
        (rf"(?<![\w.,/])(?P<n>[-−+]?{NUMBER}) ?%", lambda m: f"{d.n(m['n'])} percent"),
        (rf"{START}(?P<from>{SIMPLE}) ?(?:°[CF]?)?{dash}(?P<n>{SIMPLE})[ -]?(?P<unit>{units})(?![\w/])", span),
        (rf"{START}(?P<one>\d+) ?[x×] ?(?P<two>\d+)(?: ?[x×] ?(?P<three>\d+))?(?: ?(?P<unit>{units}))?(?!\w)", by),
        (rf"{START}(?P<whole>{SIMPLE}) ?{sign}{after}", vulgar),
        (rf"{sign}{after}", vulgar),
        (rf"{START}(?P<whole>\d+)[ -]{top}{after}(?![\w/]|[.,]\d)", mixed),
        (rf"{START}{n}{scale}[ -]?(?P<unit>{units})/(?P<count>\d+ ?)?(?P<low>{low})(?!\w)", lambda m: compound(m) if m["low"] in PER or m["low"] in UNITS or m["low"] in ("s²", "s2", "m³") else None),
        (rf"{START}{n}{scale}[ -]?(?P<unit>{units})\.?(?=$|\s|[,;:!?)\]])(?<!\.(?=$))", lambda m: unit(m) if m[0].endswith(".") and _goes_on(m) else None),
        (rf"{START}{n}{scale}[ -]?(?P<unit>{units})(?![\w/'’²³])", unit),
        (rf"{START}(?P<n>{SIMPLE})/(?P<unit>{exact})(?![\w/])", per_unit),
        (rf"{START}(?P<n>{NUMBER}) ?(?P<short>MM|bn|mn|tn)(?P<plus>\+?)(?![\w])", short),
        (rf"{START}(?P<n>{NUMBER})(?P<short>[kKMBTbt])(?P<plus>\+?)(?![\w'’]|\(k\))", short),
        (rf"{START}(?P<n>{SIMPLE}){dash}(?P<to>{SIMPLE})x(?!\w)", lambda m: f"{d.n(m['n'])} to {d.n(m['to'])} {letters('x')}"),
        (rf"{START}(?P<n>{SIMPLE})x(?!\w)", times),
        (rf"{START}(?P<n>{NUMBER})\+(?=\s|$|[.,;])", lambda m: f"{d.n(m['n'])} plus"),
    ]  # fmt: skip


def _goes_on(match: re.Match[str]) -> bool:
    """Whether the sentence goes on behind a full stop, which then belongs to the short form."""
    return re.match(r"\s+[a-z(]", match.string[match.end() :]) is not None
