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
    dark = SEAM * np.exp(-(((v - seam) / 0.006) ** 2)) * ends
    mixed *= (1 - dark[..., None]).astype(np.float32)
    closed = picture.copy()
    closed[y0:y1, x0:x1] = np.clip(mixed + 0.5, 0, 255).astype(np.uint8)
    moved = points.copy()
    moved[:, :2] += (move[:, :1] * right + move[:, 1:] * down) * tall
    return closed, moved


def _line(points: NDArray) -> tuple[NDArray, NDArray]:
    order = np.argsort(points[:, 0])
    return points[order, 0], points[order, 1]
