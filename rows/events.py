"""What happened, written in the transaction that made it happen: for mails, webhooks, the audit log and statistics.

An event reports; it never decides. The rows that it is about are the truth, and this is the one record of what happened to
them.

Transactions do not commit in the order in which their ids were drawn, so a reader that follows the ids misses what commits
late. Here each event gets its `position` after it was committed, under one lock, and consumers follow that.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Collection
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

log = logging.getLogger(__name__)

BATCH = 200
"""Events that get a position, or are read by a consumer, in one transaction."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=2), timedelta(hours=1)
"""Before a consumer that failed is tried again; the pause grows fourfold each time."""


COMES_FROM: ContextVar[str] = ContextVar("COMES_FROM", default="")
"""The address (IP) of the request that is being answered; kept with what people do."""


class Event(models.Model):
    """One thing that happened. Only ever added to; `position` is written once. No secrets, and no personal data (see `Personal`).

    kind: noun and verb, "render.done". subject, workspace: their ids. actor: the id of a person or a key, or empty for the
    studio itself.
    """

    position = models.BigIntegerField(null=True, unique=True)
    kind = models.CharField(max_length=60)
    subject = models.CharField(max_length=48)
    workspace = models.CharField(max_length=48, blank=True)
    actor = models.CharField(max_length=48, blank=True)
    before = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    after = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [
            models.Index(fields=["id"], condition=Q(position=None), name="events_without_position"),
            models.Index(fields=["workspace", "id"]),
            models.Index(fields=["subject"]),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"


class Personal(models.Model):
    """Names, addresses and IPs of an event, in a table of their own so that they can be erased. person: whose they are. salt: with
    it the audit log commits to the body (rows/audit.py)."""

    event = models.OneToOneField(Event, on_delete=models.PROTECT, related_name="personal")
    person = models.CharField(max_length=48, db_index=True)
    body = models.JSONField(default=dict)
    salt = models.CharField(max_length=32, default=partial(secrets.token_hex, 16))

    def __str__(self) -> str:
        return f"personal data of event {self.event_id}"


class Reader(models.Model):
    """How far a consumer has read, and when it may try again after it failed."""

    name = models.CharField(primary_key=True, max_length=40)
    position = models.BigIntegerField(default=0)
    failures = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.name} at {self.position}"


ORDER = "order"
"""The reader that assigns positions; its own is the last one assigned."""


@dataclass(frozen=True)
class Consumer:
    """Something that acts on events. handle: called once for each, in order, in the transaction that also marks it as read; so it
    only writes rows, and leaves slow work to whoever works on those."""

    name: str
    kinds: tuple[str, ...]
    handle: Callable[[Event], object]


CONSUMERS: dict[str, Consumer] = {}


def consumer(name: str, *kinds: str) -> Callable[[Callable[[Event], object]], Consumer]:
    """Makes a function a consumer of events of these kinds, or of all events if none is named."""

    def made(handle: Callable[[Event], object]) -> Consumer:
        CONSUMERS[name] = Consumer(name, kinds, handle)
        return CONSUMERS[name]

    return made


def record(
    kind: str,
    subject: str,
    *,
    workspace: str = "",
    actor: str = "",
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    person: str = "",
    personal: dict[str, Any] | None = None,
) -> Event:
    """Records what happens, in the transaction that makes it happen. Raises TransactionManagementError outside one."""
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError(f"{kind} is recorded outside a transaction")
    event = Event.objects.create(
        kind=kind,
        subject=subject,
        workspace=workspace,
        actor=actor,
        before=before or {},
        after=after or {},
    )
    address = COMES_FROM.get() if actor else ""
    if personal or address:
        body = {**(personal or {}), **({"ip": address} if address else {})}
        whose = person or (subject if personal else actor)
        Personal.objects.create(event=event, person=whose, body=body)
    return event


def erase(person: str, *, workspace: str = "", kinds: Collection[str] = ()) -> int:
    """Erases a person's personal data, by id or address; the events stay. Returns how many of them held any.

    workspace, kinds: only from events of this workspace, and of these kinds.
    """
    theirs = Personal.objects.filter(Q(person=person) | Q(body__address__iexact=person))
    if workspace:
        theirs = theirs.filter(event__workspace=workspace)
    if kinds:
        theirs = theirs.filter(event__kind__in=kinds)
    return theirs.delete()[0]


def deliver() -> None:
    """Gives every consumer its new events. One that fails is tried again later and holds up no other."""
    while Event.objects.filter(position=None).exists() and _number():
        pass
    last = Reader.objects.filter(name=ORDER).values_list("position", flat=True).first() or 0
    for one in CONSUMERS.values():
        while _is_behind(one, last) and _read(one):
            pass


def _is_behind(one: Consumer, last: int) -> bool:
    reader = Reader.objects.filter(name=one.name).first()
    return last > (reader.position if reader else 0)


@transaction.atomic
def _number() -> bool:
    """Assigns positions to committed events. Returns whether there may be more."""
    order = _locked(ORDER)
    events = list(Event.objects.filter(position=None).order_by("id")[:BATCH])
    for number, event in enumerate(events, order.position + 1):
        event.position = number
    Event.objects.bulk_update(events, ["position"])
    order.position += len(events)
    order.save(update_fields=["position"])
    return len(events) == BATCH


@transaction.atomic
def _read(one: Consumer) -> bool:
    """Hands the next events to a consumer. Returns whether there may be more."""
    reader = _locked(one.name)
    if reader.due_at > timezone.now():
        return False
    new = list(Event.objects.filter(position__gt=reader.position).order_by("position")[:BATCH])
    for event in new:
        if not one.kinds or event.kind in one.kinds:
            try:
                with transaction.atomic():
                    one.handle(event)
            except Exception:
                log.exception("%s failed at event %s, %s", one.name, event.position, event)
                pause = min(FIRST_PAUSE * 4 ** min(reader.failures, 9), LONGEST_PAUSE)
                reader.failures = min(reader.failures + 1, 999)
                reader.due_at = timezone.now() + pause
                reader.save()
                return False
        reader.position, reader.failures = event.position or 0, 0
    if new:
        reader.save()
    return len(new) == BATCH


def _locked(name: str) -> Reader:
    Reader.objects.get_or_create(name=name)
    return Reader.objects.select_for_update().get(name=name)
