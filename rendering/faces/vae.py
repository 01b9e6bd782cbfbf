"""Pictures to latents and back, as EchoMimic and MuseTalk do it: Stable Diffusion's autoencoder (ft-MSE). Needs torch.

The published file names its attention in diffusers' old manner; both forms are read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from numpy.typing import NDArray
from torch import Tensor

from rendering.values import Frame
from rendering.weights.loading import fill, tensors

SCALE = 0.18215  # of the latents
FEW = 2  # pictures that a processor decodes at once: its layers are large, and more of them fall out of the cache

OLD = {"query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0"}


class Vae:
    """The autoencoder. widths and layers: the published ones by default."""

    def __init__(
        self, *, widths: tuple[int, ...] = (128, 256, 512, 512), layers: int = 2, groups: int = 32
    ) -> None:
        self.net = AutoencoderKL(
            down_block_types=("DownEncoderBlock2D",) * len(widths),
            up_block_types=("UpDecoderBlock2D",) * len(widths),
            block_out_channels=widths,
            layers_per_block=layers,
            norm_num_groups=groups,
        )
        self.net.eval().requires_grad_(False)
        self.cell = 2 ** (len(widths) - 1)

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Raises NotReady, naming what does not fit."""
        squeezed = {
            key: value[..., 0, 0] if _renamed(key) != key and value.ndim == 4 else value
            for key, value in state.items()
        }
        fill(self.net, squeezed, what="The VAE", rename=_renamed)

    @classmethod
    def read(cls, folder: Path) -> Vae:
        made = cls()
        made.load(tensors(folder / "vae/diffusion_pytorch_model.safetensors"))
        return made

    def to(self, device: torch.device, dtype: torch.dtype) -> Vae:
        self.net.to(device, dtype)
        return self

    @torch.no_grad()
    def encode(self, pictures: Tensor) -> Tensor:
        """Means of the latents (n, 4, rows / 8, columns / 8), scaled, of pictures (n, 3, rows, columns) in -1..1."""
        given = pictures.to(self.net.device, self.net.dtype)
        return self.net.encode(given).latent_dist.mean * SCALE

    @torch.no_grad()
    def decode(self, latents: Tensor) -> NDArray[np.uint8]:
        """Pictures uint8 RGB (n, rows, columns, 3) of scaled latents."""
        given = (latents / SCALE).to(self.net.device, self.net.dtype)
        some = FEW if self.net.device.type == "cpu" else len(given)
        return np.concatenate([self._pictures(part) for part in given.split(some)])

    def _pictures(self, latents: Tensor) -> NDArray[np.uint8]:
        made = self.net.decode(latents).sample
        made = (made.float() / 2 + 0.5).clamp(0, 1)
        return (made * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy()


def signed(picture: Frame) -> Tensor:
    """(1, 3, rows, columns) in -1..1 of a uint8 RGB picture."""
    return torch.from_numpy(picture.astype(np.float32) / 127.5 - 1).permute(2, 0, 1)[None]


def _renamed(key: str) -> str:
    found = re.fullmatch(r"(.*\.attentions\.\d+)\.(query|key|value|proj_attn)\.(weight|bias)", key)
    return f"{found[1]}.{OLD[found[2]]}.{found[3]}" if found else key
