"""Whatever is sent, the API answers in its own form and never with a 500."""

import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studio.api.problems import CODES
from studio.api.renders.bodies import RenderRequest
from studio.limits import REQUESTS
from tests.studio.programs import RENDERS, Program

pytestmark = pytest.mark.django_db

text = st.text(max_size=30) | st.sampled_from(
    [
        "Hello.",
        "<speak>",
        "<break time='1s'/>",
        "&lol;",
        "# One\n\nTwo.",
        "🙂",
        "\x00",
        "mode",
        "1:1",
    ]
)
leaf = st.none() | st.booleans() | st.integers() | st.floats() | text
anything = st.recursive(
    leaf,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=6,
)
# Mostly right: a good request with a few wrong fields.
fields = st.dictionaries(st.sampled_from(sorted(RenderRequest.model_fields)), anything, max_size=3)
bodies = anything | fields | fields.map(lambda bent: {"script": "Hello.", "mode": "draft", **bent})


def bounded(examples):
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )


@pytest.fixture
def program(alice, library, monkeypatch):
    monkeypatch.setattr("studio.api.auth.REQUESTS", replace(REQUESTS, most=1_000_000))
    return Program.of(alice.workspace)


def is_answered_well(response):
    if response.status_code >= 400:
        body = response.json()
        assert response.status_code < 500, body
        assert response["Content-Type"] == "application/problem+json"
        assert body["code"] in CODES, body
        assert body["detail"]
    assert response["X-Request-Id"].startswith("req_")
    return True


@bounded(150)
@given(body=bodies)
def test_any_json_body_is_answered_well(program, body):
    assert is_answered_well(program.post(RENDERS, json.dumps(body)))


@bounded(40)
@given(body=st.binary(max_size=60))
def test_any_bytes_are_answered_well(program, body):
    assert is_answered_well(program.post(RENDERS, body))


@bounded(60)
@given(query=st.dictionaries(
    st.sampled_from(["limit", "cursor", "status", "project_id", "reference", "other"]), text, max_size=3
))  # fmt: skip
def test_any_query_is_answered_well(program, query):
    assert is_answered_well(program.get(RENDERS, query))


@bounded(40)
@given(part=st.text(min_size=1, max_size=20))
def test_any_address_is_answered_well(program, part):
    from urllib.parse import quote

    assert is_answered_well(
        program.get(f"{RENDERS}/{quote(part, safe='', errors='surrogatepass')}")
    )


@bounded(40)
@given(value=st.text(st.characters(max_codepoint=255, blacklist_characters="\r\n"), max_size=40))
def test_any_header_is_answered_well(program, value):
    for name in ("Idempotency-Key", "Prefer", "Authorization", "Content-Type", "X-Request-Id"):
        assert is_answered_well(
            program.post(RENDERS, {"script": "", "mode": "draft"}, **{name: value})
        )
