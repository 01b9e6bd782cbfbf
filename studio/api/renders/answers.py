"""The answer that describes a render. A resource always has all of its fields."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from django.http import HttpRequest
from ninja import Schema
from pydantic import Field

from moderation.models import LAPSES_AFTER
from rendering import models
from rendering.fleet import eta
from rendering.models import Segment
from rendering.values import STAGES
from studio.links import file_name, file_url, link_ends
from studio.models import BatchRow

Status = Literal["held", "queued", "running", "done", "failed", "canceled"]


class Stage(Schema):
    name: str
    status: Literal["waiting", "running", "done", "reused", "failed"]
    progress: float
    seconds: float | None = Field(description="Time measured in this stage, over all lines so far.")
    reused: int
    total: int


class Queue(Schema):
    lane: Literal["preview", "short", "long", "free", "enterprise"] = Field(
        description="Drafts, videos under 30 s, longer ones, the free plan, dedicated workers."
    )
    position: int = Field(description="0: it is being worked on.")
    ahead_seconds: float = Field(description="Seconds of one slot's work that go first.")
    working: bool = Field(description="False while no worker is running.")


class Eta(Schema):
    seconds: float = Field(description="Until the likely end: it comes sooner as often as later.")
    high_seconds: float | None = Field(description="Nine of ten renders end before this.")


class Hold(Schema):
    since_at: datetime | None
    expires_at: datetime | None
    who_can_release: str


class CostLine(Schema):
    scene: int | None
    line: int | None
    segment_id: str | None
    seconds: float | None
    credit_seconds: int
    reason: Literal["new", "changed", "reused", "adjustment"]


class Cost(Schema):
    """Credit-seconds: 60 is 1 credit. net = charged - refunded, and never more than quoted."""

    quoted: int
    charged: int
    refunded: int
    net: int
    lines: list[CostLine]


class Output(Schema):
    kind: Literal["video", "captions", "poster", "transcript", "credentials"]
    container: str
    codec: str | None
    width: int | None
    height: int | None
    fps: int | None
    bytes: int | None
    sha256: str | None
    url: str = Field(description="Signed anew on each read.")
    url_expires_at: datetime


class Reuse(Schema):
    lines_total: int
    lines_reused: int
    seconds_reused: float


class Failure(Schema):
    code: str
    stage: str | None
    message: str
    retryable: bool = Field(description="True if it was our fault: request it again.")
    details: list[dict[str, Any]]


class Render(Schema):
    id: str
    object: Literal["render"]
    status: Status
    held_for: str | None
    hold: Hold | None
    mode: str
    project_id: str
    batch_id: str | None = Field(description="Of the batch that asked for it.")
    revision: int
    title: str
    aspect_ratio: str
    reference: str | None
    metadata: dict[str, str]
    stage: str | None
    progress: float
    attempt: int
    seconds: float | None
    stages: list[Stage]
    queue: Queue | None
    eta: Eta | None
    cost: Cost
    outputs: list[Output]
    reuse: Reuse
    provenance: dict[str, Any] | None
    quality: dict[str, Any] | None
    warnings: list[dict[str, Any]]
    failure: Failure | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


class RenderList(Schema):
    data: list[Render]
    next_cursor: str | None


WAITS = ("queued", "running")


KINDS = {"srt": "captions", "vtt": "captions"}


def cost_of(render: models.Render, segments: list[Segment]) -> dict[str, Any]:
    """The four sums and their lines: they add up to the quote before the end and to net after it."""
    sums = render.cost
    target = sums["net"] if render.is_over else render.quoted
    nothing = render.is_over and render.status != "done"
    lines: list[dict[str, Any]] = [
        {
            "scene": row.scene_number,
            "line": row.line_number,
            "segment_id": row.pk,
            "seconds": row.seconds if row.seconds is not None else row.estimated_seconds,
            "credit_seconds": 0 if nothing else row.credit_seconds or 0,
            "reason": row.reason,
        }
        for row in segments
    ]
    if rest := target - sum(line["credit_seconds"] for line in lines):
        lines.append(
            {
                "scene": None,
                "line": None,
                "segment_id": None,
                "seconds": None,
                "credit_seconds": rest,
                "reason": "adjustment",
            }
        )
    return {**sums, "lines": lines}


def _reached(segment: Segment) -> int:
    """How many stages the line has passed."""
    if segment.is_ready:
        return len(STAGES)
    return STAGES.index(segment.stage) if segment.stage in STAGES else 0


def stages_of(render: models.Render, segments: list[Segment]) -> list[dict[str, Any]]:
    """All seven, in order. A stage is done when every line has passed it; delivery when the file is made."""
    total = len(segments)
    reused = sum(row.kept or row.reused for row in segments)
    answer = []
    for number, name in enumerate(STAGES):
        last = name == STAGES[-1]
        behind = sum(_reached(row) > number for row in segments)
        at_work = any(
            row.status == "running" and _reached(row) == number and not row.reused
            for row in segments
        ) or (last and render.stage == name)
        if render.status == "done" or (behind == total and not last):
            status = "reused" if reused == total and not last else "done"
        elif render.status == "failed" and last and render.stage == name:
            status = "failed"
        elif render.status == "running" and (at_work or behind):
            status = "running"
        else:
            status = "waiting"
        finished = status in ("done", "reused")
        measured = [row.stage_seconds[name] for row in segments if name in row.stage_seconds]
        if name in render.stage_seconds:
            measured.append(render.stage_seconds[name])
        answer.append(
            {
                "name": name,
                "status": status,
                "progress": 1.0 if finished else round(0.99 * behind / max(total, 1), 3),
                "seconds": round(math.fsum(measured), 3) if measured else None,
                "reused": reused,
                "total": total,
            }
        )
    return answer


def furthest(render: models.Render, segments: list[Segment]) -> str | None:
    if render.status != "running":
        return None
    if render.stage:
        return render.stage
    at_work = [_reached(row) for row in segments if row.status == "running"]
    return STAGES[min(max(at_work), len(STAGES) - 1)] if at_work else None


def outputs_of(request: HttpRequest, render: models.Render) -> list[dict[str, Any]]:
    answer = []
    for output in render.outputs:
        url = file_url(output["key"], output["suffix"], file_name(render.title, output["suffix"]))
        answer.append(
            {
                "kind": KINDS.get(output["kind"], output["kind"]),
                "container": output["suffix"].lstrip("."),
                "codec": render.codec if output["kind"] == "video" else None,
                "width": output.get("width"),
                "height": output.get("height"),
                "fps": output.get("fps"),
                "bytes": output.get("bytes"),
                "sha256": output.get("sha256"),
                "url": request.build_absolute_uri(url),
                "url_expires_at": datetime.fromtimestamp(link_ends(url), UTC),
            }
        )
    return answer


def _failure(render: models.Render) -> dict[str, Any] | None:
    if render.status != "failed":
        return None
    refused = render.failure_code == "moderation_refused"
    case = getattr(render, "case", None) if refused else None
    return {
        "code": render.failure_code,
        "stage": render.stage or None,
        "message": render.failure_message,
        "retryable": render.failure_ours,
        "details": case.spans if case else [],
    }


def render_resources(
    request: HttpRequest, renders: Sequence[models.Render]
) -> list[dict[str, Any]]:
    positions = eta.positions(row for row in renders if row.status in WAITS)
    rows = BatchRow.objects.filter(render__in=[row.pk for row in renders])
    batches = dict(rows.values_list("render", "batch"))
    return [
        _render_resource(request, row, positions.get(row.pk), batches.get(row.pk))
        for row in renders
    ]


def render_resource(request: HttpRequest, render: models.Render) -> dict[str, Any]:
    return render_resources(request, [render])[0]


def _render_resource(
    request: HttpRequest, render: models.Render, place: eta.Place | None, batch_id: str | None
) -> dict[str, Any]:
    segments = list(render.segments.all())
    held = render.status == "held"
    reused = [row for row in segments if row.reason == "reused"]
    attempts = [render.attempt, *(row.attempt for row in segments), 1]
    return {
        "id": render.pk,
        "object": "render",
        "status": render.status,
        "held_for": render.held_for if held else None,
        "hold": {
            "since_at": render.held_at,
            "expires_at": render.held_at + LAPSES_AFTER if render.held_at else None,
            "who_can_release": "moderator",
        }
        if held
        else None,
        "mode": render.mode,
        "project_id": render.project_id,
        "batch_id": batch_id,
        "revision": render.revision,
        "title": render.title,
        "aspect_ratio": render.aspect,
        "reference": render.reference or None,
        "metadata": render.metadata,
        "stage": furthest(render, segments),
        "progress": round(render.progress, 4),
        "attempt": max(attempts),
        "seconds": render.seconds,
        "stages": stages_of(render, segments),
        "queue": {
            "lane": render.lane,
            "position": place.position,
            "ahead_seconds": round(place.ahead_seconds, 1),
            "working": place.working,
        }
        if place
        else None,
        "eta": {"seconds": place.seconds, "high_seconds": place.high_seconds}
        if place and place.seconds is not None
        else None,
        "cost": cost_of(render, segments),
        "outputs": outputs_of(request, render) if render.status == "done" else [],
        "reuse": {
            "lines_total": len(segments),
            "lines_reused": len(reused),
            "seconds_reused": round(
                math.fsum(row.seconds or row.estimated_seconds for row in reused), 3
            ),
        },
        "provenance": render.provenance or None,
        "quality": render.quality or None,
        "warnings": render.warnings,
        "failure": _failure(render),
        "created_at": render.created_at,
        "started_at": render.started_at,
        "ended_at": render.ended_at,
    }
