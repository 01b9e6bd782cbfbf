"""Weights and inputs that are the same everywhere, made from names, so that two implementations can be compared.

numpy only, so that an environment of any age can run it.
"""

import zlib

import numpy as np


def numbers(name, shape):
    """Standard normal numbers that depend on `name` alone."""
    return (
        np.random.default_rng(zlib.crc32(name.encode())).standard_normal(shape).astype(np.float32)
    )


def weight(name, shape):
    """A weight of that name: norms about 1, biases small, matrices that keep the size of what passes through."""
    drawn = numbers(name, shape)
    if name.endswith("bias"):
        return 0.1 * drawn
    if len(shape) == 1:
        return 1 + 0.1 * drawn
    return drawn / np.float32(np.sqrt(np.prod(shape[1:])))


def state(shapes, prefix):
    """name -> array for {name: shape}; tables of positions are left out."""
    return {
        name: weight(f"{prefix}/{name}", tuple(shape))
        for name, shape in shapes.items()
        if not name.endswith(".pe") and "positional" not in name
    }
