"""Motion: lips are exact where they must be; and it is a pure function that begins and ends at rest."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rendering import voices
from rendering.stages import alignment, motion, script, speech, visemes
from rendering.stages.bearing import STILL_GAZE
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


def test_every_track_is_present_and_in_its_range(timing):
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


def test_an_unknown_style_is_refused(timing):
    with pytest.raises(BadInput, match="no style called 'jolly'"):
        motion.run(timing, fps=FPS, seed=1, style="jolly")


def test_the_head_is_lively_and_tilts_slowly():
    """A tilt moves the outline of the head most: it is what shimmers first."""
    found = [motion.run(quiet(60.0), fps=FPS, seed=seed).tracks for seed in range(10)]
    speed = {  # degrees a second
        name: FPS * np.concatenate([np.diff(tracks[name].astype(float)) for tracks in found])
        for name in ("yaw", "roll")
    }
    assert np.percentile(np.abs(speed["roll"]), 99.9) < 4.6
    assert np.sqrt(np.mean(speed["yaw"] ** 2)) > 2.0
    assert np.mean([tracks["yaw"].std() for tracks in found]) > 1.5


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


# Manners and marks


def spoken(text, voice="preview"):
    read = script.run(
        text, markup="markdown", language="en-US", dictionary=(), supports=voices.CONTROLS
    )
    return read, alignment.run(read, speech.run(read, voice))


@pytest.mark.parametrize("style", sorted(motion.STYLES))
def test_a_line_begins_and_ends_in_the_pose_of_its_manner(timing, style):
    moved, pose = motion.run(timing, fps=FPS, seed=1, style=style), motion.rest(style)
    for name, track in moved.tracks.items():
        assert track[0] == pytest.approx(pose[name], abs=1e-5), name
        assert track[-1] == pytest.approx(pose[name], abs=1e-5), name


def test_manners_differ_visibly(timing):
    moved = {
        style: motion.run(timing, fps=FPS, seed=1, style=style).tracks for style in motion.STYLES
    }
    assert moved["warm"]["smile"].mean() > 0.3 > moved["neutral"]["smile"].max()
    assert moved["serious"]["brow"].mean() < -0.2
    turned = {
        style: np.mean(
            [motion.run(timing, fps=FPS, seed=n, style=style).tracks["yaw"].std() for n in range(8)]
        )
        for style in ("lively", "serious")
    }
    assert turned["lively"] > 1.5 * turned["serious"]


def test_marks_in_a_script_act_at_their_words():
    text = "This is the first sentence of all. And now [look left] we look at the other one. [smile] Is it not nice? [nod] Yes, it is."
    read, timing = spoken(text)
    assert "[" not in "".join(sentence.text for sentence in read.sentences)
    plain, _ = spoken(
        text.replace("[look left] ", "").replace("[smile] ", "").replace("[nod] ", "")
    )
    assert [s.text for s in plain.sentences] == [s.text for s in read.sentences]
    with_marks = motion.run(timing, fps=FPS, seed=1, marks=read.marks).tracks
    without = motion.run(timing, fps=FPS, seed=1).tracks
    word = {w.text.strip(".,?").lower(): w for w in timing.words}
    left, smile, nod = (moment for moment in motion.moments(read.marks, timing))
    assert abs(left.start - word["we"].start) < 0.25
    assert (
        abs(smile.start - word["is"].start) < 5
    )  # "is" comes three times; the mark itself follows
    at = int((left.start + 0.6) * FPS)
    assert with_marks["gaze_x"][at] < -3
    assert with_marks["yaw"][at] < -2.5
    shown = with_marks["smile"] > 0.5
    assert shown.any()
    assert not without["smile"].any()
    assert smile.start - 0.3 < np.argmax(shown) / FPS < smile.start + 0.5
    nodded = with_marks["pitch"] - without["pitch"]
    assert nodded.max() > 3
    assert abs(int(np.argmax(nodded)) / FPS - nod.start - 0.22) < 0.2
    assert np.array_equal(with_marks["closure"], without["closure"])  # the words stay what they are


def test_a_word_in_brackets_that_is_no_mark_is_read_and_warned_about():
    read, _ = spoken("Press the [start button] now.")
    assert "start button" in read.sentences[0].text
    assert [warn.code for warn in read.warnings] == ["unknown_mark"]
    assert "[smile]" in read.warnings[0].message


def test_a_mark_does_not_lengthen_the_line():
    _, plain = spoken("We are glad that you are here.")
    _, marked = spoken("We are glad [nod] that you are here.")
    assert marked.seconds == plain.seconds


@given(st.integers(0, 2**31))
@settings(max_examples=15, deadline=None)
def test_the_head_does_not_repeat_its_motion_within_a_minute(seed):
    moved = motion.run(quiet(60.0), fps=FPS, seed=seed)
    for name in ("yaw", "pitch", "roll"):
        track = moved.tracks[name][50:-50].astype(float)
        for lag in range(4 * FPS, len(track) // 2, 5):
            likeness = float(np.corrcoef(track[:-lag], track[lag:])[0, 1])
            assert likeness < 0.85, (name, lag / FPS)


@given(st.integers(0, 2**31), st.sampled_from(sorted(motion.STYLES)))
@settings(max_examples=15, deadline=None)
def test_blinks_are_whole_and_not_rare(seed, style):
    blink = motion.run(quiet(60.0), fps=FPS, seed=seed, style=style).tracks["blink"]
    shut = blink > 0.5
    assert 9 <= int(np.sum(shut[1:] & ~shut[:-1])) <= 30
    assert blink[0] == blink[-1] == 0  # none is cut by an end of the line


def test_every_symbol_that_a_voice_can_say_moves_the_mouth():
    from rendering.voices import ipa

    letters = {symbol for symbol in ipa.VOCABULARY if symbol.isalpha() and not symbol.isspace()}
    spoken_ones = {
        char
        for voice in ("af_heart", "bf_emma")
        for text in (
            "The quick brown fox jumps over a lazy dog while thinking about church, judges, measures and beige rouge.",
            "Oh boy, how nice: our poor aunt's bird heard Peter say that the bottle of water on a little button was bitter.",
        )
        for sentence in spoken(text, voice)[1].phones
        for char in sentence.symbol
        if char.isalpha()
    }
    assert spoken_ones <= letters
    missing = {
        s for s in spoken_ones if s not in visemes.PHONES and s not in visemes.PAIRS and s != "ː"
    }
    assert missing == set()


def test_lips_are_shut_in_silences():
    """Where nothing is said for 300 ms, the gap of the lips in the renderer is 0 or less."""
    from rendering import faces
    from rendering.faces import portrait

    _, timing = spoken("Wait for it. [pause 1s] Here it comes, maybe.")
    moved = motion.run(timing, fps=FPS, seed=2, style="warm").tracks
    face = portrait.portrait(faces.get("maya"), 0.365 * 360).fields
    silences = [
        p for p in visemes.spoken(timing) if p.symbol == visemes.SILENCE and p.end - p.start >= 0.3
    ]
    assert silences
    for silence in silences:
        for number in range(int((silence.start + 0.25) * FPS) + 1, int((silence.end - 0.22) * FPS)):
            tracks = {name: float(track[number]) for name, track in moved.items()}
            assert face.solve(tracks)[1] <= 1e-6, number / FPS


@pytest.mark.parametrize("style", list(motion.STYLES))
def test_a_head_turns_within_its_reach_and_farther_where_it_may(style):
    def tracks(reach):
        found = [
            motion.run(quiet(60.0), fps=FPS, seed=seed, style=style, reach=reach).tracks
            for seed in range(4)
        ]
        return {name: np.concatenate([one[name] for one in found]) for name in motion.TRACKS}

    usual, far, near = tracks(None), tracks((8.0, 5.0)), tracks((3.0, 1.5))
    for name in ("yaw", "pitch"):
        assert np.abs(far[name]).max() <= 8.0
        assert np.abs(near[name]).max() <= 3.0
        assert far[name].std() > usual[name].std() > near[name].std()
    assert np.abs(near["roll"]).max() <= 1.5
    # Tilts, which shimmer, stay as they are; the eyes stay on the viewer.
    assert far["roll"].std() < 1.15 * usual["roll"].std()
    assert abs(np.polyfit(far["yaw"], far["gaze_x"], 1)[0] - STILL_GAZE[0]) < 0.08
