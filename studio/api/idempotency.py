"""A request that makes something makes it once, however often it is sent.

The answer is written in the transaction of its effect: either both stand or neither, so a request
that was refused or cut off may be sent again with its key. On Postgres a duplicate of a request that
still runs is told so; on SQLite writers take turns, so it waits and gets the first answer.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.http import HttpRequest
from django.utils import timezone

from studio.api.problems import Refusal
from studio.models import IdempotencyKey, Workspace

KEPT = timedelta(hours=48)
FORM = re.compile(r"[A-Za-z0-9_.:-]{1,255}\Z")


@dataclass(frozen=True)
class Once:
    """What the first request with this key was answered."""

    row: IdempotencyKey
    replayed: bool

    @property
    def status(self) -> int:
        return self.row.status  # type: ignore[return-value]

    @property
    def body(self) -> dict[str, Any]:
        return self.row.answer["body"]  # type: ignore[index]

    def answer_with(self, status: int, body: dict[str, Any]) -> None:
        """The first request waited for the end of its render: that is its answer."""
        self.row.status, self.row.answer = status, {**(self.row.answer or {}), "body": body}
        self.row.save(update_fields=["status", "answer"])


def body_hash(body: bytes) -> str:
    """SHA-256 of the canonical JSON: order of fields and blanks do not matter."""
    canonical = json.dumps(json.loads(body), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _lock(workspace: Workspace, endpoint: str, key: str) -> bool:
    """True if nobody else is at work under this key. Held to the end of the transaction."""
    if connection.vendor != "postgresql":
        return True  # transactions that write are immediate: we are alone already
    name = hashlib.sha256(f"{workspace.pk} {endpoint} {key}".encode()).digest()[:8]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(%s)", [int.from_bytes(name, "big", signed=True)]
        )
        return cursor.fetchone()[0]


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
    effect: Callable[[], dict[str, Any]],
    *,
    sha256: str = "",
) -> Once:
    """Runs effect() in a transaction unless this key was answered before. `sha256` of a body that is not JSON."""
    key, endpoint = key_of(request), f"{request.method} {request.path}"
    sha256 = sha256 or body_hash(request.body)
    rows = IdempotencyKey.objects.filter(workspace=workspace)
    with transaction.atomic():
        if not _lock(workspace, endpoint, key):
            raise Refusal("request_in_progress", retry_after=1)
        rows.filter(created_at__lt=timezone.now() - KEPT).delete()
        if first := rows.filter(endpoint=endpoint, key=key).first():
            if first.body_sha256 != sha256:
                origin = first.answer["request_id"]  # type: ignore[index]
                raise Refusal("idempotency_key_reused", extra={"first_request_id": origin})
            return Once(first, True)
        body = effect()
        row = rows.create(
            workspace=workspace,
            endpoint=endpoint,
            key=key,
            body_sha256=sha256,
            status=status,
            answer={"request_id": request.id, "body": body},  # type: ignore[attr-defined]
        )
    return Once(row, False)
