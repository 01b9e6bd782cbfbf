"""What a finished film is measured by: do the lips follow the words? Read from its frames by a face tracker.

The gap between the lips is the mean of three pairs of mesh points (13-14, 82-87, 312-317), as a share
of the face's height (10-152). A tracker sees a constant bias on closed lips, so the silent frames are subtracted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from rendering.values import Frame, Timing

PAIRS = ((13, 14), (82, 87), (312, 317))
CLOSED = frozenset("pbm")
NEAR_CLOSED = CLOSED | frozenset("fv")
VOWELS = frozenset("ɑæʌəɐɛɪiuʊɔɒɜɚaeoAIOWYQ")
AWAY = 0.10  # seconds from a closure beyond which a frame counts as open speech
OPEN = 1.5  # percent of the face's height over the bias: a vowel that is seen
CONTRAST = 2.0  # percent by which the gap falls within 0.2 s of a closure


def gaps(frames: Iterable[Frame], track: Callable[[Frame], NDArray]) -> NDArray[np.float64]:
    """Percent of the face's height, one per frame. track: RGB picture -> (478, 2 or 3) pixels."""
    found = []
    for frame in frames:
        points = np.asarray(track(frame))[:, :2]
        height = np.linalg.norm(points[10] - points[152])
        apart = [np.linalg.norm(points[a] - points[b]) for a, b in PAIRS]
        found.append(100 * float(np.mean(apart)) / height)
    return np.array(found)


def lips(
    gap: NDArray[np.float64], timing: Timing, fps: int, *, late: float = 0.0
) -> dict[str, float]:
    """How well the gaps follow the phones.

    late: seconds by which the sound is taken to lag, to see what a wrong timing would score. Figures:
    auc (probability that a closure is more closed than open speech; 0.5 is chance), closed (95th percentile of
    the gap at closures over the bias, percent), contrast (share of closures around which the gap falls by
    2 percent), open (share of vowels seen open), loudness (best correlation with the sound's level), lag
    (seconds; negative: the mouth leads), bias (gap in silence). Raises ValueError without closures or vowels.
    """
    times = (np.arange(len(gap)) + 0.5) / fps - late

    def at(moment: float) -> float:
        return float(np.interp(moment, times, gap))

    spoken = [p for p in timing.phones if p.symbol.strip() and p.symbol.isalpha()]
    middles = np.array([(p.start + p.end) / 2 for p in spoken])
    closures = [(p.start + p.end) / 2 for p in spoken if p.symbol in CLOSED]
    shut = np.array([(p.start + p.end) / 2 for p in spoken if p.symbol in NEAR_CLOSED])
    vowels = [p for p in spoken if p.symbol in VOWELS and p.end - p.start > 0.06]
    if not closures or not vowels:
        raise ValueError("there are no closures or no vowels to measure")
    within = np.array([np.abs(middles - t).min() < 0.08 for t in times])
    far = np.array([np.abs(shut - t).min() > AWAY for t in times])
    silent = np.array([np.abs(middles - t).min() > 0.25 for t in times])
    bias = float(np.median(gap[silent])) if silent.any() else float(np.percentile(gap, 2))
    closed = np.array([min(at(t + d) for d in (-0.02, 0.0, 0.02)) for t in closures])
    others = gap[within & far]
    auc = float(
        (closed[:, None] < others[None]).mean() + 0.5 * (closed[:, None] == others[None]).mean()
    )
    around = [
        gap[np.abs(times - t) < 0.2].max() - least
        for t, least in zip(closures, closed, strict=True)
    ]
    opened = [
        gap[(times >= p.start - 0.04) & (times <= p.end + 0.04)].max(initial=0.0) - bias
        for p in vowels
    ]
    best, lag = _loudness(gap, times, timing)
    return {
        "auc": round(auc, 3),
        "closed": round(float(np.percentile(closed - bias, 95)), 2),
        "contrast": round(float(np.mean(np.array(around) > CONTRAST)), 3),
        "open": round(float(np.mean(np.array(opened) > OPEN)), 3),
        "loudness": round(best, 3),
        "lag": round(lag, 3),
        "bias": round(bias, 2),
    }


def _loudness(gap: NDArray, times: NDArray, timing: Timing) -> tuple[float, float]:
    """The best correlation of the gap with the sound's level, and the shift at which it is found."""
    level = np.clip((timing.energy - timing.energy.max() + 40) / 40, 0, 1)
    moments = np.arange(len(level)) * timing.hop
    found = []
    for shift in np.arange(-0.15, 0.151, 0.01):
        found.append((np.corrcoef(gap, np.interp(times - shift, moments, level))[0, 1], shift))
    best, lag = max(found)
    return float(best), float(lag)
