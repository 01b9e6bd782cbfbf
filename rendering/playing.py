"""A finished line that can be watched while the rest of its video is made: its pictures unchanged, joined with its
sound.

The joined films are temporary: they have a folder of their own, and are removed an hour after they were last watched.
"""

from __future__ import annotations

import os
import secrets
import threading
import time
from pathlib import Path

from rendering import media
from rendering.stages.mixing import CODECS
from rendering.values import BadInput, Canceled, Segment
from rendering.words import gettext

EXPIRES = 3600.0  # seconds after it was last watched
AT_ONCE = 2  # films that one process joins at a time
PATIENCE = 5.0  # seconds that a request waits for its turn
LONGEST = 20.0  # seconds that joining may take

_turns = threading.BoundedSemaphore(AT_ONCE)


def film(line: Segment, folder: Path) -> Path:
    """The line as a film with sound. Raises BadInput if many are asked for at once, or it is too long to be joined now."""
    path = folder / f"{line.key}{line.video.suffix}"
    try:
        os.utime(path)
        return path
    except FileNotFoundError:
        folder.mkdir(parents=True, exist_ok=True)
    if not _turns.acquire(timeout=PATIENCE):
        raise _busy("Many lines are opened just now; press Play again in a moment.")
    draft = folder / f"{secrets.token_hex(8)}{line.video.suffix}"
    stop = threading.Event()
    alarm = threading.Timer(LONGEST, stop.set)
    alarm.start()
    try:
        _forget(folder)
        media.run(
            [
                *("-i", line.video, "-i", line.sound, "-map", "0:v", "-map", "1:a"),
                *("-c:v", "copy", "-c:a", CODECS[line.video.suffix], "-b:a", "128k"),
                *(["-movflags", "+faststart"] if line.video.suffix == ".mp4" else []),
                *("-f", line.video.suffix.removeprefix("."), draft),
            ],
            stop=stop,
        )
        os.replace(draft, path)
    except Canceled:
        raise _busy(
            gettext("This line is too long to be opened just now; watch it when the video is done.")
        ) from None
    finally:
        alarm.cancel()
        _turns.release()
        draft.unlink(missing_ok=True)
    return path


def _busy(sentence: str) -> BadInput:
    return BadInput(sentence, code="rate_limited", retry_after=2)


def _forget(folder: Path) -> None:
    """Removes what nobody has watched for a while."""
    oldest = time.time() - EXPIRES
    for path in folder.iterdir():
        try:
            if path.stat().st_mtime < oldest:
                path.unlink()
        except FileNotFoundError:
            continue  # another process tidies too
