"""Turns finished renders into avatar packs. Runs in the product's own environment.

    python rendering/assets/avatars/build/pack.py /tmp/avatars ruth daniel       # in all their looks
    python rendering/assets/avatars/build/pack.py /tmp/avatars --test

reads /tmp/avatars/ruth/*.png (see render.py) and writes rendering/assets/avatars/ruth/; --test writes
the test people to tests/faces/people/.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path

import cv2
import numpy as np
from facts import FACTS, LOOKS, facts, meant
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
TEETH = 205
"""How light the lighter third of a row is at least, of 255, where that takes no more than a third."""
SEAM = 12
"""Rows over which another look of somebody takes over from the first, below the nose."""
POSTER_SIZE = (480, 600)
SOURCE = (
    "Rendered by Likeness Studio from CC0 geometry (MakeHuman base mesh, targets, clothes and teeth) "
    "with procedural materials, hair and light; nobody's real face, no photograph of anybody."
)


def bleed(pixels: np.ndarray, alpha: np.ndarray | None = None) -> np.ndarray:
    """RGBA [h, w, 4] with the colour of faint and clear pixels taken from the nearest solid ones.

    Alpha stays, or becomes `alpha` [h, w]. Beyond BLEED pixels the colour is the background's, which
    compresses to nothing.
    """
    own = pixels[..., 3]
    alpha = own if alpha is None else alpha
    faint = own < 24
    distance, (rows, columns) = ndimage.distance_transform_edt(faint, return_indices=True)
    filled = pixels[rows, columns, :3]
    soft = cv2.GaussianBlur(filled, (0, 0), 2.0)
    colour = np.where(faint[..., None], soft, pixels[..., :3])
    far = (distance > BLEED) & (alpha == 0)
    colour = np.where(far[..., None], np.array(BACKGROUND), colour)
    return np.dstack([colour, alpha]).astype(np.uint8)


def read(path: Path) -> np.ndarray:
    """RGBA [h, w, 4], 8 bit."""
    with Image.open(path) as opened:
        return np.asarray(opened.convert("RGBA"))


def boxes_of(source: Path) -> dict[str, list[int]]:
    """Where the parts of a render are: name, and x, y, width, height in pixels."""
    return json.loads((source / "tiles.json").read_text())


def first_of(source: Path) -> Path:
    """The render of the same person's first look."""
    return source.with_name(facts(source.name)["of"]) if source.name in LOOKS else source


def whole(source: Path, name: str) -> np.ndarray:
    """A picture as large as the plate, RGBA; of another look the first's down to the nose, and its own below.

    Both were rendered alike down to there: of the seam nothing is seen.
    """
    first = first_of(source)
    if source == first:
        return read(source / f"{name}.png")
    picture, own = whole(first, name).copy(), read(source / f"{name}.png")
    top = boxes_of(source)["below"][1]
    share = np.clip((np.arange(len(own)) + 0.5) / SEAM, 0, 1)[:, None, None]
    picture[top:] = np.round(picture[top:] * (1 - share) + own * share)
    return picture


def headless(source: Path) -> np.ndarray:
    """The picture without its head, RGBA, as large as the plate; beside the head it is the resting picture."""
    first = first_of(source)
    x, y, width, height = boxes_of(first)["body"]
    picture = whole(source, "rest").copy()
    picture[y : y + height, x : x + width] = read(first / "body.png")
    if source != first:
        own = read(source / "body.png")[SEAM:]
        picture[y + height - len(own) : y + height, x : x + width] = own
    return picture


def plate_of(source: Path) -> np.ndarray:
    """The resting picture with the clean alpha of the matte."""
    return bleed(whole(source, "rest"), whole(source, "matte")[..., 3])


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
    # Between lips that are opened for the picture they are darker than when somebody speaks, and noise shows on them.
    lit = np.clip(TEETH / teeth.bright(row).mean(), 1, 1.35)
    smooth = cv2.bilateralFilter(np.ascontiguousarray(row[..., :3]), 7, 30, 2.5)
    row[..., :3] = np.clip(smooth * lit + 0.5, 0, 255)
    Image.fromarray(row).save(target / "upper.png", optimize=True)
    (target / "teeth.png").unlink()
    boxes["upper"] = [*corner, row.shape[1], row.shape[0]]


def head_of(source: Path) -> np.ndarray:
    """How much of each pixel is head, hair and neck [h, w], 0..1."""
    matte = whole(source, "matte").astype(np.float32)
    share = np.clip((matte[..., 0] - 3) / 252, 0, 1)  # Blender dithers its pictures
    return share * matte[..., 3] / 255


def body_of(source: Path, head: np.ndarray) -> np.ndarray:
    """The picture without the head; where none is seen its alpha is the matte's."""
    matte, body = whole(source, "matte")[..., 3], headless(source)
    x, y, width, height = boxes_of(first_of(source))["body"]
    behind = np.zeros(head.shape, bool)
    behind[y : y + height, x : x + width] = True
    body[..., 3] *= behind | (head < 0.01)  # a curl may stand beyond the place
    own = cv2.GaussianBlur(body[..., 3], (0, 0), 1.0)
    return bleed(body, np.where((head > 0) | (own < 8), own, matte))


def necked(body: np.ndarray, head: np.ndarray, plate: np.ndarray, points: np.ndarray) -> np.ndarray:
    """The body with its neck carried on behind the jaw, where a head that lifts shows it.

    The colour is that of the neck where half of it already moves with the head.
    """
    result, head = body.copy(), cv2.GaussianBlur(head, (0, 0), 3.0)
    height = float(np.linalg.norm(points[10, :2] - points[152, :2]))
    left, right = sorted(points[[172, 397], 0].astype(int))
    low = int(points[152, 1] + 0.30 * height)
    edge, colours = {}, {}
    for column in range(left, right):
        solid = np.flatnonzero(head[:low, column] >= 0.5)
        row = int(solid[-1]) if len(solid) else 0
        below = head[row + 1 : row + 1 + round(0.02 * height), column]
        if row and below.min() > 0.03:  # it runs out slowly: no hair, no clothes
            edge[column] = row
            colours[column] = plate[row + 1 : row + 5, column, :3].mean(0)
    if len(edge) < 0.1 * height:
        return result
    columns = np.arange(min(edge), max(edge) + 1)
    rows = np.interp(columns, list(edge), list(edge.values()))
    tones = np.stack(
        [np.interp(columns, list(edge), np.array(list(colours.values()))[:, k]) for k in range(3)],
        1,
    )
    tones = ndimage.gaussian_filter1d(tones, 0.02 * height, axis=0, mode="nearest")
    for column, row, tone in zip(columns, rows.astype(int), tones, strict=True):
        down = np.arange(row, row + round(0.25 * height))
        down = down[(head[down, column] > 0.01) & (plate[down, column, 3] == 255)]
        result[down, column] = plate[down, column]  # one neck, whichever layer shows it
        up = np.arange(row, max(0, row - round(0.3 * height)), -1)
        shade = 1 - 0.35 * np.minimum(1, (row - up) / (0.12 * height))
        result[up, column, :3] = np.round(tone * shade[:, None])
        result[up, column, 3] = np.where(head[up, column] > 0.45, 255, 0)
    return result


def hem(plate: np.ndarray, points: np.ndarray) -> int:
    """The row down to which the bust is whole: below, the background shows between arm and body, or the plate ends."""
    face = float(np.linalg.norm(points[10, :2] - points[152, :2]))
    for row in range(round(points[152, 1] + 0.4 * face), len(plate)):
        there = np.flatnonzero(plate[row, :, 3] > 200)
        if len(there) and np.diff(there).max(initial=1) > 0.005 * face:
            return round(row - 0.03 * face)  # as far as breath moves it
    return len(plate)


def split(target: Path, plate: np.ndarray, body: np.ndarray, head: np.ndarray) -> list[int]:
    """Writes body.png and head.png; returns their place. Beside the head the body is the plate."""
    near = cv2.dilate((head > 0.002).astype(np.float32), np.ones((25, 25)))
    near = cv2.GaussianBlur(near, (0, 0), 3.0)[..., None]
    body = np.round(body * near + plate * (1 - near)).astype(np.uint8)
    rows, columns = np.nonzero(near[..., 0] > 0.001)
    x, y = int(columns.min()), int(rows.min())
    box = [x, y, int(columns.max()) + 1 - x, int(rows.max()) + 1 - y]
    place = np.s_[y : y + box[3], x : x + box[2]]
    share = np.minimum(np.round(head * 255), plate[..., 3]).astype(np.uint8)
    Image.fromarray(body[place]).save(target / "body.png", optimize=True)
    Image.fromarray(share[place]).save(target / "head.png", optimize=True)
    return box


def make(slug: str, renders: Path) -> Path:
    """Writes the pack of `slug` from the renders in `renders`/`slug`; returns its folder."""
    told = facts(slug)
    source, target = renders / slug, AVATARS / slug
    first = first_of(source)
    target.mkdir(exist_ok=True)
    head = head_of(source)
    plate, body = plate_of(source), body_of(source, head)
    boxes = boxes_of(first)
    boxes.pop("body"), boxes.pop("below")
    for name, (x, y, width, height) in boxes.items():
        tile = read(first / f"{name}.png")
        if tile.shape[:2] != (height, width):
            raise ValueError(f"The tile {name} is {tile.shape[1]} x {tile.shape[0]}, not as told.")
        below = plate[y : y + height, x : x + width]
        result = run_out(bleed(tile, below[..., 3]), below)
        Image.fromarray(result).save(target / f"{name}.png", optimize=True)
    Image.fromarray(plate).save(target / "plate.png", optimize=True)
    upper(target, boxes, plate)
    head = np.where(body[..., 3] < 8, plate[..., 3] / 255, head)  # stray hairs too
    points = tracker.find(over(plate, BACKGROUND))
    boxes["body"] = boxes["head"] = split(target, plate, necked(body, head, plate, points), head)
    rows = ",\n".join(json.dumps([round(float(value), 1) for value in row]) for row in points)
    (target / "landmarks.json").write_text(f"[\n{rows}\n]\n")
    poster(plate, points).save(target / "poster.webp", quality=88, method=6)
    written = {
        "slug": slug,
        **{
            key: told[key]
            for key in ("name", "description", "tags", "voice", "of", "look", "place")
        },
        "licence": "CC0-1.0",
        "source": SOURCE,
        "synthetic": True,
        "size": [plate.shape[1], plate.shape[0]],
        "hem": hem(plate, points),
        "tiles": boxes,
        "landmarks": "landmarks.json",
        "sha256": hashlib.sha256((target / "plate.png").read_bytes()).hexdigest(),
    }
    (target / "avatar.json").write_text(json.dumps(written, indent=2, ensure_ascii=False) + "\n")
    return target


def test_people(renders: Path) -> None:
    """Writes the pictures of the people who appear in tests only."""
    target = ROOT / "tests/faces/people"
    target.mkdir(exist_ok=True)
    for source in sorted(renders.iterdir()):
        live = source.name.endswith("-live")
        pixels = bleed(read(source / "rest.png")) if live else plate_of(source)
        Image.fromarray(pixels).save(target / f"{source.name}.webp", quality=90, method=6)


def main() -> None:
    reader = argparse.ArgumentParser(description="Write avatar packs from renders.")
    reader.add_argument("renders", type=Path)
    reader.add_argument("slugs", nargs="*", choices=[*FACTS, *LOOKS, []])
    reader.add_argument("--test", action="store_true")
    wanted = reader.parse_args()
    if wanted.test:
        test_people(wanted.renders)
        return
    for slug in meant(wanted.slugs):
        print(make(slug, wanted.renders))


if __name__ == "__main__":
    main()
