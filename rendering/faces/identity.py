"""Whose face it is, as dlib's 128 numbers (dlib-bin, Boost licence; weights CC0).

The distance of two faces is the length of the difference; measured on ours: the same person up to 0.45, up to 0.58 for
a human to decide, other people above.
"""

from __future__ import annotations

import functools
import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rendering.values import Frame

SAME, OTHER = 0.45, 0.58

_lock = threading.Lock()


@functools.cache
def _networks() -> tuple[Any, Any]:
    import dlib  # large: loaded when it is needed
    import face_recognition_models as models

    # The predictor of five points: the pictures behind the other one may not be used commercially.
    return (
        dlib.shape_predictor(models.pose_predictor_five_point_model_location()),
        dlib.face_recognition_model_v1(models.face_recognition_model_location()),
    )


def embedding(picture: Frame, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """(128,) of the face with these landmarks (tracker.landmarks) in an RGB picture."""
    import dlib  # large: loaded when it is needed

    low, high = points[:, :2].min(0), points[:, :2].max(0)
    half, (x, y) = float((high - low).max()) / 2, (low + high) / 2
    box = dlib.rectangle(int(x - half), int(y - half), int(x + half), int(y + half))
    picture = np.ascontiguousarray(picture)
    with _lock:
        shape, network = _networks()
        return np.array(network.compute_face_descriptor(picture, shape(picture, box), 1))


def distance(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """0 for the same picture; below SAME the same person, above OTHER someone else."""
    return float(np.linalg.norm(one - other))
