"""Captions of a scene that were changed by hand: rows of JSON, tied to their words, and the list to change them in.

A row is {"id", "from": {"line", "word"}, "to": {"line", "word"}, "said", "text", "start", "end", "parted"}. Lines and words are
counted from 1. A row holds as long as its words are those in "said"; if they change, the caption follows the script again.
"parted" says that it was divided or joined by hand, so that its words stay together even if nothing else is changed.
"""

from __future__ import annotations

import copy
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rendering import pipeline, storage
from rendering.stages import alignment, captions, lettering, speech
from rendering.values import BadInput, CueEdit, LineSpec, Script, Word
from studio.models import Scene
from studio.projects import overlays
from studio.projects.manuscript import rough_seconds

MOST = 500
FARTHEST_WORD = 100_000
FARTHEST = 3.0  # seconds that a caption comes or goes earlier or later


def checked(rows: Any) -> list[dict[str, Any]]:
    """The rows as they are stored. Raises BadInput, which names the field that is wrong."""
    if not isinstance(rows, list) or len(rows) > MOST:
        raise BadInput(f"At most {MOST} captions of a scene can be changed.", field="cues")
    try:
        return [_checked(row) for row in rows]
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError):
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
        "parted": bool(row.get("parted")),
    }


def _anchor(plain: dict[str, Any]) -> dict[str, int]:
    return {name: min(max(1, int(plain[name])), FARTHEST_WORD) for name in ("line", "word")}


def shift_of(value: Any, name: str) -> float:
    try:
        seconds = round(float(value or 0), 2)
    except (ValueError, OverflowError):
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
    """The edits of each line. words: those of each line, as captions show them."""
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
    joinable: bool  # another one of its line follows

    @property
    def fast(self) -> bool:
        return self.pace > captions.PACE

    @property
    def key(self) -> str:
        return f"{self.line}-{self.first}-{self.last}"

    @property
    def own(self) -> str:
        """Its text, if somebody wrote one."""
        return self.row["text"] if self.row else ""

    @property
    def shifts(self) -> tuple[float, float]:
        """Seconds that it comes and goes later than its words."""
        return (self.row["start"], self.row["end"]) if self.row else (0.0, 0.0)

    @property
    def differs(self) -> bool:
        """Whether its text or its times are not those of its words."""
        return bool(self.own or any(self.shifts))

    @property
    def divisible(self) -> bool:
        return self.last > self.first


@dataclass(frozen=True)
class ShownCues:
    cues: tuple[ShownCue, ...]
    exact: bool  # every line was spoken, so the times are those of the video

    def find(self, key: str) -> ShownCue | None:
        return next((cue for cue in self.cues if cue.key == key), None)

    def after(self, cue: ShownCue) -> ShownCue | None:
        """The next caption of the same line."""
        return next((c for c in self.cues if (c.line, c.first) == (cue.line, cue.last + 1)), None)


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
    exact, lines = True, []
    for (spec, script), changes in zip(scripts, edits, strict=True):
        timed, seconds, spoken = _timed(spec, script) if script else ((), 0.0, True)
        exact = exact and spoken
        lines.append((timed, changes, seconds))
    found = [
        _shown(scene, number, words, cue)
        for number, line in enumerate(captions.of_lines(lines), start=1)
        for cue in line
    ]
    return ShownCues(tuple(found), exact)


def _shown(scene: Scene, line: int, words: Sequence[Sequence[str]], cue: captions.Cue) -> ShownCue:
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
        start=cue.start,
        end=cue.end,
        pace=captions.pace(cue),
        row=row,
        lost=stale["text"] if stale and row is None else "",
        joinable=last < len(words[line - 1]),
    )


def _timed(spec: LineSpec, script: Script) -> tuple[Sequence[Word], float, bool]:
    """The words with their times, the length of the line, and whether it was spoken already."""
    store = storage.store()
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


def changed(
    scene: Scene, cue: ShownCue, text: str, start: float = 0.0, end: float = 0.0
) -> list[dict[str, Any]]:
    """The rows with this text and these shifts for the caption; none for it if nothing differs from the script.

    text: "" for what is said. start and end: seconds that it comes and goes later. Raises BadInput if they do not fit.
    """
    parted = bool(cue.row and cue.row.get("parted"))
    row = _row(cue.line, cue.first, cue.said, text, start, end, parted=parted)
    plain = not (row["text"] or row["start"] or row["end"] or parted)
    return _with(scene, cue.line, cue.first, cue.last, [] if plain else [row])


def divided(
    scene: Scene,
    cue: ShownCue,
    text: str,
    start: float = 0.0,
    end: float = 0.0,
    *,
    caret: int | None = None,
) -> tuple[list[dict[str, Any]], str]:
    """(the rows with the caption as two, key of the second). The first comes, and the second goes, when the whole did.

    text: of the whole; if it is not what is said, the words are divided in the same proportion. caret: characters of the
    text before the cut, which falls after the word there, or in the middle if a part would be left empty.
    Raises BadInput for a caption of one word.
    """
    shown, said = text.split() or cue.said.split(), cue.said.split()
    if len(said) < 2 or len(shown) < 2:
        raise BadInput(
            "A caption of one word cannot be divided.", code="invalid_field", field="text"
        )
    cut = 0 if caret is None else len(text[: max(0, caret)].split())
    if not 0 < cut < len(shown):
        cut = len(shown) // 2
    at = cut if shown == said else min(max(round(cut / len(shown) * len(said)), 1), len(said) - 1)
    second = cue.first + at
    parts = [
        _row(
            cue.line, cue.first, " ".join(said[:at]), " ".join(shown[:cut]), start, 0, parted=True
        ),
        _row(cue.line, second, " ".join(said[at:]), " ".join(shown[cut:]), 0, end, parted=True),
    ]
    rows = _with(scene, cue.line, cue.first, cue.last, parts)
    return rows, f"{cue.line}-{second}-{cue.last}"


def joined(
    scene: Scene, specs: Sequence[LineSpec], cue: ShownCue, following: ShownCue, text: str = ""
) -> tuple[list[dict[str, Any]], str]:
    """(the rows with both captions as one, its key). text: of the first, "" for what it shows now.

    Raises BadInput if they do not fit into one. A caption that the script gives by itself needs no row.
    """
    said = f"{cue.said} {following.said}"
    whole = " ".join(f"{text or cue.own or cue.said} {following.own or following.said}".split())
    try:
        captions.wrapped(whole)
    except BadInput:
        raise BadInput(
            f"Together they are longer than {captions.LINES} lines of {captions.WIDTH} characters; shorten one of them first.",
            code="invalid_field",
            field="text",
        ) from None
    start, end = cue.shifts[0], following.shifts[1]
    key = f"{cue.line}-{cue.first}-{following.last}"
    bare = copy.copy(scene)
    bare.cues = _with(scene, cue.line, cue.first, following.last, [])
    natural = shown_cues(bare, specs).find(key) is not None
    row = _row(cue.line, cue.first, said, whole, start, end, parted=not natural)
    plain = natural and not (row["text"] or start or end)
    return _with(scene, cue.line, cue.first, following.last, [] if plain else [row]), key


def _row(
    line: int, first: int, said: str, text: str, start: float, end: float, *, parted: bool
) -> dict[str, Any]:
    text = " ".join(text.split())
    return {
        "from": {"line": line, "word": first},
        "to": {"line": line, "word": first + len(said.split()) - 1},
        "said": said,
        "text": "" if text == said else text,
        "start": start,
        "end": end,
        "parted": parted,
    }


def _with(
    scene: Scene, line: int, first: int, last: int, rows: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The rows of the scene with these instead of those on the same words."""
    rest = [
        row
        for row in scene.cues
        if row["from"]["line"] != line or row["to"]["word"] < first or row["from"]["word"] > last
    ]
    return checked([*rest, *rows])
