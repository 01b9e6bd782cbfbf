"""What the API takes and gives. Requests refuse unknown fields; a resource always has all of its fields."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

Name = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Aspect = Literal["16:9", "9:16", "1:1", "4:5", "5:4"]
Markup = Literal["markdown", "ssml", "text"]
Status = Literal["held", "queued", "running", "done", "failed", "canceled"]


class Request(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class VoiceSettings(Request):
    speed: float = Field(default=1.0, ge=0.5, le=2.0, description="1 is the voice's own speed.")


Color = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")]
Share = Annotated[float, Field(ge=0, le=1)]


class Background(Request):
    """What stands behind the person."""

    type: Literal["color", "gradient", "image", "video", "none"] = Field(
        description="`none` is transparent: it needs `container` `webm`."
    )
    color: Color | None = Field(
        default=None,
        description="# and six digits; for `image` and `video` what is around them.",
    )
    to: Color | None = Field(default=None, description="Where a `gradient` ends.")
    angle: int | None = Field(
        default=None, ge=0, le=359, description="Of a `gradient`, as CSS counts: 180 runs down."
    )
    asset_id: Name | None = Field(
        default=None, description="A picture or video of the workspace, for `image` and `video`."
    )
    fit: Literal["cover", "contain"] | None = Field(
        default=None, description="`cover` if absent: fills the frame and is cut."
    )


class Layout(Request):
    """Where the person stands; in every aspect by itself."""

    frame: Literal["full", "half", "close", "circle", "corner"] = Field(
        default="full",
        description="`half`: beside `heading` and `body`. `circle`, `corner`: small, over a background that is the content.",
    )
    side: Literal["left", "right"] | None = Field(default=None, description="`right` if absent.")
    x: Share | None = Field(
        default=None, description="Of the middle of the face, as shares of the frame."
    )
    y: Share | None = None
    scale: float = Field(default=1.0, ge=0.5, le=2.0, description="Of the layout's own size.")
    heading: str = Field(default="", max_length=120, description="For `half`.")
    body: str = Field(
        default="", max_length=600, description="A paragraph per line; `- ` begins an item."
    )


class Captions(Request):
    burn_in: bool = Field(
        default=False, description="Written into the picture too; files are always made."
    )
    style: Literal["clean", "boxed", "karaoke"] | None = Field(
        default=None, description="`boxed` if absent. `karaoke`: the word that is said stands out."
    )
    position: Literal["bottom", "middle", "top"] | None = Field(
        default=None, description="Inside the safe area; `bottom` if absent."
    )


class Logo(Request):
    asset_id: Name = Field(description="A picture of the workspace; PNG and WebP keep their alpha.")
    position: Literal["top-left", "top-right", "bottom-left", "bottom-right"] = "top-left"
    size: float = Field(default=0.12, ge=0.04, le=0.4, description="Of the frame's short side.")


class Music(Request):
    """A bed under the whole video, again and again, out at the end."""

    asset_id: Name = Field(description="Music of the workspace.")
    volume: float = Field(default=-14.0, ge=-40, le=0, description="dB against the speech.")
    duck: bool = Field(default=True, description="Whether it goes down while somebody speaks.")
    duck_by: float | None = Field(
        default=None, ge=0, le=30, description="By how many dB; 10 if absent."
    )


class Anchor(Request):
    """A word of the scene, as captions show them, counted from 1."""

    line: int = Field(ge=1, le=100_000)
    word: int = Field(ge=1, le=100_000)


class Overlay(Request):
    """A text or a picture over the frame, while words are said. It moves along when they do."""

    model_config = ConfigDict(extra="forbid", strict=True, populate_by_name=True)

    id: str | None = Field(default=None, min_length=1, max_length=32)
    text: str | None = Field(default=None, description="At most 300 characters.")
    asset_id: Name | None = Field(default=None, description="A picture of the workspace.")
    from_: Anchor | None = Field(
        default=None,
        alias="from",
        description="Enters with this word; with the scene if absent.",
    )
    to: Anchor | None = Field(
        default=None, description="Leaves after this word; with the scene if absent."
    )
    position: Literal[
        "top-left", "top", "top-right", "left", "center", "right",
        "bottom-left", "bottom", "bottom-right",
    ] | None = Field(default=None, description="`top-right` if absent.")  # fmt: skip
    x: Share | None = Field(
        default=None, description="Of its middle, in place of `position`; shares of the frame."
    )
    y: Share | None = None
    size: float | None = Field(
        default=None,
        ge=0.02,
        le=1,
        description="Of the frame's short side: the letters (0.06 if absent, to 0.2), or the picture's longer side (0.3).",
    )
    style: Literal["plain", "card"] | None = Field(default=None, description="`plain` if absent.")
    enter: Literal["fade", "cut"] | None = Field(default=None, description="`fade` if absent.")
    exit: Literal["fade", "cut"] | None = Field(default=None, description="`fade` if absent.")


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
    layout: Layout | None = None
    overlays: list[Overlay] | None = Field(default=None, max_length=20)
    transition: Literal["cut", "fade"] | None = Field(
        default=None, description="From the scene before; `cut` if absent."
    )


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
    resolution: Literal["720p", "1080p", "2160p"] | None = Field(
        default=None, description="Of the short side; `720p` if absent, 360p for drafts."
    )
    fps: Literal[24, 25, 30] | None = Field(default=None, description="25 if absent.")
    container: Literal["mp4", "webm"] | None = Field(default=None, description="`mp4` if absent.")
    captions: Captions | None = None
    logo: Logo | None = None
    music: Music | None = None
    seed: int | None = Field(
        default=None, ge=0, le=2**31 - 1, description="Same words, settings and seed: same motion."
    )
    mode: Literal["draft", "final"] = Field(
        default="final", description="A draft is 360p, marked and free."
    )
    codec: Literal["h264", "av1", "vp9"] | None = Field(
        default=None, description="`h264` or `av1` in an MP4, `vp9` in a WebM."
    )
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


class CaptionChange(Request):
    text: str | None = Field(
        default=None,
        max_length=400,
        description="At most two lines of 42 characters; empty for what is said.",
    )
    start_shift: float | None = Field(
        default=None, ge=-3, le=3, description="Seconds that it comes later; negative for earlier."
    )
    end_shift: float | None = Field(
        default=None, ge=-3, le=3, description="Seconds that it goes later; negative for earlier."
    )


class CaptionSplit(Request):
    after: int = Field(ge=1, le=400, description="The last word of the first part, from 1.")


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
