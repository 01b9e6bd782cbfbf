"""The small settings page beside the account pages of allauth."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from studio.access import in_workspace
from studio.models import User


class SettingsForm(forms.ModelForm):
    class Meta:
        model = User
        fields = ["name", "mails_when_done"]
        labels = {"name": "Your name", "mails_when_done": "Mail me when a render is done"}


@require_http_methods(["GET", "HEAD", "POST"])
@in_workspace
def account_settings(request: HttpRequest) -> HttpResponse:
    form = SettingsForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Saved.")
        return redirect("account_settings")
    return render(request, "studio/account_settings.html", {"form": form})
