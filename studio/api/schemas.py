"""What the API answers. A resource always has all of its fields."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from ninja import Schema
from pydantic import Field

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
    position: int = Field(description="0 is at work.")
    ahead_seconds: float = Field(description="Of a slot's work, that goes first.")
    working: bool = Field(description="False while nobody is there to do the work.")


class Eta(Schema):
    seconds: float = Field(description="From now, as likely as not.")
    high_seconds: float | None = Field(description="Nine of ten end before.")


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
    retryable: bool = Field(description="True if it was our fault: ask again.")
    details: list[dict[str, Any]]


class Render(Schema):
    id: str
    object: Literal["render"]
    status: Status
    held_for: str | None
    hold: Hold | None
    mode: str
    project_id: str
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


class Asset(Schema):
    """An upload of the workspace, cleaned and encoded anew."""

    id: str
    object: Literal["asset"]
    kind: Literal["image", "video", "music"]
    name: str
    status: Literal["making", "ready", "refused", "failed"] = Field(
        description="Of a video; the others are ready at once."
    )
    findings: list[Finding]
    width: int | None
    height: int | None
    seconds: float | None
    bytes: int | None
    sha256: str | None = Field(description="Of what is kept, not of what was sent.")
    created_at: datetime


AvatarStatus = Literal["making", "refused", "failed", "made", "locked", "drafts", "ready"]


class Finding(Schema):
    code: str
    sentence: str


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
    findings: list[Finding] = Field(description="What is wrong with its photo, or good to know.")
    page_url: str | None = Field(
        description="Where an own one is looked at, kept, and unlocked by its person with a camera."
    )
    consent_id: str | None
    voice_id: str | None = Field(description="The slug of its usual voice.")
    ratios: list[str]
    created_at: datetime


class AvatarList(Schema):
    data: list[Avatar]


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
    engine: str | None = Field(description="What speaks in it.")
    findings: list[Finding] = Field(description="What is wrong with its recording.")
    nearest: list[NearVoice] = Field(
        description="Of a recording: the stock voices most like it, nearest first. None of them is a copy of it."
    )
    page_url: str | None = Field(description="Where a recording is heard, compared and deleted.")
    languages: list[str]
    consent_id: str | None
    created_at: datetime


class VoiceList(Schema):
    data: list[Voice]


class Caption(Schema):
    """Hangs on words of a line, and keeps to them when the script changes."""

    id: str
    object: Literal["caption"]
    scene: int = Field(description="From 1, as the line and the words.")
    line: int
    first_word: int
    last_word: int
    said: str
    text: str
    start: float = Field(description="Seconds of the scene.")
    end: float
    start_shift: float
    end_shift: float
    edited: bool = Field(description="Whether anything of it was changed by hand.")
    characters_per_second: float
    too_fast: bool = Field(description="More than 20 characters a second.")


class CaptionList(Schema):
    exact: bool = Field(description="Else times are estimates: a line was not spoken yet.")
    data: list[Caption]


class Balance(Schema):
    available: int
    pending: int


class Period(Schema):
    starts_at: datetime
    ends_at: datetime


class Usage(Schema):
    """Amounts in credit-seconds; renders and seconds are those delivered in the period."""

    balance: Balance
    period: Period
    renders: int
    seconds: float
    seconds_reused: float
    credits_used: int


class Problem(Schema):
    """RFC 9457. Branch on `code`; `title` and `detail` are for people and may change."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    instance: str
    request_id: str
    retryable: bool
    errors: list[dict[str, Any]]
    doc_url: str
