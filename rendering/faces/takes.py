"""What a face engine is given and what it gives: one line's face, motion and sound, and the pictures of the person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from rendering.faces import Avatar
from rendering.store import Store
from rendering.values import Floats, Frame, Motion, Report


@dataclass(frozen=True, slots=True)
class Take:
    """One line as an engine gets it. What stands behind the person, and the size of the frame, are no matter of an engine."""

    avatar: Avatar
    face: float  # pixels of the face's height, point 10 to 152: all places are pixels of the plate at that size
    motion: Motion
    wav: Floats  # (samples,), values.SAMPLE_RATE
    seed: int
    report: Report  # told ("frames", fraction); it may raise Canceled
    store: Store | None = None  # for what an engine keeps of a face or of a line


class Piece(NamedTuple):
    """A part of a person, premultiplied RGBA, and its corner."""

    rgba: Frame
    left: int
    top: int


class Draws(Protocol):
    """A loaded engine. One object serves all lines of a process, from several threads."""

    def draw(self, take: Take) -> Iterator[list[Piece]]:
        """take.motion.frames pictures of the person, as they are made: what to lay, back to front.

        Raises what `take.report` raises. Equal takes give equal pictures on one machine.
        """
