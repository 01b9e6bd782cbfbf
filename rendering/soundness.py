"""Is the line to blame or the worker? After an unexplained failure a worker makes a tiny line of its own.

If that fails as well, the worker is to blame: the failure costs the line nothing, the worker claims nothing more and tries
itself again after growing pauses. A worker that does not recover ends, so that a fresh process takes its place.
"""

from __future__ import annotations

import logging
import os
import signal
import tempfile
import threading
from collections.abc import Callable
from dataclasses import replace

from rendering import pipeline, voices
from rendering.faces.engines import PORTRAIT
from rendering.fleet.attempts import PULSE
from rendering.store import Store
from rendering.values import Canceled, LineSpec, VideoFormat

log = logging.getLogger(__name__)

PAUSES = (5.0, 20.0, 60.0)  # seconds before each further try; after the last one the process ends
LOCAL = ("kokoro", "preview")  # voices that cost nothing and are always available

_one = (
    threading.Lock()
)  # two lines that fail side by side make their trial lines one after the other


def sound(like: LineSpec | None = None, stop: threading.Event | None = None) -> bool:
    """Whether this process can make a line of one word, from nothing, with the voice and codec of `like` if they are
    our own.

    Raises Canceled when stopped.
    """
    spec = LineSpec(text="Hello.", avatar="maya", voice="preview", video=VideoFormat(320, 180))
    if like is not None and like.engine == PORTRAIT:
        known = voices.REGISTRY.get(like.voice)
        voice = like.voice if known is not None and known.engine in LOCAL else "preview"
        spec = replace(spec, voice=voice, video=replace(like.video, width=320, height=180))
    with _one, tempfile.TemporaryDirectory(prefix="likeness-trial-") as folder:
        try:
            pipeline.render_line(spec, store=Store(folder, reserve=0), stop=stop)
        except Canceled:
            raise
        except Exception:
            log.exception("this worker cannot make a line of one word")
            return False
    return True


def doubt(like: LineSpec | None = None) -> None:
    """Stops this worker from claiming, because it is not sound, until it can make such a line again; or ends it."""
    if PULSE.fall_ill():
        log.error("this worker stops claiming: it fails lines, and its own trial line as well")
        threading.Thread(target=_recover, args=[lambda: sound(like)], daemon=True).start()


def _recover(is_sound: Callable[[], bool]) -> None:
    for pause in PAUSES:
        if PULSE.stopping.wait(pause):
            return
        if is_sound():
            log.warning("this worker is sound again and claims")
            PULSE.recover()
            return
    log.error("this worker does not recover and ends, so that a fresh one takes its place")
    os.kill(os.getpid(), signal.SIGTERM)
