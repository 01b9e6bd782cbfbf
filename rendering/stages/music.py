"""A bed under a whole video: the sound of its intro, music that is repeated and lower while somebody speaks, the sound of its outro.

It is mixed once, when the video is put together, so editing a line or the music draws nothing again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from rendering.values import UNFRAMED, Bumper, Bumpers, Floats, Music, Word

VERSION = "music/1"
RATE, CHANNELS = 48_000, 2
LOUDNESS = -16.0  # LUFS of every piece of music as it is stored, the same as speech
HOLD = 0.9  # seconds of silence that are too short to come up again
LEAD, ATTACK, RELEASE = 0.12, 0.25, 0.8  # seconds before a word, going down, coming up again
COME, GO = 0.8, 2.5  # seconds in which the bed comes in and goes out
OVERLAP = 1.0  # seconds in which its end runs into its beginning
STEP = 0.01  # seconds between two points of the gain
ENDING = 0.15  # seconds in which the sound of an intro or an outro fades out


def spoken(words: Sequence[Word]) -> list[tuple[float, float]]:
    """(start, end) of the stretches in which somebody speaks; short pauses are part of them. words: of the whole
    video."""
    found: list[tuple[float, float]] = []
    for word in words:
        if found and word.start - found[-1][1] <= HOLD:
            found[-1] = found[-1][0], max(found[-1][1], word.end)
        else:
            found.append((word.start, word.end))
    return found


def gain(music: Music, stretches: Sequence[tuple[float, float]], seconds: float) -> Floats:
    """Decibels every STEP seconds: at `volume`, lower by `duck` while somebody speaks, silent at both ends."""
    times = np.arange(round(seconds / STEP) + 2) * STEP
    down = np.zeros(times.size)
    for start, end in stretches:
        begins = start - LEAD - ATTACK
        here = np.minimum((times - begins) / ATTACK, (end + RELEASE - times) / RELEASE)
        down = np.maximum(down, np.clip(here, 0, 1))
    down = down * down * (3 - 2 * down)
    ends = np.minimum(times / COME, (seconds - times) / min(GO, max(seconds / 3, STEP)))
    fade = 20 * np.log10(np.clip(ends, 1e-4, 1))
    return (music.volume - music.duck * down + fade).astype(np.float32)


def bed(music: Music, words: Sequence[Word], seconds: float) -> Iterator[Floats]:
    """The bed as long as the video: blocks of (samples, 2) at 48 kHz, float32, about a second each."""
    curve = gain(music, spoken(words), seconds)
    total = round(seconds * RATE)
    at = 0
    for block in _again(music.path):
        block = block[: total - at]
        times = (at + np.arange(len(block))) / (RATE * STEP)
        decibels = np.interp(times, np.arange(curve.size), curve)
        yield (block * (10 ** (decibels / 20))[:, None]).astype(np.float32)
        at += len(block)
        if at >= total:
            return


def _again(path: Path) -> Iterator[Floats]:
    """The piece without end; its last second sounds with its first, at equal power."""
    import soundfile  # large: loaded when it is needed

    with soundfile.SoundFile(path) as file:
        if file.samplerate != RATE or file.channels != CHANNELS or not file.frames:
            raise ValueError(f"{path.name} is not music of this studio")
        overlap = min(round(OVERLAP * RATE), file.frames // 4)
        turn = np.linspace(0, np.pi / 2, overlap, dtype=np.float32)[:, None]
        yield file.read(overlap, dtype="float32", always_2d=True)
        while True:
            left = file.frames - 2 * overlap
            while left > 0:
                block = file.read(min(RATE, left), dtype="float32", always_2d=True)
                left -= len(block)
                yield block
            ending = file.read(overlap, dtype="float32", always_2d=True)
            file.seek(0)
            beginning = file.read(overlap, dtype="float32", always_2d=True)
            yield ending * np.cos(turn) + beginning * np.sin(turn)


def write(
    path: Path,
    music: Music | None,
    words: Sequence[Word],
    seconds: float,
    *,
    bumpers: Bumpers = UNFRAMED,
) -> None:
    """The bed as a FLAC, 16 bit, `seconds` long. words: of the whole video.

    An intro or an outro with a sound of its own is heard without music; under a silent one music plays.
    """
    import soundfile  # large: loaded when it is needed

    intro, outro = (
        bumper if bumper and bumper.sound else None for bumper in (bumpers.intro, bumpers.outro)
    )
    start = intro.seconds if intro else 0.0
    end = seconds - (outro.seconds if outro else 0.0)
    with soundfile.SoundFile(path, "w", RATE, CHANNELS, format="FLAC", subtype="PCM_16") as file:
        written = 0

        def add(blocks: Iterator[Floats], until: float) -> None:
            """Blocks to this second of the video, with silence where they end before it."""
            nonlocal written
            for block in blocks:
                block = block[: round(until * RATE) - written]
                file.write(block)
                written += len(block)
            while (left := round(until * RATE) - written) > 0:
                file.write(np.zeros((min(left, RATE), CHANNELS), np.float32))
                written += min(left, RATE)

        if intro:
            add(_sound(intro), start)
        said = [Word(word.text, word.start - start, word.end - start) for word in words]
        add(bed(music, said, end - start) if music else iter(()), end)
        if outro:
            add(_sound(outro), seconds)


def _sound(bumper: Bumper) -> Iterator[Floats]:
    """The sound of an intro or an outro, faded out where it ends or its pictures do."""
    import soundfile  # large: loaded when it is needed

    with soundfile.SoundFile(str(bumper.sound)) as file:
        if file.samplerate != RATE or file.channels != CHANNELS:
            raise ValueError(f"{bumper.sound} is not sound of this studio")
        wave = file.read(round(bumper.seconds * RATE), dtype="float32", always_2d=True)
    fading = min(round(ENDING * RATE), len(wave))
    wave[len(wave) - fading :] *= np.linspace(1, 0, fading, dtype=np.float32)[:, None]
    yield wave
