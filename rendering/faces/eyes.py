"""Blinks and gaze, painted into the picture before it is warped.

A pack brings its eyes half shut and shut, rendered like the rest of the face; between the three the lid's
edge runs down while the pictures are blended, so that no eye is ever seen through a lid.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from rendering.faces.geometry import EYES, Face, smoothstep

Tile = tuple[tuple[int, int], NDArray[np.float32]]
"""Where its upper left corner lies in the picture, and RGB 0..255 (rows, columns, 3)."""

GAZE = 0.035  # of the width of an eye at gaze 1
FEATHER = 0.10  # of the height of a tile


class Eyes:
    """The eyes of one face; `half` and `shut` lie at the same place and have the same size."""

    def __init__(self, face: Face, half: Tile, shut: Tile) -> None:
        self.face = face
        (self.x, self.y), self.shut = shut
        self.half = half[1]
        rows, columns = self.shut.shape[:2]
        self.area = (slice(self.y, self.y + rows), slice(self.x, self.x + columns))
        self.open = face.rgb[self.area].astype(np.float32)
        edge = max(2.0, FEATHER * rows)
        down = np.minimum(np.arange(rows), np.arange(rows)[::-1])[:, None] / edge
        across = np.minimum(np.arange(columns), np.arange(columns)[::-1])[None] / edge
        border = smoothstep(0, 1, np.minimum(down, across)).astype(np.float32)[..., None]
        self.half = self.open + (self.half - self.open) * border
        self.shut = self.open + (self.shut - self.open) * border
        self._prepare_lids()
        self._prepare_irises()

    def _prepare_lids(self) -> None:
        """Per pixel: how far the lid must have come down to cover it, 0 at the upper lid, 1 at the lower."""
        rows, columns = self.shut.shape[:2]
        y, x = np.mgrid[:rows, :columns].astype(np.float32)
        place = np.stack([x + self.x, y + self.y], -1)
        self.passed = np.full((rows, columns), 2.0, np.float32)
        for eye in EYES:
            first, last = (self.face.flat[i] for i in eye.corners)
            if first @ self.face.right > last @ self.face.right:
                first, last = last, first
            along = last - first
            length = float(np.linalg.norm(along))
            along = along / length
            across = np.array([-along[1], along[0]])
            u, v = (place - first) @ along, (place - first) @ across

            top = self._line(eye.upper, first, along, across, length, u)
            bottom = self._line(eye.lower, first, along, across, length, u)
            inside = (u > -0.35 * length) & (u < 1.35 * length)
            share = (v - top) / np.maximum(bottom - top, 0.05 * length)
            self.passed = np.where(inside, np.minimum(self.passed, share), self.passed)
        self.passed = self.passed.astype(np.float32)

    def _line(
        self,
        points: list[int],
        corner: NDArray,
        along: NDArray,
        across: NDArray,
        length: float,
        u: NDArray,
    ) -> NDArray:
        """The height of a lid's edge at u, both from the corner of the eye."""
        found = self.face.flat[points] - corner
        found = np.stack([found @ along, found @ across], 1)
        found = found[np.argsort(found[:, 0])]
        found = np.concatenate([[[0, 0]], found, [[length, 0]]])
        return np.interp(u, found[:, 0], found[:, 1])

    def _prepare_irises(self) -> None:
        rows, columns = self.shut.shape[:2]
        y, x = np.mgrid[:rows, :columns].astype(np.float32)
        self.grid = np.stack([x, y], -1)
        self.moves = np.zeros((rows, columns), np.float32)
        self.width = 0.0
        for eye in EYES:
            first, last = (self.face.flat[i] for i in eye.corners)
            self.width = float(np.linalg.norm(last - first))
            at = self.face.flat[eye.iris] - (self.x, self.y)
            u, v = (x - at[0]) / (0.33 * self.width), (y - at[1]) / (0.17 * self.width)
            near = np.exp(-((u * u) ** 1.5) - (v * v) ** 2)
            self.moves = np.maximum(self.moves, near.astype(np.float32))

    def paint(self, picture: NDArray[np.uint8], blink: float, x: float, y: float) -> None:
        """Writes the eyes into the RGB of `picture`, a copy of the face's. blink 0..1, gaze -1..1."""
        if blink < 0.01 and abs(x) + abs(y) < 0.02:
            return
        eyes = self.open
        if abs(x) + abs(y) >= 0.02:
            shift = np.array([x * GAZE * self.width, y * 0.6 * GAZE * self.width], np.float32)
            source = self.grid - self.moves[..., None] * shift
            eyes = cv2.remap(self.open, source, None, cv2.INTER_LINEAR)
        if blink >= 0.01:
            eyes = self._lidded(eyes, min(blink, 1.0))
        picture[self.area][..., :3] = np.clip(eyes + 0.5, 0, 255).astype(np.uint8)

    def _lidded(self, eyes: NDArray[np.float32], blink: float) -> NDArray[np.float32]:
        if blink <= 0.5:
            first, last, share = eyes, self.half, 2 * blink
        else:
            first, last, share = self.half, self.shut, 2 * blink - 1
        # The lid is opaque: what it has passed shows the later picture, the rest blends slowly.
        low = 0.0 if blink <= 0.5 else 0.45
        front = low + share * (0.55 if blink <= 0.5 else 0.65)
        behind = smoothstep(0.10, -0.10, self.passed - np.float32(front))
        amount = np.maximum(behind * min(1.0, 3 * share), share**2).astype(np.float32)[..., None]
        return first + (last - first) * amount
