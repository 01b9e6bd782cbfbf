"""A request that makes something makes it once, however often it is sent.

The id of what was made is stored under the key in the transaction that makes it: both are written or neither, so a
request that was refused or cut off may be sent again with its key. The answer is stored right afterwards, outside that
transaction; if this was cut off, the next request is answered from what was made.

On Postgres, a second request with the same key is refused while the first one runs. On SQLite both run, one of them writes,
and the other gets its answer.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import InterfaceError, OperationalError, connection, transaction
from django.http import HttpRequest
from django.utils import timezone

from studio.api.problems import Refusal
from studio.models import IdempotencyKey, Workspace

KEPT = timedelta(hours=48)
Note = Callable[[str], None]
FORM = re.compile(r"[A-Za-z0-9_.:-]{1,255}\Z")


class _Answered(Exception):
    """Another request with the same key was first."""


@dataclass(frozen=True)
class Once:
    """The answer to the first request with this key."""

    row: IdempotencyKey
    replayed: bool

    @property
    def status(self) -> int:
        return self.row.status  # type: ignore[return-value]

    @property
    def body(self) -> dict[str, Any]:
        return self.row.answer["body"]  # type: ignore[index]

    def answer_with(self, status: int, body: dict[str, Any]) -> None:
        """Stores another answer: the first request waited for the end of its render."""
        self.row.status, self.row.answer = status, {**(self.row.answer or {}), "body": body}
        self.row.save(update_fields=["status", "answer"])


def body_hash(body: bytes) -> str:
    """SHA-256 of the canonical JSON: the order of fields and blanks do not matter."""
    canonical = json.dumps(json.loads(body), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


@contextmanager
def _alone(workspace: Workspace, endpoint: str, key: str) -> Iterator[None]:
    """Refuses while another request with this key runs. The database drops the lock when the connection ends."""
    if connection.vendor != "postgresql":
        yield
        return
    name = hashlib.sha256(f"{workspace.pk} {endpoint} {key}".encode()).digest()[:8]
    number = [int.from_bytes(name, "big", signed=True)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", number)
        if not cursor.fetchone()[0]:
            raise Refusal("request_in_progress", retry_after=1)
    try:
        yield
    finally:  # a connection that is gone has let go of it
        with suppress(OperationalError, InterfaceError), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", number)


def key_of(request: HttpRequest) -> str:
    key = request.headers.get("Idempotency-Key", "")
    if not key:
        raise Refusal("idempotency_key_missing")
    if not FORM.match(key):
        raise Refusal("idempotency_key_invalid")
    return key


def once(
    request: HttpRequest,
    workspace: Workspace,
    status: int,
    effect: Callable[[Note], object],
    answer: Callable[[str], dict[str, Any]],
    *,
    sha256: str = "",
) -> Once:
    """Runs effect(note) unless this key was answered before. sha256: of a body that is not JSON.

    effect calls note(id) inside the transaction that makes the row with this id; answer(id) describes that row.
    """
    key, endpoint = key_of(request), f"{request.method} {request.path}"
    sha256 = sha256 or body_hash(request.body)
    rows = IdempotencyKey.objects.filter(workspace=workspace, endpoint=endpoint, key=key)

    def earlier() -> IdempotencyKey | None:
        return rows.filter(created_at__gte=timezone.now() - KEPT).first()

    def note(made: str) -> None:
        if earlier():
            raise _Answered
        rows.delete()  # too old to count
        rows.create(
            workspace=workspace,
            endpoint=endpoint,
            key=key,
            body_sha256=sha256,
            status=status,
            answer={"request_id": request.id, "made": made},  # type: ignore[attr-defined]
        )

    with _alone(workspace, endpoint, key):
        replayed = earlier() is not None
        if not replayed:
            try:
                effect(note)
            except _Answered:
                replayed = True
        row = earlier()
        assert row is not None, "the effect has noted nothing"
        if row.body_sha256 != sha256:
            origin = row.answer["request_id"]  # type: ignore[index]
            raise Refusal("idempotency_key_reused", extra={"first_request_id": origin})
        if "body" not in row.answer:  # type: ignore[operator]
            row = _answered(row, answer(row.answer["made"]))  # type: ignore[index]
        return Once(row, replayed)


@transaction.atomic
def _answered(row: IdempotencyKey, body: dict[str, Any]) -> IdempotencyKey:
    """The row with its answer: this one, unless another was stored meanwhile."""
    row = IdempotencyKey.objects.select_for_update().get(pk=row.pk)
    if "body" not in row.answer:  # type: ignore[operator]
        Once(row, False).answer_with(row.status, body)  # type: ignore[arg-type]
    return row
