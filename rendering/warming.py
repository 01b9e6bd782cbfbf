"""Loads all that the first line of an engine needs, before that line comes."""

from __future__ import annotations

import tempfile

from rendering import faces, pipeline
from rendering.faces import engines
from rendering.store import Store
from rendering.values import LineSpec, VideoFormat


def warm(name: str) -> None:
    """Loads the engine, then speaks a word and draws a picture: lines of every engine are spoken, and framed like the
    portrait's.

    Raises BadInput for an unknown engine, and weights.NotReady in one sentence if it cannot start.
    """
    if engines.get(name).name != engines.PORTRAIT:
        engines.load(name)
    spec = LineSpec("Hello.", faces.stock()[0].slug, "af_heart", video=VideoFormat(640, 360))
    with tempfile.TemporaryDirectory(prefix="likeness-warm-") as folder:
        pipeline.speak(spec)
        pipeline.rest_frame(spec, store=Store(folder, reserve=0))
