"""Bodies of requests that make and steer batches. Unknown fields are refused."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from studio.api.common import Name, Request

MOST_ROWS = 1_000


class Row(Request):
    key: str = Field(
        default="",
        max_length=200,
        description="By which you know its video; the row's number if absent. Each is different.",
    )
    variables: dict[Name, str | int | float | None] = Field(max_length=100)
    overrides: dict[Name, str | int | None] = Field(
        default_factory=dict,
        max_length=20,
        description="What of the template is different for this row: `title`, `reference`, `avatar_id`, `voice_id`, `aspect_ratio`, "
        "`resolution`, `fps`. What is wrong is told by the check: `overrides.fps`.",
    )


class BatchRequest(Request):
    template_id: Name = Field(description="Id, or slug of one that ships.")
    rows: list[Row] = Field(min_length=1, max_length=MOST_ROWS)
    dry_run: bool = Field(
        default=True,
        description="The rows are checked and priced, and nothing starts until `/start`. `false`: it starts by itself then.",
    )
    max_cost: int | None = Field(
        default=None,
        ge=0,
        le=2**31 - 1,
        description="Credit-seconds (60 = 1 credit) for the whole batch; at this cap it pauses. The price of the check if absent.",
    )
    on_error: Literal["continue", "stop"] = Field(
        default="continue", description="`stop`: pauses at the first row that fails."
    )
    mode: Literal["draft", "final"] = "final"
    share: bool = Field(
        default=False,
        description="Each finished video gets a link for viewers: `share_url` of its row. Needs a confirmed address of who made the key.",
    )
    reference: str = Field(default="", max_length=255, description="Your own id.")


class Cap(Request):
    max_cost: int | None = Field(
        default=None, ge=0, le=2**31 - 1, description="A new cap in credit-seconds."
    )


class Sample(Request):
    row: int | None = Field(
        default=None,
        ge=1,
        le=1_000_000,
        description="The first row that can be rendered if absent.",
    )


class Sharing(Request):
    enabled: bool = Field(
        description="`true`: each finished video gets a link, those of before, too. `false`: no further one."
    )
