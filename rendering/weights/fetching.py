"""Fetches weights from the hub, from a mirror (https or S3), or from a folder; goes on with what was begun before.

A file grows as NAME.part in its own folder and gets its name only when its size and hash are right.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import hmac
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, urlparse

import requests
from urllib3.exceptions import HTTPError

from rendering.weights import NotReady, folder_of, get, record, recorded, sha256_of, whole
from rendering.weights.registry import REGISTRY, File, Weights

HUB = "https://huggingface.co"
PIECE = 1 << 20
TRIES = 5  # connections that may break before a file is given up
WAIT = (10, 60)  # seconds to connect, and between two pieces

SHA256 = re.compile(r"[0-9a-f]{64}")

Report = Callable[[File, int, int | None], None]
"""Called with (file, bytes fetched so far, bytes of the whole if known)."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """How an S3 mirror is reached; the region's own endpoint if none is named."""

    key: str
    secret: str
    region: str = "us-east-1"
    endpoint: str = ""


def fetch(
    engine: str,
    folder: Path,
    *,
    source: str = HUB,
    bucket: Bucket | None = None,
    report: Report = lambda file, here, whole: None,
) -> list[File]:
    """Fetches the missing files, and returns them.

    source: the hub's address; "s3://bucket/prefix" or "https://mirror/…", under which files lie as ENGINE/PATH; or a folder
    that holds ENGINE/PATH or PATH. Raises NotReady in one sentence; what was fetched stays for the next try.
    """
    weights = get(engine)
    home = folder_of(engine, folder)
    home.mkdir(parents=True, exist_ok=True)
    came = []
    with _alone(home):
        for file in weights.files:
            if whole(home, file):
                continue
            (home / file.path).parent.mkdir(parents=True, exist_ok=True)
            places = _places(weights, file, folder, source)
            for place in places:
                try:
                    _bring(weights, file, folder, place, bucket, report)
                    break
                except _NotThere:
                    if place == places[-1]:
                        raise
            came.append(file)
    return came


class _NotThere(NotReady):
    """The file is not there, or another file is; it may be elsewhere."""


def _places(weights: Weights, file: File, folder: Path, source: str) -> list[str]:
    """Where the file may come from, the best first: addresses, or paths."""
    twin = _twin(file, folder)
    if twin is not None:
        return [str(twin)]
    if urlparse(source).scheme not in {"http", "https", "s3"}:
        return [str(_found(weights, file, Path(source)))]
    plain = source.rstrip("/")
    return file.addresses(HUB) if plain == HUB else [f"{plain}/{weights.engine}/{file.path}"]


def _bring(
    weights: Weights,
    file: File,
    folder: Path,
    place: str,
    bucket: Bucket | None,
    report: Report,
) -> None:
    """Puts the file from that place into the engine's folder, and records it. Raises NotReady in one sentence."""
    home = folder_of(weights.engine, folder)
    path, stated = home / file.path, ""
    if urlparse(place).scheme:
        stated = _download(weights, file, path, place, bucket, report)
    elif Path(place).is_relative_to(folder) and place != str(path):
        _link(Path(place), path)
    else:
        _copy(Path(place), path)
        report(file, path.stat().st_size, path.stat().st_size)
    held = file.sha256 or recorded(home).get(file.path, {}).get("sha256") or stated
    digest = sha256_of(path)
    if held and digest != held:
        path.unlink()
        raise _NotThere(
            f"{file.path} of {weights.title} from {place} is not the published file (its sha256 is "
            f"{digest[:12]}…, not {held[:12]}…); fetch it again or from elsewhere."
        )
    size = path.stat().st_size
    record(home, file, sha256=digest, size=size, origin=place, stated=bool(stated))


def _link(twin: Path, path: Path) -> None:
    path.unlink(missing_ok=True)
    try:
        os.link(twin, path)
    except OSError:
        shutil.copyfile(twin, path)


def _twin(file: File, folder: Path) -> Path | None:
    """The same file in the folder of another engine: with the same published hash, or from the same origin."""
    for other in REGISTRY.values():
        home = folder / other.engine
        for same in other.files:
            equal = same == file or (file.sha256 and same.sha256 == file.sha256)
            if equal and whole(home, same):
                return home / same.path
    return None


def _found(weights: Weights, file: File, source: Path) -> Path:
    """The file in a folder that holds ENGINE/PATH or PATH."""
    for found in (source / weights.engine / file.path, source / file.path):
        if found.is_file():
            return found
    raise NotReady(
        f"{file.path} of {weights.title} is not in {source}; put it there, or fetch from the hub."
    )


def _copy(source: Path, path: Path) -> None:
    draft = path.with_name(f"{path.name}.part")
    shutil.copyfile(source, draft)
    draft.replace(path)


def _download(
    weights: Weights,
    file: File,
    path: Path,
    address: str,
    bucket: Bucket | None,
    report: Report,
) -> str:
    """Continues or begins `path`.part until it is whole; returns the hash that the server states, or ""."""
    draft = path.with_name(f"{path.name}.part")
    name = f"{file.path} of {weights.title}"
    trouble = published = ""
    for _ in range(TRIES):
        before = draft.stat().st_size if draft.is_file() else 0
        if file.bytes and before > file.bytes:
            draft.unlink()
            before = 0
        if file.bytes and before == file.bytes:
            break
        try:
            size, published = _go_on(file, draft, before, address, bucket, report)
        except (requests.RequestException, HTTPError) as problem:
            trouble = type(problem).__name__
            continue
        except OSError as problem:
            raise NotReady(
                f"{name} cannot be written: {problem.strerror}; make room and fetch again."
            ) from None
        except _Refused as answer:
            kind = _NotThere if answer.status == 404 else NotReady
            raise kind(
                f"{name} could not be fetched: {urlparse(address).netloc} answered {answer.status}; {answer.hint}"
            ) from None
        if draft.stat().st_size == size:
            break
        trouble = "the connection ended early"
    else:
        raise NotReady(
            f"{name} could not be fetched whole ({trouble}); run the same command to go on."
        )
    if file.bytes and draft.stat().st_size != file.bytes:
        size = draft.stat().st_size
        draft.unlink()
        raise _NotThere(
            f"{name} has {size} bytes at {urlparse(address).netloc}, not {file.bytes}; fetch it from elsewhere."
        )
    draft.replace(path)
    return published


class _Refused(Exception):
    def __init__(self, status: int, hint: str) -> None:
        self.status, self.hint = status, hint


def _go_on(
    file: File, draft: Path, before: int, address: str, bucket: Bucket | None, report: Report
) -> tuple[int, str]:
    """One connection. Returns the size and the hash of the whole, as the server states them.

    The hub states the hash of a large file in X-Linked-Etag of the answer that redirects to its storage
    (huggingface_hub, file_download.py).
    """
    headers = {"Accept-Encoding": "identity"}
    if before:
        headers["Range"] = f"bytes={before}-"
    url, headers = _signed(address, headers, bucket)
    with requests.get(url, headers=headers, stream=True, timeout=WAIT) as answer:
        if (
            answer.status_code == 416 and before
        ):  # the bytes so far may be the whole, or of another file
            size = int(answer.headers.get("Content-Range", "*/0").rpartition("/")[2] or 0)
            if size != before:
                draft.unlink()
                raise requests.ConnectionError("begun anew")
            return size, ""
        if answer.status_code in {401, 403}:
            raise _Refused(answer.status_code, "it asks for a login that is not given.")
        if answer.status_code == 404:
            raise _Refused(404, "the file is not there any more; fetch from a mirror or a folder.")
        if answer.status_code >= 500 or answer.status_code == 429:
            raise requests.ConnectionError(f"status {answer.status_code}")
        if answer.status_code not in {200, 206}:
            raise _Refused(answer.status_code, "try again later, or fetch from a mirror.")
        continued = answer.status_code == 206 and answer.headers.get(
            "Content-Range", ""
        ).startswith(f"bytes {before}-")
        here = before if continued else 0
        length = answer.headers.get("Content-Length")
        size = here + int(length) if length else file.bytes or 0
        with draft.open("ab" if continued else "wb") as out:
            while piece := answer.raw.read1(
                PIECE
            ):  # written at once, so that it stays if the connection breaks
                out.write(piece)
                here += len(piece)
                report(file, here, size or None)
            out.flush()
            os.fsync(out.fileno())
        etags = (step.headers.get("X-Linked-Etag", "") for step in (*answer.history, answer))
        published = next(
            (etag for etag in (e.strip('"') for e in etags) if SHA256.fullmatch(etag)), ""
        )
    return size or here, published


@contextlib.contextmanager
def _alone(home: Path) -> Iterator[None]:
    """One process fetches into a folder at a time; a second one waits, and then finds the files."""
    with (home / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _signed(
    address: str, headers: dict[str, str], bucket: Bucket | None
) -> tuple[str, dict[str, str]]:
    if not address.startswith("s3://"):
        return address, headers
    if bucket is None or not (bucket.key and bucket.secret):
        raise _Refused(401, "set MODELS_S3_KEY and MODELS_S3_SECRET.")
    parts = urlparse(address)
    if bucket.endpoint:
        base = bucket.endpoint.rstrip("/")
        url = f"{base}/{parts.netloc}{quote(parts.path)}"
    else:
        url = f"https://{parts.netloc}.s3.{bucket.region}.amazonaws.com{quote(parts.path)}"
    return url, sign(url, headers, bucket, datetime.now(UTC))


def sign(url: str, headers: dict[str, str], bucket: Bucket, now: datetime) -> dict[str, str]:
    """The headers with those of AWS Signature Version 4 for a GET without a body (AWS, "Signature calculations for the
    Authorization header", Amazon S3 API reference). url: already percent-encoded, without a query."""
    empty = hashlib.sha256(b"").hexdigest()
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    parts = urlparse(url)
    signed = {"host": parts.netloc, "x-amz-content-sha256": empty, "x-amz-date": stamp}
    if "Range" in headers:
        signed["range"] = headers["Range"]
    names = ";".join(sorted(signed))
    lines = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
    request = f"GET\n{parts.path}\n\n{lines}\n{names}\n{empty}"
    scope = f"{stamp[:8]}/{bucket.region}/s3/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = f"AWS4{bucket.secret}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    return {
        **headers,
        "x-amz-date": stamp,
        "x-amz-content-sha256": empty,
        "Authorization": (
            f"AWS4-HMAC-SHA256 Credential={bucket.key}/{scope},SignedHeaders={names},Signature={signature}"
        ),
    }
