"""Stage 7, delivery: frames and sound to a segment, segments to a video with captions.

A segment is video with closed groups of pictures and, beside it, sound of exactly the same length.
Joining copies the video stream as it is, and encodes the sound once over the whole: nothing drifts.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rendering import colour, media, memory
from rendering.stages import captions, mixing
from rendering.stages import music as beds
from rendering.stages.captions import Cue
from rendering.values import (
    SAMPLE_RATE,
    UNFRAMED,
    Bumpers,
    Canceled,
    Chapter,
    CueEdit,
    Floats,
    Frame,
    Heard,
    Music,
    Report,
    Segment,
    VideoFormat,
    Word,
)

VERSION = "delivery/5"


@dataclass(frozen=True, slots=True)
class Files:
    """What a delivery is made of; the video is not signed yet."""

    video: Path
    poster: Path
    srt: Path
    vtt: Path
    transcript: Path
    seconds: float
    loudness: media.Loudness


def segment(
    frames: Iterable[Frame],
    wav: Floats,
    *,
    video: VideoFormat,
    draft: bool = False,
    film: Path,
    sound: Path,
    stop: threading.Event | None = None,
) -> int:
    """Writes the pictures to `film` (MP4, no sound) as they are drawn, the sound to `sound` (FLAC).

    The sound is made exactly as long as the pictures: silence is added, or the excess is cut. Returns
    the number of frames. Raises Canceled when `stop` is set, and what drawing the frames raises.
    """
    count = 0

    def raw() -> Iterator[memoryview]:
        nonlocal count
        for frame in frames:
            if frame.shape != (video.height, video.width, 4 if video.alpha else 3):
                raise ValueError(f"a frame of {frame.shape} in a film of {video}")
            count += 1
            yield from colour.planes(frame)

    pixels = "yuva420p" if video.alpha else "yuv420p"
    source = ["-f", "rawvideo", "-pix_fmt", pixels, "-s", f"{video.width}x{video.height}"]
    source += ["-r", str(video.fps), "-color_range", "tv", "-colorspace", "bt709", "-i", "pipe:0"]
    last = max(1, round(wav.size * video.fps / SAMPLE_RATE)) - 1
    encoder = media.video_encoder(
        video.codec, video.fps, draft=draft, alpha=video.alpha, finest=((0, 0), (last - 1, last))
    )
    if video.codec == "h264":
        # Drawing takes longer than one thread of the encoder; each further one keeps more frames, and the lines of a film
        # are drawn side by side.
        encoder += ["-threads", "1"]
        if memory.is_large(video.width, video.height):  # so does each frame that it looks at
            encoder += ["-rc-lookahead", "4", "-bf", "2", "-refs", "1"]
    container = video.suffix.removeprefix(".")
    media.run([*source, *encoder, "-f", container, film], feed=raw(), stop=stop)
    write_sound(wav, count, video.fps, sound)
    return count


def write_sound(wav: Floats, frames: int, fps: int, path: Path) -> None:
    """Writes what is heard of a line to a FLAC of 16 bits, exactly as long as its pictures: cut, or with silence
    after it."""
    import soundfile  # large: loaded when it is needed

    length = round(frames * SAMPLE_RATE / fps)
    whole = np.pad(wav[:length], (0, max(0, length - wav.size)))
    soundfile.write(path, whole, SAMPLE_RATE, format="FLAC", subtype="PCM_16")


def mix(
    lines: Sequence[Heard],
    path: Path,
    *,
    folder: Path,
    music: Music | None = None,
    bumpers: Bumpers = UNFRAMED,
    report: Callable[[float], None] = lambda share: None,
    stop: threading.Event | None = None,
) -> media.Loudness:
    """Writes the sound of a whole film. music: the bed under it, for which `folder` has room meanwhile. bumpers: those whose
    silence is among the lines; their sound is in the bed. Raises Canceled within a second of `stop`."""
    if music is None and not bumpers.sounded:
        return mixing.write(path, speech=lambda: _sound(lines), bed=None, report=report, stop=stop)
    bed = folder / "music.flac"
    seconds = sum(line.seconds for line in lines)
    beds.write(bed, music, _spoken(lines), seconds, bumpers=bumpers)
    heard = mixing.write(path, speech=lambda: _sound(lines), bed=bed, report=report, stop=stop)
    bed.unlink()
    return heard


def assemble(
    segments: Sequence[Segment],
    *,
    video: VideoFormat,
    folder: Path,
    title: str,
    chapters: Sequence[Chapter] = (),
    codec: str = "h264",
    music: Music | None = None,
    sound: tuple[Path, media.Loudness] | None = None,
    cues: Sequence[Sequence[CueEdit]] = (),
    poster: Segment | None = None,
    report: Report | None = None,
    stop: threading.Event | None = None,
) -> Files:
    """Joins segments of one VideoFormat into an MP4 that plays before it is fully loaded; a WebM for VP9.

    `folder` must be empty and will hold the files. sound: of the whole, as `mix` made it; without it it is mixed here,
    with `music` under it. cues: of each segment, the captions that were changed by hand. poster: the segment whose first
    picture is the film's, if not the first. A codec other than the segments' encodes again. Raises
    BadInput for a codec that cannot be written, Canceled within a second of `stop`.
    """
    progress = report or (lambda stage, fraction: None)
    seconds = sum(part.seconds for part in segments)
    film = folder / f"video{video.suffix}"
    listed, described = folder / "segments.txt", folder / "chapters.txt"
    listed.write_text("ffconcat version 1.0\n" + "".join(map(_entry, segments)), encoding="utf-8")
    described.write_text(_metadata(title, chapters), encoding="utf-8")
    if sound is None:
        path = folder / f"sound{video.suffix}"
        heard = [part.heard for part in segments]
        sound = path, mix(heard, path, folder=folder, music=music, stop=stop)
    same = codec == video.codec
    encoder = ["-c:v", "copy", "-video_track_timescale", str(512 * video.fps)]
    if not same:
        encoder = media.video_encoder(codec, video.fps)
    ending: list[str | Path] = ["-fflags", "+bitexact", "-f", video.suffix.removeprefix(".")]
    if video.suffix == ".mp4":
        ending = ["-movflags", "+faststart", *ending]
    media.run(
        [
            *("-f", "concat", "-safe", "0", "-i", listed),
            *("-i", sound[0], "-f", "ffmetadata", "-i", described),
            *("-map", "0:v", "-map", "1:a", "-map_metadata", "2", "-map_chapters", "2"),
            *encoder,
            *("-c:a", "copy"),
            *ending,
            film,
        ],
        stop=stop,
    )
    progress("delivery", 0.8)
    files = Files(
        video=film,
        poster=folder / "poster.jpg",
        srt=folder / "captions.srt",
        vtt=folder / "captions.vtt",
        transcript=folder / "transcript.txt",
        seconds=seconds,
        loudness=sound[1],
    )
    _poster((poster or segments[0]).video, video, files.poster, stop)
    found, lines = _words(segments, cues)
    files.srt.write_text(captions.srt(found), encoding="utf-8")
    files.vtt.write_text(captions.vtt(found), encoding="utf-8")
    files.transcript.write_text(captions.transcript(lines, chapters), encoding="utf-8")
    if stop is not None and stop.is_set():
        raise Canceled
    progress("delivery", 0.9)
    return files


def _poster(film: Path, video: VideoFormat, poster: Path, stop: threading.Event | None) -> None:
    """The first picture as a JPEG; what is transparent is white there."""
    shown: list[str | Path] = ["-i", film]
    if video.alpha:
        ground = f"color=white:s={video.width}x{video.height}[g];[g][0:v]overlay=shortest=1"
        shown = ["-c:v", "libvpx-vp9", "-i", film, "-filter_complex", ground]
    media.run([*shown, "-frames:v", "1", "-q:v", "2", "-f", "image2", poster], stop=stop)


def _spoken(lines: Sequence[Heard]) -> list[Word]:
    """The words in the time of the whole video."""
    found, start = [], 0.0
    for part in lines:
        found += [Word(w.text, start + w.start, start + w.end) for w in part.timing.words]
        start += part.seconds
    return found


def chapters(titles: Sequence[str], lengths: Sequence[float]) -> list[Chapter]:
    """A chapter per run of lines with one title. lengths: seconds of each line."""
    found: list[Chapter] = []
    start = 0.0
    for title, length in zip(titles, lengths, strict=True):
        if found and found[-1].title == title:
            found[-1] = Chapter(title, found[-1].start, start + length)
        else:
            found.append(Chapter(title, start, start + length))
        start += length
    return found


def _entry(part: Segment) -> str:
    """A line of the list that ffmpeg joins. The length is written out: its own guess may drift."""
    name = str(part.video.resolve()).replace("'", r"'\''")
    return f"file '{name}'\nduration {part.seconds:.6f}\n"


def _metadata(title: str, chapters: Sequence[Chapter]) -> str:
    """Title and chapters in ffmpeg's own format, times in milliseconds."""

    def escaped(text: str) -> str:
        flat = " ".join(text.split())
        safe = "".join("\\" + char if char in "=;#\\" else char for char in flat)
        return (
            safe + " " if safe.endswith("\\") else safe
        )  # else its reader would go on to the next row

    rows = [";FFMETADATA1", f"title={escaped(title)}"]
    for chapter in chapters:
        rows += ["[CHAPTER]", "TIMEBASE=1/1000"]
        rows += [f"START={round(chapter.start * 1000)}", f"END={round(chapter.end * 1000)}"]
        rows += [f"title={escaped(chapter.title)}"]
    return "\n".join(rows) + "\n"


def _sound(lines: Sequence[Heard]) -> Iterator[bytes]:
    """The sound of all lines, one after another: mono, 16 bit, SAMPLE_RATE, some seconds at a time."""
    import soundfile  # large: loaded when it is needed

    for part in lines:
        with soundfile.SoundFile(part.sound) as file:
            if file.samplerate != SAMPLE_RATE or file.channels != 1:
                raise ValueError(f"{part.sound.name} is not sound of this pipeline")
            for block in file.blocks(10 * SAMPLE_RATE, dtype="int16"):
                yield block.astype("<i2").tobytes()


def _words(
    segments: Sequence[Segment], edits: Sequence[Sequence[CueEdit]]
) -> tuple[list[Cue], list[tuple[float, str]]]:
    """Cues and transcript lines in the time of the whole video."""
    changed = [edits[number] if number < len(edits) else () for number in range(len(segments))]
    said = [(part.timing.words, part.seconds) for part in segments]
    found = captions.of_lines(
        [(words, e, seconds) for (words, seconds), e in zip(said, changed, strict=True)]
    )
    lines = []
    start = 0.0
    for words, seconds in said:
        if words:
            lines.append((start, " ".join(word.text for word in words)))
        start += seconds
    return [cue for line in found for cue in line], lines
