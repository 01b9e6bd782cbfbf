"""The editor's answers when a scene was saved."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from studio.models import Scene
from studio.projects.fields import settings_of
from studio.views.frames import frame_url


def saved(scene: Scene) -> dict[str, Any]:
    """What the page is sent about a scene that was saved."""
    return {
        "scene": scene.pk,
        "revision": scene.revision,
        "settings": settings_of(scene),
        "frame": frame_url(scene),
    }


def back_to(scene: Scene) -> HttpResponse:
    return redirect(
        reverse("project_edit", args=[scene.project_id]) + f"?scene={scene.pk}#{scene.pk}"
    )
