"""Makes weights.npz of folders of pictures: `python -m rendering.assets.doubts.build FOLDER`.

FOLDER has living/ (photos of people), figures/ (paintings, drawings, statues) and covered/ (photos of people in masks). Each
picture counts three times: as it is, without colours, and with another light, noise and JPEG, so that none of these decides.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from rendering.faces import doubts, tracker
from rendering.values import Frame

LONGEST = 2000  # pixels of a side
SMALLEST = 140  # pixels between the ears
FIRM = 0.01  # how firmly weights are pulled to 0


def main() -> None:
    folder = Path(sys.argv[1])
    chance = np.random.default_rng(5)
    read = {kind: _read(folder / kind, chance) for kind in ("living", "figures", "covered")}
    print({kind: len(found) for kind, found in read.items()})
    np.savez(
        doubts.WEIGHTS,
        figure=_parted(read["figures"], read["living"]),
        covered=_parted(read["covered"], read["living"]),
    )


def _read(folder: Path, chance: np.random.Generator) -> NDArray[np.float32]:
    found = []
    for path in sorted(folder.iterdir()):
        picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if picture is None:
            continue
        picture = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
        scale = min(1.0, LONGEST / max(picture.shape[:2]))
        picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        faces = tracker.detect(picture)
        if len(faces) != 1:
            continue
        points = tracker.landmarks(picture, faces[0])
        if np.linalg.norm(points[454] - points[234]) < SMALLEST:
            continue
        face = doubts.face_of(picture, points)
        for one in (face, _grey(face, chance), _changed(face, chance)):
            found.append(doubts.features(one))
    return np.array(found)


def _grey(face: Frame, chance: np.random.Generator) -> Frame:
    grey = cv2.cvtColor(face, cv2.COLOR_RGB2GRAY).astype(float)[..., None]
    tone = np.array([1.05, 1.0, 0.84]) if chance.random() < 0.4 else np.ones(3)
    return np.clip((grey * tone - 128) * chance.uniform(0.8, 1.4) + 128, 0, 255).astype(np.uint8)


def _changed(face: Frame, chance: np.random.Generator) -> Frame:
    if chance.random() < 0.5:
        face = cv2.GaussianBlur(face, (0, 0), chance.uniform(0.4, 1.4))
    light = face * chance.uniform(0.85, 1.15, 3)
    light = (light - 128) * chance.uniform(0.8, 1.3) + 128 + chance.uniform(-20, 20)
    light += chance.normal(0, chance.uniform(0, 8), light.shape)
    changed = np.clip(light, 0, 255).astype(np.uint8)
    if chance.random() < 0.6:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(chance.integers(40, 90))]
        data = cv2.imencode(".jpg", changed, quality)[1]
        changed = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    return np.ascontiguousarray(changed[:, ::-1])


def _parted(yes: NDArray[np.float32], no: NDArray[np.float32]) -> NDArray[np.float32]:
    """Weights of logistic regression, the last one for 1; both sides count the same, however many they are."""
    every = np.concatenate([yes, no]).astype(float)
    truth = np.repeat([1.0, 0.0], [len(yes), len(no)])
    share = np.repeat([0.5 / len(yes), 0.5 / len(no)], [len(yes), len(no)])
    middle, spread = every.mean(0), every.std(0) + 1e-3
    even = (every - middle) / spread

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        said = even @ weights[:-1] + weights[-1]
        wrong = np.logaddexp(0, np.where(truth > 0, -said, said))
        slope = share * (1 / (1 + np.exp(-said)) - truth)
        return (
            float((share * wrong).sum() + FIRM * (weights[:-1] ** 2).sum()),
            np.append(even.T @ slope + 2 * FIRM * weights[:-1], slope.sum()),
        )

    found = minimize(loss, np.zeros(every.shape[1] + 1), jac=True, method="L-BFGS-B").x
    weights = found[:-1] / spread
    return np.append(weights, found[-1] - middle @ weights).astype(np.float32)


if __name__ == "__main__":
    main()
