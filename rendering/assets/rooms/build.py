"""Renders the rooms that people stand in: an office, a wall and a window, out of focus as a lens shows them.

    make rooms
    .venv-blender/bin/python rendering/assets/rooms/build.py office --samples 16 --height 360 --to /tmp

The person would stand 1.6 m before a camera with a lens of 50 mm, in focus; everything here lies behind.
Metres; x to the right, y away from the camera, z up.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from pathlib import Path

import bpy
import numpy as np
from PIL import Image

HERE = Path(__file__).resolve().parent
SHOWN = HERE.parents[2] / "static/img/rooms"
"""Where the page that offers them has small ones."""
SMALL = (252, 168)
EYE = 1.45
"""Height of the camera."""
PERSON = 1.6
"""Distance that is in focus."""
ASPECT = 1.5
Colour = tuple[float, float, float]
WARM, WHITE, SKY = (1.0, 0.80, 0.58), (1.0, 0.97, 0.93), (0.78, 0.88, 1.0)


def cloth(
    colour: Colour, rough: float = 0.7, glow: float = 0.0, uneven: float = 0.12
) -> bpy.types.Material:
    """A plain material whose colour varies a little; glow in W/m²."""
    made = bpy.data.materials.new("cloth")
    made.use_nodes = True
    nodes, links = made.node_tree.nodes, made.node_tree.links
    face = nodes["Principled BSDF"]
    face.inputs["Roughness"].default_value = rough
    if glow:
        face.inputs["Emission Color"].default_value = (*colour, 1)
        face.inputs["Emission Strength"].default_value = glow
    noise, mix = nodes.new("ShaderNodeTexNoise"), nodes.new("ShaderNodeMix")
    noise.inputs["Scale"].default_value = 1.7
    mix.data_type = "RGBA"
    darker = tuple(part * (1 - 2 * uneven) for part in colour)
    mix.inputs[6].default_value, mix.inputs[7].default_value = (*darker, 1), (*colour, 1)
    links.new(noise.outputs[0], mix.inputs[0])
    links.new(mix.outputs[2], face.inputs["Base Color"])
    return made


def box(low, high, stuff: bpy.types.Material, turn: float = 0.0) -> None:
    """A box between two corners, turned by degrees about its own upright axis."""
    low, high = np.array(low, float), np.array(high, float)
    bpy.ops.mesh.primitive_cube_add(
        size=1, location=(low + high) / 2, rotation=(0, 0, math.radians(turn))
    )
    item = bpy.context.object
    item.scale = high - low
    item.data.materials.append(stuff)


def ball(middle, radius: float, stuff: bpy.types.Material) -> None:
    bpy.ops.mesh.primitive_uv_sphere_add(radius=radius, location=middle, segments=24, ring_count=12)
    bpy.context.object.data.materials.append(stuff)


def lamp(place, aim, wide: float, tall: float, watts: float, colour: Colour) -> None:
    """A softbox of `wide` x `tall` metres that looks at a point."""
    from mathutils import Vector

    data = bpy.data.lights.new("lamp", "AREA")
    data.shape, data.size, data.size_y = "RECTANGLE", wide, tall
    data.energy, data.color = watts, colour
    item = bpy.data.objects.new("lamp", data)
    bpy.context.collection.objects.link(item)
    item.location, item.visible_camera = place, False
    item.rotation_euler = (Vector(aim) - Vector(place)).to_track_quat("-Z", "Y").to_euler()


def plant(x: float, y: float, tall: float, random: np.random.Generator, pot: Colour) -> None:
    """A pot with leaves: bent blades that hang over."""
    bpy.ops.mesh.primitive_cone_add(radius1=0.13, radius2=0.18, depth=0.34, location=(x, y, 0.17))
    bpy.context.object.data.materials.append(cloth(pot, 0.5))
    greens = [
        cloth(shade, 0.45)
        for shade in ((0.05, 0.13, 0.045), (0.09, 0.20, 0.06), (0.03, 0.09, 0.04))
    ]
    for _ in range(46):
        turn, lean = random.uniform(0, 2 * math.pi), random.uniform(0.15, 0.9)
        length, wide = tall * random.uniform(0.55, 1.0), random.uniform(0.03, 0.07)
        along = np.linspace(0, 1, 7)[:, None]
        way = np.array([math.cos(turn), math.sin(turn), 0.0])
        spine = np.array([x, y, 0.34]) + way * lean * length * along**1.4
        spine = spine + np.array([0, 0, 1.0]) * length * (along - 0.45 * lean * along**2)
        side = np.array([-way[1], way[0], 0.0]) * wide * np.sin(np.pi * (0.08 + 0.9 * along))
        points = np.concatenate([spine - side, spine + side])
        mesh = bpy.data.meshes.new("leaf")
        mesh.from_pydata(points.tolist(), [], [[k, k + 1, k + 8, k + 7] for k in range(6)])
        item = bpy.data.objects.new("leaf", mesh)
        mesh.materials.append(greens[random.integers(3)])
        bpy.context.collection.objects.link(item)


def foliage(middle: np.ndarray, count: int, leaves: list, random: np.random.Generator) -> None:
    """The crown of a tree: leaves that are squares of some centimetres, turned anyhow."""
    places = middle + random.normal(0, 1, (count, 3)) * (0.75, 0.6, 0.65)
    across, along = random.normal(0, 1, (2, count, 3))
    across *= random.uniform(0.05, 0.13, (count, 1)) / np.linalg.norm(across, axis=1, keepdims=True)
    along *= random.uniform(0.05, 0.13, (count, 1)) / np.linalg.norm(along, axis=1, keepdims=True)
    corners = np.stack([places + across, places + along, places - across, places - along], 1)
    mesh = bpy.data.meshes.new("foliage")
    faces = np.arange(4 * count).reshape(count, 4)
    mesh.from_pydata(corners.reshape(-1, 3).tolist(), [], faces.tolist())
    for leaf in leaves:
        mesh.materials.append(leaf)
    mesh.polygons.foreach_set("material_index", random.integers(0, len(leaves), count))
    bpy.context.collection.objects.link(bpy.data.objects.new("foliage", mesh))


def shelf(x: float, y: float, wide: float, random: np.random.Generator) -> None:
    """Shelves with rows of books, some lying, some gaps."""
    wood = cloth((0.30, 0.19, 0.11), 0.5)
    colours = [(0.30, 0.10, 0.08), (0.10, 0.16, 0.22), (0.55, 0.48, 0.38), (0.12, 0.20, 0.15)]
    covers = [cloth(colour, 0.6) for colour in [*colours, (0.60, 0.56, 0.50), (0.38, 0.26, 0.12)]]
    for level in np.arange(0.35, 2.3, 0.42):
        box((x, y, level - 0.025), (x + wide, y + 0.32, level), wood)
        at = x + 0.03
        while at < x + wide - 0.08:
            thick, tall = random.uniform(0.02, 0.06), random.uniform(0.20, 0.32)
            if random.random() < 0.86:
                place = (at, y + 0.04, level), (at + thick, y + 0.28, level + tall)
                box(*place, covers[random.integers(len(covers))])
            else:
                at += random.uniform(0.05, 0.25)
            at += thick + 0.002
    for side in (x - 0.03, x + wide):
        box((side, y, 0), (side + 0.03, y + 0.32, 2.45), wood)


def panes(
    x0: float, x1: float, y: float, low: float, high: float, frame, count: int, outside
) -> None:
    """A row of windows with their bars, and the light that lies behind them."""
    for k in range(count + 1):
        at = x0 + (x1 - x0) * k / count
        box((at - 0.03, y - 0.05, low), (at + 0.03, y + 0.05, high), frame)
    for level in (low, high, low + 0.68 * (high - low)):
        box((x0, y - 0.05, level - 0.03), (x1, y + 0.05, level + 0.03), frame)
    outside(x0, x1, y)


def _city(x0: float, x1: float, y: float) -> None:
    random = np.random.default_rng(4)
    box(
        (x0 - 25, y + 30, -8),
        (x1 + 25, y + 30.1, 30),
        cloth((0.80, 0.90, 1.0), glow=2.2, uneven=0.05),
    )
    for _ in range(40):
        at, wide, tall = (
            random.uniform(x0 - 16, x1 + 8),
            random.uniform(1.2, 3.5),
            random.uniform(-1, 5),
        )
        near = y + random.uniform(14, 26)
        tone = random.uniform(0.35, 0.7)
        box((at, near, -9), (at + wide, near + 1, tall), cloth((tone, tone * 0.98, tone), glow=1.1))


def _garden(x0: float, x1: float, y: float) -> None:
    random = np.random.default_rng(9)
    box(
        (x0 - 12, y + 14, -4),
        (x1 + 12, y + 14.1, 12),
        cloth((0.70, 0.84, 1.0), glow=1.9, uneven=0.03),
    )
    shades = (0.45, 0.6, 0.8, 1.0, 1.25, 1.6)
    leaves = [cloth((0.15 * s, 0.24 * s, 0.075 * s), 0.5, glow=0.9 * s) for s in shades]
    for _ in range(14):
        foliage(random.uniform((x0 - 3, y + 7, -0.3), (x1 + 3, y + 13, 1.9)), 1700, leaves, random)
    box((x0 - 6, y + 5, -4), (x1 + 6, y + 14, -0.4), leaves[2])


def _shell(wall: Colour, floor: Colour, left: float, right: float, back: float) -> None:
    plaster = cloth(wall, 0.85, uneven=0.03)
    box((left, -2, -0.1), (right, back + 1, 0), cloth(floor, 0.45))
    box((left, -2, 3.0), (right, back + 1, 3.1), cloth((0.80, 0.79, 0.77), 0.9, uneven=0.02))
    box((left - 0.1, -2, 0), (left, back, 3), plaster)
    box((right, -2, 0), (right + 0.1, back, 3), plaster)


def office() -> None:
    """A quiet office in the morning: windows to the left, shelves, desks and a plant."""
    random = np.random.default_rng(2)
    _shell((0.68, 0.65, 0.61), (0.34, 0.27, 0.20), -3.4, 3.2, 7.0)
    back = cloth((0.62, 0.58, 0.53), 0.85, uneven=0.03)
    box((-0.6, 7.0, 0), (3.2, 7.1, 3), back)
    panes(-3.4, -0.6, 7.0, 0.75, 2.85, cloth((0.10, 0.10, 0.10), 0.4), 3, _city)
    box((-3.4, 6.95, 0), (-0.6, 7.05, 0.75), back)
    shelf(0.5, 6.55, 2.2, random)
    wood, dark = cloth((0.50, 0.36, 0.23), 0.35), cloth((0.035, 0.035, 0.04), 0.35)
    for x, y in ((-2.6, 4.6), (0.9, 5.0)):
        box((x, y, 0.70), (x + 1.5, y + 0.75, 0.74), wood)
        for leg in (x + 0.05, x + 1.41):
            box((leg, y + 0.05, 0), (leg + 0.04, y + 0.7, 0.70), dark)
        box((x + 0.40, y + 0.42, 0.90), (x + 1.02, y + 0.45, 1.26), dark, turn=6)
        box((x + 0.68, y + 0.44, 0.74), (x + 0.74, y + 0.48, 0.92), dark)
        ball((x + 0.25, y + 0.35, 0.79), 0.05, cloth((0.75, 0.73, 0.70), 0.3))
    plant(-0.35, 5.9, 1.25, random, (0.62, 0.60, 0.57))
    plant(2.9, 4.4, 1.0, random, (0.12, 0.12, 0.12))
    for x in (-1.9, 1.6):  # lamps over the desks
        ball((x, 4.9, 2.35), 0.17, cloth(WARM, glow=5.0))
        box((x - 0.008, 4.892, 2.45), (x + 0.008, 4.908, 3.0), dark)
    lamp((-2.0, 6.6, 1.9), (0.5, 2.5, 1.0), 2.6, 1.9, 170, SKY)
    lamp((0.4, 3.0, 2.95), (0.4, 4.5, 0), 3.0, 2.5, 75, WHITE)


def wall() -> None:
    """A plastered wall in the light of a window at the side, with a shelf and a plant."""
    random = np.random.default_rng(5)
    _shell((0.60, 0.57, 0.52), (0.30, 0.24, 0.18), -3.0, 3.0, 3.6)
    box((-3, 3.6, 0), (3, 3.7, 3), cloth((0.56, 0.54, 0.49), 0.9, uneven=0.05))
    wood = cloth((0.42, 0.29, 0.18), 0.4)
    box((0.85, 3.32, 1.12), (2.3, 3.6, 1.16), wood)
    for x, tall, tone in (
        (0.98, 0.26, 0.42),
        (1.06, 0.22, 0.20),
        (1.13, 0.24, 0.62),
        (1.22, 0.20, 0.30),
    ):
        box((x, 3.38, 1.16), (x + 0.06, 3.55, 1.16 + tall), cloth((tone, tone * 0.88, tone * 0.76)))
    ball((1.62, 3.45, 1.27), 0.11, cloth((0.62, 0.42, 0.30), 0.4))
    box((1.86, 3.42, 1.16), (2.16, 3.44, 1.56), cloth((0.72, 0.70, 0.66)))
    plant(-1.75, 3.1, 1.25, random, (0.55, 0.50, 0.44))
    lamp((-2.7, 0.9, 2.3), (0.3, 3.6, 1.2), 1.3, 1.7, 120, (1.0, 0.93, 0.84))
    lamp((1.5, 0.2, 2.9), (0.6, 3.4, 1.2), 2.4, 2.0, 40, WHITE)


def window() -> None:
    """A wide window with curtains, and a garden in the sun behind it."""
    _shell((0.66, 0.64, 0.60), (0.40, 0.31, 0.22), -3.0, 3.0, 4.2)
    plaster = cloth((0.64, 0.62, 0.58), 0.9, uneven=0.03)
    for low, high in (
        ((-3, 4.2, 0), (-1.7, 4.3, 3)),
        ((1.7, 4.2, 0), (3, 4.3, 3)),
        ((-1.7, 4.2, 0), (1.7, 4.3, 0.85)),
        ((-1.7, 4.2, 2.75), (1.7, 4.3, 3)),
    ):
        box(low, high, plaster)
    panes(-1.7, 1.7, 4.25, 0.85, 2.75, cloth((0.72, 0.71, 0.69), 0.4), 3, _garden)
    linen = cloth((0.70, 0.67, 0.61), 0.9, uneven=0.04)
    for middle in (-1.85, 1.85):
        for k in range(9):  # folds
            bpy.ops.mesh.primitive_cylinder_add(
                radius=0.055,
                depth=2.6,
                location=(middle + (k - 4) * 0.085, 4.02 + 0.03 * (k % 2), 1.45),
            )
            bpy.context.object.data.materials.append(linen)
    box((-1.5, 3.95, 0.83), (1.5, 4.25, 0.87), cloth((0.68, 0.66, 0.62), 0.4))
    random = np.random.default_rng(7)
    ball((-0.95, 4.08, 0.98), 0.10, cloth((0.50, 0.34, 0.24), 0.4))
    ball((1.05, 4.08, 0.95), 0.08, cloth((0.22, 0.30, 0.30), 0.4))
    plant(2.35, 3.6, 1.1, random, (0.60, 0.57, 0.53))
    lamp((0, 4.6, 1.9), (0, 0.5, 1.2), 3.0, 1.8, 110, SKY)
    lamp((-1.5, 0.4, 2.9), (0, 4, 1.0), 2.4, 2.0, 70, WHITE)


ROOMS: dict[str, Callable[[], None]] = {"office": office, "wall": wall, "window": window}


# Out of focus, 720 rows hold as much as a film of 4K shows.
def shoot(name: str, folder: Path, height: int, samples: int) -> None:
    """Renders one room to <folder>/<name>.webp."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    ROOMS[name]()
    scene = bpy.context.scene
    data = bpy.data.cameras.new("camera")
    data.lens, data.sensor_width = 50, 36
    data.dof.use_dof, data.dof.focus_distance, data.dof.aperture_fstop = True, PERSON, 1.4
    camera = bpy.data.objects.new("camera", data)
    bpy.context.collection.objects.link(camera)
    camera.location, camera.rotation_euler = (0, 0, EYE), (math.radians(89), 0, 0)
    scene.camera = camera
    scene.world = bpy.data.worlds.new("dark")
    render, cycles = scene.render, scene.cycles
    render.engine, cycles.device, cycles.samples = "CYCLES", "CPU", samples
    cycles.use_denoising, cycles.denoiser = True, "OPENIMAGEDENOISE"
    cycles.max_bounces, cycles.sample_clamp_indirect = 6, 4
    render.resolution_x, render.resolution_y = round(height * ASPECT), height
    scene.view_settings.view_transform = "AgX"
    scene.view_settings.look = "AgX - Medium High Contrast"
    render.image_settings.file_format, render.image_settings.quality = "WEBP", 90
    render.filepath = str(folder / f"{name}.webp")
    bpy.ops.render.render(write_still=True)
    if folder == HERE:
        with Image.open(render.filepath) as picture:
            small = picture.resize(SMALL, Image.Resampling.LANCZOS)
        SHOWN.mkdir(parents=True, exist_ok=True)
        small.save(SHOWN / f"{name}.webp", quality=88, method=6)


def main() -> None:
    reader = argparse.ArgumentParser(description="Render the rooms that people stand in.")
    reader.add_argument("names", nargs="*", choices=[*ROOMS, []])
    reader.add_argument("--height", type=int, default=720)
    reader.add_argument("--samples", type=int, default=48)
    reader.add_argument("--to", type=Path, default=HERE)
    wanted = reader.parse_args()
    for name in wanted.names or ROOMS:
        shoot(name, wanted.to, wanted.height, wanted.samples)


if __name__ == "__main__":
    main()
