"""What small changes cost: real renders on the CPU, and the engine-seconds that are not spent again.

Four changes of one script, each rendered in a store that holds the first render, against the same in an empty store. Processor seconds,
one line at a time. `python -m tests.bench_reuse [HEIGHT [LINES]]`.
"""

from __future__ import annotations

import resource
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from rendering import pipeline
from rendering.store import Store
from rendering.values import STAGES, Background, LineSpec, VideoFormat

WORDS = (
    "Welcome back. Here is what changed this week, in less than a minute.",
    "The editor keeps your steps, so that a mistake is one key away from being undone.",
    "Films are played from the place where they lie, which makes the first second quicker.",
    "Ask for a render while another one runs: each waits its turn, and you see when it ends.",
    "Thank you for watching, and write to us if something is missing.",
)
ANOTHER = (
    "This is another script for the same person.",
    "Nothing that was said before is said again, and so nothing of it can be taken from the store.",
    "What stays is what belongs to the person: her fields, her rest, and the voice that speaks.",
)


def lines(words, *, height=720, aspect="16:9", color="#e9e4dc"):
    return [
        LineSpec(
            text=text,
            avatar="maya",
            voice="af_heart",
            video=VideoFormat.of(aspect, height),
            background=Background(color),
        )
        for text in words
    ]


def cpu():
    """Processor seconds of this process and of the encoders that it has waited for."""
    mine, theirs = (
        resource.getrusage(resource.RUSAGE_SELF),
        resource.getrusage(resource.RUSAGE_CHILDREN),
    )
    return mine.ru_utime + mine.ru_stime + theirs.ru_utime + theirs.ru_stime


def render(specs, store):
    """(CPU seconds, lines that were in the store, seconds of each stage over the others)."""
    begun, reused = cpu(), 0
    spent = dict.fromkeys(STAGES, 0.0)
    for spec in specs:
        made = pipeline.render_line(spec, store=store)
        reused += made.reused
        if not made.reused:
            for stage, seconds in made.stages.items():
                spent[stage] += seconds
    return cpu() - begun, reused, spent


def main() -> None:
    height = int(sys.argv[1]) if len(sys.argv) > 1 else 720
    most = int(sys.argv[2]) if len(sys.argv) > 2 else len(WORDS)
    words = WORDS[:most]
    first = lines(words, height=height)
    edited = replace(first[-1], text=words[-1].replace(".", ", and more."))
    changes = {
        "one line edited": [*first[:-1], edited],
        "background changed": lines(words, height=height, color="#20354a"),
        "aspect ratio changed": lines(words, height=height, aspect="9:16"),
        "same avatar, another script": lines(ANOTHER[:most], height=height),
    }
    with tempfile.TemporaryDirectory(prefix="likeness-reuse-") as folder:
        pipeline.speak(first[0])  # the model is loaded before anything is measured
        before = Path(folder) / "first"
        render(first, Store(before, reserve=0))
        print(
            "| change | anew, CPU s | with the store, CPU s | saved | lines reused | stages reused |"
        )
        print("|---|---|---|---|---|---|")
        for number, (name, specs) in enumerate(changes.items()):
            kept_in = Path(folder) / f"kept-{number}"
            shutil.copytree(before, kept_in)
            again, reused, kept = render(specs, Store(kept_in, reserve=0))
            total, _, anew = render(specs, Store(Path(folder) / f"anew-{number}", reserve=0))
            skipped = [stage for stage in ("speech", "frames") if kept[stage] < 0.1 * anew[stage]]
            print(
                f"| {name} | {total:.1f} | {again:.1f} | {100 * (1 - again / total):.0f} % | "
                f"{reused} of {len(specs)} | {', '.join(skipped) or 'none'} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
