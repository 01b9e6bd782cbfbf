"""Folds, hollows, a smile and unlike halves, which MakeHuman's targets lack.

Places are the template's (decimetres; x to one side, y up, z ahead), depths are millimetres outward.
"""

from __future__ import annotations

import itertools

import numpy as np
from geometry import base_mesh, smooth_step, unit

FOLDS: dict[str, tuple[tuple[tuple[float, float], ...], float, float, float]] = {
    "tear": (((0.165, 7.225), (0.20, 7.15), (0.29, 7.085), (0.38, 7.08)), 2.6, -0.7, -1.9),
    "nasolabial": (
        ((0.175, 6.955), (0.235, 6.89), (0.30, 6.79), (0.345, 6.68), (0.35, 6.60)),
        4.2,
        -0.15,
        -2.2,
    ),
    "marionette": (((0.285, 6.58), (0.31, 6.50), (0.30, 6.42)), 3.0, -0.3, -1.6),
    "sulcus": (((0.0, 6.475), (0.10, 6.470), (0.17, 6.455)), 3.4, -0.9, -1.4),
    "crease": (
        ((0.205, 7.325), (0.26, 7.362), (0.33, 7.368), (0.41, 7.338), (0.45, 7.30)),
        1.2,
        -0.45,
        -0.7,
    ),
}
"""Lines (x, y) of both halves, their half width in mm, and their depth at age 0 and at age 1."""
BULGES = (
    (0.52, 6.74, 0.13, 0.16, -1.3, -2.6),  # hollow of the cheek
    (0.41, 7.02, 0.14, 0.09, 0.7, 0.4),  # front of the cheekbone
    (0.30, 7.145, 0.12, 0.035, 0.25, 1.5),  # bag below the eye
    (0.62, 7.50, 0.10, 0.14, -1.0, -2.2),  # temple
    (0.40, 6.43, 0.10, 0.09, 0.0, 1.5),  # jowl
    (0.045, 6.765, 0.018, 0.06, 0.45, 0.25),  # ridge of the philtrum
    (0.0, 6.765, 0.020, 0.06, -0.7, -0.4),  # its groove
    (0.11, 6.36, 0.10, 0.06, 0.6, 0.8),  # mound of the chin
)
"""x, y, radius across and up, depth at age 0 and at age 1."""
NECK = ((0.46, 6.10), (0.28, 5.75), (0.07, 5.42))
"""The long muscle from the ear to the breastbone."""
LIPS_MEET = 6.655
"""Template height of the line between the lips."""


def away(points: np.ndarray, line) -> np.ndarray:
    """Distance of points [n, 2] from a polyline, in its unit."""
    line = np.asarray(line, float)
    best = np.full(len(points), np.inf)
    for first, last in itertools.pairwise(line):
        way = last - first
        share = np.clip(((points - first) @ way) / (way @ way), 0, 1)
        best = np.minimum(best, np.linalg.norm(points - first - share[:, None] * way, axis=1))
    return best


def _normals(vertices: np.ndarray) -> np.ndarray:
    faces = np.array(
        [face if len(face) == 4 else [*face, face[2]] for face in base_mesh().faces("body")]
    )
    first, second, third, fourth = (vertices[faces[:, corner]] for corner in range(4))
    across = np.cross(third - first, fourth - second)
    total = np.zeros_like(vertices)
    for corner in range(4):
        np.add.at(total, faces[:, corner], across)
    return unit(total)


def sculpted(vertices: np.ndarray, person: dict) -> np.ndarray:
    """The body [n, 3] with the folds of its age, a closed smile and halves that differ.

    person["old"]: 0 at twenty, 1 at ninety; person["smile"]: 0 to about 1.
    """
    template, old = base_mesh().vertices, person.get("old", 0.0)
    random = np.random.default_rng(person["seed"])
    flat = np.stack([np.abs(template[:, 0]), template[:, 1]], 1)
    half = np.where(template[:, 0] >= 0, 0, 1)
    smile = person.get("smile", 0.0)

    def mound(x: float, y: float, across: float, up: float) -> np.ndarray:
        return np.exp(-(((flat[:, 0] - x) / across) ** 2) - ((flat[:, 1] - y) / up) ** 2)

    shift = np.zeros(len(template))
    for line, wide, young, aged in FOLDS.values():
        unlike = random.normal(1, 0.12, 2)[half]
        depth = young + (aged - young) * old
        shift += depth * unlike * np.exp(-((away(flat, line) * 100 / wide) ** 2))
    for x, y, across, up, young, aged in BULGES:
        unlike = random.normal(1, 0.15, 2)[half]
        shift += (young + (aged - young) * old) * unlike * mound(x, y, across, up)
    fold = np.exp(-((away(flat, FOLDS["nasolabial"][0]) * 100 / 4.0) ** 2))
    tuck = mound(0.32, 6.69, 0.06, 0.08)  # where a corner draws into the cheek
    shift += smile * (1.8 * mound(0.41, 6.96, 0.15, 0.12) - 0.15 * fold - 0.7 * tuck)
    if "male" in person["sex"]:
        shift += 1.4 * mound(0.26, 7.44, 0.2, 0.055)  # ridge of the brow
        shift += 2.6 * mound(0, 5.72, 0.10, 0.10)  # larynx
    muscle = np.exp(-((away(flat, NECK) * 100 / 6.5) ** 2))
    shift += 1.6 * muscle * smooth_step(6.15, 5.95, flat[:, 1])

    body = np.zeros(len(template))
    body[base_mesh().members("body")] = 1
    ahead = smooth_step(0.75, 1.05, template[:, 2])
    result = vertices + _normals(vertices) * (shift * ahead * body)[:, None] / 100
    result += smile * _smile(template) * body[:, None]
    return result + person.get("unlike", 1.0) * _drift(template, random)


def _smile(template: np.ndarray) -> np.ndarray:
    """Moves [n, 3] in decimetres: the mouth bends up and back to its corners, the lips become thinner."""
    side, height, depth = np.abs(template[:, 0]), template[:, 1], template[:, 2]
    ahead = smooth_step(1.0, 1.2, depth)
    near = np.exp(-(((height - 6.67) / 0.14) ** 2)) * smooth_step(0.58, 0.27, side) * ahead
    bow = np.minimum(side / 0.27, 1.15) ** 2 * near
    lips = smooth_step(0.34, 0.20, side) * np.exp(-(((height - 6.645) / 0.11) ** 4)) * ahead
    across = np.sign(template[:, 0]) * 0.008 * bow
    up = 0.030 * bow - 0.006 * lips - (height - LIPS_MEET) * 0.05 * lips
    return np.stack([across, up, -0.022 * bow], 1)


def _drift(template: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Slow one-sided waves [n, 3] of 0.6 mm over the head: no two halves are alike."""
    moves = np.zeros_like(template)
    for _ in range(5):
        way = unit(random.normal(0, 1, 3) * np.array([1, 1, 0.6]))
        pace = random.normal(0, 1, 2) / 0.55
        swing = np.sin(template[:, :2] @ pace + random.uniform(0, 2 * np.pi))
        moves += way * swing[:, None] * 0.0060
    return moves * smooth_step(6.0, 6.5, template[:, 1])[:, None]
