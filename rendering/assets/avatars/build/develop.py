"""From light to picture: a share of the renderer's noise stays, where removing it all would smear."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import bpy

SKIN, HAIR = 0.85, 0.80
"""How much of the denoised picture is taken for all else and for strands; the rest is as it was rendered."""
VIVID = 1.15
"""By how much colours are strengthened: the view transform takes from skin what a photo keeps."""


@contextmanager
def developed() -> Iterator[None]:
    """Pictures that are rendered meanwhile keep a share of their noise."""
    scene, layer = bpy.context.scene, bpy.context.view_layer
    layer.cycles.denoising_store_passes = layer.use_pass_object_index = True
    for item in scene.objects:
        item.pass_index = int(item.type == "CURVES")
    layer.update_render_passes()
    tree = bpy.data.node_groups.new("develop", "CompositorNodeTree")
    tree.interface.new_socket("Image", in_out="OUTPUT", socket_type="NodeSocketColor")
    seen, strand = tree.nodes.new("CompositorNodeRLayers"), tree.nodes.new("ShaderNodeMath")
    strand.operation, strand.inputs[1].default_value = "GREATER_THAN", 0.5
    soft, share = tree.nodes.new("CompositorNodeBlur"), tree.nodes.new("ShaderNodeMapRange")
    soft.inputs["Size"].default_value = (1.5, 1.5)
    share.inputs[3].default_value, share.inputs[4].default_value = SKIN, HAIR
    mix, out = tree.nodes.new("ShaderNodeMix"), tree.nodes.new("NodeGroupOutput")
    mix.data_type = "RGBA"
    vivid = tree.nodes.new("CompositorNodeHueSat")
    vivid.inputs["Saturation"].default_value = VIVID
    for source, target in (
        (seen.outputs["Object Index"], strand.inputs[0]),
        (strand.outputs[0], soft.inputs[0]),
        (soft.outputs[0], share.inputs[0]),
        (share.outputs[0], mix.inputs[0]),
        (seen.outputs["Noisy Image"], mix.inputs[6]),
        (seen.outputs["Image"], mix.inputs[7]),
        (mix.outputs[2], vivid.inputs["Image"]),
        (vivid.outputs[0], out.inputs[0]),
    ):
        tree.links.new(source, target)
    scene.compositing_node_group, scene.render.use_compositing = tree, True
    try:
        yield
    finally:
        scene.compositing_node_group, scene.render.use_compositing = None, False
        bpy.data.node_groups.remove(tree)
