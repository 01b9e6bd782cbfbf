"""Closed eyes for a photo that shows them open: the shading of a rendered lid, laid over the person's own skin.

The eye is filled from the skin around it; onto that goes the ratio of a rendered shut eye to its own fill, warped from
eye to eye (ratio images: Liu, Shan and Zhang, "Expressive expression mapping with ratio images", 2001).
"""

from __future__ import annotations

import functools

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RBFInterpolator

from rendering.faces import lent
from rendering.faces.geometry import EYES, OVAL, Eye, smoothstep, tone, toned
from rendering.values import Frame

ABOVE, BELOW, BESIDE, NOSE = 1.1, 0.75, 0.45, 0.24
"""What a blink changes: of the reach above and below the eye, and of its width beside it, away from the nose and toward it."""
WHOLE = 0.68  # of that: up to here nothing of the open eye stays
REACH = 0.34  # of an eye's width: make-up, lashes and crease lie as far from an eye that is narrowed as from an open one
HALF = 0.5  # how far the lid has come down in the half shut picture
BRIGHTEST = 1.06  # of a lid over the skin around: more is a wet corner
SHADED = 0.72, 1.02  # of the skin around: how dark and light a lid is, but for folds and lashes
SOFTER, FOLDS = 0.012, 0.35  # of a tile's width: what is finer is a fold, of which this share stays
RIM, DARKER = (
    0.05,
    0.22,
)  # of a face height: what is thinner may be a rim; of the skin's light, by which it is darker
LASHES = 0.28  # of the light that lashes let through
FOLD = 0.55  # of the opening's height above the lid: where skin stays

Picture = NDArray[np.float32]
Box = tuple[int, int, int, int]  # x, y, width, height in pixels


def fill(picture: Picture, hole: NDArray[np.bool_]) -> Picture:
    """The picture (rows, columns, 3) with the hole filled smoothly from around it (push-pull, Gortler 1996)."""
    weight = np.where(hole, 0, 1).astype(np.float32)
    levels = [(picture * weight[..., None], weight)]
    while min(levels[-1][1].shape) > 2:
        colour, share = levels[-1]
        size = (max(1, share.shape[1] // 2), max(1, share.shape[0] // 2))
        levels.append(
            (
                cv2.resize(colour, size, interpolation=cv2.INTER_AREA),
                cv2.resize(share, size, interpolation=cv2.INTER_AREA),
            )
        )
    coarse = levels[-1][0] / np.maximum(levels[-1][1][..., None], 1e-6)
    for colour, share in reversed(levels[:-1]):
        size = (share.shape[1], share.shape[0])
        coarse = cv2.resize(coarse, size, interpolation=cv2.INTER_LINEAR)
        coarse = cv2.GaussianBlur(coarse, (0, 0), 1.0)
        known = np.clip(share, 0, 1)[..., None]
        coarse = np.where(known > 0, colour / np.maximum(known, 1e-6), 0) * known + coarse * (
            1 - known
        )
    soft = cv2.GaussianBlur(coarse, (0, 0), max(1.0, 0.02 * hole.shape[1]))
    return np.where(hole[..., None], soft, picture)


class Opening:
    """One eye in a picture: its own axes (u from corner to corner, v downward), and its lids' lines."""

    def __init__(self, eye: Eye, points: NDArray[np.float64]) -> None:
        first, last = (points[i, :2] for i in eye.corners)
        sides = (BESIDE, NOSE)
        if first[0] > last[0]:
            first, last, sides = last, first, sides[::-1]
        self.first, along, self.sides = first, last - first, sides
        self.width = float(np.linalg.norm(along))
        self.along = along / self.width
        self.across = np.array([-self.along[1], self.along[0]])
        self.upper, self.lower = (self._line(points[ids, :2]) for ids in (eye.upper, eye.lower))
        middle = np.linspace(0.3, 0.7, 9) * self.width
        self.height = float((self.at(self.lower, middle) - self.at(self.upper, middle)).mean())
        self.reach = max(self.height, REACH * self.width)
        brow = self.local(points[eye.brow, :2])
        self.brow = float(np.percentile(brow[:, 1], 80))  # its lower edge, negative

    def local(self, points: NDArray) -> NDArray:
        away = np.asarray(points, float) - self.first
        return np.stack([away @ self.along, away @ self.across], -1)

    def place(self, local: NDArray) -> NDArray:
        return self.first + local[..., :1] * self.along + local[..., 1:] * self.across

    def _line(self, points: NDArray) -> NDArray:
        found = self.local(points)
        found = found[np.argsort(found[:, 0])]
        return np.concatenate([[[0, 0]], found, [[self.width, 0]]])

    @staticmethod
    def at(line: NDArray, u: NDArray) -> NDArray:
        return np.interp(u, line[:, 0], line[:, 1])

    def anchors(self) -> NDArray[np.float64]:
        """Pixels of points that mean the same in every eye: the lids' lines, and a ring of skin around them."""
        u = np.linspace(0, 1, 9)[1:-1] * self.width
        upper, lower = self.at(self.upper, u), self.at(self.lower, u)
        rise = min(ABOVE * 1.3 * self.reach, -self.brow * 0.9 + min(0.0, upper.min()))
        rise = max(rise, 0.5 * self.reach)
        ring = [
            (-0.35 * self.width, 0.0),
            (1.35 * self.width, 0.0),
            *((x, y - rise) for x, y in zip(u, upper, strict=True)),
            *((x, y + BELOW * 1.4 * self.reach) for x, y in zip(u, lower, strict=True)),
        ]
        local = [
            (0.0, 0.0),
            (self.width, 0.0),
            *zip(u, upper, strict=True),
            *zip(u, lower, strict=True),
            *ring,
        ]
        return self.place(np.array(local))

    def hole(self, shape: tuple[int, int], offset: NDArray) -> NDArray[np.float32]:
        """1 where a blink changes the picture, 0 beyond, soft between; (rows, columns) from `offset` on."""
        y, x = np.mgrid[: shape[0], : shape[1]]
        local = self.local(np.stack([x, y], -1) + offset)
        u, v = local[..., 0], local[..., 1]
        upper, lower = self.at(self.upper, u), self.at(self.lower, u)
        above = min(ABOVE * self.reach, max(0.3 * self.reach, 0.9 * (-self.brow + upper.min())))
        beyond = np.maximum(-u / self.sides[0], (u - self.width) / self.sides[1]) / self.width
        over = np.maximum((upper - v) / above, (v - lower) / (BELOW * self.reach))
        outside = np.sqrt(np.maximum(beyond, 0) ** 2 + np.maximum(over, 0) ** 2)
        return smoothstep(1.0, WHOLE, outside).astype(np.float32)


def _box(openings: list[Opening], shape: tuple[int, ...]) -> Box:
    corners = []
    for opening in openings:
        for u in (-0.5, 1.5):
            for v in (-2.2 * ABOVE, 2.2 * BELOW):
                corners.append(opening.place(np.array([u * opening.width, v * opening.reach])))
    low = np.floor(np.min(corners, 0)).astype(int).clip(0)
    high = np.ceil(np.max(corners, 0)).astype(int)
    high = np.minimum(high, shape[1::-1])
    return int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1])


@functools.cache
def _donor(person: str) -> tuple[Picture, NDArray[np.float64], tuple[int, int], float]:
    """(ratio of the shut eyes to their fill, landmarks, corner of the tile, lightness of the skin) of somebody of lent.py."""
    points, (x, y) = lent.points(person), lent.corner(person, "blink")
    shut = lent.picture(person, "blink")[..., :3].astype(np.float32)
    tall, wide = shut.shape[:2]
    offset = np.array([x, y])
    hole = np.zeros((tall, wide), np.float32)
    for eye in EYES:
        hole = np.maximum(hole, Opening(eye, points).hole((tall, wide), offset))
    filled = fill(shut, hole > 0.02)
    ratio = np.clip(shut / np.maximum(filled, 4), 0.05, BRIGHTEST)
    # Another face's folds and wet rims would show as outlines; its lashes are dark enough to stay.
    smooth = cv2.GaussianBlur(ratio, (0, 0), SOFTER * wide)
    lash = smoothstep(0.06, 0.16, (smooth - ratio).mean(-1))[..., None].astype(np.float32)
    lid = np.clip(smooth, *SHADED) + (ratio - smooth) * FOLDS
    ratio = lid + (ratio - lid) * lash
    return ratio, points, (x, y), float(np.median(filled[hole > 0.5].mean(-1)))


def spectacles(picture: Frame, points: NDArray[np.float64]) -> NDArray[np.float32]:
    """Where rims and bridge of glasses are, 0..1, soft, in the size of an RGB picture; all 0 for a bare face.

    They are thin, darker than the skin on both sides, and go around both eyes: brows, lashes, folds
    and the shadow of one socket are none of that.
    """
    high = float(np.linalg.norm(points[10, :2] - points[152, :2]))
    grey = cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), (0, 0), 0.8)
    side = 2 * round(RIM * high / 2) + 1
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    skin = float(
        np.median(
            grey[
                np.round(points[:, 1]).astype(int).clip(0, len(grey) - 1),
                np.round(points[:, 0]).astype(int).clip(0, grey.shape[1] - 1),
            ]
        )
    )
    dark = (cv2.morphologyEx(grey, cv2.MORPH_BLACKHAT, ellipse) > DARKER * skin).astype(np.uint8)
    around = np.zeros_like(dark)
    low, far = points[[54, 284, 50, 280], :2].min(0), points[[54, 284, 50, 280], :2].max(0)
    x0, y0 = np.round(low).astype(int).clip(0)
    x1, y1 = np.round(far).astype(int)
    around[y0:y1, x0:x1] = 1
    dark &= around
    found = np.zeros_like(dark)
    openings = [Opening(eye, points) for eye in EYES]
    for eye, opening in zip(EYES, openings, strict=True):
        u = np.linspace(-0.12, 1.12, 24) * opening.width
        lids = [
            opening.place(np.stack([u, opening.at(line, u) + move * opening.height], -1))
            for line, move in ((opening.upper, -0.45), (opening.lower, 0.35))
        ]
        brow = points[eye.brow, :2]
        for outline in (np.concatenate(lids), brow):
            hull = cv2.convexHull(np.round(outline).astype(np.int32))
            cv2.fillConvexPoly(dark, hull, 0)
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(dark)
    for label in range(1, count):
        wide, tall = boxes[label, 2:4]
        if wide > 0.7 * openings[0].width and tall > 2.5 * openings[0].height:
            found[labels == label] = 1
    bridge = round(float(points[168, 0]))
    if not (found[:, :bridge].any() and found[:, bridge:].any()):
        found[:] = 0  # the shadow of one socket: glasses go around both eyes
    found = cv2.dilate(found, np.ones((3, 3), np.uint8))
    return cv2.GaussianBlur(found.astype(np.float32), (0, 0), max(1.0, 0.004 * high))


def make(picture: Frame, points: NDArray[np.float64]) -> tuple[Frame, Frame, Box]:
    """(eyes half shut, eyes shut, where both lie) for an RGB picture with open eyes and its landmarks.

    Glasses stay before the lids.
    """
    openings = [Opening(eye, points) for eye in EYES]
    x, y, wide, tall = box = _box(openings, picture.shape)
    offset = np.array([x, y])
    eyes = picture[y : y + tall, x : x + wide].astype(np.float32)
    rims = spectacles(picture, points)[y : y + tall, x : x + wide, None]
    holes = [opening.hole((tall, wide), offset) for opening in openings]
    hole = np.maximum(*holes)
    skin = fill(eyes, (hole > 0.02) | (rims[..., 0] > 0.05) | ~_bare(points, box))
    light = float(np.median(skin[hole > 0.5].mean(-1)))
    ratio, donated, corner, _ = min(
        (_donor(person) for person in lent.PEOPLE), key=lambda donor: abs(donor[3] - light)
    )
    if tone(picture, points) is not None:
        ratio = toned(ratio, np.ones(3))
    shut = eyes.copy()
    grain = _grain(picture, box, openings)
    for opening, eye, soft in zip(openings, EYES, holes, strict=True):
        # A mirrored pair of eyes has its outer corner on the other side: the same eye is the donor.
        warp = RBFInterpolator(
            opening.anchors(), Opening(eye, donated).anchors(), kernel="thin_plate_spline"
        )
        rows, columns = np.nonzero(soft > 0)
        at = warp(np.stack([columns, rows], 1) + offset) - corner
        found = np.zeros((len(rows), 3), np.float32)
        table = at.astype(np.float32).reshape(1, -1, 2)
        for start in range(0, len(rows), 30_000):  # cv2.remap takes fewer than 32767 columns
            part = slice(start, start + 30_000)
            found[part] = cv2.remap(
                ratio, table[:, part], None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
            )[0]
        laid = skin[rows, columns] * found + grain[rows, columns]
        share = soft[rows, columns, None]
        shut[rows, columns] = shut[rows, columns] * (1 - share) + laid * share
    half = _half(eyes, shut, skin, openings, offset)
    half, shut = (part + (eyes - part) * rims for part in (half, shut))
    to_bytes = [np.clip(part + 0.5, 0, 255).astype(np.uint8) for part in (half, shut)]
    return to_bytes[0], to_bytes[1], box


def _bare(points: NDArray[np.float64], box: Box) -> NDArray[np.bool_]:
    """Where the skin is that lids are made of: inside the face, but for the brows. Hair and scarves would colour them."""
    x, y, wide, tall = box
    found = np.zeros((tall, wide), np.uint8)
    high = float(np.linalg.norm(points[10, :2] - points[152, :2]))

    def hull(ids: list[int]) -> NDArray[np.int32]:
        return cv2.convexHull(np.round(points[ids, :2] - (x, y)).astype(np.int32))

    cv2.fillConvexPoly(found, hull(OVAL), 1)
    side = 2 * max(1, round(0.015 * high)) + 1
    found = cv2.erode(found, np.ones((side, side), np.uint8))
    brows = np.zeros_like(found)
    for eye in EYES:
        cv2.fillConvexPoly(brows, hull(eye.brow), 1)
    return (found > 0) & (cv2.dilate(brows, np.ones((side, side), np.uint8)) == 0)


def _grain(picture: Frame, box: Box, openings: list[Opening]) -> Picture:
    """What is finer than shading, taken from the skin below the eyes."""
    x, y, wide, tall = box
    down = round(1.2 * float(np.mean([opening.width for opening in openings])))
    top = min(y + down, picture.shape[0] - tall)
    under = picture[top : top + tall, x : x + wide].astype(np.float32)
    fine = under - cv2.GaussianBlur(under, (0, 0), max(1.0, 0.012 * wide))
    limit = 3 * float(np.median(np.abs(fine))) + 1
    return np.clip(fine, -limit, limit)


def _half(
    eyes: Picture, shut: Picture, skin: Picture, openings: list[Opening], offset: NDArray
) -> Picture:
    """The lid half way: the shut lid, shortened; below its edge the open eye in the shadow of the lashes."""
    half = eyes.copy()
    rows, columns = eyes.shape[:2]
    y, x = np.mgrid[:rows, :columns].astype(np.float32)
    for opening in openings:
        local = opening.local(np.stack([x, y], -1) + offset)
        u, v = local[..., 0], local[..., 1]
        upper, lower = opening.at(opening.upper, u), opening.at(opening.lower, u)
        shut_at = _lashes(shut, skin, opening, offset)
        lower = lower + shut_at * np.clip(4 * (u / opening.width) * (1 - u / opening.width), 0, 1)
        edge = upper + HALF * (lower - upper)
        fold = upper - FOLD * opening.height
        lid = fold + (v - fold) * (lower - fold) / np.maximum(edge - fold, 1e-3)
        source = np.where(v < fold, v, lid)
        place = opening.place(np.stack([u, source], -1)) - offset
        taken = cv2.remap(
            shut, place.astype(np.float32), None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        away = (v - edge) / opening.height
        under = eyes * (1 - 0.3 * smoothstep(0.5, 0.0, away)[..., None]).astype(np.float32)
        covered = smoothstep(0.06, -0.06, away)[..., None].astype(np.float32)
        drawn = under + (taken - under) * covered
        middle = np.clip(4 * (u / opening.width) * (1 - u / opening.width), 0, 1) ** 0.5
        line = (1 - LASHES) * middle * np.exp(-((away / 0.09) ** 2))
        drawn = drawn * (1 - line[..., None]).astype(np.float32)
        inside = smoothstep(-0.12, 0.05, u / opening.width) * smoothstep(
            1.12, 0.95, u / opening.width
        )
        inside *= smoothstep(1.0, 0.75, (upper - v) / (ABOVE * opening.reach))
        inside *= smoothstep(1.0, 0.6, (v - lower) / (BELOW * opening.reach))
        share = inside.astype(np.float32)[..., None]
        half = half * (1 - share) + drawn * share
    return half


def _lashes(shut: Picture, skin: Picture, opening: Opening, offset: NDArray) -> float:
    """How far below the lower lid the shut eye's lashes lie, pixels: there the picture is darkest against the skin."""
    u = np.linspace(0.3, 0.7, 21) * opening.width
    down = np.linspace(-0.4, 0.5, 46) * opening.height
    grid = np.stack(
        np.broadcast_arrays(u[:, None], opening.at(opening.lower, u)[:, None] + down), -1
    )
    place = (opening.place(grid) - offset).astype(np.float32)

    def light(picture: Picture) -> NDArray:
        return cv2.remap(picture, place, None, cv2.INTER_LINEAR).mean(-1)

    dark = (light(shut) / np.maximum(light(skin), 4)).mean(0)
    return float(down[np.argmin(dark)])
