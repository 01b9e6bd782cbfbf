"""The ledger in the terminal: wallets beside what their transfers add up to."""

import json

import pytest
from django.core.management import call_command
from django.db.models import F

from billing import models as billing
from billing.models import Transfer, Wallet
from rendering.models import Render
from studio.models import Project

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


def run(capsys, *arguments):
    """The exit status and the output of the command."""
    try:
        call_command("ledger", *arguments)
        status = 0
    except SystemExit as ended:
        status = ended.code
    return status, capsys.readouterr().out


@pytest.fixture
def moved(alice):
    """alice's workspace after movements of every kind, with 40 credit-seconds pending."""
    project = Project.objects.create(workspace=alice.workspace, title="Money")
    for quoted, used in ((100, 70), (50, None), (40, -1)):
        render = Render.objects.create(
            workspace=alice.workspace, project=project, title="Money", quoted=quoted
        )
        billing.charge(render, quoted)
        if used is None:
            render.cancel()
        elif used >= 0:
            render.start()
            render.end("done", used=used)
    wallet = Wallet.locked(alice.workspace)
    grant = wallet._left()[0][0]
    for kind in ("expire", "revoke", "refund"):
        wallet._move(kind, grant, 7)
    assert set(Transfer.objects.values_list("kind", flat=True)) == set(Transfer.Kind.values)
    return alice.workspace


def test_check_finds_no_difference_where_wallets_match_the_ledger(moved, charlie, capsys):
    status, out = run(capsys, "check", "--json")
    assert (status, json.loads(out)) == (0, {"workspaces": 2, "differences": []})
    wallet = Wallet.objects.get(workspace=moved)
    assert (wallet.available, wallet.pending) == (600 - 70 - 40 - 7, 40)


@pytest.mark.parametrize("balance", ["available", "pending"])
def test_check_reports_a_wallet_that_differs_and_changes_nothing(moved, charlie, capsys, balance):
    before = Wallet.objects.filter(workspace=moved).values("available", "pending").get()
    Wallet.objects.filter(workspace=moved).update(**{balance: F(balance) + 1})
    for _ in range(2):  # the first check changed nothing
        status, out = run(capsys, "check", "--json")
        report = json.loads(out)
        assert status == 1
        assert report["workspaces"] == 2
        assert report["differences"] == [
            {
                "workspace": moved.pk,
                "wallet": {**before, balance: before[balance] + 1},
                "ledger": before,
            }
        ]


def test_check_reports_a_missing_wallet(moved, capsys):
    Wallet.objects.filter(workspace=moved).delete()
    status, out = run(capsys, "check")
    assert status == 1
    assert f"{moved.pk}: the wallet has 0 available and 0 pending credit-seconds" in out
    assert "Wallets that differ from the ledger: 1." in out


def test_check_needs_no_wallet_for_a_workspace_without_transfers(db, capsys):
    from studio.models import Workspace

    Workspace.objects.create(name="New")
    assert run(capsys, "check") == (
        0,
        "Workspaces: 1. Wallets that differ from the ledger: 0.\n",
    )


def test_rebuild_sets_a_wallet_to_what_the_ledger_says(moved, charlie, capsys):
    before = Wallet.objects.order_by("pk").values_list()
    original = list(before)
    Wallet.objects.filter(workspace=moved).update(available=1, pending=1)
    status, out = run(capsys, "rebuild")
    assert status == 0
    assert f"{moved.pk}: set to 483 available and 40 pending." in out
    assert list(before.all()) == original
    assert run(capsys, "check")[0] == 0
