"""The three networks of EchoMimic v1 on diffusers' own classes. Needs torch.

Sources: Chen et al., "EchoMimic: Lifelike audio-driven portrait animations through editable landmark conditioning"
(2024), and the published implementation, which this one equals forward by forward (tests/gpu/golden).

The reference net looks at the portrait once; what its attention blocks saw (the bank) is attended to by the same blocks
of the denoiser. The denoiser moves frames of noise toward a film, led by 50 audio tokens a frame and the position of
the face.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import torch
import torch.nn.functional as F
from diffusers import UNet2DConditionModel, UNetMotionModel
from diffusers.models.attention import BasicTransformerBlock
from diffusers.models.unets.unet_motion_model import AnimateDiffTransformer3D
from torch import Tensor, nn

from rendering.faces.echomimic import files
from rendering.weights.loading import Tensors, fill, tensors

TOKENS, WIDTH = 50, 384  # audio tokens of a frame, and numbers of each
LONGEST = 32  # frames for which the motion modules have positions
AUDIO_SHARE = (
    3.0  # how much more than learnt the audio moves the picture; fixed in the published sampler
)

Bank = dict[str, Tensor]
"""block -> (1, positions, channels): what the reference net saw."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Widths of the networks; the defaults are the published ones."""

    widths: tuple[int, ...] = (320, 640, 1280, 1280)
    locator: tuple[int, ...] = (16, 32, 96, 256)
    heads: int = 8
    layers: int = 2


SMALL = Sizes(widths=(32, 64, 64, 64), locator=(8, 8, 16, 16))
"""The same structure, small enough for tests and parity on a CPU."""


class _SpeakingBlock(nn.Module):
    """An attention block of the denoiser, with the parts and the keys of the one it replaces.

    Frames see themselves and, on the conditioned half, the portrait; then the audio of their own moment.
    """

    def __init__(self, old: BasicTransformerBlock, bank: Callable[[], Tensor | None]) -> None:
        super().__init__()
        self.norm1, self.attn1 = old.norm1, old.attn1
        self.norm2, self.attn2 = old.norm2, old.attn2
        self.norm3, self.ff = old.norm3, old.ff
        self._bank = bank

    def forward(
        self, hidden_states: Tensor, *, encoder_hidden_states: Tensor, **_: object
    ) -> Tensor:
        h, seen = hidden_states, self.norm1(hidden_states)
        bank = self._bank()
        if bank is None:
            h = h + self.attn1(seen)
        elif bank.shape[0] == h.shape[0]:  # without guidance there is no unconditioned half
            h = h + self._beside(seen, bank)
        else:
            free = h.shape[0] - bank.shape[0]
            h = h + torch.cat([self.attn1(seen[:free]), self._beside(seen[free:], bank)])
        h = h + AUDIO_SHARE * self.attn2(self.norm2(h), encoder_hidden_states=encoder_hidden_states)
        return h + self.ff(self.norm3(h))

    def _beside(self, seen: Tensor, bank: Tensor) -> Tensor:
        """Attention to the own frame and the portrait; the portrait's keys are one row for all frames."""
        net, frames = self.attn1, seen.shape[0]

        def apart(y: Tensor) -> Tensor:
            return y.unflatten(-1, (net.heads, -1)).transpose(1, 2)

        def both(project: nn.Module) -> Tensor:
            shown = project(bank[:1]).expand(frames, -1, -1)
            return apart(torch.cat([project(seen), shown], 1))

        y = F.scaled_dot_product_attention(apart(net.to_q(seen)), both(net.to_k), both(net.to_v))
        return net.to_out[0](y.transpose(1, 2).flatten(2))


class _PerFrameNorm(nn.GroupNorm):
    """The motion modules' norm takes each frame by itself; diffusers' takes all frames together."""

    def forward(self, x: Tensor) -> Tensor:  # (batch, channels, frames, rows, columns)
        batch, _, frames, *_ = x.shape
        y = super().forward(x.transpose(1, 2).flatten(0, 1))
        return y.unflatten(0, (batch, frames)).transpose(1, 2)


class Denoiser(nn.Module):
    """The denoising net. Keys of `net` are diffusers' own."""

    def __init__(self, sizes: Sizes = Sizes()) -> None:
        super().__init__()
        self.net = UNetMotionModel(
            in_channels=4,
            out_channels=4,
            block_out_channels=sizes.widths,
            layers_per_block=sizes.layers,
            cross_attention_dim=WIDTH,
            num_attention_heads=sizes.heads,
            motion_num_attention_heads=sizes.heads,
            use_motion_mid_block=True,
            motion_max_seq_length=LONGEST,
        )
        self._shown: Bank = {}
        self._frames = 0
        for name, module in list(self.net.named_modules()):
            if isinstance(module, AnimateDiffTransformer3D):
                module.norm = _swapped(module.norm)
            elif isinstance(module, BasicTransformerBlock) and ".motion_modules." not in name:
                parent = self.net.get_submodule(name.rpartition(".")[0])
                block = _SpeakingBlock(module, self._looking(name))
                parent[int(name.rpartition(".")[2])] = block

    def _looking(self, name: str) -> Callable[[], Tensor | None]:
        def look() -> Tensor | None:
            shown = self._shown.get(name)
            return None if shown is None else shown.expand(self._frames, -1, -1)

        return look

    def forward(
        self, x: Tensor, t: Tensor, tokens: Tensor, face: Tensor, bank: Bank | None
    ) -> Tensor:
        """The velocity (batch, 4, frames, rows, columns) of latents `x` of that shape at timestep t.

        tokens: (batch, frames, 50, 384). face: (batch, widths[0], rows, columns). bank: what the portrait shows, for the last
        of the batch; the first of two goes without it (guidance). None: all go without it.
        """
        frames = x.shape[2]
        if frames > LONGEST:
            raise ValueError(f"{frames} frames in a window; there are places for {LONGEST}")
        self._shown, self._frames = bank or {}, frames
        try:
            return self._run(x, t, tokens.flatten(0, 1), face)
        finally:
            self._shown = {}

    def _run(self, x: Tensor, t: Tensor, tokens: Tensor, face: Tensor) -> Tensor:
        net = self.net
        batch, _, frames, _, _ = x.shape
        moment = net.time_proj(t.reshape(1).expand(batch)).to(x.dtype)
        moment = net.time_embedding(moment).repeat_interleave(frames, 0)
        h = net.conv_in(x.transpose(1, 2).flatten(0, 1)) + face.repeat_interleave(frames, 0)
        passed = [h]

        def given(block: nn.Module) -> dict[str, object]:
            audio = getattr(block, "has_cross_attention", False)
            return {"temb": moment, "num_frames": frames} | (
                {"encoder_hidden_states": tokens} if audio else {}
            )

        for block in net.down_blocks:
            h, more = block(hidden_states=h, **given(block))
            passed += more
        h = net.mid_block(h, moment, encoder_hidden_states=tokens, num_frames=frames)
        for block in net.up_blocks:
            count = len(block.resnets)
            h = block(
                hidden_states=h, res_hidden_states_tuple=tuple(passed[-count:]), **given(block)
            )
            del passed[-count:]
        h = net.conv_out(net.conv_act(net.conv_norm_out(h)))
        return h.unflatten(0, (batch, frames)).transpose(1, 2)


class Reference(nn.Module):
    """The reference net: a Stable Diffusion UNet without its text and its output."""

    def __init__(self, sizes: Sizes = Sizes()) -> None:
        super().__init__()
        self.net = UNet2DConditionModel(
            in_channels=4,
            out_channels=4,
            block_out_channels=sizes.widths,
            layers_per_block=sizes.layers,
            cross_attention_dim=768,
            attention_head_dim=sizes.heads,
        )
        for module in self.net.modules():
            if isinstance(module, BasicTransformerBlock):
                module.attn2 = module.norm2 = None
        self.net.conv_norm_out = self.net.conv_act = None
        self.net.conv_out = nn.Identity()

    def forward(self, latent: Tensor) -> Bank:
        """What each attention block sees of a portrait's latent (1, 4, rows, columns), scaled by vae.SCALE."""
        bank: Bank = {}
        hooks = [
            module.norm1.register_forward_hook(_recorder(bank, name))
            for name, module in self.net.named_modules()
            if isinstance(module, BasicTransformerBlock)
        ]
        try:
            self.net(latent, torch.zeros((), device=latent.device), encoder_hidden_states=None)
        finally:
            for hook in hooks:
                hook.remove()
        return bank


def _recorder(bank: Bank, name: str) -> Callable[..., None]:
    def record(module: nn.Module, given: object, seen: Tensor) -> None:
        bank[name] = seen

    return record


class Locator(nn.Module):
    """Where the face is: a mask of the picture to what is added to every frame of the denoiser."""

    def __init__(self, sizes: Sizes = Sizes()) -> None:
        super().__init__()
        widths = sizes.locator
        self.conv_in = nn.Conv2d(1, widths[0], 3, padding=1)
        self.blocks = nn.ModuleList()
        for narrow, wide in pairwise(widths):
            self.blocks.append(nn.Conv2d(narrow, narrow, 3, padding=1))
            self.blocks.append(nn.Conv2d(narrow, wide, 3, padding=1, stride=2))
        self.conv_out = nn.Conv2d(widths[-1], sizes.widths[0], 3, padding=1)

    def forward(self, mask: Tensor) -> Tensor:
        """(1, widths[0], rows / 8, columns / 8) of a mask (1, 1, rows, columns), 1 in the face."""
        h = F.silu(self.conv_in(mask))
        for block in self.blocks:
            h = F.silu(block(h))
        return self.conv_out(h)


def _swapped(old: nn.GroupNorm) -> _PerFrameNorm:
    new = _PerFrameNorm(old.num_groups, old.num_channels, old.eps)
    new.load_state_dict(old.state_dict())
    return new


class Nets(nn.Module):
    """All three, made for one size."""

    def __init__(self, sizes: Sizes = Sizes()) -> None:
        super().__init__()
        self.denoiser = Denoiser(sizes)
        self.reference = Reference(sizes)
        self.locator = Locator(sizes)
        self.eval().requires_grad_(False)

    def load_reference_state(self, states: Mapping[str, Mapping[str, Tensor]]) -> None:
        """Weights as the published implementation names them: {"denoising_unet", "motion_module", "reference_unet",
        "face_locator"}, each a flat state dict. "motion_module" may be left out if "denoising_unet" holds all.

        Raises NotReady, naming what is missing or of another shape; what was computed or left out is named in the log.
        """
        denoising = {**states.get("motion_module", {}), **states["denoising_unet"]}
        fill(
            self.denoiser.net,
            files.placed(denoising, LONGEST),
            what="The denoising net",
            rename=files.to_diffusers,
            computed=files.computed(self.denoiser.net.state_dict(), LONGEST),
        )
        fill(
            self.reference.net,
            states["reference_unet"],
            what="The reference net",
            rename=files.without_output,
        )
        fill(self.locator, states["face_locator"], what="The face locator")

    @classmethod
    def read(
        cls,
        folder: Path,
        *,
        fast: bool,
        dtype: torch.dtype = torch.float32,
        sizes: Sizes = Sizes(),
    ) -> Nets:
        """From the published files in `folder`; fast: those of the 6-step sampler. Raises NotReady."""
        with torch.device("meta"):
            made = cls(sizes)
        suffix = "_acc" if fast else ""
        made.to_empty(device="cpu").to(dtype)

        def of(name: str) -> Tensors:
            return tensors(folder / f"{name}.pth")

        made.load_reference_state(
            {
                "denoising_unet": of(f"denoising_unet{suffix}"),
                "motion_module": of(f"motion_module{suffix}"),
                "reference_unet": of("reference_unet"),
                "face_locator": of("face_locator"),
            }
        )
        return made
