"""The positions of a script's words, so that overlays can be tied to selected words and shown beside them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext

from rendering.stages import painting
from rendering.stages import script as script_stage
from rendering.values import BadInput, Overlay, VideoFormat
from studio.models import Scene
from studio.models.mending import SIZES
from studio.projects import composition, overlays
from studio.projects.manuscript import MARKS

HEIGHT = 540  # of the frame in which boxes are measured, its short side in pixels
LONGEST_QUOTE = 48

Range = tuple[int, int]


def word_ranges(script: str, markup: str) -> list[list[Range]]:
    """Per line, the characters of the script that each of its words takes, marks left out.

    As many words as captions show: if marks make the numbers differ, the last one repeats.
    """
    try:
        lines = script_stage.lines(script, markup)
    except BadInput:
        return []
    found = []
    for line, shown in zip(lines, overlays.words_of(script, markup), strict=True):
        plain = MARKS.sub(lambda mark: " " * len(mark[0]), script[line.start : line.end])
        words = [
            (line.start + word.start(), line.start + word.end())
            for word in re.finditer(r"\S+", plain)
            if re.search(r"\w", word[0])
        ]
        while words and len(words) < len(shown):
            words.append(words[-1])
        found.append(words[: len(shown)])
    return found


def anchors_of(script: str, markup: str, start: int, end: int) -> tuple[dict, dict]:
    """The first and the last word that the characters from `start` to `end` touch. Raises BadInput if they touch none."""
    touched = [
        (number, word)
        for number, line in enumerate(word_ranges(script, markup), start=1)
        for word, (first, last) in enumerate(line, start=1)
        if first < max(end, start + 1) and last > start
    ]
    if not touched:
        raise BadInput(
            gettext("First select the words that it should appear with, then add it."),
            code="missing_field",
        )
    (line, word), (last_line, last_word) = touched[0], touched[-1]
    return {"line": line, "word": word}, {"line": last_line, "word": last_word}


def find(script: str, markup: str, words: str) -> tuple[dict, dict]:
    """The anchors of these words in the script. Raises BadInput if the script does not say them."""
    wanted = [_bare(word) for word in words.split() if _bare(word)]
    positions = [
        (number, word, _bare(script[start:end]))
        for number, line in enumerate(word_ranges(script, markup), start=1)
        for word, (start, end) in enumerate(line, start=1)
    ]
    said = "".join(f"\n{word}" for _, _, word in positions) + "\n"
    start = said.find("".join(f"\n{word}" for word in wanted) + "\n") if wanted else -1
    if start >= 0:
        at = said.count("\n", 0, start)
        (line, word, _), (last_line, last_word, _) = positions[at], positions[at + len(wanted) - 1]
        return {"line": line, "word": word}, {"line": last_line, "word": last_word}
    raise BadInput(
        f"“{words[:80]}” is not said in this scene. Write the words as they stand in the script.",
        code="invalid_field",
        field="words",
    )


def _bare(word: str) -> str:
    return re.sub(r"\W", "", word).casefold()


@dataclass(frozen=True)
class Shown:
    """An overlay as the inspector lists it. box: left, top, width and height in thousandths of the frame."""

    number: int
    row: dict[str, Any]
    name: str
    words: str  # as the script has them
    start: int | None  # characters of the script
    end: int | None
    box: tuple[int, int, int, int] | None
    picture: Any = None

    @property
    def quote(self) -> str:
        short = len(self.words) <= LONGEST_QUOTE
        return self.words if short else f"{self.words[: LONGEST_QUOTE - 1]}…"

    @property
    def size(self) -> str:
        return f"{100 * self.row['size']:g}"

    @property
    def least(self) -> str:
        return f"{100 * SIZES['text' if self.row['text'] else 'picture'][0]:g}"

    @property
    def most(self) -> str:
        return f"{100 * SIZES['text' if self.row['text'] else 'picture'][1]:g}"


def shown_overlays(scene: Scene) -> list[Shown]:
    if not scene.overlays:
        return []
    ranges = word_ranges(scene.script, scene.markup)
    pictures = composition.pictures_of(scene)
    found = []
    for number, row in enumerate(scene.overlays, start=1):
        start, end = _span(row, ranges)
        words = " ".join(MARKS.sub(" ", scene.script[start:end]).split()) if end else ""
        picture = pictures.get(row["asset_id"])
        found.append(
            Shown(
                number=number,
                row=row,
                name=" ".join(row["text"].split()) or (picture.name if picture else "Picture"),
                words=words,
                start=start,
                end=end,
                box=_box(scene, row, picture),
                picture=picture,
            )
        )
    return found


def _span(row: dict[str, Any], ranges: list[list[Range]]) -> tuple[int | None, int | None]:
    """The characters that the overlay is tied to; none for one that is shown all the time."""
    if row["from"] is None and row["to"] is None:
        return None, None
    words = [word for line in ranges for word in line]
    if not words:
        return None, None

    def range_of(anchor: dict[str, int] | None, usual: Range) -> Range:
        if anchor is None:
            return usual
        line = ranges[min(anchor["line"], len(ranges)) - 1]
        return line[min(anchor["word"], len(line)) - 1] if line else usual

    start, end = range_of(row["from"], words[0])[0], range_of(row["to"], words[-1])[1]
    return (start, end) if start < end else (None, None)


def _box(scene: Scene, row: dict[str, Any], picture: Any) -> tuple[int, int, int, int] | None:
    if not row["text"] and picture is None:
        return None
    video = VideoFormat.of(scene.project.aspect, HEIGHT)
    overlay = Overlay(
        text=row["text"],
        picture=picture.path if picture else None,
        sha256=picture.sha256 if picture else "",
        position=row["position"],
        x=row["x"],
        y=row["y"],
        size=row["size"],
        style=row["style"],
    )
    try:
        patch = painting.drawn(overlay, video, scene.project.font)
    except (BadInput, OSError):
        return None
    height, width = patch.rgba.shape[:2]
    return (
        round(1000 * patch.left / video.width),
        round(1000 * patch.top / video.height),
        round(1000 * width / video.width),
        round(1000 * height / video.height),
    )
