"""The rooms that a person can stand in: seen in a new project, chosen by programs, and no upload of anybody."""

from __future__ import annotations

import io

import numpy as np
import pytest
from django.contrib.staticfiles import finders
from django.urls import reverse
from PIL import Image

from rendering import pipeline, rooms, uploaded
from rendering.stages import painting
from rendering.values import Background, LineSpec, VideoFormat
from studio.models import Project
from studio.models.fields import SCENE
from studio.projects import composition
from tests.studio.programs import Program

LINEN = (0xE9, 0xE4, 0xDC)


@pytest.fixture
def program(alice, library):
    return Program.of(alice.workspace)


def spec(background: Background) -> LineSpec:
    return LineSpec(text="Hello.", avatar="maya", voice="af_heart", background=background)


def test_a_new_project_stands_in_the_office(client_of, alice, library):
    member = client_of(alice)
    member.post(reverse("project_create"))
    scene = Project.objects.get().live_scenes.get()
    assert composition.background_of(scene).room == "office"
    page = member.get(reverse("project_edit", args=[scene.project_id])).content.decode()
    assert 'name="background_room" value="office" checked' in page
    frame = member.get(reverse("scene_frame", args=[scene.pk]))
    corner = np.asarray(Image.open(io.BytesIO(b"".join(frame))).convert("RGB"))[-40:, -40:]
    assert np.abs(corner.astype(float).mean((0, 1)) - LINEN).max() > 8


def test_a_program_that_names_no_background_gets_a_colour_as_before(program):
    program.render(script="Hello there.")
    assert Project.objects.get().live_scenes.get().background == "color"
    program.render(script="Hello there.", background={"type": "room", "room": "window"})
    scene = Project.objects.order_by("created_at").last().live_scenes.get()
    assert composition.background_of(scene).room == "window"


def test_the_rooms_that_are_offered_are_those_that_ship():
    assert [value for value, _ in SCENE["background_room"].choices] == list(rooms.ROOMS)
    for room in rooms.ROOMS:
        with Image.open(rooms.path(room)) as picture:
            assert picture.width >= 1080
        assert rooms.path(room).stat().st_size < 200_000
        assert finders.find(f"img/rooms/{room}.webp")
    with pytest.raises(KeyError):
        rooms.path("../avatars/maya/plate")


def test_a_room_fills_every_frame_and_is_out_of_focus():
    for room in rooms.ROOMS:
        for width, height in ((1280, 720), (720, 1280), (720, 720)):
            frame = painting.painted(Background(room=room), VideoFormat(width, height))
            grey = frame.astype(float).mean(2)
            assert grey[[0, 0, -1, -1], [0, -1, 0, -1]].min() > 10
            assert 5 < grey.std() < 90
            step = np.abs(np.diff(grey, axis=1))
            assert np.quantile(step, 0.999) < 26  # no edge is sharp


def test_rooms_are_other_pictures_and_a_film_without_one_keeps_its_key():
    keys = {pipeline.segment_key(spec(Background(room=room))) for room in ("", *rooms.ROOMS)}
    assert len(keys) == 4
    assert "room" not in pipeline._looks(spec(Background()))[3][0]


def test_a_room_is_no_upload():
    assert uploaded.seen_in(spec(Background(room="wall"))) == {}
