"""Captions of a scene that were changed by hand: rows of JSON, hung on their words, and the list to change them in.

A row is {"id", "from": {"line", "word"}, "to": {"line", "word"}, "said", "text", "start", "end"}. Lines and words are counted
from 1. It holds as long as its words are those in "said": where these are changed, the caption follows the script again.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rendering import pipeline, queue
from rendering.stages import alignment, captions, lettering, speech
from rendering.values import BadInput, CueEdit, LineSpec, Script, Word
from studio import overlays
from studio.manuscript import rough_seconds
from studio.models import Scene

MOST = 500
FARTHEST = 3.0  # seconds that a caption comes or goes earlier or later


def checked(rows: Any) -> list[dict[str, Any]]:
    """The rows as they are kept. BadInput names the field that is wrong."""
    if not isinstance(rows, list) or len(rows) > MOST:
        raise BadInput(f"At most {MOST} captions of a scene can be changed.", field="cues")
    try:
        return [_checked(row) for row in rows]
    except (KeyError, TypeError, ValueError):
        raise BadInput(
            "The captions could not be read; load the page again.", field="cues"
        ) from None


def _checked(row: dict[str, Any]) -> dict[str, Any]:
    text = " ".join(str(row["text"]).split())
    if text:
        captions.wrapped(text)
        lettering.check(text, path="text")
    return {
        "id": str(row.get("id") or secrets.token_hex(4))[:32],
        "from": _anchor(row["from"]),
        "to": _anchor(row["to"]),
        "said": str(row["said"])[:400],
        "text": text,
        "start": shift_of(row["start"], "start"),
        "end": shift_of(row["end"], "end"),
    }


def _anchor(plain: dict[str, Any]) -> dict[str, int]:
    return {"line": max(1, int(plain["line"])), "word": max(1, int(plain["word"]))}


def shift_of(value: Any, name: str) -> float:
    try:
        seconds = round(float(value or 0), 2)
    except ValueError:
        seconds = FARTHEST + 1
    if not abs(seconds) <= FARTHEST:
        raise BadInput(
            f"A caption comes and goes at most {FARTHEST:g} seconds earlier or later; write a number such as 0.4 or -0.4.",
            code="invalid_field",
            field=name,
        )
    return seconds


def holds(row: dict[str, Any], words: Sequence[Sequence[str]]) -> bool:
    """Whether the row still stands for the words that it was made for."""
    line = row["from"]["line"]
    if line != row["to"]["line"] or line > len(words):
        return False
    said = words[line - 1][row["from"]["word"] - 1 : row["to"]["word"]]
    return " ".join(said) == row["said"]


def of_lines(scene: Scene, words: Sequence[Sequence[str]]) -> list[tuple[CueEdit, ...]]:
    """What was changed, of each line. words: of each line, as captions show them."""
    found: list[list[CueEdit]] = [[] for _ in words]
    for row in scene.cues:
        if holds(row, words):
            first, last = row["from"]["word"] - 1, row["to"]["word"] - 1
            edit = CueEdit(first, last, row["text"], row["start"], row["end"])
            found[row["from"]["line"] - 1].append(edit)
    return [tuple(line) for line in found]


@dataclass(frozen=True)
class ShownCue:
    """A caption as it can be changed. start and end: seconds of the scene."""

    line: int
    first: int  # words of the line, from 1
    last: int
    said: str
    text: str
    start: float
    end: float
    pace: float
    row: dict[str, Any] | None
    lost: str  # a text that was written for other words

    @property
    def fast(self) -> bool:
        return self.pace > captions.PACE

    @property
    def key(self) -> str:
        return f"{self.line}-{self.first}-{self.last}"


@dataclass(frozen=True)
class ShownCues:
    cues: tuple[ShownCue, ...]
    exact: bool  # every line was spoken, so the times are those of the video


def shown_cues(scene: Scene, specs: Sequence[LineSpec]) -> ShownCues:
    """The captions of the scene, line after line. What cannot be read is left out."""
    scripts: list[tuple[LineSpec, Script | None]] = []
    for spec in specs:
        try:
            scripts.append((spec, pipeline.read_script(spec)))
        except BadInput:
            scripts.append((spec, None))
    words = [overlays.words_of_line(script) if script else [] for _, script in scripts]
    edits = of_lines(scene, words)
    found: list[ShownCue] = []
    exact, begin = True, 0.0
    for number, (spec, script) in enumerate(scripts, start=1):
        if script is None:
            continue
        timed, seconds, spoken = _timed(spec, script)
        exact = exact and spoken
        for cue in captions.cues(timed, edits[number - 1]):
            found.append(_shown(scene, number, words, cue, begin))
        begin += seconds
    return ShownCues(tuple(found), exact)


def _shown(
    scene: Scene, line: int, words: Sequence[Sequence[str]], cue: captions.Cue, begin: float
) -> ShownCue:
    first, last = cue.first + 1, cue.last + 1
    mine = [row for row in scene.cues if row["from"]["line"] == line]
    here = lambda row: row["from"]["word"] <= last and row["to"]["word"] >= first  # noqa: E731
    row = next((row for row in mine if here(row) and holds(row, words)), None)
    stale = next((row for row in mine if here(row) and not holds(row, words)), None)
    return ShownCue(
        line=line,
        first=first,
        last=last,
        said=" ".join(words[line - 1][first - 1 : last]),
        text=cue.text,
        start=begin + cue.start,
        end=begin + cue.end,
        pace=captions.pace(cue),
        row=row,
        lost=stale["text"] if stale and row is None else "",
    )


def _timed(spec: LineSpec, script: Script) -> tuple[Sequence[Word], float, bool]:
    """The words with their times, the length of the line, and whether it was spoken already."""
    store = queue.store()
    if speech.cached(script, spec.voice, speed=spec.speed, store=store):
        spoken = speech.run(script, spec.voice, speed=spec.speed, store=store)
        return alignment.run(script, spoken).words, spoken.seconds, True
    seconds = rough_seconds(spec.text, spec.speed)
    words = overlays.words_of_line(script)
    weights = [len(word) + 2 for word in words]
    found, at = [], 0.3
    for word, weight in zip(words, weights, strict=True):
        length = (seconds - 0.6) * weight / sum(weights)
        found.append(Word(word, at, at + length))
        at += length
    return found, seconds, False


def changed(scene: Scene, cue: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows with this one in the place of those on the same words. `cue` is a row without id; back to the script where
    nothing differs from it."""
    line, first, last = cue["from"]["line"], cue["from"]["word"], cue["to"]["word"]
    rest = [
        row
        for row in scene.cues
        if row["from"]["line"] != line or row["to"]["word"] < first or row["from"]["word"] > last
    ]
    plain = cue["text"] in ("", cue["said"]) and not cue["start"] and not cue["end"]
    return checked(
        rest
        if plain
        else [*rest, {**cue, "text": "" if cue["text"] == cue["said"] else cue["text"]}]
    )
