"""The life of work that a row stands for: requested, claimed with a lease, kept alive by its own heartbeat, ended once.

A `Kind` says which rows wait, who does the work and what becomes of a row that nobody could finish. A worker that claims a row
adds one to its `claims`; that number is the attempt's fence: whatever an attempt writes, it writes only while its number
is the current one. If a worker goes silent, the row can be claimed again; after the last claim the sweep ends it with a sentence.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Generic, TypeVar

from django.conf import settings
from django.db import DatabaseError, connection, models, transaction
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Greatest
from django.utils import timezone

from rows.messages import send

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=settings.LEASE_SECONDS)
"""After this long without a heartbeat, another worker may claim the row."""
BEAT: float = settings.HEARTBEAT_SECONDS
"""Seconds between two heartbeats."""
PATIENCE = 900.0
"""Seconds without progress after which the heartbeat stops: the work hangs."""
MOST_CLAIMS: int = settings.MAX_ATTEMPTS
"""A row that was claimed this often is given up."""
TELL_SECONDS = 1.0
MESSAGE_SECONDS = 2 * settings.SWEEP_SECONDS
"""A message that nobody has read by then is dropped: the sweep has sent another."""


class Work(models.Model):
    """The columns of a row that workers claim."""

    claims = models.PositiveSmallIntegerField(default=0, help_text="Workers that took it up.")
    claimed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    def waits_long(self, seconds: float = 20) -> bool:
        """Whether no worker has claimed it for so long that the page should say why."""
        created_at: Any = self.created_at  # type: ignore[attr-defined]
        waited = timezone.now() - created_at
        return self.claimed_at is None and waited > timedelta(seconds=seconds)


Row = TypeVar("Row", bound=Work)


class Over(Exception):
    """This attempt no longer counts: the row was removed, or another worker has it."""


@dataclass(frozen=True, kw_only=True)
class Kind(Generic[Row]):
    """One kind of work.

    rows: those that wait or are being worked on. state: their value in the column `state`. task: the Celery task that
    calls `work`. do: does the work and ends the attempt. refused: the fields of a row whose input cannot be used, or None
    if the error is not about the input. failed: the fields of a row that was given up, with a sentence for its owner.
    is_away: whether an error means that a store or database is away; then the row waits, and the try is not counted.
    noted: called in the transaction that ends an attempt, to write what else it means.
    ended: called after an attempt has ended, to drop what is no longer needed.
    """

    model: type[Row]
    state: str
    task: str
    do: Callable[[Attempt[Row]], None]
    failed: Callable[[], dict[str, Any]]
    refused: Callable[[Exception], dict[str, Any] | None] = lambda error: None
    is_away: Callable[[Exception], bool] = lambda error: False
    noted: Callable[[Row], object] = lambda row: None
    ended: Callable[[Row], object] = lambda row: None
    only: Q | Callable[[], Q] = field(default_factory=Q)
    options: dict[str, Any] = field(default_factory=dict)

    def rows(self) -> QuerySet[Row]:
        only = self.only() if callable(self.only) else self.only
        return self.model._default_manager.filter(only, state=self.state)

    def waiting(self) -> QuerySet[Row]:
        """Rows that nobody is working on."""
        return self.rows().filter(Q(claimed_at=None) | Q(claimed_at__lt=timezone.now() - LEASE))

    def ask(self, pk: str) -> bool:
        """Sends the workers a message that this row waits. Returns False if the broker is away."""
        return send(self.task, pk, expires=MESSAGE_SECONDS, **self.options)

    def claim(self, pk: str) -> Attempt[Row] | None:
        """An attempt at the row, if it waits for a worker or its worker has gone silent."""
        rows = self.waiting().filter(pk=pk, claims__lt=MOST_CLAIMS)
        if not rows.update(claimed_at=timezone.now(), claims=F("claims") + 1):
            return None
        row = self.model._default_manager.filter(pk=pk).first()
        return Attempt(self, row) if row else None

    def work(self, pk: str) -> None:
        """What a worker does when it gets a message about a row."""
        if attempt := self.claim(pk):
            attempt.run()

    def sweep(self) -> None:
        """Sends the message again for every row that waits: it was lost, or the worker was killed. Gives up rows claimed too often."""
        self.give_up()
        for row in self.waiting():
            self.ask(row.pk)

    def give_up(self) -> None:
        """Ends rows that were claimed too often."""
        for row in self.waiting().filter(claims__gte=MOST_CLAIMS):
            Attempt(self, row).end(**self.failed())


class Attempt(Generic[Row]):
    """One worker's try at a row. row: as it was claimed."""

    def __init__(self, kind: Kind[Row], row: Row) -> None:
        self.kind, self.row = kind, row
        self.heard = time.monotonic()  # when progress was last reported
        self._reported: tuple[float, dict[str, Any]] = (-TELL_SECONDS, {})
        self._over = threading.Event()

    @property
    def rows(self) -> QuerySet[Row]:
        """The row, as long as this attempt counts."""
        return self.kind.rows().filter(pk=self.row.pk, claims=self.row.claims)

    def run(self) -> None:
        """Does the work. The row ends in a state that its page explains, or waits for another try."""
        try:
            with self._heartbeat():
                self.kind.do(self)
        except Over:
            log.info("%s is no longer wanted", self.row.pk)
        except Exception as error:
            if refused := self.kind.refused(error):
                self.end(**refused)
            elif self.kind.is_away(error):
                self.rows.update(claimed_at=None, claims=F("claims") - 1)
            else:
                log.exception("%s could not be finished", self.row.pk)
                self.end(**self.kind.failed())

    def tell(self, fraction: float | None = None, **fields: Any) -> None:
        """Writes progress, at most once a second while only the fraction changes. Raises Over if the attempt no longer counts."""
        self.heard = now = time.monotonic()
        at, reported = self._reported
        if self._over.is_set():
            raise Over
        if fields == reported and now - at < TELL_SECONDS:
            return
        self._reported = now, dict(fields)
        if fraction is not None:
            fields["fraction"] = Greatest("fraction", Value(fraction))
        if not self.rows.update(claimed_at=timezone.now(), **fields):
            raise Over

    def counts(self) -> bool:
        return self.rows.exists()

    def end(self, **fields: Any) -> bool:
        """Writes how the attempt ended. Returns False, and writes nothing, if the attempt no longer counts."""
        with transaction.atomic():
            if not self.rows.update(**fields):
                return False
            self.kind.noted(self.row)
        self.kind.ended(self.row)
        return True

    @contextmanager
    def _heartbeat(self) -> Iterator[None]:
        finished = threading.Event()

        def beat() -> None:
            while not finished.wait(BEAT) and time.monotonic() - self.heard < PATIENCE:
                try:
                    if not self.rows.update(claimed_at=timezone.now()):
                        self._over.set()
                        return
                except DatabaseError:  # the lease decides
                    log.warning("%s: the heartbeat did not reach the database", self.row.pk)
                finally:
                    connection.close()

        heart = threading.Thread(target=beat, name="heartbeat", daemon=True)
        heart.start()
        try:
            yield
        finally:
            finished.set()
            heart.join()
