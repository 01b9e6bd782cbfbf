"""Where the parts of a face lie: the 478 points of the MediaPipe face mesh, and the line between the lips.

Face units: one is the height of the face (points 10 to 152), the origin lies between the corners of
the mouth, x runs to the right of the picture and y down along the face.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from rendering import colour

Points = NDArray[np.float64]

CORNERS = (61, 291)
UPPER_OUTER = [61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291]
LOWER_OUTER = [61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291]
UPPER_INNER = [78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308]
LOWER_INNER = [78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308]
UPPER_MIDDLE = [62, 183, 42, 41, 38, 12, 268, 271, 272, 407, 292]
LOWER_MIDDLE = [62, 96, 89, 179, 86, 15, 316, 403, 319, 325, 292]
UPPER_RING = [76, 184, 74, 73, 72, 11, 302, 303, 304, 408, 306]
LOWER_RING = [76, 77, 90, 180, 85, 16, 315, 404, 320, 307, 306]
MOUTH_CORNERS = (61, 291, 78, 308, 62, 292, 76, 306)
UPPER_LIP = sorted(
    {i for ring in (UPPER_OUTER, UPPER_INNER, UPPER_MIDDLE, UPPER_RING) for i in ring[1:-1]}
)
LOWER_LIP = sorted(
    {i for ring in (LOWER_OUTER, LOWER_INNER, LOWER_MIDDLE, LOWER_RING) for i in ring[1:-1]}
)
OVAL = [
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
]


class Eye(NamedTuple):
    """The points of one eye: corners, lids from corner to corner, the iris, the brow above."""

    corners: tuple[int, int]
    upper: list[int]
    lower: list[int]
    iris: int
    brow: list[int]


EYES = (
    Eye(
        corners=(33, 133),
        upper=[246, 161, 160, 159, 158, 157, 173],
        lower=[7, 163, 144, 145, 153, 154, 155],
        iris=468,
        brow=[70, 63, 105, 66, 107, 46, 53, 52, 65, 55],
    ),
    Eye(
        corners=(263, 362),
        upper=[466, 388, 387, 386, 385, 384, 398],
        lower=[249, 390, 373, 374, 380, 381, 382],
        iris=473,
        brow=[300, 293, 334, 296, 336, 276, 283, 282, 295, 285],
    ),
)
IRIS_DISTANCE = 63.0  # millimetres between the pupils of an adult
SEAM_POINTS = 121


def smoothstep(low: float | NDArray, high: float | NDArray, value: NDArray) -> NDArray:
    """0 below `low`, 1 above `high`, smooth between; runs backwards when high < low."""
    share = np.clip((value - low) / (high - low), 0, 1)
    return share * share * (3 - 2 * share)


LUMINANCE = np.array([colour.RED, colour.GREEN, colour.BLUE])
COLOURED = (
    4.0  # spread of colour over a face, CIE Lab: with less, a photo is black and white, or toned
)


def tone(picture: NDArray[np.uint8], points: Points) -> NDArray[np.float64] | None:
    """The one tone, as red, green and blue of a light of 1, of a face without colours; None for one in colour.

    picture: RGB. points: landmarks, pixels of it. Lips, whites of the eyes and skin differ in colour on every face in colour.
    """
    mask = np.zeros(picture.shape[:2], np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(np.round(points[OVAL, :2]).astype(np.int32)), 1)
    x, y, wide, tall = cv2.boundingRect(mask)
    part = picture[y : y + tall, x : x + wide][mask[y : y + tall, x : x + wide] > 0]
    if not len(part):
        return None
    lab = cv2.cvtColor(part[None].astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[0]
    middle = lab[(lab[:, 0] > 20) & (lab[:, 0] < 90), 1:]
    if len(middle) < 50 or float(np.hypot(*middle.std(0))) >= COLOURED:
        return None
    mean = part.mean(0)
    return mean / float(mean @ LUMINANCE)


def toned(colours: NDArray, to: NDArray | None) -> NDArray:
    """The colours (…, 3), their light in the one tone of `tone`; as they are for None."""
    if to is None:
        return colours
    return ((colours @ LUMINANCE)[..., None] * to).astype(colours.dtype)


CHEEKS = [205, 425, 50, 280]


class Face:
    """A neutral face with its mouth closed: axes, size, and the seam between its lips.

    rgb: uint8 (height, width, 3). points: (478, 3) pixels of it, z negative toward the viewer. white: RGB of what is white in
    this light, if it is known better than from the eyes.
    """

    def __init__(
        self, rgb: NDArray[np.uint8], points: Points, white: NDArray[np.float64] | None = None
    ) -> None:
        self.rgb = rgb
        self._white = white
        self.shape = rgb.shape[:2]
        self.points = points
        self.flat = points[:, :2].astype(float)
        down = self.flat[152] - self.flat[10]
        self.height = float(np.linalg.norm(down))
        self.down = down / self.height
        self.right = np.array([self.down[1], -self.down[0]])
        self.mouth = (self.flat[61] + self.flat[291]) / 2
        pupils = self.flat[EYES[0].iris] - self.flat[EYES[1].iris]
        self.millimetre = float(np.linalg.norm(pupils)) / IRIS_DISTANCE / self.height
        self.tone = tone(rgb, points)
        self._find_seam()

    def local(self, points: NDArray) -> NDArray:
        """Pixels -> face units."""
        away = np.asarray(points, float) - self.mouth
        return np.stack([away @ self.right, away @ self.down], -1) / self.height

    @property
    def level(self) -> NDArray:
        """Unit vectors [2, 2] along the line of eyes and lips, and down from it.

        Where a head is turned, forehead and chin are not above each other, and `right` leans by up to 10 degrees.
        """
        ends = self.flat[[263, 291]] - self.flat[[33, 61]]
        across = (ends / np.linalg.norm(ends, axis=1, keepdims=True)).sum(0)
        across /= np.linalg.norm(across)
        return np.stack([across, [-across[1], across[0]]])

    def place(self, units: NDArray) -> NDArray:
        """Face units -> pixels."""
        size = np.asarray(units, float) * self.height
        return self.mouth + size[..., :1] * self.right + size[..., 1:] * self.down

    def _find_seam(self) -> None:
        """The darkest path between the middles of the lips: the tracker's own line is 1 % of a face off."""
        left, right = self.local(self.flat[[61, 291]])[:, 0]
        across = np.linspace(left, right, SEAM_POINTS)

        def height_of(ring: list[int]) -> NDArray:
            line = self.local(self.flat[ring])
            return np.interp(across, line[:, 0], line[:, 1])

        above, below = height_of(UPPER_RING), height_of(LOWER_RING)
        middle = (height_of(UPPER_INNER) + height_of(LOWER_INNER)) / 2
        steps = 41
        share = np.linspace(-1, 1, steps)
        room = 0.55 * np.minimum(middle - above, below - middle).clip(0.004) + 0.002
        heights = middle[:, None] + share * room[:, None]
        grid = np.stack([np.repeat(across[:, None], steps, 1), heights], -1)
        where = self.place(grid).astype(np.float32)
        grey = cv2.cvtColor(self.rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)
        grey = cv2.GaussianBlur(grey, (0, 0), max(0.5, self.height * 0.0025))
        light = cv2.remap(grey, where[..., 0], where[..., 1], cv2.INTER_LINEAR)
        cost = (light - light.mean(1, keepdims=True)) / (light.std() + 1e-6) + 0.25 * share**2

        best, came = cost.copy(), np.zeros(cost.shape, int)
        for column in range(1, SEAM_POINTS):
            for row in range(steps):
                first = max(0, row - 2)
                near = best[column - 1, first : row + 3]
                bend = 0.06 * np.abs(np.arange(first, first + near.size) - row)
                chosen = int(np.argmin(near + bend)) + first
                came[column, row] = chosen
                best[column, row] = cost[column, row] + best[column - 1, chosen]
        row = int(np.argmin(best[-1]))
        path = [row]
        for column in range(SEAM_POINTS - 1, 0, -1):
            row = came[column, row]
            path.append(row)
        chosen_rows = np.array(path[::-1])
        self.seam_x = across
        self.seam_y = gaussian_filter(heights[np.arange(SEAM_POINTS), chosen_rows], 2.0)
        self.half_width = float(right - left) / 2
        self.centre = float(right + left) / 2

    def seam(self, x: NDArray | float) -> NDArray:
        """Height of the seam at x, face units; level beyond the corners."""
        return np.interp(x, self.seam_x, self.seam_y)

    def side(self, upper: bool, cut: float = 0.0) -> NDArray[np.float32]:
        """1 above (or below) the seam, 0 beyond it; `cut` moves the border, in face units."""
        x = np.linspace(-2, 2, 801)
        bulge = np.clip(1 - ((x - self.centre) / self.half_width) ** 4, 0, 1)
        line = self.place(np.stack([x, self.seam(x) + cut * bulge], 1))
        far = -3.0 if upper else 3.0
        outline = np.concatenate([line, self.place(np.array([[2, far], [-2, far]]))])
        mask = np.zeros(self.shape, np.uint8)
        cv2.fillPoly(mask, [np.round(outline * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
        return mask.astype(np.float32) / np.float32(255)

    @property
    def enamel_known(self) -> bool:
        """Whether `white` is the light of teeth, and not of the whites of the eyes."""
        return self._white is not None

    def white(self) -> NDArray[np.float64]:
        """RGB 0..255 of what is white in this light: how light the scene is, and of which colour."""
        return self.sclera() if self._white is None else self._white

    def cheeks(self) -> NDArray[np.float64]:
        """RGB 0..255 of the skin beside nose and mouth."""
        half = max(2, round(0.03 * self.height))
        found = []
        for x, y in np.round(self.flat[CHEEKS]).astype(int):
            part = self.rgb[max(0, y - half) : y + half, max(0, x - half) : x + half]
            if part.size:
                found.append(np.median(part.reshape(-1, 3), 0))
        return np.median(found, 0) if found else np.full(3, 150.0)

    def lips(self) -> NDArray[np.float64]:
        """RGB 0..255 of the lips."""
        mask = np.zeros(self.shape, np.uint8)
        outline = self.flat[[*UPPER_OUTER, *LOWER_OUTER[::-1]]]
        cv2.fillPoly(mask, [np.round(outline).astype(np.int32)], 1)
        inside = self.rgb[mask > 0]
        return np.median(inside, 0) if len(inside) else np.array([150.0, 80.0, 80.0])

    def sclera(self) -> NDArray[np.float64]:
        """RGB 0..255 of the whites of the eyes."""
        found = []
        for eye in EYES:
            first, last = eye.corners
            outline = self.flat[[first, *eye.upper, last, *eye.lower[::-1]]]
            mask = np.zeros(self.shape, np.uint8)
            cv2.fillPoly(mask, [np.round(outline).astype(np.int32)], 1)
            inside = self.rgb[mask > 0].astype(float)
            if len(inside) > 8:
                light = inside.mean(1)
                found.append(inside[light >= np.percentile(light, 80)].mean(0))
        return np.mean(found, 0) if found else np.full(3, 190.0)
