"""Who somebody is: the body of a person with a resting face and hanging arms."""

from __future__ import annotations

import math

import numpy as np
from anthropometry import proportioned
from geometry import MAKEHUMAN, base_mesh, both_sides, smooth_step, target
from sculpt import sculpted


def identity(person: dict) -> np.ndarray:
    """Vertices of the person's body with a resting face and the arms hanging."""
    macro, lean = MAKEHUMAN / "targets/macrodetails", person.get("lean", 0.0)
    vertices = base_mesh().vertices.copy()
    for sex, sex_share in person["sex"].items():
        for age, age_share in person["age"].items():
            share = sex_share * age_share
            for origin, origin_share in person["origin"].items():
                vertices += share * origin_share * target(macro / f"{origin}-{sex}-{age}.target.gz")
            for weight, part in (("average", 1 - lean), ("min", lean)):
                build = f"universal-{sex}-{age}-averagemuscle-{weight}weight.target.gz"
                vertices += share * part * target(macro / build)
    for name, weight in person["shapes"].items():
        for side in both_sides(name, "l", "r"):
            vertices += weight * target(MAKEHUMAN / f"targets/{side}.target.gz")
    vertices = sculpted(proportioned(vertices, person), person)
    vertices = _arms_down(vertices, math.radians(person.get("arms", 30)))
    return _posed(vertices, person.get("turn", 0.0), person.get("tilt", 0.0))


def _posed(vertices: np.ndarray, turn: float, tilt: float) -> np.ndarray:
    """The shoulders turned under the head, and the head tilted over the neck (degrees)."""
    result = vertices.copy()
    angle = np.radians(turn) * smooth_step(6.45, 5.3, vertices[:, 1])
    middle = vertices[base_mesh().members("joint-neck")].mean(0)
    across, depth = vertices[:, 0], vertices[:, 2] - middle[2]
    result[:, 0] = np.cos(angle) * across + np.sin(angle) * depth
    result[:, 2] = middle[2] + np.cos(angle) * depth - np.sin(angle) * across
    angle = np.radians(tilt) * smooth_step(5.7, 6.5, vertices[:, 1])
    across, height = result[:, 0].copy(), result[:, 1] - middle[1]
    result[:, 0] = np.cos(angle) * across + np.sin(angle) * height
    result[:, 1] = middle[1] + np.cos(angle) * height - np.sin(angle) * across
    return result


def _arms_down(vertices: np.ndarray, angle: float) -> np.ndarray:
    """The template stands with its arms held out; swing them down around the shoulders."""
    shoulder = vertices[base_mesh().members("joint-l-shoulder")].mean(0)
    reach, height = abs(shoulder[0]), shoulder[1]
    result = vertices.copy()
    for side in (1, -1):
        chosen = (vertices[:, 0] * side > 0) & (vertices[:, 1] < 7.2)
        points = vertices[chosen]
        outward = points[:, 0] * side
        weight = smooth_step(reach - 0.55, reach + 0.5, outward) * smooth_step(0, 0.6, outward)
        turn = -angle * weight * side
        across, up = points[:, 0] - reach * side, points[:, 1] - height
        result[chosen, 0] = reach * side + np.cos(turn) * across - np.sin(turn) * up
        result[chosen, 1] = height + np.sin(turn) * across + np.cos(turn) * up
    return result
