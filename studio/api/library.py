"""What renders are made of: avatars, voices and uploads of the workspace."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Literal

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from ninja import File, Form, Router, Status
from ninja.files import UploadedFile

from studio import access
from studio.api import schemas
from studio.api.asked import offered
from studio.api.common import IDEMPOTENCY, PROBLEMS, READ_PROBLEMS, as_json, workspace_of
from studio.api.idempotency import Keep, key_of, once
from studio.api.resources import asset_resource, avatar_resources, voice_resources
from studio.library import photos, recordings, uploads
from studio.library.pictures import remove_asset
from studio.models import Avatar, Voice

router = Router()


@router.get(
    "/avatars",
    response={200: schemas.AvatarList, 401: schemas.Problem, 429: schemas.Problem},
    summary="List avatars",
    tags=["Avatars and voices"],
)
def avatar_list(request: HttpRequest) -> Any:
    """Stock avatars and those of the workspace, in whatever status. A render takes the id or the slug."""
    mine = Q(workspace=None) | Q(workspace=workspace_of(request, "see"))
    return {"data": avatar_resources(request, list(Avatar.objects.filter(mine, retired_at=None)))}


@router.post(
    "/avatars",
    response={202: schemas.Avatar, **PROBLEMS},
    summary="Make an avatar from a photo",
    tags=["Avatars and voices"],
    openapi_extra={"parameters": IDEMPOTENCY["parameters"][:1]},
)
def avatar_create(
    request: HttpRequest,
    response: HttpResponse,
    photo: File[UploadedFile],
    name: str = Form("", max_length=80),
    voice_id: str = Form("", max_length=64, description="Else one that suits most."),
) -> Any:
    """`photo` is a JPEG, PNG, WebP or HEIC of up to 20 MB. 202 with `Location`; read it there until its status is not `making`. That takes some seconds.

    Then somebody looks at it and keeps it on its page, and the person in the photo agrees there, in front of a camera.
    Until then it is `locked`.
    """
    workspace = workspace_of(request, "cast")
    key_of(request)  # before anything is decoded
    voices = Voice.offered_to(workspace).filter(workspace=None)  # an own voice may have drafts only
    voice = offered(voices, voice_id, "voice_id", "voice").slug if voice_id else ""
    sent = hashlib.sha256(json.dumps([name, voice_id]).encode())
    for chunk in photo.chunks():
        sent.update(chunk)

    with photos.received(workspace, photo) as taken:

        def effect(keep: Keep) -> None:
            photos.add(workspace, None, taken, name=name, voice=voice, keep=keep)

        def answer(avatar_id: str) -> dict[str, Any]:
            made = access.own_avatar(workspace, avatar_id)
            return as_json(avatar_resources(request, [made])[0])

        first = once(request, workspace, 202, effect, answer, sha256=sent.hexdigest())
    address = reverse("api-1:avatar_detail", args=[first.body["id"]])
    response["Location"] = request.build_absolute_uri(address)
    response["Retry-After"] = "2"
    if first.replayed:
        response["Idempotent-Replayed"] = "true"
    return Status(first.status, first.body)


@router.get(
    "/avatars/{slug:avatar_id}",
    response={200: schemas.Avatar, **READ_PROBLEMS},
    summary="Read an avatar of the workspace",
    tags=["Avatars and voices"],
    url_name="avatar_detail",
)
def avatar_detail(request: HttpRequest, avatar_id: str) -> Any:
    """One that was made from a photo, and how far it is."""
    return avatar_resources(request, [access.own_avatar(workspace_of(request, "see"), avatar_id)])[
        0
    ]


@router.delete(
    "/avatars/{slug:avatar_id}",
    response={204: None, **READ_PROBLEMS},
    summary="Delete an avatar of the workspace",
    tags=["Avatars and voices"],
)
def avatar_delete(request: HttpRequest, avatar_id: str) -> Any:
    """At once: nothing new is made with it, and renders that use it end with their credits back."""
    photos.remove(access.own_avatar(workspace_of(request, "cast"), avatar_id))
    return Status(204, None)


@router.get(
    "/voices",
    response={200: schemas.VoiceList, 401: schemas.Problem, 429: schemas.Problem},
    summary="List voices",
    tags=["Avatars and voices"],
)
def voice_list(request: HttpRequest) -> Any:
    """Those that can be chosen, and what the workspace has of recordings, in whatever status. A render takes the id or the slug.

    A recording is made on its page, by the person who speaks in it: nobody can agree through the API.
    """
    mine = Q(workspace=None) | Q(workspace=workspace_of(request, "see"))
    return {"data": voice_resources(request, list(Voice.objects.filter(mine, retired_at=None)))}


@router.get(
    "/voices/{slug:voice_id}",
    response={200: schemas.Voice, **READ_PROBLEMS},
    summary="Read a recording of the workspace",
    tags=["Avatars and voices"],
    url_name="voice_detail",
)
def voice_detail(request: HttpRequest, voice_id: str) -> Any:
    """How far it is, and which stock voices are nearest to it."""
    return voice_resources(request, [access.recording(workspace_of(request, "see"), voice_id)])[0]


@router.delete(
    "/voices/{slug:voice_id}",
    response={204: None, **READ_PROBLEMS},
    summary="Delete a recording of the workspace",
    tags=["Avatars and voices"],
)
def voice_delete(request: HttpRequest, voice_id: str) -> Any:
    """At once and for good: what was measured is destroyed, and renders that use it end with their credits back."""
    recordings.remove(access.recording(workspace_of(request, "cast"), voice_id))
    return Status(204, None)


@router.post(
    "/assets",
    response={201: schemas.Asset, 202: schemas.Asset, **PROBLEMS},
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
    """For backgrounds, logos, overlays and music. It is read and encoded anew; what cannot be used is refused with the reason.

    An image is a JPEG, PNG, WebP or HEIC of up to 20 MB; a PNG or WebP keeps its alpha. A video is an MP4, MOV or WebM of up to 500 MB,
    10 minutes and 4096 x 2304 pixels; its sound is not used. It is looked at here and encoded afterwards: 202 with `Location`; read it there until
    its status is not `making`. Music is a WAV, MP3, M4A, FLAC, OGG or WebM of up to 100 MB and 30 minutes.
    """
    workspace = workspace_of(request, "edit")
    sent = hashlib.sha256(json.dumps([kind, name]).encode())
    for chunk in file.chunks():
        sent.update(chunk)

    key_of(request)  # a request that will be refused for its key is refused before the work
    with uploads.received(
        workspace, file, kind
    ) as taken:  # outside of the transaction, which others wait for

        def effect(keep: Keep) -> None:
            uploads.keep(workspace, name.strip() or file.name or "", taken, told=keep)

        def answer(asset_id: str) -> dict[str, Any]:
            return as_json(asset_resource(access.asset(workspace, asset_id)))

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
    response={200: schemas.Asset, **READ_PROBLEMS},
    summary="Read an upload",
    tags=["Assets"],
    url_name="asset_detail",
)
def asset_detail(request: HttpRequest, asset_id: str) -> Any:
    """A video that cannot be used ends as `refused`, or as `failed` where it is our fault; `findings` say why."""
    return asset_resource(access.asset(workspace_of(request, "see"), asset_id))


@router.delete(
    "/assets/{slug:asset_id}",
    response={204: None, **READ_PROBLEMS},
    summary="Delete an upload",
    tags=["Assets"],
)
def asset_delete(request: HttpRequest, asset_id: str) -> Any:
    """It is offered no more; scenes that show it fall back to their colour, and finished videos stay as they are."""
    remove_asset(access.asset(workspace_of(request, "edit"), asset_id))
    return Status(204, None)
