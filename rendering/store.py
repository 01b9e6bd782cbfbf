"""The results made so far, by key: a local folder of files that are whole or absent.

A key is the hash of everything that decides a file's content, so two writers of one key write the same thing and the
last one wins. A file appears under its name only when it is complete and on disk, and its hash stands beside it
(rendering/sums.py): a file that has changed since it was written counts as absent, and is made again where that is
possible.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import logging
import os
import secrets
import shutil
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rendering import sums

log = logging.getLogger(__name__)

RESERVE = 200 * 1024 * 1024  # bytes that stay free for the database
LEFT_BEHIND = 24 * 3600  # seconds after which an unfinished file has no writer any more
OWNER = ".owner"  # suffix of a file that a process keeps locked while it may have drafts
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
AWAY = (errno.EROFS, errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.ENODEV, errno.ENXIO)
BROKEN = (errno.EIO,)  # of one file, when it is read


class StoreFull(Exception):
    """There is no room left. The operator has to mend it; nothing half-written stays behind."""

    sentence = "The disk is full, so nothing more can be saved; make room and try again."
    waits = "Our disk is full, so renders wait."

    def __init__(self) -> None:
        super().__init__(self.sentence)


class StoreAway(Exception):
    """The store cannot be written or does not answer. The operator has to mend it."""

    sentence = "The files cannot be reached just now. Nothing is lost; try again in a minute."
    waits = "Our store of files does not answer just now, so renders wait."

    def __init__(self, problem: object) -> None:
        super().__init__(f"{self.sentence} ({problem})")


class Store:
    """Keys are 3 or more hexadecimal digits (anything else raises ValueError), suffixes are like ".mp4".

    reserve: bytes that must be free before anything is written.
    """

    shared = False  # whether other machines see the same files

    def __init__(self, folder: Path | str, *, reserve: int = RESERVE) -> None:
        self.folder = Path(folder)
        self.reserve = reserve
        self._unfinished = self.folder / "unfinished"
        self._owner = ""
        self._lock = threading.Lock()
        try:
            self._unfinished.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise StoreAway(problem) from problem
        self._tidy()

    def path(self, key: str, suffix: str) -> Path:
        """The path of the file, whether it exists or not."""
        if len(key) < 3 or not set(key) <= set("0123456789abcdef"):
            raise ValueError(f"not a key: {key!r}")
        return self.folder / key[:2] / f"{key}{suffix}"

    def find(self, key: str, suffix: str) -> Path | None:
        """The path of the file, if it exists and has not changed since it was written."""
        path = self.path(key, suffix)
        if self._is_whole(path):
            return path
        if path.exists():
            log.warning("%s is damaged and counts as absent", path)
        return None

    def is_damaged(self, key: str, suffix: str) -> bool:
        """Whether the file exists but has changed since it was written."""
        path = self.path(key, suffix)
        return path.exists() and not self._is_whole(path)

    def _is_whole(self, path: Path) -> bool:
        try:
            return sums.is_whole(path)
        except OSError as problem:
            if problem.errno in BROKEN:  # a bad block
                return False
            raise

    @contextmanager
    def write(self, key: str, suffix: str) -> Iterator[Path]:
        """A path to write to; it becomes the file when the block ends well and is removed otherwise.

        Raises StoreFull before the block if little space is free, or after it if the disk ran full; StoreAway if the
        store cannot be written.
        """
        path = self.path(key, suffix)
        with self._room():
            draft = self._draft(suffix)
            try:
                yield draft
                _sync(draft)
                self._publish(draft, path, sums.digest(draft))
                _sync(path.parent)
            finally:
                draft.unlink(missing_ok=True)

    def remove(self, key: str, suffix: str) -> None:
        """Removes the file; fine if it does not exist."""
        sums.drop(self.path(key, suffix))

    def forget(self, key: str) -> None:
        """Removes all files of this key, whatever their suffix."""
        folder = self.path(key, "").parent
        for path in folder.glob(f"{key}.*"):
            path.unlink(missing_ok=True)

    def still_there(self, key: str, suffix: str) -> bool:
        """Whether the file exists, never answered from a copy: another machine may have removed it."""
        return self.find(key, suffix) is not None

    def url(
        self, key: str, suffix: str, *, name: str, kind: str, seconds: int, download: bool
    ) -> str:
        """A signed link to the store itself; empty where the site serves the files."""
        return ""

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """An empty folder on the store's file system, removed afterwards. Raises StoreFull like `write`."""
        with self._room():
            folder = self._draft("")
            folder.mkdir()
            try:
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)

    def healthy(self) -> bool:
        """Whether a file can be written, read back and removed."""
        return not self.trouble()

    def trouble(self) -> StoreFull | StoreAway | None:
        """Why nothing can be stored just now, or None: a file is written, read back and removed."""
        probe = f"{0:062x}{secrets.token_hex(1)}"
        try:
            with self.write(probe, ".probe") as draft:
                draft.write_bytes(b"likeness")
            found = self._probed(probe)
            self.remove(probe, ".probe")
        except (StoreFull, StoreAway) as problem:
            return problem
        except OSError as problem:
            return StoreAway(problem)
        return (
            None if found == b"likeness" else StoreAway("it does not give back what it was given")
        )

    def _probed(self, probe: str) -> bytes:
        return self.path(probe, ".probe").read_bytes()

    def total(self) -> int:
        """Bytes of all files in the store, without the hashes."""
        found = 0
        for folder, _, names in os.walk(self.folder):
            for name in names:
                if name.endswith(sums.SUFFIX):
                    continue
                try:
                    found += os.stat(os.path.join(folder, name)).st_size
                except FileNotFoundError:
                    continue  # renamed or removed meanwhile
        return found

    def _publish(self, draft: Path, path: Path, sha256: str) -> None:
        """Moves the finished draft to its path and writes its hash beside it. Two writers take turns, or the file of
        one would stand beside the hash of the other."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with _alone(path.parent):
            os.replace(draft, path)
            sums.write(path, sha256)

    @contextmanager
    def _room(self) -> Iterator[None]:
        """Turns every way of running out of room into StoreFull, and a disk that is gone or read-only into StoreAway."""
        try:
            free = shutil.disk_usage(self._unfinished).free
        except OSError as problem:
            raise StoreAway(problem) from problem
        if free < self.reserve:
            raise StoreFull
        try:
            yield
        except OSError as problem:
            if problem.errno in FULL:
                raise StoreFull from problem
            if problem.errno in AWAY:
                raise StoreAway(problem) from problem
            raise

    def _draft(self, suffix: str) -> Path:
        """A new path for something unfinished, with a name that says which process owns it."""
        with self._lock:
            if not self._owner:
                self._owner = secrets.token_hex(8)
                mine = os.open(self._unfinished / f"{self._owner}{OWNER}", os.O_CREAT | os.O_RDWR)
                fcntl.flock(mine, fcntl.LOCK_EX)  # the kernel gives it back when this process ends
                weakref.finalize(self, os.close, mine)
        return self._unfinished / f"{self._owner}.{secrets.token_hex(8)}{suffix}"

    def _tidy(self) -> None:
        """Removes what killed writers left: at once if the owner is gone, after a day if it is unknown."""
        for lock in self._unfinished.glob(f"*{OWNER}"):
            with contextlib.suppress(OSError), lock.open("rb") as held:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                for entry in self._unfinished.glob(f"{lock.stem}.*"):
                    if entry != lock:
                        _remove(entry)
                _remove(lock)
        oldest = time.time() - LEFT_BEHIND
        for entry in self._unfinished.iterdir():
            with contextlib.suppress(
                OSError
            ):  # another process tidies too, or the disk is read-only
                if entry.suffix != OWNER and entry.stat().st_mtime <= oldest:
                    _remove(entry)


def _remove(entry: Path) -> None:
    if entry.is_dir():
        shutil.rmtree(entry, ignore_errors=True)
    else:
        entry.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """No other thread or process is inside this block for the same folder."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)  # gives it back
