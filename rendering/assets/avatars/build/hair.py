"""Hair on the scalp: parted and falling, drawn back, short and combed, short and coily."""

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
    """Parted hair from bob to shoulder length, straight to curly: off the part, then down.

    look: part (template x), end (metres below the eyes), volume over crown and sides, back (how far
    the front is combed out of the face), wave and waves (size in metres, number).
    """
    look, random = head.person["hair"], head.random
    count, steps = int(look.get("count", 64000) * head.density), 28
    scalp = np.clip(head.skin.attributes["m_scalp"] * 1.5 - 0.1, 0, 1) ** 0.8
    roots, normals, places = head.scatter(scalp, count)
    part = look["part"]
    wander = 0.02 * np.sin(places[:, 2] * 9) + random.normal(0, 0.045, count)
    side = np.where(places[:, 0] + wander > part, 1.0, -1.0)
    front = smooth_step(0.75, 1.35, places[:, 2])
    back = smooth_step(0.5, -0.2, places[:, 2])
    top = smooth_step(7.6, 8.2, places[:, 1])
    eye_height = head.eyes[2]
    length = (roots[:, 2] - (eye_height - look["end"])) * 1.12 + 0.03 + 0.05 * top
    length *= random.uniform(1 - look.get("layers", 0.16), 1.04, count)
    near_part = 0.35 + 0.65 * np.maximum(
        smooth_step(0.0, 0.55, np.abs(places[:, 0] - part)), 1 - top
    )
    edge = smooth_step(0.0, 0.6, head.share("scalp", roots))  # thin and flat along the hairline
    layer = (0.006 + look["volume"] * (0.45 + 0.55 * top)) * random.random(count) ** 1.2 + 0.001
    layer *= near_part * (0.4 + 0.6 * edge)

    def heading(points, share):
        high = smooth_step(eye_height + 0.005, eye_height + 0.085, points[:, 2])[:, None]
        fringe = smooth_step(eye_height - 0.06, eye_height + 0.02, points[:, 2])[:, None]
        low = smooth_step(eye_height - 0.06, eye_height - 0.13, points[:, 2])[:, None]
        behind = back[:, None]
        out = side[:, None] * np.array([1.0, 0, 0]) * 0.9 * high * (1 - behind * 0.5)
        down = np.array([0, 0, -1.0]) * (0.35 + 0.85 * (1 - high))
        rear = np.array([0, 1.0, 0]) * (
            0.25 * high + look.get("back", 0.85) * front[:, None] * fringe + 0.5 * behind * high
        )
        inward = -np.sign(points[:, :1] - head.centre[0]) * np.array([0.25, 0, 0])
        # What starts over the face is combed aside before it falls.
        over = smooth_step(0.076, 0.058, np.abs(points[:, 0] - head.centre[0]))
        over = (over * smooth_step(0.02, 0.05, head.centre[1] - points[:, 1]))[:, None]
        out = out * (1 - over) + over * side[:, None] * np.array([1.3, 0, 0])
        down = down * (1 - 0.85 * over)
        return out + down + rear + low * (inward * look["curl_in"] - np.array([0, 0.1, 0]))

    lift = (0.04 + 0.10 * front) * near_part * edge * random.uniform(0.7, 1.3, count)
    points = head.grow(
        roots,
        normals,
        heading,
        length,
        steps,
        lift,
        layer,
        fall=lambda at: smooth_step(eye_height - 0.035, eye_height - 0.085, at[:, 2]),
        hug=lambda at: 0.90 * smooth_step(eye_height - 0.075, eye_height - 0.015, at[:, 2]),
    )
    guides = random.choice(count, 420, replace=False)
    nearest = cKDTree(roots[guides]).query(roots)[1]
    points = head.clump(points, roots, 220, look.get("clump", 0.50) * 0.8)
    points = head.clump(points, roots, 1500, 0.60, 0.9)
    points = head.clump(points, roots, 8000, 0.75, 0.6)
    points = _wavy(head, points, roots[guides], nearest, look["wave"], look["waves"])
    loose = random.random(count) < look.get("loose", 0.05)
    drift = random.normal(0, 0.0075, (count, 1, 3)) * np.linspace(0, 1, steps)[None, :, None]
    points += drift * loose[:, None, None]
    points += _wander(random, count, steps, look.get("frizz", 0.0006))
    radii = head.taper(count, steps, look.get("thin", 0.000068), 0.35) * (0.5 + 0.5 * edge)[:, None]
    head.plant("hair", points, radii, look, shade=head.shades(roots))
    _baby(head, look)


def _wander(random, count: int, steps: int, size: float) -> np.ndarray:
    """Slow drift [count, steps, 3] of about `size` metres, more to the tip: no strand is a copy of the next."""
    along = np.linspace(0, 1, steps)[None, :, None]
    result = np.zeros((count, steps, 3))
    for turns in (1.0, 2.3, 5.0):
        phase = random.uniform(0, 2 * np.pi, (count, 1, 3))
        swing = np.sin(phase + along * turns * 2 * np.pi)
        result += swing * random.normal(0, 1, (count, 1, 3)) / turns
    wild = np.minimum(np.exp(random.normal(-0.4, 0.7, (count, 1, 1))), 4.0)
    return result * size * wild * along**0.8


def _baby(head: Head, look: dict) -> None:
    """Short fine hair along the hairline, that blurs it."""
    random, edge = head.random, head.skin.attributes["m_scalp"]
    count, steps = int(7000 * head.density), 8
    weight = np.clip(edge * 12, 0, 1) * np.clip(1 - edge * 1.3, 0, 1)
    weight *= head.skin.attributes["rest"][:, 2] > 0.2
    roots, normals, places = head.scatter(weight, count)
    aside = np.where(places[:, 0] > look["part"], 0.7, -0.7)
    up = smooth_step(7.2, 7.8, places[:, 1])[:, None]
    way = np.array([0, 0.8, 0.25]) * up + np.array([0, 0.7, -0.5]) * (1 - up)
    way[:, 0] += aside
    way += random.normal(0, 0.38, way.shape)
    points = head.grow(
        roots,
        normals,
        lambda at, share: way,
        random.uniform(0.004, 0.022, count),
        steps,
        random.uniform(0.05, 0.5, count),
        random.uniform(0.0003, 0.003, count),
        hug=lambda at: 0.4,
    )
    points += _wander(random, count, steps, 0.0009)
    head.plant("baby", points, head.taper(count, steps, 0.000032, 0.3), look)


def tied(head: Head) -> None:
    """Hair drawn back over the head into a knot.

    look: knot (metres right, back and up from the middle of the skull), bun (its radius in metres).
    """
    look, random = head.person["hair"], head.random
    count, steps = int(look.get("count", 26000) * head.density), 20
    scalp = np.clip(head.skin.attributes["m_scalp"] * 1.5 - 0.1, 0, 1)
    roots, normals, places = head.scatter(scalp, count)
    knot = head.centre + np.array(look["knot"])
    reach = np.linalg.norm(knot - roots, axis=1)
    top = smooth_step(7.4, 8.1, places[:, 1])
    layer = (0.003 + look["volume"] * top) * random.random(count) ** 0.7 + 0.0008

    points = head.grow(
        roots,
        normals,
        lambda at, share: unit(knot - at) + np.array([0, 0, look.get("rise", 0.3)]) * (1 - share),
        reach * 1.12 * random.uniform(0.92, 1.03, count),
        steps,
        0.12 + 0.10 * top,
        layer,
        hug=lambda at: 0.85,
    )
    points = head.clump(points, roots, 500, 0.3)
    points[:, 1:] += random.normal(0, 0.0003, points[:, 1:].shape)
    fine = random.random(count) < 0.03
    drift = random.normal(0, 0.004, (count, 1, 3)) * np.linspace(0, 1, steps)[None, :, None]
    points += drift * fine[:, None, None]
    head.plant("hair", points, head.taper(count, steps, 0.00010, 0.3), look)
    if "bun" in look:
        _bun(head, knot, look)


def _bun(head: Head, knot: np.ndarray, look: dict) -> None:
    """A ball of wound hair: each strand is part of a circle around a tilted axis."""
    random, count, steps = head.random, int(9000 * head.density), 18
    locks = 26
    lock = random.integers(0, locks, count)
    axes = unit(random.normal(0, 1, (locks, 3)) + np.array([0, 0, 0.6]))
    middle = random.uniform(-0.75, 0.75, locks)
    axis = unit(axes[lock] + random.normal(0, 0.06, (count, 3)))
    first = unit(np.cross(axis, random.normal(0, 1, (count, 3))))
    second = np.cross(axis, first)
    rise = np.clip(middle[lock] + random.normal(0, 0.10, count), -0.95, 0.95)[:, None]
    start = random.uniform(0, 2 * np.pi, (count, 1))
    angle = start + np.linspace(0, 2.6, steps)[None]
    radius = look["bun"] * random.uniform(0.86, 1.02, (count, 1))
    wide = radius * np.sqrt(1 - rise**2)
    points = (
        first[:, None] * np.cos(angle)[..., None] + second[:, None] * np.sin(angle)[..., None]
    ) * wide[..., None] + axis[:, None] * (rise * radius)[..., None]
    head.plant(
        "bun",
        knot + points * np.array([1.1, 1, 0.92]),
        head.taper(count, steps, 0.00011, 0.4),
        look,
    )


def short(head: Head) -> None:
    """Short hair combed to both sides of a part and back; close to the head at the sides."""
    look, random = head.person["hair"], head.random
    count, steps = int(look.get("count", 55000) * head.density), 14
    scalp = np.clip(head.skin.attributes["m_scalp"] * 1.6 - 0.1, 0, 1)
    crown = smooth_step(7.5, 8.0, head.skin.attributes["rest"][:, 1])
    scalp = scalp * (1 - look.get("thin", 0) * crown)
    roots, normals, places = head.scatter(scalp, count)
    part, top = look["part"], smooth_step(7.35, 7.9, places[:, 1])
    wander = 0.03 * np.sin(places[:, 2] * 9) + random.normal(0, 0.07, count)
    side = np.where(places[:, 0] + wander > part, 1.0, -1.0)
    front = smooth_step(0.8, 1.35, places[:, 2])
    length = (look["side"] * (1 - top) + look["top"] * top) * random.uniform(0.7, 1.08, count)
    length *= np.interp(places[:, 1], [6.6, 7.2], [0.45, 1])
    near_part = 0.6 + 0.4 * np.maximum(smooth_step(0.0, 0.3, np.abs(places[:, 0] - part)), 1 - top)
    edge = smooth_step(0.0, 0.6, head.share("scalp", roots))
    layer = (0.003 + look["volume"] * top) * random.random(count) ** 1.1 * near_part + 0.0008
    layer *= 0.4 + 0.6 * edge
    over = side[:, None] * np.array([1.0, 0, 0]) * 0.8
    over = over + np.array([0, 1.0, 0]) * (look["sweep"] + 0.3 * front[:, None])
    down = np.array([0, 0.55, -1.0]) + random.normal(0, 0.12, (count, 3))
    way = over * top[:, None] + down * (1 - top[:, None]) + random.normal(0, 0.1, (count, 3))
    lift = (0.20 + look.get("lift", 0.25) * front * top) * near_part * (0.3 + 0.7 * edge)
    points = head.grow(
        roots,
        normals,
        lambda at, share: way,
        length,
        steps,
        lift * random.uniform(0.7, 1.3, count),
        layer,
        hug=lambda at: 0.5,
    )
    guides = random.choice(count, max(1, count // 60), replace=False)
    nearest = cKDTree(roots[guides]).query(roots)[1]
    points = head.clump(points, roots, max(1, count // 120), 0.50)
    points = head.clump(points, roots, max(1, count // 25), 0.65, 0.8)
    points = head.clump(points, roots, max(1, count // 7), 0.75, 0.6)
    points = _wavy(
        head, points, roots[guides], nearest, look.get("wave", 0.0015), look.get("waves", 1.0)
    )
    points += _wander(random, count, steps, look.get("frizz", 0.00045))
    radii = head.taper(count, steps, look.get("fine", 0.000070), 0.35) * (0.5 + 0.5 * edge)[:, None]
    head.plant("hair", points, radii, look, shade=head.shades(roots))
    _baby(head, look)


def coily(head: Head) -> None:
    """Very short coily hair: tight curls that stand off the scalp."""
    look, random = head.person["hair"], head.random
    count, steps = int(look.get("count", 48000) * head.density), 9
    scalp = np.clip(head.skin.attributes["m_scalp"] * 1.5 - 0.1, 0, 1) ** 1.1
    roots, normals, places = head.scatter(scalp, count)
    top = smooth_step(7.5, 8.0, places[:, 1])
    height = (look["side"] * (1 - top) + look["top"] * top) * random.uniform(0.7, 1.1, count)
    height *= np.interp(places[:, 1], [6.6, 7.3], [0.4, 1])
    points = coils(head, roots, normals, height, steps, look.get("coil", 0.0011))
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


CUTS = {"long": long, "tied": tied, "short": short, "coily": coily}
