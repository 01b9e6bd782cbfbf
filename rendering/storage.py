"""The store of this installation, and whether it can be written and read."""

from __future__ import annotations

import functools
import math
import time

from django.conf import settings
from django.db import InterfaceError, OperationalError

from rendering.store import Store, StoreAway, StoreFull

LOOKED_SECONDS = 5.0  # for which a check of the store holds


@functools.cache
def store() -> Store:
    """The folder on this machine, or the bucket where one is named."""
    if not settings.S3_BUCKET:
        return Store(settings.STORE_DIR)
    from rendering.object_store import ObjectStore  # only with a bucket

    return ObjectStore(
        settings.STORE_DIR,
        bucket=settings.S3_BUCKET,
        endpoint=settings.S3_ENDPOINT,
        public_endpoint=settings.S3_PUBLIC_ENDPOINT,
        region=settings.S3_REGION,
        key_id=settings.S3_KEY_ID,
        secret=settings.S3_SECRET_KEY,
        limit=settings.S3_CACHE_MB * 1_000_000,
    )


_looked: tuple[float, StoreFull | StoreAway | None] = (-math.inf, None)


def trouble() -> StoreFull | StoreAway | None:
    """Why the store cannot be written or read just now, or None; checked every few seconds."""
    global _looked
    at, found = _looked
    if time.monotonic() - at > LOOKED_SECONDS:
        try:
            found = store().trouble()
        except (StoreFull, StoreAway) as problem:
            found = problem
        _looked = (time.monotonic(), found)
    return found


def is_away(problem: Exception) -> bool:
    """Whether the store or the database is to blame: an encoder, for instance, only reports that it could not write."""
    blamed = (StoreFull, StoreAway, OperationalError, InterfaceError)
    return isinstance(problem, blamed) or store().trouble() is not None


def need() -> None:
    """Raises StoreFull or StoreAway while no result could be stored: then nothing is promised and nothing charged."""
    if problem := trouble():
        raise problem.with_traceback(None)
