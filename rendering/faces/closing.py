"""Closes a mouth that smiles in the photo: the lips are warped together.

The upper lip comes down by 31 % of the gap and the lower one up by 69 %, the chin follows; corners that a smile has drawn wide
come in a little, or no lip would ever round.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RBFInterpolator

from rendering.faces.geometry import (
    LOWER_INNER,
    LOWER_LIP,
    OVAL,
    UPPER_INNER,
    UPPER_LIP,
    smoothstep,
)
from rendering.values import Frame

UPPER = 0.31  # share of the gap that the upper lip closes
WIDEST = 0.185  # half width of a mouth at rest, in face heights
EASED = 0.6  # share of what is wider that is taken back
CORNER = 0.040  # face heights around the corners in which a smile leaves hollows
HOLLOW = 0.62  # of the light around them: darker is no skin
SHADE = 0.020  # face heights beside the open mouth that its hollows reach
THICK = 0.006  # face heights from the middle of a hollow to its rim, at least: a line between lips is thinner
SHADED = 0.93  # of the light of what is around them that they get
SEAM = 0.30  # how much darker the line between closed lips is
Points = NDArray[np.float64]


def close(picture: Frame, points: Points) -> tuple[Frame, Points]:
    """(picture with closed lips, its landmarks) of an RGB picture with an open mouth. points: (478, 3) pixels."""
    flat = points[:, :2]
    tall = float(np.linalg.norm(flat[10] - flat[152]))
    down = (flat[152] - flat[10]) / tall
    right = np.array([down[1], -down[0]])
    middle = (flat[61] + flat[291]) / 2
    local = np.stack([(flat - middle) @ right, (flat - middle) @ down], -1) / tall

    x = local[:, 0]
    upper = np.interp(x, *_line(local[UPPER_INNER]))
    lower = np.interp(x, *_line(local[LOWER_INNER]))
    gap = np.maximum(lower - upper, 0)
    half = float(abs(local[291, 0] - local[61, 0])) / 2
    move = np.zeros_like(local)
    inside = np.abs(x) <= half * 1.02
    move[UPPER_LIP, 1] = (UPPER * gap * inside)[UPPER_LIP]
    move[LOWER_LIP, 1] = (-(1 - UPPER) * gap * inside)[LOWER_LIP]
    others = np.ones(len(local), bool)
    others[UPPER_LIP] = others[LOWER_LIP] = False
    most = float(gap.max())
    below = others & (local[:, 1] > lower)
    chin = local[152, 1]
    near = np.exp(-((np.maximum(0, np.abs(x) - 0.10) / 0.12) ** 2))
    fall = 0.30 + 0.70 * np.exp(-((np.maximum(0, local[:, 1] - lower - 0.03) / 0.08) ** 2))
    move[below, 1] = (-(1 - UPPER) * most * fall * near)[below]
    above = others & (local[:, 1] < upper) & (local[:, 1] > -0.16)
    move[above, 1] = (UPPER * most * near * np.exp(-(((local[:, 1] - upper) / 0.05) ** 2)))[above]
    ease = EASED * max(0.0, half - WIDEST)
    around = np.exp(-((local[:, 1] / 0.10) ** 2)) * smoothstep(0.42, 0.2, np.abs(x))
    move[:, 0] -= np.clip(x / half, -1, 1) * ease * around

    rows, columns = picture.shape[:2]
    reach = np.array([[-0.5, -0.35], [0.5, chin + 0.3]]) * tall
    corners = middle + np.stack([reach @ np.array([1, 0]), reach @ np.array([0, 1])], -1)
    x0, y0 = np.floor(corners[0]).astype(int).clip(0)
    x1, y1 = np.minimum(np.ceil(corners[1]).astype(int), (columns, rows))
    step = 4
    grid_y, grid_x = np.mgrid[y0:y1:step, x0:x1:step]
    grid = np.stack([grid_x, grid_y], -1).reshape(-1, 2)
    units = np.stack([(grid - middle) @ right, (grid - middle) @ down], -1) / tall
    oval = local[OVAL]
    fixed = np.concatenate([oval.mean(0) + (oval - oval.mean(0)) * k for k in (1.25, 1.6)])
    target = local + move
    maps = []
    for left_out in (LOWER_LIP, UPPER_LIP):
        used = np.setdiff1d(np.arange(len(local)), left_out)
        # The map runs backwards: at a moved point it holds the point's source.
        sites = np.concatenate([target[used], fixed])
        values = np.concatenate([-move[used], np.zeros((len(fixed), 2))])
        sites, index = np.unique(np.round(sites, 5), axis=0, return_index=True)
        found = RBFInterpolator(sites, values[index], kernel="linear", smoothing=1e-4)(units)
        found = (found[:, :1] * right + found[:, 1:] * down) * tall + grid
        found = found.reshape(*grid_x.shape, 2).astype(np.float32)
        scale = np.array([[step, 0, 0], [0, step, 0]], np.float64)
        maps.append(
            cv2.warpAffine(
                found,
                scale,
                (x1 - x0, y1 - y0),
                flags=cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REPLICATE,
            )
        )
    of_upper, of_lower = (
        cv2.remap(picture, each, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE).astype(
            np.float32
        )
        for each in maps
    )
    opening = _opening(flat, picture.shape[:2], tall)
    opened = cv2.max(*(cv2.remap(opening, each, None, cv2.INTER_NEAREST) for each in maps))
    # The seam: where the upper lip's inner edge has come to lie.
    line = target[UPPER_INNER]
    y, x_ = np.mgrid[y0:y1, x0:x1]
    away = np.stack([x_, y], -1) - middle
    u, v = away @ right / tall, away @ down / tall
    seam_x, seam_y = _line(line)
    beyond_left, beyond_right = seam_x[0], seam_x[-1]
    seam = np.interp(u, seam_x, seam_y)
    under = smoothstep(-0.0025, 0.0025, v - seam).astype(np.float32)
    under = np.where(
        (u < beyond_left) | (u > beyond_right), smoothstep(-0.02, 0.02, v - seam), under
    )
    mixed = of_upper * (1 - under[..., None]) + of_lower * under[..., None]
    ends = smoothstep(beyond_left, beyond_left + 0.03, u) * smoothstep(
        beyond_right, beyond_right - 0.03, u
    )
    corners = target[[61, 78, 291, 308]].reshape(2, 2, 2).mean(1)
    part = np.clip(mixed + 0.5, 0, 255).astype(np.uint8)
    for corner in corners:
        away = np.hypot(u - corner[0], v - corner[1]) / CORNER
        part = _filled(part, opened > 0, away, tall)
    dark = SEAM * np.exp(-(((v - seam) / 0.006) ** 2)) * ends
    closed = picture.copy()
    closed[y0:y1, x0:x1] = np.clip(part * (1 - dark[..., None]) + 0.5, 0, 255).astype(np.uint8)
    moved = points.copy()
    moved[:, :2] += (move[:, :1] * right + move[:, 1:] * down) * tall
    return closed, moved


def _opening(flat: NDArray[np.float64], shape: tuple[int, int], tall: float) -> Frame:
    """Where the mouth is open (255), and as far beside it as its shade reaches."""
    found = np.zeros(shape, np.uint8)
    outline = flat[[*UPPER_INNER, *LOWER_INNER[::-1]]]
    cv2.fillPoly(found, [np.round(outline).astype(np.int32)], 255)
    reach = 2 * max(1, round(SHADE * tall)) + 1
    return cv2.dilate(found, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))


def _filled(
    picture: Frame, opened: NDArray[np.bool_], away: NDArray[np.float64], tall: float
) -> Frame:
    """The picture without the dark hollow that an open smile has at a corner of the mouth.

    opened: what of the picture was the open mouth. away: distance from the corner, 1 at the rim of what may be changed. tall:
    of the face in pixels. A line between lips stays, and so does a corner within a beard.
    """
    light = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    around = light[(away > 1) & (away < 2)]
    middle = float(np.median(around))
    if np.percentile(around, 20) < HOLLOW * middle:
        return picture
    dark = ((light < HOLLOW * middle) & opened & (away < 1)).astype(np.uint8)
    thick = cv2.distanceTransform(dark, cv2.DIST_L2, 3) > THICK * tall
    labels = cv2.connectedComponents(dark)[1]
    hollow = np.isin(labels, np.setdiff1d(np.unique(labels[thick]), [0]))
    if not hollow.any():
        return picture
    side = 2 * max(1, round(0.004 * tall)) + 1
    hollow = cv2.dilate(hollow.astype(np.uint8), np.ones((side, side), np.uint8))
    hollow[away > 1.2] = 0
    skin = cv2.inpaint(picture, hollow, 0.012 * tall, cv2.INPAINT_TELEA)
    share = cv2.GaussianBlur(hollow.astype(np.float32), (0, 0), 0.003 * tall)[..., None]
    return np.round(picture * (1 - share) + skin * share * SHADED).astype(np.uint8)


def _line(points: NDArray) -> tuple[NDArray, NDArray]:
    order = np.argsort(points[:, 0])
    return points[order, 0], points[order, 1]
