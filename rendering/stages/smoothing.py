"""Stage 6, smoothing: less flicker in frames that were made one by one, without loss of sharpness.

Frames that are pure functions of time (the portrait engine's) pass untouched and are only measured. The others are
blended with their neighbours where nothing moves, which removes what alternates from frame to frame: each
result depends on one frame before and one after, inside the segment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from rendering.values import Frame

SMALL = 96  # pixels of the width at which frames are measured
STILL = 6.0  # grey levels: what changes less from frame to frame is flicker, not motion
SHARPNESS_EVERY = 12  # frames between two looks at the sharpness


class Smoothed:
    """The frames, once; afterwards `figures` holds what was measured.

    flicker: mean change of the still parts' light against the frames around, in grey levels; jitter: the same
    for edges; sharpness: variance of the Laplacian, in grey levels squared; filtered: 1 if a filter ran.
    """

    def __init__(self, frames: Iterable[Frame], *, pure: bool) -> None:
        self.pure = pure
        self.source = frames
        self.figures: dict[str, float] = {}

    def __iter__(self) -> Iterator[Frame]:
        meter = _Meter()
        for frame in self.source if self.pure else _filtered(self.source):
            meter.see(frame)
            yield frame
        self.figures = {"filtered": float(not self.pure), **meter.figures()}


def run(frames: Iterable[Frame], *, pure: bool, fps: int) -> Smoothed:
    """Frames to frames, as many and of the same size. `pure`: each depends on its own moment alone."""
    del fps  # the filter's reach is one frame to either side, at any rate
    return Smoothed(frames, pure=pure)


def _filtered(frames: Iterable[Frame]) -> Iterator[Frame]:
    """Each frame with its two neighbours; the first and the last have one and stay as they are."""
    before: Frame | None = None
    now: Frame | None = None
    for after in frames:
        if now is not None:
            yield now if before is None else _between(before, now, after)
            before = now
        now = after
    if now is not None:
        yield now


def _between(before: Frame, now: Frame, after: Frame) -> Frame:
    """Weights 1, 2, 1 over the three, fading to `now` alone where the picture moves."""
    around = cv2.addWeighted(before, 0.5, after, 0.5, 0)
    blend = cv2.addWeighted(now, 0.5, around, 0.5, 0)
    change = cv2.cvtColor(cv2.absdiff(before, after), cv2.COLOR_RGB2GRAY).astype(np.float32)
    still = np.clip(2 - cv2.blur(change, (9, 9)) / STILL, 0, 1)[..., None]
    return (now + (blend - now.astype(np.float32)) * still + 0.5).astype(np.uint8)


class _Meter:
    """Looks at small grey copies, so that it costs next to nothing."""

    def __init__(self) -> None:
        self.last: list[NDArray[np.float32]] = []
        self.flicker: list[float] = []
        self.jitter: list[float] = []
        self.sharp: list[float] = []
        self.count = 0

    def see(self, frame: Frame) -> None:
        height = max(2, round(frame.shape[0] * SMALL / frame.shape[1]))
        grey = cv2.resize(frame[..., 1], (SMALL, height), interpolation=cv2.INTER_NEAREST)
        self.last = [*self.last[-2:], grey.astype(np.float32)]
        if len(self.last) == 3:
            before, now, after = self.last
            odd = np.abs(now - (before + after) / 2)
            still = np.abs(after - before) < STILL
            self.flicker.append(float(odd[still].mean()) if still.any() else 0.0)
            edges = [cv2.Sobel(one, cv2.CV_32F, 1, 0) for one in (before, now, after)]
            odd_edges = np.abs(edges[1] - (edges[0] + edges[2]) / 2)
            self.jitter.append(float(odd_edges[still].mean()) if still.any() else 0.0)
        if self.count % SHARPNESS_EVERY == 0:
            self.sharp.append(sharpness(frame))
        self.count += 1

    def figures(self) -> dict[str, float]:
        def mean(values: list[float]) -> float:
            return round(float(np.mean(values)), 4) if values else 0.0

        return {
            "flicker": mean(self.flicker),
            "jitter": mean(self.jitter),
            "sharpness": mean(self.sharp),
        }


def sharpness(frame: Frame) -> float:
    """Variance of the Laplacian of the green channel (Pech-Pacheco et al., 2000)."""
    return float(cv2.Laplacian(frame[..., 1], cv2.CV_32F).var())
