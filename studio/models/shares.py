"""Links by which people without an account watch a project's video, and how often it was played."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from django.contrib.auth.hashers import check_password, make_password
from django.db import models, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext

from rows import events
from rows.ids import new_id
from studio.models import secret_links
from studio.models.people import User
from studio.models.projects import Project

TENTHS = 10
"""Parts of a film of which each is counted as seen once in a viewing."""


SALT = "studio.share"


class Share(models.Model):
    """A stable address at which a project's latest video, or one version of it, can be watched.

    Only the hash of the address is stored; who may see the project gets the address from the installation's key. A stranger who
    reads the database learns no address.
    """

    id = models.CharField(primary_key=True, max_length=48, default=partial(new_id, "share"))
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="shares")
    name = models.CharField(max_length=80, blank=True, help_text="For whom it is; not shown there.")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    version = models.PositiveIntegerField(null=True, blank=True, help_text="None: the latest.")
    password = models.CharField(max_length=128, blank=True, help_text="Hashed; empty: none.")
    expires_at = models.DateTimeField(null=True, blank=True)
    downloads = models.BooleanField(default=False)
    reviews = models.BooleanField(
        default=False, help_text="Viewers may comment and decide; then it shows one version."
    )
    closed_at = models.DateTimeField(null=True, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)
    removed_for = models.CharField(max_length=200, blank=True, help_text="As viewers read it.")
    plays = models.PositiveIntegerField(default=0)
    tenths = models.PositiveBigIntegerField(default=0, help_text="Tenths of the film seen in all.")
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name or 'link'} to {self.project}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self.digest:
            self.digest = secret_links.new_digest(SALT, self.pk)
        super().save(*args, **kwargs)

    @property
    def token(self) -> str:
        """The secret part of its address; empty if it was made with a key that this installation no longer has."""
        return secret_links.token_of(SALT, self.pk, self.digest)

    @classmethod
    def by_token(cls, token: str) -> Share | None:
        rows = cls.objects.select_related("project", "project__workspace")
        return rows.filter(digest=secret_links.digest(token)).first()

    @property
    def title(self) -> str:
        """For whom it is, as its project's people call it."""
        return self.name or gettext("Link")

    @property
    def has_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()

    @property
    def seen(self) -> float:
        """Share of the film that a viewing sees on average, 0..1."""
        return self.tenths / (TENTHS * self.plays) if self.plays else 0.0

    def opens_with(self, password: str) -> bool:
        return check_password(password, self.password)

    @classmethod
    @transaction.atomic
    def make(cls, project: Project, by: User | None, **fields: Any) -> Share:
        share = cls.objects.create(project=project, created_by=by, **_hashed(fields))
        share._record("made", by)
        return share

    @transaction.atomic
    def edit(self, by: User | None, **fields: Any) -> None:
        """Changes what was set; a password of "" is taken off."""
        for name, value in _hashed(fields).items():
            setattr(self, name, value)
        self.save()
        self._record("changed", by)

    @transaction.atomic
    def close(self, by: User | None) -> None:
        if self.closed_at is None:
            self.closed_at = timezone.now()
            self.save(update_fields=["closed_at"])
            self._record("closed", by)

    @transaction.atomic
    def open(self, by: User | None) -> None:
        if self.closed_at is not None:
            self.closed_at = None
            self.save(update_fields=["closed_at"])
            self._record("opened", by)

    @transaction.atomic
    def remove(self, by: User | None, reason: str = "") -> None:
        """For good. reason: what viewers read, in a sentence."""
        if self.removed_at is None:
            self.removed_at, self.removed_for = timezone.now(), reason[:200]
            self.save(update_fields=["removed_at", "removed_for"])
            self._record("removed", by)

    def _record(self, what: str, by: User | None) -> None:
        after = {
            "project": self.project_id,
            "version": self.version,
            "expires_at": self.expires_at,
            "password": bool(self.password),
            "downloads": self.downloads,
            "reviews": self.reviews,
        }
        workspace = self.project.workspace_id
        actor = str(by.pk) if by else ""
        events.record(f"share.{what}", self.pk, workspace=workspace, actor=actor, after=after)


def _hashed(fields: dict[str, Any]) -> dict[str, Any]:
    if fields.get("password"):
        return {**fields, "password": make_password(fields["password"])}
    return fields


class Play(models.Model):
    """One viewing that goes on, so that no part of it is counted twice. Removed a day after it began; the counts stay with the share."""

    share = models.ForeignKey(Share, on_delete=models.CASCADE, related_name="viewings")
    viewing = models.CharField(max_length=32, unique=True)
    tenths = models.PositiveSmallIntegerField(default=0, help_text="A bit for each tenth seen.")
    begun_at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return f"viewing of {self.share_id}"

    @classmethod
    @transaction.atomic
    def count(cls, share: Share, viewing: str, tenths: int) -> None:
        """Adds what this viewing has seen to the share's counts. tenths: a bit for each tenth of the film."""
        play, begun = cls.objects.get_or_create(viewing=viewing, defaults={"share": share})
        new = tenths & ~play.tenths & ((1 << TENTHS) - 1)
        if not begun and not new:
            return
        changed = cls.objects.filter(pk=play.pk, tenths=play.tenths).update(
            tenths=play.tenths | new
        )
        if changed:
            Share.objects.filter(pk=share.pk).update(
                plays=F("plays") + int(begun), tenths=F("tenths") + new.bit_count()
            )

    @classmethod
    def tidy(cls, before: datetime) -> None:
        cls.objects.filter(begun_at__lt=before).delete()
