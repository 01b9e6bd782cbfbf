"""Shared links in the terminal: find those of a video, remove one for good, erase a reviewer, read what viewers reported."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q

from moderation.models import Report
from rendering.models import Render
from studio.models import Share
from studio.projects import sharing
from studio.reviews import people


class Command(BaseCommand):
    requires_system_checks: list[str] = []
    help = "Links for people without an account: share list, share remove ID, share erase ADDRESS, share reports."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        listed = verbs.add_parser("list", help="Links that are not removed, the newest first.")
        listed.add_argument(
            "--of", default="", help="Of a project, a render or a workspace: its id."
        )
        removed = verbs.add_parser("remove", help="Nobody can watch at this address any more.")
        removed.add_argument("id")
        removed.add_argument("--reason", default="", help="A sentence that viewers read.")
        erased = verbs.add_parser(
            "erase",
            help="A reviewer's name and address go, in all workspaces; what they said stays.",
        )
        erased.add_argument("address")
        verbs.add_parser("reports", help="What viewers reported, the oldest first.")

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        if verb == "list":
            self.show(options["of"])
        elif verb == "remove":
            self.remove(options["id"], options["reason"].strip())
        elif verb == "erase":
            self.erase(options["address"].strip())
        else:
            self.reports()

    def show(self, of: str) -> None:
        rows = Share.objects.filter(removed_at=None).select_related("project__workspace")
        if of:
            render = Render.objects.filter(pk=of).first()
            project = render.project_id if render else of
            rows = rows.filter(Q(project=project) | Q(project__workspace=of))
        shares = list(rows[:1000])
        for share in shares:
            found = sharing.standing(share)
            if of.startswith("render_") and (shown := sharing.shown(share)) and shown.pk != of:
                continue
            self.stdout.write(
                f"{share.pk}  {found.state}  {share.project.workspace} · {share.project}  played {share.plays}"
            )
        if not shares:
            self.stdout.write("There is no link.")

    def remove(self, share_id: str, reason: str) -> None:
        share = Share.objects.select_related("project").filter(pk=share_id).first()
        if share is None:
            raise CommandError(f"There is no link {share_id}; share list shows them.", returncode=2)
        if len(reason) > 200:
            raise CommandError("--reason takes at most 200 characters.", returncode=2)
        share.remove(None, reason)
        self.stdout.write(f"{share.pk} is removed.")

    def erase(self, address: str) -> None:
        if not address:
            raise CommandError("Name the address to erase.", returncode=2)
        count = 0
        for workspace in people.workspaces_of(address):
            count += people.erase(workspace, address, None)
        self.stdout.write(f"Erased in {count} places.")

    def reports(self) -> None:
        reports = list(Report.objects.select_related("render")[:1000])
        for report in reports:
            self.stdout.write(
                f"{report.pk}  {report.created_at:%Y-%m-%d %H:%M} UTC  {report.kind}  link {report.share}  "
                f"{report.address or 'no address'}\n    {report.words}"
            )
        if not reports:
            self.stdout.write("Nothing was reported.")
