"""The square around a head that generators see and return, and how it is pasted back onto the person."""

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

MASK = 0.1  # of the face box's sides: how far the face's mask reaches beyond it
CROP = 0.5  # and how far the square does
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
    low, high = points.min(0), points.max(0)
    size = high - low
    middle = (low + high) / 2
    half = (0.5 + CROP) * float(size.max())
    x0, y0 = np.round(middle - half).astype(int)
    whole = 2 * round(half)
    box = (int(x0), int(y0), int(x0) + whole, int(y0) + whole)
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


def onto(take: Take, side: int, pictures: Iterable[Frame]) -> Iterator[list[Piece]]:
    """The person of a take with each picture (side, side, 3) of the square pasted on: matched in colour and cut out."""
    person, scale = passes.plate(take.avatar, take.face)
    square = crop(take.avatar, side)
    x0, y0, x1, _ = (round(edge * scale) for edge in square.box)
    box = (x0, y0, x1, y0 + x1 - x0)
    share = passes.feather(x1 - x0, x1 - x0)
    tone = passes.tone(square.picture, square.still)
    for picture in pictures:
        own, alpha = passes.cut(passes.toned(picture, tone))
        cutout = np.dstack([own * alpha[..., None], alpha * 255])
        cutout = np.clip(cutout + 0.5, 0, 255).astype(np.uint8)
        yield [Piece(passes.laid(person, cutout, box, share), 0, 0)]
