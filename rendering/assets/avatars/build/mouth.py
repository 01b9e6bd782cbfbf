"""Inside the mouth: teeth, gums and tongue."""

from __future__ import annotations

import numpy as np
from geometry import Fitted, base_mesh, fitted, islands
from scene import Part, Shader, part

TEETH_OFFSET = np.array([0, -0.055, 0.012])
"""Decimetres: where the mesh stands by itself the upper teeth are hidden behind the lip."""
GUM_FACES = 200
"""A connected part with more faces than this is gum, the others are single teeth."""


def _teeth_material():
    shader = Shader("teeth")
    place = shader.object_position()
    shader.set(
        Base_Color=shader.mix(shader.noise(place, 120, 2), (0.86, 0.81, 0.71), (0.92, 0.88, 0.80)),
        Roughness=0.18,
        Specular_IOR_Level=0.55,
        Subsurface_Weight=0.6,
        Subsurface_Scale=0.0015,
        Coat_Weight=0.4,
        Coat_Roughness=0.06,
    )
    return shader.material


def _gum_material():
    shader = Shader("gum")
    shader.set(
        Base_Color=(0.42, 0.12, 0.11),
        Roughness=0.28,
        Subsurface_Weight=0.8,
        Subsurface_Scale=0.003,
        Coat_Weight=0.5,
        Coat_Roughness=0.1,
    )
    return shader.material


def _tongue_material():
    shader = Shader("tongue")
    place = shader.object_position()
    shader.set(
        Base_Color=shader.mix(shader.noise(place, 250, 3), (0.50, 0.14, 0.13), (0.60, 0.22, 0.20)),
        Roughness=0.36,
        Subsurface_Weight=0.9,
        Subsurface_Scale=0.004,
        Coat_Weight=0.35,
        Coat_Roughness=0.15,
        Normal=shader.bump(shader.cells(place, 1100), 0.35, 0.0012),
    )
    return shader.material


class Mouth:
    """Teeth and tongue on one body; `follow` moves them with the jaw."""

    def __init__(self, vertices: np.ndarray) -> None:
        self.fit: Fitted = fitted("teeth_base")
        numbers = islands(self.fit.faces)
        sizes = {number: numbers.count(number) for number in set(numbers)}
        self.teeth: Part = part(
            "teeth", self._teeth_on(vertices), self.fit.faces, self.fit.texture, subdivide=1
        )
        mesh = self.teeth.item.data
        mesh.materials.append(_teeth_material())
        mesh.materials.append(_gum_material())
        gums = [int(sizes[number] > GUM_FACES) for number in numbers]
        mesh.polygons.foreach_set("material_index", gums)
        faces = base_mesh().faces("helper-tongue")
        self.tongue = part("tongue", vertices, faces, subdivide=2, material=_tongue_material())

    def _teeth_on(self, vertices: np.ndarray) -> np.ndarray:
        return self.fit.on(vertices) + TEETH_OFFSET

    def follow(self, vertices: np.ndarray) -> None:
        """Moves teeth and tongue to a new expression."""
        self.teeth.follow(self._teeth_on(vertices))
        self.tongue.follow(vertices)
