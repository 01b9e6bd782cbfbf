"""Avatars from photos, through the API: made, read, listed, deleted."""

import json

import cv2
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from rendering.models import Render
from studio.library import photos
from studio.models import Avatar
from tests.faces import scenes
from tests.studio.programs import Program, assert_problem
from tests.studio.rows import own_avatar

pytestmark = pytest.mark.django_db

AVATARS = "/api/v1/avatars"


@pytest.fixture
def program(alice, library):
    return Program.of(alice.workspace)


ROOM = cv2.imencode(".jpg", scenes.ground(300, 300))[1].tobytes()


def send(program, data=ROOM, key="one", **fields):
    photo = {"photo": SimpleUploadedFile("me.jpg", data)} if data is not None else {}
    headers = {"Authorization": f"Bearer {program.secret}"} | (
        {"Idempotency-Key": key} if key else {}
    )
    return program.client.post(AVATARS, {**photo, **fields}, headers=headers)


def test_a_photo_is_accepted_and_its_faults_are_reported(program):
    answer = send(program, name="Robin", voice_id="am_michael")
    assert answer.status_code == 202, answer.content
    body = answer.json()
    assert (body["kind"], body["status"], body["name"]) == ("photo", "making", "Robin")
    assert body["voice_id"] == "am_michael"
    assert body["page_url"].endswith(f"/avatars/{body['id']}/")
    photos.MAKING.work(body["id"])
    read = program.get(answer["Location"]).json()
    assert read["status"] == "refused"
    assert [finding["code"] for finding in read["findings"]] == ["no_face"]
    assert read["findings"][0]["sentence"].startswith("No face is found")


def test_two_requests_with_the_same_key_make_one_avatar(program):
    first, again = send(program), send(program)
    assert (first.json(), again["Idempotent-Replayed"]) == (again.json(), "true")
    assert Avatar.objects.exclude(workspace=None).count() == 1
    assert_problem(send(program, name="another"), 422, "idempotency_key_reused")


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        ({"data": b""}, 422, "image_unreadable"),
        ({"data": b"%PDF-1.7"}, 422, "image_unreadable"),
        ({"data": None}, 422, "missing_field"),
        ({"data": b"x" * 20_000_001}, 413, "file_too_large"),
        ({"voice_id": "nobody"}, 422, "invalid_field"),
        ({"name": "x" * 81}, 422, "invalid_field"),
        ({"key": ""}, 400, "idempotency_key_missing"),
    ],
)
def test_a_wrong_request_is_refused_and_makes_no_avatar(program, sent, status, code):
    assert_problem(send(program, **sent), status, code)
    assert not Avatar.objects.exclude(workspace=None).exists()


def test_a_body_of_json_is_refused_for_its_missing_photo(program):
    answer = program.post(AVATARS, {"photo": "me.jpg"})
    assert_problem(answer, 422, "missing_field")


def test_own_avatars_are_listed_with_their_status(program, alice, charlie):
    own_avatar(alice.workspace)
    own_avatar(alice.workspace, name="Half", state="making", pack="")
    own_avatar(charlie.workspace, name="Secret")
    listed = {row["name"]: row["status"] for row in program.get(AVATARS).json()["data"]}
    assert (listed["Robin"], listed["Half"], listed["Maya"]) == ("locked", "making", "ready")
    assert "Secret" not in listed


def test_a_locked_avatar_cannot_be_rendered(program, alice):
    avatar = own_avatar(alice.workspace)
    answer = program.render(script="Hello.", avatar_id=avatar.pk, mode="draft")
    assert_problem(answer, 403, "consent_not_active")
    assert not Render.objects.exists()


def test_an_avatar_with_a_consent_renders_drafts_only_until_it_is_deleted(program, alice):
    from consent.models import Consent

    avatar = own_avatar(alice.workspace)
    given = Consent.record(
        kind="person", avatar=avatar, sha256=avatar.pack, scope="drafts", evidence={}
    )
    read = program.get(f"{AVATARS}/{avatar.pk}").json()
    assert (read["status"], read["consent_id"]) == ("drafts", given.pk)
    refusal = assert_problem(
        program.render(script="Hello.", avatar_id=avatar.pk), 403, "consent_drafts_only"
    )
    assert "as a draft only" in refusal["detail"]
    answer = program.render(script="Hello.", avatar_id=avatar.pk, mode="draft")
    assert (answer.status_code, answer.json()["mode"]) == (202, "draft")

    headers = {"Authorization": f"Bearer {program.secret}"}
    assert program.client.delete(f"{AVATARS}/{avatar.pk}", headers=headers).status_code == 204
    failure = program.get(answer["Location"]).json()["failure"]
    assert failure["code"] == "avatar_deleted"
    assert_problem(program.get(f"{AVATARS}/{avatar.pk}"), 404, "not_found")
    assert json.dumps(program.get(AVATARS).json()).count(avatar.pk) == 0
