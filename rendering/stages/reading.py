"""How written English is read aloud: numbers, dates, money, addresses, signs and abbreviations to words.

`readings` finds the parts of a text that are spoken otherwise than they are written; the rest is left to
the pronunciation rules of the voice. Nothing here knows markup or voices.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from rendering.stages.abbreviations import (
    ABBREVIATIONS,
    BIG,
    CODES,
    MONEY,
    MONTHS,
    SIGNS,
    UNITS,
)
from rendering.stages.numbers import (
    LONGEST,
    TENS,
    cardinal,
    digits,
    number,
    ordinal,
    written_ordinal,
    year,
)

PARTS = {2: "half", 4: "quarter"}
NUMBERED = r"(?:Chapter|Part|Act|Scene|Section|Volume|Book|Phase|Article|World War|Level|Episode)"
REIGNING = r"(?:King|Queen|Pope|Henry|Louis|Edward|George|William|Charles|James|Richard|Elizabeth)"


class Reading(NamedTuple):
    """source text[start:end] is spoken as `spoken` ("" leaves it out)."""

    start: int
    end: int
    spoken: str


def letters(text: str) -> str:
    """Letters one by one, in the form that the pronunciation rules spell: "MP" -> "M.P."."""
    return "".join(f"{c.upper()}." for c in text) if len(text) > 1 else _letter(text)


def _letter(char: str) -> str:
    # A lone A would be read as the article.
    return "eigh" if char in "aA" else char.upper()


def plural(words: str) -> str:
    """ "foot per second" -> "feet per second", "square foot" -> "square feet"; the head word alone changes."""
    head, _, rest = words.partition(" ")
    if head in ("square", "kilowatt") and rest:
        return f"{head} {plural(rest)}"
    if head == "foot":
        head = "feet"
    elif not head.endswith("hertz"):
        head += "s"
    return f"{head} {rest}".rstrip()


def _whole(text: str, british: bool = False) -> str:
    """A number standing alone: four plain digits from 1010 to 2099 are read as a year."""
    if re.fullmatch(r"\d{4}", text) and 1010 <= int(text) <= 2099:
        return year(int(text))
    return number(text, british)


def _roman(text: str) -> int:
    values = [{"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}[c] for c in text]
    pairs = zip(values, [*values[1:], 0], strict=True)
    return sum(-value if value < after else value for value, after in pairs)


# Each rule: a pattern and what is spoken for its match (None: the rule does not apply after all).
Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], str | None]]

NUM = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
BEFORE = r"(?<![\w.,/])"  # a number starts here, not in the middle of something else
AFTER = r"(?![\w/]|[.,]\d)"
MONTH = "|".join(MONTHS) + "|(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec)\\b"
TLDS = "com|org|net|edu|gov|io|co|uk|de|fr|info|biz|us|ca|au|tv|me|ai|app|dev|eu|studio|example"


def _url(match: re.Match[str]) -> str:
    text = re.sub(r"^(?:https?|ftp)://", "", match[0], flags=re.I)
    text = re.sub(r"^www\.", "", text, flags=re.I).rstrip("/")
    said = {".": "dot", "/": "slash", "-": "dash", "_": "underscore", "@": "at", "+": "plus"}
    said |= {"?": "question mark", "=": "equals", "&": "and", ":": "colon", "#": "hash"}
    said |= {"%": "percent", "~": "tilde"}
    words = []
    for piece in re.findall(r"[^\W\d_]+|\d+|[^\w\s]|_", text):
        if piece in said:
            words.append(said[piece])
        elif piece.isdecimal():
            words.append(_whole(piece) if len(piece) < 5 else digits(piece))
        elif piece.lower() in (
            "uk",
            "io",
            "us",
            "ai",
            "tv",
            "edu",
            "eu",
            "de",
            "fr",
            "au",
            "ca",
        ) or (piece.isalpha() and not re.search(r"[aeiouyAEIOUY]", piece)):
            words.append(letters(piece))
        elif piece.isalpha():
            words.append(piece)
    return " ".join(words)


def _time(match: re.Match[str]) -> str | None:
    hour, minute, second, half = match["h"], match["m"], match["s"], match["half"]
    if int(hour) > 24 or int(minute or 0) > 59 or int(second or 0) > 59:
        return None
    words = cardinal(int(hour))
    if minute and int(minute):
        words += (" oh " if int(minute) < 10 else " ") + cardinal(int(minute))
    elif minute and not half:
        words += " o'clock" if 0 < int(hour) <= 12 else " hundred hours"
    if second:
        words += f" and {cardinal(int(second))} seconds"
    return words + (f" {half[0].upper()}.M." if half else "")


def _date(day: int, month: int, written_year: str | None, british: bool) -> str | None:
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    if british:
        words = f"the {ordinal(day)} of {MONTHS[month - 1]}"
    else:
        words = f"{MONTHS[month - 1]} {ordinal(day)}"
    return words + (f", {year(int(written_year))}" if written_year else "")


def _century(written: str) -> str:
    return written if len(written) == 4 else ("19" if int(written) > 40 else "20") + written


def _month(name: str) -> int:
    return next(i for i, month in enumerate(MONTHS, 1) if month.startswith(name[:3]))


def _money(sign: str, amount: str, big: str | None, british: bool, minus: str = "") -> str:
    one, many, cent, cents = MONEY[sign]
    lead = "minus " if minus else ""
    if big:
        scale = BIG.get(big.lower(), big.lower())
        return f"{lead}{number(amount, british)} {scale} {many}"
    whole, _, part = amount.replace(",", "").partition(".")
    if len(part) not in (0, 2) or len(whole) > 15:
        return f"{lead}{number(amount, british)} {many}"
    words = []
    if int(whole) or not int(part or 0):
        words.append(f"{cardinal(int(whole), british)} {one if int(whole) == 1 else many}")
    if int(part or 0):
        words.append(f"{cardinal(int(part))} {cent if int(part) == 1 else cents}")
    return lead + " and ".join(words)


def fraction(top: int, bottom: int) -> str | None:
    if not (0 < top < 100 and 1 < bottom <= 100):
        return None
    part = PARTS.get(bottom) or ordinal(bottom)
    if top > 1:
        part = "halves" if part == "half" else part + "s"
    return f"{cardinal(top)} {part}"


def _phone(match: re.Match[str], zero: str) -> str | None:
    count = sum(c.isdecimal() for c in match[0])
    if not 7 <= count <= 15:
        return None
    groups = re.findall(r"\d+", match[0])
    plus = "plus " if match[0].startswith("+") else ""
    return plus + ", ".join(digits(group, zero) for group in groups)


@cache
def _rules(british: bool) -> tuple[Rule, ...]:
    def n(text: str) -> str:
        return number(text, british)

    def whole(text: str) -> str:
        return _whole(text, british)

    def unit(m: re.Match[str]) -> str:
        words = UNITS[m["unit"]]
        if british:
            words = re.sub(r"meter\b", "metre", words).replace("liter", "litre")
        return f"{n(m['n'])} {words if m['n'] == '1' else plural(words)}"

    def mixed(m: re.Match[str]) -> str | None:
        part = fraction(int(m[2]), int(m[3]))
        if part is None:
            return None
        words = f"{n(m[1])} and {part.replace('one half', 'a half')}"
        return f"{words} {plural(UNITS[m['unit']])}" if m["unit"] else words

    def numeric_date(m: re.Match[str]) -> str | None:
        first, second = int(m[1]), int(m[2])
        day, month = (first, second) if british else (second, first)
        if month > 12 >= day:
            day, month = month, day
        return _date(day, month, _century(m[3]), british)

    def titled(m: re.Match[str]) -> str:
        return {"Dr": "Doctor", "St": "Saint"}[m[1]]

    def alphanumeric(m: re.Match[str]) -> str:
        head = m[1] if len(m[1]) > 4 else letters(m[1])
        tail = digits(m[2]) if len(m[2]) == 3 else whole(m[2])
        return f"{head} {tail}" + (f" {letters(m[3])}" if m[3] else "")

    def decade(m: re.Match[str]) -> str:
        century, tens = m[1] or "", int(m[2])
        name = TENS[tens] if tens > 1 else ("hundred" if tens == 0 else "ten")
        name = name[:-1] + "ies" if name.endswith("y") else name + "s"
        return f"{cardinal(int(century))} {name}" if century else name

    def span_of_numbers(m: re.Match[str]) -> str:
        return f"{whole(m[1])} to {whole(m[2])}"

    amount = rf"(?P<n>{NUM})"
    big = r"(?:\s?(?P<big>thousand|million|billion|trillion|mn|bn|tn|[kKmMbBtT])(?![A-Za-z]))?"
    units = "|".join(re.escape(u) for u in sorted(UNITS, key=len, reverse=True))
    abbreviations = "|".join(re.escape(a) for a in sorted(ABBREVIATIONS, key=len, reverse=True))
    zero = "oh" if british else "zero"
    rules: list[tuple[str, Callable[[re.Match[str]], str | None]]] = [
        (r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}", _url),
        (r"(?:https?://|ftp://|www\.)[^\s<>\"”]*[^\s<>\"”.,;:!?)\]'’]", _url),
        (rf"(?<![\w.@-])(?:[A-Za-z0-9-]{{1,63}}\.){{1,8}}(?:{TLDS})(?:/[\w./-]*[\w/])?(?![\w.]\w|\w)", _url),
        (rf"{BEFORE}(\d{{4}})-(\d{{2}})-(\d{{2}}){AFTER}", lambda m: _date(int(m[3]), int(m[2]), m[1], british)),
        (rf"{BEFORE}(\d{{1,2}})[/](\d{{1,2}})[/](\d{{4}}|\d{{2}}){AFTER}", numeric_date),
        (r"(?<!\w)(?:(\d\d)|['’])([0-9])0['’]?s\b", decade),
        (rf"{BEFORE}(\d)['’′] ?(\d{{1,2}})(?:[\"”″]|'')", lambda m: f"{n(m[1])} foot {n(m[2])}"),
        (r"(?<=[a-z])['’]d['’]ve\b", lambda m: " would have"),
        (rf"{BEFORE}24/7{AFTER}", lambda m: "twenty-four seven"),
        (r"(?<![\w.,/])(?:\+\d{1,3}[ .-]?)?(?:\(\d{2,5}\)[ .-]?|\d{3}[.-])\d{3,4}[ .-]\d{3,4}(?![\w-])", lambda m: _phone(m, zero)),
        (r"(?<![\w.,/])\+\d{1,3}(?:[ .-]?\d{2,5}){2,5}(?![\w-])", lambda m: _phone(m, zero)),
        (r"(?<![\w.,/-])0\d{2,4} \d{3,4} \d{3,4}(?![\w-])", lambda m: _phone(m, zero)),
        (r"(?<![\w.,/-])\d{3}-\d{4}(?![\w-])", lambda m: _phone(m, zero)),
        (rf"\b({MONTH})\.? (\d{{1,2}})(?:st|nd|rd|th)?(?:,? (\d{{4}}))?(?![\w:%]|[.,]\d)", lambda m: _date(int(m[2]), _month(m[1]), m[3], british)),
        (rf"(?:\bthe )?(?<![\w.,/])(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? ({MONTH})\.?(?:,? (\d{{4}}))?(?![\w:])", lambda m: _date(int(m[1]), _month(m[2]), m[3], True)),
        (rf"{BEFORE}(?P<h>\d{{1,2}}):(?P<m>\d{{2}})(?::(?P<s>\d{{2}}))?(?: ?(?P<half>[AaPp])\.?[Mm]\b\.?)?(?![\w:])", _time),
        (rf"{BEFORE}(?P<h>\d{{1,2}})(?P<m>)(?P<s>) ?(?P<half>[AaPp])\.?[Mm]\b\.?(?!\w)", _time),
        (rf"(?P<minus>(?<!\w)[-−])?(?<!\w)(?:US|C|A)?(?P<sign>[$£€¥₹]) ?{amount} ?[-–] ?[$£€¥₹]?(?P<to>{NUM}){big}{AFTER}", lambda m: f"{n(m['n'])} to {_money(m['sign'], m['to'], m['big'], british)}"),
        (rf"(?P<minus>(?<!\w)[-−])?(?<!\w)(?:US|C|A)?(?P<sign>[$£€¥₹]) ?{amount}{big}(?!\w)", lambda m: _money(m["sign"], m["n"], m["big"], british, m["minus"] or "")),
        (rf"{BEFORE}{amount}{big} ?(?P<sign>[$£€¥₹])(?!\w)", lambda m: _money(m["sign"], m["n"], m["big"], british)),
        (rf"\b(?P<code>USD|GBP|EUR|JPY|INR) ?{amount}{big}{AFTER}", lambda m: _money(CODES[m["code"]], m["n"], m["big"], british)),
        (rf"{BEFORE}{amount}{big} ?(?P<code>USD|GBP|EUR|JPY|INR)\b", lambda m: _money(CODES[m["code"]], m["n"], m["big"], british)),
        (rf"{BEFORE}(\d+)¢", lambda m: f"{n(m[1])} {'cent' if m[1] == '1' else 'cents'}"),
        (rf"{BEFORE}({NUM}) ?[-–] ?({NUM}) ?%", lambda m: f"{n(m[1])} to {n(m[2])} percent"),
        (rf"(?<![\w.,/])([-−+]?(?:{NUM})) ?%", lambda m: f"{n(m[1])} percent"),
        (rf"(?<![\w.,/])(?P<n>[-−]?(?:{NUM})) ?(?P<unit>°[CF]|°)(?!\w)", unit),
        (rf"{BEFORE}({NUM}) ?[-–] ?({NUM})[ -]?({units})(?![\w/])", lambda m: f"{n(m[1])} to {n(m[2])} {plural(UNITS[m[3]])}"),
        (rf"{BEFORE}(?P<n>[-−]?(?:{NUM}))[ -]?(?P<unit>{units})(?![\w/'’])", unit),
        (rf"{BEFORE}(\d+) ?[x×] ?(\d+)(?!\w)", lambda m: f"{whole(m[1])} by {whole(m[2])}"),
        (rf"{BEFORE}({NUM})x(?!\w)", lambda m: f"{n(m[1])} times"),
        (rf"{BEFORE}(\d+) (\d{{1,2}})/(\d{{1,2}})(?:[ -]?(?P<unit>{units}))?{AFTER}", mixed),
        (rf"{BEFORE}(\d{{1,2}})/(\d{{1,3}}){AFTER}", lambda m: fraction(int(m[1]), int(m[2]))),
        (rf"{BEFORE}(\d+):(\d+)(?![\w:])", lambda m: f"{n(m[1])} to {n(m[2])}"),
        (rf"\b([Nn])o\. ?({NUM})(?!\w)", lambda m: f"number {n(m[2])}"),
        (rf"(?<![\w&])#({NUM})(?!\w)", lambda m: f"number {n(m[1])}"),
        (r"(?<![\w&])#(?=[^\W\d_])", lambda m: "hashtag "),
        (rf"{BEFORE}(\d{{1,3}}(?:,\d{{3}})+|\d+)(?:st|nd|rd|th)\b", lambda m: written_ordinal(m[1], british)),
        (rf"{BEFORE}(\d+(?:\.\d+){{2,}})(?!\w)", lambda m: " point ".join(cardinal(int(p)) if len(p) < 15 else digits(p) for p in m[1].split("."))),
        (rf"{BEFORE}(\d{{1,4}}) ?[-–] ?(\d{{1,4}})(?![\w/-]|[.,]\d)", span_of_numbers),
        (rf"\b({NUMBERED}) ([IVXLC]+)\b", lambda m: f"{m[1]} {cardinal(_roman(m[2]))}"),
        (rf"\b({REIGNING}) ([IVXLC]+)\b", lambda m: f"{m[1]} the {ordinal(_roman(m[2]))}"),
        (r"\b(Dr|St)\. ?(?=[A-Z])", lambda m: titled(m) + " "),
        (r"(?<=[a-z] )(Dr|St)\b\.?(?! [A-Z])", lambda m: {"Dr": "Drive", "St": "Street"}[m[1]]),
        (r"\bDr\.", lambda m: "Doctor"),
        (r"\bSt\.", lambda m: "Street"),
        (rf"(?<![\w.])(?:{abbreviations})(?!\w)", lambda m: ABBREVIATIONS[m[0]]),
        (r"\b([A-Za-z]+)-?(\d+)([A-Za-z]?)\b(?![.,]\d)", alphanumeric),
        (rf"{BEFORE}({NUM})([A-Z]{{1,2}})\b", lambda m: f"{n(m[1])} {letters(m[2])}"),
        (rf"(?<![\w.,/])[-−+](?:{NUM})(?!\w)", lambda m: n(m[0])),
        (rf"(?<![\d.,])(?:{NUM})", lambda m: digits(m[0]) if re.fullmatch(r"\d{8,}", m[0]) else whole(m[0])),
        (r"(?<=\d) ?\* ?(?=\d)", lambda m: " times "),
        (r"(?<!\d)\.\d+", lambda m: f"point {digits(m[0])}"),
        (r"(?<=[^\W\d_])/(?=[^\W\d_])", lambda m: " "),
        (r"(?<=\s)--?(?=\s)|(?<=\w)--(?=\w)", lambda m: "—"),
        ("~~|[" + re.escape("".join(s for s in SIGNS if len(s) == 1)) + "]", lambda m: f" {SIGNS[m[0]]} " if SIGNS[m[0]] else " "),
    ]  # fmt: skip
    return tuple((re.compile(pattern), say) for pattern, say in rules)


def readings(text: str, *, british: bool = False) -> list[Reading]:
    """Every part of the text that is spoken otherwise than it is written, in order, disjoint.

    Earlier rules win. `british` reads 3/4/2024 as the third of April, says "and" in numbers, "oh"
    in telephone numbers.
    """
    taken = bytearray(len(text))
    found = []
    for pattern, say in _rules(british):
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


def spoken_as(kind: str, text: str, form: str = "", *, british: bool = False) -> str | None:
    """SSML say-as: what is spoken for the text, or None when it does not fit the kind.

    kind: characters, spell-out, cardinal, number, ordinal, date, time, telephone, digits.
    """
    text = text.strip()
    if kind in ("characters", "spell-out", "verbatim"):
        named = {"-": "dash", ".": "dot", "/": "slash", "@": "at", "_": "underscore"}
        names = [
            digits(c)
            if c in "0123456789"
            else _letter(c)
            if c.isalpha()
            else named.get(c, SIGNS.get(c, ""))
            for c in text
            if not c.isspace()
        ]
        return ", ".join(name for name in names if name) or None
    if kind == "digits":
        return digits(text) or None
    if kind == "telephone":
        groups = re.findall(r"\d+", text)
        plus = "plus " if text.startswith("+") else ""
        zero = "oh" if british else "zero"
        return plus + ", ".join(digits(group, zero) for group in groups) if groups else None
    if kind in ("cardinal", "number"):
        return number(text, british) if re.fullmatch(rf"[-−+]?(?:{NUM})", text) else None
    if kind == "ordinal":
        match = re.fullmatch(r"([\d,]{1,15})(?:st|nd|rd|th)?", text)
        return written_ordinal(match[1], british) if match and match[1].strip(",") else None
    if kind == "date":
        pieces = re.findall(r"\d+", text)
        if any(len(piece) > LONGEST for piece in pieces):
            return None
        order = form.lower() or ("dmy" if british else "mdy")
        if re.match(r"\d{4}", text):
            order = "ymd"
        if len(pieces) != len(order) or set(order) - set("dmy"):
            return next((r.spoken for r in readings(text, british=british)), None)
        fields = dict(zip(order, pieces, strict=True))
        if set(order) == {"y"}:
            return year(int(fields["y"]))
        if "m" not in fields or int(fields["m"]) not in range(1, 13):
            return None
        if "d" not in fields:
            month = MONTHS[int(fields["m"]) - 1]
            return f"{month} {year(int(_century(fields['y'])))}" if "y" in fields else month
        full = _century(fields["y"]) if "y" in fields else None
        return _date(int(fields["d"]), int(fields["m"]), full, british)
    return " ".join(r.spoken for r in readings(text, british=british)) or None
