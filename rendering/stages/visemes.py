"""What the mouth does: phones with times -> jaw, lips and tongue, 100 times a second.

Dominance functions after Cohen and Massaro (1993): every phone pulls each articulator toward its own
target, strongest at its middle, as strongly as it insists on it. What must be exact is set after
smoothing: vowels open the mouth, sibilants keep the jaw up, silence closes it, the lower lip tucks on f and v,
the lips meet and press on p, b and m (track "closure").
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rendering.values import Phone, Timing

RATE = 100  # Hz at which articulation is computed before it is sampled for the frames
LEAD = 0.02  # seconds by which the lips are ahead of the sound

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
ALIKE = dict(
    zip(
        "ɝgryøœɨɯɤɥɰɣβɸʋçɕʂSꭧɟʝcqɖʈɳɲɴɻɽʁχʎ",
        "ɜɡɹuʊɜɪɪʌwɡɡvfvjʃʃʃʧɡjkkdtnnŋɹɾxxl",
        strict=True,
    )
)
"""Sounds that a given pronunciation may hold -> the sound of English that looks like it."""
PAIRS = {"A": "eɪ", "I": "aɪ", "O": "oʊ", "W": "aʊ", "Y": "ɔɪ", "Q": "əʊ"} | {
    "ʣ": "dz", "ʦ": "ts", "ʥ": "dʒ", "ʨ": "tʃ",
}  # fmt: skip
"""Sounds that move from one target to another."""
LENGTHENING = frozenset("ːʰʲ\u0303ᵝ")
"""Marks that belong to the sound before them."""
LOUDER = 9.0  # dB over the usual level that double an opening
LEAST = 0.20  # opening of the jaw that every vowel reaches, except narrow ones
PARTED = 0.05  # seconds for which lips part between two closures
QUIET = Target((0, 0, 0, 0, 0, 0.2), (1.2, 0.7, 0.7, 1.2, 1.2, 0.6))
SILENCE = "#"
BILABIAL, LABIODENTAL, SIBILANT = "pbm", "fv", "szʃʒʧʤ"


def spoken(timing: Timing) -> list[Phone]:
    """Phones without gaps from 0 to the end: silences are "#", diphthongs are two, no word spaces.

    A short space is split between its neighbours. A phone before a silence is held to 200 ms, since
    what engines label beyond that is already quiet.
    """
    found = [Phone(SILENCE, 0.0, 0.0)]
    for phone in timing.phones:
        symbol, start, end = phone.symbol, max(phone.start, found[-1].end), phone.end
        symbol = ALIKE.get(symbol, symbol)
        if end <= start:
            continue
        last = found[-1]
        if symbol in LENGTHENING:
            found[-1] = Phone(last.symbol, last.start, end, last.stress)
            continue
        if symbol == " " and end - start < 0.16 and last.symbol != SILENCE:
            found[-1] = Phone(last.symbol, last.start, (start + end) / 2, last.stress)
            continue
        if symbol not in PHONES and symbol not in PAIRS:
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
        if symbol in PAIRS:
            middle = start + (end - start) * 0.55
            first, second = tuple(PAIRS[symbol])
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


def articulation(
    timing: Timing, segments: list[Phone], frames: int, fps: int, mouth: float
) -> dict[str, np.ndarray]:
    """The mouth's tracks, (frames,) each, frame i at (i + 0.5) / fps. mouth: factor of every opening.

    In a silence of 300 ms or more all of them are exactly 0 from 110 ms after its start to 90 ms before its end.
    """
    from scipy.signal import butter, sosfiltfilt  # large: loaded when it is needed

    count = max(64, int(timing.seconds * RATE) + 1)  # the filters need some length
    time = np.arange(count) / RATE
    loud = np.interp(time, np.arange(len(timing.energy)) * timing.hop, timing.energy)
    usual = np.percentile(loud[loud > loud.max() - 35], 70)
    stress_of_sound = np.clip(1 + (loud - usual) / LOUDER, 0.5, 1.3)

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
    middles_of_closings = np.array([p.start + p.end for p in segments if p.symbol in BILABIAL]) / 2
    for phone in segments:
        start, end = phone.start - LEAD, phone.end - LEAD
        middle, half = (start + end) / 2, (end - start) / 2
        if phone.symbol in BILABIAL:
            others = np.abs(middles_of_closings - middle - LEAD)
            room = float(others[others > 1e-6].min(initial=1.0))
            held = float(np.clip(min(half - 0.012, room / 6), 0.022, 0.055))
            # Between two closures the lips part for long enough to be seen.
            ramp = float(np.clip((room - PARTED - 2 * held) / 2, 0.025, 0.055))
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
        elif PHONES.get(phone.symbol, QUIET).vowel and half > 0.02:
            least = LEAST * min(1.0, PHONES[phone.symbol].place[0] / 0.3)
            opened = least * _plateau(time, middle, 0.3 * half, 0.06, 0.06)
            track["jaw"] = np.maximum(track["jaw"], opened)
    if not timing.phones:
        silence = 1 - ease((loud + 50) / 10)

    awake = 1 - silence
    jaw = np.clip(track["jaw"] * mouth, 0, 1)
    track["jaw"] = np.minimum(jaw, jaw * (1 - hiss) + 0.12 * hiss) * awake
    track["upper"] = np.clip(track["upper"] * mouth, 0, 1) * awake
    track["lower"] = np.clip(track["lower"] * mouth, -0.3, 1) * awake
    track["width"] = track["width"] * awake
    track["pucker"] = np.clip(track["pucker"], 0, None) * awake
    track["tongue"] = track["tongue"] * awake
    track["closure"] = closure * awake
    track["tuck"] = tuck * (1 - closure) * awake

    middles = (np.arange(frames) + 0.5) / fps
    found = {name: np.interp(middles, time, values) for name, values in track.items()}
    # A closure shorter than a frame must not fall between two of them.
    near = middles[:, None] + np.linspace(-0.2, 0.2, 5) / fps
    found["closure"] = np.interp(near, time, track["closure"]).max(axis=1)
    return found


def ease(x: np.ndarray) -> np.ndarray:
    """Smooth step: 0 up to 0, 1 from 1."""
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)


def _plateau(time: np.ndarray, middle: float, half: float, rise: float, fall: float) -> np.ndarray:
    """1 within half of middle, raised cosines of those lengths around it, else 0."""
    before, after = (middle - half - time) / rise, (time - middle - half) / fall
    return 0.5 + 0.5 * np.cos(np.pi * np.clip(np.maximum(before, after), 0, 1))
