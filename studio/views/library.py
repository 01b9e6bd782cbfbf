"""What scenes choose from: avatars and voices."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from rendering.values import LineSpec
from rendering.voices import ACCENTS
from rendering.voices.providers import PROVIDERS
from studio import access
from studio.access import WorkspaceRequest, in_workspace
from studio.errors import wants_json
from studio.library import recordings
from studio.library.gallery import Choice, gallery
from studio.models import Avatar, Scene, Voice
from studio.views.listen import opening, sound

SAMPLE = "Hello. This is how your script will sound when I read it."
LANGUAGES = {"en-US": "American English", "en-GB": "British English"}
OWN, PREVIEW = "From recordings", "Preview"


def _drawer(request: HttpRequest, scene: Scene, name: str, context: dict) -> HttpResponse:
    """The content of a drawer if the page's script asks; otherwise a page of its own."""
    partial = "#drawer" if wants_json(request) else ""
    return render(request, f"studio/{name}.html{partial}", {"scene": scene, **context})


@require_safe
@in_workspace("see")
def scene_avatars(request: WorkspaceRequest, scene_id: str) -> HttpResponse:
    scene = access.scene(request.workspace, scene_id)
    avatars = Avatar.offered_to(request.workspace)
    return _drawer(request, scene, "scene_avatars", {"gallery": gallery(avatars, request.GET)})


@require_safe
@in_workspace("see")
def scene_voices(request: WorkspaceRequest, scene_id: str) -> HttpResponse:
    """Voices by language, after the one that goes with the avatar and those nearest to the newest recording of the workspace."""
    workspace = request.workspace
    scene = access.scene(workspace, scene_id)
    shelf = shelf_of(Voice.offered_to(workspace), request.GET)
    usual = scene.usual_voice if scene.usual_voice in shelf.voices else None
    groups = grouped(voice for voice in shelf.voices if voice != usual)
    own = Voice.objects.filter(workspace=workspace, retired_at=None, state=Voice.State.READY)
    newest = own.order_by("-created_at").first()
    if newest and not shelf.filtered:
        near = [one.voice for one in recordings.nearest(newest, 3)]
        groups.insert(0, (f"Stock voices nearest to {newest.name}", near))
    return _drawer(
        request, scene, "scene_voices", {"groups": groups, "usual": usual, "shelf": shelf}
    )


@dataclass(frozen=True)
class Shelf:
    """The voices that a filter leaves, and the filters."""

    voices: tuple[Voice, ...]
    filters: tuple[Choice, ...]
    total: int

    @property
    def filtered(self) -> bool:
        return any(choice.chosen for choice in self.filters)


GENDERS = ("woman", "man")


def shelf_of(voices: Iterable[Voice], query: QueryDict) -> Shelf:
    """The voices that match ?gender=, ?accent= and ?sound=; a value that no voice has is ignored."""
    rows = list(voices)
    accents = {accent.lower(): accent for accent in ACCENTS.values()}
    plain = {*GENDERS, *accents, *PROVIDERS, "preview", "own"}
    known = {tag for row in rows for tag in row.tags}
    offered = {
        "gender": [(tag, tag.capitalize()) for tag in GENDERS if tag in known],
        "accent": [(tag, name) for tag, name in accents.items() if tag in known],
        "sound": [(tag, tag.capitalize()) for tag in sorted(known - plain)],
    }
    labels = {
        "gender": gettext("Gender"),
        "accent": gettext("Accent"),
        "sound": gettext("Sound"),
    }
    filters = []
    for name, values in offered.items():
        chosen = query.get(name, "") if query.get(name) in dict(values) else ""
        filters.append(Choice(name, labels[name], gettext("Any"), tuple(values), chosen))
    wanted = {choice.chosen for choice in filters if choice.chosen}
    found = tuple(row for row in rows if wanted.issubset(row.tags))
    return Shelf(found, tuple(filters), len(rows))


def grouped(voices: Iterable[Voice]) -> list[tuple[str, list[Voice]]]:
    """Voices under headings: one's own, then by accent, by provider, and the preview last."""
    groups: dict[str, list[Voice]] = {}
    for voice in voices:
        provider = PROVIDERS.get(voice.slug.split("-")[0])
        if voice.workspace_id:
            heading = OWN
        elif provider:
            heading = f"Spoken by {provider.title}"
        elif voice.slug == "preview":
            heading = PREVIEW
        else:
            heading = LANGUAGES.get(voice.language, voice.language)
        groups.setdefault(heading, []).append(voice)
    order = sorted(groups, key=lambda h: (h == PREVIEW, h.startswith("Spoken"), h != OWN, h))
    return [(heading, groups[heading]) for heading in order]


@require_http_methods(["GET", "POST"])
@in_workspace("see")
def voice_sample(request: WorkspaceRequest, slug: str) -> HttpResponse:
    """A sentence in that voice, spoken once and cached; with ?scene=, how the scene begins."""
    voice = access.voice(request.workspace, slug)
    if request.GET.get("scene"):
        scene = access.scene(request.workspace, request.GET["scene"])
        if spec := opening(scene, voice):
            return sound(request, spec)
    return sound(
        request, LineSpec(text=SAMPLE, avatar="", voice=voice.slug, language=voice.language)
    )
