"""The sound of a whole film: speech and its bed mixed, brought to one loudness, encoded, and measured as it is delivered.

Loudness follows EBU R 128 as ffmpeg's meter reads it. A voice in one channel and the same voice in two are equally loud at
3 dB less in each, so a film with music, which has two, is as loud as one without.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from rendering import media
from rendering.values import SAMPLE_RATE

VERSION = "mixing/1"
LOUDNESS = -16.0  # LUFS of every film
NEAR = 0.2  # LU from it that are not corrected
PEAK = -1.0  # dBTP that no film passes
CEILING = -1.6  # dBTP at which the limiter holds: encoding adds some tenths
LOUDER = 9.0  # dB that a film is lifted at most: where music is nearly all of it, the voice would be crushed
TRIES = 4
CODECS = {".mp4": "aac", ".webm": "libopus"}
VOICE = "[0:a]aresample=48000"
MIXED = (
    VOICE
    + ",pan=stereo|c0=0.70711*c0|c1=0.70711*c0[voice];[voice][1:a]amix=duration=first:normalize=0"
)


def write(
    path: Path,
    *,
    speech: Callable[[], Iterator[bytes]],
    bed: Path | None,
    report: Callable[[float], None] = lambda share: None,
    stop: threading.Event | None = None,
) -> media.Loudness:
    """Writes the film's sound, 48 kHz: in one channel, or in two with a `bed`. Returns the loudness measured on the
    file.

    speech: called for each pass, gives the speech in blocks of mono, 16 bit, SAMPLE_RATE. The sound is at LOUDNESS,
    except in films that are silent, or nearly all music with next to no speech. Raises Canceled within a second of
    `stop`.
    """
    source: list[str | Path] = ["-f", "s16le", "-ar", str(SAMPLE_RATE), "-ac", "1", "-i", "pipe:0"]
    mix = VOICE
    if bed is not None:
        source, mix = [*source, "-i", bed], MIXED
    encoder = ["-c:a", CODECS[path.suffix], "-b:a", "128k" if bed is None else "192k"]
    before = media.loudness(source, graph=mix, peaks=False, feed=speech(), stop=stop)
    report(0.3)
    gain, ceiling = _gain(LOUDNESS - before.lufs, before), CEILING
    for number in range(TRIES):
        graph = f"{mix},volume={gain:.2f}dB,{_limited(ceiling)}[mix]"
        made: list[str | Path] = ["-filter_complex", graph, "-map", "[mix]", *encoder]
        media.run([*source, *made, "-fflags", "+bitexact", path], feed=speech(), stop=stop)
        heard = media.loudness(["-i", path], stop=stop)
        report(1 - 0.7 / (number + 2))
        better = _gain(gain + LOUDNESS - heard.lufs, before)
        if abs(better - gain) <= NEAR and heard.peak <= PEAK:
            break
        # The limiter takes a little loudness away, and the coder adds to the peaks: both are corrected by as much.
        gain, ceiling = better, ceiling - max(0.0, heard.peak - PEAK + 0.1)
    return heard


def _gain(wanted: float, before: media.Loudness) -> float:
    """dB to change by. Silence stays: below its own gate the meter reads -70."""
    return 0.0 if before.lufs <= -70 else min(wanted, LOUDER)


def _limited(ceiling: float) -> str:
    """Filters that hold the true peak below `ceiling` dBTP, read between the samples at four times the rate."""
    limit = 10 ** (ceiling / 20)
    held = f"alimiter=limit={limit:.4f}:level=0:attack=5:release=60:latency=1"
    return f"aresample=192000,{held},aresample=48000"
