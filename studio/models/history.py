"""What was changed in a project, so that it can be undone: by the person who did it, in order, even after a reload."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from django.db import models, transaction
from django.utils import timezone

from studio.models.fields import SCENE
from studio.models.people import User
from studio.models.projects import Project, Scene

TYPED = {name for name, field in SCENE.items() if field.typed}
"""Fields that are typed: changes within PAUSE are one step."""
PAUSE = timedelta(seconds=5)
MOST = 200  # steps of one person in one project


class Change(models.Model):
    """One step. `before` and `after` hold the fields that differ, as forms post them.

    Without a scene it is one of the project. {"removed": "1" | ""} says that the scene was removed or put back,
    {"order": [ids]} the order of the scenes, {"whole": body} that an old version was restored (studio/projects/versions.py).
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="changes")
    scene = models.ForeignKey(Scene, on_delete=models.CASCADE, null=True, related_name="changes")
    by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    before = models.JSONField()
    after = models.JSONField()
    created_at = models.DateTimeField(default=timezone.now)
    touched_at = models.DateTimeField(default=timezone.now)
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["project", "by", "undone_at"])]

    def __str__(self) -> str:
        return f"{self.project_id} {', '.join(self.after)}"

    @classmethod
    @transaction.atomic
    def note(
        cls,
        project: Project,
        scene: Scene | None,
        before: dict[str, Any],
        after: dict[str, Any],
        by: Any,
    ) -> None:
        """Stores the difference as a step; what was undone before it can no longer be redone."""
        names = [name for name in after if before.get(name) != after[name]]
        if not names:
            return
        mine = cls.objects.filter(project=project, by=by)
        mine.exclude(undone_at=None).delete()
        was, now = ({name: side.get(name) for name in names} for side in (before, after))
        last = mine.last()
        if last is not None and last.scene_id == (scene and scene.pk) and last._goes_on(was, now):
            last.before = {**was, **last.before}
            last.after = {**last.after, **now}
            last.touched_at = timezone.now()
            if last.before == last.after:
                last.delete()
            else:
                last.save()
            return
        cls.objects.create(project=project, scene=scene, by=by, before=was, after=now)
        old = mine.order_by("-pk").values_list("pk", flat=True)[MOST:]
        mine.filter(pk__in=list(old)).delete()

    def _goes_on(self, was: dict[str, Any], now: dict[str, Any]) -> bool:
        """Whether this step and the next are one: more typing, or the same overlay moved again."""
        if timezone.now() - self.touched_at > PAUSE:
            return False
        names = set(now)
        typed = names & TYPED
        if typed and typed == set(self.after) & TYPED:
            return names | set(self.after) <= TYPED | {"overlays"}
        return names == set(self.after) == {"overlays"} and (
            _unplaced(was["overlays"])
            == _unplaced(now["overlays"])
            == _unplaced(self.before["overlays"])
        )

    @classmethod
    def last_done(cls, project: Project, by: Any) -> Change | None:
        return cls.objects.filter(project=project, by=by, undone_at=None).last()

    @classmethod
    def last_undone(cls, project: Project, by: Any) -> Change | None:
        return cls.objects.filter(project=project, by=by).exclude(undone_at=None).first()


def _unplaced(overlays: str) -> list[dict[str, Any]]:
    """Overlays as forms post them, without their positions."""
    return [
        {name: value for name, value in row.items() if name not in ("x", "y")}
        for row in json.loads(overlays or "[]")
    ]
