"""How often a key may ask. The headers follow the RateLimit draft (11), which may still change."""

import time
from dataclasses import dataclass

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse

WINDOW = 60
REQUESTS = 600
"""Requests per window and key: a guard against programs that run wild, the same for every plan."""


@dataclass(frozen=True)
class Standing:
    limit: int
    left: int
    resets_in: int

    @property
    def exceeded(self) -> bool:
        return self.left < 0


def count(key_id: str, requests: int = 1) -> Standing:
    """Counts requests of this key in the present minute."""
    now = time.time()
    slot = f"requests:{key_id}:{int(now // WINDOW)}"
    cache.add(slot, 0, timeout=2 * WINDOW)
    limit = REQUESTS
    return Standing(limit, limit - cache.incr(slot, requests), max(1, round(WINDOW - now % WINDOW)))


def write_headers(request: HttpRequest, response: HttpResponse) -> None:
    standing: Standing | None = getattr(request, "standing", None)
    if standing:
        response["RateLimit-Policy"] = f'"default";q={standing.limit};w={WINDOW}'
        response["RateLimit"] = f'"default";r={max(standing.left, 0)};t={standing.resets_in}'
