"""The square around a head that generators see and return, and how it is pasted back onto the person.

Source: EchoMimic's published implementation (`infer_audio2vid`, `crop_and_pad`), whose networks learnt on such squares.
It finds the box of a face by a detector (MTCNN) and cuts its square off where a photo ends; here the box follows from
the face mesh, and beyond a photo's sides is ground.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from rendering.faces import Avatar, passes
from rendering.faces.takes import Piece, Take
from rendering.values import Frame

VERSION = "square/2"  # changed whenever a face stands otherwise in its square
WIDE, ABOVE, BELOW = 0.94, 0.12, -0.03
"""The detector's box, in widths and heights of the mesh's: its width, and how far it reaches above and below. Means over the
faces that ship (docs/decisions/0036)."""
MASK = 0.1  # of the face box's sides: how far the face's mask reaches beyond it
CROP = 0.5  # and how far the part does of which the square is the middle
STILL = 0.12  # of the square's side: the width of its rim, which moves least and where colours are compared


@dataclass(frozen=True, slots=True)
class Square:
    """The part of a pack's plate that is generated."""

    picture: Frame  # (side, side, 3), before passes.GROUND
    mask: NDArray[np.float32]  # (side, side), 1 in the face
    still: NDArray[np.float32]  # (side, side): the rim, where the person is
    box: tuple[int, int, int, int]  # in pixels of the plate


@functools.lru_cache(maxsize=4)
def crop(avatar: Avatar, side: int) -> Square:
    """The square around a pack's head, before passes.GROUND."""
    points = passes.landmarks(avatar)
    plate, _ = passes.plate(avatar)
    low, high = found(points)
    size = high - low
    box = box_of(points)
    x0, y0, x1, _ = box
    whole = x1 - x0
    before = np.dstack([plate[..., :3], plate[..., 3:] / np.float32(255)])
    shift = np.array([[1, 0, -x0], [0, 1, -y0]], np.float64)
    # Below the plate's foot the person is continued; beyond its other sides is ground.
    cut = cv2.warpAffine(before, shift, (whole, whole), borderMode=cv2.BORDER_CONSTANT)
    past = box[3] - plate.shape[0]
    if past > 0:
        cut[-past:] = cut[-past - 1]
    sized = cv2.resize(
        cut, (side, side), interpolation=cv2.INTER_AREA if whole > side else cv2.INTER_CUBIC
    )
    own, share = sized[..., :3], np.clip(sized[..., 3:], 0, 1)
    picture = own + (1 - share) * np.array(passes.GROUND, np.float32)
    scale = side / whole
    mask = np.zeros((side, side), np.float32)
    first = np.maximum(0, (low - MASK * size - (x0, y0)) * scale).astype(int)
    last = np.maximum(0, (high + MASK * size - (x0, y0)) * scale).astype(int)
    mask[first[1] : last[1], first[0] : last[0]] = 1
    rim = round(STILL * side)
    still = share[..., 0].copy()
    still[rim:-rim, rim:-rim] = 0
    return Square(np.clip(picture + 0.5, 0, 255).astype(np.uint8), mask, still, box)


def found(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(low, high): the corners (x, y) of the box that a detector finds of a face.

    points: (478, 2) of the face mesh, in pixels of its picture.
    """
    low, high = points.min(0), points.max(0)
    wide, tall = high - low
    beside = (1 - WIDE) / 2 * wide
    corner = np.array((beside, -ABOVE * tall))
    return low + corner, high + np.array((-beside, BELOW * tall))


def box_of(points: NDArray[np.float64]) -> tuple[int, int, int, int]:
    """(x0, y0, x1, y1) of the square around a face, in whole pixels of its picture, which it may reach beyond.

    points: (478, 2) of the face mesh, in such pixels. As published: the detector's box is widened by CROP of its width
    to both sides and below, and by CROP of its height above; the square has the shorter side of that and the same middle.
    """
    low, high = found(points)
    wide, tall = high - low
    first = low - (CROP * wide, CROP * tall)
    last = high + CROP * wide
    half = round(float((last - first).min()) / 2)
    x0, y0 = (round(float(at)) - half for at in (first + last) / 2)
    return x0, y0, x0 + 2 * half, y0 + 2 * half


def onto(
    take: Take, side: int, pictures: Iterable[Frame], *, tone: bool = True
) -> Iterator[list[Piece]]:
    """The person of a take with each picture (side, side, 3) of the square cut out and pasted on. tone: led to the
    portrait's colours before."""
    person, scale = passes.plate(take.avatar, take.face)
    square = crop(take.avatar, side)
    x0, y0, x1, _ = (round(edge * scale) for edge in square.box)
    box = (x0, y0, x1, y0 + x1 - x0)
    share = passes.feather(x1 - x0, x1 - x0)
    like = passes.tone(square.picture, square.still) if tone else None
    for picture in pictures:
        own, alpha = passes.cut(passes.toned(picture, like) if like else picture)
        cutout = np.dstack([own * alpha[..., None], alpha * 255])
        cutout = np.clip(cutout + 0.5, 0, 255).astype(np.uint8)
        yield [Piece(passes.laid(person, cutout, box, share), 0, 0)]
