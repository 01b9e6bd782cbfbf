"""The desk in the terminal: list, release and refuse cases."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from moderation.models import LAPSES_AFTER, AlreadyDecided, Case, Decision


class Command(BaseCommand):
    requires_system_checks: list[str] = []
    help = "Decides what screening left to a person: case list, case release ID, case refuse ID."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("list", help="Open cases, oldest first.")
        for verb, meaning in (
            ("release", "The render goes on to the queue."),
            ("refuse", "The render fails and all its credits go back."),
        ):
            decide = verbs.add_parser(verb, help=meaning)
            decide.add_argument("id")
            decide.add_argument("--by", default="moderator", help="Who decides.")
            decide.add_argument("--reason", default="", help="A sentence for the member.")

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        if verb == "list":
            self.show()
        else:
            self.decide(verb, options["id"], options["by"].strip(), options["reason"].strip())

    def show(self) -> None:
        cases = Case.open().select_related("render__workspace")
        for case in cases:
            self.stdout.write(
                f"{case.id}  {case.policy}  until {case.created_at + LAPSES_AFTER:%Y-%m-%d %H:%M} UTC  "
                f"{case.render.workspace} · {case.render.title}"
            )
            for span in case.spans:
                self.stdout.write(f"    scene {span['scene']}, line {span['line']}: {span['text']}")
        if not cases:
            self.stdout.write("No case is open.")

    def decide(self, verb: str, case_id: str, by: str, reason: str) -> None:
        if not by or len(by) > 120 or len(reason) > 500:
            raise CommandError(
                "--by takes 1 to 120 characters and --reason at most 500.", returncode=2
            )
        case = Case.objects.select_related("render").filter(pk=case_id).first()
        if case is None:
            raise CommandError(
                f"There is no case {case_id}; case list shows the open ones.", returncode=2
            )
        over = case.render.is_over
        try:
            decision = case.decide(Decision.Outcome[verb.upper()], by=by, reason=reason)
        except AlreadyDecided as error:
            raise CommandError(str(error), returncode=2) from None
        after = f"; the render was {case.render.status} already" if over else ""
        self.stdout.write(f"Case {case.id} is {decision.get_outcome_display()}{after}.")
