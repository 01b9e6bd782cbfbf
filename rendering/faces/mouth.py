"""What is seen between open lips: cavity, tongue, teeth, and the shadow the lips throw on them.

The upper row is a picture (teeth.py), the lower one is drawn: tooth widths are those of dental anatomy (in millimetres,
mid line outward), foreshortened along the arch.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from rendering.faces.geometry import Face, smoothstep, toned

Picture = NDArray[np.float32]

FORESHORTENED = (1, 0.96, 0.84, 0.62, 0.45, 0.3)
LIGHT = (1, 0.97, 0.9, 0.75, 0.55, 0.36)  # a tooth farther back gets less
LOWER = {
    "width": (5.3, 5.9, 6.6, 6.6, 6.6, 8),
    "height": (8.8, 9, 10, 9, 8, 7.0),
    "edge": (0, 0.1, -0.3, 0.7, 1.3, 1.8),
}
ENAMEL = np.array([1, 0.965, 0.88])
GUM = np.array([0.62, 0.34, 0.33])
CAVITY = np.array([0.36, 0.125, 0.115])
BOUNCED = np.array([0.86, 0.80, 0.76], np.float32)
"""Light that reaches the lower teeth: less than the upper ones, and redder, from lips and tongue."""
SHOWN = 3.5  # millimetres of upper teeth below the line of closed lips, at most
EDGE_BELOW_SEAM = 1.8  # millimetres from the seam down to the upper biting edge
CORNER = 0.75  # millimetres
ROUND = 0.3, 1.0  # rounding from which on teeth are hidden, and at which they are
HIDDEN = 0.7  # share of them that is lost then
TUCKED_UP = 3.5  # millimetres by which round lips cover more of the upper teeth
DIM = 0.42  # of the lips' light: what is between them at the corners
TIP_SEEN = 0.6  # of the tongue's raising: from there on its tip is before the lower teeth


@dataclass(frozen=True)
class Sprite:
    """RGBA (float, 0..255 and 0..1) with its origin in face units and its pixels per face unit."""

    rgba: Picture
    origin: NDArray[np.float64]
    scale: float


def _lower_row(face: Face) -> Sprite:
    millimetre, scale = face.millimetre, max(600.0, face.height * 1.5)
    origin = np.array([-36, -16]) * millimetre
    width, height = (int(size * millimetre * scale) for size in (72, 32))
    white = face.white()
    tint = white / white.max() * (1 if face.enamel_known else ENAMEL)
    light = float(np.clip(white.mean() * 1.12, 120, 215))
    rows = (np.arange(height) / scale + origin[1]) / millimetre
    columns = (np.arange(width) / scale + origin[0]) / millimetre
    colour = np.zeros((height, width, 3), np.float32)
    alpha = np.zeros((height, width), np.float32)
    toward = -1  # from the root to the edge
    bend = np.linspace(0, np.pi / 2, 8)
    for side in (1, -1):
        x = 0.0
        for number in range(6):
            wide = LOWER["width"][number] * FORESHORTENED[number]
            left, right = x + 0.05, x + wide - 0.05
            x += wide
            edge = LOWER["edge"][number]
            root = edge - toward * LOWER["height"][number]
            round_ = min(CORNER, wide * 0.18)
            outline = [(left + wide * 0.07, root), (left, edge - toward * round_ * 1.6)]
            outline += [
                (left + round_ * (1 - np.cos(a)), edge - toward * round_ * (1 - np.sin(a)))
                for a in bend
            ]
            outline += [
                (right - round_ * (1 - np.sin(a)), edge - toward * round_ * (1 - np.cos(a)))
                for a in bend
            ]
            outline += [(right, edge - toward * round_ * 1.6), (right - wide * 0.07, root)]
            points = np.array(outline) * (side, 1)
            pixels = np.round((points * millimetre - origin) * scale * 16).astype(np.int32)
            mask = np.zeros((height, width), np.uint8)
            cv2.fillPoly(mask, [pixels], 255, cv2.LINE_AA, 4)
            covered = mask / np.float32(255)
            toward_edge = np.clip((rows - root) / (edge - root), 0, 1)
            off_middle = np.abs(columns - side * (x - wide / 2)) / (wide / 2)
            shade = (LIGHT[number] * (0.80 + 0.20 * smoothstep(0, 0.6, toward_edge)))[:, None]
            shade = shade * (1 - 0.22 * np.clip(off_middle, 0, 1) ** 3)[None]
            painted = tint * light * shade[..., None]
            colour = colour * (1 - covered[..., None]) + painted * covered[..., None]
            alpha = np.maximum(alpha, covered)
    gums = rows > 7.6
    gum = np.repeat(gums[:, None], width, 1) * 0.9 * (np.abs(columns) < 30)
    gum = cv2.GaussianBlur(gum.astype(np.float32), (0, 0), scale * millimetre * 0.5)
    colour = colour * (1 - gum[..., None]) + GUM * light * gum[..., None]
    alpha = np.maximum(alpha, gum)
    soft = scale * millimetre * 0.28
    spread = cv2.GaussianBlur(alpha, (0, 0), soft * 0.7)[..., None]
    colour = cv2.GaussianBlur(colour.astype(np.float32), (0, 0), soft * 0.7)
    colour = np.where(spread > 1e-3, colour / np.maximum(spread, 1e-3), colour)
    gaps = cv2.GaussianBlur(alpha, (0, 0), soft)
    colour = np.clip(colour * (0.55 + 0.45 * gaps[..., None]), 0, 255)
    return Sprite(np.dstack([colour, gaps]).astype(np.float32), origin, scale)


def _tongue(face: Face, half: float, tall: float) -> Sprite:
    """A tongue seen from the front, its upper edge near 0: half its width and its height in millimetres."""
    millimetre, scale = face.millimetre, max(400.0, face.height)
    origin = np.array([-26, -6]) * millimetre
    width, height = (int(size * millimetre * scale) for size in (52, 44))
    y, x = np.mgrid[:height, :width]
    x, y = (x / scale + origin[0]) / millimetre, (y / scale + origin[1]) / millimetre
    radius = np.sqrt((x / half) ** 2 + ((y - tall - 1) / tall) ** 2)
    light = float(np.clip(face.white().mean(), 70, 200))
    shade = 1.0 - 0.34 * radius**2
    shade -= 0.10 * np.exp(-((x / 2.4) ** 2)) * smoothstep(1.5, 6, y)  # the groove
    rough = np.random.default_rng(1).normal(0, 1, (height, width)).astype(np.float32)
    shade += 0.3 * cv2.GaussianBlur(rough, (0, 0), 0.45 * millimetre * scale) * radius.clip(0, 1)
    colour = np.stack([0.80 * shade, 0.43 * shade, 0.42 * shade], -1)
    wet = np.exp(-(((np.abs(x) - 0.34 * half) / (0.22 * half)) ** 2) - ((y - 3.2) / 1.3) ** 2)
    wet += 0.6 * np.exp(-(((x - 0.05 * half) / (0.16 * half)) ** 2) - ((y - 5.4) / 1.0) ** 2)
    colour = (colour + 0.16 * wet[..., None]) * light
    alpha = 1 - smoothstep(0.88, 1.02, radius)
    return Sprite(np.dstack([colour, alpha]).astype(np.float32), origin, scale)


def _over(under: Picture, over: Picture) -> Picture:
    alpha = over[..., 3:]
    return under * (1 - alpha) + over[..., :3] * alpha


class Mouth:
    """Draws the inside of the mouth of one face."""

    def __init__(self, face: Face, upper: tuple[tuple[int, int], Picture]) -> None:
        """upper: the corner and RGBA 0..255 of the upper teeth, in the face's picture."""
        self.face = face
        self.across, self.down = face.level.astype(np.float32)
        corner, row = upper
        row = np.dstack([row[..., :3], row[..., 3:] / 255]).astype(np.float32)
        self.upper = (np.array(corner, np.float32) + self._raise(np.array(corner), row), row)
        self.lower, self.tongue = _lower_row(face), _tongue(face, 21, 15)
        self.tip = _tongue(face, 14, 9)
        self.light = float(np.clip(face.white().mean(), 110, 210))
        self.dim = (DIM * face.lips() / 0.75).astype(np.float32)
        seam = float(face.seam(face.centre))
        middle = np.array([face.centre, seam + EDGE_BELOW_SEAM * face.millimetre])
        self.middle = face.place(middle).astype(np.float32)

    def _raise(self, corner: NDArray, row: Picture) -> NDArray[np.float32]:
        """Pixels by which the row is lifted: its edge hangs SHOWN below closed lips at most, or round lips would bare it."""
        face = self.face
        rows, columns = np.nonzero(row[..., 3] > 0.5)
        seam = face.place(np.array([face.centre, float(face.seam(face.centre))]))
        away = (np.stack([columns, rows], 1) + corner - seam) / face.height
        middle = np.abs(away @ self.across) < 8 * face.millimetre
        if not middle.any():
            return np.zeros(2, np.float32)
        edge = float(np.percentile(away[middle] @ self.down, 98))
        more = max(0.0, edge - SHOWN * face.millimetre)
        return (-more * face.height * self.down).astype(np.float32)

    def draw(
        self,
        tracks: dict[str, float],
        weights: dict[str, float],
        gap: float,
        jaw_drop: float,
        skull: Picture,
        above: Picture,
        below: Picture,
    ) -> Picture:
        """RGB (rows, columns, 3), 0..255, of a small box.

        gap and jaw_drop in face units; skull: source pixels of the box under the head's turn alone;
        above, below: how far the upper and the lower lip cover each pixel, 0..1.
        """
        face, millimetre = self.face, self.face.millimetre
        away = (skull - self.middle) / np.float32(face.height)
        x, y = away @ self.across, away @ self.down
        beside = np.clip(np.abs(x) / face.half_width, 0, 1)
        depth = np.clip(0.75 + 0.4 * np.clip(y / 0.05, 0, 1), 0, 1) * (1 - 0.25 * beside**2)
        inside = (CAVITY * self.light).astype(np.float32) * depth[..., None]

        def laid(sprite: Sprite, down: float = 0.0) -> Picture:
            at_x = (x - sprite.origin[0]) * sprite.scale
            at_y = (y - down - sprite.origin[1]) * sprite.scale
            return cv2.remap(
                sprite.rgba, at_x.astype(np.float32), at_y.astype(np.float32), cv2.INTER_LINEAR
            )

        # The tongue lies behind the lower teeth, its back rises with the tip; an open mouth lets light fall on it.
        raised = tracks["tongue"]
        lit = 0.55 + 0.16 * raised + 0.17 * min(1.0, gap / millimetre / 11)
        tongue = laid(self.tongue, jaw_drop * 0.30 - (1.6 + 1.6 * raised) * millimetre)
        tongue[..., :3] *= lit
        inside = _over(inside, tongue)
        # Round lips stand out before the teeth, which are lost in the dark behind them.
        bare = 1 - HIDDEN * float(smoothstep(*ROUND, np.asarray(weights["pucker"])))
        lower = laid(self.lower, jaw_drop * 0.92 - 2.2 * millimetre)
        lower[..., :3] *= BOUNCED
        lower[..., 3] *= bare
        inside = _over(inside, lower)
        if raised > TIP_SEEN:
            # The tip comes up to the upper teeth, before the lower ones.
            tip = laid(self.tip, jaw_drop * 0.18 - 1.2 * raised * millimetre)
            tip[..., :3] *= lit + 0.20
            tip[..., 3] *= min(1.0, (raised - TIP_SEEN) / 0.2)
            inside = _over(inside, tip)
        corner, row = self.upper
        # Round lips cover the upper teeth; what they leave to be seen is in the dark behind them.
        lift = TUCKED_UP * millimetre * face.height * float(np.clip(weights["pucker"], 0, 1))
        row = cv2.remap(row, skull - corner + lift * self.down, None, cv2.INTER_LINEAR)
        row[..., 3] *= bare
        inside = _over(inside, row)
        # Pushed out, the lips leave the teeth behind in the dark.
        inside = inside * np.float32(1 - 0.30 * np.clip(weights["pucker"], 0, 1))

        soft = max(0.8, 0.0065 * face.height)
        from_above = cv2.GaussianBlur(above, (0, 0), soft)
        from_below = cv2.GaussianBlur(below, (0, 0), soft * 0.8)
        # The upper row brings a part of its shadow along.
        shadow = 1 - 0.42 * np.clip(from_above * 1.3, 0, 1) - 0.20 * np.clip(from_below * 1.2, 0, 1)
        corners = 1 - 0.15 * smoothstep(0.5, 1.0, beside)
        opened = min(1.0, 0.70 + 0.30 * gap / millimetre / 4)
        # Where the lips part at the corners they show themselves, in shade, and no hole.
        share = smoothstep(0.72, 1.02, beside)[..., None].astype(np.float32)
        inside = inside * (1 - share) + self.dim * share
        inside = toned(inside, face.tone)
        return inside * (shadow.clip(0.5, 1) * corners * opened)[..., None].astype(np.float32)
