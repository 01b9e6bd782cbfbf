"""Blinks and gaze, painted into the picture before it is warped.

A pack brings its eyes half shut and shut, rendered like the rest of the face. Between the three the lid of the next
picture is drawn up to where its edge is at that moment, lashes and all: the lid that comes down is opaque, and no eye
is ever seen through it.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from rendering.faces.geometry import EYES, Face, smoothstep

Tile = tuple[tuple[int, int], NDArray[np.float32]]
"""Where its upper left corner lies in the picture, and RGB 0..255 (rows, columns, 3)."""

GAZE = 0.035  # of the width of an eye at gaze 1
IRIS = 0.205  # of it: half of the iris, which is 12 mm of 30
LASHED = (
    0.24,
    0.14,
)  # of the opening's height: how far the shadow of the upper and of the lower lid reaches
BELOW = 0.1  # of the opening's height: so far below its edge an eye may be seen, as the tracker is not exact
EDGE = 0.06  # of the opening's height: over which a lid blends into the eye
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
            within = smoothstep(-0.10, 0.16, share) * smoothstep(1.10, 0.84, share)
            within *= smoothstep(-1.6, -0.9, (v - top) / usual)
            within *= smoothstep(1.7, 1.1, (v - bottom) / usual)
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
        """Per pixel, of the nearer eye: how far a look up or down takes it along, how far right of the iris it is, how
        far from there the corners are, the axis of the eye, and how far it is inside the opening."""
        rows, columns = self.shut.shape[:2]
        place = self.grid + np.array([self.x, self.y], np.float32)
        self.moves, self.beside, self.level, self.inside = (
            np.zeros((rows, columns), np.float32) for _ in range(4)
        )
        self.corners, self.lids, self.lashed, self.along = (
            np.zeros((rows, columns, 2), np.float32) for _ in range(4)
        )
        self.width = 0.0
        nearest = np.full((rows, columns), np.inf)
        for eye in EYES:
            first, last = (self.face.flat[i] for i in eye.corners)
            if first @ self.face.right > last @ self.face.right:
                first, last = last, first
            length = self.width = float(np.linalg.norm(last - first))
            along = (last - first) / length
            across = np.array([-along[1], along[0]])
            u, v = (place - first) @ along, (place - first) @ across
            lids = [
                self._line(ids, first, along, across, length, u) for ids in (eye.upper, eye.lower)
            ]
            iris = self.face.flat[eye.iris] - first
            across_iris, down_iris = u - iris @ along, v - iris @ across
            near = np.exp(
                -(((across_iris / (0.33 * length)) ** 2) ** 1.5)
                - (down_iris / (0.17 * length)) ** 4
            )
            high = np.maximum(lids[1] - lids[0], 1e-3)
            lids[1] = lids[1] + BELOW * high
            inside = smoothstep(0, EDGE, (v - lids[0]) / high)
            inside *= smoothstep(0, EDGE, (lids[1] - v) / high)
            away = np.abs(u / length - 0.5)
            here = away < nearest
            nearest[here] = away[here]
            self.moves = np.maximum(self.moves, near.astype(np.float32))
            self.beside[here], self.inside[here] = across_iris[here], inside[here]
            self.level[here], self.lids[here] = v[here], np.stack(lids, -1)[here]
            share = np.stack([v - lids[0], lids[1] - v], -1) / high[..., None]
            self.lashed[here] = np.clip(share, 0, LASHED)[here]
            self.corners[here] = iris @ along, length - iris @ along
            self.along[here] = along

    def paint(self, picture: NDArray[np.uint8], blink: float, x: float, y: float) -> None:
        """Writes the eyes into the RGB of `picture`, a copy of the head's (premultiplied RGBA). blink 0..1, gaze -1..1."""
        if blink < 0.01 and abs(x) + abs(y) < 0.02:
            return
        eyes = self.open
        if abs(x) + abs(y) >= 0.02:
            eyes = self._turned(x * GAZE * self.width, y * 0.6 * GAZE * self.width)
        if blink >= 0.01:
            eyes = self._lidded(eyes, min(blink, 1.0))
        # Beside the outline of a head that looks aside there is nothing to paint on.
        part = picture[self.area]
        part[..., :3] = np.minimum(np.clip(eyes + 0.5, 0, 255).astype(np.uint8), part[..., 3:])

    def _turned(self, right: float, down: float) -> NDArray[np.float32]:
        """The open eyes with their irises so many pixels farther to the right and down.

        Sideways, the iris stays round and the white beside it gives way, behind lids that stand still; upward and
        downward, the lids move with it.
        """
        disc = IRIS * self.width
        past = self.beside - np.float32(right)
        room = np.where(past > 0, self.corners[..., 1] - right, self.corners[..., 0] + right)
        share = 1 - smoothstep(disc, np.maximum(room, 1.1 * disc), np.abs(past))
        source = self.grid - (share * right).astype(np.float32)[..., None] * self.along
        # The picture has no eye behind the lids: where they open less, what is under their lashes is continued.
        lids = cv2.remap(self.lids, source, None, cv2.INTER_LINEAR)
        high = lids[..., 1] - lids[..., 0]
        seen = np.minimum(self.level, lids[..., 1] - high * self.lashed[..., 1])
        seen = np.maximum(seen, lids[..., 0] + high * self.lashed[..., 0])
        source += (seen - self.level)[..., None] * self.across
        moved = cv2.remap(self.open, source, None, cv2.INTER_LINEAR)
        moved = self.open + (moved - self.open) * self.inside[..., None]
        source = self.grid.copy()
        source[..., 1] -= self.moves * np.float32(down)
        return cv2.remap(moved, source, None, cv2.INTER_LINEAR)

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
        covered = np.maximum(covered * min(1.0, 5 * share), share**5) * self.within
        # Beside the eye nothing is drawn up: a cheek, and the rims of glasses before it, stay where they are.
        aside = (share * (1 - self.within) / np.maximum(1 - covered, 1e-3)).clip(0, 1)
        beside = first + (last - first) * aside.astype(np.float32)[..., None]
        return beside + (taken - beside) * covered.astype(np.float32)[..., None]
