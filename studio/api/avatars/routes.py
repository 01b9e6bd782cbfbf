"""Avatars: listed, made from a photo, read and deleted."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from ninja import File, Form, Router, Status
from ninja.files import UploadedFile

from studio import access
from studio.api.avatars import answers
from studio.api.common import (
    IDEMPOTENCY,
    PROBLEMS,
    READ_PROBLEMS,
    Problem,
    as_json,
    invalid,
    offered,
    workspace_of,
)
from studio.api.idempotency import Note, key_of, once
from studio.library import photos, questions
from studio.models import Avatar, Voice

router = Router()


@router.get(
    "/avatars",
    response={200: answers.AvatarList, 401: Problem, 429: Problem},
    summary="List avatars",
    tags=["Avatars and voices"],
)
def avatar_list(request: HttpRequest) -> Any:
    """Stock avatars and those of the workspace, in any status. A render takes the id or the slug."""
    mine = Q(workspace=None) | Q(workspace=workspace_of(request, "see"))
    return {
        "data": answers.avatar_resources(
            request, list(Avatar.objects.filter(mine, retired_at=None))
        )
    }


@router.post(
    "/avatars",
    response={202: answers.Avatar, **PROBLEMS},
    summary="Make an avatar from a photo",
    tags=["Avatars and voices"],
    openapi_extra={"parameters": IDEMPOTENCY["parameters"][:1]},
)
def avatar_create(
    request: HttpRequest,
    response: HttpResponse,
    photo: File[UploadedFile],
    name: str = Form("", max_length=80),
    voice_id: str = Form("", max_length=64, description="One that suits most faces if absent."),
    living_person: bool | None = Form(
        None,
        description="`true` states that this is a photo of a living person. The record of consent keeps it with the key. "
        "Without it, somebody is asked on the avatar's page where the photo leaves doubt.",
    ),
) -> Any:
    """`photo` is a JPEG, PNG, WebP or HEIC of up to 20 MB. 202 with `Location`; read it there until its status is not `making`. That takes some seconds.

    Then somebody looks at it and keeps it on its page, and the person in the photo agrees there, in front of a camera.
    Until then it is `locked`.
    """
    workspace = workspace_of(request, "cast")
    key_of(request)  # before anything is decoded
    if living_person is False:
        ended = questions.QUESTIONS[questions.LIVING].ended
        raise invalid("living_person", str(ended), code="not_a_living_person")
    voices = Voice.offered_to(workspace).filter(
        workspace=None
    )  # an own voice may speak in drafts only
    voice = offered(voices, voice_id, "voice_id", "voice").slug if voice_id else ""
    said = (
        {questions.LIVING: questions.given(questions.LIVING, "yes", request.auth)}  # type: ignore[attr-defined]  # the key
        if living_person
        else {}
    )
    sent = hashlib.sha256(json.dumps([name, voice_id, *([True] if living_person else [])]).encode())
    for chunk in photo.chunks():
        sent.update(chunk)

    with photos.opened(workspace, photo) as taken:

        def effect(note: Note) -> None:
            photos.add(workspace, None, taken, name=name, voice=voice, answers=said, note=note)

        def answer(avatar_id: str) -> dict[str, Any]:
            made = access.own_avatar(workspace, avatar_id)
            return as_json(answers.avatar_resources(request, [made])[0])

        first = once(request, workspace, 202, effect, answer, sha256=sent.hexdigest())
    address = reverse("api-1:avatar_detail", args=[first.body["id"]])
    response["Location"] = request.build_absolute_uri(address)
    response["Retry-After"] = "2"
    if first.replayed:
        response["Idempotent-Replayed"] = "true"
    return Status(first.status, first.body)


@router.get(
    "/avatars/{slug:avatar_id}",
    response={200: answers.Avatar, **READ_PROBLEMS},
    summary="Read an avatar of the workspace",
    tags=["Avatars and voices"],
    url_name="avatar_detail",
)
def avatar_detail(request: HttpRequest, avatar_id: str) -> Any:
    """An avatar made from a photo, and how far it is."""
    return answers.avatar_resources(
        request, [access.own_avatar(workspace_of(request, "see"), avatar_id)]
    )[0]


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
