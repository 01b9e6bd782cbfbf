"""The answers that describe templates, in the shape of a request for a render. A resource always has all of its fields."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.http import HttpRequest
from django.urls import reverse
from ninja import Schema
from pydantic import Field

from studio import models
from studio.models import fields
from studio.models.fields import PROJECT, SCENE, grouped
from studio.projects import templates

KINDS = {"picture": "image"}


class Variable(Schema):
    """A gap is written {{name}} in `scenes`."""

    type: Literal["text", "number", "url", "color", "image", "avatar", "voice"] = Field(
        description="`image`: the id or the name of a picture of the workspace. `avatar`, `voice`: the id, slug or name of one."
    )
    required: bool
    default: str | None = Field(description="Stands where no value is sent.")
    max_length: int | None = Field(description="Characters of a text or a web address.")
    choices: list[str] = Field(description="If there are any, the value is one of them.")


class Template(Schema):
    id: str
    object: Literal["template"]
    slug: str | None = Field(description="Of one that ships; else null.")
    name: str
    description: str
    revision: int
    title: str
    aspect_ratio: str
    resolution: str
    fps: int
    captions: dict[str, Any]
    scenes: list[dict[str, Any]] = Field(
        description="As POST /renders takes them; a choice that the template leaves open is absent."
    )
    variables: dict[str, Variable]
    poster_url: str = Field(description="For people who are signed in.")
    created_at: datetime


class TemplateList(Schema):
    data: list[Template]


def _typed(row: Any, posted: str) -> Any:
    """A posted value as JSON has it. A gap stays as it is."""
    if templates.GAP.search(posted):
        return posted
    match row:
        case fields.Flag():
            return posted == "1"
        case fields.Number():
            return float(posted) if posted else None
        case fields.Angle():
            return int(posted)
        case fields.Choice():
            return type(row.usual)(posted)
    return posted


def _group(table: dict[str, Any], name: str, posted: dict[str, Any]) -> dict[str, Any]:
    """The fields of a group of the API that differ from what is usual."""
    found = {}
    for key, row in grouped(table, name).items():
        value = _typed(row, posted[row.name])
        usual = row.absent if isinstance(row, fields.Text) else row.usual
        if value not in (None, usual):
            found[key] = value
    return found


def _background(posted: dict[str, Any]) -> dict[str, Any] | None:
    kind = posted["background"]
    asset = {"picture": posted["picture"], "video": posted["clip"]}.get(kind)
    found = {"type": KINDS.get(kind, kind), "color": posted["background_color"]}
    if kind == "gradient":
        found["to"] = posted["background_to"]
    if asset is not None:
        found["asset_id"] = asset
    return {**_group(SCENE, "background", posted), **found}


def _scene(posted: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"script": posted["script"], **_group(SCENE, "", posted)}
    if posted["title"]:
        found["title"] = posted["title"]
    for name in ("avatar", "voice"):
        if posted[name]:
            found[f"{name}_id"] = posted[name]
    for name in ("voice_settings", "layout"):
        if group := _group(SCENE, name, posted):
            found[name] = group
    found["background"] = _background(posted)
    if posted["overlays"]:
        found["overlays"] = [
            {key: value for key, value in row.items() if value not in (None, "")}
            for row in posted["overlays"]
        ]
    return found


def resource(request: HttpRequest, template: models.Template) -> dict[str, Any]:
    project = template.content["project"]
    poster = reverse("template_poster", args=[template.pk])
    return {
        "id": template.pk,
        "object": "template",
        "slug": template.slug,
        "name": template.name,
        "description": template.description,
        "revision": template.revision,
        "title": project["title"],
        "aspect_ratio": project["aspect"],
        "resolution": project["resolution"],
        "fps": int(project["fps"]),
        "captions": _group(PROJECT, "captions", project),
        "scenes": [_scene(scene) for scene in template.content["scenes"]],
        "variables": {
            row.name: {
                "type": row.type,
                "required": row.required and not row.default,
                "default": row.default or None,
                "max_length": row.longest if row.type in ("text", "url") else None,
                "choices": list(row.choices),
            }
            for row in templates.variables_of(template)
        },
        "poster_url": request.build_absolute_uri(poster),
        "created_at": template.created_at,
    }
