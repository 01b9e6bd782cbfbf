"""The person in two layers: the head with its hair, and the body behind it as it would be seen without them.

A rendered pack brings the body (body.png) and says what moves with the head (head.png). For a photo both are derived:
hair and skin are separated from clothes (parting.py), and what the head hides is filled in from around it. Laid over each
other at rest, the layers are the picture again.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from rendering.faces import lids
from rendering.faces.geometry import Face, smoothstep
from rendering.faces.parting import READ, WIDE, Share, disc, head_and_neck
from rendering.values import Frame

HANGING = 0.62  # below the chin: where hair that hangs no longer follows the head
ALONE = 0.10  # of the head's motion: what moves more is taken out of the body's picture
BAND = 128  # rows that are worked on at a time
WIDEST = 1.2, 1.5  # half widths of a neck: what is farther from its middle is beside it
INSET = 0.025  # of a face height: so much narrower is the body's neck below the jaw
CLEAR = 0.02  # of a pixel: less of the head counts as none
FADING = 0.06  # face heights behind the head, in which the light of the plate runs out
NEARER = -0.012, 0.004  # face heights by which clothes are nearer than the background: none, all
AS_NEAR = -0.035, -0.015  # as much farther clothes of a photo may be: where they end is not so sure
REACH = 0.06, 0.10  # face heights behind the head, to which clothes go on
SEEN = 4.0, 10.0  # grey levels by which the layers differ: less is noise, more is the head's
MOVES = 0.06  # face heights by which a head moves at most from where it rests
RISES = 0.02  # and by which it rises
COVERS = 0.70  # of a pixel: with less, the background is seen there


@dataclass(frozen=True)
class Layers:
    """head, body: premultiplied RGBA of one size. neck: face heights from the chin down to the collar."""

    head: Frame
    body: Frame
    neck: float


def following(units: NDArray, chin: float, neck: float, middle: float) -> NDArray[np.float64]:
    """How much of the head's motion reaches each point (face units, (…, 2)): all above the chin, none below the collar.

    Hair beside the neck follows farther down. middle: x of the neck.
    """
    beside = smoothstep(0.22, 0.42, np.abs(units[..., 0] - middle))
    reach = max(1.5 * neck, 0.3) * (1 - beside) + HANGING * beside
    return 1 - smoothstep(0, 1, (units[..., 1] - chin + 0.04) / (reach + 0.04))


def part(
    plate: Frame, points: NDArray[np.float64], known: tuple[Frame, Share] | None = None
) -> Layers:
    """Parts a premultiplied RGBA plate with these landmarks (478, 3).

    known: what lies behind the head (premultiplied) and the head's alpha (0..1) of a rendered person; without it both are
    derived, which takes about two seconds for 2 megapixels.
    """
    face = Face(np.ascontiguousarray(plate[..., :3]), points)
    chin = float(face.local(face.flat[152])[1])
    middle = float(face.local(face.flat[[172, 397]])[:, 0].mean())
    units = _units(face)
    down = units[..., 1] - chin
    alpha = plate[..., 3].astype(np.float32) / 255
    column = (np.abs(units[..., 0] - middle) < 0.10) & (alpha > 0.9)

    if known is None:
        hidden, throat = head_and_neck(plate, face, units, alpha, chin)
        neck = _neck(hidden + throat, column, down)
        gone = _parting(units, chin, neck, middle)
        within = _within(throat, units[..., 0], down, neck)
        # A shoulder stands still.
        throat = throat * (1 - (1 - within) * smoothstep(0.05, 0.4, down / neck).astype(np.float32))
        body = _clean(plate, hidden * gone, throat, face, down, alpha, neck, within)
        # A neck belongs to both: it runs out before the collar, so that nothing slides over cloth.
        ending = smoothstep(0.25, 0.95, down / neck).astype(np.float32)
        head: Share = np.minimum(1, hidden + throat * (1 - ending)) * alpha
    else:
        body, head = known
        neck = _neck(head, column, down)
        within = _within(head, units[..., 0], down, neck)
        stays = _going_on(head, alpha, within, down, face.height)
        (body,) = _banded(_without_stump, body, head, alpha, stays)
        del stays
        _match(body, plate, head, within, down, face.height)
        body, head = _joined(body, head, alpha, within, down, neck, face.height)
        gone = _parting(units, chin, neck, middle)
    if known is None:
        body = _sealed(body, head * gone, alpha, throat, face.height)
    # Where nothing follows the head, the body is the picture itself.
    near = cv2.dilate((head > 0.01).astype(np.float32), disc(0.008 * face.height))
    near = cv2.GaussianBlur(near, (0, 0), 0.003 * face.height) * gone
    head = head * gone
    del units, down, alpha, column, gone

    def divided(plate: Frame, head: Share, body: Frame, near: Share) -> tuple[Frame, Frame]:
        below = plate + (body.astype(np.float32) - plate) * near[..., None]
        return _divided(plate.astype(np.float32), head, below)

    front, behind = _banded(divided, plate, head, body, near)
    return Layers(front, behind, neck)


def _parting(units: Share, chin: float, neck: float, middle: float) -> Share:
    """How much of the picture the head takes with it, (rows, columns)."""

    def of(band: Share) -> tuple[Share]:
        return (smoothstep(0, ALONE, following(band, chin, neck, middle)).astype(np.float32),)

    return _banded(of, units)[0]


def _units(face: Face) -> Share:
    """Face units of every pixel, (rows, columns, 2)."""
    rows, columns = face.shape
    found = np.empty((rows, columns, 2), np.float32)
    for first in range(0, rows, BAND):
        y, x = np.mgrid[first : min(first + BAND, rows), :columns]
        found[first : first + BAND] = face.local(np.stack([x, y], -1))
    return found


def _banded(work: Callable[..., tuple[NDArray, ...]], *parts: NDArray) -> list[NDArray]:
    """What `work` makes of pictures pixel by pixel, a band of rows at a time: at 4K its steps would take a gigabyte."""
    bands = range(0, len(parts[0]), BAND)
    made = [work(*(part[first : first + BAND] for part in parts)) for first in bands]
    return [np.concatenate(of) for of in zip(*made, strict=True)]


def _match(body: Frame, plate: Frame, head: Share, within: Share, down: Share, size: float) -> None:
    """Gives the body the light of the plate: its own picture lacks the shadow of the hair.

    Where the head covers nothing, it becomes the plate; from there the difference fades out behind the head.
    """
    first = _top(down)
    # Slits between strands are of the hair.
    free = (head[first:] < CLEAR).astype(np.uint8)
    free = cv2.morphologyEx(free, cv2.MORPH_OPEN, disc(0.012 * size))
    scale = min(1.0, READ / size)
    small = (round(free.shape[1] * scale), round(free.shape[0] * scale))
    known = cv2.resize(free * np.uint8(255), small, interpolation=cv2.INTER_AREA) / np.float32(255)

    def seen(picture: Frame) -> Share:
        part = cv2.bitwise_and(picture[first:, :, :3], picture[first:, :, :3], mask=free)
        part = cv2.resize(part, small, interpolation=cv2.INTER_AREA).astype(np.float32)
        return part / np.maximum(known, 1e-3)[..., None].astype(np.float32)

    change = lids.fill((seen(plate) - seen(body)).astype(np.float32), known < 0.5)
    away = cv2.distanceTransform(1 - free, cv2.DIST_L2, 5)
    rows, columns = (
        ((np.arange(many) + 0.5) * few / many - 0.5).astype(np.float32)
        for many, few in zip(free.shape, change.shape[:2], strict=True)
    )
    for start in range(0, len(free), BAND):
        band = slice(start, start + BAND)
        part, off = body[first:][band], away[band, :, None]
        x, y = np.broadcast_to(columns, off.shape[:2]), np.repeat(rows[band, None], len(columns), 1)
        lit = cv2.remap(change, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        runs = (1 - smoothstep(0, FADING * size, off)) * (1 - within[first:][band, :, None])
        share = part[..., 3:].astype(np.float32)
        lit = np.clip(part[..., :3] + lit * (runs * share / 255) + 0.5, 0, share)
        part[..., :3] = lit.astype(np.uint8)
        np.copyto(part, plate[first:][band], where=off == 0)


def _going_on(head: Share, alpha: Share, within: Share, down: Share, size: float) -> Share:
    """How much of the body there is behind the head: the stump of the neck, and the clothes that go on beside it.

    A pixel behind the head belongs to the clothes if it is nearer to them than to the background. So the outline of a
    collar goes on behind the jaw, no slit opens there when the head turns, and nothing stands up.
    """
    first = _top(down)
    found = np.zeros_like(alpha)
    clothes = (alpha[first:] > 0.5) & (head[first:] < 0.1)
    nearer, away = _nearer(clothes, alpha[first:] < 0.5, size, NEARER)

    def stays(
        nearer: Share, away: Share, within: Share, down: Share, head: Share, alpha: Share
    ) -> tuple[Share]:
        # A neck that runs out shines through; below the chin the body's own picture tells how far it goes.
        hidden = smoothstep(0.8, 1.0, head / np.maximum(alpha, 1e-3))
        within = np.maximum(within, 1 - hidden)
        stump = _ending(down) * np.maximum(
            nearer, np.maximum(within, smoothstep(-0.04, 0.02, down))
        )
        return (np.maximum(stump, nearer * (1 - smoothstep(*REACH, away))),)

    (found[first:],) = _banded(
        stays, nearer, away, *(of[first:] for of in (within, down, head, alpha))
    )
    return found


def _nearer(
    one: NDArray[np.bool_], other: NDArray[np.bool_], size: float, least: tuple[float, float]
) -> tuple[Share, Share]:
    """(1 where the nearest pixel of `one` is nearer than that of `other`, 0 where it is farther; face heights to it).

    least: face heights by which it is nearer, from where it counts a little and from where wholly.
    """
    to_one, to_other = (
        cv2.distanceTransform((~of).astype(np.uint8), cv2.DIST_L2, 5) / np.float32(size)
        for of in (one, other)
    )

    def nearer(one: Share, other: Share) -> tuple[Share]:
        return (smoothstep(*least, other - one).astype(np.float32),)

    return _banded(nearer, to_one, to_other)[0], to_one


def _top(down: Share) -> int:
    """The first row in which something of the body may be."""
    return int(np.argmax(down.max(1) > -WIDE))


def _without_stump(body: Frame, head: Share, alpha: Share, stays: Share) -> tuple[Frame]:
    """The stump of the neck ends where the jaw no longer hides it when the head turns; a collar beside it goes on."""
    shown = 1 - np.clip(head / np.maximum(alpha, 1e-3), 0, 1) * (1 - stays)
    return ((body * shown[..., None] + 0.5).astype(np.uint8),)


def _joined(
    body: Frame, head: Share, alpha: Share, within: Share, down: Share, neck: float, size: float
) -> tuple[Frame, Share]:
    """(body, head) with the neck of the head blended into that of the body, without a visible line."""
    below = np.flatnonzero((down.max(1) > -0.15) & (down.min(1) < neck))
    if not len(below):
        return body, head
    rows = slice(int(below[0]), int(below[-1]) + 1)
    body, head, down, cover = body.copy(), head.copy(), down[rows], alpha[rows]
    at_neck = smoothstep(0, 0.1, head[rows] / np.maximum(cover, 1e-3))
    at_neck = (at_neck * within[rows]).astype(np.float32)
    shown = 1 - at_neck * (1 - _narrowed(cover, down, neck, size))
    body[rows] = (body[rows] * shown[..., None] + 0.5).astype(np.uint8)
    over = 1 - smoothstep(0.0, 0.8, down / neck).astype(np.float32)
    head[rows] = np.maximum(head[rows], cover * over * at_neck)
    return body, head


def _neck(head: Share, column: NDArray[np.bool_], down: Share) -> float:
    """Face heights from the chin down to where clothes begin, in the column below the chin."""
    for step in np.arange(0.06, 0.60, 0.02):
        here = column & (np.abs(down - step) < 0.015)
        if here.any() and head[here].mean() < 0.5:
            return float(max(step, 0.10))
    return 0.60


def _sealed(body: Frame, head: Share, alpha: Share, throat: Share, size: float) -> Frame:
    """The body, continued behind the head wherever the background would be seen between them when the head moves.

    That is found by moving it: a pixel of the picture that is covered no more, with head or body on both sides of it. The
    neck is not continued: it has to stay narrower than the head's.
    """
    scale = min(1.0, READ / size)
    small = (round(alpha.shape[1] * scale), round(alpha.shape[0] * scale))
    over, whole = (cv2.resize(of, small, interpolation=cv2.INTER_AREA) for of in (head, alpha))
    under = cv2.resize(body, small, interpolation=cv2.INTER_AREA).astype(np.float32)
    share = under[..., 3] / 255
    far = MOVES * size * scale
    side = 2 * math.ceil(far) + 3
    open_ = np.zeros(whole.shape, bool)
    solid = (share > 0.9).astype(np.uint8)
    for way, most, shape in (
        ((1, 0), far, (1, side)),
        ((-1, 0), far, (1, side)),
        ((0, -1), RISES * size * scale, (side, 1)),
    ):
        beside = cv2.dilate(solid, np.ones(shape, np.uint8))
        for reach in (most / 3, 2 * most / 3, most):
            move = np.array([[1, 0, reach * way[0]], [0, 1, reach * way[1]]])
            moved = cv2.warpAffine(over, move, small)
            covered = (moved + share * (1 - moved) > COVERS).astype(np.uint8)
            closed = cv2.morphologyEx(covered, cv2.MORPH_CLOSE, np.ones(shape, np.uint8))
            open_ |= (closed > covered) & (whole > COVERS) & (beside > 0)
    if not open_.any() or not solid.any():
        return body
    away, (row, column) = distance_transform_edt(solid == 0, return_indices=True)
    neck = cv2.resize(throat, small, interpolation=cv2.INTER_AREA)[row, column] > 0.3
    near = open_ & (away < side) & ~neck
    colour = cv2.GaussianBlur(under[row, column, :3], (0, 0), 1.0)
    more = cv2.GaussianBlur(cv2.dilate(near.astype(np.float32), disc(2)), (0, 0), 1.0)
    colour, more = (
        cv2.resize(of, alpha.shape[::-1], interpolation=cv2.INTER_LINEAR) for of in (colour, more)
    )
    more = np.minimum(np.clip(more, 0, 1), alpha)[..., None] * (1 - body[..., 3:] / 255)
    added = np.dstack([colour * more, 255 * more])
    return np.clip(body + added + 0.5, 0, 255).astype(np.uint8)


def _clean(
    plate: Frame,
    hidden: Share,
    throat: Share,
    face: Face,
    down: Share,
    alpha: Share,
    neck: float,
    within: Share,
) -> Frame:
    """The body without what moves with the head: what that hides is filled in from around it."""
    spoilt = cv2.dilate((hidden > 0.04).astype(np.uint8), disc(0.012 * face.height)) > 0
    first = int(np.argmax((~spoilt & (alpha > 0.5)).any(1)))  # nothing of the body is seen above
    above = min(first, round(0.03 * face.height))  # but behind a head that rises
    rows = slice(first - above, plate.shape[0])
    part, spoilt, share = plate[rows], spoilt[rows], alpha[rows]
    gone = smoothstep(0.02, 0.3, hidden[rows]).astype(np.float32)
    straight = part[..., :3] / np.maximum(share, 1e-3)[..., None]
    colour = _extended(
        straight.astype(np.float32, copy=False), spoilt | (share < 0.95), face.height
    )
    cover = lids.fill(np.dstack([share] * 3), spoilt)[..., 0]
    # Beside the neck, what hangs there or stands up goes on behind the jaw.
    beside = (1 - within[rows]) * smoothstep(-0.35, -0.25, down[rows])
    clothes = ((hidden[rows] + throat[rows] < 0.5) & (share > 0.5)).astype(np.uint8)
    clothes = cv2.morphologyEx(clothes, cv2.MORPH_OPEN, disc(0.012 * face.height)) > 0
    beside *= _nearer(clothes, share < 0.5, face.height, AS_NEAR)[0]
    del clothes
    low = np.maximum(_ending(down[rows]), beside)
    cover = (smoothstep(0.5, 0.8, cover) * low).astype(np.float32)
    # Where the plate shows the background, so does the body, and it shows no more cloth than the plate.
    cover[spoilt & (share < 0.98) & (beside < 0.5)] = 0
    cover = np.minimum(share + (cover - share) * gone, share)
    # A neck of which nothing is seen farther up begins softly there, and narrow.
    begun = smoothstep(0, 0.07 * face.height, np.arange(len(part)) - above)[:, None]
    stump = begun * _narrowed(share, down[rows], neck, face.height)
    at_neck = cv2.dilate(throat[rows], disc(0.02 * face.height)) * within[rows]
    shown = cover * (1 - throat[rows] * (1 - low)) * (1 - at_neck * (1 - stump))
    shown = shown[..., None].astype(np.float32)
    laid = (straight + (colour - straight) * gone[..., None]) * shown
    found = np.zeros_like(plate)
    found[rows] = np.clip(np.dstack([laid, 255 * shown]) + 0.5, 0, 255)
    return found


def _extended(picture: Share, hole: NDArray[np.bool_], size: float) -> Share:
    """The picture with its hole filled: at the rim by what is nearest, deep inside by all that is around."""
    away, (row, column) = distance_transform_edt(hole, return_indices=True)
    rim = cv2.GaussianBlur(picture[row, column], (0, 0), 0.008 * size)
    deep = smoothstep(0.01 * size, 0.12 * size, away).astype(np.float32)[..., None]
    filled = rim + (lids.fill(picture, hole) - rim) * deep
    return np.where(hole[..., None], filled, picture)


def _ending(down: Share) -> Share:
    """How much of the body's neck there is, by face heights below the chin: it ends behind the jaw."""
    return smoothstep(-0.13, 0.0, down).astype(np.float32)


def _within(neck: Share, x: Share, down: Share, reach: float) -> Share:
    """1 at the neck and 0 beside it. neck: how much of each pixel belongs to it; x, down: positions in face units."""
    weight = neck * ((down > 0.02) & (down < 0.4 * reach))
    total = max(float(weight.sum()), 1e-6)
    middle = float((weight * x).sum()) / total
    half = math.sqrt(3 * float((weight * (x - middle) ** 2).sum()) / total)
    half = min(max(half, 0.12), 0.22)
    return 1 - smoothstep(*WIDEST, np.abs(x - middle) / half).astype(np.float32)


def _narrowed(alpha: Share, down: Share, neck: float, size: float) -> Share:
    """How much of the body's neck there is, by the distance from the outline: it widens from the jaw to the collar.

    If it were as wide as the head's neck, it would show beside it when the head turns.
    """
    inside = cv2.distanceTransform((alpha > 0.5).astype(np.uint8), cv2.DIST_L2, 5) / size
    inset = INSET * (1 - smoothstep(0.0, 0.5, down / neck).astype(np.float32))
    return np.clip((inside - inset) / 0.012 + 1, 0, 1).astype(np.float32)


def _divided(plate: Share, head: Share, body: Share) -> tuple[Frame, Frame]:
    """(head, body) so that the head over the body is the plate; head: the alpha it has at least."""
    # Where the plate lets the background through, so does the body.
    body = body * np.minimum(1, plate[..., 3:] / np.maximum(body[..., 3:], 1))
    behind = body[..., 3] / 255
    over = np.maximum(head, (plate[..., 3] / 255 - behind) / np.maximum(1 - behind, 1e-3))
    # What it needs to be to make the plate's colour out of the body's.
    lighter = (plate - body) / np.maximum(255 - body, 1)
    darker = (body - plate) / np.maximum(body, 1)
    needed = np.maximum(lighter, darker)[..., :3].max(-1)
    needed *= smoothstep(*SEEN, np.abs(plate - body)[..., :3].max(-1)).astype(np.float32)
    solid = plate[..., 3] > 250
    over = np.where(solid & (needed > 0.02), np.maximum(over, needed), over)
    over = np.clip(over, 0, 1)[..., None]
    colour = np.clip(plate[..., :3] - (1 - over) * body[..., :3], 0, 255 * over)
    front = np.dstack([colour, 255 * over])
    return (front + 0.5).astype(np.uint8), np.clip(body + 0.5, 0, 255).astype(np.uint8)
