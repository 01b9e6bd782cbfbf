"""The tables of this package, where Django looks for them."""

from rows.audit import AuditHead, AuditRow, Checkpoint  # noqa: F401
from rows.events import Event, Personal, Reader
from rows.limits import Count

__all__ = ["Count", "Event", "Personal", "Reader"]
