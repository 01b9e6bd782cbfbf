"""The context of every page: the workspace, and what is left to spend."""

from django.http import HttpRequest

from billing.models import available
from studio.access import enter


def workspace(request: HttpRequest) -> dict:
    """Nothing for visitors. Pages that name no workspace, such as those of the account, show the chosen one all the same."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    row = getattr(request, "workspace", None) or enter(request).workspace
    others = [one.workspace for one in getattr(request, "memberships", []) if one.workspace != row]
    return {"workspace": row, "balance": available(row), "other_workspaces": others}
