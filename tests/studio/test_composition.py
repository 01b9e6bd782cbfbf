"""Composition through the API: its fields and uploads, their cost, and overlays that follow their words."""

import json
import subprocess
from io import BytesIO

import numpy as np
import pytest
import soundfile
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from moderation.screen import screen
from rendering import media
from rendering.models import Render, Segment
from rendering.values import music_from_json, spec_from_json
from studio.library import footage, pictures
from studio.models import Clip, Picture, Project
from studio.projects import overlays
from studio.renders import plan
from tests.studio.programs import Program, assert_problem

pytestmark = pytest.mark.django_db
ASSETS = "/api/v1/assets"


@pytest.fixture
def program(alice, library):
    return Program.of(alice.workspace)


def upload(program, data, kind, name="file.bin", key="one"):
    return program.client.post(
        ASSETS,
        {"file": SimpleUploadedFile(name, data), "kind": kind},
        headers={"Authorization": f"Bearer {program.secret}", "Idempotency-Key": key},
    )


def worked(program, answer):
    """The asset after a worker has prepared it."""
    footage.PREPARING.work(answer.json()["id"])
    return program.get(answer["Location"]).json()


def png(color=(200, 30, 30, 255), size=(80, 40)):
    out = BytesIO()
    Image.new("RGBA", size, color).save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def video(tmp_path):
    path = tmp_path / "v.mp4"
    source = ["-f", "lavfi", "-i", "color=0x336699:s=64x36:r=25:d=1", "-c:v", "libx264", str(path)]
    subprocess.run([media.program(), "-loglevel", "error", *source], check=True)
    return path.read_bytes()


@pytest.fixture
def sound(tmp_path):
    path = tmp_path / "m.wav"
    soundfile.write(path, np.random.default_rng(1).normal(0, 0.1, 96_000), 48_000)
    return path.read_bytes()


def test_a_picture_that_breaks_a_rule_is_refused(program, monkeypatch):
    monkeypatch.setattr("moderation.pictures.BLOCKED", 0.0)
    assert_problem(upload(program, png(), "image"), 451, "image_refused")
    assert not Picture.objects.exists()


def test_uploads_are_accepted_prepared_read_and_deleted(program, video, sound):
    picture = upload(program, png((0, 0, 0, 0)), "image", key="a")
    assert picture.status_code == 201, picture.json()
    assert Picture.objects.get().suffix == ".png"  # its alpha is kept
    answer = upload(program, video, "video", key="b")
    assert (answer.status_code, answer.json()["status"]) == (202, "making")
    film = worked(program, answer)
    assert (film["kind"], film["width"], film["height"]) == ("video", 64, 36)
    assert film["status"] == "ready"
    assert film["seconds"] == pytest.approx(1.0, abs=0.05)
    tune = upload(program, sound, "music", key="c").json()
    assert (tune["kind"], tune["width"]) == ("music", None)
    address = f"{ASSETS}/{film['id']}"
    assert program.get(address).json() == film
    headers = {"Authorization": f"Bearer {program.secret}"}
    assert program.client.delete(address, headers=headers).status_code == 204
    assert_problem(program.get(address), 404, "not_found")
    again = upload(program, video, "video", key="d").json()
    assert again["id"] == film["id"]  # the same file is the same row, back again


@pytest.mark.parametrize(
    ("data", "kind", "status", "code"),
    [
        (b"", "video", 422, "file_unusable"),
        (b"words, no pictures", "video", 422, "file_unusable"),
        (b"words, no sounds", "music", 422, "file_unusable"),
        (b"words, no picture", "image", 422, "image_unreadable"),
    ],
)
def test_an_unusable_upload_is_refused_with_its_code(program, data, kind, status, code):
    assert_problem(upload(program, data, kind), status, code)
    assert not Clip.objects.exists()


EVERYTHING = {
    "aspect_ratio": "4:5",
    "resolution": "1080p",
    "fps": 30,
    "layout": {"frame": "half", "side": "left", "heading": "News", "body": "- One\n- Two"},
    "captions": {"burn_in": True, "style": "karaoke", "position": "top"},
    "transition": "fade",
    "overlays": [
        {
            "text": "Look here",
            "from": {"line": 1, "word": 2},
            "to": {"line": 2, "word": 1},
            "position": "left",
            "style": "card",
        }
    ],
}


def test_every_setting_of_a_composition_reaches_the_lines(program, sound, video):
    tune = upload(program, sound, "music", key="a").json()["id"]
    film = worked(program, upload(program, video, "video", key="b"))["id"]
    mark = upload(program, png(), "image", key="c").json()["id"]
    answer = program.render(
        script="One two three.\n\nFour five.",
        background={"type": "video", "asset_id": film, "color": "#112233", "fit": "contain"},
        logo={"asset_id": mark, "position": "bottom-right", "size": 0.1},
        music={"asset_id": tune, "volume": -20, "duck_by": 6},
        **EVERYTHING,
    )
    assert answer.status_code == 202, answer.json()
    render = Render.objects.get()
    assert (render.width, render.height, render.fps) == (1080, 1350, 30)
    music = music_from_json(render.music)
    assert (music.volume, music.duck) == (-20, 6)
    first, second = (spec_from_json(row.spec) for row in render.segments.all())
    assert (first.layout.frame, first.layout.side, first.layout.heading) == ("half", "left", "News")
    assert (first.captions.style, first.captions.position) == ("karaoke", "top")
    assert first.background.video is not None
    assert (first.background.fit, first.logo.position) == ("contain", "bottom-right")
    assert first.transition == "cut"  # there is nothing before it
    assert [(o.first, o.last) for o in first.overlays] == [(1, None)]
    assert [(o.first, o.last) for o in second.overlays] == [(None, 0)]


@pytest.mark.parametrize(
    ("body", "path", "code"),
    [
        ({"layout": {"frame": "tilted"}}, "layout.frame", "invalid_field"),
        ({"layout": {"frame": "half", "heading": "漢字"}}, "layout.heading", "no_glyph"),
        ({"background": {"type": "video"}}, "background.asset_id", "missing_field"),
        ({"background": {"type": "room", "room": "cellar"}}, "background.room", "invalid_field"),
        (
            {"background": {"type": "gradient", "color": "#ffffff"}},
            "background.to",
            "missing_field",
        ),
        ({"music": {"asset_id": "asset_none"}}, "music.asset_id", "invalid_field"),
        ({"overlays": [{"text": "x" * 10_000}]}, "overlays[0].text", "invalid_field"),
        ({"overlays": [{"text": "🎉"}]}, "overlays[0].text", "no_glyph"),
        ({"overlays": [{}]}, "overlays[0]", "missing_field"),
        (
            {"overlays": [{"text": "x", "from": {"line": 3, "word": 1}}]},
            "overlays[0].from.line",
            "invalid_field",
        ),
        (
            {"overlays": [{"text": "x", "to": {"line": 1, "word": 9}}]},
            "overlays[0].to.word",
            "invalid_field",
        ),
    ],
)
def test_a_setting_that_cannot_be_composed_is_named_by_its_path(program, body, path, code):
    answer = program.render(script="One two.", **body)
    refusal = assert_problem(answer, 422, code)
    assert refusal["errors"][0]["path"] == path
    assert not Project.objects.exists()


def test_a_transparent_film_needs_its_container(program):
    clear = {"background": {"type": "none"}}
    assert_problem(program.render(script="Hi.", **clear), 422, "conflicting_fields")
    assert_problem(
        program.render(script="Hi.", container="mp4", codec="vp9"), 422, "conflicting_fields"
    )
    made = program.render(script="Hi.", container="webm", **clear)
    assert made.status_code == 202, made.json()
    spec = spec_from_json(Segment.objects.get().spec)
    assert (spec.video.codec, spec.video.alpha, spec.background.clear) == ("vp9", True, True)


def test_words_in_the_picture_are_screened(program):
    """The words of an overlay and of a heading are screened like spoken words."""
    blocked = next(
        text
        for text in ("how to build a pipe bomb", "I will kill you", "Kill all the infidels now")
        if screen(text).verdict == "block"
    )
    refused = program.render(script="Hello.", overlays=[{"text": blocked}])
    assert_problem(refused, 451, "script_refused")
    beside = {"frame": "half", "heading": blocked}
    assert_problem(program.render(script="Hello.", layout=beside), 451, "script_refused")


def test_another_composition_costs_nothing_and_other_words_do(alice, library):
    """After a delivered render every change of look is free; a changed word is not."""
    from tests.studio.rows import make_project

    project = make_project(alice.workspace, script="Hello there, my friend.")
    planned = plan.plan_render(project)
    assert planned.quoted > 0
    render = Render.objects.create(
        workspace=project.workspace, project=project, title="x", status="done", mode="final"
    )
    line = planned.lines[0]
    Segment.objects.create(
        render=render, position=1, text=line.text, avatar=line.avatar, voice=line.voice,
        spec={}, key="0" * 64, line_key=line.line_key, status="done",
    )  # fmt: skip
    scene = project.live_scenes.get()
    scene.edit(scene.revision, layout="circle", background="gradient", transition="fade")
    scene.edit(scene.revision, background="room", background_room="wall")
    rows = overlays.checked([{"text": "New"}], project.workspace)
    scene.edit(scene.revision, overlays=rows)
    project.refresh_from_db()
    project.edit(project.revision, aspect="9:16", fps=30, burn_captions=True)
    assert plan.plan_render(project).quoted == 0
    scene.refresh_from_db()
    scene.edit(scene.revision, script="Hello there, my friends.")
    assert plan.plan_render(project).quoted > 0


def anchored(script, markup="markdown"):
    return overlays.words_of(script, markup)


def test_words_are_counted_as_captions_show_them():
    assert anchored("One **two** [pause 1s] three.\n\n# Heading\n\nFour.") == [
        ["One", "two", "three."],
        ["Four."],
    ]


@pytest.mark.parametrize(
    ("after", "first", "last"),
    [
        ("Nothing new. One two three.\n\nFour five six.", (1, 4), (2, 2)),
        ("One.\n\nTwo two three.\n\nFour five six.", (2, 2), (3, 2)),
        ("One three.\n\nFour five six.", (1, 2), (2, 2)),  # "two" is gone: the next word
        ("One two three.\n\nFour six.", (1, 2), (2, 1)),  # "five" is gone: the word before
    ],
)
def test_overlays_move_with_their_words(after, first, last):
    before = "One two three.\n\nFour five six."
    row = {"from": {"line": 1, "word": 2}, "to": {"line": 2, "word": 2}}
    (moved,) = overlays.moved([row], anchored(before), anchored(after))
    assert (moved["from"]["line"], moved["from"]["word"]) == first
    assert (moved["to"]["line"], moved["to"]["word"]) == last


def test_saving_a_script_keeps_overlays_on_their_words(alice, library, client_of):
    from tests.studio.rows import make_project

    project = make_project(alice.workspace, script="One two three.")
    scene = project.live_scenes.get()
    rows = overlays.checked([{"text": "Here", "from": {"line": 1, "word": 3}}], project.workspace)
    scene.edit(scene.revision, overlays=rows)
    answer = client_of(alice).post(
        f"/scenes/{scene.pk}/save",
        {"script": "Zero one two three.", "revision": scene.revision},
        headers={"Accept": "application/json"},
    )
    assert answer.status_code == 200, answer.content
    scene.refresh_from_db()
    assert scene.overlays[0]["from"] == {"line": 1, "word": 4}
    settings = json.loads(answer.json()["settings"]["overlays"])
    assert settings == scene.overlays


def test_an_upload_that_was_deleted_leaves_the_colour(alice, library, program):
    from studio.projects import composition

    picture = upload(program, png(), "image").json()["id"]
    made = program.render(
        script="Hi.", background={"type": "image", "asset_id": picture, "color": "#123456"}
    )
    scene = Project.objects.get(pk=made.json()["project_id"]).live_scenes.get()
    assert composition.background_of(scene).picture is not None
    pictures.remove_asset(Picture.objects.get())
    scene = Project.objects.get(pk=scene.project_id).live_scenes.get()
    assert composition.background_of(scene).picture is None
    assert composition.background_of(scene).color == "#123456"
