"""What small changes cost: real renders on the CPU, and the engine-seconds that reuse saves.

Four changes of one script, each rendered in a store that holds the first render, against the same in an empty store. Each of
these is a process of its own, warm as a worker is before it claims (voice, engine and a picture at rest) and without any face in
memory. Counted are the processor seconds of its lines, one after another, on one thread.

`make bench-reuse`, or `python -m tests.bench_reuse [ENGINE [HEIGHT [LINES]]]`. Engines on torch have the narrowed networks and random
weights of tests/gpu/bench.py, and short lines; they want the environment of `make test-engines`.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from rendering import pipeline
from rendering.faces import engines
from rendering.store import Store
from rendering.values import STAGES, Background, LineSpec, VideoFormat
from rendering.warming import warm

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
    "A line that is new is spoken, timed and drawn like any other.",
    "That is all there is to say about it.",
)
SHORT = ("Welcome back.", "Here is more.")
SHORT_ANOTHER = ("Good morning.", "Listen to this.")
FIRST = "first"
CHANGES = (
    "one line edited",
    "background changed",
    "aspect ratio changed",
    "same avatar, another script",
)


def lines(change: str, engine: str, height: int, most: int) -> list[LineSpec]:
    """The script after a change, or the first one."""
    words, another = (WORDS, ANOTHER) if engine == engines.PORTRAIT else (SHORT, SHORT_ANOTHER)
    aspect = "9:16" if change == "aspect ratio changed" else "16:9"
    color = "#20354a" if change == "background changed" else "#e9e4dc"
    said = another if change == "same avatar, another script" else words
    specs = [
        LineSpec(
            text=text,
            avatar="maya",
            voice="af_heart",
            video=VideoFormat.of(aspect, height),
            background=Background(color),
            engine=engine,
        )
        for text in said[:most]
    ]
    if change == "one line edited":
        specs[-1] = replace(specs[-1], text=specs[-1].text.replace(".", ", and more."))
    return specs


def cpu() -> float:
    """Processor seconds of this process and of the encoders that it has waited for."""
    mine, theirs = (
        resource.getrusage(resource.RUSAGE_SELF),
        resource.getrusage(resource.RUSAGE_CHILDREN),
    )
    return mine.ru_utime + mine.ru_stime + theirs.ru_utime + theirs.ru_stime


def load(engine: str) -> None:
    """Puts the narrowed engine in the place of the published one, with the same weights in every process."""
    import torch

    from rendering.faces.echomimic.nets import Sizes
    from rendering.faces.echomimic.sampler import Plan
    from tests.gpu import bench

    torch.set_grad_enabled(False)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    if engine == "musetalk":
        made = bench.musetalk(64)
    else:
        plan = Plan.fast() if engine == "echomimic-fast" else Plan()
        made = bench.echomimic(Sizes(widths=(32, 64, 128, 128)), 128, plan)
    engines._load = lambda name: made  # weights that nobody publishes


def measured(engine: str, height: int, most: int, change: str, folder: str) -> None:
    """Renders the script into the store and prints what it took. Runs in a process of its own."""
    if engine != engines.PORTRAIT:
        load(engine)
    warm(engines.PORTRAIT)
    store, reused = Store(folder, reserve=0), 0
    spent, begun = dict.fromkeys(STAGES, 0.0), cpu()
    # Warming up drew another person; this one is new to the process.
    for spec in lines(change, engine, height, most):
        made = pipeline.render_line(spec, store=store)
        reused += made.reused
        if not made.reused:
            for stage, seconds in made.stages.items():
                spent[stage] += seconds
    print(json.dumps({"cpu": cpu() - begun, "reused": reused, "stages": spent}))


def render(engine: str, height: int, most: int, change: str, folder: Path) -> dict:
    command = [sys.executable, "-W", "ignore", "-m", "tests.bench_reuse"]
    command += [engine, str(height), str(most), change, str(folder)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=dict(os.environ))
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    given = sys.argv[1:]
    engine = given[0] if given else engines.PORTRAIT
    height = int(given[1]) if given[1:] else 720
    most = int(given[2]) if given[2:] else len(WORDS)
    if given[3:]:
        measured(engine, height, most, *given[3:])
        return
    with tempfile.TemporaryDirectory(prefix="likeness-reuse-") as folder:
        before = Path(folder) / "first"
        count = len(lines(FIRST, engine, height, most))
        took = render(engine, height, most, FIRST, before)["cpu"]
        print(f"{engine}, {height}p, {count} lines; the first render: {took:.1f} s of processor\n")
        print(
            "| change | anew, CPU s | with the store, CPU s | saved | lines reused | stages reused |"
        )
        print("|---|---|---|---|---|---|", flush=True)
        for number, change in enumerate(CHANGES):
            copy = Path(folder) / f"kept-{number}"
            shutil.copytree(before, copy)
            reusing = render(engine, height, most, change, copy)
            anew = render(engine, height, most, change, Path(folder) / f"anew-{number}")
            skipped = [
                stage
                for stage in ("speech", "frames")
                if reusing["stages"][stage] < 0.1 * anew["stages"][stage]
            ]
            print(
                f"| {change} | {anew['cpu']:.1f} | {reusing['cpu']:.1f} | {100 * (1 - reusing['cpu'] / anew['cpu']):.0f} % | "
                f"{reusing['reused']} of {count} | {', '.join(skipped) or 'none'} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
