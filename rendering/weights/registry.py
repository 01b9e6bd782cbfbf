"""Which files each engine needs, where they are published, under which terms.

A sha256 of None is not known here: the hash is recorded when the file is first fetched, and required from then on.
Hashes given here were published beside the files (the hub's own object hashes, or the hash in OpenAI's addresses). Where
no size is known, `about` is that of our networks in 32-bit numbers (tests/gpu/test_loading.py adds them up).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class File:
    """One file of a repository on the hub at a fixed revision, or at an address of its own, or both: then the address is
    asked where the repository does not have the file."""

    path: str  # in the engine's folder, with "/"
    repository: str = ""  # "owner/name"
    revision: str = ""  # 40 hexadecimal digits
    name: str = ""  # in the repository; the same as `path` if empty
    url: str = ""
    bytes: int | None = None
    sha256: str | None = None
    about: int | None = None  # bytes, where they are not known to the last one

    def addresses(self, hub: str) -> list[str]:
        """Where it is published, the best first. hub: the hub's own address."""
        found = [self.url] if self.url else []
        if self.repository:
            found.insert(
                0, f"{hub}/{self.repository}/resolve/{self.revision}/{self.name or self.path}"
            )
        return found


@dataclass(frozen=True, slots=True)
class Weights:
    """All that one engine needs. commercial: what the terms say about paid use; `unclear` wants a lawyer's look."""

    engine: str
    title: str
    licence: str
    terms: str  # the page with them
    commercial: Literal["yes", "no", "unclear"]
    files: tuple[File, ...]
    note: str = ""

    @property
    def bytes(self) -> int:
        """The sum over the files whose size is known, if only about."""
        return sum(file.bytes or file.about or 0 for file in self.files)


_VAE = ("stabilityai/sd-vae-ft-mse", "31f26fdeee1355a5c34592e401dd41e45d25a493")
_WHISPER = ("openai/whisper-tiny", "169d4a4341b33bc18d8881c4b69c2e104e1cc0af")
_ECHOMIMIC = ("BadToBest/EchoMimic", "987c98d1d00a5fd062c5f087719af663fa90bc53")
_XTTS = ("coqui/XTTS-v2", "6c2b0d75eae4b7047358e3b6bd9325f857d43f77")
_MUSETALK = ("TMElyralab/MuseTalk", "3ef28bc5cff08c90ad8178a25f1b570cd800170f")

VAE = (
    File(
        "vae/config.json",
        *_VAE,
        name="config.json",
        bytes=547,
        sha256="92d3dfb746fca211a2c9e019e285f8597412211728dce3c5bcf4eda0f2d62e7e",
    ),
    File(
        "vae/diffusion_pytorch_model.safetensors",
        *_VAE,
        name="diffusion_pytorch_model.safetensors",
        bytes=334_643_276,
        sha256="a1d993488569e928462932c8c38a0760b874d166399b14414135bd9c42df5815",
    ),
)
WHISPER = (
    File(
        "whisper/model.safetensors",
        *_WHISPER,
        name="model.safetensors",
        bytes=151_061_672,
        sha256="7ebd0e69e78190ffe1438491fa05cc1f5c1aa3a4c4db3bc1723adbb551ea2395",
    ),
)
WHISPER_OPENAI = (
    File(
        "audio_processor/whisper_tiny.pt",
        *_ECHOMIMIC,
        url=(
            "https://openaipublic.azureedge.net/main/whisper/models/"
            "65147644a518d12f04e32d6f3b26facc3f8dd46e5390956a9424a650c0ce22b9/tiny.pt"
        ),
        bytes=75_572_083,
        sha256="65147644a518d12f04e32d6f3b26facc3f8dd46e5390956a9424a650c0ce22b9",
    ),
)

_DENOISING, _MOTION, _REFERENCE, _LOCATOR = 3_400_000_000, 1_820_000_000, 3_260_000_000, 4_350_000


def _echomimic(suffix: str) -> tuple[File, ...]:
    """The published files; suffix: of those that the 6-step sampler has for itself."""
    return (
        File(f"denoising_unet{suffix}.pth", *_ECHOMIMIC, about=_DENOISING),
        File(f"motion_module{suffix}.pth", *_ECHOMIMIC, about=_MOTION),
        File("reference_unet.pth", *_ECHOMIMIC, about=_REFERENCE),
        File("face_locator.pth", *_ECHOMIMIC, about=_LOCATOR),
        *VAE,
        *WHISPER_OPENAI,
    )


_ECHOMIMIC_TERMS = (
    "Apache-2.0 (EchoMimic) with a disclaimer for academic research, CreativeML OpenRAIL-M (its Stable Diffusion base), "
    "MIT (VAE, Whisper)"
)
_ECHOMIMIC_NOTE = (
    "The code is Apache-2.0; its readme says that the project is meant for academic research. The model card of the weights "
    "names no other licence that we know of: read it before paid use."
)

REGISTRY: dict[str, Weights] = {
    "echomimic": Weights(
        engine="echomimic",
        title="EchoMimic",
        licence=_ECHOMIMIC_TERMS,
        terms="https://huggingface.co/BadToBest/EchoMimic",
        commercial="unclear",
        note=_ECHOMIMIC_NOTE,
        files=_echomimic(""),
    ),
    "echomimic-fast": Weights(
        engine="echomimic-fast",
        title="EchoMimic in 6 steps",
        licence=_ECHOMIMIC_TERMS,
        terms="https://huggingface.co/BadToBest/EchoMimic",
        commercial="unclear",
        note=_ECHOMIMIC_NOTE,
        files=_echomimic("_acc"),
    ),
    "musetalk": Weights(
        engine="musetalk",
        title="MuseTalk 1.5",
        licence="Any purpose, also commercially (MuseTalk); CreativeML OpenRAIL-M on its model card; MIT (VAE), Apache-2.0 (Whisper)",
        terms="https://huggingface.co/TMElyralab/MuseTalk",
        commercial="yes",
        note="Its readme allows any purpose, its model card adds the use restrictions of OpenRAIL-M: pass both on.",
        files=(
            File(
                "musetalkV15/unet.pth",
                *_MUSETALK,
                bytes=3_400_074_924,
                sha256="7ebf6c98c181e20838e4c0054e96e944ac60d5d692cc01db42839fe11b787007",
            ),
            *VAE,
            *WHISPER,
        ),
    ),
    "xtts": Weights(
        engine="xtts",
        title="XTTS v2",
        licence="Coqui Public Model License 1.0 (CPML)",
        terms="https://coqui.ai/cpml.txt",
        commercial="no",
        note=(
            "Speaks in the voice of a recording. The licence allows non-commercial use only, of the model and of what it says; "
            "the company that sold other terms has closed."
        ),
        files=(
            File("config.json", *_XTTS),
            File("vocab.json", *_XTTS),
            File("model.pth", *_XTTS, about=1_900_000_000),
        ),
    ),
}
