"""A cut-out corrected by hand: strokes are read, drawn, and obeyed, but for the face."""

import contextlib

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rendering import faces
from rendering.faces import Avatar, brush, photo, portrait, tracker
from rendering.stages import frames, motion
from rendering.store import Store
from rendering.values import BadInput, LineSpec, VideoFormat
from tests.faces import scenes

json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["keep", "radius", "points"]), inner)
    ),
)
places = st.tuples(st.floats(0, 1), st.floats(0, 1))
strokes = st.builds(
    brush.Stroke,
    keep=st.booleans(),
    radius=st.floats(brush.THINNEST, brush.WIDEST),
    points=st.lists(places, min_size=1, max_size=6).map(tuple),
)


@given(json | st.lists(json))
def test_whatever_is_sent_is_strokes_or_a_sentence(sent):
    found = []
    with contextlib.suppress(BadInput):
        found = brush.read(sent)
    assert brush.read([stroke.plain for stroke in found]) == found


@given(st.lists(strokes, max_size=5), st.integers(1, 60), st.integers(1, 60))
def test_strokes_stay_in_the_picture_and_the_last_one_counts(many, rows, columns):
    marks = brush.painted(many, rows, columns)
    assert marks.shape == (rows, columns)
    assert set(np.unique(marks)) <= {-1, 0, 1}
    if many:
        x, y = many[-1].points[-1]
        at = round(y * (rows - 1)), round(x * (columns - 1))
        assert marks[at] == (1 if many[-1].keep else -1)


def test_too_many_strokes_and_points_are_refused():
    one = {"keep": True, "radius": 0.1, "points": [[0.5, 0.5]]}
    with pytest.raises(BadInput, match="at most 300"):
        brush.read([one] * (brush.MOST_STROKES + 1))
    with pytest.raises(BadInput, match="larger brush"):
        brush.read([{**one, "points": [[0.5, 0.5]] * (brush.MOST_POINTS + 1)}])


def made(tmp_path, name, **options):
    """(alpha of the plate, landmarks, the avatar) of Maya's photo."""
    source = scenes.file(scenes.photo("maya"), tmp_path / f"{name}.jpg")
    photo.prepare(source, tmp_path / name, lambda *_: None, **options)
    alpha = cv2.imread(str(tmp_path / name / "plate.png"), cv2.IMREAD_UNCHANGED)[..., 3]
    avatar = Avatar("0" * 64, "", "", (), "", "", "", "0" * 64, tmp_path / name)
    return alpha, avatar


def test_what_is_painted_stays_or_goes_and_the_face_always_stays(tmp_path):
    taken = [
        {
            "keep": False,
            "radius": 0.25,
            "points": [[x, y] for y in (0.1, 0.5, 0.9) for x in (0.2, 0.5, 0.8)],
        }
    ]
    kept = [{"keep": True, "radius": 0.04, "points": [[0.05, 0.05], [0.3, 0.05]]}]
    alpha, _ = made(tmp_path, "corrected", strokes=brush.read([*taken, *kept]))
    rows, columns = alpha.shape
    assert alpha[int(0.05 * rows), int(0.1 * columns)] > 250
    assert alpha[int(0.95 * rows), int(0.5 * columns)] < 5
    picture = cv2.imread(str(tmp_path / "corrected" / "photo.jpg"))[..., ::-1]
    points = tracker.find(np.ascontiguousarray(picture))
    nose = np.round(points[1, :2]).astype(int)
    assert alpha[nose[1], nose[0]] == 255


def test_the_photos_own_background_fills_the_frame_and_shows_nobody_behind_the_head(tmp_path):
    _, avatar = made(tmp_path, "own", own_ground=True)
    store = Store(tmp_path / "store", reserve=0)
    key = faces.write_pack(avatar.folder, store)
    video = VideoFormat.of("9:16", 360)
    spec = LineSpec("", key, "preview", video=video)
    rest = frames.rest(spec, avatar=faces.get(key, store), pose=motion.rest("neutral"))
    ground = np.array([0xE9, 0xE4, 0xDC])
    assert (
        np.abs(rest[[0, -1]].astype(int) - ground).sum(-1) > 12
    ).mean() > 0.9  # nowhere the scene's
    poster = cv2.imread(str(tmp_path / "own" / "poster.webp"))[..., ::-1]
    assert (np.abs(poster[:40].astype(int) - ground).sum(-1) > 12).mean() > 0.9
    person = portrait.Portrait(faces.get(key, store), 200.0)
    assert person.body[..., 3].min() == 255
    x, y = np.round(person.face.flat[1]).astype(int) + person.box[:2]
    with pytest.raises(LookupError):
        tracker.find(np.ascontiguousarray(person.body[..., :3]))
    assert person.body[y, x, 3] == 255
