"""A photo that ends close around its person: in no frame does anybody see where."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rendering import faces
from rendering.faces import Avatar, checks, photo, tracker
from rendering.stages import frames, motion, placing
from rendering.values import ASPECTS, Background, Extent, Layout, LineSpec, VideoFormat
from tests.faces import scenes

LAYOUTS = (*placing.FACE, "circle")
SOLID = 250  # of 255: alpha of somebody who is not transparent


def shares(least, most):
    return st.floats(least, most).map(lambda value: round(value, 3))


def seen(stands, extent, video):
    """How many pixels of the photo's ends are seen: above the hair, below the body, at the sides."""
    upper, foot, left, right = 0.0, video.height, 0.0, video.width
    if stands.circle:
        x, y, radius = stands.circle
        upper, foot, left, right = y - radius, y + radius, x - radius, x + radius
    elif stands.split:
        upper = stands.split.top
    middle = stands.top + stands.face / 2
    found = [foot - (middle + extent.below * stands.face)]
    if extent.cut:
        found.append(middle - extent.above * stands.face - upper)
    for beside, begin, room in (
        (extent.left, extent.left_from, stands.x - left),
        (extent.right, extent.right_from, right - stands.x),
    ):
        if begin is not None:
            found.append(min(room - beside * stands.face, foot - (middle + begin * stands.face)))
    return found


extents = st.builds(
    Extent,
    above=shares(0.85, 1.2),
    cut=st.booleans(),
    below=shares(0.5 + checks.BELOW, 2.0),
    left=shares(0.9, 2.4),
    right=shares(0.9, 2.4),
    left_from=st.none() | shares(0.75, 1.8),
    right_from=st.none() | shares(0.75, 1.8),
)


@settings(deadline=None)
@given(
    extents,
    st.sampled_from(LAYOUTS),
    st.sampled_from(sorted(ASPECTS)),
    st.sampled_from(["left", "right"]),
)
def test_every_end_of_a_photo_that_passed_the_door_lies_outside(extent, frame, aspect, side):
    video, layout = VideoFormat.of(aspect, 360), Layout(frame, side=side)
    stands = placing.standing(layout, video, extent)
    assert stands.circle or max(seen(stands, extent, video)) <= 1
    assert (
        stands.circle or stands.face >= placing.standing(layout, video).face
    )  # enlarged, never made smaller
    chin = stands.top + stands.face
    assert chin <= video.height * 0.96
    if not extent.cut and not stands.circle:
        crown = stands.top + stands.face / 2 - extent.above * stands.face
        assert crown >= (stands.split.top if stands.split else 0) - 0.13 * stands.face


@settings(deadline=None)
@given(st.sampled_from(LAYOUTS), st.sampled_from(sorted(ASPECTS)))
def test_a_photo_with_room_all_around_stands_as_everybody_does(frame, aspect):
    video, layout = VideoFormat.of(aspect, 360), Layout(frame)
    roomy = Extent(above=0.4, cut=False, below=6.0, left=6.0, right=6.0)
    usual, found = placing.standing(layout, video), placing.standing(layout, video, roomy)
    assert (found.face, found.x, found.top) == pytest.approx((usual.face, usual.x, usual.top))


def avatar_of(folder, beside, below):
    """The avatar of a photo that ends so many face heights beside the face and below the chin."""
    picture = scenes.photo("maya")
    points = tracker.find(picture)
    tall = float(np.linalg.norm(points[10, :2] - points[152, :2]))
    x, foot = points[[10, 152], 0].mean(), points[152, 1] + below * tall
    part = picture[: int(foot), int(x - beside * tall) : int(x + beside * tall)]
    source = scenes.file(np.ascontiguousarray(part), folder / "in.jpg")
    photo.prepare(source, folder / "pack", lambda *_: None)
    return Avatar("0" * 64, "", "", (), "", "", "", "0" * 64, folder / "pack")


@pytest.fixture(scope="module")
def close(tmp_path_factory):
    """A photo that cuts the shoulders off at both sides, and ends above the chest."""
    return avatar_of(tmp_path_factory.mktemp("close"), 1.15, 0.55)


@pytest.fixture(scope="module")
def narrow(tmp_path_factory):
    """A photo that cuts off the hair at a side."""
    return avatar_of(tmp_path_factory.mktemp("narrow"), 0.72, 0.4)


def test_the_extent_of_a_photo_is_read_from_its_cut_out(close, narrow):
    found = faces.extent(close)
    assert not found.cut
    assert (found.below, found.left, found.right) == pytest.approx((1.05, 1.15, 1.15), abs=0.05)
    assert found.left_from is None or found.left_from > 0.9
    assert 0.8 < found.right_from < 1.05
    assert faces.extent(narrow).right_from < 0.3
    assert faces.extent(faces.get("maya")) is None


def composed(avatar, frame, aspect):
    spec = LineSpec(
        "Hello.",
        avatar.slug,
        "preview",
        video=VideoFormat.of(aspect, 360, codec="vp9", alpha=True),
        background=Background("#00ff00", clear=True),
        layout=Layout(frame),
    )
    return frames.Composition(spec, frames.Drawn(spec, avatar), words=(), seconds=1.0)


POSES = (motion.rest("neutral"), {**motion.rest("neutral"), "breath": 1.0, "roll": 4.0})


def assert_filled(shown, circle):
    """The person goes down to the circle's foot."""
    x, y, radius = circle
    rows, columns = np.indices(shown.shape[:2])
    low = (np.hypot(columns - x, rows - y) < 0.95 * radius) & (rows > y + 0.85 * radius)
    assert (np.abs(shown[low][:, :3].astype(int) - (0, 255, 0)).sum(1) > 60).mean() > 0.97


@pytest.mark.parametrize("aspect", ASPECTS)
@pytest.mark.parametrize("frame", LAYOUTS)
def test_no_end_of_the_body_is_seen_in_a_frame(close, frame, aspect):
    film = composed(close, frame, aspect)
    for pose in POSES:
        shown = film.still(pose)
        if film.standing.circle:
            assert frame in ("corner", "circle")
            assert_filled(shown, film.standing.circle)
            continue
        alpha = shown[..., 3]
        width = film.person.portrait.body.shape[1]
        for side in (film.left, film.left + width - 1):
            if 0 <= side < alpha.shape[1]:
                assert alpha[:, side].max() < SOLID / 4
        assert alpha[-1, round(film.standing.x)] > SOLID


@pytest.mark.parametrize("frame", ["full", "half"])
def test_a_photo_that_can_fill_no_frame_stands_in_a_large_circle(narrow, frame):
    film = composed(narrow, frame, "16:9")
    assert film.standing.circle
    assert film.standing.circle[2] > 0.38 * 360
    for pose in POSES:
        assert_filled(film.still(pose), film.standing.circle)
