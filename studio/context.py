"""The context of every page: the workspace, and what is left to spend."""

from django.http import HttpRequest

from billing.models import available
from studio.access import WorkspaceRequest, enter, lacks_second_step
from studio.people.roles import RIGHTS


def workspace(request: HttpRequest) -> dict:
    """Nothing for visitors. Pages that name no workspace, such as those of the account, show the chosen one all the same."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    here: WorkspaceRequest = request if hasattr(request, "membership") else enter(request)  # type: ignore[assignment]
    row = here.workspace
    rights = (
        frozenset() if lacks_second_step(here) else RIGHTS.get(here.membership.role, frozenset())
    )
    return {
        "workspace": row,
        "balance": available(row) if "see_money" in rights else None,
        "other_workspaces": [one.workspace for one in here.memberships if one.workspace != row],
        "may": dict.fromkeys(rights, True),
    }
