"""Eyes: a ball with a sunken iris, and a clear wet shell that only mirrors."""

from __future__ import annotations

import math
from dataclasses import dataclass

import bpy
import numpy as np
from anthropometry import IRIS
from geometry import base_mesh, smooth_step, to_scene
from mathutils import Euler
from scene import Shader, attribute, link, scaled
from sculpt import away

DIVERGENCE = math.radians(2.6)
"""Each eye looks this far outside the lens: exactly into it reads as cross-eyed."""
AROUND = 72
LOOSE = 0.985
"""Share of its socket that an eyeball fills: a larger one would come through the lids."""
SHADE = {"upper": (0.0032, 0.80), "lower": (0.0012, 0.40)}
"""Metres below a lid's edge that its shadow reaches on the ball, and how dark it is at the edge."""


@dataclass
class Eye:
    """Centre [3] and radius in scene metres, and the objects that turn with the gaze."""

    side: str
    centre: np.ndarray
    radius: float
    items: list[bpy.types.Object]

    def look_at(self, point: np.ndarray) -> None:
        """Turns the eye to a point of the scene."""
        ahead = (point - self.centre) / np.linalg.norm(point - self.centre)
        outward = DIVERGENCE if self.centre[0] > 0 else -DIVERGENCE
        turn = (math.asin(-ahead[2]), 0, math.atan2(ahead[0], -ahead[1]) + outward)
        for item in self.items:
            item.rotation_euler = turn

    def follow(self, vertices: np.ndarray) -> None:
        """Lays the lids' shadow on the ball: lamps alone leave it a white that stares."""
        ball = self.items[0]
        points = np.empty(len(ball.data.vertices) * 3, np.float32)
        ball.data.vertices.foreach_get("co", points)
        turned = np.array(Euler(ball.rotation_euler).to_matrix())
        place = points.reshape(-1, 3) @ turned.T + self.centre
        light = np.ones(len(place))
        for lid, (reach, dark) in SHADE.items():
            edge = self._edge(vertices, lid)
            within = away(place[:, [0, 2]], edge) / reach
            light *= 1 - dark * smooth_step(1.0, 0.0, within)
        ball.data.attributes["light"].data.foreach_set("value", light.astype(np.float32))
        ball.data.update()

    def _edge(self, vertices: np.ndarray, lid: str) -> np.ndarray:
        """The edge of a lid as points [n, 2] across and up: what of its lashes is nearest to the ball."""
        row = base_mesh().members(f"helper-{self.side}-eyelashes-{'2' if lid == 'upper' else '1'}")
        lashes = to_scene(vertices[row])
        near = np.linalg.norm(lashes - self.centre, axis=1)
        roots = lashes[near <= np.median(near)][:, [0, 2]]
        return roots[np.argsort(roots[:, 0])]


def _ball_material(look: dict):
    shader = Shader("eyeball")
    place = shader.attribute("disc", "Vector")
    length = shader.add("ShaderNodeVectorMath", operation="LENGTH")
    shader.links.new(place, length.inputs[0])
    radius = length.outputs["Value"]
    heading = shader.add("ShaderNodeVectorMath", operation="NORMALIZE")
    shader.links.new(place, heading.inputs[0])
    along = shader.add("ShaderNodeCombineXYZ")
    shader.links.new(shader.times(radius, 1.6), along.inputs[2])
    rays = shader.add("ShaderNodeVectorMath")
    shader.links.new(shader.stretch(heading.outputs[0], (7, 7, 7)), rays.inputs[0])
    shader.links.new(along.outputs[0], rays.inputs[1])
    fibres = shader.noise(rays.outputs[0], 1.6, 5, 0.6)
    fine = shader.noise(rays.outputs[0], 4.5, 3, 0.6)
    iris = shader.mix(shader.map(fibres, 0.35, 0.7, 0, 1), look["iris"], look["fibre"])
    iris = shader.mix(shader.map(fine, 0.5, 0.75, 0, 0.5), iris, scaled(look["fibre"], 1.5))
    iris = shader.mix(shader.map(radius, 0.36, 0.58, 0.55, 0), iris, look["collar"])
    iris = shader.mix(shader.map(radius, 0.66, 1.0, 0, 0.92), iris, scaled(look["iris"], 0.15))
    _, up, _ = shader.split(place, "ShaderNodeSeparateXYZ")
    lit = shader.map(
        up, -0.75, 0.60, 0, 0.75
    )  # light that the cornea gathers falls below the pupil
    iris = shader.mix(lit, iris, scaled(look["iris"], 0.30))
    iris = shader.mix(shader.map(radius, 0.36, 0.42, 1, 0), iris, (0.002, 0.002, 0.002))
    white = shader.mix(
        shader.map(radius, 1.10, 2.3, 0, 0.85), (0.52, 0.47, 0.43), (0.40, 0.23, 0.19)
    )
    thread = shader.math(
        "ABSOLUTE", shader.math("SUBTRACT", shader.noise(place, 2.6, 7, 0.62), 0.5)
    )
    veins = shader.map(thread, 0.0, 0.018, 0.55, 0)
    veins = shader.times(veins, shader.map(radius, 1.3, 2.6, 0, 1))
    white = shader.mix(veins, white, (0.46, 0.12, 0.10))
    colour = shader.mix(shader.map(radius, 0.88, 1.12, 0, 1), iris, white)
    dark = shader.math("SUBTRACT", 1.0, shader.attribute("light"))
    shader.set(
        Base_Color=shader.mix(dark, colour, (0.02, 0.008, 0.006)),
        Roughness=0.35,
        Specular_IOR_Level=0.2,
        Subsurface_Weight=shader.map(radius, 1.0, 1.1, 0, 0.5),
        Subsurface_Scale=0.002,
    )
    return shader.material


def _cornea_material():
    shader = Shader("cornea")
    mirror = shader.add("ShaderNodeBsdfGlossy")
    mirror.inputs["Roughness"].default_value = 0.03
    clear = shader.add("ShaderNodeBsdfTransparent")
    fresnel = shader.add("ShaderNodeFresnel")
    fresnel.inputs[0].default_value = 1.40
    both = shader.add("ShaderNodeMixShader")
    share = shader.math("MULTIPLY", fresnel.outputs[0], 1.25, clamp=True)
    for index, value in enumerate((share, clear.outputs[0], mirror.outputs[0])):
        shader.links.new(value, both.inputs[index])
    shader.links.new(both.outputs[0], shader.output.inputs[0])
    return shader.material


def _ball(cornea: bool, iris_angle: float) -> tuple[np.ndarray, np.ndarray, list[list[int]]]:
    """Vertices of a unit ball (x right, y up, z ahead), their place on the iris disc, faces."""
    rings = np.concatenate([np.linspace(0, 0.9, 40)[1:], np.linspace(0.9, math.pi, 18)[1:]])
    turns = np.linspace(0, 2 * math.pi, AROUND, endpoint=False)
    ring, turn = np.meshgrid(rings, turns, indexing="ij")
    around = np.stack([np.sin(ring) * np.cos(turn), np.sin(ring) * np.sin(turn), np.cos(ring)], -1)
    points = np.concatenate([[[0, 0, 1.0]], around.reshape(-1, 3)])
    radius = np.hypot(points[:, 0], points[:, 1]) / math.sin(iris_angle)
    front = points[:, 2] > 0
    if cornea:
        bulge = np.clip(1 - (radius / 1.12) ** 2, 0, 1) ** 1.4 * 0.115
        points = points * 1.006
        points[:, 2] += np.where(front, bulge, 0)
    else:
        iris = front & (radius < 1)
        points[iris, 2] = math.cos(iris_angle) - 0.04 - 0.05 * (1 - radius[iris] ** 2)
    angle = np.arctan2(points[:, 1], points[:, 0])
    behind = np.maximum(radius, 2 / math.sin(iris_angle) - radius)
    reach = np.where(front, radius, behind)
    disc = np.stack([np.cos(angle) * reach, np.sin(angle) * reach, 0 * reach], 1)
    faces = [[0, 1 + i, 1 + (i + 1) % AROUND] for i in range(AROUND)]
    for start in range(1, 1 + (len(rings) - 1) * AROUND, AROUND):
        for i in range(AROUND):
            after = (i + 1) % AROUND
            below = start + AROUND
            faces.append([start + i, below + i, below + after, start + after])
    return points, disc, faces


def eyes(person: dict, vertices: np.ndarray) -> list[Eye]:
    """Both eyes in their sockets."""
    materials = _ball_material(person["eyes"]), _cornea_material()
    pair = []
    for side in ("l", "r"):
        socket = to_scene(vertices[base_mesh().members(f"helper-{side}-eye")])
        low, high = socket.min(0), socket.max(0)
        radius = float((high - low).mean()) / 2 * LOOSE
        centre = np.array([(low[0] + high[0]) / 2, low[1] + radius, (low[2] + high[2]) / 2])
        iris_angle = math.asin(IRIS / 2000 / radius)
        items = []
        for cornea in (False, True):
            points, disc, faces = _ball(cornea, iris_angle)
            turned = np.stack([points[:, 0], -points[:, 2], points[:, 1]], 1) * radius
            mesh = bpy.data.meshes.new("eye")
            mesh.from_pydata(turned.tolist(), [], faces)
            mesh.polygons.foreach_set("use_smooth", [True] * len(faces))
            attribute(mesh, "disc", disc)
            attribute(mesh, "light", np.ones(len(points)))
            mesh.materials.append(materials[cornea])
            item = link(mesh, "cornea" if cornea else "eye")
            item.location = centre.tolist()
            if cornea:
                item.visible_shadow = item.visible_diffuse = False
            items.append(item)
        pair.append(Eye(side, centre, radius, items))
    return pair
