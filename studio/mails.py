"""The mail at the end of a render: what happened, what it cost, what came back, one button. Sent once."""

from __future__ import annotations

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from rendering.models import Render


def render_ended(render: Render) -> bool:
    """Mails whoever asked for a render that is done or failed. True if this call sent it.

    The claim is one UPDATE, so two callers send one mail; if the mail host refuses, the claim is
    given back and a later call sends it.
    """
    if render.status not in ("done", "failed"):
        return False
    claimed = Render.objects.filter(pk=render.pk, mailed_at=None).update(mailed_at=timezone.now())
    user = render.requested_by
    if not claimed or user is None or not user.is_active:
        return False
    if render.status == "done" and not user.mails_when_done:
        return False
    context = {
        "render": render,
        "cost": render.cost,
        "reused": render.segments.filter(reason="reused").count(),
        "url": settings.SITE_URL + reverse("render_detail", args=[render.pk]),
        "settings_url": settings.SITE_URL + reverse("account_settings"),
    }
    name = f"emails/render_{render.status}"
    subject = " ".join(render_to_string(f"{name}_subject.txt", context).split())
    mail = EmailMultiAlternatives(
        subject, render_to_string(f"{name}.txt", context), to=[user.email]
    )
    mail.attach_alternative(render_to_string(f"{name}.html", context), "text/html")
    try:
        mail.send()
    except Exception:
        Render.objects.filter(pk=render.pk).update(mailed_at=None)
        raise
    return True
