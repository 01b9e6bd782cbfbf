"""What could be read otherwise: written forms with more than one meaning, and words with more than one sound.

How they are read is a guess, which the editor shows under the words; whoever wrote them knows better.
"""

from __future__ import annotations

import re

SEVERAL = re.compile(
    r"\d{1,15}(?:[./:×x–-]\d{1,15}){1,8}"  # dates, scores, fractions, ranges, versions
    r"|[12]\d{3}"  # years and counts
    r"|[\d.,]{1,20} ?(?:m|M|k|K|B|b|T|in|min|s|h|l|pt|MM|mm|['′\"″])\.?"  # units and scales
    r"|(?=[\w-]{0,40}\d)(?=[\w-]{0,40}[A-Za-z])[A-Za-z\d]{1,40}(?:-[A-Za-z\d]{1,40}){0,8}"  # codes
    r"|(?:St|Dr|Mt|Ft|Ave|Sq|No|Nos|Art|Sec|Eq|Max|Min|Est)\b\.?|(?:c|b|d|v|ed|est|ext|no|nos|min|max|ch|sec|tab|art)\.(?: ?\d+)?"
    r"|[A-Z][a-z]{0,20} [IVXLC]{1,12}"  # Roman numbers
    r"|(?:[A-Za-z]{1,20} ){1,3}\d{3,20}"  # numbers that are names
)
"""Full matches of what a rule has read."""
SOUNDS = {
    "bass": ("base", "bass, the fish"), "bow": ("beau", "bough"), "close": ("cloze", "cloce"), "lead": ("leed", "led"),
    "live": ("liv", "lyve"), "minute": ("minnit", "my newt"), "read": ("reed", "red"), "resume": ("rezoom", "rezumay"),
    "tear": ("tier", "tare"), "wound": ("woond", "wownd"),
}  # fmt: skip
"""Words of one spelling and two sounds -> how either can be written."""
_WORDS = re.compile(rf"(?<![\w'’])(?:{'|'.join(SOUNDS)})(?![\w'’])", re.IGNORECASE)


def is_one(written: str) -> bool:
    """Whether what a rule has read could mean something else."""
    return SEVERAL.fullmatch(written.strip()) is not None


def words(text: str) -> list[tuple[int, int, tuple[str, str]]]:
    """(start, end, the ways to write its sounds) of each word that is said in two ways."""
    return [(m.start(), m.end(), SOUNDS[m[0].lower()]) for m in _WORDS.finditer(text)]
