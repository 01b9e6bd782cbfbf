"""The small settings page beside the account pages of allauth."""

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from rows import events
from studio.access import CHOSEN, WorkspaceRequest, in_workspace
from studio.models import User, Workspace
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


@require_POST
@in_workspace("manage")
def workspace_rules(request: WorkspaceRequest) -> HttpResponse:
    """The rules of the workspace."""
    workspace, needed = request.workspace, request.POST.get("needs_approval") == "1"
    with transaction.atomic():
        changed = Workspace.objects.filter(pk=workspace.pk, needs_approval=not needed)
        if changed.update(needs_approval=needed):
            events.record(
                "workspace.changed",
                workspace.pk,
                workspace=workspace.pk,
                actor=str(request.user.pk),
                before={"needs_approval": not needed},
                after={"needs_approval": needed},
            )
    messages.success(request, "Saved.")
    return redirect("account_settings")


@require_POST
@in_workspace("enter")
def workspace_choose(request: WorkspaceRequest, workspace_id: str) -> HttpResponse:
    """Chooses the workspace in which this session goes on."""
    if all(one.workspace_id != workspace_id for one in request.memberships):
        raise Http404
    request.session[CHOSEN] = workspace_id
    return redirect("home")
