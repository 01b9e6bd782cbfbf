"""How long a line and a video will take to make: forecasts in seconds of one slot that has its machine to itself.

A line is spoken, unless its sound is in the store, and then drawn and encoded frame by frame; a video is joined at the
end. The figures below are those of a plain processor (AMD EPYC, two cores, idle); `rates` corrects them by what was
measured on the machines at hand: medians over the last lines, of speech for each voice engine, and of drawing for each
engine, codec and size.

A line that shares its machine takes longer: `speed` says how fast it goes beside others, and `Segment.share` how fast a
finished line went. So what was measured on a crowded machine is no forecast for an empty one, nor the other way round.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rendering.values import VideoFormat

SPEECH = {
    "kokoro": 0.23,
    "preview": 0.1,
}  # seconds that a second of sound takes to speak, by the engine of the voice
HOSTED = 0.3  # the same for a hosted engine
FRAME, MEGAPIXEL = 0.0025, 0.0112  # seconds for a frame, and for each million of its pixels
DRAFT = 0.9  # of that, for a draft, which is encoded fast
ENCODING = {"h264": 1.0, "av1": 1.6, "vp9": 2.0}
FACE = 0.7  # seconds per megapixel, once for a person at a size
LINE = 0.2  # seconds around a line: claim, reading, timing, motion, writing
KEPT = 0.1  # seconds for a line whose film is in the store already
LOADING = 3.5  # seconds of a worker's first line: voice, face and encoder are loaded
PLAYED = 0.006  # seconds for a million pixels of an intro or an outro
JOINING, JOINED = 1.0, 0.02  # seconds for a video, and for each second of it
MUSIC = 0.02  # for each second of it, with music
THREADS = 1.5  # processors that a line keeps busy
ENOUGH = 3  # measured lines that count as much as the figures above
BOUNDS = (0.2, 20.0)  # measured rates are held between these


@dataclass(frozen=True, slots=True)
class Effort:
    """What has to be done for a line. speech: seconds of sound to be spoken; film: seconds of pictures to be drawn."""

    speech: float
    film: float
    video: VideoFormat
    draft: bool = False
    engine: str = "portrait"
    voice: str = "kokoro"

    @property
    def kind(self) -> str:
        """Lines of one kind take equally long for a megapixel."""
        pixels = self.video.width * self.video.height
        size = "small" if pixels < 400_000 else "middle" if pixels < 3_000_000 else "large"
        return f"{self.engine} {self.video.codec} {size}"


@dataclass(frozen=True, slots=True)
class Rates:
    """By how much the machines at hand are slower than the figures above: in speech by the engine of the voice, in
    drawing by kind, "" for all."""

    speech: Mapping[str, float] = field(default_factory=dict)
    drawing: Mapping[str, float] = field(default_factory=dict)
    joining: float = 1.0
    spread: float = 1.6  # what nine of ten videos take at most, as a multiple of the forecast

    def of(self, effort: Effort) -> float:
        return self.drawing.get(effort.kind, self.drawing.get("", 1.0))


@dataclass(frozen=True, slots=True)
class Measured:
    """A finished line: the work that it was, and the seconds that it took, as if it had been alone."""

    effort: Effort
    speech: float
    drawing: float


def speaking(effort: Effort, rates: Rates = Rates()) -> float:
    """Seconds until the line is spoken."""
    usual = SPEECH.get(effort.voice, HOSTED)
    return usual * effort.speech * rates.speech.get(effort.voice, 1.0)


def drawing(effort: Effort, rates: Rates = Rates()) -> float:
    """Seconds from then on until its film is finished."""
    video = effort.video
    frame = FRAME + MEGAPIXEL * video.width * video.height / 1e6 * ENCODING[video.codec]
    return effort.film * video.fps * frame * (DRAFT if effort.draft else 1.0) * rates.of(effort)


def face(video: VideoFormat) -> float:
    """Seconds to prepare a person for this size."""
    return FACE * video.width * video.height / 1e6


def joining(film: float, rates: Rates = Rates(), *, music: bool = False) -> float:
    """Seconds from the last line to the end of a video of so many seconds."""
    return (JOINING + (JOINED + MUSIC * music) * film) * rates.joining


def framing(seconds: float, video: VideoFormat) -> float:
    """Seconds to bring intro and outro, so long together, into the film's format."""
    return seconds * video.fps * PLAYED * video.width * video.height / 1e6 * ENCODING[video.codec]


def speed(busy: float, cores: float, others: float = 0.0, weight: float = 1.0) -> float:
    """How fast a line goes when `busy` lines are at work, itself included, as a share of its speed alone.

    others: tasks of other programs that want a processor. weight: how much more of it they get than ours, when all are busy.
    """
    wanted = THREADS * max(1.0, busy)
    fair = cores * wanted / (wanted + weight * others)
    return max(0.02, min(1.0, max(cores - others, fair) / wanted))


def rates(
    lines: Iterable[Measured],
    joined: Iterable[tuple[float, float]] = (),
    ended: Iterable[tuple[float, float]] = (),
) -> Rates:
    """The rates of these machines, from their last lines and videos; where few were measured, the figures above weigh in.

    joined: (forecast by the figures above, taken) seconds of joining. ended: (forecast, taken) seconds of whole
    renders.
    """
    spoken: dict[str, list[float]] = {}
    drawn: dict[str, list[float]] = {"": []}
    for line in lines:
        if line.effort.speech:
            spoken.setdefault(line.effort.voice, []).append(line.speech / speaking(line.effort))
        if line.effort.film:
            ratio = line.drawing / drawing(line.effort)
            drawn[""].append(ratio)
            drawn.setdefault(line.effort.kind, []).append(ratio)
    late = [taken / max(forecast, 2.0) for forecast, taken in ended]
    known = Rates()
    usual = _middle(drawn[""])
    return Rates(
        {voice: _middle(found) for voice, found in spoken.items()},
        {kind: _middle(found, usual) for kind, found in drawn.items()} | {"": usual},
        _middle([taken / forecast for forecast, taken in joined]),
        min(2.2, max(1.4, statistics.quantiles(late, n=10)[-1]))
        if len(late) >= 8
        else known.spread,
    )


def _middle(found: list[float], usual: float = 1.0) -> float:
    """The median, with the usual figure beside them as if it had been measured ENOUGH times: a few lines alone say little, and
    the first ones of a worker wait for what it loads."""
    return min(BOUNDS[1], max(BOUNDS[0], statistics.median([*found, *[usual] * ENOUGH])))
