"""The brand kit: which settings belong to which part of it, what a locked part refuses, and how a project takes it on."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from rendering.values import BadInput
from rows import events
from studio.models import Avatar, BrandKit, Project, Scene, User, Workspace
from studio.models.fields import PROJECT, SCENE
from studio.projects import editing, overlays
from studio.projects.fields import project_settings
from studio.projects.forms import ProjectForm

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

MOST_COLOURS = 8
DARK, LIGHT = "#1d1a17", "#ffffff"
"""The two colours of text on a background."""


@dataclass(frozen=True)
class Part:
    """A part of the kit. fields: of a project; the colours are of its scenes, the pronunciations in the workspace's dictionary."""

    named: _StrPromise
    fields: tuple[str, ...]


PARTS = {
    "colours": Part(_("Colours"), ()),
    "logo": Part(_("Logo"), ("logo", "logo_position", "logo_size")),
    "font": Part(_("Font"), ("font",)),
    "captions": Part(
        _("Captions"), ("burn_captions", "caption_style", "caption_position", "caption_size")
    ),
    "intro": Part(_("Intro"), ("intro",)),
    "outro": Part(_("Outro"), ("outro",)),
    "music": Part(_("Music"), ("music", "music_volume", "music_duck")),
    "pronunciation": Part(_("Pronunciation"), ()),
}
PART_OF = {name: part for part, one in PARTS.items() for name in one.fields}


def kit_of(workspace: Workspace) -> BrandKit | None:
    return BrandKit.objects.filter(workspace=workspace).first()


def usable(kit: BrandKit, workspace: Workspace) -> dict[str, dict[str, str]]:
    """Part -> its fields as forms post them; a part whose picture or music was removed is left out."""
    found = {}
    for part, one in PARTS.items():
        posted = {name: kit.fields[name] for name in one.fields if name in kit.fields}
        if not posted:
            continue
        try:
            ProjectForm(posted, workspace).changes()
        except BadInput:
            continue
        found[part] = posted
    return found


@dataclass(frozen=True)
class Breach:
    """A setting that a locked part does not allow. scene: its number, or none for the project."""

    part: str
    field: str
    scene: int | None
    sentence: str


def _colours_of(scene: Scene) -> dict[str, str]:
    """The colours that the scene's background shows."""
    names = {"color": ("background_color",), "gradient": ("background_color", "background_to")}
    return {name: getattr(scene, name) for name in names.get(scene.background, ())}


def breaches(project: Project, scenes: Sequence[Scene] | None = None) -> list[Breach]:
    kit = kit_of(project.workspace)
    if kit is None or BrandKit.Lock.LOCKED not in kit.locks.values():
        return []
    found: list[Breach] = []
    now = project_settings(project)
    for part, posted in usable(kit, project.workspace).items():
        if kit.lock(part) != BrandKit.Lock.LOCKED:
            continue
        for name, value in posted.items():
            if now[name] != value:
                found.append(Breach(part, name, None, _locked(part)))
                break
    if kit.lock("colours") == BrandKit.Lock.LOCKED and kit.palette:
        rows = project.live_scenes if scenes is None else scenes
        for number, scene in enumerate(rows, start=1):
            for name, colour in _colours_of(scene).items():
                if colour not in kit.palette:
                    found.append(Breach("colours", name, number, _wrong_colour(kit, colour)))
    return found


def _locked(part: str) -> str:
    return gettext(
        "{part}: locked by the brand kit of this workspace. Use the brand's own, or ask somebody who manages it."
    ).format(part=PARTS[part].named)


def _wrong_colour(kit: BrandKit, colour: str) -> str:
    return gettext(
        "{colour} is not one of the brand's colours; the nearest is {nearest}. Colours are locked in this workspace."
    ).format(colour=colour, nearest=nearest(colour, kit.palette))


def check(project: Project, scenes: Sequence[Scene] | None = None) -> None:
    """Raises BadInput (`brand_locked`) if the project has what a locked part does not allow."""
    for breach in breaches(project, scenes):
        raise BadInput(
            breach.sentence, code="brand_locked", field=_path(breach), scene=breach.scene
        )


def _path(breach: Breach) -> str:
    """The setting as the API names it."""
    field = (SCENE if breach.scene else PROJECT)[breach.field]
    return field.api.removeprefix(".") or breach.field


def check_changes(workspace: Workspace, changes: Mapping[str, str]) -> None:
    """The same for fields that are about to be saved, as the form posted them."""
    kit = kit_of(workspace)
    if kit is None:
        return
    locked = {part for part in PARTS if kit.lock(part) == BrandKit.Lock.LOCKED}
    wanted = usable(kit, workspace)
    for name, value in changes.items():
        part = PART_OF.get(name, "")
        if part in locked and part in wanted and value != wanted[part].get(name, value):
            raise BadInput(_locked(part), code="brand_locked", field=name)
        of_scene = "colours" in locked and name in ("background_color", "background_to")
        if of_scene and kit.palette and value.lower() not in kit.palette:
            raise BadInput(_wrong_colour(kit, value), code="brand_locked", field=name)


def _usual(model: type[Project] | type[Scene]) -> dict[str, Any]:
    return {field.name: field.get_default() for field in model._meta.concrete_fields}


def dress(project: Project, scenes: Sequence[Scene], *, chosen: bool) -> None:
    """Gives a project that is not saved yet what the kit suggests or locks, where it has what is usual.

    chosen: whether its settings were named by somebody, as in a request of the API: then only what is locked is given.
    """
    kit = kit_of(project.workspace)
    if kit is None:
        return
    binding = {BrandKit.Lock.LOCKED} if chosen else {BrandKit.Lock.LOCKED, BrandKit.Lock.SUGGESTED}
    for part, posted in usable(kit, project.workspace).items():
        usual = _usual(Project)
        if kit.lock(part) in binding and all(
            getattr(project, name) == usual[name] for name in posted
        ):
            for name, value in ProjectForm(posted, project.workspace).changes().items():
                setattr(project, name, value)
    if kit.palette and kit.lock("colours") in binding:
        for scene in scenes:
            for name in _colours_of(scene):
                if getattr(scene, name) == _usual(Scene)[name]:
                    setattr(scene, name, kit.palette[0])


@transaction.atomic
def use(project: Project, by: User) -> None:
    """Brings a project in line with everything that is not free, in steps that can be undone."""
    kit = kit_of(project.workspace)
    if kit is None:
        return
    fields: dict[str, Any] = {}
    for part, posted in usable(kit, project.workspace).items():
        if kit.lock(part) != BrandKit.Lock.FREE:
            fields |= ProjectForm(posted, project.workspace).changes()
    if fields:
        editing.edit_project(project, fields, by)
    if kit.palette and kit.lock("colours") != BrandKit.Lock.FREE:
        for scene in project.live_scenes:
            colours = {
                name: nearest(colour, kit.palette)
                for name, colour in _colours_of(scene).items()
                if colour not in kit.palette
            }
            if colours:
                editing.edit_scene(scene, scene.revision, colours, by)


def uses(workspace: Workspace, kit: BrandKit) -> int:
    """How many projects have what a part of the kit suggests or locks."""
    rows = Project.objects.filter(workspace=workspace, removed_at=None).select_related("workspace")
    parts = [
        posted
        for part, posted in usable(kit, workspace).items()
        if kit.lock(part) != BrandKit.Lock.FREE
    ]
    count = 0
    for project in rows.iterator():
        now = project_settings(project)
        count += any(all(now[name] == value for name, value in one.items()) for one in parts)
    return count


def sample(workspace: Workspace, palette: Sequence[str], fields: Mapping[str, str]) -> Scene:
    """A scene, not saved, that shows a kit: text beside a person, an overlay, a caption and the logo. fields: as forms post them.

    Raises BadInput for a colour or a setting that there is not.
    """
    colours = cleaned(palette)
    project = Project(
        workspace=workspace, title=gettext("Brand kit"), **ProjectForm(fields, workspace).changes()
    )
    avatar = Avatar.objects.filter(workspace=None, of="").first()
    scene = Scene(
        project=project,
        avatar=avatar,
        script=gettext("Captions look like this."),
        layout="half",
        heading=gettext("A heading of a film"),
        body=gettext("Text beside the person, as it is set.\n- And the items of a list"),
    )
    if colours:
        scene.background_color = colours[0]
    scene.overlays = overlays.checked(
        [
            {
                **{"id": "sample", "text": gettext("A text on a card"), "style": "card"},
                **{"position": "bottom-left", "size": 0.05},
            }
        ],
        workspace,
    )
    return scene


def cleaned(palette: Sequence[str]) -> list[str]:
    """The colours in small letters, each once. Raises BadInput."""
    colours = list(dict.fromkeys(colour.lower() for colour in palette if colour))
    if len(colours) > MOST_COLOURS:
        raise BadInput(
            gettext("A brand has at most {most} colours.").format(most=MOST_COLOURS),
            code="invalid_field",
        )
    for colour in colours:
        if not re.fullmatch("#[0-9a-f]{6}", colour):
            raise BadInput(str(SCENE["background_color"].wrong), code="invalid_field")
    return colours


@transaction.atomic
def save(
    workspace: Workspace,
    *,
    palette: list[str],
    fields: dict[str, str],
    locks: dict[str, str],
    by: User,
) -> None:
    """Raises BadInput for a colour, a setting or a lock that there is not."""
    colours = cleaned(palette)
    kept = {name: value for name, value in fields.items() if name in PART_OF}
    ProjectForm(kept, workspace).changes()
    ways = {part: way for part, way in locks.items() if part in PARTS}
    if set(ways.values()) - set(BrandKit.Lock.values):
        raise BadInput(gettext("A part is free, suggested or locked."), code="invalid_field")
    kit = kit_of(workspace) or BrandKit(workspace=workspace)
    before = {"palette": kit.palette, "fields": kit.fields, "locks": kit.locks}
    kit.palette, kit.fields, kit.locks = colours, kept, ways
    kit.changed_at = timezone.now()
    kit.save()
    events.record(
        "brand.changed",
        workspace.pk,
        workspace=workspace.pk,
        actor=str(by.pk),
        before=before,
        after={"palette": colours, "fields": kept, "locks": ways},
    )


# -- colours -------------------------------------------------------------------------------------


def _channels(colour: str) -> list[float]:
    return [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]


def luminance(colour: str) -> float:
    """Relative luminance, 0..1 (WCAG 2.2, definition)."""
    linear = [
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
        for channel in _channels(colour)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1..21 (WCAG 2.2, definition)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def nearest(colour: str, palette: Sequence[str]) -> str:
    """The colour of the palette that differs least, by the "redmean" approximation (T. Riemersma)."""

    def apart(other: str) -> float:
        (r, g, b), (r2, g2, b2) = _channels(colour), _channels(other)
        mean = (r + r2) / 2
        return (2 + mean) * (r - r2) ** 2 + 4 * (g - g2) ** 2 + (3 - mean) * (b - b2) ** 2

    return min(palette, key=apart)
