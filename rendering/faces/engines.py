"""The engines that move a face: `ENGINES` is the one list, `load` makes one, once per process.

An engine draws the person of a `Take` with alpha, frame by frame (faces/takes.py). One that needs torch is imported
when it is loaded. `use` sets the folder of weights and the device, once. The portrait needs no loading:
stages/frames.py draws with it.
"""

from __future__ import annotations

import functools
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rendering import weights
from rendering.faces.takes import Draws
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

    @property
    def licence(self) -> str:
        if self.weights:
            return weights.get(self.weights).licence
        return "of the hosted model" if self.name == "remote" else "part of the studio"


def _weighed(name: str, title: str) -> Engine:
    return Engine(name, title, f"{name}/1", False, weights=name)


ENGINES = {
    engine.name: engine
    for engine in (
        Engine(PORTRAIT, "Portrait", "", True),
        _weighed("echomimic", "EchoMimic"),
        _weighed("echomimic-fast", "EchoMimic in 6 steps"),
        _weighed("musetalk", "MuseTalk 1.5"),
        Engine("remote", "Hosted model", "remote/1", False),
    )
}


def get(name: str) -> Engine:
    """Raises BadInput for an unknown engine."""
    if name not in ENGINES:
        raise BadInput(f"There is no face engine called {name[:40]!r}; use {', '.join(ENGINES)}.")
    return ENGINES[name]


_models, _device = Path("models"), "auto"
_account: Account | None = None
_loading = threading.Lock()


def use(models: Path, device: str = "auto", account: Account | None = None) -> None:
    """Sets the folder of weights, the device ("auto", "cpu", "cuda", "cuda:1") and the account of the hosted engine,
    for engines that are loaded from now on."""
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
        from rendering.faces.echomimic.engine import (
            EchoMimic,  # an engine is imported when it is loaded
        )

        return EchoMimic.read(
            weights.folder_of(name, _models),
            fast=name.endswith("-fast"),
            device=_device,
            version=get(name).version,
        )
    if name == "musetalk":
        from rendering.faces.musetalk.engine import (
            MuseTalk,  # an engine is imported when it is loaded
        )

        return MuseTalk.read(
            weights.folder_of(name, _models), device=_device, version=get(name).version
        )
    if name == "remote" and _account is not None:
        from rendering.faces.remote import Remote  # an engine is imported when it is loaded

        return Remote(_account)
    raise KeyError(name)
