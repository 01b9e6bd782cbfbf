"""Draws words into pictures: which font has their letters, how lines break, and pictures of them with alpha.

A text is written in the first font of its family that has all of its letters: one that was chosen, else Inter, else that of
its script. raqm (HarfBuzz, FriBiDi) shapes and orders scripts that need it, so that Arabic joins and Hebrew runs from the right.
"""

from __future__ import annotations

import functools
import struct
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rendering.values import BadInput, Frame
from rendering.words import gettext

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

VERSION = "lettering/1"
FOLDER = Path(__file__).resolve().parent.parent / "assets" / "fonts"
OTHERS = ("NotoSansHebrew-SemiBold", "NotoSansArabic-SemiBold")
ROLES = ("heading", "text", "strong")
"""Headings; text beside the person; captions and overlays."""
PLAIN = ("Inter-SemiBold", "Inter-Regular", "Inter-SemiBold")
USUAL = "studio"
FONTS = {
    USUAL: ("Newsreader-Medium", "Inter-Regular", "Inter-SemiBold"),
    "inter": PLAIN,
    "montserrat": ("Montserrat-SemiBold", "Montserrat-Regular", "Montserrat-SemiBold"),
    "nunito": ("Nunito-SemiBold", "Nunito-Regular", "Nunito-SemiBold"),
    "noto-serif": ("NotoSerif-SemiBold", "NotoSerif-Regular", "NotoSerif-SemiBold"),
    "oswald": ("Oswald-SemiBold", "Inter-Regular", "Oswald-SemiBold"),
}
"""What can be chosen: the file of each role."""

UNSEEN = ("Cc", "Cf", "Zs", "Zl", "Zp")
"""Categories of Unicode that need no glyph."""


@functools.cache
def glyphs(font: str) -> frozenset[int]:
    """The code points that the font can draw: its cmap table (OpenType 1.9, formats 4 and 12)."""
    data = (FOLDER / f"{font}.ttf").read_bytes()
    count = struct.unpack_from(">H", data, 4)[0]
    tables = {
        data[at : at + 4]: struct.unpack_from(">I", data, at + 8)[0]
        for at in range(12, 12 + 16 * count, 16)
    }
    start = tables[b"cmap"]
    found: set[int] = set()
    for number in range(struct.unpack_from(">H", data, start + 2)[0]):
        at = start + struct.unpack_from(">I", data, start + 8 + 8 * number)[0]
        kind = struct.unpack_from(">H", data, at)[0]
        if kind == 12:
            for group in range(struct.unpack_from(">I", data, at + 12)[0]):
                first, last, _ = struct.unpack_from(">III", data, at + 16 + 12 * group)
                found.update(range(first, last + 1))
        elif kind == 4:
            double = struct.unpack_from(">H", data, at + 6)[0]
            for segment in range(0, double, 2):
                last = struct.unpack_from(">H", data, at + 14 + segment)[0]
                first = struct.unpack_from(">H", data, at + 16 + double + segment)[0]
                if first != 0xFFFF:
                    found.update(range(first, last + 1))
    return frozenset(found)


def _needed(text: str) -> set[str]:
    return {char for char in text if unicodedata.category(char) not in UNSEEN}


@functools.cache
def family(role: str, font: str = USUAL) -> tuple[str, ...]:
    """The files that are tried for a role, best first. font: a key of FONTS."""
    place = ROLES.index(role)
    return tuple(dict.fromkeys((FONTS[font][place], PLAIN[place], *OTHERS)))


def font_of(text: str, family: tuple[str, ...]) -> str | None:
    """The first font of the family that has every letter of the text."""
    codes = {ord(char) for char in _needed(text)}
    return next((font for font in family if codes <= glyphs(font)), None)


def check(text: str, *, path: str | None = None) -> None:
    """Raises BadInput for text that cannot be written: letters without a glyph, or a mix of scripts that no one font
    has."""
    where = {"path": path} if path else {}
    strong = family("strong")  # every family ends with its fonts
    if font_of(text, strong) is None:
        known = frozenset().union(*(glyphs(font) for font in strong))
        odd = sorted(char for char in _needed(text) if ord(char) not in known)
        if odd:
            raise BadInput(
                gettext(
                    "This text uses characters that our fonts do not have: {odd}. Remove them or write them in letters."
                ).format(odd=" ".join(odd[:5])),
                code="no_glyph",
                **where,
            )
        raise BadInput(
            "This text mixes scripts that no one font has; write them in texts of their own.",
            code="no_glyph",
            **where,
        )
    if runs_from_right(text):
        from PIL import features  # large: loaded when it is needed

        if not features.check("raqm"):
            raise BadInput(
                "Text that runs from right to left cannot be written on this machine; use another script.",
                code="no_glyph",
                **where,
            )


def runs_from_right(text: str) -> bool:
    """Whether the first letter of the text belongs to a script that runs from right to left."""
    ways = (unicodedata.bidirectional(char) for char in text)
    return next((way in ("R", "AL") for way in ways if way in ("L", "R", "AL")), False)


@functools.lru_cache(maxsize=64)
def load(font: str, size: int) -> FreeTypeFont:
    from PIL import ImageFont  # large: loaded when it is needed

    return ImageFont.truetype(str(FOLDER / f"{font}.ttf"), size)


@dataclass(frozen=True, slots=True)
class Block:
    """Lines of text in one font. `right`: they begin at the right edge."""

    lines: tuple[str, ...]
    font: str
    size: int
    pitch: int  # pixels from line to line
    width: int  # pixels of the longest line
    right: bool = False

    @property
    def height(self) -> int:
        return self.pitch * len(self.lines)


def block(
    text: str, *, family: tuple[str, ...], size: int, width: float, leading: float = 1.3
) -> Block:
    """The text broken so that no line is wider than `width` pixels; a word that is wider is divided.

    Letters that no font has are left out: check() has refused them earlier, where somebody could mend them.
    """
    font = font_of(text, family)
    if font is None:
        known = glyphs(family[0])
        text = "".join(c for c in text if ord(c) in known or unicodedata.category(c) in UNSEEN)
        font = family[0]
    loaded = load(font, size)
    lines: list[str] = []
    for row in text.split("\n"):
        lines += _broken(row, loaded, width)
    longest = max((loaded.getlength(line) for line in lines), default=0)
    return Block(
        tuple(lines), font, size, round(leading * size), round(longest), runs_from_right(text)
    )


def evened(text: str, *, family: tuple[str, ...], size: int, width: float) -> Block:
    """Like `block`; if the text's own lines do not fit, it is broken anew into lines of about one length."""
    found = block(text, family=family, size=size, width=width)
    if len(found.lines) <= len(text.split("\n")):
        return found
    flat = " ".join(text.split())
    found = block(flat, family=family, size=size, width=width)
    for step in range(1, 12):
        tighter = block(flat, family=family, size=size, width=width * (1 - 0.05 * step))
        if len(tighter.lines) > len(found.lines):
            break
        found = tighter
    return found


def _broken(row: str, font: FreeTypeFont, width: float) -> list[str]:
    """One paragraph as lines; a last line of one short word takes another with it."""
    lines: list[str] = []
    line = ""
    for word in row.split():
        for part in _parts(word, font, width):
            longer = f"{line} {part}".strip()
            if line and font.getlength(longer) > width:
                lines.append(line)
                longer = part
            line = longer
    lines.append(line)
    if len(lines) > 1 and " " not in lines[-1] and len(lines[-2].split()) > 2:
        rest, _, last = lines[-2].rpartition(" ")
        wide = font.getlength(f"{last} {lines[-1]}")
        if wide <= min(width, 1.6 * font.getlength(rest)):
            lines[-2:] = [rest, f"{last} {lines[-1]}"]
    return lines


def _parts(word: str, font: FreeTypeFont, width: float) -> list[str]:
    if font.getlength(word) <= width:
        return [word]
    parts, part = [], ""
    for char in word:
        if part and font.getlength(part + char) > width:
            parts.append(part)
            part = ""
        part += char
    return [*parts, part]


def mask(found: Block, *, align: str = "left", width: int | None = None) -> Frame:
    """The block as uint8 alpha (block.height, width or block.width). align: left (right for
    scripts that run from the right) or center."""
    from PIL import Image, ImageDraw  # large: loaded when it is needed

    wide = max(1, width or found.width)
    sheet = Image.new("L", (wide, max(1, found.height)), 0)
    pen = ImageDraw.Draw(sheet)
    loaded = load(found.font, found.size)
    for number, line in enumerate(found.lines):
        x: float = 0.0
        length = loaded.getlength(line)
        if align == "center":
            x = (wide - length) / 2
        elif found.right:
            x = wide - length
        pen.text((x, found.pitch * (number + 0.5)), line, font=loaded, fill=255, anchor="lm")
    return np.asarray(sheet)


def word_boxes(
    found: Block, *, width: int, align: str = "center"
) -> list[tuple[int, int, int, int]]:
    """The box of each word in the picture of the block: left, top, right, bottom."""
    loaded = load(found.font, found.size)
    boxes = []
    for number, line in enumerate(found.lines):
        length = loaded.getlength(line)
        x = (width - length) / 2 if align == "center" else 0.0
        top = found.pitch * number
        before = ""
        for word in line.split():
            start = loaded.getlength(before)
            end = loaded.getlength(before + word)
            if found.right:
                start, end = length - end, length - start
            boxes.append((round(x + start), top, round(x + end), top + found.pitch))
            before += word + " "
    return boxes
