"""What comes before the first line and after the last: a short video of the workspace, in the film's own format.

It is a segment like a line's, without words, so that joining, captions and chapters need no other rule. Its own sound is in the
bed (music.py), in stereo; in the track of the voice it is silent.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

import numpy as np

from rendering import segments
from rendering.stages import delivery
from rendering.store import Store
from rendering.values import (
    SAMPLE_RATE,
    Background,
    Bumper,
    Frame,
    Heard,
    Segment,
    Timing,
    VideoFormat,
)

VERSION = "bumpers/1"
NEARLY = 1.18  # ratio of two shapes up to which a video is cut to the film's; otherwise all of it is shown
EVEN = 6.0  # levels by which the edges of a picture differ at most where they count as one colour


def key(bumper: Bumper, video: VideoFormat, *, draft: bool) -> str:
    """The hash of what decides its pictures and its sound."""
    form = (video.width, video.height, video.fps, video.codec, video.alpha, draft)
    parts = (
        VERSION,
        delivery.VERSION,
        bumper.sha256,
        bumper.sound_sha256,
        bumper.seconds,
        form,
    )
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def heard(bumper: Bumper, video: VideoFormat, path: Path) -> Heard:
    """Its silence in the track of the voice, written to `path`."""
    frames = round(bumper.seconds * video.fps)
    delivery.write_sound(np.zeros(0, np.float32), frames, video.fps, path)
    return Heard(path, _wordless(frames / video.fps), frames / video.fps)


def segment(
    bumper: Bumper,
    video: VideoFormat,
    *,
    draft: bool,
    store: Store,
    stop: threading.Event | None = None,
) -> Segment:
    """Its pictures, encoded like a line's; from the store if it holds them. A draft's are marked.

    Raises Canceled within a second of `stop`, StoreFull, MediaFailed if the file cannot be read.
    """
    found = key(bumper, video, draft=draft)
    if made := segments.stored(found, store):
        return made
    with store.write(found, video.suffix) as film, store.write(found, ".flac") as sound:
        count = delivery.segment(
            _frames(bumper, video, draft),
            np.zeros(0, np.float32),
            video=video,
            draft=draft,
            film=film,
            sound=sound,
            stop=stop,
        )
    seconds = count / video.fps
    made = Segment(
        found,
        store.path(found, video.suffix),
        store.path(found, ".flac"),
        _wordless(seconds),
        seconds,
    )
    segments.write(made, store)
    return made


def _wordless(seconds: float) -> Timing:
    flat = np.zeros(1, np.float32)
    return Timing((), (), seconds, max(seconds, 1 / SAMPLE_RATE), flat, flat)


def _frames(bumper: Bumper, video: VideoFormat, draft: bool) -> Iterator[Frame]:
    from rendering.stages import frames, painting  # drawing is large: not loaded for sound alone
    from rendering.stages.placing import Box

    whole = Box(0, 0, video.width, video.height)
    apart = bumper.ratio * video.height / video.width
    fit = "cover" if 1 / NEARLY <= apart <= NEARLY else "contain"
    shown = Background("#000000", video=bumper.path, sha256=bumper.sha256, fit=fit)  # type: ignore[arg-type]
    if fit == "contain":
        with closing(painting.behind(shown, video, whole, 0.0)) as first:
            color = _around(next(first), apart)
        shown = Background(color, video=bumper.path, sha256=bumper.sha256, fit="contain")
    count = round(bumper.seconds * video.fps)
    with closing(painting.behind(shown, video, whole, 0.0)) as pictures:
        for picture in islice(pictures, count):
            frame = picture.copy()
            if draft:
                frames.mark(frame)
            yield frame


def _around(picture: Frame, apart: float) -> str:
    """The colour for the bars beside or above a picture that is fitted in: that of its edges, if they have one; else black.

    apart: how much wider the video is than the frame, as a ratio.
    """
    rows, columns = picture.shape[:2]
    if apart > 1:  # bars above and below
        tall = round(rows / apart)
        top = (rows - tall) // 2 + 2
        edge = np.concatenate([picture[top], picture[top + tall - 5]])
    else:
        wide = round(columns * apart)
        left = (columns - wide) // 2 + 2
        edge = np.concatenate([picture[:, left], picture[:, left + wide - 5]])
    usual = np.median(edge[:, :3].astype(np.float32), axis=0)
    if float(np.abs(edge[:, :3] - usual).mean()) > EVEN:
        return "#000000"
    red, green, blue = (round(float(level)) for level in usual)
    return f"#{red:02x}{green:02x}{blue:02x}"
