"""The part of a face that MuseTalk sees, and how the painted face is laid back into the portrait at rest.

Source: the published implementation (`get_landmark_and_bbox`, `get_image`, and `FaceParsing` in its mode "jaw"), whose
distances are given in pixels of a face that is parsed at 512. It finds skin and nose by a network; here both follow from
the face mesh.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from rendering.faces import Avatar, passes, portrait
from rendering.faces.geometry import OVAL
from rendering.values import Frame

Alpha = NDArray[np.float32]

MIDDLE = 5  # landmark in the middle of the box
MARGIN = 0.04  # of the box's height: how far it reaches below the chin
JAW = [234, 93, 132, 58, 172, 136, 150, 149, 176, 148, 152]
JAW += [377, 400, 378, 379, 365, 397, 288, 361, 323, 454]
NOSE = [6, 129, 64, 98, 2, 327, 294, 358]
"""From its bridge around its wings and nostrils."""

PARSED = 512  # pixels of the square in which distances are given; all that follow are such pixels
AROUND = 1.5  # longer sides of the box in that square's side
POINTED = [(0, -6), (10, 4), (10, 16), (-10, 16), (-10, 4)]
"""The shape by which skin is widened: it reaches 6 pixels below the chin, and 10 beside it."""
CHIN = 90  # to either side of the middle; what lies farther out is cheek
CHEEK = 34  # by which cheeks are narrowed from outside
SOFT = 4.1  # sigma of the mask's edge
RIM = 0.12  # of the mask's side: width of the band in which colours are compared
STILL = 0.75  # of the box's height: what lies above moves little when somebody speaks


@dataclass(frozen=True, slots=True)
class Cut:
    """The part of a pack's plate that is painted, at the size that the network sees."""

    picture: Frame  # (side, side, 3), before passes.GROUND
    box: tuple[int, int, int, int]  # x0, y0, x1, y1 in pixels of the plate
    mask: Alpha  # (side, side), 0..1: where the painted face shows
    rim: Alpha  # (side, side), 0..1: skin that is the same in both, by which colours are matched


@functools.lru_cache(maxsize=8)
def crop(avatar: Avatar, side: int) -> Cut:
    """The face of a pack as MuseTalk sees it, side x side pixels.

    The box is as published: ears to ears, and from a little below the chin up twice the way to the middle of the nose.
    """
    points = passes.landmarks(avatar)
    plate, _ = passes.plate(avatar)
    box = box_of(points, plate.shape[0])
    x0, y0, x1, y1 = box
    part = plate[y0:y1, x0:x1].astype(np.float32)
    before = part[..., :3] + (1 - part[..., 3:] / 255) * np.array(passes.GROUND, np.float32)
    picture = cv2.resize(before, (side, side), interpolation=cv2.INTER_LANCZOS4)
    mask = cv2.resize(mask_of(points, box), (side, side), interpolation=cv2.INTER_AREA)
    band = round(RIM * side)
    rim = mask - cv2.erode(mask, np.ones((band, band), np.uint8))
    rim[round(STILL * side) :] = 0
    return Cut(np.clip(picture + 0.5, 0, 255).astype(np.uint8), box, mask, rim)


def box_of(points: NDArray[np.float64], rows: int) -> tuple[int, int, int, int]:
    """(x0, y0, x1, y1) of the part that is painted, in whole pixels of the picture, which has `rows` rows.

    points: (478, 2) of the face mesh, in pixels.
    """
    foot = points[JAW, 1].max()
    tall = 2 * (foot - points[MIDDLE, 1])
    return (
        round(points[JAW, 0].min()),
        max(0, round(foot - tall)),
        round(points[JAW, 0].max()),
        min(rows, round(foot + MARGIN * tall)),
    )


def mask_of(points: NDArray[np.float64], box: tuple[int, int, int, int]) -> Alpha:
    """How much of the painted face shows, 0..1, over the box; its scale is that of PARSED.

    Skin below the box's middle, without the nose; wider by a little at the chin, so that it moves with the jaw, and
    narrower at the cheeks, whose edge belongs to the head.
    """
    x0, y0, x1, y1 = box
    scale = PARSED / (AROUND * max(x1 - x0, y1 - y0))
    middle = np.array([x0 + x1, y0 + y1]) / 2
    placed = (points[:, :2] - middle) * scale + PARSED / 2

    def filled(outline: list[int]) -> NDArray[np.uint8]:
        hull = cv2.convexHull(np.round(placed[outline]).astype(np.int32))
        return cv2.fillConvexPoly(np.zeros((PARSED, PARSED), np.uint8), hull, 1)

    reach = max(max(abs(x), abs(y)) for x, y in POINTED)
    shape = np.zeros((2 * reach + 1, 2 * reach + 1), np.uint8)
    cv2.fillConvexPoly(shape, np.array(POINTED, np.int32) + reach, 1)
    wide = cv2.dilate(filled(OVAL), shape)
    narrow = cv2.erode(wide, np.ones((1, 2 * CHEEK + 1), np.uint8))
    beside = np.abs(np.arange(PARSED) - PARSED // 2) > CHIN
    skin = np.where(beside, narrow, wide) & ~filled(NOSE)
    tall, across = (y1 - y0) * scale / 2, (x1 - x0) * scale / 2
    top, foot = PARSED // 2 - round(tall), PARSED // 2 + round(tall)
    left, right = PARSED // 2 - round(across), PARSED // 2 + round(across)
    found = np.zeros((PARSED, PARSED), np.float32)
    found[PARSED // 2 : foot, left:right] = skin[PARSED // 2 : foot, left:right]
    return cv2.GaussianBlur(found, (0, 0), SOFT)[top:foot, left:right]


class Mouth:
    """Lays painted faces into a portrait that is prepared for a size."""

    def __init__(self, drawn: portrait.Portrait, cut: Cut, *, tone: bool = True) -> None:
        """tone: whether a painted face is led to the portrait's colours."""
        x0, y0, x1, y1 = (round(edge * drawn.scale) for edge in cut.box)
        left, top, *_ = drawn.box
        self.rgba = drawn.rgba
        self.size = (x1 - x0, y1 - y0)
        mask, rim = (
            cv2.resize(weight, self.size, interpolation=cv2.INTER_AREA)
            for weight in (cut.mask, cut.rim)
        )
        down, across = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        self.shown = (slice(down[0], down[-1] + 1), slice(across[0], across[-1] + 1))
        rows, columns = self.shown
        self.part = (
            slice(y0 - top + rows.start, y0 - top + rows.stop),
            slice(x0 - left + columns.start, x0 - left + columns.stop),
        )
        self.was = np.ascontiguousarray(self.rgba[self.part][..., :3])
        # Outside the person nothing is painted, and colours are premultiplied there.
        inside = self.rgba[self.part][..., 3] / np.float32(255)
        self.mask = mask[self.shown] * inside
        self.tone = passes.tone(self.was, rim[self.shown] * inside) if tone else None

    def laid(self, painted: Frame, share: float) -> Frame:
        """The head at rest, RGBA, with the painted face (side, side, 3) in it. share: 0 shows the pack's own mouth, 1 the
        painted one."""
        sized = cv2.resize(painted, self.size, interpolation=cv2.INTER_CUBIC)[self.shown]
        sized = np.ascontiguousarray(sized)
        if self.tone is not None:
            sized = passes.toned(sized, self.tone)
        found = self.rgba.copy()
        found[self.part][..., :3] = passes.pasted(self.was, sized, self.mask * share)
        return found
