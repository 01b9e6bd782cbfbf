"""The audit log: every event of a workspace as a row of a chain, so that a change, a gap or a missing end can be named.

A row holds the hash of the row before it (SHA-256 over JSON with sorted keys and no blanks). Checkpoints
sign the chain so far with Ed25519 (RFC 8032). Old rows are deleted only up to a checkpoint, where the chain then begins. What is
personal is not in the row but its commitment SHA-256(salt || body); salt and body can be erased, and the chain still holds.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction
from django.utils import timezone

from rows import events
from rows.events import Event, Personal

if TYPE_CHECKING:  # large: whoever only adds rows does without it
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

FIRST = "0" * 64
"""What stands before the first row of a chain."""
EVERY = 1000
"""Rows after which a checkpoint is due, whatever the hour."""
READ = 2000
"""Rows that are read at once."""


class AuditRow(models.Model):
    """What happened, as it was recorded. number: from 1, without gaps, in its workspace. personal: the commitment, or empty."""

    workspace = models.CharField(max_length=48)
    number = models.PositiveBigIntegerField()
    event = models.BigIntegerField(unique=True)
    kind = models.CharField(max_length=60)
    actor = models.CharField(max_length=48, blank=True)
    subject = models.CharField(max_length=48)
    before = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    after = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    personal = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField()
    previous = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        ordering = ["workspace", "number"]
        constraints = [
            models.UniqueConstraint(fields=["workspace", "number"], name="one_audit_row_per_number")
        ]
        indexes = [models.Index(fields=["workspace", "-at"])]

    def __str__(self) -> str:
        return f"{self.kind} {self.number} of {self.workspace}"

    def hashed(self) -> str:
        parts = [
            *(self.workspace, self.number, self.event, self.kind, self.actor, self.subject),
            *(self.before, self.after, self.personal, _moment(self.at), self.previous),
        ]
        return _hash(parts)


class AuditHead(models.Model):
    """The end of a workspace's chain: whoever adds a row locks it."""

    workspace = models.CharField(primary_key=True, max_length=48)
    number = models.PositiveBigIntegerField(default=0)
    hash = models.CharField(max_length=64, default=FIRST)

    def __str__(self) -> str:
        return f"{self.number} rows of {self.workspace}"


class Checkpoint(models.Model):
    """A signed statement that the chain had this hash at this row. cut: the rows up to it were deleted."""

    workspace = models.CharField(max_length=48)
    number = models.PositiveBigIntegerField()
    hash = models.CharField(max_length=64)
    at = models.DateTimeField(default=timezone.now)
    signature = models.CharField(max_length=128)
    cut = models.BooleanField(default=False)

    class Meta:
        ordering = ["workspace", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "number"], name="one_checkpoint_per_number"
            )
        ]

    def __str__(self) -> str:
        return f"{self.workspace} to row {self.number}"

    def stated(self) -> bytes:
        return _canonical([self.workspace, self.number, self.hash, _moment(self.at)])


def _canonical(parts: Any) -> bytes:
    text = json.dumps(
        parts, sort_keys=True, ensure_ascii=False, separators=(",", ":"), cls=DjangoJSONEncoder
    )
    return text.encode()


def _hash(parts: Any) -> str:
    return hashlib.sha256(_canonical(parts)).hexdigest()


def _moment(at: datetime) -> str:
    """To the microsecond, in UTC: as every database gives it back."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}"


def commitment(salt: str, body: dict[str, Any]) -> str:
    return hashlib.sha256(salt.encode() + _canonical(body)).hexdigest()


@events.consumer("audit")
def append(event: Event) -> None:
    """Adds an event to the chain of its workspace. Events reach it once, in order (rows/events.py)."""
    if not event.workspace:
        return
    heads = AuditHead.objects.select_for_update().filter(workspace=event.workspace)
    head = heads.first()
    if head is None:
        AuditHead.objects.get_or_create(workspace=event.workspace)
        head = heads.get()
    theirs = Personal.objects.filter(event=event).first()
    row = AuditRow(
        workspace=event.workspace,
        number=head.number + 1,
        event=event.pk,
        kind=event.kind,
        actor=event.actor,
        subject=event.subject,
        before=event.before,
        after=event.after,
        personal=commitment(theirs.salt, theirs.body) if theirs else "",
        at=event.created_at,
        previous=head.hash,
    )
    row.hash = row.hashed()
    row.save(force_insert=True)
    AuditHead.objects.filter(pk=head.pk).update(number=row.number, hash=row.hash)


def seal(key: Ed25519PrivateKey, *, now: datetime | None = None) -> int:
    """Signs the end of each chain that has grown since its last checkpoint. Returns how many were signed."""
    signed = 0
    for head in AuditHead.objects.exclude(number=0).iterator():
        last = Checkpoint.objects.filter(workspace=head.workspace).last()
        if last is not None and last.number >= head.number:
            continue
        point = Checkpoint(
            workspace=head.workspace, number=head.number, hash=head.hash, at=now or timezone.now()
        )
        point.signature = key.sign(point.stated()).hex()
        Checkpoint.objects.bulk_create([point], ignore_conflicts=True)
        signed += 1
    return signed


@transaction.atomic
def cut(workspace: str, before: datetime) -> int:
    """Deletes the rows that are older, as far as a checkpoint reaches; the chain then begins there. Returns how many."""
    AuditHead.objects.select_for_update().filter(workspace=workspace).first()
    young = AuditRow.objects.filter(workspace=workspace, at__gte=before).order_by("number").first()
    points = Checkpoint.objects.filter(workspace=workspace, at__lt=before)
    if young is not None:
        points = points.filter(number__lt=young.number)
    point = points.last()
    if point is None or point.cut:
        return 0
    _forget_addresses(workspace, point.number)
    gone, _ = AuditRow.objects.filter(workspace=workspace, number__lte=point.number).delete()
    Checkpoint.objects.filter(workspace=workspace, number__lt=point.number).delete()
    Checkpoint.objects.filter(pk=point.pk).update(cut=True)
    return gone


def _forget_addresses(workspace: str, number: int) -> None:
    """IPs are kept as long as the rows that they belong to, and no longer."""
    old = AuditRow.objects.filter(workspace=workspace, number__lte=number).values("event")
    for row in Personal.objects.filter(event__in=old, body__has_key="ip").iterator(READ):
        rest = {name: value for name, value in row.body.items() if name != "ip"}
        if rest:
            Personal.objects.filter(pk=row.pk).update(body=rest)
        else:
            row.delete()


@dataclass(frozen=True)
class Bad:
    """The first row that does not hold. why: in a word or two."""

    workspace: str
    number: int
    why: str


@dataclass(frozen=True)
class Verdict:
    workspaces: int
    rows: int
    first_bad: Bad | None


def verify(public: Ed25519PublicKey, workspace: str = "") -> Verdict:
    """Reads every chain, or that of one workspace, and compares it with its checkpoints, its head and the events."""
    names = [workspace] if workspace else list(_workspaces())
    rows, bad = 0, None
    for name in names:
        count, found = _chain(name, public)
        rows += count
        bad = bad or found
    return Verdict(len(names), rows, bad)


def _workspaces() -> Iterator[str]:
    found = set(AuditHead.objects.values_list("workspace", flat=True))
    found |= set(AuditRow.objects.order_by().values_list("workspace", flat=True).distinct())
    found |= set(Checkpoint.objects.order_by().values_list("workspace", flat=True).distinct())
    yield from sorted(found)


def _chain(workspace: str, public: Ed25519PublicKey) -> tuple[int, Bad | None]:
    from cryptography.exceptions import InvalidSignature  # large: loaded when it is needed

    points = {point.number: point for point in Checkpoint.objects.filter(workspace=workspace)}
    for point in points.values():
        try:
            public.verify(bytes.fromhex(point.signature), point.stated())
        except (InvalidSignature, ValueError):
            return 0, Bad(workspace, point.number, "signature of the checkpoint")
    start = max((point.number for point in points.values() if point.cut), default=0)
    number, before = start, points[start].hash if start else FIRST
    count = 0
    for row in AuditRow.objects.filter(workspace=workspace).order_by("number").iterator(READ):
        if row.number <= start:
            return count, Bad(workspace, row.number, "before the cut")
        if row.number != number + 1:
            return count, Bad(workspace, number + 1, "missing")
        if row.previous != before or row.hashed() != row.hash:
            return count, Bad(workspace, row.number, "changed")
        signed = points.get(row.number)
        if signed is not None and signed.hash != row.hash:
            return count, Bad(workspace, row.number, "not what was signed")
        number, before, count = row.number, row.hash, count + 1
    head = AuditHead.objects.filter(workspace=workspace).first()
    latest = max(points, default=0)
    if latest > number:
        return count, Bad(workspace, number + 1, "missing at the end")
    if head is None or (head.number, head.hash) != (number, before):
        return count, Bad(workspace, number + 1, "missing at the end")
    return count, _against_events(workspace, start)


def _against_events(workspace: str, start: int) -> Bad | None:
    """The chain against the events that it was made of: a chain that was shortened or rewritten as a whole differs from them."""
    reader = events.Reader.objects.filter(name="audit").first()
    read = Event.objects.filter(workspace=workspace, position__lte=reader.position if reader else 0)
    first = AuditRow.objects.filter(workspace=workspace, number__gt=start).first()
    if first is not None:
        position = Event.objects.filter(pk=first.event).values_list("position", flat=True).first()
        if position is None:
            return Bad(workspace, first.number, "not what happened")
        read = read.filter(position__gte=position)
    elif start:
        return None
    chain = AuditRow.objects.filter(workspace=workspace, number__gt=start).order_by("number")
    columns = ("kind", "actor", "subject", "before", "after")
    number = start
    rows = chain.values_list("event", *columns).iterator(READ)
    for happened in read.order_by("position").values_list("pk", *columns).iterator(READ):
        number += 1
        if next(rows, None) != happened:
            return Bad(workspace, number, "not what happened")
    return None
