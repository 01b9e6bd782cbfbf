"""The sizes of real heads, and a head brought to them.

Means and deviations in millimetres of young adults: Farkas et al., International anthropometric study
of facial morphology in various ethnic groups/races, J Craniofac Surg 16 (2005) 615; between the pupils:
Dodgson, Variation and extrema of human interpupillary distance, SPIE 5291 (2004) 36; the iris: Rüfer et
al., White-to-white corneal diameter, Cornea 24 (2005) 259. Where the template measures skin and not
bone, or a groove beside the point, the figure is larger by as much.
"""

from __future__ import annotations

import numpy as np
from geometry import base_mesh, smooth_step

IRIS = 11.8
"""Diameter in mm: nearly the same in all adults."""
SIZES: dict[str, tuple[tuple[float, float], tuple[float, float]]] = {
    "cheekbones": ((131.0, 4.6), (138.0, 4.4)),  # zy-zy
    "jaw": ((99.0, 5.0), (107.0, 5.0)),  # across the cheeks at the height of the mouth
    "crown": ((110.0, 5.0), (113.0, 6.0)),  # from the pupils up
    "chin": ((105.0, 4.5), (115.0, 5.0)),  # from the pupils down
    "pupils": ((62.0, 3.2), (64.0, 3.4)),
    "lids": ((29.0, 1.2), (29.0, 1.2)),  # ex-en
    "nose": ((36.0, 2.0), (39.0, 2.1)),  # al-al and the groove beside it
    "mouth": ((47.0, 3.0), (50.0, 3.0)),  # ch-ch of lips at rest
}
"""Women, men: mean and deviation."""
WIDER_NOSE = {"african": 6.0, "asian": 3.0}
"""Millimetres that a nose is wider by origin."""
STEPS = 5
"""Rounds after which every size is within half a millimetre of what is wanted."""


def _near(x: float, y: float, z: float) -> int:
    body = base_mesh().members("body")
    return int(body[np.linalg.norm(base_mesh().vertices[body] - (x, y, z), axis=1).argmin()])


def _eye(vertices: np.ndarray, side: str) -> np.ndarray:
    ball = vertices[base_mesh().members(f"helper-{side}-eye")]
    return (ball.min(0) + ball.max(0)) / 2


def measured(vertices: np.ndarray) -> dict[str, float]:
    """The SIZES of a head [n, 3] that is neither turned nor smiling, in mm."""
    body = base_mesh().members("body")
    at, now = base_mesh().vertices[body], vertices[body]
    side, up, ahead = np.abs(at[:, 0]), at[:, 1], at[:, 2]
    ears = (side > 0.70) & (ahead < 0.80) & (up > 6.72) & (up < 7.66)

    def width(low: float, high: float) -> float:
        return float(np.ptp(now[(up > low) & (up < high) & ~ears][:, 0])) * 100

    def apart(x: float, y: float, z: float, other: tuple[float, float, float]) -> float:
        return float(np.linalg.norm(vertices[_near(x, y, z)] - vertices[_near(*other)])) * 100

    left, right = _eye(vertices, "l"), _eye(vertices, "r")
    pupils = (left[1] + right[1]) / 2
    under = (side < 0.1) & (ahead > 1.2) & (up < 6.6) & (up > 6.2)
    wings = (side < 0.2) & (ahead > 1.3) & (up > 6.82) & (up < 6.95)
    return {
        "cheekbones": max(width(low, low + 0.08) for low in np.arange(6.9, 7.35, 0.05)),
        "jaw": width(6.60, 6.68),
        "crown": float(now[up > 8][:, 1].max() - pupils) * 100,
        "chin": float(pupils - now[under][:, 1].min()) * 100,
        "pupils": float(abs(left[0] - right[0])) * 100,
        "lids": apart(0.195, 7.275, 1.35, (0.437, 7.29, 1.2)),
        "nose": float(np.ptp(now[wings][:, 0])) * 100,
        "mouth": apart(0.27, 6.70, 1.42, (-0.27, 6.70, 1.42)),
    }


def wanted(person: dict) -> dict[str, float]:
    """The sizes a person shall have, in mm; person["size"] says by how many deviations each differs."""
    sex = int("male" in person["sex"])
    sizes = {name: both[sex][0] for name, both in SIZES.items()}
    for name, by in person.get("size", {}).items():
        sizes[name] += by * SIZES[name][sex][1]
    sizes["nose"] += sum(WIDER_NOSE.get(o, 0) * share for o, share in person["origin"].items())
    return sizes


def proportioned(vertices: np.ndarray, person: dict) -> np.ndarray:
    """The body [n, 3] with its head at the sizes of `wanted`; what lies below the neck stays."""
    goal = wanted(person)
    for _ in range(STEPS):
        vertices = _nearer(vertices, goal)
    return vertices


def _nearer(vertices: np.ndarray, goal: dict[str, float]) -> np.ndarray:
    """One round: each size is scaled by what it lacks, where it is measured."""
    now = measured(vertices)
    lacks = {name: goal[name] / now[name] for name in goal}
    template, result = base_mesh().vertices, vertices.copy()
    side, up, ahead = np.abs(template[:, 0]), template[:, 1], template[:, 2]
    head = smooth_step(5.75, 6.25, up)

    wide = 1 + (lacks["cheekbones"] - 1) * (0.35 + 0.65 * smooth_step(0.15, 0.6, side))
    jaw = np.exp(-(((up - 6.45) / 0.40) ** 2)) * smooth_step(0.10, 0.45, side)
    wide *= 1 + (lacks["jaw"] / lacks["cheekbones"] - 1) * jaw
    result[:, 0] *= 1 + (wide - 1) * head

    eyes = {side_: _eye(vertices, side_) for side_ in ("l", "r")}
    pupils = (eyes["l"][1] + eyes["r"][1]) / 2
    tall = np.where(vertices[:, 1] > pupils, lacks["crown"], lacks["chin"])
    result[:, 1] += (vertices[:, 1] - pupils) * (tall - 1) * head

    for which, sign in (
        ("l", 1),
        ("r", -1),
    ):  # eyeball and lids move and grow as one: they must fit
        middle = template[base_mesh().members(f"helper-{which}-eye")].mean(0)
        distance = np.linalg.norm(template[:, :2] - middle[:2], axis=1) / 0.26
        near = smooth_step(1.35, 0.65, distance) * smooth_step(0.6, 1.0, ahead)
        to = eyes[which].copy()
        to[0] += sign * (goal["pupils"] - now["pupils"]) / 200
        extent = np.ptp(vertices[base_mesh().members(f"helper-{which}-eye")], axis=0)
        grow = lacks["lids"] * extent.mean() / extent  # and the ball becomes round
        whole = to + (vertices - eyes[which]) * grow
        result += (whole - result) * near[:, None]

    for name, at, front, spread, reach in (
        ("nose", 6.90, 1.2, 0.16, 0.20),
        ("mouth", 6.63, 1.1, 0.15, 0.30),
    ):
        near = np.exp(-(((up - at) / spread) ** 2)) * smooth_step(front, front + 0.15, ahead)
        near *= smooth_step(0.46, reach, side)
        result[:, 0] *= 1 + (lacks[name] / lacks["cheekbones"] ** 0.5 - 1) * near
    return result
