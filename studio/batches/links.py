"""A link for viewers for each finished video of a batch, under the rules of links that people make one by one."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from rendering.models import Render
from rows import events
from studio.models import Batch, Membership, Project, Share, User
from studio.people.accounts import is_confirmed
from studio.people.roles import allows
from studio.projects import sharing

AT_ONCE = 100
"""Links that are made in one round, each in a transaction of its own."""


def switch(batch: Batch, by: User | None, *, on: bool) -> None:
    """From now on each finished video gets a link, those that are finished already, too; or no further one does. The links that
    there are stay. Raises BadInput for somebody whose address is not confirmed."""
    if on:
        sharing.need_confirmed(by is not None and is_confirmed(by))
    with transaction.atomic():
        due_at = timezone.now() if on else None
        Batch.objects.filter(pk=batch.pk).update(
            shares=on, shared_by=by if on else None, shares_due_at=due_at
        )
        events.record(
            "batch.shares_on" if on else "batch.shares_off",
            batch.pk,
            workspace=batch.workspace_id,
            actor=str(by.pk) if by else "",
        )
    batch.refresh_from_db()


def without(batch: Batch) -> QuerySet[Project]:
    """Projects of finished videos that never had a link. One that somebody removed is not made again."""
    finished = Render.objects.filter(project=OuterRef("pk"), status="done", mode=batch.mode)
    links = Share.objects.filter(project=OuterRef("pk"), reviews=False)
    return Project.objects.filter(
        Exists(finished), ~Exists(links), batch_row__batch=batch, removed_at=None
    )


def make() -> None:
    """Makes the links that are wanted, some at a time."""
    now = timezone.now()
    for batch in Batch.objects.filter(shares=True, shares_due_at__lte=now).order_by(
        "shares_due_at"
    )[:5]:
        if not _may(batch):
            switch(batch, None, on=False)
            continue
        rows = list(without(batch)[:AT_ONCE])
        for project in rows:
            _make(batch, project)
        if len(rows) < AT_ONCE:
            # Not if another video has ended since.
            Batch.objects.filter(pk=batch.pk, shares_due_at=batch.shares_due_at).update(
                shares_due_at=None
            )


def _may(batch: Batch) -> bool:
    """Whether the person who switched it on may still share here."""
    user = batch.shared_by
    if user is None or not user.is_active or not is_confirmed(user):
        return False
    members = Membership.objects.filter(user=user, workspace=batch.workspace_id, removed_at=None)
    return any(allows(member.role, "share") for member in members)


@transaction.atomic
def _make(batch: Batch, project: Project) -> None:
    """Under the batch's lock, so that two rounds at once make one link, and none once it is switched off."""
    held = Batch.objects.select_for_update().filter(pk=batch.pk, shares=True)
    if list(held.values_list("pk")) and without(batch).filter(pk=project.pk).exists():
        Share.make(project, batch.shared_by)
