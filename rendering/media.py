"""The only module that runs ffmpeg: as a child that dies with us, stops when asked, and whose complaints
go to our log and never to a user."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import logging
import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO

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
    """The ffmpeg of the imageio-ffmpeg wheel, or the one that IMAGEIO_FFMPEG_EXE names."""
    import imageio_ffmpeg

    return imageio_ffmpeg.get_ffmpeg_exe()


@functools.cache
def has_encoder(name: str) -> bool:
    listed = subprocess.run(
        [program(), "-hide_banner", "-encoders"], capture_output=True, text=True, timeout=30
    )
    return any(line.split()[1:2] == [name] for line in listed.stdout.splitlines())


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
    stop: threading.Event | None = None,
) -> None:
    """Runs ffmpeg to its end; `feed` goes to its standard input as it is made.

    Whatever `feed` raises is passed on. Raises Canceled within a second of `stop`, MediaFailed when
    ffmpeg fails. In every case no process is left.
    """
    command = [program(), "-hide_banner", "-loglevel", "error", "-y", *map(str, arguments)]
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL if feed is None else subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=complaints,
            env={**os.environ, "SVT_LOG": "1"},
            preexec_fn=_die_with_parent(),
        )
        try:
            if feed is not None and process.stdin is not None:
                _fill(process.stdin, feed, stop)
            _wait(process, stop)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        if process.returncode:
            complaints.seek(0, os.SEEK_END)
            complaints.seek(max(0, complaints.tell() - TAIL))
            why = complaints.read().decode(errors="replace").strip()
            log.error("ffmpeg ended with %s: %s", process.returncode, why)
            if "No space left on device" in why:
                raise OSError(28, "ffmpeg found no room")
            raise MediaFailed(f"ffmpeg ended with {process.returncode}")


def _fill(
    pipe: IO[bytes], feed: Iterable[bytes | memoryview], stop: threading.Event | None
) -> None:
    import fcntl

    with contextlib.suppress(OSError):  # only slower
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    try:
        for chunk in feed:
            if stop is not None and stop.is_set():
                raise Canceled
            pipe.write(chunk)
        pipe.close()
    except BrokenPipeError:
        pass  # ffmpeg ended early: its status says why


def _wait(process: subprocess.Popen[bytes], stop: threading.Event | None) -> None:
    while True:
        try:
            process.wait(PATIENCE)
            return
        except subprocess.TimeoutExpired:
            if stop is not None and stop.is_set():
                raise Canceled from None


def video_encoder(codec: str, fps: int, *, draft: bool = False) -> list[str]:
    """Encoder settings: closed groups of pictures of two seconds, equal headers for equal formats.

    Raises BadInput for a codec that the ffmpeg at hand cannot write.
    """
    group = ["-g", str(2 * fps), "-pix_fmt", "yuv420p"]
    color = ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"]
    color += ["-color_range", "tv", "-video_track_timescale", str(512 * fps)]
    if codec == "h264":
        speed = ["veryfast", "27"] if draft else ["fast", "19"]
        chosen = ["-c:v", "libx264", "-preset", speed[0], "-crf", speed[1], "-flags", "+cgop"]
    elif codec == "av1" and has_encoder("libsvtav1"):
        speed = ["12", "40"] if draft else ["8", "28"]
        chosen = ["-c:v", "libsvtav1", "-preset", speed[0], "-crf", speed[1]]
        chosen += ["-svtav1-params", "irefresh-type=2"]
    else:
        raise BadInput(f"Video cannot be written as {codec[:20]!r} here; use h264.")
    return chosen + group + color
