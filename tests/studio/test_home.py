"""The home page: a new person's start, projects as posters, and renders under way."""

import pytest
from django.urls import reverse

from rendering.models import Worker
from studio.models import Avatar
from tests.studio.rows import deliver, make_project, make_render

pytestmark = pytest.mark.django_db
URL = "/"


def page(client, **headers):
    response = client.get(URL, headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def test_home_requires_login(client):
    assert client.get(URL).headers["Location"].startswith(reverse("account_login"))


def test_home_rejects_post(client_of, alice):
    assert client_of(alice).post(URL).status_code == 405


def test_a_new_person_lands_on_people_who_speak(client_of, alice, library):
    html = page(client_of(alice))
    assert "Open an example to change" in html
    first = Avatar.offered_to(alice.workspace).first()
    assert f'data-listen="{reverse("avatar_sound", args=[first.pk])}"' in html
    assert "10.0 credits" in html
    assert "<table" not in html


def test_the_example_opens_with_words_face_and_voice(client_of, alice, library):
    response = client_of(alice).post(reverse("project_create"), {"example": "1"})
    project = alice.workspace.projects.get()
    assert response.headers["Location"] == reverse("project_edit", args=[project.pk])
    scene = project.live_scenes.get()
    assert scene.script.count("\n\n") == 2
    assert scene.avatar.voice_slug in ("", scene.voice.slug)


def test_an_empty_start_has_a_face_and_a_voice_too(client_of, alice, library):
    client_of(alice).post(reverse("project_create"))
    scene = alice.workspace.projects.get().live_scenes.get()
    assert (scene.script, scene.avatar is None, scene.voice is None) == ("", False, False)


def test_home_shows_projects_as_posters(client_of, alice, library):
    drawn = make_project(alice.workspace, "Only words")
    filmed = make_project(alice.workspace, "Delivered")
    deliver(make_render(filmed, by=alice, done=3))
    html = page(client_of(alice))
    assert reverse("scene_frame", args=[drawn.live_scenes.get().pk]) in html
    assert reverse("scene_frame", args=[filmed.live_scenes.get().pk]) not in html
    assert "/delivered.jpg" in html
    assert "0:12" in html


def test_home_shows_open_renders_and_asks_again(client_of, alice, library):
    Worker.objects.create(name="w")
    make_render(make_project(alice.workspace), by=alice)
    html = page(client_of(alice), **{"HX-Request": "true"})
    assert "Spring briefing" in html
    assert "ready in about" in html
    assert 'hx-trigger="every 3s"' in html
    assert "<html" not in html


def test_home_stops_asking_when_all_renders_are_over(client_of, alice, library):
    deliver(make_render(make_project(alice.workspace), by=alice, done=3))
    html = page(client_of(alice), **{"HX-Request": "true"})
    assert "Ready to watch" in html
    assert "hx-trigger" not in html


def test_home_hides_projects_from_strangers(client_of, alice, charlie, library):
    make_render(make_project(alice.workspace, "Secret plans"), by=alice)
    assert "Secret plans" not in page(client_of(charlie))
