"""What can be undone and redone in a project, in words for the buttons."""

from __future__ import annotations

from typing import Any

from studio.models import Change, Project
from studio.models.fields import PROJECT, SCENE

NAMES = {name: field.named for table in (PROJECT, SCENE) for name, field in table.items()}
"""Fields of a scene and of a project, as people call them."""


def steps(project: Project, by: Any) -> dict[str, str]:
    """{"undo": what would be undone, "redo": what would be redone}; empty if there is nothing."""
    return {
        "undo": _words(project, Change.last_done(project, by)),
        "redo": _words(project, Change.last_undone(project, by)),
    }


def _words(project: Project, change: Change | None) -> str:
    if change is None:
        return ""
    if "order" in change.after:
        return "order of the scenes"
    if "whole" in change.after:
        return "restored version"
    where = ""
    if change.scene_id:
        ids = [scene.pk for scene in project.live_scenes]
        where = f" of scene {ids.index(change.scene_id) + 1}" if change.scene_id in ids else ""
    if "removed" in change.after:
        return f"removed scene{where}" if change.after["removed"] else f"new scene{where}"
    names = [name for name in change.after if name in NAMES]
    first = str(NAMES[names[0]]).lower() if names else "change"
    return first + where
