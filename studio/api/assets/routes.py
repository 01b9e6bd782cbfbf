"""Uploads: added, read and deleted."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from ninja import File, Form, Router, Status
from ninja.files import UploadedFile

from studio import access
from studio.api.assets import answers
from studio.api.common import IDEMPOTENCY, PROBLEMS, READ_PROBLEMS, as_json, workspace_of
from studio.api.idempotency import Note, key_of, once
from studio.library import uploads
from studio.library.pictures import remove_asset

router = Router()


@router.post(
    "/assets",
    response={201: answers.Asset, 202: answers.Asset, **PROBLEMS},
    summary="Upload a picture, a video or music",
    tags=["Assets"],
    openapi_extra={"parameters": IDEMPOTENCY["parameters"][:1]},
)
def asset_create(
    request: HttpRequest,
    response: HttpResponse,
    file: File[UploadedFile],
    kind: Literal["image", "video", "music"] = Form(...),
    name: str = Form("", max_length=120),
) -> Any:
    """For backgrounds, logos, overlays and music. The file is read and encoded anew; one that cannot be used is refused with the reason.

    An image is a JPEG, PNG, WebP or HEIC of up to 20 MB; a PNG or WebP keeps its alpha. A video is an MP4, MOV or WebM of up to 500 MB,
    10 minutes and 4096 x 2304 pixels; its sound is not used. It is checked at once and encoded afterwards: 202 with `Location`; read it there until
    its status is not `making`. Music is a WAV, MP3, M4A, FLAC, OGG or WebM of up to 100 MB and 30 minutes.
    """
    workspace = workspace_of(request, "edit")
    sent = hashlib.sha256(json.dumps([kind, name]).encode())
    for chunk in file.chunks():
        sent.update(chunk)

    key_of(request)  # a request with an unusable key is refused before the work
    with uploads.opened(
        workspace, file, kind
    ) as taken:  # outside the transaction, which others wait for

        def effect(note: Note) -> None:
            uploads.add(workspace, name.strip() or file.name or "", taken, note=note)

        def answer(asset_id: str) -> dict[str, Any]:
            return as_json(answers.asset_resource(access.asset(workspace, asset_id)))

        status = 202 if kind == "video" else 201
        first = once(request, workspace, status, effect, answer, sha256=sent.hexdigest())
    address = reverse("api-1:asset_detail", args=[first.body["id"]])
    response["Location"] = request.build_absolute_uri(address)
    if first.body["status"] == "making":
        response["Retry-After"] = "2"
    if first.replayed:
        response["Idempotent-Replayed"] = "true"
    return Status(first.status, first.body)


@router.get(
    "/assets/{slug:asset_id}",
    response={200: answers.Asset, **READ_PROBLEMS},
    summary="Read an upload",
    tags=["Assets"],
    url_name="asset_detail",
)
def asset_detail(request: HttpRequest, asset_id: str) -> Any:
    """A video that cannot be used ends as `refused`, or as `failed` if it is our fault; `findings` say why."""
    return answers.asset_resource(access.asset(workspace_of(request, "see"), asset_id))


@router.delete(
    "/assets/{slug:asset_id}",
    response={204: None, **READ_PROBLEMS},
    summary="Delete an upload",
    tags=["Assets"],
)
def asset_delete(request: HttpRequest, asset_id: str) -> Any:
    """It is no longer offered; scenes that show it fall back to their colour, and finished videos stay as they are."""
    remove_asset(access.asset(workspace_of(request, "edit"), asset_id))
    return Status(204, None)
