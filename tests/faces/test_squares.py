"""The square around a head that generators see."""

import numpy as np
import pytest

from rendering import faces
from rendering.faces import passes, squares
from rendering.faces.takes import Take
from rendering.values import Motion


@pytest.mark.parametrize("avatar", faces.stock(), ids=lambda avatar: avatar.slug)
def test_a_face_is_as_large_in_its_square_as_published(avatar):
    points = passes.landmarks(avatar)
    x0, y0, x1, y1 = squares.box_of(points)
    assert x1 - x0 == y1 - y0
    assert 0.52 < np.ptp(points[:, 1]) / (y1 - y0) < 0.70
    assert 0.4 < squares.crop(avatar, 256).mask.mean() < 0.55


def test_the_square_is_the_middle_of_the_widened_box(monkeypatch):
    monkeypatch.setattr(squares, "found", lambda points: (points[0], points[1]))

    def face(wide, tall):
        return np.array([[100.0, 200.0], [100.0 + wide, 200.0 + tall]])

    # taller than wide: as wide as the box with both sides widened, and higher by a quarter of the difference
    assert squares.box_of(face(80, 100)) == (60, 165, 220, 325)
    # wider than tall: as tall as the box with half its height above and half its width below
    assert squares.box_of(face(100, 60)) == (80, 170, 220, 310)


def test_the_detector_finds_a_narrower_box_that_reaches_into_the_hair():
    low, high = squares.found(np.array([[0.0, 0.0], [100.0, 200.0]]))
    assert low == pytest.approx((3, -24))
    assert high == pytest.approx((97, 194))


def test_a_face_at_the_edge_of_its_picture_keeps_its_place():
    """The published programme cuts its square off there, so that the face stands elsewhere in it."""
    avatar = faces.get("maya")
    points = passes.landmarks(avatar)
    x0, y0, x1, _ = squares.box_of(points - points.min(0))
    assert min(x0, y0) < 0
    assert x1 - x0 == squares.box_of(points)[2] - squares.box_of(points)[0]


def test_colours_are_led_to_the_portrait_unless_that_is_switched_off():
    avatar = faces.get("maya")
    motion = Motion(25, {"jaw": np.zeros(1, np.float32)})
    take = Take(avatar, 150.0, motion, np.zeros(960, np.float32), 1, lambda stage, fraction: None)
    picture = squares.crop(avatar, 256).picture
    tinted = np.clip(picture.astype(int) + np.array((10, 0, -8)), 0, 255).astype(np.uint8)
    apart = {}
    for tone in (True, False):
        one, other = (
            next(squares.onto(take, 256, [shown], tone=tone))[0].rgba.astype(int)
            for shown in (picture, tinted)
        )
        apart[tone] = np.abs(one - other)[one[..., 3] > 250].mean()
    assert apart[True] < 0.35 * apart[False]
