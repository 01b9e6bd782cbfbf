"""Stage 5, frames: from motion, sound, a face and a composition to pictures, one at a time.

An engine draws the person with alpha, composition.py puts them into the frame.
"""

from __future__ import annotations

import functools
from collections.abc import Generator, Iterable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from rendering import faces
from rendering.faces import Avatar, engines, portrait
from rendering.faces.takes import Piece, Take
from rendering.stages import lettering, painting, placing, visemes
from rendering.stages.composition import Composition
from rendering.stages.painting import Patch
from rendering.stages.placing import Box
from rendering.store import Store
from rendering.values import Extent, Floats, Frame, LineSpec, Motion, Report, Timing

VERSION = f"frames/4 {portrait.VERSION}"
EVERY = 5  # frames between two reports
SILENCE = np.zeros(0, np.float32)
PROBE_EVERY = 25  # frames between two looks at what is beside the person
REACH = 0.2  # face heights beyond the resting person: the farthest that a tilted head reaches


class Drawn:
    """A person as the engine draws them, at the size that the layout needs (composition.Person)."""

    def __init__(self, spec: LineSpec, avatar: Avatar) -> None:
        self.extent = faces.extent(avatar)
        face = placing.standing(spec.layout, spec.video, self.extent).face
        self.portrait = portrait.portrait(avatar, face)
        self.anchor, self.height = self.portrait.anchor, self.portrait.height
        self.crown = self.portrait.crown
        alpha = self.portrait.body[..., 3]
        rows, columns = (np.flatnonzero(alpha.any(axis)) for axis in (1, 0))
        edge = max(2, round(0.03 * face))  # how far breath moves an edge, and more
        self.body = Box(
            int(columns[0]) - edge, int(rows[0]) - edge, int(columns[-1]) + edge, int(rows[-1]) + 1
        )
        self.gauge = portrait.Gauge()

    def parts(self, tracks: dict[str, float], window: Box) -> list[Patch]:
        """Body and head for these tracks (motion.TRACKS); of the body only what lies in the window."""
        left, top = max(self.body.left, window.left), max(self.body.top, window.top)
        wide = min(self.body.right, window.right) - left
        tall = min(self.body.bottom, window.bottom) - top
        found: list[Patch] = []
        if wide > 0 and tall > 0:
            found.append(Patch(self.portrait.draw_body(tracks, left, top, wide, tall), left, top))
        self.last = found
        x0, y0, *_ = self.portrait.box
        found.append(Patch(self.portrait.draw(tracks, self.gauge), x0, y0))
        return found

    def beyond(self) -> int:
        """How many pixels of the last parts change something farther from the resting person than motion reaches."""
        left, top, reach = self._reach
        count = 0
        for part in self.last:
            y, x = part.top - top, part.left - left
            within = reach[y : y + part.rgba.shape[0], x : x + part.rgba.shape[1]]
            count += int(np.count_nonzero(part.rgba.any(2) & ~within))
        return count

    @functools.cached_property
    def _reach(self) -> tuple[int, int, NDArray[np.bool_]]:
        """(left, top, mask): what the person can cover, in pixels of the plate from there on."""
        x0, y0, x1, y1 = self.portrait.box
        alpha = self.portrait.body[..., 3]
        rows, columns = alpha.shape
        left, top = min(x0, self.body.left, 0), min(y0, self.body.top, 0)
        right, bottom = max(x1, self.body.right, columns), max(y1, self.body.bottom, rows)
        found = np.zeros((bottom - top, right - left), np.uint8)
        found[-top : rows - top, -left : columns - left] = alpha
        head = self.portrait.rgba[..., 3]
        found[y0 - top : y1 - top, x0 - left : x1 - left] |= head
        away = cv2.distanceTransform((found == 0).astype(np.uint8), cv2.DIST_L2, 3)
        return left, top, away < REACH * self.portrait.size


class Played:
    """A person whom an engine draws picture by picture (composition.Person); `now` is the picture of the current
    frame."""

    def __init__(self, still: Drawn, pictures: Iterator[list[Piece]]) -> None:
        self.anchor, self.height, self.crown = still.anchor, still.height, still.crown
        self.extent = still.extent
        self.pictures = pictures
        self.now: list[Patch] = []

    def along(self, poses: Iterable[dict[str, float]]) -> Iterator[dict[str, float]]:
        """The poses; with each the engine's next picture is taken."""
        for pose, pieces in zip(poses, self.pictures, strict=True):
            self.now = [Patch(*piece) for piece in pieces]
            yield pose

    def parts(self, tracks: dict[str, float], window: Box) -> list[Patch]:
        return self.now


class Pictures:
    """The frames, once; afterwards `figures` holds what the renderer measured of itself (targets.DRAWN), if it does."""

    def __init__(
        self, frames: Iterable[Frame], person: Drawn | Played, quiet: NDArray[np.bool_]
    ) -> None:
        self.source, self.person, self.quiet = frames, person, quiet
        self.figures: dict[str, float] = {}

    def __iter__(self) -> Iterator[Frame]:
        if isinstance(self.person, Played):
            yield from self.source
            return
        gauge, silence, changed = self.person.gauge, 0.0, 0
        for number, frame in enumerate(self.source):
            if self.quiet[number]:
                silence = max(silence, gauge.gap)
            if number % PROBE_EVERY == 0:
                changed = max(changed, self.person.beyond())
            yield frame
        self.figures = {
            "jacobian": round(gauge.jacobian, 3),
            "silence": round(silence, 4),
            "changed": float(changed),
        }


def run(
    motion: Motion,
    *,
    spec: LineSpec,
    avatar: Avatar,
    timing: Timing,
    report: Report,
    at: float = 0.0,
    before: Generator[Frame, None, None] | None = None,
    wav: Floats = SILENCE,
    seed: int = 0,
    store: Store | None = None,
) -> Pictures:
    """motion.frames pictures, uint8 RGB (or straight RGBA where the video has alpha) of the video's size.

    at: seconds of the background's video at the line's beginning; before: the frames to dissolve from. wav, seed and
    store are for engines that listen, use chance or store what they made (takes.Take). A draft is drawn like any other
    film, and marked as one. Raises what `report` raises, and weights.NotReady for an engine that cannot start.
    """
    still = Drawn(spec, avatar)
    person: Drawn | Played = still
    poses: Iterator[dict[str, float]] = (
        {name: float(track[number]) for name, track in motion.tracks.items()}
        for number in range(motion.frames)
    )
    if spec.engine != engines.PORTRAIT:
        take = Take(avatar, still.portrait.size, motion, wav, seed, report, store)
        person = played = Played(still, engines.load(spec.engine).draw(take))
        poses = played.along(poses)
    composed = Composition(
        spec,
        person,
        words=timing.words,
        seconds=motion.frames / spec.video.fps,
        at=at,
        before=before,
    )

    def pictures() -> Iterator[Frame]:
        for number, frame in enumerate(composed.frames(poses)):
            if number % EVERY == 0 and spec.engine == engines.PORTRAIT:
                report("frames", number / motion.frames)
            if spec.draft:
                mark(frame)
            yield frame

    return Pictures(pictures(), person, _quiet(timing, motion))


def _quiet(timing: Timing, motion: Motion) -> NDArray[np.bool_]:
    """Which frames lie in a silence of 300 ms or more, where articulation promises closed lips."""
    moments = (np.arange(motion.frames) + 0.5) / motion.fps
    found = np.zeros(motion.frames, bool)
    for phone in visemes.spoken(timing) if timing.phones else ():
        if phone.symbol == visemes.SILENCE and phone.end - phone.start >= 0.3:
            found |= (moments > phone.start + 0.13) & (moments < phone.end - 0.13)
    return found


def rest(
    spec: LineSpec,
    *,
    avatar: Avatar,
    pose: dict[str, float],
    moment: float | None = None,
    caption: str = "",
    timing: Timing | None = None,
    at: float = 0.0,
) -> Frame:
    """The frame with the person in a pose of motion.rest, as every line begins and ends.

    moment: seconds of the line, for the overlays that are visible then; None shows all of them.
    """
    words = timing.words if timing else ()
    seconds = timing.seconds if timing else 0.0
    composed = Composition(spec, Drawn(spec, avatar), words=words, seconds=seconds, at=at)
    return composed.still(pose, moment, caption)


def ending(
    spec: LineSpec, *, avatar: Avatar, pose: dict[str, float], at: float
) -> Generator[Frame, None, None]:
    """How the line goes on after its end, for ever. at: seconds that its background's video has run by then."""
    composed = Composition(spec, Drawn(spec, avatar), words=(), seconds=0.0, at=at)
    yield from composed.ending(pose)


STILL = 360.0  # pixels of the face in a picture that previews scale


def resting(avatar: Avatar, pose: dict[str, float]) -> Frame:
    """All of the person that may be seen, in a pose, premultiplied RGBA, with a face of STILL pixels; previews are made
    of it."""
    face = portrait.portrait(avatar, STILL)
    rows, columns = face.body.shape[:2]
    found = face.draw_body(pose, 0, 0, columns, rows)
    x0, y0, *_ = face.box
    painting.lay(found, Patch(face.draw(pose), x0, y0))
    return found[: face.height]


class Still:
    """A person who does not move, scaled from a picture of `resting` (composition.Person). Drawn within milliseconds."""

    def __init__(
        self,
        spec: LineSpec,
        picture: Frame,
        anchor: tuple[float, float],
        extent: Extent | None = None,
    ) -> None:
        self.extent = extent
        scale = placing.standing(spec.layout, spec.video, extent).face / STILL
        self.anchor = (anchor[0] * scale, anchor[1] * scale)
        size = (round(picture.shape[1] * scale), round(picture.shape[0] * scale))
        method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        self.picture = cv2.resize(picture, size, interpolation=method)
        self.height, self.crown = size[1], portrait.crown(self.picture)

    def parts(self, tracks: dict[str, float], window: Box) -> list[Patch]:
        return [Patch(self.picture, 0, 0)]


def preview(
    spec: LineSpec,
    picture: Frame,
    anchor: tuple[float, float],
    extent: Extent | None = None,
    caption: str = "",
) -> Frame:
    """The composition with a person from `resting` in it, and all overlays."""
    still = Still(spec, picture, anchor, extent)
    return Composition(spec, still, words=(), seconds=0.0).still({}, None, caption)


MARK = 0.115  # height of the letters of a draft's mark, of the frame's short side
MARKED = 0.20  # how much of the letters covers the picture


def mark(frame: Frame) -> None:
    """Writes DRAFT all over the frame, so that no crop of it is without the word."""
    share, light = _mark(frame.shape[1], frame.shape[0])
    if frame.shape[2] == 4:
        share, light = (np.dstack([part, part[..., :1]]) for part in (share, light))
    frame += cv2.multiply(light - np.minimum(frame, light), share, scale=1 / 255)


@functools.lru_cache(maxsize=2)
def _mark(width: int, height: int) -> tuple[Frame, Frame]:
    """(how much of the mark covers each channel, its colour)."""
    from PIL import Image, ImageDraw  # large: loaded when it is needed

    size = max(14, round(MARK * min(width, height)))
    font = lettering.load("Inter-SemiBold", size)
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
