"""What SSML's say-as asks for, in the forms that the documents of Google, Amazon and Azure show.

Reference: W3C, "SSML 1.0 say-as attribute values", for the fields of dates, times and telephone numbers.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from rendering.stages.reading import dates, readings, shortforms, words
from rendering.stages.reading.abbreviations import COMPASS, SIGNS, STREETS
from rendering.stages.reading.grammar import NUMBER, Dialect, letters
from rendering.stages.reading.numbers import cardinal, digits, number, written_ordinal

ALIKE = {
    "spell-out": "characters", "verbatim": "characters", "spell": "characters", "letters": "characters",
    "alphanumeric": "characters", "number": "cardinal", "number_digit": "digits", "telephone-number": "telephone",
    "phone": "telephone", "bleep": "expletive",
}  # fmt: skip
"""Other names of a kind."""


def spoken_as(
    kind: str, text: str, form: str = "", *, british: bool = False, style: str = ""
) -> str | None:
    """What is spoken for the text of a say-as, or None when it does not fit the kind.

    kind: interpret-as, as in `KINDS` and `ALIKE`; form: its format; style: Google's google:style.
    """
    say = KINDS.get(ALIKE.get(kind, kind))
    return (
        say(text.strip(), "zero" if style == "zero-as-zero" else form.lower(), british)
        if say
        else None
    )


def _characters(text: str, form: str, british: bool) -> str | None:
    """B2-x → B, two, dash, X"""
    named = SIGNS | {"-": "dash", ".": "dot", "/": "slash", "_": "underscore"}
    names = [
        digits(c) if c in "0123456789" else c.upper() if c.isalpha() else named.get(c, "")
        for c in text
    ]
    return ", ".join(name for name in names if name) or None


def _digits(text: str, form: str, british: bool) -> str | None:
    fits = re.fullmatch(r"[A-Za-z\d -]+", text) and re.search(r"\d", text)
    return _characters(text, form, british) if fits else None


def _telephone(text: str, form: str, british: bool) -> str | None:
    """2025551212x345 → two zero two, five five five, one two one two, extension three four five"""
    zero = "oh" if british and form != "zero" else "zero"
    text = re.sub(r"(?i)(?<=\d)\s*(?:x|ext\.?|extension)\s*(?=\d)", " extension ", text)
    text = re.sub(r"(?<!\d)(\d{3})?(\d{3})(\d{4})(?!\d)", r"\1 \2 \3", text)
    said = []
    for group in re.findall(r"\d+|[A-Za-z]+", text):
        if group.isdecimal():
            said.append(digits(group, zero))
        elif group == "extension":
            said.append(group)
        else:
            spells_out = not re.search("[aeiouyAEIOUY]", group)
            said.append(letters(group) if spells_out else group.capitalize())
    words = ", ".join(said).replace("extension, ", "extension ")
    return ("plus " if text.startswith("+") else "") + words if said else None


def _cardinal(text: str, form: str, british: bool) -> str | None:
    if re.fullmatch(rf"[-−+]?{NUMBER}", text):
        return Dialect(british).n(text)
    value = _roman(text)
    return number(value, british) if value else _fraction(text, form, british)


def _ordinal(text: str, form: str, british: bool) -> str | None:
    match = re.fullmatch(r"([\d,]{1,15})(?:st|nd|rd|th)?", text)
    value = match[1] if match and match[1].strip(",") else _roman(text)
    return written_ordinal(value, british) if value else None


def _roman(text: str) -> str | None:
    fits = text and re.fullmatch(shortforms.ROMAN, text.upper())
    return str(shortforms.roman(text.upper())) if fits else None


def _fraction(text: str, form: str, british: bool) -> str | None:
    """3/20, 2 1/2, 2+1/2, 2 ½"""
    return _read(re.sub(r"(?<=\d)\s*\+\s*(?=\d{1,2}/)", " ", text), form, british)


def _date(text: str, form: str, british: bool) -> str | None:
    pieces = re.findall(r"\d+", text)
    if any(len(piece) > 15 for piece in pieces):
        return None
    said = None if re.search("[A-Za-z]", text) else dates.said_as(text, form, british)
    named = not form or re.search("[A-Za-z]", text)
    return said or (_read(text, form, british) if named else None)


def _time(text: str, form: str, british: bool) -> str | None:
    """2:30pm, 14:30:15, 0930, 1'21\""""
    match = re.fullmatch(r"(\d{1,2})[:.](\d\d)[:.](\d\d)\s*(?:([AaPp])\.?\s?[Mm]?\.?)?", text)
    if not match:
        return dates.minutes_of(text) or _read(text, form, british)
    said = dates.clock(int(match[1]), match[2], None, match[4] or "", "")
    fits = said is not None and int(match[3]) < 60
    return f"{said} and {_counted(match[3], 'second')}" if fits else None


def _duration(text: str, form: str, british: bool) -> str | None:
    """01:18:30 (hms), 01:18 (hm, ms; without a format: of minutes and seconds)"""
    fields = text.split(":")
    names = {"h": "hour", "m": "minute", "s": "second"}
    order = form or {2: "ms", 3: "hms"}.get(len(fields), "")
    if not all(re.fullmatch(r"\d{1,4}", field) for field in fields):
        return dates.minutes_of(text) or _read(text, form, british)
    if len(fields) != len(order) or set(order) - set(names):
        return None
    said = [
        _counted(field, names[unit])
        for field, unit in zip(fields, order, strict=True)
        if int(field)
    ]
    return (
        " and ".join([" ".join(said[:-1]), said[-1]] if len(said) > 1 else said) or "zero seconds"
    )


def _counted(written: str, noun: str) -> str:
    return f"{cardinal(int(written))} {noun}{'s' * (int(written) != 1)}"


def _unit(text: str, form: str, british: bool) -> str | None:
    """10 foot, 1/2inch, 5kg"""
    return _words(re.sub(r"(?<=/\d)(?=[A-Za-z])", " ", text), form, british)


def _words(text: str, form: str, british: bool) -> str | None:
    """What is said of the text, whether or not the rules change any of it: "five dollars" """
    return words(text, british=british) or None


def _address(text: str, form: str, british: bool) -> str | None:
    """150th CT NE, Redmond, WA"""
    street, comma, town = text.partition(",")
    street = re.sub(rf"\b(?i:{shortforms.STREET})\b", lambda m: m[0].capitalize(), street)
    street = re.sub(
        rf"(?<=(?:st|nd|rd|th) )({shortforms.STREET})\b\.?", lambda m: STREETS[m[1]], street
    )
    street = re.sub(rf"(?<= )(?:{'|'.join(COMPASS)})(?=\s*$)", lambda m: COMPASS[m[0]], street)
    return words(street + comma + town, british=british) or None


def _name(text: str, form: str, british: bool) -> str | None:
    """ED → Ed"""
    return " ".join(word.capitalize() if word.isupper() else word for word in text.split()) or None


def _read(text: str, form: str, british: bool) -> str | None:
    """What the rules say of the text, if they read something of it."""
    return words(text, british=british) if readings(text, british=british) else None


KINDS: dict[str, Callable[[str, str, bool], str | None]] = {
    "characters": _characters, "digits": _digits, "telephone": _telephone, "cardinal": _cardinal, "ordinal": _ordinal,
    "fraction": _fraction, "date": _date, "time": _time, "duration": _duration, "unit": _unit, "currency": _words,
    "address": _address, "name": _name, "expletive": lambda text, form, british: "bleep",
}  # fmt: skip
