"""Approval before credits are spent: who gives it, how long it is waited for, and what an edit does to it.

A verdict is bound to the revision of the project that its version was made from. An edit changes the revision, so the verdict
no longer stands.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from rendering import tasks
from rendering.models import Render, WrongStatus
from rendering.values import BadInput
from rows import events
from rows.limits import HOUR, Limit
from studio.models import Batch, Letter, Membership, Project, User, Verdict, Workspace
from studio.people.roles import those_who_may

LAPSES_AFTER = timedelta(days=14)
REMINDED_AFTER = timedelta(days=2)
REMINDERS = Limit("reminders", 1, HOUR, store="rows")
"""Of a render."""
LONGEST_REASON = 300


def last_verdict(project: Project) -> Verdict | None:
    return project.verdicts.select_related("user", "project").first()


def is_approved(project: Project) -> bool:
    """Whether the project, as it is now, was approved of."""
    verdict = last_verdict(project)
    return verdict is not None and verdict.outcome == Verdict.Outcome.APPROVED and verdict.stands


def is_needed(project: Project, *, charges: bool) -> bool:
    """Whether a render has to wait for somebody. charges: whether it spends credits."""
    if not project.workspace.needs_approval or not charges:
        return False
    row = project.batch_row
    return not (row.batch.approved if row else is_approved(project))


def approvers(workspace: Workspace) -> list[User]:
    """The members who may release a render, the longest there first."""
    rows = Membership.objects.filter(
        workspace=workspace,
        removed_at=None,
        role__in=those_who_may("approve"),
        user__is_active=True,
    )
    return [row.user for row in rows.select_related("user").order_by("created_at")]


def waiting(project: Project) -> list[Render]:
    return list(Render.objects.filter(project=project, status="held", held_for="approval"))


def _need_waiting(render: Render) -> None:
    if render.status != "held" or not render.needs_approval:
        raise BadInput(
            gettext("This render no longer waits for approval; load the page again."),
            code="not_waiting",
        )


@transaction.atomic
def approve(render: Render, by: User) -> None:
    """A member releases a render that waits. Raises BadInput if it does not."""
    _need_waiting(render)
    _noted(render, Verdict.Outcome.APPROVED, by)
    _released(render)


@transaction.atomic
def decline(render: Render, by: User, reason: str) -> None:
    """A member ends a render that waits; all of its credits come back."""
    _need_waiting(render)
    if len(reason) > LONGEST_REASON:
        raise BadInput(
            gettext("The reason takes at most {most} characters; shorten it.").format(
                most=LONGEST_REASON
            ),
            code="invalid_field",
        )
    _noted(render, Verdict.Outcome.CHANGES, by, reason)
    sentence = gettext("{name} did not approve of it.").format(name=by) + (
        f" “{reason}”" if reason else ""
    )
    render.fail("approval_declined", sentence)


def _noted(render: Render, outcome: str, by: User, text: str = "") -> None:
    verdict = Verdict.objects.create(
        project=render.project, revision=render.revision, user=by, outcome=outcome, text=text
    )
    events.record(
        f"render.{outcome}",
        render.pk,
        workspace=render.workspace_id,
        actor=str(by.pk),
        after={"verdict": verdict.pk, "revision": render.revision},
    )


def _released(render: Render) -> None:
    try:
        render.approve()
    except WrongStatus:
        return
    if render.status == "queued":
        transaction.on_commit(partial(tasks.nudge_render, render.pk))
    if render.requested_by:
        who = render.requested_by
        Letter.write("approval_given", render.pk, who.email, user=who)


def release_what_waits(verdict: Verdict) -> None:
    """Renders of the same words that wait for this approval go on."""
    if verdict.outcome == Verdict.Outcome.APPROVED:
        for render in waiting(verdict.project):
            if render.revision == verdict.revision:
                _released(render)


def lapse_overdue() -> None:
    """Nobody decided in time: the render ends and all credits come back."""
    past = timezone.now() - LAPSES_AFTER
    for render in Render.objects.filter(status="held", held_for="approval", held_at__lt=past):
        try:
            render.fail(
                "approval_lapsed",
                gettext(
                    "Nobody approved of it within 14 days, so this render has ended. All credits are back; render it again when somebody can look."
                ),
            )
        except WrongStatus:
            continue


@transaction.atomic
def ask(render: Render) -> None:
    """Mails those who may release it, now and once more when it still waits after a while; of a batch, once for all of it."""
    row = render.project.batch_row
    subject = row.batch_id if row else render.pk
    for user in approvers(render.workspace):
        Letter.write("approval_wanted", subject, user.email, user=user)
        Letter.write("approval_reminder", subject, user.email, user=user, after=REMINDED_AFTER)


@transaction.atomic
def approve_batch(batch: Batch, by: User) -> None:
    """Releases the renders of a batch that wait, and those of the rows to come."""
    Batch.objects.filter(pk=batch.pk).update(approved=True)
    rows = Render.objects.filter(project__batch_row__batch=batch, needs_approval=True)
    for render in rows.filter(status="held").select_related("project"):
        approve(render, by)


@transaction.atomic
def remind(render: Render) -> None:
    """Mails them again; at most once an hour. Raises BadInput if that is too often, or nothing waits."""
    _need_waiting(render)
    if REMINDERS.count(render.pk).exceeded:
        raise BadInput(
            gettext("They were reminded within the last hour; wait a while."), code="rate_limited"
        )
    for user in approvers(render.workspace):
        Letter.write("approval_wanted", render.pk, user.email, user=user)
