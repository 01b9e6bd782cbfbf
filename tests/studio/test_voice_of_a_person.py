"""An avatar speaks in its own voice, unless a voice was chosen for the scene: that stays, and the page says so."""

import importlib

import pytest
from django.apps import apps

from studio.models import Avatar, Project, Scene, Voice
from tests.studio.programs import Program
from tests.studio.rows import own_avatar

JSON = {"HTTP_ACCEPT": "application/json"}


@pytest.fixture
def client(client_of, alice):
    return client_of(alice)


@pytest.fixture
def daniel(client, library):
    """A scene of Daniel's in his own voice."""
    client.post("/projects/new", {"avatar": "daniel"})
    return Scene.objects.get()


def own(slug):
    return Avatar.objects.get(slug=slug).voice_slug


def save(client, scene, headers=JSON, **fields):
    scene.refresh_from_db()
    answer = client.post(
        f"/scenes/{scene.pk}/save", {"revision": scene.revision, **fields}, **headers
    )
    scene.refresh_from_db()
    return answer


def cast(scene):
    scene.refresh_from_db()
    return scene.avatar.slug, scene.voice.slug


@pytest.mark.parametrize("headers", [JSON, {}])
def test_an_avatar_that_is_chosen_speaks_in_its_own_voice(client, daniel, headers):
    save(client, daniel, headers, avatar="maya")
    assert cast(daniel) == ("maya", own("maya"))
    assert own("maya") != own("daniel")


def test_one_undo_takes_avatar_and_voice_back_and_one_redo_brings_both(client, daniel):
    save(client, daniel, avatar="maya")
    answer = client.post(f"/projects/{daniel.project_id}/undo", **JSON)
    assert answer.json()["steps"] == {"undo": "", "redo": "avatar of scene 1"}
    assert cast(daniel) == ("daniel", own("daniel"))
    client.post(f"/projects/{daniel.project_id}/redo", **JSON)
    assert cast(daniel) == ("maya", own("maya"))


def test_a_voice_that_was_chosen_for_the_scene_stays_and_both_pages_say_so(client, daniel):
    save(client, daniel, voice="bf_emma")
    drawer = client.get(f"/scenes/{daniel.pk}/avatars").content.decode()
    assert "stays the voice, whoever you choose" in drawer
    save(client, daniel, avatar="maya")
    assert cast(daniel) == ("maya", "bf_emma")
    page = client.get(f"/projects/{daniel.project_id}/").content.decode()
    assert "Emma was chosen for this scene and stays" in page
    assert f"Use {Voice.objects.get(slug=own('maya')).name}, Maya’s own voice" in page


@pytest.mark.parametrize("headers", [JSON, {}])
def test_one_press_gives_an_avatar_its_own_voice_which_follows_again(client, daniel, headers):
    save(client, daniel, voice="bf_emma")
    save(client, daniel, headers, avatar="maya")
    save(client, daniel, headers, voice="")
    assert cast(daniel) == ("maya", own("maya"))
    page = client.get(f"/projects/{daniel.project_id}/").content.decode()
    assert "was chosen for this scene" not in page
    save(client, daniel, avatar="daniel")
    assert cast(daniel) == ("daniel", own("daniel"))


def test_undo_of_the_own_voice_brings_the_chosen_one_back_as_chosen(client, daniel):
    save(client, daniel, voice="bf_emma")
    save(client, daniel, voice="")
    client.post(f"/projects/{daniel.project_id}/undo", **JSON)
    save(client, daniel, avatar="maya")
    assert cast(daniel) == ("maya", "bf_emma")


def test_copies_of_a_scene_know_that_the_voice_was_chosen_by_hand(client, daniel):
    save(client, daniel, voice="bf_emma")
    client.post(f"/scenes/{daniel.pk}/duplicate", **JSON)
    client.post(f"/projects/{daniel.project_id}/scenes", {"after": daniel.pk}, **JSON)
    client.post(f"/projects/{daniel.project_id}/duplicate")
    made = Scene.objects.exclude(pk=daniel.pk)
    assert made.count() == 5
    assert all(scene.voice_by_hand for scene in made)


def test_an_avatar_from_a_photo_has_a_voice_of_its_own_too(client, alice, daniel):
    photo = own_avatar(alice.workspace)
    save(client, daniel, avatar=photo.slug)
    assert cast(daniel) == (photo.slug, own("daniel"))  # it has none of its own yet
    Avatar.objects.filter(pk=photo.pk).update(voice_slug="bf_emma")
    save(client, daniel, avatar="daniel")
    save(client, daniel, avatar=photo.slug)
    assert cast(daniel) == (photo.slug, "bf_emma")


def test_a_program_that_names_no_voice_gets_that_of_the_avatar(alice, library):
    program = Program.of(alice.workspace)
    program.render(script="Hello.", avatar_id="maya")
    assert cast(Scene.objects.get()) == ("maya", own("maya"))
    program.render(script="Hello.", avatar_id="maya", voice_id="bf_emma")
    named = Scene.objects.get(voice__slug="bf_emma")
    assert named.voice_by_hand


def test_the_migration_knows_voices_of_older_scenes_that_somebody_chose(alice, library):
    before = importlib.import_module("studio.migrations.0012_voice_by_hand")
    maya = Avatar.objects.get(slug="maya")
    project = Project.objects.create(workspace=alice.workspace)
    usual, other = (Voice.objects.get(slug=slug) for slug in (maya.voice_slug, "bf_emma"))
    scenes = [project.add_scene(avatar=maya, voice=voice) for voice in (usual, other, None)]
    before.as_it_was_chosen(apps, None)
    for scene in scenes:
        scene.refresh_from_db()
    assert [scene.voice_by_hand for scene in scenes] == [False, True, False]
