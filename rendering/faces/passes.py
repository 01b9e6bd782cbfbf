"""What makes generated faces fit into a picture: cut out, matched in colour, pasted with a soft edge.

Frames are uint8 RGB, alpha is float32 0..1. Each function looks at one frame alone, so nothing can add up over a film, and any
frame can be made again by itself. Source of the colour match: Reinhard et al., "Color transfer between images" (2001).
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from rendering.faces import Avatar, matting
from rendering.faces.geometry import smoothstep
from rendering.values import Frame

Alpha = NDArray[np.float32]

GROUND = (128, 128, 128)
"""The colour in front of which a person is generated, so that ground and person can be separated."""

NEAR, FAR = 10.0, 44.0  # grey levels from the ground: below is ground, above is person
STRETCH = 1.15  # contrast is changed by no more than this factor
DRIFT = 24.0  # grey levels: a mean is moved by no more than this


def cut(picture: Frame) -> tuple[Frame, Alpha]:
    """A person before GROUND, cut out: (their own colours, alpha).

    Where the network is sure, it decides; at the edges the distance from the ground's colour does, which keeps hair.
    """
    sure = matting.rough(picture)
    apart = cv2.absdiff(picture, np.full_like(picture, GROUND))
    distance = cv2.max(cv2.max(apart[..., 0], apart[..., 1]), apart[..., 2]).astype(np.float32)
    edge = smoothstep(NEAR, FAR, cv2.GaussianBlur(distance, (0, 0), 0.8)).astype(np.float32)
    side = max(3, 2 * round(0.012 * picture.shape[0]) + 1)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    inside = cv2.GaussianBlur(cv2.erode((sure > 0.85).astype(np.float32), disc), (0, 0), side / 3)
    around = cv2.GaussianBlur(cv2.dilate((sure > 0.15).astype(np.float32), disc), (0, 0), side / 3)
    alpha = np.clip(np.maximum(inside, edge * around), 0, 1).astype(np.float32)
    share = np.maximum(alpha, 0.08)[..., None]
    own = (picture - (1 - alpha[..., None]) * np.array(GROUND, np.float32)) / share
    return np.clip(own + 0.5, 0, 255).astype(np.uint8), alpha


@dataclass(frozen=True, slots=True)
class Tone:
    """The mean and the spread of each Lab channel of a picture, over some of its pixels. Made once for many frames."""

    pixels: NDArray[np.intp]  # indices into the flat picture
    weight: NDArray[np.float32]  # of each pixel; together 1
    mean: NDArray[np.float32]
    spread: NDArray[np.float32]
    enough: bool  # pixels for a comparison


def tone(picture: Frame, where: Alpha) -> Tone:
    """The tone of a picture. where: weights of its shape, above 0 where all pictures that are matched to it show the
    same, so not where anything moves."""
    pixels = np.flatnonzero(where)
    weight = where.ravel()[pixels].astype(np.float32)
    total = float(weight.sum())
    weight /= max(total, 1e-6)
    found = _figures(cv2.cvtColor(picture, cv2.COLOR_RGB2LAB), pixels, weight)
    return Tone(pixels, weight, *found, enough=total >= 64)


def toned(picture: Frame, like: Tone) -> Frame:
    """`picture` with the mean and the spread of each Lab channel as in `like`, a tone of a picture of its shape.

    Small: the changes are bounded by STRETCH and DRIFT.
    """
    if not like.enough:
        return picture
    lab = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB)
    mean, spread = _figures(lab, like.pixels, like.weight)
    stretch = np.clip((like.spread + 1) / (spread + 1), 1 / STRETCH, STRETCH)
    moved = mean + np.clip(like.mean - mean, -DRIFT, DRIFT)
    levels = np.arange(256, dtype=np.float32)[:, None]
    table = np.clip((levels - mean) * stretch + moved + 0.5, 0, 255).astype(np.uint8)
    return cv2.cvtColor(cv2.LUT(lab, table[None]), cv2.COLOR_LAB2RGB)


def _figures(
    lab: Frame, pixels: NDArray[np.intp], weight: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(mean, spread) of each channel over the weighted pixels."""
    some = lab.reshape(-1, 3)[pixels].astype(np.float32)
    mean = weight @ some
    return mean, np.sqrt(weight @ np.square(some - mean))


def feather(rows: int, columns: int, share: float = 0.08) -> Alpha:
    """1 in the middle of a box, falling smoothly to 0 over `share` of the shorter side at its edges."""
    width = max(1.0, share * min(rows, columns))
    down = np.minimum(np.arange(rows), np.arange(rows)[::-1])[:, None] / width
    across = np.minimum(np.arange(columns), np.arange(columns)[::-1])[None] / width
    return smoothstep(0.0, 1.0, np.minimum(down, across)).astype(np.float32)


def pasted(under: Frame, over: Frame, share: Alpha) -> Frame:
    """`over` laid on `under`, of one shape and any number of channels, by its share."""
    weight = share[..., None]
    mixed = under.astype(np.float32) * (1 - weight) + over.astype(np.float32) * weight
    return (mixed + 0.5).astype(np.uint8)


def laid(under: Frame, picture: Frame, box: tuple[int, int, int, int], share: Alpha) -> Frame:
    """`under` with `picture` stretched over the box (x0, y0, x1, y1), shown by its share (of the box's size). What lies outside
    is cut off."""
    x0, y0, x1, y1 = box
    method = cv2.INTER_AREA if x1 - x0 < picture.shape[1] else cv2.INTER_CUBIC
    sized = cv2.resize(picture, (x1 - x0, y1 - y0), interpolation=method)
    if sized.shape[2] == 4:  # premultiplied: a sharp edge must not shine over
        sized[..., :3] = np.minimum(sized[..., :3], sized[..., 3:])
    rows, columns = under.shape[:2]
    left, top, right, foot = max(0, x0), max(0, y0), min(columns, x1), min(rows, y1)
    target = (slice(top, foot), slice(left, right))
    source = (slice(top - y0, foot - y0), slice(left - x0, right - x0))
    found = under.copy()
    found[target] = pasted(under[target], sized[source], share[source])
    return found


def plate(avatar: Avatar, face: float = 0.0) -> tuple[Frame, float]:
    """(the pack's picture, premultiplied RGBA; pixels of it for one of the plate). face: pixels of the face's height, 0
    for the pack's own size."""
    read = cv2.imread(str(avatar.folder / "plate.png"), cv2.IMREAD_UNCHANGED)
    if read is None:
        raise FileNotFoundError(avatar.folder / "plate.png")
    found = cv2.cvtColor(read, cv2.COLOR_BGRA2RGBA).astype(np.float32)
    found[..., :3] *= found[..., 3:] / 255
    scale = 1.0
    if face:
        points = landmarks(avatar)
        scale = face / float(np.linalg.norm(points[10] - points[152]))
        size = (round(found.shape[1] * scale), round(found.shape[0] * scale))
        method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        found = cv2.resize(found, size, interpolation=method)
    found = np.clip(found + 0.5, 0, 255)
    found[..., :3] = np.minimum(found[..., :3], found[..., 3:])
    return found.astype(np.uint8), scale


def landmarks(avatar: Avatar) -> NDArray[np.float64]:
    """(478, 2) points of the face mesh, in pixels of the plate."""
    plain = json.loads((avatar.folder / "landmarks.json").read_text(encoding="utf-8"))
    return np.array(plain, float)[:, :2]
