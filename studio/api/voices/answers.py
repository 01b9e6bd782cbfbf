"""The answer that describes a voice. A resource always has all of its fields."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from django.http import HttpRequest
from django.urls import reverse
from ninja import Schema
from pydantic import Field

from rendering.voices import REGISTRY
from studio import models
from studio.api.avatars.answers import Finding
from studio.api.common import consents_of
from studio.library import recordings


class NearVoice(Schema):
    voice_id: str = Field(description="The slug of a stock voice.")
    likeness: int = Field(description="0 to 100; two recordings of one person have about 95.")


class Voice(Schema):
    id: str
    object: Literal["voice"]
    slug: str
    name: str
    description: str
    tags: list[str]
    kind: Literal["stock", "recording"]
    status: Literal["measuring", "refused", "failed", "compared", "drafts", "ready"] = Field(
        description="What can be rendered with it: everything when `ready`, marked drafts when `drafts`, else nothing. "
        "`compared`: no engine here speaks in it, so `nearest` is all that it gives."
    )
    engine: str | None = Field(description="The engine that speaks in it.")
    findings: list[Finding] = Field(description="What is wrong with its recording.")
    nearest: list[NearVoice] = Field(
        description="Of a recording: the stock voices most like it, nearest first. None of them is a copy of it."
    )
    page_url: str | None = Field(
        description="The page on which a recording is heard, compared and deleted."
    )
    languages: list[str]
    consent_id: str | None
    created_at: datetime


class VoiceList(Schema):
    data: list[Voice]


def voice_resources(request: HttpRequest, voices: Sequence[models.Voice]) -> list[dict[str, Any]]:
    consents = consents_of("voice", voices)
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


def engine_of(voice: models.Voice) -> str | None:
    """The engine that speaks in it; none does in a recording that is only compared."""
    if voice.workspace_id:
        return voice.engine or None
    known = REGISTRY.get(voice.slug)
    return known.engine if known else None
