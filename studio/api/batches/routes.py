"""Batches: made from rows or a CSV file, read, steered; the result as CSV."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any, Literal

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from ninja import File, Form, Query, Router, Status
from ninja.files import UploadedFile

from studio import access
from studio.api.batches import answers, bodies
from studio.api.common import IDEMPOTENCY, PROBLEMS, READ_PROBLEMS, Problem, as_json, workspace_of
from studio.api.idempotency import Note, key_of, once
from studio.api.problems import Refusal
from studio.api.renders.routes import read_cursor, write_cursor
from studio.batches import links, plan, result, retention, run, sample, table
from studio.batches.table import TableRow
from studio.models import Batch, Workspace
from studio.projects.templates import variables_of

router = Router(tags=["Batches"])

STEERED = {200: answers.Batch, 402: Problem, 409: Problem, 422: Problem, **READ_PROBLEMS}


def _made(
    request: HttpRequest,
    response: HttpResponse,
    workspace: Workspace,
    template_id: str,
    rows: Iterable[TableRow],
    columns: list[str] | None,
    sha256: str = "",
    **options: Any,
) -> Any:
    def effect(note: Note) -> None:
        template = access.template_named(workspace, template_id)
        names = [variable.name for variable in variables_of(template)]
        plan.create(
            template,
            workspace,
            names if columns is None else columns,
            rows,
            key=request.auth,  # type: ignore[attr-defined]
            by=request.auth.created_by,  # type: ignore[attr-defined]
            note=note,
            **options,
        )

    def answer(batch_id: str) -> dict[str, Any]:
        return as_json(answers.batch_resource(request, access.batch(workspace, batch_id)))

    first = once(request, workspace, 202, effect, answer, sha256=sha256)
    address = reverse("api-1:batch_detail", args=[first.body["id"]])
    response["Location"] = request.build_absolute_uri(address)
    response["Retry-After"] = "2"
    if first.replayed:
        response["Idempotent-Replayed"] = "true"
    return Status(first.status, first.body)


@router.post(
    "/batches",
    response={202: answers.Batch, **PROBLEMS},
    summary="Make a batch of rows",
    openapi_extra={"parameters": IDEMPOTENCY["parameters"][:1]},
)
def batch_create(request: HttpRequest, response: HttpResponse, payload: bodies.BatchRequest) -> Any:
    """One video for each row, up to 1,000 rows; a plan may allow fewer. 202 with `Location`: read it there until its status is `ready`.

    The check is free: every row with what is wrong in it (`/rows?status=wrong`), and the price of the others. With `dry_run` `false` the good
    rows are rendered then, without a question.
    """
    workspace = workspace_of(request, "render")
    if payload.share:
        workspace_of(request, "share")
    rows = [
        TableRow(number, dict(row.variables), key=row.key, overrides=dict(row.overrides))
        for number, row in enumerate(payload.rows, start=1)
    ]
    return _made(
        request,
        response,
        workspace,
        payload.template_id,
        rows,
        None,
        mode=payload.mode,
        at_once=not payload.dry_run,
        max_cost=payload.max_cost,
        stop_on_error=payload.on_error == "stop",
        share=payload.share,
        reference=payload.reference,
    )


@router.post(
    "/batches/csv",
    response={202: answers.Batch, **PROBLEMS},
    summary="Make a batch of a CSV file",
    openapi_extra={"parameters": IDEMPOTENCY["parameters"][:1]},
)
def batch_create_csv(
    request: HttpRequest,
    response: HttpResponse,
    file: File[UploadedFile],
    template_id: str = Form(..., min_length=1, max_length=64),
    dry_run: bool = Form(True),
    max_cost: int | None = Form(None, ge=0, le=2**31 - 1),
    on_error: Literal["continue", "stop"] = Form("continue"),
    mode: Literal["draft", "final"] = Form("final"),
    share: bool = Form(False),
    reference: str = Form("", max_length=255),
) -> Any:
    """A table of up to 5 MB and 5,000 rows in UTF-8, UTF-16 or Windows-1252, with commas, semicolons or tabs.

    Its first row names the columns: each variable has one of its name ("First name" is `first_name`), and `key` names the rows. Other columns are
    kept for the result file.
    """
    workspace = workspace_of(request, "render")
    if share:
        workspace_of(request, "share")
    key_of(request)
    if (file.size or 0) > table.MOST_BYTES:
        raise Refusal("file_too_large")
    fields = [template_id, dry_run, max_cost, on_error, mode, share, reference]
    sent = hashlib.sha256(json.dumps(fields).encode())
    for chunk in file.chunks():
        sent.update(chunk)
    with table.opened(file.file) as read:  # type: ignore[arg-type]
        return _made(
            request,
            response,
            workspace,
            template_id,
            read.rows,
            read.columns,
            sent.hexdigest(),
            mode=mode,
            at_once=not dry_run,
            max_cost=max_cost,
            stop_on_error=on_error == "stop",
            share=share,
            reference=reference,
        )


@router.get(
    "/batches",
    response={200: answers.BatchList, 400: Problem, 422: Problem, **READ_PROBLEMS},
    summary="List batches",
)
def batch_list(
    request: HttpRequest,
    limit: int = Query(25, ge=1, le=100),
    cursor: str = Query("", max_length=200, description="`next_cursor` of the page before."),
) -> Any:
    """Newest first."""
    rows = access.batches(workspace_of(request, "see")).order_by("-created_at", "-pk")
    if cursor:
        at, pk = read_cursor(cursor)
        rows = rows.filter(Q(created_at__lt=at) | Q(created_at=at, pk__lt=pk))
    page = list(rows[: limit + 1])
    more, page = len(page) > limit, page[:limit]
    return {
        "data": [answers.batch_resource(request, row) for row in page],
        "next_cursor": write_cursor(page[-1]) if more else None,
    }


@router.get(
    "/batches/{slug:batch_id}",
    response={200: answers.Batch, **READ_PROBLEMS},
    summary="Read a batch",
    url_name="batch_detail",
)
def batch_detail(request: HttpRequest, response: HttpResponse, batch_id: str) -> Any:
    """`Retry-After` says when to look again while it is checked or runs."""
    batch = access.batch(workspace_of(request, "see"), batch_id)
    if batch.state in (Batch.State.CHECKING, Batch.State.RUNNING):
        response["Retry-After"] = "5"
    return answers.batch_resource(request, batch)


@router.get(
    "/batches/{slug:batch_id}/rows",
    response={200: answers.BatchRowList, 400: Problem, 422: Problem, **READ_PROBLEMS},
    summary="List the rows of a batch",
)
def batch_row_list(
    request: HttpRequest,
    batch_id: str,
    limit: int = Query(100, ge=1, le=500),
    cursor: str = Query("", max_length=20, pattern="^[0-9]{0,9}$"),
    status: Literal["waiting", "wrong", "ready", "left", "asked"] | None = Query(
        None, description="`asked`: has a render."
    ),
) -> Any:
    """In the order of the table."""
    batch = access.batch(workspace_of(request, "see"), batch_id)
    rows = batch.rows.filter(number__gt=int(cursor or 0))
    if status:
        rows = rows.filter(state=status)
    page = list(rows[: limit + 1])
    more, page = len(page) > limit, page[:limit]
    return {
        "data": [answers.row_resource(found) for found in result.outcomes(page)],
        "next_cursor": str(page[-1].number) if more else None,
    }


@router.get(
    "/batches/{slug:batch_id}/result.csv",
    response={200: None, **READ_PROBLEMS},
    summary="The result of a batch as CSV",
    url_name="batch_result",
)
def batch_result(request: HttpRequest, batch_id: str) -> Any:
    """The table with `render_id`, `status`, `share_url`, `download_url`, `seconds`, `credits`, `error_code` and `error_message`, at any
    time. Once the values were removed, only the keys and these.

    In UTF-8 with its mark. Cells that a spreadsheet could run as a formula begin with an apostrophe.
    """
    batch = access.batch(workspace_of(request, "see"), batch_id)
    return result.download(result.result_file(batch), f"{batch.pk}.csv")


@router.post(
    "/batches/{slug:batch_id}/start", response=STEERED, summary="Start a batch that was checked"
)
def batch_start(request: HttpRequest, batch_id: str, payload: bodies.Cap) -> Any:
    """Rows that are wrong are left out. 409 `wrong_status` unless it is `ready`."""
    batch = access.batch(workspace_of(request, "render"), batch_id)
    run.start(batch, payload.max_cost)
    return answers.batch_resource(request, batch)


@router.post("/batches/{slug:batch_id}/pause", response=STEERED, summary="Pause a batch")
def batch_pause(request: HttpRequest, batch_id: str) -> Any:
    """No further row is begun; renders that were asked for go on."""
    batch = access.batch(workspace_of(request, "render"), batch_id)
    run.pause(batch)
    return answers.batch_resource(request, batch)


@router.post("/batches/{slug:batch_id}/resume", response=STEERED, summary="Go on with a batch")
def batch_resume(request: HttpRequest, batch_id: str, payload: bodies.Cap) -> Any:
    """At its cap it needs a higher one: 402 `batch_cap_reached` otherwise."""
    batch = access.batch(workspace_of(request, "render"), batch_id)
    run.resume(batch, payload.max_cost)
    return answers.batch_resource(request, batch)


@router.post("/batches/{slug:batch_id}/cancel", response=STEERED, summary="Cancel the rest")
def batch_cancel(request: HttpRequest, batch_id: str) -> Any:
    """Rows that were not begun are left, and renders that wait get their credits back; what is being rendered is finished."""
    batch = access.batch(workspace_of(request, "render"), batch_id)
    run.cancel(batch)
    return answers.batch_resource(request, batch)


@router.post(
    "/batches/{slug:batch_id}/retry-failed", response=STEERED, summary="Try failed rows again"
)
def batch_retry_failed(request: HttpRequest, batch_id: str) -> Any:
    """Those that failed through our fault. Rows that are wrong or were refused need new words, in a new batch."""
    batch = access.batch(workspace_of(request, "render"), batch_id)
    run.retry_failed(batch)
    return answers.batch_resource(request, batch)


@router.post(
    "/batches/{slug:batch_id}/sample",
    response={**STEERED, 403: Problem, 429: Problem, 451: Problem},
    summary="Make a draft of one row",
)
def batch_sample(request: HttpRequest, batch_id: str, payload: bodies.Sample) -> Any:
    """Free, 360p, while the batch is `ready`: `sample` names its render. The same row again gives the same draft. It counts as a draft of
    the day, and neither as the row's video nor against the cap."""
    batch = access.batch(workspace_of(request, "render"), batch_id)
    key = request.auth  # type: ignore[attr-defined]
    sample.ask(batch, payload.row, by=key.created_by, key=key)
    batch.refresh_from_db()
    return answers.batch_resource(request, batch)


@router.post(
    "/batches/{slug:batch_id}/share",
    response={**STEERED, 403: Problem},
    summary="Make a link for each video",
)
def batch_share(request: HttpRequest, batch_id: str, payload: bodies.Sharing) -> Any:
    """In the name of who made the key, whose address has to be confirmed. The links are made within seconds; each can be closed, and one
    that was removed is not made again."""
    batch = access.batch(workspace_of(request, "share"), batch_id)
    links.switch(batch, request.auth.created_by, on=payload.enabled)  # type: ignore[attr-defined]
    return answers.batch_resource(request, batch)


@router.post(
    "/batches/{slug:batch_id}/remove-values",
    response=STEERED,
    summary="Delete the values of the rows",
)
def batch_remove_values(request: HttpRequest, batch_id: str) -> Any:
    """Of a batch that is `done` or `canceled`; otherwise it happens 90 days after its end. Keys, results, videos and projects stay."""
    batch = access.batch(workspace_of(request, "render"), batch_id)
    retention.remove_values(batch, request.auth.created_by)  # type: ignore[attr-defined]
    return answers.batch_resource(request, batch)
