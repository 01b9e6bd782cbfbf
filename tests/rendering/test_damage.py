"""Files that are damaged after they were made are noticed and made again, and nobody pays for it."""

import os

import pytest
from django.urls import reverse

from billing.models import Transfer
from rendering import repair, storage, tasks
from rendering.models import Render
from studio.library import pictures
from studio.projects import composition
from studio.renders import ordering
from tests.rendering.fleet import assert_whole


@pytest.fixture
def make_film(transactional_db, library, monkeypatch):
    """make_film(project) -> its render, made in this process."""
    monkeypatch.setitem(composition.HEIGHTS, "720p", 360)

    def make(project, **options):
        render = ordering.request_render(project, **options)
        tasks.nudge("portrait", render.lane)
        return assert_whole(render)

    return make


def output(render, kind="video"):
    found = next(output for output in render.outputs if output["kind"] == kind)
    return storage.store().path(found["key"], found["suffix"])


def reverse_bytes(path):
    path.write_bytes(path.read_bytes()[::-1])


def test_a_damaged_line_is_made_again_before_it_is_joined(make_film, make_script):
    project = make_script("One line stays.", "One line is damaged.")
    first = make_film(project)
    line = first.segments.get(position=2)
    reverse_bytes(storage.store().path(line.key, ".mp4"))
    again = make_film(project)
    assert list(again.segments.values_list("reused", flat=True)) == [True, False]


def test_a_line_that_is_damaged_while_the_film_waits_for_others_is_made_again(
    make_film, make_script, monkeypatch
):
    project = make_script("This line is whole until all are made.")
    assemble = tasks.assemble

    def late(render):
        monkeypatch.undo()
        monkeypatch.setitem(composition.HEIGHTS, "720p", 360)
        reverse_bytes(storage.store().path(render.segments.get().key, ".flac"))
        assemble(render)
        Render.objects.filter(pk=render.pk).update(next_at=render.created_at)

    monkeypatch.setattr(tasks, "assemble", late)
    assert make_film(project).segments.get().claims == 2


def test_a_damaged_film_says_so_and_is_made_again_free_of_charge(
    make_film, make_script, alice, client_of
):
    render = make_film(make_script("This film loses its second half."), by=alice)
    client, page = client_of(alice), reverse("render_detail", args=[render.pk])
    money = list(Transfer.objects.filter(render=render).order_by("pk").values())
    assert "Make it again" not in client.get(page).content.decode()
    film = output(render)
    os.truncate(film, film.stat().st_size // 2)
    words = client.get(page).content.decode()
    assert "A file of this film is damaged" in words
    assert "Make it again, free" in words
    for _ in range(2):
        assert client.post(reverse("render_mend", args=[render.pk])).status_code == 302
    assert "is being made again" in client.get(page).content.decode()
    repair.repair_film(render.pk)
    repair.repair_film(render.pk)
    words = client.get(page).content.decode()
    assert "damaged" not in words
    assert "is being made again" not in words
    assert_whole(render)
    assert list(Transfer.objects.filter(render=render).order_by("pk").values()) == money


def test_a_stranger_cannot_have_a_film_made_again(make_film, make_script, charlie, client_of):
    render = make_film(make_script("Not yours."))
    answer = client_of(charlie).post(reverse("render_mend", args=[render.pk]))
    assert answer.status_code == 404


def test_a_damaged_upload_ends_the_render_with_a_sentence_and_all_credits(
    make_film, make_script, alice, tmp_path
):
    import cv2
    import numpy as np

    project = make_script("Behind me hangs a picture.")
    cv2.imwrite(str(tmp_path / "wall.png"), np.full((90, 160, 3), 200, np.uint8))
    upload = tmp_path / "wall.png"
    picture = pictures.add_picture(alice.workspace, "Wall", pictures.clean_picture(upload))
    scene = project.live_scenes.get()
    scene.picture, scene.background = picture, "picture"
    scene.save()
    os.truncate(picture.path, 40)
    render = ordering.request_render(project)
    tasks.nudge("portrait", render.lane)
    render.refresh_from_db()
    assert (render.status, render.failure_code) == ("failed", "file_damaged")
    assert render.cost["net"] == 0
    cv2.imwrite(str(upload), np.full((90, 160, 3), 200, np.uint8))
    pictures.add_picture(alice.workspace, "Wall", pictures.clean_picture(upload))
    make_film(project)
