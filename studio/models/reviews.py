"""What people say of a version, and whether they approve of it; with or without an account."""

from __future__ import annotations

from functools import partial

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext

from rows.ids import new_id
from studio.models.people import User
from studio.models.projects import Project
from studio.models.shares import Share

LONGEST_COMMENT = 2_000


def _author(said: Comment | Verdict) -> str:
    """Who said it, also once their name was erased or their account is gone."""
    if said.user:
        return str(said.user)
    return said.name or (gettext("A reviewer") if said.share_id else gettext("A former member"))


class Comment(models.Model):
    """What somebody says of a version, at a second of it, or in answer to another. user: a member; else name and address are of
    a reviewer who came by `share`."""

    id = models.CharField(primary_key=True, max_length=48, default=partial(new_id, "comment"))
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="comments")
    version = models.PositiveIntegerField()
    share = models.ForeignKey(Share, on_delete=models.SET_NULL, null=True, related_name="comments")
    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    name = models.CharField(max_length=80, blank=True)
    address = models.EmailField(blank=True)
    at = models.FloatField(null=True, help_text="Seconds from the start of the film.")
    text = models.TextField(max_length=LONGEST_COMMENT)
    answers = models.ForeignKey("self", on_delete=models.CASCADE, null=True, related_name="replies")
    resolved_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["created_at"]
        indexes = [models.Index(fields=["project", "version", "created_at"])]

    def __str__(self) -> str:
        return f"{self.author}, {self.version}"

    @property
    def author(self) -> str:
        return _author(self)


class Verdict(models.Model):
    """A decision on one version, bound to the words that it was made from: an edit afterwards withdraws it. Only ever added."""

    class Outcome(models.TextChoices):
        APPROVED = "approved"
        CHANGES = "changes"

    id = models.CharField(primary_key=True, max_length=48, default=partial(new_id, "verdict"))
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="verdicts")
    version = models.PositiveIntegerField(null=True, help_text="None: of a render that was held.")
    revision = models.PositiveIntegerField(help_text="Of the project, when it was rendered.")
    share = models.ForeignKey(Share, on_delete=models.SET_NULL, null=True, related_name="verdicts")
    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    name = models.CharField(max_length=80, blank=True)
    address = models.EmailField(blank=True)
    outcome = models.CharField(max_length=8, choices=Outcome.choices)
    text = models.TextField(max_length=LONGEST_COMMENT, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.author}: {self.outcome}"

    @property
    def author(self) -> str:
        return _author(self)

    @property
    def sentence(self) -> str:
        """Who decided what, and whether it still holds."""
        approved = self.outcome == self.Outcome.APPROVED
        if self.version is None:
            said = (
                gettext("{name} approved a render.")
                if approved
                else gettext("{name} declined a render.")
            )
        elif approved:
            said = gettext("{name} approved version {version}.")
        else:
            said = gettext("{name} asked for changes to version {version}.")
        said = said.format(name=self.author, version=self.version)
        if approved and not self.stands:
            said += " " + gettext("The script has changed since, so the approval no longer holds.")
        return said

    @property
    def stands(self) -> bool:
        """Whether the project is still what was decided on."""
        return self.revision == self.project.revision
