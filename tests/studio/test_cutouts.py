"""The cut-out of a photo is shown before the avatar is kept, and can be corrected until then."""

import json

import pytest

from rendering import storage
from studio.library import photos
from studio.models import Avatar
from tests.faces import scenes
from tests.studio.test_photo_avatars import client  # noqa: F401  (a fixture)

pytestmark = pytest.mark.django_db

TAKEN = [{"keep": False, "radius": 0.1, "points": [[0.2, 0.95], [0.8, 0.95]]}]


@pytest.fixture
def made(client, alice, library, tmp_path, django_capture_on_commit_callbacks):  # noqa: F811
    source = scenes.file(scenes.photo("maya"), tmp_path / "in.jpg")
    with source.open("rb") as file:
        client.post("/avatars/new", {"photo": file, "voice": "af_heart"})
    avatar = Avatar.objects.get(workspace=alice.workspace)
    photos.MAKING.work(avatar.pk)
    avatar.refresh_from_db()
    assert avatar.state == Avatar.State.MADE
    return avatar


def correct(client, avatar, strokes=TAKEN, **fields):  # noqa: F811
    sent = strokes if isinstance(strokes, str) else json.dumps(strokes)
    return client.post(f"/avatars/{avatar.pk}/cut-out", {"strokes": sent, **fields})


def file(client, avatar, kind):  # noqa: F811
    return client.get(f"/avatars/{avatar.pk}/files/{kind}")


def test_a_cut_out_is_corrected_and_the_photo_goes_when_the_avatar_is_kept(client, made):  # noqa: F811
    page = client.get(f"/avatars/{made.pk}/").content.decode()
    assert page.count("/files/cutout?") == 4
    before = b"".join(file(client, made, "cutout"))
    assert file(client, made, "crop").status_code == 200

    answer = correct(client, made, ground="own")
    assert answer.status_code == 302
    made.refresh_from_db()
    old = made.pack
    assert made.state == "making"
    assert made.cut == {"strokes": TAKEN, "own_ground": True, "ground_before": False}
    photos.MAKING.work(made.pk)
    made.refresh_from_db()
    assert made.state == Avatar.State.MADE
    assert b"".join(file(client, made, "cutout")) != before
    assert made.pack != old
    assert storage.store().find(old, ".pack") is None  # the face of before is nobody's
    page = client.get(f"/avatars/{made.pk}/cut-out").content.decode()
    assert 'name="ground" value="own" checked' in page
    assert "&quot;keep&quot;: false" in page

    client.post(f"/avatars/{made.pk}/keep", {"name": "Robin", "voice": "bf_emma"})
    for kind in photos.UNTIL_KEPT:
        assert photos.file_of(made, kind) is None
    assert correct(client, made).status_code == 302  # to the avatar: it is too late
    made.refresh_from_db()
    assert made.state == Avatar.State.KEPT


@pytest.mark.parametrize(
    "strokes", ["{", "[" * 5000, '[{"keep": 1}]', "null", "9" * 700_000, "[NaN]"]
)
def test_strokes_that_cannot_be_read_get_a_sentence_and_change_nothing(client, made, strokes):  # noqa: F811
    answer = correct(client, made, strokes)
    assert answer.status_code == 422
    assert "strokes" in answer.content.decode()
    made.refresh_from_db()
    assert (made.state, made.cut) == (Avatar.State.MADE, {})


def test_a_correction_that_fails_on_our_side_loses_nothing(client, made, monkeypatch):  # noqa: F811
    def breaks(*_, **__):
        raise RuntimeError("a defect of ours")

    correct(client, made, ground="own")
    monkeypatch.setattr("rendering.faces.photo.prepare", breaks)
    photos.MAKING.work(made.pk)
    pack = made.pack
    made.refresh_from_db()
    assert (made.state, made.pack) == (Avatar.State.MADE, pack)
    assert (made.cut["strokes"], made.cut["own_ground"]) == (TAKEN, False)
    page = client.get(f"/avatars/{made.pk}/").content.decode()
    assert "The cut-out could not be changed, and is as it was; try again." in page
    assert photos.file_of(made, "photo")


def test_a_discarded_avatar_leaves_no_file(client, made):  # noqa: F811
    correct(client, made)
    photos.MAKING.work(made.pk)
    made.refresh_from_db()
    client.post(f"/avatars/{made.pk}/discard")
    assert not any(photos.file_of(made, kind) for kind in photos.KINDS)
    assert storage.store().find(made.pack, ".pack") is None


def test_strangers_correct_nothing(made, client_of, charlie):
    stranger = client_of(charlie)
    assert correct(stranger, made).status_code == 404
    assert file(stranger, made, "crop").status_code == 404
    made.refresh_from_db()
    assert made.state == Avatar.State.MADE
