"""How often somebody may ask for the same: counted by the hour or the minute, in the cache, which holds only so many counters."""

from __future__ import annotations

import hashlib
import time

from django.core.cache import cache

from rendering.values import BadInput

HOUR, MINUTE = 3600, 60


def count(whose: str, what: str, most: int, within: int = HOUR) -> None:
    """Counts one of `what` ("photos"). Raises BadInput after `most` of them within the hour or the minute."""
    now = time.time()
    name = hashlib.sha256(f"{whose} {what} {int(now // within)}".encode()).hexdigest()
    cache.add(f"often:{name}", 0, timeout=2 * within)
    try:
        counted = cache.incr(f"often:{name}")
    except ValueError:  # dropped at this moment, to make room
        return
    if counted <= most:
        return
    left = within - now % within
    wait = f"{left / 60:.0f} minutes" if left >= 90 else f"{left:.0f} seconds"
    span = "an hour" if within == HOUR else "a minute"
    raise BadInput(
        f"The workspace has sent {most} {what} within {span}; wait {wait} and send it again.",
        code="rate_limited",
        retry_after=int(left) + 1,
    )
