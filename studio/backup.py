"""A copy of all that belongs together: database, stored files, uploads, the signer, the key of this installation, mails.

The database is copied first, as of one moment. Files come after it: those that its rows name were complete before the rows
were written, and a file never changes under its name, so the copy is whole even while films are being made. A second copy into
the same folder adds only what is new, and until its manifest is in place the one before it stays good.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone

from rendering import sums
from rendering.models import Render, Segment, Worker

MANIFEST = "manifest.json"
BEGUN = ".likeness-backup"  # in a folder whose first copy has begun
VERSION = 1
PASSING = (".upload", ".owner", sums.SUFFIX)  # suffixes of files that are of no use elsewhere


class CannotBackUp(Exception):
    """With a sentence for the operator."""


@dataclass
class Report:
    """What was done. damaged: files that no longer are what was written, and were left out."""

    files: int = 0
    copied: int = 0
    bytes: int = 0
    damaged: list[str] = field(default_factory=list)


def sources() -> dict[str, Path]:
    """Name in the copy -> folder or file here. Without a bucket, and without a signer outside the data folder."""
    found = {
        "uploads": settings.MEDIA_DIR,
        "outbox": Path(settings.EMAIL_FILE_PATH),
    }
    if settings.C2PA_DIR.is_relative_to(settings.DATA_DIR):
        found["c2pa"] = settings.C2PA_DIR
    if settings.AUDIT_KEY.is_relative_to(settings.DATA_DIR):
        found["audit_key"] = settings.AUDIT_KEY
    if not settings.S3_BUCKET:
        found["store"] = settings.STORE_DIR
    if settings.EMBEDDED:
        found["secret_key"] = settings.DATA_DIR / "secret_key"
    return found


def backup(folder: Path) -> Report:
    """Raises CannotBackUp."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)  # the signer's key is in it
    if any(folder.iterdir()) and not (folder / BEGUN).exists():
        raise CannotBackUp(
            f"{folder} holds something else; name an empty folder or one of an earlier backup."
        )
    (folder / BEGUN).touch()
    before = _manifest(folder) if (folder / MANIFEST).is_file() else {"files": {}}
    report, files = Report(), {}
    database = _dump(folder)
    for name, source in sources().items():
        for path in _files(source):
            under = f"{name}/{path.relative_to(source)}" if source.is_dir() else name
            with contextlib.suppress(FileNotFoundError):  # deleted meanwhile, at somebody's request
                entry = _copied(path, folder / under, before["files"].get(under), report)
                if entry is None:
                    report.damaged.append(str(path))
                else:
                    files[under] = entry
                    report.files += 1
                    report.bytes += entry["bytes"]
    manifest = {
        "version": VERSION,
        "made_at": timezone.now().isoformat(),
        "database": database,
        "uploads": str(settings.MEDIA_DIR),
        "bucket": settings.S3_BUCKET,
        "files": files,
    }
    draft = folder / f"{MANIFEST}.new"
    draft.write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    os.replace(draft, folder / MANIFEST)
    _drop_others(folder, {MANIFEST, BEGUN, database["file"], *files})
    return report


def _files(source: Path) -> Iterator[Path]:
    if source.is_file():
        yield source
        return
    for here, folders, names in os.walk(source):
        folders[:] = [name for name in folders if name not in ("unfinished", "packs")]
        for name in names:
            if not name.endswith(PASSING):
                yield Path(here) / name


def _copied(
    path: Path, target: Path, before: dict[str, Any] | None, report: Report
) -> dict[str, Any] | None:
    """The entry of the manifest, or None for a file that is damaged."""
    stat = path.stat()
    entry = {"bytes": stat.st_size, "modified": stat.st_mtime_ns}
    if before and target.is_file() and all(before[name] == entry[name] for name in entry):
        return before
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f"{target.name}.new")
    shutil.copy2(path, draft)
    sha256 = sums.digest(draft)
    if (sums.read(path) or sha256) != sha256:
        draft.unlink()
        return None
    os.replace(draft, target)
    report.copied += 1
    return {**entry, "sha256": sha256}


def _dump(folder: Path) -> dict[str, str]:
    draft = folder / "database.new"
    draft.unlink(missing_ok=True)
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        with contextlib.closing(sqlite3.connect(draft)) as copy:
            connection.connection.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
        kind = "sqlite3"
    else:
        _postgres("pg_dump", "--format=custom", "--no-owner", f"--file={draft}")
        kind = "dump"
    sha256 = sums.digest(draft)
    name = f"database-{sha256[:12]}.{kind}"
    os.replace(draft, folder / name)
    return {"file": name, "sha256": sha256}


def _postgres(program: str, *arguments: str) -> None:
    found = shutil.which(program)
    if found is None:
        raise CannotBackUp(f"{program} was not found; install the client programs of Postgres.")
    row = connection.settings_dict
    who = {"PGHOST": "HOST", "PGPORT": "PORT", "PGUSER": "USER", "PGPASSWORD": "PASSWORD"}
    given = {name: str(row[key]) for name, key in who.items() if row.get(key)}
    done = subprocess.run(
        [found, *arguments, f"--dbname={row['NAME']}"],
        env={**os.environ, **given},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise CannotBackUp(f"{program} failed: {done.stderr.strip()[-600:]}")


def _drop_others(folder: Path, named: set[str]) -> None:
    for path in list(folder.rglob("*")):
        if path.is_file() and str(path.relative_to(folder)) not in named:
            path.unlink()


# Restore


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise CannotBackUp(
            f"{folder} is no finished backup: it has no {MANIFEST}; name another folder."
        ) from None
    if manifest.get("version") != VERSION:
        raise CannotBackUp(f"{folder} was made by another version; restore it with that version.")
    return manifest


def check(folder: Path) -> dict[str, Any]:
    """The manifest, if every file is as it was copied. Raises CannotBackUp, which names those that are not."""
    manifest = _manifest(folder)
    named = {under: entry["sha256"] for under, entry in manifest["files"].items()}
    named[manifest["database"]["file"]] = manifest["database"]["sha256"]
    bad = [
        under
        for under, sha256 in named.items()
        if Path(under).is_absolute()
        or ".." in Path(under).parts
        or not (folder / under).is_file()
        or sums.digest(folder / under) != sha256
    ]
    if bad:
        listed = ", ".join(bad[:5]) + (" …" if len(bad) > 5 else "")
        raise CannotBackUp(f"The backup is damaged; missing or changed: {listed}. Use another one.")
    return manifest


def restore(folder: Path, *, force: bool = False) -> Path | None:
    """Replaces the data of this installation with the copy. force: also if there are any, which are moved aside to the folder that
    is returned (a Postgres database is overwritten). Raises CannotBackUp before anything is touched.
    """
    manifest = check(folder)
    kind = Path(manifest["database"]["file"]).suffix
    if (kind == ".sqlite3") != (connection.vendor == "sqlite"):
        raise CannotBackUp(
            "The backup is of the other kind of database; set DATABASE_URL to match."
        )
    _need_nobody()
    existing = [
        name
        for name, source in sources().items()
        if name not in ("secret_key", "audit_key") and _holds(source)
    ]
    if (existing or _has_people()) and not force:
        raise CannotBackUp(
            f"{settings.DATA_DIR} is in use ({', '.join(existing) or 'database'}); name an empty DATA_DIR, or use --force: its "
            "content is moved aside, a Postgres database is overwritten."
        )
    aside = settings.DATA_DIR / f"before-restore-{timezone.now():%Y%m%d-%H%M%S}"
    for name, source in sources().items():
        if source.exists():
            aside.mkdir(exist_ok=True, mode=0o700)
            shutil.move(source, aside / name)
    _load(folder / manifest["database"]["file"], aside)
    for under, entry in manifest["files"].items():
        name, _, rest = under.partition("/")
        if name not in sources():
            continue  # stored in a bucket, or elsewhere by the operator
        target = sources()[name] / rest if rest else sources()[name]
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(folder / under, target)
        if name == "store":
            sums.write(target, entry["sha256"])
    _settle_down(manifest["uploads"])
    return aside if aside.exists() else None


def _holds(source: Path) -> bool:
    return next(_files(source), None) is not None if source.exists() else False


def _has_people() -> bool:
    from studio.models import User  # the tables may not exist yet

    if connection.vendor == "sqlite" and not Path(connection.settings_dict["NAME"]).exists():
        return False
    try:
        return User.objects.exists()
    except DatabaseError:  # no tables yet
        return False


def _need_nobody() -> None:
    with (settings.DATA_DIR / "serve.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CannotBackUp("The studio runs on this data folder; stop it first.") from None


def _load(dump: Path, aside: Path) -> None:
    if connection.vendor != "sqlite":
        _postgres(
            "pg_restore", "--clean", "--if-exists", "--no-owner", "--exit-on-error", str(dump)
        )
        return
    connection.close()
    database = Path(connection.settings_dict["NAME"])
    for suffix in ("", "-wal", "-shm"):
        old = database.with_name(database.name + suffix)
        if old.exists():
            aside.mkdir(exist_ok=True, mode=0o700)
            shutil.move(old, aside / old.name)
    database.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(dump, database)


def _settle_down(uploads: str) -> None:
    """The copy's workers are gone: what they worked on waits again, uncounted. Paths to uploads are made those of this machine."""
    Worker.objects.all().delete()
    free: dict[str, Any] = {"lease_owner": "", "lease_until": None}
    Segment.objects.filter(status="running").update(status="waiting", **free)
    Render.objects.exclude(lease_until=None).update(**free)
    here = str(settings.MEDIA_DIR)
    if uploads == here:
        return
    old, new = json.dumps(uploads + os.sep)[:-1], json.dumps(here + os.sep)[:-1]
    columns = ((Segment.objects, "spec"), (Render.objects, "music"), (Render.objects, "bumpers"))
    for rows, name in columns:
        for pk, value in rows.values_list("pk", name).iterator(chunk_size=500):
            text = json.dumps(value, ensure_ascii=True)
            if old in text:
                rows.filter(pk=pk).update(**{name: json.loads(text.replace(old, new))})
