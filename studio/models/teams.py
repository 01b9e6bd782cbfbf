"""Invitations to a workspace."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from django.db import models
from django.db.models import Q
from django.utils import timezone

from rows.ids import new_id
from studio.models import secret_links
from studio.models.people import Membership, User, Workspace

GOOD_FOR = timedelta(days=7)


SALT = "studio.invitation"


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
        self.digest = secret_links.new_digest(SALT, self._link)

    @property
    def token(self) -> str:
        """The secret part of its link; empty if it was made with a key that this installation no longer has."""
        return secret_links.token_of(SALT, self._link, self.digest)

    @property
    def _link(self) -> str:
        return f"{self.pk} {self.issue}"

    @classmethod
    def by_token(cls, token: str) -> Invitation | None:
        rows = cls.objects.select_related("workspace", "invited_by")
        return rows.filter(digest=secret_links.digest(token)).first()
