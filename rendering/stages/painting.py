"""The parts of frames: patches laid over each other, grounds, panels, captions, cards, and the marks of a preview.

Pictures are premultiplied RGBA where they have alpha.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from rendering import clips, colour, media, rooms
from rendering.stages import lettering, placing
from rendering.stages.placing import Box
from rendering.values import Background, Captions, Frame, Overlay, VideoFormat

INK, PAPER = (29, 26, 23), (250, 248, 245)
BAND = 64  # rows that are laid at a time: they stay in the processor's cache, which is faster and takes no memory
CHECKS = ((214, 214, 214), (240, 240, 240))  # shown in a preview where a frame is transparent


@dataclass(frozen=True, slots=True)
class Patch:
    """A small picture with alpha and where it lies in the frame."""

    rgba: Frame
    left: int
    top: int


def over(front: Frame, back: Frame) -> Frame:
    """Premultiplied RGBA over RGB, or over premultiplied RGBA."""
    # OpenCV's own steps from one channel order to another are ten times faster than numpy's slices.
    clear = cv2.bitwise_not(cv2.extractChannel(front, 3))
    if back.shape[2] == 4:
        return cv2.add(front, cv2.multiply(back, cv2.merge([clear] * 4), scale=1 / 255))
    shown = cv2.multiply(back, cv2.cvtColor(clear, cv2.COLOR_GRAY2RGB), scale=1 / 255)
    return cv2.add(cv2.cvtColor(front, cv2.COLOR_RGBA2RGB), shown)


def lay(frame: Frame, patch: Patch, share: float = 1.0, lift: int = 0) -> None:
    """Lays the patch into the frame, `share` of it visible, `lift` pixels lower; what is outside is cut."""
    rows, columns = frame.shape[:2]
    top, left = patch.top + lift, patch.left
    y0, x0 = max(0, top), max(0, left)
    y1, x1 = min(rows, top + patch.rgba.shape[0]), min(columns, left + patch.rgba.shape[1])
    if y0 >= y1 or x0 >= x1 or share <= 0:
        return
    part = patch.rgba[y0 - top : y1 - top, x0 - left : x1 - left]
    for first in range(y0, y1, BAND):
        band = slice(first, min(first + BAND, y1))
        piece = part[band.start - y0 : band.stop - y0]
        if share < 1:
            piece = cv2.multiply(piece, (share,) * 4)
        frame[band, x0:x1] = over(piece, frame[band, x0:x1])


def lay_all(frame: Frame, patches: Sequence[Patch]) -> None:
    for patch in patches:
        lay(frame, patch)


def straight(frame: Frame) -> Frame:
    """A premultiplied RGBA frame with straight alpha, as video files store it; RGB unchanged."""
    if frame.shape[2] == 3:
        return frame
    alpha = frame[..., 3]
    safe = cv2.max(alpha, 1)
    colour = cv2.divide(frame[..., :3], cv2.merge([safe] * 3), scale=255)
    return cv2.merge([*cv2.split(colour), alpha])


@functools.lru_cache(maxsize=4)
def circle(radius: float, color: tuple[int, int, int]) -> tuple[Frame, Frame, Frame]:
    """(RGB behind the person, alpha of the disc, ring and shadow around it as RGBA), squares of one size."""
    line = max(2.0, 0.035 * radius)
    side = 2 * round(radius + line + 0.16 * radius)
    y, x = np.mgrid[:side, :side].astype(np.float32) + 0.5
    away = np.hypot(x - side / 2, y - side / 2)
    ring = np.clip(radius + line - away + 0.5, 0, 1)
    lower = np.hypot(x - side / 2, y - side / 2 - 0.035 * radius)
    shade = cv2.GaussianBlur(np.clip(radius + line - lower, 0, 1), (0, 0), 0.055 * radius) * 0.34
    around = np.dstack([ring] * 3 + [ring + shade * (1 - ring)])
    tones = np.linspace(1.04, 0.9, side, dtype=np.float32)[:, None, None]
    back = np.clip(np.array(color, np.float32) * tones, 0, 255).astype(np.uint8)
    as_bytes = lambda part: (np.clip(part, 0, 1) * 255 + 0.5).astype(np.uint8)  # noqa: E731
    return (
        np.ascontiguousarray(np.broadcast_to(back, (side, side, 3))),
        as_bytes(radius - away + 0.5),
        as_bytes(around),
    )


def rgb(color: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(color.removeprefix("#"))
    return red, green, blue


def luminance(color: tuple[int, int, int]) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = [c / 255 for c in color]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def painted(background: Background, video: VideoFormat, part: Box | None = None) -> Frame:
    """The background, RGB. part: the box that a picture fills, with the background's colour around it.

    Of a video only the colour. Raises FileNotFoundError if the picture is gone.
    """
    found = np.empty((video.height, video.width, 3), np.uint8)
    found[:] = rgb(background.color)
    part = part or Box(0, 0, video.width, video.height)
    if background.pictured and background.video is None:
        found[part.top : part.bottom, part.left : part.right] = _pictured(background, part)
    elif background.to and background.video is None:
        found = _gradient(background, video)
    return found


def _gradient(background: Background, video: VideoFormat) -> Frame:
    """From one colour to the other along the angle, as CSS's linear-gradient; with noise of half a level against bands."""
    turn = np.deg2rad(background.angle)
    across, down = np.sin(turn), -np.cos(turn)
    length = abs(video.width * across) + abs(video.height * down)
    x = (np.arange(video.width, dtype=np.float32) + 0.5 - video.width / 2) * across
    y = (np.arange(video.height, dtype=np.float32) + 0.5 - video.height / 2) * down
    share = np.clip((x[None] + y[:, None]) / length + 0.5, 0, 1)
    noise = np.random.default_rng(1).random(share.shape, np.float32)
    channels = [
        (a + (b - a) * share + noise).astype(np.uint8)
        for a, b in zip(rgb(background.color), rgb(background.to), strict=True)
    ]
    return cv2.merge(channels)


def _pictured(background: Background, part: Box) -> Frame:
    path = background.picture or rooms.path(background.room)
    read = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if read is None:
        raise FileNotFoundError(path)
    ground = np.array(rgb(background.color), np.uint8)
    if read.ndim == 2:
        read = cv2.cvtColor(read, cv2.COLOR_GRAY2BGR)
    if read.shape[2] == 4:  # a picture with alpha stands before the colour
        alpha = read[..., 3:].astype(np.float32) / 255
        read = (read[..., :3] * alpha + ground[::-1] * (1 - alpha) + 0.5).astype(np.uint8)
    ratios = (part.width / read.shape[1], part.height / read.shape[0])
    scale = max(ratios) if background.fit == "cover" else min(ratios)
    sides = [max(1, round(side * scale)) for side in (read.shape[1], read.shape[0])]
    if background.fit == "cover":
        sides = [max(sides[0], part.width), max(sides[1], part.height)]
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    read = cv2.resize(read, sides, interpolation=method)[..., ::-1]
    found = np.empty((part.height, part.width, 3), np.uint8)
    found[:] = ground
    x, y = (part.width - sides[0]) // 2, (part.height - sides[1]) // 2
    x0, y0 = max(0, x), max(0, y)
    x1, y1 = min(part.width, x + sides[0]), min(part.height, y + sides[1])
    found[y0:y1, x0:x1] = read[y0 - y : y1 - y, x0 - x : x1 - x]
    return found


def behind(
    background: Background, video: VideoFormat, part: Box, at: float
) -> Generator[Frame, None, None]:
    """The background's video from `at` seconds on, again and again, a frame at a time; fills `part`."""
    source = background.video
    if source is None:
        raise ValueError("the background is not a video")
    # A clip has at most LONG_SIDE pixels a side: it is enlarged here, so that no large pictures wait in pipes.
    share = min(1.0, clips.LONG_SIDE / max(part.width, part.height))
    # Its pixels are cropped and padded by twos.
    wide, tall = (2 * math.ceil(share * side / 2) for side in (part.width, part.height))
    size = f"{wide}:{tall}"
    if background.fit == "cover":
        fit = f"scale={size}:force_original_aspect_ratio=increase:flags=bicubic,crop={size}"
    else:
        pad = background.color.removeprefix("#")
        fit = (
            f"scale={size}:force_original_aspect_ratio=decrease:flags=bicubic,"
            f"pad={size}:(ow-iw)/2:(oh-ih)/2:color=0x{pad}"
        )
    alpha = np.full((part.height, part.width, 1), 255, np.uint8) if video.alpha else None

    def whole(raw: Frame) -> Frame:
        picture = colour.picture(raw)
        if share < 1:
            picture = cv2.resize(picture, (part.width, part.height), interpolation=cv2.INTER_CUBIC)
        picture = picture[: part.height, : part.width]
        return picture if alpha is None else np.dstack([picture, alpha])

    yield from map(whole, media.looped(source, (wide, tall), f"fps={video.fps},{fit}", start=at))


@functools.lru_cache(maxsize=8)
def fitted(picture: Path, longest: float) -> Frame:
    """A picture as premultiplied RGBA, its longer side that many pixels."""
    read = cv2.imread(str(picture), cv2.IMREAD_UNCHANGED)
    if read is None:
        raise FileNotFoundError(picture)
    if read.ndim == 2:
        read = cv2.cvtColor(read, cv2.COLOR_GRAY2BGR)
    code = cv2.COLOR_BGRA2RGBA if read.shape[2] == 4 else cv2.COLOR_BGR2RGBA
    found = cv2.cvtColor(read, code)
    alpha = found[..., 3].copy()
    found[..., :3] = cv2.multiply(found[..., :3], cv2.merge([alpha] * 3), scale=1 / 255)
    scale = longest / max(found.shape[:2])
    size = [max(1, round(side * scale)) for side in (found.shape[1], found.shape[0])]
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cv2.resize(found, size, interpolation=method)


def coloured(mask: Frame, color: tuple[int, int, int]) -> Frame:
    """A mask as premultiplied RGBA of one colour."""
    parts = [cv2.multiply(mask, np.full_like(mask, c), scale=1 / 255) for c in color]
    return cv2.merge([*parts, mask])


def rounded(
    width: int, height: int, radius: float, color: tuple[int, int, int], share: float
) -> Frame:
    """A rectangle with round corners as premultiplied RGBA."""
    from PIL import Image, ImageDraw  # large: loaded when it is needed

    fine = 4  # times finer, then scaled down: Pillow's corners are not smooth
    sheet = Image.new("L", (width * fine, height * fine), 0)
    ImageDraw.Draw(sheet).rounded_rectangle(
        (0, 0, width * fine - 1, height * fine - 1), round(radius * fine), fill=255
    )
    mask = cv2.resize(np.asarray(sheet), (width, height), interpolation=cv2.INTER_AREA)
    return coloured((mask * np.float32(share) + 0.5).astype(np.uint8), color)


# -- the text beside the person --------------------------------------------------------------------


@functools.lru_cache(maxsize=4)
def panel(
    heading: str, body: str, box: Box, short: int, paper: tuple[int, int, int], font: str
) -> Patch:
    """Heading and body, set from the left into the middle of the box; smaller where they would not fit."""
    ink = INK if luminance(paper) > 0.22 else PAPER
    for step in range(12):
        parts, height = _set(heading, body, box, short, 0.92**step, font)
        if height <= box.height:
            break
    sheet = np.zeros((box.height, box.width, 4), np.uint8)
    y = max(0, round((box.height - height) * 0.46))
    for kind, block, gap, indent in parts:
        y += gap
        soft = 0.86 if kind == "body" else 1.0
        color = tuple(round(p + (i - p) * soft) for p, i in zip(paper, ink, strict=True))
        width = box.width - indent
        mask = lettering.mask(block, width=width)
        visible = Patch(coloured(mask, color), indent, y)  # type: ignore[arg-type]
        lay(sheet, visible)
        if indent:
            dot = max(2, round(0.11 * block.size))
            centre = (round(0.32 * indent), y + round(block.pitch * 0.52))
            mark = np.zeros((box.height, box.width), np.uint8)
            cv2.circle(mark, centre, dot, 255, -1, cv2.LINE_AA)
            lay(sheet, Patch(coloured(mark, color), 0, 0))  # type: ignore[arg-type]
        y += block.height
    return Patch(sheet, box.left, box.top)


def _set(
    heading: str, body: str, box: Box, short: int, scale: float, font: str
) -> tuple[list[tuple[str, lettering.Block, int, int]], int]:
    """([(kind, block, gap above, indent)], height in all) at this share of the usual size."""
    unit = scale * min(max(0.118 * box.width, HEADING * short), 0.2 * box.height)
    parts: list[tuple[str, lettering.Block, int, int]] = []
    if heading:
        size, family = max(10, round(unit)), lettering.family("heading", font)
        block = lettering.block(heading, family=family, size=size, width=box.width, leading=1.12)
        parts.append(("heading", block, 0, 0))
    size = max(8, round(0.47 * unit))
    for number, row in enumerate(filter(None, map(str.strip, body.split("\n")))):
        item = row.startswith(("- ", "* ", "• "))
        text = row[2:] if item else row
        indent = round(1.15 * size) if item else 0
        family = lettering.family("text", font)
        block = lettering.block(
            text, family=family, size=size, width=box.width - indent, leading=1.42
        )
        gap = round((1.05 if number == 0 else 0.42 if item else 0.7) * size) if parts else 0
        parts.append(("body", block, gap, indent))
    return parts, sum(gap + block.height for _, block, gap, _ in parts)


HEADING = 0.062  # height of the heading's letters at least, of the frame's short side

# -- captions and overlays -------------------------------------------------------------------------

CAPTION = (0.058, 0.052, 0.048, 0.046, 0.046)
"""Height of the letters, of the frame's short side, at each of placing.RATIOS: tall frames are seen on phones."""
STEPS = {"small": 0.8, "medium": 1.0, "large": 1.25}
"""Of that height."""
HIGHLIGHT = (246, 201, 69)
GROUND = (20, 20, 22)


@functools.lru_cache(maxsize=16)
def caption(
    text: str, captions: Captions, area: Box, video: VideoFormat, said: int, font: str
) -> Patch:
    """A caption at its position, lines divided by newlines; with "karaoke" the word `said` gets a ground of its own."""
    style, position = captions.style, captions.position
    share = placing.at(CAPTION, video) * STEPS[captions.size]
    size = max(10, round(share * min(video.width, video.height)))
    across, down = round(0.62 * size), round(0.34 * size)
    family = lettering.family("strong", font)
    block = lettering.evened(text, family=family, size=size, width=area.width - 2 * across)
    width, height = block.width + 2 * across, block.height + 2 * down
    if style == "boxed":
        sheet = rounded(width, height, 0.36 * size, GROUND, 0.78)
    else:
        sheet = np.zeros((height, width, 4), np.uint8)
    mask = np.zeros((height, width), np.uint8)
    letters = lettering.mask(block, align="center")
    mask[down : down + block.height, across : across + letters.shape[1]] = letters
    if style != "boxed":
        _shade(sheet, mask, size)
    lay(sheet, Patch(coloured(mask, (255, 255, 255)), 0, 0))
    if style == "karaoke" and said >= 0:
        boxes = lettering.word_boxes(block, width=block.width)
        left, top, right, bottom = boxes[min(said, len(boxes) - 1)]
        pad, slack = round(0.2 * size), round(0.04 * size)
        ground = rounded(
            right - left + 2 * pad, bottom - top - 2 * slack, 0.24 * size, HIGHLIGHT, 1.0
        )
        lay(sheet, Patch(ground, across + left - pad, down + top + slack))
        word = np.zeros_like(mask)
        part = (slice(down + top, down + bottom), slice(across + left, across + right))
        word[part] = mask[part]
        lay(sheet, Patch(coloured(word, INK), 0, 0))
    left = area.left + (area.width - width) // 2
    if position == "top":
        top = area.top
    elif position == "middle":
        top = area.top + round(0.72 * (area.height - height))
    else:
        top = area.bottom - height
    return Patch(sheet, left, top)


def _shade(sheet: Frame, mask: Frame, size: int) -> None:
    """Gives letters without a box a dark rim and a soft shadow, so that they can be read over anything."""
    rim = cv2.dilate(
        mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * max(1, size // 18) + 1,) * 2)
    )
    rim = cv2.GaussianBlur(rim, (0, 0), max(0.6, 0.03 * size))
    soft = cv2.GaussianBlur(rim, (0, 0), 0.16 * size)
    soft = np.clip(soft.astype(np.float32) * 1.5, 0, 165).astype(np.uint8)
    lay(sheet, Patch(coloured(soft, (0, 0, 0)), 0, 0))
    lay(sheet, Patch(coloured((rim * np.float32(0.8)).astype(np.uint8), (0, 0, 0)), 0, 0))


@functools.lru_cache(maxsize=16)
def drawn(overlay: Overlay, video: VideoFormat, font: str) -> Patch:
    """An overlay at its position."""
    short = min(video.width, video.height)
    if overlay.picture is not None:
        sheet = fitted(overlay.picture, overlay.size * short)
    else:
        sheet = _worded(overlay, video, round(overlay.size * short), font)
    size = (sheet.shape[1], sheet.shape[0])
    return Patch(sheet, *placing.place(overlay.position, size, video, x=overlay.x, y=overlay.y))


def _worded(overlay: Overlay, video: VideoFormat, size: int, font: str) -> Frame:
    """The picture of an overlay's text: on a card, or white with a shade."""
    size = max(9, size)
    area = placing.safe(video)
    card = overlay.style == "card"
    across, down = (round(0.75 * size), round(0.5 * size)) if card else (round(0.5 * size),) * 2
    most = min(0.62 * area.width if video.width > video.height else area.width, area.width)
    family = lettering.family("strong", font)
    for step in range(14):  # a long text is written smaller rather than cut
        letters = max(9, round(size * 0.9**step))
        block = lettering.block(
            overlay.text, family=family, size=letters, width=most - 2 * across, leading=1.26
        )
        if block.height + 2 * down <= area.height:
            break
    width, height = block.width + 2 * across, block.height + 2 * down
    mask = np.zeros((height, width), np.uint8)
    found = lettering.mask(block)
    mask[down : down + block.height, across : across + found.shape[1]] = found
    if card:
        sheet = rounded(width, height, min(0.4 * size, height / 2), PAPER, 0.96)
        lay(sheet, Patch(coloured(mask, INK), 0, 0))
        return sheet
    sheet = np.zeros((height, width, 4), np.uint8)
    _shade(sheet, mask, letters)
    lay(sheet, Patch(coloured(mask, (255, 255, 255)), 0, 0))
    return sheet


def checkered(frame: Frame) -> Frame:
    """A frame with straight alpha as RGB, over the checks that show transparency."""
    if frame.shape[2] == 3:
        return frame
    rows, columns = frame.shape[:2]
    step = max(8, min(rows, columns) // 36)
    y, x = np.indices((rows, columns)) // step
    ground = np.array(CHECKS, np.float32)[(x + y) % 2]
    alpha = frame[..., 3:].astype(np.float32) / 255
    return (frame[..., :3] * alpha + ground * (1 - alpha) + 0.5).astype(np.uint8)


def guided(frame: Frame, video: VideoFormat) -> Frame:
    """The frame with the edge of the safe area drawn in: a dashed line, dark and light so that it shows on anything."""
    found = frame.copy()
    area = placing.safe(video)
    dash = max(4, min(found.shape[:2]) // 60)
    for number, at in enumerate(range(area.left, area.right, dash)):
        tone = 245 if number % 2 else 60
        for y in (area.top, area.bottom - 1):
            found[y, at : min(at + dash, area.right), :3] = tone
    for number, at in enumerate(range(area.top, area.bottom, dash)):
        tone = 245 if number % 2 else 60
        for x in (area.left, area.right - 1):
            found[at : min(at + dash, area.bottom), x, :3] = tone
    return found
