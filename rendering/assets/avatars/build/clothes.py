"""Clothes: fitted meshes with woven or knitted materials, and ribbed collars made to fit."""

from __future__ import annotations

import numpy as np
from geometry import base_mesh, border_loops, fitted, islands, smooth_step
from layers import WORN
from scene import Shader, Surface, attribute, part, scaled, surface, thicken
from scipy.spatial import cKDTree

LOWEST = 1.2
"""Template height (decimetres) below which nothing is built: it lies under the picture."""


def material(name: str, look: dict):
    """Knit, wool or cotton in one colour, or a rib for collars."""
    shader = Shader(name)
    place = shader.object_position()
    colour = look["colour"]
    patchy = shader.map(shader.noise(place, 60, 4), 0.3, 0.7, 0, 0.25)
    shade = shader.mix(patchy, colour, scaled(colour, 0.8))
    if look["kind"] == "knit":
        fine = look.get("gauge", 150)
        ribs = shader.waves(place, fine, "X", 0.6)
        rows = shader.waves(place, fine * 1.2, "Z", 1.2)
        height = shader.times(ribs, shader.math("ADD", shader.times(rows, 0.5), 0.5))
        height = shader.math("ADD", height, shader.times(shader.noise(place, 900, 3), 0.5))
        shade = shader.mix(shader.map(height, 0.2, 0.9, 0.30, 0), shade, scaled(colour, 0.6))
        normal = shader.bump(height, 0.40, 0.0010)
    elif look["kind"] == "rib":
        turn = shader.math("MULTIPLY", shader.attribute("around"), look.get("ribs", 30) * 2)
        height = shader.math("SINE", turn)
        height = shader.math("ADD", height, shader.times(shader.noise(place, 900, 3), 0.5))
        shade = shader.mix(shader.map(height, -0.9, 0.9, 0.45, 0), shade, scaled(colour, 0.5))
        normal = shader.bump(height, 0.5, 0.0012)
    elif look["kind"] == "wool":
        fine = shader.times(shader.noise(place, 180, 3), 0.6)
        height = shader.math("ADD", shader.noise(place, 700, 4, 0.7), fine)
        flecks = shader.map(shader.noise(place, 1100, 2), 0.45, 0.7, 0, 0.45)
        shade = shader.mix(flecks, shade, scaled(colour, 1.8))
        normal = shader.bump(height, 0.35, 0.0008)
    else:
        normal = shader.bump(shader.noise(place, 1200, 3, 0.7), 0.2, 0.0005)
    if "stripe" in look:
        fine = shader.waves(place, look.get("stripes", 60), "X", 0.0)
        shade = shader.mix(shader.map(fine, 0.86, 0.97, 0, 1), shade, look["stripe"])
    soft = look.get("folds", 0.35)
    normal = shader.bump(shader.noise(shader.stretch(place, (7, 7, 4)), 1, 2), soft, 0.02, normal)
    bent = shader.wobble(place, 9, 0.05)
    ridge = shader.math("SUBTRACT", shader.noise(shader.stretch(bent, (9, 9, 5)), 1, 1), 0.5)
    crease = shader.map(shader.math("ABSOLUTE", ridge), 0.0, 0.09, 1, 0)
    where = shader.map(shader.noise(place, 5, 1), 0.42, 0.62, 0, 1)
    crease = shader.times(crease, where)
    shade = shader.mix(shader.times(crease, 0.22), shade, scaled(colour, 0.55))
    shader.set(
        Normal=shader.bump(crease, soft * 1.5, -0.010, normal),
        Base_Color=shade,
        Roughness=0.85,
        Specular_IOR_Level=0.25,
        Sheen_Weight=0.08,
        Sheen_Roughness=0.4,
    )
    tint = [0.5 + 0.5 * channel for channel in colour]
    shader.principled.inputs["Sheen Tint"].default_value = (*tint, 1)
    return shader.material


def _band(rim: np.ndarray, vertices: np.ndarray, look: dict, cloth) -> None:
    """A ribbed collar that stands on the neckline `rim` and leans on the neck (decimetres).

    look["band"]: its height in metres.
    """
    rows, around = 7, 144
    axis = np.array([rim[:, 0].mean(), rim[:, 2].mean()])
    turn = np.linspace(-np.pi, np.pi, around, endpoint=False)
    angle = np.arctan2(rim[:, 0] - axis[0], rim[:, 2] - axis[1])
    order = np.argsort(angle)
    start = np.stack(
        [np.interp(turn, angle[order], rim[order, k], period=2 * np.pi) for k in range(3)], 1
    )
    for _ in range(6):
        start = 0.5 * start + 0.25 * (np.roll(start, 1, 0) + np.roll(start, -1, 0))
    start[:, 1] -= 0.03
    skin = vertices[base_mesh().members("body")]
    skin = skin[(skin[:, 1] > start[:, 1].min() - 1) & (np.abs(skin[:, 0]) < 1.2)]
    heading = np.arctan2(skin[:, 0] - axis[0], skin[:, 2] - axis[1])
    tree = cKDTree(np.c_[np.sin(heading), np.cos(heading), skin[:, 1] * 1.3])
    reach = np.hypot(skin[:, 0] - axis[0], skin[:, 2] - axis[1])
    ring = np.stack([np.sin(turn), np.cos(turn)], 1)
    first = ((start[:, [0, 2]] - axis) * ring).sum(1)
    tall = look["band"] * 10
    points = [start]
    for row in range(1, rows):
        share = row / (rows - 1)
        height = start[:, 1] + tall * share
        near = tree.query(np.c_[ring, height * 1.3], k=3)[1]
        neck = reach[near].mean(1)
        neck = _even(neck, 8) + 0.06 + 0.02 * share
        radius = first + (neck - first) * smooth_step(-0.2, 1, np.full(around, share))
        radius = np.maximum(radius, np.minimum(first, neck))
        points.append(np.c_[axis[0] + ring[:, 0] * radius, height, axis[1] + ring[:, 1] * radius])
    inward = points[-1] - np.c_[ring[:, 0], np.full(around, 0.35), ring[:, 1]] * 0.05
    points.append(inward)
    rows += 1
    faces = [
        [
            row * around + place,
            row * around + (place + 1) % around,
            (row + 1) * around + (place + 1) % around,
            (row + 1) * around + place,
        ]
        for row in range(rows - 1)
        for place in range(around)
    ]
    layer = part("collar", np.concatenate(points), faces, subdivide=1, material=cloth)
    attribute(layer.item.data, "around", np.tile(turn, rows))
    layer.item[WORN] = True
    thicken(layer.item, 0.0022)


def _even(values: np.ndarray, times: int) -> np.ndarray:
    """A closed row of numbers, smoothed."""
    for _ in range(times):
        values = 0.5 * values + 0.25 * (np.roll(values, 1) + np.roll(values, -1))
    return values


def _neckline(faces: list[list[int]], points: np.ndarray) -> np.ndarray:
    """The row of points around the neck: the highest border of a garment."""
    loops = [points[loop] for loop in border_loops(faces) if len(loop) > 8]
    return max(loops, key=lambda loop: loop[:, 1].mean())


def garment(look: dict, vertices: np.ndarray) -> Surface:
    """A fitted garment, as a surface.

    look["parts"]: islands of the mesh that are of another cloth, with what their look changes.
    """
    fit = fitted(look["mesh"])
    points = fit.on(vertices)
    numbers = islands(fit.texture_faces)
    kept = [index for index, face in enumerate(fit.faces) if points[face].mean(0)[1] > LOWEST]
    faces = [fit.faces[index] for index in kept]
    cloth = material("garment", look)
    result = part(
        "garment",
        points,
        faces,
        [fit.texture[index] for index in kept],
        subdivide=2,
        material=cloth,
    )
    mesh, slots = result.item.data, np.zeros(len(kept), np.int32)
    for slot, (chosen, changes) in enumerate(look.get("parts", ()), 1):
        mesh.materials.append(material(f"garment {slot}", {**look, **changes}))
        slots[[numbers[index] in chosen for index in kept]] = slot
    mesh.polygons.foreach_set("material_index", slots)
    result.item[WORN] = True
    thicken(result.item, look["thickness"])
    if "band" in look:
        rib = material("rib", {**look, "kind": "rib"})
        _band(_neckline(faces, points), vertices, look, rib)
    return surface(result.item)
