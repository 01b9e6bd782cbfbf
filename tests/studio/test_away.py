"""The database or the broker is away: a 503 that says so and when to come again, on pages and in the API."""

import sqlite3

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from redis.exceptions import ConnectionError as CacheAway

from rows import limits
from studio.api.problems import MEDIA_TYPE
from studio.models import ApiKey

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def clients(alice, client_of, library):
    """A browser and a program that get error pages instead of our exceptions."""
    browser = client_of(alice)
    browser.raise_request_exception = False
    secret = ApiKey.make(alice.workspace, "Program")[1]
    program = Client(raise_request_exception=False, headers={"Authorization": f"Bearer {secret}"})
    return browser, program


@pytest.fixture
def away():
    """Takes the database away until the end of the test."""
    row = connection.settings_dict
    before = dict(row)

    def take():
        connection.close()
        row.update({"NAME": "/nowhere/at-all", "HOST": "127.0.0.1", "PORT": "1"})

    yield take
    connection.close()
    row.clear()
    row.update(before)


def expect_unavailable(response):
    assert response.status_code == 503
    assert 1 <= int(response["Retry-After"]) <= 30
    return response.content.decode()


@pytest.mark.postgres
def test_without_the_database_pages_the_api_and_the_probe_answer_503(clients, away):
    browser, program = clients
    away()
    for address in ("/", "/projects/", "/credits/"):
        assert "does not answer" in expect_unavailable(browser.get(address))
    assert "does not answer" in expect_unavailable(browser.get("/", headers={"HX-Request": "true"}))
    response = program.get("/api/v1/renders")
    assert "unavailable" in expect_unavailable(response)
    assert response["Content-Type"] == MEDIA_TYPE
    assert response.json()["retryable"]
    probe = Client().get("/healthz")
    assert (probe.status_code, probe.json()["database"]) == (503, "down")


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="Postgres locks rows.")
def test_a_press_while_others_hold_the_database_is_answered_503(clients, monkeypatch):
    browser, _ = clients
    connection.close()
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "timeout", 0.05)
    writer = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    try:
        assert "Many people save" in expect_unavailable(
            browser.post("/projects/new", {"title": "Spring"})
        )
    finally:
        writer.close()
        connection.close()


def test_without_the_broker_programs_read_on_and_renders_and_sign_ins_are_answered_503(
    clients, monkeypatch
):
    """In production the broker also counts wrong passwords and caches what is known of the machines: without it these
    end in a 503. It counts the requests of programs as well, and these go on."""

    def away(*_, **__):
        raise CacheAway

    monkeypatch.setattr(cache, "add", away)
    monkeypatch.setattr(cache, "get_or_set", away)
    monkeypatch.setattr(limits, "_away_until", float("inf"))
    _, program = clients
    assert program.get("/api/v1/renders").status_code == 200
    body = {"script": "One.", "mode": "draft"}
    headers = {"Idempotency-Key": "away"}
    answer = program.post("/api/v1/renders", body, content_type="application/json", headers=headers)
    assert "unavailable" in expect_unavailable(answer)
    wrong = {"login": "alice@example.org", "password": "wrong"}
    outside = Client(raise_request_exception=False)
    assert "does not answer" in expect_unavailable(outside.post("/accounts/login/", wrong))
