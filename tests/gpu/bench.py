"""What the studio adds to the bare networks of its engines, in ratios within one run on this machine's processor.

`make bench-engines`. The architectures are the published ones, narrowed so that one pass of the denoiser takes at least half a second;
weights are random. Figures of GPUs are not measured here.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import tempfile
import threading
import time
import warnings

import numpy as np
import psutil
import torch

from rendering import faces, hardware
from rendering.faces import whisper
from rendering.faces.engines import Take
from rendering.store import Store
from rendering.values import SAMPLE_RATE, Motion

hardware.prepare()
FPS = 25
CPU = torch.device("cpu")


class Timed:
    """Seconds inside the networks, and how often each was called."""

    def __init__(self) -> None:
        self.seconds, self.calls = 0.0, {}

    def watch(self, owner: object, name: str, label: str) -> None:
        plain = getattr(owner, name)

        def watched(*given, **more):
            begun = time.perf_counter()
            try:
                return plain(*given, **more)
            finally:
                self.seconds += time.perf_counter() - begun
                self.calls[label] = self.calls.get(label, 0) + 1

        setattr(owner, name, watched)


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


def echomimic(widths, side, plan):
    from rendering.faces.echomimic.engine import EchoMimic
    from rendering.faces.echomimic.nets import Nets, Sizes
    from rendering.faces.vae import Vae

    return EchoMimic(
        Nets(Sizes(widths=widths)),
        Vae(widths=(32, 64, 64, 64), layers=1),
        whisper.Encoder().eval(),
        plan=plan,
        version="bench",
        place=CPU,
        side=side,
    )


def overhead(width: int) -> list[str]:
    """A line of EchoMimic against the sum of its networks' passes."""
    from rendering.faces.echomimic.sampler import Plan

    engine = echomimic((width, 2 * width, 4 * width, 4 * width), 128, Plan(steps=3, guidance=1.0))
    list(engine.pictures(take(13)))  # all is loaded and planned
    timed, one = Timed(), Timed()
    timed.watch(engine.nets.denoiser, "forward", "denoiser")
    timed.watch(engine.nets.reference, "forward", "reference net")
    timed.watch(engine.vae.net, "decode", "VAE")
    timed.watch(engine.encoder, "states", "Whisper")
    one.watch(engine, "velocity", "window")
    with tempfile.TemporaryDirectory() as folder:
        asked = take(30, 2, Store(folder, reserve=0))
        begun = time.perf_counter()
        drawn = sum(1 for _ in engine.draw(asked))
        total = time.perf_counter() - begun
        begun = time.perf_counter()
        chunks = list(engine.latents(take(30, 3)))
        sampling = time.perf_counter() - begun
        again = time.perf_counter()
        list(engine.draw(asked))
        again = time.perf_counter() - again
    windows = one.calls["window"] // 2
    each = one.seconds / one.calls["window"]
    inside = timed.seconds
    share = (total + sampling + again) / inside - 1
    assert sum(chunk.shape[1] for chunk in chunks) == drawn == 30
    return [
        f"| one pass of the denoiser, 12 frames | {each:.2f} s |",
        f"| passes for 30 frames in 3 steps | {windows} |",
        f"| sampling alone against its passes | {sampling / (each * windows):.3f} |",
        f"| lines with audio, decoding, cutting out and pasting against all passes | {1 + share:.3f} |",
        f"| the same line once more, from the store, against the first time | {again / total:.3f} |",
    ]


def memory() -> list[str]:
    """The process's memory while a short and a long line are drawn."""
    from rendering.faces.echomimic.nets import SMALL
    from rendering.faces.echomimic.sampler import Plan

    engine = echomimic(SMALL.widths, 32, Plan(steps=2, guidance=1.0))
    process, peaks = psutil.Process(), {}
    list(engine.draw(take(60)))
    for frames in (125, 750):
        asked = take(frames)
        gc.collect()
        peaks[frames] = 0
        for _ in engine.pictures(asked):
            peaks[frames] = max(peaks[frames], process.memory_info().rss)
    sound = 625 / FPS * SAMPLE_RATE * 4
    return [
        f"| peak for 5 s of film | {peaks[125] / 2**20:.0f} MiB |",
        f"| peak for 30 s, without the longer sound | {(peaks[750] - sound) / 2**20:.0f} MiB |",
        f"| ratio | {(peaks[750] - sound) / peaks[125]:.3f} |",
    ]


def batching(width: int) -> list[str]:
    """Four lines of MuseTalk one after another, and at once."""
    from rendering.faces.musetalk.engine import MuseTalk
    from rendering.faces.musetalk.nets import Painter
    from rendering.faces.vae import Vae

    engine = MuseTalk(
        Painter((width, 2 * width, 4 * width, 4 * width)),
        Vae(widths=(32, 32, 32, 32), layers=1),
        whisper.Encoder().eval(),
        version="bench",
        place=CPU,
        side=128,
    )
    list(engine.draw(take(20)))
    figures = {}
    for name in ("apart", "at once"):
        engine.batches.calls = 0
        begun = time.perf_counter()
        if name == "apart":
            for seed in range(4):
                list(engine.draw(take(32, seed)))
        else:
            threads = [
                threading.Thread(target=lambda seed=seed: list(engine.draw(take(32, seed))))
                for seed in range(4)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        figures[name] = (engine.batches.calls, time.perf_counter() - begun)
    (calls, seconds), (together, quick) = figures["apart"], figures["at once"]
    return [
        f"| UNet passes for 4 lines of 32 frames, one after another | {calls} |",
        f"| the same lines at once | {together} |",
        f"| frames per second at once against one after another | {seconds / quick:.2f} |",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help="overhead, memory, batching; all without one")
    parser.add_argument(
        "--width", type=int, default=64, help="of the narrowest layer; published: 320"
    )
    given = parser.parse_args()
    torch.set_grad_enabled(False)
    with contextlib.suppress(RuntimeError):
        torch.set_num_threads(2)
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
