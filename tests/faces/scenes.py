"""Photos with a known truth: rendered people before cluttered grounds, with noise and JPEG; and two real photos."""

import functools
import importlib.metadata
from pathlib import Path

import cv2
import numpy as np

from rendering.faces import lent

PACKS = Path(__file__).parents[2] / "rendering/assets/avatars"
LIVE = Path(__file__).parent / "live"


PEOPLE = ("beard", "glasses", "covered", "freckled")
SMOOTH = {
    "maya": "light",
    "daniel": "dark",
}  # as they were once shipped: the measures of photos were set on them
LENS = 0.8  # pixels by which a lens blurs
LARGER = (
    1.6  # factor by which those pictures are enlarged: a photo needs 256 pixels between the ears
)


def person(slug: str) -> tuple[np.ndarray, np.ndarray]:
    """(RGB, alpha 0..1) of a rendered person: a stock avatar, "clara" or one of PEOPLE."""
    if slug == "clara":
        plate = cv2.imread(str(LIVE / slug / "portrait.webp"), cv2.IMREAD_UNCHANGED)
    elif slug in PEOPLE:
        small = cv2.imread(str(Path(__file__).parent / "people" / f"{slug}.webp"), -1)
        plate = cv2.resize(small, None, fx=LARGER, fy=LARGER, interpolation=cv2.INTER_CUBIC)
    elif slug in SMOOTH:
        path = lent.FOLDER / SMOOTH[slug] / "plate.png"
        plate = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    else:
        plate = cv2.imread(str(PACKS / slug / "plate.png"), cv2.IMREAD_UNCHANGED)
    return plate[..., 2::-1].astype(np.float32), plate[..., 3].astype(np.float32) / 255


def real(name: str) -> np.ndarray:
    """RGB of a free picture from the files of scikit-image, which is not imported: "astronaut" (a portrait) or "chelsea" (a cat)."""
    path = importlib.metadata.distribution("scikit-image").locate_file(f"skimage/data/{name}.png")
    return np.ascontiguousarray(cv2.imread(str(path), cv2.IMREAD_COLOR)[..., ::-1])


def ground(rows: int, columns: int, seed: int = 3) -> np.ndarray:
    """A room out of focus: soft patches of colour."""
    chance = np.random.default_rng(seed)
    found = np.full((rows, columns, 3), 150, np.float32)
    for _ in range(60):
        x, y = int(chance.integers(0, columns)), int(chance.integers(0, rows))
        corner = (x + int(chance.integers(40, 300)), y + int(chance.integers(40, 300)))
        cv2.rectangle(found, (x, y), corner, [float(v) for v in chance.uniform(30, 230, 3)], -1)
    return cv2.GaussianBlur(found, (0, 0), 9)


def coded(picture: np.ndarray, quality: int) -> np.ndarray:
    """RGB of the picture after a JPEG of that quality."""
    data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1])


@functools.cache
def photo(slug: str = "clara", seed: int = 3) -> np.ndarray:
    """RGB, as a camera would have seen that person in a room."""
    colour, alpha = person(slug)
    picture = colour * alpha[..., None] + ground(*alpha.shape, seed) * (1 - alpha[..., None])
    picture = cv2.GaussianBlur(picture, (0, 0), LENS)
    picture += np.random.default_rng(seed).normal(0, 3, picture.shape)
    return coded(np.clip(picture, 0, 255).astype(np.uint8), 88)


def live(slug: str, what: str) -> np.ndarray:
    """RGB of a rendered person before a webcam, who does what liveness.py asks: "straight", "left", … and "again"."""
    found = cv2.imread(str(LIVE / slug / f"{what}.jpg"), cv2.IMREAD_COLOR)
    return np.ascontiguousarray(found[..., ::-1])


def file(picture: np.ndarray, path: Path, quality: int = 92) -> Path:
    cv2.imwrite(str(path), picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return path
