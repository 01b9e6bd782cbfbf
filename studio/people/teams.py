"""Who is in a workspace: invited, joined, given another role, gone. Each change is an event, and is told by mail where it concerns
somebody else."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from billing.plans import PLANS
from rendering.values import BadInput
from rows import events
from studio.models import ApiKey, Invitation, Letter, Membership, User, Workspace
from studio.people.roles import allows, those_who_may

MOST_ADDRESSES = 20
"""People who are invited at once."""
MOST_OPEN = 200
"""Invitations of a workspace that wait."""
SEATED = (Membership.Role.OWNER, Membership.Role.ADMIN, Membership.Role.MEMBER)
"""Roles that take a seat of the plan."""
HANDED_OVER = Membership.Role.ADMIN
"""What an owner is after somebody else has become it."""


def members(workspace: Workspace) -> list[Membership]:
    rows = Membership.objects.filter(workspace=workspace, removed_at=None).select_related("user")
    order = {role: number for number, role in enumerate(Membership.Role.values)}
    return sorted(rows, key=lambda row: (order.get(row.role, 9), row.created_at))


def whom_to_ask(workspace: Workspace) -> str:
    """Those who may change the workspace, by name; at most three."""
    rows = workspace.memberships.filter(removed_at=None, role__in=those_who_may("manage"))
    return ", ".join(str(row.user) for row in rows.select_related("user").order_by("pk")[:3])


def open_invitations(workspace: Workspace) -> list[Invitation]:
    rows = Invitation.objects.filter(workspace=workspace, accepted_at=None, revoked_at=None)
    return list(rows.select_related("invited_by"))


def seats(workspace: Workspace) -> tuple[int, int | None]:
    """(taken, offered by the plan); None: as many as the contract says. Open invitations count."""
    taken = workspace.memberships.filter(removed_at=None, role__in=SEATED).count()
    taken += Invitation.objects.filter(
        workspace=workspace, accepted_at=None, revoked_at=None, role__in=SEATED,
        expires_at__gt=timezone.now(),
    ).count()  # fmt: skip
    return taken, PLANS[workspace.plan].seats


def _need_seats(workspace: Workspace, more: int) -> None:
    taken, offered = seats(workspace)
    if offered is not None and taken + more > offered:
        raise BadInput(
            gettext(
                "Seats on the {plan} plan: {offered}; taken: {taken}, open invitations included. Reviewers and billing take none."
            ).format(plan=PLANS[workspace.plan].name, offered=offered, taken=taken),
            code="plan_limit",
            limit=offered,
            plan=workspace.plan,
        )


def check_role(role: str, by: Membership) -> None:
    """Raises BadInput for a role that there is not, or that this person cannot give."""
    if role not in Membership.Role.values or role == Membership.Role.OWNER:
        raise BadInput(
            gettext(
                "Choose admin, member, reviewer or billing. An owner is made by handing the workspace over."
            ),
            code="invalid_field",
            field="role",
        )
    if not allows(by.role, "manage"):
        raise BadInput(gettext("Ask an owner or admin of the workspace."), code="role_not_allowed")


@transaction.atomic
def invite(workspace: Workspace, addresses: list[str], role: str, by: Membership) -> int:
    """Invites people; who is there already, or has an open invitation, is left alone. Returns how many were invited.

    Raises BadInput where the plan has no seats left, too many wait, or everybody is there already.
    """
    check_role(role, by)
    workspace = Workspace.objects.select_for_update().get(pk=workspace.pk)
    wanted = list(dict.fromkeys(address.strip().lower() for address in addresses))
    there = set(
        Membership.objects.filter(
            workspace=workspace, removed_at=None, user__email__in=wanted
        ).values_list("user__email", flat=True)
    )
    waiting = Invitation.objects.filter(workspace=workspace, accepted_at=None, revoked_at=None)
    there |= set(waiting.filter(email__in=wanted).values_list("email", flat=True))
    new = [address for address in wanted if address not in there]
    if not new:
        raise BadInput(
            gettext(
                "They are in the workspace, or invited, already. To mail them again, press “Send again”."
            ),
            code="invalid_field",
            field="addresses",
        )
    if waiting.count() + len(new) > MOST_OPEN:
        raise BadInput(
            gettext("{most} invitations wait already; revoke some first.").format(most=MOST_OPEN),
            code="invalid_field",
        )
    if role in SEATED:
        _need_seats(workspace, len(new))
    for address in new:
        row = Invitation(workspace=workspace, email=address, role=role, invited_by=by.user)
        row.begin()
        row.save()
        Letter.write("invitation", row.pk, address)
        _record("member.invited", row.pk, workspace, by.user, after={"role": role}, address=address)
    return len(new)


@transaction.atomic
def send_again(invitation: Invitation, by: User) -> None:
    """Mails it once more, with a new link and its full time; the link before ends."""
    Workspace.objects.select_for_update().get(pk=invitation.workspace_id)
    row = _locked(invitation)
    if row.has_expired and row.role in SEATED:  # its seat was free meanwhile
        _need_seats(row.workspace, 1)
    row.issue += 1
    row.begin()
    row.save()
    Letter.write("invitation", row.pk, row.email)
    _record("invitation.sent", row.pk, row.workspace, by)


@transaction.atomic
def revoke(invitation: Invitation, by: User) -> None:
    row = _locked(invitation)
    row.revoked_at = timezone.now()
    row.save(update_fields=["revoked_at"])
    _record("invitation.revoked", row.pk, row.workspace, by)


def _locked(invitation: Invitation) -> Invitation:
    row = Invitation.objects.select_for_update(of=("self",)).select_related("workspace")
    found = row.get(pk=invitation.pk)
    if not found.is_open:
        raise BadInput(
            gettext("This invitation was accepted or revoked meanwhile."), code="wrong_status"
        )
    return found


@transaction.atomic
def accept(invitation: Invitation, user: User) -> Membership:
    """Makes the person a member. Raises BadInput for an invitation that is over."""
    row = _locked(invitation)
    if row.has_expired:
        raise BadInput(
            gettext("This invitation has expired; ask for a new one."), code="wrong_status"
        )
    now = timezone.now()
    row.accepted_at = now
    row.save(update_fields=["accepted_at"])
    member, new = Membership.objects.get_or_create(
        workspace=row.workspace, user=user, defaults={"role": row.role}
    )
    if not new and member.removed_at is not None:
        member.role, member.removed_at, member.created_at = row.role, None, now
        member.save()
    _record(
        "member.joined",
        str(user.pk),
        row.workspace,
        user,
        after={"role": member.role},
        address=user.email,
    )
    return member


@transaction.atomic
def change_role(member: Membership, role: str, by: Membership) -> None:
    """Gives a member another role, from their next request on. Raises BadInput for one's own, the owner's, or one that there is
    not."""
    check_role(role, by)
    row = _member(member)
    if row.pk == by.pk:
        raise BadInput(gettext("Your own role is changed by somebody else."), code="invalid_field")
    if row.role == Membership.Role.OWNER:
        raise BadInput(
            gettext("The owner stays the owner until they hand the workspace over."),
            code="invalid_field",
        )
    if row.role == role:
        return
    if role in SEATED and row.role not in SEATED:
        _need_seats(row.workspace, 1)
    before, row.role = row.role, role
    row.save(update_fields=["role"])
    Letter.write("role_changed", f"{row.workspace_id}", row.user.email, user=row.user)
    _record(
        "member.changed",
        str(row.user_id),
        row.workspace,
        by.user,
        before={"role": before},
        after={"role": role},
    )


@transaction.atomic
def remove(member: Membership, by: Membership) -> None:
    """Ends a membership at once, by somebody who manages the workspace or by the member themself: their keys stop, what they made
    stays. Raises BadInput for an owner."""
    row = _member(member)
    own = row.pk == by.pk
    if not own and not allows(by.role, "manage"):
        raise BadInput(gettext("Ask an owner or admin of the workspace."), code="role_not_allowed")
    if row.role == Membership.Role.OWNER:
        raise BadInput(
            gettext("A workspace has an owner: hand it over first, then leave."),
            code="invalid_field",
        )
    row.removed_at = timezone.now()
    row.save(update_fields=["removed_at"])
    for key in ApiKey.objects.filter(workspace=row.workspace, created_by=row.user, revoked_at=None):
        key.revoke(by.user)
    if not own:
        Letter.write("access_ended", f"{row.workspace_id}", row.user.email, user=row.user)
    what = "member.left" if own else "member.removed"
    _record(what, str(row.user_id), row.workspace, by.user, before={"role": row.role})


@transaction.atomic
def hand_over(member: Membership, by: Membership) -> None:
    """Makes an admin or a member the owner; the owner becomes an admin. Raises BadInput for anybody else."""
    rows = {
        row.pk: row
        for row in Membership.objects.select_for_update(of=("self",))
        .select_related("workspace", "user")
        .filter(pk__in=(member.pk, by.pk), removed_at=None)
        .order_by("pk")
    }
    to, owner = rows.get(member.pk), rows.get(by.pk)
    if owner is None or owner.role != Membership.Role.OWNER:
        raise BadInput(
            gettext("Only the owner can hand the workspace over."), code="role_not_allowed"
        )
    if to is None or to.role not in (Membership.Role.ADMIN, Membership.Role.MEMBER):
        raise BadInput(
            gettext("Hand it over to an admin or a member of the workspace."), code="invalid_field"
        )
    before = {"owner": str(owner.user_id)}
    owner.role, to.role = HANDED_OVER, Membership.Role.OWNER
    owner.save(update_fields=["role"])
    to.save(update_fields=["role"])
    Letter.write("role_changed", f"{to.workspace_id}", to.user.email, user=to.user)
    _record(
        "workspace.handed_over",
        to.workspace_id,
        to.workspace,
        by.user,
        before=before,
        after={"owner": str(to.user_id)},
    )


def _member(member: Membership) -> Membership:
    rows = Membership.objects.select_for_update(of=("self",)).select_related("workspace", "user")
    found = rows.filter(pk=member.pk, removed_at=None).first()
    if found is None:
        raise BadInput(gettext("They are no longer in the workspace."), code="wrong_status")
    return found


def _record(
    kind: str, subject: str, workspace: Workspace, by: User, *, address: str = "", **more: Any
) -> None:
    personal = {"address": address} if address else None
    events.record(
        kind,
        subject,
        workspace=workspace.pk,
        actor=str(by.pk),
        person=address,
        personal=personal,
        **more,
    )
