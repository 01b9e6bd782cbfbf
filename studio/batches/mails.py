"""The mails about a batch: it was checked, it is paused, it is done. One for the whole batch, none for each video."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from studio.batches import plan, run
from studio.models import Batch

FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=4)


def due() -> QuerySet[Batch]:
    """Batches about which somebody is to be told now."""
    now = timezone.now()
    rows = Batch.objects.filter(news_due_at__lte=now).exclude(news="")
    return rows.select_related("requested_by").order_by("news_due_at")


def send(batch: Batch) -> bool:
    """Mails whoever made the batch. Returns whether this call sent it.

    One UPDATE claims it until the next try is due, so two callers send one mail; it is over when the mail host has accepted it.
    """
    now = timezone.now()
    pause = min(FIRST_PAUSE * 4 ** min(batch.news_tries, 9), LONGEST_PAUSE)
    mine = due().filter(pk=batch.pk, news=batch.news, news_tries=batch.news_tries).order_by()
    if not mine.update(news_tries=batch.news_tries + 1, news_due_at=now + pause):
        return False
    user = batch.requested_by
    wanted = user is not None and user.is_active and (batch.news != "done" or user.mails_when_done)
    if user is not None and wanted:
        _mail(batch, user.email).send()
    Batch.objects.filter(pk=batch.pk, news=batch.news).update(news="", news_due_at=None)
    return wanted


def _mail(batch: Batch, address: str) -> EmailMultiAlternatives:
    context = {
        "batch": batch,
        "counts": run.counts(batch),
        "cost": run.cost_of(batch),
        "price": plan.price(batch),
        "url": settings.SITE_URL + reverse("batch_detail", args=[batch.pk]),
        "settings_url": settings.SITE_URL + reverse("account_settings"),
    }
    name = "emails/batch_news"
    subject = " ".join(render_to_string(f"{name}_subject.txt", context).split())
    mail = EmailMultiAlternatives(subject, render_to_string(f"{name}.txt", context), to=[address])
    mail.attach_alternative(render_to_string(f"{name}.html", context), "text/html")
    return mail
