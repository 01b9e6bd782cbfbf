"""One pass of each published network at its full size with random weights: seconds, and memory of the process.

`make bench-full-size`; needs about 12 GB. No figure of quality: the weights mean nothing. Runs on a processor unless CUDA is available.
"""

from __future__ import annotations

import argparse
import gc
import resource
import time
from collections.abc import Callable

import psutil
import torch

from rendering import hardware
from rendering.faces.echomimic.nets import Nets
from rendering.faces.musetalk.nets import Painter
from rendering.faces.vae import Vae

hardware.prepare()
TOKENS = 50, 384
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def step(name: str, call: Callable[[], object]) -> None:
    """Prints how long the call took, the memory in use at its end, and the peak so far."""
    begun, spent = time.perf_counter(), time.process_time()
    call()
    if DEVICE.type == "cuda":
        torch.cuda.synchronize()
    now = psutil.Process().memory_info().rss / 2**30
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    if DEVICE.type == "cuda":
        now, most = (
            f() / 2**30 for f in (torch.cuda.memory_allocated, torch.cuda.max_memory_allocated)
        )
    print(
        f"{name}: {time.perf_counter() - begun:.1f} s, {time.process_time() - spent:.1f} s of processor;"
        f" {now:.1f} GiB, at most {most:.1f} so far",
        flush=True,
    )


def musetalk(faces: int) -> None:
    painter, vae = Painter().to(DEVICE), Vae().to(DEVICE, torch.float32)
    picture = torch.zeros(1, 3, 256, 256, device=DEVICE)
    latents = torch.randn(faces, 8, 32, 32, device=DEVICE)
    tokens = torch.randn(faces, *TOKENS, device=DEVICE)
    step("MuseTalk, VAE encodes a face of 256 px", lambda: vae.encode(picture))
    step(f"MuseTalk, UNet, {faces} faces", lambda: painter(latents, tokens))
    step("MuseTalk, VAE decodes a face", lambda: vae.decode(latents[:1, :4]))


def echomimic(side: int, frames: int) -> None:
    nets, cells = Nets().to(DEVICE), side // 8
    latent = torch.randn(1, 4, cells, cells, device=DEVICE)
    x = torch.randn(1, 4, frames, cells, cells, device=DEVICE)
    tokens = torch.randn(1, frames, *TOKENS, device=DEVICE)
    found: dict[str, object] = {}
    step(
        f"EchoMimic, reference net at {side} px", lambda: found.update(bank=nets.reference(latent))
    )
    mask = torch.ones(1, 1, side, side, device=DEVICE)
    step("EchoMimic, face locator", lambda: found.update(face=nets.locator(mask)))
    moment = torch.tensor(999, device=DEVICE)
    step(
        f"EchoMimic, denoiser, {frames} frames at {side} px, one of its steps without guidance",
        lambda: nets.denoiser(x, moment, tokens, found["face"], found["bank"]),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", type=int, default=4)
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--frames", type=int, default=12)
    wanted = parser.parse_args()
    print(f"on {DEVICE.type}, {torch.get_num_threads()} threads, float32")
    with torch.inference_mode():
        musetalk(wanted.faces)
        gc.collect()
        echomimic(wanted.side, wanted.frames)


if __name__ == "__main__":
    main()
