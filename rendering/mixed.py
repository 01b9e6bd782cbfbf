"""The sound of whole films in the store: mixed once, and as soon as the last line has been spoken, while pictures are
still drawn."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from weakref import WeakValueDictionary

from rendering import media, pipeline, segments
from rendering.stages import bumpers as framing
from rendering.stages import delivery, mixing
from rendering.stages import music as beds
from rendering.store import Store
from rendering.values import UNFRAMED, Bumper, Bumpers, Canceled, Heard, LineSpec, Music


class _Turn:
    def __init__(self) -> None:
        self.lock = threading.Lock()


_turns: WeakValueDictionary[str, _Turn] = WeakValueDictionary()
_looking = threading.Lock()


def sound_of(
    lines: Sequence[Heard],
    keys: Sequence[str],
    *,
    suffix: str,
    music: Music | None,
    bumpers: Bumpers = UNFRAMED,
    store: Store,
    report: Callable[[float], None] = lambda share: None,
    stop: threading.Event | None = None,
) -> tuple[Path, media.Loudness]:
    """The sound of a film and how loud it is: from the store, or mixed now. lines: with the silence of the bumpers; keys: of
    their segments.

    Raises Canceled within a second of `stop`, and what the store and ffmpeg raise.
    """
    key, seconds = _key(keys, suffix, music), sum(line.seconds for line in lines)
    turn = _turn(key)
    while not turn.lock.acquire(timeout=0.2):  # who mixes it already is sooner done
        if stop is not None and stop.is_set():
            raise Canceled
    try:
        found = _stored(key, suffix, store, seconds)
        return found or _mixed(key, lines, suffix, music, bumpers, store, report, stop)
    finally:
        turn.lock.release()


def ahead(
    specs: Sequence[LineSpec],
    keys: Sequence[str],
    *,
    suffix: str,
    music: Music | None,
    bumpers: Bumpers = UNFRAMED,
    store: Store,
    stop: threading.Event | None = None,
) -> None:
    """Mixes the sound of a film of which lines are still drawn, if it is not mixed yet and nothing has to be spoken for
    it. specs, keys: of the lines alone. Raises like `sound_of`."""
    video, draft = specs[0].video, specs[0].draft

    def around(one: Bumper | None) -> list[str]:
        return [framing.key(one, video, draft=draft)] if one else []

    key = _key([*around(bumpers.intro), *keys, *around(bumpers.outro)], suffix, music)
    turn = _turn(key)
    if not turn.lock.acquire(blocking=False):
        return
    try:
        if store.find(key, ".json") is not None or not spoken(specs, keys, store):
            return
        with store.scratch() as folder:
            lines = []
            for number, (spec, made) in enumerate(zip(specs, keys, strict=True)):
                drawn, path = segments.stored(made, store), folder / f"{number}.flac"
                lines.append(
                    drawn.heard if drawn else pipeline.heard(spec, path, store=store, stop=stop)
                )
            if bumpers.intro:
                lines.insert(0, framing.heard(bumpers.intro, video, folder / "intro.flac"))
            if bumpers.outro:
                lines.append(framing.heard(bumpers.outro, video, folder / "outro.flac"))
            _mixed(key, lines, suffix, music, bumpers, store, lambda share: None, stop)
    finally:
        turn.lock.release()


def spoken(specs: Sequence[LineSpec], keys: Sequence[str], store: Store) -> bool:
    """Whether each line is made, or is being made under its key and all of it has been spoken."""
    return all(_spoken(spec, key, store) for spec, key in zip(specs, keys, strict=True))


def _spoken(spec: LineSpec, key: str, store: Store) -> bool:
    if store.find(key, ".json") is not None:
        return True
    if pipeline.looks_back(spec) or pipeline.segment_key(spec) != key:
        return False  # another version of the studio makes it, or it depends on the lines before it
    return pipeline.length_of(spec, pipeline.read_script(spec), store=store)[1]


def _mixed(
    key: str,
    lines: Sequence[Heard],
    suffix: str,
    music: Music | None,
    bumpers: Bumpers,
    store: Store,
    report: Callable[[float], None],
    stop: threading.Event | None,
) -> tuple[Path, media.Loudness]:
    seconds = sum(line.seconds for line in lines)
    with store.scratch() as folder, store.write(key, suffix) as path:
        heard = delivery.mix(
            lines,
            path,
            folder=folder,
            music=music,
            bumpers=bumpers,
            report=report,
            stop=stop,
        )
    with store.write(key, ".json") as beside:
        beside.write_text(json.dumps({**asdict(heard), "seconds": seconds}), encoding="utf-8")
    return store.path(key, suffix), heard


def _stored(
    key: str, suffix: str, store: Store, seconds: float
) -> tuple[Path, media.Loudness] | None:
    path, beside = store.find(key, suffix), store.find(key, ".json")
    if path is None or beside is None:
        return None
    try:
        plain = json.loads(beside.read_text(encoding="utf-8"))
        if abs(plain.pop("seconds") - seconds) > 1e-6:
            return None  # of lines that another version of the studio timed
        return path, media.Loudness(**plain)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _key(keys: Sequence[str], suffix: str, music: Music | None) -> str:
    bed = [beds.VERSION, music.sha256, music.volume, music.duck] if music else None
    decides = json.dumps([mixing.VERSION, list(keys), suffix, bed])
    return hashlib.sha256(decides.encode()).hexdigest()


def _turn(key: str) -> _Turn:
    """One at a time mixes the same film."""
    with _looking:
        return _turns.setdefault(key, _Turn())
