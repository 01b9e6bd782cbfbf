"""The options of `manage.py render` that say how a video is composed, and the values they stand for."""

from __future__ import annotations

import re
from argparse import ArgumentParser
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.utils.translation import gettext

from rendering import clips, pictures, rooms
from rendering.stages import lettering
from rendering.values import (
    ASPECTS,
    Background,
    BadInput,
    Captions,
    Layout,
    Logo,
    Music,
    VideoFormat,
)

HEIGHTS = range(240, 2161)
COLOR = re.compile(r"#[0-9a-fA-F]{6}\Z")
VIDEOS = (".mp4", ".mov", ".m4v", ".webm", ".mkv")
LAYOUTS = ("full", "half", "close", "circle", "corner")
STYLES = ("clean", "boxed", "karaoke")


@dataclass(frozen=True)
class Look:
    """How the video is composed. fields: of every LineSpec."""

    video: VideoFormat
    fields: dict[str, Any]
    music: Music | None

    @property
    def captions_burnt(self) -> bool:
        return bool(self.fields["captions"].burn_in)


def add(parser: ArgumentParser) -> None:
    parser.add_argument("--aspect", default="16:9", help=", ".join(ASPECTS))
    parser.add_argument("--height", type=int, default=720, help="The short side in pixels.")
    parser.add_argument("--fps", type=int, default=25, help="24, 25 or 30")
    parser.add_argument("--codec", help="h264 or av1 in an .mp4; vp9 in a .webm")
    parser.add_argument("--layout", default="full", help=", ".join(LAYOUTS))
    parser.add_argument("--side", default="right", help="left or right, for half, circle, corner")
    parser.add_argument("--heading", default="", help="Beside the person, with --layout half.")
    parser.add_argument("--body", default="", help="Under it; \\n between paragraphs, '- ' lists.")
    parser.add_argument(
        "--background",
        default="#e9e4dc",
        help="A colour, two with a comma for a gradient, office, wall or window, a picture, a video, or none (.webm).",
    )
    parser.add_argument("--fit", default="cover", help="cover or contain, for pictures and videos")
    parser.add_argument(
        "--burn", metavar="STYLE", help="Captions in the picture: clean, boxed, karaoke"
    )
    parser.add_argument("--logo", help="A picture; top left.")
    parser.add_argument("--music", help="A sound file, under the whole video.")
    parser.add_argument("--music-volume", type=float, default=-14.0, help="dB against the speech")
    parser.add_argument("--duck", type=float, default=10.0, help="dB less while somebody speaks")


def read(options: dict[str, Any], out: Path, folder: Path) -> Look:
    """The composition that the options ask for; files are cleaned into `folder`. Raises BadInput."""
    if options["height"] not in HEIGHTS:
        sentence = gettext("The height {height} is not offered; use 240 to 2160.")
        raise BadInput(sentence.format(height=options["height"]))
    for name, offered in (
        ("layout", LAYOUTS),
        ("side", ("left", "right")),
        ("fit", ("cover", "contain")),
        ("burn", (None, *STYLES)),
    ):
        if options[name] not in offered:
            names = ", ".join(filter(None, offered))
            raise BadInput(f"--{name} {options[name]} is not offered; use one of {names}.")
    for name, least, most in (("music_volume", -40, 0), ("duck", 0, 30)):
        if not least <= options[name] <= most:
            raise BadInput(f"--{name.replace('_', '-')} goes from {least} to {most} dB.")
    background = background_of(options["background"], options["fit"], folder)
    webm = out.suffix.lower() == ".webm"
    codec = options["codec"] or ("vp9" if webm else "h264")
    if codec in ("h264", "av1", "vp9") and (codec == "vp9") != webm:
        raise BadInput(
            "VP9 goes into a .webm, H.264 and AV1 into an .mp4; change --out or --codec."
        )
    video = VideoFormat.of(
        options["aspect"], options["height"], options["fps"], codec, alpha=background.clear
    )
    body = options["body"].replace("\\n", "\n")
    for text in (options["heading"], body):
        lettering.check(text)
    fields = {
        "background": background,
        "layout": Layout(options["layout"], options["side"], heading=options["heading"], body=body),
        "captions": Captions(options["burn"] is not None, options["burn"] or "boxed"),
        "logo": None,
    }
    if options["logo"]:
        cleaned = pictures.intake(_file(options["logo"]), folder, alpha=True)
        fields["logo"] = Logo(cleaned.path, cleaned.sha256)
    music = None
    if options["music"]:
        sound = clips.intake(_file(options["music"]), folder, "music")
        music = Music(sound.path, sound.sha256, options["music_volume"], options["duck"])
    return Look(video, fields, music)


def background_of(wanted: str, fit: str, folder: Path) -> Background:
    """From a colour, two colours, a room, "none", or the path of a picture or a video."""
    if wanted == "none":
        return Background(clear=True)
    if wanted in rooms.ROOMS:
        return Background(room=wanted)
    colors = wanted.split(",")
    if all(map(COLOR.match, colors)) and len(colors) <= 2:
        return Background(colors[0].lower(), to=colors[1].lower() if len(colors) == 2 else "")
    source = _file(wanted)
    if source.suffix.lower() in VIDEOS:
        clip = clips.intake(source, folder, "video")
        return Background(video=clip.path, sha256=clip.sha256, fit=fit)  # type: ignore[arg-type]
    cleaned = pictures.intake(source, folder, alpha=True)
    return Background(picture=cleaned.path, sha256=cleaned.sha256, fit=fit)  # type: ignore[arg-type]


def _file(path: str) -> Path:
    found = Path(path)
    if not found.is_file():
        sentence = gettext(
            "There is no file {path}; give a colour such as #e9e4dc, a room such as office, or a file."
        )
        raise BadInput(sentence.format(path=path))
    return found
