"""Before the camera: the person of the photo who does what is asked passes; others and pictures of a picture do not."""

import cv2
import numpy as np
import pytest

from rendering.faces import liveness
from rendering.values import BadInput
from tests.faces import scenes

ALL = ("straight", "left", "right", "up", "open", "shut", "again")


@pytest.fixture(scope="module")
def portrait():
    return scenes.photo("clara")


@pytest.fixture(scope="module")
def frames():
    """Clara before a webcam, minutes after her photo, in other light."""
    return {what: scenes.live("clara", what) for what in ALL}


def requested(*between):
    return ("straight", *between, "straight")


def shown(frames, *between):
    return [frames["straight"], *(frames[what] for what in between), frames["again"]]


def print_of(picture, yaw=0.0, pitch=0.0, distance=2.0):
    """The picture on paper or on a screen, turned before a camera: by degrees, at a distance in widths of its own."""
    rows, columns = picture.shape[:2]
    y, p = np.radians(yaw), np.radians(pitch)
    turn = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    turn = turn @ np.array([[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])
    corners = np.array([[0, 0], [columns, 0], [columns, rows], [0, rows]], np.float32)
    middle = np.array([columns / 2, rows / 2])
    placed = np.c_[corners - middle, np.zeros(4)] @ turn.T
    depth = placed[:, 2:] / (distance * columns) + 1
    seen = (placed[:, :2] / depth + middle).astype(np.float32)
    map_ = cv2.getPerspectiveTransform(corners, seen)
    return cv2.warpPerspective(
        picture, map_, (columns, rows), flags=cv2.INTER_AREA, borderValue=(90, 90, 90)
    )


def again(picture, seed):
    """The same picture once more, as a second camera sees it on a screen: smaller, warmer, noisy, coded."""
    small = cv2.resize(picture, None, fx=0.7, fy=0.7, interpolation=cv2.INTER_AREA)
    warm = small * np.array([0.95, 0.87, 0.78]) + 6
    warm += np.random.default_rng(seed).normal(0, 2, warm.shape)
    return scenes.coded(np.clip(warm, 0, 255).astype(np.uint8), 75)


@pytest.mark.parametrize("turn", liveness.TURNS)
@pytest.mark.parametrize("expression", liveness.EXPRESSIONS)
def test_a_person_who_does_what_is_asked_passes(portrait, frames, turn, expression):
    between = (turn, expression)
    seen = liveness.check(portrait, shown(frames, *between), requested(*between))
    print(turn, expression, seen.plain())
    assert max(shot.distance for shot in seen.shots) <= 0.45
    assert seen.solid > 1.3 * liveness.SOLID


@pytest.mark.parametrize(
    ("between", "done", "sentence"),
    [
        (("left", "open"), ("right", "open"), "turn your head further to your left"),
        (("right", "open"), ("straight", "open"), "turn your head further to your right"),
        (("up", "shut"), ("again", "shut"), "lift your chin further"),
        (("shut", "left"), ("open", "left"), "close both eyes"),
        (("right", "open"), ("right", "shut"), "open your mouth wider"),
    ],
)
def test_a_person_who_does_something_else_is_told_what_was_asked(
    portrait, frames, between, done, sentence
):
    with pytest.raises(BadInput) as refusal:
        liveness.check(portrait, shown(frames, *done), requested(*between))
    assert refusal.value.code == "not_as_asked"
    assert sentence in refusal.value.sentence


def test_another_person_than_that_of_the_photo_does_not_pass(frames):
    with pytest.raises(BadInput) as refusal:
        liveness.check(
            scenes.photo("daniel"), shown(frames, "left", "open"), requested("left", "open")
        )
    assert refusal.value.code == "not_the_same_person"


def test_a_picture_of_nobody_or_of_two_is_refused_by_its_number(portrait, frames):
    room = scenes.ground(400, 500).astype(np.uint8)
    pair = np.hstack([frames["left"], frames["right"]])
    for picture, code in ((room, "no_face"), (pair, "many_faces")):
        with pytest.raises(BadInput) as refusal:
            liveness.check(
                portrait,
                [frames["straight"], picture, frames["open"], frames["again"]],
                requested("left", "open"),
            )
        assert (refusal.value.code, refusal.value.where["shot"]) == (code, 2)


@pytest.mark.parametrize("yaw", [-45, -30, 30, 45])
def test_a_turned_print_does_not_pass_for_a_turned_head(portrait, frames, yaw):
    """Even when every other picture is of the living person."""
    turn = "left" if yaw > 0 else "right"
    flat = print_of(frames["straight"], yaw, distance=1.3)
    with pytest.raises(BadInput) as refusal:
        liveness.check(
            portrait,
            [frames["straight"], flat, frames["open"], frames["again"]],
            requested(turn, "open"),
        )
    assert refusal.value.code in ("not_as_asked", "not_alive")


def test_a_print_is_explained_by_one_homography_and_a_head_is_not(frames):
    """The measure itself: well below the limit for prints at any angle, above it for a head."""
    from rendering.faces import tracker

    straight = tracker.find(frames["straight"])
    for yaw, pitch in ((20, 0), (-35, 0), (0, 30), (25, -20)):
        flat = tracker.find(print_of(frames["straight"], yaw, pitch))
        assert liveness.unexplained(straight, flat) < 0.7 * liveness.SOLID
    for turn in liveness.TURNS:
        assert liveness.unexplained(straight, tracker.find(frames[turn])) > 1.3 * liveness.SOLID


def test_a_picture_sent_twice_is_refused(portrait, frames):
    pictures = shown(frames, "left", "open")
    for doubled in (frames["straight"], again(frames["straight"], 5)):
        with pytest.raises(BadInput, match="one and the same"):
            liveness.check(portrait, [*pictures[:3], doubled], requested("left", "open"))


def test_the_saved_photo_is_refused_as_a_picture_of_the_camera(portrait, frames):
    pictures = shown(frames, "left", "open")
    with pytest.raises(BadInput, match="one and the same"):
        liveness.check(portrait, [again(portrait, 7), *pictures[1:]], requested("left", "open"))
