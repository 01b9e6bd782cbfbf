"""Renders: requested, listed, read and canceled."""

from __future__ import annotations

import base64
import binascii
import math
import re
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from ninja import Query, Router, Status

from rendering.models import Render
from studio import access
from studio.api.common import (
    IDEMPOTENCY,
    PLAIN_ID,
    PROBLEMS,
    READ_PROBLEMS,
    Problem,
    as_json,
    workspace_of,
)
from studio.api.idempotency import Note, once
from studio.api.problems import Refusal
from studio.api.renders import answers, bodies
from studio.api.renders.inputs import project_of
from studio.gateway.waits import ASKED, OVER, Wait
from studio.models import Batch, BatchRow
from studio.renders.ordering import request_render

router = Router(tags=["Renders"])


LONGEST_WAIT = 60


def _wait_of(request: HttpRequest) -> int:
    """Seconds of `Prefer: wait=N`; what cannot be read is no preference (RFC 7240)."""
    found = re.search(r"(?:^|[,;\s])wait=(\d{1,4})(?:$|[,;\s])", request.headers.get("Prefer", ""))
    return min(int(found[1]), LONGEST_WAIT) if found else 0


def retry_after(resource: dict[str, Any]) -> str:
    """When to look again: a tenth of what is left, 2 to 30 s."""
    eta = resource["eta"]
    return str(min(30, max(2, math.ceil(eta["seconds"] / 10)))) if eta else "10"


@router.post(
    "/renders",
    response={202: answers.Render, 200: answers.Render, **PROBLEMS},
    summary="Ask for a render",
    openapi_extra=IDEMPOTENCY,
)
def render_create(
    request: HttpRequest, response: HttpResponse, payload: bodies.RenderRequest
) -> Any:
    """Screens the script, charges the quote and queues the render; what is not delivered is refunded.

    202 with `Location` and `Retry-After`; read the render there until its status is `done`, `failed`
    or `canceled`.
    """
    workspace = workspace_of(request, "render")

    def effect(note: Note) -> None:
        project, scenes = project_of(workspace, payload)
        request_render(
            project,
            scenes=scenes,
            key=request.auth,  # type: ignore[attr-defined]
            mode=payload.mode,
            codec=payload.codec,
            revision=payload.revision,
            max_cost=payload.max_cost,
            appeal=payload.appeal,
            reference=payload.reference,
            metadata=payload.metadata,
            note=note,
        )

    def answer(render_id: str) -> dict[str, Any]:
        return as_json(answers.render_resource(request, access.render(workspace, render_id)))

    first = once(request, workspace, 202, effect, answer)
    status, resource = first.status, first.body
    seconds, waited = _wait_of(request), OVER in request.META
    address = reverse("api-1:render_detail", args=[resource["id"]])
    response["Location"] = request.build_absolute_uri(address)
    if first.replayed and not waited:
        response["Idempotent-Replayed"] = "true"
    elif seconds and not waited:
        request.META[ASKED] = Wait(resource["id"], seconds)
    elif waited:
        render = access.render(workspace, resource["id"])
        resource = as_json(answers.render_resource(request, render))
        if render.is_over:
            status = 200
            response["Preference-Applied"] = f"wait={seconds}"
            first.answer_with(status, resource)
    if status == 202:
        response["Retry-After"] = retry_after(resource)
    return Status(status, resource)


@router.get(
    "/renders",
    response={
        200: answers.RenderList,
        400: Problem,
        422: Problem,
        **READ_PROBLEMS,
    },
    summary="List renders",
)
def render_list(
    request: HttpRequest,
    limit: int = Query(25, ge=1, le=100),
    cursor: str = Query("", max_length=200, description="`next_cursor` of the page before."),
    status: answers.Status | None = None,
    project_id: str = Query("", max_length=64),
    batch_id: str = Query("", max_length=64),
    reference: str = Query("", max_length=255),
) -> Any:
    """Newest first, and stable while new ones come in."""
    rows = Render.objects.filter(workspace=workspace_of(request, "see")).order_by(
        "-created_at", "-pk"
    )
    if status:
        rows = rows.filter(status=status)
    if project_id:
        rows = rows.filter(project_id=storable(project_id))
    if batch_id:
        of_batch = BatchRow.objects.filter(batch=storable(batch_id))
        rows = rows.filter(pk__in=of_batch.values("render"))
    if reference:
        rows = rows.filter(reference=storable(reference))
    if cursor:
        at, pk = read_cursor(cursor)
        rows = rows.filter(Q(created_at__lt=at) | Q(created_at=at, pk__lt=pk))
    page = list(rows.prefetch_related("segments")[: limit + 1])
    more = len(page) > limit
    page = page[:limit]
    return {
        "data": answers.render_resources(request, page),
        "next_cursor": write_cursor(page[-1]) if more else None,
    }


@router.get(
    "/renders/{slug:render_id}",
    response={200: answers.Render, **READ_PROBLEMS},
    summary="Read a render",
    url_name="render_detail",
)
def render_detail(request: HttpRequest, response: HttpResponse, render_id: str) -> Any:
    """`Retry-After` says when to look again while it is not over. Links to files are signed anew."""
    render = access.render(workspace_of(request, "see"), render_id)
    resource = answers.render_resource(request, render)
    if not render.is_over:
        response["Retry-After"] = retry_after(resource)
    return resource


@router.post(
    "/renders/{slug:render_id}/cancel",
    response={200: answers.Render, 409: Problem, **READ_PROBLEMS},
    summary="Cancel a render",
)
def render_cancel(request: HttpRequest, render_id: str) -> Any:
    """At once, with all credits back. 409 `render_over` if it has ended already."""
    render = access.render(workspace_of(request, "render"), render_id)
    render.cancel()
    return answers.render_resource(request, render)


def storable(text: str) -> str:
    """What no row can hold cannot be found either."""
    if "\x00" in text:
        raise Refusal("not_found")
    return text


def write_cursor(row: Render | Batch) -> str:
    text = f"{row.created_at.isoformat()} {row.pk}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> tuple[datetime, str]:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        moment, pk = text.split(" ")
        at = datetime.fromisoformat(moment)
        if at.tzinfo is None or not PLAIN_ID.match(pk) or not 2000 < at.year < 3000:
            raise ValueError(cursor)
    except (ValueError, binascii.Error):
        raise Refusal("invalid_cursor") from None
    return at, pk
