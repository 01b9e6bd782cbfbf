"""The templates that ship: one JSON file each, with what differs from a new project."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.db import transaction

from studio.models import Project, Scene, Template
from studio.projects.fields import project_settings, settings_of
from studio.projects.templates import Variable, check_variables, gaps

FOLDER = Path(__file__).parent
SLUGS = ("product-tour", "onboarding", "ad")
"""In the order in which they are shown."""

OVERLAY = {
    "asset_id": "", "text": "", "from": None, "to": None, "position": "top-right", "x": None, "y": None,
    "size": 0.06, "style": "plain", "enter": "fade", "exit": "fade",
}  # fmt: skip


def read(slug: str) -> dict[str, Any]:
    """The fields of the template's row."""
    source = json.loads((FOLDER / f"{slug}.json").read_text(encoding="utf-8"))
    variables = [Variable(**row) for row in source["variables"]]
    known = {variable.name for variable in variables}
    project = {**project_settings(Project()), **source["project"]}
    if "logo" in known:
        project["logo"] = "{{logo}}"
    scenes = []
    for scene in source["scenes"]:
        plain = {**settings_of(Scene()), "avatar": "{{presenter}}", "overlays": [], "cues": []}
        laid = [
            {**OVERLAY, "id": f"o{number}", **row}
            for number, row in enumerate(scene.get("overlays", ()), start=1)
        ]
        scenes.append({**plain, **scene, "overlays": laid})
    content = {"project": project, "scenes": scenes}
    assert set(gaps(content)) <= known
    return {
        "name": source["name"],
        "description": source["description"],
        "content": content,
        "variables": [variable.stored() for variable in variables],
    }


@transaction.atomic
def ensure_templates() -> None:
    """Writes the rows of the templates that ship; repeating it changes nothing. Needs the stock avatars."""
    for slug in reversed(SLUGS):  # the newest comes first
        fields = read(slug)
        check_variables([Variable(**row) for row in fields["variables"]], None)
        row, made = Template.objects.get_or_create(slug=slug, defaults=fields)
        if not made and any(getattr(row, name) != value for name, value in fields.items()):
            Template.objects.filter(pk=row.pk).update(
                **fields, revision=row.revision + 1, removed_at=None
            )
