"""Motion: what must be exact, is; and it is a pure function that begins and ends at rest."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rendering import voices
from rendering.stages import alignment, motion, script, speech, visemes
from rendering.values import BadInput, Phone, Timing

FPS = 25
LINE = "Maybe Bob will move five pumps by May. People help!"


@pytest.fixture(scope="module")
def timing():
    read = script.run(
        LINE, markup="text", language="en-US", dictionary=(), supports=voices.CONTROLS
    )
    return alignment.run(read, speech.run(read, "preview"))


def frame_at(moved, name, moment):
    return moved.tracks[name][min(int(moment * FPS), moved.frames - 1)]


def test_every_track_is_there_and_in_its_range(timing):
    moved = motion.run(timing, fps=FPS, seed=1)
    assert set(moved.tracks) == set(motion.TRACKS)
    assert moved.frames == round(timing.seconds * FPS)
    for name, (low, high) in motion.TRACKS.items():
        track = moved.tracks[name]
        assert track.dtype == np.float32
        assert len(track) == moved.frames
        assert low - 1e-6 <= track.min() <= track.max() <= high + 1e-6, name


def test_the_lips_meet_on_every_p_b_and_m(timing):
    moved = motion.run(timing, fps=FPS, seed=1)
    closures = [p for p in timing.phones if p.symbol in "pbm"]
    assert len(closures) >= 8
    for phone in closures:
        middle = (phone.start + phone.end) / 2 - visemes.LEAD
        near = [frame_at(moved, "closure", middle + d) for d in (-0.02, 0, 0.02)]
        assert max(near) > 0.9, phone


def test_the_lip_tucks_on_f_and_v(timing):
    moved = motion.run(timing, fps=FPS, seed=1)
    for phone in timing.phones:
        if phone.symbol in "fv":
            middle = (phone.start + phone.end) / 2
            assert max(frame_at(moved, "tuck", middle + d) for d in (-0.04, 0, 0.04)) > 0.7, phone


def test_vowels_open_the_mouth(timing):
    moved = motion.run(timing, fps=FPS, seed=1)
    wide = [p for p in timing.phones if p.symbol in "ɑæaAIOW" and p.end - p.start > 0.06]
    jaws = [frame_at(moved, "jaw", (p.start + p.end) / 2) for p in wide]
    assert np.mean(np.array(jaws) > 0.15) > 0.8


def test_every_line_begins_and_ends_at_rest(timing):
    moved = motion.run(timing, fps=FPS, seed=1)
    for name, track in moved.tracks.items():
        assert abs(track[0]) < 1e-6 > abs(track[-1]), name


def test_equal_input_gives_equal_motion(timing):
    first, again, other = (motion.run(timing, fps=FPS, seed=seed) for seed in (5, 5, 6))
    for name in motion.TRACKS:
        assert np.array_equal(first.tracks[name], again.tracks[name])
    assert np.array_equal(first.tracks["jaw"], other.tracks["jaw"])  # words decide the mouth
    assert not np.array_equal(first.tracks["yaw"], other.tracks["yaw"])  # chance the head


def quiet(seconds):
    hops = int(seconds / 0.01) + 1
    return Timing((), (), seconds, 0.01, np.zeros(hops, np.float32), np.full(hops, -80, np.float32))


def test_people_blink_every_few_seconds():
    moved = motion.run(quiet(60.0), fps=FPS, seed=3)
    shut = moved.tracks["blink"] > 0.5
    blinks = int(np.sum(shut[1:] & ~shut[:-1]))
    assert 6 <= blinks <= 40
    assert shut.mean() < 0.15


def test_silence_keeps_the_mouth_shut():
    moved = motion.run(quiet(3.0), fps=FPS, seed=3)
    assert moved.tracks["jaw"].max() < 0.02


def test_it_refuses_an_unknown_style(timing):
    with pytest.raises(BadInput, match="no style called 'jolly'"):
        motion.run(timing, fps=FPS, seed=1, style="jolly")


symbols = st.sampled_from([*"pbmfvszɑiuk ", "ʧ", "A", "I", ".", "?", "ː"])


@given(st.lists(st.tuples(symbols, st.floats(0.0, 0.4)), max_size=25), st.floats(0.04, 4.0))
@settings(max_examples=60, deadline=None)
def test_any_phones_give_finite_tracks(rows, tail):
    phones, start = [], 0.1
    for symbol, length in rows:
        phones.append(Phone(symbol, start, start + length))
        start += length
    seconds = start + tail
    hops = int(seconds / 0.01) + 1
    timing = Timing(
        (),
        tuple(phones),
        seconds,
        0.01,
        np.zeros(hops, np.float32),
        np.full(hops, -30, np.float32),
    )
    moved = motion.run(timing, fps=FPS, seed=1)
    assert moved.frames == max(1, round(seconds * FPS))
    assert all(np.isfinite(track).all() for track in moved.tracks.values())
