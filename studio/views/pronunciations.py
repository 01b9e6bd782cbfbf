"""The workspace's dictionary: how its words are said, in every project and voice."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from rendering import pipeline
from rendering.values import BadInput, LineSpec
from studio import access
from studio.access import WorkspaceRequest, in_workspace
from studio.errors import wants_json
from studio.models import Pronunciation, Scene, Voice
from studio.projects.forms import PronunciationForm
from studio.views.listen import sound


def spoken(word: str, kind: str, value: str, voice: Voice) -> LineSpec:
    """The word alone, said as the entry has it."""
    return LineSpec(
        text=f"{word}.",
        avatar="",
        voice=voice.slug,
        language=voice.language,
        markup="text",
        dictionary=((word, kind, value),),
    )


def _voice(request: WorkspaceRequest) -> Voice | None:
    voices = Voice.offered_to(request.workspace)
    chosen = voices.filter(slug=request.GET.get("voice") or request.POST.get("voice") or "").first()
    return chosen or voices.exclude(slug="preview").first() or voices.first()


@require_http_methods(["GET", "HEAD", "POST"])
@in_workspace("edit")
def pronunciation_list(request: WorkspaceRequest) -> HttpResponse:
    workspace = request.workspace
    form = PronunciationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        entry = form.save(commit=False)
        voice = _voice(request)
        try:
            if voice:  # what the voice cannot say is refused before it is stored
                pipeline.read_script(spoken(entry.word, entry.kind, entry.value, voice))
            with transaction.atomic():
                Pronunciation.objects.update_or_create(
                    workspace=workspace,
                    word=entry.word,
                    defaults={"kind": entry.kind, "value": entry.value},
                )
        except BadInput as error:
            form.add_error("value", error.sentence)
        except IntegrityError:
            form.add_error("word", "Somebody just added this word; load the page to see it.")
        else:
            if wants_json(request):
                return JsonResponse({"word": entry.word, "value": entry.value}, status=201)
            return redirect("pronunciation_list")
    if request.method == "POST" and wants_json(request):
        first = next(iter(form.errors.values()))[0]
        raise BadInput(str(first), code="invalid_field")
    entries = list(workspace.pronunciations.all())
    for entry in entries:
        entry.used = _used(workspace, entry.word)  # type: ignore[attr-defined]
    context = {"form": form, "entries": entries, "voice": _voice(request)}
    status = 422 if form.errors else 200
    return render(request, "studio/pronunciation_list.html", context, status=status)


def _used(workspace, word: str) -> int:
    """In how many projects the word occurs."""
    found = Scene.objects.filter(
        Q(script__icontains=word),
        project__workspace=workspace,
        project__removed_at=None,
        removed_at=None,
    )
    return found.values("project").distinct().count()


@require_POST
@in_workspace("edit")
def pronunciation_remove(request: WorkspaceRequest, pronunciation_id: int) -> HttpResponse:
    access.pronunciation(request.workspace, pronunciation_id).delete()
    return redirect("pronunciation_list")


@require_http_methods(["GET", "POST"])
@in_workspace("edit")
def pronunciation_sound(request: WorkspaceRequest, pronunciation_id: int) -> HttpResponse:
    entry = access.pronunciation(request.workspace, pronunciation_id)
    voice = _voice(request)
    if voice is None:
        raise BadInput("There is no voice to say it with.", code="voice_unknown")
    return sound(request, spoken(entry.word, entry.kind, entry.value, voice))
