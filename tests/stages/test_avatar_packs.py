"""The stock avatars that ship: every pack is whole, described truthfully and fit to animate."""

from __future__ import annotations

import hashlib
import importlib.util
import itertools
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from rendering import faces, voices
from rendering.faces import identity, tracker

AVATARS = Path(__file__).parents[2] / "rendering/assets/avatars"
BACKGROUND = (0xE9, 0xE4, 0xDC)
SLUGS = sorted(path.parent.name for path in AVATARS.glob("*/avatar.json"))


def facts(slug: str) -> dict:
    return json.loads((AVATARS / slug / "avatar.json").read_text())


def picture(slug: str, name: str) -> np.ndarray:
    with Image.open(AVATARS / slug / name) as opened:
        return np.asarray(opened).astype(float)


def points(slug: str) -> np.ndarray:
    return np.array(json.loads((AVATARS / slug / facts(slug)["landmarks"]).read_text()))


PEOPLE = [slug for slug in SLUGS if facts(slug)["of"] == slug]
"""The first look of each person."""


def test_the_cast_has_eight_people_with_two_looks_and_a_voice_each():
    looks = [sum(facts(slug)["of"] == person for slug in SLUGS) for person in PEOPLE]
    assert len(looks) >= 8
    assert min(looks) >= 2
    tags = {tag for slug in PEOPLE for tag in facts(slug)["tags"]}
    assert {"woman", "man", "twenties", "thirties", "sixties"} <= tags
    voices_of_all = [facts(person)["voice"] for person in PEOPLE]
    assert len(set(voices_of_all)) == len(PEOPLE)


@pytest.mark.parametrize("slug", SLUGS)
def test_a_plate_is_at_least_1440_pixels_high(slug):
    assert picture(slug, "plate.png").shape[0] >= 1440


def test_looks_of_a_person_are_listed_together():
    for avatar in faces.stock():
        found = faces.looks(avatar)
        assert avatar in found
        assert found[0].slug == avatar.of
        assert len({other.look for other in found}) == len(found)


@pytest.mark.parametrize("slug", SLUGS)
def test_a_pack_describes_itself(slug):
    described = facts(slug)
    assert described["slug"] == slug
    assert described["name"]
    assert described["description"].endswith(".")
    assert len(described["tags"]) >= 3
    assert described["of"] in SLUGS
    assert described["look"]
    assert described["licence"] == "CC0-1.0"
    assert "CC0" in described["source"]
    assert voices.get(described["voice"]).language.startswith("en")
    assert (
        described["sha256"]
        == hashlib.sha256((AVATARS / slug / "plate.png").read_bytes()).hexdigest()
    )


def test_the_licence_names_every_avatar_and_mesh():
    text = (AVATARS / "LICENSE.md").read_text()
    assert "CC0 1.0" in text
    assert all(f"`{slug}/`" in text for slug in PEOPLE)
    wardrobe = (AVATARS / "build/wardrobe.py").read_text()
    meshes = set(re.findall(r"(?:fe)?male_[a-z]+\d\d", wardrobe))
    assert len(meshes) >= 5
    assert all(mesh in text for mesh in meshes)


def test_the_packs_stay_small():
    shipped = [path for slug in SLUGS for path in (AVATARS / slug).iterdir()]
    assert sum(path.stat().st_size for path in shipped) < 80_000_000
    assert max(path.stat().st_size for path in shipped) < 4_000_000


@pytest.mark.parametrize("slug", SLUGS)
def test_the_body_stands_behind_the_head_and_both_are_the_plate(slug):
    described, plate = facts(slug), picture(slug, "plate.png")
    if "body" not in described["tiles"]:
        pytest.skip("This pack is in one piece.")
    assert described["tiles"]["head"] == described["tiles"]["body"]
    x, y, width, height = described["tiles"]["body"]
    body, head = picture(slug, "body.png"), picture(slug, "head.png")
    assert body.shape == (height, width, 4)
    assert head.shape == (height, width)
    under = plate[y : y + height, x : x + width]
    assert (head <= under[..., 3]).all()
    found = points(slug)
    column, row = found[1, :2].round().astype(int) - (x, y)
    assert head[row, column] > 250
    assert body[row, column, 3] < 5  # nothing is left where the nose was
    share = head[..., None] / 255

    def laid(pixels):
        covered = pixels[..., 3:] / 255
        return pixels[..., :3] * covered + np.array(BACKGROUND) * (1 - covered)

    far = ndimage.distance_transform_edt(head == 0) > 30
    assert np.abs(laid(body) - laid(under))[far].max() < 6  # the clothes are the same clothes
    again = under[..., :3] * share + laid(body) * (1 - share)
    assert np.abs(again - laid(under)).mean() < 3  # both together are the picture


@pytest.mark.parametrize("slug", SLUGS)
def test_the_plate_has_soft_edges_and_a_clear_ground(slug):
    plate = picture(slug, "plate.png")
    assert list(plate.shape[1::-1]) == facts(slug)["size"]
    assert plate.shape[2] == 4
    alpha = plate[..., 3]
    assert (alpha[0] == 0).all()
    assert (alpha[: len(alpha) // 3, [0, -1]] == 0).all()
    assert (alpha > 250).mean() > 0.3
    assert 0.001 < ((alpha > 8) & (alpha < 247)).mean() < 0.08
    middle = alpha.shape[1] // 2
    assert alpha[-1, middle - 200 : middle + 200].min() == 255  # the chest runs off the picture


@pytest.mark.parametrize("slug", SLUGS)
def test_no_dark_fringe_where_the_person_ends(slug):
    plate = picture(slug, "plate.png")
    clear = plate[..., 3] == 0
    beside = clear & (np.roll(plate[..., 3], 1, 0) > 128)
    assert beside.sum() > 20
    assert (plate[beside][:, :3].sum(1) > 0).mean() > 0.95  # the person's own colour, not black


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize("name", ["blink", "half"])
def test_a_tile_fits_its_place(slug, name):
    x, y, width, height = facts(slug)["tiles"][name]
    tile, plate = picture(slug, f"{name}.png"), picture(slug, "plate.png")
    assert tile.shape == (height, width, 4)
    below = plate[y : y + height, x : x + width]
    assert below.shape == tile.shape
    rim = np.ones((height, width), bool)
    rim[2:-2, 2:-2] = False
    assert np.abs(tile - below)[rim].max() < 12  # no seam
    middle = np.s_[height // 3 : -height // 3, width // 4 : -width // 4]
    assert np.abs(tile - below)[middle][..., :3].mean() > 2  # and not the plate once more


@pytest.mark.parametrize("slug", SLUGS)
def test_tiles_show_shut_lids_and_teeth(slug):
    described, found, plate = facts(slug), points(slug), picture(slug, "plate.png")

    x, y, *_ = described["tiles"]["blink"]
    blink = picture(slug, "blink.png")
    for pupil in (468, 473):
        column, row = found[pupil, :2].round().astype(int)
        in_plate = np.s_[row - 5 : row + 6, column - 5 : column + 6, :3]
        in_tile = np.s_[row - y - 5 : row - y + 6, column - x - 5 : column - x + 6, :3]
        pupil = np.percentile(plate[in_plate].mean(-1), 10)
        assert np.percentile(blink[in_tile].mean(-1), 10) > 1.3 * pupil  # skin where it was
    teeth = picture(slug, "upper.png")
    colours = teeth[teeth[..., 3] > 200][:, :3]
    assert ((colours.min(1) > 110) & (np.ptp(colours, axis=1) < 40)).mean() > 0.6


@pytest.mark.parametrize("slug", SLUGS)
def test_landmarks_lie_on_the_person_and_the_mouth_is_shut(slug):
    found, alpha = points(slug), picture(slug, "plate.png")[..., 3]
    assert found.shape == (478, 3)
    columns, rows = found[:, :2].round().astype(int).T
    assert (alpha[rows, columns] > 200).mean() > 0.97
    face = np.linalg.norm(found[10, :2] - found[152, :2])
    assert 0.25 < face / alpha.shape[0] < 0.45
    lips = found[[13, 82, 312], 1] - found[[14, 87, 317], 1]
    assert np.abs(lips).mean() / face < 0.03
    for top, bottom in ((159, 145), (386, 374)):
        assert (found[bottom, 1] - found[top, 1]) / face > 0.02  # both eyes are open


LIKE_PEOPLE = {
    "iris": (0.160, 0.220),
    "eye": (0.375, 0.480),
    "width": (1.80, 2.45),
    "width : height": (0.68, 0.91),
}
"""Parts of the distance between the pupils, and of the face's height: a little more than 45 portraits of real people span."""


@pytest.mark.parametrize("slug", SLUGS)
def test_a_face_has_the_proportions_of_people(slug):
    found = points(slug)[:, :2]

    def apart(first, second):
        return np.linalg.norm(found[first] - found[second])

    pupils, width = apart(468, 473), apart(234, 454)
    irises = [apart(*ends) for ends in ((469, 471), (470, 472), (474, 476), (475, 477))]
    figures = {
        "iris": np.mean(irises) / pupils,
        "eye": (apart(33, 133) + apart(362, 263)) / 2 / pupils,
        "width": width / pupils,
        "width : height": width / apart(10, 152),
    }
    for name, (least, most) in LIKE_PEOPLE.items():
        assert least < figures[name] < most, name


@pytest.mark.parametrize("slug", SLUGS)
def test_the_poster_is_a_portrait_on_the_calm_ground(slug):
    poster = picture(slug, "poster.webp")
    assert poster.shape == (600, 480, 3)
    assert np.abs(poster[:20, :20] - BACKGROUND).max() < 8


@pytest.fixture(scope="module")
def likenesses():
    """The 128 numbers of each person's face, and of a real one."""
    found = {}
    for slug in PEOPLE:
        plate = picture(slug, "plate.png")
        alpha = plate[..., 3:] / 255
        flat = (plate[..., :3] * alpha + np.array(BACKGROUND) * (1 - alpha)).astype(np.uint8)
        found[slug] = identity.embedding(flat, points(slug))
    return found


def test_nobody_is_taken_for_somebody_else(likenesses):
    for one, other in itertools.combinations(PEOPLE, 2):
        assert identity.distance(likenesses[one], likenesses[other]) > identity.OTHER, (one, other)


def test_nobody_looks_like_someone_real(likenesses):
    where = importlib.util.find_spec("skimage")
    path = Path(where.origin).parent / "data/astronaut.png" if where else None
    if path is None or not path.exists():
        pytest.skip("scikit-image's picture of an astronaut is missing.")
    with Image.open(path) as opened:
        real = np.asarray(opened.convert("RGB"))
    someone = identity.embedding(real, tracker.find(real))
    for slug, face in likenesses.items():
        assert identity.distance(face, someone) > identity.OTHER, slug
