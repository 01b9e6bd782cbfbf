"""Corrections of a cut-out by hand: strokes of a brush that keep or take away what they cover."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from rendering.values import BadInput
from rendering.words import gettext

MOST_STROKES, MOST_POINTS = 300, 20_000
THINNEST, WIDEST = 0.002, 0.25  # radius of a brush
FINE = 4  # fractional bits of the points that OpenCV draws

Marks = NDArray[np.int8]
"""(rows, columns): 1 where a stroke keeps, -1 where one takes away, 0 elsewhere; the last stroke counts."""


@dataclass(frozen=True, slots=True)
class Stroke:
    """A line of a brush. radius: share of the picture's width. points: (x, y) as shares of its width and height."""

    keep: bool
    radius: float
    points: tuple[tuple[float, float], ...]

    @property
    def plain(self) -> dict[str, Any]:
        return {
            "keep": self.keep,
            "radius": self.radius,
            "points": [list(at) for at in self.points],
        }


def read(plain: Any) -> list[Stroke]:
    """Strokes from JSON: [{"keep", "radius", "points": [[x, y], …]}, …]. Raises BadInput if they are none, or too many."""
    if not isinstance(plain, list):
        raise _not_strokes()
    if len(plain) > MOST_STROKES:
        raise BadInput(
            gettext(
                "There are {count} strokes; at most {most} are taken. Use a larger brush."
            ).format(count=len(plain), most=MOST_STROKES),
            code="invalid_field",
        )
    found, count = [], 0
    for one in plain:
        if not isinstance(one, dict) or not isinstance(one.get("keep"), bool):
            raise _not_strokes()
        points = one.get("points")
        if not isinstance(points, list) or not points:
            raise _not_strokes()
        count += len(points)
        if count > MOST_POINTS:
            raise BadInput(
                gettext("The strokes are too long to be taken; use a larger brush."),
                code="invalid_field",
            )
        places = tuple(_place(point) for point in points)
        radius = min(max(_number(one.get("radius")), THINNEST), WIDEST)
        found.append(Stroke(one["keep"], radius, places))
    return found


def _place(point: Any) -> tuple[float, float]:
    if not isinstance(point, list) or len(point) != 2:
        raise _not_strokes()
    x, y = (min(max(_number(value), 0.0), 1.0) for value in point)
    return round(x, 4), round(y, 4)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _not_strokes()
    if (isinstance(value, int) and abs(value) > 9) or not math.isfinite(value):
        raise _not_strokes()
    return float(value)


def _not_strokes() -> BadInput:
    return BadInput(
        gettext("The strokes could not be read; load the page again and repeat them."),
        code="invalid_field",
    )


def painted(strokes: Sequence[Stroke], rows: int, columns: int) -> Marks:
    """The strokes on a picture of that size."""
    found = np.zeros((rows, columns), np.uint8)  # 0 nothing, 1 taken away, 2 kept
    for stroke in strokes:
        line = np.array(stroke.points) * (columns - 1, rows - 1) * 2**FINE
        thick = max(1, round(2 * stroke.radius * columns))
        value = 2 if stroke.keep else 1
        path = np.round(line).astype(np.int32)
        cv2.polylines(found, [path], False, value, thick, cv2.LINE_8, FINE)
        for end in (path[0], path[-1]):
            radius = round(thick / 2 * 2**FINE)
            cv2.circle(found, (int(end[0]), int(end[1])), radius, value, -1, cv2.LINE_8, FINE)
    return np.array([0, -1, 1], np.int8)[found]
