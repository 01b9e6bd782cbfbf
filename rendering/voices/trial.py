"""Speaks one sentence and prints what a second of its sound costs: `python -m rendering.voices.trial PRECISION CACHE`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

from rendering.voices import choice, kokoro, runtimes

SYMBOLS = 30  # some three seconds


def main() -> None:
    precision, cache = sys.argv[1], Path(sys.argv[2])
    if precision not in choice.offered():
        sys.exit("This processor has no instructions for it.")  # verbatim
    runtime = runtimes.load(precision, kokoro.assemble, cache, threads=1)
    with np.load(kokoro.VOICES) as tables:
        style = tables["af_heart"][SYMBOLS - 3].astype(np.float32)[None]
    ones = np.ones((1, SYMBOLS), np.float32)
    feed = {
        "tokens": np.array([[0, *(43 + n % 25 for n in range(SYMBOLS - 2)), 0]], np.int64),
        "style": style,
        "speed": ones,
        "pitch": ones,
    }
    runtime.speak(feed, None)  # the first call compiles
    spent = []
    for _ in range(2):
        began = time.process_time()
        wave, _ = runtime.speak(feed, None)
        spent.append((time.process_time() - began) * kokoro.SAMPLE_RATE / wave.size)
    print(min(spent))


if __name__ == "__main__":
    main()
