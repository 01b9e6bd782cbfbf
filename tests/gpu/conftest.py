"""Engines on torch, small and with weights that a recipe makes. Collected where torch is installed: `make test-engines`."""

import math

import pytest
import torch

from rendering import hardware
from tests.gpu.recipe import state

hardware.prepare()
torch.set_num_threads(1)  # tests run side by side


def table(width, length):
    """Sines and cosines by position, which the published files hold beside their weights."""
    position = torch.arange(length)[:, None]
    rate = torch.exp(torch.arange(0, width, 2) * (-math.log(10_000) / width))
    found = torch.zeros(1, length, width)
    found[0, :, 0::2], found[0, :, 1::2] = torch.sin(position * rate), torch.cos(position * rate)
    return found


def published(shapes):
    """net -> state dict, as the published files hold them, for {net: {name: shape}}."""
    found = {}
    for net, parts in shapes.items():
        found[net] = {key: torch.from_numpy(value) for key, value in state(parts, net).items()}
        for key, shape in parts.items():
            if key.endswith(".pe"):
                found[net][key] = table(shape[-1], shape[1])
    return found


@pytest.fixture(scope="session", autouse=True)
def _no_gradients():
    with torch.no_grad():
        yield
