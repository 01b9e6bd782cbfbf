"""Blinks and gaze, painted into the picture before it is warped.

A pack brings its eyes half shut and shut, rendered like the rest of the face. Between the three the lid of the next picture is
drawn up to where its edge is at that moment, lashes and all: an opaque lid comes down, no eye is ever seen through it.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from rendering.faces.geometry import EYES, Face, smoothstep

Tile = tuple[tuple[int, int], NDArray[np.float32]]
"""Where its upper left corner lies in the picture, and RGB 0..255 (rows, columns, 3)."""

GAZE = 0.035  # of the width of an eye at gaze 1
FEATHER = 0.03  # of the height of a tile, whose rim is the plate's already
HALF, SHUT = 0.55, 1.04  # of the opening: where the lid's edge is in the two pictures
FOLD = 0.55  # of the opening's height above the open lid: where skin stays
LASHES = 0.06  # of the opening's height: what hangs below the edge


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
        """Per pixel, of the nearer eye: height on its own axis, the open lid's height, the opening, and how far it is inside."""
        rows, columns = self.shut.shape[:2]
        y, x = np.mgrid[:rows, :columns].astype(np.float32)
        self.grid = np.stack([x, y], -1)
        place = self.grid + np.array([self.x, self.y], np.float32)
        nearest = np.full((rows, columns), np.inf)
        self.height, self.top, self.opening, self.within, self.usual = (
            np.zeros((rows, columns), np.float32) for _ in range(5)
        )
        self.across = np.zeros((rows, columns, 2), np.float32)
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
            middle = np.linspace(0.3, 0.7, 9) * length
            usual = float(
                np.mean(
                    self._line(eye.lower, first, along, across, length, middle)
                    - self._line(eye.upper, first, along, across, length, middle)
                )
            )
            share = u / length
            within = smoothstep(-0.16, 0.02, share) * smoothstep(1.16, 0.98, share)
            within *= smoothstep(-1.6, -0.9, (v - top) / usual)
            away = np.abs(share - 0.5)
            here = away < nearest
            nearest[here] = away[here]
            self.height[here], self.top[here], self.within[here] = v[here], top[here], within[here]
            self.opening[here] = np.maximum(bottom - top, 0.25 * usual)[here]
            self.usual[here] = usual
            self.across[here] = across

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
        x, y = self.grid[..., 0], self.grid[..., 1]
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
            first, last, begun, ended, share = eyes, self.half, 0.0, HALF, 2 * blink
        else:
            first, last, begun, ended, share = self.half, self.shut, HALF, SHUT, 2 * blink - 1
        edge = self.top + (begun + (ended - begun) * share) * self.opening
        fold = self.top - FOLD * self.opening
        drawn = self.top + ended * self.opening  # where the picture has the edge
        lid = fold + (self.height - fold) * ((drawn - fold) / (edge - fold))
        up = np.where(self.height > fold, lid - self.height, 0).astype(np.float32)
        taken = cv2.remap(
            last,
            self.grid + up[..., None] * self.across,
            None,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        below = (self.height - edge) / self.usual - LASHES
        skin = smoothstep(0, 0.6, (self.height - fold) / self.opening)
        covered = smoothstep(0.10, -0.10, below) * (share + (1 - share) * skin)
        covered = np.maximum(covered * min(1.0, 5 * share), share**5)
        amount = (covered * self.within + share * (1 - self.within)).astype(np.float32)[..., None]
        return first + (taken - first) * amount
