"""The budget of every entry point: the document equals the code, and every address has a row."""

from dataclasses import replace

import pytest

from rows.limits import forget
from studio import budget, limits
from studio.library import uploads
from studio.management.commands.limits import PATH, document
from studio.projects import overlays
from studio.renders import plan
from tests.studio.programs import RENDERS, Program, assert_problem

pytestmark = pytest.mark.django_db


def test_the_document_of_limits_equals_the_code():
    assert PATH.read_text(encoding="utf-8") == document()


def _row_of(name):
    """The pages of allauth have one row for all of a kind."""
    kinds = ("account_", "mfa_", "usersessions_")
    return next((f"{kind}*" for kind in kinds if name.startswith(kind)), name)


def test_every_address_has_exactly_one_row():
    routes = [name for way in budget.WAYS for name in way.routes]
    names = {_row_of(name) for name, _ in limits.addresses()}
    wrong = {name: routes.count(name) for name in names}
    assert {name: rows for name, rows in wrong.items() if rows != 1} == {}


def test_every_row_names_an_existing_address():
    existing = {_row_of(name) for name, _ in limits.addresses()}
    assert {name for way in budget.WAYS for name in way.routes} - existing == set()


def test_a_form_that_is_too_large_is_refused_with_the_largest_size(client_of, alice):
    answer = client_of(alice).post("/projects/new", {"avatar": "x" * 2_100_000})
    assert answer.status_code == 413
    assert "at most 2 MB can be sent here" in answer.content.decode()


def test_an_upload_without_a_session_is_sent_to_the_login(client):
    answer = client.generic(
        "POST", "/assets", b"x" * 2_100_000, content_type="multipart/form-data; boundary=x"
    )
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/")


def test_a_search_uses_the_first_ten_words_and_says_so(client_of, alice, project):
    found = client_of(alice).get("/projects/", {"q": "e " * 1200})
    assert found.status_code == 200
    assert "only the first 10 were looked for" in found.content.decode()


def test_requests_without_a_valid_key_are_limited(monkeypatch, library):
    forget()
    monkeypatch.setattr("studio.api.auth.WITHOUT_KEY", replace(limits.WITHOUT_KEY, most=3))
    stranger = Program("ls_live_nothing")
    for _ in range(3):
        assert_problem(stranger.get(RENDERS), 401, "key_invalid")
    answer = stranger.get(RENDERS)
    assert_problem(answer, 429, "rate_limited")
    assert 0 < int(answer["Retry-After"]) <= 60
    forget()


def test_pictures_beyond_the_limit_of_an_hour_are_refused(monkeypatch, client_of, alice):
    monkeypatch.setitem(uploads.SENT, "image", replace(limits.PICTURES, most=0))
    from django.core.files.uploadedfile import SimpleUploadedFile

    answer = client_of(alice).post("/assets", {"image": SimpleUploadedFile("a.png", b"x")})
    assert answer.status_code == 429
    assert "has sent 0 pictures within an hour" in answer.content.decode()


def test_a_scene_beyond_the_most_of_a_project_is_refused(monkeypatch, client_of, alice, project):
    monkeypatch.setattr("studio.models.projects.MOST_SCENES", 1)
    answer = client_of(alice).post(f"/projects/{project.pk}/scenes")
    assert answer.status_code == 422
    assert "at most 1 scenes" in answer.content.decode()
    assert project.live_scenes.count() == 1


@pytest.mark.postgres
def test_a_mail_address_of_256_characters_is_refused(client):
    address = f"{'a' * 60}@{'b' * 60}.{'c' * 60}.{'d' * 60}.example.org"
    answer = client.post("/accounts/signup/", {"email": address, "password1": "a long password 17"})
    assert answer.status_code == 200
    assert "at most 254 characters" in answer.content.decode()


@pytest.mark.postgres
def test_a_name_with_a_nul_character_is_refused(alice, library):
    program = Program.of(alice.workspace)
    from django.core.files.uploadedfile import SimpleUploadedFile

    answer = program.client.post(
        "/api/v1/assets",
        {"file": SimpleUploadedFile("a.png", b"x"), "kind": "image", "name": "a\x00b"},
        headers={"Authorization": f"Bearer {program.secret}", "Idempotency-Key": "nul"},
    )
    assert_problem(answer, 422, "invalid_field")


def test_a_misspelt_parameter_is_named_with_the_right_one(alice, library):
    body = assert_problem(
        Program.of(alice.workspace).get(RENDERS, {"statuss": "done"}), 422, "unknown_field"
    )
    assert "Did you mean status?" in body["detail"]


def test_every_operation_of_the_api_documents_500_and_503(client):
    described = client.get("/api/v1/openapi.json").json()
    for methods in described["paths"].values():
        for operation in methods.values():
            assert {"500", "503"} <= set(operation["responses"])


def test_a_script_that_is_too_long_is_not_read(monkeypatch, alice, library):
    """Not even by the code that looks up the words of overlays."""
    for module in (overlays.script_stage, plan.script_stage):
        for reader in ("lines", "run"):
            monkeypatch.setattr(module, reader, lambda *_, **__: pytest.fail("it was read"))
    over = {"id": "one", "text": "Hello", "from": {"line": 1, "word": 1}, "to": None}
    scenes = [{"script": "[" * 19_990, "overlays": [over]} for _ in range(2)]
    sent = Program.of(alice.workspace).render(mode="draft", scenes=scenes)
    assert_problem(sent, 422, "script_too_long")


@pytest.mark.parametrize("name", ["a/b", "\ud800", "", "x" * 33, "a b", "é"])
def test_an_overlay_with_an_odd_id_is_refused(name, alice, library):
    row = {"id": name, "text": "Hello"}
    answer = Program.of(alice.workspace).render(script="Hello.", mode="draft", overlays=[row])
    assert answer.status_code in (400, 422)


@pytest.mark.parametrize("name", ["a/b", "\ud800", "", None, 7, "x" * 99])
def test_a_stored_overlay_with_an_odd_id_is_shown_and_can_be_removed(
    name, client_of, alice, project, scene
):
    rows = [
        {
            "id": name,
            "text": "Hello",
            "asset_id": "",
            "from": None,
            "to": {"line": 10**30, "word": -1},
        }
    ]
    type(scene).objects.filter(pk=scene.pk).update(overlays=rows)
    client = client_of(alice)
    assert client.get(f"/projects/{project.pk}/").status_code == 200
    scene.refresh_from_db()
    (row,) = scene.overlays
    assert client.post(f"/scenes/{scene.pk}/overlays/{row['id']}/remove").status_code == 302
    scene.refresh_from_db()
    assert scene.overlays == []


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"--x", "multipart/form-data"),
        (b"a=1&" * 1001, "application/x-www-form-urlencoded"),
        (
            b"".join(
                b'--x\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\nx\r\n'
                for _ in range(101)
            )
            + b"--x--\r\n",
            "multipart/form-data; boundary=x",
        ),
    ],
    ids=["no boundary", "fields", "files"],
)
def test_an_unreadable_form_gets_a_sentence(body, kind, client_of, alice):
    answer = client_of(alice).generic("POST", "/assets", body, content_type=kind)
    assert answer.status_code == 400
    assert "The form" in answer.content.decode()
