"""The small settings page beside the account pages of allauth."""

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from studio.access import CHOSEN, WorkspaceRequest, in_workspace
from studio.models import User


class SettingsForm(forms.ModelForm):
    class Meta:
        model = User
        fields = ["name", "mails_when_done"]
        labels = {"name": "Your name", "mails_when_done": "Mail me when a render is done"}


@require_http_methods(["GET", "HEAD", "POST"])
@in_workspace("see")
def account_settings(request: WorkspaceRequest) -> HttpResponse:
    form = SettingsForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Saved.")
        return redirect("account_settings")
    return render(request, "studio/account_settings.html", {"form": form})


@require_POST
@in_workspace("see")
def workspace_choose(request: WorkspaceRequest, workspace_id: str) -> HttpResponse:
    """Chooses the workspace in which this session goes on."""
    if all(one.workspace_id != workspace_id for one in request.memberships):
        raise Http404
    request.session[CHOSEN] = workspace_id
    return redirect("project_list")
