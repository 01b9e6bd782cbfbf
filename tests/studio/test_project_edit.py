"""The editor, through its requests: it saves, does not overwrite other tabs, and says what is wrong."""

import json
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from rendering.models import Worker
from studio.models import Picture, Scene

JSON = {"HTTP_ACCEPT": "application/json"}


@pytest.fixture
def client(client_of, alice):
    return client_of(alice)


def save(client, scene, revision=None, **fields):
    body = {"revision": scene.revision if revision is None else revision, **fields}
    return client.post(f"/scenes/{scene.pk}/save", body, **JSON)


def test_the_editor_shows_the_script_without_inline_code(client, project):
    html = client.get(f"/projects/{project.pk}/").content.decode()
    assert "Hello, and welcome." in html
    assert html.count("<h1") == 1
    assert "style=" not in html
    assert "onclick" not in html


def test_the_editor_requires_login(db, project):
    from django.test import Client

    assert Client().get(f"/projects/{project.pk}/").status_code == 302


def test_a_project_is_hidden_from_strangers_and_cannot_be_changed_by_them(
    client_of, charlie, project, scene
):
    stranger = client_of(charlie)
    assert stranger.get(f"/projects/{project.pk}/").status_code == 404
    assert save(stranger, scene, script="Mine now.").status_code == 404
    scene.refresh_from_db()
    assert scene.script == "Hello, and welcome."


def test_a_script_is_stored_exactly_as_typed(client, scene):
    words = "  Two   spaces, *stars* & <angles> “quotes”.\n\nSecond — line… 🎬 \t end "
    answer = save(client, scene, script=words)
    assert answer.status_code == 200
    scene.refresh_from_db()
    assert scene.script == words


def test_two_tabs_do_not_overwrite_each_other(client, scene):
    first = scene.revision
    assert save(client, scene, script="From the first tab.").status_code == 200
    second = save(client, scene, revision=first, script="From the second tab.")
    assert second.status_code == 409
    shown = json.dumps(second.json())
    assert "From the first tab." in shown
    assert "From the second tab." in shown
    scene.refresh_from_db()
    assert scene.script == "From the first tab."


def test_scenes_are_added_moved_copied_removed_and_brought_back(client, project, scene):
    client.post(f"/projects/{project.pk}/scenes", {"after": scene.pk}, **JSON)
    second = project.live_scenes.last()
    assert (second.avatar, second.voice) == (scene.avatar, scene.voice)
    order = json.dumps([second.pk, scene.pk])
    answer = client.post(f"/projects/{project.pk}/order", {"order": order}, **JSON)
    if answer.status_code >= 400:
        answer = client.post(f"/scenes/{second.pk}/move", {"direction": "up"}, **JSON)
    assert answer.status_code < 400
    client.post(f"/scenes/{scene.pk}/duplicate", **JSON)
    assert project.live_scenes.count() == 3
    client.post(f"/scenes/{scene.pk}/remove", **JSON)
    assert scene.pk not in project.live_scenes.values_list("pk", flat=True)
    client.post(f"/scenes/{scene.pk}/restore", **JSON)
    assert project.live_scenes.count() == 3
    assert Scene.objects.get(pk=scene.pk).script == "Hello, and welcome."


def test_a_scene_that_another_tab_removed_is_copied_to_its_position(client, project, scene):
    scenes = [scene, project.add_scene(script="Second."), project.add_scene(script="Third.")]
    client.post(f"/scenes/{scenes[1].pk}/remove", **JSON)
    assert client.post(f"/scenes/{scenes[1].pk}/duplicate", **JSON).status_code == 200
    scripts = project.live_scenes.values_list("script", flat=True)
    assert list(scripts) == [scene.script, "Second.", "Third."]


def estimate(client, project):
    return client.get(f"/projects/{project.pk}/estimate").content.decode()


def test_the_estimate_stands_before_the_button_is_pressed(client, project):
    html = estimate(client, project)
    assert "credits" in html
    assert "0:0" in html


@pytest.mark.parametrize(
    ("script", "markup", "words"),
    [
        ("", "markdown", "Nothing to render yet"),
        ("🎬🎬", "markdown", "line 1"),
        ("Hello \x07 there", "markdown", ""),
        ("<speak>Hello", "ssml", "line 1"),
        ("<speak><break time='1s'>Hi</speak>", "ssml", "line 1"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><speak>&a;</speak>', "ssml", ""),
        ("<speak>" + "<emphasis>" * 200 + "x" + "</emphasis>" * 200 + "</speak>", "ssml", ""),
        ("word " * 4001, "markdown", "20,000"),
    ],
)
def test_bad_scripts_are_saved_and_get_a_sentence(client, project, scene, script, markup, words):
    answer = save(client, scene, script=script, markup=markup)
    assert answer.status_code in (200, 422)
    scene.refresh_from_db()
    if answer.status_code == 200:
        assert scene.script == script
        page = client.get(f"/projects/{project.pk}/")
        assert page.status_code == 200
        said = estimate(client, project) + page.content.decode()
    else:
        said = answer.content.decode()
    assert words.lower() in said.lower()
    pressed = client.post(f"/projects/{project.pk}/render")
    assert pressed.status_code < 500


def test_a_render_waits_without_a_worker_and_its_page_says_so(client, project):
    answer = client.post(f"/projects/{project.pk}/render", {"quoted": 60}, follow=True)
    html = answer.content.decode()
    assert "Waiting for a worker" in html
    Worker.objects.create(name="w", slots=1)
    assert "Waiting for a worker" not in client.get(answer.redirect_chain[-1][0]).content.decode()


def picture(kind="PNG", size=(320, 200)):
    out = BytesIO()
    Image.new("RGB", size, "navy").save(out, kind)
    return out.getvalue()


def test_an_uploaded_picture_stands_behind_the_person(client, scene):
    file = SimpleUploadedFile("wall.png", picture(), "image/png")
    answer = client.post("/assets", {"image": file, "scene": scene.pk})
    assert answer.status_code == 302
    scene.refresh_from_db()
    assert scene.picture == Picture.objects.get()
    frame = client.get(f"/scenes/{scene.pk}/frame.jpg")
    with Image.open(BytesIO(frame.content)) as shown:
        assert shown.getpixel((5, 5))[2] > 90 > shown.getpixel((5, 5))[0]
    served = client.get(f"/pictures/{scene.picture_id}/file")
    assert served["X-Content-Type-Options"] == "nosniff"
    served.close()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (picture()[:50], "damaged"),
        (b"hello, I am not a picture", "not a JPEG, PNG, WebP or HEIC"),
    ],
)
def test_an_unusable_picture_gets_a_sentence_and_changes_nothing(client, scene, data, words):
    file = SimpleUploadedFile("wall.png", data, "image/png")
    answer = client.post("/assets", {"image": file, "scene": scene.pk}, **JSON)
    assert 400 <= answer.status_code < 500
    assert words in json.dumps(answer.json())
    scene.refresh_from_db()
    assert scene.picture is None


def test_a_picture_that_breaks_a_rule_is_not_stored(client, scene, monkeypatch):
    monkeypatch.setattr("moderation.pictures.BLOCKED", 0.0)
    file = SimpleUploadedFile("wall.png", picture(), "image/png")
    answer = client.post("/assets", {"image": file, "scene": scene.pk}, **JSON)
    assert answer.status_code == 451
    assert not Picture.objects.exists()


@pytest.mark.parametrize("piece", ["[", "<", "*a**b", "\t", "`", "a "])
def test_a_huge_hostile_scene_still_opens(client, project, scene, piece):
    Scene.objects.filter(pk=scene.pk).update(script=(piece * 100_000)[:100_000])
    assert client.get(f"/projects/{project.pk}/").status_code == 200
    assert client.get(f"/projects/{project.pk}/estimate", **JSON).status_code < 500
