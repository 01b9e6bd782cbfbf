"""Files behind signed links that expire. Whoever holds a link may fetch; only views that went through
`access` hand them out. One byte range per request, so that players can seek."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
)
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.http import content_disposition_header, http_date
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from rendering import storage
from studio import links
from studio.errors import Problem

TYPES = {
    ".mp4": "video/mp4",
    ".webm": "video/webm",
    ".c2pa": "application/c2pa",
    ".vtt": "text/vtt; charset=utf-8",
    ".srt": "application/x-subrip; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".json": "application/json",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".wav": "audio/wav",
    ".flac": "audio/flac",
    ".m4a": "audio/mp4",
}
RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})\Z")


def _problem(request: HttpRequest, status: int, code: str, title: str, sentence: str):
    context = {"problem": Problem(status, code, title, sentence), "request_id": request.id}  # type: ignore[attr-defined]
    return render(request, "problem.html", context, status=status)


@require_safe
def file_serve(request: HttpRequest, token: str, name: str) -> HttpResponseBase:
    try:
        link = links.read(token)
    except links.Invalid:
        link = None
    if link is None or link.name != name:
        return _problem(
            request,
            403,
            "link_invalid",
            "This link does not work",
            "The link is not complete or was changed. Open the page of the render for a fresh one.",
        )
    if time.time() >= link.expires:
        return _problem(
            request,
            403,
            "link_expired",
            gettext("This link has expired"),
            gettext(
                "Links to files expire after a while. Open the page of the render for a fresh one."
            ),
        )
    if not link.download and "download" in request.GET:
        return _problem(
            request,
            403,
            "link_invalid",
            "This link is for playing",
            "Downloads have links of their own, on the page of the render.",
        )
    suffix = link.suffix
    if suffix == ".mp4":  # large; captions stay on this site, because players fetch them as its own
        kind, left = TYPES[suffix], max(1, int(link.expires - time.time()))
        options: dict[str, Any] = {"kind": kind, "seconds": left, "download": link.download}
        if elsewhere := storage.store().url(link.key, suffix, name=name, **options):
            answer = HttpResponseRedirect(elsewhere)
            answer["Cache-Control"] = "private, no-store"
            return answer
    path = storage.store().find(link.key, suffix)
    if path is None and storage.store().is_damaged(link.key, suffix):
        return _problem(
            request,
            410,
            "file_damaged",
            "This file is damaged",
            gettext(
                "It no longer is what was delivered, so it is not handed out. The page of the render makes it again, free of charge."
            ),
        )
    if path is None:
        return _problem(
            request,
            404,
            "file_gone",
            "This file is no longer here",
            "It was kept for a while and then removed. Render the project again to make a new one.",
        )
    return serve(request, path, name, download=link.download)


def _range(header: str, size: int) -> tuple[int, int] | None:
    """First and last byte of a single range (RFC 9110, 14.1.2), or None if the header is to be
    ignored. A range that holds nothing comes back with first > last."""
    match = RANGE.match(header)
    if not match or not any(match.groups()):
        return None
    start, end = match.groups()
    if not start:  # the last `end` bytes
        return (max(0, size - int(end)), size - 1) if int(end) else (size, size - 1)
    if end and int(end) < int(start):
        return None
    return int(start), min(int(end), size - 1) if end else size - 1


class Part:
    """The bytes of a file from the first to the last, opened when they are read."""

    def __init__(self, path: Path, first: int, last: int) -> None:
        self.path, self.first, self.left = path, first, last - first + 1
        self.file: IO[bytes] | None = None

    def read(self, size: int) -> bytes:
        if self.file is None:
            self.file = self.path.open("rb")
            self.file.seek(self.first)
        data = self.file.read(min(size, self.left))
        self.left -= len(data)
        return data

    def close(self) -> None:
        if self.file:
            self.file.close()


def serve(request: HttpRequest, path: Path, name: str, *, download: bool) -> HttpResponseBase:
    """The file, or the one range of it that was requested."""
    stat = path.stat()
    size, modified = stat.st_size, http_date(stat.st_mtime)
    etag = f'"{stat.st_mtime_ns:x}-{size:x}"'
    wanted = _range(request.headers.get("Range", ""), size) if request.method == "GET" else None
    if request.headers.get("If-Range", etag) not in (etag, modified):
        wanted = None
    response: HttpResponseBase
    if etag in re.split(r"\s*,\s*", request.headers.get("If-None-Match", "")):
        response = HttpResponse(status=304)
    elif wanted and wanted[0] > wanted[1]:
        response = HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    else:
        first, last = wanted or (0, size - 1)
        response = FileResponse(  # the server streams it without a thread of ours
            Part(path, first, last),
            status=206 if wanted else 200,
            content_type=TYPES.get(path.suffix, "application/octet-stream"),
            headers={"Content-Length": str(last - first + 1)},
        )
        if wanted:
            response["Content-Range"] = f"bytes {first}-{last}/{size}"
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = etag
    response["Last-Modified"] = modified
    response["Cache-Control"] = f"private, max-age={settings.SIGNED_URL_SECONDS}"
    response["Content-Disposition"] = content_disposition_header(download, name) or "inline"
    return response
