"""Blender's side of the build: meshes, strands and a small writer of shader graphs."""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np
from geometry import to_scene

Colour = tuple[float, float, float]


def empty_scene() -> bpy.types.Scene:
    """A scene with nothing in it."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    return bpy.context.scene


def link(thing, name: str) -> bpy.types.Object:
    """Puts mesh, curve, light or camera data into the scene."""
    item = bpy.data.objects.new(name, thing)
    bpy.context.scene.collection.objects.link(item)
    return item


def set_points(mesh: bpy.types.Mesh, points: np.ndarray) -> None:
    """Moves all vertices of a mesh to points [n, 3] in scene metres."""
    mesh.vertices.foreach_set("co", points.astype(np.float32).ravel())
    mesh.update()


@dataclass
class Part:
    """A mesh object made of some of the body's (or a fitted mesh's) vertices."""

    item: bpy.types.Object
    used: np.ndarray

    def follow(self, vertices: np.ndarray) -> None:
        """Moves it to new positions of the vertices it was made from (decimetres)."""
        set_points(self.item.data, to_scene(vertices[self.used]))


def part(
    name: str,
    vertices: np.ndarray,
    faces: list[list[int]],
    texture: list | None = None,
    subdivide: int = 0,
    material: bpy.types.Material | None = None,
) -> Part:
    """A smooth mesh of `faces`."""
    used = sorted({index for face in faces for index in face})
    place = {vertex: index for index, vertex in enumerate(used)}
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(
        to_scene(vertices[used]).tolist(), [], [[place[index] for index in face] for face in faces]
    )
    layer = mesh.uv_layers.new(name="UVMap")
    if texture is not None:
        corners = np.array([corner for face in texture for corner in face], float)
        layer.data.foreach_set("uv", corners.ravel())
    mesh.polygons.foreach_set("use_smooth", [True] * len(mesh.polygons))
    if material:
        mesh.materials.append(material)
    item = link(mesh, name)
    if subdivide:
        smooth = item.modifiers.new("smooth", "SUBSURF")
        smooth.levels = smooth.render_levels = subdivide
        smooth.boundary_smooth = "PRESERVE_CORNERS"
    return Part(item, np.array(used))


def thicken(item: bpy.types.Object, metres: float) -> None:
    """Gives a garment a thickness, outward, before it is subdivided."""
    solid = item.modifiers.new("thickness", "SOLIDIFY")
    solid.thickness, solid.offset = metres, 1
    item.modifiers.move(len(item.modifiers) - 1, 0)


def attribute(mesh, name: str, values: np.ndarray) -> None:
    """Stores one number or one vector a vertex under a name that shaders can read."""
    values = np.asarray(values, np.float32)
    kind, key = ("FLOAT", "value") if values.ndim == 1 else ("FLOAT_VECTOR", "vector")
    mesh.attributes.new(name, kind, "POINT").data.foreach_set(key, values.ravel())


@dataclass
class Surface:
    """A subdivided mesh as arrays: points and normals [n, 3], triangles [m, 3], attributes."""

    points: np.ndarray
    normals: np.ndarray
    triangles: np.ndarray
    attributes: dict[str, np.ndarray]


def surface(item: bpy.types.Object) -> Surface:
    """What the modifiers make of a mesh."""
    evaluated = item.evaluated_get(bpy.context.evaluated_depsgraph_get())
    mesh = evaluated.to_mesh()
    count = len(mesh.vertices)

    def read(collection, key: str, width: int, kind=np.float32) -> np.ndarray:
        values = np.empty(len(collection) * width, kind)
        collection.foreach_get(key, values)
        return values.reshape(-1, width) if width > 1 else values

    points = read(mesh.vertices, "co", 3).astype(float)
    normals = read(mesh.vertices, "normal", 3).astype(float)
    mesh.calc_loop_triangles()
    triangles = read(mesh.loop_triangles, "vertices", 3, np.int32)
    attributes = {}
    for stored in mesh.attributes:
        if stored.domain == "POINT" and len(stored.data) == count:
            if stored.data_type == "FLOAT_VECTOR" and stored.name != "position":
                attributes[stored.name] = read(stored.data, "vector", 3).astype(float)
            elif stored.data_type == "FLOAT":
                attributes[stored.name] = read(stored.data, "value", 1).astype(float)
    evaluated.to_mesh_clear()
    return Surface(points, normals, triangles, attributes)


def curves(
    name: str, points: np.ndarray, radii: np.ndarray, material, shade: np.ndarray | None = None
) -> bpy.types.Object:
    """Strands: points [strands, steps, 3] and radii [strands, steps], in scene metres.

    shade [strands]: by how much each is darker than its material, 1 by default.
    """
    count, steps, _ = points.shape
    data = bpy.data.hair_curves.new(name)
    data.add_curves([steps] * count)
    data.attributes["position"].data.foreach_set("vector", points.astype(np.float32).ravel())
    radius = data.attributes.get("radius") or data.attributes.new("radius", "FLOAT", "POINT")
    radius.data.foreach_set("value", radii.astype(np.float32).ravel())
    darker = data.attributes.new("shade", "FLOAT", "CURVE").data
    darker.foreach_set("value", np.asarray(np.ones(count) if shade is None else shade, np.float32))
    data.materials.append(material)
    return link(data, name)


def set_curves(item: bpy.types.Object, points: np.ndarray) -> None:
    """Moves strands made by `curves`."""
    item.data.attributes["position"].data.foreach_set("vector", points.astype(np.float32).ravel())
    item.data.update_tag()


def scaled(colour: Colour, *factors: float) -> Colour:
    """A colour times one factor or three."""
    three = factors * 3 if len(factors) == 1 else factors
    red, green, blue = (min(1.0, part * by) for part, by in zip(colour, three, strict=True))
    return red, green, blue


class Shader:
    """A material under construction: each method adds a node and returns its output."""

    def __init__(self, name: str) -> None:
        self.material = bpy.data.materials.new(name)
        self.material.use_nodes = True
        self.nodes = self.material.node_tree.nodes
        self.links = self.material.node_tree.links
        self.principled = self.nodes.get("Principled BSDF")
        self.output = self.nodes.get("Material Output")

    def feed(self, socket, value) -> None:
        """Links an output, or writes a number or a colour, into an input."""
        if isinstance(value, bpy.types.NodeSocket):
            self.links.new(value, socket)
        elif isinstance(value, tuple) and len(socket.default_value) == 4:
            socket.default_value = (*value, 1)
        else:
            socket.default_value = value

    def set(self, **values) -> None:
        """Inputs of the principled shader, blanks written as underscores."""
        for name, value in values.items():
            self.feed(self.principled.inputs[name.replace("_", " ")], value)

    def add(self, kind: str, **properties):
        """A node of that kind."""
        node = self.nodes.new(kind)
        for name, value in properties.items():
            setattr(node, name, value)
        return node

    def attribute(self, name: str, output: str = "Fac"):
        return self.add("ShaderNodeAttribute", attribute_name=name).outputs[output]

    def object_position(self):
        return self.add("ShaderNodeTexCoord").outputs["Object"]

    def math(self, operation: str, first, second=None, clamp: bool = False):
        node = self.add("ShaderNodeMath", operation=operation, use_clamp=clamp)
        self.feed(node.inputs[0], first)
        if second is not None:
            self.feed(node.inputs[1], second)
        return node.outputs[0]

    def times(self, first, second):
        return self.math("MULTIPLY", first, second)

    def mix(self, share, first, second):
        """`first` where share is 0, `second` where it is 1."""
        node = self.add("ShaderNodeMix", data_type="RGBA")
        for index, value in ((0, share), (6, first), (7, second)):
            self.feed(node.inputs[index], value)
        return node.outputs[2]

    def split(self, vector, kind: str):
        """The three parts of a vector or a colour, by the node that parts it."""
        node = self.add(kind)
        self.links.new(vector, node.inputs[0])
        return node.outputs[:3]

    def noise(self, vector, scale: float, detail: float = 4, roughness: float = 0.55):
        node = self.add("ShaderNodeTexNoise")
        self.feed(node.inputs["Scale"], scale)
        self.feed(node.inputs["Detail"], detail)
        self.feed(node.inputs["Roughness"], roughness)
        self.links.new(vector, node.inputs["Vector"])
        return node.outputs[0]

    def cells(self, vector, scale: float):
        """Distance to the nearest of scattered points."""
        node = self.add("ShaderNodeTexVoronoi", feature="F1")
        self.feed(node.inputs["Scale"], scale)
        self.links.new(vector, node.inputs["Vector"])
        return node.outputs["Distance"]

    def wobble(self, vector, scale: float, amount: float):
        """A place moved about by noise, for outlines that are not round."""
        node = self.add("ShaderNodeTexNoise")
        self.feed(node.inputs["Scale"], scale)
        self.links.new(vector, node.inputs["Vector"])
        away = self.stretch(node.outputs["Color"], (amount,) * 3)
        both = self.add("ShaderNodeVectorMath", operation="ADD")
        self.links.new(vector, both.inputs[0])
        self.links.new(away, both.inputs[1])
        return both.outputs[0]

    def waves(self, vector, scale: float, direction: str, distortion: float):
        node = self.add("ShaderNodeTexWave", bands_direction=direction)
        self.feed(node.inputs["Scale"], scale)
        self.feed(node.inputs["Distortion"], distortion)
        self.feed(node.inputs["Detail"], 1.0)
        self.links.new(vector, node.inputs["Vector"])
        return node.outputs[1]

    def map(self, value, low: float, high: float, start: float, end: float):
        """`start` below low, `end` above high, smooth between."""
        node = self.add("ShaderNodeMapRange", interpolation_type="SMOOTHSTEP")
        for index, number in enumerate((low, high, start, end)):
            node.inputs[index + 1].default_value = number
        self.links.new(value, node.inputs[0])
        return node.outputs[0]

    def bump(self, height, strength, distance: float, before=None):
        """A normal bent by `height`; distance in metres; `before` is an earlier bump."""
        node = self.add("ShaderNodeBump")
        self.feed(node.inputs["Distance"], distance)
        self.feed(node.inputs["Strength"], strength)
        self.links.new(height, node.inputs["Height"])
        if before is not None:
            self.links.new(before, node.inputs["Normal"])
        return node.outputs[0]

    def stretch(self, vector, factors: Colour):
        node = self.add("ShaderNodeVectorMath", operation="MULTIPLY")
        self.links.new(vector, node.inputs[0])
        node.inputs[1].default_value = factors
        return node.outputs[0]

    def picture(self, path):
        """A grey picture laid on by the mesh's texture coordinates."""
        image = bpy.data.images.load(str(path), check_existing=True)
        image.colorspace_settings.name = "Non-Color"
        node = self.add("ShaderNodeTexImage", image=image, interpolation="Cubic")
        place = self.add("ShaderNodeUVMap", uv_map="UVMap")
        self.links.new(place.outputs[0], node.inputs[0])
        return node.outputs[0]
