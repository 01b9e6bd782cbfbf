"""The rooms that people can stand in: pictures that ship, made by assets/rooms/build.py."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

ROOMS = ("office", "wall", "window")
FOLDER = Path(__file__).parent / "assets/rooms"


def path(room: str) -> Path:
    """The picture of a room of ROOMS. Raises KeyError for another."""
    if room not in ROOMS:
        raise KeyError(room)
    return FOLDER / f"{room}.webp"


@functools.cache
def sha256(room: str) -> str:
    """The hash of its picture, for keys."""
    return hashlib.sha256(path(room).read_bytes()).hexdigest()
