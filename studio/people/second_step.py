"""The second step of signing in: how its secrets are stored, what its changes are recorded as, and the letter about a new device."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset
from django.conf import settings
from django.db import transaction
from django.dispatch import receiver
from django.utils.translation import gettext as _

from rows import events
from studio.models import Letter, Membership, User
from studio.people.letters import Text, address_of, writer

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet


def _cipher() -> MultiFernet:
    from cryptography.fernet import Fernet, MultiFernet  # large: loaded when it is needed

    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return MultiFernet(
        [
            Fernet(base64.urlsafe_b64encode(hashlib.sha256(f"studio.mfa {key}".encode()).digest()))
            for key in keys
        ]
    )


class Adapter(DefaultMFAAdapter):
    """Secrets of authenticator apps and recovery codes are stored encrypted with the installation's key."""

    def encrypt(self, text: str) -> str:
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _cipher().decrypt(encrypted_text.encode()).decode()


def record(user: User, what: str, **after: Any) -> None:
    """Records what a person did to their own access, in each workspace that they are a member of."""
    for workspace in Membership.objects.filter(user=user, removed_at=None).values_list(
        "workspace", flat=True
    ):
        events.record(
            f"member.{what}", str(user.pk), workspace=workspace, actor=str(user.pk), after=after
        )


@receiver(authenticator_added)
@receiver(authenticator_reset)
@receiver(authenticator_removed)
def _changed(signal: Any, user: User, authenticator: Authenticator, **_options: Any) -> None:
    what = {
        authenticator_added: "second_step_added",
        authenticator_reset: "second_step_renewed",
        authenticator_removed: "second_step_removed",
    }[signal]
    with transaction.atomic():
        record(user, what, kind=str(authenticator.type))
        Letter.write("second_step", str(user.pk), user.email, user=user)


def told_of_device(user: User) -> None:
    """Mails a person that somebody has signed in from a device that never did before."""
    with transaction.atomic():
        record(user, "new_device")
        Letter.write("new_device", str(user.pk), user.email, user=user)


@writer("second_step")
def second_step(letter: Letter) -> Text | None:
    return Text(
        _("The way you sign in has changed"),
        (
            _(
                "A passkey, an authenticator app or recovery codes were added to your account, made anew or removed."
            ),
            _(
                "If it was you, all is well. If not, change your password now and end the sessions that you do not know."
            ),
        ),
        address_of("mfa_index"),
        _("Look at it"),
        _("You get this because it concerns the safety of your account."),
    )


@writer("new_device")
def new_device(letter: Letter) -> Text | None:
    return Text(
        _("A new device signed in to your account"),
        (
            _(
                "On {day} UTC somebody signed in with your password, or your passkey, from a browser that never did before."
            ).format(day=f"{letter.created_at:%-d %B %Y, %H:%M}"),
            _("If it was you, all is well. If not, end that session and change your password now."),
        ),
        address_of("usersessions_list"),
        _("See where you are signed in"),
        _("You get this because it concerns the safety of your account."),
    )
