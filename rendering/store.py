"""What was made already, by key: a local folder of files that are whole or absent.

A key is the hash of everything that decides a file's content, so two writers of one key write the
same thing and the last one wins. A file appears under its name only when it is complete and on disk, and its hash stands
beside it (rendering/sums.py): what is not any more what was written counts as absent, so whoever can make it makes it again.
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
OWNER = ".owner"  # ends the name of a file that a process holds locked while it may have drafts
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
AWAY = (errno.EROFS, errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.ENODEV, errno.ENXIO)
BROKEN = (errno.EIO,)  # of one file, when it is read


class StoreFull(Exception):
    """There is no room. Ours to mend: nothing half-written stays behind."""

    sentence = "The disk is full, so nothing more can be saved; make room and try again."
    waits = "Our disk is full, so renders wait."

    def __init__(self) -> None:
        super().__init__(self.sentence)


class StoreAway(Exception):
    """The store cannot be written or does not answer. Ours to mend."""

    sentence = "The files cannot be reached just now. Nothing is lost; try again in a minute."
    waits = "Our store of files does not answer just now, so renders wait."

    def __init__(self, problem: object) -> None:
        super().__init__(f"{self.sentence} ({problem})")


class Store:
    """Keys are 3 or more hexadecimal digits (shorter and other ones raise ValueError), suffixes like ".mp4".

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
        """Where the file is or would be."""
        if len(key) < 3 or not set(key) <= set("0123456789abcdef"):
            raise ValueError(f"not a key: {key!r}")
        return self.folder / key[:2] / f"{key}{suffix}"

    def find(self, key: str, suffix: str) -> Path | None:
        """The file if it is there and is what was written."""
        path = self.path(key, suffix)
        if self._is_whole(path):
            return path
        if path.exists():
            log.warning("%s is damaged and counts as absent", path)
        return None

    def is_damaged(self, key: str, suffix: str) -> bool:
        """Whether there is a file, but not the one that was written."""
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

        Raises StoreFull before the block when little is free, or after it when the disk ran full; StoreAway when it cannot be
        written.
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
        """The file is gone afterwards, also if there was none."""
        sums.drop(self.path(key, suffix))

    def forget(self, key: str) -> None:
        """No file of this key is there afterwards, whatever its suffix."""
        place = self.path(key, "")
        for path in place.parent.glob(f"{key}.*"):
            path.unlink(missing_ok=True)

    def still_there(self, key: str, suffix: str) -> bool:
        """As `find`, but never answered from a copy: another machine may have removed it."""
        return self.find(key, suffix) is not None

    def url(
        self, key: str, suffix: str, *, name: str, kind: str, seconds: int, download: bool
    ) -> str:
        """A signed link of the store's own; empty where the site serves the files."""
        return ""

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """An empty folder on the store's file system, removed afterwards. Raises StoreFull as `write`."""
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
        """Why nothing can be kept just now, if that is so: a file is written, read back and removed."""
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
        """Bytes of all that is kept, without the hashes."""
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
        """The finished draft under its name, and its hash beside it. Of two writers one comes after the other, or the file of
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
        """A new name for something unfinished, which says whose it is."""
        with self._lock:
            if not self._owner:
                self._owner = secrets.token_hex(8)
                mine = os.open(self._unfinished / f"{self._owner}{OWNER}", os.O_CREAT | os.O_RDWR)
                fcntl.flock(mine, fcntl.LOCK_EX)  # the kernel gives it back when this process ends
                weakref.finalize(self, os.close, mine)
        return self._unfinished / f"{self._owner}.{secrets.token_hex(8)}{suffix}"

    def _tidy(self) -> None:
        """Removes what killed writers left: at once where the owner is gone, after a day where it is not known."""
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
