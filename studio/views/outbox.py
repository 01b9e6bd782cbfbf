"""The mails that were not sent: stored as files if no mail host is set, newest first."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.utils import parsedate_to_datetime
from pathlib import Path

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

SHOWN = 50
BETWEEN = re.compile(rb"^-{79}$", re.MULTILINE)


@dataclass(frozen=True)
class Mail:
    to: str
    subject: str
    sent_at: datetime
    text: str


def read(path: Path) -> list[Mail]:
    """The mails of one file of Django's filebased backend, in the order they were written."""
    mails = []
    for source in BETWEEN.split(path.read_bytes()):
        if not source.strip():
            continue
        message = message_from_bytes(source.lstrip(), policy=policy.default)
        body = message.get_body(("plain",))
        mails.append(
            Mail(
                to=str(message["To"]),
                subject=str(message["Subject"]),
                sent_at=parsedate_to_datetime(str(message["Date"])),
                text=body.get_content().strip() if body else "",
            )
        )
    return mails


@require_safe
@login_required
def outbox(request: HttpRequest) -> HttpResponse:
    folder = Path(settings.EMAIL_FILE_PATH)
    files = sorted(folder.glob("*.log"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    mails = [mail for path in files[:SHOWN] for mail in reversed(read(path))]
    return render(request, "studio/outbox.html", {"mails": mails[:SHOWN], "folder": folder})
