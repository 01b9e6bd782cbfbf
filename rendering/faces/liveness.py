"""Whether a living person is in front of the camera: they did what was asked of them just now, as no flat picture can.

Several pictures are taken: looking straight ahead, doing each thing that was asked, and straight again. All show the
person of the portrait; each shows what was asked; where the head turns, its landmarks move as those of a solid head
and not as those of a print or a screen, which one homography explains (Hartley and Zisserman, "Multiple View
Geometry", 2004, section 13.1); and none is a copy of the portrait or of another.

What it cannot detect: a film that a program in place of the camera makes while it is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from rendering.faces import checks, identity, tracker
from rendering.faces.geometry import OVAL
from rendering.values import BadInput, Frame

TURNS, EXPRESSIONS = ("left", "right", "up"), ("open", "shut")
"""What is asked for: the person's own left and right, a look up; an open mouth, shut eyes."""

SMALLEST = 90  # pixels between the ears
STRAIGHT = 14.0  # degrees of yaw that still look straight ahead; a webcam stands where it stands
TURNED, LIFTED, TOO_FAR = 11.0, 7.0, 45.0  # degrees against the straight look
OPEN = 5.0  # percent of the face's height by which the lips part
SHUT, NOT_SHUT = 0.45, 0.40  # expression blink
SOLID = (
    0.011  # of the face's height: what a homography leaves unexplained of a solid head that turns
)
COPY = 0.98  # correlation of fine detail from which one picture is a copy of the other
FACE = 160  # pixels of the square in which two faces are compared

Points = NDArray[np.float64]
RIGID = sorted(
    {
        1,
        4,
        5,
        6,
        9,
        10,
        33,
        48,
        50,
        98,
        101,
        109,
        117,
        123,
        127,
        133,
        151,
        168,
        195,
        197,
        234,
        263,
        278,
        280,
        327,
        330,
        338,
        346,
        352,
        356,
        362,
        454,
        8,
        107,
        336,
        205,
        425,
    }
)
"""Landmarks that neither lips nor lids move: brow to nose, cheekbones, corners of the eyes, temples."""


@dataclass(frozen=True, slots=True)
class Shot:
    """What is measured in one picture. yaw and pitch: degrees; gap: percent of the face's height; blink: 0..1."""

    asked: str
    distance: float
    yaw: float
    pitch: float
    gap: float
    blink: float


@dataclass(frozen=True, slots=True)
class Seen:
    """The result: each picture; how solid the turning head was (see SOLID); how alike the two most similar pictures are
    (COPY)."""

    shots: tuple[Shot, ...]
    solid: float
    alike: float

    def plain(self) -> dict[str, Any]:
        shots = [
            {
                name: value if isinstance(value, str) else round(value, 4)
                for name, value in asdict(shot).items()
            }
            for shot in self.shots
        ]
        return {"shots": shots, "solid": round(self.solid, 4), "alike": round(self.alike, 4)}


def check(portrait: Frame, frames: Sequence[Frame], asked: Sequence[str]) -> Seen:
    """What is seen in `frames`, RGB of a camera, one for each of `asked`: "straight" first and last, TURNS and
    EXPRESSIONS between.

    portrait: the face to compare with, RGB. Raises BadInput with `shot`, the number (from 1) of the picture that is
    not as it has to be, where one is to blame.
    """
    own = _one_face(portrait, 0)
    known = identity.embedding(portrait, own)
    points = [_one_face(frame, number) for number, frame in enumerate(frames, start=1)]
    shots = [
        _measured(what, frame, found, known)
        for what, frame, found in zip(asked, frames, points, strict=True)
    ]
    for number, shot in enumerate(shots, start=1):
        _same_person(shot, number)
    first, last = shots[0], shots[-1]
    for number, shot in ((1, first), (len(shots), last)):
        if abs(shot.yaw) > STRAIGHT or shot.blink > NOT_SHUT or shot.gap > OPEN:
            raise _not_done(number, "look straight into the lens, eyes open and mouth closed")
    yaw, pitch = (first.yaw + last.yaw) / 2, (first.pitch + last.pitch) / 2
    gap = min(first.gap, last.gap)
    for number, shot in enumerate(shots[1:-1], start=2):
        _done(number, shot, yaw, pitch, gap)
    solid = min(
        unexplained(straight, found)
        for found, shot in zip(points, shots, strict=True)
        if shot.asked in TURNS
        for straight in (points[0], points[-1])
    )
    if solid < SOLID:
        raise BadInput(
            "This looks like a flat picture of a face and not like a face; sit before the camera yourself.",
            code="not_alive",
        )
    pictures = [(portrait, own), *zip(frames, points, strict=True)]
    alike = max(
        likeness(*one, *other)
        for number, one in enumerate(pictures)
        for other in pictures[number + 1 :]
    )
    if alike > COPY:
        raise BadInput(
            "Two of the pictures are one and the same; let the camera take each of them.",
            code="not_alive",
        )
    return Seen(tuple(shots), solid, alike)


def _one_face(picture: Frame, number: int) -> Points:
    found = checks.faces(picture)
    if len(found) != 1:
        what = "more than one face" if found else "no face"
        raise BadInput(
            f"There is {what} in picture {number}; open the camera again, alone in the picture and in even light.",
            code="many_faces" if found else "no_face",
            shot=number,
        )
    points = tracker.landmarks(picture, found[0])
    if number and np.linalg.norm(points[454, :2] - points[234, :2]) < SMALLEST:
        raise BadInput(
            f"The face in picture {number} is small; open the camera again and go closer to it.",
            code="face_too_small",
            shot=number,
        )
    return points


def _measured(what: str, frame: Frame, points: Points, known: NDArray[np.float64]) -> Shot:
    yaw, pitch = checks.pose(points)
    shapes = tracker.expressions(points)
    return Shot(
        asked=what,
        distance=identity.distance(known, identity.embedding(frame, points)),
        yaw=yaw,
        pitch=pitch,
        gap=checks.opening(points),
        blink=min(shapes["blink_left"], shapes["blink_right"]),
    )


def _same_person(shot: Shot, number: int) -> None:
    if shot.distance > identity.OTHER:
        raise BadInput(
            "The camera does not see the person of the photo. Only that person can agree.",
            code="not_the_same_person",
            shot=number,
        )
    if shot.distance > identity.SAME:
        raise BadInput(
            f"It is not clear that picture {number} shows the person of the photo; open the camera again, in even light, "
            "and do everything a little less.",
            code="not_surely_the_same_person",
            shot=number,
        )


def _not_done(number: int, what: str) -> BadInput:
    return BadInput(
        f"Picture {number} does not show what was asked: {what}. Open the camera again.",
        code="not_as_asked",
        shot=number,
    )


def _done(number: int, shot: Shot, yaw: float, pitch: float, gap: float) -> None:
    """Raises BadInput when the picture does not show what was asked, against the straight look."""
    aside, up = shot.yaw - yaw, pitch - shot.pitch
    match shot.asked:
        case "left" | "right":
            turned = aside if shot.asked == "left" else -aside
            if turned < TURNED:
                raise _not_done(number, f"turn your head further to your {shot.asked}")
            if turned > TOO_FAR:
                raise _not_done(number, "turn your head less, so that both eyes are seen")
        case "up":
            if up < LIFTED:
                raise _not_done(number, "lift your chin further")
        case "open":
            if shot.gap - gap < OPEN:
                raise _not_done(number, "open your mouth wider")
        case "shut":
            if shot.blink < SHUT:
                raise _not_done(number, "close both eyes")


def unexplained(one: Points, other: Points) -> float:
    """What the best homography from one face's RIGID landmarks to the other's leaves, root mean square, of the face's
    height: near 0 for two pictures of one print, larger the further a solid head has turned."""
    source, target = one[RIGID, :2], other[RIGID, :2]
    found, _ = cv2.findHomography(source, target, 0)
    if found is None:
        return 0.0
    away = cv2.perspectiveTransform(source[None], found)[0] - target
    tall = float(np.linalg.norm(other[10, :2] - other[152, :2]))
    return float(np.sqrt((away**2).sum(1).mean()) / tall)


def likeness(one: Frame, its: Points, other: Frame, others: Points) -> float:
    """Correlation, -1..1, of the fine detail of two faces laid over each other by an affine map: near 1 for a copy."""
    low, high = its[:, :2].min(0), its[:, :2].max(0)
    scale = (FACE - 20) / float((high - low).max())
    target = (its[:, :2] - (low + high) / 2) * scale + FACE / 2
    inside = np.zeros((FACE, FACE), np.uint8)
    cv2.fillConvexPoly(inside, cv2.convexHull(np.round(target[OVAL]).astype(np.int32)), 1)
    inside = cv2.erode(inside, np.ones((9, 9), np.uint8))
    detail = []
    for picture, points in ((one, its), (other, others)):
        affine, _ = cv2.estimateAffine2D(points[RIGID, :2], target[RIGID], method=cv2.LMEDS)
        if affine is None:
            return 0.0
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
        shrink = float(np.sqrt(abs(np.linalg.det(affine[:, :2]))))
        if shrink < 1:  # or fine detail would alias
            grey = cv2.GaussianBlur(grey, (0, 0), max(0.01, 0.4 / shrink))
        laid = cv2.warpAffine(grey, affine, (FACE, FACE), flags=cv2.INTER_LINEAR)
        detail.append(cv2.GaussianBlur(laid, (0, 0), 1.2) - cv2.GaussianBlur(laid, (0, 0), 3.5))
    reach = 2  # pixels by which the landmarks of two pictures may lie apart
    still = detail[0][reach:-reach, reach:-reach]
    mask = inside[reach:-reach, reach:-reach]
    best = -1.0
    for down in range(2 * reach + 1):
        for across in range(2 * reach + 1):
            moved = detail[1][down : down + still.shape[0], across : across + still.shape[1]]
            a, b = still[mask > 0], moved[mask > 0]
            a, b = a - a.mean(), b - b.mean()
            best = max(best, float((a * b).sum() / (np.sqrt((a * a).sum() * (b * b).sum()) + 1e-6)))
    return best
