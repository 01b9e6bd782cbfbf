"""A person cut out of a photo: a network's rough masks, a trimap, and the closed-form matte between, led by colours.

Sources: MediaPipe Selfie Segmentation (the rough mask), Levin, Lischinski and Weiss, "A closed-form solution to natural
image matting" (2008; the Laplacian), Wang and Cohen, "Optimized color sampling for robust matting" (2007; known colours as a
data term), Germer, Uelwer, Conrad and Harmeling, "Fast multi-level foreground estimation" (2020).
"""

from __future__ import annotations

import functools
import math
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from rendering.faces.brush import Marks
from rendering.faces.geometry import smoothstep
from rendering.values import Frame

if TYPE_CHECKING:
    from ai_edge_litert.interpreter import Interpreter

NETWORK = Path(__file__).resolve().parent.parent / "assets/matting/selfie_segmentation.tflite"
READ = 256  # side of the square that the network reads, pixels
SOLVED = 220  # pixels of a face's height at which the matte is solved; finer detail comes by a guided filter
EPSILON = 1e-6  # Levin's regularisation, for colours of 0..1
HAIR, BODY = (0.04, 0.04), (0.03, 0.035)
"""Of a face height: how far inside and outside the rough edge nothing is sure."""
KNOWN = 100.0  # weight of what the trimap knows
PULL = 0.003  # weight of the rough mask above the chin, where colours do not decide
MAYBE = 0.3  # below it the mask means no, above 1 - MAYBE it means yes
TEMPLES = 0.32, 0.09
"""Face heights beside the face, and above and below the eyes, where glasses may stand out."""
RING = 0.2  # of a face height around what is not known: known colours are sampled there
NEAREST = 4  # of them are compared with each pixel
APART = 0.15  # colour (0..1) that counts as much as a face height of distance
ALIKE = 0.03  # colours (0..1) that differ by this much may be the same surface
DOUBT = 0.05  # how wrong the rough mask may be where it is sure
COLOURS = 0.015  # weight of what the known colours say
VEIL = 0.1, 0.4  # alpha that a pixel or one beside it has to reach: below it is no hair but a veil
SURE = 0.02  # of a face height: how far around a stroke of a brush the edge may lie
EVEN = 1e-4, 0.1  # how firmly colours are tied to those beside them: always, and where alpha steps
SPREAD = 1100  # pixels of the long side up to which they are; larger pictures go on from there
LOOKS = ((1.6, 1.4, 1.6), (1.0, 1.0, 0.9))
"""Face heights beside, above and below the middle of the face: parts in which the network looks again, and closer."""
MELTED = 0.25  # of a face height over which such a part blends into the whole

Alpha = NDArray[np.float32]

_lock = threading.Lock()


@functools.cache
def _network() -> Interpreter:
    from ai_edge_litert.interpreter import Interpreter  # large: loaded when it is needed

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
    """rough() of the picture and of its mirror image, and again closer around the head, where the network sees hair
    better."""

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
        # Where the part ends with the picture there is nothing to blend into.
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
        sure = cv2.erode((mask > 0.90).astype(np.uint8), _disc(inside * high))
        maybe = cv2.dilate((mask > 0.10).astype(np.uint8), _disc(outside * high))
        return sure > 0, maybe == 0

    hair, body = band(*HAIR), band(*BODY)
    above = rows < chin
    found[np.where(above, hair[0], body[0])] = 1
    found[np.where(above, hair[1], body[1])] = 0
    # The rough mask misses what is thin, like the temples of glasses.
    found[_temples(face, high, mask.shape) & (found == 0)] = 0.5
    # The face itself is never in doubt.
    found[_oval(face, mask.shape) & (mask > 0.3)] = 1
    return found


def _oval(face: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """The face, but for its edge."""
    found = np.zeros(shape[:2], np.uint8)
    cv2.fillConvexPoly(found, cv2.convexHull(np.round(face[:, :2]).astype(np.int32)), 1)
    high = float(np.linalg.norm(face[10, :2] - face[152, :2]))
    return cv2.erode(found, _disc(0.03 * high)) > 0


def _temples(face: NDArray[np.float64], high: float, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Beside the face, at the height of the eyes."""
    found = np.zeros(shape, np.uint8)
    across = (face[454, :2] - face[234, :2]) / np.linalg.norm(face[454, :2] - face[234, :2])
    down = np.array([-across[1], across[0]])
    for corner, side, out in ((33, 234, -across), (263, 454, across)):
        eye = face[corner, :2]
        beside = float((face[side, :2] - eye) @ out)
        near, far = min(beside, 0) * out, (max(beside, 0) + TEMPLES[0] * high) * out
        rise = TEMPLES[1] * high * down
        outline = np.array([near - rise, far - rise, far + rise, near + rise]) + eye
        cv2.fillConvexPoly(found, np.round(outline).astype(np.int32), 1)
    return found > 0


def _disc(radius: float) -> NDArray[np.uint8]:
    side = max(3, 2 * round(radius) + 1)
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))


def by_colour(picture: Frame, known: Alpha, mask: Alpha, high: float) -> tuple[Alpha, Alpha]:
    """(alpha, how sure that is), 0..1 each, of what is unknown, by the colours of what is known around it.

    A pixel whose colour is that of the person nearby, and not that of the room, is of the person, and the other way round:
    so are thin things that touch nothing certain, and patches of the room. Mixed colours say nothing, nor do those of both.
    high: the face's height in pixels.
    """
    colours = picture.astype(np.float32) / 255
    unknown = known == 0.5
    where = np.argwhere(unknown)
    near = cv2.dilate(unknown.astype(np.uint8), _disc(RING * high)) > 0

    def joined(at: NDArray[np.intp]) -> NDArray[np.float32]:
        return np.hstack([colours[at[:, 0], at[:, 1]], at * np.float32(APART / high)])

    pixels = joined(where)
    away = []
    for value in (1, 0):
        samples = joined(np.argwhere((known == value) & near)[::3])
        if len(samples) < NEAREST:
            return np.zeros_like(known), np.zeros_like(known)
        _, found = cKDTree(samples).query(pixels, k=NEAREST, workers=2)
        apart = samples[found, :3] - pixels[:, None, :3]
        away.append(np.linalg.norm(apart, axis=2).mean(1))
    prior = np.clip(mask[unknown], DOUBT, 1 - DOUBT)
    odds = (away[1] ** 2 - away[0] ** 2) / (2 * ALIKE**2) + np.log(prior / (1 - prior))
    person = 1 / (1 + np.exp(-np.clip(odds, -30, 30)))
    fits = np.exp(-0.5 * (np.where(person > 0.5, *away) / ALIKE) ** 2)
    alpha, sure = np.zeros_like(known), np.zeros_like(known)
    alpha[unknown], sure[unknown] = person, (2 * person - 1) ** 2 * fits
    return alpha, sure


def solve(picture: Frame, known: Alpha, mask: Alpha, face: NDArray[np.float64]) -> Alpha:
    """The matte, 0..1, of an RGB picture whose trimap is `known`: the closed-form solution, on what is unknown.

    Where known colours decide (by_colour) they lead. Elsewhere above the chin the rough mask pulls a little: a patch of
    the room that touches nothing certain would stay half with the hair. At the body the colours say more than the mask.
    """
    from scipy.sparse import coo_matrix, diags  # large: loaded when it is needed
    from scipy.sparse.linalg import splu

    colours = picture.astype(np.float64) / 255
    unknown = known == 0.5
    if not unknown.any():
        return known
    of_colours, sure = by_colour(
        picture, known, mask, float(np.linalg.norm(face[10, :2] - face[152, :2]))
    )
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
    pull = np.where(np.arange(len(known)) < face[152, 1], PULL, 0.0)[:, None] * (1 - sure)
    lead = COLOURS * sure
    guess = (pull * smoothstep(MAYBE, 1 - MAYBE, mask) + lead * of_colours) / (pull + lead + 1e-9)
    certain = np.where(unknown, pull + lead, KNOWN)[inside]
    goal = np.where(unknown, guess, known)[inside]
    matrix = laplacian + diags(certain)
    # Solved directly: conjugate gradients crawl on this matrix and leave a halo.
    factors = splu(matrix.tocsc(), permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})
    found = factors.solve(certain * goal)
    alpha = known.astype(np.float32).copy()
    alpha[inside] = np.where(unknown[inside], np.clip(found, 0, 1), known[inside])
    return alpha


def matte(picture: Frame, face: NDArray[np.float64], marks: Marks | None = None) -> Alpha:
    """The person's alpha, 0..1, (rows, columns) of an RGB picture with these landmarks. marks: what somebody knows better, of
    the picture's size; the face itself always stays."""
    rows, columns = picture.shape[:2]
    high = float(np.linalg.norm(face[10, :2] - face[152, :2]))
    scale = min(1.0, SOLVED / high)
    size = (max(1, round(columns * scale)), max(1, round(rows * scale)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    points = face * scale
    mask = _attached(closer(small, points), points)
    known = trimap(mask, points)
    if marks is not None:
        near = cv2.resize(marks, size, interpolation=cv2.INTER_NEAREST)
        edge = _disc(SURE * high * scale)
        for value in (-1, 1):
            here = (near == value).astype(np.uint8)
            # What ends at a stroke ends softly, where the picture says.
            known[(cv2.dilate(here, edge) > 0) & (known != max(value, 0))] = 0.5
        known[near == 1], known[near == -1] = 1, 0
        mask = np.where(near == 0, mask, (near > 0).astype(np.float32))
        known[_oval(points, mask.shape)] = 1
    alpha = _unveiled(solve(small, known, mask, points))
    found = finer(picture, small, alpha) if scale < 1 else alpha
    if marks is not None:
        found = np.where(marks == 0, found, (marks > 0).astype(np.float32))
        found[_oval(face, found.shape)] = 1
    return found


def _unveiled(alpha: Alpha) -> Alpha:
    """Without what the solver leaves of a few percent, and of nearly all: neither hair nor skin."""

    def cleared(part: Alpha) -> Alpha:
        return part * smoothstep(*VEIL, cv2.dilate(part, np.ones((3, 3), np.uint8)))

    alpha = np.clip((alpha - 0.04) / 0.92, 0, 1).astype(np.float32)
    return np.asarray(1 - cleared(1 - cleared(alpha)), np.float32)


def _attached(mask: Alpha, face: NDArray[np.float64]) -> Alpha:
    """The mask of the person whose face it is: what is not connected with it is someone else."""
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
    """The person's own colour at each pixel, RGB: what shines through at the edges is taken out.

    Colours of person and room that add up to the picture and change where alpha does, from coarse to fine.
    """
    rows, columns = alpha.shape
    image, alpha = picture.astype(np.float32) / 255, alpha.astype(np.float32)
    levels = max(1, math.ceil(math.log2(max(rows, columns))))
    front = back = cv2.resize(image, (1, 1), interpolation=cv2.INTER_AREA).reshape(1, 1, 3)
    for level in range(1, levels + 1):
        size = round(columns ** (level / levels)), round(rows ** (level / levels))
        share = cv2.resize(alpha, size, interpolation=cv2.INTER_AREA)
        seen = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        front, back = (
            cv2.resize(part, size, interpolation=cv2.INTER_NEAREST) for part in (front, back)
        )
        if max(size) > SPREAD:
            # What is fine shows as it is, by how much of it is of the person.
            weight = share[..., None]
            front, back = cv2.blur(front, (3, 3)), cv2.blur(back, (3, 3))
            front = np.clip(front + weight * (seen - weight * front - (1 - weight) * back), 0, 1)
            continue
        front, back = _shared(seen, share, front, back, 10 if max(size) <= 64 else 3)
    return (front * 255 + 0.5).astype(np.uint8)


def _shared(
    seen: NDArray[np.float32],
    alpha: Alpha,
    front: NDArray[np.float32],
    back: NDArray[np.float32],
    times: int,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Colours of person and room, improved by some steps of Jacobi's method."""

    def around(values: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        wide = cv2.copyMakeBorder(values, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
        return [wide[:-2, 1:-1], wide[2:, 1:-1], wide[1:-1, :-2], wide[1:-1, 2:]]

    ties = [EVEN[0] + EVEN[1] * np.abs(other - alpha) for other in around(alpha)]
    total, rest = sum(ties), 1 - alpha
    of_front, both, of_back = alpha**2 + total, alpha * rest, rest**2 + total
    scale = of_front * of_back - both**2
    first, mixed, second = ((part / scale)[..., None] for part in (of_back, both, of_front))
    for _ in range(times):
        near_front, near_back = (
            share[..., None] * seen
            + sum(tie[..., None] * other for tie, other in zip(ties, around(part), strict=True))
            for share, part in ((alpha, front), (rest, back))
        )
        front = np.clip(first * near_front - mixed * near_back, 0, 1)
        back = np.clip(second * near_back - mixed * near_front, 0, 1)
    return front, back
