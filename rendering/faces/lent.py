"""The two rendered people whose shut lids and teeth are lent to photos: smooth faces, one of light skin and one of dark.

They are no stock avatars: these change, and what photos were measured with does not change with them.
"""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from rendering.values import Frame

FOLDER = Path(__file__).resolve().parent.parent / "assets" / "lent"
PEOPLE = ("light", "dark")


def points(person: str) -> NDArray[np.float64]:
    """Landmarks (478, 3) in pixels of the plate."""
    return np.array(json.loads((FOLDER / person / "landmarks.json").read_text()), float)


def corner(person: str, tile: str) -> tuple[int, int]:
    """x, y of a tile ("blink" or "upper") in the plate."""
    x, y, *_ = json.loads((FOLDER / person / "tiles.json").read_text())["tiles"][tile]
    return x, y


def picture(person: str, name: str) -> Frame:
    """ "plate", "blink" or "upper": RGBA, straight alpha. Raises FileNotFoundError."""
    path = FOLDER / person / f"{name}.png"
    read = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if read is None:
        raise FileNotFoundError(path)
    return cv2.cvtColor(read, cv2.COLOR_BGRA2RGBA)
