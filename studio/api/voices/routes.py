"""Voices: listed, read and deleted."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from ninja import Router, Status

from studio import access
from studio.api.common import READ_PROBLEMS, Problem, workspace_of
from studio.api.voices import answers
from studio.library import recordings
from studio.models import Voice

router = Router()


@router.get(
    "/voices",
    response={200: answers.VoiceList, 401: Problem, 429: Problem},
    summary="List voices",
    tags=["Avatars and voices"],
)
def voice_list(request: HttpRequest) -> Any:
    """Stock voices and the workspace's recordings, in any status. A render takes the id or the slug.

    A recording is made on its page, by the person who speaks in it: nobody can agree through the API.
    """
    mine = Q(workspace=None) | Q(workspace=workspace_of(request, "see"))
    return {
        "data": answers.voice_resources(request, list(Voice.objects.filter(mine, retired_at=None)))
    }


@router.get(
    "/voices/{slug:voice_id}",
    response={200: answers.Voice, **READ_PROBLEMS},
    summary="Read a recording of the workspace",
    tags=["Avatars and voices"],
    url_name="voice_detail",
)
def voice_detail(request: HttpRequest, voice_id: str) -> Any:
    """How far measuring it is, and which stock voices are nearest to it."""
    return answers.voice_resources(
        request, [access.recording(workspace_of(request, "see"), voice_id)]
    )[0]


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
