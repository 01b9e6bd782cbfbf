"""Skin painted texel by texel: albedo, relief in millimetres, roughness and oil.

Each texel is a function of its place on the template (millimetres), so there is no seam where the
islands of MakeHuman's layout meet, and the skin stays the same on every expression.

Colour follows pigments: base * exp(-(melanin * MELANIN + blood * BLOOD)), after Donner and Jensen, A
Spectral BSSRDF for Shading Human Skin (2006), with three channels in place of a spectrum.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from geometry import MAKEHUMAN, base_mesh, smooth_step
from PIL import Image
from scipy.interpolate import CloughTocher2DInterpolator
from scipy.ndimage import distance_transform_edt, gaussian_filter, map_coordinates
from scipy.spatial import cKDTree
from sculpt import FOLDS, away

KEPT = Path(tempfile.gettempdir()) / "likeness-skin"
"""Maps that were painted: the two looks of a person and every state share them."""
RECTS = {"head": (0.635, 0.135, 1.0, 0.83, 3600), "chest": (0.19, 0.66, 0.57, 0.97, 1800)}
"""The painted parts of MakeHuman's layout: u, v from .. to, and texels a unit."""
MELANIN = np.array([0.30, 0.62, 1.00])
BLOOD = np.array([0.05, 0.58, 0.60])
"""How strongly a pigment darkens red, green and blue."""
INSIDE = np.array([0.30, 0.055, 0.05])
"""The colour of the inside of the mouth."""
BLOBS = (45, 22, 11, 5.5, 2.8, 1.4, 0.8)
"""Sizes in mm of the noise that uneven skin is made of."""
LINES: tuple[tuple[tuple[tuple[float, float], ...], float, float, float], ...] = (
    *(  # across the forehead
        (
            ((0, y - 0.01), (0.15, y + 0.005), (0.32, y + 0.02), (0.5, y - 0.02)),
            1.15,
            0.04 * k,
            0.4 * k,
        )
        for y, k in ((7.60, 1), (7.69, 0.9), (7.78, 0.8), (7.86, 0.5))
    ),
    (((0.055, 7.40), (0.065, 7.47), (0.06, 7.55)), 0.7, 0.02, 0.45),  # frown
    *(  # crow's feet
        (
            ((0.485, 7.27 + 0.3 * y), (0.485 + x / 2, 7.27 + 0.75 * y), (0.485 + x, 7.255 + y)),
            0.8,
            0.05,
            0.35,
        )
        for x, y in ((0.15, 0.075), (0.17, 0.025), (0.17, -0.02), (0.14, -0.075), (0.11, -0.12))
    ),
    *(  # below the lower lid
        (
            ((0.20, 7.215 - y), (0.27, 7.175 - y), (0.36, 7.17 - y), (0.45, 7.205 - y)),
            0.75,
            deep,
            deep + 0.22,
        )
        for y, deep in ((0.0, 0.10), (0.028, 0.06), (0.055, 0.03))
    ),
    (((0.215, 7.335), (0.27, 7.368), (0.34, 7.372), (0.41, 7.345), (0.455, 7.30)), 0.6, 0.32, 0.32),
    (FOLDS["nasolabial"][0], 1.6, 0.0, 0.50),
    (FOLDS["marionette"][0], 1.0, 0.0, 0.38),
    (((0.0, 6.468), (0.10, 6.462), (0.16, 6.45)), 1.3, 0.12, 0.22),  # above the chin
    *(  # rings of the neck
        (((0.0, y - 0.04), (0.2, y - 0.02), (0.5, y + 0.06)), 0.8, 0.18, 0.58)
        for y in (5.98, 5.82, 5.66)
    ),
)
"""Fine lines of both halves: template x and y (decimetres), half width in mm, depth in mm at age 0 and 1."""
LIP_EDGE = 0.0015
"""By how much of the layout the edge of the lips is softened: a drawn line looks like paint."""
UNDER_EYE = ((0.17, 7.20), (0.22, 7.14), (0.30, 7.10), (0.38, 7.10))


@dataclass(frozen=True, slots=True)
class Maps:
    """What is painted on one rectangle, the top row first.

    albedo [h, w, 3], linear; relief [h, w], mm outward; rough and oil [h, w], 0..1.
    """

    albedo: np.ndarray
    relief: np.ndarray
    rough: np.ndarray
    oil: np.ndarray


def paint(person: dict, name: str) -> Maps:
    """The rectangle `name` of a person's skin, from the disk where it was painted before."""
    told = [{key: person.get(key) for key in ("skin", "age", "sex", "seed", "old")}, RECTS[name]]
    made_by = json.dumps(told, sort_keys=True) + Path(__file__).read_text()
    kept = KEPT / f"{name}-{hashlib.sha256(made_by.encode()).hexdigest()[:16]}.npz"
    if not kept.exists():
        made = _Skin(person, name).painted()
        KEPT.mkdir(parents=True, exist_ok=True)
        fields = {key: getattr(made, key).astype(np.float16) for key in Maps.__slots__}
        partly = kept.with_suffix(".part.npz")
        np.savez(partly, **fields)
        partly.replace(kept)
    with np.load(kept) as read:
        return Maps(**{key: read[key].astype(np.float32) for key in Maps.__slots__})


def _places(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Template place in mm [h, w, 3] of each texel, and where there is skin [h, w]."""
    u0, v0, u1, v1, scale = RECTS[name]
    base = base_mesh()
    corners = [
        (base.texture[texture], base.vertices[corner])
        for face in base.groups["body"]
        for corner, texture in face
        if u0 - 0.02 < base.texture[texture][0] < u1 + 0.02
        and v0 - 0.02 < base.texture[texture][1] < v1 + 0.02
    ]
    uv, first = np.unique(np.round([uv for uv, _ in corners], 6), axis=0, return_index=True)
    at = np.array([place for _, place in corners])[first] * 100
    wide, tall = round((u1 - u0) * scale), round((v1 - v0) * scale)
    u, v = u0 + (np.arange(wide) + 0.5) / scale, v1 - (np.arange(tall) + 0.5) / scale
    coarse = 4  # the template is smooth: a sixteenth of the texels, then stretched
    ask = CloughTocher2DInterpolator(uv, at)
    found = ask(*np.meshgrid(u[::coarse], v[::coarse])).astype(np.float32)
    empty = ~np.isfinite(found[..., 0])
    rows, columns = distance_transform_edt(empty, return_distances=False, return_indices=True)
    found = found[rows, columns]
    spots = np.meshgrid(np.arange(tall) / coarse, np.arange(wide) / coarse, indexing="ij")
    channels = [map_coordinates(found[..., k], spots, order=1, mode="nearest") for k in range(3)]
    mask = np.repeat(np.repeat(~empty, coarse, 0), coarse, 1)[:tall, :wide]
    return np.stack(channels, -1).astype(np.float32), mask


def noise(place: np.ndarray, size: float, random: np.random.Generator, channels=3) -> np.ndarray:
    """Smooth noise [n, channels] at places [n, 3], mean 0, deviation 1, with blobs of `size` mm."""
    grid = random.normal(0, 1, (32, 32, 32, channels)).astype(np.float32)
    found = np.empty((len(place), channels), np.float32)
    for start in range(0, len(place), 400_000):
        at = place[start : start + 400_000] / size + 977.0
        low = np.floor(at).astype(np.int32)
        part = at - low
        part = part * part * (3 - 2 * part)
        total = np.zeros((len(at), channels), np.float32)
        for corner in range(8):
            step = np.array([corner & 1, corner >> 1 & 1, corner >> 2 & 1])
            weight = np.where(step, part, 1 - part).prod(1)
            index = (low + step) & 31
            total += weight[:, None] * grid[index[:, 0], index[:, 1], index[:, 2]]
        found[start : start + 400_000] = total
    return found / 0.56


def _cells(place: np.ndarray, step: float, random: np.random.Generator) -> np.ndarray:
    """One point [n, 3] somewhere in each cube of `step` mm that holds a place."""
    cells = np.unique(np.floor(place / step).astype(np.int32), axis=0)
    return ((cells + random.random(cells.shape)) * step).astype(np.float32)


def _dots(place: np.ndarray, middles, radii, strength) -> np.ndarray:
    """Soft round dots: each place [n, 3] takes the strength of the nearest one."""
    most = float(radii.max() * 1.6)
    distance, nearest = cKDTree(middles).query(place, distance_upper_bound=most)
    found = np.isfinite(distance)
    result = np.zeros(len(place), np.float32)
    index = nearest[found]
    result[found] = strength[index] * smooth_step(1.25, 0.55, distance[found] / radii[index])
    return result


class _Skin:
    """The texels of one rectangle that a camera before the person can see, and what is on them."""

    def __init__(self, person: dict, name: str) -> None:
        self.tone, self.rect = person["skin"], RECTS[name]
        self.old = person.get("old", 0.0)
        place, mask = _places(name)
        self.shape = mask.shape
        self.chosen = mask & ((place[..., 2] > 20) | (place[..., 1] > 620))
        self.place = place[self.chosen]
        self.random = np.random.default_rng(person["seed"] + 7)
        self.side = np.abs(self.place[:, 0]) / 100
        self.height, self.depth = self.place[:, 1] / 100, self.place[:, 2] / 100
        self.flat = np.stack([self.side, self.height], 1)
        self.half = (self.place[:, 0] < 0).astype(int)
        self.noise = {size: noise(self.place, size, self.random) for size in BLOBS}
        self.face = np.flatnonzero((self.height > 6.15) & (self.depth > 0.7))
        """Texels that spots may lie on; the rectangle of the chest has none."""
        self.under = np.exp(-((away(self.flat, UNDER_EYE) / 0.055) ** 2)) * (self.depth > 1.0)

    def _spot(self, x, y, z, radius, wide=1.0, tall=1.0) -> np.ndarray:
        square = ((self.side - x) / wide) ** 2 + ((self.height - y) / tall) ** 2
        return np.exp(-(square + ((self.depth - z) * 0.8) ** 2) / radius**2)

    def _uneven(self, parts: dict[float, tuple[int, float]]) -> np.ndarray:
        """A sum of noise: size in mm, its channel and its share."""
        return sum(share * self.noise[size][:, k] for size, (k, share) in parts.items())

    def painted(self) -> Maps:
        self.relief = np.zeros(len(self.place), np.float32)
        self.blood, self.melanin = self._blood(), self._melanin()
        self._pores()
        for line in LINES:
            self._line(*line)
        if self.old > 0.3:  # the net of lines of an old cheek
            n = self.noise
            net = np.abs(n[2.8][:, 0] + 0.6 * n[5.5][:, 2])
            where = self._spot(0.48, 6.85, 1.2, 0.32)
            self.relief -= smooth_step(0.22, 0.0, net) * 0.06 * self.old * where
        lips, inside = self._masks()
        stripe = self._lip_lines(lips)
        colour = self._colour()
        if "stubble" in self.tone:
            self._stubble(colour, lips)
        self._lips(colour, lips, stripe)
        rim = self._lids(colour)
        colour += (INSIDE - colour) * inside[:, None]
        rough, oil = self._gloss(lips, rim, inside)
        return Maps(
            self._spread(np.clip(colour, 0.004, 0.95), self.tone["base"]),
            self._spread(self.relief, 0.0),
            self._spread(np.clip(rough, 0.15, 0.85), 0.5),
            self._spread(oil, 0.0),
        )

    def _spread(self, values: np.ndarray, elsewhere) -> np.ndarray:
        whole = np.empty((*self.shape, *values.shape[1:]), np.float32)
        whole[:] = elsewhere
        whole[self.chosen] = values
        return whole

    def _blood(self) -> np.ndarray:
        """Where skin is red: cheeks, nose, ears, chin and lids; and thread veins."""
        n, spot = self.noise, self._spot
        cheek = 1 + 0.35 * n[11][:, 0] + 0.25 * n[5.5][:, 0]
        ear = smooth_step(0.72, 0.80, self.side) * smooth_step(6.85, 6.95, self.height)
        blood = (
            0.55 * spot(0.44, 6.98, 1.30, 0.22, 1.1, 0.85) * cheek
            + 0.85 * spot(0, 6.93, 1.68, 0.12, 1.1, 1.0)
            + 0.75 * spot(0.15, 6.90, 1.50, 0.07)
            + 0.9 * ear * (1 - smooth_step(7.5, 7.6, self.height))
            + 0.35 * spot(0, 6.36, 1.5, 0.15)
            + 0.40 * spot(0.30, 7.36, 1.36, 0.09, 1.7, 0.5)
            + 0.45 * spot(0.16, 7.24, 1.42, 0.06)
            + 0.25 * spot(0.05, 6.80, 1.6, 0.08)
        )
        blood *= self.tone.get("flush", 0.45)
        blood += self.tone.get("mottle", 0.55) * self._uneven(
            {
                45: (0, 0.04),
                22: (0, 0.02),
                11: (1, 0.02),
                5.5: (1, 0.035),
                2.8: (1, 0.06),
                1.4: (1, 0.06),
            }
        )
        thread = np.abs(n[5.5][:, 2] + 0.5 * n[2.8][:, 2] + 0.25 * n[1.4][:, 2])
        where = spot(0.42, 6.97, 1.3, 0.18) + 1.2 * spot(0.16, 6.93, 1.5, 0.06)
        where += 0.5 * spot(0.0, 6.93, 1.68, 0.1)
        blood += smooth_step(0.10, 0.0, thread) * where * (0.10 + 0.25 * self.old)
        blood -= 0.22 * spot(0, 7.72, 1.5, 0.3, 1.5, 0.8)
        blood += self.tone.get("bags", 0.25) * 0.5 * self.under
        fold = np.exp(-((away(self.flat, FOLDS["nasolabial"][0]) / 0.035) ** 2))
        return blood + 0.18 * fold * (self.depth > 1.0)

    def _melanin(self) -> np.ndarray:
        """What is brown: uneven colour, the ring below the eyes, marks, freckles, moles and age spots."""
        n, random = self.noise, self.random
        melanin = self.tone.get("mottle", 0.55) * self._uneven(
            {
                45: (2, 0.03),
                22: (2, 0.015),
                11: (2, 0.015),
                5.5: (2, 0.03),
                2.8: (0, 0.05),
                1.4: (0, 0.06),
                0.8: (0, 0.05),
            }
        )
        melanin += self.tone.get("bags", 0.25) * 0.9 * self.under
        melanin += 0.28 * self._spot(0.31, 7.37, 1.3, 0.10, 1.5, 0.45)
        melanin += 0.10 * self._spot(0.0, 6.60, 1.6, 0.16, 1.6, 0.6)
        if not len(self.face):
            return melanin

        def some(count: int, among=self.face) -> np.ndarray:
            return self.place[random.choice(among, count)]

        def sizes(count: int, middle: float, spread: float) -> np.ndarray:
            return np.exp(random.normal(np.log(middle), spread, count))

        count = int(self.tone.get("marks", 500) * (1 + self.old))
        marks = _dots(
            self.place, some(count), sizes(count, 0.55, 0.45), random.uniform(0.08, 0.30, count)
        )
        melanin += marks * smooth_step(-0.6, 0.6, n[22][:, 1])
        if "freckles" in self.tone:
            at = some(2600)
            weight = np.exp(
                -(((np.abs(at[:, 0]) / 100 - 0.30) / 0.38) ** 2)
                - ((at[:, 1] / 100 - 7.02) / 0.22) ** 2
            )
            melanin += _dots(self.place, at, sizes(2600, 0.6, 0.35), weight * self.tone["freckles"])
        low = self.face[self.height[self.face] < 7.7]
        melanin += _dots(
            self.place, some(9, low), random.uniform(0.45, 1.0, 9), random.uniform(0.3, 1.0, 9)
        )
        if self.old > 0.4:
            at = some(90) + random.normal(0, 0.5, (90, 3))
            spots = _dots(self.place, at, sizes(90, 1.6, 0.4), random.uniform(0.05, 0.28, 90))
            melanin += spots * smooth_step(-0.5, 0.8, n[2.8][:, 2])
        return melanin

    def _pores(self) -> None:
        """Pores and the net of lines between them, over soft unevenness."""
        spot = self._spot
        sites = _cells(self.place[::3], 0.95, self.random)
        two = cKDTree(sites).query(self.place, k=2, distance_upper_bound=3.0)[0]
        two = np.minimum(two, 3.0)
        self.pore = smooth_step(0.42, 0.10, two[:, 0])
        net = smooth_step(0.20, 0.0, two[:, 1] - two[:, 0])
        coarse = spot(0, 6.95, 1.6, 0.24) + 0.9 * spot(0.30, 6.98, 1.45, 0.2)
        coarse += 0.5 * spot(0, 7.62, 1.5, 0.35, 1.3, 0.7) + 0.5 * spot(0, 6.4, 1.5, 0.2)
        coarse = np.clip(coarse, 0, 1)
        uneven = self._uneven(
            {11: (1, 0.035), 5.5: (0, 0.035), 2.8: (1, 0.035), 1.4: (2, 0.03), 0.8: (1, 0.024)}
        )
        self.relief += uneven * self.tone.get("uneven", 1.0) * (0.8 + 0.7 * self.old)
        self.relief -= self.pore * (0.035 + 0.10 * coarse) + net * (0.022 + 0.02 * self.old)
        self.melanin += self.pore * (0.05 + 0.14 * coarse)

    def _line(self, points, wide: float, young: float, aged: float) -> None:
        """One line of LINES on both halves, a little otherwise on each, with gaps."""
        n, deep = self.noise, young + (aged - young) * self.old
        drawn = self.flat + 0.008 * n[22][:, :2] + 0.004 * n[11][:, :2] + 0.0015 * n[5.5][:, :2]
        unlike = self.random.uniform(0.7, 1.2, 2)[self.half]
        gaps = np.clip(0.8 + 0.5 * n[22][:, 0] + 0.3 * n[11][:, 0], 0.0, 1.6)
        amount = np.exp(-((away(drawn, points) * 100 / wide) ** 2)) * (self.depth > 0.75)
        amount = amount * unlike * gaps * deep
        self.relief -= amount
        self.blood += 0.35 * amount
        self.melanin += 0.45 * amount

    def _masks(self) -> tuple[np.ndarray, np.ndarray]:
        """Where lips are, and the inside of the mouth."""
        u0, v0, u1, v1, scale = self.rect

        def read(file: str, blur: float = 0.0) -> np.ndarray:
            with Image.open(MAKEHUMAN / f"textures/{file}") as opened:
                whole = opened.convert("L")
            wide, tall = whole.size
            box = (u0 * wide, (1 - v1) * tall, u1 * wide, (1 - v0) * tall)
            part = whole.resize(self.shape[::-1], Image.Resampling.BICUBIC, box=box)
            part = gaussian_filter(np.asarray(part, np.float32), blur * scale)
            return part[self.chosen] / 255

        lips, n = read("mpfb_lips.jpg", LIP_EDGE), self.noise
        edge = smooth_step(0.15, 0.90, lips + 0.03 * n[1.4][:, 0] + 0.05 * n[2.8][:, 0])
        lips = edge * (lips > 0.02) * (1 - 0.65 * smooth_step(0.185, 0.25, self.side))
        return lips, read("mpfb_inside-mouth.jpg")

    def _lip_lines(self, lips: np.ndarray) -> np.ndarray:
        """The fine upright lines of lips, and the roll of skin at their edge."""
        turn = self.place[:, 0] + 1.2 * self.noise[5.5][:, 0] + 0.35 * self.noise[2.8][:, 0]
        along = np.stack([turn, self.place[:, 1] * 0.14, self.place[:, 2] * 0.10], 1)
        stripe = noise(along.astype(np.float32), 0.85, self.random, 1)[:, 0]
        self.relief += lips * (0.10 * np.clip(stripe, -2, 1.2))
        self.relief += (
            0.08 * np.exp(-(((smooth_step(0, 1, lips) - 0.35) / 0.25) ** 2)) * (lips > 0.02)
        )
        return stripe

    def _colour(self) -> np.ndarray:
        pigments = self.melanin[:, None] * MELANIN + self.blood[:, None] * BLOOD
        colour = np.array(self.tone["base"]) * np.exp(-pigments)
        n = self.noise
        vein = smooth_step(0.16, 0.02, np.abs(n[22][:, 0] + 0.35 * n[11][:, 2]))
        vein = vein * (self._spot(0.60, 7.45, 0.9, 0.2) + 0.4 * self.under)
        return colour * (1 - 0.05 * vein[:, None] * np.array([1.0, 0.4, 0.2]))

    def _stubble(self, colour: np.ndarray, lips: np.ndarray) -> None:
        """Shaved hair below the skin: a shade with a dot every 0.62 mm."""
        side, height, n = self.side, self.height, self.noise
        top = np.interp(
            side, [0, 0.18, 0.3, 0.42, 0.6, 0.72, 0.8], [6.60, 6.60, 6.66, 6.68, 6.84, 7.1, 7.2]
        )
        beard = smooth_step(-0.02, 0.12, top - height + 0.02 * n[5.5][:, 0])
        beard *= smooth_step(6.0, 6.25, height) * smooth_step(0.35, 0.6, self.depth)
        line = np.interp(side, [0, 0.05, 0.20, 0.30, 0.40], [6.765, 6.775, 6.765, 6.70, 6.62])
        moustache = smooth_step(0.075, 0.03, np.abs(height - line)) * smooth_step(0.42, 0.3, side)
        beard = np.maximum(beard, moustache * (self.depth > 1.15))
        beard *= 1 - np.exp(-(((height - 6.53) / 0.04) ** 2) - (side / 0.12) ** 2) * 0.6
        beard *= 1 - lips
        if not (beard > 0.05).any():
            return
        sites = _cells(self.place[beard > 0.05], 0.62, self.random)
        near = np.minimum(cKDTree(sites).query(self.place, distance_upper_bound=1.0)[0], 1.0)
        dot = smooth_step(0.26, 0.10, near)
        weight = beard * self.tone["stubble_weight"] * (0.42 + 0.58 * dot)
        weight = np.clip(weight * np.clip(0.8 + 0.3 * n[5.5][:, 1], 0, 1.2), 0, 1)
        colour += (np.array(self.tone["stubble"]) - colour) * weight[:, None]
        self.relief += beard * 0.05 * dot

    def _lips(self, colour: np.ndarray, lips: np.ndarray, stripe: np.ndarray) -> None:
        n = self.noise
        shade = 0.30 * np.clip(-stripe, 0, 2) + 0.12 * n[5.5][:, 0] + 0.15 * n[2.8][:, 1]
        lip = np.array(self.tone["lip"]) * np.exp(-np.array([0.25, 0.55, 0.5]) * shade[:, None])
        meet = np.interp(self.side, [0, 0.25], [6.615, 6.61])
        lip *= 1 - 0.35 * np.exp(-(((self.height - meet) / 0.018) ** 2))[:, None]
        colour += (lip - colour) * (lips * self.tone["lip_weight"])[:, None]

    def _lids(self, colour: np.ndarray) -> np.ndarray:
        """The pink rims of the lids and the shade at the lashes' roots; returns where the rims are."""
        strips = [base_mesh().members(f"helper-{s}-eyelashes-{r}") for s in "lr" for r in "12"]
        lashes = base_mesh().vertices[np.concatenate(strips)] * 100
        root = np.minimum(cKDTree(lashes).query(self.place, distance_upper_bound=6.0)[0], 6)
        rim = np.exp(-((root / 1.5) ** 2))
        pink = np.array(self.tone["base"]) * np.array([0.92, 0.62, 0.58])
        colour += (pink - colour) * (0.65 * rim)[:, None]
        shade = self.tone.get("liner", 0.35) * np.exp(-((root / 1.1) ** 2)) * (self.height > 7.28)
        colour *= 1 - shade[:, None]
        return rim

    def _gloss(self, lips, rim, inside) -> tuple[np.ndarray, np.ndarray]:
        """Roughness, and where skin is oily: nose, forehead, cheekbones and chin."""
        n, spot = self.noise, self._spot
        oil = 0.9 * spot(0, 6.93, 1.65, 0.2) + 0.7 * spot(0, 7.65, 1.5, 0.32, 1.3, 0.8)
        oil = np.clip(
            oil + 0.5 * spot(0.42, 7.03, 1.3, 0.16) + 0.5 * spot(0, 6.38, 1.5, 0.12), 0, 1
        )
        rough = self.tone["rough"] - 0.04 - self.tone.get("oil", 0.09) * oil + 0.10 * self.pore
        rough += 0.03 * (n[5.5][:, 2] + n[1.4][:, 1] + n[2.8][:, 2])
        rough += (0.28 - rough) * lips
        rough += (0.36 - rough) * np.clip(rim * 1.2, 0, 1)
        rough += (0.20 - rough) * inside
        return rough, oil
