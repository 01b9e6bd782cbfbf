"""The engines that move a face: `ENGINES` is the one list, `load` makes one, once per process.

An engine gets a `Take`, one line's face, motion and sound, and draws the person with alpha, frame by frame (`Draws.draw`). What
needs torch is imported when it is loaded. Where weights lie and what engines run on is told once, by `use`. The portrait needs no
loading: stages/frames.py draws with it.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from rendering import weights
from rendering.faces import Avatar
from rendering.store import Store
from rendering.values import BadInput, Floats, Frame, Motion, Report, VideoFormat

if TYPE_CHECKING:
    from rendering.faces.predictions import Account

PORTRAIT = "portrait"


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


@dataclass(frozen=True, slots=True)
class Engine:
    """What is known of an engine before it is loaded.

    `warm` loads all that its first line needs; it raises weights.NotReady in one sentence where that cannot be.
    """

    name: str
    title: str
    version: str  # changed whenever it draws the same line differently; the portrait's own stands in portrait.py
    pure: bool  # each frame depends on its own moment alone, so there is nothing to smooth
    warm: Callable[[], None]
    weights: str = ""  # key of weights.REGISTRY; none for an engine without

    @property
    def licence(self) -> str:
        if self.weights:
            return weights.get(self.weights).licence
        return "of the hosted model" if self.name == "remote" else "part of the studio"


def _warm_portrait() -> None:
    """The voice model, and one picture drawn."""
    import tempfile

    from rendering import faces, pipeline
    from rendering.values import LineSpec

    spec = LineSpec("Hello.", faces.stock()[0].slug, "af_heart", video=VideoFormat(640, 360))
    with tempfile.TemporaryDirectory(prefix="likeness-warm-") as folder:
        pipeline.speak(spec)
        pipeline.rest_frame(spec, store=Store(folder, reserve=0))


def _weighed(name: str, title: str) -> Engine:
    return Engine(name, title, f"{name}/1", False, lambda: _warm(name), weights=name)


def _warm(name: str) -> None:
    load(name)
    _warm_portrait()  # lines of every engine are spoken, and framed as the portrait


ENGINES = {
    engine.name: engine
    for engine in (
        Engine(PORTRAIT, "Portrait", "", True, _warm_portrait),
        _weighed("echomimic", "EchoMimic"),
        _weighed("echomimic-fast", "EchoMimic in 6 steps"),
        _weighed("musetalk", "MuseTalk 1.5"),
        Engine("remote", "Hosted model", "remote/1", False, lambda: _warm("remote")),
    )
}


def get(name: str) -> Engine:
    """Raises BadInput for an engine that there is not."""
    if name not in ENGINES:
        raise BadInput(f"There is no face engine called {name[:40]!r}; use {', '.join(ENGINES)}.")
    return ENGINES[name]


_models, _device = Path("models"), "auto"
_account: Account | None = None
_loading = threading.Lock()


def use(models: Path, device: str = "auto", account: Account | None = None) -> None:
    """Where weights lie, what engines run on ("auto", "cpu", "cuda", "cuda:1"), and the account of the hosted one. For engines
    that are loaded from now on."""
    global _models, _device, _account
    _models, _device, _account = models, device, account
    _load.cache_clear()


def ready(name: str) -> None:
    """Raises weights.NotReady, in one sentence, if the engine's weights are absent or not accepted. Loads nothing."""
    if name == "remote" and _account is None:
        raise weights.NotReady(
            "The hosted face engine is not set up; set REMOTE_TOKEN and REMOTE_VERSION."
        )
    if get(name).weights:
        weights.need(get(name).weights, _models)


def load(name: str) -> Draws:
    """The engine, loaded once per process. Raises BadInput, and weights.NotReady in one sentence if it cannot start."""
    with _loading:
        return _load(get(name).name)


@functools.cache
def _load(name: str) -> Draws:
    ready(name)
    if name in {"echomimic", "echomimic-fast"}:
        from rendering.faces.echomimic.engine import EchoMimic

        return EchoMimic.read(
            weights.place(name, _models), fast=name.endswith("-fast"), device=_device
        )
    if name == "musetalk":
        from rendering.faces.musetalk.engine import MuseTalk

        return MuseTalk.read(weights.place(name, _models), device=_device)
    if name == "remote" and _account is not None:
        from rendering.faces.remote import Remote

        return Remote(_account)
    raise KeyError(name)
