"""Everybody in every layout and aspect: room above the hair, and no end of a sleeve or of the bust inside the frame."""

import json
from functools import cache

import cv2
import numpy as np
import pytest

from rendering import faces
from rendering.faces.portrait import crown
from rendering.stages import composition, frames, placing
from rendering.stages.motion import TRACKS
from rendering.values import ASPECTS, Background, Layout, LineSpec, VideoFormat

LEAST = 0.03  # of the frame or the circle, above the hair of a person at rest
RAISED = 0.015  # the same with the head as high as it goes
OPEN = Background("#00ff00", clear=True)


@cache
def resting(slug):
    """The plate as previews have it."""
    folder = faces.get(slug).folder
    plain = json.loads((folder / "avatar.json").read_text())
    points = json.loads((folder / "landmarks.json").read_text())
    scale = frames.STILL / float(np.hypot(*np.subtract(points[152][:2], points[10][:2])))
    plate = cv2.imread(str(folder / "plate.png"), cv2.IMREAD_UNCHANGED)[: plain["hem"]]
    small = cv2.resize(plate, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    small[..., :3] = 0
    return small, faces.anchor(faces.get(slug), frames.STILL)


def spec_of(slug, frame, aspect):
    video = VideoFormat.of(aspect, 240, codec="vp9", alpha=True)
    return LineSpec("Hello.", slug, "preview", video=video, background=OPEN, layout=Layout(frame))


def hair_of(shown, stands):
    """(first row with a person, upper edge of the frame or the circle, its height)."""
    if not stands.circle:
        return int(np.argmax((shown[..., 3] > 60).any(1))), 0.0, shown.shape[0]
    x, y, radius = stands.circle
    disc = shown[:, round(x - radius / 2) : round(x + radius / 2)]
    dark = (disc[..., 1] < 120) & (disc[..., 3] > 200)
    rows = np.flatnonzero(dark.sum(1) > 2)
    return int(rows[rows > y - radius + 3][0]), y - radius, 2 * radius


@pytest.mark.parametrize("slug", [face.slug for face in faces.stock()])
def test_hair_has_room_and_clothes_are_whole(slug):
    picture, anchor = resting(slug)
    for frame in (*placing.FACE, "circle"):
        for aspect in ASPECTS:
            spec = spec_of(slug, frame, aspect)
            shown = frames.preview(spec, picture, anchor)
            stands = placing.standing(spec.layout, spec.video)
            first, upper, tall = hair_of(shown, stands)
            assert first - upper >= LEAST * tall, (frame, aspect)
            below = round(stands.top + 1.3 * stands.face)
            for row in (
                () if stands.circle else shown[below:, :, 3]
            ):  # from the shoulders to the foot of the frame
                covered = np.flatnonzero(row > 128)
                assert len(covered), (frame, aspect)
                assert np.diff(covered).max() <= 2, (frame, aspect)


@pytest.mark.parametrize(("slug", "frame"), [("ruth", "close"), ("maya", "full")])
def test_hair_has_room_with_the_head_as_high_as_it_goes(slug, frame):
    high = {**dict.fromkeys(TRACKS, 0.0), "pitch": -8.0, "shift_y": -0.02, "breath": 1.0}
    spec = spec_of(slug, frame, "16:9")
    person = frames.Drawn(spec, faces.get(slug))
    composed = composition.Composition(spec, person, words=(), seconds=1.0)
    first, _, tall = hair_of(composed.still(high), composed.standing)
    assert first >= RAISED * tall
    whole = faces.get(slug).folder / "plate.png"
    assert person.height < cv2.imread(str(whole)).shape[0] * person.portrait.scale - 5


def test_a_position_that_was_set_is_not_moved_for_room():
    video, layout = VideoFormat.of("16:9", 240), Layout("full", y=0.3)
    stands = placing.standing(layout, video)
    assert placing.roomy(stands, layout, video, -20.0, 100.0) == 0
    assert placing.roomy(stands, Layout("full"), video, -20.0, 100.0) == 32  # to a twentieth


def test_a_photo_that_cuts_the_hair_off_is_not_moved_down():
    picture, _ = resting("ruth")
    assert crown(picture) > 0
    assert crown(picture[60:]) is None
