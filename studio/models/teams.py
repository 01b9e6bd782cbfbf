"""Invitations to a workspace."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta
from functools import partial

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import salted_hmac

from rows.ids import new_id
from studio.models.people import Membership, User, Workspace

GOOD_FOR = timedelta(days=7)


def _token(invitation_id: str, issue: int, key: str) -> str:
    """128 bits that cannot be guessed without the installation's key, as 22 letters."""
    mark = salted_hmac(
        "studio.invitation", f"{invitation_id} {issue}", secret=key, algorithm="sha256"
    )
    return base64.urlsafe_b64encode(mark.digest()[:16]).decode().rstrip("=")


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


class Invitation(models.Model):
    """A person who may join a workspace, once, by a link that was mailed to their address.

    Only the hash of the link is stored; the letter gets it from the installation's key. issue: grows each time it is sent, and
    ends the link before.
    """

    id = models.CharField(primary_key=True, max_length=48, default=partial(new_id, "invitation"))
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField()
    role = models.CharField(max_length=16, choices=Membership.Role.choices)
    issue = models.PositiveIntegerField(default=1)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    invited_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "email"],
                condition=Q(accepted_at=None, revoked_at=None),
                name="one_open_invitation_each",
            )
        ]

    def __str__(self) -> str:
        return f"{self.email} to {self.workspace}"

    @property
    def is_open(self) -> bool:
        return self.accepted_at is None and self.revoked_at is None

    @property
    def has_expired(self) -> bool:
        return self.expires_at <= timezone.now()

    def begin(self) -> None:
        """Starts its time anew, with a link of its own; not saved."""
        self.expires_at = timezone.now() + GOOD_FOR
        self.digest = _digest(_token(self.pk, self.issue, settings.SECRET_KEY))

    @property
    def token(self) -> str:
        """The secret part of its link; empty if it was made with a key that this installation no longer has."""
        for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
            if _digest(token := _token(self.pk, self.issue, key)) == self.digest:
                return token
        return ""

    @classmethod
    def by_token(cls, token: str) -> Invitation | None:
        rows = cls.objects.select_related("workspace", "invited_by")
        return rows.filter(digest=_digest(token)).first()
