"""Who agreed to what. Rows are only ever added, and each carries the hash of the one before it.

A stock avatar or voice has a `licence` row: where it comes from, under which licence, and the
SHA-256 of the data that is shipped. State is derived: a consent is valid from `active_from` until
it expires or an event withdraws it.
"""

from __future__ import annotations

import hashlib
import json
from functools import partial
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, models, transaction
from django.db.models import Q
from django.utils import timezone

from consent import statements
from rows import events
from rows.ids import new_id

if TYPE_CHECKING:
    from studio.models import Avatar, Voice

START = "0" * 64


def link(previous: str, body: dict[str, Any]) -> str:
    """SHA-256 of the previous hash and the canonical JSON (sorted keys, no spaces, UTF-8) of a row."""
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256((previous + canonical).encode()).hexdigest()


class Consent(models.Model):
    class Kind(models.TextChoices):
        LICENCE = "licence"
        PERSON = "person"

    id = models.CharField(primary_key=True, max_length=48, default=partial(new_id, "consent"))
    kind = models.CharField(max_length=8, choices=Kind.choices)
    avatar = models.ForeignKey(
        "studio.Avatar", on_delete=models.PROTECT, null=True, related_name="consents"
    )
    voice = models.ForeignKey(
        "studio.Voice", on_delete=models.PROTECT, null=True, related_name="consents"
    )
    source = models.TextField(help_text="Where the likeness comes from.")
    licence = models.TextField(help_text="The licence, or the statement that was agreed to.")
    sha256 = models.CharField(max_length=64, help_text="Of the data that is used.")
    scope = models.CharField(
        max_length=8, choices=[("full", "full"), ("drafts", "drafts")], default="full"
    )
    statement_version = models.CharField(max_length=32, blank=True)
    uses = models.JSONField(default=list, help_text="What that statement allows.")
    evidence_sha256 = models.CharField(max_length=64, blank=True)
    active_from = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(avatar__isnull=False) | Q(voice__isnull=False),
                name="consent_names_a_face_or_a_voice",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"

    def body(self) -> dict[str, Any]:
        """What the chain and the file's provenance seal. No personal data: only the hash of the evidence."""
        found: dict[str, Any] = {
            "id": self.id,
            "kind": self.kind,
            "avatar": self.avatar_id,
            "voice": self.voice_id,
            "source": self.source,
            "licence": self.licence,
            "sha256": self.sha256,
            "active_from": self.active_from.isoformat(),
            "expires_at": self.expires_at.isoformat() if self.expires_at else None,
        }
        if self.kind == self.Kind.PERSON:
            found |= {"scope": self.scope, "evidence_sha256": self.evidence_sha256}
        if (
            self.statement_version
        ):  # older records have none, and their hash covers a body without it
            found |= {"statement_version": self.statement_version, "uses": self.uses}
        return found

    def record_hash(self) -> str:
        return self.events.get(kind="given").hash

    def covers(self, use: str) -> bool:
        """Whether the person agreed to this use of their likeness (consent/statements.py)."""
        if self.statement_version:
            return use in self.uses
        evidence = Evidence.objects.filter(consent=self).first()
        text = evidence.body.get("statement", "") if evidence else ""
        return use in statements.uses_by_words(text)

    def withdraw(self, reason: str = "") -> ConsentEvent:
        return ConsentEvent.add(self, "withdrawn", {"reason": reason})

    @classmethod
    def valid(cls) -> models.QuerySet[Consent]:
        now = timezone.now()
        return (
            cls.objects.filter(active_from__lte=now)
            .filter(Q(expires_at=None) | Q(expires_at__gt=now))
            .exclude(events__kind="withdrawn")
        )

    @classmethod
    @transaction.atomic
    def record(
        cls,
        *,
        statement: statements.Statement | None = None,
        evidence: dict[str, Any] | None = None,
        **fields: Any,
    ) -> Consent:
        """Writes the record and its first link of the chain, which holds only the hash of the evidence.

        statement: what was shown and agreed to. Its text becomes part of the evidence; the rest stays in the chain for good.
        """
        if statement is not None:
            agreed = {"statement_version": statement.version, "uses": list(statement.uses)}
            fields |= {**agreed, "licence": f"Statement {statement.sha256}"}
            evidence = {"statement": statement.text, **agreed, **(evidence or {})}
        if evidence is not None:
            fields["evidence_sha256"] = link("", evidence)
        consent = cls.objects.create(**fields)
        if evidence is not None:
            Evidence.objects.create(consent=consent, body=evidence)
        ConsentEvent.add(consent, "given", consent.body())
        return consent


class Evidence(models.Model):
    """What a person signed and what was seen of them. Personal data: it can be erased, its hash stays."""

    consent = models.OneToOneField(Consent, on_delete=models.CASCADE, related_name="evidence")
    body = models.JSONField()

    def __str__(self) -> str:
        return f"evidence of {self.consent_id}"


class ConsentEvent(models.Model):
    """One link of the chain: what happened to a consent, and the hash of everything before it."""

    sequence = models.BigAutoField(primary_key=True)
    consent = models.ForeignKey(Consent, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=12, choices=[("given", "given"), ("withdrawn", "withdrawn")])
    body = models.JSONField()
    previous = models.CharField(max_length=64, unique=True)
    hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["sequence"]
        constraints = [models.UniqueConstraint(fields=["consent", "kind"], name="each_event_once")]

    def __str__(self) -> str:
        return f"{self.sequence} {self.kind}"

    @classmethod
    def _add(cls, consent: Consent, kind: str, body: dict[str, Any]) -> ConsentEvent:
        last = cls.objects.order_by("-sequence").first()
        previous = last.hash if last else START
        body = {"consent": consent.pk, "kind": kind, "body": body}
        if consent.kind == Consent.Kind.PERSON:
            owner = consent.avatar or consent.voice
            workspace = (owner and owner.workspace_id) or ""
            events.record(f"consent.{kind}", consent.pk, workspace=workspace, after=body)
        return cls.objects.create(
            consent=consent, kind=kind, body=body, previous=previous, hash=link(previous, body)
        )

    @classmethod
    def add(cls, consent: Consent, kind: str, body: dict[str, Any]) -> ConsentEvent:
        """Adds a link. Two writers at once: the unique `previous` lets one pass, the other tries again."""
        if existing := cls.objects.filter(consent=consent, kind=kind).first():
            return existing
        for _ in range(20):
            try:
                with transaction.atomic():
                    return cls._add(consent, kind, body)
            except IntegrityError:
                continue
        raise RuntimeError("the consent chain is too busy")


def first_broken_link() -> int | None:
    """The sequence number of the first event that does not follow from the one before it, or whose record has changed since."""
    previous = START
    for event in ConsentEvent.objects.order_by("sequence").select_related("consent").iterator():
        if event.previous != previous or event.hash != link(previous, event.body):
            return event.sequence
        if event.kind == "given" and event.body["body"] != event.consent.body():
            return event.sequence
        previous = event.hash
    return None


class NotAllowed(Exception):
    """No valid consent. `sentence` names the likeness; `code` is the API's."""

    def __init__(self, sentence: str, code: str = "consent_not_active") -> None:
        super().__init__(sentence)
        self.sentence, self.code = sentence, code


def allows(avatar: Avatar, voice: Voice, *, draft: bool) -> tuple[Consent, Consent]:
    """The valid records of this face and this voice, or NotAllowed. Checked at request, claim and delivery.

    draft: whether the render is a marked draft; some people have agreed to nothing else.
    """
    found = []
    for noun, row in (("avatar", avatar), ("voice", voice)):
        if row.workspace_id and row.retired_at:
            raise NotAllowed(
                f"The {noun} {row.name} was deleted; choose another {noun}.", f"{noun}_deleted"
            )
        given = Consent.valid().filter(**{noun: row}).order_by("-active_from")
        record = given.filter(scope="full").first() or given.first()
        if record and record.scope == "drafts" and not draft:
            raise NotAllowed(
                f"{row.name} can be rendered as a draft only, which is free and marked. Press Draft, or choose another {noun}.",
                "consent_drafts_only",
            )
        if record is None:
            withdrawn = Consent.objects.filter(**{noun: row}, events__kind="withdrawn").exists()
            raise NotAllowed(
                f"Consent for the {noun} {row.name} was withdrawn; choose another {noun}."
                if withdrawn
                else f"The {noun} {row.name} has no valid consent on record; choose another {noun}.",
                "consent_withdrawn" if withdrawn else "consent_not_active",
            )
        found.append(record)
    return found[0], found[1]
