"""The brand kit: what the workspace's videos have in common, and how binding each part is."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from studio import access
from studio.access import WorkspaceRequest, in_workspace
from studio.models import BrandKit
from studio.models.fields import PROJECT
from studio.people.roles import allows, need
from studio.projects import brand

WAYS = [
    (BrandKit.Lock.FREE, _("Free")),
    (BrandKit.Lock.SUGGESTED, _("Suggested")),
    (BrandKit.Lock.LOCKED, _("Locked")),
]
USUAL = {
    "logo_position": "top-left",
    "logo_size": "0.12",
    "music_volume": "-14",
    "music_duck": "10",
}
"""Of a kit in which nobody has set them."""


@require_http_methods(["GET", "HEAD", "POST"])
@in_workspace("see")
def brand_kit(request: WorkspaceRequest) -> HttpResponse:
    workspace = request.workspace
    if request.method == "POST":
        need(request.membership.role, "manage")
        brand.save(
            workspace,
            palette=request.POST.getlist("colour"),
            fields=_sent(request),
            locks={part: request.POST.get(f"lock_{part}", "free") for part in brand.PARTS},
            by=request.user,
        )
        messages.success(
            request,
            gettext(
                "Saved. Videos that are delivered stay as they are; nothing renders by itself."
            ),
        )
        return redirect("brand_kit")
    kit = brand.kit_of(workspace) or BrandKit(workspace=workspace)
    context: dict[str, Any] = {
        "kit": kit,
        "fields": {**USUAL, **kit.fields},
        "colours": [_measured(colour) for colour in kit.palette],
        "empty": range(brand.MOST_COLOURS - len(kit.palette)),
        "ways": WAYS,
        "locks": {part: kit.lock(part) for part in brand.PARTS},
        "offered": {
            name: PROJECT[name].choices
            for name in ("logo_position", "caption_style", "caption_position", "caption_size")
        },
        "pictures": workspace.pictures.filter(removed_at=None)[:24],
        "tunes": workspace.clips.filter(kind="music", removed_at=None)[:24],
        "uses": brand.uses(workspace, kit) if kit.locks else 0,
        "manages": allows(request.membership.role, "manage"),
    }
    return render(request, "studio/brand_kit.html", context)


def _sent(request: WorkspaceRequest) -> dict[str, str]:
    """The fields of the parts that are not left free, as they were posted."""
    found: dict[str, str] = {}
    for part, one in brand.PARTS.items():
        if request.POST.get(f"lock_{part}", "free") != BrandKit.Lock.FREE:
            found |= {name: request.POST[name] for name in one.fields if name in request.POST}
    return found


def _measured(colour: str) -> dict[str, Any]:
    """A colour with the contrast of the text that reads best on it."""
    dark, light = brand.contrast(colour, brand.DARK), brand.contrast(colour, brand.LIGHT)
    return {"value": colour, "ratio": f"{max(dark, light):.1f}", "dark": dark >= light}


@require_POST
@in_workspace("edit")
def project_brand(request: WorkspaceRequest, project_id: str) -> HttpResponse:
    """Brings the project in line with the kit."""
    project = access.project(request.workspace, project_id)
    project.workspace = request.workspace
    brand.use(project, request.user)
    messages.success(request, gettext("The project uses the brand. Undo takes it back."))
    return redirect("project_edit", project.pk)
