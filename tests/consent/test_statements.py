"""The words that people agree to: a version is never edited, and a record says for good what it allows."""

import hashlib
from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

from consent import statements
from consent.models import Consent, Evidence, first_broken_link
from rendering.values import BadInput
from rows.append_only import allow_changes, refuse_changes
from studio.models import Voice
from tests.consent.test_chain import Forger

pytestmark = pytest.mark.postgres

SIGNED = {
    "face-1": "c880af34c1af6a9c",
    "voice-compared-1": "cff08e74b916e99d",
    "voice-copied-1": "6673e295133f1473",
}
"""People have signed these. Other words or other uses need a new version."""


def test_a_version_is_never_edited():
    for version, fingerprint in SIGNED.items():
        words = statements.VERSIONS[version]
        found = hashlib.sha256(f"{words.uses} {words.text}".encode()).hexdigest()[:16]
        assert found == fingerprint, version


def test_every_version_has_its_fingerprint_in_this_file():
    assert set(SIGNED) == set(statements.VERSIONS)


def test_the_text_of_a_statement_has_no_gaps_and_its_hash_is_that_of_the_text():
    for statement in (
        statements.of_face("Robin", "Acme {day}"),
        statements.of_voice("Acme {day}", copied=True),
        statements.of_voice("Acme {day}", copied=False),
    ):
        assert "“Acme {day}”" in statement.text  # braces in a name are not filled in
        assert "…" not in statement.text
        assert statement.sha256 == hashlib.sha256(statement.text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("changed", "code", "field"),
    [
        ({"name": "Robin"}, "missing_field", "name"),
        ({"agreed": False}, "missing_field", "agreed"),
        ({"shown": ""}, "statement_changed", "agreed"),
    ],
)
def test_a_statement_without_full_name_agreement_or_the_shown_text_is_refused(changed, code, field):
    statement = statements.of_face("Robin", "Acme")
    given = {"name": "Maya  Robin", "agreed": True, "shown": statement.sha256, "field": "name"}
    assert statements.check_signature(statement, **given) == "Maya Robin"
    with pytest.raises(BadInput) as refusal:
        statements.check_signature(statement, **{**given, **changed})
    assert (refusal.value.code, refusal.value.where["field"]) == (code, field)


@pytest.fixture
def voice(db):
    return Voice.objects.create(pk="voice_1", slug="voice-1", name="V", language="en-US")


def test_the_right_stays_when_the_evidence_is_erased(voice):
    agreed_to = statements.of_voice("Acme", copied=True)
    consent = Consent.record(
        kind="person", voice=voice, source="s", sha256="0" * 64, statement=agreed_to
    )
    assert Evidence.objects.get().body["statement"] == agreed_to.text
    Evidence.objects.all().delete()
    consent = Consent.objects.get()
    assert [consent.covers(use) for use in ("measure", "draft_copies", "draft_videos")] == [
        True,
        True,
        False,
    ]
    assert first_broken_link() is None


def test_a_right_that_was_added_to_a_record_afterwards_breaks_the_chain(voice):
    agreed_to = statements.of_voice("Acme", copied=False)
    consent = Consent.record(
        kind="person", voice=voice, source="s", sha256="0" * 64, statement=agreed_to
    )
    allow_changes(Forger(), "consent_consent")
    try:
        Consent.objects.update(uses=["measure", "draft_copies"])
        assert first_broken_link() == consent.events.get().pk
        Consent.objects.update(uses=["measure"])
        assert first_broken_link() is None
    finally:
        refuse_changes(Forger(), "consent_consent")


OF_BEFORE = {
    "id": "consent_of_before",
    "kind": "person",
    "avatar": None,
    "voice": "voice_1",
    "source": "s",
    "licence": "Statement",
    "sha256": "0" * 64,
    "active_from": "2026-11-01T12:00:00.000005+00:00",
    "expires_at": None,
    "scope": "drafts",
    "evidence_sha256": "e" * 64,
}
HASH_OF_BEFORE = "55d0838978030fd36edb3d5506d8481c1d8219a6f27e49cec3c11ad7fb5abf16"
"""The hash that a release without uses wrote, which finished films carry."""


@pytest.mark.django_db(transaction=True)
def test_a_record_from_a_release_without_uses_keeps_its_hash_and_its_right():
    executor = MigrationExecutor(connection)
    executor.migrate([("consent", "0004_photo_avatars")])
    try:
        old = executor.loader.project_state([("consent", "0004_photo_avatars")]).apps
        voice = Voice.objects.create(pk="voice_1", slug="voice-1", name="V", language="en-US")
        fields = {name: OF_BEFORE[name] for name in ("id", "kind", "source", "licence", "sha256")}
        old.get_model("consent", "Consent").objects.create(
            **fields,
            voice_id=voice.pk,
            scope="drafts",
            evidence_sha256="e" * 64,
            active_from=datetime(2026, 11, 1, 12, 0, 0, 5, tzinfo=UTC),
        )
        old.get_model("consent", "Evidence").objects.create(
            consent_id="consent_of_before",
            body={"statement": "… videos in which a copy of my voice speaks words …"},
        )
        old.get_model("consent", "ConsentEvent").objects.create(
            consent_id="consent_of_before",
            kind="given",
            body={"consent": "consent_of_before", "kind": "given", "body": OF_BEFORE},
            previous="0" * 64,
            hash=HASH_OF_BEFORE,
        )
    finally:
        executor = MigrationExecutor(connection)
        executor.migrate(executor.loader.graph.leaf_nodes())
    consent = Consent.objects.get()
    assert consent.body() == OF_BEFORE
    assert consent.record_hash() == HASH_OF_BEFORE
    assert first_broken_link() is None
    assert consent.covers("draft_copies")
    assert not consent.covers("draft_videos")
    with pytest.raises(DatabaseError), transaction.atomic():
        Consent.objects.update(uses=["draft_copies"])
