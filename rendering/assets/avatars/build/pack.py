"""Turns finished renders into an avatar pack. Runs in the product's own environment.

    python rendering/assets/avatars/build/pack.py maya /tmp/avatars

reads /tmp/avatars/maya/*.png (see render.py) and writes rendering/assets/avatars/maya/.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from scipy import ndimage

ROOT = Path(__file__).resolve().parents[4]
sys.path.insert(0, str(ROOT))

from rendering.faces import teeth, tracker  # noqa: E402

AVATARS = Path(__file__).resolve().parents[1]
BACKGROUND = (0xE9, 0xE4, 0xDC)
"""The calm warm ground of the posters, on which the landmarks are read as well."""
FEATHER = 14
"""Pixels over which a tile of a 1280 px plate runs out into the plate."""
BLEED = 24
"""Pixels by which the person's colour reaches into the clear part, so that scaling finds no black."""
POSTER_SIZE = (480, 600)
SOURCE = (
    "Rendered by Likeness Studio from CC0 geometry (MakeHuman base mesh, targets, clothes and teeth) "
    "with procedural materials, hair and light; nobody's real face, no photograph."
)
FACTS = {
    "maya": {
        "name": "Maya",
        "description": "A warm, attentive presenter in a teal sweater, at home in product tours "
        "and everyday updates.",
        "tags": ["woman", "thirties", "friendly", "casual"],
        "voice": "af_heart",
    },
    "daniel": {
        "name": "Daniel",
        "description": "A calm, assured presenter in a navy jacket, suited to company news and "
        "training.",
        "tags": ["man", "thirties", "assured", "business"],
        "voice": "am_michael",
    },
}


def bleed(pixels: np.ndarray) -> np.ndarray:
    """RGBA [h, w, 4] with the colour of faint and clear pixels taken from the nearest solid ones.

    Alpha stays. Beyond BLEED pixels the colour is the background's, which compresses to nothing.
    """
    alpha = pixels[..., 3]
    distance, (rows, columns) = ndimage.distance_transform_edt(alpha < 16, return_indices=True)
    filled = pixels[rows, columns, :3]
    soft = cv2.GaussianBlur(filled, (0, 0), 2.0)
    colour = np.where((alpha < 16)[..., None], soft, pixels[..., :3])
    colour = np.where((distance > BLEED)[..., None], np.array(BACKGROUND), colour)
    return np.dstack([colour, alpha]).astype(np.uint8)


def over(pixels: np.ndarray, ground: tuple[int, int, int]) -> np.ndarray:
    """RGBA laid over one colour: RGB [h, w, 3], 8 bit."""
    alpha = pixels[..., 3:].astype(float) / 255
    return np.round(pixels[..., :3] * alpha + np.array(ground) * (1 - alpha)).astype(np.uint8)


def run_out(tile: np.ndarray, below: np.ndarray) -> np.ndarray:
    """The tile with its rim faded into the plate below it (both RGBA of one size)."""
    height, width = tile.shape[:2]
    feather = max(4, round(FEATHER * width / 300))
    rows = np.minimum(np.arange(height), np.arange(height)[::-1])[:, None]
    columns = np.minimum(np.arange(width), np.arange(width)[::-1])[None]
    weight = np.clip(np.minimum(rows, columns) / feather, 0, 1)
    weight = (weight * weight * (3 - 2 * weight))[..., None]
    return np.round(tile * weight + below * (1 - weight)).astype(np.uint8)


def poster(plate: np.ndarray, points: np.ndarray) -> Image.Image:
    """Head and shoulders over the calm ground, the eyes at two fifths of the height."""
    width, height = POSTER_SIZE
    face = np.linalg.norm(points[10, :2] - points[152, :2])
    scale = 0.36 * height / face
    eyes = (points[468, :2] + points[473, :2]) / 2
    picture = over(plate, BACKGROUND)
    size = (round(picture.shape[1] * scale), round(picture.shape[0] * scale))
    small = Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS)
    result = Image.new("RGB", POSTER_SIZE, BACKGROUND)
    top = max(round(0.42 * height - eyes[1] * scale), height - size[1])
    result.paste(small, (round(width / 2 - eyes[0] * scale), top))
    return result


def upper(target: Path, boxes: dict[str, list[int]], plate: np.ndarray) -> None:
    """Replaces the tile of the open mouth by its upper row of teeth, which is all the engine shows of it."""
    x, y, width, height = boxes.pop("teeth")
    speaking = plate.copy()
    speaking[y : y + height, x : x + width] = np.asarray(Image.open(target / "teeth.png"))
    row, corner = teeth.cut(over(speaking, BACKGROUND))
    Image.fromarray(row).save(target / "upper.png", optimize=True)
    (target / "teeth.png").unlink()
    boxes["upper"] = [*corner, row.shape[1], row.shape[0]]


def make(slug: str, renders: Path) -> Path:
    """Writes the pack of `slug` from the renders in `renders`/`slug`; returns its folder."""
    source, target = renders / slug, AVATARS / slug
    target.mkdir(exist_ok=True)
    plate = bleed(np.asarray(Image.open(source / "rest.png").convert("RGBA")))
    boxes = json.loads((source / "tiles.json").read_text())
    for name, (x, y, width, height) in boxes.items():
        tile = np.asarray(Image.open(source / f"{name}.png").convert("RGBA"))
        if tile.shape[:2] != (height, width):
            raise ValueError(f"The tile {name} is {tile.shape[1]} x {tile.shape[0]}, not as told.")
        below = plate[y : y + height, x : x + width]
        result = run_out(bleed(tile), below)
        Image.fromarray(result).save(target / f"{name}.png", optimize=True)
    Image.fromarray(plate).save(target / "plate.png", optimize=True)
    upper(target, boxes, plate)
    points = tracker.find(over(plate, BACKGROUND))
    rows = ",\n".join(json.dumps([round(float(value), 1) for value in row]) for row in points)
    (target / "landmarks.json").write_text(f"[\n{rows}\n]\n")
    poster(plate, points).save(target / "poster.webp", quality=88, method=6)
    facts = {
        "slug": slug,
        **FACTS[slug],
        "licence": "CC0-1.0",
        "source": SOURCE,
        "size": [plate.shape[1], plate.shape[0]],
        "tiles": boxes,
        "landmarks": "landmarks.json",
        "sha256": hashlib.sha256((target / "plate.png").read_bytes()).hexdigest(),
    }
    (target / "avatar.json").write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n")
    return target


if __name__ == "__main__":
    print(make(sys.argv[1], Path(sys.argv[2])))
