"""How often something may be done: one interface, two stores.

Requests are counted in Valkey: quick, and no row is written. What guards money, people and mail is counted in rows, by one
statement, so that even of twenty at once none slips through. Time is cut into windows of the limit's length.
"""

from __future__ import annotations

import hashlib
import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Literal

from django.conf import settings
from django.db import connection, models
from django.utils import timezone

log = logging.getLogger(__name__)
clock = time.time

MINUTE, HOUR = 60, 3600
ANSWER_SECONDS = 0.3
"""How long Valkey may take to answer."""
AWAY_SECONDS = 5.0
"""How long it is left alone after it did not answer."""


class Count(models.Model):
    """How often something was done within a window. name: a hash, so that no address is stored. slot: which window."""

    name = models.CharField(max_length=64)
    slot = models.BigIntegerField()
    times = models.PositiveIntegerField()
    ends_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "slot"], name="one_count")]

    def __str__(self) -> str:
        return f"{self.times} until {self.ends_at}"


@dataclass(frozen=True)
class Standing:
    """How much of a limit is used up. left: below zero if this time was one too many. resets_in: seconds."""

    most: int
    left: int
    resets_in: int

    @property
    def exceeded(self) -> bool:
        return self.left < 0


@dataclass(frozen=True)
class Limit:
    """`most` times `what` ("photos") within `seconds`, counted for each `whose` apart.

    store: `requests` counts in Valkey; `rows` counts exactly, for what guards money, people and mail.
    """

    what: str
    most: int
    seconds: int = HOUR
    store: Literal["requests", "rows"] = "requests"

    def count(self, whose: str, times: int = 1) -> Standing:
        """Adds to the count. While Valkey is away, requests are not counted: the studio goes on without that guard."""
        now = clock()
        slot = int(now // self.seconds)
        name = hashlib.sha256(f"{whose} {self.what}".encode()).hexdigest()
        add = _in_rows if self.store == "rows" else _in_valkey
        counted = add(name, slot, self.seconds, times)
        left = (slot + 1) * self.seconds - now
        return Standing(self.most, self.most - counted, max(1, round(left)))


ADD = (
    "INSERT INTO rows_count (name, slot, times, ends_at) VALUES (%s, %s, %s, %s) "
    "ON CONFLICT (name, slot) DO UPDATE SET times = rows_count.times + excluded.times RETURNING times"
)


def _in_rows(name: str, slot: int, seconds: int, times: int) -> int:
    ends_at = connection.ops.adapt_datetimefield_value(
        datetime.fromtimestamp((slot + 1) * seconds, UTC)
    )
    with connection.cursor() as cursor:
        cursor.execute(ADD, [name, slot, times, ends_at])
        return int(cursor.fetchone()[0])


@cache
def _valkey() -> Any:
    import redis  # imported late: commands that count nothing load these models, too

    return redis.Redis.from_url(
        settings.LIMITS_URL, socket_timeout=ANSWER_SECONDS, socket_connect_timeout=ANSWER_SECONDS
    )


_away_until = 0.0


def _in_valkey(name: str, slot: int, seconds: int, times: int) -> int:
    global _away_until
    from redis import RedisError  # as above

    if time.monotonic() < _away_until:
        return 0
    key = f"limits:{name}:{slot}"
    try:
        with _valkey().pipeline() as pipe:
            pipe.set(key, 0, ex=2 * seconds, nx=True)
            pipe.incrby(key, times)
            return int(pipe.execute()[1])
    except RedisError as problem:
        _away_until = time.monotonic() + AWAY_SECONDS
        log.warning("requests are not counted, Valkey is away: %s", problem)
        return 0


def forget() -> None:
    """Forgets every count, for tests."""
    global _away_until
    _away_until = 0.0
    Count.objects.all().delete()
    for key in _valkey().scan_iter("limits:*", count=1000):
        _valkey().delete(key)


def tidy() -> None:
    """Removes counts whose window is over."""
    Count.objects.filter(ends_at__lt=timezone.now() - timedelta(hours=1)).delete()
