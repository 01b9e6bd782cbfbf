"""The device that engines on torch run on: a working GPU, else the processor. torch is imported inside the functions.

Sources: torch.cuda's own messages about drivers; torchaudio 2.11 and torchcodec 0.17, which exist as CUDA builds only.
"""

from __future__ import annotations

import functools
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

from rendering.weights import NotReady
from rendering.words import gettext

if TYPE_CHECKING:
    import torch


@functools.cache
def prepare() -> None:
    """Call it before anything imports diffusers, transformers or TTS. Raises NotReady if torch is not installed.

    They import torchaudio if it is installed, and on a machine without CUDA that fails on its own kernels: the kernels
    are hidden while it is imported, and nothing here uses them.
    """
    if importlib.util.find_spec("torch") is None:
        raise NotReady(
            "This engine needs torch, which is not installed here; install requirements/gpu.txt."
        )
    if importlib.util.find_spec("torchaudio") is None:
        return
    import torch  # only where torch is installed

    if torch.cuda.is_available():
        return
    plain = Path.glob

    def glob(self: Path, pattern: str, **more: Any) -> list[Path]:
        return [
            path
            for path in plain(self, pattern, **more)
            if path.parent.parts[-2:] != ("torchaudio", "lib")
        ]

    with mock.patch.object(Path, "glob", glob):
        import torchaudio  # noqa: F401


def device(wanted: str = "auto") -> torch.device:
    """ "auto": the GPU if one works, else the processor; "cpu", "cuda", "cuda:1": that device.

    Raises NotReady, in one sentence, if the wanted GPU is absent or its driver is too old.
    """
    prepare()
    import torch  # only where torch is installed

    if wanted == "cpu" or (wanted == "auto" and not torch.cuda.is_available()):
        return torch.device("cpu")
    try:
        found = torch.device("cuda" if wanted == "auto" else wanted)
        torch.zeros(1, device=found)
    except (RuntimeError, AssertionError) as problem:
        raise NotReady(_why(str(problem), wanted)) from None
    return found


def _why(problem: str, wanted: str) -> str:
    if "driver" in problem and "too old" in problem:
        return "The NVIDIA driver is too old for this torch; update the driver, or set ENGINE_DEVICE=cpu."
    if "out of memory" in problem:
        return f"The memory of {wanted} is full already; end what else uses it."
    if "invalid device ordinal" in problem:
        return gettext("There is no GPU {wanted}; choose one that `nvidia-smi -L` lists.").format(
            wanted=wanted
        )
    return f"{wanted} was asked for, and torch finds no working GPU here; set ENGINE_DEVICE=cpu or mend the driver."


def dtype(target: torch.device) -> torch.dtype:
    """Half precision on a GPU, single on a processor."""
    import torch  # only where torch is installed

    return torch.float16 if target.type == "cuda" else torch.float32
