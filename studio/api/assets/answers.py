"""The answer that describes an upload. A resource always has all of its fields."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from ninja import Schema
from pydantic import Field

from studio import models
from studio.api.avatars.answers import Finding


class Asset(Schema):
    """An upload of the workspace, cleaned and encoded anew."""

    id: str
    object: Literal["asset"]
    kind: Literal["image", "video", "music"]
    name: str
    status: Literal["making", "ready", "refused", "failed"] = Field(
        description="Of a video; pictures and music are ready at once."
    )
    findings: list[Finding]
    width: int | None
    height: int | None
    seconds: float | None
    bytes: int | None
    sha256: str | None = Field(description="Of the stored file, not of the one that was sent.")
    created_at: datetime


def asset_resource(row: models.Picture | models.Clip) -> dict[str, Any]:
    clip = row if isinstance(row, models.Clip) else None
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
