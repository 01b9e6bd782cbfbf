"""Sends the letters that wait. Each kind has its writer, who says at the last moment what is to be told, or that nothing is."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from studio.models import Letter

log = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=4)
KEPT = timedelta(days=3)
"""How long after it was written a letter that failed is still tried."""
ROUND, FAILURES = 50, 3
"""Letters of a round, and failures after which it ends, because the mail host may be away."""


@dataclass(frozen=True)
class Text:
    """One purpose, one button. why: the reason for getting it, at the foot."""

    title: str
    paragraphs: tuple[str, ...]
    url: str
    button: str
    why: str


Writer = Callable[[Letter], Text | None]
WRITERS: dict[str, Writer] = {}


def writer(kind: str) -> Callable[[Writer], Writer]:
    """Makes a function the writer of a kind of letter. It returns None if there is nothing left to tell."""

    def made(write: Writer) -> Writer:
        WRITERS[kind] = write
        return write

    return made


def address_of(name: str, *args: object) -> str:
    """A page of the site, as mails name it."""
    return settings.SITE_URL + reverse(name, args=args)


def send_due() -> None:
    """Sends what is due. One UPDATE claims a letter until its next try, so that two callers send one mail."""
    now, failures = timezone.now(), 0
    waiting = Letter.objects.filter(closed_at=None, due_at__lte=now)
    waiting.filter(created_at__lt=now - KEPT, tries__gt=0).update(closed_at=now)
    for letter in waiting.select_related("user").order_by("due_at")[:ROUND]:
        pause = min(FIRST_PAUSE * 4 ** min(letter.tries, 9), LONGEST_PAUSE)
        mine = waiting.filter(pk=letter.pk, tries=letter.tries).order_by()
        if not mine.update(tries=letter.tries + 1, due_at=now + pause):
            continue
        try:
            text = WRITERS[letter.kind](letter)
            if text is not None:
                _mail(text, letter.address).send()
        except Exception:
            log.exception("letter %s", letter.pk)
            failures += 1
            if failures == FAILURES:
                return
            continue
        Letter.objects.filter(pk=letter.pk).update(closed_at=timezone.now())


def _mail(text: Text, address: str) -> EmailMultiAlternatives:
    context = {"text": text}
    subject = " ".join(text.title.split())[:180]
    mail = EmailMultiAlternatives(
        subject, render_to_string("emails/letter.txt", context), to=[address]
    )
    mail.attach_alternative(render_to_string("emails/letter.html", context), "text/html")
    return mail
