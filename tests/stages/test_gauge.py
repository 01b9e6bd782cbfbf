"""The renderer's measures of its own frames can fail; and any range of frames drawn alone is the same to the bit."""

import numpy as np
import pytest

from rendering import faces
from rendering.stages import frames, motion
from rendering.stages.painting import Patch
from rendering.values import LineSpec, Motion, Phone, Timing, VideoFormat

SPEC = LineSpec(text="Hello.", avatar="daniel", voice="preview", video=VideoFormat.of("16:9", 360))
PHONES = (Phone("a", 0.1, 0.4), Phone("m", 1.6, 1.7))
TIMING = Timing((), PHONES, 1.8, 0.01, np.zeros(181, np.float32), np.full(181, -40, np.float32))
"""Between the two sounds lies a silence of 1.2 s."""


def moving(count=45, **fixed):
    """Every track moves through its range, except those that are fixed."""
    found = {}
    for number, (name, (low, high)) in enumerate(motion.TRACKS.items()):
        wave = 0.5 + 0.5 * np.sin(np.arange(count) / 5 + number)
        found[name] = (low + (high - low) * 0.4 * wave).astype(np.float32)
        if name in fixed:
            found[name] = np.full(count, fixed[name], np.float32)
    return Motion(25, found)


def drawn(moved):
    pictures = frames.run(
        moved,
        spec=SPEC,
        avatar=faces.get(SPEC.avatar),
        timing=TIMING,
        report=lambda stage, fraction: None,
    )
    return [frame.tobytes() for frame in pictures], pictures.figures


SHUT = {"jaw": 0.0, "upper": 0.0, "lower": 0.0, "closure": 0.0, "tuck": 0.0, "smile": 0.0}


def test_any_range_of_frames_drawn_alone_is_the_same():
    whole = moving(12)
    part = Motion(25, {name: track[5:9] for name, track in whole.tracks.items()})
    assert drawn(part)[0] == drawn(whole)[0][5:9]


def test_the_measures_of_a_good_line_are_within_their_targets():
    figures = drawn(moving(**SHUT, width=0.0, pucker=0.0))[1]
    assert figures["jacobian"] > 0.2
    assert figures["silence"] == 0
    assert figures["changed"] == 0


def test_lips_that_part_in_a_silence_are_measured():
    assert drawn(moving(**{**SHUT, "jaw": 0.3}))[1]["silence"] > 1


def test_a_fold_is_measured(monkeypatch):
    fields = frames.Drawn(SPEC, faces.get(SPEC.avatar)).portrait.fields
    monkeypatch.setitem(fields.below, "jaw", fields.below["jaw"] * 4)
    assert drawn(moving(3, jaw=0.9))[1]["jacobian"] < 0.2


@pytest.mark.parametrize(("left", "counted"), [(0, True), (None, False)])
def test_a_change_beside_the_person_is_counted(left, counted):
    person = frames.Drawn(SPEC, faces.get(SPEC.avatar))
    stray = np.full((3, 4, 4), 255, np.uint8)
    middle = person.portrait.rgba.shape[1] // 2 + person.portrait.box[0]
    person.last = [Patch(stray, middle if left is None else person.body.left, person.body.top)]
    assert person.beyond() == (12 if counted else 0)
