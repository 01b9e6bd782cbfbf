"""Titles, streets, Roman numbers, abbreviations, and signs between words."""

from __future__ import annotations

import re

from rendering.stages.reading.abbreviations import (
    ABBREVIATIONS,
    COMPASS,
    NUMBERED,
    QUALIFIERS,
    SIGNS,
    STATES,
    STREETS,
)
from rendering.stages.reading.grammar import SIMPLE, Dialect, Rules, letters, pairs
from rendering.stages.reading.numbers import cardinal, digits, ordinal, year

ROMAN = r"(?=[MDCLXVI])M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})"
NUMBERED_BY = (
    r"Chapter|Part|Act|Scene|Section|Volume|Book|Phase|Article|World War|Level|Episode|Type|Grade|Tier|Class|Category|Stage|Step|"
    r"Appendix|Schedule|Title|Unit|Figure|Table|Group|Round|Season|Super Bowl|Olympiad|Final Fantasy|Mark|Apollo|Rocky|GTA|Windows"
)
REIGNING = (
    r"King|Queen|Pope|Emperor|Tsar|Henry|Louis|Edward|George|William|Charles|James|Richard|Elizabeth|John Paul|Paul|Benedict|Pius|"
    r"Leo|Gregory|Innocent|Urban|Clement|Philip|Ferdinand|Frederick|Alexander|Nicholas|Peter|Catherine|Mary|Ivan|Harald|Olaf|Otto|"
    r"Napoleon|Ramesses|Thutmose|Sam|Robert|Thomas|David|Michael|Joseph|Daniel|Christopher|Matthew|Andrew|Steven|Kenneth|Walter"
)
NOT_ROMAN = frozenset(
    "CD DC MC CC DM MM CV MI DI LI CL XL MD ID IL DL ML LCD MCC DIM MIX DIV LIV MIL CIV CM MV DV LC".split()  # noqa: SIM905
)
STREET = "|".join(STREETS)
NAME = r"[A-Z][\w'’.-]*"


def roman(text: str) -> int:
    values = [{"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}[c] for c in text]
    after = [*values[1:], 0]
    return sum(
        -value if value < follows else value for value, follows in zip(values, after, strict=True)
    )


def _all(d: Dialect) -> tuple[Rules, Rules, Rules]:
    def house(m: re.Match[str]) -> str:
        """1428 Elm St. · 12 S 1st st · 2788 San Tomas Expy"""
        compass = f" {COMPASS[m['compass'].rstrip('.')]}" if m["compass"] else ""
        street = STREETS[m["street"].rstrip(".").capitalize()]
        name = m["name"]
        if found := re.fullmatch(r"(\d{1,3})(?:st|nd|rd|th)", name.strip(), re.I):
            name = ordinal(int(found[1]))
        elif found := re.match(r"([NSEW]{1,2}) (.+)", name.strip()):
            name = f"{COMPASS.get(found[1], found[1])} {found[2]}"
        return f"{_house_number(m['number'])}{compass} {name.strip()} {street}"

    def _house_number(text: str) -> str:
        if len(text) == 3 and text[1] != "0" and not text.endswith("00"):
            return pairs(text)
        return pairs(text) if len(text) < 5 else digits(text)

    def numbered_street(m: re.Match[str]) -> str:
        """W 34th St"""
        return f"{COMPASS[m['compass']]} {ordinal(int(m['number'][:-2]))} {STREETS[m['street']]}"

    def offset(m: re.Match[str]) -> str:
        """GMT-5, UTC+5:30"""
        more = f" {cardinal(int(m[4]))}" if m[4] and int(m[4]) else ""
        return f"{letters(m[1])} {'plus' if m[2] == '+' else 'minus'} {cardinal(int(m[3]))}{more}"

    def state(m: re.Match[str]) -> str:
        tail = f" {', '.join(digits(part) for part in m['zip'].split('-'))}" if m["zip"] else ""
        return STATES[m["state"]] + tail

    def numeral(m: re.Match[str]) -> str | None:
        head, text = m[1], m[2]
        if len(text) == 1 and text not in (
            "I" if head in ("Type", "Class", "Category", "Group", "Unit", "Series") else "IVX"
        ):
            return None
        if not text or (
            len(text) > 1 and text in NOT_ROMAN and not re.fullmatch(NUMBERED_BY, head, re.I)
        ):
            return None
        return f"{head} {cardinal(roman(text))}"

    def more_numerals(m: re.Match[str]) -> str:
        return f" {cardinal(roman(m[1]))}"

    def loose(m: re.Match[str]) -> str | None:
        """Capital letters behind a name, which are no short form of their own."""
        head, text = m[1], m[2]
        if len(text) < 2 or text in NOT_ROMAN:
            return None
        if re.fullmatch(REIGNING, head):
            return f"{head} the {ordinal(roman(text))}"
        return f"{head} {cardinal(roman(text))}"

    def century(m: re.Match[str]) -> str | None:
        return ordinal(roman(m[1])) if m[1] else None

    def number_behind(m: re.Match[str]) -> str:
        """p. 12, Apt. 4B, c. 1850"""
        year_like = m[1] in ("c.", "b.", "d.", "est.") and re.fullmatch(r"1\d{3}|20\d\d", m[2])
        said = year(int(m[2])) if year_like else d.n(m[2])
        return f"{NUMBERED[m[1]]} {said}" + (f" {m[3]}" if m[3] else "")

    abbreviations = "|".join(re.escape(a) for a in sorted(ABBREVIATIONS, key=len, reverse=True))
    numbered = "|".join(re.escape(a) for a in sorted(NUMBERED, key=len, reverse=True))
    qualifiers = "|".join(re.escape(a) for a in QUALIFIERS)
    compass = "|".join(COMPASS)
    places: Rules = [
        (r"\b(GMT|UTC) ?([-−+–]) ?(\d{1,2})(?::(\d\d))?", offset),
        (rf"(?<![\w.])(?P<compass>{compass})\.? (?P<number>\d{{1,3}}(?:st|nd|rd|th)) (?P<street>{STREET})\b\.?", numbered_street),
        (rf"(?<![\w&])#({SIMPLE})(?!\w)", lambda m: f"number {d.n(m[1])}"),
        (rf"(?<![\w.])({numbered}) ?#?({SIMPLE})([A-Z])?(?!\w)", number_behind),
        (rf"(?<![\w.,/$£€#-])(?P<number>\d{{1,5}})(?: (?P<compass>(?:{compass})\b\.?))? (?P<name>(?:{NAME} |\d{{1,3}}(?:st|nd|rd|th) ){{1,4}})(?P<street>(?:{STREET}|st|ave|rd)\b\.?)(?=\W|$)(?! [a-z]+ing\b)", house),
        (rf"(?<=[\w.], )(?P<state>{'|'.join(STATES)})(?: (?P<zip>\d{{5}}(?:-\d{{4}})?))?(?![\w$-])", state),
    ]  # fmt: skip
    forms: Rules = [
        (r"\bSt\.? (?=(?:James|John|Mary|Paul|Peter|George|Andrew|Patrick|David|Nicholas|Thomas|Louis|Petersburg|Lucia|Moritz|Helena|Pancras|Albans|Ives|Andrews|Kitts|Tropez)\b)", lambda m: "Saint "),
        (rf"(?<=[a-z.] )((?:{STREET})\b\.?)(?= (?:in|at|and|is|was|to|near|by|on|for|has|from|with)\b|[,;:!?]|\s*$|\. |\s+[A-Z])", lambda m: _street(m)),
        (r"\bDr\b\.?(?= [A-Z])", lambda m: "Doctor"),
        (r"\bSt\b\.?(?= [A-Z])", lambda m: "Saint"),
        (r"\bSt\.", lambda m: "Street"),
        (rf"(?<=\w )({compass})\b(?=[.,]|$)(?<! [NS])", lambda m: COMPASS[m[1]] if len(m[1]) == 2 and m[1] not in STATES else None),
        (rf"\b((?i:{NUMBERED_BY})) ({ROMAN})\b(?!['’.]\w)", numeral),
        (rf"(?<=\w)/({ROMAN})\b(?<=[IVX])", lambda m: more_numerals(m) if m[1] and len(m[1]) > 1 else None),
        (rf"\b({ROMAN})(?= (?:century|centuries))", century),
        (rf"\b({REIGNING}) ({ROMAN})\b", lambda m: f"{m[1]} the {ordinal(roman(m[2]))}" if m[2] and (len(m[2]) > 1 or (m[2] in "VIX" and m[1] not in ("Sam", "David"))) and m[2] not in NOT_ROMAN else None),
        (rf"\b([A-Z][a-z]+) ({ROMAN})\b(?!['’.&-]\w|\))", loose),
        (r"\b(M{1,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3}))\b", lambda m: year(roman(m[1])) if len(m[1]) > 4 else None),
        (r"(?<=(?:st|nd|rd|th) )ed\.", lambda m: "edition"),
        (r"(?<=[a-z] )vs?\.(?= [A-Z])", lambda m: "versus"),
        (r"\b(?:eg|ie)\b(?=,? [a-z])", lambda m: {"eg": "for example", "ie": "that is"}[m[0]]),
        (rf"(?<![\w.])(?:{qualifiers})(?= ?[\d:+(]| [a-z])", lambda m: QUALIFIERS[m[0]]),
        (rf"(?<![\w.])(?:{abbreviations})(?!\w)", lambda m: ABBREVIATIONS[m[0]]),
        (r"\b([A-F])[-−–](?= grade|[\s,.;!?)/]|$)(?<! [-−–])", lambda m: f"{m[1]} minus" if re.search(r"(?i)\b(?:an?|grade|got|rated|rating|score[ds]?|straight|to|from|or)[ /]+$", m.string[max(0, m.start() - 20) : m.start()]) or m.string.startswith(" grade", m.end()) else None),
        (r"\b([A-F])\+(?= grade|[\s,.;!?)/]|$)", lambda m: f"{m[1]} plus"),
        (r"(?<=[a-z])['’]d['’]ve\b", lambda m: " would have"),
        (r"(?<= )['’]n['’](?= )|(?<= )['’]n(?= )", lambda m: "and"),
    ]  # fmt: skip
    signs: Rules = [
        (r"\b(?:and|AND) ?/ ?(?:or|OR)\b", lambda m: "and or"),
        (r"\bw/e\b", lambda m: "weekend"),
        (r"\bw/c\b", lambda m: "week commencing"),
        (r"(?<=\s)/(?=\s)", lambda m: "slash"),
        (r"\b([a-z]{3,20}s) ?/ ?(hour|day|week|month|year|minute|second|person|user)\b", lambda m: f"{m[1]} per {m[2]}"),
        (r"(?<=[A-Za-z])/(?=[A-Za-z])", lambda m: " "),
        (r"(?<![\w&])#(?=[^\W\d_])", lambda m: "hashtag "),
        (r"(?<=\s)--?(?=\s)|(?<=\w)--(?=\w)", lambda m: "—"),
        (r"(?<=[^\W\d_])\$+(?=\w|\W|$)|\$\$+", lambda m: " " + " ".join(["dollar"] * len(m[0])) + " "),
        ("~~|[" + re.escape("".join(s for s in SIGNS if len(s) == 1)) + "]", lambda m: f" {SIGNS[m[0]]} " if SIGNS[m[0]] else " "),
    ]  # fmt: skip
    return places, forms, signs


def places(d: Dialect) -> Rules:
    """Houses in streets, and states behind towns."""
    return _all(d)[0]


def rules(d: Dialect) -> Rules:
    """Titles, Roman numbers, abbreviations."""
    return _all(d)[1]


def signs(d: Dialect) -> Rules:
    """Signs between words, and by themselves."""
    return _all(d)[2]


def _street(m: re.Match[str]) -> str | None:
    """A street's short form behind its name: "Elm St. It was". A doctor or a saint stands before a name."""
    behind = re.search(r"(\S{1,40}) $", m.string[max(0, m.start() - 41) : m.start()])
    short = m[1].rstrip(".")
    if not behind or not behind[1][:1].isupper():
        return None
    if short in ("Dr", "St") and behind[1].lower() in ("the", "a", "to", "for", "of"):
        return None
    return STREETS[short]
