"""Movement is explained; jumps and shimmer are not."""

import cv2
import numpy as np
import pytest

from rendering import steadiness

POINTS = np.zeros((478, 2))
POINTS[[10, 152]] = (200, 60), (200, 340)
POINTS[[61, 291, 0, 17, 37, 267, 84, 314]] = [
    (170, 270), (230, 270), (200, 260), (200, 285), (190, 262), (210, 262), (190, 284), (210, 284),
]  # fmt: skip
for _eye, _x in zip(steadiness.EYES, (150, 250), strict=True):
    POINTS[list(_eye)] = [(_x - 20 + 5 * n, 170 + n % 3) for n in range(len(_eye))]


def picture(shift=0.0, light=0.0, seed=1):
    chance = np.random.default_rng(seed)
    noise = cv2.GaussianBlur(chance.normal(0, 90, (420, 400)).astype(np.float32), (0, 0), 5)
    move = np.array([[1, 0, shift], [0, 1, 0.6 * shift]], float)
    moved = cv2.warpAffine(noise * 5 + 128 + light, move, (400, 420), borderMode=cv2.BORDER_REFLECT)
    return np.clip(np.dstack([moved] * 3), 0, 255).astype(np.uint8)


def watched(pictures):
    watch = steadiness.Watch()
    for one in pictures:
        watch.see(one, POINTS)
    return watch


def moving(count=60, odd=None):
    shifts = 2.0 * np.sin(np.arange(count) / 9)
    return watched(
        picture(shift, light=8.0 if number == odd else 0.0) for number, shift in enumerate(shifts)
    )


def test_motion_is_explained_and_a_flash_is_not():
    steady, flashing = moving(), moving(odd=30)
    assert np.median(steady.errors) < 2
    assert max(steady.errors) < 3 * np.median(steady.errors)
    assert steadiness.figures([steady], [False])["shimmer"] < 3
    assert steadiness.figures([flashing], [False])["shimmer"] > 3
    assert int(np.argmax(flashing.errors)) in (29, 30)


def test_movement_of_eyes_and_mouth_is_left_out():
    def spoken(opened):
        one = picture()
        cv2.ellipse(one, (200, 272), (28, 3 + opened), 0, 0, 360, (20, 0, 0), -1)
        return one

    talking = watched(spoken(9 * (n % 2)) for n in range(12))
    assert max(talking.errors) < 1.0


@pytest.mark.parametrize(("other", "over"), [(picture(), False), (picture(seed=2), True)])
def test_a_jump_between_lines_that_meet_is_measured(other, over):
    first, second = moving(), watched([other, picture()])
    first.see(picture(), POINTS)
    found = steadiness.figures([first, second], [False, True])
    assert (found["jump"] > 1) == over
    assert "jump" not in steadiness.figures([first, second], [False, False])


def test_an_error_of_the_tracker_is_no_jump_between_lines():
    """The landmarks of the second film are off by nine pixels; its picture is the same."""
    first, second = moving(), steadiness.Watch()
    first.see(picture(), POINTS)
    second.see(picture(), POINTS + 9)
    assert first.leap(second) == pytest.approx(0, abs=0.05)
