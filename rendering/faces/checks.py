"""Whether a photo can become an avatar: every fault with a sentence that says what to do, and where it is seen.

Thresholds were set on rendered people whose faults are known (tests/faces), and on real portraits of all skins, ages and
beards (docs/decisions/0037, 0042). What only a person can tell is asked, not refused.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from rendering.faces import doubts, tracker
from rendering.faces.geometry import EYES, LOWER_OUTER, OVAL, UPPER_OUTER
from rendering.values import Frame

EARS = 160  # pixels between the ears (points 234 and 454) that a photo needs
ENOUGH = 256  # and from which on it is good for every film
BELOW = (
    0.25  # face heights that a photo needs below the chin: placing.standing makes do with so much
)
TURNED = 25.0  # degrees of yaw and pitch
PITCH_AT_REST = 10.0  # degrees by which the tracker sees a level face pitched
OTHER_FACE = 0.3  # of the main face's side: smaller ones are in the background
SHARP = 1.8  # see sharpness()
DARK, BRIGHT = 42.0, 232.0  # mean light of the skin, 0..255
ONE_SIDED = 3.2  # light of one half of the face over the other
OPEN_MOUTH = 3.0  # percent of the face's height between the lips
WIDE_OPEN = 12.0
SHUT_EYES = 0.55  # expression blink
WINK = 0.3  # how much more of it one eye has than the other
COVERED = 7.5  # how far, in spreads, the colours around the mouth are from those of the upper face
FLAT = 0.2  # share of the face's pixels without any texture
CRISP_CHIN, CRISP_NOSE = (
    6.0,
    8.0,
)  # see crispness(): by a collar or by glasses a photo may pass one of them
SKIN = {
    "brow": [109, 10, 338, 337, 151, 108, 67, 297],
    "left": [117, 50, 205, 187, 123, 118, 101, 36],
    "right": [346, 280, 425, 411, 352, 347, 330, 266],
    "chin": [202, 200, 422, 424, 152, 204, 194, 418],
    "nose": [168, 6, 197, 195, 5, 45, 275, 122, 351],
}
"""Landmarks around parts of a face that a photo shows as soft shades."""
AROUND_MOUTH = [205, 50, 4, 280, 425, 335, 152, 106]
"""Landmarks around what a mask covers."""

Box = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing about a photo. `refused`: the photo cannot be used as it is; else this is a hint. box: x, y, width,
    height. needs: what a photo would have to show, beyond its own edges too. asks: what somebody has to answer before the
    avatar is kept, where only a person can tell: living_person or mouth_free."""

    code: str
    sentence: str
    refused: bool = True
    box: Box | None = None
    asks: str = ""
    needs: Box | None = None


def faces(picture: Frame) -> list[tracker.Found]:
    """The faces that count, largest first, including small ones that the detector sees only in parts of the picture."""
    found = list(tracker.detect(picture))
    height, width = picture.shape[:2]
    side = round(0.6 * max(height, width))
    if side > 300:
        for top in sorted({0, max(0, height - side)}):
            for left in sorted({0, max(0, width - side)}):
                part = np.ascontiguousarray(picture[top : top + side, left : left + side])
                for one in tracker.detect(part, sure=0.7):
                    x, y = one.centre
                    moved = tracker.Found(one.score, (x + left, y + top), one.side, one.roll)
                    if all(_apart(moved, other) for other in found):
                        found.append(moved)
    found.sort(key=lambda one: -one.side)
    return [one for one in found if one.side >= OTHER_FACE * found[0].side]


def _apart(one: tracker.Found, other: tracker.Found) -> bool:
    away = np.hypot(one.centre[0] - other.centre[0], one.centre[1] - other.centre[1])
    return bool(away > 0.6 * max(one.side, other.side))


def pose(points: NDArray[np.float64]) -> tuple[float, float]:
    """(yaw, pitch) of the head in degrees, 0 when it looks at the lens; from landmarks with depth."""
    across, down = points[454] - points[234], points[152] - points[10]
    yaw = np.degrees(np.arctan2(across[2], np.hypot(across[0], across[1])))
    pitch = np.degrees(np.arctan2(down[2], np.hypot(down[0], down[1]))) - PITCH_AT_REST
    return float(yaw), float(pitch)


def sharpness(picture: Frame, points: NDArray[np.float64]) -> float:
    """How sharp the eyes are: spread of the Laplacian over that of the light, with a face at most 300 px high."""
    low, high = points[:, :2].min(0), points[:, :2].max(0)
    x0, y0 = np.floor(low).astype(int).clip(0)
    x1, y1 = np.ceil(high).astype(int)
    part = cv2.cvtColor(np.ascontiguousarray(picture[y0:y1, x0:x1]), cv2.COLOR_RGB2GRAY)
    scale = 300 / max(1, y1 - y0)
    if scale < 1:
        part = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    part = cv2.GaussianBlur(part.astype(np.float32), (0, 0), 0.7)  # noise is not sharpness
    local = (points[:, :2] - (x0, y0)) * min(scale, 1.0)
    found = []
    for eye in EYES:
        ids = [*eye.corners, *eye.upper, *eye.lower]
        left, top = np.floor(local[ids].min(0)).astype(int).clip(0)
        right, bottom = np.ceil(local[ids].max(0)).astype(int) + 1
        pixels = part[top:bottom, left:right]
        if pixels.size > 20:
            found.append(100 * cv2.Laplacian(pixels, cv2.CV_32F).std() / (pixels.std() + 8) / 10)
    return float(np.mean(found)) if found else 0.0


def check(
    picture: Frame, found: list[tracker.Found], points: NDArray[np.float64] | None
) -> list[Finding]:
    """All findings for a photo; it cannot be used if one of them is `refused`. points: of the largest face."""
    if not found or points is None:
        return [
            Finding(
                "no_face",
                "No face is found; use a photo that shows one person from the front, chest and head.",
            )
        ]
    if len(found) > 1:
        others = [
            Finding(
                "many_faces",
                "More than one face is in the photo; use one of one person alone.",
                box=_square(one),
            )
            for one in found
        ]
        return others[:6]
    low, high = points[:, :2].min(0), points[:, :2].max(0)
    face = (int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1]))
    findings: list[Finding] = []
    hints: list[Finding] = []

    def refuse(code: str, sentence: str, box: Box | None = face, needs: Box | None = None) -> None:
        findings.append(Finding(code, sentence, True, box, needs=needs))

    ears = float(
        np.linalg.norm(points[454] - points[234])
    )  # with depth, so that a turned head does not count as small
    if ears < EARS:
        middle = (low + high) / 2
        wide, far = (high - low) * EARS / max(ears, 1.0)
        refuse(
            "face_too_small",
            f"The face is {ears:.0f} pixels wide; it needs {EARS}. Use a larger photo or go closer.",
            needs=_whole(middle[0] - wide / 2, middle[1] - far / 2, wide, far),
        )
    elif ears < ENOUGH:
        sentence = (
            f"The face is {ears:.0f} pixels wide: good for films of 720p, and beside text or in a circle. "
            f"For larger films use a photo in which it has {ENOUGH}."
        )
        hints.append(Finding("face_small", sentence, refused=False, box=face))
    yaw, pitch = pose(points)
    if abs(yaw) > TURNED or abs(pitch) > TURNED:
        way = "to the side" if abs(yaw) > TURNED else "up or down"
        refuse("face_turned", f"The head is turned {way} too far; look into the lens.")
    rows, columns = picture.shape[:2]
    tall = float(np.linalg.norm(points[10, :2] - points[152, :2]))
    if low[1] < 0.22 * tall or low[0] < 0.05 * tall or high[0] > columns - 0.05 * tall:
        sides = _whole(
            low[0] - 0.3 * tall, low[1] - 0.5 * tall, high[0] - low[0] + 0.6 * tall, 2.1 * tall
        )
        refuse(
            "head_cut", "The head is cut off at the edge; leave some room around it.", needs=sides
        )
    if rows - points[152, 1] < BELOW * tall:
        refuse(
            "too_close",
            "There is too little below the chin: use a photo with neck and shoulders, or step back.",
            needs=_whole(
                low[0] - 0.6 * tall, low[1] - 0.5 * tall, high[0] - low[0] + 1.2 * tall, 2.3 * tall
            ),
        )
    if findings:
        return findings  # the rest cannot be judged on such a face
    if sharpness(picture, points) < SHARP:
        refuse(
            "not_sharp",
            "The face is not sharp; hold the camera still, in good light, and try again.",
        )
    findings += _light(picture, points, face)
    shapes = tracker.expressions(points)
    shut = sorted((shapes["blink_left"], shapes["blink_right"]))
    if shut[0] > SHUT_EYES:
        refuse("eyes_shut", "The eyes are shut; use a photo with open eyes.")
    elif shut[1] > SHUT_EYES and shut[1] - shut[0] > WINK:
        refuse("eyes_shut", "One eye is shut; use a photo with both eyes open.")
    doubt = doubts.measured(picture, points)
    findings += hints + _mouth(picture, points, hidden=doubt["covered"] > doubts.HIDDEN)
    # Dark and overexposed pictures are flat as well.
    if not any(finding.refused for finding in findings):
        findings += _drawn(picture, points, face, figure=doubt["figure"] > doubts.FIGURE)
    return findings


def _whole(x: float, y: float, wide: float, tall: float) -> Box:
    return round(x), round(y), round(wide), round(tall)


def _square(one: tracker.Found) -> Box:
    half = one.side / 2
    return int(one.centre[0] - half), int(one.centre[1] - half), int(one.side), int(one.side)


def _light(picture: Frame, points: NDArray[np.float64], face: Box) -> list[Finding]:
    left, right = (
        _inside(picture, points[ids, :2]).mean()
        for ids in ([117, 118, 101, 36, 205, 187, 123], [346, 347, 330, 266, 425, 411, 352])
    )
    mean, ratio = (left + right) / 2, max(left, right) / max(1.0, min(left, right))
    if mean < DARK:
        # Dark skin in good light is not a dark photo: then the whites of the eyes are light.
        whites = max(
            float(
                np.percentile(
                    _inside(picture, points[[*eye.corners, *eye.upper, *eye.lower], :2]), 95
                )
            )
            for eye in EYES
        )
        if whites < 95 or mean < 14:
            return [
                Finding(
                    "too_dark", "The face is too dark; turn toward a window or a lamp.", box=face
                )
            ]
    if mean > BRIGHT:
        return [Finding("too_bright", "The face is overexposed; use softer light.", box=face)]
    if ratio > ONE_SIDED:
        return [
            Finding(
                "one_sided_light",
                "One half of the face lies in the dark; use light from the front.",
                box=face,
            )
        ]
    return []


def _inside(picture: Frame, outline: NDArray) -> NDArray[np.float64]:
    """Mean of the channels of the pixels inside a polygon."""
    mask = np.zeros(picture.shape[:2], np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(np.round(outline).astype(np.int32)), 1)
    found = picture[mask > 0].astype(float)
    return found.mean(-1) if len(found) else np.zeros(1)


def _mouth(picture: Frame, points: NDArray[np.float64], *, hidden: bool) -> list[Finding]:
    """hidden: whether the face looks as one does whose mouth is covered. With a strange colour as well it is sure; a red beard
    has that colour, too."""
    ids = sorted({*UPPER_OUTER, *LOWER_OUTER})
    box, below = (_around(points[of, :2]) for of in (ids, AROUND_MOUTH))
    strange = covered(picture, points) > COVERED
    if hidden and strange:
        sentence = "Something covers the mouth; take off a mask and keep hands away."
        return [Finding("mouth_covered", sentence, box=below)]
    asked = []
    if hidden or strange:
        sentence = "Something may cover the mouth: a mask, a veil, a hand. A beard can look like that as well."
        asked = [Finding("maybe_covered", sentence, refused=False, box=below, asks="mouth_free")]
    return asked + _lips(points, box)


def _around(points: NDArray[np.float64]) -> Box:
    low, high = points.min(0), points.max(0)
    return int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1])


def _lips(points: NDArray[np.float64], box: Box) -> list[Finding]:
    gap = opening(points)
    if gap > WIDE_OPEN:
        return [
            Finding("mouth_open", "The mouth is wide open; close it and look relaxed.", box=box)
        ]
    if gap > OPEN_MOUTH:
        return [
            Finding(
                "teeth_taken",
                "The mouth is open a little: its teeth are taken from the photo. A closed mouth gives the best result.",
                refused=False,
                box=box,
            )
        ]
    return []


def opening(points: NDArray[np.float64]) -> float:
    """Gap between the lips at mid mouth, in percent of the face's height."""
    tall = float(np.linalg.norm(points[10, :2] - points[152, :2]))
    apart = [
        np.linalg.norm(points[a, :2] - points[b, :2]) for a, b in ((13, 14), (82, 87), (312, 317))
    ]
    return 100 * float(np.mean(apart)) / tall


def covered(picture: Frame, points: NDArray[np.float64]) -> float:
    """How unlike skin the region of mouth and nose tip is: colour distance to the upper face, in its own spreads.

    Only the colour counts, not the light, so that a beard, which is dark skin to it, passes.
    """
    lab = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB).astype(float)[..., 1:]

    def colours(ids: list[int]) -> NDArray:
        mask = np.zeros(picture.shape[:2], np.uint8)
        hull = cv2.convexHull(np.round(points[ids, :2]).astype(np.int32))
        cv2.fillConvexPoly(mask, hull, 1)
        return lab[mask > 0]

    skin = colours([109, 10, 338, 337, 151, 108, 9])
    below = colours(AROUND_MOUTH)
    if len(skin) < 20 or len(below) < 20:
        return 0.0
    spread = np.maximum(skin.std(0), 3.0)
    return float(np.linalg.norm((np.median(below, 0) - np.median(skin, 0)) / spread))


def drawn(picture: Frame, points: NDArray[np.float64]) -> bool:
    """Whether this may be a drawing, a painting or a photo made to look like one: flat areas, or colours that change at once
    on chin and nose, where skin has shades. A frame of glasses lies on the cheeks, so these do not count."""
    chin, nose = (crispness(picture, points, part) for part in ("chin", "nose"))
    return flatness(picture, points) > FLAT or (chin > CRISP_CHIN and nose > CRISP_NOSE)


def _drawn(
    picture: Frame, points: NDArray[np.float64], face: Box, *, figure: bool
) -> list[Finding]:
    """figure: whether the face looks like one that was painted or made."""
    if flatness(picture, points) > FLAT:
        return [
            Finding("not_a_photo", "This looks like a drawing; use a photo of a person.", box=face)
        ]
    if figure or drawn(picture, points):
        sentence = "The face looks like one in a drawing, a painting or a sculpture."
        return [Finding("maybe_figure", sentence, refused=False, box=face, asks="living_person")]
    return []


def _grey(picture: Frame, points: NDArray[np.float64]) -> tuple[NDArray[np.float32], NDArray]:
    """The light of the picture, the face at most 400 pixels high, and its landmarks there."""
    tall = float(np.linalg.norm(points[10, :2] - points[152, :2]))
    scale = min(1.0, 400 / tall)
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return grey, points[:, :2] * scale


def _part(shape: tuple[int, ...], outline: NDArray) -> NDArray[np.bool_]:
    mask = np.zeros(shape, np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(np.round(outline).astype(np.int32)), 1)
    return mask > 0


def crispness(picture: Frame, points: NDArray[np.float64], part: str) -> float:
    """How much steeper the steepest changes of light in a part of SKIN are than its usual ones; 2 to 6 in photos."""
    grey, places = _grey(picture, points)
    steep = np.hypot(cv2.Sobel(grey, -1, 1, 0), cv2.Sobel(grey, -1, 0, 1)) / 8
    found = steep[_part(grey.shape, places[SKIN[part]])]
    return float(np.percentile(found, 99) / (np.median(found) + 0.3)) if found.size else 0.0


def flatness(picture: Frame, points: NDArray[np.float64]) -> float:
    """Share of the face without texture: areas of one colour, as drawings have them."""
    grey, places = _grey(picture, points)
    mean = cv2.blur(grey, (5, 5))
    spread = np.sqrt(np.maximum(cv2.blur(grey * grey, (5, 5)) - mean * mean, 0))
    return float((spread[_part(grey.shape, places[OVAL])] < 0.35).mean())
