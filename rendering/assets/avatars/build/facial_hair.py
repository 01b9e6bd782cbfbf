"""Brows, lashes, stubble and beard: strands that move with the face."""

from __future__ import annotations

import numpy as np
from geometry import base_mesh, border_loops, to_scene, unit
from scene import Shader, curves, set_curves
from strands import Head, material

BROW_LINE = np.array(
    [
        (0, 0.115, 7.418),
        (0.3, 0.24, 7.440),
        (0.62, 0.40, 7.455),
        (0.85, 0.50, 7.447),
        (1, 0.58, 7.425),
    ]
)
"""Part of the brow from its inner end, and template x and y there (decimetres)."""


def brows(head: Head) -> None:
    """Both brows, rooted on the skin itself, so no hair lands on the lid below."""
    look = {"count": 900, "thick": 0.040, "length": 0.0080, **head.person["brow"]}
    random, place = head.random, head.skin.attributes["rest"]
    around = (
        (np.abs(place[:, 0]) > 0.06)
        & (np.abs(place[:, 0]) < 0.68)
        & (place[:, 1] > 7.30)
        & (place[:, 1] < 7.55)
        & (place[:, 2] > 1.0)
    )
    roots, normals, places = head.scatter(around.astype(float), 60000)
    along = np.interp(
        np.abs(places[:, 0]), BROW_LINE[:, 1], BROW_LINE[:, 0], left=np.nan, right=np.nan
    )
    middle = np.interp(along, BROW_LINE[:, 0], BROW_LINE[:, 2])
    half = look["thick"] * np.interp(along, [0, 0.12, 0.5, 0.8, 1], [0.6, 1, 1, 0.6, 0.22])
    across = (places[:, 1] - middle) / half
    gap = 0.75 + 0.35 * np.sin(places[:, 0] * 61 + places[:, 1] * 37) * np.sin(
        places[:, 0] * 23 + 1.3
    )
    chance = np.clip(1 - np.abs(across) ** 1.3, 0, 1) * np.interp(along, [0, 0.25], [0.22, 1]) * gap
    inside = np.flatnonzero(np.isfinite(along) & (random.random(len(along)) < chance))
    inside = inside[: 2 * look["count"]]
    roots, normals, places = roots[inside], normals[inside], places[inside]
    along, across = along[inside], across[inside]
    outward = np.sign(places[:, :1]) * np.array([1, 0, 0]) + np.array([0, 0.12, 0])
    angle = np.interp(along, [0, 0.15, 0.5, 0.8, 1], [1.25, 0.75, 0.30, 0.02, -0.12])
    angle = (angle - across * 0.35 + random.normal(0, 0.24, len(along)))[:, None]
    way = np.cos(angle) * outward + np.sin(angle) * np.array([0, 0, 1.0])
    length = look["length"] * np.interp(along, [0, 0.2, 0.7, 1], [0.75, 1, 0.9, 0.6])
    length = (length * random.uniform(0.45, 1.2, len(along)))[:, None]
    steps, point = 5, roots
    found = [roots - normals * 0.0006]
    for step in range(1, steps):
        share = step / (steps - 1)
        flat = unit(way - normals * (way * normals).sum(1, keepdims=True))
        point = point + unit(flat + normals * 0.32 * (1 - 1.2 * share)) * length / (steps - 1)
        way = way + np.array([0, 0, -0.06]) * np.sign(across)[:, None]
        found.append(point)
    radii = head.taper(len(roots), steps, look.get("radius", 0.000052), 0.2)
    head.plant("brow", np.stack(found, 1), radii, look, places)


class Lashes:
    """Lashes between the root row and the tip row of the template's lash strips."""

    def __init__(self, head: Head) -> None:
        self.look = {"plain": (0.012, 0.007, 0.005), "length": 1.0, **head.person.get("lash", {})}
        self.sets = []
        template, random = head.template.vertices, head.random
        for side in ("l", "r"):
            eye = template[head.template.members(f"helper-{side}-eye")].mean(0)
            for row, count in (("2", self.look.get("upper", 190)), ("1", 80)):
                faces = head.template.faces(f"helper-{side}-eyelashes-{row}")
                root, tip = self._rows(faces, template, eye)
                spots = np.sort(random.random(count))
                self.sets.append(
                    (
                        root,
                        tip,
                        row == "2",
                        spots,
                        random.uniform(0.5, 1.1, count),
                        np.clip(spots * 0.96 + 0.02 + random.normal(0, 0.035, count), 0, 1),
                    )
                )
        points, radii = self._build(head.vertices)
        self.item = curves("lash", points, radii, material(self.look, "lash"))
        wet = self._wet(head.vertices)
        size = np.tile(
            0.00032 * np.sin(np.linspace(0.25, np.pi - 0.25, wet.shape[1])), (len(wet), 1)
        )
        self.wet = curves("wet", wet, size, _water())

    def _wet(self, vertices: np.ndarray) -> np.ndarray:
        """The line of tears that stands between the lower lid and the eye."""
        rows = []
        for number, side in ((1, "l"), (3, "r")):
            ball = base_mesh().members(f"helper-{side}-eye")
            eye = to_scene(vertices[ball]).mean(0)
            row = _on_row(vertices[self.sets[number][0]], np.linspace(0.04, 0.96, 24))
            rows.append(row + unit(eye - row) * 0.00055 + np.array([0, -0.0001, 0.0002]))
        return np.stack(rows)

    @staticmethod
    def _rows(faces, template, eye) -> tuple[np.ndarray, np.ndarray]:
        """The two long borders of a strip, both from small x to large, the nearer one first."""
        uses: dict[int, int] = {}
        for face in faces:
            for index in face:
                uses[index] = uses.get(index, 0) + 1
        loop = max(border_loops(faces), key=len)
        corners = [place for place, index in enumerate(loop) if uses[index] == 1]
        rows = []
        for first, second in zip(corners, corners[1:] + corners[:1], strict=True):
            end = second if second > first else second + len(loop)
            rows.append([loop[place % len(loop)] for place in range(first, end + 1)])
        rows = sorted(rows, key=lambda row: np.ptp(template[row, 0]))[-2:]
        rows.sort(key=lambda row: np.linalg.norm(template[row] - eye, axis=1).mean())
        forward = [row if template[row[0], 0] < template[row[-1], 0] else row[::-1] for row in rows]
        return np.array(forward[0]), np.array(forward[1])

    def _build(self, vertices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        along = np.linspace(0, 1, 7)[None, :, None]
        points, radii = [], []
        for root, tip, upper, spots, lengths, tips in self.sets:
            start = _on_row(vertices[root], spots * 0.96 + 0.02)
            way = _on_row(vertices[tip], tips) - start
            full = np.linalg.norm(way, axis=1, keepdims=True)
            longest = 0.0070 if upper else 0.0056
            way *= np.minimum(1, longest / np.maximum(full, 1e-6))
            way *= lengths[:, None] * self.look["length"]
            size = np.linalg.norm(way, axis=1)[:, None, None]
            if upper:  # out first, then up
                curl = np.array([0, 0.05, 0.55]) * along**2 + np.array([0, -0.45, -0.30]) * along
            else:
                curl = np.array([0, -0.20, -0.10]) * along + np.array([0, 0, -0.12]) * along**2
            points.append(start[:, None] + way[:, None] * along * 0.9 + curl * size)
            thick = self.look.get("thick", 0.000095) if upper else 0.00005
            radii.append(np.tile(np.linspace(1, 0.1, 7) * thick, (len(spots), 1)))
        return np.concatenate(points), np.concatenate(radii)

    def follow(self, vertices: np.ndarray) -> None:
        """Moves the lashes with the lids."""
        set_curves(self.item, self._build(vertices)[0])
        set_curves(self.wet, self._wet(vertices))


def _water():
    """Tears: clear, and a little of a mirror."""
    shader = Shader("tears")
    mirror, clear = shader.add("ShaderNodeBsdfGlossy"), shader.add("ShaderNodeBsdfTransparent")
    mirror.inputs["Roughness"].default_value = 0.08
    both = shader.add("ShaderNodeMixShader")
    for index, value in enumerate((0.10, clear.outputs[0], mirror.outputs[0])):
        shader.feed(both.inputs[index], value)
    shader.links.new(both.outputs[0], shader.output.inputs[0])
    return shader.material


def _on_row(points: np.ndarray, spots: np.ndarray) -> np.ndarray:
    """Points [n, 3] in scene metres at parts 0..1 of a row of vertices."""
    row = to_scene(points)
    places = np.linspace(0, 1, len(row))
    return np.stack([np.interp(spots, places, row[:, axis]) for axis in range(3)], 1)


def stubble(head: Head) -> None:
    """A beard of a few days: very short, dense, even."""
    look, random = head.person["stubble"], head.random
    count, steps = int(look["count"] * head.density), 4
    weight = np.clip(head.skin.attributes["m_beard"] * 1.5 - 0.2, 0, 1) ** 1.3
    roots, normals, places = head.scatter(weight, count)
    way = np.array([0, -0.2, -1.0]) + random.normal(0, 0.35, normals.shape)
    way = unit(way - normals * (way * normals).sum(1, keepdims=True))[:, None]
    along = np.linspace(0, 1, steps)[None, :, None]
    length = look["length"] * random.uniform(0.45, 1.1, count)
    length *= np.interp(places[:, 1], [6.2, 6.5, 7.0], [1.1, 1.1, 0.55])
    points = (
        roots[:, None]
        - normals[:, None] * 0.0004
        + (way * 0.8 + normals[:, None] * 0.5 * (1 - 0.5 * along)) * along * length[:, None, None]
    )
    radii = head.taper(count, steps, look["radius"], 0.35)
    head.plant("stubble", points, radii, look, places)


def beard(head: Head) -> None:
    """A full beard: wavy strands that hang from cheek and chin and leave the lips free."""
    look, random = head.person["beard"], head.random
    count, steps = int(look["count"] * head.density), 9
    weight = np.clip(head.skin.attributes["m_beard"] * 1.5 - 0.2, 0, 1)
    roots, normals, places = head.scatter(weight, count)
    lip = (places[:, 1] > 6.70) & (np.abs(places[:, 0]) < 0.34) & (places[:, 2] > 1.25)
    length = look["length"] * random.uniform(0.6, 1.1, count)
    length *= np.interp(places[:, 1], [6.25, 6.45, 6.75, 7.1], [0.8, 1, 0.6, 0.25])
    length[lip] = np.minimum(length[lip], 0.0085 * random.uniform(0.6, 1, lip.sum()))
    aside = np.sign(places[:, :1]) * np.array([1.0, 0, 0])
    way = np.array([0, 0, -1.0]) + random.normal(0, 0.22, normals.shape)
    way[lip] += aside[lip] * 1.5
    way = unit(way - normals * (way * normals).sum(1, keepdims=True) * 0.85)
    stride = (length / (steps - 1))[:, None]
    point, found = roots, [roots - normals * 0.0006]
    for step in range(1, steps):
        share = step / (steps - 1)
        fall = np.array([0, -0.05, -0.5]) * share
        point = point + unit(way + normals * 0.55 * (1 - share) + fall) * stride
        found.append(point)
    points = np.stack(found, 1)
    points = head.clump(points, roots, max(1, count // 18), 0.5)
    along = np.linspace(0, 1, steps)[None]
    phase, pace = random.random((2, count, 1)) * np.array([6.28, 1.2])[:, None, None]
    swing = np.sin(phase + (1.2 + pace) * along * 6.28) * along * look["curl"]
    points += (unit(np.cross(normals, way)) * 1.0)[:, None] * swing[..., None]
    points += (
        normals[:, None]
        * (np.cos(phase + pace * along * 6.28) * along)[..., None]
        * (0.5 * look["curl"])
    )
    radii = head.taper(count, steps, look["radius"], 0.3)
    head.plant("beard", points, radii, look, places)
