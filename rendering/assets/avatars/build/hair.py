"""Hair on the scalp: a long side-parted cut and a short coily one."""

from __future__ import annotations

import numpy as np
from geometry import smooth_step, unit
from scipy.spatial import cKDTree
from strands import Head


def _wavy(head: Head, points, guide_roots, guides, amplitude: float, frequency: float):
    """Waves that neighbouring strands share; `guides` names each strand's guide."""
    along = np.linspace(0, 1, points.shape[1])[None]
    tangent = unit(np.gradient(points, axis=1))
    offset = guide_roots - head.centre
    phase = np.arctan2(offset[:, 0], -offset[:, 1]) * 5
    phase = (phase + head.random.normal(0, 0.55, len(phase)))[guides][:, None]
    pace = (frequency * head.random.uniform(0.93, 1.07, len(guide_roots)))[guides][:, None]
    outward = points - head.centre
    outward = unit(outward - tangent * (outward * tangent).sum(-1, keepdims=True))
    aside = np.cross(tangent, outward)
    size = (amplitude * np.clip((along - 0.25) / 0.5, 0, 1))[..., None]
    angle = (pace * along * 2 * np.pi + phase)[..., None]
    return points + aside * np.sin(angle) * size + outward * np.cos(angle) * size * 0.6


def long(head: Head) -> None:
    """Side-parted, shoulder-length, softly waved: off the part, over the head, then down."""
    look, random = head.person["hair"], head.random
    count, steps = int(look.get("count", 32000) * head.density), 26
    scalp = np.clip(head.skin.attributes["m_scalp"] * 1.6 - 0.1, 0, 1)
    roots, normals, places = head.scatter(scalp, count)
    part = look["part"]
    wander = 0.02 * np.sin(places[:, 2] * 9) + random.normal(0, 0.034, count)
    side = np.where(places[:, 0] + wander > part, 1.0, -1.0)
    front = smooth_step(0.75, 1.35, places[:, 2])
    back = smooth_step(0.5, -0.2, places[:, 2])
    top = smooth_step(7.6, 8.2, places[:, 1])
    eye_height = head.eyes[2]
    length = (roots[:, 2] - (eye_height - look["end"])) * 1.12 + 0.03 + 0.05 * top
    length *= random.uniform(0.82, 1.05, count)
    near_part = 0.22 + 0.78 * np.maximum(
        smooth_step(0.0, 0.45, np.abs(places[:, 0] - part)), 1 - top
    )
    layer = (0.007 + 0.003 + look["volume"] * top) * random.random(count) ** 0.75 + 0.001
    layer *= near_part

    def heading(points, share):
        high = smooth_step(eye_height - 0.01, eye_height + 0.075, points[:, 2])[:, None]
        fringe = smooth_step(eye_height - 0.06, eye_height + 0.02, points[:, 2])[:, None]
        low = smooth_step(eye_height - 0.06, eye_height - 0.13, points[:, 2])[:, None]
        behind = back[:, None]
        out = side[:, None] * np.array([1.0, 0, 0]) * 0.9 * high * (1 - behind * 0.5)
        down = np.array([0, 0, -1.0]) * (0.35 + 0.75 * (1 - high))
        rear = np.array([0, 1.0, 0]) * (
            0.25 * high + 0.85 * front[:, None] * fringe + 0.5 * behind * high
        )
        inward = -np.sign(points[:, :1] - head.centre[0]) * np.array([0.25, 0, 0])
        return out + down + rear + low * (inward * look["curl_in"] - np.array([0, 0.1, 0]))

    lift = (0.06 + 0.30 * front + 0.08 * top) * near_part * random.uniform(0.8, 1.2, count)
    points = head.grow(
        roots,
        normals,
        heading,
        length,
        steps,
        lift,
        layer,
        fall=lambda at: smooth_step(eye_height - 0.02, eye_height - 0.07, at[:, 2]),
        hug=lambda at: 0.55 * smooth_step(eye_height - 0.055, eye_height - 0.01, at[:, 2]),
    )
    guides = random.choice(count, 420, replace=False)
    nearest = cKDTree(roots[guides]).query(roots)[1]
    points = head.clump(points, roots, 420, 0.55)
    points = head.clump(points, roots, 2520, 0.42)
    points = _wavy(head, points, roots[guides], nearest, look["wave"], look["waves"])
    loose = random.random(count) < 0.03
    drift = random.normal(0, 0.0045, (count, 1, 3)) * np.linspace(0, 1, steps)[None, :, None]
    points += drift * loose[:, None, None]
    points[:, 1:] += random.normal(0, 0.00035, points[:, 1:].shape)
    head.plant("hair", points, head.taper(count, steps, 0.00010, 0.18), look)


def coily(head: Head) -> None:
    """Very short coily hair: tight curls that stand off the scalp."""
    look, random = head.person["hair"], head.random
    count, steps = int(look.get("count", 48000) * head.density), 9
    scalp = np.clip(head.skin.attributes["m_scalp"] * 1.5 - 0.1, 0, 1) ** 1.1
    roots, normals, places = head.scatter(scalp, count)
    top = smooth_step(7.5, 8.0, places[:, 1])
    height = (look["side"] * (1 - top) + look["top"] * top) * random.uniform(0.7, 1.1, count)
    height *= np.interp(places[:, 1], [6.6, 7.3], [0.4, 1])
    points = coils(head, roots, normals, height, steps, 0.0011)
    head.plant("hair", points, head.taper(count, steps, 0.00008, 0.6), look)


def coils(head: Head, roots, normals, height, steps: int, radius: float) -> np.ndarray:
    """Little springs [n, steps, 3] of `height` metres on the skin."""
    count, random = len(roots), head.random
    along = np.linspace(0, 1, steps)[None, :, None]
    first = unit(np.cross(normals, random.normal(0, 1, normals.shape)))[:, None]
    second = np.cross(normals[:, None], first)
    phase = random.random((count, 1, 1)) * 2 * np.pi
    angle = phase + along * 1.6 * random.uniform(0.7, 1.3, (count, 1, 1)) * 2 * np.pi
    tall = height[:, None, None]
    width = radius * np.minimum(1, tall / 0.006)
    return (
        roots[:, None]
        + normals[:, None] * (along * tall - 0.001)
        + first * (np.cos(angle) - np.cos(phase)) * width
        + second * (np.sin(angle) - np.sin(phase)) * width
    )


CUTS = {"long": long, "coily": coily}
