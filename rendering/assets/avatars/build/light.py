"""Camera, lamps and the renderer's settings."""

from __future__ import annotations

import math
from pathlib import Path

import bpy
import numpy as np
from bpy_extras.object_utils import world_to_camera_view
from mathutils import Vector
from scene import link

LENS = 85.0
SENSOR = 36.0
FRAME_HEIGHT = 0.50
"""Metres the picture shows from top to bottom at the eyes."""
YAW = 6.0
"""Degrees the camera stands to the person's side: a straight-on view looks like a passport."""
DROP = 0.098
"""Metres from the eyes down to the middle of the picture."""


def _aim(item: bpy.types.Object, place: np.ndarray, goal: np.ndarray) -> None:
    item.location = tuple(place)
    ahead = Vector(tuple(goal)) - Vector(tuple(place))
    item.rotation_euler = ahead.to_track_quat("-Z", "Y").to_euler()


class Stage:
    """Camera and lights around a head whose eyes are at `eyes` [3] (scene metres)."""

    def __init__(self, eyes: np.ndarray, light: dict, size: tuple[int, int]) -> None:
        self.size = size
        self.yaw = math.radians(light.get("yaw", YAW))
        self.goal = np.array([eyes[0], eyes[1] + 0.06, eyes[2] - DROP])
        reach = FRAME_HEIGHT * LENS / SENSOR
        self.place = self.goal + np.array(
            [math.sin(self.yaw) * reach, -math.cos(self.yaw) * reach, 0.03]
        )
        camera = bpy.data.cameras.new("camera")
        camera.lens, camera.sensor_fit = LENS, "VERTICAL"
        camera.sensor_height, camera.clip_start = SENSOR, 0.01
        self.camera = link(camera, "camera")
        bpy.context.scene.camera = self.camera
        _aim(self.camera, self.place, self.goal)
        camera.dof.use_dof, camera.dof.aperture_fstop = True, 7.1
        camera.dof.focus_distance = float(np.linalg.norm(self.place - eyes)) - 0.012
        self._lamps(light)

    def _lamps(self, light: dict) -> None:
        gain, side = light.get("gain", 1.0), light.get("side", 1)
        warm, white = light.get("warm", (1, 0.945, 0.88)), (1, 0.98, 0.96)
        for angle, rise, reach, wide, tall, power, colour in (
            (-44, 34, 1.25, 0.80, 1.05, light.get("key", 26), warm),
            (52, 4, 1.5, 1.0, 1.3, light.get("fill", 2.2), white),
            (150, 34, 1.4, 0.30, 0.7, light.get("rim", 3.0), white),
            (180, 74, 1.2, 0.5, 0.4, light.get("top", 2.2), white),
        ):
            turn, up = math.radians(angle) * side + self.yaw, math.radians(rise)
            lamp = bpy.data.lights.new("lamp", "AREA")
            lamp.shape, lamp.size, lamp.size_y = "RECTANGLE", wide, tall
            lamp.energy, lamp.color = power * gain, colour
            offset = np.array(
                [
                    math.sin(turn) * reach * math.cos(up),
                    -math.cos(turn) * reach * math.cos(up),
                    reach * math.sin(up),
                ]
            )
            _aim(link(lamp, "lamp"), self.goal + offset, self.goal + np.array([0, 0, 0.05]))
        self._catchlight(side)
        self._room(light.get("sky", 0.30))

    def _room(self, strength: float) -> None:
        """What stands round the person and is seen only in the eyes, on the skin and in the shadows."""
        world = bpy.data.worlds.new("world")
        bpy.context.scene.world = world
        world.use_nodes = True
        tree = world.node_tree
        back, room = tree.nodes["Background"], tree.nodes.new("ShaderNodeTexEnvironment")
        lights = Path(bpy.utils.resource_path("LOCAL")) / "datafiles/studiolights/world"
        room.image = bpy.data.images.load(str(lights / "interior.exr"))
        turn, seen = tree.nodes.new("ShaderNodeMapping"), tree.nodes.new("ShaderNodeTexCoord")
        turn.inputs["Rotation"].default_value[2] = self.yaw
        tree.links.new(seen.outputs["Generated"], turn.inputs[0])
        tree.links.new(turn.outputs[0], room.inputs[0])
        tree.links.new(room.outputs[0], back.inputs[0])
        back.inputs[1].default_value = strength

    def _catchlight(self, side: float) -> None:
        """A small lamp that only the wet shell of the eyes mirrors: without it a look is dull."""
        lamp = bpy.data.lights.new("catchlight", "AREA")
        lamp.shape, lamp.size, lamp.energy = "DISK", 0.30, 9
        turn = math.radians(-24) * side + self.yaw
        away = np.array([math.sin(turn) * 0.9, -math.cos(turn) * 0.9, DROP + 0.40])
        item = link(lamp, "catchlight")
        _aim(item, self.goal + away, self.goal + np.array([0, 0, DROP]))
        wet = bpy.data.collections.new("wet")
        for shell in bpy.context.scene.objects:
            if shell.name.startswith("cornea"):
                wet.objects.link(shell)
        item.light_linking.receiver_collection = wet

    def box(self, point: np.ndarray, left: float, up: float, right: float, down: float):
        """Pixels (x, y, width, height) that reach so many metres around a point."""
        bpy.context.view_layer.update()
        x, y, _ = world_to_camera_view(bpy.context.scene, self.camera, Vector(tuple(point)))
        width, height = self.size
        scale = height / FRAME_HEIGHT
        x, y = x * width, (1 - y) * height
        return [
            round(x - left * scale),
            round(y - up * scale),
            round((left + right) * scale),
            round((up + down) * scale),
        ]

    def inside(self, box: list[int]) -> list[int]:
        """What of a box lies in the picture."""
        left, top = max(0, box[0]), max(0, box[1])
        right, bottom = (min(box[k] + box[k + 2], self.size[k]) for k in (0, 1))
        return [left, top, right - left, bottom - top]

    def settings(self, samples: int, threshold: float) -> None:
        """Cycles on the processor, denoised, on a clear ground."""
        scene = bpy.context.scene
        render, cycles = scene.render, scene.cycles
        render.engine = "CYCLES"
        cycles.device, cycles.samples, cycles.seed = "CPU", samples, 0
        cycles.use_denoising, cycles.denoiser = True, "OPENIMAGEDENOISE"
        cycles.denoising_input_passes = "RGB_ALBEDO_NORMAL"
        cycles.denoising_prefilter = "ACCURATE" if samples >= 48 else "FAST"
        cycles.use_adaptive_sampling, cycles.adaptive_threshold = True, threshold
        cycles.adaptive_min_samples = 6
        cycles.max_bounces, cycles.diffuse_bounces, cycles.glossy_bounces = 6, 2, 2
        cycles.transmission_bounces, cycles.transparent_max_bounces = 4, 16
        cycles.caustics_reflective = cycles.caustics_refractive = False
        cycles.sample_clamp_indirect = 1.5
        cycles.sample_clamp_direct = 2.5
        scene.cycles_curves.shape, scene.cycles_curves.subdivisions = "RIBBONS", 2
        render.film_transparent = render.use_persistent_data = True
        render.threads_mode, render.threads, render.filter_size = "FIXED", 2, 1.3
        render.resolution_x, render.resolution_y = self.size
        render.resolution_percentage = 100
        render.image_settings.file_format = "PNG"
        render.image_settings.color_mode, render.image_settings.color_depth = "RGBA", "8"
        scene.view_settings.view_transform = "AgX"
        scene.view_settings.look = "AgX - Medium High Contrast"
        scene.view_settings.exposure, scene.render.dither_intensity = 0.10, 1

    def matte_settings(self) -> None:
        """No light, no noise removal and unchanged values, for pictures of flat materials."""
        scene = bpy.context.scene
        cycles = scene.cycles
        cycles.samples, cycles.adaptive_threshold, cycles.use_denoising = 64, 0.01, False
        cycles.adaptive_min_samples = 16
        scene.view_settings.view_transform, scene.view_settings.look = "Raw", "None"
        scene.view_settings.exposure, scene.render.dither_intensity = 0, 0

    def shoot(self, path: str, box: list[int] | None = None) -> None:
        """Renders the whole picture, or only the pixels of a box, to a PNG file."""
        render = bpy.context.scene.render
        render.filepath = path
        render.use_border = render.use_crop_to_border = box is not None
        if box is not None:
            (x, y, wide, tall), (width, height) = box, self.size
            inset = 0.25  # Blender rounds a border down to pixels
            render.border_min_x, render.border_max_x = (
                (x + inset) / width,
                (x + wide + inset) / width,
            )
            render.border_min_y = (height - y - tall + inset) / height
            render.border_max_y = (height - y + inset) / height
        bpy.ops.render.render(write_still=True)
