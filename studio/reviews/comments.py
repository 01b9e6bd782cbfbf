"""What reviewers and members say of a version, and what a reviewer decides."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from rendering.models import Render
from rendering.values import BadInput
from rows import events
from studio.models import Comment, Letter, Project, Share, User, Verdict
from studio.projects import sharing
from studio.reviews import approval

MOST_COMMENTS = 500
"""Of a version."""
COLLECTED = timedelta(minutes=10)
"""Comments within this time are told of in one mail."""
TWICE = timedelta(minutes=1)


def of_version(project: Project, version: int) -> list[Comment]:
    """The comments of a version that begin a thread, in the order of the film, each with its replies."""
    rows = Comment.objects.filter(project=project, version=version, answers=None)
    found = list(rows.select_related("user").prefetch_related("replies__user"))
    return sorted(found, key=lambda one: (one.at is None, one.at or 0.0, one.created_at))


def at_lines(threads: list[Comment], lines: Sequence[Any]) -> list[Comment]:
    """Gives each comment the line that is said at its second, of lines with `start` and `end`."""
    for comment in threads:
        at = comment.at
        here = (line for line in lines if at is not None and line.start <= at < line.end)
        comment.line = next(here, None)  # type: ignore[attr-defined]
    return threads


def open_count(project: Project) -> int:
    return Comment.objects.filter(project=project, answers=None, resolved_at=None).count()


@transaction.atomic
def say(
    project: Project,
    version: int,
    text: str,
    *,
    at: float | None = None,
    share: Share | None = None,
    user: User | None = None,
    name: str = "",
    address: str = "",
    answers: Comment | None = None,
) -> Comment:
    """Adds a comment, and tells the project's people within a while. The same words sent twice are one comment."""
    theirs = Comment.objects.filter(project=project, version=version, user=user, address=address)
    recent = theirs.filter(text=text, at=at, created_at__gt=timezone.now() - TWICE)
    if twin := recent.first():
        return twin
    if Comment.objects.filter(project=project, version=version).count() >= MOST_COMMENTS:
        raise BadInput(
            gettext("A version takes at most {most} comments. Make a new version of it.").format(
                most=MOST_COMMENTS
            ),
            code="too_many_comments",
        )
    # Before the comment, so that the letter tells of it.
    for person in {project.created_by, share.created_by if share else None} - {None, user}:
        if person and person.is_active:
            Letter.write("comments", project.pk, person.email, user=person, after=COLLECTED)
    comment = Comment.objects.create(
        project=project,
        version=version,
        share=share,
        user=user,
        name=name,
        address=address,
        at=at,
        text=text,
        answers=answers,
    )
    events.record(
        "comment.made",
        comment.pk,
        workspace=project.workspace_id,
        actor=str(user.pk) if user else "",
        after={"project": project.pk, "version": version, "share": share and share.pk},
        personal={"name": name, "address": address} if address else None,
    )
    return comment


@transaction.atomic
def resolve(comment: Comment, *, resolved: bool, by: User) -> None:
    comment.resolved_at = timezone.now() if resolved else None
    comment.save(update_fields=["resolved_at"])
    events.record(
        "comment.resolved" if resolved else "comment.reopened",
        comment.pk,
        workspace=comment.project.workspace_id,
        actor=str(by.pk),
    )


@transaction.atomic
def decide(share: Share, outcome: str, *, name: str, address: str, text: str = "") -> Verdict:
    """A reviewer's decision on the version that the link shows. Renders that wait for it go on. Raises BadInput if
    there is nothing to decide on."""
    render: Render | None = sharing.shown(share)
    if render is None or render.version is None:
        raise BadInput(gettext("There is no video to decide on yet."), code="not_waiting")
    verdict = Verdict.objects.create(
        project=share.project,
        version=render.version,
        revision=render.revision,
        share=share,
        name=name,
        address=address,
        outcome=outcome,
        text=text,
    )
    events.record(
        f"version.{outcome}",
        render.pk,
        workspace=share.project.workspace_id,
        after={"version": render.version, "share": share.pk, "verdict": verdict.pk},
        personal={"name": name, "address": address},
    )
    approval.release_what_waits(verdict)
    for person in {share.created_by, share.project.created_by} - {None}:
        if person and person.is_active:
            Letter.write("verdict", verdict.pk, person.email, user=person)
    return verdict
