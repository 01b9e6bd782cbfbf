"""Files as people have them (media_table.py): each is checked, some are encoded; `make test-long` encodes them all.

What comes out is read by PyAV, which is not our ffmpeg.
"""

import av
import numpy as np
import pytest
import soundfile

from rendering import clips, tracks
from tests.stages.media_table import CASES, COLOURS


def named(case):
    return f"{case.kind}: {case.name}"


def first_picture(path):
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        assert (frame.colorspace, frame.color_range) == (1, 1)  # BT.709, of televisions
        return frame.to_ndarray(
            format="rgb24",
            src_colorspace="ITU709",
            dst_colorspace="ITU709",
            src_color_range="MPEG",
            dst_color_range="JPEG",
        )


def combs(path):
    """How much more lines differ from their neighbours than from the next but one; over 1.5 where fields are mixed."""
    with av.open(str(path)) as container:
        light = [f.to_ndarray(format="gray").astype(float) for f in container.decode(video=0)][3:-3]
    near = np.mean([np.abs(np.diff(one, axis=0)).mean() for one in light])
    far = np.mean([np.abs(one[2:] - one[:-2]).mean() for one in light])
    return (near + 0.5) / (far + 0.5)


def assert_looks_right(case, path):
    if case.quarters == "combs":
        assert combs(path) < 1.5
        return
    picture = first_picture(path)
    height, width = picture.shape[:2]
    order, share = ("abcd", 0.5) if case.quarters == "half" else (case.quarters, 1.0)
    for number, name in enumerate(order):
        row, column = (height * (1 + 2 * (number // 2)) // 4, width * (1 + 2 * (number % 2)) // 4)
        seen = picture[row - 4 : row + 4, column - 4 : column + 4].mean(axis=(0, 1))
        assert np.abs(seen - share * np.array(COLOURS[name])).max() <= case.near, (name, seen)


@pytest.mark.parametrize("case", CASES, ids=named)
def test_a_file_as_people_have_it_is_accepted_with_the_right_filters(case, tmp_path):
    source = case.make(tmp_path)
    checked = clips.check(source, case.kind)
    assert checked.seconds == pytest.approx(case.seconds, abs=0.12)
    if case.kind == "video":
        steps = ",".join(
            tracks.filters(checked.track, checked.opened, checked.seconds, checked.height)
        )
        assert all(step in steps for step in case.steps), steps
        assert not any(step in steps for step in case.not_steps), steps


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, marks=[] if case.whole else pytest.mark.long) for case in CASES],
    ids=named,
)
def test_an_encoded_file_looks_and_lasts_like_its_source(case, tmp_path):
    source = case.make(tmp_path)
    made = clips.intake(source, tmp_path / "kept", case.kind)
    assert made.seconds == pytest.approx(case.seconds, abs=0.12)
    if case.kind == "music":
        sound = soundfile.info(made.path)
        assert (sound.samplerate, sound.channels) == (48_000, 2)
        return
    with av.open(str(made.path)) as container:
        (stream,) = container.streams
        assert (stream.width, stream.height) == case.size == (made.width, made.height)
        assert stream.sample_aspect_ratio in (None, 1)
        assert float(stream.duration * stream.time_base) == pytest.approx(case.seconds, abs=0.12)
    assert_looks_right(case, made.path)


def test_the_table_has_at_least_sixty_files():
    assert len(CASES) >= 60
