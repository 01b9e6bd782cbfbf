"""The voices of a workspace: those that can be chosen, and people's own recordings with what they sound like."""

from __future__ import annotations

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from consent import statements
from rendering import voices as engines
from rendering.values import BadInput
from studio import access
from studio.access import WorkspaceRequest, in_workspace
from studio.errors import explain
from studio.library import recordings
from studio.models import Voice
from studio.views.library import grouped


@require_safe
@in_workspace("see")
def voice_list(request: WorkspaceRequest) -> HttpResponse:
    workspace = request.workspace
    own = Voice.objects.filter(workspace=workspace, retired_at=None).order_by("-created_at")
    stock = Voice.objects.filter(workspace=None, retired_at=None)
    context = {
        "own": list(own),
        "groups": grouped(stock),
        "deleted": request.GET.get("deleted") == "1",
    }
    return render(request, "studio/voice_list.html", context)


@require_http_methods(["GET", "POST"])
@in_workspace("cast")
def voice_create(request: WorkspaceRequest) -> HttpResponse:
    """A recording of one's own voice, with the statement of the person who speaks in it."""
    workspace = request.workspace
    statement = recordings.statement(workspace)
    problem = None
    try:
        if request.method == "GET":
            recordings.check_room(workspace)
        else:
            upload = request.FILES.get("recording")
            if not isinstance(upload, UploadedFile):
                raise BadInput("Choose a recording first.", code="missing_field", field="recording")
            signed = statements.check_signature(
                statement,
                request.POST.get("signed", ""),
                agreed="agreed" in request.POST,
                shown=request.POST.get("statement", ""),
            )
            with recordings.opened(workspace, upload) as sound:
                made = recordings.add(
                    workspace,
                    request.user,
                    sound,
                    name=request.POST.get("name", ""),
                    signed=signed,
                    agreed_to=statement,
                )
            return redirect("voice_detail", made.pk)
    except BadInput as refusal:
        problem = refusal
    context = {
        "problem": problem,
        "field": problem.where.get("field", "recording") if problem else "",
        "statement": statement,
        "clones": not engines.not_cloning(),
        "name": request.POST.get("name", "My voice"),
        "signed": request.POST.get("signed", ""),
    }
    answer = render(request, "studio/voice_create.html", context)
    explained = explain(problem) if problem and request.method == "POST" else None
    answer.status_code = explained.status if explained else 200
    return answer


@require_safe
@in_workspace("see")
def voice_detail(request: WorkspaceRequest, voice_id: str) -> HttpResponse:
    """The state of the recording: being measured, refused, or compared with the stock voices nearest to it."""
    voice = access.recording(request.workspace, voice_id)
    context = {
        "voice": voice,
        "near": recordings.nearest(voice),
        "slow": voice.waits_long(),
    }
    partial = "#state" if request.headers.get("HX-Request") else ""
    return render(request, f"studio/voice_detail.html{partial}", context)


@require_POST
@in_workspace("cast")
def voice_remove(request: WorkspaceRequest, voice_id: str) -> HttpResponse:
    voice = access.recording(request.workspace, voice_id)
    recordings.remove(voice)
    if request.POST.get("again"):
        return redirect("voice_create")
    answer = redirect("voice_list")
    answer["Location"] += "?deleted=1"
    return answer
