"""The only way from a request to a row: a row is reached from its owner, and a stranger gets 404. Each view names its verb."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from allauth.mfa.utils import is_mfa_enabled
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext

from rendering.models import Render
from studio.models import (
    ApiKey,
    Avatar,
    Batch,
    Clip,
    Comment,
    Invitation,
    Membership,
    Picture,
    Project,
    Pronunciation,
    Scene,
    Share,
    Template,
    User,
    Voice,
    Workspace,
)
from studio.people.accounts import open_workspace
from studio.people.roles import NotAllowedHere, Verb, allows
from studio.people.teams import whom_to_ask

CHOSEN = "workspace"
"""The session's key for the id of the workspace that the person has chosen."""

Parameters = ParamSpec("Parameters")
Answer = TypeVar("Answer", bound=HttpResponseBase)


class WorkspaceRequest(HttpRequest):
    """A request of somebody who is signed in, in one of their workspaces."""

    id: str
    user: User
    workspace: Workspace
    membership: Membership
    memberships: list[Membership]


def memberships(user: User) -> list[Membership]:
    """A person's memberships, oldest first. Never empty: somebody without a workspace gets one."""
    rows = Membership.objects.filter(user=user, removed_at=None).select_related("workspace")
    found = list(rows.order_by("created_at"))
    if not found:
        open_workspace(user)
        found = list(rows)
    return found


def enter(request: HttpRequest) -> WorkspaceRequest:
    """The request of somebody who is signed in, with the workspace that they chose in the menu if they are still a member of it,
    else with the one they joined first."""
    here: WorkspaceRequest = request  # type: ignore[assignment]
    here.memberships = memberships(here.user)
    chosen = request.session.get(CHOSEN)
    first = here.memberships[0]
    here.membership = next((m for m in here.memberships if m.workspace_id == chosen), first)
    here.workspace = here.membership.workspace
    _seen(here.membership)
    return here


def lacks_second_step(request: WorkspaceRequest) -> bool:
    """Whether the workspace demands a second step that this person has not set up."""
    return request.workspace.needs_second_step and not is_mfa_enabled(request.user)


def _to_second_step(request: WorkspaceRequest) -> HttpResponse:
    """For somebody without a passkey or an app, in a workspace that demands one."""
    sentence = gettext(
        "{workspace} asks everybody for a second step when they sign in. Set up a passkey or an authenticator app; then go on."
    )
    messages.warning(request, sentence.format(workspace=request.workspace))
    return redirect("mfa_index")


SEEN = timedelta(hours=1)
"""How exactly it is stored when somebody was last there."""


def _seen(member: Membership) -> None:
    now = timezone.now()
    if member.seen_at is None or now - member.seen_at > SEEN:
        member.seen_at = now
        Membership.objects.filter(pk=member.pk).update(seen_at=now)


def in_workspace(
    verb: Verb,
    *,
    away: bool = False,
) -> Callable[
    [Callable[Concatenate[WorkspaceRequest, Parameters], Answer]],
    Callable[Concatenate[HttpRequest, Parameters], HttpResponseBase],
]:
    """Wraps a view: for signed-in people whose role allows the verb, with request.workspace set. away: it leads out of the
    workspace, so a second step that this one demands is not asked for."""

    def wrap(
        view: Callable[Concatenate[WorkspaceRequest, Parameters], Answer],
    ) -> Callable[Concatenate[HttpRequest, Parameters], HttpResponseBase]:
        @wraps(view)
        @login_required
        def wrapper(
            request: HttpRequest, /, *args: Parameters.args, **kwargs: Parameters.kwargs
        ) -> HttpResponseBase:
            here = enter(request)
            if not away and lacks_second_step(here):
                return _to_second_step(here)
            if not allows(here.membership.role, verb):
                raise NotAllowedHere(here.membership.role, verb, whom_to_ask(here.workspace))
            return view(here, *args, **kwargs)

        wrapper.verb = verb  # type: ignore[attr-defined]
        return wrapper

    return wrap


def project(workspace: Workspace, project_id: str) -> Project:
    return get_object_or_404(Project, workspace=workspace, pk=project_id, removed_at=None)


def removed_project(workspace: Workspace, project_id: str) -> Project:
    return get_object_or_404(Project, workspace=workspace, pk=project_id)


def scene(workspace: Workspace, scene_id: str) -> Scene:
    return get_object_or_404(
        Scene.objects.select_related("project", "avatar", "voice", "picture"),
        project__workspace=workspace,
        project__removed_at=None,
        pk=scene_id,
    )


def removed_scene(workspace: Workspace, scene_id: str) -> Scene:
    """A scene, even one that was removed from its project."""
    return get_object_or_404(
        Scene, project__workspace=workspace, project__removed_at=None, pk=scene_id
    )


def render(workspace: Workspace, render_id: str) -> Render:
    return get_object_or_404(
        Render.objects.select_related("project"), workspace=workspace, pk=render_id
    )


def version(project: Project, number: int) -> Render:
    """A finished render of the project."""
    return get_object_or_404(Render, project=project, status="done", version=number)


def share(workspace: Workspace, share_id: str) -> Share:
    return get_object_or_404(
        Share.objects.select_related("project"),
        project__workspace=workspace,
        project__removed_at=None,
        pk=share_id,
    )


def comment(workspace: Workspace, comment_id: str) -> Comment:
    return get_object_or_404(
        Comment.objects.select_related("project", "answers"),
        project__workspace=workspace,
        project__removed_at=None,
        pk=comment_id,
    )


def template(workspace: Workspace, template_id: str) -> Template:
    """One of the workspace, or one that ships."""
    return get_object_or_404(Template.offered_to(workspace), pk=template_id)


def template_named(workspace: Workspace, name: str) -> Template:
    """The same by its id, or its slug if it ships."""
    return get_object_or_404(Template.offered_to(workspace), Q(pk=name) | Q(slug=name))


def own_template(workspace: Workspace, template_id: str) -> Template:
    return get_object_or_404(Template, workspace=workspace, pk=template_id, removed_at=None)


def batches(workspace: Workspace) -> QuerySet[Batch]:
    return Batch.objects.filter(workspace=workspace).exclude(state=Batch.State.READING)


def batch(workspace: Workspace, batch_id: str) -> Batch:
    return get_object_or_404(batches(workspace).select_related("workspace"), pk=batch_id)


def picture(workspace: Workspace, picture_id: str) -> Picture:
    return get_object_or_404(Picture, workspace=workspace, pk=picture_id, removed_at=None)


def avatar(workspace: Workspace, slug: str) -> Avatar:
    row = Avatar.offered_to(workspace).filter(slug=slug).first()
    if row is None:
        raise Http404
    return row


def member(workspace: Workspace, member_id: int) -> Membership:
    return get_object_or_404(
        Membership.objects.select_related("user", "workspace"),
        workspace=workspace,
        removed_at=None,
        pk=member_id,
    )


def invitation(workspace: Workspace, invitation_id: str) -> Invitation:
    return get_object_or_404(Invitation, workspace=workspace, pk=invitation_id)


def stock_avatar(slug: str) -> Avatar:
    """An avatar that ships; every workspace may see it."""
    return get_object_or_404(Avatar, workspace=None, retired_at=None, slug=slug)


def own_avatar(workspace: Workspace, avatar_id: str, *, removed: bool = False) -> Avatar:
    """An avatar that the workspace made itself, in any state."""
    rows = Avatar.objects.select_related("workspace").filter(workspace=workspace)
    return get_object_or_404(rows if removed else rows.filter(retired_at=None), pk=avatar_id)


def voice(workspace: Workspace, slug: str) -> Voice:
    row = Voice.offered_to(workspace).filter(slug=slug).first()
    if row is None:
        raise Http404
    return row


def clip(workspace: Workspace, clip_id: str) -> Clip:
    return get_object_or_404(Clip, workspace=workspace, pk=clip_id, removed_at=None)


def asset(workspace: Workspace, asset_id: str) -> Picture | Clip:
    """A picture, a video or a piece of music."""
    found = Picture.objects.filter(workspace=workspace, pk=asset_id, removed_at=None).first()
    return found or clip(workspace, asset_id)


def recording(workspace: Workspace, voice_id: str) -> Voice:
    """A voice that the workspace recorded, in any state."""
    return get_object_or_404(
        Voice.objects.select_related("workspace"),
        workspace=workspace,
        pk=voice_id,
        retired_at=None,
    )


def api_key(workspace: Workspace, key_id: str) -> ApiKey:
    return get_object_or_404(ApiKey, workspace=workspace, pk=key_id)


def pronunciation(workspace: Workspace, pronunciation_id: int) -> Pronunciation:
    return get_object_or_404(Pronunciation, workspace=workspace, pk=pronunciation_id)
