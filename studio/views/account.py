"""The small settings page beside the account pages of allauth."""

from allauth.mfa.utils import is_mfa_enabled
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST

from rendering.values import BadInput
from rows import events
from studio.access import CHOSEN, WorkspaceRequest, in_workspace
from studio.models import User, Workspace
from studio.people import second_step
from studio.people.roles import allows


class SettingsForm(forms.ModelForm):
    class Meta:
        model = User
        fields = ["name", "mails_when_done", "mails_of_comments", "mails_to_remind"]
        labels = {"name": "Your name", "mails_when_done": "Mail me when a render is done"}


@require_http_methods(["GET", "HEAD", "POST"])
@in_workspace("enter")
def account_settings(request: WorkspaceRequest) -> HttpResponse:
    form = SettingsForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Saved.")
        return redirect("account_settings")
    role = request.membership.role
    context = {
        "form": form,
        "manages": allows(role, "manage"),
        "sees": allows(role, "see"),
        "sees_team": allows(role, "see_team"),
        "member": request.membership,
    }
    return render(request, "studio/account_settings.html", context)


RULES = ("needs_approval", "needs_second_step")


@require_POST
@in_workspace("manage")
def workspace_rules(request: WorkspaceRequest) -> HttpResponse:
    """The rules of the workspace."""
    wanted = {name: request.POST.get(name) == "1" for name in RULES}
    if wanted["needs_second_step"] and not is_mfa_enabled(request.user):
        raise BadInput(
            gettext("Set up a second step for yourself first: this rule would keep you out, too."),
            code="invalid_field",
        )
    with transaction.atomic():
        workspace = Workspace.objects.select_for_update().get(pk=request.workspace.pk)
        before = {name: getattr(workspace, name) for name in RULES}
        if before != wanted:
            Workspace.objects.filter(pk=workspace.pk).update(**wanted)
            events.record(
                "workspace.changed",
                workspace.pk,
                workspace=workspace.pk,
                actor=str(request.user.pk),
                before=before,
                after=wanted,
            )
    messages.success(request, "Saved.")
    return redirect("account_settings")


@require_POST
@in_workspace("enter", away=True)
def session_end(request: WorkspaceRequest, session_id: int) -> HttpResponse:
    """Signs one of the person's devices out, from its next request on."""
    row = get_object_or_404(UserSession, user=request.user, pk=session_id)
    with transaction.atomic():
        second_step.record(request.user, "session_ended")
        row.end()
    messages.success(request, gettext("That device is signed out."))
    return redirect("usersessions_list")


@require_POST
@in_workspace("enter", away=True)
def workspace_choose(request: WorkspaceRequest, workspace_id: str) -> HttpResponse:
    """Chooses the workspace in which this session goes on."""
    if all(one.workspace_id != workspace_id for one in request.memberships):
        raise Http404
    request.session[CHOSEN] = workspace_id
    return redirect("home")
