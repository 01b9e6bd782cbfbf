"""The settings of a scene and of a project as forms post them: what a page shows, compares and undoes."""

from __future__ import annotations

import re

from studio.models import Project, Scene
from studio.models.fields import PROJECT, SCENE


def whole(text: str | None) -> int | None:
    """A whole number as forms and addresses send it, of at most nine digits; else None."""
    return int(text) if text and re.fullmatch("[0-9]{1,9}", text) else None


def second(text: str | None) -> str:
    """A second of a film as addresses name it, such as 4.5; else empty."""
    return text if text and re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,3})?", text) else ""


def settings_of(scene: Scene) -> dict[str, str]:
    return {name: field.posted(scene) for name, field in SCENE.items()}


def project_settings(project: Project) -> dict[str, str]:
    return {name: field.posted(project) for name, field in PROJECT.items()}
