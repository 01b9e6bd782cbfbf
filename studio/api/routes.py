"""The endpoints: access, one action, the resource."""

from __future__ import annotations

import base64
import binascii
import difflib
import hashlib
import json
import math
import re
import textwrap
import time
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal, TypeVar

from django.db.models import Count, Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from ninja import File, Form, Query, Router, Status
from ninja.files import UploadedFile
from ninja.responses import NinjaJSONEncoder

from billing import models as billing
from billing.models import Transfer, Wallet
from billing.plans import period_of
from rendering.models import Render, Segment
from rendering.stages import lettering
from studio import access, overlays, photos, recordings, uploads
from studio.actions import remove_asset, request_render
from studio.api import schemas
from studio.api.idempotency import key_of, once
from studio.api.problems import Refusal
from studio.api.resources import (
    asset_resource,
    avatar_resources,
    render_resource,
    render_resources,
    voice_resources,
)
from studio.models import Avatar, Clip, Picture, Project, Scene, Voice, Workspace
from studio.models.projects import RevisionConflict, new_seed

router = Router()

Row = TypeVar("Row", Avatar, Voice)
Asset = TypeVar("Asset", Picture, Clip)
PROBLEMS = dict.fromkeys((400, 401, 402, 403, 404, 409, 413, 415, 422, 429, 451), schemas.Problem)
READ_PROBLEMS = dict.fromkeys((401, 404, 429), schemas.Problem)
IDEMPOTENCY = {
    "parameters": [
        {
            "in": "header",
            "name": "Idempotency-Key",
            "required": True,
            "schema": {"type": "string", "pattern": "^[A-Za-z0-9_.:-]{1,255}$"},
            "description": "The same key and body again gives the first answer and makes nothing.",
        },
        {
            "in": "header",
            "name": "Prefer",
            "required": False,
            "schema": {"type": "string"},
            "description": "`wait=N`, N up to 60 seconds: 200 with the finished render if it is done by then.",
        },
    ]
}
PLAIN_ID = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
LONGEST_WAIT = 60
SOURCES = ("script", "scenes", "project_id")
OF_THE_PROJECT = (
    "title", "format", "language", "avatar_id", "voice_id", "voice_settings", "background",
    "layout", "overlays", "transition", "aspect_ratio", "resolution", "fps", "container", "captions",
    "logo", "music", "seed",
)  # fmt: skip


def workspace_of(request: HttpRequest) -> Workspace:
    return request.workspace  # type: ignore[attr-defined]  # set by the key


def _invalid(path: str, sentence: str, code: str = "invalid_field") -> Refusal:
    return Refusal(code, sentence, errors=[{"path": path, "code": code, "message": sentence}])


def _offered(rows: Iterable[Row], wanted: str, path: str, noun: str) -> Row:
    """The row with this id or slug; else the nearest slug is named."""
    slugs = []
    for row in rows:
        if wanted in (row.pk, row.slug):
            return row
        slugs.append(row.slug)
    near = difflib.get_close_matches(wanted, slugs, n=1)
    hint = f"Did you mean {near[0]}?" if near else f"GET /{noun}s lists them."
    raise _invalid(path, f"There is no {noun} {wanted}. {hint}")


def _asset(rows: QuerySet[Asset], wanted: str, path: str, noun: str) -> Asset:
    """An upload of the workspace. One of another workspace is one that does not exist."""
    row = rows.filter(pk=wanted, removed_at=None).first()
    if row is None:
        raise _invalid(path, f"There is no {noun} {wanted}; POST /assets takes it in.")
    return row


def _background(
    workspace: Workspace, wanted: schemas.Background | None, path: str
) -> dict[str, Any]:
    """Fields of a scene."""
    if wanted is None:
        return {}
    kind = {"image": "picture"}.get(wanted.type, wanted.type)
    found: dict[str, Any] = {"background": kind}
    needed = {"color": ["color"], "gradient": ["color", "to"], "none": []}
    for name in needed.get(kind, ["asset_id"]):
        if getattr(wanted, name) is None:
            raise _invalid(
                f"{path}.{name}",
                f"A background of type {wanted.type} needs its {name}.",
                "missing_field",
            )
    if kind == "picture":
        rows = Picture.objects.filter(workspace=workspace)
        found["picture"] = _asset(rows, wanted.asset_id or "", f"{path}.asset_id", "picture")
    elif kind == "video":
        clips = Clip.objects.filter(workspace=workspace, kind="video")
        found["clip"] = _asset(clips, wanted.asset_id or "", f"{path}.asset_id", "video")
    if wanted.color:
        found["background_color"] = wanted.color.lower()
    if wanted.to:
        found["background_to"] = wanted.to.lower()
    if wanted.angle is not None:
        found["background_angle"] = wanted.angle
    if wanted.fit:
        found["fit"] = wanted.fit
    return found


def _layout(wanted: schemas.Layout | None, path: str) -> dict[str, Any]:
    """Fields of a scene."""
    if wanted is None:
        return {}
    for name in ("heading", "body"):
        lettering.check(getattr(wanted, name), path=f"{path}.{name}")
    return {
        "layout": wanted.frame,
        "layout_side": wanted.side or "right",
        "layout_x": wanted.x,
        "layout_y": wanted.y,
        "layout_scale": wanted.scale,
        "heading": wanted.heading,
        "body": wanted.body,
    }


def _overlays(
    workspace: Workspace, wanted: list[schemas.Overlay] | None, path: str
) -> dict[str, Any]:
    """Fields of a scene."""
    if wanted is None:
        return {}
    rows = [overlay.model_dump(by_alias=True, exclude_none=True) for overlay in wanted]
    return {"overlays": overlays.checked(rows, workspace, path)}


def _anchored(scene: dict[str, Any], path: str) -> None:
    """Refuses overlays on words that the script does not have."""
    words = overlays.words_of(scene["script"], scene["markup"])
    for number, row in enumerate(scene.get("overlays", ())):
        for name in ("from", "to"):
            anchor = row[name]
            if anchor is None or not words:
                continue
            where = f"{path}overlays[{number}].{name}"
            if anchor["line"] > len(words):
                raise _invalid(f"{where}.line", f"The scene has only {len(words)} lines.")
            count = len(words[anchor["line"] - 1])
            if anchor["word"] > count:
                sentence = f"Line {anchor['line']} has only {count} words."
                raise _invalid(f"{where}.word", sentence)


def _scene(
    workspace: Workspace, scene: schemas.Choices, over: schemas.Choices, path: str
) -> dict[str, Any]:
    """The scene's own choices, else those of the request, else the first stock avatar and its voice."""

    def chosen(name: str) -> tuple[Any, str]:
        own = getattr(scene, name)
        return (own, f"{path}{name}") if own is not None else (getattr(over, name), name)

    wanted, where = chosen("avatar_id")
    avatars = Avatar.offered_to(workspace)
    avatar = (
        _offered(avatars, wanted, where, "avatar")
        if wanted
        else avatars.filter(workspace=None, of="").first()
    )
    if avatar is None:
        raise _invalid("avatar_id", "This workspace has no avatar yet.")
    wanted, where = chosen("voice_id")
    voices = Voice.offered_to(workspace)
    usual = voices.filter(slug=avatar.voice_slug).first() or voices.first()
    voice = _offered(voices, wanted, where, "voice") if wanted else usual
    if voice is None:
        raise _invalid("voice_id", "This workspace has no voice yet.")
    language, where = chosen("language")
    if language and language.lower() not in (voice.language.lower(), voice.language[:2].lower()):
        raise _invalid(
            where,
            f"{voice.name} speaks {voice.language}, not {language}; choose another voice.",
            "language_unsupported",
        )
    settings, _ = chosen("voice_settings")
    background, where = chosen("background")
    return {
        "avatar": avatar,
        "voice": voice,
        "markup": chosen("format")[0] or "markdown",
        "speed": settings.speed if settings else 1.0,
        "style": chosen("style")[0] or "neutral",
        "transition": chosen("transition")[0] or "cut",
        **_background(workspace, background, where),
        **_layout(*chosen("layout")),
        **_overlays(workspace, *chosen("overlays")),
    }


def _captions(wanted: schemas.Captions | None) -> dict[str, Any]:
    if wanted is None:
        return {}
    return {
        "burn_captions": wanted.burn_in,
        "caption_style": wanted.style or "boxed",
        "caption_position": wanted.position or "bottom",
    }


def _logo(workspace: Workspace, wanted: schemas.Logo | None) -> dict[str, Any]:
    if wanted is None:
        return {}
    rows = Picture.objects.filter(workspace=workspace)
    return {
        "logo": _asset(rows, wanted.asset_id, "logo.asset_id", "picture"),
        "logo_position": wanted.position,
        "logo_size": wanted.size,
    }


def _music(workspace: Workspace, wanted: schemas.Music | None) -> dict[str, Any]:
    if wanted is None:
        return {}
    rows = Clip.objects.filter(workspace=workspace, kind="music")
    usual = 10.0 if wanted.duck_by is None else wanted.duck_by
    return {
        "music": _asset(rows, wanted.asset_id, "music.asset_id", "music"),
        "music_volume": wanted.volume,
        "music_duck": usual if wanted.duck else 0.0,
    }


def first_words(script: str) -> str:
    """A title from a script: its first words without marks, at most 60 characters."""
    plain = re.sub(r"<[^>]*>|[#*_`>\[\]]", " ", script[:600])
    return textwrap.shorten(plain, 60, placeholder="…") or "Untitled"


def _make_project(workspace: Workspace, wanted: schemas.RenderRequest) -> Project:
    """The inline input as a project, so that every render can be opened in the studio."""
    inline = wanted.scenes or [schemas.SceneRequest(script=wanted.script or "")]
    scenes = [
        {
            **_scene(workspace, scene, wanted, f"scenes[{number}]." if wanted.scenes else ""),
            "script": scene.script,
            "title": scene.title or "",
        }
        for number, scene in enumerate(inline)
    ]
    for number, fields in enumerate(scenes):
        _anchored(fields, f"scenes[{number}]." if wanted.scenes else "")
    project = Project.objects.create(
        workspace=workspace,
        title=wanted.title or first_words(inline[0].script),
        aspect=wanted.aspect_ratio or "16:9",
        resolution=wanted.resolution or "720p",
        fps=wanted.fps or 25,
        container=wanted.container or ("webm" if wanted.codec == "vp9" else "mp4"),
        seed=new_seed() if wanted.seed is None else wanted.seed,
        **_captions(wanted.captions),
        **_logo(workspace, wanted.logo),
        **_music(workspace, wanted.music),
    )
    Scene.objects.bulk_create(
        Scene(project=project, position=position, **fields)
        for position, fields in enumerate(scenes, start=1)
    )
    return project


def _project_of(workspace: Workspace, wanted: schemas.RenderRequest) -> Project:
    sources = [name for name in SOURCES if getattr(wanted, name) is not None]
    if not sources:
        raise _invalid("script", "Send one of script, scenes and project_id.", "missing_field")
    if len(sources) > 1:
        raise _invalid(
            sources[1], f"Send {sources[0]} or {sources[1]}, not both.", "conflicting_fields"
        )
    if wanted.project_id is None:
        if wanted.revision is not None:
            raise _invalid("revision", "revision goes with project_id.", "conflicting_fields")
        return _make_project(workspace, wanted)
    for name in OF_THE_PROJECT:
        if getattr(wanted, name) is not None:
            raise _invalid(
                name,
                f"{name} is saved in the project; change it there, or send script instead of project_id.",
                "conflicting_fields",
            )
    if not PLAIN_ID.match(wanted.project_id):
        raise Refusal("not_found")
    project = access.project(workspace, wanted.project_id)
    if wanted.revision is not None:
        # Under its lock nobody saves between this look and the plan.
        project = Project.objects.select_for_update().get(pk=project.pk)
        if project.revision != wanted.revision:
            raise RevisionConflict(project)
    return project


def _wait_of(request: HttpRequest) -> int:
    """Seconds of `Prefer: wait=N`; what cannot be read is no preference (RFC 7240)."""
    found = re.search(r"(?:^|[,;\s])wait=(\d{1,4})(?:$|[,;\s])", request.headers.get("Prefer", ""))
    return min(int(found[1]), LONGEST_WAIT) if found else 0


def _wait(render_id: str, seconds: int) -> None:
    """Until the render is over, or the time is. Only looks."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if Render.objects.filter(pk=render_id, status__in=Render.OVER).exists():
            return
        time.sleep(0.25)


def retry_after(resource: dict[str, Any]) -> str:
    """When to look again: a tenth of what is left, 2 to 30 s."""
    eta = resource["eta"]
    return str(min(30, max(2, math.ceil(eta["seconds"] / 10)))) if eta else "10"


@router.post(
    "/renders",
    response={202: schemas.Render, 200: schemas.Render, **PROBLEMS},
    summary="Ask for a render",
    tags=["Renders"],
    openapi_extra=IDEMPOTENCY,
)
def render_create(
    request: HttpRequest, response: HttpResponse, payload: schemas.RenderRequest
) -> Any:
    """Screens the script, charges the quote and queues the render; what is not delivered is refunded.

    202 with `Location` and `Retry-After`; read the render there until its status is `done`, `failed`
    or `canceled`.
    """
    workspace = workspace_of(request)

    def effect() -> dict[str, Any]:
        render = request_render(
            _project_of(workspace, payload),
            key=request.auth,  # type: ignore[attr-defined]
            mode=payload.mode,
            codec=payload.codec,
            max_cost=payload.max_cost,
            reference=payload.reference,
            metadata=payload.metadata,
        )
        return as_json(render_resource(request, render))

    first = once(request, workspace, 202, effect)
    status, resource = first.status, first.body
    address = reverse("api-1:render_detail", args=[resource["id"]])
    response["Location"] = request.build_absolute_uri(address)
    if first.replayed:
        response["Idempotent-Replayed"] = "true"
    elif seconds := _wait_of(request):
        _wait(resource["id"], seconds)
        render = access.render(workspace, resource["id"])
        resource = as_json(render_resource(request, render))
        if render.is_over:
            status = 200
            response["Preference-Applied"] = f"wait={seconds}"
            first.answer_with(status, resource)
    if status == 202:
        response["Retry-After"] = retry_after(resource)
    return Status(status, resource)


@router.get(
    "/renders",
    response={
        200: schemas.RenderList,
        400: schemas.Problem,
        422: schemas.Problem,
        **READ_PROBLEMS,
    },
    summary="List renders",
    tags=["Renders"],
)
def render_list(
    request: HttpRequest,
    limit: int = Query(25, ge=1, le=100),
    cursor: str = Query("", max_length=200, description="`next_cursor` of the page before."),
    status: schemas.Status | None = None,
    project_id: str = Query("", max_length=64),
    reference: str = Query("", max_length=255),
) -> Any:
    """Newest first, and stable while new ones come in."""
    rows = Render.objects.filter(workspace=workspace_of(request)).order_by("-created_at", "-pk")
    if status:
        rows = rows.filter(status=status)
    if project_id:
        rows = rows.filter(project_id=storable(project_id))
    if reference:
        rows = rows.filter(reference=storable(reference))
    if cursor:
        at, pk = read_cursor(cursor)
        rows = rows.filter(Q(created_at__lt=at) | Q(created_at=at, pk__lt=pk))
    page = list(rows.prefetch_related("segments")[: limit + 1])
    more = len(page) > limit
    page = page[:limit]
    return {
        "data": render_resources(request, page),
        "next_cursor": write_cursor(page[-1]) if more else None,
    }


@router.get(
    "/renders/{slug:render_id}",
    response={200: schemas.Render, **READ_PROBLEMS},
    summary="Read a render",
    tags=["Renders"],
    url_name="render_detail",
)
def render_detail(request: HttpRequest, response: HttpResponse, render_id: str) -> Any:
    """`Retry-After` says when to look again while it is not over. Links to files are signed anew."""
    render = access.render(workspace_of(request), render_id)
    resource = render_resource(request, render)
    if not render.is_over:
        response["Retry-After"] = retry_after(resource)
    return resource


@router.post(
    "/renders/{slug:render_id}/cancel",
    response={200: schemas.Render, 409: schemas.Problem, **READ_PROBLEMS},
    summary="Cancel a render",
    tags=["Renders"],
)
def render_cancel(request: HttpRequest, render_id: str) -> Any:
    """At once, with all credits back. 409 `render_over` if it has ended already."""
    render = access.render(workspace_of(request), render_id)
    render.cancel()
    return render_resource(request, render)


@router.get(
    "/avatars",
    response={200: schemas.AvatarList, 401: schemas.Problem, 429: schemas.Problem},
    summary="List avatars",
    tags=["Avatars and voices"],
)
def avatar_list(request: HttpRequest) -> Any:
    """Stock avatars and those of the workspace, in whatever status. A render takes the id or the slug."""
    mine = Q(workspace=None) | Q(workspace=workspace_of(request))
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
    workspace = workspace_of(request)
    key_of(request)  # before anything is decoded
    voices = Voice.offered_to(workspace).filter(workspace=None)  # an own voice may have drafts only
    voice = _offered(voices, voice_id, "voice_id", "voice").slug if voice_id else ""
    sent = hashlib.sha256(json.dumps([name, voice_id]).encode())
    for chunk in photo.chunks():
        sent.update(chunk)

    with photos.received(workspace, photo) as taken:

        def effect() -> dict[str, Any]:
            made = photos.add(workspace, None, taken, name=name, voice=voice)
            return as_json(avatar_resources(request, [made])[0])

        first = once(request, workspace, 202, effect, sha256=sent.hexdigest())
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
    return avatar_resources(request, [access.own_avatar(workspace_of(request), avatar_id)])[0]


@router.delete(
    "/avatars/{slug:avatar_id}",
    response={204: None, **READ_PROBLEMS},
    summary="Delete an avatar of the workspace",
    tags=["Avatars and voices"],
)
def avatar_delete(request: HttpRequest, avatar_id: str) -> Any:
    """At once: nothing new is made with it, and renders that use it end with their credits back."""
    photos.remove(access.own_avatar(workspace_of(request), avatar_id))
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
    mine = Q(workspace=None) | Q(workspace=workspace_of(request))
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
    return voice_resources(request, [access.recording(workspace_of(request), voice_id)])[0]


@router.delete(
    "/voices/{slug:voice_id}",
    response={204: None, **READ_PROBLEMS},
    summary="Delete a recording of the workspace",
    tags=["Avatars and voices"],
)
def voice_delete(request: HttpRequest, voice_id: str) -> Any:
    """At once and for good: what was measured is destroyed, and renders that use it end with their credits back."""
    recordings.remove(access.recording(workspace_of(request), voice_id))
    return Status(204, None)


@router.post(
    "/assets",
    response={201: schemas.Asset, **PROBLEMS},
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
    """For backgrounds, logos, overlays and music. It is read here and encoded anew; what cannot be used is refused with the reason.

    An image is a JPEG, PNG, WebP or HEIC of up to 20 MB; a PNG or WebP keeps its alpha. A video is an MP4, MOV or WebM of up to 500 MB,
    10 minutes and 4096 x 2304 pixels; its sound is not used. Music is a WAV, MP3, M4A, FLAC, OGG or WebM of up to 100 MB and 30 minutes.
    """
    workspace = workspace_of(request)
    sent = hashlib.sha256(json.dumps([kind, name]).encode())
    for chunk in file.chunks():
        sent.update(chunk)

    key_of(request)  # a request that will be refused for its key is refused before the work
    cleaned = uploads.clean(file, kind)  # outside of the transaction, which keeps others waiting

    def effect() -> dict[str, Any]:
        row = uploads.keep(workspace, name.strip() or file.name or "", kind, cleaned)
        return as_json(asset_resource(row))

    first = once(request, workspace, 201, effect, sha256=sent.hexdigest())
    address = reverse("api-1:asset_detail", args=[first.body["id"]])
    response["Location"] = request.build_absolute_uri(address)
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
    return asset_resource(access.asset(workspace_of(request), asset_id))


@router.delete(
    "/assets/{slug:asset_id}",
    response={204: None, **READ_PROBLEMS},
    summary="Delete an upload",
    tags=["Assets"],
)
def asset_delete(request: HttpRequest, asset_id: str) -> Any:
    """It is offered no more; scenes that show it fall back to their colour, and finished videos stay as they are."""
    remove_asset(access.asset(workspace_of(request), asset_id))
    return Status(204, None)


@router.get(
    "/usage",
    response={200: schemas.Usage, 401: schemas.Problem, 429: schemas.Problem},
    summary="Read the balance and this month's use",
    tags=["Credits"],
)
def usage(request: HttpRequest) -> Any:
    """Credit-seconds, 60 to a credit; the period is the calendar month in UTC."""
    workspace = workspace_of(request)
    starts_at, ends_at = period_of(timezone.now())
    available = billing.available(workspace)
    delivered = Render.objects.filter(
        workspace=workspace, status="done", ended_at__gte=starts_at, ended_at__lt=ends_at
    )
    sums = delivered.aggregate(renders=Count("pk"), seconds=Sum("seconds"))
    reused = Segment.objects.filter(render__in=delivered, reason="reused").aggregate(
        seconds=Sum("seconds")
    )
    moved = Transfer.objects.filter(
        workspace=workspace, created_at__gte=starts_at, created_at__lt=ends_at
    ).aggregate(
        spent=Sum("amount", filter=Q(kind="spend")), back=Sum("amount", filter=Q(kind="refund"))
    )
    return {
        "balance": {
            "available": available,
            "pending": Wallet.objects.get(workspace=workspace).pending,
        },
        "period": {"starts_at": starts_at, "ends_at": ends_at},
        "renders": sums["renders"],
        "seconds": sums["seconds"] or 0.0,
        "seconds_reused": reused["seconds"] or 0.0,
        "credits_used": (moved["spent"] or 0) - (moved["back"] or 0),
    }


def as_json(resource: dict[str, Any]) -> dict[str, Any]:
    """The resource as it is sent and kept: times as text."""
    return json.loads(json.dumps(resource, cls=NinjaJSONEncoder))


def storable(text: str) -> str:
    """What no row can hold cannot be found either."""
    if "\x00" in text:
        raise Refusal("not_found")
    return text


def write_cursor(render: Render) -> str:
    text = f"{render.created_at.isoformat()} {render.pk}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> tuple[datetime, str]:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        moment, pk = text.split(" ")
        at = datetime.fromisoformat(moment)
        if at.tzinfo is None or not PLAIN_ID.match(pk):
            raise ValueError(cursor)
    except (ValueError, binascii.Error):
        raise Refusal("invalid_cursor") from None
    return at, pk
