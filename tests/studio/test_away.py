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
    """A browser and a program, who do not want to see our exceptions."""
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


def said(response):
    assert response.status_code == 503
    assert 1 <= int(response["Retry-After"]) <= 30
    return response.content.decode()


@pytest.mark.postgres
def test_a_database_that_is_away(clients, away):
    browser, program = clients
    away()
    for address in ("/", "/projects/", "/credits/"):
        assert "does not answer" in said(browser.get(address))
    assert "does not answer" in said(browser.get("/", headers={"HX-Request": "true"}))
    response = program.get("/api/v1/renders")
    assert "unavailable" in said(response)
    assert response["Content-Type"] == MEDIA_TYPE
    assert response.json()["retryable"]
    probe = Client().get("/healthz")
    assert (probe.status_code, probe.json()["database"]) == (503, "down")


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="Postgres locks rows.")
def test_a_database_that_others_write_to(clients, monkeypatch):
    browser, _ = clients
    connection.close()
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "timeout", 0.05)
    writer = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    try:
        assert "Many people save" in said(browser.post("/projects/new", {"title": "Spring"}))
    finally:
        writer.close()
        connection.close()


def test_a_broker_that_is_away(clients, monkeypatch):
    """In production wrong passwords are counted there, and what is known of the machines is kept there. Requests of
    programs are counted there as well, and go on without."""

    def away(*_, **__):
        raise CacheAway

    monkeypatch.setattr(cache, "add", away)
    monkeypatch.setattr(cache, "get_or_set", away)
    monkeypatch.setattr(limits, "_away_until", float("inf"))
    _, program = clients
    assert program.get("/api/v1/renders").status_code == 200
    asked = {"script": "One.", "mode": "draft"}
    headers = {"Idempotency-Key": "away"}
    answer = program.post(
        "/api/v1/renders", asked, content_type="application/json", headers=headers
    )
    assert "unavailable" in said(answer)
    wrong = {"login": "alice@example.org", "password": "wrong"}
    outside = Client(raise_request_exception=False)
    assert "does not answer" in said(outside.post("/accounts/login/", wrong))
