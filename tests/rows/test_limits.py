"""Limits: exact for what guards money and people, quick for requests, and open while Valkey is away."""

import threading

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from rows import limits
from rows.limits import Count, Limit
from studio.servers import free_port
from tests.studio.programs import Program

STORES = ("rows", "requests")


@pytest.fixture(autouse=True)
def fresh(db):
    limits.forget()
    yield
    limits.forget()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("store", STORES)
def test_of_twenty_requests_at_once_exactly_as_many_pass_as_the_limit_allows(store):
    limit, passed, start = Limit("mails", 7, store=store), [], threading.Barrier(20)

    def ask():
        start.wait()
        passed.append(not limit.count("alice").exceeded)
        connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (passed.count(True), len(passed)) == (7, 20)


@pytest.mark.postgres
@pytest.mark.parametrize("store", STORES)
def test_a_window_ends_and_everybody_is_counted_alone(store, monkeypatch):
    limit = Limit("photos", 2, seconds=60, store=store)
    monkeypatch.setattr(limits, "clock", lambda: 600_000_030.0)
    assert [limit.count("alice").left for _ in range(3)] == [1, 0, -1]
    standing = limit.count("alice")
    assert (standing.exceeded, standing.resets_in) == (True, 30)
    assert not limit.count("bob").exceeded
    assert not Limit("videos", 2, seconds=60, store=store).count("alice").exceeded
    monkeypatch.setattr(limits, "clock", lambda: 600_000_061.0)
    assert limit.count("alice").left == 1


def test_reading_a_limit_counts_nothing():
    limit = Limit("requests", 2)
    assert [limit.count("key", 0).left for _ in range(3)] == [2, 2, 2]


def test_a_request_that_reads_writes_no_row(alice, library):
    program = Program.of(alice.workspace)
    assert program.get("/api/v1/avatars").status_code == 200  # the key's last use is written down
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert program.get("/api/v1/avatars").status_code == 200
    assert [q["sql"] for q in seen if not q["sql"].startswith("SELECT")] == []


def test_while_valkey_is_away_requests_pass_and_it_is_tried_again_later(
    settings, monkeypatch, caplog
):
    limit = Limit("requests", 1)
    settings.LIMITS_URL = f"redis://127.0.0.1:{free_port()}/0"
    limits._valkey.cache_clear()
    try:
        assert [limit.count("key").left for _ in range(3)] == [1, 1, 1]
        assert caplog.text.count("Valkey is away") == 1  # one try, not one for each request
    finally:
        settings.LIMITS_URL = settings.BROKER_URL
        limits._valkey.cache_clear()
    monkeypatch.setattr(limits, "_away_until", 0.0)
    assert [limit.count("key").left for _ in range(2)] == [0, -1]


def test_counts_of_past_windows_are_removed(monkeypatch):
    limit = Limit("photos", 2, store="rows")
    limit.count("alice")
    limits.tidy()
    assert Count.objects.count() == 1
    Count.objects.update(ends_at="2020-01-01T00:00:00Z")
    limits.tidy()
    assert not Count.objects.exists()
