"""The margin of a script: each line's number, length, state and warnings."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.urls import reverse

from rendering.stages import runs
from rendering.stages import script as script_stage
from rendering.values import BadInput, Guess, Warn
from studio.models import Scene

if TYPE_CHECKING:
    from studio.renders.plan import Plan

WORDS_A_SECOND = 2.55
"""Of the voices at their own pace, pauses included; the estimate of the plan replaces it."""

MOST_GUESSES = 12  # that a line shows
MARKS = re.compile(r"\[pause ([\d.]+)s?\]|<[^<>]*>|\[[^\[\]]*\]")


@dataclass(frozen=True)
class MarginLine:
    number: int
    start: int  # characters of the scene's script
    end: int
    seconds: float
    state: str  # "kept" | "changed" | ""
    exact: bool = False
    warnings: tuple[Warn, ...] = ()  # offsets are those of the scene's script
    guesses: tuple[Guess, ...] = ()
    stopped: str = ""  # why this line cannot be rendered
    sound: str = ""  # the address of its sound


def words_of(text: str) -> int:
    return len(MARKS.sub(" ", text).split())


def rough_seconds(text: str, speed: float) -> float:
    """Seconds of a line from its words and pauses alone."""
    pauses = sum(runs.pause_of(mark[1] or "") or 0.0 for mark in MARKS.finditer(text))
    return words_of(text) / WORDS_A_SECOND / speed + pauses + 0.6


def source_lines(scene: Scene) -> tuple[script_stage.SourceLine, ...]:
    """The lines of a scene; none if the script cannot be read at all."""
    try:
        return script_stage.lines(scene.script, scene.markup)
    except BadInput:
        return ()


def rough_margin(scene: Scene) -> list[MarginLine]:
    """The margin without a plan: lengths by the number of words, no states or warnings."""
    return [
        MarginLine(
            number=n,
            start=line.start,
            end=line.end,
            seconds=rough_seconds(line.text, scene.speed),
            state="",
            sound=reverse("line_sound", args=[scene.pk, n]),
        )
        for n, line in enumerate(source_lines(scene), start=1)
    ]


def margins(
    scenes: Iterable[Scene],
    plan: Plan | None,
    *,
    delivered: bool,
    stopped: dict[tuple[int, int], str],
) -> dict[str, list[MarginLine]]:
    """Scene id -> its margin. `delivered`: an earlier video exists, so the state of a line is kept or changed.

    `stopped` maps (scene number, line number) to the sentence that says why it cannot be rendered.
    """
    planned = {(line.scene_number, line.line_number): line for line in plan.lines} if plan else {}
    found: dict[str, list[MarginLine]] = {}
    for scene_number, scene in enumerate(scenes, start=1):
        rows = []
        for rough in rough_margin(scene):
            where = (scene_number, rough.number)
            line = planned.get(where)
            fields: dict[str, Any] = {"stopped": stopped.get(where, "")}
            if line is not None:
                fields |= {
                    "seconds": line.seconds,
                    "exact": line.exact,
                    "state": ("kept" if line.paid else "changed") if delivered else "",
                    "warnings": tuple(
                        Warn(w.code, w.message, w.start + rough.start, w.end + rough.start)
                        for w in line.warnings
                    ),
                    "guesses": tuple(
                        replace(g, start=g.start + rough.start, end=g.end + rough.start)
                        for g in line.guesses[:MOST_GUESSES]
                    ),
                }
            rows.append(MarginLine(**{**_fields(rough), **fields}))
        found[scene.pk] = rows
    return found


def _fields(line: MarginLine) -> dict[str, Any]:
    return {name: getattr(line, name) for name in MarginLine.__dataclass_fields__}
