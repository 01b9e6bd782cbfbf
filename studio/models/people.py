"""Who uses the studio: people, the workspaces they share, and the keys that programs use."""

import hashlib
import secrets
from functools import partial

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from rows import events
from rows.ids import new_id


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120, blank=True)
    is_staff = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    mails_when_done = models.BooleanField(default=True)
    mails_of_comments = models.BooleanField(default=True)
    mails_to_remind = models.BooleanField(default=True)
    date_joined = models.DateTimeField(default=timezone.now)

    objects = UserManager()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = []

    def __str__(self) -> str:
        return self.name or self.email


class Workspace(models.Model):
    id = models.CharField(primary_key=True, max_length=48, default=partial(new_id, "workspace"))
    name = models.CharField(max_length=80)
    plan = models.CharField(max_length=16, default="free")
    needs_approval = models.BooleanField(
        default=False, help_text="A render that spends credits waits until somebody approves of it."
    )
    needs_second_step = models.BooleanField(
        default=False, help_text="Only people with a passkey or an authenticator app come in."
    )
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    class Role(models.TextChoices):
        OWNER = "owner", _("Owner")
        ADMIN = "admin", _("Admin")
        MEMBER = "member", _("Member")
        REVIEWER = "reviewer", _("Reviewer")
        BILLING = "billing", _("Billing")

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role.choices, default=Role.MEMBER)
    created_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(null=True, blank=True, help_text="To the hour.")
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "user"], name="one_membership_each")
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.workspace}"


def digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


class ApiKey(models.Model):
    """A program's key to a workspace: shown once, stored as a hash."""

    id = models.CharField(primary_key=True, max_length=48, default=partial(new_id, "key"))
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=16)
    digest = models.CharField(max_length=64, unique=True)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True)
    created_at = models.DateTimeField(default=timezone.now)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @classmethod
    @transaction.atomic
    def make(cls, workspace: Workspace, name: str, by: User | None = None) -> tuple["ApiKey", str]:
        """The row and the key itself, which is stored nowhere."""
        secret = "ls_live_" + secrets.token_urlsafe(32).replace("-", "x").replace("_", "y")
        key = cls.objects.create(
            workspace=workspace,
            name=name,
            prefix=secret[:12],
            digest=digest(secret),
            created_by=by,
        )
        key._record("made", by)
        return key, secret

    @transaction.atomic
    def revoke(self, by: User | None = None) -> None:
        if self.revoked_at is None:
            self.revoked_at = timezone.now()
            self.save(update_fields=["revoked_at"])
            self._record("revoked", by)

    def _record(self, what: str, by: User | None) -> None:
        actor = str(by.pk) if by else ""
        after = {"name": self.name, "prefix": self.prefix}
        events.record(f"key.{what}", self.pk, workspace=self.workspace_id, actor=actor, after=after)


class IdempotencyKey(models.Model):
    """The first answer to a request that made something, so that repeating it makes nothing."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    endpoint = models.CharField(max_length=120)
    key = models.CharField(max_length=255)
    body_sha256 = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    answer = models.JSONField(null=True)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "endpoint", "key"], name="one_answer_per_key"
            )
        ]

    def __str__(self) -> str:
        return f"{self.endpoint} {self.key}"
