"""How far the head of a photo may turn: until the background is seen through a crack, or skin folds, or a cut edge comes in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from rendering.faces import Avatar
from rendering.faces.portrait import Gauge, Portrait
from rendering.stages import motion
from rendering.values import Extent

FACE = 200.0  # pixels of a face's height at which it is tried
TRIED = (8.0, 7.0, 6.0, 5.0, 4.0, 3.0)  # degrees of yaw
TILTED = (5.0, 4.0, 3.0, 2.0)  # degrees of roll
LEAST = 2.0, 1.0  # degrees of either that any photo gets
WITH = ((0.0, 0.0), (0.45, 0.35), (-0.45, -0.35))  # pitch and roll for each degree of yaw
SPEAKS = {"jaw": 0.7, "lower": 0.3, "smile": 0.3}  # what stretches the skin meanwhile
FOLDED = 0.25  # least determinant of a map: targets.py wants .2 of a film
CRACKED = 10  # pixels of cracks more than at rest, of a face FACE pixels high
OPEN = 0.6  # of a pixel: with less of the person, the background is seen
NEAR = 15, 60, 70
"""Pixels: how wide a crack is at most, and the rows above and below the chin in which one is looked for."""
CUT = 4.0  # degrees for hair, or a crown, that the photo cuts off: farther, and the edge is seen to move
OWN_GROUND = 5.0  # and before the photo's own background, of which nobody knows what the head hides
REST = dict.fromkeys(motion.TRACKS, 0.0)
ASIDE = 0.2  # degrees less for each by which the head is turned in the photo


def of(folder: Path, extent: Extent, yaw: float, *, own_ground: bool) -> tuple[float, float]:
    """Degrees by which the head of the pack in `folder` may turn, and tilt, to either side. yaw: of the head in the photo."""
    most = TRIED[0] - ASIDE * abs(yaw)
    sides = [side for side in (extent.left_from, extent.right_from) if side is not None]
    if extent.cut or (sides and min(sides) < 0):
        most = min(most, CUT)
    if own_ground:
        most = min(most, OWN_GROUND)
    person = Portrait(Avatar("0" * 64, "", "", (), "", "", "", "0" * 64, folder), FACE)
    still = cracks(person, SPEAKS)

    def farthest(
        tried: tuple[float, ...], corners: Callable[[float], list[dict[str, float]]]
    ) -> float | None:
        for degrees in tried:
            if all(_stands(person, pose, still) for pose in corners(degrees)):
                return degrees
        return None

    turn = farthest(tuple(degrees for degrees in TRIED if degrees <= most), poses)
    return turn or LEAST[0], farthest(TILTED, tilts) or LEAST[1]


def tilts(degrees: float) -> list[dict[str, float]]:
    return [{"roll": degrees}, {"roll": -degrees}]


def poses(degrees: float) -> list[dict[str, float]]:
    """The far corners of what a head does that turns by so many degrees."""
    return [
        {"yaw": way * degrees, "pitch": pitch * degrees, "roll": way * roll * degrees}
        for way in (1, -1)
        for pitch, roll in WITH
    ]


def _stands(person: Portrait, pose: dict[str, float], still: int) -> bool:
    """Whether nothing cracks and nothing folds in a pose, while the mouth speaks."""
    gauge = Gauge()
    return cracks(person, {**SPEAKS, **pose}, gauge) <= still + CRACKED and gauge.jacobian > FOLDED


def cracks(person: Portrait, pose: dict[str, float], gauge: Gauge | None = None) -> int:
    """Pixels around the chin that let the ground through, with the person close on both sides."""
    tracks = {**REST, **pose}
    rows, columns = person.body.shape[:2]
    x0, y0, x1, y1 = person.box
    wide, above, below = (round(share * person.size / FACE) for share in NEAR)
    chin = int(person.face.flat[152, 1]) + y0
    first, last = max(0, chin - above), min(rows, chin + below)
    body = person.draw_body(tracks, 0, first, columns, last - first)[..., 3] / 255
    head = person.draw(tracks, gauge)[..., 3] / 255
    over = np.zeros_like(body)
    top, foot = max(first, y0), min(last, y1)
    left, right = max(0, x0), min(columns, x1)
    over[top - first : foot - first, left:right] = head[
        top - y0 : foot - y0, left - x0 : right - x0
    ]
    covered = (over + body * (1 - over) > OPEN).astype(np.uint8)
    closed = cv2.morphologyEx(covered, cv2.MORPH_CLOSE, np.ones((1, wide), np.uint8))
    return int((closed > covered).sum())
