"""What a finished film is measured by: do the lips follow the words, do the eyes blink, is it still that person?

Everything is read back from the film: the face by a tracker, the times of the words by a forced aligner. Nothing is
taken from what the studio knows. The gap between the lips is the mean of three pairs of mesh points (13-14, 82-87,
312-317), as a share of the face's height (10-152). A tracker sees a constant bias on closed lips, so the silent frames
are subtracted.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rendering import media, steadiness
from rendering.steadiness import Watch
from rendering.targets import TARGETS
from rendering.values import SAMPLE_RATE, BadInput, Canceled, Floats, Frame, Script, Speech, Timing
from rendering.words import gettext

PAIRS = ((13, 14), (82, 87), (312, 317))
CLOSED = frozenset("pbm")
NEAR_CLOSED = CLOSED | frozenset("fv")
VOWELS = frozenset("ɑæʌəɐɛɪiuʊɔɒɜɚaeoAIOWYQ")
AWAY = 0.10  # seconds from a closure beyond which a frame counts as open speech
REACH = 0.04  # seconds around a phone in which its lowest gap is looked for
SHUT = 1.0  # percent of the face's height over the bias: lips that meet
OPEN = 1.5  # the same for a vowel that is seen
CONTRAST = 2.0  # percent by which the gap falls within 0.2 s of a closure
LATE = 0.2  # seconds of the false timing with which every figure is compared
EVERY = 5  # frames between two looks at whose face it is
READ = 720  # pixels of the short side at which a film is read; larger ones are scaled down
BLINKED = 0.55  # of the usual opening of the eyes: below it they count as shut
LONGEST = 180.0  # seconds of a film that are measured at most


@dataclass(frozen=True)
class Reading:
    """What was read from one film: per frame the gap (percent of face height) and the opening of the eyes."""

    gap: NDArray[np.float64]
    eyes: NDArray[np.float64]
    identity: NDArray[np.float64]  # of every EVERYth frame: distance to the source
    ground: float
    timing: Timing
    fps: float
    watch: Watch
    joined: bool = False  # whether it goes on from the reading before it


def read(
    film: Path,
    script: Script,
    *,
    sound: Path | None = None,
    source: Frame | None = None,
    part: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0),
    joined: bool = False,
    stop: Callable[[], bool] = lambda: False,
) -> Reading:
    """Reads the first LONGEST seconds of a film in which the script is spoken. sound: the file of its sound, if it is
    another.

    source: RGB of the face it should be; without one, the film's own first frame. part: where the person stands, left,
    top, right and bottom as shares of the frame: there may be other faces. joined: the film goes on from the one read
    before it, with the same person at the same place. About 35 ms of CPU a frame at 720
    lines. Raises BadInput with what to do: no video, no face, no sound, or other words; Canceled soon after
    `stop` returns True.
    """
    from rendering.faces import (  # what reads films is large: loaded when one is read
        identity,
        tracker,
    )
    from rendering.stages import alignment

    try:
        found = media.probe(film)
    except (media.MediaFailed, ValueError):
        raise BadInput(
            gettext("This is not an MP4 video that can be played; choose another file."),
            code="film_unreadable",
        ) from None
    kinds = {stream["kind"]: stream for stream in found["streams"]}
    if "video" not in kinds or (sound is None and "audio" not in kinds):
        missing = "picture" if "video" not in kinds else "sound"
        raise BadInput(
            f"The film has no {missing}; measure one that speaks.", code="film_unreadable"
        )
    wave = _sound(sound or film)
    timing = alignment.run(script, Speech(wav=wave, seconds=wave.size / SAMPLE_RATE))
    if timing.source != "aligned":
        raise BadInput(
            "The words could not be found in the sound; give exactly what is spoken.",
            code="words_differ",
        )
    fps = float(kinds["video"]["fps"])
    gap, eyes, distances, strips = [], [], [], []
    known, watch = None, Watch()
    if source is not None:
        known = identity.embedding(source, tracker.find(source))
    for number, whole in enumerate(_frames(film, kinds["video"])):
        rows, columns = whole.shape[:2]
        frame = np.ascontiguousarray(
            whole[
                round(part[1] * rows) : round(part[3] * rows),
                round(part[0] * columns) : round(part[2] * columns),
            ]
        )
        try:
            points = tracker.find(frame)
        except LookupError:
            raise BadInput(
                gettext(
                    "No face is found at {seconds} s of the film; measure one that shows it throughout."
                ).format(seconds=f"{number / fps:.1f}"),
                code="no_face",
            ) from None
        gap.append(_gap(points))
        eyes.append(_opening(points))
        watch.see(frame, points)
        if number % EVERY == 0:
            if stop():
                raise Canceled
            seen = identity.embedding(frame, points)
            known = seen if known is None else known
            distances.append(identity.distance(seen, known))
        strips.append(whole[: rows // 3, : columns // 12].astype(np.float32))
    still = np.std(np.stack(strips[:: max(1, len(strips) // 50)]), axis=0)
    return Reading(
        np.array(gap),
        np.array(eyes),
        np.array(distances),
        float(still.mean()),
        timing,
        fps,
        watch,
        joined,
    )


def _sound(film: Path) -> Floats:
    run = [media.program(), "-v", "error", "-i", str(film), "-t", str(LONGEST), "-f", "f32le"]
    done = subprocess.run(
        [*run, "-ac", "1", "-ar", str(SAMPLE_RATE), "-"], capture_output=True, check=True
    )
    return np.frombuffer(done.stdout, np.float32)


def _frames(film: Path, stream: dict[str, Any]) -> Iterator[Frame]:
    """RGB, the short side at most READ pixels."""
    width, height = stream["width"], stream["height"]
    scale = min(1.0, READ / min(width, height))
    width, height = round(width * scale / 2) * 2, round(height * scale / 2) * 2
    command = [media.program(), "-v", "error", "-i", str(film), "-t", str(LONGEST)]
    command += ["-vf", f"scale={width}:{height}", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        size = width * height * 3
        while len(data := process.stdout.read(size)) == size:
            yield np.frombuffer(data, np.uint8).reshape(height, width, 3)


def _gap(points: NDArray) -> float:
    flat = points[:, :2]
    height = np.linalg.norm(flat[10] - flat[152])
    return 100 * float(np.mean([np.linalg.norm(flat[a] - flat[b]) for a, b in PAIRS]) / height)


def _opening(points: NDArray) -> float:
    """Height of the eyes over their width, mean of both (eye aspect ratio, Soukupová and Čech 2016)."""
    flat = points[:, :2]
    found = []
    for first, last, upper, lower in ((33, 133, 159, 145), (263, 362, 386, 374)):
        width = np.linalg.norm(flat[first] - flat[last])
        found.append(np.linalg.norm(flat[upper] - flat[lower]) / width)
    return float(np.mean(found))


def measure(readings: Sequence[Reading], *, late: float = 0.0) -> dict[str, float]:
    """The figures of TARGETS over several films of one face; late: as if the sound were that much later.

    Raises BadInput when nothing of P, B, M or no vowel is spoken.
    """
    closed, others, above, around, opened = [], [], [], [], []
    levels, gaps_ = [], []
    blinked = minutes = cut = 0.0
    for one in readings:
        lips_ = _lips(one.gap, one.timing, one.fps, late)
        closed += lips_.closed
        others += lips_.others
        above += lips_.above
        around += lips_.around
        opened += lips_.opened
        levels.append(one.timing)
        gaps_.append((one.gap, (np.arange(len(one.gap)) + 0.5) / one.fps - late))
        usual = np.percentile(one.eyes, 75)
        shut = one.eyes < BLINKED * usual
        blinked += int(np.count_nonzero(np.diff(np.concatenate([[False], shut]).astype(int)) == 1))
        minutes += len(one.eyes) / one.fps / 60
        cut += float(shut[0]) + float(shut[-1])
    if not closed or not opened or not others:
        raise BadInput(
            "Nothing of P, B and M is spoken, or no vowel; use a longer text.", code="text_short"
        )
    best, lag = _loudness(gaps_, levels)
    low, high = np.array(closed), np.array(others)
    auc = (low[:, None] < high[None]).mean() + 0.5 * (low[:, None] == high[None]).mean()
    return {
        "auc": round(float(auc), 3),
        "shut": round(float(np.mean(np.array(above) <= SHUT)), 3),
        "open": round(float(np.mean(np.array(opened) > OPEN)), 3),
        "contrast": round(float(np.mean(np.array(around) > CONTRAST)), 3),
        "loudness": round(best, 3),
        "lag": round(lag, 3),
        "blinks": round(blinked / minutes, 1),
        "identity": round(
            float(np.percentile(np.concatenate([r.identity for r in readings]), 95)), 3
        ),
        "ground": round(float(np.mean([r.ground for r in readings])), 2),
        "cut": cut,
        **steadiness.figures([r.watch for r in readings], [r.joined for r in readings]),
        "closures": float(len(closed)),
    }


def judged(figures: dict[str, float]) -> dict[str, bool]:
    """Whether each figure is within its target."""
    return {
        name: low <= figures[name] <= high
        for name, (_, low, high, _) in TARGETS.items()
        if name in figures
    }


def gaps(frames: Iterable[Frame], track: Callable[[Frame], NDArray]) -> NDArray[np.float64]:
    """Percent of the face's height, one per frame. track: RGB picture -> (478, 2 or 3) pixels."""
    return np.array([_gap(np.asarray(track(frame))) for frame in frames])


@dataclass
class _Lips:
    closed: list[float]  # gap at each P, B, M, percent
    others: list[float]  # gap at frames of open speech
    above: list[float]  # lowest gap around each closure, over the bias
    around: list[float]  # how far the gap is open beside each closure
    opened: list[float]  # highest gap of each vowel, over the bias
    bias: float


def _lips(gap: NDArray[np.float64], timing: Timing, fps: float, late: float) -> _Lips:
    times = (np.arange(len(gap)) + 0.5) / fps - late

    def at(moment: float) -> float:
        return float(np.interp(moment, times, gap))

    spoken = [p for p in timing.phones if p.symbol.strip() and p.symbol.isalpha()]
    middles = np.array([(p.start + p.end) / 2 for p in spoken])
    closures = [p for p in spoken if p.symbol in CLOSED]
    shut = np.array([(p.start + p.end) / 2 for p in spoken if p.symbol in NEAR_CLOSED])
    vowels = [p for p in spoken if p.symbol in VOWELS and p.end - p.start > 0.06]
    if not closures or not vowels:
        return _Lips([], [], [], [], [], 0.0)
    within = np.array([np.abs(middles - t).min() < 0.08 for t in times])
    far = np.array([np.abs(shut - t).min() > AWAY for t in times])
    silent = np.array([np.abs(middles - t).min() > 0.25 for t in times])
    bias = float(np.median(gap[silent])) if silent.any() else float(np.percentile(gap, 2))
    centre = [(p.start + p.end) / 2 for p in closures]
    closed = [min(at(t + d) for d in (-0.02, 0.0, 0.02)) for t in centre]
    above, around = [], []
    for phone, t, least in zip(closures, centre, closed, strict=True):
        near = (times >= phone.start - REACH) & (times <= phone.end + REACH)
        above.append(float(gap[near].min(initial=at(t))) - bias)
        around.append(float(gap[np.abs(times - t) < 0.2].max(initial=least)) - least)
    opened = [
        float(gap[(times >= p.start - REACH) & (times <= p.end + REACH)].max(initial=0.0)) - bias
        for p in vowels
    ]
    return _Lips(closed, list(gap[within & far]), above, around, opened, bias)


def lips(
    gap: NDArray[np.float64], timing: Timing, fps: int, *, late: float = 0.0
) -> dict[str, float]:
    """How well the gaps of drawn frames follow the phones of one line.

    late: seconds by which the sound is taken to lag, to see what a wrong timing would score. Figures:
    auc (probability that a closure is more closed than open speech; 0.5 is chance), closed (95th percentile of
    the gap at closures over the bias, percent), contrast (share of closures around which the gap falls by
    2 percent), open (share of vowels seen open), loudness (best correlation with the sound's level), lag
    (seconds; negative: the mouth leads), bias (gap in silence). Raises ValueError without closures or vowels.
    """
    found = _lips(gap, timing, fps, late)
    if not found.closed:
        raise ValueError("there are no closures or no vowels to measure")
    low, high = np.array(found.closed), np.array(found.others)
    auc = (low[:, None] < high[None]).mean() + 0.5 * (low[:, None] == high[None]).mean()
    best, lag = _loudness([(gap, (np.arange(len(gap)) + 0.5) / fps - late)], [timing])
    return {
        "auc": round(float(auc), 3),
        "closed": round(float(np.percentile(low - found.bias, 95)), 2),
        "contrast": round(float(np.mean(np.array(found.around) > CONTRAST)), 3),
        "open": round(float(np.mean(np.array(found.opened) > OPEN)), 3),
        "loudness": round(best, 3),
        "lag": round(lag, 3),
        "bias": round(found.bias, 2),
    }


def _loudness(
    gaps_: Sequence[tuple[NDArray, NDArray]], timings: Sequence[Timing]
) -> tuple[float, float]:
    """The best correlation of the gaps with the sound's level, and the shift at which it is found."""
    found = []
    for shift in np.arange(-0.15, 0.151, 0.01):
        heard = []
        for (_, times), timing in zip(gaps_, timings, strict=True):
            level = np.clip((timing.energy - timing.energy.max() + 40) / 40, 0, 1)
            moments = np.arange(len(level)) * timing.hop
            heard.append(np.interp(times - shift, moments, level))
        seen = np.concatenate([gap for gap, _ in gaps_])
        found.append((float(np.corrcoef(seen, np.concatenate(heard))[0, 1]), float(shift)))
    return max(found)
