"""The answers about a workspace's credits."""

from __future__ import annotations

from datetime import datetime

from ninja import Schema


class Balance(Schema):
    available: int
    pending: int


class Period(Schema):
    starts_at: datetime
    ends_at: datetime


class Usage(Schema):
    """Amounts in credit-seconds; renders and seconds are those delivered in the period."""

    balance: Balance
    period: Period
    renders: int
    seconds: float
    seconds_reused: float
    credits_used: int
