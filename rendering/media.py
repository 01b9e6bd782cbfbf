"""The only module that runs ffmpeg: as a child that dies with us, stops when asked, and whose complaints
go to our log and never to a user."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import functools
import io
import logging
import math
import os
import re
import resource
import shutil
import signal
import struct
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from importlib.resources import files
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

from rendering import memory
from rendering.values import BadInput, Canceled

log = logging.getLogger(__name__)

PATIENCE = 0.1  # seconds between looks at `stop`
TAIL = 4000  # bytes of complaint that are logged
PR_SET_PDEATHSIG = 1
PIPE_BYTES = 1 << 20  # what an unprivileged process may ask for

_libc = ctypes.CDLL(None)  # loaded before any fork


class MediaFailed(Exception):
    """ffmpeg failed; why is in the log."""


@functools.cache
def program() -> str:
    """The ffmpeg that IMAGEIO_FFMPEG_EXE names, or of the imageio-ffmpeg wheel, or on PATH.

    imageio-ffmpeg itself is not asked: it tries the file in a child process, and if that child is killed it remembers
    for good that there is no ffmpeg. A failed search is not cached here.
    """
    if named := os.environ.get("IMAGEIO_FFMPEG_EXE"):
        return named
    for program in sorted(Path(str(files("imageio_ffmpeg"))).glob("binaries/ffmpeg-*")):
        return str(program)
    if found := shutil.which("ffmpeg"):
        return found
    raise MediaFailed("There is no ffmpeg; install the package imageio-ffmpeg.")


def has_encoder(name: str) -> bool:
    return name in _encoders()


@functools.cache
def _encoders() -> frozenset[str]:
    """Raises MediaFailed if ffmpeg fails; the next call tries again."""
    listed = subprocess.run(
        [program(), "-hide_banner", "-encoders"], capture_output=True, text=True, timeout=30
    )
    if listed.returncode:
        raise MediaFailed(f"ffmpeg -encoders ended with {listed.returncode}")
    return frozenset(line.split()[1] for line in listed.stdout.splitlines() if line.count(" ") > 1)


LIMITS = {
    resource.RLIMIT_AS: 4_000_000_000,
    resource.RLIMIT_CPU: 1800,
    resource.RLIMIT_FSIZE: 4_000_000_000,
}
"""Bytes of address space, seconds of processor time and bytes of a file for what reads a stranger's upload."""


def _die_with_parent() -> Callable[[], None]:
    """A preexec_fn: the kernel kills the child when the thread that forked it ends."""
    parent = os.getpid()

    def in_child() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the call above
            os._exit(1)

    return in_child


def run(
    arguments: list[str | Path],
    *,
    feed: Iterable[bytes | memoryview] | None = None,
    into: IO[bytes] | None = None,
    complaints_to: IO[bytes] | None = None,
    limited: bool = False,
    stop: threading.Event | None = None,
    meanwhile: Callable[[], None] | None = None,
) -> None:
    """Runs ffmpeg to its end; `feed` goes to its standard input as it is made, its output to `into`.

    complaints_to: receives all that ffmpeg says. limited: it reads a stranger's file, so it has little memory and time.
    meanwhile: called a few times a second while it works. Whatever that or `feed` raises ends it and is passed on.
    Raises Canceled within a second of `stop`, MediaFailed when ffmpeg fails. In every case no process is left.
    """
    level = "error" if complaints_to is None else "info"
    command = [program(), "-hide_banner", "-loglevel", level, "-nostats", "-y"]
    with contextlib.ExitStack() as stack:
        complaints = complaints_to or stack.enter_context(tempfile.TemporaryFile())
        process = subprocess.Popen(
            [*command, *map(str, arguments)],
            stdin=subprocess.DEVNULL if feed is None else subprocess.PIPE,
            stdout=into or subprocess.DEVNULL,
            stderr=complaints,
            bufsize=0,
            env={**os.environ, "SVT_LOG": "1"},
            preexec_fn=_die_with_parent(),
        )
        try:
            if limited:
                memory.bound(process.pid, LIMITS)
            if feed is not None and process.stdin is not None:
                _fill(process.stdin, feed, stop)
            _wait(process, stop, meanwhile)
        finally:
            if process.stdin is not None:
                process.stdin.close()
            if process.poll() is None:
                process.kill()
                process.wait()
        if process.returncode:
            _complain(complaints, process.returncode)


def _fill(
    pipe: IO[bytes], feed: Iterable[bytes | memoryview], stop: threading.Event | None
) -> None:
    _widen(pipe)
    try:
        for chunk in feed:
            if stop is not None and stop.is_set():
                raise Canceled
            rest = memoryview(chunk).cast("B")
            while rest:
                rest = rest[pipe.write(rest) :]
        pipe.close()
    except BrokenPipeError:
        pass  # ffmpeg ended early: its status says why


def _widen(pipe: IO[bytes]) -> None:
    with contextlib.suppress(OSError):  # only slower
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)


def _wait(
    process: subprocess.Popen[bytes],
    stop: threading.Event | None,
    meanwhile: Callable[[], None] | None,
) -> None:
    while True:
        try:
            process.wait(PATIENCE)
            return
        except subprocess.TimeoutExpired:
            if stop is not None and stop.is_set():
                raise Canceled from None
            if meanwhile is not None:
                meanwhile()


def pictures(arguments: list[str | Path], shape: tuple[int, ...]) -> Iterator[NDArray[np.uint8]]:
    """Yields what ffmpeg writes to standard output as raw video, a picture of `shape` bytes at a time.

    Ffmpeg runs no further ahead than a pipe holds. Raises MediaFailed when it fails; close it to end it early.
    """
    size = math.prod(shape)
    with _child([*arguments, "-f", "rawvideo", "pipe:1"]) as (process, pipe, failed):
        _widen(pipe)
        while True:
            picture = np.empty(shape, np.uint8)
            rest = memoryview(picture.data).cast("B")
            while rest and (count := pipe.readinto(rest)):
                rest = rest[count:]
            if len(rest) == size:
                break
            if rest:
                raise MediaFailed("the last picture is cut off")
            yield picture
        process.wait()
        if process.returncode:
            failed()


def looped(
    path: Path, size: tuple[int, int], filters: str, *, start: float = 0.0
) -> Iterator[NDArray[np.uint8]]:
    """Pictures of a clip of our own (clips.py), from `start` seconds on and then again and again.

    size: width and height, both even, that the filters give. A picture is the planes of yuv420p (colour.picture),
    (height * 3 / 2, width).
    """
    shape = (size[1] * 3 // 2, size[0])
    whole = length(path)
    start = start % whole if whole else 0.0
    while True:
        source: list[str | Path] = ["-threads", "1", "-ss", f"{start:.3f}"]
        source += ["-protocol_whitelist", "file", "-f", "mov", "-i", path]
        count = 0
        shown = [*source, "-an", "-vf", f"{filters},format=yuv420p", "-filter_threads", "1"]
        shown += ["-thread_queue_size", "1"]  # else eight pictures more wait in memory
        for picture in pictures(shown, shape):
            count += 1
            yield picture
        if not count and not start:
            raise MediaFailed(f"{path.name} has no pictures")
        start = 0.0


def stills(path: Path, folder: Path, count: int) -> list[Path]:
    """`count` pictures of an MP4 of our own, evenly over its length, as JPEGs in `folder`; fewer of a short one."""
    every = max(length(path) / count, 0.04)
    source: list[str | Path] = ["-protocol_whitelist", "file", "-f", "mov", "-i", path]
    run([*source, "-vf", f"fps=1/{every:.4f}", "-frames:v", str(count), folder / "%03d.jpg"])
    return sorted(folder.glob("*.jpg"))


@functools.lru_cache(maxsize=64)
def length(path: Path) -> float:
    """Seconds of an MP4 that our own ffmpeg wrote: the duration of its movie header (ISO 14496-12, 8.2.2)."""
    with path.open("rb") as file:
        for kind, at, size in boxes(path):
            if kind != b"moov":
                continue
            file.seek(at + 8)
            inner = file.read(min(size, 128))
            header = inner.find(b"mvhd")
            if inner[header + 4] == 1:
                scale, duration = struct.unpack_from(">IQ", inner, header + 24)
            else:
                scale, duration = struct.unpack_from(">II", inner, header + 16)
            return duration / scale
    raise MediaFailed(f"{path.name} has no movie header")


@contextlib.contextmanager
def _child(
    arguments: list[str | Path],
) -> Iterator[tuple[subprocess.Popen[bytes], io.FileIO, Callable[[], None]]]:
    """An ffmpeg that ends with the block, the pipe of its output, and a function that logs its complaints and raises
    MediaFailed."""
    command = [program(), "-hide_banner", "-loglevel", "error", "-y", *map(str, arguments)]
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=complaints,
            bufsize=0,
            preexec_fn=_die_with_parent(),
        )
        pipe = cast(io.FileIO, process.stdout)  # raw, because nothing is buffered

        def failed() -> None:
            _complain(complaints, process.returncode)

        try:
            yield process, pipe, failed
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            with contextlib.suppress(OSError):
                pipe.close()


def _complain(complaints: IO[bytes], code: int) -> None:
    complaints.seek(0, os.SEEK_END)
    complaints.seek(max(0, complaints.tell() - TAIL))
    why = complaints.read().decode(errors="replace").strip()
    log.error("ffmpeg ended with %s: %s", code, why)
    if "No space left on device" in why:
        raise OSError(28, "ffmpeg found no room")
    raise MediaFailed(f"ffmpeg ended with {code}")


def video_encoder(
    codec: str,
    fps: int,
    *,
    draft: bool = False,
    alpha: bool = False,
    finest: Sequence[tuple[int, int]] = (),
) -> list[str]:
    """Encoder settings: closed groups of pictures of ten seconds at most, equal headers for equal formats.

    Each line begins with a key frame; more of them would cost a quarter more bytes and tremble a little. finest: ranges
    of pictures, first and last, that H.264 codes with little loss: where one line ends and the next begins with the
    same picture.

    Raises BadInput for a codec that the ffmpeg at hand cannot write.
    """
    group = ["-g", str(10 * fps), "-pix_fmt", "yuva420p" if alpha else "yuv420p"]
    color = ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"]
    color += ["-color_range", "tv", "-video_track_timescale", str(512 * fps)]
    if codec == "h264":
        rate = "27" if draft else "17"
        chosen = ["-c:v", "libx264", "-preset", "veryfast", "-crf", rate, "-flags", "+cgop"]
        if not draft:
            chosen += ["-trellis", "1", "-refs", "2", "-mixed-refs", "1"]
        if finest:
            zones = (f"{max(0, first)},{last},q={22 if draft else 14}" for first, last in finest)
            chosen += ["-x264-params", "zones=" + "/".join(zones)]
    elif codec == "av1" and has_encoder("libsvtav1"):
        speed = ["12", "40"] if draft else ["8", "28"]
        chosen = ["-c:v", "libsvtav1", "-preset", speed[0], "-crf", speed[1]]
        chosen += ["-svtav1-params", "irefresh-type=2"]
    elif codec == "vp9" and has_encoder("libvpx-vp9"):
        speed = ["8", "40"] if draft else ["6", "24"]
        chosen = ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", speed[0]]
        chosen += ["-crf", speed[1], "-b:v", "0", "-row-mt", "1", "-auto-alt-ref", "0"]
        chosen += ["-lag-in-frames", "0"]  # nothing hidden between pictures: files can be joined
        color = color[:8]
    else:
        raise BadInput(f"Video cannot be written as {codec[:20]!r} here; use h264.")
    return chosen + group + color


def boxes(path: Path) -> Iterator[tuple[bytes, int, int]]:
    """(type, offset, size) of the top boxes of an MP4 (ISO 14496-12, 4.2); stops where there is no further box."""
    total = path.stat().st_size
    at = 0
    with path.open("rb") as file:
        while at + 8 <= total:
            file.seek(at)
            size, kind = struct.unpack(">I4s", file.read(8))
            if size == 1:
                size = int.from_bytes(file.read(8), "big")
            elif size == 0:
                size = total - at
            if size < 8 or at + size > total:
                return
            yield kind, at, size
            at += size


def probe(path: Path) -> dict[str, Any]:
    """What is in an MP4, with every frame decoded: {"seconds", "starts_at_once", "streams", "chapters"}.

    starts_at_once: the index stands before the media, so that it plays while it loads.
    A stream is {"kind", "codec", "seconds"} and what belongs to its kind: "width", "height", "frames",
    "fps" or "rate", "layout". Raises MediaFailed for a file that is damaged or no MP4.
    """
    packets = streams(_listed(path, "-map", "0:v", "-map", "0:a?", "-c", "copy", "-f", "framecrc"))
    found = streams(_listed(path, "-map", "0:v", "-map", "0:a?", "-f", "framecrc"))
    for stream, packed in zip(found, packets, strict=True):
        stream["codec"] = packed["codec"]  # of what was decoded it would be "rawvideo"
    order = [kind for kind, _, _ in boxes(path) if kind in (b"moov", b"mdat")]
    return {
        "seconds": max(stream["seconds"] for stream in found),
        "starts_at_once": order[:1] == [b"moov"],
        "streams": found,
        "chapters": _chapters(_listed(path, "-f", "ffmetadata")),
    }


def _listed(path: Path, *wanted: str) -> str:
    """What ffmpeg writes about an MP4 or WebM; nothing but that file is opened."""
    kind = "mov" if path.suffix != ".webm" else "matroska"
    source: list[str | Path] = ["-xerror", "-protocol_whitelist", "file", "-f", kind, "-i", path]
    return listed([*source, *wanted])


def listed(arguments: list[str | Path]) -> str:
    """What ffmpeg writes to standard output with these arguments, with a stranger's limits. Raises MediaFailed."""
    with tempfile.TemporaryFile() as into:
        run([*arguments, "-"], into=into, limited=True)
        into.seek(0)
        return into.read().decode(errors="replace")


@dataclass(frozen=True, slots=True)
class Loudness:
    """What ffmpeg's meter (EBU R 128) reads: LUFS over the whole, -70 for silence, and the true peak in dBTP."""

    lufs: float
    peak: float


def loudness(
    arguments: list[str | Path],
    *,
    graph: str = "",
    peaks: bool = True,
    feed: Iterable[bytes | memoryview] | None = None,
    limited: bool = False,
    stop: threading.Event | None = None,
) -> Loudness:
    """The loudness of the sound that `arguments` open, after the filters of `graph`. peaks: reads the true peak as
    well, else it is -inf.

    Raises MediaFailed and, within a second of `stop`, Canceled.
    """
    meter = f"ebur128=framelog=quiet:peak={'true' if peaks else 'none'}"
    measured = ["-filter_complex", f"{graph},{meter}"] if graph else ["-af", meter]
    with tempfile.TemporaryFile() as said:
        run(
            [*arguments, *measured, "-f", "null", "-"],
            feed=feed,
            complaints_to=said,
            limited=limited,
            stop=stop,
        )
        said.seek(0)
        text = said.read().decode(errors="replace")
    lufs = re.findall(r"\bI:\s+(-?[\d.]+) LUFS", text)
    peak = re.findall(r"\bPeak:\s+(-?[\d.]+|-inf) dBFS", text)
    return Loudness(float((lufs or [-70.0])[-1]), float((peak or ["-inf"])[-1]))


def streams(text: str) -> list[dict[str, Any]]:
    """The streams that ffmpeg's framecrc listing describes: "#key n: value", then a row per frame."""
    headers: dict[int, dict[str, str]] = {}
    ends: dict[int, int] = {}
    count: dict[int, int] = {}
    for row in text.splitlines():
        if match := re.match(r"#(\w+) (\d+): (.*)", row):
            headers.setdefault(int(match[2]), {})[match[1]] = match[3]
        elif row and not row.startswith("#"):
            number, _, pts, duration = (int(value) for value in row.split(",")[:4])
            ends[number] = max(ends.get(number, 0), pts + duration)
            count[number] = count.get(number, 0) + 1
    found = []
    for number, named in sorted(headers.items()):
        seconds = float(Fraction(named["tb"]) * ends.get(number, 0))
        stream: dict[str, Any] = {"kind": named["media_type"], "codec": named["codec_id"]}
        if named["media_type"] == "video":
            width, height = named["dimensions"].split("x")
            frames = count.get(number, 0)
            stream |= {"width": int(width), "height": int(height), "frames": frames}
            stream["fps"] = round(frames / seconds, 3) if seconds else 0.0
        else:
            stream |= {"rate": int(named["sample_rate"]), "layout": named["channel_layout_name"]}
            stream["packets"] = count.get(number, 0)
        found.append({**stream, "seconds": round(seconds, 3)})
    return found


def _chapters(text: str) -> list[dict[str, Any]]:
    """The chapters in ffmpeg's metadata format."""
    chapters = []
    for block in text.split("[CHAPTER]\n")[1:]:
        fields = dict(row.split("=", 1) for row in re.split(r"(?<!\\)\n", block) if "=" in row)
        base = Fraction(fields["TIMEBASE"])
        start, end = (round(float(base * int(fields[name])), 3) for name in ("START", "END"))
        title = re.sub(r"\\(.)", r"\1", fields.get("title", ""), flags=re.DOTALL)
        chapters.append({"title": title, "start": start, "end": end})
    return chapters
