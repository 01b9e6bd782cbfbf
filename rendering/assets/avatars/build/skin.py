"""Skin: where hair grows on it, what of it moves with the head, and the material of its painted maps.

Regions are drawn in the template's frame (decimetres), so they fit every person and stay on the
face while it moves.
"""

from __future__ import annotations

import bpy
import numpy as np
import paint
from geometry import base_mesh, smooth_step
from scene import Shader

HAIRLINE_ANGLE = [0, 20, 34, 46, 58, 66, 76, 84, 100, 112, 135, 180]
"""Degrees around the head from the nose (0) to the nape (180)."""
HAIRLINES = {
    "female": [7.90, 7.88, 7.79, 7.63, 7.45, 7.28, 7.10, 7.06, 7.0, 6.86, 6.72, 6.62],
    "male": [7.90, 7.93, 7.95, 7.84, 7.60, 7.36, 7.12, 7.08, 7.0, 6.86, 6.72, 6.62],
}
"""Template height of the hairline at these angles: a man's goes back at the temples."""
RELIEF = 0.2
"""Share of the map's range that a millimetre of relief takes; the middle is level."""


def regions(person: dict) -> dict[str, np.ndarray]:
    """How much hair grows at each template vertex, 0..1: "scalp" and "beard"."""
    template = base_mesh().vertices
    side, height, depth = np.abs(template[:, 0]), template[:, 1], template[:, 2]
    ear = (side > 0.70) & (depth < 0.80) & (height > 6.72) & (height < 7.66)
    angle = np.degrees(np.arctan2(side, depth - 0.45))
    angle += 2.5 * np.sin(height * 41 + 7 * template[:, 0]) + 1.5 * np.sin(height * 83 + 2)
    line = HAIRLINES["male" if "male" in person["sex"] else "female"]
    lift = person["hair"].get("line", 0) * np.interp(angle, [0, 50, 70], [1, 1, 0])
    ragged = np.sin(template[:, 0] * 31 + 1.1) + np.sin(template[:, 0] * 57 + depth * 43)
    line = np.interp(angle, HAIRLINE_ANGLE, line) + lift + 0.011 * ragged
    scalp = smooth_step(-0.03, 0.24, height - line) * (1 - (ear & (side > 0.735)))

    top = np.interp(
        side, [0, 0.18, 0.3, 0.42, 0.6, 0.72, 0.8], [6.66, 6.66, 6.72, 6.70, 6.86, 7.1, 7.2]
    )
    neck = height - 0.15 * smooth_step(1.3, 0.8, depth)
    beard = smooth_step(0.0, 0.1, top - height) * smooth_step(6.10, 6.26, neck)
    beard *= smooth_step(0.42, 0.62, depth)
    lip = np.interp(side, [0, 0.05, 0.20, 0.32, 0.42], [6.815, 6.825, 6.805, 6.735, 6.65])
    moustache = smooth_step(0.075, 0.035, np.abs(height - lip)) * smooth_step(0.46, 0.38, side)
    moustache *= smooth_step(1.15, 1.3, depth)
    square = (side / 2.2) ** 2 + ((height - 6.60) / 0.8) ** 2 + ((depth - 1.6) * 0.8) ** 2
    below_lip = np.exp(-square / 0.075**2)
    beard = (beard + moustache) * (1 - ear) * (1 - below_lip)
    return {"scalp": np.clip(scalp, 0, 1), "beard": np.clip(beard, 0, 1)}


def layers() -> dict[str, np.ndarray]:
    """For each template vertex what moves with the head (0..1), and what the clean plate hides.

    The first runs out from the jaw to the collar; the second ends below the jaw, so that a
    stump of neck stands in the collar.
    """
    across, height, depth = base_mesh().vertices.T
    behind = smooth_step(1.2, 0.5, depth)
    nape = smooth_step(0.36, 0.46, np.abs(across))  # between the sides lies the inside of the mouth
    return {
        "head": smooth_step(0, 0.26, height - 5.98 - 0.20 * behind),
        "hidden": smooth_step(0, 0.08, height - 6.16 - 0.28 * behind * nape),
    }


def _image(name: str, pixels: np.ndarray) -> bpy.types.Image:
    """Numbers [h, w, 4], the top row first, as a picture of Blender's."""
    tall, wide = pixels.shape[:2]
    image = bpy.data.images.new(name, wide, tall, alpha=True, float_buffer=True, is_data=True)
    image.colorspace_settings.name, image.alpha_mode = "Non-Color", "CHANNEL_PACKED"
    image.pixels.foreach_set(np.ascontiguousarray(pixels[::-1], np.float32).ravel())
    image.update()
    return image


def _maps(shader: Shader, person: dict):
    """The colour outputs of albedo and of (relief, rough, oil), from the rectangle that a texel is of."""
    uv = shader.add("ShaderNodeUVMap", uv_map="UVMap").outputs[0]
    found = {}
    for name, (u0, v0, u1, v1, _) in paint.RECTS.items():
        maps = paint.paint(person, name)
        place = shader.add("ShaderNodeMapping")
        place.inputs["Location"].default_value = (-u0 / (u1 - u0), -v0 / (v1 - v0), 0)
        place.inputs["Scale"].default_value = (1 / (u1 - u0), 1 / (v1 - v0), 1)
        shader.links.new(uv, place.inputs["Vector"])
        ones = np.ones_like(maps.relief)
        data = np.dstack([maps.relief * RELIEF + 0.5, maps.rough, maps.oil, ones])
        for kind, pixels in (("albedo", np.dstack([maps.albedo, ones])), ("data", data)):
            image = _image(f"{name} {kind}", pixels)
            node = shader.add(
                "ShaderNodeTexImage", image=image, interpolation="Cubic", extension="EXTEND"
            )
            shader.links.new(place.outputs[0], node.inputs[0])
            found[name, kind] = node.outputs[0]
    across, up, _ = shader.split(uv, "ShaderNodeSeparateXYZ")
    head = shader.math(
        "GREATER_THAN", across, (paint.RECTS["chest"][2] + paint.RECTS["head"][0]) / 2
    )
    inside = shader.times(head, shader.math("LESS_THAN", up, paint.RECTS["head"][1]))
    albedo = shader.mix(head, found["chest", "albedo"], found["head", "albedo"])
    albedo = shader.mix(inside, albedo, tuple(paint.INSIDE))
    return albedo, shader.mix(head, found["chest", "data"], found["head", "data"])


def material(person: dict) -> bpy.types.Material:
    """The person's skin: light is carried below the surface, and mirrored by skin and by what oils it.

    Lengths are in metres: red light goes 2.6 mm far, blue a fifth of it; the bumps are as deep as painted.
    """
    tone, shader = person["skin"], Shader("skin")
    albedo, data = _maps(shader, person)
    relief, rough, oil = shader.split(data, "ShaderNodeSeparateColor")
    grown = shader.attribute("m_scalp")
    scalp = shader.times(shader.map(grown, 0.1, 1.0, 0, 1), person["hair"].get("scalp_weight", 0.8))
    bald = shader.math("SUBTRACT", 1.0, scalp)
    coat = shader.math("ADD", tone["coat"] * 0.8, shader.times(oil, tone["coat"] * 1.2))
    shader.principled.subsurface_method = "RANDOM_WALK_SKIN"
    shader.principled.inputs["Subsurface Radius"].default_value = (1, 0.36, 0.19)
    shader.set(
        Base_Color=shader.mix(scalp, albedo, person["hair"]["scalp"]),
        Subsurface_Weight=1.0,
        Subsurface_Scale=tone.get("scatter", 0.0026),
        Subsurface_IOR=1.4,
        Roughness=rough,
        Specular_IOR_Level=shader.times(bald, 0.46),
        Coat_Weight=shader.times(bald, coat),
        Coat_Roughness=0.27,
        Coat_IOR=1.4,
        Normal=shader.bump(relief, tone.get("bumps", 1.0), 0.001 / RELIEF),
    )
    return shader.material
