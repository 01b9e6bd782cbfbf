"""The faces of a workspace: those that ship, and those made from a person's own photo."""

from __future__ import annotations

from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from rendering.values import BadInput
from studio import access, photos
from studio.access import in_workspace
from studio.errors import explain
from studio.models import Avatar, Voice
from studio.views.frames import poster_of
from studio.views.scenes import answers_json, wants_json

CAMERA = "camera=(self), microphone=()"
SHOWN = {"poster": "image/webp", "marked": "image/jpeg", "preview": "video/mp4"}


@require_safe
@in_workspace
def avatar_list(request: HttpRequest) -> HttpResponse:
    workspace = request.workspace  # type: ignore[attr-defined]
    own = list(Avatar.objects.filter(workspace=workspace, retired_at=None).order_by("-created_at"))
    stock = list(Avatar.objects.filter(workspace=None, retired_at=None))
    for avatar in stock:
        avatar.poster = poster_of(avatar)  # type: ignore[attr-defined]
    undo = Avatar.objects.filter(workspace=workspace, pk=request.GET.get("undo", "")).first()
    context = {"own": own, "stock": stock, "undo": undo if undo and undo.retired_at else None}
    return render(request, "studio/avatar_list.html", context)


@require_http_methods(["GET", "POST"])
@in_workspace
@answers_json
def avatar_create(request: HttpRequest) -> HttpResponse:
    """The photo: chosen, dropped or taken with the camera."""
    workspace = request.workspace  # type: ignore[attr-defined]
    voices = Voice.offered_to(workspace)
    problem = None
    try:
        if request.method == "GET":
            photos.check_room(workspace)
        else:
            voice = voices.filter(slug=request.POST.get("voice", "")).first()
            upload = request.FILES.get("photo")
            if not isinstance(upload, UploadedFile):
                raise BadInput(
                    "Choose a photo first, or take one with the camera.", code="missing_field"
                )
            with photos.received(workspace, upload) as photo:
                made = photos.add(
                    workspace,
                    request.user,  # type: ignore[arg-type]
                    photo,
                    voice=voice.slug if voice else "",
                )
            return redirect("avatar_detail", made.pk)
    except BadInput as said:
        if wants_json(request):
            raise
        problem = explain(said)
    context = {
        "voices": voices.exclude(slug="preview"),
        "chosen": request.POST.get("voice") or photos.VOICE,
        "problem": problem,
    }
    answer = render(request, "studio/avatar_create.html", context)
    if problem and request.method == "POST":
        answer.status_code = problem.status
    answer["Permissions-Policy"] = CAMERA
    return answer


@require_safe
@in_workspace
def avatar_detail(request: HttpRequest, avatar_id: str) -> HttpResponse:
    """Where the avatar is: being made, refused, to be looked at, locked, or ready."""
    avatar = access.own_avatar(request.workspace, avatar_id)  # type: ignore[attr-defined]
    return _page(request, avatar)


def _page(request: HttpRequest, avatar: Avatar, *, problem: BadInput | None = None) -> HttpResponse:
    voices = Voice.offered_to(request.workspace).exclude(slug="preview")  # type: ignore[attr-defined]
    context = {
        "avatar": avatar,
        "voices": voices,
        "statement": photos.statement(avatar).text,
        "typed": request.POST.get("name", ""),
        "problem": problem,
        "marked": photos.place(avatar, "marked").is_file(),
        "slow": photos.waits_long(avatar),
    }
    partial = "#state" if request.headers.get("HX-Request") else ""
    answer = render(request, f"studio/avatar_detail.html{partial}", context)
    answer.status_code = 422 if problem else 200
    answer["Permissions-Policy"] = CAMERA
    return answer


@require_safe
@in_workspace
def avatar_file(request: HttpRequest, avatar_id: str, kind: str) -> FileResponse:
    """Its portrait, its preview, or the photo with what is wrong marked; to its own workspace only."""
    avatar = access.own_avatar(request.workspace, avatar_id)  # type: ignore[attr-defined]
    if kind not in SHOWN:
        raise Http404
    path = photos.place(avatar, kind)
    if not path.is_file():
        raise Http404
    answer = FileResponse(path.open("rb"), content_type=SHOWN[kind])
    answer["Cache-Control"] = "private, max-age=3600"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


@require_POST
@in_workspace
def avatar_keep(request: HttpRequest, avatar_id: str) -> HttpResponse:
    avatar = access.own_avatar(request.workspace, avatar_id)  # type: ignore[attr-defined]
    if avatar.state != Avatar.State.MADE:
        return redirect("avatar_detail", avatar.pk)
    voices = Voice.offered_to(request.workspace)  # type: ignore[attr-defined]
    voice = voices.filter(slug=request.POST.get("voice", "")).first()
    try:
        if voice is None:
            raise BadInput(
                "Choose the voice that the avatar is offered with.", code="missing_field"
            )
        photos.keep(avatar, request.POST.get("name", ""), voice.slug)
    except BadInput as problem:
        return _page(request, avatar, problem=problem)
    return redirect("avatar_detail", avatar.pk)


@require_POST
@in_workspace
def avatar_discard(request: HttpRequest, avatar_id: str) -> HttpResponse:
    avatar = access.own_avatar(request.workspace, avatar_id)  # type: ignore[attr-defined]
    if avatar.state == Avatar.State.KEPT:
        return redirect("avatar_detail", avatar.pk)
    photos.discard(avatar)
    return redirect("avatar_create" if request.POST.get("again") else "avatar_list")


@require_POST
@in_workspace
@answers_json
def avatar_unlock(request: HttpRequest, avatar_id: str) -> HttpResponse:
    """The person agrees: the statement, a typed name, and a frame of the camera."""
    avatar = access.own_avatar(request.workspace, avatar_id)  # type: ignore[attr-defined]
    if avatar.state != Avatar.State.KEPT or not avatar.locked:
        return redirect("avatar_detail", avatar.pk)
    live = request.FILES.get("live")
    try:
        photos.unlock(
            avatar,
            request.user,  # type: ignore[arg-type]
            request.POST.get("name", ""),
            request.POST.get("agreed") == "yes",
            live if isinstance(live, UploadedFile) else None,
        )
    except BadInput as problem:
        if wants_json(request):
            raise
        return _page(request, avatar, problem=problem)
    return redirect("avatar_detail", avatar.pk)


@require_POST
@in_workspace
def avatar_remove(request: HttpRequest, avatar_id: str) -> HttpResponse:
    avatar = access.own_avatar(request.workspace, avatar_id)  # type: ignore[attr-defined]
    photos.remove(avatar)
    return redirect(f"{reverse('avatar_list')}?undo={avatar.pk}")


@require_POST
@in_workspace
def avatar_restore(request: HttpRequest, avatar_id: str) -> HttpResponse:
    avatar = access.own_avatar(request.workspace, avatar_id, removed=True)  # type: ignore[attr-defined]
    photos.restore(avatar)
    return redirect("avatar_detail", avatar.pk)
