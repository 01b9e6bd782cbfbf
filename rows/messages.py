"""Messages to workers. A message only says that something waits: the rows hold what is to be done."""

from __future__ import annotations

import logging
from typing import Any

from celery import current_app
from kombu.exceptions import OperationalError as BrokerDown

log = logging.getLogger(__name__)


def send(task: str, *args: Any, **options: Any) -> bool:
    """Sends a message to the task of that name. Returns False if the broker is away; a sweep sends it again later."""
    try:
        current_app.send_task(task, args, **options)
    except (BrokerDown, OSError) as problem:
        log.warning("the broker is away, work waits: %s", problem)
        return False
    return True
