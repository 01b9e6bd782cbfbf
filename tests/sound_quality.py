"""How far the runtimes of Kokoro sound from its float model: `python -m tests.sound_quality [--most N]`.

Speaks sentences of tests/quality/business.txt with every voice in turn, by each runtime of this machine, and compares spectra,
loudness and durations. Prints a table.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

SENTENCES = Path(__file__).parent / "quality" / "business.txt"
WINDOW, HOP = 512, 128  # samples at 24 kHz


def spectrum(wave: np.ndarray) -> np.ndarray:
    """dB by time and frequency."""
    frames = np.lib.stride_tricks.sliding_window_view(wave, WINDOW)[::HOP] * np.hanning(WINDOW)
    return 10 * np.log10(np.abs(np.fft.rfft(frames, axis=1)) ** 2 + 1e-6)


def distance(one: np.ndarray, other: np.ndarray) -> float:
    """Log-spectral distance in dB, over what can be heard."""
    a, b = spectrum(one), spectrum(other)
    heard = a.max(axis=1) > -20
    return float(np.sqrt(((a - b)[heard] ** 2).mean(axis=1)).mean())


def loudness(wave: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(wave.astype(np.float64) ** 2) + 1e-12))


def main() -> None:
    from rendering import voices
    from rendering.stages import script
    from rendering.voices import choice, kokoro

    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])  # type: ignore[union-attr]
    parser.add_argument("--most", type=int, default=100, help="sentences")
    most = parser.parse_args().most
    slugs = [slug for slug, voice in voices.REGISTRY.items() if voice.engine == "kokoro"]
    engines = {name: kokoro.Kokoro(runtime=name, threads=2) for name in choice.offered()}
    found: dict[str, list[tuple[float, float, int]]] = {name: [] for name in engines}
    for number, text in enumerate(SENTENCES.read_text("utf-8").splitlines()[:most]):
        voice = voices.get(slugs[number % len(slugs)])
        for sentence in script.run(text, markup="text", language=voice.language).sentences:
            spoken = {name: engine.say(sentence, voice) for name, engine in engines.items()}
            exact = spoken["float"]
            for name, clip in spoken.items():
                later = max(
                    (abs(a.end - b.end) for a, b in zip(clip.phones, exact.phones, strict=True)),
                    default=0.0,
                )
                size = min(clip.wav.size, exact.wav.size)
                found[name].append(
                    (
                        distance(exact.wav[:size], clip.wav[:size]),
                        loudness(clip.wav) - loudness(exact.wav),
                        round(later / (kokoro.UNIT / kokoro.SAMPLE_RATE)),
                    )
                )
    print(
        "| spoken by | spectral distance to float, dB | worst | loudness, dB | units apart, at most |"
    )
    print("|---|---|---|---|---|")
    for name, rows in found.items():
        far, loud, apart = zip(*rows, strict=True)
        print(
            f"| {choice.TITLES[name]} | {np.mean(far):.2f} | {max(far):.2f} | {np.mean(loud):+.3f} | {max(apart)} |"
        )


if __name__ == "__main__":
    main()
