"""The answer that describes an avatar. A resource always has all of its fields."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from django.http import HttpRequest
from django.urls import reverse
from ninja import Schema
from pydantic import Field

from studio import models
from studio.api.common import consents_of
from studio.library import questions
from studio.models.fields import PROJECT

AvatarStatus = Literal["making", "refused", "failed", "made", "locked", "drafts", "ready"]


class Finding(Schema):
    code: str
    sentence: str


class PhotoFinding(Finding):
    question: str | None = Field(
        description="What somebody has to answer on the avatar's page before it is kept."
    )


class Avatar(Schema):
    id: str
    object: Literal["avatar"]
    slug: str
    name: str
    description: str
    tags: list[str]
    kind: Literal["stock", "photo"]
    status: AvatarStatus = Field(
        description="What can be rendered with it: everything when `ready`, marked drafts when `drafts`, else nothing. "
        "`locked`: its person has not agreed yet; `made`: somebody has to look at it and keep it."
    )
    findings: list[PhotoFinding] = Field(
        description="What is wrong with its photo, or good to know."
    )
    page_url: str | None = Field(
        description="The page on which an own avatar is looked at, kept, and unlocked by its person with a camera."
    )
    consent_id: str | None
    voice_id: str | None = Field(description="The slug of its usual voice.")
    ratios: list[str]
    created_at: datetime


class AvatarList(Schema):
    data: list[Avatar]


def avatar_resources(
    request: HttpRequest, avatars: Sequence[models.Avatar]
) -> list[dict[str, Any]]:
    consents = consents_of("avatar", avatars)
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
            "findings": [
                {**finding, "question": _question(row, finding)} for finding in row.findings
            ],
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


def _question(avatar: models.Avatar, finding: dict[str, Any]) -> str | None:
    question = questions.QUESTIONS.get(finding.get("asks", ""))
    if question is None or questions.said(avatar, question) == "yes":
        return None
    return str(question.title)
