"""What networks know about a face, stored beside the face's own pack, so that it is deleted with it. Needs torch.

Only tensors are read. A damaged file is made again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from rendering.faces import Avatar
from rendering.store import Store

Tensors = dict[str, Tensor]


def of_face(
    avatar: Avatar, store: Store | None, *, of: Sequence[object], make: Callable[[], Tensors]
) -> Tensors:
    """Features of a face: from the store, or made now and stored.

    of: what decides them beside the face: engine, weights, sizes, kind of number. Fresh ones are on the device of
    `make`, stored ones on the CPU.
    """
    if store is None:
        return make()
    suffix = f".{hashlib.sha256(json.dumps(list(of)).encode()).hexdigest()[:24]}.features"
    found = store.find(avatar.sha256, suffix)
    known = tensors_of(found) if found else {}
    if known:
        return known
    made = make()
    write(store, avatar.sha256, suffix, made)
    return made


def write(store: Store, key: str, suffix: str, found: Tensors) -> None:
    with store.write(key, suffix) as path:
        save_file({name: value.cpu().contiguous() for name, value in found.items()}, path)


def tensors_of(path: Path) -> Tensors:
    """What `write` wrote; nothing if the file is damaged or gone, so that it is made again."""
    try:
        return load_file(path)
    except (SafetensorError, OSError):
        path.unlink(missing_ok=True)
        return {}
