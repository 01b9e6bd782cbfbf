"""Overlays in the editor: hung on words, moved, changed and taken away one by one."""

import pytest

from studio.models import Picture
from studio.projects import anchors
from tests.studio.rows import make_project

JSON = {"HTTP_ACCEPT": "application/json"}
SCRIPT = "Hello, and *welcome* to us.\n\n[pause 0.5] Here 🎬 is the second line."


@pytest.fixture
def scene(alice, library):
    return make_project(alice.workspace, script=SCRIPT).live_scenes.get()


@pytest.fixture
def client(client_of, alice):
    return client_of(alice)


def add(client, scene, **fields):
    return client.post(f"/scenes/{scene.pk}/overlays", fields, **JSON)


def change(client, scene, overlay, **fields):
    return client.post(f"/scenes/{scene.pk}/overlays/{overlay}/save", fields, **JSON)


def only(scene):
    scene.refresh_from_db()
    (row,) = scene.overlays
    return row


def test_an_overlay_is_hung_on_the_words_that_were_selected(client, scene):
    start = SCRIPT.index("second")
    answer = add(client, scene, text="Two", start=start, end=start + len("second line"))
    assert answer.status_code == 200
    row = only(scene)
    assert (row["from"], row["to"]) == ({"line": 2, "word": 4}, {"line": 2, "word": 5})
    assert anchors.shown_overlays(scene)[0].words == "second line."


def test_an_overlay_is_hung_on_words_that_were_written(client, scene):
    add(client, scene, text="Hi", words="and welcome")
    assert (only(scene)["from"]["word"], only(scene)["to"]["word"]) == (2, 3)
    answer = change(client, scene, only(scene)["id"], words="never said")
    assert answer.status_code == 422
    assert answer.json()["problem"]["errors"][0]["field"] == "words"
    change(client, scene, only(scene)["id"], words="")
    assert only(scene)["from"] is None


def test_an_overlay_stays_on_its_words_when_the_script_changes(client, scene):
    add(client, scene, text="Two", words="second line")
    scene.refresh_from_db()
    body = {"revision": scene.revision, "script": "A new first line.\n\n" + SCRIPT}
    client.post(f"/scenes/{scene.pk}/save", body, **JSON)
    scene.refresh_from_db()
    assert anchors.shown_overlays(scene)[0].words == "second line."


def test_an_overlay_moves_freely_and_back_to_a_named_position(client, scene):
    made = add(client, scene, text="Hi").json()["overlay"]
    frame = change(client, scene, made, x="0.3", y="0.25").json()["frame"]
    assert (only(scene)["x"], only(scene)["y"]) == (0.3, 0.25)
    left, top, width, height = anchors.shown_overlays(scene)[0].box
    assert abs(left + width / 2 - 300) <= 2
    assert abs(top + height / 2 - 250) <= 2
    assert change(client, scene, made, position="bottom").json()["frame"] != frame
    assert (only(scene)["x"], only(scene)["position"]) == (None, "bottom")


def test_each_step_of_an_overlay_can_be_undone(client, scene):
    made = add(client, scene, text="Hi").json()["overlay"]
    change(client, scene, made, size="9")
    client.post(f"/scenes/{scene.pk}/overlays/{made}/remove", **JSON)
    undo = f"/projects/{scene.project_id}/undo"
    client.post(undo, **JSON)
    assert only(scene)["size"] == 0.09
    client.post(undo, **JSON)
    assert only(scene)["size"] == 0.06
    client.post(undo, **JSON)
    scene.refresh_from_db()
    assert scene.overlays == []


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"text": ""}, "text"),
        ({"text": "x" * 10_000}, "text"),
        ({"text": "\U00012000"}, "text"),
        ({"picture": "asset_of_nobody"}, "asset_id"),
    ],
)
def test_an_overlay_that_cannot_be_shown_gets_a_sentence_and_changes_nothing(
    client, scene, fields, field
):
    answer = add(client, scene, **fields)
    assert answer.status_code == 422
    problem = answer.json()["problem"]
    assert problem["sentence"].endswith(".")
    assert problem["errors"][0]["field"] in (field, "overlays[0]")
    scene.refresh_from_db()
    assert scene.overlays == []


def test_a_size_that_is_no_number_is_named(client, scene):
    made = add(client, scene, text="Hi").json()["overlay"]
    answer = change(client, scene, made, size="huge")
    assert answer.json()["problem"]["errors"][0]["field"] == "size"
    assert change(client, scene, made, size="900").status_code == 422


def test_text_from_right_to_left_is_accepted(client, scene):
    assert add(client, scene, text="مرحبا بكم").status_code == 200


def test_strangers_cannot_add_or_change_overlays(client, client_of, charlie, scene):
    made = add(client, scene, text="Hi").json()["overlay"]
    stranger = client_of(charlie)
    assert add(stranger, scene, text="Mine").status_code == 404
    assert change(stranger, scene, made, x="0.5", y="0.5").status_code == 404


def test_overlays_are_added_changed_and_removed_without_javascript(client, scene):
    client.post(f"/scenes/{scene.pk}/overlays", {"text": "Hi", "words": "Hello"})
    row = only(scene)
    page = client.get(f"/projects/{scene.project_id}/").content.decode()
    assert "while “Hello,” is said" in page
    client.post(f"/scenes/{scene.pk}/overlays/{row['id']}/save", {"text": "Bye", "words": "Hello"})
    assert only(scene)["text"] == "Bye"
    client.post(f"/scenes/{scene.pk}/overlays/{row['id']}/remove")
    scene.refresh_from_db()
    assert scene.overlays == []


def test_a_picture_is_laid_over_the_frame(client, alice, scene):
    from tests.studio.test_assets import png, upload

    upload(client, image=png(300, 200))
    picture = Picture.objects.get()
    assert add(client, scene, picture=picture.pk).status_code == 200
    assert anchors.shown_overlays(scene.__class__.objects.get(pk=scene.pk))[0].box is not None
