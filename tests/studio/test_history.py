"""Undo and redo: one's own steps, in order, stored with the project."""

import pytest

from studio.models import Change, Scene

JSON = {"HTTP_ACCEPT": "application/json"}


@pytest.fixture
def client(client_of, alice):
    return client_of(alice)


def save(client, scene, **fields):
    scene.refresh_from_db()
    return client.post(f"/scenes/{scene.pk}/save", {"revision": scene.revision, **fields}, **JSON)


def share(client, project, **fields):
    return client.post(f"/projects/{project.pk}/save", fields, **JSON)


def step(client, project, which):
    return client.post(f"/projects/{project.pk}/{which}", **JSON)


def test_steps_are_undone_in_order_and_redone(client, project, scene):
    save(client, scene, background_color="#2f4a4a")
    save(client, scene, style="warm")
    share(client, project, aspect="9:16")
    for _ in range(3):
        answer = step(client, project, "undo")
        assert answer.status_code == 200
    scene.refresh_from_db()
    project.refresh_from_db()
    assert (scene.background_color, scene.style, project.aspect) == ("#e9e4dc", "neutral", "16:9")
    assert answer.json()["steps"] == {"undo": "", "redo": "background colour of scene 1"}
    for _ in range(3):
        step(client, project, "redo")
    scene.refresh_from_db()
    project.refresh_from_db()
    assert (scene.background_color, scene.style, project.aspect) == ("#2f4a4a", "warm", "9:16")
    assert step(client, project, "redo").status_code == 422


def test_typing_is_one_step(client, project, scene):
    for words in ("Hello, and", "Hello, and good", "Hello, and good bye."):
        save(client, scene, script=words)
    step(client, project, "undo")
    scene.refresh_from_db()
    assert scene.script == "Hello, and welcome."


def test_a_new_step_ends_what_could_be_redone(client, project, scene):
    save(client, scene, style="warm")
    step(client, project, "undo")
    save(client, scene, style="lively")
    assert step(client, project, "redo").status_code == 422
    step(client, project, "undo")
    scene.refresh_from_db()
    assert scene.style == "neutral"


def test_moving_removing_and_adding_scenes_is_undone(client, project, scene):
    client.post(f"/projects/{project.pk}/scenes", **JSON)
    second = project.live_scenes.last()
    client.post(f"/scenes/{second.pk}/move", {"move": "up"}, **JSON)
    client.post(f"/scenes/{scene.pk}/remove", **JSON)
    assert [row.pk for row in project.live_scenes] == [second.pk]
    answer = step(client, project, "undo")
    assert answer.json()["chosen"] == scene.pk
    assert [row.pk for row in project.live_scenes] == [second.pk, scene.pk]
    step(client, project, "undo")
    assert [row.pk for row in project.live_scenes] == [scene.pk, second.pk]
    step(client, project, "undo")
    assert [row.pk for row in project.live_scenes] == [scene.pk]


def test_undo_leaves_what_others_have_changed_since(client, client_of, bob, project, scene):
    save(client, scene, style="warm")
    save(client_of(bob), scene, style="serious")
    answer = step(client, project, "undo")
    assert "Somebody has changed this since" in answer.json()["problem"]["sentence"]
    scene.refresh_from_db()
    assert scene.style == "serious"
    assert Change.objects.count() == 1


def test_only_ones_own_steps_can_be_undone(client, client_of, bob, project, scene):
    save(client, scene, style="warm")
    assert step(client_of(bob), project, "undo").status_code == 422
    scene.refresh_from_db()
    assert scene.style == "warm"


def test_undo_of_a_removed_picture_says_that_it_is_gone(client, alice, project, scene):
    from studio.models import Picture

    picture = Picture.objects.create(
        workspace=alice.workspace, name="x", sha256="a" * 64, suffix=".jpg", width=8, height=8
    )
    save(client, scene, picture=picture.pk)
    save(client, scene, picture="")
    Picture.objects.update(removed_at=picture.created_at)
    answer = step(client, project, "undo")
    assert "no longer there" in answer.json()["problem"]["sentence"]
    assert Scene.objects.get().picture is None


def test_undo_works_without_javascript(client, project, scene):
    client.post(f"/scenes/{scene.pk}/save", {"revision": 1, "style": "warm"})
    page = client.get(f"/projects/{project.pk}/").content.decode()
    assert 'aria-label="Undo: manner of scene 1"' in page
    answer = client.post(f"/projects/{project.pk}/undo")
    assert answer["Location"].startswith(f"/projects/{project.pk}/?scene={scene.pk}")
    scene.refresh_from_db()
    assert scene.style == "neutral"
