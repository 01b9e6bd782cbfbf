"""Clothes: fitted meshes with woven or knitted materials, and a crew-neck shirt made of the body."""

from __future__ import annotations

import bpy
import numpy as np
from geometry import base_mesh, border_loops, fitted, islands, smooth_step, to_scene, unit
from scene import Shader, Surface, link, part, scaled, surface, thicken
from scipy.spatial import cKDTree

NECKLINE = 6.0
"""Template height of a shirt's neckline in front."""
LOWEST = 1.2
"""Template height (decimetres) below which nothing is built: it lies under the picture."""


def material(name: str, look: dict):
    """Knit, wool or cotton in one colour."""
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
    elif look["kind"] == "wool":
        fine = shader.times(shader.noise(place, 180, 3), 0.6)
        height = shader.math("ADD", shader.noise(place, 700, 4, 0.7), fine)
        flecks = shader.map(shader.noise(place, 1100, 2), 0.45, 0.7, 0, 0.3)
        shade = shader.mix(flecks, shade, scaled(colour, 1.5))
        normal = shader.bump(height, 0.35, 0.0008)
    else:
        normal = shader.bump(shader.noise(place, 1200, 3, 0.7), 0.2, 0.0005)
    folds = shader.noise(shader.stretch(place, (7, 7, 4)), 1, 2)
    shader.set(
        Normal=shader.bump(folds, look.get("folds", 0.35), 0.02, normal),
        Base_Color=shade,
        Roughness=0.85,
        Specular_IOR_Level=0.25,
        Sheen_Weight=0.08,
        Sheen_Roughness=0.4,
    )
    tint = [0.5 + 0.5 * channel for channel in colour]
    shader.principled.inputs["Sheen Tint"].default_value = (*tint, 1)
    return shader.material


def _band(points: np.ndarray, radius: float, name: str, cloth) -> None:
    """A round collar along a closed row of points (decimetres)."""
    for _ in range(3):
        points = 0.5 * points + 0.25 * (np.roll(points, 1, 0) + np.roll(points, -1, 0))
    data = bpy.data.curves.new(name, "CURVE")
    data.dimensions = "3D"
    line = data.splines.new("POLY")
    line.points.add(len(points) - 1)
    rows = np.c_[to_scene(points), np.ones(len(points))].astype(np.float32)
    line.points.foreach_set("co", rows.ravel())
    line.use_cyclic_u = line.use_smooth = True
    data.bevel_depth, data.bevel_resolution = radius, 5
    data.materials.append(cloth)
    link(data, name)


def _neckline(faces: list[list[int]], points: np.ndarray) -> np.ndarray:
    """The row of points around the neck: the highest border of a garment."""
    loops = [points[loop] for loop in border_loops(faces) if len(loop) > 8]
    return max(loops, key=lambda loop: loop[:, 1].mean())


def garment(look: dict, vertices: np.ndarray) -> tuple[Surface, Surface]:
    """A fitted garment without the islands named to be dropped: its inner side, its outside."""
    fit = fitted(look["mesh"])
    points = fit.on(vertices)
    numbers = islands(fit.texture_faces)
    kept = [
        index
        for index, face in enumerate(fit.faces)
        if points[face].mean(0)[1] > LOWEST and numbers[index] not in look.get("without", ())
    ]
    faces = [fit.faces[index] for index in kept]
    if "tuck" in look:
        points = _tucked(points, vertices, look["tuck"])
    cloth = material("garment", look)
    result = part(
        "garment",
        points,
        faces,
        [fit.texture[index] for index in kept],
        subdivide=2,
        material=cloth,
    )
    inner = surface(result.item)
    thicken(result.item, look["thickness"])
    if "collar" in look:
        _band(_neckline(faces, points), look["collar"], "collar", cloth)
    return inner, surface(result.item)


def _tucked(points: np.ndarray, vertices: np.ndarray, share: float) -> np.ndarray:
    """Draws the collar of a jacket towards the neck, which closes the dark gap behind it."""
    body = vertices[base_mesh().members("body")]
    body = body[(body[:, 1] > 5.2) & (np.abs(body[:, 0]) < 1.4)]
    distance, nearest = cKDTree(body).query(points)
    near = smooth_step(5.5, 5.9, points[:, 1]) * smooth_step(1.3, 0.9, np.abs(points[:, 0]))
    excess = np.clip(distance - 0.10, 0, None) / np.maximum(distance, 1e-6)
    return points + (body[nearest] - points) * (near * share * excess)[:, None]


def under_shirt(margin: float = 0.0) -> np.ndarray:
    """Which template vertices a crew-neck shirt covers, `margin` decimetres below its neckline."""
    template = base_mesh().vertices
    side, height, depth = np.abs(template[:, 0]), template[:, 1], template[:, 2]
    neckline = NECKLINE + 0.34 * smooth_step(0.5, -0.1, depth)
    neckline += 0.10 * smooth_step(0.2, 0.6, side)
    return (height < neckline - margin) & (side < 1.05 - margin)


def shirt(look: dict, vertices: np.ndarray, over: Surface) -> Surface:
    """A crew-neck layer: the body below the neck, smoothed, pushed out, kept under `over`."""
    template = base_mesh().vertices
    covered = under_shirt() & (vertices[:, 1] > LOWEST)
    faces = [face for face in base_mesh().faces("body") if all(covered[index] for index in face)]
    used = np.array(sorted({index for face in faces for index in face}))
    place = np.full(len(template), -1)
    place[used] = np.arange(len(used))
    edges = np.array(
        [
            (place[first], place[second])
            for face in faces
            for first, second in zip(face, face[1:] + face[:1], strict=True)
        ]
    )
    rim = place[np.concatenate([np.array(loop) for loop in border_loops(faces)])]
    degree = np.bincount(edges.ravel(), minlength=len(used))[:, None]
    points = vertices[used]
    for step in range(12):
        total = np.zeros_like(points)
        np.add.at(total, edges[:, 0], points[edges[:, 1]])
        np.add.at(total, edges[:, 1], points[edges[:, 0]])
        smoothed = 0.5 * points + 0.5 * total / degree
        if step > 3:
            smoothed[rim] = points[rim]
        points = smoothed
    normals = np.zeros_like(points)
    for face in faces:
        corner = place[face]
        turn = np.cross(
            points[corner[1]] - points[corner[0]], points[corner[2]] - points[corner[0]]
        )
        normals[corner] += turn
    points = points + unit(normals) * 0.045
    points = _under(points, over)
    placed = np.zeros_like(vertices)
    placed[used] = points
    cloth = material("shirt", look)
    layer = part("shirt", placed, faces, subdivide=2, material=cloth)
    thicken(layer.item, 0.002)
    _band(_neckline(faces, placed), look.get("collar", 0.0048), "shirt collar", cloth)
    return surface(layer.item)


def _under(points: np.ndarray, over: Surface, gap: float = 0.010) -> np.ndarray:
    """Points (decimetres) pushed to at least `gap` metres below the garment above them."""
    placed = to_scene(points)
    distance, nearest = cKDTree(over.points).query(placed)
    normals = over.normals[nearest]
    height = ((placed - over.points[nearest]) * normals).sum(1)
    push = np.where((distance < 0.03) & (height > -gap), height + gap, 0)
    placed = placed - normals * push[:, None]
    return np.stack([placed[:, 0], placed[:, 2], -placed[:, 1]], 1) * 10
