"""Stage 5, frames: motion, a face and a background to pictures, one at a time.

The engine draws the person with alpha over the background; captions are burnt in last if they are wanted.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from rendering.faces import Avatar, portrait
from rendering.stages import captions
from rendering.values import Background, Frame, Motion, Report, Timing, VideoFormat

VERSION = f"frames/2 {portrait.VERSION}"
PURE = portrait.PURE
EVERY = 5  # frames between two reports

FONT = Path(__file__).resolve().parent.parent / "assets" / "fonts" / "Inter-SemiBold.ttf"
CAPTION = 0.044  # height of the letters, of the frame's short side
LOW = 0.075  # distance of the caption from the foot, of the frame's height
PADDING = (0.6, 0.35)  # around the words, in letters' heights
GROUND = (20, 20, 22, 190)  # behind the words: readable over anything


def run(
    motion: Motion,
    *,
    avatar: Avatar,
    video: VideoFormat,
    background: Background,
    timing: Timing,
    burn_captions: bool,
    draft: bool,
    report: Report,
) -> Iterator[Frame]:
    """motion.frames pictures, uint8 RGB (video.height, video.width, 3).

    A draft is drawn like any other film, and marked as one. Raises what `report` raises.
    """
    scene = portrait.Scene(portrait.portrait(avatar, video.width, video.height), background, video)
    cues = captions.cues(timing.words) if burn_captions else []
    for number in range(motion.frames):
        if number % EVERY == 0:
            report("frames", number / motion.frames)
        frame = scene.frame({name: float(track[number]) for name, track in motion.tracks.items()})
        moment = (number + 0.5) / motion.fps
        for cue in cues:
            if cue.start <= moment < cue.end:
                lay(frame, cue.text)
        if draft:
            mark(frame)
        yield frame


def rest(
    *,
    avatar: Avatar,
    video: VideoFormat,
    background: Background,
    pose: dict[str, float],
    caption: str = "",
) -> Frame:
    """The person before the background in a pose of motion.rest: with how every line begins and ends."""
    scene = portrait.Scene(portrait.portrait(avatar, video.width, video.height), background, video)
    frame = scene.frame(pose)
    if caption:
        lay(frame, caption)
    return frame


def lay(frame: Frame, text: str) -> None:
    """Writes a caption, lines parted by newlines, into the foot of the frame."""
    label = _label(text, frame.shape[1], frame.shape[0])
    rows, columns = label.shape[:2]
    y = frame.shape[0] - round(LOW * frame.shape[0]) - rows
    x = (frame.shape[1] - columns) // 2
    under = frame[y : y + rows, x : x + columns].astype(np.float32)
    alpha = label[..., 3:].astype(np.float32) / 255
    frame[y : y + rows, x : x + columns] = under * (1 - alpha) + label[..., :3] * alpha + 0.5


MARK = 0.115  # height of the letters of a draft's mark, of the frame's short side
MARKED = 0.20  # how much of the letters covers the picture


def mark(frame: Frame) -> None:
    """Writes DRAFT all over the frame, so that no crop of it is without the word."""
    share, light = _mark(frame.shape[1], frame.shape[0])
    frame += cv2.multiply(light - np.minimum(frame, light), share, scale=1 / 255)


@functools.lru_cache(maxsize=2)
def _mark(width: int, height: int) -> tuple[Frame, Frame]:
    """(how much of the mark covers each channel, its colour)."""
    from PIL import Image, ImageDraw, ImageFont

    size = max(14, round(MARK * min(width, height)))
    font = ImageFont.truetype(str(FONT), size)
    side = width + height
    sheet = Image.new("L", (side, side), 0)
    pen = ImageDraw.Draw(sheet)
    step = round(font.getlength("DRAFT") + 2.2 * size)
    for row, y in enumerate(range(0, side, round(2.6 * size))):
        for x in range(-step + (row % 2) * step // 2, side, step):
            pen.text((x, y), "DRAFT", font=font, fill=round(255 * MARKED))
    turned = sheet.rotate(24, Image.Resampling.BICUBIC)
    left, top = (side - width) // 2, (side - height) // 2
    share = np.asarray(turned.crop((left, top, left + width, top + height)))
    return np.dstack([share] * 3), np.full((height, width, 3), 255, np.uint8)


@functools.lru_cache(maxsize=64)
def _label(text: str, width: int, height: int) -> Frame:
    """The caption as RGBA with its ground, broken so that it fits the width."""
    from PIL import Image, ImageDraw, ImageFont

    size = max(10, round(CAPTION * min(width, height)))
    font = ImageFont.truetype(str(FONT), size)
    lines: list[str] = []
    for row in text.split("\n"):
        words, line = row.split(), ""
        for word in words:
            longer = f"{line} {word}".strip()
            if line and font.getlength(longer) > 0.86 * width:
                lines.append(line)
                longer = word
            line = longer
        lines.append(line)
    across, down = (round(share * size) for share in PADDING)
    pitch = round(1.3 * size)
    wide = min(width, int(max(font.getlength(line) for line in lines)) + 2 * across)
    label = Image.new("RGBA", (wide, pitch * len(lines) + 2 * down), (0, 0, 0, 0))
    pen = ImageDraw.Draw(label)
    pen.rounded_rectangle(
        (0, 0, wide - 1, label.height - 1), radius=round(0.35 * size), fill=GROUND
    )
    for number, line in enumerate(lines):
        pen.text(
            (wide / 2, down + pitch * (number + 0.5)), line, font=font, fill="white", anchor="mm"
        )
    return np.asarray(label)
