"""Measures the studio's own films: the lines of a render are read back as quality.py reads any film."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from rendering import faces, pipeline, quality
from rendering.faces import photo
from rendering.stages import placing
from rendering.store import Store
from rendering.values import BadInput, LineSpec

MEASURED = 60.0  # seconds of a film that are read back


def measure(
    lines: Sequence[tuple[LineSpec, str]], *, store: Store, stop: Callable[[], bool]
) -> dict[str, Any]:
    """How well a finished film speaks, read back from its first lines. lines: (spec, key of the segment) each.

    {"figures", "late" (the same with the sound taken 0.2 s later), "good" (within the target?), "seconds"}; empty
    when nothing can be measured. Raises Canceled soon after `stop` returns True.
    """
    readings: list[quality.Reading] = []
    seconds = 0.0
    before: tuple[Any, ...] | None = None
    for spec, key in lines:
        film, sound = store.find(key, spec.video.suffix), store.find(key, ".flac")
        if film is None or sound is None or seconds >= MEASURED:
            continue
        face = faces.get(spec.avatar, store)
        source = photo.portrait_of(face.folder)
        last_look, before = before, None
        with suppress(BadInput):  # a line of numbers may not be found again in its sound
            script = pipeline.read_script(spec)
            part = placing.around(spec.layout, spec.video, faces.extent(face))
            look = (spec.avatar, spec.video, spec.layout, spec.background, spec.style)
            one = quality.read(
                film,
                script,
                sound=sound,
                source=source,
                part=part,
                joined=look == last_look and spec.transition != "fade",
                stop=stop,
            )
            readings.append(one)
            before = look
            seconds += one.timing.seconds
    try:
        figures = quality.measure(readings)
    except BadInput:
        return {}
    return {
        "figures": figures,
        "late": quality.measure(readings, late=quality.LATE),
        "good": quality.judged(figures),
        "seconds": round(seconds, 1),
    }
