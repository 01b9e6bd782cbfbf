"""The values that pass between the stages: frozen, typed, and free of Django.

Units, everywhere in the pipeline: seconds (float) from the start of the *line's* segment, 24 kHz mono
float32 sound in -1..1, pictures as uint8 RGB arrays (height, width, 3), alpha as uint8 (height, width).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:  # whoever only names a line or an error needs no numpy
    import numpy as np
    from numpy.typing import NDArray

Floats: TypeAlias = "NDArray[np.float32]"
Frame: TypeAlias = "NDArray[np.uint8]"

SAMPLE_RATE = 24_000
"""Samples per second of all speech inside the pipeline."""

STAGES = ("script", "speech", "alignment", "motion", "frames", "smoothing", "delivery")
"""The seven stages, in order."""

Report = Callable[[str, float], None]
"""report(stage, fraction 0..1). It may raise Canceled, which a stage never catches."""


class BadInput(Exception):
    """An error that the reader can mend: one clear sentence that says what to do. Never retried, always refunded."""

    def __init__(self, sentence: str, *, code: str = "invalid_field", **where: Any) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.code = code
        self.where = where


class Unavailable(Exception):
    """A hosted service has failed: one clear sentence for the reader, who is charged nothing.

    again: whether it may work in some minutes. The reason is in our log, without any secret.
    """

    code = "voice_unavailable"

    def __init__(self, sentence: str, *, again: bool) -> None:
        super().__init__(sentence)
        self.sentence, self.again = sentence, again


class Canceled(Exception):
    """Raised by `report` when the render was canceled or the attempt was given up. Never caught in a stage."""


@dataclass(frozen=True, slots=True)
class Warn:
    """What the chosen voice or the pipeline cannot do, said before it is paid for.

    start and end are character offsets into the line's source text.
    """

    code: str
    message: str
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Guess:
    """A place of the line's source that could be read otherwise. spoken: how it is read, "" for a word whose sound its neighbours
    decide; others: ways to write what it may sound like."""

    start: int
    end: int
    written: str
    spoken: str
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Span:
    """A run of text spoken in one manner. `text` is what is spoken, `shown` what captions show."""

    text: str
    shown: str
    start: int
    end: int
    emphasis: Literal["none", "moderate", "strong"] = "none"
    rate: float = 1.0
    pitch: float = 0.0  # semitones
    phonemes: str | None = None  # misaki alphabet, replaces the words
    pause: float = 0.0  # seconds of silence after the span


@dataclass(frozen=True, slots=True)
class Sentence:
    spans: tuple[Span, ...]
    pause: float = 0.0  # extra seconds of silence after the sentence

    @property
    def text(self) -> str:
        return "".join(span.text for span in self.spans)


@dataclass(frozen=True, slots=True)
class Mark:
    """What the script asks the face to do: one of stages/markup.py MARKS, placed between two characters.

    Positions count the characters of the captions, without blanks: `place` before the mark, `until` at the end of
    its sentence. wait: seconds of pause that stand between the mark and the next word.
    """

    name: str
    place: int
    until: int
    wait: float = 0.0


@dataclass(frozen=True, slots=True)
class Moment:
    """A mark in time. end: of the sentence that it stands in."""

    name: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Script:
    """One line of a scene, ready to be spoken. `source` is exactly what was typed."""

    source: str
    sentences: tuple[Sentence, ...]
    language: str
    warnings: tuple[Warn, ...] = ()
    marks: tuple[Mark, ...] = ()
    guesses: tuple[Guess, ...] = ()


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone in the misaki alphabet (' ' and punctuation are pauses), stress marks merged away."""

    symbol: str
    start: float
    end: float
    stress: float = 0.0  # 1 primary, 0.5 secondary, 0 none


@dataclass(frozen=True, slots=True)
class Word:
    """A word as captions show it."""

    text: str
    start: float
    end: float


TimedBy = Literal["engine", "aligned", "provider", "energy"]
"""Where times come from, best first: the engine's own phones, forced alignment, phones laid into the words that a
provider timed, words laid over the loud stretches."""


@dataclass(frozen=True, slots=True)
class Speech:
    """The sound of a line, with its own lead-in and tail of silence, at -16 LUFS."""

    wav: Floats  # (samples,), SAMPLE_RATE
    seconds: float
    phones: tuple[Phone, ...] = ()  # empty for recorded sound
    words: tuple[Word, ...] = ()
    reused: int = 0  # sentences that came from the store
    total: int = 0
    timed_by: TimedBy = "engine"  # the worst among its sentences


@dataclass(frozen=True, slots=True)
class Timing:
    """What was said when, and how: tracks are sampled at `hop` seconds."""

    words: tuple[Word, ...]
    phones: tuple[Phone, ...]
    seconds: float
    hop: float
    pitch: Floats  # Hz, 0 where unvoiced
    energy: Floats  # dB relative to full scale, RMS over 50 ms
    source: TimedBy = "engine"


@dataclass(frozen=True, slots=True)
class Motion:
    """Per-frame articulation, head, gaze and blink tracks: a pure function of Timing, style and seed.

    tracks: name -> float32 (frames,). Names and ranges are those of stages/motion.py.
    """

    fps: int
    tracks: dict[str, Floats]

    @property
    def frames(self) -> int:
        return len(next(iter(self.tracks.values())))


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the person stands.

    full: in the middle. close: nearer. half: on one side, `heading` and `body` on the other (under them where the
    frame is tall). circle, corner: small, over a background that is the content. x, y: of the middle of the face, as shares
    of the frame; None leaves it to the layout. scale: of the size that the layout gives, 0.5..2.
    """

    frame: Literal["full", "half", "close", "circle", "corner"] = "full"
    side: Literal["left", "right"] = "right"
    x: float | None = None
    y: float | None = None
    scale: float = 1.0
    heading: str = ""
    body: str = ""  # a paragraph per line; one that begins with "- " is an item of a list


@dataclass(frozen=True, slots=True)
class Extent:
    """How much of a person a photo shows, in face heights from the middle of the face (between points 10 and 152).

    above: to the upper end of the hair, or of the photo where it is `cut`. below: to the photo's foot. left, right: to its
    sides. left_from, right_from: how far below the middle of the face the person begins to reach that side; None: nowhere.
    """

    above: float
    cut: bool
    below: float
    left: float
    right: float
    left_from: float | None = None
    right_from: float | None = None


@dataclass(frozen=True, slots=True)
class Background:
    """What stands behind the person: a video, else a picture, else a room of rooms.py, else a gradient to a second
    colour, else a colour.

    color: also around what is fitted with "contain". angle: of the gradient in degrees as CSS counts them, 180 runs down.
    clear: nothing at all, for videos that are laid over others.
    """

    color: str = "#e9e4dc"
    picture: Path | None = None
    sha256: str = ""  # of the picture or the video, for the key
    to: str = ""
    angle: int = 180
    video: Path | None = None
    fit: Literal["cover", "contain"] = "cover"
    clear: bool = False
    room: str = ""

    @property
    def pictured(self) -> bool:
        """Whether there is more behind the person than colours."""
        return bool(self.room) or self.picture is not None or self.video is not None


@dataclass(frozen=True, slots=True)
class Captions:
    """Captions in the picture. karaoke: the word that is said stands out."""

    burn_in: bool = False
    style: Literal["clean", "boxed", "karaoke"] = "boxed"
    position: Literal["bottom", "middle", "top"] = "bottom"
    size: Literal["small", "medium", "large"] = "medium"

    @property
    def look(self) -> tuple[str, ...]:
        """What decides how they look, for keys. The usual size is left out, so that films from before that setting keep
        their key."""
        return (self.style, self.position, *([self.size] if self.size != "medium" else []))


@dataclass(frozen=True, slots=True)
class CueEdit:
    """One caption that somebody has changed.

    first, last: the words of the line that it stands for, counted from 0. text: shown instead of these words; empty:
    the words themselves. start, end: seconds, -3..3, by which it comes and goes later than they are said.
    """

    first: int
    last: int
    text: str = ""
    start: float = 0.0
    end: float = 0.0


PLACES = (
    *("top-left", "top", "top-right", "left", "center", "right"),
    *("bottom-left", "bottom", "bottom-right"),
)


@dataclass(frozen=True, slots=True)
class Overlay:
    """Text or a picture over the frame while words of a line are said.

    first, last: words of the line, counted from 0, at whose start it enters and at whose end it leaves; None: it is
    there already when the line begins, or still when it ends. x, y: of its middle, as shares of the frame, instead of
    `position`. size: of the letters, or of the longer side of the picture, as a share of the frame's short side.
    """

    text: str = ""
    picture: Path | None = None
    sha256: str = ""
    position: str = "top-right"
    x: float | None = None
    y: float | None = None
    size: float = 0.06
    style: Literal["plain", "card"] = "plain"
    enter: Literal["fade", "cut"] = "fade"
    exit: Literal["fade", "cut"] = "fade"
    first: int | None = None
    last: int | None = None


@dataclass(frozen=True, slots=True)
class Logo:
    """size: of its longer side, as a share of the frame's short side."""

    picture: Path
    sha256: str
    position: Literal["top-left", "top-right", "bottom-left", "bottom-right"] = "top-left"
    size: float = 0.12


@dataclass(frozen=True, slots=True)
class Music:
    """A bed of music under the whole video, repeated as often as needed.

    volume: decibels against the loudness of the speech, -40..0. duck: decibels that it goes down further while
    somebody speaks, 0..30.
    """

    path: Path
    sha256: str
    volume: float = -14.0
    duck: float = 10.0


LONGEST_BUMPER = 10.0
"""Seconds of an intro or an outro."""


@dataclass(frozen=True, slots=True)
class Bumper:
    """A short video before the first line (intro) or after the last (outro).

    seconds: of it in the film, whole frames. ratio: its width by its height. sound: FLAC, 48 kHz, stereo, at the loudness of
    speech; None if it has none.
    """

    path: Path
    sha256: str
    seconds: float
    ratio: float
    sound: Path | None = None
    sound_sha256: str = ""


@dataclass(frozen=True, slots=True)
class Bumpers:
    intro: Bumper | None = None
    outro: Bumper | None = None

    @property
    def all(self) -> tuple[Bumper, ...]:
        return tuple(filter(None, (self.intro, self.outro)))

    @property
    def sounded(self) -> bool:
        return any(bumper.sound for bumper in self.all)


UNFRAMED = Bumpers()


ASPECTS = {"16:9": (16, 9), "9:16": (9, 16), "1:1": (1, 1), "4:5": (4, 5), "5:4": (5, 4)}
RATES = (24, 25, 30)


@dataclass(frozen=True, slots=True)
class VideoFormat:
    """Size and rate of the picture. Width and height are even. alpha: the picture is transparent where nothing is
    drawn."""

    width: int
    height: int
    fps: int = 25
    codec: Literal["h264", "av1", "vp9"] = "h264"
    alpha: bool = False

    @classmethod
    def of(
        cls, aspect: str, height: int, fps: int = 25, codec: str = "h264", *, alpha: bool = False
    ) -> VideoFormat:
        """Size from an aspect (a key of ASPECTS) and the length of the short side in pixels.

        Raises BadInput for an aspect, a rate, or a transparency that is not offered.
        """
        if aspect not in ASPECTS:
            *most, last = ASPECTS
            raise BadInput(
                f"The aspect ratio {aspect!r} is not offered; use {', '.join(most)} or {last}."
            )
        if fps not in RATES:
            raise BadInput(f"{fps} frames a second are not offered; use 24, 25 or 30.")
        if alpha and codec != "vp9":
            raise BadInput(
                "A transparent background needs a WebM with VP9; choose that, or another background.",
                code="conflicting_fields",
            )
        across, down = ASPECTS[aspect]
        unit = height / min(across, down)
        even = lambda n: round(n / 2) * 2  # noqa: E731
        return cls(even(across * unit), even(down * unit), fps, codec, alpha)  # type: ignore[arg-type]

    @property
    def suffix(self) -> str:
        """The suffix of a file in this format."""
        return ".webm" if self.codec == "vp9" else ".mp4"


@dataclass(frozen=True, slots=True)
class LineSpec:
    """Everything that decides how one line looks and sounds, and nothing else: equal specs, equal segments."""

    text: str
    avatar: str  # slug of a stock avatar, or the store key of a person's own one
    voice: str  # slug
    language: str = "en-US"
    markup: Literal["markdown", "ssml", "text"] = "markdown"
    speed: float = 1.0  # 0.5..2
    pitch: float = 0.0  # semitones, -6..6
    style: str = "neutral"  # a key of stages/motion.py STYLES
    background: Background = Background()
    video: VideoFormat = VideoFormat(1280, 720)
    layout: Layout = Layout()
    captions: Captions = Captions()
    cues: tuple[CueEdit, ...] = ()
    overlays: tuple[Overlay, ...] = ()
    logo: Logo | None = None
    transition: Literal["cut", "fade"] = "cut"  # from the line before to this one
    scene: int = 1  # lines of one scene share their background, and a video runs on through them
    draft: bool = False
    font: str = "studio"  # a key of stages/lettering.py FONTS
    engine: str = "portrait"  # a key of faces/engines.py ENGINES
    seed: int = 0  # the project's seed; a line's own seed is the hash of it and the line's content
    dictionary: tuple[tuple[str, str, str], ...] = ()  # (word, "alias" | "ipa", value), sorted


@dataclass(frozen=True, slots=True)
class Heard:
    """What is heard of a line: its sound, exactly as long as its pictures, and when each word is said."""

    sound: Path  # FLAC, SAMPLE_RATE
    timing: Timing
    seconds: float


@dataclass(frozen=True, slots=True)
class Segment:
    """One rendered line: video without sound, its sound, and what was measured."""

    key: str
    video: Path  # closed GOPs, identical settings for one VideoFormat
    sound: Path  # FLAC, SAMPLE_RATE, exactly as long as the video
    timing: Timing
    seconds: float
    stages: dict[str, float] = field(default_factory=dict)  # wall seconds per stage
    quality: dict[str, float] = field(default_factory=dict)
    warnings: tuple[Warn, ...] = ()
    reused: bool = False

    @property
    def heard(self) -> Heard:
        return Heard(self.sound, self.timing, self.seconds)


@dataclass(frozen=True, slots=True)
class Chapter:
    title: str
    start: float
    end: float


def spec_to_json(spec: LineSpec) -> dict[str, Any]:
    """As a JSON object; `spec_from_json` gives an equal spec back."""
    plain = fields_of(spec)
    plain["overlays"] = [fields_of(overlay) for overlay in spec.overlays]
    plain["cues"] = [fields_of(cue) for cue in spec.cues]
    for part in (plain["background"], plain["logo"], *plain["overlays"]):
        for name in ("picture", "video"):
            if part and part.get(name):
                part[name] = str(part[name])
    plain["dictionary"] = [list(entry) for entry in spec.dictionary]
    return plain


def fields_of(part: Any) -> dict[str, Any]:
    """Like asdict, but without copies of immutable values: a plan calls it hundreds of times."""
    values = ((name, getattr(part, name)) for name in part.__dataclass_fields__)
    return {name: fields_of(value) if is_dataclass(value) else value for name, value in values}


def spec_from_json(plain: dict[str, Any]) -> LineSpec:
    """Reads what spec_to_json of this and of earlier versions wrote."""
    found = dict(plain)
    if "burn_captions" in found:  # until captions had styles
        found["captions"] = {"burn_in": found.pop("burn_captions")}

    def placed(part: dict[str, Any]) -> dict[str, Any]:
        files = {name: Path(part[name]) for name in ("picture", "video") if part.get(name)}
        return {**part, **files}

    logo = found.get("logo")
    return LineSpec(
        **{
            **found,
            "background": Background(**placed(found["background"])),
            "video": VideoFormat(**found["video"]),
            "layout": Layout(**found.get("layout", {})),
            "captions": Captions(**found.get("captions", {})),
            "cues": tuple(CueEdit(**cue) for cue in found.get("cues", ())),
            "overlays": tuple(Overlay(**placed(part)) for part in found.get("overlays", ())),
            "logo": Logo(**placed(logo)) if logo else None,
            "dictionary": tuple(tuple(entry) for entry in found["dictionary"]),
        }
    )


def music_to_json(music: Music | None) -> dict[str, Any]:
    """As a JSON object, empty for none; `music_from_json` gives it back."""
    return {**asdict(music), "path": str(music.path)} if music else {}


def music_from_json(plain: dict[str, Any]) -> Music | None:
    return Music(**{**plain, "path": Path(plain["path"])}) if plain else None


def bumpers_to_json(bumpers: Bumpers) -> dict[str, Any]:
    """As a JSON object, empty for none; `bumpers_from_json` gives them back."""
    named = {"intro": bumpers.intro, "outro": bumpers.outro}
    return {
        name: {**asdict(one), "path": str(one.path), "sound": str(one.sound or "")}
        for name, one in named.items()
        if one
    }


def bumpers_from_json(plain: dict[str, Any]) -> Bumpers:
    return Bumpers(
        **{
            name: Bumper(
                **{
                    **one,
                    "path": Path(one["path"]),
                    "sound": Path(one["sound"]) if one["sound"] else None,
                }
            )
            for name, one in plain.items()
        }
    )
