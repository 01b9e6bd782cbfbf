"""The context of every page: the workspace, and what is left to spend."""

from django.http import HttpRequest

from billing.models import available
from studio.access import enter
from studio.people.roles import RIGHTS, allows


def workspace(request: HttpRequest) -> dict:
    """Nothing for visitors. Pages that name no workspace, such as those of the account, show the chosen one all the same."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    row = (request if hasattr(request, "membership") else enter(request)).workspace  # type: ignore[attr-defined]
    others = [one.workspace for one in getattr(request, "memberships", []) if one.workspace != row]
    role = request.membership.role  # type: ignore[attr-defined]
    return {
        "workspace": row,
        "balance": available(row) if allows(role, "see_money") else None,
        "other_workspaces": others,
        "may": dict.fromkeys(RIGHTS.get(role, ()), True),
    }
