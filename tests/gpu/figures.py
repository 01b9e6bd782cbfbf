"""How each face that ships stands in EchoMimic's square, and what shows of it when MuseTalk paints it.

`python -m tests.gpu.figures`, some seconds. Two tables for docs/decisions/0036: what the studio does, beside other ways.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np

from rendering import faces
from rendering.faces import Avatar, passes, portrait, squares
from rendering.faces.musetalk import pasting
from rendering.stages.motion import TRACKS

SIDE = 256  # pixels that MuseTalk sees
FACE, JAW = 180.0, 0.5  # pixels of a drawn face's height; how far its mouth is open
MOVED = 4  # grey levels beyond which a pixel differs
TIP, MIDDLE = 152, 200  # landmarks of the chin

Box = tuple[int, int, int, int]


def around(points: np.ndarray) -> Box:
    """The square as large as the longer side of the mesh's box, widened by half of that, with the face in its middle."""
    low, high = points.min(0), points.max(0)
    half = round(float((high - low).max()))
    x, y = np.round((low + high) / 2).astype(int)
    return x - half, y - half, x + half, y + half


def standing(avatar: Avatar, box: Box) -> tuple[float, float, float, float]:
    """Of the square's side: the face's height. Of its area: the face's mask. Of head and hair: how much lies outside it.
    Of the square's side: how far hair rises above it."""
    points, head = passes.landmarks(avatar), of_head(avatar)
    x0, y0, x1, y1 = box
    side = x1 - x0
    tall = np.ptp(points[:, 1])
    low, high = squares.found(points)
    cover = (1 + 2 * squares.MASK) ** 2 * np.prod(high - low) / side**2
    inside = head[max(0, y0) : y1, max(0, x0) : x1].sum()
    top = int(np.argmax((head > portrait.HAIR / 255).any(1)))
    return tall / side, cover, max(0, 1 - inside / head.sum()), max(0, y0 - top) / side


def of_head(avatar: Avatar) -> np.ndarray:
    """(rows, columns) of the plate, 0..1: how much of each pixel is head, hair and neck."""
    plain = json.loads((avatar.folder / "avatar.json").read_text(encoding="utf-8"))
    x, y, wide, tall = plain["tiles"]["head"]
    plate, _ = passes.plate(avatar)
    found = np.zeros(plate.shape[:2], np.float32)
    read = cv2.imread(str(avatar.folder / "head.png"), cv2.IMREAD_GRAYSCALE)
    found[y : y + tall, x : x + wide] = read.astype(np.float32) / 255
    return found


def eroded(cut: pasting.Cut, points: np.ndarray) -> np.ndarray:
    """A mask of the jaw's outline at rest, narrowed and softened by a twentieth of the square."""
    x0, y0, x1, y1 = cut.box
    outline = (points[pasting.JAW] - (x0, y0)) * (SIDE / (x1 - x0), SIDE / (y1 - y0))
    mask = np.zeros((SIDE, SIDE), np.float32)
    cv2.fillPoly(mask, [np.round(outline).astype(np.int32)], 1.0)
    mask[: round(0.52 * SIDE)] = 0
    mask = cv2.erode(mask, np.ones((round(0.1 * SIDE) | 1,) * 2))
    return cv2.GaussianBlur(mask, (0, 0), 0.05 * SIDE)


def painted(avatar: Avatar, mask: Callable[[pasting.Cut, np.ndarray], np.ndarray]) -> list[float]:
    """Of the box's area: the mask. Its weight at the chin's tip and middle, and its steepest step from pixel to pixel.
    Grey levels, where an open mouth moves the box: the mean difference from it if it is laid in as if it were painted."""
    points, drawn = passes.landmarks(avatar), portrait.portrait(avatar, FACE)
    cut = pasting.crop(avatar, SIDE)
    cut = replace(cut, mask=mask(cut, points))
    x0, y0, x1, y1 = cut.box

    def weight(landmark: int) -> float:
        column, row = (points[landmark] - (x0, y0)) * (SIDE / (x1 - x0), SIDE / (y1 - y0))
        return float(cut.mask[min(SIDE - 1, int(row)), min(SIDE - 1, int(column))])

    step = max(float(np.abs(np.diff(cut.mask, axis=axis)).max()) for axis in (0, 1))
    still = dict.fromkeys(TRACKS, 0.0)
    rest, wanted = drawn.draw(still), drawn.draw({**still, "jaw": JAW})
    left, top, *_ = drawn.box
    edges = [round(edge * drawn.scale) for edge in cut.box]
    rows, columns = (
        slice(edges[1] - top, edges[3] - top),
        slice(edges[0] - left, edges[2] - left),
    )
    shown = np.ascontiguousarray(wanted[rows, columns, :3])
    shown = cv2.resize(shown, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    laid = pasting.Mouth(drawn, cut, tone=False).laid(shown, 1.0)
    rest, wanted, laid = (p[rows, columns, :3].astype(int) for p in (rest, wanted, laid))
    moved = np.abs(wanted - rest).max(-1) > MOVED
    apart = float(np.abs(laid - wanted)[moved].mean())
    return [float(cut.mask.mean()), weight(TIP), weight(MIDDLE), step, apart]


def row(name: str, *groups: list[float]) -> str:
    return " | ".join(["", name, *(" / ".join(f"{x:.2f}" for x in g) for g in groups), ""]).strip()


def main() -> None:
    print(
        "face height / mask's cover / head and hair outside / hair above, of EchoMimic's square\n"
    )
    print("| face | as published | longer side |\n|---|---|---|")
    every = []
    for avatar in faces.stock():
        points = passes.landmarks(avatar)
        every.append([standing(avatar, box(points)) for box in (squares.box_of, around)])
        print(row(avatar.slug, *every[-1]))
    print(row("mean", *np.mean(every, 0)))
    print(
        "\nmask's cover / weight at the chin's tip / at its middle / steepest step / grey levels from an open mouth\n"
    )
    print("| face | as now | eroded |\n|---|---|---|")
    every = []
    for avatar in faces.stock():
        every.append([painted(avatar, mask) for mask in (lambda cut, _: cut.mask, eroded)])
        print(row(avatar.slug, *every[-1]))
    print(row("mean", *np.mean(every, 0)))


if __name__ == "__main__":
    main()
