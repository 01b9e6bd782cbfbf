"""What a workspace's videos have in common, and how binding each part of it is."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from studio.models.people import Workspace


class BrandKit(models.Model):
    """What the videos of a workspace have in common. What each part covers: studio/projects/brand.py.

    palette: "#rrggbb", the first is the usual one. fields: values of projects, as forms post them. locks: part ->
    free, suggested or locked; free if absent.
    """

    class Lock(models.TextChoices):
        FREE = "free"
        SUGGESTED = "suggested"
        LOCKED = "locked"

    workspace = models.OneToOneField(
        Workspace, on_delete=models.CASCADE, primary_key=True, related_name="brand"
    )
    palette = models.JSONField(default=list)
    fields = models.JSONField(default=dict)
    locks = models.JSONField(default=dict)
    changed_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"brand of {self.workspace}"

    @classmethod
    def locks_in(cls, workspace: Workspace, part: str) -> bool:
        """Whether the workspace has a kit that locks this part."""
        kit = cls.objects.filter(workspace=workspace).first()
        return kit is not None and kit.lock(part) == cls.Lock.LOCKED

    def lock(self, part: str) -> str:
        return str(self.locks.get(part, self.Lock.FREE))
