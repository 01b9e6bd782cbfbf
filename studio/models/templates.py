"""Templates: projects with gaps, from which many videos are made."""

from __future__ import annotations

from functools import partial

from django.db import models
from django.db.models import Q
from django.utils import timezone

from rows.ids import new_id
from studio.models.people import User, Workspace
from studio.models.projects import Project


class Template(models.Model):
    """A project whose texts and choices have gaps. Those that ship belong to no workspace and are known by their slug.

    content: {"project": {…}, "scenes": [{…}]}, each value as a form posts it (studio/projects/templates.py), with {{name}} for a
    gap. variables: [{"name", "type", "required", "default", "max_length", "choices"}] in the order in which they are asked for.
    """

    id = models.CharField(primary_key=True, max_length=48, default=partial(new_id, "template"))
    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, null=True, blank=True, related_name="templates"
    )
    slug = models.SlugField(max_length=64, unique=True, null=True, blank=True)
    project = models.ForeignKey(
        Project,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="templates",
        help_text="It was saved from this one, and can be saved from it again.",
    )
    name = models.CharField(max_length=200)
    description = models.CharField(max_length=400, blank=True)
    content = models.JSONField(default=dict)
    variables = models.JSONField(default=list)
    revision = models.PositiveIntegerField(default=1)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    touched_at = models.DateTimeField(default=timezone.now)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-touched_at"]
        indexes = [models.Index(fields=["workspace", "-touched_at"])]
        constraints = [
            models.UniqueConstraint(
                fields=["project"],
                condition=Q(removed_at=None, project__isnull=False),
                name="one_template_of_a_project",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def offered_to(cls, workspace: Workspace) -> models.QuerySet[Template]:
        """Those of the workspace, then those that ship."""
        mine = Q(workspace=None) | Q(workspace=workspace)
        order = (models.F("workspace").asc(nulls_last=True), "-touched_at", "pk")
        return cls.objects.filter(mine, removed_at=None).order_by(*order)

    @property
    def aspect(self) -> str:
        return str(self.content["project"]["aspect"])

    def remove(self) -> None:
        Template.objects.filter(pk=self.pk).update(removed_at=timezone.now())
