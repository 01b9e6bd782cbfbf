"""The letters about a workspace's people: invited, another role, no longer there, asked for more."""

from __future__ import annotations

from django.utils.translation import gettext as _

from studio.models import Invitation, Letter, Membership, Workspace
from studio.people.letters import Text, address_of, writer


@writer("invitation")
def invitation(letter: Letter) -> Text | None:
    row = (
        Invitation.objects.select_related("workspace", "invited_by")
        .filter(pk=letter.subject)
        .first()
    )
    if row is None or not row.is_open or row.has_expired or not row.token:
        return None
    who = row.invited_by or _("Somebody")
    return Text(
        _("{who} invites you to {workspace}").format(who=who, workspace=row.workspace),
        (
            _("{who} would like you to join “{workspace}” in Likeness Studio as: {role}.").format(
                who=who, workspace=row.workspace, role=row.get_role_display()
            ),
            _("The link works once, for this address, for seven days."),
        ),
        address_of("team_join", row.token),
        _("Look at the invitation"),
        _(
            "You get this because somebody gave us your address to invite you. If you do not know them, ignore it."
        ),
    )


def _membership(letter: Letter) -> Membership | None:
    rows = Membership.objects.filter(workspace=letter.subject, user=letter.user)
    return rows.select_related("workspace").first()


@writer("role_changed")
def role_changed(letter: Letter) -> Text | None:
    row = _membership(letter)
    if row is None or row.removed_at is not None:
        return None
    return Text(
        _("Your role in {workspace} has changed").format(workspace=row.workspace),
        (
            _("You are now: {role}. It holds from your next click on.").format(
                role=row.get_role_display()
            ),
        ),
        address_of("home"),
        _("Go to the studio"),
        _("You get this because you are in this workspace."),
    )


@writer("access_ended")
def access_ended(letter: Letter) -> Text | None:
    row = _membership(letter)
    if row is None or row.removed_at is None:
        return None
    return Text(
        _("You are no longer in {workspace}").format(workspace=row.workspace),
        (
            _(
                "Somebody who manages the workspace has ended your access. Keys that you made there no longer work."
            ),
            _("What you made for it stays with it. Your other workspaces are as they were."),
        ),
        address_of("home"),
        _("Go to the studio"),
        _("You get this because you were in this workspace."),
    )


@writer("right_wanted")
def right_wanted(letter: Letter) -> Text | None:
    """subject: ids of the workspace and of who asks."""
    workspace_id, _colon, asker = letter.subject.partition(":")
    workspace = Workspace.objects.filter(pk=workspace_id).first()
    row = (
        Membership.objects.filter(workspace=workspace_id, user=int(asker or 0), removed_at=None)
        .select_related("user")
        .first()
    )
    if workspace is None or row is None:
        return None
    return Text(
        _("{who} asks for another role in {workspace}").format(who=row.user, workspace=workspace),
        (
            _("{who} is there as: {role}, and met something that this role does not allow.").format(
                who=row.user, role=row.get_role_display()
            ),
            _("You can give them another role, or do it for them."),
        ),
        address_of("team"),
        _("Look at the team"),
        _("You get this because you manage this workspace."),
    )
