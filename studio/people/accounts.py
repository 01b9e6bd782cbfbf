"""Sign-up: every person gets a workspace of their own, with this month's credits. Sign-in: how often one may try."""

import hashlib
import secrets
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.core.internal import ratelimit
from django.conf import settings
from django.core import signing
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext

from billing.plans import grant_period
from rows import events
from studio.models import Membership, User, Workspace
from studio.people import second_step


@transaction.atomic
def open_workspace(user: User) -> Workspace:
    first = (user.name or user.email.split("@")[0]).strip()
    workspace = Workspace.objects.create(name=f"{first}'s workspace"[:80])
    Membership.objects.create(workspace=workspace, user=user, role=Membership.Role.OWNER)
    events.record(
        "account.opened",
        str(user.pk),
        workspace=workspace.pk,
        actor=str(user.pk),
        personal={"name": user.name, "address": user.email},
    )
    grant_period(workspace)
    return workspace


def is_confirmed(user: User) -> bool:
    """Whether one of the person's addresses is confirmed, as downloads and links for viewers need it."""
    return EmailAddress.objects.filter(user=user, verified=True).exists()


LONGEST_ADDRESS = User._meta.get_field("email").max_length or 254


class Adapter(DefaultAccountAdapter):
    def clean_email(self, email: str) -> str:
        if len(email) > LONGEST_ADDRESS:  # SQLite would store it, Postgres would not
            raise ValidationError(
                gettext("An email address has at most {most} characters.").format(
                    most=LONGEST_ADDRESS
                )
            )
        return super().clean_email(email)

    def save_user(self, request, user, form, commit=True):
        user = super().save_user(request, user, form, commit=False)  # hashes the password
        if commit:
            with transaction.atomic():
                user.save()
                open_workspace(user)
        return user

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Counts a try, which a correct password takes back. A device that has signed in before is counted on its own:
        whatever others try, its person can sign in."""
        login = self._get_login_attempts_cache_key(request, **credentials)
        if device := known_device(request, login):
            counted = [_count(request, "10/5m/key", f"{login} {device}")]
        else:
            address = self.get_client_ip(request)
            counted = [_count(request, BY_ADDRESS, f"{login} {address}")]
            if counted[0]:
                counted.append(_count(request, BY_ANYBODY, login))
        if not all(counted):
            raise self.validation_error("too_many_login_attempts")
        used = [usage for found in counted if found for usage in found.usage]
        self._login_failed_rl_usage = ratelimit.RateLimitUsage(used)

    def _delete_login_attempts_cached_email(self, request: HttpRequest, **credentials: Any) -> None:
        """Forgets the tries that were counted, after a new password was set by mail."""
        login = self._get_login_attempts_cache_key(request, **credentials)
        for rates, key in (
            (BY_ADDRESS, f"{login} {self.get_client_ip(request)}"),
            (BY_ANYBODY, login),
        ):
            config = {"login_failed": rates}
            ratelimit.clear(
                request, app="allauth.account", action="login_failed", config=config, key=key
            )

    def post_login(self, request: HttpRequest, user: Any, **options: Any) -> HttpResponse:
        response = super().post_login(request, user, **options)
        login = self._get_login_attempts_cache_key(request, email=user.email)
        if not known_device(request, login) and not options.get("signup"):
            second_step.told_of_device(user)
        remember_device(request, response, login)
        return response


BY_ADDRESS, BY_ANYBODY = "20/m/ip,5/5m/key", "100/10m/key"
"""How many wrong passwords are accepted from one address (in all, and for one account), and for one account from anywhere:
more than one address alone can reach."""


def _count(request: HttpRequest, rates: str, key: str) -> ratelimit.RateLimitUsage | None:
    config = {"login_failed": rates}
    return ratelimit.consume(
        request, app="allauth.account", action="login_failed", config=config, key=key
    )


DEVICE = "device"
DEVICE_SECONDS = 365 * 24 * 3600
DEVICE_LOGINS = 8
"""How many accounts a device remembers that it has signed in to."""


def _device(request: HttpRequest) -> dict[str, str]:
    """Hash of a login -> secret of this device, from its cookie."""
    try:
        return signing.loads(
            request.COOKIES.get(DEVICE, ""), salt="studio.device", max_age=DEVICE_SECONDS
        )
    except signing.BadSignature:
        return {}


def _short(login: str) -> str:
    return hashlib.sha256(login.encode()).hexdigest()[:16]


def known_device(request: HttpRequest, login: str) -> str:
    """The secret of this device if it has signed in with this login before, else nothing."""
    return _device(request).get(_short(login), "")


def remember_device(request: HttpRequest, response: HttpResponse, login: str) -> None:
    known = _device(request)
    known[_short(login)] = known.pop(_short(login), "") or secrets.token_hex(8)
    newest = dict(list(known.items())[-DEVICE_LOGINS:])
    response.set_cookie(
        DEVICE,
        signing.dumps(newest, salt="studio.device"),
        max_age=DEVICE_SECONDS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
