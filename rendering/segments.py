"""A finished line in the store: its two media files, and a JSON file with what is known about it."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np

from rendering.store import Store
from rendering.values import Phone, Segment, Timing, Warn, Word


def write(made: Segment, store: Store) -> None:
    """Writes the JSON file beside the two media files. It comes last: with it the segment is complete."""
    plain = {
        "seconds": made.seconds,
        "bytes": [made.video.stat().st_size, made.sound.stat().st_size],
        "words": [[word.text, word.start, word.end] for word in made.timing.words],
        "phones": [[p.symbol, p.start, p.end, p.stress] for p in made.timing.phones],
        "source": made.timing.source,
        "spoken": made.timing.seconds,
        "hop": made.timing.hop,
        "pitch": [round(float(value), 1) for value in made.timing.pitch],
        "energy": [round(float(value), 1) for value in made.timing.energy],
        "stages": made.stages,
        "quality": made.quality,
        "warnings": [asdict(warn) for warn in made.warnings],
    }
    with store.write(made.key, ".json") as path:
        path.write_text(json.dumps(plain, ensure_ascii=False), encoding="utf-8")


def stored(key: str, store: Store) -> Segment | None:
    """The segment of that key if the store holds all of it."""
    beside, sound = (store.find(key, suffix) for suffix in (".json", ".flac"))
    film = store.find(key, ".mp4") or store.find(key, ".webm")
    if not (beside and film and sound):
        return None
    try:
        plain = json.loads(beside.read_text(encoding="utf-8"))
        if plain["bytes"] != [film.stat().st_size, sound.stat().st_size]:
            return None  # written by two attempts, one of which was killed in between
        timing = Timing(
            words=tuple(Word(*word) for word in plain["words"]),
            phones=tuple(Phone(*phone) for phone in plain["phones"]),
            seconds=plain["spoken"],
            hop=plain["hop"],
            pitch=np.array(plain["pitch"], np.float32),
            energy=np.array(plain["energy"], np.float32),
            source=plain["source"],
        )
        return Segment(
            key=key,
            video=film,
            sound=sound,
            timing=timing,
            seconds=plain["seconds"],
            stages=plain["stages"],
            quality=plain["quality"],
            warnings=tuple(Warn(**warn) for warn in plain["warnings"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None  # removed or damaged: it is made again
