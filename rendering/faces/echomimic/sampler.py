"""From noise to the latents of a film of any length, in constant memory. Needs torch.

Sources: Song et al., "Denoising diffusion implicit models" (2021); Lin et al., "Common diffusion noise schedules and
sample steps are flawed" (2024; zero terminal SNR, trailing steps, v-prediction); Bar-Tal et al., "MultiDiffusion"
(2023; overlapping windows that are averaged).

The published sampler holds the whole film at every step and closes its windows to a ring, so that the end is mixed with
the beginning. Here every step is a stage of a chain (`Step`): it takes frames from the one before, runs its next window
when it has the frames for it, and hands on what no later window touches. So only some frames per step are in memory,
the result is that of the whole film at once, and a film has two ends. What happens at one moment reaches no further
than the overlaps do, `reach` frames either way: nothing can add up over minutes.

A film that fits into one window is sampled as published, its frames turned by two positions with each step.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from diffusers import DDIMScheduler
from torch import Tensor

WINDOW, OVERLAP = 12, 3  # frames
HOP = WINDOW - OVERLAP
TURN = 2  # frames by which windows move from step to step, so that their edges do not fall on each other
PARTS = ("held", "sum", "count")  # of the state of a step
CLAMP = 1.5  # the first noise is held within this
MOMENTS, BETAS = 1000, (0.00085, 0.012)  # of the published schedule

Model = Callable[[Tensor, Tensor, list[int]], Tensor]
"""velocity(latents (4, frames, rows, columns), timestep, numbers of the frames), of the latents' shape."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a film is sampled. fast: for the accelerated weights."""

    steps: int = 30
    guidance: float = 2.5

    @classmethod
    def fast(cls) -> Plan:
        return cls(steps=6, guidance=1.0)


def scheduler(steps: int) -> DDIMScheduler:
    """DDIM with the published schedule, set to `steps` steps, 1 to MOMENTS."""
    made = DDIMScheduler(
        num_train_timesteps=MOMENTS,
        beta_start=BETAS[0],
        beta_end=BETAS[1],
        beta_schedule="linear",
        clip_sample=False,
        steps_offset=1,
        prediction_type="v_prediction",
        rescale_betas_zero_snr=True,
        timestep_spacing="trailing",
    )
    made.alphas_cumprod = signal()
    made.set_timesteps(steps)
    return made


@functools.cache
def signal() -> Tensor:
    """(MOMENTS,): the share of the film's power in each moment's mix with noise, from nearly 1 down to 0.

    diffusers multiplies a thousand single numbers, in an order that is the processor's. Here they are multiplied one after
    another in double precision and rounded once, so the table is the same everywhere; both are 2e-7 apart.
    """
    root = np.sqrt(np.cumprod(1 - np.linspace(*BETAS, MOMENTS)))
    root = (root - root[-1]) * (
        root[0] / (root[0] - root[-1])
    )  # nothing is left at the end (Lin et al.)
    return torch.from_numpy(root**2).float()


@dataclass(frozen=True, slots=True)
class Windows:
    """The windows of one step of a film, in order. Each has WINDOW frames if the film has so many."""

    step: int
    frames: int

    @property
    def _inner(self) -> range:
        return range(TURN * self.step % HOP, self.frames - WINDOW, HOP)

    def __len__(self) -> int:
        if self.frames <= WINDOW:
            return 1
        return bool(self._inner.start) + len(self._inner) + 1

    def __getitem__(self, index: int) -> list[int]:
        """Numbers of the frames of a window."""
        if self.frames <= WINDOW:
            return [(at + TURN * self.step) % self.frames for at in range(self.frames)]
        inner = self._inner
        at = index - bool(inner.start)  # where they do not begin at the first frame, one more does
        if index == len(self) - 1:
            start = self.frames - WINDOW
        else:
            start = inner[at] if at >= 0 else 0
        return list(range(start, start + WINDOW))


def weights(count: int) -> Tensor:
    """How much each frame of a window counts where windows overlap: rising and falling over the overlap."""
    at = torch.arange(1, count + 1, dtype=torch.float32)
    return (torch.minimum(at, at.flip(0)) / (OVERLAP + 1)).clamp(max=1)


def reach(steps: int) -> int:
    """The distance, in frames, beyond which one frame has no influence on another."""
    return steps * (WINDOW - 1)


class Noise:
    """The frames before the first step. A frame's noise depends on the seed and its number alone.

    The first block is drawn as the published sampler draws a whole film of up to WINDOW frames.
    """

    def __init__(self, seed: int, frames: int, size: tuple[int, int]) -> None:
        self.seed, self.frames, self.size = seed, frames, size
        self.given = 0

    def more(self) -> Tensor:
        """The next frames (4, some, rows, columns)."""
        count = min(WINDOW, self.frames - self.given)
        block = self.given // WINDOW
        chance = torch.Generator().manual_seed((self.seed + 0x9E3779B97F4A7C15 * block) % 2**63)
        drawn = torch.randn((1, 4, count, *self.size), generator=chance, dtype=torch.float32)
        self.given += count
        return drawn[0].clamp(-CLAMP, CLAMP)

    def state(self) -> dict[str, Tensor]:
        return {"noise.given": torch.tensor(self.given)}

    def restore(self, state: dict[str, Tensor]) -> None:
        self.given = int(state["noise.given"])


class Step:
    """One step of the sampler over a stream of frames."""

    def __init__(
        self,
        number: int,
        frames: int,
        below: Noise | Step,
        model: Model,
        schedule: DDIMScheduler,
        size: tuple[int, int],
        place: torch.device,
        hold: Tensor | None = None,
    ) -> None:
        self.hold = hold
        self.number, self.frames, self.below = number, frames, below
        self.model, self.schedule, self.place = model, schedule, place
        self.windows = Windows(number, frames)
        self.next = 0  # window
        self.first = 0  # frame at the head of `held`
        self.held = torch.zeros((4, 0, *size), device=place)  # latents before this step
        self.sum = torch.zeros_like(
            self.held
        )  # of the velocities so far, of the same frames, weighted
        self.count = torch.zeros(0, device=place)  # of the weights

    @torch.no_grad()
    def more(self) -> Tensor:
        """Runs one window and gives the frames (4, some, rows, columns) that no later one touches."""
        window = self.windows[self.next]
        while self._end() <= max(window):
            self._take(self.below.more())
        at = torch.tensor([frame - self.first for frame in window], device=self.place)
        moment = self.schedule.timesteps[self.number]
        velocity = self.model(self.held[:, at], moment, window).to(self.held.dtype)
        share = (
            weights(len(window)).to(self.place)
            if self.frames > WINDOW
            else torch.ones(len(window), device=self.place)
        )
        self.sum[:, at] += velocity * share[:, None, None]
        self.count[at] += share
        self.next += 1
        last = self.next == len(self.windows)
        done = self._end() if last else self.windows[self.next][0]
        count = done - self.first
        mean = self.sum[:, :count] / self.count[:count, None, None]
        ends = [end - self.first for end in {0, self.frames - 1} if self.first <= end < done]
        if self.hold is not None:
            for at in ends:
                mean[:, at] = self._toward(self.held[:, at], moment)
        made = self.schedule.step(mean, moment, self.held[:, :count]).prev_sample
        if self.hold is not None and self.number == len(self.schedule.timesteps) - 1:
            for at in ends:  # some plans end a little before all noise is gone
                made[:, at] = self.hold
        self.first = done
        self.held, self.sum = self.held[:, count:].clone(), self.sum[:, count:].clone()
        self.count = self.count[count:].clone()
        return made

    def _toward(self, latent: Tensor, moment: Tensor) -> Tensor:
        """The velocity whose clean picture is `hold`."""
        signal = self.schedule.alphas_cumprod[moment]
        return (signal.sqrt() * latent - self.hold) / (1 - signal).sqrt()

    def _end(self) -> int:
        return self.first + self.held.shape[1]

    def _take(self, frames: Tensor) -> None:
        new = frames.to(self.held)
        self.held = torch.cat([self.held, new], 1)
        self.sum = torch.cat([self.sum, torch.zeros_like(new)], 1)
        self.count = torch.cat([self.count, self.count.new_zeros(new.shape[1])])

    def state(self) -> dict[str, Tensor]:
        name = f"step{self.number}"
        found = {f"{name}.at": torch.tensor([self.next, self.first])}
        for part in PARTS:
            found[f"{name}.{part}"] = getattr(self, part).cpu().contiguous()
        return found

    def restore(self, state: dict[str, Tensor]) -> None:
        name = f"step{self.number}"
        self.next, self.first = (int(value) for value in state[f"{name}.at"])
        for part in PARTS:
            setattr(self, part, state[f"{name}.{part}"].to(self.place))


class Film:
    """The latents of a film, in order, some at a time."""

    def __init__(
        self,
        model: Model,
        *,
        plan: Plan,
        seed: int,
        frames: int,
        size: tuple[int, int],
        place: torch.device | None = None,
        hold: Tensor | None = None,
    ) -> None:
        """size: rows and columns of a latent. Frames are at least one. hold: a latent (4, rows, columns) with which the film
        begins and ends; at every step the first and the last frame are led to it, and draw their neighbours along."""
        place = place or torch.device("cpu")
        self.frames, self.given = frames, 0
        schedule = scheduler(plan.steps)
        self.chain: list[Noise | Step] = [Noise(seed, frames, size)]
        for number in range(plan.steps):
            below = self.chain[-1]
            self.chain.append(Step(number, frames, below, model, schedule, size, place, hold))

    def __iter__(self) -> Iterator[Tensor]:
        while self.given < self.frames:
            made = self.chain[-1].more()
            self.given += made.shape[1]
            if made.shape[1]:
                yield made

    def state(self) -> dict[str, Tensor]:
        """All that is needed to go on after the frames returned so far, on the CPU."""
        found = {"given": torch.tensor(self.given)}
        for stage in self.chain:
            found |= stage.state()
        return found

    def restore(self, state: dict[str, Tensor]) -> None:
        """Goes on from `state()` of a film of the same plan, seed, length and size."""
        self.given = int(state["given"])
        for stage in self.chain:
            stage.restore(state)


def calls(steps: int, frames: int) -> int:
    """How many windows a film takes, for an estimate of its time."""
    return sum(len(Windows(step, frames)) for step in range(steps))


def guided(free: Tensor, led: Tensor, guidance: float) -> Tensor:
    """The velocity led away from that without conditions (Ho and Salimans, "Classifier-free diffusion guidance",
    2022)."""
    return free + guidance * (led - free)
