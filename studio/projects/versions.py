"""The versions of a project: its finished renders, what each was made from, and how two of them differ."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext

from rendering.models import Render, Source
from rendering.values import BadInput
from studio.models import Change, Project, Scene
from studio.models.fields import PROJECT, SCENE
from studio.projects.fields import project_settings, settings_of
from studio.projects.forms import ProjectForm, SceneForm

MOST_PARTS = 2_000
"""Words of two lines together up to which single words are compared; longer ones differ as a whole."""

Body = dict[str, Any]
"""{"project": fields, "scenes": [{"id", fields}]}, the fields as forms post them."""


def versions(project: Project) -> QuerySet[Render]:
    """Finished renders, the newest first."""
    return Render.objects.filter(project=project, status="done").order_by("-version")


def latest(project: Project) -> Render | None:
    """What a link to the latest version shows: the newest film, or the newest draft as long as there is no film."""
    finished = versions(project)
    return finished.filter(mode="final").first() or finished.first()


def latest_number(project: Project) -> int | None:
    """The number of the latest version, for pages that do not show it yet."""
    render = latest(project)
    return render.version if render else None


def body_of(project: Project, scenes: Sequence[Scene] | None = None) -> Body:
    """The project as it is now. scenes: of one that is not saved yet."""
    shown = project.live_scenes if scenes is None else scenes
    return {
        "project": project_settings(project),
        "scenes": [{"id": scene.pk, **settings_of(scene)} for scene in shown],
    }


def keep_source(render: Render, body: Body) -> None:
    Source.objects.create(render=render, body=body)


@transaction.atomic
def restore(project: Project, render: Render, by: Any) -> list[str]:
    """Makes the project what it was for that version, as one step that can be undone; its finished lines stay paid.

    Returns what could not be restored because it is no longer there, in words. Raises BadInput for a render of which
    nothing was kept.
    """
    source = Source.objects.filter(render=render).first()
    if source is None:
        raise BadInput(
            gettext(
                "This version was made before scripts were kept with their videos, so its words cannot be restored. Its transcript has them."
            ),
            code="version_without_source",
        )
    project = Project.objects.select_for_update().get(pk=project.pk)
    before = body_of(project)
    lost = put(project, source.body)
    after = body_of(project)
    Change.note(project, None, {"whole": before}, {"whole": after}, by)
    return lost


def put(project: Project, body: Body) -> list[str]:
    """Writes a body into the project: scenes that it does not name are removed, those that it names come back.

    Returns the names of fields that could not be restored.
    """
    lost: list[str] = []
    fields, missing = _cleaned(ProjectForm, body["project"], PROJECT, project)
    lost += missing
    project.edit(project.revision, **fields)
    named = [row["id"] for row in body["scenes"]]
    for scene in project.live_scenes.exclude(pk__in=named):
        scene.remove()
    rows = {scene.pk: scene for scene in project.scenes.filter(pk__in=named)}
    for number, row in enumerate(body["scenes"], start=1):
        posted = {name: value for name, value in row.items() if name != "id"}
        fields, missing = _cleaned(SceneForm, posted, SCENE, project)
        lost += [
            gettext("{what} of scene {number}").format(what=name, number=number) for name in missing
        ]
        known = rows.get(row["id"])
        if known is None:
            project.scenes.create(pk=row["id"], position=number, **fields)
            continue
        if known.removed_at:
            known.restore()
        known.edit(known.revision, **fields)
    project.order_scenes(named)
    project.refresh_from_db()
    return lost


def _cleaned(
    form: type[ProjectForm] | type[SceneForm],
    posted: dict[str, str],
    table: dict[str, Any],
    project: Project,
) -> tuple[dict[str, Any], list[str]]:
    """(what can be written, names of what cannot). One field that is gone does not hold up the others."""
    posted = {name: value for name, value in posted.items() if name in table}
    try:
        return form(posted, project.workspace).changes(), []
    except BadInput:
        pass
    fields: dict[str, Any] = {}
    lost = []
    for name, value in posted.items():
        try:
            fields |= form({name: value}, project.workspace).changes()
        except BadInput:
            lost.append(str(table[name].named).lower())
    return fields, lost


@dataclass(frozen=True)
class Part:
    """Words of a line. change: `same` in both, only in the `old` one, or only in the `new` one."""

    change: Literal["same", "old", "new"]
    text: str


@dataclass(frozen=True)
class Pair:
    """Two lines side by side; without one, the other was added or removed. number: the line's in its version."""

    old_number: int | None
    new_number: int | None
    old: tuple[Part, ...]
    new: tuple[Part, ...]

    @property
    def differs(self) -> bool:
        return any(part.change != "same" for part in (*self.old, *self.new))


def compared(old: Sequence[str], new: Sequence[str]) -> list[Pair]:
    """The lines of two versions side by side, with the words that differ."""
    pairs: list[Pair] = []
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for kind, from_old, to_old, from_new, to_new in matcher.get_opcodes():
        length = max(to_old - from_old, to_new - from_new)
        for step in range(length):
            before = from_old + step if from_old + step < to_old else None
            after = from_new + step if from_new + step < to_new else None
            if kind == "equal" and before is not None and after is not None:
                same = (Part("same", old[before]),)
                pairs.append(Pair(before + 1, after + 1, same, same))
            elif before is not None and after is not None:
                was, now = _words(old[before], new[after])
                pairs.append(Pair(before + 1, after + 1, was, now))
            elif before is not None:
                pairs.append(Pair(before + 1, None, (Part("old", old[before]),), ()))
            elif after is not None:
                pairs.append(Pair(None, after + 1, (), (Part("new", new[after]),)))
    return pairs


def _words(old: str, new: str) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    was, now = old.split(), new.split()
    if len(was) + len(now) > MOST_PARTS:
        return (Part("old", old),), (Part("new", new),)
    matcher = difflib.SequenceMatcher(None, was, now, autojunk=False)
    before: list[Part] = []
    after: list[Part] = []
    for kind, from_was, to_was, from_now, to_now in matcher.get_opcodes():
        gone, come = " ".join(was[from_was:to_was]), " ".join(now[from_now:to_now])
        if kind == "equal":
            before.append(Part("same", gone))
            after.append(Part("same", come))
            continue
        if gone:
            before.append(Part("old", gone))
        if come:
            after.append(Part("new", come))
    return tuple(before), tuple(after)
