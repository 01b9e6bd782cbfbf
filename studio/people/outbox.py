"""Where mails go on a machine without a mail host: into files, and into the terminal for people who are not signed in yet."""

import logging
from collections.abc import Sequence
from typing import Any

from django.core.mail.backends.filebased import EmailBackend

log = logging.getLogger(__name__)


class Outbox(EmailBackend):
    def send_messages(self, email_messages: Sequence[Any]) -> int:
        for message in email_messages:
            log.info("Mail to %s: %s\n%s", ", ".join(message.to), message.subject, message.body)
        return super().send_messages(email_messages) or 0
