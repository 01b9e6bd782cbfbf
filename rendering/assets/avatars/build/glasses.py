"""Spectacles: two rims, a bridge, two temples and clear lenses, fitted to a face."""

from __future__ import annotations

import bpy
import numpy as np
from scene import Shader, Surface, link

HALF = np.array([0.0245, 0.0205])
"""Metres from the middle of a lens to its side and to its top."""
AHEAD = 0.017
"""Metres from the middle of the eyeball's front to the lens: room for the lashes."""
SQUARE = 2.6
"""Exponent of the rim's superellipse: 2 is round, larger is squarer."""


def _frame_material(look: dict):
    shader = Shader("frame")
    shader.set(Base_Color=look["colour"], Roughness=0.28, Specular_IOR_Level=0.5, Coat_Weight=0.3)
    return shader.material


def _lens_material():
    shader = Shader("lens")
    mirror, clear = shader.add("ShaderNodeBsdfGlossy"), shader.add("ShaderNodeBsdfTransparent")
    mirror.inputs["Roughness"].default_value = 0.02
    fresnel = shader.add("ShaderNodeFresnel")
    fresnel.inputs[0].default_value = 1.25  # coated glass mirrors little
    both = shader.add("ShaderNodeMixShader")
    for index, output in enumerate((fresnel, clear, mirror)):
        shader.links.new(output.outputs[0], both.inputs[index])
    shader.links.new(both.outputs[0], shader.output.inputs[0])
    return shader.material


def _wire(name: str, points: np.ndarray, radius: float, closed: bool, stuff) -> None:
    """A rod along points [n, 3] in scene metres."""
    data = bpy.data.curves.new(name, "CURVE")
    data.dimensions = "3D"
    line = data.splines.new("POLY")
    line.points.add(len(points) - 1)
    line.points.foreach_set("co", np.c_[points, np.ones(len(points))].astype(np.float32).ravel())
    line.use_cyclic_u, line.use_smooth = closed, True
    data.bevel_depth, data.bevel_resolution, data.use_fill_caps = radius, 5, True
    data.materials.append(stuff)
    link(data, name)


def _rim(middle: np.ndarray, side: float) -> np.ndarray:
    """Points [n, 3] around a lens that wraps a little towards the temple."""
    turn = np.linspace(0, 2 * np.pi, 96, endpoint=False)
    shape = np.stack([np.cos(turn), np.sin(turn)], 1)
    shape = np.sign(shape) * np.abs(shape) ** (2 / SQUARE) * HALF
    wrap = np.clip(shape[:, 0] * side, 0, None) ** 2 * 6
    return middle + np.stack([shape[:, 0], wrap, shape[:, 1]], 1)


def wear(look: dict, eyes: list, skin: Surface) -> None:
    """Puts spectacles on a face whose eyeballs are `eyes` (left then right)."""
    frame, glass = _frame_material(look), _lens_material()
    thick = look.get("thick", 0.0019)
    rims = []
    for eye in eyes:
        side = float(np.sign(eye.centre[0]))
        middle = eye.centre + np.array([0.0012 * side, -eye.radius - AHEAD, -0.003])
        rim = _rim(middle, side)
        rims.append(rim)
        _wire("rim", rim, thick, True, frame)
        mesh = bpy.data.meshes.new("lens")
        count = len(rim)
        fan = [[count, place, (place + 1) % count] for place in range(count)]
        mesh.from_pydata([*rim.tolist(), middle.tolist()], [], fan)
        mesh.polygons.foreach_set("use_smooth", [True] * count)
        mesh.materials.append(glass)
        lens = link(mesh, "lens")
        lens.visible_shadow = lens.visible_diffuse = False

        outer = rim[np.argmax(rim[:, 0] * side - np.abs(rim[:, 2] - middle[2] - 0.008))]
        across = skin.attributes["rest"][:, 0] * side
        face = skin.points[(across > 0) & (across < 0.73)]
        level = face[np.abs(face[:, 2] - outer[2]) < 0.012]
        temple = level[np.abs(level[:, 1] - eye.centre[1] - 0.045) < 0.012]
        width = abs(outer[0]) + np.clip(np.abs(temple[:, 0]).max() - abs(outer[0]), 0.001, 0.005)
        hinge = np.array([side * width, outer[1] + 0.004, outer[2]])
        ear = np.array([side * (width - 0.001), eye.centre[1] + 0.085, outer[2] - 0.002])
        _wire("temple", np.array([outer, hinge, ear]), thick, False, frame)
    inner = [
        rim[
            np.argmin(rim[:, 0] * np.sign(rim[0, 0]) + np.abs(rim[:, 2] - rim[:, 2].mean() - 0.006))
        ]
        for rim in rims
    ]
    share = np.linspace(0, 1, 15)[:, None]
    bridge = inner[0] * (1 - share) + inner[1] * share
    bridge[:, 2] += 0.0035 * np.sin(share[:, 0] * np.pi)
    bridge[:, 1] -= 0.002 * np.sin(share[:, 0] * np.pi)
    _wire("bridge", bridge, thick, False, frame)
