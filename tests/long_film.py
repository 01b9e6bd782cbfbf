"""What joining the longest film costs: sixty minutes of one repeated line, with and without music.

    python -m tests.long_film

Prints processor seconds, the largest resident memory of this process and that of its largest child, in MB.
"""

import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile

from rendering.stages import delivery
from rendering.values import SAMPLE_RATE, Music, Segment, Timing, VideoFormat, Word

MINUTES = 60
LINE = 10.0  # seconds


def line(folder: Path) -> Segment:
    """Sound of the loudness of speech over a grey picture."""
    film, sound = folder / "line.mp4", folder / "line.flac"
    times = np.arange(round(LINE * SAMPLE_RATE)) / SAMPLE_RATE
    wav = (0.22 * np.sin(1500 * times) * np.sin(9 * times)).astype(np.float32)
    grey = np.full((72, 128, 3), 128, np.uint8)
    count = round(25 * LINE)
    video = VideoFormat(128, 72)
    delivery.segment((grey for _ in range(count)), wav, video=video, film=film, sound=sound)
    words = tuple(Word(f"word{n}", 0.4 * n + 0.1, 0.4 * n + 0.4) for n in range(round(LINE / 0.4)))
    flat = np.zeros(1, np.float32)
    return Segment("0" * 64, film, sound, Timing(words, (), LINE, 0.01, flat, flat), count / 25)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        part = line(folder)
        song = folder / "song.flac"
        noise = np.random.default_rng(1).normal(0, 0.1, (180 * 48_000, 2))
        soundfile.write(song, noise, 48_000, subtype="PCM_16")
        del noise
        for title, music in (("voice alone", None), ("with music", Music(song, "", -14.0, 10.0))):
            out = folder / title
            out.mkdir()
            begun = time.process_time() + sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
            parts = [part] * round(MINUTES * 60 / LINE)
            files = delivery.assemble(
                parts, video=VideoFormat(128, 72), folder=out, title="Long", music=music
            )
            spent = time.process_time() + sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
            own, child = (
                resource.getrusage(who).ru_maxrss / 1024
                for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
            )
            loud = getattr(files, "loudness", None)
            sys.stdout.write(
                f"{title}: {files.seconds / 60:.0f} minutes, {spent - begun:.0f} s of processor time, "
                f"{own:.0f} MB here and {child:.0f} MB in ffmpeg at most, {loud}\n"
            )
            sys.stdout.flush()


if __name__ == "__main__":
    main()
