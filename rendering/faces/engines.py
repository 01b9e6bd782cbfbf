"""The engines that move a face: `ENGINES` is the one list, `load` makes one, once per process.

An engine draws the person of a `Take` with alpha, frame by frame (faces/takes.py). One that needs torch is imported
when it is loaded. `use` sets the folder of weights, the device and how faces are fitted, once. The portrait needs no
loading: stages/frames.py draws with it.
"""

from __future__ import annotations

import functools
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rendering import weights
from rendering.faces.takes import FITTED, Draws, Fit
from rendering.values import BadInput

if TYPE_CHECKING:
    from rendering.faces.predictions import Account

PORTRAIT = "portrait"


@dataclass(frozen=True, slots=True)
class Engine:
    """What is known about an engine before it is loaded."""

    name: str
    title: str
    version: str  # changed whenever it draws the same line differently; the portrait's own stands in portrait.py
    pure: bool  # each frame depends on its own moment alone, so there is nothing to smooth
    weights: str = ""  # key of weights.REGISTRY; none for an engine without
    fits: tuple[str, ...] = ()  # which parts of takes.Fit it heeds

    @property
    def licence(self) -> str:
        if self.weights:
            return weights.get(self.weights).licence
        return "of the hosted model" if self.name == "remote" else "part of the studio"


def _weighed(name: str, title: str, *fits: str) -> Engine:
    return Engine(name, title, f"{name}/2", False, weights=name, fits=fits)


ENGINES = {
    engine.name: engine
    for engine in (
        Engine(PORTRAIT, "Portrait", "", True),
        _weighed("echomimic", "EchoMimic", "hold", "tone"),
        _weighed("echomimic-fast", "EchoMimic in 6 steps", "hold", "tone"),
        _weighed("musetalk", "MuseTalk 1.5", "tone"),
        Engine("remote", "Hosted model", "remote/2", False, fits=("tone",)),
    )
}


def get(name: str) -> Engine:
    """Raises BadInput for an unknown engine."""
    if name not in ENGINES:
        raise BadInput(f"There is no face engine called {name[:40]!r}; use {', '.join(ENGINES)}.")
    return ENGINES[name]


_models, _device, _fit = Path("models"), "auto", FITTED
_account: Account | None = None
_loading = threading.Lock()


def use(
    models: Path, device: str = "auto", account: Account | None = None, fit: Fit = FITTED
) -> None:
    """Sets the folder of weights, the device ("auto", "cpu", "cuda", "cuda:1"), the account of the hosted engine and how
    faces are fitted, for engines that are loaded from now on."""
    global _models, _device, _account, _fit
    _models, _device, _account, _fit = models, device, account, fit
    _load.cache_clear()


def version(name: str) -> str:
    """What pictures of this engine are keyed by: its version, and what of takes.Fit is switched off. Raises BadInput."""
    engine = get(name)
    off = [part for part in engine.fits if not getattr(_fit, part)]
    return f"{engine.version} without {', '.join(off)}" if off else engine.version


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
        from rendering.faces.echomimic.engine import (
            EchoMimic,  # an engine is imported when it is loaded
        )

        return EchoMimic.read(
            weights.folder_of(name, _models),
            fast=name.endswith("-fast"),
            device=_device,
            version=get(name).version,
            fit=_fit,
        )
    if name == "musetalk":
        from rendering.faces.musetalk.engine import (
            MuseTalk,  # an engine is imported when it is loaded
        )

        return MuseTalk.read(
            weights.folder_of(name, _models),
            device=_device,
            version=get(name).version,
            fit=_fit,
        )
    if name == "remote" and _account is not None:
        from rendering.faces.remote import Remote  # an engine is imported when it is loaded

        return Remote(_account, _fit)
    raise KeyError(name)
