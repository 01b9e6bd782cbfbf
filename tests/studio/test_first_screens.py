"""The first people on a screen: women and men, young and old, light and dark, wherever people are shown."""

import json

import numpy as np
import pytest
from PIL import Image

from rendering import faces
from studio.models import Avatar, Scene
from tests.studio.programs import Program
from tests.studio.rows import make_project, own_avatar

SKIN = (50, 280)  # points of the face mesh in the cheeks
DARK = 130  # of 255


@pytest.fixture
def client(client_of, alice, library):
    return client_of(alice)


def skin(slug):
    folder = faces.get(slug).folder
    points = np.array(json.loads((folder / "landmarks.json").read_text()))[list(SKIN)]
    with Image.open(folder / "plate.png") as plate:
        cheeks = [plate.convert("L").crop((x - 8, y - 8, x + 8, y + 8)) for x, y, *_ in points]
    return np.mean([np.asarray(cheek) for cheek in cheeks])


def assert_balanced(slugs):
    """Asserts that the first four, six and eight are balanced in gender, age and skin."""
    for count in (n for n in (4, 6, 8) if n <= len(slugs)):
        rows = [Avatar.objects.get(slug=slug) for slug in slugs[:count]]
        tags = [tag for row in rows for tag in row.tags]
        assert tags.count("woman") == tags.count("man") == count / 2
        assert len({tag for tag in tags if tag in ("twenties", "thirties", "sixties")}) == 3
        dark = sum(skin(row.slug) < DARK for row in rows)
        assert count / 3 <= dark <= count * 2 / 3


def seen(page):
    """The slugs of the portraits of a page, each once, in their order."""
    found = [part.split("/")[0] for part in page.content.decode().split("/avatars/")[1:]]
    known = set(Avatar.objects.filter(workspace=None).values_list("slug", flat=True))
    return list(dict.fromkeys(slug for slug in found if slug in known))


def test_home_shows_somebody_new_four_balanced_people(client):
    first = seen(client.get("/"))
    assert len(first) == 4
    assert_balanced(first)


@pytest.mark.parametrize("where", ["/avatars/", "drawer"])
def test_the_gallery_and_the_drawer_begin_with_balanced_people(client, alice, where):
    own_avatar(alice.workspace)
    scene = make_project(alice.workspace).live_scenes.get()
    page = client.get(f"/scenes/{scene.pk}/avatars" if where == "drawer" else where)
    firsts = set(Avatar.objects.filter(workspace=None, of="").values_list("slug", flat=True))
    assert_balanced([slug for slug in seen(page) if slug in firsts])


def test_the_list_of_the_api_begins_with_balanced_people(alice, library):
    own_avatar(alice.workspace)
    rows = Program.of(alice.workspace).get("/api/v1/avatars").json()["data"]
    assert_balanced([row["slug"] for row in rows])
    assert rows[-1]["kind"] == "photo"


def test_a_new_project_without_a_choice_has_the_first_avatar(client):
    client.post("/projects/new")
    assert Scene.objects.get().avatar.slug == faces.stock()[0].slug
