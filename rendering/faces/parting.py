"""Which pixels of a photo are face and hair, and which are neck: by colour and edges (GrabCut: Rother, Kolmogorov and Blake,
2004)."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from scipy.spatial import cKDTree

from rendering.faces import matting
from rendering.faces.geometry import OVAL, Face
from rendering.values import Frame

READ = 150  # pixels of a face's height at which the picture is parted
RISE = 0.30  # face heights above the chin from which clothes may be seen
WIDE = 0.60  # face heights beside the mouth: farther out a collar may rise as high as the face
LOW = 0.75  # below the chin: pixels are clothes, unless their colour is that of hair or skin
NEAR = 7.0  # distance in CIE Lab within which a colour counts as that of hair or skin
SKIN = (
    35,
    14,
    14,
)  # how far a colour of the face is from the median, CIE Lab: not lips, nostrils and eyes
FEWEST = 300  # pixels of clothes at READ: with fewer, their colours decide nothing

Share = NDArray[np.floating]


def head_and_neck(
    plate: Frame, face: Face, units: Share, alpha: Share, chin: float
) -> tuple[Share, Share]:
    """(1 for face and hair; 1 for the neck), (rows, columns) each, soft at edges."""
    scale = min(1.0, READ / face.height)
    size = (round(face.shape[1] * scale), round(face.shape[0] * scale))
    straight = np.where(
        alpha[..., None] > 0.02, plate[..., :3] / np.maximum(alpha, 0.02)[..., None], 0
    )
    straight = np.clip(straight, 0, 255).astype(np.uint8)
    small = cv2.resize(straight, size, interpolation=cv2.INTER_AREA)
    whole = cv2.resize(alpha, size, interpolation=cv2.INTER_AREA)
    at = cv2.resize(units, size, interpolation=cv2.INTER_AREA)
    inside = whole > 0.9
    # A translucent edge gets the colour of what it belongs to.
    _, (row, column) = distance_transform_edt(~inside, return_indices=True)
    small = small[row, column]
    colours = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    below = at[..., 1] - chin
    skull = _filled(face.flat[OVAL] * scale, inside.shape)
    around = cv2.dilate(skull.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    cheeks = colours[skull & (at[..., 1] > -0.3)]
    usual = np.abs(cheeks - np.median(cheeks, 0)) < SKIN
    to_skin = _distance(colours, cheeks[usual.all(-1)])
    hair = inside & (below < -RISE) & ~around
    to_hair = _distance(colours, colours[hair])
    to_head = np.minimum(to_skin, to_hair)

    low = inside & (below > min(LOW, float(np.percentile(below[inside], 80))))
    cloth = low & (to_head > NEAR)
    if cloth.sum() < FEWEST:  # clothes of the colour of hair
        cloth = low
    sure = ((below < -RISE) & (np.abs(at[..., 0]) < WIDE)) | skull
    # Under the jaw skin is likelier than cloth of its colour.
    under_jaw = (np.abs(at[..., 0]) < 0.28) & (below < 0.22)
    likely = to_head < _distance(colours, colours[cloth]) * np.where(under_jaw, 2.0, 1.0)
    sure |= under_jaw & (below > -0.2) & (to_skin < NEAR)
    found = _grown(small, likely, sure, cloth[row, column])
    # A dark hole in the hair is no cloth.
    _, parts = cv2.connectedComponents((~found & (whole > 0.02)).astype(np.uint8))
    found |= ~np.isin(parts, np.unique(parts[cloth])) & (parts > 0)
    # Only what is connected with the face; a hand is not.
    _, parts = cv2.connectedComponents((found & (whole > 0.02)).astype(np.uint8))
    mouth = np.round(face.mouth * scale).astype(int)
    head = parts == parts[mouth[1], mouth[0]]
    # No crack between jaw and neck: the shadow there has a colour of its own.
    closed = cv2.morphologyEx(head.astype(np.uint8), cv2.MORPH_CLOSE, disc(5)) > 0
    head |= closed & (np.abs(below) < 0.2) & (whole > 0.02)

    throat = (np.abs(at[..., 0]) < 0.12) & (below > 0.04) & (below < 0.10) & head
    neck = np.zeros(head.shape, bool)
    if throat.any():
        likely = _distance(colours, colours[throat]) < to_hair
        part = head & (below > -0.2) & ~skull
        throat |= part & under_jaw & (to_skin < NEAR) & (below > 0)
        neck = part & _grown(small, likely & part, throat, hair | ~part & ~throat)
    # Hair comes down from the head, a beard from the chin; a dark collar does neither.
    loose = head & ~neck & ~skull & (whole > 0.02)
    dark = (loose & ((to_hair < to_skin) | (to_skin > 2 * NEAR) | (below < -RISE))).astype(np.uint8)
    _, parts = cv2.connectedComponents(dark)
    beard = (np.abs(at[..., 0]) < 0.2) & (np.abs(below) < 0.05)
    hanging = np.isin(parts, np.unique(parts[(hair | beard) & (dark > 0)])) & (dark > 0)
    hanging = loose & (cv2.dilate(hanging.astype(np.uint8), disc(3)) > 0)

    # Cheek and jaw reach a little beyond the face's outline.
    near, far = (cv2.dilate(skull.astype(np.uint8), disc(size)) > 0 for size in (6, 10))
    cheek = loose & ~hanging & (below < 0.02) & (near | far & (to_skin <= to_hair))

    def fine(mask: NDArray[np.bool_]) -> Share:
        soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 0.8)
        if scale >= 1:
            return soft
        near = cv2.dilate(mask.astype(np.float32), disc(2))
        near = cv2.resize(near, face.shape[::-1], interpolation=cv2.INTER_LINEAR)
        return np.clip(matting.finer(straight, small, soft) * near, 0, 1).astype(np.float32)

    # What lies between them is of both; dark clothes that go on beside the neck are of neither.
    rest = loose & ~hanging & ~cheek & ~neck
    rim, near = (cv2.dilate(neck.astype(np.uint8), disc(size)) > 0 for size in (4, 8))
    _, parts = cv2.connectedComponents(rest.astype(np.uint8))
    inside = np.bincount(parts[near], minlength=parts.max() + 1) / np.bincount(parts.ravel())
    neck |= rest & near & (rim | (to_skin < 2 * NEAR) | (inside > 0.6)[parts])
    face_and_hair = (head & skull) | hanging | cheek
    hidden, whole_head = fine(face_and_hair), fine(face_and_hair | neck)
    hidden[(units[..., 1] - chin < -RISE) & (np.abs(units[..., 0]) < WIDE)] = 1
    return hidden, np.maximum(whole_head - hidden, 0)  # together without a crack between them


def _grown(
    picture: Frame, likely: NDArray[np.bool_], sure: NDArray[np.bool_], never: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Which pixels are of the kind of `sure` rather than of `never`, by colour and edges."""
    labels = np.where(likely, cv2.GC_PR_FGD, cv2.GC_PR_BGD)
    labels[never] = cv2.GC_BGD
    labels[sure] = cv2.GC_FGD
    if sure.all() or not sure.any() or not never.any():
        return likely | sure
    found = labels.astype(np.uint8)
    cv2.setRNGSeed(1)
    colours = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(picture, found, None, *colours, 3, cv2.GC_INIT_WITH_MASK)
    return (found == cv2.GC_FGD) | (found == cv2.GC_PR_FGD)


def _filled(outline: NDArray, shape: tuple[int, int]) -> NDArray[np.bool_]:
    found = np.zeros(shape, np.uint8)
    cv2.fillPoly(found, [np.round(outline).astype(np.int32)], 1)
    return found > 0


def _distance(colours: Share, samples: Share) -> Share:
    """How far each colour (…, 3), CIE Lab, is from the nearest of the samples (n, 3); rare samples are left out."""
    frequent, counts = np.unique(_packed(samples), return_counts=True)
    frequent = frequent[counts > 1 + len(samples) // 3000]
    if not len(frequent):
        return np.full(colours.shape[:-1], 1e3, np.float32)
    distinct, index = np.unique(_packed(colours), return_inverse=True)
    found, _ = cKDTree(_unpacked(frequent)).query(_unpacked(distinct))
    return found[index].reshape(colours.shape[:-1]).astype(np.float32)


def _packed(colours: Share) -> NDArray[np.int64]:
    whole = np.round(colours).reshape(-1, 3).astype(np.int64) + 128
    return whole[:, 0] << 20 | whole[:, 1] << 10 | whole[:, 2]


def _unpacked(packed: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.stack([packed >> 20, packed >> 10 & 1023, packed & 1023], -1) - 128


def disc(radius: float) -> NDArray[np.uint8]:
    side = 2 * max(1, round(radius)) + 1
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
