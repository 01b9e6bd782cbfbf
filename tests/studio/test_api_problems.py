"""Every refusal has one form, a code to branch on, and says what to do."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import path
from django.utils import timezone
from ninja.errors import ValidationError

from studio import urls
from studio.api import PublicAPI, StrictParser, problems
from studio.api.common import Request
from studio.api.problems import CODES
from studio.library import uploads
from studio.limits import REQUESTS
from studio.models import ApiKey
from tests.studio.programs import RENDERS, Program, assert_problem

pytestmark = pytest.mark.django_db


@pytest.fixture
def program(alice, library):
    return Program.of(alice.workspace)


def test_a_request_without_a_key_is_refused():
    response = Program().get(RENDERS)
    assert_problem(response, 401, "key_missing")
    assert response["WWW-Authenticate"] == "Bearer"


def test_a_session_is_not_a_key(alice, client_of):
    assert_problem(client_of(alice).get(RENDERS), 401, "key_missing")


@pytest.mark.parametrize("secret", ["ls_live_nobody", "x", "ls_live_" + "ä" * 30])
def test_a_key_that_nobody_has_is_refused(secret):
    assert_problem(Program(secret).get(RENDERS), 401, "key_invalid")


def test_a_revoked_key_is_refused(alice):
    key, secret = ApiKey.make(alice.workspace, "Old")
    key.revoke()
    assert_problem(Program(secret).get(RENDERS), 401, "key_revoked")


def test_the_last_use_of_a_key_is_written_once_a_minute(alice):
    key, secret = ApiKey.make(alice.workspace, "Busy")
    program = Program(secret)
    program.get("/api/v1/avatars")
    first = ApiKey.objects.get(pk=key.pk).last_used_at
    assert first is not None
    program.get("/api/v1/avatars")
    assert ApiKey.objects.get(pk=key.pk).last_used_at == first
    before = timezone.now() - timedelta(minutes=2)
    ApiKey.objects.filter(pk=key.pk).update(last_used_at=before)
    program.get("/api/v1/avatars")
    assert ApiKey.objects.get(pk=key.pk).last_used_at > first


def test_the_limit_counts_down_and_ends_in_429(program, monkeypatch):
    monkeypatch.setattr("rows.limits.clock", lambda: 999_999_990.0)
    monkeypatch.setattr("studio.api.auth.REQUESTS", replace(REQUESTS, most=3))
    left = [program.get("/api/v1/avatars")["RateLimit"] for _ in range(3)]
    assert left == ['"default";r=2;t=30', '"default";r=1;t=30', '"default";r=0;t=30']
    response = program.get("/api/v1/avatars")
    assert assert_problem(response, 429, "rate_limited")["retryable"]
    assert response["Retry-After"] == "30"
    assert response["RateLimit-Policy"] == '"default";q=3;w=60'
    monkeypatch.setattr("rows.limits.clock", lambda: 1_000_000_030.0)
    assert program.get("/api/v1/avatars").status_code == 200


def test_each_key_has_a_limit_of_its_own(program, alice, monkeypatch):
    monkeypatch.setattr("studio.api.auth.REQUESTS", replace(REQUESTS, most=1))
    other = Program.of(alice.workspace)
    assert program.get("/api/v1/avatars").status_code == 200
    assert other.get("/api/v1/avatars").status_code == 200


def test_an_unknown_address_is_not_found(program):
    assert_problem(program.get("/api/v1/renderz"), 404, "not_found")
    assert_problem(program.get("/api/v2/renders"), 404, "not_found")
    assert_problem(program.get(f"{RENDERS}/render_nobody"), 404, "not_found")
    assert_problem(program.get(f"{RENDERS}/a%00b"), 404, "not_found")


def test_an_unknown_method_is_refused(program):
    response = program.client.delete(RENDERS)
    assert_problem(response, 405, "method_not_allowed")
    assert set(response["Allow"].split(", ")) == {"GET", "POST"}
    assert_problem(program.get(f"{RENDERS}/render_x/cancel"), 405, "method_not_allowed")


def test_a_body_that_is_not_json_is_refused(program):
    for body in (b"", b"{", b"[", b'{"script": NaN}', b"\xff\xfe", b'"text"', b"[]", b"null", b"7"):
        assert_problem(program.post(RENDERS, body), 400, "invalid_json")
    assert_problem(program.post(RENDERS, b"[" * 100_000), 400, "invalid_json")
    assert_problem(program.post(RENDERS, b'{"script": "\\ud800"}'), 400, "invalid_json")
    assert_problem(
        program.post(RENDERS, b'{"max_cost": ' + b"9" * 5000 + b"}"), 400, "invalid_json"
    )


def test_text_that_cannot_be_stored_is_refused(program):
    assert_problem(program.post(RENDERS, b'{"script": "a\\u0000b"}'), 422, "invalid_field")
    # A backslash followed by those letters is text like any other.
    assert (
        program.post(RENDERS, rb'{"script": "Say it: \\u0000.", "mode": "draft"}').status_code
        == 202
    )


def test_a_body_of_another_type_is_refused(program):
    response = program.post(RENDERS, b"script=Hello", content_type="text/plain")
    assert_problem(response, 415, "unsupported_media_type")


@pytest.mark.parametrize("size", [1_000_001, 2_100_000])
def test_a_body_that_is_too_large_is_refused(program, size):
    assert_problem(
        program.post(RENDERS, b'{"script": "' + b"a" * size + b'"}'), 413, "body_too_large"
    )


@pytest.mark.parametrize(
    ("body", "path", "nearest"),
    [
        ({"script": "Hi.", "avatar": "x"}, "avatar", "avatar_id"),
        ({"script": "Hi.", "captions": {"burnin": True}}, "captions.burnin", "burn_in"),
        ({"scenes": [{"script": "Hi."}, {"scrip": "x"}]}, "scenes[1].scrip", "script"),
        (
            {"scenes": [{"script": "Hi.", "background": {"type": "color", "colour": "#fff"}}]},
            "scenes[0].background.colour",
            "color",
        ),
    ],
)
def test_an_unknown_field_names_the_nearest(program, body, path, nearest):
    response = program.post(RENDERS, body)
    errors = {error["path"]: error for error in response.json()["errors"]}
    assert response.status_code == 422
    assert errors[path]["code"] == "unknown_field"
    assert f"Did you mean {nearest}?" in errors[path]["message"]


class Cut(Request):
    seconds: int


def test_a_misspelt_field_is_looked_up_in_the_body_of_its_operation(client, settings):
    """Whatever its address is: here one among those of captions."""
    other = PublicAPI(
        parser=StrictParser(), urls_namespace="other", docs_url=None, openapi_url=None
    )
    other.add_exception_handler(ValidationError, problems.handle)

    @other.post("/captions/cut")
    def cut(request, payload: Cut):
        return {}

    class Addresses:
        urlpatterns = [path("api/other/", other.urls), *urls.urlpatterns]

    settings.ROOT_URLCONF = Addresses
    answer = client.post(
        "/api/other/captions/cut", '{"second": 4}', content_type="application/json"
    )
    messages = {error["code"]: error["message"] for error in answer.json()["errors"]}
    assert "There is no field second. Did you mean seconds?" in messages["unknown_field"]
    assert messages["missing_field"] == "The field seconds is missing."


@pytest.mark.parametrize(
    ("body", "path", "code"),
    [
        ({}, "script", "missing_field"),
        ({"title": "x"}, "script", "missing_field"),
        ({"script": "Hi.", "project_id": "project_x"}, "project_id", "conflicting_fields"),
        ({"project_id": "project_x", "title": "x"}, "title", "conflicting_fields"),
        ({"script": "Hi.", "revision": 1}, "revision", "conflicting_fields"),
        ({"script": 7}, "script", "invalid_field"),
        ({"script": "Hi.", "mode": "fast"}, "mode", "invalid_field"),
        ({"script": "Hi.", "aspect_ratio": "4:3"}, "aspect_ratio", "invalid_field"),
        (
            {"script": "Hi.", "voice_settings": {"speed": 9}},
            "voice_settings.speed",
            "invalid_field",
        ),
        ({"script": "Hi.", "max_cost": "5"}, "max_cost", "invalid_field"),
        ({"script": "Hi.", "max_cost": -1}, "max_cost", "invalid_field"),
        ({"script": "Hi.", "metadata": {"a": 1}}, "metadata.a", "invalid_field"),
        ({"script": "Hi.", "metadata": {"a" * 41: "b"}}, "metadata", "invalid_field"),
        ({"scenes": []}, "scenes", "invalid_field"),
        ({"scenes": [{"title": "x"}]}, "scenes[0].script", "missing_field"),
        ({"script": "Hi.", "avatar_id": "nobody"}, "avatar_id", "invalid_field"),
        ({"scenes": [{"script": "Hi.", "voice_id": "x"}]}, "scenes[0].voice_id", "invalid_field"),
        ({"script": "Hi.", "language": "sw-KE"}, "language", "language_unsupported"),
        (
            {"script": "Hi.", "background": {"type": "color"}},
            "background.color",
            "missing_field",
        ),
        (
            {"script": "Hi.", "background": {"type": "image", "asset_id": "asset_x"}},
            "background.asset_id",
            "invalid_field",
        ),
        (
            {"script": "Hi.", "background": {"type": "color", "color": "red"}},
            "background.color",
            "invalid_field",
        ),
    ],
)
def test_a_refused_field_is_named_by_its_path(program, body, path, code):
    refusal = assert_problem(program.post(RENDERS, body), 422, code)
    assert refusal["errors"][0]["path"] == path
    assert refusal["errors"][0]["message"] == refusal["detail"]


def test_an_unknown_project_is_not_found(program):
    for project_id in ("project_x", "a\\b", "ä"):
        assert_problem(program.post(RENDERS, {"project_id": project_id}), 404, "not_found")


@pytest.mark.parametrize(
    ("script", "code"),
    [("", "script_empty"), (" \n\n ", "script_empty"), ("word " * 4001, "script_too_long")],
)
def test_an_empty_and_a_too_long_script_are_refused(program, script, code):
    assert_problem(program.post(RENDERS, {"script": script}), 422, code)


def test_an_error_of_ours_hides_its_detail_and_is_logged(program, monkeypatch, caplog):
    def slip(*args, **options):
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr("studio.api.renders.routes.request_render", slip)
    response = program.post(RENDERS, {"script": "Hello."})
    body = assert_problem(response, 500, "internal_error")
    assert "secret" not in response.content.decode()
    assert body["request_id"] in caplog.text


ASSETS, AVATARS = "/api/v1/assets", "/api/v1/avatars"
FORM = "multipart/form-data; boundary=x"


@pytest.mark.parametrize(
    ("address", "kind", "code", "sentence"),
    [
        (ASSETS, FORM, "file_too_large", "a video 500,000,000"),
        (AVATARS, FORM, "file_too_large", "A photo or picture has at most 20,000,000 bytes"),
        (RENDERS, FORM, "body_too_large", "A body has at most 1,000,000 bytes"),
        (RENDERS, "application/json", "body_too_large", "A body has at most 1,000,000 bytes"),
    ],
)
def test_a_request_that_is_too_large_says_how_large_it_may_be(
    program, address, kind, code, sentence
):
    headers = {"Authorization": f"Bearer {program.secret}"}
    answer = program.client.generic(
        "POST", address, b"", headers=headers, CONTENT_TYPE=kind, CONTENT_LENGTH="600000000"
    )
    assert sentence in assert_problem(answer, 413, code)["detail"]


@pytest.mark.parametrize(
    ("kind", "noun"), [("image", "picture"), ("video", "video"), ("music", "music")]
)
def test_a_file_that_is_too_large_is_called_by_its_kind(program, monkeypatch, kind, noun):
    monkeypatch.setitem(uploads.LARGEST, kind, 1_000_000)
    headers = {"Authorization": f"Bearer {program.secret}", "Idempotency-Key": kind}
    file = SimpleUploadedFile("a.bin", b"x" * 2_000_000)
    answer = program.client.post(ASSETS, {"kind": kind, "file": file}, headers=headers)
    detail = assert_problem(answer, 413, "file_too_large")["detail"]
    assert detail == f"The {noun} has 2 MB; at most 1 MB can be used. Choose a smaller file."


def test_every_refusal_is_documented(client):
    page = client.get("/api/v1/docs").content.decode()
    for code, (status, meaning) in CODES.items():
        assert f'id="{code}"' in page
        assert 400 <= status <= 503
        assert meaning.endswith(".")
