"""From a script to a signed video: the seven stages in order.

`render_line` takes one line through stages 1 to 6 and encodes it; `deliver` joins the lines, adds
captions and signs. Everything is kept in the store under the hash of what decides it, so that a retry,
a resume after a crash and a second render of the same words are one mechanism.
"""

from __future__ import annotations

import functools
import hashlib
import json
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rendering import voices
from rendering.stages import script as script_stage
from rendering.stages import speech
from rendering.store import Store
from rendering.values import Background, Frame, LineSpec, Script, Speech, VideoFormat

VERSION = "line/1"


@functools.lru_cache(maxsize=2048)
def read_script(spec: LineSpec) -> Script:
    """Stage 1 for one line. Raises BadInput for what cannot be spoken, and for an unknown voice."""
    return script_stage.run(
        spec.text,
        markup=spec.markup,
        language=spec.language,
        dictionary=spec.dictionary,
        supports=voices.get(spec.voice).supports,
    )


def _hash(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()


@functools.lru_cache(maxsize=2048)
def line_key(spec: LineSpec) -> str:
    """The hash of what is paid for: the words as spoken and shown, voice, avatar, manner and seed.

    Background, size, captions and codec are not in it: changing them is free. Of the dictionary only
    what it changes in this line counts, so a new entry leaves all other lines as they are.
    """
    script = read_script(spec)
    said = [
        [
            sentence.pause,
            [
                (s.text, s.shown, s.emphasis, s.rate, s.pitch, s.phonemes, s.pause)
                for s in sentence.spans
            ],
        ]
        for sentence in script.sentences
    ]
    manner = (float(spec.speed), float(spec.pitch), spec.style, spec.seed)
    return _hash(VERSION, said, script.marks, spec.language, spec.voice, spec.avatar, *manner)


def length_of(spec: LineSpec, parsed: Script, *, store: Store) -> tuple[float, bool]:
    """Seconds of the line, and whether they are exact: they are once its speech is in the store."""
    if speech.cached(parsed, spec.voice, speed=spec.speed, pitch=spec.pitch, store=store):
        return _exact_length(spec, store), True
    return speech.estimate(parsed, spec.voice, spec.speed), False


@functools.lru_cache(maxsize=4096)
def _exact_length(spec: LineSpec, store: Store) -> float:
    return round(speak(spec, store=store).seconds * spec.video.fps) / spec.video.fps


def speak(spec: LineSpec, *, store: Store, stop: threading.Event | None = None) -> Speech:
    """Stages 1 and 2 alone: the line's sound, kept sentence by sentence."""
    return speech.run(
        read_script(spec), spec.voice, speed=spec.speed, pitch=spec.pitch, store=store, stop=stop
    )


def spec_to_json(spec: LineSpec) -> dict[str, Any]:
    """As a JSON object; `spec_from_json` gives an equal spec back."""
    plain = asdict(spec)
    picture = spec.background.picture
    plain["background"]["picture"] = str(picture) if picture else None
    plain["dictionary"] = [list(entry) for entry in spec.dictionary]
    return plain


def spec_from_json(plain: dict[str, Any]) -> LineSpec:
    background = dict(plain["background"])
    background["picture"] = Path(background["picture"]) if background["picture"] else None
    return LineSpec(
        **{
            **plain,
            "background": Background(**background),
            "video": VideoFormat(**plain["video"]),
            "dictionary": tuple(tuple(entry) for entry in plain["dictionary"]),
        }
    )


def _looks(spec: LineSpec) -> list[Any]:
    """What decides the picture apart from what is said."""
    from rendering import faces
    from rendering.stages import frames

    background = spec.background.sha256 or spec.background.color
    size = (spec.video.width, spec.video.height)
    return [frames.VERSION, faces.get(spec.avatar).sha256, background, size]


def rest_key(spec: LineSpec) -> str:
    """The hash of what decides the picture of the avatar at rest, but for words that captions show."""
    return _hash("rest", *_looks(spec))


def rest_frame(spec: LineSpec) -> Frame:
    """The avatar at rest before its background; with burnt-in captions, spec.text stands as caption."""
    from rendering import faces
    from rendering.stages import frames

    return frames.rest(
        avatar=faces.get(spec.avatar),
        video=spec.video,
        background=spec.background,
        caption=spec.text if spec.burn_captions else "",
    )
