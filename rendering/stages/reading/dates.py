"""Dates, years, decades and times of day."""

from __future__ import annotations

import re

from rendering.stages.reading.abbreviations import DAYS, MONTHS
from rendering.stages.reading.grammar import (
    DASH,
    END,
    START,
    Dialect,
    Rules,
    before,
    counts,
    letters,
)
from rendering.stages.reading.numbers import TENS, cardinal, digits, ordinal, year

SHORT_MONTHS = "jan|feb|mar|apr|jun|jul|aug|sept|sep|oct|nov|dec"
MONTH = rf"(?:(?i:{'|'.join(MONTHS)}|{SHORT_MONTHS})\b\.?)"
DAY = r"(?:0?[1-9]|[12]\d|3[01])"
SUFFIX = r"(?:st|nd|rd|th|ST|ND|RD|TH)?"
SHORT_DAYS = {day[:3]: day for day in DAYS} | {
    "Tues": "Tuesday",
    "Thur": "Thursday",
    "Thurs": "Thursday",
}
HALF = r"(?P<half{0}>[AaPp])\.? ?[Mm]\b\.?"
ZONE = r"(?P<zone> ?(?:(?i:e\.?[sd]\.?t|p\.?[sd]\.?t|c\.?[sd]\.?t|m\.?[sd]\.?t)\b\.?|ET|PT|CT|GMT|UTC|BST|CET|CEST|Z)(?!\w))?"
CLOCK = r"(?:\d{1,2}(?::\d{2})?(?: ?[AaPp]\.? ?[Mm]\b\.?)?|noon\b|midnight\b)"
_ON = re.compile(r"(?i)\b(?:on|by|since|until|till|before|after|from|due|dated|date|born|of)\s+$")
_IN = re.compile(
    r"(?i)\b(?:in|since|by|until|till|before|after|from|circa|ca\.?|c\.|mid|early|late|during|of|year)[\s-]+(?:\w+,? )?$"
)
_NO_YEAR = re.compile(
    r"(?i)\b(?:population|costs?|paid|pays?|weighs?|over|under|exactly|only|total|just|nearly|almost|than|with|have|has|had)\s+$"
)


def month_of(name: str) -> int:
    wanted = name.lower()[:3]
    return next(i for i, month in enumerate(MONTHS, 1) if month.lower().startswith(wanted))


def spoken_year(text: str) -> str:
    """A year as it stands: 1998 "nineteen ninety-eight", 98 "ninety-eight", 24 "twenty twenty-four"."""
    if len(text) == 4:
        return year(int(text))
    return year(2000 + int(text)) if int(text) < 50 else cardinal(int(text))


def date(
    day: int, month: int, written_year: str | None, british: bool, ordinal_day: str = ""
) -> str | None:
    """ "March fifth, twenty twenty-four"; British: "the fifth of March". None for no date."""
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    said = ordinal_day or ordinal(day)
    words = f"the {said} of {MONTHS[month - 1]}" if british else f"{MONTHS[month - 1]} {said}"
    return words + (f", {spoken_year(written_year)}" if written_year else "")


def numeric(first: str, second: str, written_year: str | None, british: bool) -> str | None:
    """Day and month in the dialect's order, or in the only one that can be."""
    a, b = int(first), int(second)
    if a > 12 >= b:
        return date(a, b, written_year, True)
    day, month = (a, b) if british else (b, a)
    if month > 12 >= day:
        day, month = month, day
    return date(day, month, written_year, british)


def decade(text: str) -> str:
    """ "1980", "80" -> "nineteen eighties", "eighties"."""
    century, tens = text[:-2], int(text[-2])
    if century and int(text) % 1000 == 0:
        return cardinal(int(text)) + "s"
    name = TENS[tens] if tens > 1 else ("hundred" if tens == 0 else "ten")
    name = name[:-1] + "ies" if name.endswith("y") else name + "s"
    return f"{cardinal(int(century))} {name}" if century else name


def clock(hour: int, minute: str | None, second: str | None, half: str, zone: str) -> str | None:
    """A time of day, or with seconds how long something takes."""
    if hour > 24 or int(minute or 0) > 59 or int(second or 0) > 59:
        return None
    tail = (f" {half.upper()}.M." if half else "") + (
        f" {letters(re.sub('[^A-Za-z]', '', zone))}" if zone.strip() else ""
    )
    if second:
        parts = [(hour, "hour"), (int(minute or 0), "minute"), (int(second), "second")]
        said = [f"{cardinal(n)} {noun}{'s' * (n != 1)}" for n, noun in parts]
        return f"{said[0]} {said[1]} and {said[2]}{tail}"
    minutes = int(minute or 0)
    if hour in (0, 24) and minute and not half:
        if not minutes:
            return "midnight" + tail
        return clock(12, minute, None, "A", zone)
    words = cardinal(hour)
    if minutes:
        words += (" oh " if minutes < 10 else " ") + cardinal(minutes)
    elif minute and not half:
        words += " o'clock" if hour <= 12 else " hundred hours"
    return words + tail


def rules(d: Dialect) -> Rules:
    british = d.british

    def clock_of(m: re.Match[str]) -> str | None:
        found = m.groupdict()
        return clock(
            int(m["h"]),
            found.get("m"),
            found.get("s"),
            found.get("half") or "",
            found.get("zone") or "",
        )

    def clocks(m: re.Match[str]) -> str | None:
        first, last = m["first"].strip(), m["last"].strip()
        if not re.search("[:nm]", first + last) or (
            re.search(r"^\D", first + last) and first == last
        ):
            return None
        return f"{_read(first)} to {_read(last)}"

    def _read(text: str) -> str:
        if text in ("noon", "midnight"):
            return text
        h, _, m = re.sub("[^0-9:]", "", text).partition(":")
        half = re.search("[AaPp](?=.? ?[Mm])", text)
        return clock(int(h), m or None, None, half[0] if half else "", "") or text

    def with_month(name: str, day: str, written: str | None, *, first: bool) -> str | None:
        return date(int(day), month_of(name), written, not first)

    def month_first(m: re.Match[str]) -> str | None:
        """March 5, 2024; and not "you may 5 times"."""
        if m[1] in ("may", "march", "mar") and re.match(r" [a-z]", m.string[m.end() :]):
            return None
        return with_month(m[1], m[2], m[3] or m[4], first=True)

    def days(m: re.Match[str]) -> str | None:
        """May 5-7, 2025 · 5-7 May"""
        month = MONTHS[month_of(m["month"]) - 1]
        one, two = ordinal(int(m["one"])), ordinal(int(m["two"]))
        tail = f", {spoken_year(m['year'])}" if m["year"] else ""
        if m.start("month") < m.start("one"):
            return f"{month} {one} to {two}{tail}"
        return f"the {one} to the {two} of {month}{tail}"

    def lone_year(m: re.Match[str]) -> str | None:
        value = int(m[1])
        if counts(m):
            return year(value) if before(m, _IN) and 1800 <= value <= 2099 else None
        return None if before(m, _NO_YEAR) else year(value)

    def years(m: re.Match[str]) -> str | None:
        one, two = m[1], m[2]
        if len(two) == 2 and not (int(one[2:]) < int(two) or int(one[2:]) == 99):
            return None
        return f"{year(int(one))} to {year(int(two)) if len(two) == 4 else cardinal(int(two))}"

    def month_year(m: re.Match[str]) -> str | None:
        return f"{MONTHS[int(m['month']) - 1]} {spoken_year(m['year'])}"

    def short_day(m: re.Match[str]) -> str:
        return SHORT_DAYS[m[1]]

    def seasons(m: re.Match[str]) -> str | None:
        one, two = m[1], m[2]
        after = f"{int(one[2:]) + 1:02d}"
        if two[-2:] != after[-2:]:
            return None
        return f"{year(int(one))} {year(int(two)) if len(two) == 4 else cardinal(int(two))}"

    def quarter(m: re.Match[str]) -> str:
        name = ("first", "second", "third", "fourth")[int(m[1]) - 1]
        return f"{name} quarter {year(2000 + int(m[2]))}"

    def bare_decade(m: re.Match[str]) -> str:
        return decade(m[1])

    def stamp(m: re.Match[str]) -> str | None:
        day = date(int(m[3]), int(m[2]), m[1], british)
        time = clock(int(m[4]), m[5], None, "", "")
        zone = " U.T.C." if m[6] else ""
        return f"{day}, {time}{zone}" if day and time else None

    day_in_full = "|".join(DAYS)
    return [
        (rf"{START}(\d{{4}})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::\d\d(?:\.\d+)?)?(Z)?(?![\w:])", stamp),
        (rf"{START}(\d{{4}})[-./](\d{{1,2}})[-./](\d{{1,2}}){END}", lambda m: date(int(m[3]), int(m[2]), m[1], british)),
        (rf"{START}(\d{{1,2}})[/.-](\d{{1,2}})[/.-](\d{{4}}){END}", lambda m: numeric(m[1], m[2], m[3], british)),
        (rf"{START}(\d{{1,2}})/(\d{{1,2}})/(\d{{2}}){END}", lambda m: numeric(m[1], m[2], m[3], british)),
        (rf"{START}((?:19|20)\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01]){END}", lambda m: date(int(m[3]), int(m[2]), m[1], british)),
        (rf"{START}(\d{{4}})-W(\d\d)(?!\w)", lambda m: f"week {cardinal(int(m[2]))} of {year(int(m[1]))}"),
        (rf"{START}([12]\d{{3}})/(\d{{4}}|\d\d){END}", seasons),
        (rf"{START}(?P<year>(?:19|20)\d\d)-(?P<month>0[1-9]|1[0-2]){END}", month_year),
        (rf"{START}(?P<month>0[1-9]|1[0-2])/(?P<year>(?:19|20)\d\d){END}", month_year),
        (rf"\b(?P<month>{MONTH}) (?P<one>{DAY}){SUFFIX}{DASH}(?P<two>{DAY}){SUFFIX}(?:,? (?P<year>\d{{4}}))?(?![\w:%]|[.,]\d)", days),
        (rf"(?:\bthe )?{START}(?P<one>{DAY}){SUFFIX}{DASH}(?P<two>{DAY}){SUFFIX}(?: of)? (?P<month>{MONTH})(?:,? (?P<year>\d{{4}}))?(?![\w:])", days),
        (rf"\b({MONTH})(?: ?-| )({DAY}){SUFFIX}(?:(?:,? |-)(\d{{4}})| ['’](\d\d))?(?![\w:%/]|[.,-]\d)", month_first),
        (rf"(?:\b(?i:the) )?{START}({DAY}){SUFFIX}(?: of)?[ -]({MONTH})(?:(?:,? |-)(\d{{4}})| ['’](\d\d))?(?![\w:])", lambda m: with_month(m[2], m[1], m[3] or m[4], first=False)),
        (rf"\b({MONTH})[ -](?:(\d{{4}})|['’](\d\d)){END}", lambda m: f"{MONTHS[month_of(m[1]) - 1]} {spoken_year(m[2] or m[3])}"),
        (rf"\b(Mon|Tues?|Wed|Thu(?:rs?)?|Fri|Sat|Sun)\b\.?{DASH}(Mon|Tues?|Wed|Thu(?:rs?)?|Fri|Sat|Sun)\b\.?(?!\w)", lambda m: f"{SHORT_DAYS[m[1]]} to {SHORT_DAYS[m[2]]}"),
        (rf"\b(Mon|Tues?|Wed|Thu(?:rs?)?|Fri|Sat|Sun)\b\.?(?=,? (?:\d|(?:{day_in_full}|{'|'.join(MONTHS)})\b|{MONTH}))", short_day),
        (rf"\b({MONTH}){DASH}({MONTH})(?!\w)", lambda m: f"{MONTHS[month_of(m[1]) - 1]} to {MONTHS[month_of(m[2]) - 1]}"),
        (rf"\b(Q[1-4]){DASH}(Q[1-4])\b", lambda m: f"{letters('Q')} {cardinal(int(m[1][1]))} to {letters('Q')} {cardinal(int(m[2][1]))}"),
        (r"\b([1-4])Q(\d\d)\b", quarter),
        (r"\b(Q[1-4]|FY|H[12]) ?['’]?(\d\d)\b(?![.,]\d|[%:])", lambda m: f"{letters('FY') if m[1] == 'FY' else m[1][0] + ' ' + cardinal(int(m[1][1]))} {year(2000 + int(m[2]))}"),
        (rf"{START}(?P<one>(?:\d\d)?[0-9]0)['’]?s?{DASH}(?P<two>(?:\d\d)?[0-9]0)['’]?s\b", lambda m: f"{decade(m['one'])} to {decade(m['two'])}"),
        (r"(?<![\w.,/$£€])['’]?((?:[12]\d)?[0-9]0)['’]?s\b", bare_decade),
        (rf"{START}(\d{{1,2}}):([0-5]\d)[ -]min(?:ute)?\b", lambda m: f"{cardinal(int(m[1]))} {cardinal(int(m[2]))} minute"),
        (rf"(?<![\w.,/:])(?P<first>{CLOCK}){DASH}(?P<last>{CLOCK})(?![\w:]|[.,]\d)", clocks),
        (rf"{START}(?P<h>\d{{1,2}}):(?P<m>\d{{2}})(?::(?P<s>\d{{2}}))?(?: ?{HALF.format('')})?{ZONE}(?![\w:])", clock_of),
        (rf"{START}(?P<h>\d{{1,2}}):(?P<m>\d{{2}})ish\b", lambda m: f"{clock_of(m)}-ish"),
        (rf"{START}(?P<h>\d{{1,2}})\.(?P<m>[0-5]\d) ?{HALF.format('')}{ZONE}(?!\w)", clock_of),
        (rf"{START}(?P<h>\d{{1,2}}) ?{HALF.format('')}{ZONE}(?!\w)", clock_of),
        (rf"{START}(?P<h>1\d|2[0-3])h(?P<m>[0-5]\d)(?!\w)", clock_of),
        (rf"{START}([0-9])h ?([0-5]?\d)(?:m|min)?(?!\w)", lambda m: f"{cardinal(int(m[1]))} hour{'s' * (m[1] != '1')} {cardinal(int(m[2]))}" + (" minutes" if m[0].endswith(("m", "min")) else "")),
        (rf"{START}([1-9]\d{{3}}){DASH}([1-9]\d{{3}}|\d\d)(?![\w-]|[.,/]\d)", lambda m: years(m) if 1000 <= int(m[1]) <= 2099 else None),
        (rf"(?<=\byear )(\d{{4}}){END}", lambda m: year(int(m[1]))),
        (rf"{START}(1[0-9]\d\d|20\d\d)(?![\w/%]|[.,:]\d| ?[-–x×] ?\d)(?<![x×] \d\d\d\d)", lambda m: lone_year(m) if int(m[1]) >= 1010 else None),
    ]  # fmt: skip


def said_as(text: str, form: str, british: bool) -> str | None:
    """The date of SSML's say-as, of the fields that the form names: "ymd", "my", "yyyymmdd" …; None where they do not fit.

    A field of question marks is not said: "????0922" has no year.
    """
    order = re.sub(r"(.)\1+", r"\1", form.lower())
    if not order:
        order = "ymd" if re.match(r"\d{4}", text) else ("dmy" if british else "mdy")
    if len(set(order)) != len(order) or set(order) - set("dmy"):
        return None
    pieces = re.findall(r"\d+|\?+", text)
    if re.fullmatch(r"[\d?]+", text) and len(order) > 1:
        years = len(text) - 2 * (len(order) - 1)
        if "y" in order and years not in (2, 4):
            return None
        sizes = [years if field == "y" else 2 for field in order]
        pieces = [text[sum(sizes[:i]) :][:size] for i, size in enumerate(sizes)]
    if len(pieces) != len(order) or not all(
        piece.isdecimal() or set(piece) == {"?"} for piece in pieces
    ):
        return None
    fields = {field: piece for field, piece in zip(order, pieces, strict=True) if "?" not in piece}
    order = "".join(fields)
    if set(order) == {"y"}:
        return (
            spoken_year(fields["y"]) if len(fields["y"]) in (2, 4) else cardinal(int(fields["y"]))
        )
    if set(order) == {"d"}:
        return ordinal(int(fields["d"]))
    if "m" not in fields or int(fields["m"]) not in range(1, 13):
        return None
    if "d" not in fields:
        month = MONTHS[int(fields["m"]) - 1]
        return f"{month} {spoken_year(_full(fields['y']))}" if "y" in fields else month
    full = _full(fields["y"]) if "y" in fields else None
    return date(int(fields["d"]), int(fields["m"]), full, british)


def _full(text: str) -> str:
    """Two digits of a year as four: of this century and the end of the last."""
    return text if len(text) == 4 else ("19" if int(text) > 40 else "20") + text


def minutes_of(text: str) -> str | None:
    """A duration or a time for say-as: 2:30, 1'21", 5pm, 14:10:30."""
    if match := re.fullmatch(r"(\d{1,3})['’′](?:(\d{1,2})[\"”″])?", text):
        words = f"{cardinal(int(match[1]))} minute{'s' * (match[1] != '1')}"
        return words + (
            f" {cardinal(int(match[2]))} second{'s' * (match[2] != '1')}" if match[2] else ""
        )
    if re.fullmatch(r"\d{4}", text):
        return clock(int(text[:2]), text[2:], None, "", "") or digits(text)
    return None
