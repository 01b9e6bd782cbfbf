"""What a face engine is given, one line's face, motion and sound, and what it returns, the pictures of the person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from rendering.faces import Avatar
from rendering.store import Store
from rendering.values import Floats, Frame, Motion, Report


@dataclass(frozen=True, slots=True)
class Take:
    """One line as an engine gets it: without what is behind the person, and without the size of the frame."""

    avatar: Avatar
    face: float  # pixels of the face's height, point 10 to 152: all positions are pixels of the plate at that size
    motion: Motion
    wav: Floats  # (samples,), values.SAMPLE_RATE
    seed: int
    report: Report  # called with ("frames", fraction); it may raise Canceled
    store: Store | None = None  # for what an engine stores of a face or of a line


@dataclass(frozen=True, slots=True)
class Fit:
    """How generated faces are fitted to the portrait, beyond what the engines' authors publish. An operator may switch
    each off."""

    hold: bool = True  # a line begins and ends in the portrait itself
    tone: bool = True  # colours are led to the portrait's (passes.toned)


FITTED = Fit()


class Piece(NamedTuple):
    """A part of a person, premultiplied RGBA, and its corner."""

    rgba: Frame
    left: int
    top: int


class Draws(Protocol):
    """A loaded engine. One object serves all lines of a process, from several threads."""

    def draw(self, take: Take) -> Iterator[list[Piece]]:
        """take.motion.frames pictures of the person, as they are made: for each the pieces to lay, back to front.

        Raises what `take.report` raises. Equal takes give equal pictures on one machine.
        """
