"""Skin: where what lies on the face, and the material that reads it.

Regions are drawn in the template's frame (decimetres), so they fit every person and stay on the
face while it moves.
"""

from __future__ import annotations

import numpy as np
from geometry import BODY_VERTICES, MAKEHUMAN, base_mesh, smooth_step
from scene import Shader, scaled
from scipy.spatial import cKDTree

HAIRLINE_ANGLE = [0, 20, 34, 46, 58, 66, 76, 84, 100, 112, 135, 180]
"""Degrees around the head from the nose (0) to the nape (180)."""
HAIRLINE_HEIGHT = [7.93, 7.92, 7.90, 7.80, 7.62, 7.40, 7.12, 7.10, 7.0, 6.86, 6.72, 6.62]


def regions(person: dict) -> dict[str, np.ndarray]:
    """Weights 0..1 for each template vertex: cheek, nose, scalp, beard and so on."""
    template = base_mesh().vertices
    side, height, depth = np.abs(template[:, 0]), template[:, 1], template[:, 2]

    def spot(x, y, z, radius, wide=1.0, tall=1.0):
        square = ((side - x) / wide) ** 2 + ((height - y) / tall) ** 2 + ((depth - z) * 0.8) ** 2
        return np.exp(-square / radius**2)

    angle = np.degrees(np.arctan2(side, depth - 0.45))
    lift = person["hair"].get("line", 0) * np.interp(angle, [0, 50, 70], [1, 1, 0])
    hairline = np.interp(angle, HAIRLINE_ANGLE, HAIRLINE_HEIGHT) + lift
    ear = (side > 0.70) & (depth < 0.80) & (height > 6.72) & (height < 7.66)
    beard_top = np.interp(
        side, [0, 0.18, 0.3, 0.42, 0.6, 0.72, 0.8], [6.66, 6.66, 6.72, 6.70, 6.86, 7.1, 7.2]
    )
    neck = height - 0.15 * smooth_step(1.3, 0.8, depth)
    beard = (
        smooth_step(0.0, 0.1, beard_top - height)
        * smooth_step(6.10, 6.26, neck)
        * smooth_step(0.42, 0.62, depth)
    )
    line = np.interp(side, [0, 0.05, 0.20, 0.32, 0.42], [6.815, 6.825, 6.805, 6.735, 6.65])
    moustache = smooth_step(0.075, 0.035, np.abs(height - line)) * smooth_step(0.46, 0.38, side)
    moustache *= smooth_step(1.15, 1.3, depth)
    below_lip = spot(0, 6.60, 1.6, 0.075, 2.2, 0.8)
    lashes = np.concatenate(
        [base_mesh().members(f"helper-{which}-eyelashes-2") for which in ("l", "r")]
    )
    lash_line = np.zeros(len(template))
    distance = cKDTree(template[lashes]).query(template[:BODY_VERTICES])[0]
    lash_line[:BODY_VERTICES] = np.exp(-((distance / 0.020) ** 2))
    outer_ear = smooth_step(0.72, 0.80, side) * smooth_step(6.9, 7.0, height)
    outer_ear *= 1 - smooth_step(7.55, 7.6, height)
    scalp_ear = ear & (side > 0.735)
    found = {
        "cheek": spot(0.44, 6.98, 1.32, 0.24, 1.1, 0.9),
        "freckles": spot(0.30, 7.02, 1.45, 0.30, 1.5, 0.75),
        "nose": spot(0, 6.95, 1.68, 0.13, 1.2, 1) + 0.55 * spot(0.12, 6.9, 1.55, 0.1),
        "chin": spot(0, 6.4, 1.5, 0.16),
        "undereye": spot(0.30, 7.16, 1.40, 0.10, 1.7, 0.55),
        "lid": spot(0.31, 7.34, 1.36, 0.11, 1.6, 0.6),
        "forehead": spot(0, 7.72, 1.5, 0.3, 1.5, 0.8),
        "ear": outer_ear,
        "fold": spot(0.30, 6.78, 1.5, 0.1, 0.8, 1.3),
        "scalp": smooth_step(-0.02, 0.16, height - hairline) * (1 - scalp_ear),
        "beard": (beard + moustache) * (1 - ear) * (1 - below_lip),
        "lash_line": lash_line,
    }
    return {name: np.clip(values, 0, 1) for name, values in found.items()}


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


def material(person: dict):
    """The person's skin: colour by region, light carried below the surface, pores as bumps."""
    tone = person["skin"]
    shader = Shader("skin")
    place = shader.attribute("rest", "Vector")
    region = {name: shader.attribute(f"m_{name}") for name in regions(person)}
    lips = shader.map(shader.picture(MAKEHUMAN / "textures/mpfb_lips.jpg"), 0.05, 0.85, 0, 1)
    inside = shader.picture(MAKEHUMAN / "textures/mpfb_inside-mouth.jpg")
    shader.set(Base_Color=_colour(shader, person, place, region, lips, inside))
    shader.set(Subsurface_Weight=1.0, Subsurface_Scale=0.0055)
    shader.principled.inputs["Subsurface Radius"].default_value = (1, 0.32, 0.16)
    shader.principled.inputs["Subsurface Anisotropy"].default_value = 0.6

    oily = shader.math("ADD", region["forehead"], region["nose"], clamp=True)
    rough = shader.math("SUBTRACT", tone["rough"], shader.times(oily, tone.get("oil", 0.08)))
    grain = shader.math("SUBTRACT", shader.noise(place, 25, 4), 0.5)
    rough = shader.math("ADD", rough, shader.times(grain, 0.16))
    rough = shader.mix(lips, rough, (0.34, 0.34, 0.34))
    shader.set(Roughness=shader.mix(inside, rough, (0.22, 0.22, 0.22)))
    bald = shader.math("SUBTRACT", 1.0, region["scalp"])
    shader.set(
        Specular_IOR_Level=shader.times(bald, tone.get("gloss", 0.42)),
        Coat_Weight=shader.times(bald, tone["coat"]),
        Coat_Roughness=0.34,
    )

    pores = shader.times(shader.map(shader.cells(place, 72), 0.0, 0.5, 0, 1), 0.8)
    relief = shader.math("ADD", pores, shader.noise(place, 95, 6, 0.62))
    coarse = shader.math("ADD", region["nose"], region["cheek"], clamp=True)
    strength = shader.math("ADD", tone.get("bump", 0.16), shader.times(coarse, 0.10))
    normal = shader.bump(relief, strength, 0.0011)
    normal = shader.bump(shader.noise(place, 16, 3), 0.10, 0.0016, normal)
    creases = shader.noise(shader.stretch(place, (70, 10, 10)), 1, 3)
    shader.set(Normal=shader.bump(creases, shader.times(lips, 0.30), 0.0014, normal))
    return shader.material


def _colour(shader: Shader, person: dict, place, region: dict, lips, inside):
    tone = person["skin"]
    base, red = tone["base"], tone["red"]
    colour = shader.mix(
        shader.times(shader.noise(place, 2.2, 3), 0.5), base, scaled(base, 1.0, 0.82, 0.78)
    )
    blotches = shader.map(shader.noise(place, 9, 4), 0.45, 0.75, 0, 0.25)
    colour = shader.mix(blotches, colour, scaled(base, 1.04, 0.80, 0.76))
    speckles = shader.map(shader.noise(place, 45, 3), 0.5, 0.8, 0, 0.18)
    colour = shader.mix(speckles, colour, scaled(base, 0.80))
    for name, tint, weight in (
        ("cheek", red, tone.get("blush", 0.30)),
        ("nose", red, 0.28),
        ("chin", red, 0.12),
        ("ear", red, 0.40),
        ("undereye", tone["under"], tone.get("bags", 0.30)),
        ("lid", tone["lid"], 0.35),
        ("forehead", tone["pale"], 0.25),
        ("fold", red, 0.12),
    ):
        colour = shader.mix(shader.times(region[name], weight), colour, tint)
    if "freckles" in tone:
        spots = shader.map(shader.cells(shader.wobble(place, 30, 0.012), 21), 0.10, 0.24, 1, 0)
        small = shader.map(shader.cells(place, 47), 0.10, 0.22, 0.7, 0)
        where = shader.map(shader.noise(place, 7, 2), 0.40, 0.62, 0, 1)
        spots = shader.times(shader.math("ADD", spots, small, clamp=True), where)
        spread = shader.math("ADD", region["freckles"], 0.12, clamp=True)
        weight = shader.times(shader.times(spots, spread), tone["freckles"])
        colour = shader.mix(weight, colour, scaled(base, 0.72, 0.46, 0.33))
    if "stubble" in tone:
        dots = shader.map(shader.cells(place, 120), 0.1, 0.55, 1, 0.45)
        weight = shader.times(shader.times(region["beard"], dots), tone["stubble_weight"])
        colour = shader.mix(weight, colour, tone["stubble"])
    scalp = shader.times(region["scalp"], person["hair"].get("scalp_weight", 0.85))
    colour = shader.mix(scalp, colour, person["hair"]["scalp"])
    liner = shader.times(region["lash_line"], tone.get("liner", 0.7))
    colour = shader.mix(liner, colour, scaled(tone["lid"], 0.16))
    streaks = shader.noise(shader.stretch(place, (60, 9, 9)), 1, 3)
    lip_colour = shader.mix(streaks, tone["lip"], scaled(tone["lip"], 0.72))
    colour = shader.mix(shader.times(lips, tone["lip_weight"]), colour, lip_colour)
    return shader.mix(inside, colour, (0.30, 0.055, 0.05))
