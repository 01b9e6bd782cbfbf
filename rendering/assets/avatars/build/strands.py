"""Growing strands over the body: roots, collision, clumping, thickness and their material."""

from __future__ import annotations

from dataclasses import dataclass, field

import bpy
import numpy as np
from geometry import BaseMesh, base_mesh, to_scene, unit
from scene import Shader, Surface, curves, set_curves
from scipy.spatial import cKDTree


def material(look: dict, name: str):
    """Hair by its melanin; short dark hair as a plain dark material, which stays black."""
    if "plain" in look:
        shader = Shader(name)
        shader.set(Base_Color=look["plain"], Roughness=0.5, Specular_IOR_Level=0.3)
        return shader.material
    shader = Shader(name)
    hair = shader.add("ShaderNodeBsdfHairPrincipled", parametrization="MELANIN")
    if "colour" in look:
        hair.parametrization = "COLOR"
        hair.inputs["Color"].default_value = (*look["colour"], 1)
    else:
        melanin = shader.times(shader.attribute("shade"), look["melanin"])
        shader.links.new(melanin, hair.inputs["Melanin"])
        hair.inputs["Melanin Redness"].default_value = look["redness"]
        hair.inputs["Random Color"].default_value = 0.15
    values = {
        "Roughness": look.get("rough", 0.30),
        "Radial Roughness": 0.45,
        "Random Roughness": 0.10,
    }
    for key, value in values.items():
        hair.inputs[key].default_value = value
    shader.links.new(hair.outputs[0], shader.output.inputs[0])
    return shader.material


@dataclass
class Head:
    """What strands grow on: the dense skin, what they collide with, and who it is."""

    person: dict
    vertices: np.ndarray
    skin: Surface
    solids: list[Surface]
    eyes: np.ndarray
    centre: np.ndarray
    density: float
    random: np.random.Generator
    bound: list[tuple[bpy.types.Object, np.ndarray, np.ndarray, np.ndarray]] = field(
        default_factory=list
    )
    """Strands that move with the face: object, points, body vertices [n, 4], weights [n, 4]."""

    def __post_init__(self) -> None:
        points = self.skin.points
        corners = points[self.skin.triangles]
        sides = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        self.areas = np.linalg.norm(sides, axis=1) / 2
        self.solid_points = np.concatenate([solid.points for solid in self.solids])
        self.solid_normals = np.concatenate([solid.normals for solid in self.solids])
        self.solid_tree = cKDTree(self.solid_points)
        used = base_mesh().members("body")
        self.body_vertices = used
        self.body_tree = cKDTree(base_mesh().vertices[used])

    @property
    def template(self) -> BaseMesh:
        return base_mesh()

    def scatter(self, weight: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Roots [n, 3], normals [n, 3] and template places [n, 3] with density by `weight`."""
        triangles = self.skin.triangles
        share = self.areas * weight[triangles].mean(1)
        chosen = self.random.choice(len(triangles), count, p=share / share.sum())
        spot = self.random.random((count, 2))
        outside = spot.sum(1) > 1
        spot[outside] = 1 - spot[outside]
        spot = np.c_[1 - spot.sum(1), spot]

        def at(values: np.ndarray) -> np.ndarray:
            return (values[triangles[chosen]] * spot[..., None]).sum(1)

        return (
            at(self.skin.points),
            unit(at(self.skin.normals)),
            at(self.skin.attributes["rest"]),
        )

    def collide(
        self, points: np.ndarray, least: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Points pushed out to `least` metres above head and clothes; normals; heights."""
        distance, nearest = self.solid_tree.query(points)
        normals = self.solid_normals[nearest]
        height = ((points - self.solid_points[nearest]) * normals).sum(1)
        near = distance < 0.05
        push = np.where((height < least) & near, least - height, 0)
        return points + normals * push[:, None], normals, np.where(near, height + push, distance)

    def grow(self, roots, normals, heading, length, steps, lift, layer, *, fall=None, hug=None):
        """Strands [n, steps, 3] that follow `heading(points, share)` along the surface.

        lift: how far they stand off at the root. layer: their height above the surface in metres.
        fall, hug: functions of the points; how free of the surface, how strongly drawn to it.
        """
        points, way = roots.copy(), None
        found = [roots - normals * 0.0015]
        stride = (length / (steps - 1))[:, None]
        for step in range(1, steps):
            share = step / (steps - 1)
            ahead = heading(points, share)
            free = fall(points)[:, None] if fall else 0
            ahead = unit(ahead - normals * (ahead * normals).sum(1, keepdims=True) * (1 - free))
            rise = np.clip(lift * (1 - share * 1.6), 0, 1)[:, None]
            turned = unit(ahead * (1 - rise) + normals * rise + np.array([0, 0, -0.3]) * share)
            way = turned if way is None else unit(0.45 * way + 0.55 * turned)
            ramp = min(1.0, step / 4)
            points, normals, height = self.collide(points + way * stride, layer * 0.35 * ramp)
            if hug is not None:
                over = np.clip(height - layer * ramp, 0, 0.05)
                points = points - normals * (over * hug(points))[:, None]
            found.append(points)
        return np.stack(found, 1)

    def clump(
        self, points: np.ndarray, roots: np.ndarray, count: int, amount: float, late: float = 1.3
    ) -> np.ndarray:
        """Draws strands towards `count` guides, more so at the tips; a small `late` begins at the root."""
        guides = self.random.choice(len(points), count, replace=False)
        nearest = cKDTree(roots[guides]).query(roots)[1]
        guide = points[guides][nearest]
        along = np.linspace(0, 1, points.shape[1])[None, :, None]
        pull = amount * along**late * self.random.uniform(0.6, 1.2, (len(points), 1, 1))
        pull = np.clip(pull, 0, 0.97)
        aside = points[:, :1] - guide[:, :1]
        return points * (1 - pull) + (guide + aside * (1 - 0.75 * along)) * pull

    def shades(self, roots: np.ndarray, spread: float = 0.12) -> np.ndarray:
        """How dark each strand is: locks of three sizes differ from their neighbours."""
        result = np.ones(len(roots))
        for count in (150, 1200, 8000):
            near = cKDTree(roots[self.random.choice(len(roots), min(count, len(roots)))])
            result += self.random.normal(0, spread, count)[near.query(roots)[1]]
        return np.clip(result, 0.5, 1.3)

    def share(self, name: str, roots: np.ndarray) -> np.ndarray:
        """How much hair of a region grows at roots, 0 to 1."""
        nearest = cKDTree(self.skin.points).query(roots)[1]
        return self.skin.attributes[f"m_{name}"][nearest]

    def taper(self, count: int, steps: int, radius: float, tip: float) -> np.ndarray:
        """Radii [count, steps] in metres that run out to `tip` of the root's."""
        along = np.linspace(0, 1, steps)
        shape = (1 - along) + tip * along + 0.15 * np.sin(along * np.pi)
        return np.tile(radius * shape, (count, 1)) * self.random.uniform(0.75, 1.15, (count, 1))

    def plant(self, name, points, radii, look, places=None, shade=None) -> None:
        """Puts strands in the scene; with template places [n, 3] they move with the skin.

        look["grey"]: the share of strands without melanin, and their colour.
        """
        shade = np.ones(len(points)) if shade is None else shade
        if "grey" in look:
            share, colour = look["grey"]
            grey = self.random.random(len(points)) < share
            kind = "plain" if "plain" in look else "colour"
            white = {**{key: look[key] for key in look if key != "grey"}, kind: colour}
            self._plant(name, points, radii, white, places, shade, grey)
            self._plant(name, points, radii, look, places, shade, ~grey)
        else:
            self._plant(name, points, radii, look, places, shade, np.ones(len(points), bool))

    def _plant(self, name, points, radii, look, places, shade, chosen) -> None:
        points = points[chosen]
        item = curves(name, points, radii[chosen], material(look, name), shade[chosen])
        if places is not None:
            distance, nearest = self.body_tree.query(places[chosen], k=4)
            weights = 1 / (distance + 1e-4) ** 2
            weights /= weights.sum(1, keepdims=True)
            self.bound.append((item, points, self.body_vertices[nearest], weights))

    def follow(self, vertices: np.ndarray) -> None:
        """Moves bound strands to a new expression."""
        moved = to_scene(vertices) - to_scene(self.vertices)
        for item, points, anchors, weights in self.bound:
            shift = (moved[anchors] * weights[..., None]).sum(1)
            set_curves(item, points + shift[:, None])
