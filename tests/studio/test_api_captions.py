"""Captions through the API: read, changed, divided, joined, and given back to the script."""

import json

import pytest

from studio.models import ApiKey
from studio.renders import plan
from tests.studio.programs import Program, assert_problem
from tests.studio.rows import make_project

pytestmark = pytest.mark.django_db
SCRIPT = "Hello, and welcome to the studio.\n\nThis is the second line of it."


@pytest.fixture
def project(alice, library):
    return make_project(alice.workspace, script=SCRIPT)


@pytest.fixture
def program(alice):
    _, secret = ApiKey.make(alice.workspace, "Captions", by=alice)
    return Program(secret)


@pytest.fixture
def base(project):
    return f"/api/v1/projects/{project.pk}/captions"


def send(program, method, path, body=None):
    headers = {"Authorization": f"Bearer {program.secret}"}
    data = json.dumps(body) if body is not None else b""
    return program.client.generic(
        method, path, data, content_type="application/json", headers=headers
    )


def texts(answer):
    return [row["text"] for row in answer.json()["data"]]


def test_captions_are_listed_in_order_with_their_words(program, base):
    body = program.get(base).json()
    assert [(row["scene"], row["line"], row["first_word"], row["last_word"]) for row in body["data"]] == [
        (1, 1, 1, 6),
        (1, 2, 1, 7),
    ]  # fmt: skip
    assert body["exact"] is False
    assert not any(row["edited"] for row in body["data"])
    assert body["data"][0]["end"] <= body["data"][1]["start"]


def test_text_and_times_of_a_caption_are_changed_planned_and_reset(program, base, project):
    first = program.get(base).json()["data"][0]
    answer = send(program, "PATCH", f"{base}/{first['id']}", {"text": "Hi!", "start_shift": 0.2})
    row = answer.json()["data"][0]
    assert (row["text"], row["start_shift"], row["end_shift"], row["edited"]) == (
        "Hi!",
        0.2,
        0,
        True,
    )
    answer = send(program, "PATCH", f"{base}/{first['id']}", {"end_shift": -0.1})
    row = answer.json()["data"][0]
    assert (row["text"], row["start_shift"], row["end_shift"]) == ("Hi!", 0.2, -0.1)
    (edit,) = plan.plan_render(project).lines[0].spec.cues
    assert (edit.text, edit.start, edit.end) == ("Hi!", 0.2, -0.1)
    assert send(program, "DELETE", f"{base}/{first['id']}").status_code == 204
    assert program.get(base).json()["data"][0] == first


def test_a_caption_is_divided_and_joined_again(program, base, project):
    first = program.get(base).json()["data"][0]
    answer = send(program, "POST", f"{base}/{first['id']}/split", {"after": 3})
    assert texts(answer)[:2] == ["Hello, and welcome", "to the studio."]
    assert_problem(send(program, "POST", f"{base}/{first['id']}/join"), 404, "not_found")
    part = answer.json()["data"][0]["id"]
    answer = send(program, "POST", f"{base}/{part}/join")
    assert answer.json()["data"][0] == first
    assert project.live_scenes.get().cues == []


def test_the_person_of_the_key_can_undo_a_change(program, base, project, alice, client_of):
    first = program.get(base).json()["data"][0]
    send(program, "PATCH", f"{base}/{first['id']}", {"text": "Hi!"})
    client_of(alice).post(f"/projects/{project.pk}/undo", HTTP_ACCEPT="application/json")
    assert program.get(base).json()["data"][0] == first


@pytest.mark.parametrize(
    ("method", "end", "body", "code", "path"),
    [
        ("PATCH", "", {"text": "word " * 40}, "invalid_field", "text"),
        ("PATCH", "", {"start_shift": 9}, "invalid_field", "start_shift"),
        ("PATCH", "", {"start_shft": 1}, "unknown_field", "start_shft"),
        ("POST", "/split", {"after": 6}, "invalid_field", "after"),
        ("POST", "/split", {}, "missing_field", "after"),
    ],
)
def test_a_change_that_does_not_fit_names_its_field(program, base, method, end, body, code, path):
    first = program.get(base).json()["data"][0]
    found = assert_problem(send(program, method, f"{base}/{first['id']}{end}", body), 422, code)
    assert found["errors"][0]["path"] == path
    if code == "unknown_field":
        assert "Did you mean start_shift?" in found["detail"]
    assert program.get(base).json()["data"][0] == first


def test_the_last_caption_of_a_line_cannot_be_joined(program, base):
    first = program.get(base).json()["data"][0]
    found = assert_problem(
        send(program, "POST", f"{base}/{first['id']}/join"), 422, "invalid_field"
    )
    assert "is the last of its line" in found["detail"]


@pytest.mark.parametrize("wrong", ["nothing", "a-1-1-6", "scene_0-1-1-6", "-1-1"])
def test_an_id_of_no_caption_is_not_found(program, base, wrong):
    assert_problem(send(program, "PATCH", f"{base}/{wrong}", {}), 404, "not_found")
