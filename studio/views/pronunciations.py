"""The workspace's dictionary: how its words are said, everywhere or in one project."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST

from rendering import pipeline
from rendering.values import BadInput, LineSpec
from studio import access
from studio.access import WorkspaceRequest, in_workspace
from studio.errors import wants_json
from studio.limits import MOST_PRONUNCIATIONS
from studio.models import BrandKit, Project, Pronunciation, Scene, Voice, Workspace
from studio.people.roles import allows, need
from studio.people.teams import whom_to_ask
from studio.projects.forms import PronunciationForm
from studio.views.listen import sound


def spoken(word: str, kind: str, value: str, voice: Voice) -> LineSpec:
    """The word alone, said as the entry has it; without a value as it is read by itself."""
    return LineSpec(
        text=f"{word}.",
        avatar="",
        voice=voice.slug,
        language=voice.language,
        markup="text",
        dictionary=((word, kind, value),) if value else (),
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
    question = ""
    if request.method == "POST" and form.is_valid():
        project = _project(request)
        _allowed(request, project, form.cleaned_data["word"])
        entry = form.save(commit=False)
        entry.project = project
        voice = _voice(request)
        try:
            if voice:  # what the voice cannot say is refused before it is stored
                pipeline.read_script(spoken(entry.word, entry.kind, entry.value, voice))
            earlier = _save(workspace, entry, replace=request.POST.get("replace") == "1")
        except BadInput as error:
            form.add_error("value", error.sentence)
        except IntegrityError:
            form.add_error(
                "word", gettext("Somebody just added this word; load the page to see it.")
            )
        else:
            if earlier is None:
                if wants_json(request):
                    return JsonResponse({"word": entry.word, "value": entry.value}, status=201)
                return redirect("pronunciation_list")
            question = gettext("“{word}” is already said “{value}” here.").format(
                word=earlier.word, value=earlier.value
            )
            if wants_json(request):
                return JsonResponse({"question": question}, status=409)
    if form.errors and wants_json(request):
        first = next(iter(form.errors.values()))[0]
        raise BadInput(str(first), code="invalid_field")
    entries = list(workspace.pronunciations.select_related("project"))
    for entry in entries:
        entry.used = _used(workspace, entry.word)  # type: ignore[attr-defined]
    left = MOST_PRONUNCIATIONS - len(entries)
    context = {
        "form": form,
        "question": question,
        "entries": entries,
        "voice": _voice(request),
        "left": left,
        "most": MOST_PRONUNCIATIONS,
        "locked": BrandKit.locks_in(workspace, "pronunciation"),
        "manages": allows(request.membership.role, "manage"),
    }
    status = 422 if form.errors else 409 if question else 200
    return render(request, "studio/pronunciation_list.html", context, status=status)


def _project(request: WorkspaceRequest) -> Project | None:
    """Where the word is to be said so; everywhere if no project is named."""
    wanted = request.POST.get("project", "")
    return access.project(request.workspace, wanted) if wanted else None


def _allowed(request: WorkspaceRequest, project: Project | None, word: str) -> None:
    """Where the brand kit locks pronunciations, the workspace's are changed by those who manage it, and no project has others."""
    if not BrandKit.locks_in(request.workspace, "pronunciation"):
        return
    if project is None:
        need(request.membership.role, "manage")
    elif request.workspace.pronunciations.filter(project=None, word__iexact=word).exists():
        raise BadInput(
            gettext(
                "“{word}” is in the workspace's dictionary, which is locked by the brand kit. Ask {who} to change it there."
            ).format(word=word, who=whom_to_ask(request.workspace)),
            code="brand_locked",
        )


def _save(workspace: Workspace, entry: Pronunciation, *, replace: bool) -> Pronunciation | None:
    """Writes the entry; returns an earlier one of the same word and place that would be replaced, and leaves it. Raises BadInput
    where there are as many as a workspace takes."""
    rows = Pronunciation.objects.filter(workspace=workspace)
    with transaction.atomic():
        Workspace.objects.select_for_update().get(pk=workspace.pk)
        earlier = rows.filter(project=entry.project, word=entry.word).first()
        if earlier and (earlier.kind, earlier.value) != (entry.kind, entry.value) and not replace:
            return earlier
        if earlier is None and rows.count() >= MOST_PRONUNCIATIONS:
            raise BadInput(
                gettext(
                    "The dictionary has {most} words, as many as it takes; remove one first."
                ).format(most=MOST_PRONUNCIATIONS),
                code="too_many_waiting",
            )
        Pronunciation.objects.update_or_create(
            workspace=workspace,
            project=entry.project,
            word=entry.word,
            defaults={"kind": entry.kind, "value": entry.value},
        )
    return None


def _used(workspace: Workspace, word: str) -> int:
    """The number of projects in which the word occurs."""
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
    entry = access.pronunciation(request.workspace, pronunciation_id)
    if entry.project is None:
        _allowed(request, None, entry.word)
    entry.delete()
    return redirect("pronunciation_list")


@require_http_methods(["GET", "POST"])
@in_workspace("edit")
def pronunciation_sound(request: WorkspaceRequest, pronunciation_id: int) -> HttpResponse:
    entry = access.pronunciation(request.workspace, pronunciation_id)
    return sound(request, spoken(entry.word, entry.kind, entry.value, _needed_voice(request)))


@require_http_methods(["GET", "POST"])
@in_workspace("edit")
def pronunciation_try(request: WorkspaceRequest) -> HttpResponse:
    """The sound of a word before it is written down: ?word, ?kind and ?value, in the voice of ?scene; without a value, as read now."""
    word, value = (" ".join(request.GET.get(name, "").split()) for name in ("word", "value"))
    kind = "ipa" if request.GET.get("kind") == "ipa" else "alias"
    if not word or len(word) > 60 or len(value) > 120:
        raise BadInput(
            gettext("Write a word of at most 60 characters, and how it is said in at most 120."),
            code="invalid_field",
        )
    scene = request.GET.get("scene")
    voice = access.scene(request.workspace, scene).voice if scene else None
    return sound(request, spoken(word, kind, value, voice or _needed_voice(request)))


def _needed_voice(request: WorkspaceRequest) -> Voice:
    voice = _voice(request)
    if voice is None:
        raise BadInput("There is no voice to say it with.", code="voice_unknown")
    return voice
