"""How skin moves with the articulators: one displacement field each, above and below the lips apart.

A field is spread from the 478 points by radial basis functions on a coarse grid. The upper layer holds all but
the lower lip, the lower layer all but the upper lip; the mouth opens between them. `Fields.inverse`
turns a sum of fields into the map that cv2.remap wants, composed with the turn of the head.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RBFInterpolator
from scipy.ndimage import gaussian_filter

from rendering.faces.geometry import (
    EYES,
    LOWER_LIP,
    LOWER_OUTER,
    LOWER_RING,
    MOUTH_CORNERS,
    OVAL,
    UPPER_LIP,
    UPPER_OUTER,
    UPPER_RING,
    Face,
    smoothstep,
)
from rendering.faces.layers import following

Field = NDArray[np.float32]

ROUNDING = Path(__file__).with_name("puc_table.npy")
"""Lip rounding at the 478 points, and the half width of that mouth: from CC0 face shapes."""

WANTED = {"upper": ("above", -0.017), "lower": ("below", 0.024), "jaw": ("below", 0.074)}
"""Travel of a lip's edge at full weight, in face heights; smoothing eats up to a half of it."""

OVERLAP = 0.0065  # of a face height: how far closed lips press into each other
ARCHED = 0.012  # face heights by which the middle of the upper lip rises when lips are round
LEVEL = 0.7  # of their rise above the middle, by which the corners come down then
TUCKED = 0.012  # gap between lower lip and upper teeth on f and v
INVERSION_STEPS = 4


def bases(face: Face) -> dict[str, NDArray[np.float64]]:
    """name -> (478, 2) displacements in face units at weight 1."""
    place = face.local(face.flat)
    x, y = (place[:, 0] - face.centre) / face.half_width, place[:, 1]
    seam = face.seam(place[:, 0])
    chin, nose = face.local(face.flat[152])[1], face.local(face.flat[2])[1]
    count = len(place)
    profile = np.clip(1 - np.clip(np.abs(x), 0, 1) ** 2.2, 0, 1)
    upper, lower = np.zeros(count, bool), np.zeros(count, bool)
    upper[UPPER_LIP], lower[LOWER_LIP] = True, True
    corners = np.zeros(count, bool)
    corners[list(MOUTH_CORNERS)] = True

    def still() -> NDArray[np.float64]:
        return np.zeros((count, 2))

    jaw_half = abs(face.local(face.flat[172])[0] - face.local(face.flat[397])[0]) / 2
    sideways = np.clip(1 - (np.abs(place[:, 0]) / (jaw_half * 1.12)) ** 2.4, 0, 1)
    downwards = smoothstep(nose + 0.02, 0.25 * chin, y)
    weight = downwards * sideways
    weight[upper] = 0
    weight[corners] = 0.24
    weight[lower] = 0.24 + 0.76 * profile[lower]
    over_mouth = (y < seam) & (np.abs(x) < 1.25) & ~lower & ~corners
    weight[over_mouth] = np.minimum(
        weight[over_mouth], 0.22 * smoothstep(0.35, 1.1, np.abs(x[over_mouth]))
    )
    jaw = still()
    jaw[:, 1] = weight * 0.078
    jaw[:, 0] = -x * 0.0045 * downwards * sideways * (np.abs(x) < 1.6)

    around = np.exp(-(((np.abs(x) - 1) / 0.55) ** 2) - ((y - seam) / 0.07) ** 2)
    fall = np.where(np.abs(x) > 1, np.exp(-(((np.abs(x) - 1) / 0.6) ** 2)), 1)
    lengthwise = np.clip(x, -1, 1) * np.exp(-(((y - seam) / 0.075) ** 2)) * fall
    width = still()
    width[:, 0], width[:, 1] = lengthwise * 0.024, -around * 0.004
    beside = np.exp(-(((np.abs(x) - 1.75) / 0.55) ** 2) - ((y - seam + 0.03) / 0.12) ** 2)
    width[:, 0] += np.sign(x) * beside * 0.006  # the cheek bulges beside a wide mouth
    jaw[:, 0] -= np.sign(x) * beside * 0.007  # and is drawn in beside an open one
    jaw[:, 1] += beside * 0.010

    table = np.load(ROUNDING)
    pucker = table[:, :2] * min(1.15, face.half_width / table[0, 2])
    near = (np.abs(place[:, 0]) < 2.2 * face.half_width) & (y > nose * 1.3) & (y < chin + 0.05)
    pucker[~near] = 0

    raised = still()
    lift = np.where(y <= seam + 1e-6, 1, 0) * profile * smoothstep(nose - 0.01, nose * 0.35, y)
    lift[lower] = 0
    raised[:, 1] = -lift * 0.020
    # Round lips arch above and come down at the corners, or a face that smiles at rest would round to half a circle.
    at_corner = np.exp(-(((np.abs(x) - 1) / 0.42) ** 2) - ((y - seam) / 0.055) ** 2)
    ends = face.seam(np.array([face.centre - face.half_width, face.centre + face.half_width]))
    risen = float(face.seam(face.centre) - ends.mean())
    pucker[:, 1] += at_corner * max(0.0, LEVEL * risen) - lift * ARCHED
    lowered = still()
    drop = np.exp(-((np.maximum(y - 0.045, 0) / 0.05) ** 2)) * profile
    lowered[:, 1] = np.where(lower | (y > seam + 0.02), drop, 0) * 0.024
    pressed = still()
    for ring, share in (
        (UPPER_OUTER, 0.24),
        (UPPER_RING, 0.14),
        (LOWER_OUTER, 0.24),
        (LOWER_RING, 0.14),
    ):
        inner = ring[1:-1]
        pressed[inner, 1] = -(y[inner] - seam[inner]) * share
    tucked = still()
    tucked[lower, 1] = -profile[lower] * 0.010
    smile = still()
    cheek = np.zeros(count)
    for point in (50, 280):
        away = (place - face.local(face.flat[point])) / (0.115, 0.085)
        cheek = np.maximum(cheek, np.exp(-(away**2).sum(1)))
    below_lids = smoothstep(-0.02, 0.05, y - face.local(face.flat[[145, 374]])[:, 1].mean())
    smile[:, 0] = lengthwise * 0.021 + np.sign(x) * cheek * 0.004
    smile[:, 1] = -at_corner * 0.024 - cheek * below_lids * 0.013
    return {
        "smile": smile,
        "jaw": jaw,
        "width": width,
        "pucker": pucker,
        "upper": raised,
        "lower": lowered,
        "press": pressed,
        "tuck": tucked,
    }


class Fields:
    """The fields of a face on a grid of `step` pixels, and the maps made of them."""

    def __init__(self, face: Face, neck: float) -> None:
        """neck: face heights from the chin to the collar."""
        self.face = face
        height, width = face.shape
        self.step = max(3.0, face.height / 70)
        self.across = np.arange(0, width + self.step, self.step)
        self.along = np.arange(0, height + self.step, self.step)
        grid_y, grid_x = np.meshgrid(self.along, self.across, indexing="ij")
        self.grid = np.stack([grid_x, grid_y], -1).astype(np.float32)
        self.units = face.local(self.grid.reshape(-1, 2)).reshape(self.grid.shape)
        # A map is made for points that stand where cv2.resize takes them to stand, `skipped` pixels before the picture.
        self.skipped = int(np.ceil((self.step - 1) / 2))
        self.sampled = self.grid + np.float32((self.step - 1) / 2 - self.skipped)
        self.above: dict[str, Field] = {}
        self.below: dict[str, Field] = {}
        self._spread(bases(face))
        self._hold_above_the_seam()
        self.edges = {name: self._edges(name) for name in self.above}
        for name, (layer, travel) in WANTED.items():
            measured = self.edges[name][0 if layer == "above" else 1]
            if abs(measured) > 0.05:
                gain = float(np.clip(travel * face.height / measured, 0.3, 3.0))
                self.above[name] *= np.float32(gain)
                self.below[name] *= np.float32(gain)
                self.edges[name] = (self.edges[name][0] * gain, self.edges[name][1] * gain)
        self._prepare_head(neck)
        self._prepare_brows()
        self._prepare_seen()
        self.fold = self._fold()

    def _spread(self, moves: dict[str, NDArray[np.float64]]) -> None:
        face = self.face
        points = face.local(face.flat)
        oval = points[OVAL]
        middle = oval.mean(0)
        chin = points[152]
        height, width = face.shape
        border = face.local(
            np.array(
                [
                    (a, b)
                    for a in np.linspace(0, width, 9)
                    for b in np.linspace(0, height, 9)
                    if a in (0, width) or b in (0, height)
                ]
            )
        )
        fixed = np.concatenate(
            [middle + (oval - middle) * 1.22, middle + (oval - middle) * 1.5, border]
        )
        fixed = fixed[~((np.abs(fixed[:, 0]) < 0.33) & (fixed[:, 1] > chin[1] - 0.02))]
        jaw_half = abs(points[172, 0] - points[397, 0]) / 2
        below_chin = ((0.05, 0.72), (0.11, 0.42), (0.18, 0.20), (0.26, 0.06), (0.36, 0.0))
        neck = np.array(
            [
                (side * jaw_half, chin[1] + drop, (1 - side**2 * 0.8) * share)
                for side in (-0.8, -0.4, 0, 0.4, 0.8)
                for drop, share in below_chin
            ]
        )
        units = self.units.reshape(-1, 2)
        near = (np.abs(units[:, 0]) < 0.75) & (units[:, 1] < 0.75) & (units[:, 1] > -0.55)
        beyond = (
            np.maximum(0, np.abs(units[:, 0]) - 0.5) ** 2
            + np.maximum(0, units[:, 1] - 0.55) ** 2
            + np.maximum(0, -0.3 - units[:, 1]) ** 2
        )
        fade = np.exp(-beyond / 0.01).reshape(*self.grid.shape[:2], 1)
        everything = np.arange(len(points))
        for layer, left_out in ((self.above, LOWER_LIP), (self.below, UPPER_LIP)):
            used = ~np.isin(everything, left_out)
            sites = np.concatenate([points[used], fixed, neck[:, :2]])
            values = []
            for name, move in moves.items():
                of_neck = np.zeros((len(neck), 2))
                if name == "jaw":
                    of_neck[:, 1] = neck[:, 2] * move[152, 1]
                values.append(np.concatenate([move[used], np.zeros((len(fixed), 2)), of_neck]))
            sites, index = np.unique(np.round(sites, 5), axis=0, return_index=True)
            spread = RBFInterpolator(
                sites, np.concatenate(values, 1)[index], kernel="linear", smoothing=2e-4
            )
            found = np.zeros((len(units), 2 * len(moves)))
            found[near] = spread(units[near])
            smooth = gaussian_filter(found.reshape(*self.grid.shape[:2], -1), (1, 1, 0)) * fade
            for number, name in enumerate(moves):
                unit = smooth[..., 2 * number : 2 * number + 2] * face.height
                layer[name] = self._in_pixels(unit)

    def _in_pixels(self, along_face: NDArray) -> Field:
        """Displacements along the axes of the face -> along those of the picture."""
        return (
            along_face[..., :1] * self.face.right + along_face[..., 1:] * self.face.down
        ).astype(np.float32)

    def _hold_above_the_seam(self) -> None:
        """Of the lower layer only what lies below the seam is seen; above it the seam's value goes on, or
        the inverse would fold at wide openings."""
        units = self.units.reshape(-1, 2)
        seam = self.face.seam(units[:, 0]) + 0.006
        beside = np.abs(units[:, 0] - self.face.centre) / self.face.half_width
        share = (1 - smoothstep(1.0, 1.35, beside)) * (units[:, 1] < seam) * (units[:, 1] > -0.45)
        share = share.reshape(*self.grid.shape[:2], 1).astype(np.float32)
        on_seam = self.face.place(np.stack([units[:, 0], seam], 1))
        for name, field in self.below.items():
            held = self.sample(field, on_seam).reshape(field.shape)
            self.below[name] = field * (1 - share) + held * share

    def sample(self, field: Field, points: NDArray) -> Field:
        """The field at these pixels, (n, 2). In rows of 256, since cv2.remap takes fewer than 32767."""
        where = (np.asarray(points).reshape(-1, 2) / self.step).astype(np.float32)
        rows = -(-len(where) // 256)
        padded = np.zeros((rows * 256, 2), np.float32)
        padded[: len(where)] = where
        table = padded.reshape(rows, 256, 2)
        found = cv2.remap(field, table, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return found.reshape(rows * 256, -1)[: len(where)]

    def _edges(self, name: str) -> tuple[float, float]:
        """Pixels by which the upper and the lower edge move down at mid mouth, at weight 1."""
        middle = self.face.place(
            np.array([[self.face.centre, float(self.face.seam(self.face.centre))]])
        )
        return (
            float(self.sample(self.above[name], middle)[0] @ self.face.down),
            float(self.sample(self.below[name], middle)[0] @ self.face.down),
        )

    def _prepare_head(self, neck: float) -> None:
        """Depth for turning, and how far the turn reaches: all of the head, fading down the neck."""
        face = self.face
        units = self.units.reshape(-1, 2)
        points = face.local(face.flat)
        oval = points[OVAL]
        self.middle = oval.mean(0)
        depth = -face.points[:, 2] / face.height
        behind = depth[OVAL].mean() - 0.12
        ring = self.middle + (oval - self.middle) * 1.35
        spread = RBFInterpolator(
            np.concatenate([points, ring]),
            np.concatenate([depth, np.full(len(ring), behind)]),
            kernel="linear",
            smoothing=1e-3,
        )
        # Beyond the face all is of one depth: hair turns as one piece.
        radius = np.linalg.norm((units - self.middle) / (np.ptp(oval, 0) / 2), axis=1)
        inside = radius < 1.45
        found = np.full(len(units), behind)
        beyond = smoothstep(1.1, 1.45, radius[inside])
        found[inside] = spread(units[inside]) * (1 - beyond) + behind * beyond
        shape = self.grid.shape[:2]
        self.depth = gaussian_filter(found.reshape(shape), 2)
        centre = (np.abs(units - self.middle) < 0.3).all(1).reshape(shape)
        self.axis = float(np.median(self.depth[centre])) - 0.28
        chin = points[152, 1]
        middle = float(points[[172, 397], 0].mean())
        self.turning = gaussian_filter(following(self.units, chin, neck, middle), 1.5)
        self.pivot = np.array([self.middle[0], chin + 0.12])

    def _prepare_brows(self) -> None:
        field = np.zeros(self.grid.shape[:2])
        for eye in EYES:
            at = self.face.local(self.face.flat[eye.brow]).mean(0)
            away = ((self.units[..., 0] - at[0]) / 0.13) ** 2
            away += ((self.units[..., 1] - at[1] + 0.01) / 0.055) ** 2
            field = np.maximum(field, np.exp(-away))
        self.brows = (-field[..., None] * 0.020 * self.face.height * self.face.down).astype(
            np.float32
        )

    def _fold(self) -> NDArray[np.float32]:
        """0..1 for each pixel: the line from the wing of the nose past the corner of the mouth, which a smile deepens."""
        face = self.face
        found = np.zeros(face.shape, np.uint8)
        for wing, cheek, corner in ((129, 203, 61), (358, 423, 291)):
            low = face.local(face.flat[corner])
            out = np.sign(low[0] - face.centre)
            aside = np.array([out * 0.012, 0.0])
            middle = face.local(face.flat[cheek]) + aside
            foot = low + np.array([out * 0.035, 0.02])
            ends = np.array([face.local(face.flat[wing]) + aside, middle, foot])
            curve = face.place(
                np.array(
                    [
                        (1 - t) ** 2 * ends[0] + 2 * t * (1 - t) * ends[1] + t**2 * ends[2]
                        for t in np.linspace(0, 1, 24)
                    ]
                )
            )
            thick = max(1, round(0.012 * face.height))
            cv2.polylines(
                found, [np.round(curve * 16).astype(np.int32)], False, 255, thick, cv2.LINE_AA, 4
            )
        soft = cv2.GaussianBlur(found.astype(np.float32) / 255, (0, 0), 0.016 * face.height)
        return soft / max(float(soft.max()), 1e-6)

    def standing(self, foot: float, lean: float, taller: float) -> Field:
        """Where each grid point of the body comes from, pixels: it leans to the right and is taller by these, per pixel
        above `foot`."""
        found = self.sampled.copy()
        high = (foot - found[..., 1]) / np.float32(1 + taller)
        found[..., 0] -= np.float32(lean) * high
        found[..., 1] = np.float32(foot) - high
        return found

    def head(
        self, yaw: float, pitch: float, roll: float, right: float, down: float, stood: Field
    ) -> Field:
        """Where each grid point of the turned head comes from, pixels. Degrees and face heights; stood: how the body stands."""
        a, b, c = np.radians([yaw, pitch, roll])
        x = self.units[..., 0] - self.pivot[0]
        y = self.units[..., 1] - self.pivot[1]
        z = self.depth - self.axis
        moved_x = x * (np.cos(a) + np.cos(c) - 2) + z * np.sin(a) - y * np.sin(c) + right
        moved_y = y * (np.cos(b) + np.cos(c) - 2) + z * np.sin(b) + x * np.sin(c) + down
        moved = np.stack([moved_x, moved_y], -1) * self.turning[..., None] * self.face.height
        return self._inverted(self._in_pixels(moved), stood, 3)

    def fine(self, coarse: Field) -> Field:
        """A map of the sampled points, for each pixel of the picture."""
        height, width = self.face.shape
        wanted = cv2.resize(coarse, None, fx=self.step, fy=self.step)
        return wanted[self.skipped :, self.skipped :][:height, :width]

    def _inverted(self, field: Field, start: Field, steps: int) -> Field:
        """The map that undoes `field` after `start`, by fixed-point steps."""
        found = start
        for _ in range(steps):
            scaled = found * np.float32(1 / self.step)
            found = start - cv2.remap(
                field, scaled, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
            )
        return found

    def inverse(
        self,
        layer: dict[str, Field],
        weights: dict[str, float],
        head: Field,
        brow: float = 0.0,
        part: tuple[slice, slice] = (slice(None), slice(None)),
    ) -> Field:
        """Sources of the grid points for a sum of fields under a turned head, pixels. part: the rows and columns of the grid that
        are wanted; elsewhere the face is still."""
        total = np.zeros_like(self.grid)
        for name, weight in weights.items():
            if abs(weight) > 1e-4:
                total += np.float32(weight) * layer[name]
        if brow:
            total += np.float32(brow) * self.brows
        found = head.copy()
        found[part] = self._inverted(total, head[part], INVERSION_STEPS)
        return found

    def solve(self, tracks: dict[str, float]) -> tuple[dict[str, float], float]:
        """Weights of the fields for a frame, and the gap at mid mouth in pixels (below 0: pressed).

        The gap is exact: with closure 1 the lips overlap, whatever the other articulators ask for.
        """
        closure, tuck = tracks["closure"], tracks["tuck"]
        jaw = 0.95 * np.tanh(tracks["jaw"] * 1.6 / 0.95)
        pucker = max(0.0, tracks["pucker"])
        weights = {
            "jaw": jaw * (1 - 0.55 * closure) * (1 - 0.35 * tuck),
            "upper": tracks["upper"] * (1 - closure),
            "lower": tracks["lower"] * (1 - closure) * (1 - tuck),
            "width": tracks["width"] * (1 - 0.3 * pucker),
            "smile": tracks["smile"] * (1 - 0.5 * min(1.0, pucker)),
            "pucker": pucker * (1 - 0.25 * closure),
            "press": closure,
        }
        gap = sum(
            weight * (self.edges[name][1] - self.edges[name][0])
            for name, weight in weights.items()
            if name != "press"
        )
        size = self.face.height
        wanted = max(0.0, gap) * (1 - closure) * (1 - tuck)
        wanted += tuck * (1 - closure) * TUCKED * size - closure * OVERLAP * size
        raise_by = self.edges["tuck"][0] - self.edges["tuck"][1]
        weights["tuck"] = (gap - wanted) / max(raise_by, 1e-3)
        return weights, float(wanted)

    def _prepare_seen(self) -> None:
        """The parts of the grid that cover the face from brow to chin, and all that is drawn of the lower layer."""
        self.seen = self._around(0.45, -0.4, 0.6)
        self.lower = self._around(0.5, -0.2, 0.6)
        across = np.linspace(-1, 1, 401)
        self.seam_table = self.face.seam(across).astype(np.float32)

    def _around(self, beside: float, above: float, below: float) -> tuple[slice, slice]:
        """The rows and columns of the grid so far around the mouth, in face units."""
        x, y = self.units[..., 0], self.units[..., 1]
        near = (np.abs(x) < beside) & (y > above) & (y < below)
        rows, columns = np.flatnonzero(near.any(1)), np.flatnonzero(near.any(0))
        return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)

    def determinant(self, source: Field, below: bool) -> float:
        """The least Jacobian determinant of a layer's map where it is seen: 0 or less is a fold."""
        part = source[self.seen]
        dx = (part[:-1, 1:] - part[:-1, :-1]) / np.float32(self.step)
        dy = (part[1:, :-1] - part[:-1, :-1]) / np.float32(self.step)
        found = dx[..., 0] * dy[..., 1] - dx[..., 1] * dy[..., 0]
        away = (part[:-1, :-1] - self.face.mouth.astype(np.float32)) / np.float32(self.face.height)
        x = away @ self.face.right.astype(np.float32)
        y = away @ self.face.down.astype(np.float32)
        seam = self.seam_table[np.clip((x + 1) * 200, 0, 400).astype(np.int32)]
        side = y > seam + 0.02 if below else y < seam - 0.02
        return float(found[side & (np.abs(x) < 0.45) & (y > -0.35) & (y < 0.5)].min(initial=1.0))
