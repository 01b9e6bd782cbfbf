"""The brand kit: what the workspace's videos have in common, and how binding each part is."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from rendering.values import BadInput
from studio import access
from studio.access import WorkspaceRequest, in_workspace
from studio.library import uploads
from studio.models import BrandKit, Picture, Scene
from studio.models.fields import PROJECT, Choice
from studio.people.roles import allows, need
from studio.people.teams import whom_to_ask
from studio.projects import brand, composition
from studio.projects.composition import BUMPERS
from studio.views.frames import still

WAYS = [
    (BrandKit.Lock.FREE, _("Free")),
    (BrandKit.Lock.SUGGESTED, _("Suggested")),
    (BrandKit.Lock.LOCKED, _("Locked")),
]
USUAL = {
    "font": "studio",
    "logo_position": "top-left",
    "logo_size": "0.12",
    "caption_style": "boxed",
    "caption_position": "bottom",
    "caption_size": "medium",
    "music_volume": "-14",
    "music_duck": "10",
}
"""Of a kit in which nobody has set them."""
FILES = {"logo_file": "image", "music_file": "music", "intro_file": "video", "outro_file": "video"}
"""Names of file fields, and what is sent in them."""
SHOWN = 24  # uploads that are offered
SAMPLE_WIDTH = 960


@require_http_methods(["GET", "HEAD", "POST"])
@in_workspace("see")
def brand_kit(request: WorkspaceRequest) -> HttpResponse:
    workspace = request.workspace
    if request.method == "POST":
        need(request.membership.role, "manage")
        fields = _sent(request) | _taken_in(request)
        brand.save(
            workspace,
            palette=request.POST.getlist("colour"),
            fields=fields,
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
    films = workspace.clips.filter(kind="video", removed_at=None, state__in=("making", "ready"))
    short = films.filter(seconds__lte=composition.LONGEST_BUMPER + composition.SLACK)[:SHOWN]
    context: dict[str, Any] = {
        "kit": kit,
        "fields": {**USUAL, **kit.fields},
        "colours": [_measured(colour) for colour in kit.palette],
        "empty": range(brand.MOST_COLOURS - len(kit.palette)),
        "ways": WAYS,
        "ways_of_words": [way for way in WAYS if way[0] != BrandKit.Lock.SUGGESTED],
        "locks": {part: kit.lock(part) for part in brand.PARTS},
        "offered": {
            name: field.choices for name, field in PROJECT.items() if isinstance(field, Choice)
        },
        "pictures": workspace.pictures.filter(removed_at=None)[:SHOWN],
        "bumpers": [
            (name, words, kit.fields.get(name, ""), kit.lock(name), short)
            for name, words in BUMPERS.items()
        ],
        "tunes": workspace.clips.filter(kind="music", removed_at=None)[:SHOWN],
        "words": workspace.pronunciations.filter(project=None).count(),
        "uses": brand.uses(workspace, kit) if kit.locks else 0,
        "manages": allows(request.membership.role, "manage"),
        "sent": _saved(kit),
        "ask": whom_to_ask(workspace),
    }
    return render(request, "studio/brand_kit.html", context)


def _sent(request: WorkspaceRequest) -> dict[str, str]:
    """The fields of the parts that are not left free, as they were posted."""
    found: dict[str, str] = {}
    for part, one in brand.PARTS.items():
        if request.POST.get(f"lock_{part}", "free") != BrandKit.Lock.FREE:
            found |= {name: request.POST[name] for name in one.fields if name in request.POST}
    return found


def _taken_in(request: WorkspaceRequest) -> dict[str, str]:
    """The files that were sent, taken into the library: each is chosen for its part, unless that is left free."""
    found: dict[str, str] = {}
    for name, kind in FILES.items():
        sent = request.FILES.get(name)
        if isinstance(sent, UploadedFile) and sent.size:
            use = Picture.Use.LOGO if kind == "image" else ""
            row = uploads.take_in(request.workspace, sent, kind, use=use)
            part = name.removesuffix("_file")
            if request.POST.get(f"lock_{part}", "free") != BrandKit.Lock.FREE:
                found[part] = row.pk
    return found


def _saved(kit: BrandKit) -> str:
    """The kit as the query of its sample."""
    query = QueryDict(mutable=True)
    query.setlist("colour", kit.palette)
    query.update(kit.fields)
    return query.urlencode()


def _measured(colour: str) -> dict[str, Any]:
    """A colour with the contrast of the text that reads best on it."""
    dark, light = brand.contrast(colour, brand.DARK), brand.contrast(colour, brand.LIGHT)
    return {"value": colour, "ratio": f"{max(dark, light):.1f}", "dark": dark >= light}


@require_safe
@in_workspace("see")
def brand_sample(request: WorkspaceRequest) -> HttpResponse:
    """A frame that shows the kit as the form has it, which need not be saved, as JPEG. Raises BadInput for what cannot be used."""
    scene = _sample(request)
    if scene.avatar is None:
        raise Http404
    answer = HttpResponse(still(scene, SAMPLE_WIDTH).read_bytes(), content_type="image/jpeg")
    answer["Cache-Control"] = "private, no-cache"
    return answer


@require_safe
@in_workspace("see")
def brand_preview(request: WorkspaceRequest) -> HttpResponse:
    """The picture of the sample for the form as it is now; a sentence where it cannot be used."""
    try:
        _sample(request)
        problem = ""
    except BadInput as error:
        problem = error.sentence
    context = {"sent": request.GET.urlencode(), "problem": problem}
    return render(request, "studio/_brand_sample.html", context)


def _sample(request: WorkspaceRequest) -> Scene:
    fields = {name: request.GET[name] for name in brand.PART_OF if name in request.GET}
    return brand.sample(request.workspace, request.GET.getlist("colour"), fields)


@require_POST
@in_workspace("edit")
def project_brand(request: WorkspaceRequest, project_id: str) -> HttpResponse:
    """Brings the project in line with the kit."""
    project = access.project(request.workspace, project_id)
    project.workspace = request.workspace
    brand.use(project, request.user)
    messages.success(request, gettext("The project uses the brand. Undo takes it back."))
    return redirect("project_edit", project.pk)
