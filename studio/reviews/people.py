"""Reviewers without an account: whom a project knows, and how their names and addresses are erased."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext

from rows import events
from studio.models import Comment, Letter, Project, Share, User, Verdict, Workspace

MOST_SHOWN = 200
KINDS = ("comment.made", "version.approved", "version.changes")
"""Events that hold a reviewer's name and address."""


@dataclass
class Reviewer:
    """names: as they wrote them, the last one first. said: comments and decisions."""

    address: str
    names: list[str] = field(default_factory=list)
    said: int = 0


def of_project(project: Project) -> list[Reviewer]:
    """Everybody without an account who said something of the project, or was asked by mail to."""
    found: dict[str, Reviewer] = {}
    for model in (Comment, Verdict):
        rows = model.objects.filter(project=project, user=None).exclude(address="")
        for name, address in rows.order_by("-created_at").values_list("name", "address"):
            person = found.setdefault(address.casefold(), Reviewer(address))
            person.said += 1
            if name not in person.names:
                person.names.append(name)
    for address in _asked(project.shares.all()).values_list("address", flat=True):
        found.setdefault(address.casefold(), Reviewer(address))
    return list(found.values())[:MOST_SHOWN]


def _asked(shares: models.QuerySet[Share]) -> models.QuerySet[Letter]:
    """Mails that ask somebody to look at one of these links, sent or not."""
    return Letter.objects.filter(user=None, kind="review_asked", subject__in=shares.values("pk"))


def workspaces_of(address: str) -> list[Workspace]:
    """Those in which somebody with this address has reviewed, or was asked to."""
    letters = Letter.objects.filter(user=None, kind="review_asked", address__iexact=address)
    asked = Share.objects.filter(pk__in=letters.values("subject")).values("project__workspace")
    said = [
        model.objects.filter(user=None, address__iexact=address).values("project__workspace")
        for model in (Comment, Verdict)
    ]
    named = Share.objects.filter(name__icontains=address).values("project__workspace")
    held = Q(pk__in=asked) | Q(pk__in=said[0]) | Q(pk__in=said[1]) | Q(pk__in=named)
    return list(Workspace.objects.filter(held).order_by("pk"))


@transaction.atomic
def erase(workspace: Workspace, address: str, by: User | None) -> int:
    """Takes a reviewer's name and address out of everything in the workspace. What they said stays, without a name; mails
    that wait for them are dropped. Returns in how many places they were found."""
    shares = Share.objects.filter(project__workspace=workspace)
    names, count = {address}, 0
    for model in (Comment, Verdict):
        rows = model.objects.filter(
            project__workspace=workspace, user=None, address__iexact=address
        )
        names.update(rows.values_list("name", flat=True))
        count += rows.update(name="", address="")
    count += _asked(shares).filter(address__iexact=address).delete()[0]
    count += _unname(shares, {name.casefold() for name in names if name})
    events.erase(address, workspace=workspace.pk, kinds=KINDS)
    if count:
        events.record(
            "reviewer.erased",
            workspace.pk,
            workspace=workspace.pk,
            actor=str(by.pk) if by else "",
            after={"places": count},
        )
    return count


def _unname(shares: models.QuerySet[Share], names: set[str]) -> int:
    """A link for reviewers is called by the people who were asked. Returns how many were called by one of these."""
    count = 0
    for share in shares.filter(reviews=True).exclude(name=""):
        people = share.name.split(", ")
        left = [one for one in people if one.casefold() not in names]
        if len(left) < len(people):
            Share.objects.filter(pk=share.pk).update(name=", ".join(left) or gettext("Review"))
            count += 1
    return count
