"""Who is in a workspace: the page, invitations to it, and the way in."""

from __future__ import annotations

import re
from typing import Any

from allauth.account.models import EmailAddress
from django import forms
from django.contrib import messages
from django.core.validators import validate_email
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.shortcuts import render as respond
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from rendering.values import BadInput
from studio import access
from studio.access import CHOSEN, WorkspaceRequest, in_workspace
from studio.limits import ASKED, TEAM_MAILS, take
from studio.models import ApiKey, Invitation, Letter, Membership, Share
from studio.people import teams
from studio.people.roles import allows, those_who_may

MOST_SHOWN = 100
GIVEN = [choice for choice in Membership.Role.choices if choice[0] != Membership.Role.OWNER]
"""Roles that can be given."""


def _addresses(text: str) -> list[str]:
    """The addresses of a form, between commas, semicolons, blanks or lines. Raises BadInput."""
    found = list(dict.fromkeys(part.lower() for part in re.split(r"[\s,;]+", text.strip()) if part))
    if not found:
        raise BadInput(
            gettext("Write the address of whom to invite."), code="missing_field", field="addresses"
        )
    if len(found) > teams.MOST_ADDRESSES:
        raise BadInput(
            gettext(
                "These are {count} addresses; at most {most} people are invited at once. Send the others afterwards."
            ).format(count=f"{len(found):,}", most=teams.MOST_ADDRESSES),
            code="invalid_field",
            field="addresses",
        )
    for address in found:
        try:
            validate_email(address)
        except forms.ValidationError:
            raise BadInput(
                gettext("“{address}” is no e-mail address; write name@example.org.").format(
                    address=address[:80]
                ),
                code="invalid_field",
                field="addresses",
            ) from None
    return found


def _page(request: WorkspaceRequest, status: int = 200, **more: Any) -> HttpResponse:
    workspace, role = request.workspace, request.membership.role
    taken, offered = teams.seats(workspace)
    manages = allows(role, "manage")
    context = {
        "members": teams.members(workspace),
        "invitations": teams.open_invitations(workspace) if manages else [],
        "me": request.membership,
        "manages": manages,
        "owns": allows(role, "transfer"),
        "given": GIVEN,
        "taken": taken,
        "offered": offered,
        "most": teams.MOST_ADDRESSES,
        **more,
    }
    return respond(request, "studio/team.html", context, status=status)


@require_safe
@in_workspace("see_team")
def team(request: WorkspaceRequest) -> HttpResponse:
    return _page(request)


@require_POST
@in_workspace("manage")
def team_invite(request: WorkspaceRequest) -> HttpResponse:
    sent, role = request.POST.get("addresses", ""), request.POST.get("role", "")
    try:
        addresses = _addresses(sent)
        for _ in addresses:
            take(TEAM_MAILS, request.workspace.pk)
        count = teams.invite(request.workspace, addresses, role, request.membership)
    except BadInput as problem:
        return _page(request, 422, problem=problem.sentence, sent=sent[:2_000], chosen=role)
    said = ngettext(
        "{n} person is invited by mail.", "{n} people are invited by mail.", count
    ).format(n=count)
    if count < len(addresses):
        said += " " + gettext("The others were there, or invited, already.")
    messages.success(request, said)
    return redirect("team")


@require_POST
@in_workspace("manage")
def invitation_send(request: WorkspaceRequest, invitation_id: str) -> HttpResponse:
    row = access.invitation(request.workspace, invitation_id)
    take(TEAM_MAILS, request.workspace.pk)
    teams.send_again(row, request.user)
    messages.success(
        request,
        gettext("{address} gets a new link; the one before no longer works.").format(
            address=row.email
        ),
    )
    return redirect("team")


@require_POST
@in_workspace("manage")
def invitation_revoke(request: WorkspaceRequest, invitation_id: str) -> HttpResponse:
    row = access.invitation(request.workspace, invitation_id)
    teams.revoke(row, request.user)
    messages.success(
        request, gettext("The invitation of {address} is revoked.").format(address=row.email)
    )
    return redirect("team")


@require_POST
@in_workspace("manage")
def member_role(request: WorkspaceRequest, member_id: int) -> HttpResponse:
    member = access.member(request.workspace, member_id)
    teams.change_role(member, request.POST.get("role", ""), request.membership)
    messages.success(request, gettext("Saved. It holds from their next click on."))
    return redirect("team")


@require_http_methods(["GET", "HEAD", "POST"])
@in_workspace("manage")
def member_remove(request: WorkspaceRequest, member_id: int) -> HttpResponse:
    """What ends with a membership; then its end."""
    member = access.member(request.workspace, member_id)
    if request.method != "POST":
        return _leaving(request, member)
    teams.remove(member, request.membership)
    messages.success(
        request, gettext("{who} is no longer in the workspace.").format(who=member.user)
    )
    return redirect("team" if member.pk != request.membership.pk else "home")


@require_http_methods(["GET", "HEAD", "POST"])
@in_workspace("enter", away=True)
def team_leave(request: WorkspaceRequest) -> HttpResponse:
    """What ends when one leaves; then the end."""
    if request.method != "POST":
        return _leaving(request, request.membership)
    teams.remove(request.membership, request.membership)
    request.session.pop(CHOSEN, None)
    messages.success(
        request, gettext("You have left {workspace}.").format(workspace=request.workspace)
    )
    return redirect("home")


def _leaving(request: WorkspaceRequest, member: Membership) -> HttpResponse:
    workspace, user = request.workspace, member.user
    context = {
        "member": member,
        "own": member.pk == request.membership.pk,
        "projects": workspace.projects.filter(created_by=user, removed_at=None).count(),
        "keys": ApiKey.objects.filter(
            workspace=workspace, created_by=user, revoked_at=None
        ).count(),
        "renders": workspace.renders.filter(
            requested_by=user, status__in=("held", "queued", "running")
        ).count(),
        "links": Share.objects.filter(
            project__workspace=workspace, created_by=user, closed_at=None, removed_at=None
        ).count(),
        "owner": member.role == Membership.Role.OWNER,
    }
    return respond(request, "studio/team_leave.html", context)


@require_POST
@in_workspace("transfer")
def member_own(request: WorkspaceRequest, member_id: int) -> HttpResponse:
    member = access.member(request.workspace, member_id)
    teams.hand_over(member, request.membership)
    messages.success(
        request,
        gettext("{who} is the owner now, and you are an admin.").format(who=member.user),
    )
    return redirect("team")


@require_safe
@in_workspace("comment")
def team_reviews(request: WorkspaceRequest) -> HttpResponse:
    """The links at which this workspace asks for a review: where a reviewer begins."""
    rows = Share.objects.filter(
        project__workspace=request.workspace, project__removed_at=None, reviews=True,
        closed_at=None, removed_at=None,
    ).select_related("project", "created_by")  # fmt: skip
    found = [share for share in rows[:MOST_SHOWN] if not share.has_expired and share.token]
    return respond(request, "studio/team_reviews.html", {"shares": found})


@require_POST
@in_workspace("enter")
def team_ask(request: WorkspaceRequest) -> HttpResponse:
    """Mails those who manage the workspace that somebody needs another role; once a day."""
    take(ASKED, f"{request.workspace.pk} {request.user.pk}")
    rows = Membership.objects.filter(
        workspace=request.workspace, removed_at=None, role__in=those_who_may("manage")
    ).select_related("user")
    with transaction.atomic():
        for row in rows[:20]:
            subject = f"{request.workspace.pk}:{request.user.pk}"
            Letter.write("right_wanted", subject, row.user.email, user=row.user)
    messages.success(request, gettext("Asked: they get a mail."))
    return redirect("home")


@require_http_methods(["GET", "HEAD", "POST"])
def team_join(request: HttpRequest, token: str) -> HttpResponse:
    """An invitation: what it is to, and the way in. It is for one address, and works once."""
    row = Invitation.by_token(token)
    if row is None:
        raise Http404
    user = request.user if request.user.is_authenticated else None
    here = reverse("team_join", args=[token])
    theirs = user is not None and (
        EmailAddress.objects.filter(user=user, email__iexact=row.email, verified=True).exists()
    )
    if request.method == "POST" and theirs and row.is_open and not row.has_expired:
        teams.accept(row, user)  # type: ignore[arg-type]
        request.session[CHOSEN] = row.workspace_id
        messages.success(
            request, gettext("Welcome to {workspace}.").format(workspace=row.workspace)
        )
        return redirect("home")
    context = {
        "invitation": row,
        "theirs": theirs,
        "over": not row.is_open or row.has_expired,
        "here": here,
    }
    status = 410 if context["over"] else 200
    return respond(request, "studio/team_join.html", context, status=status)
