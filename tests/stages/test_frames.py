"""Frames: the person over the background, the mouth as the tracks ask, captions if wanted."""

import hashlib

import cv2
import numpy as np
import pytest

from rendering import faces
from rendering.faces import portrait, tracker
from rendering.faces.geometry import EYES
from rendering.stages import frames, motion
from rendering.values import (
    Background,
    BadInput,
    Canceled,
    Captions,
    LineSpec,
    Motion,
    Timing,
    VideoFormat,
    Word,
)

SMALL = VideoFormat.of("16:9", 360)
GROUND = Background("#336699")
FACE = 0.365 * 720
NO_WORDS = Timing((), (), 1.0, 0.01, np.zeros(1, np.float32), np.zeros(1, np.float32))


def moved(count=2, **tracks):
    return Motion(
        25,
        {name: np.full(count, tracks.get(name, 0.0), np.float32) for name in motion.TRACKS},
    )


def drawn(motion_, slug="maya", video=SMALL, background=GROUND, timing=NO_WORDS, captions=False):
    spec = LineSpec(
        "", slug, "preview", video=video, background=background, captions=Captions(captions)
    )
    silent = lambda stage, fraction: None  # noqa: E731
    avatar = faces.get(slug)
    return list(frames.run(motion_, spec=spec, avatar=avatar, timing=timing, report=silent))


@pytest.mark.parametrize("slug", ["maya", "daniel"])
@pytest.mark.parametrize("aspect", ["16:9", "9:16", "1:1"])
def test_the_person_stands_before_the_background(slug, aspect):
    video = VideoFormat.of(aspect, 360)
    frame = drawn(moved(1), slug, video)[0]
    assert frame.shape == (video.height, video.width, 3)
    assert frame.dtype == np.uint8
    corner = frame[:10, :10].reshape(-1, 3)
    assert (corner == (0x33, 0x66, 0x99)).all()
    foot = frame[-1]
    person = np.abs(foot.astype(int) - (0x33, 0x66, 0x99)).max(1) > 8
    assert person[video.width // 2]  # cut by the frame's foot, never floating
    assert person.mean() > 0.3


def test_the_background_is_untouched_beside_the_person():
    black, white = (
        drawn(moved(1), background=Background(colour))[0] for colour in ("#000000", "#ffffff")
    )
    inside = (np.abs(black.astype(int) - white) < 255).any(2)
    inside = cv2.dilate(inside.astype(np.uint8), np.ones((13, 13))) > 0
    assert 0.15 < inside.mean() < 0.7
    frame = drawn(moved(1, jaw=0.5, yaw=4.0, roll=2.0, breath=1.0))[0]
    assert (frame[~inside] == (0x33, 0x66, 0x99)).all()


def test_hair_takes_the_colour_behind_it():
    """Real alpha: at the edge of the hair the frame lies between person and background."""
    video = VideoFormat.of("16:9", 720)
    dark = drawn(moved(1), video=video, background=Background("#000000"))[0].astype(int)
    light = drawn(moved(1), video=video, background=Background("#ffffff"))[0].astype(int)
    through = (light - dark).mean(2)
    above = through[: VideoFormat.of("16:9", 720).height // 2]
    assert ((above > 60) & (above < 195)).sum() > 500


def test_a_picture_covers_the_frame(tmp_path):
    path = tmp_path / "wall.png"
    wall = np.zeros((300, 900, 3), np.uint8)
    wall[:, :450], wall[:, 450:] = (0, 0, 255), (255, 0, 0)  # red left, blue right, in BGR
    cv2.imwrite(str(path), wall)
    frame = drawn(moved(1), background=Background(picture=path, sha256="0" * 64))[0]
    assert tuple(frame[5, 5]) == (255, 0, 0)
    assert tuple(frame[5, -5]) == (0, 0, 255)


def test_equal_tracks_give_equal_pictures():
    def digest():
        found = drawn(moved(2, jaw=0.4, blink=0.7, yaw=0.8, gaze_x=0.5))
        return hashlib.sha256(b"".join(frame.tobytes() for frame in found)).hexdigest()

    assert digest() == digest()


def test_the_frame_at_rest_equals_the_frame_of_tracks_at_zero():
    pose = motion.rest("neutral")
    scene = frames.rest(
        LineSpec("", "maya", "preview", video=SMALL, background=GROUND),
        avatar=faces.get("maya"),
        pose=pose,
    )
    frame = drawn(moved(1))[0]
    apart = np.abs(scene.astype(int) - frame.astype(int))
    assert apart.max() <= 8
    assert apart.mean() < 0.2


@pytest.mark.parametrize("slug", ["maya", "daniel"])
def test_the_gap_of_the_lips_is_what_the_tracks_ask(slug):
    """Lips that must meet overlap; a wide vowel is a real hole; and no skin folds over."""
    face = portrait.portrait(faces.get(slug), FACE)
    zero = dict.fromkeys(motion.TRACKS, 0.0)
    size = face.face.height
    gap = lambda **tracks: face.fields.solve(zero | tracks)[1] / size  # noqa: E731
    assert gap() == 0
    assert gap(jaw=0.6, closure=1.0) < 0
    assert gap(jaw=0.9, lower=0.5, closure=1.0) < 0
    assert gap(jaw=0.15, upper=0.3, tuck=1.0) == pytest.approx(0.012, abs=1e-6)
    assert gap(jaw=0.6) > 0.04
    for pose in (
        {"jaw": 0.8, "upper": 0.3, "lower": 0.4},
        {"jaw": 0.2, "pucker": 1.1, "width": -0.7},
        {"jaw": 0.2, "width": 0.9, "upper": 0.4, "lower": 0.6},
        {"closure": 1.0, "jaw": 0.3},
    ):
        assert face.fold(zero | pose) > 0.2, pose


def test_an_open_mouth_shows_teeth_and_a_dark_cavity():
    face = portrait.portrait(faces.get("maya"), FACE)
    zero = dict.fromkeys(motion.TRACKS, 0.0)
    frame = face.draw(zero | {"jaw": 0.6, "upper": 0.25, "lower": 0.3})[..., :3]
    centre = face.face.mouth.astype(int)
    half = int(0.05 * face.face.height)
    box = frame[centre[1] - half : centre[1] + 2 * half, centre[0] - half : centre[0] + half]
    grey = box.astype(int).mean(2)
    spread = box.astype(int).max(2) - box.astype(int).min(2)
    assert ((grey > 110) & (spread < 45)).sum() > 40  # enamel
    assert (grey < 60).sum() > 40  # cavity


@pytest.mark.parametrize("slug", ["maya", "arthur", "ruth"])
def test_round_lips_arch_and_hide_the_teeth(slug):
    """Also for a face that smiles at rest, whose mouth would otherwise become half a circle full of teeth."""
    zero = dict.fromkeys(motion.TRACKS, 0.0)

    def read(**tracks):
        """How far the middle of the upper lip is below the corners, in face heights; the mouth's width; its light."""
        spec = LineSpec("", slug, "preview", video=VideoFormat.of("1:1", 720))
        frame = frames.rest(spec, avatar=faces.get(slug), pose=zero | tracks)
        points = tracker.find(frame)[:, :2]
        tall = np.linalg.norm(points[10] - points[152])
        below = (points[13, 1] - points[[78, 308], 1].mean()) / tall
        x, y = np.round(points[[13, 14]].mean(0)).astype(int)
        wide = np.linalg.norm(points[78] - points[308]) / tall
        return below, wide, frame[y - 3 : y + 4, x - 10 : x + 11].mean()

    arch, narrow, dark = read(jaw=0.18, width=-0.6, pucker=0.95, upper=0.05, lower=0.2)
    flat, wide, light = read(jaw=0.2, width=0.75, upper=0.35, lower=0.5)
    assert arch < min(0.002, flat - 0.004)
    assert narrow < 0.75 * wide
    assert dark < 60 < 120 < light


def test_a_blink_shuts_the_eyes():
    face = portrait.portrait(faces.get("daniel"), FACE)
    zero = dict.fromkeys(motion.TRACKS, 0.0)
    open_, shut = (face.draw(zero | {"blink": b})[..., :3] for b in (0.0, 1.0))
    for iris in (468, 473):
        at = face.face.flat[iris].astype(int)
        pupil = (slice(at[1] - 2, at[1] + 3), slice(at[0] - 2, at[0] + 3))
        assert np.abs(open_[pupil].astype(int) - shut[pupil].astype(int)).mean() > 15


@pytest.mark.parametrize("look", [4.0, -4.0])
@pytest.mark.parametrize("slug", ["maya", "daniel", "finn"])
def test_an_iris_that_looks_aside_stays_round(slug, look):
    """It equals the iris that looks ahead, moved to the side; the lids around it stand still."""
    drawn = portrait.portrait(faces.get(slug), 2 * FACE)
    face, zero = drawn.face, dict.fromkeys(motion.TRACKS, 0.0)
    ahead, aside = (drawn.draw(zero | {"gaze_x": x})[..., :3].astype(float) for x in (0.0, look))
    for eye in EYES:
        along = face.flat[eye.corners[1]] - face.flat[eye.corners[0]]
        along *= np.sign(along @ face.right)
        moved = along * look * 0.035
        outline = face.flat[[eye.corners[0], *eye.upper, eye.corners[1], *eye.lower[::-1]]]
        opening = np.zeros(face.shape, np.uint8)
        cv2.fillPoly(opening, [np.round(outline).astype(np.int32)], 1)
        opening = cv2.erode(opening, np.ones((5, 5), np.uint8)) > 0
        y, x = np.nonzero(opening)
        iris = np.hypot(*(np.stack([x, y], 1) - face.flat[eye.iris]).T) < 0.17 * abs(along[0])
        target = np.round(np.stack([x, y], 1)[iris] + moved).astype(int)
        still_open = opening[target[:, 1], target[:, 0]]
        target, origin = target[still_open], np.stack([x, y], 1)[iris][still_open]
        assert len(origin) > 100
        apart = np.abs(aside[target[:, 1], target[:, 0]] - ahead[origin[:, 1], origin[:, 0]])
        assert apart.mean() < 12
    above = slice(
        int(face.flat[EYES[0].upper, 1].min()) - 60, int(face.flat[EYES[0].upper, 1].min()) - 6
    )
    assert np.abs(aside[above] - ahead[above]).max() <= 3


def test_captions_stand_in_the_foot_of_the_frame():
    words = (Word("Hello", 0.0, 0.4), Word("there.", 0.4, 1.0))
    timing = Timing(words, (), 1.0, 0.01, np.zeros(1, np.float32), np.zeros(1, np.float32))
    plain = drawn(moved(10), timing=timing)
    burnt = drawn(moved(10), timing=timing, captions=True)
    changed = np.argwhere(np.abs(burnt[5].astype(int) - plain[5]).max(2) > 10)
    assert len(changed) > 500
    assert changed[:, 0].min() > 0.6 * SMALL.height
    assert changed[:, 0].max() < SMALL.height - 5


def test_a_report_may_cancel_the_drawing():
    def report(stage, fraction):
        assert stage == "frames"
        if fraction > 0.5:
            raise Canceled

    spec = LineSpec("", "maya", "preview", video=SMALL)
    avatar = faces.get("maya")
    made = frames.run(moved(20), spec=spec, avatar=avatar, timing=NO_WORDS, report=report)
    with pytest.raises(Canceled):
        list(made)


def test_an_unknown_avatar_is_named():
    with pytest.raises(BadInput, match=r"no avatar called 'maia'; try maya"):
        faces.get("maia")
