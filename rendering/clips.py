"""Uploaded videos and music: checked before they are decoded, then encoded once more in the form that the pipeline
reads.

A video becomes H.264 in an MP4 with a steady frame rate and no sound, with square pixels in the colours of BT.709,
however its pictures were timed, shaped and coloured (tracks.py); music becomes FLAC, 48 kHz, stereo, at the loudness of
speech, and so does the sound of a video that is short enough to be an intro. Ffmpeg opens the file as what it is (containers.py) and no other file, with little memory and time.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rendering import containers, media, tracks
from rendering.media import MediaFailed
from rendering.tracks import Track
from rendering.values import LONGEST_BUMPER, BadInput
from rendering.words import gettext

MOST_BYTES = {"video": 500_000_000, "music": 100_000_000}
LONGEST = {"video": 600.0, "music": 1800.0}  # seconds
SHORTEST = {"video": 0.2, "music": 1.0}
WIDEST, MOST_PIXELS = 4096, 4096 * 2304
LONG_SIDE = 1920  # pixels; a longer one is scaled down to this
RATES = {
    24: (23.5, 24.5),
    30: (27.5, 1e9),
}  # frames a second that become 24 and 30; the rest become 25
LOUDNESS, PEAK = -16.0, 0.89  # LUFS, as speech has it, and the highest sample
SILENT = -60.0  # LUFS below which there is nothing to hear
SHAPE = "iw*if(between(sar,0.25,4),sar,1)"  # the width in square pixels
SHARE = f"min(1,{LONG_SIDE}/max({SHAPE},ih))"
FIT = f"scale=w='max(2,2*round({SHAPE}*{SHARE}/2))':h='max(2,2*round(ih*{SHARE}/2))'"
ENDING = (
    "format=yuv420p",
    "setsar=1",
    "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709",
)
WHOLE = 0.95  # share of a piece of music that must be readable: players skip what is between two files that were joined
NOUN = {"video": "video", "music": "music"}


@dataclass(frozen=True)
class Prepared:
    """A clip as it is stored. width and height are 0 for music. sound: of a short video that has one, with its hash."""

    path: Path
    sha256: str
    seconds: float
    width: int = 0
    height: int = 0
    sound: Path | None = None
    sound_sha256: str = ""


Progress = Callable[[float], None]


@dataclass(frozen=True)
class Facts:
    """What a file says about itself. opened: the arguments that open it; width, height and frames are 0 for music."""

    opened: tuple[str | Path, ...]
    track: Track
    seconds: float
    width: int = 0
    height: int = 0
    frames: int = 0


def check(source: Path, kind: str) -> Facts:
    """Checks an uploaded file: its size, its kind, and what its packets say. Decodes nothing. kind: "video" or "music".

    Raises BadInput, with one sentence, for a file that cannot be used.
    """
    size = source.stat().st_size
    if size == 0:
        raise _unusable(f"The {NOUN[kind]} is empty; choose another file.")
    if size > MOST_BYTES[kind]:
        raise BadInput(
            gettext(
                "The {noun} has {size} MB; at most {most} MB can be used. Choose a smaller file."
            ).format(
                noun=NOUN[kind], size=f"{size / 1e6:,.0f}", most=MOST_BYTES[kind] // 1_000_000
            ),
            code="file_too_large",
        )
    found = containers.demuxer(source)
    opened = containers.opened(source)
    if found is None or opened is None or (kind == "video" and found[0] not in containers.VIDEO):
        wanted = "an MP4, MOV or WebM" if kind == "video" else f"a {containers.SOUND}"
        raise _unusable(f"This file is no {NOUN[kind]} that can be read here; use {wanted}.")
    track = _meant(opened, "video" if kind == "video" else "audio", NOUN[kind])
    return _video_facts(opened, track) if kind == "video" else _music_facts(opened, track)


def intake(
    source: Path, folder: Path, kind: str, report: Progress = lambda share: None
) -> Prepared:
    """Cleans the clip in `source` and writes it to `folder` under its own hash. kind: "video" or "music".

    report: called with 0 to 1 a few times a second while a video is encoded; what it raises ends the work and is passed
    on. Raises BadInput like `check`, which runs first, and for a file that cannot be decoded. A failure leaves no file
    behind.
    """
    facts = check(source, kind)
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f"{secrets.token_hex(8)}.part"
    heard = draft.with_suffix(".sound")
    try:
        made = _video(facts, draft, report) if kind == "video" else _music(facts, draft)
        path, digest = _named(draft, ".mp4" if kind == "video" else ".flac")
        sound: tuple[Path, str] | tuple[None, str] = (None, "")
        if kind == "video" and facts.seconds <= LONGEST_BUMPER and _sound(facts, heard):
            sound = _named(heard, ".flac")
    finally:
        draft.unlink(missing_ok=True)
        heard.unlink(missing_ok=True)
    return Prepared(path, digest, *made, *(() if kind == "music" else sound))


def _named(draft: Path, suffix: str) -> tuple[Path, str]:
    """The file under its own hash, and the hash."""
    with draft.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    path = draft.with_name(f"{digest}{suffix}")
    os.replace(draft, path)
    return path, digest


def _unusable(sentence: str) -> BadInput:
    return BadInput(sentence, code="file_unusable")


def _damaged(noun: str) -> BadInput:
    return _unusable(f"The {noun} is damaged or cut off; export it again and choose the new file.")


def _meant(opened: Sequence[str | Path], kind: str, noun: str) -> Track:
    """The track to use. Raises BadInput if the file has none, or an empty one."""
    try:
        track = tracks.meant(tracks.tracks(opened), kind)
    except (MediaFailed, ValueError):
        raise _damaged(noun) from None
    if track is None:
        missing = "pictures" if kind == "video" else "sound"
        raise _unusable(f"This file has no {missing}; choose one that has.")
    if not track.packets.get("frames", track.packets.get("packets")):
        raise _unusable(f"The {noun} has nothing in it: it is 0 s long. Choose another file.")
    return track


def _check_length(seconds: float, kind: str) -> None:
    noun = NOUN[kind]
    if seconds > LONGEST[kind]:
        raise _unusable(
            f"The {noun} is {_spoken(seconds)} long; at most {LONGEST[kind] / 60:.0f} minutes can be used. Cut it shorter."
        )
    if seconds < SHORTEST[kind]:
        raise _unusable(
            gettext(
                "The {noun} is {seconds} s long; it needs {least} s or more. Choose a longer one."
            ).format(noun=noun, seconds=f"{seconds:.1f}", least=f"{SHORTEST[kind]:g}")
        )


def _spoken(seconds: float) -> str:
    return f"{seconds / 3600:.1f} hours" if seconds >= 5400 else f"{seconds / 60:.0f} minutes"


def _video_facts(opened: tuple[str | Path, ...], track: Track) -> Facts:
    found = track.packets
    width, height, seconds = int(found["width"]), int(found["height"]), found["seconds"]
    if max(width, height) > WIDEST or width * height > MOST_PIXELS:
        raise _unusable(
            f"The video has {width:,} x {height:,} pixels; at most 4096 x 2304 can be used. Export it smaller."
        )
    if min(width, height) < 16:
        raise _unusable(f"The video has only {width} x {height} pixels; use a larger one.")
    _check_length(seconds, "video")
    return Facts(opened, track, seconds, width, height, int(found["frames"]))


def _music_facts(opened: tuple[str | Path, ...], track: Track) -> Facts:
    seconds = track.packets["seconds"]
    _check_length(seconds, "music")
    return Facts(opened, track, seconds)


def _video(facts: Facts, draft: Path, report: Progress) -> tuple[float, int, int]:
    rate = facts.frames / facts.seconds
    fps = next((fps for fps, (low, high) in RATES.items() if low <= rate < high), 25)
    # Every line that it stands behind decodes it again, so it has to be quick to decode, and quick to encode.
    coded: list[str | Path] = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "15"]
    coded += ["-g", str(fps), "-bf", "0", "-pix_fmt", "yuv420p", "-threads", "2"]
    coded += ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"]
    coded += ["-color_range", "tv", "-video_track_timescale", str(512 * fps)]
    plain: list[str | Path] = ["-map", f"0:{facts.track.number}"]
    plain += ["-map_metadata", "-1", "-map_chapters", "-1"]
    read = [*tracks.decoder(facts.track), *facts.opened]
    strict: list[str | Path] = ["-xerror", "-err_detect", "explode", *read, *plain]
    progress = draft.with_suffix(".progress")

    def meanwhile() -> None:
        done = re.findall(r"^out_time_us=(\d+)$", _read(progress), re.MULTILINE)
        report(min(1.0, int(done[-1]) / 1e6 / facts.seconds) if done else 0.0)

    try:
        meaning = tracks.filters(facts.track, read, facts.seconds, facts.height)
        # The rate goes before the scaling, so that half of a phone's pictures need none, but after deinterlacing, which
        # needs all of them.
        filters = ",".join([*meaning, *ENDING]).replace(tracks.SCALED, f"fps={fps},{FIT}")
        media.run(
            ["-progress", progress, *strict, "-vf", filters, *coded, "-f", "mp4", draft],
            limited=True,
            meanwhile=meanwhile,
        )
        made = media.streams(
            media.listed(["-f", "mov", "-i", draft, "-c", "copy", "-f", "framecrc"])
        )
    except MediaFailed:
        raise _unusable(
            "The video is damaged: not all of its pictures can be read. Export it again and choose the new file."
        ) from None
    finally:
        progress.unlink(missing_ok=True)
    if not made or not made[0]["frames"]:
        raise _unusable("The video has no picture that can be read; choose another file.")
    return made[0]["seconds"], made[0]["width"], made[0]["height"]


def _read(path: Path) -> str:
    return path.read_text(errors="replace") if path.exists() else ""


def _sound(facts: Facts, draft: Path) -> bool:
    """Writes the sound of a video like music; False if it has none that can be heard. It never makes a video unusable."""
    try:
        track = tracks.meant(tracks.tracks(facts.opened), "audio")
        return track is not None and _evened(facts.opened, track, draft)
    except (MediaFailed, ValueError):
        return False


def _evened(opened: Sequence[str | Path], track: Track, draft: Path) -> bool:
    """Writes a track as FLAC, 48 kHz, stereo, at LOUDNESS; False, and nothing written, if it is silent. Raises MediaFailed."""
    plain: list[str | Path] = ["-map", f"0:{track.number}", "-map_metadata", "-1"]
    plain += ["-ac", "2", "-ar", "48000"]
    before = media.loudness([*opened, *plain], peaks=False, limited=True)
    if before.lufs < SILENT:
        return False
    louder = f"volume={LOUDNESS - before.lufs:.2f}dB,alimiter=limit={PEAK}:level=0"
    encoded: list[str | Path] = ["-af", louder, "-sample_fmt", "s16", "-f", "flac", draft]
    media.run([*opened, *plain, *encoded], limited=True)
    return True


def _music(facts: Facts, draft: Path) -> tuple[float]:
    import soundfile  # large: loaded when it is needed

    try:
        if not _evened(facts.opened, facts.track, draft):
            raise _unusable("This music is silent; choose a file with sound.")
        seconds = float(soundfile.info(draft).duration)
    except MediaFailed:
        seconds = 0.0
    if seconds < WHOLE * facts.seconds:
        raise _unusable(
            "The music is damaged: not all of it can be read. Export it again and choose the new file."
        )
    return (seconds,)
