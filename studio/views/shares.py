"""Links to a project's video for people without an account: made, changed, closed and removed by its members."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.shortcuts import render as respond
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from studio import access
from studio.access import WorkspaceRequest, in_workspace
from studio.limits import SHARES, take
from studio.models import Project, Share
from studio.people.accounts import is_confirmed
from studio.projects import sharing, versions

MOST = 50
"""Links of a project that are not removed."""
LONGEST_LIFE = timedelta(days=3650)


class ShareForm(forms.Form):
    """What is set for a link. A password that is left empty stays as it is."""

    name = forms.CharField(
        max_length=80,
        required=False,
        error_messages={"max_length": gettext_lazy("A name takes at most 80 characters.")},
    )
    version = forms.IntegerField(required=False, min_value=1, max_value=999_999)
    until = forms.DateField(
        required=False,
        error_messages={"invalid": gettext_lazy("Write the day as 2027-01-31.")},
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
    no_password = forms.BooleanField(required=False)
    downloads = forms.BooleanField(required=False)

    def __init__(self, data: Any, project: Project) -> None:
        super().__init__(data)
        self.project = project

    def clean_until(self) -> datetime | None:
        """The end of that day, UTC."""
        day: date | None = self.cleaned_data["until"]
        if day is None:
            return None
        today = timezone.now().date()
        if day < today:
            raise forms.ValidationError(gettext("That day is over; choose a later one."))
        if day > today + LONGEST_LIFE:
            raise forms.ValidationError(gettext("Choose a day within ten years, or none."))
        return datetime.combine(day, time.max, UTC)

    def clean_version(self) -> int | None:
        number: int | None = self.cleaned_data["version"]
        if number and not versions.versions(self.project).filter(version=number).exists():
            raise forms.ValidationError(
                gettext("There is no such version; choose one of the list.")
            )
        return number

    def fields_to_write(self) -> dict[str, Any]:
        sent = self.cleaned_data
        found = {name: sent[name] for name in ("name", "version", "downloads")}
        found["expires_at"] = sent["until"]
        if sent["no_password"]:
            found["password"] = ""
        elif sent["password"]:
            found["password"] = sent["password"]
        return found


def links_of(request: WorkspaceRequest, project: Project, *, reviews: bool) -> list[Share]:
    """The project's links to watch, or those for reviewers, with how they stand and the address to copy."""
    rows = list(
        project.shares.filter(removed_at=None, reviews=reviews).select_related("created_by")
    )
    for share in rows:
        share.project = project
        share.standing = sharing.standing(share)  # type: ignore[attr-defined]
        if share.token:
            path = reverse("share_watch", args=[share.token])
            share.address = request.build_absolute_uri(path)  # type: ignore[attr-defined]
    return rows


def _page(
    request: WorkspaceRequest, project: Project, status: int = 200, **more: Any
) -> HttpResponse:
    """The project's links. more: `form` that was refused, and `wrong`, the id of the link that it is of."""
    found = list(versions.versions(project).only("version", "label", "mode", "ended_at", "seconds"))
    context = {
        "project": project,
        "shares": links_of(request, project, reviews=False),
        "versions": found,
        "confirmed": is_confirmed(request.user),
        "today": timezone.now().date(),
        "chosen": request.GET.get("version", ""),
        "made": request.GET.get("made", ""),
        **more,
    }
    return respond(request, "studio/share_list.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@in_workspace("share")
def share_list(request: WorkspaceRequest, project_id: str) -> HttpResponse:
    project = access.project(request.workspace, project_id)
    if request.method != "POST":
        return _page(request, project)
    form = ShareForm(request.POST, project)
    if not form.is_valid():
        return _page(request, project, 422, form=form)
    sharing.need_confirmed(is_confirmed(request.user))
    take(SHARES, request.workspace.pk)
    if project.shares.filter(removed_at=None).count() >= MOST:
        form.add_error(
            None,
            gettext("A project has at most {most} links; remove one that is not used.").format(
                most=MOST
            ),
        )
        return _page(request, project, 422, form=form)
    share = Share.make(project, request.user, **form.fields_to_write())
    return redirect(reverse("share_list", args=[project.pk]) + f"?made={share.pk}#{share.pk}")


@require_POST
@in_workspace("share")
def share_save(request: WorkspaceRequest, share_id: str) -> HttpResponse:
    share = access.share(request.workspace, share_id)
    form = ShareForm(request.POST, share.project)
    if not form.is_valid():
        return _page(request, share.project, 422, form=form, wrong=share.pk)
    fields = form.fields_to_write()
    if share.reviews:  # what was said there is of that version
        fields["version"] = share.version
    share.edit(request.user, **fields)
    messages.success(request, gettext("Saved. The address is the same."))
    return _back(share)


@require_POST
@in_workspace("share")
def share_close(request: WorkspaceRequest, share_id: str) -> HttpResponse:
    share = access.share(request.workspace, share_id)
    share.close(request.user)
    return _back(share)


@require_POST
@in_workspace("share")
def share_open(request: WorkspaceRequest, share_id: str) -> HttpResponse:
    share = access.share(request.workspace, share_id)
    share.open(request.user)
    return _back(share)


@require_POST
@in_workspace("share")
def share_remove(request: WorkspaceRequest, share_id: str) -> HttpResponse:
    share = access.share(request.workspace, share_id)
    share.remove(request.user)
    messages.success(
        request, gettext("The link is removed; whoever opens it reads that the video was removed.")
    )
    return _back(share)


def _back(share: Share) -> HttpResponse:
    """To the page on which the link stands."""
    page = "review_list" if share.reviews else "share_list"
    return redirect(reverse(page, args=[share.project_id]) + f"#{share.pk}")
