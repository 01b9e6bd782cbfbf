"""Templates: listed and read. People save them in the studio."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router

from studio import access
from studio.api.common import READ_PROBLEMS, Problem, workspace_of
from studio.api.templates import answers
from studio.models import Template

router = Router(tags=["Templates"])


@router.get(
    "/templates",
    response={200: answers.TemplateList, 401: Problem, 429: Problem},
    summary="List templates",
)
def template_list(request: HttpRequest) -> Any:
    """Those of the workspace, newest first, then those that ship. `POST /renders` takes the id, or the slug of one that ships."""
    rows = Template.offered_to(workspace_of(request, "see"))
    return {"data": [answers.resource(request, row) for row in rows]}


@router.get(
    "/templates/{slug:template_id}",
    response={200: answers.Template, **READ_PROBLEMS},
    summary="Read a template",
    url_name="template_detail",
)
def template_detail(request: HttpRequest, template_id: str) -> Any:
    """Its variables with their types, limits and defaults, and its scenes in the shape of a request for a render."""
    row = access.template_named(workspace_of(request, "see"), template_id)
    return answers.resource(request, row)
