"""Reviews of a project's versions: asked for, answered and resolved by members; and renders that wait for approval."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.validators import validate_email
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.shortcuts import render as respond
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from rendering.values import BadInput
from studio import access
from studio.access import WorkspaceRequest, in_workspace
from studio.limits import INVITATIONS, SHARES, take
from studio.models import Letter, Project, Share
from studio.models.reviews import LONGEST_COMMENT
from studio.people.accounts import LONGEST_ADDRESS, is_confirmed
from studio.people.roles import allows
from studio.projects import sharing, versions
from studio.projects.fields import second, whole
from studio.reviews import approval, comments, people
from studio.views.renders import lines_of
from studio.views.shares import MOST, links_of
from studio.views.versions import film_of

USUAL_DAYS = 14
MOST_ADDRESSES = 10
LONGEST_NAME = 80
"""Of a link."""


class AskForm(forms.Form):
    """Whom to ask, and for how long. Addresses are separated by commas, spaces or lines."""

    version = forms.IntegerField(required=False, min_value=1, max_value=999_999)
    addresses = forms.CharField(required=False, max_length=2_000)
    days = forms.IntegerField(
        min_value=1,
        max_value=365,
        error_messages={
            "required": gettext_lazy("Say for how many days the link is good."),
            "invalid": gettext_lazy("Write a number of days."),
            "min_value": gettext_lazy("A link is good for at least a day."),
            "max_value": gettext_lazy("A link for a review is good for at most 365 days."),
        },
    )
    password = forms.CharField(
        max_length=sharing.LONGEST_PASSWORD,
        min_length=6,
        required=False,
        strip=False,
        error_messages={
            "min_length": gettext_lazy("A password has at least 6 characters."),
            "max_length": gettext_lazy("A password has at most 128 characters."),
        },
    )

    def clean_addresses(self) -> list[str]:
        found = list(dict.fromkeys(self.cleaned_data["addresses"].replace(",", " ").split()))
        if len(found) > MOST_ADDRESSES:
            raise forms.ValidationError(
                gettext("At most {most} people are asked at once.").format(most=MOST_ADDRESSES)
            )
        for address in found:
            try:
                validate_email(address)
            except forms.ValidationError:
                raise forms.ValidationError(
                    gettext("“{address}” is no e-mail address; write name@example.org.").format(
                        address=address[:80]
                    )
                ) from None
        return found


def _named(addresses: list[str]) -> str:
    """What a link is called by those who were asked; nobody is named in part."""
    while addresses and len(", ".join(addresses)) > LONGEST_NAME:
        addresses = addresses[:-1]
    return ", ".join(addresses) or gettext("Review")


def _page(
    request: WorkspaceRequest, project: Project, status: int = 200, **more: Any
) -> HttpResponse:
    finished = list(versions.versions(project).only("version", "label", "mode", "revision"))
    shown = whole(request.GET.get("version"))
    chosen = next(
        (one for one in finished if one.version == shown), finished[0] if finished else None
    )
    lines = lines_of(chosen) if chosen else []
    threads = comments.of_version(project, chosen.version or 0) if chosen else []
    may_manage = allows(request.membership.role, "manage")
    context = {
        "project": project,
        "versions": finished,
        "chosen": chosen,
        "current": chosen is not None and chosen.revision == project.revision,
        "threads": comments.at_lines(threads, lines),
        "film": film_of(chosen) if chosen else None,
        "at": second(request.GET.get("t")),
        "reviewers": people.of_project(project) if may_manage else [],
        "links": links_of(request, project, reviews=True),
        "verdict": approval.last_verdict(project),
        "waiting": approval.waiting(project),
        "confirmed": is_confirmed(request.user),
        "days": USUAL_DAYS,
        "made": request.GET.get("made", ""),
        **more,
    }
    return respond(request, "studio/review_list.html", context, status=status)


@require_safe
@in_workspace("see")
def review_list(request: WorkspaceRequest, project_id: str) -> HttpResponse:
    project = access.project(request.workspace, project_id)
    return _page(request, project)


@require_POST
@in_workspace("share")
def review_ask(request: WorkspaceRequest, project_id: str) -> HttpResponse:
    """Makes a link at which one version can be commented on and decided, and mails it to those who were named."""
    project = access.project(request.workspace, project_id)
    form = AskForm(request.POST)
    if not form.is_valid():
        return _page(request, project, 422, form=form)
    sharing.need_confirmed(is_confirmed(request.user))
    sent = form.cleaned_data
    render = versions.versions(project).filter(version=sent["version"]).first()
    if render is None:
        form.add_error(
            "version", gettext("Choose a version; a draft is free and made in a minute.")
        )
        return _page(request, project, 422, form=form)
    take(SHARES, request.workspace.pk)
    for _ in sent["addresses"]:
        take(INVITATIONS, request.workspace.pk)
    if project.shares.filter(removed_at=None).count() >= MOST:
        form.add_error(None, gettext("A project has at most {most} links.").format(most=MOST))
        return _page(request, project, 422, form=form)
    with transaction.atomic():
        share = Share.make(
            project,
            request.user,
            name=_named(sent["addresses"]),
            version=render.version,
            reviews=True,
            expires_at=timezone.now() + timedelta(days=sent["days"]),
            password=sent["password"],
        )
        for address in sent["addresses"]:
            Letter.write("review_asked", share.pk, address)
    if sent["addresses"]:
        count = len(sent["addresses"])
        messages.success(
            request,
            ngettext(
                "A mail with the link is on its way.", "{n} mails are on their way.", count
            ).format(n=count),
        )
    return redirect(reverse("review_list", args=[project.pk]) + f"?made={share.pk}#links")


def _text(request: WorkspaceRequest) -> str:
    text = request.POST.get("text", "").replace("\r\n", "\n").strip()
    if not text or len(text) > LONGEST_COMMENT:
        raise BadInput(
            gettext("A comment has 1 to {most} characters.").format(most=f"{LONGEST_COMMENT:,}"),
            code="invalid_field",
        )
    return text


@require_POST
@in_workspace("comment")
def comment_reply(request: WorkspaceRequest, comment_id: str) -> HttpResponse:
    comment = access.comment(request.workspace, comment_id)
    comments.say(
        comment.project,
        comment.version,
        _text(request),
        user=request.user,
        answers=comment.answers or comment,
    )
    return _back(comment.project, comment.version, comment.pk)


@require_POST
@in_workspace("comment")
def comment_resolve(request: WorkspaceRequest, comment_id: str) -> HttpResponse:
    comment = access.comment(request.workspace, comment_id)
    comments.resolve(comment, resolved=request.POST.get("resolved") == "1", by=request.user)
    return _back(comment.project, comment.version, comment.pk)


def _back(project: Project, version: int, anchor: str) -> HttpResponse:
    return redirect(reverse("review_list", args=[project.pk]) + f"?version={version}#{anchor}")


@require_POST
@in_workspace("manage")
def reviewer_erase(request: WorkspaceRequest, project_id: str) -> HttpResponse:
    """On request of a reviewer: their name and address go, in all projects of the workspace."""
    project = access.project(request.workspace, project_id)
    address = request.POST.get("address", "").strip()
    if not address or len(address) > LONGEST_ADDRESS:
        raise BadInput(gettext("Say whose address it is."), code="missing_field")
    if people.erase(request.workspace, address, request.user):
        messages.success(request, gettext("The name and the address are erased."))
    else:
        messages.info(request, gettext("Nobody with this address is known here any more."))
    return redirect(reverse("review_list", args=[project.pk]) + "#reviewers")


@require_POST
@in_workspace("approve")
def render_approve(request: WorkspaceRequest, render_id: str) -> HttpResponse:
    render = access.render(request.workspace, render_id)
    approval.approve(render, request.user)
    return redirect("render_detail", render.pk)


@require_POST
@in_workspace("approve")
def render_decline(request: WorkspaceRequest, render_id: str) -> HttpResponse:
    render = access.render(request.workspace, render_id)
    approval.decline(render, request.user, " ".join(request.POST.get("reason", "").split()))
    return redirect("render_detail", render.pk)


@require_POST
@in_workspace("render")
def render_remind(request: WorkspaceRequest, render_id: str) -> HttpResponse:
    render = access.render(request.workspace, render_id)
    approval.remind(render)
    messages.success(request, gettext("They are reminded by mail."))
    return redirect("render_detail", render.pk)
