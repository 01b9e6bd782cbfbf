"""Stores the hash of a file beside it, and checks whether the file has changed since it was written.

`ab…cd.mp4` has its SHA-256 in `ab…cd.mp4.sum`. A file that this process has read lately and that was not touched since
is not read again, so a film that is played in pieces costs one reading.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import threading
import time
from pathlib import Path

SUFFIX = ".sum"
TRUSTED = (
    600.0  # seconds for which a reading holds while inode, size and time of the file stay the same
)
REMEMBERED = 4096  # files

_known: dict[Path, tuple[tuple[int, int, int], float]] = {}  # of files found whole
_lock = threading.Lock()


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def beside(path: Path) -> Path:
    return path.with_name(path.name + SUFFIX)


def write(path: Path, sha256: str) -> None:
    """Writes the hash beside the file. Not synced: a lost hash is computed again."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}{SUFFIX}")
    try:
        draft.write_text(sha256, encoding="ascii")
        os.replace(draft, beside(path))
    finally:
        draft.unlink(missing_ok=True)


def read(path: Path) -> str | None:
    """The hash stored beside the file, or None."""
    try:
        text = beside(path).read_text(encoding="ascii")
    except (FileNotFoundError, UnicodeDecodeError):
        return None
    return text if len(text) == 64 and set(text) <= set("0123456789abcdef") else None


def drop(path: Path) -> None:
    """Removes the file and its hash."""
    path.unlink(missing_ok=True)
    beside(path).unlink(missing_ok=True)


def is_whole(path: Path, sha256: str = "") -> bool:
    """Whether the file exists and is what was written: has the hash `sha256`, or else the one stored beside it.

    A file without a hash, from before hashes were stored, is accepted as it is and gets one.
    """
    try:
        found = path.stat()
    except FileNotFoundError:
        return False
    seen = (found.st_ino, found.st_size, found.st_mtime_ns)
    with _lock:
        known = _known.get(path)
    if known and known[0] == seen and time.monotonic() - known[1] < TRUSTED:
        return True
    if not _compare(path, sha256):
        return False
    with _lock:
        if len(_known) >= REMEMBERED:
            _known.clear()
        _known[path] = (seen, time.monotonic())
    return True


def _compare(path: Path, sha256: str) -> bool:
    for _ in range(2):  # a writer may have replaced the file and not yet its hash
        wanted = sha256 or read(path)
        try:
            is_now = digest(path)
        except FileNotFoundError:
            return False
        if wanted is None:
            with contextlib.suppress(OSError):  # the disk may be full or not ours to write
                write(path, is_now)
            return True
        if is_now == wanted:
            return True
    return False
