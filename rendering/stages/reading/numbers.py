"""English number words. Plain functions from numbers to words; nothing here searches a text."""

from __future__ import annotations

DIGITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
TEENS = [
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
TENS = ["-", "-", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
SCALES = ["", " thousand", " million", " billion", " trillion", " quadrillion"]
LONGEST = 15
"""Digits of a number that is said as one; more are read digit by digit."""
IRREGULAR = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}


def cardinal(number: int, british: bool = False) -> str:
    """Number words: 1234 -> "one thousand two hundred thirty-four" (British: "and thirty-four").

    Numbers past the quadrillions are read digit by digit.
    """
    if number < 0:
        return "minus " + cardinal(-number, british)
    if number >= 10**18:
        return digits(str(number))
    groups: list[str] = []
    rest, scale = number, 0
    while rest or not groups:
        rest, group = divmod(rest, 1000)
        if group or number == 0:
            groups.append(_below_thousand(group, british) + SCALES[scale])
        scale += 1
    joint = " and " if british and len(groups) > 1 and 0 < number % 1000 < 100 else " "
    return " ".join(groups[:0:-1]) + (joint if len(groups) > 1 else "") + groups[0]


def _below_thousand(number: int, british: bool) -> str:
    hundreds, rest = divmod(number, 100)
    if rest < 10:
        tail = DIGITS[rest]
    elif rest < 20:
        tail = TEENS[rest - 10]
    else:
        tail = TENS[rest // 10] + (f"-{DIGITS[rest % 10]}" if rest % 10 else "")
    if not hundreds:
        return tail
    head = f"{DIGITS[hundreds]} hundred"
    return head + (f"{' and' if british else ''} {tail}" if rest else "")


def ordinal(number: int, british: bool = False) -> str:
    """ "twenty-third", "one hundredth"."""
    return _ordinal(cardinal(number, british))


def _ordinal(words: str) -> str:
    cut = max(words.rfind(" "), words.rfind("-")) + 1
    last = words[cut:]
    if last in IRREGULAR:
        last = IRREGULAR[last]
    else:
        last = last[:-1] + "ieth" if last.endswith("y") else last + "th"
    return words[:cut] + last


def written_ordinal(text: str, british: bool = False) -> str:
    """The ordinal of digits with or without grouping commas, however many there are."""
    whole = text.replace(",", "")
    if len(whole) > LONGEST:
        return _ordinal(digits(whole))
    return ordinal(int(whole), british)


def year(number: int) -> str:
    """ "nineteen ninety-nine", "nineteen oh five", "two thousand five", "twenty twenty-four"."""
    high, low = divmod(number, 100)
    if not 1000 <= number < 10000 or (high % 10 == 0 and low < 10):
        return cardinal(number)
    if low == 0:
        return f"{cardinal(high)} hundred"
    return f"{cardinal(high)} {'oh ' if low < 10 else ''}{cardinal(low)}"


def digits(text: str, zero: str = "zero") -> str:
    """Each digit on its own: "five five five"."""
    values = [int(char) for char in text if char.isdecimal()]
    return " ".join(DIGITS[value] if value else zero for value in values)


def number(text: str, british: bool = False) -> str:
    """A written number, with grouping commas, a sign and decimals kept as written: "3.50" ->
    "three point five zero"."""
    sign = ""
    if text[:1] in "-−+":
        sign = "plus " if text[0] == "+" else "minus "
        text = text[1:]
    whole, _, part = text.replace(",", "").partition(".")
    if len(whole) > LONGEST or (len(whole) > 1 and whole[0] == "0" and not part):
        words = digits(whole)
    else:
        words = cardinal(int(whole or 0), british)
    return sign + words + (f" point {digits(part)}" if part else "")
