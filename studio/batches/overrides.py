"""What of its template a single row may have different, by the names of POST /renders."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext

from rendering.values import BadInput
from studio.errors import VariablesInvalid
from studio.models import Avatar, Voice, Workspace
from studio.projects.forms import ProjectForm
from studio.storable import holds_unstorable

LONGEST_REFERENCE = 255
OF_PROJECT = {
    "title": "title",
    "aspect_ratio": "aspect",
    "resolution": "resolution",
    "fps": "fps",
}
"""Name in the API -> column of the project."""
OF_SCENES = {"avatar_id": "avatar", "voice_id": "voice"}
"""The same of every scene."""
NAMES = (*OF_PROJECT, "reference", *OF_SCENES)


def put(
    content: Mapping[str, Any], overrides: Mapping[str, Any], workspace: Workspace
) -> Mapping[str, Any]:
    """The content with them. Raises VariablesInvalid, which names all that are wrong."""
    project: dict[str, str] = {}
    scene: dict[str, str] = {}
    errors = []
    for name, value in overrides.items():
        if value is None:
            continue
        text = str(value).strip()
        try:
            if name not in NAMES:
                raise BadInput(_unknown(name), code="unknown_field")
            if holds_unstorable(text):
                raise BadInput(
                    gettext("It holds a character that cannot be stored; remove it."),
                    code="invalid_field",
                )
            if name in OF_PROJECT:
                project[OF_PROJECT[name]] = _of_project(OF_PROJECT[name], text, workspace)
            elif name in OF_SCENES:
                scene |= _of_scene(OF_SCENES[name], text, workspace)
            elif len(text) > LONGEST_REFERENCE:
                sentence = gettext("A reference takes at most {most} characters; shorten it.")
                raise BadInput(sentence.format(most=LONGEST_REFERENCE), code="invalid_field")
        except BadInput as problem:
            path = f"overrides.{name[:80]}"
            errors.append({"path": path, "code": problem.code, "message": problem.sentence})
    if errors:
        raise VariablesInvalid(errors)
    return {
        "project": {**content["project"], **project},
        "scenes": [{**one, **scene} for one in content["scenes"]],
    }


def _unknown(name: str) -> str:
    near = difflib.get_close_matches(name, NAMES, n=1, cutoff=0.5)
    if near:
        said = gettext("A row has no {name}. Did you mean {near}?")
        return said.format(name=name[:80], near=near[0])
    said = gettext("A row has no {name}; it may have its own: {names}.")
    return said.format(name=name[:80], names=", ".join(NAMES))


def _of_project(column: str, text: str, workspace: Workspace) -> str:
    if not text:
        raise BadInput(gettext("It is empty; leave it out."), code="invalid_field")
    ProjectForm({column: text}, workspace).changes()
    return text


def _of_scene(column: str, text: str, workspace: Workspace) -> dict[str, str]:
    model: type[Avatar] | type[Voice] = Avatar if column == "avatar" else Voice
    rows: Any = model.offered_to(workspace)
    found = rows.filter(Q(pk=text) | Q(slug=text)).first()
    if found is None:
        near = difflib.get_close_matches(text, rows.values_list("slug", flat=True), n=1)
        sentence = gettext("Nobody here is called {value}.").format(value=text[:80])
        hint = f" {gettext('Did you mean {near}?').format(near=near[0])}" if near else ""
        raise BadInput(sentence + hint, code="invalid_field")
    chosen = {column: found.slug}
    return chosen if column == "avatar" else {**chosen, "voice_by_hand": "1"}
