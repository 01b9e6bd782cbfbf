"""Bodies of requests that change captions. Unknown fields are refused."""

from __future__ import annotations

from pydantic import Field

from studio.api.common import Request


class CaptionChange(Request):
    text: str | None = Field(
        default=None,
        max_length=400,
        description="At most two lines of 42 characters; empty for the words that are said.",
    )
    start_shift: float | None = Field(
        default=None, ge=-3, le=3, description="Seconds that it comes later; negative for earlier."
    )
    end_shift: float | None = Field(
        default=None, ge=-3, le=3, description="Seconds that it goes later; negative for earlier."
    )


class CaptionSplit(Request):
    after: int = Field(ge=1, le=400, description="The last word of the first part, from 1.")
