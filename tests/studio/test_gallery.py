"""The gallery of avatars: the people shown, their descriptions, and the way into a project."""

import re

import pytest

from consent.models import Consent
from rendering import faces
from studio.models import Avatar, Project, Scene, Voice
from tests.studio.rows import make_project, own_avatar

JSON = {"HTTP_ACCEPT": "application/json"}


@pytest.fixture
def client(client_of, alice, library):
    return client_of(alice)


@pytest.fixture
def blazer(library):
    """A second look of Maya, in the rows only."""
    return Avatar.objects.create(
        slug="maya-in-a-blazer",
        name="Maya",
        of="maya",
        look="Navy blazer",
        tags=["woman", "thirties", "formal"],
        voice_slug="af_heart",
    )


def names(answer):
    return re.findall(r'face-name">([^<]+?)\s*<', answer.content.decode())


def test_every_person_is_shown_once_with_label_and_record(client, blazer):
    answer = client.get("/avatars/")
    first = {face.name for face in faces.stock() if face.of == face.slug}
    *people, last = names(answer)
    assert sorted(people) == sorted(first)
    assert last == "You"  # the card for an avatar of one's own
    page = answer.content.decode()
    assert page.count("Synthetic") == len(first)
    assert page.count("#record") == len(first)


@pytest.mark.parametrize(
    "query", ["gender=man", "age=thirties&gender=man", "style=business&gender=man"]
)
def test_a_filter_keeps_those_that_match(client, query):
    found = names(client.get(f"/avatars/?{query}"))
    assert "Daniel" in found
    assert "Maya" not in found


def test_a_style_brings_the_look_that_has_it(client, blazer):
    page = client.get("/avatars/?style=formal").content.decode()
    assert "/avatars/stock/maya-in-a-blazer/" in page
    assert "Daniel" not in page


def test_a_search_without_a_match_says_so_and_shows_the_way_back(client, alice):
    own_avatar(alice.workspace)
    page = client.get("/avatars/?from=photo&gender=man").content.decode()
    assert "Nobody here is like that" in page
    assert "Show them all" in page


def test_a_filter_that_is_not_offered_is_ignored(client):
    assert len(names(client.get("/avatars/?gender=cat&age=[]"))) == len(
        names(client.get("/avatars/"))
    )


def test_own_avatars_are_found_and_marked_as_locked(client, alice):
    own_avatar(alice.workspace)
    page = client.get("/avatars/?from=photo").content.decode()
    assert "Locked until its person agrees" in page
    assert names(client.get("/avatars/?from=photo")) == ["Robin"]
    assert "Robin" not in names(client.get("/avatars/?from=studio"))


def test_the_page_of_a_person_shows_the_looks_and_the_record(client, blazer):
    page = client.get("/avatars/stock/maya/").content.decode()
    record = Consent.objects.get(avatar__slug="maya", kind="licence")
    assert record.sha256 in page
    assert record.licence in page
    assert "Navy blazer" in page
    assert "no real person" in page


def test_the_page_of_an_avatar_without_a_record_says_so(client, blazer):
    assert (
        "No licence is on record" in client.get(f"/avatars/stock/{blazer.slug}/").content.decode()
    )


def test_own_avatars_have_no_page_among_the_stock(client, alice):
    own = own_avatar(alice.workspace)
    assert client.get(f"/avatars/stock/{own.slug}/").status_code == 404


def test_use_opens_a_project_with_the_avatar_and_its_voice(client):
    client.post("/projects/new", {"avatar": "daniel"})
    scene = Scene.objects.get(project=Project.objects.get())
    assert (scene.avatar.slug, scene.voice.slug) == ("daniel", scene.avatar.voice_slug)


def test_the_drawer_filters_and_speaks_the_first_line_of_the_scene(client, alice, library):
    scene = make_project(alice.workspace, script="A first line.\n\nAnother.").live_scenes.get()
    page = client.get(f"/scenes/{scene.pk}/avatars?gender=man").content.decode()
    assert "Daniel" in page
    assert 'value="maya"' not in page
    daniel = Avatar.objects.get(slug="daniel")
    answer = client.get(f"/avatars/{daniel.pk}/sound?scene={scene.pk}", **JSON)
    assert answer.json()["ready"] == [False]


def test_voices_are_filtered_and_say_how_the_scene_begins(client, alice, library):
    scene = make_project(alice.workspace, script="A first line.\n\nAnother.").live_scenes.get()
    page = client.get(f"/scenes/{scene.pk}/voices?gender=man&accent=british&sound=deep")
    assert set(re.findall(r'name="voice" value="(\w+)"', page.content.decode())) == {
        "bm_george",
        "bm_lewis",
    }
    listened = f"/voices/bm_lewis/sample?scene={scene.pk}"
    assert f'data-listen="{listened}"' in page.content.decode()
    own_words = client.get(listened, **JSON).json()["version"]
    assert own_words != client.get("/voices/bm_lewis/sample", **JSON).json()["version"]
    scene.voice = Voice.objects.get(slug="bm_lewis")
    scene.save()
    assert own_words == client.get(f"/scenes/{scene.pk}/lines/1/sound", **JSON).json()["version"]
    empty = client.get(f"/scenes/{scene.pk}/voices?gender=woman&sound=deep").content.decode()
    assert "No voice is like that. Loosen a filter." in empty


@pytest.mark.parametrize("text", ["x" * 301, "[pause 99]"])
def test_a_sample_that_cannot_be_said_is_explained(client, text):
    maya = Avatar.objects.get(slug="maya")
    answer = client.get(f"/avatars/{maya.pk}/sound", {"text": text}, **JSON)
    assert answer.status_code == 422
    assert answer.json()["problem"]["sentence"].endswith(".")


def test_a_sample_of_an_own_avatar_is_served_in_ranges(client, alice):
    own = own_avatar(alice.workspace)
    answer = client.get(f"/avatars/{own.pk}/files/preview", headers={"Range": "bytes=0-9"})
    assert answer.status_code == 206
    assert len(b"".join(answer.streaming_content)) == 10


def test_samples_that_ship_are_films_and_not_empty(library):
    for face in faces.stock():
        assert face.sample is None or face.sample.stat().st_size > 20_000
    assert any(face.sample for face in faces.stock())
