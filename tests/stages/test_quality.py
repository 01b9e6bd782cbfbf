"""Do the lips follow the words? A face tracker reads it back from drawn frames."""

from dataclasses import replace

import numpy as np
import pytest

from rendering import faces, quality, voices
from rendering.faces import tracker
from rendering.stages import alignment, frames, motion, script, speech
from rendering.values import LineSpec, Phone, Timing, VideoFormat

FPS = 25
LINE = (
    "Welcome back. Maybe you have a big meeting today, so let me show you the plan. "
    "Three simple steps solve a problem that many people have."
)


@pytest.fixture(scope="module")
def timing():
    read = script.run(
        LINE, markup="text", language="en-US", dictionary=(), supports=voices.CONTROLS
    )
    return alignment.run(read, speech.run(read, "af_heart"))


MOUTH = ("jaw", "width", "pucker", "upper", "lower", "tongue", "closure", "tuck")


@pytest.mark.parametrize("slug", ["maya", "daniel"])
def test_drawn_lips_follow_the_words_and_late_sound_is_noticed(slug, timing):
    spec = LineSpec(LINE, slug, "af_heart", video=VideoFormat.of("16:9", 720))
    moved = motion.run(timing, fps=FPS, seed=1)
    shut = replace(
        moved,
        tracks={
            name: np.zeros_like(track) if name in MOUTH else track
            for name, track in moved.tracks.items()
        },
    )

    def seen(motion_):
        made = frames.run(
            motion_,
            spec=spec,
            avatar=faces.get(slug),
            timing=timing,
            report=lambda stage, fraction: None,
        )
        return quality.gaps((frame[:, 280:1000] for frame in made), tracker.find)

    # The tracker sees a gap between lips that touch, which depends on the turn of the head: subtracted frame by frame.
    own = seen(shut)
    gap = seen(moved) - own + np.median(own)
    right, wrong = quality.lips(gap, timing, FPS), quality.lips(gap, timing, FPS, late=0.2)
    print(slug, right, "200 ms late:", wrong)
    assert right["auc"] >= 0.95
    assert wrong["auc"] < 0.85
    assert right["closed"] <= 1.0
    assert right["contrast"] >= 0.85
    assert right["open"] >= 0.9
    assert right["loudness"] >= 0.45
    assert -0.04 <= right["lag"] <= 0.02


def test_a_mouth_that_does_not_follow_scores_like_chance():
    phones, start = [], 0.3
    for symbol in "bɑmɑpɑbimupɑ" * 4:
        phones.append(Phone(symbol, start, start + 0.12))
        start += 0.12
    hops = int((start + 0.3) / 0.01)
    timing = Timing(
        (), tuple(phones), start + 0.3, 0.01, np.zeros(hops), np.linspace(-30, -20, hops)
    )
    times = (np.arange(int(timing.seconds * FPS)) + 0.5) / FPS
    follows = np.array([0.0 if p in "bmp" else 5.0 for p in (_at(timing, t) for t in times)])
    random = np.random.default_rng(1).uniform(0, 5, len(times))
    assert 0.3 < quality.lips(random, timing, FPS)["auc"] < 0.7
    assert quality.lips(follows, timing, FPS)["auc"] > 0.85


def _at(timing, moment):
    return next((p.symbol for p in timing.phones if p.start <= moment < p.end), "b")
