"""Events: recorded with what happened, and missed by no consumer, whatever the order in which transactions end."""

import threading
from datetime import timedelta
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connections, transaction
from django.db.utils import DatabaseError
from django.utils import timezone

from rows import events
from rows.events import Consumer, Event, Personal, Reader, record

pytestmark = pytest.mark.postgres


@pytest.fixture
def heard(monkeypatch):
    """The subjects that a consumer of all events, the only consumer, has heard."""
    found = []
    consumer = Consumer("ears", (), lambda event: found.append(event.subject))
    monkeypatch.setattr(events, "CONSUMERS", {"ears": consumer})
    return found


def record_all(*subjects):
    with transaction.atomic():
        for subject in subjects:
            record("thing.made", subject)


def test_an_event_of_a_rolled_back_transaction_is_never_delivered(db, heard):
    record_all("one")
    with transaction.atomic():
        record("thing.made", "two")
        transaction.set_rollback(True)
    record_all("three")
    events.deliver()
    events.deliver()
    assert heard == ["one", "three"]


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_nothing_is_recorded():
    with pytest.raises(transaction.TransactionManagementError, match="outside a transaction"):
        record("thing.made", "one")


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(
    settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"),
    reason="SQLite writes one after another",
)
def test_an_event_that_commits_late_is_not_missed(heard):
    """The first draws its number, the second draws the next one and commits, is heard, and then the first commits."""
    drawn, go_on = threading.Event(), threading.Event()

    def slow():
        with transaction.atomic():
            record("thing.made", "first")
            drawn.set()
            assert go_on.wait(20)
        connections.close_all()

    thread = threading.Thread(target=slow)
    thread.start()
    assert drawn.wait(20)
    record_all("second")
    events.deliver()
    assert heard == ["second"]
    go_on.set()
    thread.join()
    events.deliver()
    assert heard == ["second", "first"]
    first, second = Event.objects.get(subject="first"), Event.objects.get(subject="second")
    assert (first.pk < second.pk, first.position > second.position) == (True, True)


def test_a_failing_consumer_stops_no_other_and_goes_on_where_it_was(db, heard, monkeypatch):
    tried, broken = [], [True]

    def weak(event):
        tried.append(event.subject)
        if event.subject == "two" and broken:
            Event.objects.create(kind="x" * 20, subject="half done")
            raise RuntimeError("no")

    events.CONSUMERS["weak"] = Consumer("weak", ("thing.made",), weak)
    record_all("one", "two", "three")
    events.deliver()
    assert (heard, tried) == (["one", "two", "three"], ["one", "two"])
    assert not Event.objects.filter(subject="half done").exists()
    events.deliver()
    assert tried == ["one", "two"]  # it pauses
    reader = Reader.objects.get(name="weak")
    assert reader.failures == 1
    assert timedelta(0) < reader.due_at - timezone.now() <= events.FIRST_PAUSE
    for failures in (2, 3):
        Reader.objects.update(due_at=timezone.now())
        events.deliver()
        assert Reader.objects.get(name="weak").failures == failures
    rest = Reader.objects.get(name="weak").due_at - timezone.now()
    assert rest > 10 * events.FIRST_PAUSE
    broken.clear()
    Reader.objects.update(due_at=timezone.now())
    events.deliver()
    assert tried[-2:] == ["two", "three"]
    assert Reader.objects.get(name="weak").failures == 0


def test_many_events_get_their_positions_in_batches(db, heard, monkeypatch):
    monkeypatch.setattr(events, "BATCH", 3)
    subjects = [str(number) for number in range(10)]
    record_all(*subjects)
    events.deliver()
    assert heard == subjects
    assert list(Event.objects.order_by("id").values_list("position", flat=True)) == [*range(1, 11)]


def test_a_consumer_hears_only_of_its_kinds_and_is_not_behind(db, heard):
    found = []
    events.CONSUMERS["few"] = Consumer("few", ("other.made",), lambda e: found.append(e.subject))
    record_all("one")
    with transaction.atomic():
        record("other.made", "two")
    record_all("three")
    events.deliver()
    assert found == ["two"]
    assert Reader.objects.get(name="few").position == 3


@pytest.mark.parametrize("change", ["kind", "subject", "workspace", "actor", "after"])
def test_events_cannot_be_changed(db, change):
    record_all("one")
    with pytest.raises(DatabaseError, match="only ever added to"), transaction.atomic():
        Event.objects.update(**{change: "x"})
    with pytest.raises(DatabaseError, match="only ever added to"), transaction.atomic():
        Event.objects.all().delete()


def test_personal_data_is_erased_and_the_event_stays(alice):
    event = Event.objects.get(kind="account.opened", subject=str(alice.pk))
    assert event.personal.body == {"name": "alice", "address": alice.email}
    assert "alice" not in str([event.before, event.after])
    out = StringIO()
    call_command("events", "--erase", alice.email, stdout=out)
    assert out.getvalue() == "Erased from 1 events.\n"
    assert not Personal.objects.filter(event=event).exists()
    assert Event.objects.filter(pk=event.pk).exists()


def test_the_operator_sees_who_is_behind(db, heard):
    def broken(event):
        raise RuntimeError("no")

    events.CONSUMERS["weak"] = Consumer("weak", (), broken)
    record_all("one", "two")
    events.deliver()
    out = StringIO()
    call_command("events", stdout=out)
    first, *lines = out.getvalue().splitlines()
    assert first == "2 events, 0 of them just written"
    rows = {line.split()[0]: line for line in lines}
    assert "0 behind" in rows["ears"]
    assert "2 behind, failed 1 times, tries again in" in rows["weak"]


def test_a_key_records_its_events_without_its_secret(alice):
    from studio.models import ApiKey

    key, secret = ApiKey.make(alice.workspace, "Robot", alice)
    key.revoke(alice)
    key.revoke(alice)
    recorded = list(Event.objects.filter(subject=key.pk).order_by("id"))
    assert [event.kind for event in recorded] == ["key.made", "key.revoked"]
    assert {event.actor for event in recorded} == {str(alice.pk)}
    assert secret not in str([event.after for event in recorded])


def test_a_render_records_its_request_and_its_end(alice, library):
    from tests.studio.programs import Program

    answer = Program.of(alice.workspace).render(script="One.", mode="draft")
    from rendering.models import Render

    render = Render.objects.get(pk=answer.json()["id"])
    render.cancel()
    recorded = list(Event.objects.filter(subject=render.pk).order_by("id"))
    assert [event.kind for event in recorded] == ["render.asked", "render.canceled"]
    assert recorded[0].actor == render.api_key_id
    assert (recorded[1].before["status"], recorded[1].after["status"]) == ("queued", "canceled")
    assert {event.workspace for event in recorded} == {alice.workspace.pk}
