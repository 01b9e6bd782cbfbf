"""MuseTalk's network and what goes into it. Needs torch.

Sources: Zhang et al., "MuseTalk: Real-time high-fidelity video dubbing via spatio-temporal sampling" (2024), and the published
implementation, which this one equals (tests/gpu/golden). It draws the latents of a face from the VAE's posterior; here their mean is
taken, so that a face has one preparation.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import torch
from diffusers import UNet2DConditionModel
from torch import Tensor, nn

from rendering.faces.vae import Vae, signed
from rendering.faces.whisper import STATES, Hearing
from rendering.values import Frame
from rendering.weights.loading import fill, tensors

SIDE = 256  # pixels of the square that it sees and paints
TOKENS, WIDTH = 50, 384
BEFORE, AFTER = 4, 6  # audio states of a frame: before its moment, and from it on


class Painter(nn.Module):
    """One pass of a UNet: the latents of a face without its lower half, and with it, and 50 audio tokens; out come new ones."""

    def __init__(self, widths: tuple[int, ...] = (320, 640, 1280, 1280)) -> None:
        super().__init__()
        self.net = UNet2DConditionModel(
            sample_size=64,
            in_channels=8,
            out_channels=4,
            cross_attention_dim=WIDTH,
            attention_head_dim=8,
            block_out_channels=widths,
        )
        self.register_buffer("places", _positions(TOKENS, WIDTH), persistent=False)
        self.eval().requires_grad_(False)

    def load_reference_state(self, state: Mapping[str, Tensor]) -> None:
        """From the published file's flat state dict. Raises NotReady, naming what does not fit."""
        fill(self.net, state, what="MuseTalk's network")

    @classmethod
    def read(cls, folder: Path, dtype: torch.dtype = torch.float32) -> Painter:
        made = cls().to(dtype)
        made.load_reference_state(tensors(folder / "musetalkV15/unet.pth"))
        return made

    def forward(self, latents: Tensor, tokens: Tensor) -> Tensor:
        """Scaled latents (n, 4, 32, 32) of a painted face, from `prepared` (n, 8, 32, 32) and `audio` (n, 50, 384)."""
        moment = torch.zeros((), dtype=torch.long, device=latents.device)
        heard = tokens + self.places.to(tokens)
        return self.net(latents, moment, encoder_hidden_states=heard).sample


def prepared(vae: Vae, picture: Frame) -> Tensor:
    """(1, 8, rows / 8, columns / 8) of a face, uint8 RGB (SIDE, SIDE, 3): its latents without the lower half, then with it.

    All that a frame needs of a face, so it is made once.
    """
    whole = signed(picture)
    masked = whole.clone()
    masked[:, :, picture.shape[0] // 2 :] = -1  # black, before the values are centred
    return vae.encode(torch.cat([masked, whole])).flatten(0, 1)[None]


def audio(hearing: Hearing, frame: int, fps: int) -> Tensor:
    """(50, 384) on the device of `hearing`'s encoder: the states around a frame's moment, five layers each; zeros before and
    after the sound, also for a frame that is wholly outside it.

    The published programme takes 6 states before where the rate is under 25, which lets lips lag by 40 ms; here it is always 4.
    """
    centre = frame * STATES // fps
    first, last = centre - BEFORE, centre + AFTER
    inside = max(0, first), min(last, hearing.count)
    found = hearing.silence(AFTER + BEFORE)
    if inside[0] < inside[1]:
        found[inside[0] - first : inside[1] - first] = hearing.states(*inside)
    return found.reshape(TOKENS, WIDTH)


def _positions(length: int, width: int) -> Tensor:
    at = torch.arange(length, dtype=torch.float32)[:, None]
    rate = torch.exp(torch.arange(0, width, 2).float() * (-math.log(10_000) / width))
    found = torch.zeros(length, width)
    found[:, 0::2], found[:, 1::2] = torch.sin(at * rate), torch.cos(at * rate)
    return found
