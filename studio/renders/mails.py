"""The mail at the end of a render: what happened, what it cost, what came back, one button."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from rendering.models import Render
from rows.events import Event, consumer
from studio.models import Batch, BatchRow

KEPT = timedelta(days=3)
"""How long after the end of a render its mail is still tried."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=4)


@consumer("mails", "render.done", "render.failed")
def plan_mail(event: Event) -> None:
    """Makes the render's mail due from now on. A batch sends one of its own (studio/batches/letters.py), and the draft of a row
    is waited for before its page."""
    of_batch = BatchRow.objects.filter(render=event.subject).exists()
    if of_batch or Batch.objects.filter(sample=event.subject).exists():
        return
    ended = Render.objects.filter(pk=event.subject, mailed_at=None, mail_due_at=None)
    ended.update(mail_due_at=timezone.now())


def due() -> QuerySet[Render]:
    """Renders whose mail was not sent yet and may be tried now."""
    now = timezone.now()
    return (
        Render.objects.filter(
            mail_due_at__lte=now,
            status__in=("done", "failed"),
            mailed_at=None,
            ended_at__gte=now - KEPT,
        )
        .select_related("requested_by")
        .order_by("ended_at")
    )


def render_ended(render: Render) -> bool:
    """Mails whoever requested a render that is done or failed. Returns whether this call sent it.

    One UPDATE claims it until the next try is due, so two callers send one mail. It is marked as sent when the mail
    host has accepted it: a crash in between sends it twice, and none is lost. Errors of the mail host are raised; the
    pause before the next try grows fourfold each time.
    """
    if render.status not in ("done", "failed"):
        return False
    now = timezone.now()
    pause = min(FIRST_PAUSE * 4 ** min(render.mail_tries, 9), LONGEST_PAUSE)
    mine = due().filter(pk=render.pk, mail_tries=render.mail_tries).order_by()
    if not mine.update(mail_tries=render.mail_tries + 1, mail_due_at=now + pause):
        return False
    user = render.requested_by
    wanted = (
        user is not None and user.is_active and (render.status == "failed" or user.mails_when_done)
    )
    if user is not None and wanted:
        _mail(render, user.email).send()
    Render.objects.filter(pk=render.pk).update(mailed_at=timezone.now())
    return wanted


def _mail(render: Render, address: str) -> EmailMultiAlternatives:
    context = {
        "render": render,
        "cost": render.cost,
        "reused": render.segments.filter(reason="reused").count(),
        "url": settings.SITE_URL + reverse("render_detail", args=[render.pk]),
        "settings_url": settings.SITE_URL + reverse("account_settings"),
    }
    name = f"emails/render_{render.status}"
    subject = " ".join(render_to_string(f"{name}_subject.txt", context).split())
    mail = EmailMultiAlternatives(subject, render_to_string(f"{name}.txt", context), to=[address])
    mail.attach_alternative(render_to_string(f"{name}.html", context), "text/html")
    return mail
