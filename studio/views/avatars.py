"""The faces of a workspace: those that ship, and those made from a person's own photo."""

from __future__ import annotations

import json
from dataclasses import replace

from django.core.files.uploadedfile import UploadedFile
from django.db.models import Q
from django.http import Http404, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from consent.models import Consent
from rendering.values import BadInput, LineSpec
from studio import access
from studio.access import WorkspaceRequest, in_workspace
from studio.errors import explain, wants_json
from studio.library import photos, questions, unlocking
from studio.library.gallery import gallery, people_of
from studio.links import file_name
from studio.models import Avatar, Voice
from studio.projects.forms import as_typed
from studio.views.files import serve
from studio.views.listen import LONGEST_SAMPLE, opening, sound

CAMERA = "camera=(self), microphone=()"
SHOWN = ("poster", "marked", "preview", "crop", "cutout")
LONGEST_STROKES = 600_000  # characters of JSON
SAYS = "Hello, I'm {name}. Write what I should say, and I'll say it."


@require_safe
@in_workspace("see")
def avatar_list(request: WorkspaceRequest) -> HttpResponse:
    workspace = request.workspace
    avatars = Avatar.objects.filter(Q(workspace=None) | Q(workspace=workspace), retired_at=None)
    undo = Avatar.objects.filter(workspace=workspace, pk=request.GET.get("undo", "")).first()
    context = {
        "gallery": gallery(avatars, request.GET),
        "undo": undo if undo and undo.retired_at else None,
    }
    name = "studio/avatar_list.html"
    return render(request, f"{name}#gallery" if request.htmx else name, context)  # type: ignore[attr-defined]


@require_safe
@in_workspace("see")
def stock_avatar(request: WorkspaceRequest, stock_slug: str) -> HttpResponse:
    """A person that ships: the looks, the voice, the source of the face, and words to hear."""
    avatar = access.stock_avatar(stock_slug)
    first = avatar.of or avatar.slug
    looks = Avatar.objects.filter(Q(slug=first) | Q(of=first), workspace=None, retired_at=None)
    person = people_of(looks)[0]
    shown = next(look for look in person.looks if look.avatar == avatar)
    context = {
        "person": replace(person, shown=shown),
        "licence": Consent.valid().filter(avatar=avatar, kind="licence").order_by("-pk").first(),
        "words": SAYS.format(name=avatar.name),
        "longest": LONGEST_SAMPLE,
    }
    return render(request, "studio/stock_avatar.html", context)


@require_http_methods(["GET", "POST"])
@in_workspace("see")
def avatar_sound(request: WorkspaceRequest, avatar_id: str) -> HttpResponse:
    """?text= in the voice that goes with the avatar; with ?scene=, the first line of that scene."""
    avatar = get_object_or_404(Avatar.offered_to(request.workspace), pk=avatar_id)
    voice = Voice.offered_to(request.workspace).filter(slug=avatar.voice_slug).first()
    if voice is None:
        raise BadInput(
            f"{avatar.name} has no voice of its own; choose one in the scene.", code="missing_field"
        )
    text = as_typed(request.GET.get("text", "")).strip()
    if request.GET.get("scene"):
        scene = access.scene(request.workspace, request.GET["scene"])
        if first := opening(scene, voice):
            return sound(request, first)
    if len(text) > LONGEST_SAMPLE:
        raise BadInput(
            f"A sample takes at most {LONGEST_SAMPLE} characters; shorten it.",
            code="invalid_field",
            field="text",
        )
    spec = LineSpec(
        text=text or SAYS.format(name=avatar.name),
        avatar="",
        voice=voice.slug,
        language=voice.language,
    )
    return sound(request, spec)


@require_http_methods(["GET", "POST"])
@in_workspace("cast")
def avatar_create(request: WorkspaceRequest) -> HttpResponse:
    """The photo: chosen, dropped or taken with the camera."""
    workspace = request.workspace
    voices = Voice.offered_to(workspace).filter(
        workspace=None
    )  # an own voice may speak in drafts only
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
            with photos.opened(workspace, upload) as photo:
                made = photos.add(
                    workspace,
                    request.user,
                    photo,
                    voice=voice.slug if voice else "",
                )
            return redirect("avatar_detail", made.pk)
    except BadInput as refusal:
        if wants_json(request):
            raise
        problem = explain(refusal)
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
@in_workspace("see")
def avatar_detail(request: WorkspaceRequest, avatar_id: str) -> HttpResponse:
    """The state of the avatar: being made, refused, waiting to be accepted, locked, or ready."""
    avatar = access.own_avatar(request.workspace, avatar_id)
    return _page(request, avatar)


def _page(
    request: WorkspaceRequest, avatar: Avatar, *, problem: BadInput | None = None
) -> HttpResponse:
    voices = Voice.offered_to(request.workspace).filter(workspace=None).exclude(slug="preview")
    context = {
        "avatar": avatar,
        "voices": voices,
        "statement": unlocking.statement(avatar),
        "typed": request.POST.get("name", ""),
        "named": "" if avatar.name == photos.UNNAMED else avatar.name,
        **_asked(avatar, again="again" in request.GET),
        "problem": problem,
        "marked": photos.file_of(avatar, "marked") is not None,
        "cutout": photos.file_of(avatar, "cutout") is not None,
        "slow": avatar.waits_long(),
    }
    partial = "#state" if request.headers.get("HX-Request") else ""
    answer = render(request, f"studio/avatar_detail.html{partial}", context)
    explained = explain(problem) if problem else None
    answer.status_code = explained.status if explained else 200
    answer["Permissions-Policy"] = CAMERA
    return answer


def _asked(avatar: Avatar, *, again: bool) -> dict[str, object]:
    """For the page: what is asked of the photo next, and why; denied if that was answered with no, unless it is asked again."""
    following = questions.next_of(avatar)
    if following is None:
        return {"question": None}
    question, why = following
    return {
        "question": question,
        "why": why,
        "denied": questions.said(avatar, question) == "no" and not again,
        "picture": "crop" if photos.file_of(avatar, "crop") else "poster",
    }


@require_safe
@in_workspace("see")
def avatar_file(request: WorkspaceRequest, avatar_id: str, kind: str) -> HttpResponseBase:
    """Its portrait, its preview, or the photo with what is wrong marked; to its own workspace only."""
    avatar = access.own_avatar(request.workspace, avatar_id)
    if kind not in SHOWN:
        raise Http404
    path = photos.file_of(avatar, kind)
    if path is None:
        raise Http404
    answer = serve(request, path, file_name(avatar.name, path.suffix), download=False)
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


@require_POST
@in_workspace("cast")
def avatar_answer(request: WorkspaceRequest, avatar_id: str) -> HttpResponse:
    """Yes or no to the question that the photo gives rise to."""
    avatar = access.own_avatar(request.workspace, avatar_id)
    if avatar.state != Avatar.State.MADE:
        return redirect("avatar_detail", avatar.pk)
    try:
        questions.answer(
            avatar,
            request.POST.get("question", ""),
            request.POST.get("answer", ""),
            request.user,
        )
    except BadInput as problem:
        return _page(request, avatar, problem=problem)
    return redirect("avatar_detail", avatar.pk)


@require_POST
@in_workspace("cast")
def avatar_keep(request: WorkspaceRequest, avatar_id: str) -> HttpResponse:
    avatar = access.own_avatar(request.workspace, avatar_id)
    if avatar.state != Avatar.State.MADE:
        return redirect("avatar_detail", avatar.pk)
    voices = Voice.offered_to(request.workspace).filter(workspace=None)
    voice = voices.filter(slug=request.POST.get("voice", "")).first()
    try:
        if voice is None:
            raise BadInput(
                "Choose the voice that the avatar is offered with.", code="missing_field"
            )
        photos.accept(avatar, request.POST.get("name", ""), voice.slug)
    except BadInput as problem:
        return _page(request, avatar, problem=problem)
    return redirect("avatar_detail", avatar.pk)


@require_http_methods(["GET", "POST"])
@in_workspace("cast")
def avatar_cutout(request: WorkspaceRequest, avatar_id: str) -> HttpResponse:
    """The brush that keeps or takes away, and the photo's own background, before the avatar is kept."""
    avatar = access.own_avatar(request.workspace, avatar_id)
    if avatar.state != Avatar.State.MADE:
        return redirect("avatar_detail", avatar.pk)
    problem = None
    typed = request.POST.get("strokes", "")
    own_ground = bool(avatar.cut.get("own_ground"))
    if request.method == "POST":
        own_ground = request.POST.get("ground") == "own"
        try:
            photos.cut_again(avatar, _strokes(typed), own_ground=own_ground)
            return redirect("avatar_detail", avatar.pk)
        except BadInput as refusal:
            problem = explain(refusal)
    context = {
        "avatar": avatar,
        "strokes": typed or json.dumps(avatar.cut.get("strokes", [])),
        "own_ground": own_ground,
        "problem": problem,
        "can": photos.file_of(avatar, "crop") is not None,
    }
    answer = render(request, "studio/avatar_cutout.html", context)
    answer.status_code = problem.status if problem else 200
    return answer


def _strokes(typed: str) -> object:
    if len(typed) > LONGEST_STROKES:
        raise BadInput(
            gettext("The strokes are too long to be taken; use a larger brush."),
            code="invalid_field",
        )
    try:
        return json.loads(typed or "[]")
    except (ValueError, RecursionError):
        return None  # which is no list of strokes


@require_POST
@in_workspace("cast")
def avatar_discard(request: WorkspaceRequest, avatar_id: str) -> HttpResponse:
    avatar = access.own_avatar(request.workspace, avatar_id)
    if avatar.state == Avatar.State.KEPT:
        return redirect("avatar_detail", avatar.pk)
    photos.discard(avatar)
    return redirect("avatar_create" if request.POST.get("again") else "avatar_list")


@require_POST
@in_workspace("cast")
def avatar_challenge(request: WorkspaceRequest, avatar_id: str) -> HttpResponse:
    """The camera was opened: what the person is to do in front of it, picture by picture."""
    avatar = access.own_avatar(request.workspace, avatar_id)
    challenge = unlocking.challenge(avatar, request.user)
    return JsonResponse({"id": challenge.id, "steps": challenge.steps})


@require_POST
@in_workspace("cast")
def avatar_unlock(request: WorkspaceRequest, avatar_id: str) -> HttpResponse:
    """The person agrees: the statement, a typed name, and the pictures of the camera."""
    avatar = access.own_avatar(request.workspace, avatar_id)
    if avatar.state != Avatar.State.KEPT or not avatar.locked:
        return redirect("avatar_detail", avatar.pk)
    try:
        unlocking.unlock(
            avatar,
            request.user,
            name=request.POST.get("name", ""),
            agreed=request.POST.get("agreed") == "yes",
            shown=request.POST.get("statement", ""),
            challenge=request.POST.get("challenge", ""),
            pictures=request.FILES.getlist("live"),
        )
    except BadInput as problem:
        if wants_json(request):
            raise
        return _page(request, avatar, problem=problem)
    return redirect("avatar_detail", avatar.pk)


@require_POST
@in_workspace("cast")
def avatar_remove(request: WorkspaceRequest, avatar_id: str) -> HttpResponse:
    avatar = access.own_avatar(request.workspace, avatar_id)
    photos.remove(avatar)
    return redirect(f"{reverse('avatar_list')}?undo={avatar.pk}")


@require_POST
@in_workspace("cast")
def avatar_restore(request: WorkspaceRequest, avatar_id: str) -> HttpResponse:
    avatar = access.own_avatar(request.workspace, avatar_id, removed=True)
    photos.restore(avatar)
    return redirect("avatar_detail", avatar.pk)
