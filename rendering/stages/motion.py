"""Stage 4, motion: what was said when -> how mouth, head, eyes and brows move, frame by frame.

The mouth follows Cohen and Massaro's dominance functions (1993): every phone pulls each articulator
toward its own target, strongest at its middle. What must be exact is set after smoothing: the lips
meet on p, b and m, the lower lip tucks on f and v, sibilants keep the jaw up, silence closes the mouth.
Head and brows follow loudness, stress and pitch; blinks come as a renewal process with log-normal gaps.

TRACKS names every track with its range. Zero everywhere is the rest pose, in which every line begins
and ends, so that lines join without a jump.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from rendering.values import BadInput, Floats, Motion, Phone, Timing

VERSION = "motion/1"
RATE = 100  # Hz at which articulation is computed before it is sampled for the frames
LEAD = 0.02  # seconds by which the lips are ahead of the sound

TRACKS = {
    "jaw": (0.0, 1.0),  # opening; 1 is wide
    "width": (-1.0, 1.0),  # corners: narrow .. spread
    "pucker": (0.0, 1.2),  # rounding
    "upper": (0.0, 1.0),  # upper lip raised
    "lower": (-0.4, 1.0),  # lower lip lowered
    "tongue": (0.0, 1.0),  # tip raised
    "closure": (0.0, 1.0),  # 1: the lips touch
    "tuck": (0.0, 1.0),  # 1: lower lip at the upper teeth
    "yaw": (-6.0, 6.0),  # head, degrees; positive to the right of the picture
    "pitch": (-6.0, 6.0),  # degrees; positive down
    "roll": (-6.0, 6.0),  # degrees; positive clockwise
    "shift_x": (-0.02, 0.02),  # head, in face heights
    "shift_y": (-0.02, 0.02),
    "breath": (-1.0, 1.0),  # shoulders, 1 is fully breathed in
    "brow": (0.0, 1.0),  # raised
    "blink": (0.0, 1.0),  # 1: shut
    "gaze_x": (-1.0, 1.0),  # 1 is 0.035 eye widths
    "gaze_y": (-1.0, 1.0),
}

STYLES = {"neutral": (1.0, 1.0), "calm": (0.92, 0.6), "lively": (1.08, 1.4)}
"""name -> (factor of the mouth, factor of the head)."""

ARTICULATORS = ("jaw", "width", "pucker", "upper", "lower", "tongue")
ONSET = {"jaw": 14, "width": 10, "pucker": 8, "upper": 16, "lower": 16, "tongue": 22}  # 1/s
OFFSET = {"jaw": 12, "width": 10, "pucker": 9, "upper": 14, "lower": 14, "tongue": 20}  # 1/s
CUTOFF = {"jaw": 6.5, "width": 6, "pucker": 6, "upper": 8, "lower": 8, "tongue": 9}  # Hz


@dataclass(frozen=True, slots=True)
class Target:
    """Where a phone pulls the six articulators, and how strongly it insists on each."""

    place: tuple[float, ...]
    weight: tuple[float, ...]
    vowel: bool = False


def _vowel(*place: float, weight: float = 1.0) -> Target:
    return Target(place, (weight, 1.0, 0.9 if place[2] < 0.2 else 1.6, 0.8, 0.8, 0.5), True)


def _consonant(*numbers: float) -> Target:
    weight = (0.6, 0.3, 0.3, 0.5, 0.5, 0.8)
    return Target(numbers[:6], numbers[6:] + weight[len(numbers) - 6 :])


LIPS = (1.2, 0.3, 0.3, 1.5, 1.5)
TEETH = (1.0, 0.5, 0.6, 1.3, 1.5)
HUSH = (1.5, 1.0, 1.3, 1.0, 1.0)
TIP = (0.9, 0.2, 0.2, 0.4, 0.5, 1.5)
BACK = (0.4, 0.15, 0.15, 0.3, 0.3)
#                jaw width pucker upper lower tongue
PHONES: dict[str, Target] = {
    "ɑ": _vowel(0.80, 0.00, 0.00, 0.25, 0.30, 0.10),
    "æ": _vowel(0.72, 0.35, 0.00, 0.35, 0.40, 0.15),
    "ʌ": _vowel(0.50, 0.05, 0.00, 0.20, 0.30, 0.20),
    "ə": _vowel(0.28, 0.00, 0.05, 0.15, 0.25, 0.25, weight=0.5),
    "ᵊ": _vowel(0.22, 0.00, 0.05, 0.15, 0.25, 0.25, weight=0.35),
    "ɐ": _vowel(0.38, 0.00, 0.00, 0.15, 0.25, 0.25, weight=0.6),
    "ɛ": _vowel(0.50, 0.35, 0.00, 0.30, 0.40, 0.25),
    "ɪ": _vowel(0.28, 0.35, 0.00, 0.25, 0.40, 0.35, weight=0.8),
    "i": _vowel(0.20, 0.75, 0.00, 0.35, 0.50, 0.40),
    "u": _vowel(0.18, -0.60, 0.95, 0.05, 0.20, 0.25),
    "ʊ": _vowel(0.26, -0.40, 0.65, 0.10, 0.25, 0.25),
    "ɔ": _vowel(0.52, -0.30, 0.60, 0.15, 0.25, 0.10),
    "ɒ": _vowel(0.60, -0.10, 0.35, 0.20, 0.30, 0.10),
    "ɜ": _vowel(0.32, -0.20, 0.40, 0.20, 0.35, 0.30),
    "ɚ": _vowel(0.30, -0.20, 0.40, 0.20, 0.35, 0.30),
    "ᵻ": _vowel(0.25, 0.30, 0.00, 0.20, 0.35, 0.35, weight=0.7),
    "a": _vowel(0.78, 0.10, 0.00, 0.25, 0.35, 0.10),
    "e": _vowel(0.42, 0.45, 0.00, 0.30, 0.40, 0.30),
    "o": _vowel(0.48, -0.45, 0.75, 0.10, 0.20, 0.10),
    "p": _consonant(0.12, 0.00, 0.05, 0.00, 0.00, 0.20, *LIPS),
    "b": _consonant(0.14, 0.00, 0.05, 0.00, 0.00, 0.20, *LIPS),
    "m": _consonant(0.13, 0.00, 0.05, 0.00, 0.00, 0.20, *LIPS),
    "f": _consonant(0.14, 0.15, 0.00, 0.30, -0.20, 0.20, *TEETH),
    "v": _consonant(0.15, 0.15, 0.00, 0.28, -0.20, 0.20, *TEETH),
    "s": _consonant(0.07, 0.35, 0.05, 0.30, 0.55, 0.45, 1.6, 0.7, 0.4, 0.8, 1.0),
    "z": _consonant(0.08, 0.30, 0.05, 0.28, 0.50, 0.45, 1.5, 0.6, 0.4, 0.8, 1.0),
    "ʃ": _consonant(0.10, -0.40, 0.70, 0.35, 0.50, 0.40, *HUSH),
    "ʒ": _consonant(0.10, -0.40, 0.65, 0.35, 0.50, 0.40, *HUSH),
    "ʧ": _consonant(0.09, -0.40, 0.70, 0.35, 0.50, 0.45, *HUSH),
    "ʤ": _consonant(0.09, -0.40, 0.65, 0.35, 0.50, 0.45, *HUSH),
    "t": _consonant(0.14, 0.10, 0.00, 0.20, 0.35, 0.80, *TIP),
    "d": _consonant(0.15, 0.10, 0.00, 0.20, 0.35, 0.80, *TIP),
    "n": _consonant(0.17, 0.10, 0.00, 0.20, 0.35, 0.85, 0.7, *TIP[1:]),
    "l": _consonant(0.26, 0.10, 0.00, 0.20, 0.35, 0.95, 0.5, 0.2, 0.2, 0.4, 0.5, 1.8),
    "ɾ": _consonant(0.20, 0.10, 0.00, 0.20, 0.30, 0.80, 0.4, 0.2, 0.2, 0.3, 0.3, 1.2),
    "T": _consonant(0.20, 0.10, 0.00, 0.20, 0.30, 0.80, 0.4, 0.2, 0.2, 0.3, 0.3, 1.2),
    "θ": _consonant(0.18, 0.10, 0.00, 0.25, 0.40, 1.00, 0.9, 0.3, 0.2, 0.6, 0.7, 2.0),
    "ð": _consonant(0.18, 0.10, 0.00, 0.20, 0.35, 1.00, 0.8, 0.3, 0.2, 0.5, 0.6, 2.0),
    "k": _consonant(0.22, 0.00, 0.00, 0.15, 0.25, 0.30, *BACK),
    "ɡ": _consonant(0.22, 0.00, 0.00, 0.15, 0.25, 0.30, *BACK),
    "ŋ": _consonant(0.22, 0.00, 0.00, 0.15, 0.25, 0.30, 0.3, *BACK[1:]),
    "x": _consonant(0.22, 0.00, 0.00, 0.15, 0.25, 0.30, *BACK),
    "h": _consonant(0.30, 0.00, 0.00, 0.15, 0.25, 0.20, 0.1, 0.05, 0.05, 0.1, 0.1),
    "ʔ": _consonant(0.25, 0.00, 0.00, 0.15, 0.25, 0.20, 0.1, 0.05, 0.05, 0.1, 0.1),
    "w": _consonant(0.12, -0.80, 1.00, 0.00, 0.10, 0.20, 1.0, 1.2, 1.8, 0.8, 0.8),
    "ɹ": _consonant(0.20, -0.35, 0.50, 0.20, 0.35, 0.40, 0.6, 0.7, 0.8, 0.5, 0.5),
    "j": _consonant(0.16, 0.50, 0.00, 0.25, 0.40, 0.50, 0.7, 0.5, 0.4, 0.5, 0.5),
}
PHONES |= {"ɝ": PHONES["ɜ"], "g": PHONES["ɡ"], "r": PHONES["ɹ"]}
DIPHTHONGS = {"A": "eɪ", "I": "aɪ", "O": "oʊ", "W": "aʊ", "Y": "ɔɪ", "Q": "əʊ"}
QUIET = Target((0, 0, 0, 0, 0, 0.2), (1.2, 0.7, 0.7, 1.2, 1.2, 0.6))
SILENCE = "#"
BILABIAL, LABIODENTAL, SIBILANT = "pbm", "fv", "szʃʒʧʤ"


def run(timing: Timing, *, fps: int, seed: int, style: str = "neutral") -> Motion:
    """The tracks of a line: round(timing.seconds * fps) frames, at least one, frame i at (i + 0.5) / fps.

    Equal inputs give equal tracks; the first and the last frame are the rest pose (all zero).
    Raises BadInput for a style that is not offered.
    """
    if style not in STYLES:
        raise BadInput(
            f"There is no style called {style[:40]!r}; use {', '.join(STYLES)}.",
            code="invalid_field",
        )
    mouth, head = STYLES[style]
    frames = max(1, round(timing.seconds * fps))
    digest = hashlib.sha256(f"{VERSION} {seed} {style}".encode()).digest()
    chance = np.random.default_rng(int.from_bytes(digest[:8], "big"))
    segments = spoken(timing)
    tracks = _articulation(timing, segments, frames, fps, mouth)
    tracks |= _idle(timing, segments, frames, fps, head, chance)

    ends = np.minimum(np.arange(frames), np.arange(frames)[::-1]) / fps
    still, quick = _ease(ends / 0.35), _ease(ends / 0.1)
    slow = {"yaw", "pitch", "roll", "shift_x", "shift_y", "breath", "brow"}
    found = {}
    for name, (low, high) in TRACKS.items():
        window = still if name in slow else quick
        found[name] = (np.clip(tracks[name], low, high) * window).astype(np.float32)
    return Motion(fps=fps, tracks=found)


def spoken(timing: Timing) -> list[Phone]:
    """Phones without gaps from 0 to the end: silences are "#", diphthongs are two, no word spaces.

    A short space is split between its neighbours. A phone before a silence is held to 200 ms, since
    what engines label beyond that is already quiet.
    """
    found = [Phone(SILENCE, 0.0, 0.0)]
    for phone in timing.phones:
        symbol, start, end = phone.symbol, max(phone.start, found[-1].end), phone.end
        if end <= start:
            continue
        last = found[-1]
        if symbol == "ː":
            found[-1] = Phone(last.symbol, last.start, end, last.stress)
            continue
        if symbol == " " and end - start < 0.16 and last.symbol != SILENCE:
            found[-1] = Phone(last.symbol, last.start, (start + end) / 2, last.stress)
            continue
        if symbol not in PHONES and symbol not in DIPHTHONGS:
            symbol = SILENCE
        if start - last.end > 0.02 or symbol == SILENCE:
            begin = last.end
            if last.symbol == SILENCE:
                begin = found.pop().start
            elif last.end - last.start > 0.20:
                begin = last.start + 0.20
                found[-1] = Phone(last.symbol, last.start, begin, last.stress)
            found.append(Phone(SILENCE, begin, end if symbol == SILENCE else start))
            if symbol == SILENCE:
                continue
        start = found[-1].end
        if symbol in DIPHTHONGS:
            middle = start + (end - start) * 0.55
            first, second = tuple(DIPHTHONGS[symbol])
            found.append(Phone(first, start, middle, phone.stress))
            found.append(Phone(second, middle, end, phone.stress / 2))
        else:
            found.append(Phone(symbol, start, end, phone.stress))
    last = found[-1]
    if last.symbol == SILENCE:
        found[-1] = Phone(SILENCE, last.start, max(last.end, timing.seconds))
    else:
        if last.end - last.start > 0.20:
            last = found[-1] = Phone(last.symbol, last.start, last.start + 0.20, last.stress)
        found.append(Phone(SILENCE, last.end, max(last.end, timing.seconds)))
    return found


def _articulation(
    timing: Timing, segments: list[Phone], frames: int, fps: int, mouth: float
) -> dict[str, np.ndarray]:
    from scipy.signal import butter, sosfiltfilt

    count = max(64, int(timing.seconds * RATE) + 1)  # the filters need some length
    time = np.arange(count) / RATE
    loud = np.interp(time, np.arange(len(timing.energy)) * timing.hop, timing.energy)
    usual = np.percentile(loud[loud > loud.max() - 35], 70)
    stress_of_sound = np.clip(1 + (loud - usual) / 11, 0.5, 1.35)

    pull = {name: np.zeros(count) for name in ARTICULATORS}
    total = {name: np.full(count, 1e-4) for name in ARTICULATORS}
    for phone in segments:
        silent = phone.symbol == SILENCE
        target = QUIET if silent else PHONES[phone.symbol]
        length = phone.end - phone.start
        middle = (phone.start + phone.end) / 2 - LEAD
        away = time - middle
        beyond = np.maximum(np.abs(away) - length * (0.5 if silent else 0.28), 0)
        share = 0.35 if silent and length < 0.12 else 1.0
        size = 1.0
        if target.vowel:
            share = 0.75 + 0.5 * phone.stress
            size = float(np.interp(middle, time, stress_of_sound)) * (0.78 + 0.3 * phone.stress)
        for name, place, weight in zip(ARTICULATORS, target.place, target.weight, strict=True):
            slope = np.where(away < 0, ONSET[name], OFFSET[name])
            dominance = weight * share * np.exp(-1.6 * slope * beyond)
            pull[name] += dominance * place * (size if name in ("jaw", "upper", "lower") else 1.0)
            total[name] += dominance
    track = {}
    for name in ARTICULATORS:
        low_pass = butter(2, CUTOFF[name] / (RATE / 2), output="sos")
        track[name] = sosfiltfilt(low_pass, pull[name] / total[name])
    if not timing.phones:  # nothing is known but loudness
        track["jaw"] = 0.6 * np.clip((loud + 45) / 30, 0, 1)

    closure, tuck, hiss, silence = (np.zeros(count) for _ in range(4))
    closings = [phone for phone in segments if phone.symbol in BILABIAL]
    for phone in segments:
        start, end = phone.start - LEAD, phone.end - LEAD
        middle, half = (start + end) / 2, (end - start) / 2
        if phone.symbol in BILABIAL:
            held = float(np.clip(half - 0.012, 0.022, 0.055))
            room = min(
                (
                    abs(o.start + o.end - start - end - 2 * LEAD) / 2
                    for o in closings
                    if o is not phone
                ),
                default=1.0,
            )
            ramp = float(np.clip((room - 2 * held) / 2, 0.03, 0.055))
            closure = np.maximum(closure, _plateau(time, middle, held, ramp, ramp + 0.005))
        elif phone.symbol in LABIODENTAL:
            held = max(half - 0.01, 0.025)
            tuck = np.maximum(tuck, _plateau(time, middle, held, 0.07, 0.07))
        elif phone.symbol in SIBILANT:
            held = max(half - 0.01, 0.02)
            hiss = np.maximum(hiss, _plateau(time, middle, held, 0.06, 0.06))
        elif phone.symbol == SILENCE and end - start > 0.16:
            begin = start + (0.11 if phone is not segments[0] else 0.0)
            finish = end - (0.09 if phone is not segments[-1] else 0.0)
            held = max((finish - begin) / 2, 0.0)
            silence = np.maximum(silence, _plateau(time, (begin + finish) / 2, held, 0.13, 0.11))
    if not timing.phones:
        silence = 1 - _ease((loud + 50) / 10)

    awake = 1 - silence
    jaw = np.clip(track["jaw"] * mouth, 0, 1)
    track["jaw"] = np.minimum(jaw, jaw * (1 - hiss) + 0.12 * hiss) * awake
    track["upper"] = np.clip(track["upper"], 0, 1) * awake
    track["lower"] = np.clip(track["lower"], -0.3, 1) * awake
    track["width"] = track["width"] * awake
    track["pucker"] = np.clip(track["pucker"], 0, None) * awake
    track["closure"] = closure
    track["tuck"] = tuck * (1 - closure) * awake

    middles = (np.arange(frames) + 0.5) / fps
    found = {name: np.interp(middles, time, values) for name, values in track.items()}
    # A closure shorter than a frame must not fall between two of them.
    near = middles[:, None] + np.linspace(-0.3, 0.3, 9) / fps
    found["closure"] = np.interp(near, time, closure).max(axis=1)
    return found


def _idle(
    timing: Timing,
    segments: list[Phone],
    frames: int,
    fps: int,
    head: float,
    chance: np.random.Generator,
) -> dict[str, np.ndarray]:
    time = (np.arange(frames) + 0.5) / fps
    drift = np.array([0.11, 0.17, 0.29, 0.43, 0.61])  # Hz

    def wander(size: float) -> np.ndarray:
        phase, weight = chance.uniform(0, 2 * np.pi, 5), chance.uniform(0.6, 1, 5) / drift**0.5
        waves = np.sin(2 * np.pi * drift * time[:, None] + phase) @ weight
        return size * head * waves / np.sqrt(np.sum(0.32 / drift))

    track = {
        "yaw": wander(1.1),
        "pitch": wander(0.6),
        "roll": wander(0.55),
        "shift_x": wander(0.0025),
        "shift_y": wander(0.0018),
        "breath": np.sin(2 * np.pi * (0.26 * time + chance.uniform())) * min(1.0, head),
        "brow": np.zeros(frames),
    }

    loud = np.interp(time, np.arange(len(timing.energy)) * timing.hop, timing.energy)
    voiced = timing.pitch[timing.pitch > 0]
    usual = float(np.median(voiced)) if voiced.size else 0.0
    gate, last, number = float(np.percentile(loud, 60)), -9.0, 0
    for phone in segments:
        if phone.stress < 1 or not (phone.symbol in PHONES and PHONES[phone.symbol].vowel):
            continue
        middle = (phone.start + phone.end) / 2
        nod, turn, raised = (
            chance.uniform(0.8, 1.7),
            chance.normal(0, 0.5),
            chance.uniform(0.2, 0.6),
        )
        if float(np.interp(middle, time, loud)) > gate and middle - last > 0.55:
            last = middle
            track["pitch"] += head * nod * _stroke(time - middle + 0.10, 0.14)
            track["yaw"] += head * turn * _stroke(time - middle + 0.10, 0.14)
        at = timing.pitch[round(phone.start / timing.hop) : round(phone.end / timing.hop) + 1]
        heard = at[at > 0]
        high = bool(usual and heard.size and heard.max() > 1.18 * usual)
        if high or number % 4 == 0:
            track["brow"] += raised * _stroke(time - middle + 0.12, 0.18)
        number += 1

    track["blink"] = np.zeros(frames)
    for moment in blinks(timing, segments, chance):
        since = time - moment
        shut = np.clip(1 + since / 0.085, 0, 1)
        opening = np.clip(1 - (since - 0.03) / 0.16, 0, 1) ** 1.5
        track["blink"] = np.maximum(track["blink"], np.where(since < 0.03, shut, opening))

    for name in ("gaze_x", "gaze_y"):
        track[name] = np.zeros(frames)
    moment = float(chance.uniform(0.3, 1.0))
    while moment < timing.seconds:
        hold, away = chance.uniform(0.5, 1.8), chance.random() < 0.6
        aim = chance.normal(0, (0.35, 0.2))
        inside = (time >= moment) & (time < moment + hold)
        if away:
            track["gaze_x"][inside], track["gaze_y"][inside] = aim
        moment += hold
    return track


def blinks(timing: Timing, segments: list[Phone], chance: np.random.Generator) -> list[float]:
    """Moments at which the eyes are shut, in seconds: about 17 a minute, drawn into pauses nearby."""
    pauses = [
        (phone.start + phone.end) / 2
        for phone in segments
        if phone.symbol == SILENCE and phone.end - phone.start > 0.1
    ]
    found: list[float] = []

    def gap() -> float:
        return float(np.clip(chance.lognormal(np.log(3.2), 0.45), 0.9, 7.0))

    moment = gap() * float(chance.uniform())
    while moment < timing.seconds - 0.4:
        if moment > 0.3:
            near = min(pauses, key=lambda pause: abs(pause - moment), default=moment)
            fits = 0.3 < near < timing.seconds - 0.4 and (not found or near - found[-1] > 0.6)
            found.append(near if abs(near - moment) < 0.35 and fits else moment)
            moment = found[-1]
        moment += gap()
    return found


def _ease(x: Floats | np.ndarray) -> np.ndarray:
    """Smooth step: 0 up to 0, 1 from 1."""
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)


def _plateau(time: np.ndarray, middle: float, half: float, rise: float, fall: float) -> np.ndarray:
    """1 within half of middle, raised cosines of those lengths around it, else 0."""
    before, after = (middle - half - time) / rise, (time - middle - half) / fall
    return 0.5 + 0.5 * np.cos(np.pi * np.clip(np.maximum(before, after), 0, 1))


def _stroke(since: np.ndarray, peak: float) -> np.ndarray:
    """0 before 0, rises to 1 at peak, dies away."""
    x = np.maximum(since, 0) / peak
    return x * np.exp(1 - x)
