"""Bodies of requests for a render. Unknown fields are refused."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, field_validator

from studio.api.common import Name, Request, of_table
from studio.models.fields import PROJECT, SCENE

Share = Annotated[float, Field(ge=0, le=1)]


@of_table(SCENE, "voice_settings")
class VoiceSettings(Request):
    """How the voice speaks."""


@of_table(SCENE, "background")
class Background(Request):
    """What stands behind the person."""

    type: Literal["color", "gradient", "room", "image", "video", "none"] = Field(
        description="`none` is transparent: it needs `container` `webm`."
    )
    asset_id: Name | None = Field(
        default=None, description="A picture or video of the workspace, for `image` and `video`."
    )


@of_table(SCENE, "layout")
class Layout(Request):
    """Where the person stands; it adapts to every aspect."""


@of_table(PROJECT, "captions")
class Captions(Request):
    """Captions in the picture."""


@of_table(PROJECT, "logo")
class Logo(Request):
    """A picture in a corner of the whole video."""

    asset_id: Name = Field(description="A picture of the workspace; PNG and WebP keep their alpha.")


@of_table(PROJECT, "music")
class Music(Request):
    """A bed under the whole video: it repeats, and fades out at the end."""

    asset_id: Name = Field(description="Music of the workspace.")
    duck: bool = Field(default=True, description="Whether it goes down while somebody speaks.")


class Bumper(Request):
    """A short video before the first line or after the last. It is free."""

    asset_id: Name = Field(description="A video of the workspace, at most 10 seconds.")


class Anchor(Request):
    """A word of the scene, as captions show them, counted from 1."""

    line: int = Field(ge=1, le=100_000)
    word: int = Field(ge=1, le=100_000)


class Overlay(Request):
    """A text or a picture over the frame, while words are said. It moves along when they do."""

    model_config = ConfigDict(extra="forbid", strict=True, populate_by_name=True)

    id: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_-]{1,32}$")
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


@of_table(SCENE)
class Choices(Request):
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
    background: Background | None = None
    layout: Layout | None = None
    overlays: list[Overlay] | None = Field(default=None, max_length=20)


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
    template_id: Name | None = Field(
        default=None, description="Id or slug: make the video from this template."
    )
    variables: dict[Name, str | int | float | None] | None = Field(
        default=None,
        max_length=100,
        description="With `template_id`: values by name. What it leaves out is as the template has it.",
    )
    title: str | None = Field(
        default=None, min_length=1, max_length=200, description="The first words if absent."
    )


@of_table(PROJECT)
class Film(Request):
    """What holds for the whole video."""

    container: Literal["mp4", "webm"] | None = Field(
        default=None, description="`mp4` if absent, `webm` for `vp9`."
    )
    captions: Captions | None = None
    logo: Logo | None = None
    music: Music | None = None
    intro: Bumper | None = None
    outro: Bumper | None = None
    seed: int | None = Field(
        default=None,
        ge=0,
        le=2**31 - 1,
        description="The same words, settings and seed give the same motion.",
    )


class RenderRequest(Film, Choices, Source):
    """Exactly one of `script`, `scenes`, `project_id` and `template_id`. All but `project_id` make a project."""

    mode: Literal["draft", "final"] = Field(
        default="final", description="A draft is 360p, marked and free."
    )
    codec: Literal["h264", "av1", "vp9"] | None = Field(
        default=None, description="`h264` or `av1` in an MP4, `vp9` in a WebM."
    )
    appeal: bool = Field(
        default=False,
        description="If screening refuses the words, a person reads them, and the render is `held` for up to 72 hours.",
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
