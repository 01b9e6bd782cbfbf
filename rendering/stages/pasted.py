"""Text as other programmes write it, made plain: styled and full-width letters, accents in two pieces, ligatures, line breaks.

The plain twin is what is read and shown; where each of its characters was typed is kept, so that warnings stand under the words.
Blanks, hyphens and quotation marks stay as they were typed: captions show them, and the rules of reading know them all.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

BREAKS = str.maketrans(dict.fromkeys("\v\f\u2028\u2029", "\n"))
"""Line breaks of other programmes: the soft return of slides, and the separators of Unicode."""
_ODD = re.compile(
    "[\u0300-\u036f\u2100-\u214f\u2160-\u2188\u249c-\u24e9\ufb00-\ufb06\uff01-\uff5e\U0001d400-\U0001d7ff"
    "\U0001f130-\U0001f149\U0001f150-\U0001f169\U0001f170-\U0001f189]"
)
_MARK = re.compile("[\u0300-\u036f]")
_KEPT = "℃℉№™℠Ωℓ℗℞℮ℹ"  # signs of their own, which the rules read


@dataclass(frozen=True, slots=True)
class Plain:
    """text[i] was typed at source[begin[i]:finish[i]]; both are empty where the text is the source itself."""

    text: str
    begin: tuple[int, ...] = ()
    finish: tuple[int, ...] = ()

    def start_of(self, at: int) -> int:
        """Where in the source the character at this index begins; also for the length of the text."""
        if not self.begin:
            return at
        return self.begin[at] if at < len(self.begin) else self.finish[-1] if self.finish else 0

    def end_of(self, at: int) -> int:
        """Where in the source what stands before this index ends."""
        return at if not self.begin or at == 0 else self.finish[at - 1]


@cache
def _twin(char: str) -> str:
    """Plain letters or digits for a styled one; the character itself where there are none."""
    if char in _KEPT:
        return char
    if (
        0x1F130 <= ord(char) <= 0x1F189
    ):  # letters in squares and circles, which have no decomposition
        return chr(ord("A") + (ord(char) - 0x1F130) % 32)
    plain = unicodedata.normalize("NFKC", char)
    if char.isalpha() and plain.startswith("(") and len(plain) == 3:
        plain = plain[1]
    return plain if plain and all(c.isalnum() or c.isascii() for c in plain) else char


def plain(source: str) -> Plain:
    """The twin of a source, in time linear to its length."""
    text = source.translate(BREAKS)
    if text.isascii() or not _ODD.search(text):
        return Plain(text)
    pieces: list[str] = []
    begin: list[int] = []
    finish: list[int] = []
    at = 0
    while at < len(text):
        end = at + 1
        while end < len(text) and _MARK.match(text, end) and end - at < 8:
            end += 1
        piece = text[at:end]
        twin = unicodedata.normalize("NFC", piece) if end - at > 1 else piece
        if _ODD.match(twin):
            twin = "".join(map(_twin, twin))
        pieces.append(twin)
        begin += [at] * len(twin)
        finish += [end] * len(twin)
        at = end
    return Plain("".join(pieces), tuple(begin), tuple(finish))
