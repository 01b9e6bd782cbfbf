"""How closely this processor's networks agree with what the published programme computed elsewhere (tests/gpu/golden).

`python -m tests.gpu.agreement`, about two minutes; ATEN_CPU_CAPABILITY=avx2 or default takes instructions away from torch,
MKL_ENABLE_INSTRUCTIONS=AVX2 from MKL, ONEDNN_MAX_CPU_ISA=AVX2 from oneDNN. For docs/decisions/0011.
"""

from __future__ import annotations

import argparse
from unittest import mock

import torch
from diffusers.models.embeddings import Timesteps

from rendering.faces.echomimic import sampler
from rendering.faces.echomimic.nets import SMALL, Nets
from tests.gpu.conftest import published
from tests.gpu.test_echomimic_parity import (
    FRAMES,
    GOLDEN,
    SHAPES,
    SIDE,
    error,
    film,
    looped,
    of,
    shown,
)


def made() -> Nets:
    """The networks in the default kind of number."""
    nets = Nets(SMALL).to(torch.get_default_dtype())
    nets.load_reference_state(published(SHAPES))
    return nets


def forwards(nets: Nets) -> dict[str, float]:
    """The largest difference of each network, as a share of the largest value."""
    bank, face = shown(nets)
    x, audio = of("x", 1, 4, FRAMES, SIDE, SIDE), of("audio", 1, FRAMES, 50, 384)
    plain = nets.denoiser(x, torch.tensor(666), audio, face, bank)
    return {
        "face locator": error(face, "face"),
        "reference net": max(error(seen[:, :8, :8], f"bank/{at}") for at, seen in bank.items()),
        "denoiser": error(plain, "plain"),
    }


def apart(one: torch.Tensor, other: torch.Tensor) -> float:
    return float((one - other).abs().max() / other.abs().max())


def exact_moments(self: Timesteps, moments: torch.Tensor) -> torch.Tensor:
    """What diffusers tells a network of a moment, in double precision instead of single."""
    half = self.num_channels // 2
    at = torch.arange(half, dtype=torch.float64)
    rate = torch.exp(-9.210340371976184 * at / (half - self.downscale_freq_shift))
    angles = moments[:, None].double() * rate
    parts = [angles.cos(), angles.sin()] if self.flip_sin_to_cos else [angles.sin(), angles.cos()]
    return torch.cat(parts, -1)


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    torch.set_grad_enabled(False)
    torch.set_num_threads(1)
    print(f"torch {torch.__version__}, {torch.backends.cpu.get_cpu_capability()}")
    nets = made()
    for name, found in forwards(nets).items():
        print(f"{name}, single: {found:.1e}")
    print(f"6 steps, single: {error(film(nets, 6, 1.0), 'window/6'):.1e}")
    print(f"30 guided steps, single: {error(film(nets, 30, 2.5), 'window/30'):.1e}")
    table = torch.from_numpy(GOLDEN["alphas"])
    print(f"the schedule's table: {(sampler.signal()[::111] - table).abs().max():.1e}")
    torch.set_default_dtype(torch.float64)
    nets = made()
    for name, found in forwards(nets).items():
        print(f"{name}, double: {found:.1e}")
    print(f"6 steps, double: {error(film(nets, 6, 1.0), 'window/6'):.1e}")
    guided = film(nets, 30, 2.5)
    print(f"30 guided steps, double: {error(guided, 'window/30'):.1e}")
    print(f"to diffusers' own steps: {apart(guided, looped(nets, 30, 2.5)):.1e}")
    with mock.patch.object(Timesteps, "forward", exact_moments):
        print(f"with moments in double, from itself: {apart(film(nets, 30, 2.5), guided):.1e}")


if __name__ == "__main__":
    main()
