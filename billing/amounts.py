"""Credit-seconds in words. Prices round up and balances round down, to a tenth of a credit."""

from __future__ import annotations

from billing.models import CREDIT

TENTH = CREDIT // 10  # credit-seconds


def price(seconds: int) -> str:
    """A price or a charge, never shown as less than it is: 9 -> "0.2"."""
    return f"{-(-int(seconds or 0) // TENTH) / 10:.1f}"


def left(seconds: int) -> str:
    """A balance or a refund, never shown as more than it is: 599 -> "9.9"."""
    return f"{int(seconds or 0) // TENTH / 10:.1f}"


def priced(seconds: int) -> str:
    """A price with its seconds: 9 -> "0.2 credits (9 s)"."""
    return f"{price(seconds)} credits ({int(seconds)} s)"
