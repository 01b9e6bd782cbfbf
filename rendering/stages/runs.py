"""Runs of text with a manner: what the readers of plain text, markdown and SSML make of what was typed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from rendering.values import BadInput

DEEPEST = 16
MOST_TAGS = 1000
LONGEST_PAUSE = 10.0  # seconds
MARKS = ("smile", "nod", "look left", "look right", "look up", "look down")
"""What a face does on request."""
NO_MARK = (
    "{} is read aloud as it stands; the marks are [pause 1s], "
    + ", ".join(f"[{name}]" for name in MARKS[:-1])
    + f" and [{MARKS[-1]}]."
)


@dataclass(frozen=True, slots=True)
class Manner:
    """How a run is spoken."""

    emphasis: Literal["none", "moderate", "strong"] = "none"
    rate: float = 1.0
    pitch: float = 0.0  # semitones


@dataclass(frozen=True, slots=True)
class Run:
    """source[start:end] reads `text`.

    kind: "text"; "break" (a sentence ends here); "pause" (value: seconds); "said" (value: the words
    spoken instead); "phonemes" (value: the sounds in IPA); "mark" (value: one of MARKS).
    """

    text: str
    start: int
    end: int
    manner: Manner = Manner()
    kind: str = "text"
    value: str = ""


def refused(sentence: str, start: int = 0, end: int = 0) -> BadInput:
    return BadInput(sentence, code="text_unspeakable", start=start, end=end)


def pause_of(text: str) -> float | None:
    """Seconds of "0.5", "0,5s", "500ms" or "2 seconds"; None for anything else."""
    match = re.fullmatch(
        r"\+?(\d{1,6}(?:[.,]\d{1,6})?|[.,]\d{1,6})\s*(ms|milliseconds?|s|secs?\.?|seconds?|)",
        text.strip().lower(),
    )
    return (
        float(match[1].replace(",", ".")) / (1000 if match[2].startswith("m") else 1)
        if match
        else None
    )


def pause(text: str, start: int, end: int) -> Run:
    seconds = pause_of(text)
    if seconds is None:
        raise refused(f"{text[:20]!r} is no length of a pause; write it like 0.5s.", start, end)
    if seconds > LONGEST_PAUSE:
        raise refused(f"A pause of {seconds:g} seconds is too long; use at most 10.", start, end)
    return Run("", start, end, kind="pause", value=str(seconds))
