"""Consent: without a valid record nothing passes, and the chain shows any change."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consent.models import Consent, ConsentEvent, NotAllowed, allows, first_broken_link, link
from studio.models import Avatar, Voice

pytestmark = pytest.mark.postgres


@pytest.fixture
def pair(library):
    return Avatar.objects.get(slug="maya"), Voice.objects.get(slug="af_heart")


def test_every_stock_face_and_voice_has_a_licence_record(library):
    for likeness in (*Avatar.objects.all(), *Voice.objects.all()):
        record = likeness.consents.get()
        assert record.kind == "licence"
        assert record.licence
        assert record.source
        assert len(record.sha256) == 64
    assert first_broken_link() is None


def test_recording_the_stock_library_twice_adds_nothing(library):
    from studio.library.stock import ensure_stock

    before = ConsentEvent.objects.count()
    ensure_stock()
    assert ConsentEvent.objects.count() == before


def test_allows_returns_the_records_of_face_and_voice(pair):
    found = allows(*pair, draft=False)
    assert [c.kind for c in found] == ["licence", "licence"]


def test_allows_refuses_a_face_without_a_record(pair):
    stranger = Avatar.objects.create(slug="nobody", name="Nobody")
    with pytest.raises(NotAllowed, match="Nobody has no valid consent") as refusal:
        allows(stranger, pair[1], draft=False)
    assert refusal.value.code == "consent_not_active"


def test_allows_refuses_once_a_consent_is_withdrawn(pair):
    pair[0].consents.get().withdraw("changed my mind")
    with pytest.raises(NotAllowed, match="was withdrawn") as refusal:
        allows(*pair, draft=False)
    assert refusal.value.code == "consent_withdrawn"
    assert first_broken_link() is None


def test_allows_refuses_before_and_after_the_time_of_a_consent(pair):
    now = timezone.now()
    for begins, ends in ((now + timedelta(1), None), (now - timedelta(2), now - timedelta(1))):
        voice = Voice.objects.create(slug=f"v{begins.day}", name="V", language="en-US")
        Consent.record(
            kind="person",
            voice=voice,
            source="x",
            licence="x",
            sha256="0" * 64,
            active_from=begins,
            expires_at=ends,
        )
        with pytest.raises(NotAllowed):
            allows(pair[0], voice, draft=False)


bodies = st.dictionaries(st.text(max_size=8), st.one_of(st.text(max_size=8), st.integers()))


@given(st.lists(bodies, min_size=2, max_size=8), st.data())
@settings(max_examples=60, deadline=None)
def test_any_change_changes_every_later_link(rows, data):
    def chain(rows):
        hashes = ["0" * 64]
        for row in rows:
            hashes.append(link(hashes[-1], row))
        return hashes[1:]

    position = data.draw(st.integers(0, len(rows) - 1))
    changed = [dict(row) for row in rows]
    changed[position]["changed"] = data.draw(st.integers())
    if changed == rows:
        return
    before, after = chain(rows), chain(changed)
    assert before[:position] == after[:position]
    assert all(a != b for a, b in zip(before[position:], after[position:], strict=True))


class Forger:
    """Somebody with the rights of the database's owner."""

    connection = connection

    def execute(self, statement):
        with connection.cursor() as cursor:
            cursor.execute(statement)


@given(st.integers(0, 10**9))
@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_changed_event_breaks_the_chain_at_its_link(library, number):
    from rows.append_only import allow_changes, refuse_changes

    event = ConsentEvent.objects.order_by("sequence")[number % ConsentEvent.objects.count()]
    body = event.body
    allow_changes(Forger(), "consent_consentevent")
    try:
        ConsentEvent.objects.filter(pk=event.pk).update(body={**body, "licence": "forged"})
        assert first_broken_link() == event.pk
        ConsentEvent.objects.filter(pk=event.pk).update(body=body)
        assert first_broken_link() is None
    finally:
        refuse_changes(Forger(), "consent_consentevent")


@pytest.mark.django_db(transaction=True)
def test_many_writers_at_once_make_one_whole_chain(alice):
    together = threading.Barrier(6)

    def write(number):
        try:
            voice = Voice.objects.create(slug=f"writer-{number}", name="W", language="en-US")
            together.wait()
            for _ in range(2):
                Consent.record(kind="person", voice=voice, source="x", licence="x", sha256="0" * 64)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=write, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ConsentEvent.objects.count() == 12
    assert first_broken_link() is None
