"""Ways to read English aloud, side by side: `python -m tests.bench_reading [PAIRS.tsv]` (kind, written, spoken; a row of names first).

Ours, and where they are installed NeMo's grammars (`pip install kitten-text-processing`) and num2words, each in a process of its own:
how many pairs are right, milliseconds a line over 1,000 lines, the worst piece, and what it keeps in memory. Without a file the
pairs of tests/stages/test_reading.py are read. Case, full stops, commas, hyphens and the words and, the, of do not count.
"""

from __future__ import annotations

import re
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

WAYS = {"ours": None, "nemo": "kitten_text_processing", "num2words": "num2words"}
PIECES = ("10 kW ", "1/2/", "1-2-", "St. ", "a.b.", "$1 ", "XIV ", "12:30-", "a1b2")


def main() -> None:
    if len(sys.argv) > 2:
        measure(sys.argv[1], pairs_of(sys.argv[2]))
        return
    file = sys.argv[1] if len(sys.argv) == 2 else ""
    print(f"{'':10} right  ms a line  worst ms  MB more")
    for way, package in WAYS.items():
        if package and not find_spec(package):
            print(f"{way:10} is not installed (pip install {package.replace('_', '-')})")
            continue
        subprocess.run([sys.executable, "-m", "tests.bench_reading", way, file], check=True)


def pairs_of(file: str) -> list[tuple[str, str]]:
    if not file:
        from tests.stages.test_reading import AMERICAN

        return AMERICAN
    rows = [row.split("\t") for row in Path(file).read_text("utf-8").splitlines()[1:]]
    return [(row[1], row[2]) for row in rows]


def bare(text: str) -> str:
    text = re.sub(r"[.,]", "", text.lower().replace("kilometre", "kilometer").replace("-", " "))
    return " ".join(re.sub(r"\b(?:and|the|of)\b", " ", text).split())


def reader(way: str) -> Callable[[str], str]:
    if way == "ours":
        from rendering.stages import script

        def ours(text: str) -> str:
            return " ".join(s.text for s in script.run(text, markup="text").sentences)

        return ours
    if way == "nemo":
        from kitten_text_processing import normalize_text, warm

        warm()
        return normalize_text
    from num2words import num2words

    return lambda text: re.sub(r"\d+(?:\.\d+)?", lambda m: num2words(m[0]), text)


def measure(way: str, pairs: list[tuple[str, str]]) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    read = reader(way)
    read("Ready at 5 p.m.")
    right = 0
    for written, spoken in pairs:
        try:
            right += bare(read(written)) == bare(spoken)
        except Exception as problem:
            print(f"{way}: {written!r}: {type(problem).__name__}")
    lines = [written for written, _ in pairs] * (1 + 1000 // len(pairs))
    times = [_seconds(read, line) for line in lines[:1000]]
    worst = max(_seconds(read, (piece * 100)[:400]) for piece in PIECES)
    more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(
        f"{way:10} {right:3}/{len(pairs)}  {1000 * statistics.mean(times):8.2f}  {1000 * worst:8.1f}  {more:7.1f}"
    )


def _seconds(read: Callable[[str], str], line: str) -> float:
    began = time.process_time()
    read(line)
    return time.process_time() - began


if __name__ == "__main__":
    main()
