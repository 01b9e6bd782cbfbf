"""How the published files of EchoMimic name their weights, and what of them can be computed. Needs torch.

The tables of positions are sines (Vaswani et al., "Attention is all you need", 2017), so a file may hold none, or shorter
ones: the published code makes them for 24 frames by default and for 32 by its configuration.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from rendering.weights import NotReady
from rendering.weights.loading import Tensors
from rendering.words import gettext

TABLE = ".pos_encoder.pe"
FIRST, SECOND = f".attention_blocks.0{TABLE}", f".attention_blocks.1{TABLE}"
NEAR = 5e-3  # by which a table in the coarsest kind of number (bfloat16) may be off


def to_diffusers(key: str) -> str | None:
    """The name in UNetMotionModel of a key in AnimateDiff's manner; None: a second copy of the same table."""
    if SECOND in key:
        return None
    for old, new in (
        (".temporal_transformer.", "."),
        (FIRST, ".pos_embed.pe"),
        (".attention_blocks.0.", ".attn1."),
        (".attention_blocks.1.", ".attn2."),
        (".norms.0.", ".norm1."),
        (".norms.1.", ".norm2."),
        (".ff_norm.", ".norm3."),
    ):
        key = key.replace(old, new)
    return key


def without_output(key: str) -> str | None:
    """The key, or None for the output, which files may hold although the reference net ends before it."""
    return None if key.startswith(("conv_norm_out.", "conv_out.")) else key


def sines(length: int, width: int) -> Tensor:
    """(1, length, width): sines and cosines by turns, from one radian a place down to a ten-thousandth."""
    place = torch.arange(length, device="cpu")[:, None]
    rate = torch.exp(torch.arange(0, width, 2, device="cpu") * (-math.log(10_000) / width))
    found = torch.zeros(1, length, width, device="cpu")
    found[0, :, 0::2], found[0, :, 1::2] = torch.sin(place * rate), torch.cos(place * rate)
    return found


def computed(shapes: Mapping[str, Tensor], longest: int) -> Tensors:
    """The tables of positions of a network in diffusers' manner, by key, for files that hold none. shapes: its state."""
    tables = {key: table for key, table in shapes.items() if key.endswith(".pos_embed.pe")}
    return {key: sines(longest, table.shape[-1]) for key, table in tables.items()}


def placed(state: Mapping[str, Tensor], longest: int) -> Tensors:
    """The state of motion modules with tables of positions for `longest` frames, or without those that can be computed.

    A longer table is cut; a shorter one is left out if it is the sines' (see `computed`). diffusers has one table for both
    attentions of a module, so theirs must be equal. Raises NotReady, naming the table, where that is not so.
    """
    found = dict(state)
    for key, table in state.items():
        if not key.endswith(TABLE) or table.ndim != 3 or table.shape[1] == longest:
            continue
        if table.shape[1] > longest:
            found[key] = table[:, :longest]
        elif _near(table, sines(longest, table.shape[2])[:, : table.shape[1]]):
            del found[key]
        else:
            raise NotReady(
                gettext(
                    "The motion module is not the version that this engine reads: {key} is for {there} frames, not {wanted}, "
                    "and is learnt, so that it cannot be continued."
                ).format(key=key, there=table.shape[1], wanted=longest)
            )
    for key in [key for key in found if key.endswith(SECOND)]:
        first = key.replace(SECOND, FIRST)
        if not _near(found.setdefault(first, found[key]), found[key]):
            raise NotReady(
                f"The motion module is not the version that this engine reads: {key} is a table of its own."
            )
    return found


def _near(one: Tensor, other: Tensor) -> bool:
    return one.shape == other.shape and torch.allclose(one.float(), other.float(), atol=NEAR)
