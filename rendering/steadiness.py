"""Does anything jump, shimmer or slide? Read back from the pictures of a film, by optical flow.

Each picture is compared with the one before it, moved along by dense optical flow (DIS: Kroeger, Timofte, Dai and Van
Gool, 2016): what is left is change that no motion explains, the warping error of video stabilisation (Lai et al.,
2018). It is measured on head, neck and shoulders without the boxes of eyes and mouth, where blinks and words change the
picture.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from rendering.values import Frame

FACE = 70.0  # pixels of a face at which pictures are compared: below the grain that a codec leaves, above what an eye follows
AROUND = (0.85, 1.05, 0.85)  # face heights beside, above and below the mouth
EYES = (33, 133, 159, 145, 70, 63, 105, 66, 107), (263, 362, 386, 374, 300, 293, 334, 296, 336)
MOUTH = (61, 291, 0, 17, 37, 267, 84, 314, 152)
MARGIN = 0.05  # face heights around those boxes

Look = tuple[NDArray[np.uint8], NDArray[np.bool_]]
"""(grey, whether eyes and mouth are elsewhere), (rows, columns) each, of one picture."""


class Watch:
    """Looks at the pictures of one film, one after another. errors: grey levels of 255, one for each pair of pictures."""

    def __init__(self) -> None:
        self.errors: list[float] = []
        self.first: tuple[Frame, NDArray[np.float64]] | None = None
        self.last: Look | None = None
        self._crop: tuple[float, NDArray[np.float64]] | None = None
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)

    def see(self, frame: Frame, points: NDArray[np.float64]) -> None:
        """frame: RGB. points: (478, 2 or more) landmarks in its pixels."""
        seen = self._look(frame, points[:, :2])
        if self.last is None:
            self.first = frame, points[:, :2]
        else:
            self.errors.append(unexplained(self.last, seen, self._flow))
        self.last = seen

    def leap(self, after: Watch) -> float | None:
        """Grey levels from the last picture to the first of `after`, both cut out as in this film: a tracker puts two
        films up to a third of a pixel apart. None where either has no pictures."""
        if self.last is None or after.first is None:
            return None
        return unexplained(self.last, self._look(*after.first), self._flow)

    def _look(self, frame: Frame, points: NDArray[np.float64]) -> Look:
        if self._crop is None:  # set by the first picture, for all
            scale = FACE / float(np.linalg.norm(points[10] - points[152]))
            mouth = (points[61] + points[291]) / 2 * scale
            self._crop = scale, mouth - np.array([AROUND[0], AROUND[1]]) * FACE
        scale, corner = self._crop
        size = (round(2 * AROUND[0] * FACE), round((AROUND[1] + AROUND[2]) * FACE))
        move = np.array([[scale, 0, -corner[0]], [0, scale, -corner[1]]])
        grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
        if scale < 1:
            grey = cv2.GaussianBlur(grey, (0, 0), 0.4 / scale)
        small = cv2.warpAffine(grey, move, size, borderMode=cv2.BORDER_REPLICATE)
        free = np.ones(small.shape, bool)
        for part in (*EYES, MOUTH):
            box = points[list(part)] * scale - corner
            (x0, y0), (x1, y1) = box.min(0) - MARGIN * FACE, box.max(0) + MARGIN * FACE
            free[max(0, int(y0)) : max(0, int(y1)) + 1, max(0, int(x0)) : max(0, int(x1)) + 1] = (
                False
            )
        return small, free


def unexplained(before: Look, after: Look, flow: cv2.DISOpticalFlow | None = None) -> float:
    """Mean grey levels by which `after` differs from `before` moved along by the flow; pictures of one size."""
    (old, old_free), (new, new_free) = before, after
    found = (flow or cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)).calc(
        new, old, None
    )
    rows, columns = new.shape
    x, y = np.meshgrid(np.arange(columns, dtype=np.float32), np.arange(rows, dtype=np.float32))
    came = cv2.remap(
        old, x + found[..., 0], y + found[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    free = old_free & new_free
    return float(cv2.absdiff(came, new)[free].mean())


def figures(watches: list[Watch], joined: list[bool]) -> dict[str, float]:
    """shimmer: the 99.9th percentile of all errors over their median. jump: the largest error from the end of one film to the
    beginning of the next, where `joined`, over the 95th percentile of those inside; left out where none is joined."""
    inside = np.concatenate([np.array(watch.errors) for watch in watches])
    if inside.size < 2:
        return {}
    found = {"shimmer": float(np.percentile(inside, 99.9) / max(np.median(inside), 1e-3))}
    borders = [
        leap
        for before, after, together in zip(watches, watches[1:], joined[1:], strict=False)
        if together and (leap := before.leap(after)) is not None
    ]
    if borders:
        found["jump"] = max(borders) / max(float(np.percentile(inside, 95)), 1e-3)
    return {name: round(value, 2) for name, value in found.items()}
