"""The person's pictures into frames: background, person, text beside them, logo, overlays, captions, and the dissolve from before.

Nothing here knows speech, or how a face is drawn: a person gives the parts to lay for each pose.
Pictures are premultiplied RGBA where they have alpha. A frame depends on its own moment alone, so two lines of one scene
meet without a step.
"""

from __future__ import annotations

import functools
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from typing import Protocol

import cv2
import numpy as np

from rendering.stages import captions, lettering, painting, placing
from rendering.stages.painting import Patch
from rendering.stages.placing import Box
from rendering.values import Extent, Frame, LineSpec, Overlay, Word

VERSION = f"composition/4 {placing.VERSION} {lettering.VERSION}"
FADE = 0.32  # seconds in which an overlay comes or goes
DISSOLVE = 0.56  # seconds from one scene to the next
LIFT = 0.5  # of its own height, how far a card rises while it comes


class Person(Protocol):
    """Who is put into the frame, at the size that the layout needs. Positions are pixels of the person's own picture.

    anchor: the middle of the face, and its top. height: rows of the picture; nothing is shown below them.
    crown: the row where the hair begins, if the picture has all of it. extent: of a photo that ends around the person.
    """

    anchor: tuple[float, float]
    height: int
    crown: int | None
    extent: Extent | None

    def parts(self, tracks: dict[str, float], window: Box) -> list[Patch]:
        """The patches to lay, back to front, for these tracks; only what lies in the window is needed."""


class Composition:
    """The frames of one line. words: with times; at: seconds of the background's video at which the line begins.

    before: how the line before goes on, where this one dissolves from it; it is closed. seconds: how long the line is.
    """

    def __init__(
        self,
        spec: LineSpec,
        person: Person,
        *,
        words: Sequence[Word],
        seconds: float,
        at: float = 0.0,
        before: Generator[Frame, None, None] | None = None,
    ) -> None:
        self.spec, self.video, self.at, self.before = spec, spec.video, at, before
        self.person = person
        self.standing = placing.standing(spec.layout, spec.video, person.extent)
        x, y = person.anchor
        self.left, top = round(self.standing.x - x), round(self.standing.top - y)
        if person.crown is not None and person.extent is None:
            crown, chin = top + person.crown, self.standing.top + self.standing.face
            top += round(placing.roomy(self.standing, spec.layout, spec.video, crown, chin))
        # Never a gap below: what is cut off at the foot of the picture stays at the foot of the frame.
        self.top = top if self.standing.circle else max(top, self.video.height - person.height)
        self.cues = captions.cues(words, spec.cues) if spec.captions.burn_in else []
        self.words = words
        self.area = placing.captions(spec.layout, spec.captions, spec.video, person.extent)
        self.laid = [_timed(overlay, words, seconds) for overlay in spec.overlays]

    def frames(self, poses: Iterable[dict[str, float]]) -> Iterator[Frame]:
        """A frame for each pose (motion.TRACKS); RGB, or straight RGBA where the video has alpha."""
        ground = self._ground()
        with ExitStack() as stack:
            moving: Iterator[Frame] | None = None
            if self.spec.background.video is not None:
                moving = stack.enter_context(
                    closing(
                        painting.behind(self.spec.background, self.video, self._part(), self.at)
                    )
                )
            if self.before is not None:
                stack.enter_context(closing(self.before))
            for number, tracks in enumerate(poses):
                moment = number / self.video.fps
                before = None  # the last one is given back before the next picture is made
                frame = ground.copy()
                if moving is not None:
                    self._show(frame, next(moving))
                self._lay_person(frame, tracks)
                if self.before is not None and moment < DISSOLVE:
                    before = next(self.before)
                elif self.before is not None:
                    self.before.close()  # what reads its video ends here, not with the line
                yield self._finished(frame, moment, before)

    def ending(self, pose: dict[str, float]) -> Generator[Frame, None, None]:
        """How the line goes on after its end, for ever: the person at rest, the overlays that stay, no captions.

        The background's video runs on from `at`; without one it is the same frame again and again.
        """
        if self.spec.background.video is None:
            frame = self.still(pose, end=True)
            while True:
                yield frame
        with closing(
            painting.behind(self.spec.background, self.video, self._part(), self.at)
        ) as moving:
            ground = self._ground()
            while True:
                frame = ground.copy()
                self._show(frame, next(moving))
                yield self._stood(frame, pose, None, end=True)

    def still(
        self,
        pose: dict[str, float],
        moment: float | None = None,
        caption: str = "",
        *,
        end: bool = False,
    ) -> Frame:
        """One frame: at `moment` of the line, or with the overlays that are visible at its end; else with all of
        them."""
        frame = self._ground()
        background = self.spec.background
        if background.video is not None:
            with closing(painting.behind(background, self.video, self._part(), self.at)) as moving:
                self._show(frame, next(moving))
        return self._stood(frame, pose, moment, caption, end=end)

    def _stood(
        self,
        frame: Frame,
        pose: dict[str, float],
        moment: float | None,
        caption: str = "",
        *,
        end: bool = False,
    ) -> Frame:
        """Lays the person, and what lies over them, onto a frame of what is behind, as in `still`."""
        self._lay_person(frame, pose)
        painting.lay_all(frame, self._fixed)
        for overlay, begin, finish in self.laid:
            visible = moment is None or begin <= moment < finish
            if overlay.last is None if end else visible:
                painting.lay(frame, painting.drawn(overlay, self.video, self.spec.font))
        if caption and self.spec.captions.burn_in:
            painting.lay(
                frame, self._caption(caption, 0 if self.spec.captions.style == "karaoke" else -1)
            )
        return painting.straight(frame)

    def _show(self, frame: Frame, picture: Frame) -> None:
        """Shows the picture of the background's video, under the text beside the person."""
        part = self._part()
        frame[part.top : part.bottom, part.left : part.right] = picture
        self._furnish(frame)

    def _part(self) -> Box:
        """The part of the frame that the background fills: next to a panel of text only the person's."""
        whole = Box(0, 0, self.video.width, self.video.height)
        split = self.standing.split
        return split if split and self.spec.background.pictured else whole

    def _ground(self) -> Frame:
        """What is behind the person and never moves, with the text beside them."""
        spec, video = self.spec, self.video
        frame = painting.painted(spec.background, video, self._part())
        if video.alpha:
            opaque = np.full((*frame.shape[:2], 1), 0 if spec.background.clear else 255, np.uint8)
            frame = np.dstack([frame, opaque])
            if spec.background.clear:
                frame[:] = 0
        self._furnish(frame)
        return frame

    def _furnish(self, frame: Frame) -> None:
        if self.standing.panel:
            layout = self.spec.layout
            if layout.heading or layout.body:
                short = min(self.video.width, self.video.height)
                panel = self.standing.panel
                patch = painting.panel(
                    layout.heading, layout.body, panel, short, self._paper(), self.spec.font
                )
                painting.lay(frame, patch)

    def _paper(self) -> tuple[int, int, int]:
        """The colour behind the panel's text."""
        background = self.spec.background
        if background.clear:
            return painting.PAPER
        first = painting.rgb(background.color)
        if background.pictured or not background.to:
            return first
        second = painting.rgb(background.to)
        return tuple((a + b) // 2 for a, b in zip(first, second, strict=True))  # type: ignore[return-value]

    def _lay_person(self, frame: Frame, tracks: dict[str, float]) -> None:
        if self.standing.circle:
            painting.lay(frame, self._circled(tracks))
            return
        whole = Box(
            -self.left, -self.top, self.video.width - self.left, self.video.height - self.top
        )
        for part in self.person.parts(tracks, whole):
            painting.lay(frame, Patch(part.rgba, self.left + part.left, self.top + part.top))

    def _circled(self, tracks: dict[str, float]) -> Patch:
        """The person inside the circle, over the background's colour, with the ring and the shadow around it."""
        x, y, radius = self.standing.circle  # type: ignore[misc]
        back, shape, ring = painting.circle(radius, painting.rgb(self.spec.background.color))
        side = back.shape[0]
        left, top = round(x - side / 2), round(y - side / 2)
        inside = back.copy()
        across, down = self.left - left, self.top - top
        for part in self.person.parts(tracks, Box(-across, -down, side - across, side - down)):
            painting.lay(inside, Patch(part.rgba, across + part.left, down + part.top))
        disc = cv2.merge([cv2.multiply(c, shape, scale=1 / 255) for c in cv2.split(inside)])
        return Patch(painting.over(cv2.merge([disc, shape]), ring), left, top)

    @functools.cached_property
    def _fixed(self) -> list[Patch]:
        """The patches over the person in every frame."""
        logo = self.spec.logo
        if logo is None:
            return []
        picture = painting.fitted(
            logo.picture, logo.size * min(self.video.width, self.video.height)
        )
        size = (picture.shape[1], picture.shape[0])
        return [Patch(picture, *placing.place(logo.position, size, self.video))]

    def _finished(self, frame: Frame, moment: float, before: Frame | None) -> Frame:
        """The frame with what lies over the person at this moment."""
        painting.lay_all(frame, self._fixed)
        for overlay, begin, end in self.laid:
            share = _share(overlay, begin, end, moment)
            if share > 0:
                patch = painting.drawn(overlay, self.video, self.spec.font)
                rise = LIFT * (1 - share) * overlay.size * min(self.video.width, self.video.height)
                painting.lay(frame, patch, share, round(rise) if overlay.style == "card" else 0)
        middle = moment + 0.5 / self.video.fps
        for cue in self.cues:
            if cue.start <= middle < cue.end:
                painting.lay(frame, self._caption(cue.text, self._said(cue, middle)))
        if before is not None:
            share = (moment + 1 / self.video.fps) / (DISSOLVE + 1 / self.video.fps)
            share = share * share * (3 - 2 * share)
            cv2.addWeighted(frame, share, before, 1 - share, 0, dst=frame)
        return painting.straight(frame)

    def _said(self, cue: captions.Cue, moment: float) -> int:
        """Which word of the cue is said now; -1 before the first, and where the cue has words of its own."""
        if self.spec.captions.style != "karaoke" or cue.own:
            return -1
        starts = [word.start for word in self.words for _ in word.text.split()]
        return sum(start <= moment for start in starts[cue.first : cue.last + 1]) - 1

    def _caption(self, text: str, said: int) -> Patch:
        spec = self.spec
        return painting.caption(text, spec.captions, self.area, self.video, said, spec.font)


def _timed(overlay: Overlay, words: Sequence[Word], seconds: float) -> tuple[Overlay, float, float]:
    """(overlay, when it comes, when it is gone); infinite if it is there before or after the line."""
    times = [(word.start, word.end) for word in words for _ in word.text.split()]
    begin, end = -np.inf, np.inf
    if times and overlay.first is not None:
        begin = times[min(overlay.first, len(times) - 1)][0]
    if times and overlay.last is not None:
        end = times[min(overlay.last, len(times) - 1)][1] + FADE
    if overlay.first is not None and overlay.last is None:
        begin = min(begin, max(0.0, seconds - FADE))  # whole before the next line begins
    if overlay.last is not None:
        end = min(end, seconds)  # gone before the next line begins
    return overlay, begin, end


def _share(overlay: Overlay, begin: float, end: float, moment: float) -> float:
    """How much of an overlay is seen."""
    if not begin <= moment < end:
        return 0.0
    share = 1.0
    if overlay.enter == "fade":
        share = min(share, (moment - begin) / FADE)
    if overlay.exit == "fade":
        share = min(share, (end - moment) / FADE)
    elif moment >= end - FADE and np.isfinite(end):
        return 0.0  # a cut leaves with its last word
    return share * share * (3 - 2 * share)
