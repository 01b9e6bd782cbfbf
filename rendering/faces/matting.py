"""A person cut out of a photo: a network's rough masks, a trimap, and the closed-form matte between.

Sources: MediaPipe Selfie Segmentation (the rough mask), Levin, Lischinski and Weiss, "A closed-form solution to natural
image matting" (2008; the Laplacian), Forte and Pitié, "Approximate fast foreground colour estimation" (2021).
"""

from __future__ import annotations

import functools
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from rendering.faces.geometry import smoothstep
from rendering.values import Frame

if TYPE_CHECKING:
    from ai_edge_litert.interpreter import Interpreter

NETWORK = Path(__file__).resolve().parent.parent / "assets/matting/selfie_segmentation.tflite"
READ = 256  # side of the square that the network reads, pixels
SOLVED = 640  # pixels of the long side at which the matte is solved; finer detail comes by a guided filter
EPSILON = 1e-5  # Levin's regularisation, for colours of 0..1
HAIR, BODY = (
    (0.04, 0.04),
    (0.03, 0.035),
)  # of a face height: how far inside and outside the rough edge nothing is sure
KNOWN = 100.0  # weight of what the trimap knows
PULL, MAYBE = (
    0.003,
    0.3,
)  # weight of the rough mask at the hair; below it is a no and above one less it a yes
LOOKS = ((1.6, 1.4, 1.6), (1.0, 1.0, 0.9))
"""Face heights beside, above and below the middle of the face: parts in which the network looks again, and closer."""
MELTED = 0.25  # of a face height over which such a part goes over into the whole

Alpha = NDArray[np.float32]

_lock = threading.Lock()


@functools.cache
def _network() -> Interpreter:
    from ai_edge_litert.interpreter import Interpreter

    made = Interpreter(model_path=str(NETWORK), num_threads=2)
    made.allocate_tensors()
    return made


def rough(picture: Frame) -> Alpha:
    """How surely each pixel is of a person, 0..1, (rows, columns) of an RGB picture; soft within a few pixels in 256."""
    small = cv2.resize(picture, (READ, READ), interpolation=cv2.INTER_AREA)
    with _lock:
        network = _network()
        network.set_tensor(
            network.get_input_details()[0]["index"], (small.astype(np.float32) / 255)[None]
        )
        network.invoke()
        found = network.get_tensor(network.get_output_details()[0]["index"])[0, :, :, 0].copy()
    rows, columns = picture.shape[:2]
    return np.clip(cv2.resize(found, (columns, rows), interpolation=cv2.INTER_CUBIC), 0, 1)


def closer(picture: Frame, face: NDArray[np.float64]) -> Alpha:
    """rough(), looked at twice, mirrored as well, and again closer around the head, where the network sees hair better."""

    def both(part: Frame) -> Alpha:
        mirrored = np.ascontiguousarray(part[:, ::-1])
        total = rough(np.ascontiguousarray(part)) + rough(mirrored)[:, ::-1]
        return np.asarray(total / 2, np.float32)

    rows, columns = picture.shape[:2]
    tall = float(np.linalg.norm(face[10, :2] - face[152, :2]))
    x, y = face[:, :2].mean(0)
    found = both(picture)
    for beside, above, below in LOOKS:
        left, right = int(max(0, x - beside * tall)), int(min(columns, x + beside * tall))
        top, bottom = int(max(0, y - above * tall)), int(min(rows, y + below * tall))
        # Where the part ends with the picture there is nothing to go over into.
        across, down = (
            np.minimum(
                np.arange(end - start) + (0 if start else 1e6),
                np.arange(end - start)[::-1] + (0 if end < whole else 1e6),
            )
            for start, end, whole in ((left, right, columns), (top, bottom, rows))
        )
        share = np.minimum(1, np.minimum.outer(down, across) / (MELTED * tall)).astype(np.float32)
        part = found[top:bottom, left:right]
        part += (both(picture[top:bottom, left:right]) - part) * share
    return found


def trimap(mask: Alpha, face: NDArray[np.float64]) -> Alpha:
    """0, 1, or 0.5 where it is not known, from the rough mask: a wide band at the hair, a narrow one below the chin.

    face: (478, 3) landmarks in pixels of the mask, which say where the hair may be and how large it is.
    """
    high = float(np.linalg.norm(face[10, :2] - face[152, :2]))
    rows = np.arange(mask.shape[0])[:, None]
    chin = face[152, 1]
    found = np.full(mask.shape, 0.5, np.float32)

    def band(inside: float, outside: float) -> tuple[NDArray, NDArray]:
        def disc(radius: float) -> NDArray:
            side = max(3, 2 * round(radius) + 1)
            return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))

        sure = cv2.erode((mask > 0.90).astype(np.uint8), disc(inside * high))
        maybe = cv2.dilate((mask > 0.10).astype(np.uint8), disc(outside * high))
        return sure > 0, maybe == 0

    hair, body = band(*HAIR), band(*BODY)
    above = rows < chin
    found[np.where(above, hair[0], body[0])] = 1
    found[np.where(above, hair[1], body[1])] = 0
    # The face itself is never in doubt.
    oval = cv2.convexHull(np.round(face[:, :2]).astype(np.int32))
    sure = np.zeros(mask.shape, np.uint8)
    cv2.fillConvexPoly(sure, oval, 1)
    side = max(3, 2 * round(0.03 * high) + 1)
    sure = cv2.erode(sure, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
    found[(sure > 0) & (mask > 0.3)] = 1
    return found


def solve(picture: Frame, known: Alpha, mask: Alpha, chin: float) -> Alpha:
    """The matte, 0..1, of an RGB picture whose trimap is `known`: the closed-form solution, on what is unknown.

    Above the row `chin` the rough mask pulls a little: a patch of the room that touches nothing certain would stay half
    with the hair. At the body the colours tell more than the mask.
    """
    from scipy.sparse import coo_matrix, diags
    from scipy.sparse.linalg import spsolve

    colours = picture.astype(np.float64) / 255
    unknown = known == 0.5
    if not unknown.any():
        return known
    # Windows of 3 x 3 that touch an unknown pixel.
    touched = cv2.dilate(unknown.astype(np.uint8), np.ones((3, 3), np.uint8))
    touched[[0, -1]] = 0
    touched[:, [0, -1]] = 0
    centre_y, centre_x = np.nonzero(touched)
    offset = np.array([(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1)])
    at_y, at_x = centre_y[:, None] + offset[:, 0], centre_x[:, None] + offset[:, 1]
    window = colours[at_y, at_x]  # (windows, 9, 3)
    away = window - window.mean(1, keepdims=True)
    spread = np.einsum("wij,wik->wjk", away, away) / 9 + EPSILON / 9 * np.eye(3)
    likeness = (1 + np.einsum("wij,wjk,wlk->wil", away, np.linalg.inv(spread), away)) / 9
    share = np.eye(9) - likeness

    used = np.full(known.shape, -1)
    inside = np.zeros(known.shape, bool)
    inside[at_y.ravel(), at_x.ravel()] = True
    inside |= unknown
    used[inside] = np.arange(inside.sum())
    index = used[at_y, at_x]  # (windows, 9)
    count = int(inside.sum())
    first, second = np.repeat(index, 9, axis=1).ravel(), np.tile(index, (1, 9)).ravel()
    laplacian = coo_matrix((share.ravel(), (first, second)), shape=(count, count)).tocsr()
    pull = np.where(np.arange(len(known)) < chin, PULL, 0.0)[:, None]
    certain = np.where(unknown, pull, KNOWN)[inside]
    goal = np.where(unknown, smoothstep(MAYBE, 1 - MAYBE, mask), known)[inside]
    matrix = laplacian + diags(certain)
    # Solved directly: conjugate gradients crawl on this matrix and leave a halo.
    found = spsolve(matrix.tocsc(), certain * goal)
    alpha = known.astype(np.float32).copy()
    alpha[inside] = np.where(unknown[inside], np.clip(found, 0, 1), known[inside])
    return alpha


def matte(picture: Frame, face: NDArray[np.float64]) -> Alpha:
    """The person's alpha, 0..1, (rows, columns) of an RGB picture with these landmarks."""
    rows, columns = picture.shape[:2]
    scale = min(1.0, SOLVED / max(rows, columns))
    size = (max(1, round(columns * scale)), max(1, round(rows * scale)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    points = face * scale
    mask = _attached(closer(small, points), points)
    alpha = solve(small, trimap(mask, points), mask, points[152, 1])
    # What the solver leaves as a veil of a few percent is neither hair nor skin.
    alpha = np.clip((alpha - 0.04) / 0.92, 0, 1).astype(np.float32)
    return finer(picture, small, alpha) if scale < 1 else alpha


def _attached(mask: Alpha, face: NDArray[np.float64]) -> Alpha:
    """The mask of the person whose face it is: what does not hang together with it is someone else."""
    count, labels = cv2.connectedComponents((mask > 0.5).astype(np.uint8))
    x, y = np.clip(np.round(face[1, :2]).astype(int), 0, np.array(mask.shape[::-1]) - 1)
    if count <= 2 or labels[y, x] == 0:
        return mask
    own = cv2.dilate((labels == labels[y, x]).astype(np.uint8), np.ones((15, 15), np.uint8))
    return mask * own


def finer(picture: Frame, small: Frame, alpha: Alpha) -> Alpha:
    """The matte at the picture's own size: a local linear model of the colours carries it up (guided filter)."""
    guide = small.astype(np.float32) / 255
    side = (9, 9)

    def mean(values: NDArray) -> NDArray:
        return cv2.blur(values, side)

    average, level = mean(guide), mean(alpha)
    covariance = mean(guide * alpha[..., None]) - average * level[..., None]
    spread = np.empty((*alpha.shape, 3, 3), np.float32)
    for i in range(3):
        for j in range(3):
            spread[..., i, j] = (
                mean(guide[..., i] * guide[..., j]) - average[..., i] * average[..., j]
            )
    slope = np.linalg.solve(spread + 1e-4 * np.eye(3, dtype=np.float32), covariance[..., None])[
        ..., 0
    ]
    rest = level - (slope * average).sum(-1)
    size = (picture.shape[1], picture.shape[0])
    slope, rest = (
        cv2.resize(mean(part), size, interpolation=cv2.INTER_LINEAR) for part in (slope, rest)
    )
    fine = np.clip((slope * (picture.astype(np.float32) / 255)).sum(-1) + rest, 0, 1)
    coarse = cv2.resize(alpha, size, interpolation=cv2.INTER_LINEAR)
    # Only where the coarse matte is neither: elsewhere a pattern in the cloth would show through.
    between = cv2.blur(((coarse > 0.02) & (coarse < 0.98)).astype(np.float32), (5, 5))
    return coarse + (fine - coarse) * np.clip(between * 2, 0, 1)


def foreground(picture: Frame, alpha: Alpha) -> Frame:
    """The person's own colour at each pixel, RGB: what shines through at the edges is taken out."""
    image = picture.astype(np.float32) / 255
    weight = alpha[..., None].astype(np.float32)
    front, back = image, image
    for radius in (90, 6):
        side = (radius, radius)
        share = cv2.blur(alpha, side)[..., None]
        front_mean = cv2.blur(front * weight, side) / (share + 1e-5)
        back_mean = cv2.blur(back * (1 - weight), side) / (1 - share + 1e-5)
        front = front_mean + weight * (image - weight * front_mean - (1 - weight) * back_mean)
        front, back = np.clip(front, 0, 1), back_mean
    return (front * 255 + 0.5).astype(np.uint8)
