"""The CPU engine: one neutral picture, moved by displacement fields, with an inner mouth drawn behind the lips.

The picture is parted into the head with its hair and the body behind it (layers.py). The body breathes and leans a little; the
head turns over it. The face is a two-layer 2D warp from 478 landmarks (fields.py): the upper layer carries the whole
head, the lower one the lower lip and chin, and between them opens the mouth (mouth.py). Frames are pure functions of
their tracks: no state passes from one to the next, so lines can be drawn side by side.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from rendering.faces import GROUND, Avatar, layers, lids
from rendering.faces.eyes import Eyes
from rendering.faces.fields import Field, Fields
from rendering.faces.geometry import Face, smoothstep
from rendering.faces.layers import Layers
from rendering.faces.mouth import Mouth
from rendering.values import Frame

VERSION = "portrait/13"

ROOM = 0.16  # face heights around the head into which it can move
AROUND = (
    0.62,
    1.15,
    0.80,
)  # what is drawn of any head: face heights beside, above and below the mouth
BREATH = 0.0035  # face heights by which the shoulders rise from the middle of a breath
SHOULDERS = 0.5  # face heights below the chin
LEAN = {"yaw": 0.0005, "roll": 0.0011, "shift_x": 0.35}  # of the shoulders, with the head's pose
TAKEN_ALONG = 2.0  # times as far the shoulders of a photo lean whose head turns as far as it can
FOLD = np.array(
    [0.06, 0.11, 0.12], np.float32
)  # of RGB: how much darker a full smile makes the fold beside the nose
UNDER_RIMS = 0.25  # of their travel is left to brows behind glasses: rims would bend with them
HAIR = 40  # of 255: less alpha is a single hair
LIPS_OPEN = 0.3  # pixels of gap below which the inside of the mouth is not drawn


@dataclass
class Gauge:
    """What the engine measures while it draws frames."""

    jacobian: float = (
        1.0  # the least determinant so far of the maps of face and lower lip: at 0 skin folds
    )
    gap: float = 0.0  # pixels between the lips in the last frame


def crown(picture: Frame) -> int | None:
    """The first row of somebody's hair in RGBA; None if it is cut off above."""
    row = int(np.argmax((picture[..., 3] > HAIR).any(axis=1)))
    return row or None


class Portrait:
    """A person prepared for one size: `face` pixels from point 10 to 152. Safe to use from several threads.

    Positions are pixels of the scaled plate. anchor: the middle of the face, and its top. height: rows of the plate
    that may be seen. crown: the row where the hair begins; None if the plate cuts it off.
    """

    def __init__(self, avatar: Avatar, face: float) -> None:
        plain = json.loads((avatar.folder / "avatar.json").read_text(encoding="utf-8"))
        points = np.array(
            json.loads((avatar.folder / "landmarks.json").read_text(encoding="utf-8")), float
        )
        self.size = size = face
        self.scale = face / float(np.linalg.norm(points[10, :2] - points[152, :2]))
        plate = _read(avatar, "plate.png")
        rims = lids.spectacles(plate[..., :3], points)
        self.brows = UNDER_RIMS if rims.any() else 1.0
        plate, points = self._scaled(plate), points * self.scale
        self.anchor = (float(points[10, 0] + points[152, 0]) / 2, float(points[10, 1]))
        self.height = round(plain.get("hem", plain["size"][1]) * self.scale)
        self.crown = crown(plate)
        self.follow = TAKEN_ALONG if "reach" in plain else 1.0
        parted = self._parted(avatar, plain["tiles"], plate, points)
        self.body = self._grounded(avatar, parted.body)

        rows, columns = (np.flatnonzero(parted.head[..., 3].any(axis)) for axis in (1, 0))
        mouth = (points[61, :2] + points[291, :2]) / 2
        beside, above, below = (share * size for share in AROUND)
        room = ROOM * size
        x0 = int(min(columns[0] - room, mouth[0] - beside))
        y0 = int(min(rows[0] - room, mouth[1] - above))
        x1 = int(max(columns[-1] + room, mouth[0] + beside))
        y1 = int(max(rows[-1] + room, mouth[1] + below))
        self.box = (x0, y0, x1, y1)
        self.rgba = _cut(parted.head, self.box)
        points[:, :2] -= (x0, y0)
        white = np.array(plain["white"], float) if "white" in plain else None
        self.face = Face(np.ascontiguousarray(_cut(plate, self.box)[..., :3]), points, white)
        self.fields = Fields(self.face, parted.neck)
        foot = plate.shape[0] - y0
        shoulders = self.face.flat[152, 1] + SHOULDERS * size
        self.foot, self.arm = float(foot), float(max(foot - shoulders, 0.25 * size))
        del plate, parted
        tiles = {
            name: self._tile(avatar, name, plain["tiles"][name], (-x0, -y0))
            for name in ("half", "blink", "upper")
        }
        half, shut = ((corner, tile[..., :3]) for corner, tile in (tiles["half"], tiles["blink"]))
        self.eyes = Eyes(self.face, half, shut)
        self.mouth = Mouth(self.face, tiles["upper"])
        self._prepare_folds()
        self._prepare_mouth()

    def _scaled(self, picture: Frame) -> Frame:
        """RGBA at the frame's size, premultiplied: scaled edges take no colour from transparent pixels."""
        return self._sized(_premultiplied(picture))

    def _sized(self, picture: NDArray) -> Frame:
        """Premultiplied RGBA at the frame's size."""
        size = (round(picture.shape[1] * self.scale), round(picture.shape[0] * self.scale))
        method = cv2.INTER_AREA if self.scale < 1 else cv2.INTER_CUBIC
        found = cv2.resize(picture.astype(np.float32), size, interpolation=method)
        found = np.clip(found + 0.5, 0, 255)
        found[..., :3] = np.minimum(found[..., :3], found[..., 3:])
        return found.astype(np.uint8)

    def _parted(
        self, avatar: Avatar, boxes: dict[str, list[int]], plate: Frame, points: NDArray[np.float64]
    ) -> Layers:
        """The two layers: as the pack brings them, or derived."""
        if "body" not in boxes:
            if self.scale <= 1:
                return layers.part(plate, points)
            # A photo that is enlarged is parted at its own size, in less memory.
            own = (_premultiplied(_read(avatar, "plate.png")) + 0.5).astype(np.uint8)
            parted = layers.part(own, points / self.scale)
            return Layers(self._sized(parted.head), self._sized(parted.body), parted.neck)
        x, y, wide, tall = boxes["body"]
        part = (slice(y, y + tall), slice(x, x + wide))
        whole = _read(avatar, "plate.png")
        whole[part] = _read(avatar, "body.png")
        head = np.zeros_like(whole)
        head[(*part, 3)] = _read(avatar, "head.png")[..., 0]
        body, front = self._scaled(whole), self._scaled(head)[..., 3]
        return layers.part(plate, points, (body, front.astype(np.float32) / 255))

    def _grounded(self, avatar: Avatar, body: Frame) -> Frame:
        """The body before the photo's own background, if the pack has it."""
        if not (avatar.folder / GROUND).exists():
            return body
        opaque = cv2.cvtColor(_read(avatar, GROUND), cv2.COLOR_RGB2RGBA)
        ground = cv2.resize(opaque, body.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        share = cv2.merge([255 - body[..., 3]] * 4)
        return cv2.add(body, cv2.multiply(ground, share, scale=1 / 255))

    def _tile(
        self, avatar: Avatar, name: str, box: list[int], offset: tuple[int, int]
    ) -> tuple[tuple[int, int], NDArray[np.float32]]:
        """A tile of the plate, scaled onto whole pixels of the head's picture."""
        x, y, wide, tall = box
        picture = _read(avatar, f"{name}.png").astype(np.float32)
        first = np.ceil(np.array([x, y]) * self.scale).astype(int) + 1
        last = np.floor(np.array([x + wide, y + tall]) * self.scale).astype(int) - 1
        columns = (np.arange(first[0], last[0]) + 0.5) / self.scale - x - 0.5
        rows = (np.arange(first[1], last[1]) + 0.5) / self.scale - y - 0.5
        soft = (
            cv2.GaussianBlur(picture, (0, 0), max(0.01, 0.35 / self.scale))
            if self.scale < 1
            else picture
        )
        at_x, at_y = np.meshgrid(columns.astype(np.float32), rows.astype(np.float32))
        found = cv2.remap(soft, at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return (int(first[0] + offset[0]), int(first[1] + offset[1])), found

    def _prepare_folds(self) -> None:
        """The cheeks as a full smile shades them: darker in the fold, lighter on the apple."""
        rows, columns = np.nonzero(self.fields.fold > 0.02)
        self.cheeks = (slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1))
        shade = 1 - self.fields.fold[self.cheeks][..., None] * FOLD
        part = self.rgba[self.cheeks].astype(np.float32)
        part[..., :3] *= shade
        self.folded = np.clip(part + 0.5, 0, 255).astype(np.uint8)

    def _prepare_mouth(self) -> None:
        """Masks of the two layers, and the boxes in which mouth and chin are drawn."""
        face = self.face
        soft = max(0.6, face.height * 0.0016)

        def mask(upper: bool, cut: float = 0.0) -> NDArray[np.uint8]:
            found = cv2.GaussianBlur(face.side(upper, cut), (0, 0), soft)
            return np.clip(found * 255 + 0.5, 0, 255).astype(np.uint8)

        # Open lips lose the dark line of the seam.
        self.over, self.under = mask(True), mask(False)
        self.over_open, self.under_open = mask(True, -0.0025), mask(False, 0.0055)
        rows, columns = face.shape
        y, x = np.mgrid[:rows, :columns]
        units = face.local(np.stack([x, y], -1).reshape(-1, 2))
        beside = np.abs(units[:, 0] - face.centre) / face.half_width
        between = (1 - smoothstep(0.90, 1.0, beside)) * (
            1 - smoothstep(0.25, 0.3, np.abs(units[:, 1]))
        )
        self.between = between.reshape(face.shape).astype(np.float32)
        centre, size = face.mouth, face.height
        self.chin = (
            int(max(0, centre[0] - 0.38 * size)),
            int(max(0, centre[1] - 0.12 * size)),
            int(min(columns, centre[0] + 0.38 * size)),
            int(min(rows, centre[1] + 0.50 * size)),
        )
        x0, y0, x1, y1 = self.chin
        wide, tall = x1 - x0, y1 - y0
        half = (face.half_width + 0.05) * size
        self.lips = (
            slice(
                int(max(0, centre[1] - 0.065 * size - y0)),
                int(min(tall, centre[1] + 0.155 * size - y0)),
            ),
            slice(int(max(0, centre[0] - half - x0)), int(min(wide, centre[0] + half - x0))),
        )
        side = np.minimum(np.arange(wide), np.arange(wide)[::-1]) / (0.10 * wide)
        foot = np.arange(tall)[::-1] / (0.10 * tall)
        fade = np.clip(np.minimum(side[None], foot[:, None]), 0, 1)
        self.chin_fade = (255 * fade).astype(np.uint8)
        box_tall, box_wide = (part.stop - part.start for part in self.lips)
        edge = max(3.0, 0.012 * size)
        across = np.minimum(np.arange(box_wide), np.arange(box_wide)[::-1])[None] / edge
        down = np.minimum(np.arange(box_tall), np.arange(box_tall)[::-1])[:, None] / edge
        self.box_fade = np.clip(np.minimum(across, down), 0, 1).astype(np.float32)[..., None]

    def stance(self, tracks: dict[str, float]) -> tuple[float, float]:
        """How the body stands: how far it leans to the right, and how much taller it is, per pixel above its foot."""
        lean = self.follow * sum(share * tracks[name] for name, share in LEAN.items())
        size = self.face.height / self.arm
        return lean * size, BREATH * tracks["breath"] * size

    def draw_body(self, tracks: dict[str, float], x: int, y: int, wide: int, tall: int) -> Frame:
        """A box of the body's picture without the head, breathing: premultiplied RGBA, in pixels of the plate."""
        lean, taller = self.stance(tracks)
        foot = self.foot + self.box[1]
        down = 1 / (1 + taller)
        move = np.array(
            [[1, lean * down, x + (y - foot) * lean * down], [0, down, foot + (y - foot) * down]]
        )
        return cv2.warpAffine(
            self.body,
            move,
            (wide, tall),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_CONSTANT,
        )

    def draw(
        self,
        tracks: dict[str, float],
        gauge: Gauge | None = None,
        painted: Frame | None = None,
    ) -> Frame:
        """The head for these tracks (motion.TRACKS), premultiplied RGBA of the size of `self.box`.

        painted: a picture like self.rgba that has its mouth already; then none is drawn, and the mouth's tracks are 0.
        """
        fields = self.fields
        head = fields.head(
            tracks["yaw"],
            tracks["pitch"],
            tracks["roll"],
            tracks["shift_x"],
            tracks["shift_y"],
            fields.standing(self.foot, *self.stance(tracks)),
        )
        weights, gap = fields.solve(tracks)
        above = fields.inverse(fields.above, weights, head, self.brows * tracks["brow"])
        below = fields.inverse(fields.below, weights, head, part=fields.lower)
        if gauge is not None:
            least = min(fields.determinant(above, False), fields.determinant(below, True))
            gauge.jacobian = min(gauge.jacobian, least)
            gauge.gap = max(0.0, gap)
        source = (self.rgba if painted is None else painted).copy()
        smiled = max(tracks["smile"], 0.45 * tracks["width"])
        if smiled > 0.02:
            share = min(1.0, smiled)
            part = source[self.cheeks]
            source[self.cheeks] = cv2.addWeighted(part, 1 - share, self.folded, share, 0)
        self.eyes.paint(source, tracks["blink"], tracks["gaze_x"], tracks["gaze_y"])
        fine = fields.fine(above)
        out = cv2.remap(source, fine, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        if painted is None:
            self._draw_chin(out, tracks, weights, gap, head, fine, below)
        return out

    def _draw_chin(
        self,
        out: Frame,
        tracks: dict[str, float],
        weights: dict[str, float],
        gap: float,
        head: Field,
        above: Field,
        below: Field,
    ) -> None:
        """Lays the lower lip and the chin, and the inside of the mouth, into the drawn head. above: its map, for each pixel."""
        face = self.face
        x0, y0, x1, y1 = self.chin
        chin = (slice(y0, y1), slice(x0, x1))
        of_lower, of_upper = self.fields.fine(below)[chin], above[chin]

        def taken(picture: NDArray, where: Field, method: int = cv2.INTER_LINEAR) -> NDArray:
            return cv2.remap(picture, where, None, method, borderMode=cv2.BORDER_REPLICATE)

        opened = float(np.clip((gap / face.height / face.millimetre - 0.6) / 2.0, 0, 1))

        def mask(closed: Frame, wide: Frame, where: Field) -> Frame:
            if opened < 0.01:
                return taken(closed, where)
            if opened > 0.99:
                return taken(wide, where)
            return cv2.addWeighted(taken(closed, where), 1 - opened, taken(wide, where), opened, 0)

        under = mask(self.under, self.under_open, of_lower)
        over = mask(self.over, self.over_open, of_upper)
        lower = taken(self.rgba, of_lower, cv2.INTER_CUBIC)
        upper = out[y0:y1, x0:x1]
        # Everything below the lip line from the lower layer, faded out toward the neck.
        share = cv2.multiply(under, 255 - over, scale=1 / 255)
        share = cv2.multiply(share, self.chin_fade, scale=1 / 255)
        share = cv2.merge([share] * 4)
        laid = cv2.add(
            cv2.multiply(lower, share, scale=1 / 255),
            cv2.multiply(upper, 255 - share, scale=1 / 255),
        )
        part = self.lips
        covers_below = under[part].astype(np.float32) / np.float32(255)
        covers_above = over[part].astype(np.float32) / np.float32(255)
        upper_part = upper[part][..., :3].astype(np.float32)
        lower_part = lower[part][..., :3].astype(np.float32)
        if gap > LIPS_OPEN:
            skull = np.ascontiguousarray(self.fields.fine(head)[chin][part])
            inside = self.mouth.draw(
                tracks,
                weights,
                gap / face.height,
                weights["jaw"] * self.fields.edges["jaw"][1] / face.height,
                skull,
                covers_above,
                covers_below,
            )
            between = taken(self.between, np.ascontiguousarray(of_upper[part]))[..., None]
            behind = inside * between + upper_part * (1 - between)
        else:
            behind = upper_part
        drawn = behind + (lower_part - behind) * covers_below[..., None]
        drawn = upper_part * covers_above[..., None] + drawn * (1 - covers_above[..., None])
        mixed = laid[part][..., :3] * (1 - self.box_fade) + drawn * self.box_fade
        laid[part][..., :3] = np.clip(mixed + 0.5, 0, 255).astype(np.uint8)
        out[y0:y1, x0:x1] = laid

    def fold(self, tracks: dict[str, float]) -> float:
        """The least Jacobian determinant of both layers' maps: over 0 nothing folds."""
        gauge = Gauge()
        self.draw(tracks, gauge)
        return gauge.jacobian


def _premultiplied(picture: Frame) -> NDArray[np.float32]:
    found = picture.astype(np.float32)
    found[..., :3] *= found[..., 3:] / 255
    return found


def _read(avatar: Avatar, name: str) -> Frame:
    """RGB(A) of a picture of the pack."""
    found = cv2.imread(str(avatar.folder / name), cv2.IMREAD_UNCHANGED)
    if found is None:
        raise FileNotFoundError(avatar.folder / name)
    grey, plain = found.ndim == 2, found.ndim == 3 and found.shape[2] == 3
    code = cv2.COLOR_GRAY2RGB if grey else cv2.COLOR_BGR2RGB if plain else cv2.COLOR_BGRA2RGBA
    return cv2.cvtColor(found, code)


def _cut(picture: Frame, box: tuple[int, int, int, int]) -> Frame:
    """The pixels of a box (x0, y0, x1, y1); clear where it reaches beyond the picture."""
    x0, y0, x1, y1 = box
    rows, columns = picture.shape[:2]
    part = picture[max(0, y0) : y1, max(0, x0) : x1]
    return cv2.copyMakeBorder(
        part,
        max(0, -y0), max(0, y1 - rows), max(0, -x0), max(0, x1 - columns),
        cv2.BORDER_CONSTANT, value=(0, 0, 0, 0),
    )  # fmt: skip


CACHED = (
    16_000_000  # pixels of prepared bodies that a process caches: two people at 4K, ten at 1080p
)

_preparing = threading.Lock()
_prepared: dict[tuple[Avatar, float], Portrait] = {}  # the one used last comes last


def portrait(avatar: Avatar, face: float) -> Portrait:
    """The person prepared for a face of that many pixels, cached for the next lines."""
    key = (avatar, round(face, 2))
    with _preparing:  # two lines at once prepare it once
        # Lines are drawn side by side; more threads only get in each other's way.
        cv2.setNumThreads(1)
        found = _prepared.pop(key, None)
        if found is None:
            found = Portrait(*key)
        _prepared[key] = found
        while (
            sum(one.body[..., 0].size for one in _prepared.values()) > CACHED and len(_prepared) > 1
        ):
            del _prepared[next(iter(_prepared))]
        return found
