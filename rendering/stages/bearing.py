"""How a speaker bears the head, looks, blinks and breathes while speaking and while silent.

People hold a pose of the head and change it where a phrase begins, nod with stressed words, keep their eyes
on whom they speak to while the head moves, glance away for a moment, and blink where a phrase ends. All
of it is drawn from prosody and one source of chance; nothing here has a period.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rendering.stages.visemes import PHONES, RATE, SILENCE, ease
from rendering.values import Moment, Phone, Timing


@dataclass(frozen=True, slots=True)
class Style:
    """How a scene is spoken. smile and brow are held from the first to the last frame of a line."""

    mouth: float = 1.0  # factor of every opening
    head: float = 1.0  # factor of poses and nods
    smile: float = 0.0  # 0..1
    brow: float = 0.0  # -1 knit .. 1 raised
    accents: float = 1.0  # factor of what the brows do with stressed words
    blinks: float = 1.0  # factor of how many a minute
    glances: float = 1.0  # factor of how far and how often the eyes leave the viewer


STYLES = {
    "neutral": Style(),
    "warm": Style(head=0.9, smile=0.35, brow=0.08, glances=0.7),
    "lively": Style(1.12, 1.45, 0.18, 0.10, accents=1.5, blinks=1.15, glances=1.25),
    "serious": Style(0.92, 0.65, 0.0, -0.32, accents=0.5, blinks=0.85, glances=0.5),
}

LOOKS = {
    "look left": (-4.0, 0.0, -4.5, 0.0),
    "look right": (4.0, 0.0, 4.5, 0.0),
    "look up": (0.0, -2.4, 0.0, -3.5),
    "look down": (0.0, 2.2, 0.0, 3.5),
}
"""Gaze across and down, yaw and pitch. Left is the left of the picture."""

LENGTHS = {"smile": 1.5, "nod": 0.7, **dict.fromkeys(LOOKS, 1.3)}
"""Seconds that a mark takes at least."""

UNHURRIED = {"yaw": 0.06, "pitch": 0.06, "roll": 0.42}
"""Seconds more for each degree that the head turns: far turns are no faster than near ones. A tilt takes longer, since it moves
the whole outline of the head, where pictures shimmer first."""

STILL_GAZE = (-0.20, -0.33)  # gaze per degree of yaw and of pitch that keeps the eyes on the viewer


def tracks(
    timing: Timing,
    segments: list[Phone],
    marks: Sequence[Moment],
    frames: int,
    fps: int,
    style: Style,
    chance: np.random.Generator,
    turn: float = 1.0,
) -> dict[str, np.ndarray]:
    """Head, shoulders, brows, smile, eyelids and gaze, (frames,) each, frame i at (i + 0.5) / fps.

    turn: factor of how far poses turn the head and nod it; tilts stay as they are.
    """
    time = (np.arange(frames) + 0.5) / fps
    starts, ends = _phrases(segments)
    melody = _melody(timing, time)
    track = _poses(timing, starts, time, style.head, turn, chance)
    track["pitch"] -= 0.7 * style.head * melody
    track["breath"] = _breath(timing, segments, time, chance) * min(1.0, style.head)
    brow = 0.12 * style.accents * melody
    for moment, size, high, nodded in _accents(timing, segments, chance):
        if nodded:
            track["pitch"] += style.head * size * bump(time - moment, 0.17, 0.28)
            track["yaw"] += (
                style.head * float(chance.normal(0, 0.5)) * bump(time - moment, 0.2, 0.3)
            )
        if high:
            brow = brow + 0.3 * size * style.accents * bump(time - moment + 0.03, 0.16, 0.34)
    for phone in timing.phones:
        if phone.symbol == "?":
            brow = brow + 0.3 * style.accents * bump(time - phone.start + 0.15, 0.3, 0.4)
    track["brow"] = style.brow + brow
    track["smile"] = np.full(frames, style.smile)
    if style.smile:
        for end in ends:
            track["smile"] += 0.6 * style.smile * bump(time - end - 0.1, 0.4, 0.9)
    track["blink"] = np.zeros(frames)
    for moment in blinks(timing, segments, chance, style.blinks):
        track["blink"] = np.maximum(track["blink"], _blink(time - moment))
    across, down = _glances(timing, time, style.glances, chance)
    track["gaze_x"] = across + STILL_GAZE[0] * track["yaw"]
    track["gaze_y"] = down + STILL_GAZE[1] * track["pitch"]
    for mark in marks:
        _obey(mark, timing.seconds, time, track)
    return track


def blinks(
    timing: Timing, segments: list[Phone], chance: np.random.Generator, often: float = 1.0
) -> list[float]:
    """Moments at which the eyes are shut, in seconds: about 17 a minute times `often`, at the ends of phrases
    where one is near, never so late or so early that an end of the line would cut one."""
    _, ends = _phrases(segments)
    found: list[float] = []

    def gap() -> float:
        return float(np.clip(chance.lognormal(np.log(3.2), 0.35), 1.4, 6.0)) / often

    moment = gap() * float(chance.uniform(0.15, 0.8))
    while moment < timing.seconds - 0.35:
        least = found[-1] + 1.0 if found else 0.3
        near = [end + 0.10 for end in ends if least < end + 0.10 < timing.seconds - 0.35]
        end = min(near, key=lambda at: abs(at - moment), default=moment)
        found.append(end if abs(end - moment) < 0.9 else max(moment, 0.3))
        moment = found[-1] + gap()
    return found


def bump(since: np.ndarray, rise: float, fall: float) -> np.ndarray:
    """0, up to 1 at 0 and back to 0, without a corner."""
    return np.where(since < 0, ease(1 + since / rise), ease(1 - since / fall))


def _blink(since: np.ndarray) -> np.ndarray:
    shut = np.clip(1 + since / 0.085, 0, 1)
    opening = np.clip(1 - (since - 0.03) / 0.16, 0, 1) ** 1.5
    return np.where(since < 0.03, shut, opening)


def _phrases(segments: list[Phone]) -> tuple[list[float], list[float]]:
    """Where speech begins after a silence of 100 ms or more, and where it ends before one."""
    quiet = [p for p in segments if p.symbol == SILENCE and p.end - p.start > 0.1]
    starts = [p.end for p in quiet if p is not segments[-1]]
    return starts, [p.start for p in quiet if p is not segments[0]]


def _path(time: np.ndarray, knots: list[tuple[float, float]]) -> np.ndarray:
    """Through (moment, value) in order, at rest in each."""
    moments, values = np.array(knots).T
    after = np.clip(np.searchsorted(moments, time, "right"), 1, len(knots) - 1)
    share = (time - moments[after - 1]) / np.maximum(moments[after] - moments[after - 1], 1e-6)
    return values[after - 1] + (values[after] - values[after - 1]) * ease(share)


def _noise(time: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    """Gaussian noise of standard deviation 1 that is smooth over 0.3 s."""
    from scipy.ndimage import gaussian_filter1d  # large: loaded when it is needed

    width = 0.3 * RATE
    white = chance.standard_normal(int(time[-1] * RATE) + 2 + 8 * int(width))
    smooth = gaussian_filter1d(white, width) * np.sqrt(2 * width * np.sqrt(np.pi))
    return np.interp(time, np.arange(len(smooth)) / RATE - 4 * int(width) / RATE, smooth)


def _poses(
    timing: Timing,
    starts: list[float],
    time: np.ndarray,
    size: float,
    turn: float,
    chance: np.random.Generator,
) -> dict[str, np.ndarray]:
    """The head: poses held for a while, changed where a phrase begins if one is near, and small unrest."""
    knots: dict[str, list[tuple[float, float]]] = {
        name: [(0.0, 0.0)] for name in ("yaw", "pitch", "roll")
    }
    moment = float(chance.uniform(0.1, 0.6))
    while moment < timing.seconds:
        near = min(starts, key=lambda start: abs(start - 0.15 - moment), default=moment) - 0.15
        last = knots["yaw"][-1][0]
        if abs(near - moment) < 0.6 and near > last:
            moment = near
        taken = float(chance.uniform(0.55, 1.0))
        yaw, pitch, roll = np.clip(chance.standard_normal(3), -1.9, 1.9)
        wanted = {
            "yaw": 2.0 * turn * yaw,
            "pitch": 0.15 + 0.9 * turn * pitch,
            "roll": 1.0 * roll - 0.3 * yaw,
        }
        lengths = {
            name: taken + UNHURRIED[name] * abs(wanted[name] - path[-1][1])
            for name, path in knots.items()
        }
        for name, path in knots.items():
            path += [(moment, path[-1][1]), (moment + lengths[name], wanted[name])]
        moment += max(lengths.values()) + float(
            np.clip(chance.lognormal(np.log(1.1), 0.5), 0.3, 4.0)
        )
    found = {
        name: size
        * (
            _path(time, [*path, (timing.seconds + 9.0, path[-1][1])])
            + unrest * _noise(time, chance)
        )
        for (name, path), unrest in zip(knots.items(), (0.30, 0.25, 0.20), strict=True)
    }
    found["shift_x"] = 0.0012 * found["roll"] + 0.0012 * size * _noise(time, chance)
    found["shift_y"] = 0.0012 * size * _noise(time, chance)
    return found


def _melody(timing: Timing, time: np.ndarray) -> np.ndarray:
    """How high the voice is against its own middle, half octaves, smooth; 0 where nothing is voiced."""
    from scipy.ndimage import gaussian_filter1d  # large: loaded when it is needed

    voiced = timing.pitch > 0
    if not voiced.any():
        return np.zeros(len(time))
    usual = float(np.median(timing.pitch[voiced]))
    over = np.where(voiced, 2 * np.log2(np.where(voiced, timing.pitch, usual) / usual), 0)
    smooth = gaussian_filter1d(np.clip(over, -1, 1), 0.12 / timing.hop)
    return np.interp(time, np.arange(len(smooth)) * timing.hop, smooth)


def _accents(
    timing: Timing, segments: list[Phone], chance: np.random.Generator
) -> list[tuple[float, float, bool, bool]]:
    """Stressed vowels: (moment, size about 1, whether the brows rise, whether the head nods)."""
    loud = timing.energy
    gate = float(np.percentile(loud, 60)) if loud.size else 0.0
    heard = timing.pitch[timing.pitch > 0]
    usual = float(np.median(heard)) if heard.size else 0.0
    found, last = [], -9.0
    for phone in segments:
        if phone.stress < 1 or phone.symbol == SILENCE or not PHONES[phone.symbol].vowel:
            continue
        middle = (phone.start + phone.end) / 2
        size, raised = float(chance.uniform(0.7, 1.6)), chance.random() < 0.25
        level = float(loud[min(int(middle / timing.hop), len(loud) - 1)])
        nodded = level > gate and middle - last > float(chance.uniform(0.5, 1.1))
        if nodded:
            last = middle
        at = timing.pitch[round(phone.start / timing.hop) : round(phone.end / timing.hop) + 1]
        high = bool(usual and at.size and at.max() > 1.18 * usual)
        found.append((middle - 0.02, size, high or bool(raised), nodded))
    return found


def _breath(
    timing: Timing, segments: list[Phone], time: np.ndarray, chance: np.random.Generator
) -> np.ndarray:
    """In where a pause gives room for it, else every few seconds; out over the words that follow."""
    pauses = [p.start for p in segments if p.symbol == SILENCE and p.end - p.start > 0.25]
    knots = [(-9.0, 0.0), (-float(chance.uniform(0.5, 2.5)), float(chance.uniform(0.3, 1.0)))]
    while knots[-1][0] < timing.seconds:
        moment = knots[-1][0] + float(chance.uniform(2.0, 3.6))
        near = min(pauses, key=lambda pause: abs(pause - moment), default=moment)
        if abs(near - moment) < 1.0 and near > knots[-1][0] + 1.0:
            moment = near
        taken = float(chance.uniform(0.7, 1.2))
        knots += [
            (moment, -float(chance.uniform(0.6, 1))),
            (moment + taken, float(chance.uniform(0.6, 1))),
        ]
    return _path(time, knots)


def _glances(
    timing: Timing, time: np.ndarray, size: float, chance: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Fixations parted by saccades of 40 ms: mostly near the viewer's eyes, now and then away."""
    knots: list[tuple[float, float, float]] = [(0.0, 0.0, 0.0)]
    moment = float(chance.uniform(0.3, 0.9))
    while moment < timing.seconds:
        far = chance.random() < 0.35 * size
        reach = (0.55 * size, 0.30 * size) if far else (0.10, 0.06)
        x, y = np.clip(chance.normal(0, reach), -1, 1)
        knots += [(moment, *knots[-1][1:]), (moment + 0.04, float(x), float(y))]
        moment += float(np.clip(chance.lognormal(np.log(0.6 if far else 0.9), 0.45), 0.25, 2.5))
    knots.append((timing.seconds + 9.0, *knots[-1][1:]))
    return (
        _path(time, [(t, x) for t, x, _ in knots]),
        _path(time, [(t, y) for t, _, y in knots]),
    )


def _obey(mark: Moment, seconds: float, time: np.ndarray, track: dict[str, np.ndarray]) -> None:
    """Adds what a mark of the script asks for; one at a line's end begins early enough to be seen."""
    start = max(0.0, min(mark.start, seconds - LENGTHS[mark.name] - 0.2))
    if mark.name == "smile":
        end = max(mark.end, start + LENGTHS["smile"])
        shown = 0.85 * ease((time - start + 0.15) / 0.4) * ease((end + 0.25 - time) / 0.5)
        track["smile"] = np.maximum(track["smile"], shown)
        return
    if mark.name == "nod":
        nod = [(-9.0, 0.0), (0.0, 0.0), (0.22, 5.0), (0.46, -0.8), (0.68, 0.0), (9e9, 0.0)]
        # The eyes stay on the viewer, as they do in smaller nods.
        moved = _path(time - start, nod)
        track["pitch"] = track["pitch"] + moved
        track["gaze_y"] = track["gaze_y"] + STILL_GAZE[1] * 0.7 * moved
        return
    across, down, yaw, pitch = LOOKS[mark.name]
    since = time - start
    eyes = ease(since / 0.06) * ease((1.2 - since) / 0.06)
    head = ease((since - 0.08) / 0.4) * ease((1.35 - since) / 0.45)
    for name, wanted, share in (
        ("gaze_x", across - STILL_GAZE[0] * 0.5 * yaw, eyes),
        ("gaze_y", down, eyes),
        ("yaw", yaw, head),
        ("pitch", pitch, head),
    ):
        track[name] = track[name] * (1 - share) + wanted * share
