"""The context of every page: the workspace, and what is left to spend."""

from django.http import HttpRequest

from billing.models import available


def workspace(request: HttpRequest) -> dict:
    row = getattr(request, "workspace", None)
    if row is None:
        return {}
    others = [one.workspace for one in getattr(request, "memberships", []) if one.workspace != row]
    return {"workspace": row, "balance": available(row), "other_workspaces": others}
