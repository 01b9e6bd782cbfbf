"""The answers that describe captions. A resource always has all of its fields."""

from __future__ import annotations

from typing import Any, Literal

from ninja import Schema
from pydantic import Field

from studio.models import Scene
from studio.projects import cues
from studio.renders import plan


class Caption(Schema):
    """Belongs to words of a line, and stays with them when the script changes."""

    id: str
    object: Literal["caption"]
    scene: int = Field(description="Counted from 1, as are the line and the words.")
    line: int
    first_word: int
    last_word: int
    said: str
    text: str
    start: float = Field(description="Seconds from the start of the scene.")
    end: float
    start_shift: float
    end_shift: float
    edited: bool = Field(description="Whether anything of it was changed by hand.")
    characters_per_second: float
    too_fast: bool = Field(description="More than 20 characters a second.")


class CaptionList(Schema):
    exact: bool = Field(description="False if times are estimates: a line was not spoken yet.")
    data: list[Caption]


def resource(scene: Scene, number: int, cue: cues.ShownCue) -> dict[str, Any]:
    start, end = cue.shifts
    return {
        "id": f"{scene.pk}-{cue.key}",
        "object": "caption",
        "scene": number,
        "line": cue.line,
        "first_word": cue.first,
        "last_word": cue.last,
        "said": cue.said,
        "text": " ".join(cue.text.split()),
        "start": round(cue.start, 3),
        "end": round(cue.end, 3),
        "start_shift": start,
        "end_shift": end,
        "edited": cue.row is not None,
        "characters_per_second": round(cue.pace, 1),
        "too_fast": cue.fast,
    }


def listed(scenes: list[tuple[int, Scene]]) -> dict[str, Any]:
    exact, found = True, []
    for number, scene in scenes:
        captions = shown(scene)
        exact = exact and captions.exact
        found += [resource(scene, number, cue) for cue in captions.cues]
    return {"exact": exact, "data": found}


def shown(scene: Scene) -> cues.ShownCues:
    return cues.shown_cues(scene, plan.line_specs(scene))
