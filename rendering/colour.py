"""Pictures as video codecs take them: YCbCr of ITU-R BT.709-6 (11/2015), 8 bits, narrow range, chroma at half the size.

Converted here and not by ffmpeg: half as many bytes go through the pipes and wait in its queues, and each picture takes less time.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from rendering.values import Frame

RED, BLUE = 0.2126, 0.0722  # of the luminance (3.2)
GREEN = 1 - RED - BLUE
NARROW = (
    np.array([219, 224, 224]) / 255
)  # from black to white, and of both colour differences (3.5)
ZERO = np.array([16, 128, 128])

BAND = 64  # rows that are converted at a time: they fit the processor's cache


def _matrix() -> NDArray[np.float64]:
    """(3, 4): R, G and B of 0..255, and 1, to Y, Cb and Cr."""
    blue, red = 2 * (1 - BLUE), 2 * (1 - RED)
    rows = np.array(
        [
            [RED, GREEN, BLUE],
            [-RED / blue, -GREEN / blue, 0.5],
            [0.5, -GREEN / red, -BLUE / red],
        ]
    )
    return np.hstack([rows * NARROW[:, None], ZERO[:, None]])


MATRIX = _matrix()
_inverse = np.linalg.inv(MATRIX[:, :3])
BACK = np.hstack([_inverse, -_inverse @ MATRIX[:, 3:]])  # (3, 4): Y, Cb, Cr and 1 to R, G and B


def planes(frame: Frame) -> Iterator[memoryview]:
    """Y, Cb and Cr, and A of a frame with alpha (straight), one after another: ffmpeg's yuv420p and yuva420p.

    frame: (rows, columns, 3 or 4), both even. A chroma sample lies in the column of left luma samples, between two rows
    (H.273, type 0).
    """
    rows, columns = frame.shape[:2]
    luma = np.empty((rows, columns), np.uint8)
    chroma = [np.empty((rows // 2, columns // 2), np.uint8) for _ in range(2)]
    for first in range(0, rows, BAND):
        band = slice(first, min(first + BAND, rows))
        luma[band], *whole = cv2.split(cv2.transform(frame[band, :, :3], MATRIX))
        half = slice(band.start // 2, band.stop // 2)
        for plane, made in zip(whole, chroma, strict=True):
            # The mean of the pairs to the right and to the left of the sample weighs the columns 1, 2, 1.
            size = (columns // 2, half.stop - half.start)
            right = cv2.resize(plane, size, interpolation=cv2.INTER_AREA)
            shifted = cv2.copyMakeBorder(plane, 0, 0, 1, 0, cv2.BORDER_REPLICATE)[:, :columns]
            left = cv2.resize(shifted, size, interpolation=cv2.INTER_AREA)
            made[half] = cv2.addWeighted(right, 0.5, left, 0.5, 0)
    yield luma.data
    yield from (plane.data for plane in chroma)
    if frame.shape[2] == 4:
        yield cv2.extractChannel(frame, 3).data


def picture(raw: NDArray[np.uint8]) -> Frame:
    """RGB (rows, columns, 3) of ffmpeg's yuv420p: (rows * 3 / 2, columns), both even. Chroma lies as in `planes`;
    linear between."""
    rows, half = raw.shape[0] * 2 // 3, raw.shape[1] // 2
    chroma = [
        cv2.resize(plane, (half, rows), interpolation=cv2.INTER_LINEAR)
        for plane in raw[rows:].reshape(2, rows // 2, half)
    ]
    found = np.empty((rows, 2 * half, 3), np.uint8)
    for first in range(0, rows, BAND):
        band = slice(first, min(first + BAND, rows))
        whole = []
        for plane in chroma:
            left = plane[band]
            right = cv2.copyMakeBorder(left, 0, 0, 0, 1, cv2.BORDER_REPLICATE)[:, 1:]
            between = cv2.addWeighted(left, 0.5, right, 0.5, 0)
            whole.append(cv2.merge([left, between]).reshape(-1, 2 * half))
        cv2.transform(cv2.merge([raw[band], *whole]), BACK, dst=found[band])
    return found
