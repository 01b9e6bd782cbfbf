"""Where things are in a frame of any aspect: the person, the panel beside them, captions, overlays and the logo.

All is given as shares of the frame, so that one project fits every aspect. Boxes are pixels: left, top, right, bottom.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from rendering.values import Captions, Extent, Layout, VideoFormat

VERSION = "placing/3"
RATIOS = (9 / 16, 4 / 5, 1.0, 5 / 4, 16 / 9)
WIDE = 1.5  # width : height from which half the frame is wide enough for captions
STACKED = 0.9  # width : height below which text stands over the person instead of beside


class Box(NamedTuple):
    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top


@dataclass(frozen=True, slots=True)
class Standing:
    """face: height of the face (points 10 to 152), x: its middle, top: its upper end, all in pixels of the frame.

    circle: middle and radius of what is seen of the person. panel: the box of the text beside the person.
    split: the part of the frame that the person's background fills; the rest is the panel's.
    """

    face: float
    x: float
    top: float
    circle: tuple[float, float, float] | None = None
    panel: Box | None = None
    split: Box | None = None


SAFE = {
    # Shares of the frame at the left, top, right and bottom that players and apps may cover. Tall frames are shown
    # between the buttons of social apps; the others keep the broadcasters' title-safe area (EBU R 95).
    9 / 16: (0.06, 0.10, 0.06, 0.16),
    4 / 5: (0.05, 0.05, 0.05, 0.08),
    1.0: (0.05, 0.05, 0.05, 0.06),
    5 / 4: (0.05, 0.05, 0.05, 0.05),
    16 / 9: (0.05, 0.05, 0.05, 0.05),
}

FACE = {
    # frame: height of the face and its top, as shares of the frame's height, at each of RATIOS
    "full": ((0.335, 0.360, 0.365, 0.365, 0.370), (0.285, 0.255, 0.250, 0.248, 0.240)),
    "close": ((0.375, 0.47, 0.49, 0.50, 0.52), (0.23, 0.25, 0.25, 0.25, 0.255)),
    "half": ((0.180, 0.195, 0.27, 0.29, 0.355), (0.62, 0.585, 0.43, 0.38, 0.255)),
    "corner": ((0.130, 0.140, 0.160, 0.175, 0.19), (0.725, 0.705, 0.66, 0.63, 0.60)),
}
# Of the frame above the hair, so that room is left when the head is raised; and the lowest position of a chin for it.
ROOM, LOWEST = 0.05, 0.88
LARGEST, IN_CIRCLE = 0.64, 0.78
"""Of the height of a frame, and of a circle: the largest face that a photo is enlarged to."""
GROWS, MOVES, IN_CORNER = 0.5, 0.10, 0.30
"""What counts as much: by which share a face is enlarged, and by which share of the frame it is moved, there or in a corner."""
SMALL = 1.5  # times the usual size: a person who would have to be larger in the corner is shown in a circle
MEDALLION = 0.86  # of the frame's short side: the circle of a photo that can fill no frame
CROWN = 0.12  # face heights of the hair that the frame may cut off
SLACK = 1.0  # pixels of a photo's end that count as none
SWAY = 0.03  # face heights by which breath and turns move what a photo cuts off
CIRCLE = (0.36, 0.32, 0.30, 0.30, 0.30)  # diameter, of the frame's short side
CIRCLE_FACE = (0.47, 0.27)  # height of the face and its top, of the circle's diameter
EDGE = 0.02  # between the circle and the safe area, of the frame's short side


def at(values: tuple[float, ...], video: VideoFormat) -> float:
    """These values at RATIOS, interpolated for this frame."""
    return float(np.interp(video.width / video.height, RATIOS, values))


def safe(video: VideoFormat) -> Box:
    """The part of the frame that nothing covers, wherever the video is shown."""
    shares = [at(tuple(SAFE[ratio][side] for ratio in RATIOS), video) for side in range(4)]
    return Box(
        round(shares[0] * video.width),
        round(shares[1] * video.height),
        round((1 - shares[2]) * video.width),
        round((1 - shares[3]) * video.height),
    )


def standing(layout: Layout, video: VideoFormat, extent: Extent | None = None) -> Standing:
    """Where the person stands in this layout; one of a photo of this extent so that no end of it is seen."""
    usual = _usual(layout, video)
    if extent is None:
        return usual
    found, short = _filling(usual, layout, video, extent)
    if layout.frame == "corner" and (short or found.face > SMALL * usual.face):
        return _filling(_circle(layout, video), layout, video, extent)[0]
    if short and not usual.circle:
        return _filling(_medallion(usual, video), layout, video, extent)[0]
    return found


def _usual(layout: Layout, video: VideoFormat) -> Standing:
    width, height = video.width, video.height
    mirrored = layout.side == "left"
    if layout.frame == "circle":
        return _circle(layout, video)
    face_share, top_share = (at(values, video) for values in FACE[layout.frame])
    face = face_share * height * layout.scale
    # A larger or smaller person keeps the middle of the face.
    middle = (top_share + face_share / 2) * height
    x_share = 0.5
    panel = split = None
    stacked = width / height < STACKED
    if layout.frame == "half":
        panel, split = _panel(layout, video, stacked)
        x_share = 0.5 if stacked else 0.745
    elif layout.frame == "corner":
        x_share = 1 - (1.32 * face + 0.01 * width) / width
    if mirrored and x_share != 0.5:
        x_share = 1 - x_share
    x = (x_share if layout.x is None else layout.x) * width
    if layout.y is not None:
        middle = layout.y * height
    return Standing(face, x, middle - face / 2, panel=panel, split=split)


def _medallion(stands: Standing, video: VideoFormat) -> Standing:
    """A large circle where the person would stand."""
    part = stands.split or Box(0, 0, video.width, video.height)
    radius = MEDALLION * min(part.width, part.height) / 2
    x = min(max(stands.x, part.left + radius), part.right - radius)
    y = (part.top + part.bottom) / 2
    face = CIRCLE_FACE[0] * 2 * radius
    top = y - radius + CIRCLE_FACE[1] * 2 * radius
    return replace(stands, face=face, x=x, top=top, circle=(x, y, radius))


def _filling(
    stands: Standing, layout: Layout, video: VideoFormat, extent: Extent
) -> tuple[Standing, bool]:
    """The person larger, or lower, as little as will do: what the photo cuts off lies outside the frame or the circle.

    And whether some of it is seen still, since the photo shows too little for that.
    """
    upper, foot, tall = 0.0, float(video.height), float(video.height)
    left, right = 0.0, float(video.width)
    if stands.circle:
        across, down, radius = stands.circle
        upper, foot, tall = down - radius, down + radius, 2 * radius
        left, right = across - radius, across + radius
    elif stands.split:
        upper, tall = float(stands.split.top), float(stands.split.height)
    most = IN_CIRCLE if stands.circle else LARGEST
    largest = max(stands.face, most * min(tall, 1.3 * (right - left)))
    faces = np.linspace(stands.face, largest, 80)
    x = np.full_like(faces, stands.x)
    if layout.frame == "corner" and layout.x is None and not stands.circle:
        # The outer side stays where it was.
        x += (stands.face - faces) * (1 if stands.x > video.width / 2 else -1)
    reach = np.full_like(faces, extent.below)
    for beside, begin, room in (
        (extent.left, extent.left_from, x - left),
        (extent.right, extent.right_from, right - x),
    ):
        if begin is not None:
            outside = (beside - SWAY) * faces >= room
            reach = np.where(outside, reach, np.minimum(reach, begin))
    middle = stands.top + stands.face / 2
    wanted = np.full_like(faces, middle)
    if layout.y is None and not extent.cut:
        wanted = np.maximum(wanted, upper + ROOM * tall + extent.above * faces)
    highest = foot - (reach - SWAY) * faces
    lowest = upper + LOWEST * tall - faces / 2
    if extent.cut:
        lowest = np.minimum(lowest, upper + (extent.above - SWAY) * faces)
    found = np.minimum(np.maximum(wanted, highest), lowest)
    short = np.maximum(0.0, highest - found) / tall
    if not extent.cut:  # nor does the frame cut off a head that the photo shows whole
        short += np.maximum(0.0, upper + (extent.above - CROWN) * faces - found) / tall
    moved = found - min(wanted[0], lowest[0])
    way = IN_CORNER if layout.frame == "corner" else MOVES
    cost = ((faces / stands.face - 1) / GROWS) ** 2 + (moved / tall / way) ** 2
    best = int(np.argmin(cost + 1e6 * short))
    face = float(faces[best])
    filled = replace(stands, face=face, x=float(x[best]), top=float(found[best]) - face / 2)
    return filled, bool(short[best] * tall > SLACK)


def roomy(stands: Standing, layout: Layout, video: VideoFormat, crown: float, chin: float) -> float:
    """How far the person moves down, in pixels, so that there is room above the hair; 0 if the layout sets a position.

    crown, chin: rows of the frame where they would be otherwise. A chin stays in the frame, whatever the hair does.
    """
    if layout.y is not None:
        return 0.0
    upper, tall = 0.0, float(video.height)
    if stands.circle:
        upper, tall = stands.circle[1] - stands.circle[2], 2 * stands.circle[2]
    elif stands.split:
        upper, tall = float(stands.split.top), float(stands.split.height)
    wanted = upper + ROOM * tall - crown
    return max(0.0, min(wanted, upper + LOWEST * tall - chin))


def around(
    layout: Layout, video: VideoFormat, extent: Extent | None = None
) -> tuple[float, float, float, float]:
    """A square around the face, wide enough for it to move in: left, top, right and bottom as shares of the frame."""
    person = standing(layout, video, extent)
    reach, y = 1.7 * person.face, person.top + person.face / 2
    return (
        max(0.0, (person.x - reach) / video.width),
        max(0.0, (y - reach) / video.height),
        min(1.0, (person.x + reach) / video.width),
        min(1.0, (y + reach) / video.height),
    )


def _circle(layout: Layout, video: VideoFormat) -> Standing:
    short = min(video.width, video.height)
    diameter = at(CIRCLE, video) * short * layout.scale
    radius, edge = diameter / 2, EDGE * short
    area = safe(video)
    usual = area.left + radius + edge if layout.side == "left" else area.right - radius - edge
    x = usual if layout.x is None else layout.x * video.width
    y = area.bottom - radius - edge if layout.y is None else layout.y * video.height
    x = min(max(x, radius), video.width - radius)
    y = min(max(y, radius), video.height - radius)
    face = CIRCLE_FACE[0] * diameter
    return Standing(face, x, y - radius + CIRCLE_FACE[1] * diameter, circle=(x, y, radius))


def _panel(layout: Layout, video: VideoFormat, stacked: bool) -> tuple[Box, Box]:
    """The box of the text, and the part of the frame that is the person's."""
    area = safe(video)
    width, height = video.width, video.height
    if stacked:
        cut = round(0.46 * height)
        return Box(area.left, area.top, area.right, round(cut - 0.03 * height)), Box(
            0, cut, width, height
        )
    cut = round(0.49 * width)
    gap = round(0.035 * width)
    foot = round(area.bottom - 0.14 * height)  # captions may stand below
    if layout.side == "left":
        return Box(width - cut + gap, area.top, area.right, foot), Box(0, 0, width - cut, height)
    return Box(area.left, area.top, cut - gap, foot), Box(cut, 0, width, height)


def captions(
    layout: Layout, style: Captions, video: VideoFormat, extent: Extent | None = None
) -> Box:
    """The box for captions: inside the safe area, under the person who has text beside them in a wide frame, and clear
    of a small person in the corner."""
    area = safe(video)
    person = standing(layout, video, extent)
    if person.split and video.width / video.height > WIDE:
        left, right = max(area.left, person.split.left), min(area.right, person.split.right)
        return Box(left, area.top, right, area.bottom)
    gap = round(0.02 * min(video.width, video.height))
    if style.position != "bottom" or layout.frame not in ("circle", "corner"):
        return area
    if person.circle:
        x, y, radius = person.circle
        beside = (x - radius, x + radius)
        if y + radius < 0.75 * video.height:
            return area
    else:
        beside = (person.x - 1.25 * person.face, person.x + 1.25 * person.face)
    if person.x > video.width / 2:
        free = Box(area.left, area.top, min(area.right, round(beside[0]) - gap), area.bottom)
    else:
        free = Box(max(area.left, round(beside[1]) + gap), area.top, area.right, area.bottom)
    if free.width >= 0.55 * area.width:
        return free
    above = person.circle[1] - person.circle[2] if person.circle else person.top - 0.6 * person.face
    return Box(area.left, area.top, area.right, min(area.bottom, round(above) - gap))


def place(
    position: str,
    size: tuple[int, int],
    video: VideoFormat,
    *,
    x: float | None = None,
    y: float | None = None,
) -> tuple[int, int]:
    """Left and top of something of this size (width, height) at a position of values.PLACES inside the safe area.

    x, y: its middle as shares of the frame, instead of that; it stays inside the frame.
    """
    area = safe(video)
    width, height = size
    across = 0.0 if "left" in position else 1.0 if "right" in position else 0.5
    down = 0.0 if "top" in position else 1.0 if "bottom" in position else 0.5
    left = area.left + across * (area.width - width)
    top = area.top + down * (area.height - height)
    if x is not None:
        left = min(max(x * video.width - width / 2, 0), video.width - width)
    if y is not None:
        top = min(max(y * video.height - height / 2, 0), video.height - height)
    return round(left), round(top)
