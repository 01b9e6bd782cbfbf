"""What people set for a scene and for a project, in one table.

From a row come the form field (forms.py), what a page posts, compares and takes back (Undo calls it `named`), how an odd value
in the database is mended, what a new scene takes over from the one before, whether it is seen in a frame, and, with `api`, the
field of the API (api/common.py) and what the pipeline is given (composition.py). The column itself is in projects.py.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from django.utils.translation import gettext_lazy as _

from rows.mended import cleaned, number
from studio.models import mending

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

LONGEST_SCRIPT, LONGEST_TITLE, LONGEST_BODY = 100_000, 120, 600
"""Characters of a script that are stored (a video takes fewer, but what is too long for one is not lost), of a scene's title or
heading, and of the text beside the person."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """name: of its column. named: as people call it. part: `words` stay with their scene, a new scene takes over the `cast` and
    the `look` of the one before; `video` is of the project. seen: whether it shows in a frame. typed: changes within
    seconds are one step. api: "group.field" of a request, or ".field". meaning: for programs. wrong: the message for any other value."""

    name: str
    named: str | _StrPromise
    part: Literal["words", "cast", "look", "video"]
    seen: bool = False
    typed: bool = False
    api: str = ""
    meaning: str | _StrPromise = ""
    wrong: str | _StrPromise = ""

    def of(self, row: Any) -> Any:
        """The row's value, comparable and plain."""
        return getattr(row, self.name)

    def posted(self, row: Any) -> str:
        """The value as a form sends it."""
        return str(self.of(row))

    def mended(self, value: Any) -> Any:
        return value


@dataclass(frozen=True, kw_only=True)
class Choice(Field):
    """One of several values, each with its name on the page."""

    choices: Sequence[tuple[Any, str | _StrPromise]]
    usual: Any

    def mended(self, value: Any) -> Any:
        return mending.one_of(self.choices, self.usual)(value)

    def name_of(self, value: Any) -> str:
        return str(dict(self.choices)[value])


@dataclass(frozen=True, kw_only=True)
class Number(Field):
    """A number from least to most; without a usual one it may be absent."""

    least: float
    most: float
    usual: float | None

    def posted(self, row: Any) -> str:
        value = self.of(row)
        return "" if value is None else f"{value:g}"

    def mended(self, value: Any) -> Any:
        return number(value, self.least, self.most, self.usual)


@dataclass(frozen=True, kw_only=True)
class Angle(Field):
    """Whole degrees, as CSS counts: 180 runs down."""

    usual: int

    def mended(self, value: Any) -> Any:
        return value % 360 if isinstance(value, int) else self.usual


@dataclass(frozen=True, kw_only=True)
class Flag(Field):
    """Yes or no. off: how a form sends no."""

    off: str = "0"
    usual: bool = False

    def posted(self, row: Any) -> str:
        return "1" if self.of(row) else self.off


@dataclass(frozen=True, kw_only=True)
class Colour(Field):
    usual: str

    def mended(self, value: Any) -> Any:
        return value if re.fullmatch("#[0-9a-f]{6}", str(value)) else self.usual


@dataclass(frozen=True, kw_only=True)
class Text(Field):
    """A text of one line, or of several. drawn: into the picture, so that a font must have its letters. absent: stands for none."""

    most: int
    lines: bool = False
    drawn: bool = False
    absent: str = ""

    def mended(self, value: Any) -> Any:
        return cleaned(value) if self.lines else mending.line_of_text(value) or self.absent


@dataclass(frozen=True, kw_only=True)
class Upload(Field):
    """A picture, a video or a piece of music of the workspace, or none."""

    kind: Literal["picture", "video", "music"]

    def of(self, row: Any) -> Any:
        return getattr(row, f"{self.name}_id")

    def posted(self, row: Any) -> str:
        return self.of(row) or ""


@dataclass(frozen=True, kw_only=True)
class Likeness(Field):
    """An avatar or a voice, known by its slug."""

    def of(self, row: Any) -> Any:
        return getattr(row, f"{self.name}_id")

    def posted(self, row: Any) -> str:
        found = getattr(row, self.name)
        return found.slug if found else ""


@dataclass(frozen=True, kw_only=True)
class Rows(Field):
    """A list of JSON objects with a module of its own (overlays.py, cues.py)."""

    def posted(self, row: Any) -> str:
        return json.dumps(self.of(row))

    def mended(self, value: Any) -> Any:
        return {"overlays": mending.overlays, "cues": mending.cues}[self.name](value)


CORNERS = [
    ("top-left", _("Top left")),
    ("top-right", _("Top right")),
    ("bottom-left", _("Bottom left")),
    ("bottom-right", _("Bottom right")),
]
COLOUR = _("Write the colour as # and six digits, such as #e9e4dc.")
NO_PICTURE = _("That picture is no longer there; upload it again.")
NO_CLIP = _("That video is no longer there; upload it again.")
PLACE = _("The place is a number from 0 to 1.")
LINEN, MIST = "#e9e4dc", "#b9c6cf"


def _table(*fields: Field) -> dict[str, Field]:
    return {field.name: field for field in fields}


SCENE: dict[str, Any] = _table(
    Text(
        name="title", named=_("Title"), part="words", typed=True, most=LONGEST_TITLE,
        wrong=_("A scene's title takes at most 120 characters; shorten it."),
    ),
    Text(name="script", named=_("Script"), part="words", typed=True, most=LONGEST_SCRIPT, lines=True),
    Choice(
        name="markup", named=_("Written as"), part="words", usual="markdown", api=".format",
        choices=[("markdown", "Markdown"), ("ssml", "SSML"), ("text", _("Plain text"))],
        meaning=_("How the script is read; `markdown` if absent."),
        wrong=_("A script is Markdown, SSML or plain text."),
    ),
    Likeness(
        name="avatar", named=_("Avatar"), part="cast", seen=True,
        wrong=_("There is no such avatar; choose one from the list."),
    ),
    Likeness(
        name="voice", named=_("Voice"), part="cast",
        wrong=_("There is no such voice; choose one from the list."),
    ),
    Flag(name="voice_by_hand", named=_("Voice"), part="cast", off=""),
    Number(
        name="speed", named=_("Speed"), part="cast", least=0.5, most=2.0, usual=1.0, api="voice_settings.speed",
        meaning=_("1, the voice's own speed, if absent."),
        wrong=_("The speed is a number from 0.5 to 2."),
    ),
    Choice(
        name="style", named=_("Manner"), part="cast", seen=True, usual="neutral", api=".style",
        # The styles of rendering/stages/bearing.py, which the web process does not load.
        choices=[("neutral", _("Neutral")), ("warm", _("Warm")), ("lively", _("Lively")), ("serious", _("Serious"))],
        meaning=_("How the person bears themself; `neutral` if absent."),
        wrong=_("There is no such style; choose one from the list."),
    ),
    Choice(
        name="background", named=_("Background"), part="look", seen=True, usual="color",
        choices=[
            ("color", _("Colour")), ("gradient", _("Gradient")), ("room", _("Room")), ("picture", _("Picture")),
            ("video", _("Video")), ("none", _("Transparent")),
        ],
        wrong=_("There is no such background; choose one from the list."),
    ),
    Colour(
        name="background_color", named=_("Background colour"), part="look", seen=True, usual=LINEN, api="background.color",
        meaning=_("# and six digits; for `image` and `video`, the colour around them."), wrong=COLOUR,
    ),
    Colour(
        name="background_to", named=_("End of the gradient"), part="look", seen=True, usual=MIST, api="background.to",
        meaning=_("Where a `gradient` ends."), wrong=COLOUR,
    ),
    Angle(
        name="background_angle", named=_("Angle of the gradient"), part="look", seen=True, usual=180, api="background.angle",
        meaning=_("Of a `gradient`, as CSS counts: 180, which runs down, if absent."),
        wrong=_("The angle is 0 to 359 whole degrees."),
    ),
    Choice(
        name="background_room", named=_("Room"), part="look", seen=True, usual="office", api="background.room",
        meaning=_("Of a `room`, out of focus behind the person; `office` if absent."),
        # The pictures of rendering/rooms.py.
        choices=[("office", _("Office")), ("wall", _("Wall")), ("window", _("Window"))],
        wrong=_("There is no such room; choose one from the list."),
    ),
    Upload(name="picture", named=_("Picture"), part="look", seen=True, kind="picture", wrong=NO_PICTURE),
    Upload(
        name="clip", named=_("Video"), part="look", seen=True, kind="video",
        wrong=NO_CLIP,
    ),
    Choice(
        name="fit", named=_("Fit"), part="look", seen=True, usual="cover", api="background.fit",
        meaning=_("`cover` if absent: fills the frame and is cut."),
        choices=[("cover", _("Fill the frame")), ("contain", _("Show all of it"))],
        wrong=_("There is no such fit; choose one from the list."),
    ),
    Choice(
        name="layout", named=_("Layout"), part="look", seen=True, usual="full", api="layout.frame",
        choices=[
            ("full", _("Full")), ("half", _("Beside text")), ("close", _("Close")),
            ("circle", _("Circle")), ("corner", _("Corner")),
        ],
        meaning=_(
            "`full` if absent. `half`: beside `heading` and `body`. `circle`, `corner`: small, over a background that is the content."
        ),
        wrong=_("There is no such layout; choose one from the list."),
    ),
    Choice(
        name="layout_side", named=_("Side"), part="look", seen=True, usual="right", api="layout.side",
        meaning=_("`right` if absent."),
        choices=[("right", _("Right")), ("left", _("Left"))],
        wrong=_("There is no such side; choose one from the list."),
    ),
    Number(
        name="layout_x", named=_("Place across"), part="look", seen=True, least=0, most=1, usual=None, api="layout.x",
        meaning=_("Of the middle of the face, as a share of the frame's width."), wrong=PLACE,
    ),
    Number(
        name="layout_y", named=_("Place down"), part="look", seen=True, least=0, most=1, usual=None, api="layout.y",
        meaning=_("Of the middle of the face, as a share of the frame's height."), wrong=PLACE,
    ),
    Number(
        name="layout_scale", named=_("Size"), part="look", seen=True, least=0.5, most=2, usual=1.0, api="layout.scale",
        meaning=_("Of the layout's own size; 1 if absent."),
        wrong=_("The size is a number from 0.5 to 2."),
    ),
    Text(
        name="heading", named=_("Heading"), part="words", seen=True, typed=True, most=LONGEST_TITLE, drawn=True,
        api="layout.heading", meaning=_("For `half`."),
        wrong=_("The heading takes at most 120 characters; shorten it."),
    ),
    Text(
        name="body", named=_("Text beside the person"), part="words", seen=True, typed=True, most=LONGEST_BODY,
        lines=True, drawn=True, api="layout.body", meaning=_("A paragraph per line; `- ` begins an item."),
        wrong=_("The text beside the person takes at most 600 characters; shorten it."),
    ),
    Rows(
        name="overlays", named=_("Overlays"), part="words", seen=True,
        wrong=_("The overlays could not be read; load the page again."),
    ),
    Rows(
        name="cues", named=_("Captions"), part="words",
        wrong=_("The captions could not be read; load the page again."),
    ),
    Choice(
        name="transition", named=_("Transition"), part="look", usual="cut", api=".transition",
        meaning=_("From the scene before; `cut` if absent."),
        choices=[("cut", _("Cut")), ("fade", _("Fade"))],
        wrong=_("There is no such transition; choose one from the list."),
    ),
)  # fmt: skip

PROJECT: dict[str, Any] = _table(
    Text(
        name="title", named=_("Title"), part="words", typed=True, most=200, absent="Untitled",
        wrong=_("A project's name takes at most 200 characters; shorten it."),
    ),
    Choice(
        name="aspect", named=_("Shape"), part="video", seen=True, usual="16:9", api=".aspect_ratio",
        meaning=_("`16:9` if absent."),
        choices=[
            ("16:9", _("Wide")), ("9:16", _("Tall")), ("1:1", _("Square")), ("4:5", _("Portrait")), ("5:4", _("Landscape")),
        ],
        wrong=_("The aspect ratio is 16:9, 9:16, 1:1, 4:5 or 5:4."),
    ),
    Choice(
        name="resolution", named=_("Resolution"), part="video", usual="720p", api=".resolution",
        meaning=_("Of the short side; `720p` if absent, 360p for drafts."),
        choices=[("720p", "720p"), ("1080p", "1080p"), ("2160p", "4K")],
        wrong=_("There is no such resolution; choose one from the list."),
    ),
    Choice(
        name="fps", named=_("Frame rate"), part="video", usual=25, api=".fps", meaning=_("25 if absent."),
        choices=[(24, "24"), (25, "25"), (30, "30")],
        wrong=_("The frame rate is 24, 25 or 30."),
    ),
    Choice(
        name="container", named=_("Kind of file"), part="video", usual="mp4",
        choices=[("mp4", "MP4"), ("webm", "WebM")],
        wrong=_("There is no such kind of file; choose one from the list."),
    ),
    Flag(
        name="burn_captions", named=_("Captions in the picture"), part="video", seen=True, api="captions.burn_in",
        meaning=_("Written into the picture too; files are always made."),
    ),
    Choice(
        name="caption_style", named=_("Caption style"), part="video", seen=True, usual="boxed", api="captions.style",
        choices=[("boxed", _("Boxed")), ("clean", _("Clean")), ("karaoke", _("Karaoke"))],
        meaning=_("`boxed` if absent. `karaoke`: the word that is said stands out."),
        wrong=_("There is no such caption style; choose one from the list."),
    ),
    Choice(
        name="caption_position", named=_("Place of captions"), part="video", seen=True, usual="bottom", api="captions.position",
        choices=[("bottom", _("Bottom")), ("middle", _("Middle")), ("top", _("Top"))],
        meaning=_("Inside the safe area; `bottom` if absent."),
        wrong=_("There is no such place for captions; choose one from the list."),
    ),
    Choice(
        name="caption_size", named=_("Size of captions"), part="video", seen=True, usual="medium", api="captions.size",
        choices=[("small", _("Small")), ("medium", _("Medium")), ("large", _("Large"))],
        meaning=_("`medium` if absent."),
        wrong=_("There is no such size of captions; choose one from the list."),
    ),
    Choice(
        name="font", named=_("Font"), part="video", seen=True, usual="studio", api=".font",
        meaning=_("Of headings, text beside the person, overlays and captions; `studio` if absent: Newsreader for headings, else Inter."),
        # The fonts of rendering/stages/lettering.py.
        choices=[
            ("studio", _("Newsreader and Inter")), ("inter", "Inter"), ("montserrat", "Montserrat"), ("nunito", "Nunito"),
            ("noto-serif", _("Noto Serif")), ("oswald", _("Oswald and Inter")),
        ],
        wrong=_("There is no such font; choose one from the list."),
    ),
    Upload(name="logo", named=_("Logo"), part="video", seen=True, kind="picture", wrong=NO_PICTURE),
    Choice(
        name="logo_position", named=_("Place of the logo"), part="video", seen=True, usual="top-left", choices=CORNERS,
        api="logo.position", meaning=_("`top-left` if absent."),
        wrong=_("There is no such corner; choose one from the list."),
    ),
    Number(
        name="logo_size", named=_("Size of the logo"), part="video", seen=True, least=0.04, most=0.4, usual=0.12,
        api="logo.size", meaning=_("Of the frame's short side; 0.12 if absent."),
        wrong=_("The logo's size is a number from 0.04 to 0.4."),
    ),
    Upload(
        name="music", named=_("Music"), part="video", kind="music",
        wrong=_("That music is no longer there; upload it again."),
    ),
    Number(
        name="music_volume", named=_("Volume of the music"), part="video", least=-40, most=0, usual=-14.0,
        api="music.volume", meaning=_("dB against the speech; -14 if absent."),
        wrong=_("The volume is a number from -40 to 0."),
    ),
    Upload(name="intro", named=_("Intro"), part="video", kind="video", wrong=NO_CLIP),
    Upload(name="outro", named=_("Outro"), part="video", kind="video", wrong=NO_CLIP),
    Number(
        name="music_duck", named=_("Ducking"), part="video", least=0, most=30, usual=10.0,
        api="music.duck_by", meaning=_("By how many dB it goes down; 10 if absent."),
        wrong=_("The ducking is a number from 0 to 30."),
    ),
)  # fmt: skip


def names(table: dict[str, Field], *parts: str) -> tuple[str, ...]:
    return tuple(name for name, field in table.items() if field.part in parts)


def mends(table: dict[str, Field]) -> dict[str, Callable[[Any], Any]]:
    """How each odd value is mended as its row is read."""
    return {
        name: field.mended
        for name, field in table.items()
        if type(field).mended is not Field.mended
    }


def grouped(table: dict[str, Any], group: str = "") -> dict[str, Any]:
    """The fields of a group of the API, by the names that they have there."""
    found = {field.api.partition(".")[::2]: field for field in table.values() if field.api}
    return {name: field for (of, name), field in found.items() if of == group}


def values_of(row: Any, table: dict[str, Any], group: str) -> dict[str, Any]:
    """The values of a row in a group of the API, by the names that they have there and in the pipeline."""
    return {name: getattr(row, field.name) for name, field in grouped(table, group).items()}
