"""From a photo to a face: what is refused, how well the person is cut out, and that the result speaks."""

import functools

import cv2
import numpy as np
import pytest

from rendering import faces
from rendering.faces import (
    checks,
    geometry,
    identity,
    lids,
    matting,
    photo,
    portrait,
    teeth,
    tracker,
)
from rendering.faces.geometry import EYES, LOWER_INNER, OVAL, UPPER_INNER
from rendering.stages import frames, motion
from rendering.store import Store
from rendering.values import BadInput, LineSpec, VideoFormat
from tests.faces import scenes

REST = dict.fromkeys(motion.TRACKS, 0.0)


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    """(store, key, reported steps, findings) of the face made from Maya's photo."""
    folder = tmp_path_factory.mktemp("photo")
    steps = []
    source = scenes.file(scenes.photo("maya"), folder / "in.jpg")
    findings = photo.prepare(source, folder / "pack", lambda *step: steps.append(step))
    store = Store(folder / "store", reserve=0)
    return store, faces.write_pack(folder / "pack", store), steps, findings


def frame(pack, **tracks):
    store, key, *_ = pack
    video = VideoFormat.of("1:1", 720)
    spec = LineSpec("", key, "preview", video=video)
    return frames.rest(spec, avatar=faces.get(key, store), pose={**REST, **tracks})


def matches(one, other):
    return identity.distance(*(identity.embedding(p, tracker.find(p)) for p in (one, other)))


def covered(picture, colour):
    points = tracker.find(picture)
    changed = picture.copy()
    outline = points[[205, 50, 4, 280, 425, 365, 152, 136], :2]
    cv2.fillConvexPoly(changed, cv2.convexHull(np.round(outline).astype(np.int32)), colour)
    return cv2.GaussianBlur(changed, (0, 0), 1)


def clean():
    """Maya's picture without the noise of a camera."""
    colour, alpha = scenes.person("maya")
    return (colour * alpha[..., None] + 180 * (1 - alpha[..., None])).astype(np.uint8)


def edited(name):
    maya = scenes.photo("maya")
    return {
        "empty room": lambda: scenes.ground(900, 900).astype(np.uint8),
        "two": lambda: np.hstack([maya, cv2.resize(scenes.photo("daniel"), maya.shape[1::-1])]),
        "far": lambda: cv2.resize(maya, None, fx=0.3, fy=0.3, interpolation=cv2.INTER_AREA),
        "blurred": lambda: cv2.GaussianBlur(maya, (0, 0), 6),
        "dark": lambda: (maya * 0.12).astype(np.uint8),
        "bright": lambda: np.clip(maya * 2.4, 0, 255).astype(np.uint8),
        "mask": lambda: covered(maya, (150, 190, 220)),
        "drawing": lambda: (cv2.pyrMeanShiftFiltering(clean(), 20, 40) // 32 * 32).astype(np.uint8),
        "head cut": lambda: maya[int(tracker.find(maya)[10, 1]) - 20 :],
        "chin at the foot": lambda: maya[: int(tracker.find(maya)[152, 1]) + 40],
    }[name]()


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("empty room", "no_face"),
        ("two", "many_faces"),
        ("far", "face_too_small"),
        ("blurred", "not_sharp"),
        ("dark", "too_dark"),
        ("bright", "too_bright"),
        ("mask", "mouth_covered"),
        ("drawing", "not_a_photo"),
        ("head cut", "head_cut"),
        ("chin at the foot", "too_close"),
    ],
)
def test_an_unusable_photo_is_refused_with_a_sentence_and_a_picture(name, code, tmp_path):
    source = scenes.file(np.ascontiguousarray(edited(name)), tmp_path / "in.jpg", quality=97)
    with pytest.raises(photo.Refused) as refusal:
        photo.prepare(source, tmp_path / "pack", lambda *_: None)
    assert code in [finding.code for finding in refusal.value.findings]
    needs = [finding.needs for finding in refusal.value.findings if finding.needs]
    assert bool(needs) == (code in ("face_too_small", "head_cut", "too_close"))
    assert refusal.value.sentence.endswith(".")
    shown = cv2.imdecode(np.frombuffer(refusal.value.picture, np.uint8), cv2.IMREAD_COLOR)
    assert max(shown.shape) <= 800
    assert not list((tmp_path / "pack").iterdir())


def test_what_a_photo_should_show_is_drawn_beyond_its_edge():
    maya = scenes.photo("maya")
    foot = int(tracker.find(maya)[152, 1]) + 40
    with pytest.raises(photo.Refused) as refusal:
        photo.look(np.ascontiguousarray(maya[:foot]))
    shown = cv2.imdecode(np.frombuffer(refusal.value.picture, np.uint8), cv2.IMREAD_COLOR)
    rows, columns = shown.shape[:2]
    end = round(foot * columns / maya.shape[1])
    assert rows > 1.2 * end  # paper below the photo
    paper = shown[end + 5 :, :, ::-1].astype(int)
    green = (np.abs(paper - photo.GREEN).sum(-1) < 60).sum()
    assert green > 0.1 * columns


def test_a_file_that_is_no_picture_is_refused(tmp_path):
    (tmp_path / "in.jpg").write_bytes(b"not a picture" * 99)
    with pytest.raises(BadInput, match="not a JPEG"):
        photo.prepare(tmp_path / "in.jpg", tmp_path / "pack", lambda *_: None)


@functools.cache
def cut_out(slug, seed):
    """(matte, true matte, landmarks, height of the face) of a rendered person's photo."""
    picture = scenes.photo(slug, seed)
    points = tracker.find(picture)
    tall = np.linalg.norm(points[10, :2] - points[152, :2])
    return matting.matte(picture, points), scenes.person(slug)[1], points, tall


@pytest.mark.parametrize("seed", [3, 5])
@pytest.mark.parametrize("slug", ["maya", "daniel", *scenes.PEOPLE])
def test_the_matte_is_close_to_the_truth_at_hair_and_body(slug, seed):
    matte, alpha, points, tall = cut_out(slug, seed)
    wrong = np.abs(matte - alpha)
    # Within a tenth of a face of the true edge: above the chin that is the hair.
    side = 2 * int(0.1 * tall) + 1
    edge = ((alpha > 0.02) & (alpha < 0.98)).astype(np.uint8)
    band = cv2.dilate(edge, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))) > 0
    above = np.arange(len(alpha))[:, None] < points[152, 1]
    hair, body = float(wrong[band & above].mean()), float(wrong[band & ~above].mean())
    print(slug, seed, round(hair, 4), round(body, 4))
    assert hair <= 0.03
    assert body <= 0.04


@pytest.mark.parametrize("seed", [3, 5])
def test_the_temple_of_glasses_that_leaves_the_head_stays_whole(seed):
    matte, alpha, points, tall = cut_out("glasses", seed)
    rows = slice(int(points[33, 1] - 0.1 * tall), int(points[33, 1] + 0.1 * tall))
    columns = slice(0, int(points[234, 0] - 0.06 * tall))
    temple = alpha[rows, columns] > 0.95
    assert temple.sum() > 500
    assert matte[rows, columns][temple].mean() > 0.85


@pytest.mark.parametrize("slug", ["beard", "glasses"])
def test_no_veil_of_the_room_hangs_below_an_ear(slug):
    matte, alpha, points, tall = cut_out(slug, 3)
    rows = slice(int(points[454, 1]), int(points[152, 1] - 0.2 * tall))
    away = cv2.distanceTransform((alpha < 0.02).astype(np.uint8), cv2.DIST_L2, 3)
    veil = cv2.blur(matte, (5, 5))[rows][away[rows] > 0.015 * tall]
    assert veil.max() < 0.06


def test_preparing_a_photo_reports_its_steps_in_order(pack):
    _, _, steps, findings = pack
    assert list(dict.fromkeys(step for step, _ in steps)) == [
        *("reading", "checking", "cutting out", "preparing")
    ]
    assert steps[-1] == ("preparing", 1.0)
    assert findings == ()


def test_the_face_resembles_its_person_and_nobody_else(pack):
    drawn = frame(pack)
    distance = matches(scenes.photo("maya"), drawn)
    assert distance < 0.3
    assert matches(scenes.photo("daniel"), drawn) > identity.OTHER


def test_an_enlarged_face_is_still_the_photo(pack):
    """A face smaller than in the film is cut into layers at its own size; enlarged, they are the enlarged photo."""
    store, key, *_ = pack
    folder = faces.get(key, store).folder
    plate = cv2.imread(str(folder / "plate.png"), cv2.IMREAD_UNCHANGED).astype(np.float32)
    plate[..., :3] *= plate[..., 3:] / 255
    drawn = portrait.Portrait(faces.get(key, store), 700.0)
    assert drawn.scale > 1.2
    size = tuple(round(side * drawn.scale) for side in plate.shape[1::-1])
    whole = cv2.resize(plate, size, interpolation=cv2.INTER_CUBIC)[..., [2, 1, 0, 3]]
    x0, y0, x1, y1 = drawn.box
    head = drawn.draw(REST).astype(np.float32)
    body = drawn.draw_body(REST, x0, y0, x1 - x0, y1 - y0).astype(np.float32)
    laid = head + body * (1 - head[..., 3:] / 255)
    inside = [slice(max(0, y0), min(y1, size[1])), slice(max(0, x0), min(x1, size[0]))]
    part = laid[
        inside[0].start - y0 : inside[0].stop - y0, inside[1].start - x0 : inside[1].stop - x0
    ]
    apart = np.abs(part - whole[tuple(inside)].clip(0, 255))
    assert apart.mean() < 0.5
    assert np.percentile(apart, 99.9) < 12


def test_the_eyes_close_in_a_blink(pack):
    def shut(picture):
        shapes = tracker.expressions(tracker.find(picture))
        return min(shapes["blink_left"], shapes["blink_right"])

    assert shut(frame(pack)) < 0.3
    assert shut(frame(pack, blink=1.0)) > 0.4
    lid = frame(pack, blink=1.0)
    points = tracker.find(frame(pack))
    for eye in EYES:
        x, y = points[eye.iris, :2].round().astype(int)
        assert lid[y, x].mean() > 1.4 * frame(pack)[y, x].mean()  # skin where the pupil was


def lip_gap(picture):
    """Distance of the inner lips as the tracker sees it, as a part of the face's height."""
    points = tracker.find(picture)
    return np.linalg.norm(points[13] - points[14]) / np.linalg.norm(points[10] - points[152])


def test_an_open_smile_is_closed_and_keeps_its_teeth(tmp_path, pack):
    smiling = frame(pack, smile=0.6, jaw=0.25, upper=0.45, lower=0.7, width=0.4)
    large = cv2.resize(smiling, None, fx=2.4, fy=2.4, interpolation=cv2.INTER_CUBIC)
    source = scenes.file(np.ascontiguousarray(large), tmp_path / "in.jpg")
    findings = photo.prepare(source, tmp_path / "pack", lambda *_: None)
    assert [finding.code for finding in findings] == ["teeth_taken"]
    store = Store(tmp_path / "store", reserve=0)
    made = (store, faces.write_pack(tmp_path / "pack", store))
    # the tracker sees a gap between lips that are known to touch: lips are closed up to 1 % of the face above it
    assert lip_gap(frame(made)) < lip_gap(frame(pack)) + 0.01 < lip_gap(smiling)
    teeth = cv2.imread(str(tmp_path / "pack" / "upper.png"), cv2.IMREAD_UNCHANGED)
    light = teeth[teeth[..., 3] > 200][:, :3].min(1)
    assert np.percentile(light, 80) > 90


@pytest.mark.parametrize("slug", ["maya", "daniel", *scenes.PEOPLE])
def test_lent_teeth_have_the_light_and_the_colour_of_the_photo(slug):
    """Lighter than the cheeks, by less on light skin, and neither blue nor red; in the light of a lamp warmer."""
    picture = scenes.photo(slug)
    points = tracker.find(picture)
    for lamp in (np.ones(3), np.array([1.0, 0.86, 0.66])):
        lit = (picture * lamp).astype(np.uint8)
        cheeks = geometry.Face(lit, points).cheeks()
        shown = teeth.bright(teeth.lend(lit, points)[0]) * teeth.SHADED
        assert 1.0 < shown.mean() / cheeks.mean() < 2.2
        red, green, blue = shown / lamp / max(shown / lamp)
        assert 0.75 < blue <= green * 1.06
        assert green <= red * 1.1


def test_an_open_mouth_without_teeth_is_lent_some(pack):
    """What lies between the lips is taken for teeth only if it is as light and as white as they are."""
    open_ = frame(pack, jaw=0.5, lower=0.5, upper=0.5)
    points = tracker.find(open_)
    assert teeth.own(open_, points) is not None
    dark = open_.copy()
    lips = points[[*UPPER_INNER, *LOWER_INNER[::-1]], :2]
    cv2.fillPoly(dark, [np.round(lips).astype(np.int32)], (120, 60, 60))
    assert teeth.own(dark, points) is None


def test_lips_that_hardly_touch_are_closed_and_leave_no_teeth_on_the_lower_one(tmp_path, pack):
    parted = frame(pack, jaw=0.03, lower=0.15, upper=0.1)
    large = cv2.resize(parted, None, fx=2.4, fy=2.4, interpolation=cv2.INTER_CUBIC)
    assert 1.0 < checks.opening(tracker.find(large)) < checks.OPEN_MOUTH
    source = scenes.file(np.ascontiguousarray(large), tmp_path / "in.jpg")
    findings = photo.prepare(source, tmp_path / "pack", lambda *_: None)
    assert "teeth_taken" not in [finding.code for finding in findings]
    plate = cv2.imread(str(tmp_path / "pack" / "plate.png"), cv2.IMREAD_COLOR)[..., ::-1]
    points = tracker.find(np.ascontiguousarray(plate))
    lips = points[[*UPPER_INNER, *LOWER_INNER[::-1]], :2]
    mask = np.zeros(plate.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round(lips).astype(np.int32)], 1)
    mask = cv2.dilate(mask, np.ones((7, 7), np.uint8))
    assert (plate[mask > 0].min(-1) > 150).mean() < 0.02


def test_shut_lids_keep_no_ring_of_make_up():
    """A dark line drawn above the lashes, and winged at the corner, is gone where the lid has come down."""
    picture = scenes.photo("maya")
    points = tracker.find(picture)
    made_up = picture.copy()
    width = float(np.linalg.norm(points[33, :2] - points[133, :2]))
    for eye in EYES:
        line = points[[eye.corners[0], *eye.upper], :2] - (0, 0.17 * width)
        outer = line[0] + (line[0] - points[eye.corners[1], :2]) * 0.12 - (0, 0.05 * width)
        path = np.round(np.vstack([outer, line])).astype(np.int32)
        cv2.polylines(
            made_up, [path], False, (30, 22, 20), max(2, round(0.05 * width)), cv2.LINE_AA
        )
    _, shut, (x, y, _, _) = lids.make(made_up, points)
    _, plain, (x2, y2, _, _) = lids.make(picture, points)

    def light(tile, corner, eye):
        """Of the lid between brow and lashes, from corner to corner."""
        where = points[eye.upper, :2] - (0, 0.17 * width) - corner
        columns, rows = np.round(where).astype(int).T
        return tile[rows, columns].mean(-1)

    for eye in EYES:
        assert (light(shut, (x, y), eye) > 0.8 * light(plain, (x2, y2), eye)).all()


def test_a_scarf_beside_the_face_does_not_darken_the_lids():
    picture = scenes.photo("maya")
    points = tracker.find(picture)
    tall = float(np.linalg.norm(points[10, :2] - points[152, :2]))
    middle = points[OVAL, :2].mean(0)
    points[OVAL, :2] = middle + (points[OVAL, :2] - middle) * (0.84, 1)  # to beside the eyes
    outside = np.ones(picture.shape[:2], np.uint8)
    cv2.fillConvexPoly(outside, cv2.convexHull(np.round(points[OVAL, :2]).astype(np.int32)), 0)
    near = outside * (np.abs(np.arange(len(picture))[:, None] - points[33, 1]) < 0.5 * tall)
    wrapped = np.where(near[..., None] > 0, np.uint8(12), picture)
    (_, shut, (x, y, _, _)), (_, plain, (x2, y2, _, _)) = (
        lids.make(each, points) for each in (np.ascontiguousarray(wrapped), picture)
    )
    for eye in EYES:
        outer, inner = points[list(eye.corners), :2]
        beside = [outer + share * (outer - inner) for share in (-0.2, -0.1, 0.0)]
        columns, rows = np.round(beside).astype(int).T
        dark = shut[rows - y, columns - x].mean(-1) / plain[rows - y2, columns - x2].mean(-1)
        assert dark.min() > 0.85


def test_a_blink_paints_nothing_beside_the_head(pack):
    store, key, *_ = pack
    person = portrait.Portrait(faces.get(key, store), 300.0)
    cut = person.rgba.copy()
    edge = person.eyes.area[1].start + 30
    cut[:, :edge] = 0  # as if the head looked aside, and an eye lay at its outline
    person.eyes.paint(cut, 1.0, 0.0, 0.0)
    assert not cut[:, :edge].any()


def test_equal_photos_make_equal_packs(tmp_path, pack):
    store, key, *_ = pack
    source = scenes.file(scenes.photo("maya"), tmp_path / "again.jpg")
    photo.prepare(source, tmp_path / "pack", lambda *_: None)
    assert faces.write_pack(tmp_path / "pack", store) == key


def test_a_forgotten_pack_is_refused_as_deleted(tmp_path):
    with pytest.raises(BadInput, match="deleted"):
        faces.get("ab" * 32, Store(tmp_path, reserve=0))


def findings(picture):
    found = checks.faces(picture)
    return checks.check(picture, found, tracker.landmarks(picture, found[0]))


def test_a_small_face_is_taken_with_a_word_on_what_it_is_good_for():
    maya = scenes.photo("maya")
    points = tracker.find(maya)
    scale = 200 / np.linalg.norm(points[454] - points[234])
    small = cv2.resize(maya, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    (hint,) = findings(small)
    assert (hint.code, hint.refused) == ("face_small", False)
    assert "720p" in hint.sentence


def test_a_mouth_of_another_colour_is_asked_about_and_a_mask_is_refused():
    maya = scenes.photo("maya")
    skin = np.median(maya[tracker.find(maya)[[205, 425], 1].astype(int)], 0).mean(0)
    for share, code, refused in ((0.45, "maybe_covered", False), (1.0, "mouth_covered", True)):
        colour = skin + share * (np.array([150, 190, 220]) - skin)
        (found,) = [one for one in findings(covered(maya, tuple(colour))) if "covered" in one.code]
        assert (found.code, found.refused, found.asks) == (
            code,
            refused,
            "" if refused else "mouth_free",
        )


def test_a_photo_without_colours_speaks_without_colours(tmp_path):
    picture = cv2.cvtColor(
        cv2.cvtColor(scenes.photo("maya"), cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB
    )
    sepia = np.clip(picture * np.array([1.05, 1.0, 0.86]), 0, 255).astype(np.uint8)
    photo.prepare(scenes.file(sepia, tmp_path / "in.jpg"), tmp_path / "pack", lambda *_: None)
    store = Store(tmp_path / "store", reserve=0)
    made = (store, faces.write_pack(tmp_path / "pack", store))
    spoken = frame(made, jaw=0.7, lower=0.4, upper=0.3)
    shut = frame(made, blink=1.0)
    points = tracker.find(spoken)
    low, high = points[:, :2].min(0).astype(int), points[:, :2].max(0).astype(int)
    for shown in (spoken, shut):
        part = cv2.cvtColor(
            shown[low[1] : high[1], low[0] : high[0]].astype(np.float32) / 255, cv2.COLOR_RGB2LAB
        )
        assert np.percentile(np.abs(part[..., 1]), 99) < 5  # no red
