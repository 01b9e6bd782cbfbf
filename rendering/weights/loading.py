"""Reads files of weights safely and puts them into networks, with every key accounted for. Needs torch.

Only tensors are read: a pickle that would run code is refused, by its name. Every failure is one sentence (NotReady). What a
file holds beside what a network needs is left out, what can be computed may be absent, and both are named in the log.
"""

from __future__ import annotations

import logging
import os
import pickle
import re
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from rendering.weights import NotReady
from rendering.words import gettext

log = logging.getLogger(__name__)

Tensors = dict[str, torch.Tensor]
NAMED = 4  # keys that a sentence names; the others are counted
ARCHIVE = b"PK\x03\x04"  # how a torch file begins since 2020; those written before can be read, but not mapped
WRAPPED = ("model_state_dict", "state_dict", "model")  # how checkpoints of training wrap weights
PARALLEL = "module."  # what training on several GPUs puts before each name
CODE = (
    "unsupported global",
    "unsupported class",
    "unrecognized function",
    "can only create",
    "can only build",
)
"""What torch says of a file that would call something (torch/_weights_only_unpickler.py)."""


@dataclass(frozen=True, slots=True)
class Filled:
    """What `fill` did beyond copying."""

    what: str
    computed: tuple[str, ...]  # keys of the network that the file lacks
    left: tuple[str, ...]  # keys of the file that the network has no use for

    @property
    def sentence(self) -> str:
        """Empty if each key of the file went into the network, and nothing else did."""
        parts = (("computed", self.computed), ("left out", self.left))
        said = "; ".join(f"{verb} {_some(list(keys))}" for verb, keys in parts if keys)
        return f"{self.what}: {said}." if said else ""


def tensors(path: Path) -> Tensors:
    """name -> tensor of a .safetensors file or of a torch file (.pth, .pt, .bin; of any age), on the CPU.

    Mapped from the disk, but for torch files of the form before 2020. Values that are no tensors (a step's number) are
    left out and named in the log. Raises NotReady in one sentence for a file that is damaged, that is something else, or
    that would run code.
    """
    if path.suffix == ".safetensors":
        from safetensors import SafetensorError  # only where torch is installed
        from safetensors.torch import load_file

        try:
            return load_file(path)
        except (SafetensorError, OSError, ValueError) as problem:
            raise NotReady(_damaged(path)) from problem
    found = _unpickled(path)
    for inside in WRAPPED:
        if isinstance(found, Mapping) and isinstance(found.get(inside), Mapping):
            found = found[inside]
    everything = found if isinstance(found, Mapping) else {}
    made = {str(key): value for key, value in everything.items() if torch.is_tensor(value)}
    if not made:
        raise NotReady(_something_else(path))
    beside = [str(key) for key, value in everything.items() if not torch.is_tensor(value)]
    if beside:
        log.info("%s: left out %s, which are not tensors", path.name, _some(beside))
    if all(key.startswith(PARALLEL) for key in made):
        made = {key.removeprefix(PARALLEL): value for key, value in made.items()}
    return made


def _unpickled(path: Path) -> Any:
    try:
        with path.open("rb") as file:
            mapped = file.read(len(ARCHIVE)) == ARCHIVE
        return torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
    except pickle.UnpicklingError as problem:
        said = str(problem).lower()
        if "unsupported operand" in said:
            raise NotReady(_something_else(path)) from None
        if any(words in said for words in CODE) and not _cut_off(path, said):
            raise NotReady(
                f"{path.name} holds more than numbers (code that would run when it is read), so it is not opened; "
                f"fetch the published file."
            ) from None
        raise NotReady(_damaged(path)) from problem
    except (RuntimeError, OSError, EOFError, ValueError, LookupError) as problem:
        raise NotReady(_damaged(path)) from problem
    except (AttributeError, TypeError, struct.error) as problem:
        raise NotReady(_damaged(path)) from problem


def _cut_off(path: Path, said: str) -> bool:
    """Whether the name that torch refuses is the end of the file: then it is the beginning of a name that is allowed."""
    name = re.search(r"global \S*?([^.\s]+) was not", said)
    if name is None:
        return False
    with path.open("rb") as file:
        file.seek(-min(path.stat().st_size, len(name[1]) + 1), os.SEEK_END)
        return (
            name[1].encode() in file.read().lower()
        )  # torch takes the last letter for the end of a line


def _damaged(path: Path) -> str:
    return gettext(
        "{file} is damaged or cut off; delete it, then run `manage.py models fetch` for its engine."
    ).format(file=path.name)


def _something_else(path: Path) -> str:
    return f"{path.name} is not a file of weights; fetch the published file."


def fill(
    net: torch.nn.Module,
    state: Mapping[str, torch.Tensor],
    *,
    what: str,
    rename: Callable[[str], str | None] = lambda key: key,
    computed: Mapping[str, torch.Tensor] | None = None,
) -> Filled:
    """Puts `state` into `net`, each key through `rename` (None: not used here). Returns and logs what else it did.

    computed: values for keys of the net that files may lack, because they follow from the network's shape. Keys that the net
    does not have are left out. Raises NotReady, naming the keys that are missing or of another shape, and what is there
    in their place.
    """
    named: dict[str, torch.Tensor] = {}
    left: list[str] = []
    wanted = net.state_dict()
    for key, value in state.items():
        new = rename(key)
        if new is None or new not in wanted:
            left.append(key)
            continue
        if new in named:
            raise NotReady(f"{what}: two keys of the file mean {new}; it is of another version.")
        named[new] = value
    made = {key: value for key, value in (computed or {}).items() if key not in named}
    missing = [key for key in wanted if key not in named and key not in made]
    shaped = [
        f"{key} ({_shape(value)} instead of {_shape(wanted[key])})"
        for key, value in named.items()
        if value.shape != wanted[key].shape
    ]
    if missing or shaped:
        foreign = [key for key in left if rename(key) is not None]
        faults = [
            f"{label} {_some(keys)}"
            for label, keys in (
                ("it lacks", missing),
                ("of another shape are", shaped),
                ("it holds in excess", foreign),
            )
            if keys
        ]
        raise NotReady(f"{what} is not the version that this engine reads: {'; '.join(faults)}.")
    net.load_state_dict({**made, **named}, strict=True)
    done = Filled(what, tuple(made), tuple(left))
    if done.sentence:
        log.info("%s", done.sentence)
    return done


def _shape(value: torch.Tensor) -> str:
    return "x".join(map(str, value.shape)) or "one number"


def _some(keys: list[str]) -> str:
    rest = len(keys) - NAMED
    return ", ".join(keys[:NAMED]) + (f" and {rest} more" if rest > 0 else "")
