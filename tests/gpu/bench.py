"""What the studio adds to the bare networks of its engines, in ratios within one run on this machine's processor.

`make bench-engines`. The architectures are the published ones, narrowed so that one pass of the denoiser takes at least half a second;
weights are random. Figures of GPUs are not measured here.
"""

from __future__ import annotations

import argparse
import functools
import gc
import statistics
import tempfile
import threading
import time
import warnings
from collections.abc import Callable

import numpy as np
import psutil
import torch

from rendering import faces, hardware
from rendering.faces import whisper
from rendering.faces.takes import Take
from rendering.store import Store
from rendering.values import SAMPLE_RATE, Motion

hardware.prepare()
FPS, ROUNDS = 25, 3
CPU = torch.device("cpu")


class Timed:
    """CPU seconds inside the networks, the number of calls of each, and the calls themselves, to be made again.

    With one thread of torch a network runs in the thread that calls it, so other programs and drawing in other threads do not count.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.calls: dict[str, int] = {}
        self.made: list[Callable[[], object]] = []

    def watch(self, owner: object, name: str, label: str) -> None:
        plain = getattr(owner, name)

        def watched(*given, **more):
            begun = time.thread_time()
            try:
                return plain(*given, **more)
            finally:
                self.seconds[label] = self.seconds.get(label, 0.0) + time.thread_time() - begun
                self.calls[label] = self.calls.get(label, 0) + 1
                self.made.append(functools.partial(plain, *given, **more))

        setattr(owner, name, watched)

    def forget(self) -> None:
        self.seconds, self.calls, self.made = {}, {}, []


def against(timed: Timed, draw: Callable[[int], object]) -> tuple[list[float], list[float]]:
    """(CPU seconds of a line over those of its networks within it, and over the same calls made bare afterwards), each of ROUNDS."""
    within, bare = [], []
    for number in range(ROUNDS):
        timed.forget()
        begun = time.process_time()
        draw(number)
        total = time.process_time() - begun
        begun = time.process_time()
        for call in timed.made:
            call()
        alone = time.process_time() - begun
        within.append(total / sum(timed.seconds.values()))
        bare.append(total / alone)
    return within, bare


def ratio(found: list[float]) -> str:
    return f"{statistics.median(found):.3f} ({min(found):.3f} to {max(found):.3f})"


def take(frames: int, seed: int = 1, store: Store | None = None) -> Take:
    from rendering.stages import motion

    tracks = {name: np.zeros(frames, np.float32) for name in motion.TRACKS}
    tracks["jaw"][4:-4] = 0.5
    sound = np.random.default_rng(seed).standard_normal(SAMPLE_RATE * frames // FPS)
    return Take(
        avatar=faces.get("maya"),
        face=180.0,
        motion=Motion(FPS, tracks),
        wav=(0.1 * sound).astype(np.float32),
        seed=seed,
        report=lambda stage, fraction: None,
        store=store,
    )


def echomimic(sizes, side, plan):
    from rendering.faces.echomimic.engine import EchoMimic
    from rendering.faces.echomimic.nets import Nets
    from rendering.faces.vae import Vae

    return EchoMimic(
        Nets(sizes),
        Vae(widths=(32, 64, 64, 64), layers=1),
        whisper.Encoder().eval(),
        plan=plan,
        version="bench",
        place=CPU,
        side=side,
    )


def musetalk(width):
    from rendering.faces.musetalk.engine import MuseTalk
    from rendering.faces.musetalk.nets import Painter
    from rendering.faces.vae import Vae

    return MuseTalk(
        Painter((width, 2 * width, 4 * width, 4 * width)),
        Vae(widths=(32, 32, 32, 32), layers=1),
        whisper.Encoder().eval(),
        version="bench",
        place=CPU,
        side=128,
    )


def overhead(width: int) -> list[str]:
    """Compares lines of both engines with the passes of the networks in them. The accelerated weights of EchoMimic
    take six steps, the fewest that it is used with, so everything else weighs most there."""
    from rendering.faces.echomimic.nets import Sizes
    from rendering.faces.echomimic.sampler import Plan

    rows = []
    sizes = Sizes(widths=(width, 2 * width, 4 * width, 4 * width))
    engine = echomimic(sizes, 128, Plan.fast())
    list(engine.draw(take(13)))  # loads and plans everything
    timed = Timed()
    timed.watch(engine.nets.denoiser, "forward", "denoiser")
    timed.watch(engine.vae.net, "decode", "VAE")
    timed.watch(engine.encoder, "states", "Whisper")
    with tempfile.TemporaryDirectory() as folder:
        store = Store(folder, reserve=0)
        within, bare = against(timed, lambda number: list(engine.draw(take(24, number, store))))
    each = timed.seconds["denoiser"] / timed.calls["denoiser"]
    rows += [
        f"| EchoMimic: one pass of the denoiser, 12 frames, CPU s | {each:.2f} |",
        f"| a line of 24 frames in 6 steps, store, cutting out and pasting included, over its passes | {ratio(within)} |",
        f"| over the same passes made bare | {ratio(bare)} |",
    ]
    engine = musetalk(2 * width)
    list(engine.draw(take(20)))
    timed = Timed()
    timed.watch(engine.painter, "forward", "UNet")
    timed.watch(engine.vae.net, "decode", "VAE")
    timed.watch(engine.encoder, "states", "Whisper")
    within, bare = against(timed, lambda number: list(engine.draw(take(48, number))))
    each = timed.seconds["UNet"] / timed.calls["UNet"]
    rows += [
        f"| MuseTalk: one pass of the UNet, 8 frames, CPU s | {each:.2f} |",
        f"| a line of 48 frames, moving the head included, over its passes | {ratio(within)} |",
        f"| over the same passes made bare | {ratio(bare)} |",
    ]
    return rows


def memory() -> list[str]:
    """The memory of the process while a short and a long line are drawn."""
    from rendering.faces.echomimic.nets import SMALL
    from rendering.faces.echomimic.sampler import Plan

    engine = echomimic(SMALL, 64, Plan(steps=2, guidance=1.0))
    process, peaks = psutil.Process(), {}
    list(engine.draw(take(60)))
    for frames in (125, 750):
        line = take(frames)
        gc.collect()
        peaks[frames] = 0
        for _ in engine.pictures(line):
            peaks[frames] = max(peaks[frames], process.memory_info().rss)
    sound = 625 / FPS * SAMPLE_RATE * 4
    return [
        f"| peak for 5 s of film | {peaks[125] / 2**20:.0f} MiB |",
        f"| peak for 30 s, without the longer sound | {(peaks[750] - sound) / 2**20:.0f} MiB |",
        f"| ratio | {(peaks[750] - sound) / peaks[125]:.3f} |",
    ]


def batching(width: int) -> list[str]:
    """Four lines of MuseTalk one after another and at once, by turns; frames per CPU second and on the clock."""
    engine = musetalk(width)
    list(engine.draw(take(20)))
    calls: dict[str, list[int]] = {"apart": [], "at once": []}
    cpu: dict[str, list[float]] = {"apart": [], "at once": []}
    wall: dict[str, list[float]] = {"apart": [], "at once": []}
    for turn in range(2 * ROUNDS):
        name = ("apart", "at once")[turn % 2]
        threads = [
            threading.Thread(target=lambda seed=seed: list(engine.draw(take(32, seed))))
            for seed in range(4)
        ]
        before = engine.batches.calls
        begun, spent = time.perf_counter(), time.process_time()
        for thread in threads:
            thread.start()
            if name == "apart":
                thread.join()
        for thread in threads:
            thread.join()
        cpu[name].append(time.process_time() - spent)
        wall[name].append(time.perf_counter() - begun)
        calls[name].append(engine.batches.calls - before)
    shares = [
        [one / four for one, four in zip(some["apart"], some["at once"], strict=True)]
        for some in (cpu, wall)
    ]
    counts = {name: ", ".join(map(str, some)) for name, some in calls.items()}
    return [
        f"| MuseTalk: UNet passes for 4 lines of 32 frames, one after another | {counts['apart']} |",
        f"| the same lines at once | {counts['at once']} |",
        f"| frames for a CPU second, at once over one after another | {ratio(shares[0])} |",
        f"| frames for a second on the clock, the same | {ratio(shares[1])} |",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help="overhead, memory, batching; default: all")
    parser.add_argument(
        "--width", type=int, default=64, help="of the narrowest layer; published: 320"
    )
    given = parser.parse_args()
    torch.set_grad_enabled(False)
    torch.set_num_threads(1)
    parts = {
        "overhead": lambda: overhead(given.width),
        "memory": memory,
        "batching": lambda: batching(given.width),
    }
    print("GPU: not measured. On this processor:\n\n| | |\n|---|---|")
    for name in given.parts or list(parts):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            print("\n".join(parts[name]()), flush=True)


if __name__ == "__main__":
    main()
