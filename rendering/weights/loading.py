"""Reads files of weights safely and puts them into networks, with every key accounted for. Needs torch.

Only tensors are read: a pickle that would run code is refused, by its name. Every failure is one sentence (NotReady).
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import torch

from rendering.weights import NotReady

Tensors = dict[str, torch.Tensor]
NAMED = 4  # keys that a sentence names; the others are counted


def tensors(path: Path) -> Tensors:
    """name -> tensor of a .safetensors file or of a torch file (.pth, .pt, .bin), on the CPU, mapped from the disk."""
    if path.suffix == ".safetensors":
        from safetensors import SafetensorError  # only where torch is installed
        from safetensors.torch import load_file

        try:
            return load_file(path)
        except (SafetensorError, OSError, ValueError) as problem:
            raise NotReady(_damaged(path)) from problem
    try:
        found = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except pickle.UnpicklingError as problem:
        if "Unsupported" in str(problem) or "WeightsUnpickler" in str(problem):
            raise NotReady(
                f"{path.name} holds more than numbers (code that would run when it is read), so it is not opened; "
                f"fetch the published file."
            ) from None
        raise NotReady(_damaged(path)) from problem
    except (RuntimeError, OSError, EOFError, ValueError, KeyError, AttributeError) as problem:
        raise NotReady(_damaged(path)) from problem
    if isinstance(found, Mapping):
        for inside in ("model_state_dict", "state_dict"):  # how checkpoints of training wrap them
            if isinstance(found.get(inside), Mapping):
                found = found[inside]
    if not isinstance(found, Mapping) or not all(
        isinstance(value, torch.Tensor) for value in found.values()
    ):
        raise NotReady(f"{path.name} is not a file of weights; fetch the published file.")
    return dict(found)


def _damaged(path: Path) -> str:
    return f"{path.name} is damaged or cut off; run `manage.py models verify` and fetch it again."


def fill(
    net: torch.nn.Module,
    state: Mapping[str, torch.Tensor],
    *,
    what: str,
    rename: Callable[[str], str | None] = lambda key: key,
    absent: Iterable[str] = (),
) -> None:
    """Puts `state` into `net`, each key through `rename` (None: not used here).

    absent: keys of the net, by their beginnings, that the files do not hold and that stay as they are. Raises NotReady,
    naming the keys that are missing, left over, or of another shape.
    """
    named: dict[str, torch.Tensor] = {}
    for key, value in state.items():
        new = rename(key)
        if new is not None:
            if new in named:
                raise NotReady(
                    f"{what}: two keys of the file mean {new}; it is of another version."
                )
            named[new] = value
    wanted = net.state_dict()
    exempt = tuple(absent)
    missing = [key for key in wanted if key not in named and not key.startswith(exempt or "\0")]
    left = [key for key in named if key not in wanted]
    shaped = [
        f"{key} ({_shape(named[key])} instead of {_shape(wanted[key])})"
        for key in wanted
        if key in named and named[key].shape != wanted[key].shape
    ]
    faults = [
        f"{label} {_some(keys)}"
        for label, keys in (
            ("it lacks", missing),
            ("it holds in excess", left),
            ("of another shape are", shaped),
        )
        if keys
    ]
    if faults:
        raise NotReady(f"{what} is not the version that this engine reads: {'; '.join(faults)}.")
    net.load_state_dict({**wanted, **named}, strict=True)


def _shape(value: torch.Tensor) -> str:
    return "x".join(map(str, value.shape)) or "one number"


def _some(keys: list[Any]) -> str:
    rest = len(keys) - NAMED
    return ", ".join(keys[:NAMED]) + (f" and {rest} more" if rest > 0 else "")
