"""The ledger in the terminal: whether every wallet is what its transfers add up to."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from billing.models import BALANCES, Compared, compared, rebuild


class Command(BaseCommand):
    help = "Compares wallets with the ledger: ledger check. Exit 0: all are equal; 1: some differ."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        check = verbs.add_parser("check", help="Compares and changes nothing.")
        check.add_argument("--json", action="store_true", help="One object on stdout.")
        verbs.add_parser("rebuild", help="Sets the wallets that differ to what the ledger says.")

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        rows = compared()
        differences = [row for row in rows if row.wallet != row.ledger]
        if verb == "check" and options["json"]:
            report = {"workspaces": len(rows), "differences": [plain(row) for row in differences]}
            self.stdout.write(json.dumps(report))
        else:
            for row in differences:
                self.stdout.write(sentence(row))
            self.stdout.write(
                f"Workspaces: {len(rows)}. Wallets that differ from the ledger: {len(differences)}."
            )
        if verb == "rebuild":
            for row in differences:
                available, pending = rebuild(row.workspace)
                self.stdout.write(f"{row.workspace}: set to {words(available, pending)}.")
        elif differences:
            raise SystemExit(1)


def words(available: int, pending: int) -> str:
    return f"{available} available and {pending} pending"


def sentence(row: Compared) -> str:
    wallet, ledger = words(*row.wallet), words(*row.ledger)
    return f"{row.workspace}: the wallet has {wallet} credit-seconds, the ledger {ledger}."


def plain(row: Compared) -> dict[str, Any]:
    return {
        "workspace": row.workspace,
        "wallet": dict(zip(BALANCES, row.wallet, strict=True)),
        "ledger": dict(zip(BALANCES, row.ledger, strict=True)),
    }
