"""Text as a reader takes it in: disguises meant to slip past a filter are folded away, and positions are tracked.

Applies Unicode NFKD, then removes invisible marks and markup, turns look-alike letters and digits
for letters into plain ones, and joins letters that were spaced out.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

LOOK_ALIKES = str.maketrans(
    dict(
        pair.split(":")
        for pair in (  # noqa: SIM905 (a table reads better than a list of quotes)
            "а:a в:b е:e ѕ:s і:i ї:i ј:j к:k м:m н:h о:o п:n р:p с:c т:t у:y х:x ԁ:d ɡ:g ӏ:l ո:n һ:h ԛ:q ԝ:w "
            "ѵ:v α:a β:b ε:e η:n ι:i κ:k ν:v ο:o ρ:p τ:t υ:u χ:x ω:w γ:y ı:i ł:l ø:o đ:d ß:ss "
            "’:' ‘:' ʼ:' `:' ´:' “:\" ”:\" ‐:- ‑:- –:- —:-"
        ).split()
    )
)
"""Letters of other scripts that look like Latin ones."""

MASKS = {
    "0": "o",
    "3": "e",
    "4": "a",
    "5": "s",
    "7": "t",
    "8": "b",
    "9": "g",
    "@": "a",
    "$": "s",
    "€": "e",
    "£": "l",
    "+": "t",
}
MARKUP = re.compile(r"<[^<>]{0,200}>|[*_~#\\\[\]{}^]")
SPACED = re.compile(r"(?<![^\W_])(?:[^\W\d_][ .\-/,]{1,2}){3,}[^\W\d_](?![^\W_])")


@dataclass(frozen=True)
class Folded:
    """`text` in lower case; `at[n]` is the position in the source that its n-th character came from."""

    text: str
    at: tuple[int, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        return self.at[start], self.at[end - 1] + 1


def folded(source: str) -> Folded:
    """The text as it reads. Linear in its length."""
    hidden: set[int] = set()
    for match in MARKUP.finditer(source):
        hidden.update(range(match.start(), match.end()))
    text: list[str] = []
    at: list[int] = []
    for position, char in enumerate(source):
        if position in hidden:
            continue
        for piece in unicodedata.normalize("NFKD", char):
            kind = unicodedata.category(piece)
            if kind in ("Cf", "Cc", "Mn", "Me") and piece not in "\n\t\r":
                continue
            for letter in piece.lower().translate(LOOK_ALIKES):
                text.append(letter)
                at.append(position)
    return Folded("".join(text), tuple(at))


def unmasked(plain: Folded, one: str) -> Folded:
    """Another reading: digits and signs inside words as letters, spaced-out letters joined.

    `one` is what 1, ! and | stand for: "i" or "l".
    """
    text = list(plain.text)
    for match in re.finditer(r"[a-z0-9@$€£!|+]{3,}", plain.text):
        word = match.group()
        letters = sum(char.isalpha() for char in word)
        if letters and letters < len(word):
            for offset, char in enumerate(word):
                ending = char == "!" and offset == len(word) - 1
                if not ending:
                    text[match.start() + offset] = one if char in "1!|" else MASKS.get(char, char)
    joined: list[str] = []
    at: list[int] = []
    last = 0
    whole = "".join(text)
    for match in SPACED.finditer(whole):
        joined.append(whole[last : match.start()])
        at += plain.at[last : match.start()]
        for offset, char in enumerate(match.group()):
            if char.isalpha():
                joined.append(char)
                at.append(plain.at[match.start() + offset])
        last = match.end()
    joined.append(whole[last:])
    at += plain.at[last:]
    return Folded("".join(joined), tuple(at))
