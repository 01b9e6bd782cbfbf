"""Uploads and crops in the editor: where they end up, and the errors for those that cannot be used."""

import re
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from studio.library import uploads
from studio.models import Clip, Picture, Scene

JSON = {"HTTP_ACCEPT": "application/json"}


def png(width, height, color=(200, 80, 60, 255)):
    out = BytesIO()
    Image.new("RGBA", (width, height), color).save(out, "PNG")
    return out.getvalue()


def upload(client, **fields):
    files = {
        name: SimpleUploadedFile(f"My {name}.bin", value)
        for name, value in fields.items()
        if isinstance(value, bytes)
    }
    return client.post("/assets", {**fields, **files}, **JSON)


@pytest.fixture
def client(client_of, alice):
    return client_of(alice)


def test_an_uploaded_picture_becomes_the_background_in_one_step(client, project, scene):
    answer = upload(client, image=png(640, 360), scene=scene.pk)
    assert answer.status_code == 201
    assert answer.json()["settings"]["background"] == "picture"
    assert answer.json()["steps"]["undo"] == "background of scene 1"
    client.post(f"/projects/{project.pk}/undo", **JSON)
    scene.refresh_from_db()
    assert (scene.background, scene.picture) == ("color", None)


def test_a_scene_that_is_saved_while_its_upload_is_prepared_still_gets_it(
    client, scene, monkeypatch
):
    work = uploads.take_in

    def slowly(*given, **more):
        row = work(*given, **more)
        fields = {"script": "Said meanwhile.", "revision": scene.revision}
        assert client.post(f"/scenes/{scene.pk}/save", fields, **JSON).status_code == 200
        return row

    monkeypatch.setattr(uploads, "take_in", slowly)
    answer = upload(client, image=png(640, 360), scene=scene.pk)
    assert answer.status_code == 201
    assert answer.json()["settings"]["script"] == "Said meanwhile."
    scene.refresh_from_db()
    assert (scene.background, scene.script) == ("picture", "Said meanwhile.")


def test_a_logo_keeps_its_transparency(client, project):
    answer = upload(client, logo=png(200, 80, (0, 0, 0, 40)), project=project.pk)
    assert answer.json()["project"]["logo"] == Picture.objects.get().pk
    with Image.open(Picture.objects.get().path) as logo:
        assert logo.mode == "RGBA"


def offered(client, scene, name):
    """The pictures among which the inspector lets one choose."""
    html = client.get(f"/projects/{scene.project_id}/", **JSON).json()["html"]
    before, after = html.split('data-prop="overlays"')  # which offer all pictures
    shown = before if name == "picture" else after
    return re.findall(rf'type="radio" name="{name}" value="([^"]+)"', shown)


def test_logos_and_backgrounds_are_offered_apart_and_a_file_sent_as_both_with_both(client, scene):
    wall = upload(client, image=png(640, 360), scene=scene.pk).json()["id"]
    logo = upload(client, logo=png(200, 80), project=scene.project_id).json()["id"]
    assert (offered(client, scene, "picture"), offered(client, scene, "logo")) == ([wall], [logo])
    upload(client, logo=png(640, 360), project=scene.project_id)
    assert offered(client, scene, "picture") == [wall]
    assert set(offered(client, scene, "logo")) == {logo, wall}


@pytest.mark.parametrize(
    ("name", "data"),
    [("image", b"no picture"), ("video", b"no video"), ("music_file", b"la la la"), ("image", b"")],
)
def test_an_unusable_upload_gets_one_sentence_and_changes_nothing(client, scene, name, data):
    where = {"project": scene.project_id} if name == "music_file" else {"scene": scene.pk}
    answer = upload(client, **{name: data}, **where)
    assert answer.status_code == 422
    assert answer.json()["problem"]["sentence"].endswith(".")
    assert (Picture.objects.count(), Clip.objects.count()) == (0, 0)
    assert Scene.objects.get().revision == scene.revision


def test_a_crop_replaces_the_picture_of_the_scene(client, scene):
    upload(client, image=png(640, 360), scene=scene.pk)
    whole = Picture.objects.get()
    box = {"left": 100, "top": 50, "width": 320, "height": 200, "scene": scene.pk}
    answer = client.post(f"/pictures/{whole.pk}/crop", box, **JSON)
    assert answer.status_code == 201
    cut = Picture.objects.exclude(pk=whole.pk).get()
    assert (cut.width, cut.height) == (320, 200)
    scene.refresh_from_db()
    assert scene.picture == cut


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"left": "x"}, "left"),
        ({"width": 4}, "width"),
        ({"left": 600}, "left"),
        ({"top": -1}, "top"),
    ],
)
def test_an_impossible_crop_names_the_wrong_number(client, scene, fields, field):
    upload(client, image=png(640, 360), scene=scene.pk)
    whole = Picture.objects.get()
    box = {"left": 0, "top": 0, "width": 320, "height": 200, "scene": scene.pk, **fields}
    answer = client.post(f"/pictures/{whole.pk}/crop", box, **JSON)
    assert answer.status_code == 422
    assert answer.json()["problem"]["errors"][0]["field"] == field


def test_uploads_and_crops_work_without_javascript(client, scene):
    file = SimpleUploadedFile("Wall.png", png(640, 360))
    answer = client.post("/assets", {"image": file, "scene": scene.pk})
    assert answer["Location"].startswith(f"/projects/{scene.project_id}/?scene={scene.pk}")
    picture = Picture.objects.get()
    page = client.get(f"/pictures/{picture.pk}/crop?scene={scene.pk}").content.decode()
    assert 'name="width" value="640"' in page
    box = {"left": 0, "top": 0, "width": 64, "height": 64, "scene": scene.pk}
    client.post(f"/pictures/{picture.pk}/crop", box)
    scene.refresh_from_db()
    assert scene.picture.width == 64


def test_pictures_and_scenes_are_hidden_from_strangers(client, client_of, charlie, scene):
    upload(client, image=png(640, 360), scene=scene.pk)
    picture = Picture.objects.get()
    stranger = client_of(charlie)
    assert stranger.get(f"/pictures/{picture.pk}/crop").status_code == 404
    assert upload(stranger, image=png(64, 64), scene=scene.pk).status_code == 404
