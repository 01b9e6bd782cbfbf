"""The head moves as one piece over a body that stands still, and at rest both together are the picture again."""

import json

import cv2
import numpy as np
import pytest

from rendering import faces
from rendering.faces import Avatar, layers, photo, portrait, tracker, turns
from rendering.faces.geometry import OVAL
from rendering.stages import composition, frames, motion
from rendering.values import Background, LineSpec, VideoFormat
from tests.faces import scenes

VIDEO = VideoFormat.of("16:9", 720)
REST = dict.fromkeys(motion.TRACKS, 0.0)
SLUGS = ["maya", "daniel"]


class Scene:
    """A person in the middle of the frame, before a colour."""

    def __init__(self, slug):
        spec = LineSpec("", slug, "preview", video=VIDEO, background=Background("#cc3399"))
        person = frames.Drawn(spec, faces.get(slug))
        self.portrait = person.portrait
        self.composed = composition.Composition(spec, person, words=(), seconds=1.0)
        self.at = (self.composed.left, self.composed.top)
        self.columns = (person.body.left + self.at[0], person.body.right + self.at[0])

    def frame(self, tracks):
        return self.composed.still(tracks)


@pytest.fixture(scope="module", params=SLUGS)
def scene(request):
    return Scene(request.param)


def place(scene, units):
    """Pixel of the frame at these face units."""
    face = scene.portrait.face
    corner = np.array([scene.portrait.box[0], scene.portrait.box[1]]) + scene.at
    return face.place(np.array(units)) + corner


def moved(scene, points, **tracks):
    """The positions to which points of the head move (both in face units): the inverse of the engine's own map."""
    fields = scene.portrait.fields
    pose = {**REST, **tracks}
    source = fields.head(
        *(pose[name] for name in ("yaw", "pitch", "roll", "shift_x", "shift_y")),
        fields.standing(scene.portrait.foot, *scene.portrait.stance(pose)),
    )
    found = []
    for point in points:
        at = scene.portrait.face.place(np.array(point))
        for _ in range(8):
            at = at - (
                fields.sample(source, at[None])[0] - scene.portrait.face.place(np.array(point))
            )
        found.append(scene.portrait.face.local(at))
    return np.array(found)


@pytest.mark.parametrize(
    "tracks",
    [
        {"roll": 5.0},
        {"yaw": 7.0},
        {"pitch": -6.0},
        {"shift_x": 0.02, "shift_y": -0.02, "yaw": -3.0, "roll": -2.0},
    ],
)
def test_hair_keeps_its_shape_as_the_head_moves(scene, tracks):
    """Distances among points of the hair, from ear over crown to ear, stay: nothing stretches as the head turns."""
    face = scene.portrait.face
    oval = face.local(face.flat[OVAL])
    middle, half = oval.mean(0), np.ptp(oval, 0) / 2
    angles = np.radians(np.linspace(175, 365, 9))
    hair = middle + 1.5 * half * np.stack([np.cos(angles), np.sin(angles)], 1)
    after = moved(scene, hair, **tracks)
    assert np.abs(after - hair).max() > 0.004  # it did move

    def apart(points):
        points = np.array(points)
        return np.linalg.norm(points[:, None] - points[None], axis=2)

    before = apart(hair)
    far = before > 0.05
    assert np.abs(apart(after) / np.maximum(before, 1e-9) - 1)[far].max() < 0.012


def test_the_body_stands_still_while_the_head_turns(scene):
    """Without breath and lean the pixels of shoulders and chest are the same to the bit."""
    still = scene.frame(REST)
    turned = scene.frame({**REST, "pitch": 5.0, "jaw": 0.6, "blink": 1.0})
    chin = place(scene, scene.portrait.face.local(scene.portrait.face.flat[152]))[1]
    rows = slice(int(chin + 0.75 * scene.portrait.face.height), None)
    assert np.array_equal(still[rows], turned[rows])
    assert not np.array_equal(still[: int(chin)], turned[: int(chin)])


def test_the_body_breathes_and_its_foot_does_not(scene):
    low, high = (scene.frame({**REST, "breath": breath}) for breath in (-1.0, 1.0))
    left, right = scene.columns
    ground = np.array([0xCC, 0x33, 0x99])

    def edge(frame):
        """Height of the left shoulder: the topmost row that is not background, halfway out."""
        x = round(0.78 * left + 0.22 * right)
        band = np.abs(frame[:, x - 6 : x + 7].astype(float) - ground).sum(2).mean(1) / 300
        first = int(np.argmax(band > 0.5))
        return first - (band[first] - 0.5) / max(band[first] - band[first - 1], 1e-6)

    assert 0.8 < edge(low) - edge(high) < 3.0
    rows, columns = scene.portrait.body.shape[:2]
    foot = [
        scene.portrait.draw_body({**REST, "breath": breath}, 0, rows - 1, columns, 1).astype(int)
        for breath in (-1.0, 1.0)
    ]
    assert np.abs(foot[0] - foot[1]).max() <= 1


@pytest.mark.parametrize("slug", SLUGS)
def test_at_rest_both_layers_together_are_the_picture(slug):
    folder = faces.get(slug).folder
    plate = cv2.cvtColor(cv2.imread(str(folder / "plate.png"), -1), cv2.COLOR_BGRA2RGBA)
    small = cv2.resize(plate, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA).astype(float)
    small[..., :3] *= small[..., 3:] / 255
    points = np.array(json.loads((folder / "landmarks.json").read_text())) * 0.5
    found = layers.part(small.astype(np.uint8), points)
    laid = found.head + (1 - found.head[..., 3:] / 255) * found.body
    assert np.abs(laid - small).mean() < 0.25
    assert (np.abs(laid - small) > 12).mean() < 0.001
    # The head's picture holds the crown and no sleeve; the body's holds no face.
    mouth = points[13, :2].astype(int)
    assert found.head[mouth[1], mouth[0], 3] == 255
    assert found.body[mouth[1] - 20, mouth[0], 3] == 0
    assert found.head[-40:, :, 3].max() == 0


def test_no_specks_stand_beside_a_neck_in_a_dark_collar():
    """The parts that move with the head hang together, without the noise by which two pictures of a dark collar differ."""
    person = portrait.Portrait(faces.get("finn"), 420.0)
    (x, y), tall = person.face.flat[152], person.face.height
    rows = slice(int(y - 0.08 * tall), int(y + 0.3 * tall))
    columns = slice(int(x - 0.5 * tall), int(x + 0.5 * tall))
    covered = (person.rgba[rows, columns, 3] > 20).astype(np.uint8)
    parts, holes = (cv2.connectedComponentsWithStats(mask)[2] for mask in (covered, 1 - covered))
    assert sum(int((part[1:, 4] < 60).sum()) for part in (parts, holes)) <= 6


def test_the_neck_of_a_photo_does_not_show_beside_a_turned_head():
    """Below the jaw the body's neck is narrower than the head's on both sides; at the collar they are one."""
    colour, alpha = scenes.person("glasses")
    points = tracker.find(scenes.photo("glasses"))
    plate = np.dstack([colour * alpha[..., None], 255 * alpha]).clip(0, 255).astype(np.uint8)
    found = layers.part(plate, points)
    tall = np.linalg.norm(points[10, :2] - points[152, :2])

    def sides(picture, down):
        solid = np.flatnonzero(picture[int(points[152, 1] + down * tall), :, 3] > 128)
        return solid[[0, -1]] / tall

    for down in (0.03, 0.05):
        (left, right), (body_left, body_right) = (
            sides(layer, down) for layer in (found.head, found.body)
        )
        assert body_left - left > 0.008
        assert right - body_right > 0.008
    # Nothing of a shoulder moves with the head.
    left, right = sides(found.head, 0.15)
    assert right - left < 0.66


def test_a_collar_beside_the_jaw_goes_on_behind_a_turned_head(tmp_path):
    """The ring of a suit, through which a little of the room is seen, does not end where the head begins."""
    picture = cv2.resize(
        scenes.real("astronaut"), None, fx=3.2, fy=3.2, interpolation=cv2.INTER_CUBIC
    )
    photo.prepare(scenes.file(picture, tmp_path / "in.jpg"), tmp_path / "pack", lambda *_: None)
    read = cv2.imread(str(tmp_path / "pack" / "plate.png"), cv2.IMREAD_UNCHANGED)
    plate = cv2.cvtColor(read, cv2.COLOR_BGRA2RGBA).astype(np.float32)
    plate[..., :3] *= plate[..., 3:] / 255
    points = np.array(json.loads((tmp_path / "pack" / "landmarks.json").read_text()))
    found = layers.part(plate.astype(np.uint8), points)
    tall, (x, y) = np.linalg.norm(points[10, :2] - points[152, :2]), points[152, :2]
    rows = slice(int(y - 0.25 * tall), int(y + 0.1 * tall))
    columns = slice(int(x - 0.75 * tall), int(x + 0.75 * tall))

    def slits(turned):
        """Pixels in gaps between head and body when the head has moved this far to the right (face heights)."""
        move = np.array([[1, 0, turned * tall], [0, 1, 0]])
        head = cv2.warpAffine(found.head, move, found.head.shape[1::-1])[..., 3] / 255
        solid = (head + found.body[..., 3] / 255 * (1 - head))[rows, columns]
        covered = (solid > 0.6).astype(np.uint8)
        side = 2 * round(0.04 * tall) + 1
        closed = cv2.morphologyEx(covered, cv2.MORPH_CLOSE, np.ones((1, side), np.uint8))
        return int((closed > covered).sum())

    assert slits(0.04) <= slits(0) + 20
    assert hard_edges(found, points) == 0


RENDERED = [*scenes.PEOPLE, "clara", *(face.slug for face in faces.stock())]


def _mirrored(picture, mirrored):
    return np.ascontiguousarray(picture[:, ::-1]) if mirrored else picture


@pytest.mark.parametrize(
    ("slug", "mirrored"),
    [
        *((slug, False) for slug in scenes.PEOPLE),
        *(
            pytest.param(slug, mirrored, marks=pytest.mark.long)
            for slug in RENDERED
            for mirrored in (False, True)
            if mirrored or slug not in scenes.PEOPLE
        ),
    ],
)
def test_no_background_is_seen_between_the_head_and_the_body_of_a_photo(slug, mirrored, tmp_path):
    """As far as the head of each photo may turn; the mirrored ones stand for others, since no step is symmetric."""
    source = scenes.file(_mirrored(scenes.photo(slug), mirrored), tmp_path / "in.jpg")
    photo.prepare(source, tmp_path / "pack", lambda *_: None)
    avatar = Avatar("0" * 64, "", "", (), "", "", "", "0" * 64, tmp_path / "pack")
    turn, tilt = faces.reach(avatar)
    person = portrait.Portrait(avatar, turns.FACE)
    least = turns.cracks(person, {})
    for pose in (*turns.poses(turn), *turns.tilts(tilt)):
        assert turns.cracks(person, pose) <= least + 30, (turn, tilt, pose)


def hard_edges(found, points):
    """Columns in which the body ends in a hard edge behind the head, where it shows when the head rises."""
    tall, (x, y) = np.linalg.norm(points[10, :2] - points[152, :2]), points[152, :2]
    rows = slice(int(y - 0.4 * tall), int(y - 0.05 * tall))
    columns = slice(int(x - 0.4 * tall), int(x + 0.4 * tall))
    step = np.abs(np.diff(found.body[..., 3].astype(int), axis=0))[rows, columns]
    hidden = found.head[1:, :, 3][rows, columns] > 240
    steps = ((step > 60) & hidden).sum(1)
    return int(steps[steps > 4].sum())


def test_a_collar_runs_out_softly_behind_a_beard():
    colour, alpha = scenes.person("beard")
    points = tracker.find(scenes.photo("beard"))
    plate = np.dstack([colour * alpha[..., None], 255 * alpha]).clip(0, 255).astype(np.uint8)
    assert hard_edges(layers.part(plate, points), points) == 0


@pytest.mark.parametrize("slug", ["maya", "mei"])
def test_nothing_of_a_collar_moves_with_hair_that_throws_a_shadow_on_it(slug):
    """The body's own picture has neither hair nor its shadow; pixels that differ by shadow alone stay with the body."""
    person = portrait.Portrait(faces.get(slug), 420.0)
    x0, y0, x1, y1 = person.box
    folder = faces.get(slug).folder
    x, y, wide, tall = json.loads((folder / "avatar.json").read_text())["tiles"]["body"]
    plate = cv2.imread(str(folder / "plate.png"), cv2.IMREAD_UNCHANGED)
    head = np.zeros(plate.shape[:2], np.uint8)
    head[y : y + tall, x : x + wide] = cv2.imread(str(folder / "head.png"), cv2.IMREAD_GRAYSCALE)
    size = (round(head.shape[1] * person.scale), round(head.shape[0] * person.scale))
    head = cv2.resize(head, size, interpolation=cv2.INTER_AREA)
    rows = slice(int(person.face.flat[152, 1]), int(person.face.flat[152, 1] + 0.45 * 420))
    bare = (cv2.dilate(head, np.ones((3, 3))) < 3)[max(0, y0) : y1, max(0, x0) : x1]
    bare = cv2.copyMakeBorder(
        bare.astype(np.uint8), max(0, -y0), 0, max(0, -x0), 0, cv2.BORDER_CONSTANT, value=0
    )
    moved = person.rgba[: len(bare), : bare.shape[1], 3] > 40
    assert int((moved & (bare > 0))[rows].sum()) <= 300


def test_no_slit_opens_between_a_jaw_and_a_high_collar():
    """Maya's collar reaches above her chin on one side; it goes on behind the jaw there, too."""
    person = portrait.Portrait(faces.get("maya"), 420.0)
    x0, y0, x1, y1 = person.box
    (x, y), tall = person.face.flat[152], person.face.height
    rows = slice(int(y - 0.2 * tall), int(y + 0.1 * tall))
    part = (
        rows,
        slice(int(x - 0.28 * tall), int(x + 0.4 * tall)),
    )  # between the hair on both sides
    for pose in ({"roll": -4.0, "yaw": -2.0}, {"roll": 4.0, "yaw": 2.0}, {"pitch": -6.0}):
        tracks = {**REST, **pose}
        head = person.draw(tracks)[..., 3] / 255
        solid = head + person.draw_body(tracks, x0, y0, x1 - x0, y1 - y0)[..., 3] / 255 * (1 - head)
        assert int((solid[part] < 0.7).sum()) <= 10, pose
