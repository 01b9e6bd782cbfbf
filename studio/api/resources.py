"""From rows to what the API answers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from consent.models import Consent
from moderation.models import LAPSES_AFTER
from rendering.fleet import eta
from rendering.models import Render, Segment
from rendering.values import STAGES
from rendering.voices import REGISTRY
from studio.library import recordings
from studio.links import file_name, file_url, link_ends
from studio.models import Avatar, Clip, Picture, Voice
from studio.models.fields import PROJECT

WAITS = ("queued", "running")
KINDS = {"srt": "captions", "vtt": "captions"}


def cost_of(render: Render, segments: list[Segment]) -> dict[str, Any]:
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
    """How many stages of the line are behind it."""
    if segment.is_ready:
        return len(STAGES)
    return STAGES.index(segment.stage) if segment.stage in STAGES else 0


def stages_of(render: Render, segments: list[Segment]) -> list[dict[str, Any]]:
    """All seven, in order. A stage is done when it is behind every line; delivery when the file is."""
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


def furthest(render: Render, segments: list[Segment]) -> str | None:
    if render.status != "running":
        return None
    if render.stage:
        return render.stage
    at_work = [_reached(row) for row in segments if row.status == "running"]
    return STAGES[min(max(at_work), len(STAGES) - 1)] if at_work else None


def outputs_of(request: HttpRequest, render: Render) -> list[dict[str, Any]]:
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


def _failure(render: Render) -> dict[str, Any] | None:
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


def render_resources(request: HttpRequest, renders: Sequence[Render]) -> list[dict[str, Any]]:
    places = eta.positions(row for row in renders if row.status in WAITS)
    return [_render_resource(request, row, places.get(row.pk)) for row in renders]


def render_resource(request: HttpRequest, render: Render) -> dict[str, Any]:
    return render_resources(request, [render])[0]


def _render_resource(
    request: HttpRequest, render: Render, place: eta.Place | None
) -> dict[str, Any]:
    segments = list(render.segments.all())
    held = render.status == "held"
    kept = [row for row in segments if row.reason == "reused"]
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
            "lines_reused": len(kept),
            "seconds_reused": round(
                math.fsum(row.seconds or row.estimated_seconds for row in kept), 3
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


def _consents(noun: str, rows: Sequence[Avatar | Voice]) -> dict[str, str]:
    """Row id -> id of its newest valid consent."""
    found = Consent.valid().filter(**{f"{noun}__in": rows}).order_by("active_from")
    return dict(found.values_list(f"{noun}_id", "id"))


def avatar_resources(request: HttpRequest, avatars: Sequence[Avatar]) -> list[dict[str, Any]]:
    consents = _consents("avatar", avatars)
    return [
        {
            "id": row.pk,
            "object": "avatar",
            "slug": row.slug,
            "name": row.name,
            "description": row.description,
            "tags": row.tags,
            "kind": "photo" if row.workspace_id else "stock",
            "status": row.status,
            "findings": row.findings,
            "page_url": request.build_absolute_uri(reverse("avatar_detail", args=[row.pk]))
            if row.workspace_id
            else None,
            "consent_id": consents.get(row.pk),
            "voice_id": row.voice_slug or None,
            "ratios": [aspect for aspect, _ in PROJECT["aspect"].choices],
            "created_at": row.created_at,
        }
        for row in avatars
    ]


def asset_resource(row: Picture | Clip) -> dict[str, Any]:
    clip = row if isinstance(row, Clip) else None
    return {
        "id": row.pk,
        "object": "asset",
        "kind": clip.kind if clip else "image",
        "name": row.name,
        "status": clip.state if clip else "ready",
        "findings": clip.findings if clip else [],
        "width": row.width or None,
        "height": row.height or None,
        "seconds": (clip.seconds or None) if clip else None,
        "bytes": row.path.stat().st_size if row.sha256 and row.path.is_file() else None,
        "sha256": row.sha256 or None,
        "created_at": row.created_at,
    }


def voice_resources(request: HttpRequest, voices: Sequence[Voice]) -> list[dict[str, Any]]:
    consents = _consents("voice", voices)
    return [
        {
            "id": row.pk,
            "object": "voice",
            "slug": row.slug,
            "name": row.name,
            "description": row.description,
            "tags": row.tags,
            "kind": "recording" if row.workspace_id else "stock",
            "status": row.status,
            "engine": engine_of(row),
            "findings": row.findings,
            "nearest": [
                {"voice_id": near.voice.slug, "likeness": near.likeness}
                for near in recordings.nearest(row)
            ],
            "page_url": request.build_absolute_uri(reverse("voice_detail", args=[row.pk]))
            if row.workspace_id
            else None,
            "languages": [row.language],
            "consent_id": consents.get(row.pk),
            "created_at": row.created_at,
        }
        for row in voices
    ]


def engine_of(voice: Voice) -> str | None:
    """What speaks in it; nothing does in a recording that is only compared."""
    if voice.workspace_id:
        return voice.engine or None
    known = REGISTRY.get(voice.slug)
    return known.engine if known else None
