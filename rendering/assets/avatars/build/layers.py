"""What the pictures are cut into: clean alpha, what moves with the head, and the body without it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import bpy
from scene import Shader

WORN = "worn"
"""Property of an object that stays still while the head moves."""
CLEAR = ("cornea", "lens")
"""Objects that one sees through."""


def _flat(name: str, share) -> bpy.types.Material:
    """A material without light, whose red is the share of the head; `share` names an attribute."""
    shader = Shader(name)
    glow = shader.add("ShaderNodeEmission")
    colour = shader.add("ShaderNodeCombineColor")
    if isinstance(share, str):
        share = shader.attribute(share)
    shader.feed(colour.inputs[0], share)
    shader.links.new(colour.outputs[0], glow.inputs[0])
    shader.links.new(glow.outputs[0], shader.output.inputs[0])
    return shader.material


def _solid() -> list[bpy.types.Object]:
    return [item for item in bpy.context.scene.objects if item.type in ("MESH", "CURVE", "CURVES")]


@contextmanager
def flat() -> Iterator[None]:
    """The scene as mattes: alpha is coverage, red the share of it that moves with the head."""
    head, still, skin = _flat("head", 1.0), _flat("still", 0.0), _flat("skin", "m_head")
    before = []
    for item in _solid():
        before.append((item, list(item.data.materials), item.hide_render))
        item.hide_render = item.hide_render or item.name.split(".")[0] in CLEAR
        attributes = getattr(item.data, "attributes", {})
        chosen = skin if "m_head" in attributes else still if item.get(WORN) else head
        for slot in range(len(item.data.materials)):
            item.data.materials[slot] = chosen
    try:
        yield
    finally:
        for item, materials, hidden in before:
            item.hide_render = hidden
            for slot, material in enumerate(materials):
                item.data.materials[slot] = material


@contextmanager
def headless() -> Iterator[None]:
    """The camera sees no head; its shadow stays on neck and clothes. Hair is left out: it costs most."""
    hidden, ended = [], []
    for item in _solid():
        if "m_hidden" in getattr(item.data, "attributes", {}):
            for material in item.data.materials:
                ended.append((material, *_end(material)))
        elif not item.get(WORN) and item.visible_camera:
            item.visible_camera = False
            item.hide_render = item.type == "CURVES"
            hidden.append(item)
    try:
        yield
    finally:
        for item in hidden:
            item.visible_camera, item.hide_render = True, False
        for material, before, after in ended:
            material.node_tree.links.new(before, after)


def _end(material: bpy.types.Material):
    """Makes what m_hidden marks, and the inside, clear to the camera; returns the link it replaced."""
    tree = material.node_tree
    output = tree.nodes["Material Output"].inputs[0]
    before = output.links[0].from_socket
    seen = tree.nodes.new("ShaderNodeLightPath").outputs["Is Camera Ray"]
    inside = tree.nodes.new("ShaderNodeNewGeometry").outputs["Backfacing"]
    mark = tree.nodes.new("ShaderNodeAttribute")
    mark.attribute_name = "m_hidden"
    either = tree.nodes.new("ShaderNodeMath")
    either.operation = "MAXIMUM"
    share = tree.nodes.new("ShaderNodeMath")
    share.operation = "MULTIPLY"
    clear = tree.nodes.new("ShaderNodeBsdfTransparent")
    mixed = tree.nodes.new("ShaderNodeMixShader")
    for value, socket in (
        (seen, share.inputs[0]),
        (mark.outputs["Fac"], either.inputs[0]),
        (inside, either.inputs[1]),
        (either.outputs[0], share.inputs[1]),
        (share.outputs[0], mixed.inputs[0]),
        (before, mixed.inputs[1]),
        (clear.outputs[0], mixed.inputs[2]),
        (mixed.outputs[0], output),
    ):
        tree.links.new(value, socket)
    return before, output
