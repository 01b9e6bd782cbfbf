"""The answers that describe batches and their rows. A resource always has all of its fields."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.http import HttpRequest
from django.urls import reverse
from ninja import Schema
from pydantic import Field

from studio import models
from studio.batches import forecast, plan, result, retention, sample
from studio.batches.result import Outcome

RowStatus = Literal[
    "waiting", "wrong", "ready", "left", "held", "queued", "running", "done", "failed", "canceled"
]


class BatchCost(Schema):
    """Credit-seconds: 60 is 1 credit. net = charged - refunded, and never more than max_cost."""

    max_cost: int | None
    to_come: int = Field(description="At most, for the rows that were checked and not begun.")
    charged: int
    refunded: int
    net: int


class Eta(Schema):
    """Seconds from now: as likely as not, and nine times of ten."""

    seconds: float
    high_seconds: float


class BatchSample(Schema):
    """The draft of a row; its film is an output of the render."""

    row: int | None
    render_id: str
    status: Literal["held", "queued", "running", "done", "failed", "canceled"]


class Batch(Schema):
    id: str
    object: Literal["batch"]
    status: Literal["checking", "ready", "running", "paused", "done", "canceled"]
    paused_for: Literal["member", "cap", "credits", "error"] | None
    template_id: str | None
    title: str
    mode: str
    reference: str | None
    rows: int
    counts: dict[RowStatus, int] = Field(
        description="`waiting`: to be checked. `left`: canceled before its turn. The last six are the statuses of renders."
    )
    cost: BatchCost
    eta: Eta | None = Field(
        description="Until all rows are done, if it were started now or goes on as it does; null where that cannot be known."
    )
    sample: BatchSample | None
    share: bool = Field(description="Whether each finished video gets a link for viewers.")
    result_url: str
    created_at: datetime
    checked_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    removes_at: datetime | None = Field(
        description="When the values of its rows will be deleted; of a batch that was never started, when it will be removed."
    )
    values_removed_at: datetime | None = Field(
        description="From then on its rows have only their keys and results."
    )


class BatchList(Schema):
    data: list[Batch]
    next_cursor: str | None


class BatchRow(Schema):
    row: int
    key: str
    status: RowStatus
    render_id: str | None
    share_url: str | None = Field(description="Where anybody who has it can watch the video.")
    download_url: str | None = Field(
        description="Where a signed-in member gets the file; it does not expire. For programs: `outputs` of the render."
    )
    seconds: float | None = Field(description="As foretold until its video is done.")
    quoted: int = Field(description="Credit-seconds, by the check.")
    net: int = Field(description="Credit-seconds charged and not given back.")
    overrides: dict[str, str | int | None]
    warnings: int
    errors: list[dict[str, Any]] = Field(
        description="`path` names the variable: variables.first_name."
    )


class BatchRowList(Schema):
    data: list[BatchRow]
    next_cursor: str | None


def batch_resource(request: HttpRequest, batch: models.Batch) -> dict[str, Any]:
    address = reverse("api-1:batch_result", args=[batch.pk])
    end, drawn = forecast.end_of(batch), sample.render_of(batch)
    return {
        "id": batch.pk,
        "object": "batch",
        "status": batch.state,
        "paused_for": batch.paused_for or None,
        "template_id": batch.template_id,
        "title": batch.title,
        "mode": batch.mode,
        "reference": batch.reference or None,
        "rows": batch.size,
        "counts": result.counts(batch),
        "cost": {
            "max_cost": batch.max_cost,
            "to_come": plan.price(batch),
            **result.cost_of(batch),
        },
        "eta": {"seconds": round(end.likely, 1), "high_seconds": round(end.late, 1)}
        if end
        else None,
        "sample": {"row": batch.sample_row, "render_id": drawn.pk, "status": drawn.status}
        if drawn
        else None,
        "share": batch.shares,
        "result_url": request.build_absolute_uri(address),
        "created_at": batch.created_at,
        "checked_at": batch.checked_at,
        "started_at": batch.started_at,
        "ended_at": batch.ended_at,
        "removes_at": retention.removes_at(batch),
        "values_removed_at": batch.values_removed_at,
    }


def row_resource(found: Outcome) -> dict[str, Any]:
    row, render = found.row, found.render
    length = render.seconds if render and render.seconds is not None else row.seconds
    return {
        "row": row.number,
        "key": row.key,
        "status": found.status,
        "render_id": render.pk if render else None,
        "share_url": found.share_url or None,
        "download_url": found.download_url or None,
        "seconds": round(length, 3) if length else None,
        "quoted": row.quoted,
        "net": found.net,
        "overrides": row.overrides,
        "warnings": row.warnings,
        "errors": found.errors,
    }
