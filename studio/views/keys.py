"""The workspace's keys for programs: made with a name, shown once, revoked at once."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from studio import access
from studio.access import WorkspaceRequest, in_workspace
from studio.models import ApiKey

EXAMPLE = {"script": "Hello from the API.", "mode": "draft"}
MOST_KEYS = 20


class KeyForm(forms.Form):
    name = forms.CharField(
        max_length=80, error_messages={"required": "Name the program that will use the key."}
    )


def curl_line(request: HttpRequest, key: ApiKey, secret: str) -> str:
    """A first request that works as pasted: a free draft. Pasted twice it still makes one render."""
    return " \\\n  ".join(
        [
            f"curl {request.build_absolute_uri('/api/v1/renders')}",
            f"-H 'Authorization: Bearer {secret}'",
            f"-H 'Idempotency-Key: first-{key.pk}'",
            "-H 'Content-Type: application/json'",
            f"-d '{json.dumps(EXAMPLE)}'",
        ]
    )


@require_http_methods(["GET", "HEAD", "POST"])
@in_workspace("manage_keys")
def key_list(request: WorkspaceRequest) -> HttpResponse:
    workspace = request.workspace
    form = KeyForm(request.POST or None)
    context: dict[str, Any] = {"form": form}
    if request.method == "POST" and form.is_valid():
        if workspace.api_keys.filter(revoked_at=None).count() >= MOST_KEYS:
            form.add_error(
                "name", f"There are {MOST_KEYS} keys already; revoke one that is not used."
            )
        else:
            made, secret = ApiKey.make(workspace, form.cleaned_data["name"], request.user)
            # Shown in this answer only: nothing that could show it again is stored.
            context = {
                "form": KeyForm(),
                "made": made,
                "secret": secret,
                "curl": curl_line(request, made, secret),
            }
    keys = list(workspace.api_keys.select_related("created_by"))
    context["keys"] = [key for key in keys if not key.revoked_at]
    context["revoked"] = [key for key in keys if key.revoked_at]
    wrong = form.is_bound and bool(form.errors)
    return render(request, "studio/key_list.html", context, status=422 if wrong else 200)


@require_POST
@in_workspace("manage_keys")
def key_revoke(request: WorkspaceRequest, key_id: str) -> HttpResponse:
    key = access.api_key(request.workspace, key_id)
    key.revoke(request.user)
    messages.success(
        request, f"{key.name} is revoked. Programs that use it are refused from now on."
    )
    return redirect("key_list")
