"""What was made already, by key: a local folder of files that are whole or absent.

A key is the hash of everything that decides a file's content, so two writers of one key write the
same thing and the last one wins. A file appears under its name only when it is complete and on disk, and its hash stands
beside it (rendering/sums.py): what is not any more what was written counts as absent, so whoever can make it makes it again.
"""

from __future__ import annotations

import errno
import logging
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rendering import sums

log = logging.getLogger(__name__)

RESERVE = 200 * 1024 * 1024  # bytes that stay free for the database
LEFT_BEHIND = 24 * 3600  # seconds after which an unfinished file has no writer any more
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
AWAY = (errno.EROFS, errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.ENODEV, errno.ENXIO)
BROKEN = (errno.EIO,)  # of one file, when it is read


class StoreFull(Exception):
    """There is no room. Ours to mend: nothing half-written stays behind."""

    sentence = "The disk is full, so nothing more can be saved; make room and try again."

    def __init__(self) -> None:
        super().__init__(self.sentence)


class StoreAway(Exception):
    """The store cannot be written or does not answer. Ours to mend."""

    sentence = "The files cannot be reached just now. Nothing is lost; try again in a minute."

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
        self._unfinished.mkdir(parents=True, exist_ok=True)
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
        draft = self._unfinished / f"{secrets.token_hex(8)}{suffix}"
        with self._room():
            try:
                yield draft
                _sync(draft)
                self._place(draft, path, sums.digest(draft))
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
        folder = self._unfinished / secrets.token_hex(8)
        with self._room():
            folder.mkdir()
            try:
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)

    def healthy(self) -> bool:
        """Whether a file can be written, read back and removed."""
        probe = f"{0:062x}{secrets.token_hex(1)}"
        try:
            with self.write(probe, ".probe") as draft:
                draft.write_bytes(b"likeness")
            whole = self.path(probe, ".probe").read_bytes() == b"likeness"
            self.remove(probe, ".probe")
        except (OSError, StoreFull, StoreAway):
            return False
        return whole

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

    def _place(self, draft: Path, path: Path, sha256: str) -> None:
        """The finished draft under its name, and its hash beside it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        os.replace(draft, path)
        sums.keep(path, sha256)

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

    def _tidy(self) -> None:
        """Removes what killed writers left."""
        oldest = time.time() - LEFT_BEHIND
        for entry in self._unfinished.iterdir():
            try:
                if entry.stat().st_mtime > oldest:
                    continue
                if entry.is_dir():
                    shutil.rmtree(entry, ignore_errors=True)
                else:
                    entry.unlink(missing_ok=True)
            except FileNotFoundError:
                continue  # another process tidies too


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
