"""A person's photo -> a face that can be rendered: read, checked, cut out, its mouth closed, its eyes taught to shut.

The pack that comes out has the layout of the stock ones (rendering/faces/__init__.py) and is made once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from rendering import pictures
from rendering.faces import GROUND as GROUND_FILE
from rendering.faces import brush, checks, closing, lids, matting, teeth, tracker, turns
from rendering.faces.brush import Stroke
from rendering.faces.checks import Finding
from rendering.stages import placing
from rendering.values import BadInput, Extent, Frame, Layout, VideoFormat
from rendering.words import gettext

LONG_SIDE = 4000  # pixels at which a photo is checked; a longer one is scaled down to this
FACE = 640  # pixels: a taller face is scaled down, which is still enough for a film of 2160 lines
ROOM = (
    2.4,
    1.1,
    2.4,
)  # face heights that stay of the photo beside the mouth, above the hairline and below the chin
TOUCHES = 0.1  # alpha of a person whom the photo's edge cuts off
FOOT = 0.2  # face heights beside the middle of the face in which the person's foot is looked for
EDGE = 2  # pixels of a photo that are its edge
POSTER, GROUND = (480, 600), (0xE9, 0xE4, 0xDC)
AWAY = 0.02  # face heights around a person in which the background is not trusted
SEEN = 900  # pixels of the long side of a cut-out on a page
TOUCHING = 1.0  # percent of the face's height: lips that are farther apart are closed
LARGER = 1.1  # than in a film
CLOSE = 0.9  # face heights from the middle of the face: a side that cuts the person off above that is close
MARKED = 800  # pixels of the long side of the picture that shows what is wrong
RED, GREEN = (214, 69, 65), (24, 121, 78)
DASH = 12  # pixels of a dash around what a photo should show
BEYOND = 0.6  # of the long side: as much paper is added at a side at most

Report = Callable[[str, float], None]


class Refused(BadInput):
    """The photo cannot be used. findings: all that is wrong; picture: a JPEG that shows where."""

    def __init__(self, findings: list[Finding], picture: bytes) -> None:
        first = next(finding for finding in findings if finding.refused)
        super().__init__(first.sentence, code=first.code)
        self.findings = tuple(findings)
        self.picture = picture


def read(source: Path, folder: Path) -> Frame:
    """RGB of an uploaded photo; `folder` takes its cleaned copy. Raises BadInput (pictures.intake)."""
    cleaned = pictures.intake(source, folder, kept=LONG_SIDE)
    found = cv2.imread(str(cleaned.path), cv2.IMREAD_COLOR)
    cleaned.path.unlink()
    if found is None:
        raise BadInput("The picture cannot be read; choose another one.", code="image_unreadable")
    return cv2.cvtColor(found, cv2.COLOR_BGR2RGB)


def look(picture: Frame) -> tuple[NDArray[np.float64], list[Finding]]:
    """(landmarks of the one face, hints about the photo). Raises Refused with all that is wrong."""
    found = checks.faces(picture)
    points = tracker.landmarks(picture, found[0]) if found else None
    findings = checks.check(picture, found, points)
    if points is None or any(finding.refused for finding in findings):
        raise Refused(findings, marked(picture, findings))
    return points, findings


def prepare(
    source: Path,
    folder: Path,
    report: Report,
    *,
    strokes: Sequence[Stroke] = (),
    own_ground: bool = False,
) -> tuple[Finding, ...]:
    """Makes the pack of the photo `source` in `folder` (which it creates) and returns the hints about the photo.

    Beside the pack go photo.jpg, the part of the photo that is cut out, and cutout.webp. strokes: corrections of the
    cut-out, on that part. own_ground: the person stands before the photo's own background.

    report(step, fraction): step is reading, checking, cutting out or preparing. Raises Refused or BadInput; then
    `folder` is empty. Takes 3 to 12 s on 2 cores.
    """
    report("reading", 0.0)
    folder.mkdir(parents=True, exist_ok=True)
    picture = read(source, folder)
    report("checking", 0.2)
    points, findings = look(picture)
    turned, _ = checks.pose(points)
    report("cutting out", 0.35)
    picture, points = _cropped(picture, points)
    _write(folder / "photo.jpg", picture)
    marks = brush.painted(strokes, *picture.shape[:2]) if strokes else None
    alpha = matting.matte(picture, points, marks)
    colour = matting.foreground(picture, alpha)
    shown = extent(np.ones_like(alpha) if own_ground else alpha, points)
    ground = behind(picture, alpha, points) if own_ground else None
    if ground is not None:
        _write(folder / GROUND_FILE, ground)
    report("preparing", 0.75)
    row = None
    if any(finding.code == "teeth_taken" for finding in findings):
        row = teeth.own(colour, points)
    if checks.opening(points) > TOUCHING:
        colour, points = closing.close(colour, points)
    if row is None:
        row = teeth.lend(colour, points)
    half, shut, eyes = lids.make(colour, points)
    plate = np.dstack([colour, np.clip(alpha * 255 + 0.5, 0, 255).astype(np.uint8)])
    upper = [*row[1], row[0].shape[1], row[0].shape[0]]
    tiles = {"half": list(eyes), "blink": list(eyes), "upper": upper}
    for name, tile in (("half", half), ("blink", shut), ("upper", row[0])):
        _write(folder / f"{name}.png", tile)
    _write(folder / "plate.png", plate)
    _show(plate, folder / "cutout.webp")
    digest = hashlib.sha256((folder / "plate.png").read_bytes()).hexdigest()
    rounded = [[round(float(value), 2) for value in point] for point in points]
    (folder / "landmarks.json").write_text(json.dumps(rounded), encoding="utf-8")
    plain: dict[str, Any] = {
        "size": [plate.shape[1], plate.shape[0]],
        "tiles": tiles,
        "extent": asdict(shown),
        "white": [round(float(value), 1) for value in teeth.bright(row[0]) * teeth.SHADED],
        "sha256": digest,
    }
    _describe(folder, plain)
    plain["reach"] = turns.of(folder, shown, turned, own_ground=own_ground)
    _describe(folder, plain)
    _poster(plate, points, shown, ground, folder / "poster.webp")
    report("preparing", 1.0)
    return (*findings, *([] if own_ground else _ends(shown)))


def _describe(folder: Path, plain: dict[str, Any]) -> None:
    (folder / "avatar.json").write_text(json.dumps(plain, indent=2) + "\n", encoding="utf-8")


def portrait_of(folder: Path) -> Frame:
    """The face of a pack before a calm ground, RGB, for comparisons."""
    plate = cv2.imread(str(folder / "plate.png"), cv2.IMREAD_UNCHANGED)
    if plate is None:
        raise FileNotFoundError(folder / "plate.png")
    share = plate[..., 3:].astype(np.float32) / 255
    laid = plate[..., 2::-1] * share + np.array(GROUND, np.float32) * (1 - share)
    return np.ascontiguousarray((laid + 0.5).astype(np.uint8))


def marked(picture: Frame, findings: list[Finding]) -> bytes:
    """A JPEG of the picture with red frames around what is wrong, and a dashed one around what a photo should show, on
    paper where the picture ends before that."""
    rows, columns = picture.shape[:2]
    needed = [finding.needs for finding in findings if finding.needs]
    left, top = (max(0, -min([0, *(box[i] for box in needed)])) for i in (0, 1))
    right, foot = (
        max(0, max([0, *(box[i] + box[i + 2] for box in needed)]) - size)
        for i, size in ((0, columns), (1, rows))
    )
    most = round(BEYOND * max(rows, columns))
    left, top, right, foot = (min(side, most) for side in (left, top, right, foot))
    whole = cv2.copyMakeBorder(
        picture, top, foot, left, right, cv2.BORDER_CONSTANT, value=tuple(GROUND)
    )
    scale = min(1.0, MARKED / max(whole.shape[:2]))
    shown = cv2.resize(whole, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)

    def corners(box: checks.Box) -> tuple[int, int, int, int]:
        x, y, wide, tall = (value * scale for value in box)
        x, y = x + left * scale, y + top * scale
        return round(x) - 3, round(y) - 3, round(x + wide) + 3, round(y + tall) + 3

    for finding in findings:
        if finding.box is not None:
            x0, y0, x1, y1 = corners(finding.box)
            cv2.rectangle(shown, (x0, y0), (x1, y1), (255, 255, 255), 5, cv2.LINE_AA)
            cv2.rectangle(shown, (x0, y0), (x1, y1), RED, 3, cv2.LINE_AA)
    for box in needed:
        _dashed(shown, corners(box))
    return cv2.imencode(".jpg", shown[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])[1].tobytes()


def _dashed(picture: Frame, corners: tuple[int, int, int, int]) -> None:
    """A frame of white and green dashes, inside the picture."""
    tall, wide = picture.shape[:2]
    x0, y0, x1, y1 = corners
    x0, x1 = (min(max(x, 2), wide - 3) for x in (x0, x1))
    y0, y1 = (min(max(y, 2), tall - 3) for y in (y0, y1))
    outline = [(x0, y0, x1, y0), (x1, y0, x1, y1), (x1, y1, x0, y1), (x0, y1, x0, y0)]
    for ax, ay, bx, by in outline:
        steps = max(1, int(np.hypot(bx - ax, by - ay)) // DASH)
        for number in range(0, steps, 2):
            first, last = number / steps, min(1.0, (number + 1) / steps)
            begin = round(ax + (bx - ax) * first), round(ay + (by - ay) * first)
            end = round(ax + (bx - ax) * last), round(ay + (by - ay) * last)
            cv2.line(picture, begin, end, (255, 255, 255), 5, cv2.LINE_AA)
            cv2.line(picture, begin, end, GREEN, 3, cv2.LINE_AA)


def _cropped(picture: Frame, points: NDArray[np.float64]) -> tuple[Frame, NDArray[np.float64]]:
    """The part around head and chest, the face at most FACE pixels tall, and its landmarks."""
    tall = float(np.linalg.norm(points[10, :2] - points[152, :2]))
    beside, above, below = (share * tall for share in ROOM)
    middle = float(points[[61, 291], 0].mean())
    rows, columns = picture.shape[:2]
    x0, x1 = max(0, int(middle - beside)), min(columns, int(middle + beside))
    y0, y1 = max(0, int(points[10, 1] - above)), min(rows, int(points[152, 1] + below))
    scale = min(1.0, FACE / tall)
    part = np.ascontiguousarray(picture[y0:y1, x0:x1])
    if scale < 1:
        part = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    moved = points * scale
    moved[:, 0] -= x0 * scale
    moved[:, 1] -= y0 * scale
    return part, moved


def behind(picture: Frame, alpha: matting.Alpha, points: NDArray[np.float64]) -> Frame:
    """The photo's background, continued behind the person, RGB."""
    tall = float(np.linalg.norm(points[10, :2] - points[152, :2]))
    side = 2 * max(1, round(AWAY * tall)) + 1
    hole = cv2.dilate((alpha > 0.02).astype(np.uint8), np.ones((side, side), np.uint8)) > 0
    if hole.all():
        return np.full_like(picture, GROUND)
    return np.clip(lids.fill(picture.astype(np.float32), hole) + 0.5, 0, 255).astype(np.uint8)


def extent(alpha: matting.Alpha, points: NDArray[np.float64]) -> Extent:
    """How much of the person is in the picture that `alpha` was cut out of."""
    tall = float(np.linalg.norm(points[10, :2] - points[152, :2]))
    x, y = (points[10, :2] + points[152, :2]) / 2
    rows, columns = alpha.shape
    some = alpha > TOUCHES
    first = int(np.argmax(some.any(axis=1)))
    half = max(1, round(FOOT * tall))
    under = np.asarray(some[:, max(0, round(x) - half) : round(x) + half].any(axis=1))
    last = rows - int(np.argmax(under[::-1]))

    def begins(edge: NDArray[np.bool_]) -> float | None:
        side = np.asarray(edge.any(axis=1))
        return round((int(np.argmax(side)) - y) / tall, 3) if side.any() else None

    return Extent(
        above=round((y - first) / tall, 3),
        cut=bool(some[:EDGE].any()),
        below=round((last - y) / tall, 3),
        left=round(x / tall, 3),
        right=round((columns - x) / tall, 3),
        left_from=begins(some[:, :EDGE]),
        right_from=begins(some[:, -EDGE:]),
    )


def _ends(shown: Extent) -> list[Finding]:
    """Hints about a photo that ends close around the person."""
    found = []
    if shown.cut:
        sentence = gettext(
            "The photo cuts the head off above, so films show it close enough that nobody sees it. "
            "Leave room above the hair to be seen whole."
        )
        found.append(Finding("crown_cut", sentence, refused=False))
    sides = [side for side in (shown.left_from, shown.right_from) if side is not None]
    if sides and min(sides) < CLOSE:
        sentence = gettext(
            "The photo ends close beside the person, so wide films show them larger or in a circle. "
            "With room on both sides of the shoulders they stand free."
        )
        found.append(Finding("sides_cut", sentence, refused=False))
    return found


def _show(plate: Frame, path: Path) -> None:
    """The cut-out for a page."""
    scale = min(1.0, SEEN / max(plate.shape[:2]))
    small = cv2.resize(plate, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(path), small[..., [2, 1, 0, 3]], [cv2.IMWRITE_WEBP_QUALITY, 88])


def _poster(
    plate: Frame, points: NDArray[np.float64], extent: Extent, ground: Frame | None, path: Path
) -> None:
    """Head and shoulders before a calm ground or the photo's own, for lists."""
    tall = float(np.linalg.norm(points[10, :2] - points[152, :2]))
    video = VideoFormat(*POSTER)
    stands = placing.standing(Layout("full", scale=LARGER), video, extent)
    scale = stands.face / tall
    middle, top = float(points[[10, 152], 0].mean()), float(points[10, 1])
    move = np.array([[scale, 0, stands.x - middle * scale], [0, scale, stands.top - top * scale]])
    front = plate.astype(np.float32)
    front[..., :3] *= front[..., 3:] / 255
    front = cv2.GaussianBlur(front, (0, 0), max(0.01, 0.4 / scale)) if scale < 1 else front
    laid = cv2.warpAffine(front, move, POSTER, flags=cv2.INTER_AREA)
    under: NDArray = np.array(GROUND)
    if ground is not None:
        under = cv2.warpAffine(ground, move, POSTER, flags=cv2.INTER_AREA, borderValue=GROUND)
    shown = laid[..., :3] + under * (1 - laid[..., 3:] / 255)
    cv2.imwrite(
        str(path),
        np.clip(shown[..., ::-1] + 0.5, 0, 255).astype(np.uint8),
        [cv2.IMWRITE_WEBP_QUALITY, 86],
    )


def _write(path: Path, picture: Frame) -> None:
    order = [2, 1, 0, 3][: picture.shape[2]]
    if not cv2.imwrite(str(path), picture[..., order]):
        raise OSError(f"could not write {path.name}")
