"""What the API takes and gives. Requests refuse unknown fields; a resource always has all of its fields."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

Name = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Aspect = Literal["16:9", "9:16", "1:1"]
Markup = Literal["markdown", "ssml", "text"]
Status = Literal["held", "queued", "running", "done", "failed", "canceled"]


class Request(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class VoiceSettings(Request):
    speed: float = Field(default=1.0, ge=0.5, le=2.0, description="1 is the voice's own speed.")


class Background(Request):
    type: Literal["color", "image"] = Field(description="What stands behind the person.")
    color: Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")] | None = Field(
        default=None, description="# and six digits."
    )
    asset_id: Name | None = Field(
        default=None, description="A picture of the workspace, for `image`."
    )


class Captions(Request):
    burn_in: bool = Field(
        default=False, description="Written into the picture too; files are always made."
    )


class Choices(Request):
    format: Markup | None = Field(
        default=None, description="How the script is read; `markdown` if absent."
    )
    language: Name | None = Field(
        default=None, description="BCP 47; must be the voice's. Its own if absent."
    )
    avatar_id: Name | None = Field(
        default=None, description="Id or slug. A stock avatar if absent."
    )
    voice_id: Name | None = Field(
        default=None, description="Id or slug. The avatar's usual voice if absent."
    )
    voice_settings: VoiceSettings | None = None
    style: Literal["neutral", "warm", "lively", "serious"] | None = Field(
        default=None, description="How the person bears themself; `neutral` if absent."
    )
    background: Background | None = None


class Words(Request):
    script: str = Field(description="A blank line begins a new line of the scene.")
    title: str | None = Field(default=None, max_length=120, description="The chapter's title.")


class SceneRequest(Choices, Words):
    """One scene; what it leaves out is as the request has it."""


class Source(Request):
    script: str | None = Field(default=None, description="One scene; at most 20,000 characters.")
    scenes: list[SceneRequest] | None = Field(default=None, min_length=1, max_length=100)
    project_id: Name | None = Field(default=None, description="Render this project as it is saved.")
    revision: int | None = Field(
        default=None,
        ge=1,
        description="With `project_id`: refused with 409 if the project has moved on.",
    )
    title: str | None = Field(
        default=None, min_length=1, max_length=200, description="The first words if absent."
    )


class RenderRequest(Choices, Source):
    """Exactly one of `script`, `scenes` and `project_id`. The first two make a project."""

    aspect_ratio: Aspect | None = Field(default=None, description="`16:9` if absent.")
    captions: Captions | None = None
    seed: int | None = Field(
        default=None, ge=0, le=2**31 - 1, description="Same words, settings and seed: same motion."
    )
    mode: Literal["draft", "final"] = Field(
        default="final", description="A draft is 360p, marked and free."
    )
    codec: Literal["h264", "av1"] = "h264"
    max_cost: int | None = Field(
        default=None,
        ge=0,
        description="Credit-seconds (60 = 1 credit); refused if the quote is above.",
    )
    reference: str = Field(
        default="", max_length=255, description="Your own id; you can list by it."
    )
    metadata: dict[str, str] = Field(
        default_factory=dict, description="At most 20 pairs, key 40 and value 500 characters."
    )

    @field_validator("metadata")
    @classmethod
    def _small(cls, pairs: dict[str, str]) -> dict[str, str]:
        if len(pairs) > 20:
            raise ValueError("It has more than 20 pairs")
        for key, value in pairs.items():
            if len(key) > 40 or len(value) > 500:
                raise ValueError(f"The pair {key[:40]} is longer than 40 and 500 characters")
        return pairs


class Stage(Schema):
    name: str
    status: Literal["waiting", "running", "done", "reused", "failed"]
    progress: float
    seconds: float | None = Field(description="Time measured in this stage, over all lines so far.")
    reused: int
    total: int


class Queue(Schema):
    lane: str
    position: int = Field(description="0 is at work.")
    ahead_seconds: float
    working: bool = Field(description="False while nobody is there to do the work.")


class Eta(Schema):
    seconds: float
    high_seconds: float | None


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
    kind: Literal["video", "captions", "poster", "transcript"]
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


class Voice(Schema):
    id: str
    object: Literal["voice"]
    slug: str
    name: str
    description: str
    tags: list[str]
    kind: Literal["stock", "clone"]
    languages: list[str]
    consent_id: str | None
    created_at: datetime


class VoiceList(Schema):
    data: list[Voice]


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
