"""The upper teeth as a picture of their own, fixed to the skull: cut out of a rendered open mouth, or lent to a photo."""

from __future__ import annotations

import functools

import cv2
import numpy as np
from numpy.typing import NDArray

from rendering.faces import lent, tracker
from rendering.faces.geometry import LOWER_INNER, UPPER_INNER, Face, smoothstep, toned
from rendering.values import Frame

WHITE = 0.42  # of the lightest tooth: darker is gum, tongue or cavity
UPPER_SHARE = 0.72  # of the opening's height in which the upper row hangs
GAPS = 0.006  # face heights: dark lines between teeth belong to the row

LEAST_HIGH, LEAST_WIDE = (
    0.018,
    0.6,
)  # of the face's height, of the mouth's width: a row that can be used is seen so far
DIMMEST, REDDEST = 0.7, 0.6  # teeth are nearly as light as expected, and nearly white
SHADED = 0.86  # of their light that teeth keep between lips (Mouth.draw takes as much)
LIGHTEST = 240
TINTS = np.array([0.956, 1.036, 1.028]), np.array([0.85, 1.08, 1.166])
"""Of teeth: their colour over that of the whites of the eyes, and over that of the cheeks."""

Tile = tuple[Frame, tuple[int, int]]
"""RGBA, and the position of its corner in the plate."""


def cut(picture: Frame) -> Tile:
    """The upper row of a rendered face with an open mouth (RGB). Raises LookupError without a face or teeth."""
    found = row(picture, tracker.find(picture)[:, :2])
    if found is None:
        raise LookupError("No teeth are seen in the open mouth.")
    return found


def row(picture: Frame, points: NDArray[np.float64]) -> Tile | None:
    """The upper row between the lips of a face (RGB, landmarks), or None where no teeth are seen."""
    points = points[:, :2]
    tall = float(np.linalg.norm(points[10] - points[152]))
    outline = points[[*UPPER_INNER, *LOWER_INNER[::-1]]]
    low, high = np.floor(outline.min(0)).astype(int) - 6, np.ceil(outline.max(0)).astype(int) + 7
    part = picture[low[1] : high[1], low[0] : high[0]].astype(np.float32)
    inside = np.zeros(part.shape[:2], np.uint8)
    cv2.fillPoly(inside, [np.round((outline - low) * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    light = part.min(-1)  # teeth are light in every channel, lips and tongue are not
    top = float(np.percentile(light[inside > 128], 97))
    if top < 60:
        return None
    y = np.arange(part.shape[0])[:, None] + low[1]
    x = np.arange(part.shape[1]) + low[0]
    upper, lower = (_height(points[ids], x) for ids in (UPPER_INNER, LOWER_INNER))
    seen = (light > WHITE * top) & (y < upper + UPPER_SHARE * (lower - upper)) & (inside > 60)
    side = 2 * max(1, round(GAPS * tall)) + 1
    mask = cv2.morphologyEx(seen.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((side, side), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    for number in range(1, count):
        if stats[number, cv2.CC_STAT_AREA] < 0.03 * mask.sum():
            mask[labels == number] = 0
    alpha = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), max(0.6, 0.0018 * tall))
    # Behind the lip the row goes on up to the roots: the uppermost tooth pixels of the picture are repeated.
    rgba = np.dstack([part, 255 * np.clip(alpha, 0, 1)])
    rgba, grown = _rooted(rgba, round(0.018 * tall))
    return np.clip(rgba + 0.5, 0, 255).astype(np.uint8), (int(low[0]), int(low[1]) - grown)


def own(picture: Frame, points: NDArray[np.float64]) -> Tile | None:
    """The upper row that a smile shows in a photo, as light as it would be without the shadow of the lips; None where too
    little is seen of it, or where what is seen are no teeth."""
    found = row(picture, points)
    if found is None:
        return None
    rgba, corner = found
    solid = rgba[..., 3] > 128
    tall = float(np.linalg.norm(points[10, :2] - points[152, :2]))
    wide = float(np.linalg.norm(points[78, :2] - points[308, :2]))
    high = solid.sum(0)
    if (high > LEAST_HIGH * tall).sum() < LEAST_WIDE * wide:
        return None
    colour = bright(rgba)
    wanted = expected(Face(picture, points))
    if colour.mean() < DIMMEST * wanted.mean() or colour.min() < REDDEST * colour.max():
        return None
    lit = rgba[..., :3].astype(np.float32) / SHADED
    over = lit.max(-1, keepdims=True)
    lit *= np.minimum(
        1, LIGHTEST / np.maximum(over, 1)
    )  # of one colour, also where it is very light
    rgba[..., :3] = np.clip(lit + 0.5, 0, 255)
    return rgba, corner


def bright(rgba: Frame) -> NDArray[np.float64]:
    """RGB of the lighter third of a row."""
    solid = rgba[rgba[..., 3] > 128][:, :3].astype(float)
    light = solid.min(-1)
    return solid[light >= np.percentile(light, 70)].mean(0)


def expected(face: Face) -> NDArray[np.float64]:
    """RGB 0..255 of the upper teeth of a face that shows none, in the light of its photo.

    From 45 portraits of open smiles: as light as a fifth of the whites of the eyes and three quarters of the cheeks, and 37
    more (30 off at the median photo's level of 180); of the colour of both, less red.
    """
    white, skin = face.sclera(), face.cheeks()
    light = 0.20 * white.mean() + 0.74 * skin.mean() + 37
    tint = (white / white.mean() * TINTS[0] + skin / skin.mean() * TINTS[1]) / 2
    found = light * tint / tint.mean()
    return found * min(1.0, 245 / found.max())


def _height(line: NDArray, x: NDArray) -> NDArray:
    order = np.argsort(line[:, 0])
    return np.interp(x, line[order, 0], line[order, 1])


def _rooted(rgba: NDArray, more: int) -> tuple[NDArray, int]:
    """The row with `more` pixels above it, each column going on as its uppermost tooth pixels are."""
    found = np.pad(rgba, ((more, 0), (0, 0), (0, 0)))
    solid = found[..., 3] > 200
    for column in np.flatnonzero(solid.any(0)):
        first = int(np.argmax(solid[:, column])) + 1
        start = max(0, first - more)
        shade = np.linspace(0.82, 1.0, first - start, dtype=np.float32)[:, None]
        found[start:first, column, :3] = found[first, column, :3] * shade
        found[start:first, column, 3] = found[first, column, 3]
    return found, more


@functools.cache
def _donor(person: str) -> tuple[Face, Frame, NDArray[np.float64]]:
    plate = np.ascontiguousarray(lent.picture(person, "plate")[..., :3])
    corner = np.array(lent.corner(person, "upper"), float)
    return Face(plate, lent.points(person)), lent.picture(person, "upper"), corner


def lend(picture: Frame, points: NDArray[np.float64]) -> Tile:
    """A row for a photo with closed lips: that of a rendered face of like light, at this face's size, light and grain."""
    face = Face(picture, points)
    wanted = np.minimum(expected(face) / SHADED, LIGHTEST)
    donor, row, corner = min(
        (_donor(person) for person in lent.PEOPLE),
        key=lambda other: abs(bright(other[1]).mean() - wanted.mean()),
    )
    # From the photo's pixels to the donor's: by millimetres from mid mouth, at the seam.
    size = donor.millimetre * donor.height / (face.millimetre * face.height)
    ours = face.place(np.array([face.centre, float(face.seam(face.centre))]))
    theirs = donor.place(np.array([donor.centre, float(donor.seam(donor.centre))])) - corner
    half = np.array(row.shape[1::-1]) / size
    low = np.floor(ours - theirs / size - 2).astype(int)
    wide, tall = (np.ceil(half) + 5).astype(int)
    x, y = np.meshgrid(np.arange(wide) + low[0], np.arange(tall) + low[1])
    away = np.stack([x, y], -1) - ours
    at = away @ face.level.T @ donor.level * size + theirs
    soft = row.astype(np.float32)
    soft[..., :3] *= soft[..., 3:] / 255
    if size > 1:
        soft = cv2.GaussianBlur(soft, (0, 0), 0.35 * size)
    found = cv2.remap(soft, at.astype(np.float32), None, cv2.INTER_LINEAR)
    share = np.maximum(found[..., 3:] / 255, 1e-3)
    gain = wanted / bright(row)
    found[..., :3] = toned(np.clip(found[..., :3] / share * gain, 0, LIGHTEST), face.tone)
    noise = _noise(picture, face)
    chance = np.random.default_rng(0).normal(0, noise, found.shape[:2])
    found[..., :3] += cv2.GaussianBlur(chance, (0, 0), 0.6)[..., None] * smoothstep(0, 0.5, share)
    return np.clip(found + 0.5, 0, 255).astype(np.uint8), (int(low[0]), int(low[1]))


def _noise(picture: Frame, face: Face) -> float:
    """The grain of the photo: what is left of a cheek when its shading is taken away, levels of 255."""
    half = max(4, round(0.05 * face.height))
    x, y = np.round(face.flat[205]).astype(int)
    part = (
        picture[max(0, y - half) : y + half, max(0, x - half) : x + half]
        .astype(np.float32)
        .mean(-1)
    )
    fine = part - cv2.GaussianBlur(part, (0, 0), 1.5)
    return float(1.48 * np.median(np.abs(fine)))
