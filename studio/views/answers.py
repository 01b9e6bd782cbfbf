"""How pages are answered: as JSON where their own script asks, else as a page."""

from __future__ import annotations

import functools
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse

from studio.errors import explain
from studio.models import Scene
from studio.projects.fields import settings_of
from studio.views.frames import frame_url


def wants_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept", "").startswith("application/json")


def answers_json(view):
    """Domain errors of the wrapped view as JSON where the page's own script asks; else as a page."""

    @functools.wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except Exception as error:
            problem = explain(error)
            if problem is None or not wants_json(request):
                raise
            body = {
                "code": problem.code,
                "title": problem.title,
                "sentence": problem.sentence,
                "errors": problem.errors,
                **problem.extra,
            }
            return JsonResponse({"problem": body}, status=problem.status)

    return wrapped


def saved(scene: Scene) -> dict[str, Any]:
    """What the page learns of a scene that was saved."""
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
