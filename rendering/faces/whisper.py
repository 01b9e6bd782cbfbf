"""What EchoMimic and MuseTalk hear: the states of Whisper tiny's encoder, 50 a second. Needs torch.

Source: Radford et al., "Robust speech recognition via large-scale weak supervision" (2022), and OpenAI's reference code; the
log-mel spectrum is theirs (25 ms windows every 10 ms, 80 Slaney bands, 8 below the loudest). Both published forms of the
weights are read: OpenAI's and Hugging Face's.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from rendering.values import SAMPLE_RATE, Floats
from rendering.weights.loading import fill

RATE = 16_000  # samples per second that it hears
STEP, WINDOW, BANDS = 160, 400, 80  # samples between two spectra, samples of one, bands
SEGMENT = 3000  # spectra that the encoder takes at once: 30 s
STATES = 50  # states per second: one for two spectra


class _Attention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        def apart(y: Tensor) -> Tensor:
            return y.unflatten(-1, (self.heads, -1)).transpose(1, 2)

        y = F.scaled_dot_product_attention(
            apart(self.query(x)), apart(self.key(x)), apart(self.value(x))
        )
        return self.out(y.transpose(1, 2).flatten(2))


class _Block(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.attn = _Attention(width, heads)
        self.attn_ln = nn.LayerNorm(width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )
        self.mlp_ln = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.attn_ln(x))
        return x + self.mlp(self.mlp_ln(x))


class Encoder(nn.Module):
    """Whisper's encoder. Defaults are those of `tiny`."""

    def __init__(self, *, width: int = 384, heads: int = 6, layers: int = 4) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(BANDS, width, 3, padding=1)
        self.conv2 = nn.Conv1d(width, width, 3, stride=2, padding=1)
        self.register_buffer("positional_embedding", _sinusoids(SEGMENT // 2, width))
        self.blocks = nn.ModuleList([_Block(width, heads) for _ in range(layers)])
        self.ln_post = nn.LayerNorm(width)

    @torch.no_grad()
    def states(self, mel: Tensor, *, normed: bool) -> Tensor:
        """(1500, layers + 1, width) of (80, 3000): after the convolutions and after each block.

        normed: the last one through the final norm (as Hugging Face's hidden states), else as it is (OpenAI's).
        """
        x = F.gelu(self.conv1(mel[None].to(self.conv1.weight.dtype)))
        x = F.gelu(self.conv2(x)).transpose(1, 2)
        x = x + self.positional_embedding.to(x.dtype)
        found = [x]
        for block in self.blocks:
            x = block(x)
            found.append(x)
        if normed:
            found[-1] = self.ln_post(x)
        return torch.stack(found, 2)[0]

    def load(self, state: Mapping[str, Tensor], *, what: str) -> None:
        """From the state dict of a whole Whisper in either form; the decoder is not used. Raises NotReady."""
        openai = any(key.startswith("encoder.blocks.") for key in state)
        fill(
            self,
            state,
            what=what,
            rename=_from_openai if openai else _from_hugging_face,
            computed={"positional_embedding": self.positional_embedding},
        )


def _from_openai(key: str) -> str | None:
    return key.removeprefix("encoder.") if key.startswith("encoder.") else None


def _from_hugging_face(key: str) -> str | None:
    key = key.removeprefix("model.")
    if not key.startswith("encoder."):
        return None
    for old, new in (
        ("encoder.", ""),
        ("embed_positions.weight", "positional_embedding"),
        ("layers.", "blocks."),
        ("self_attn.q_proj", "attn.query"),
        ("self_attn.k_proj", "attn.key"),
        ("self_attn.v_proj", "attn.value"),
        ("self_attn.out_proj", "attn.out"),
        ("self_attn_layer_norm", "attn_ln"),
        ("final_layer_norm", "mlp_ln"),
        ("fc1", "mlp.0"),
        ("fc2", "mlp.2"),
    ):
        key = key.replace(old, new)
    return "ln_post" + key.removeprefix("layer_norm") if key.startswith("layer_norm.") else key


def _sinusoids(length: int, width: int) -> Tensor:
    half = width // 2
    rates = torch.exp(-math.log(10_000) / (half - 1) * torch.arange(half))
    angles = torch.arange(length)[:, None] * rates[None]
    return torch.cat([angles.sin(), angles.cos()], 1)


class Hearing:
    """The states of a sound, computed on request: only a few segments are cached, so a long sound needs no more memory.

    Segments of 30 s overlap by 2 s, over which one passes into the next: hard edges make lips jump every 30 s. A sound of up
    to 30 s is one segment, as published.
    """

    LENGTH, HOP = SEGMENT // 2, SEGMENT // 2 - 2 * STATES  # states

    def __init__(
        self,
        encoder: Encoder,
        wav: Floats,
        *,
        form: Literal["openai", "hugging face"],
        rate: int = SAMPLE_RATE,
    ) -> None:
        """wav: (samples,) at `rate`. form: how the spectrum is scaled and what the last state is.

        "openai" scales by the loudest of the whole sound and fills up with zeros; "hugging face" by the loudest of each segment,
        filled up with silence, and norms the last state.
        """
        self.encoder, self.form = encoder, form
        self.sound = heard(wav, rate)
        self.spectra = len(self.sound) // STEP
        self.count = max(
            1, self.spectra // 2 if form == "openai" else len(self.sound) * STATES // RATE
        )
        self.kept: dict[int, Tensor] = {}
        self.loudest = 0.0
        if form == "openai":
            pieces = range(0, max(1, self.spectra), SEGMENT)
            self.loudest = max(
                float(spectrum(self.sound, at, min(at + SEGMENT, max(1, self.spectra))).max())
                for at in pieces
            )

    def silence(self, count: int) -> Tensor:
        """`count` states of nothing, (count, layers, width): zeros where the encoder is, in its kind of number."""
        bias = self.encoder.conv2.bias
        return bias.new_zeros(count, len(self.encoder.blocks) + 1, len(bias))

    def states(self, first: int, last: int) -> Tensor:
        """States [first, last) of all `count`, (last - first, layers, width), where the encoder is."""
        found = []
        for at in range(first, last):
            number = min(at // self.HOP, max(0, (self.count - 1) // self.HOP))
            inside = at - number * self.HOP
            state = self._segment(number)[inside]
            if number and inside < self.LENGTH - self.HOP:
                share = (inside + 0.5) / (self.LENGTH - self.HOP)
                state = torch.lerp(self._segment(number - 1)[inside + self.HOP], state, share)
            found.append(state)
        return torch.stack(found)

    def _segment(self, number: int) -> Tensor:
        if number not in self.kept:
            first = 2 * self.HOP * number
            if self.form == "openai":
                last = min(first + SEGMENT, max(1, self.spectra))
                mel = scaled(spectrum(self.sound, first, last), self.loudest)
                mel = F.pad(mel, (0, SEGMENT - mel.shape[1]))
            else:
                part = self.sound[first * STEP : (first + SEGMENT) * STEP]
                part = np.pad(part, (0, SEGMENT * STEP - len(part)))
                log = spectrum(part, 0, SEGMENT)
                mel = scaled(log, float(log.max()))
            device = self.encoder.conv1.weight.device
            self.kept[number] = self.encoder.states(mel.to(device), normed=self.form != "openai")
            for old in [key for key in self.kept if key < number - 2]:
                del self.kept[old]
        return self.kept[number]


def heard(wav: Floats, rate: int) -> NDArray[np.float32]:
    """Sound at the rate that Whisper hears."""
    from scipy.signal import resample_poly  # large: loaded when it is needed

    common = math.gcd(RATE, rate)
    return resample_poly(wav, RATE // common, rate // common).astype(np.float32)


def spectrum(sound: NDArray[np.float32], first: int, last: int) -> Tensor:
    """Log10 power (80, last - first) of the spectra [first, last) of the whole sound at RATE, before it is scaled.

    Only the requested part is computed, so a long sound needs no more memory than a short one. The sound's ends are
    mirrored.
    """
    reach = WINDOW // 2
    begin, end = first * STEP - reach, (last - 1) * STEP + reach
    part = _mirrored(sound, begin, end)
    waves = torch.from_numpy(part).unfold(0, WINDOW, STEP) * torch.hann_window(WINDOW)
    power = torch.fft.rfft(waves).abs().square()
    return (_filters() @ power.T).clamp(min=1e-10).log10()


def _mirrored(sound: NDArray[np.float32], begin: int, end: int) -> NDArray[np.float32]:
    """Samples [begin, end), mirrored about the first and the last sample."""
    at = np.abs(np.arange(begin, end))
    past = at > len(sound) - 1
    at[past] = 2 * (len(sound) - 1) - at[past]
    return sound[np.clip(at, 0, len(sound) - 1)]


def scaled(log: Tensor, loudest: float) -> Tensor:
    """What the encoder reads of a log spectrum: no more than 8 below the loudest, then about -1..1."""
    return (log.clamp(min=loudest - 8.0) + 4.0) / 4.0


@functools.cache
def _filters() -> Tensor:
    """(80, 201): triangles of equal area on the mel scale of Slaney's Auditory Toolbox, 0 to 8 kHz."""
    linear, logarithmic, corner = 200.0 / 3, math.log(6.4) / 27, 1000.0

    def to_mel(hertz: float) -> float:
        return (
            hertz / linear
            if hertz < corner
            else corner / linear + math.log(hertz / corner) / logarithmic
        )

    mels = np.linspace(0, to_mel(RATE / 2), BANDS + 2)
    edges = np.where(
        mels < corner / linear,
        mels * linear,
        corner * np.exp(logarithmic * (mels - corner / linear)),
    )
    bins = np.arange(WINDOW // 2 + 1) * RATE / WINDOW
    rising = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    triangles = np.maximum(0, np.minimum(rising, falling)) * (2 / (edges[2:] - edges[:-2]))[:, None]
    return torch.from_numpy(triangles.astype(np.float32))
