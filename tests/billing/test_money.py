"""The ledger under every order of events: sums hold, nothing is negative, a charge is settled once."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, connections, transaction
from django.db.utils import DatabaseError
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from hypothesis.stateful import run_state_machine_as_test as assert_rules_hold

from billing import models as billing
from billing.models import Grant, NotEnoughCredits, Transfer, Wallet
from billing.plans import grant_period, period_of
from rendering.models import Render, WrongStatus
from studio.models import Project, Workspace

pytestmark = pytest.mark.postgres


def ask(workspace, quoted):
    """A render with its charge, in one transaction, as a request makes them."""
    project, _ = Project.objects.get_or_create(workspace=workspace, title="Money")
    with transaction.atomic():
        render = Render.objects.create(
            workspace=workspace, project=project, title="Money", quoted=quoted
        )
        if quoted:
            billing.charge(render, quoted)
    return render


class Ledger(RuleBasedStateMachine):
    """Compares the ledger with a model: the balance, and the charge of each open render."""

    def __init__(self):
        super().__init__()
        self.workspace = Workspace.objects.create(name="Ledger")
        self.grants = 0
        self.balance = 0
        self.open = {}

    @rule(amount=st.integers(0, 900))
    def give(self, amount):
        self.grants += 1
        for _ in range(2):  # the same source again changes nothing
            billing.give(
                self.workspace,
                amount,
                kind="promo",
                source=f"{self.workspace.pk}:{self.grants}",
                expires_at=timezone.now() + timedelta(days=self.grants),
            )
        self.balance += amount

    @rule(amount=st.integers(1, 1200))
    def ask_for_a_render(self, amount):
        if amount > self.balance:
            with pytest.raises(NotEnoughCredits):
                ask(self.workspace, amount)
            return
        render = ask(self.workspace, amount)
        self.open[render.pk] = amount
        self.balance -= amount

    @rule(data=st.data(), how=st.sampled_from(["done", "failed", "canceled"]))
    def end(self, data, how):
        if not self.open:
            return
        pk = data.draw(st.sampled_from(list(self.open)))
        quoted = self.open.pop(pk)
        used = data.draw(st.integers(0, quoted)) if how == "done" else 0
        render = Render.objects.get(pk=pk)
        if how == "done":
            render.start()
            render.end("done", used=used)
        elif how == "failed":
            render.fail("internal_error", "Ours.", ours=True)
        else:
            render.cancel()
        with pytest.raises(WrongStatus):
            render.cancel()
        billing.settle(render, quoted)  # settling a second time changes nothing
        assert billing.cost_of(render) == {
            "charged": quoted,
            "refunded": quoted - used,
            "net": used,
        }
        self.balance += quoted - used

    @invariant()
    def sums_hold(self):
        wallet = Wallet.objects.filter(workspace=self.workspace).first()
        assert billing.available(self.workspace) == self.balance
        if wallet:
            wallet.refresh_from_db()
            assert wallet.pending == sum(self.open.values())
            assert billing.rebuild(self.workspace) == (self.balance, wallet.pending)
        charges = Transfer.objects.filter(workspace=self.workspace, kind="charge")
        for charge in charges:
            settled = list(charge.settling.values_list("amount", flat=True))
            assert settled == [] or sum(settled) == charge.amount


def test_balances_and_sums_of_the_ledger_are_right_after_every_order_of_events(db):
    assert_rules_hold(
        Ledger,
        settings=settings(
            max_examples=25,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_credits_that_end_first_are_spent_first(alice, monkeypatch):
    now = period_of(timezone.now())[0] + timedelta(
        1
    )  # the month ends later than the credits that end soon
    monkeypatch.setattr("billing.models.timezone.now", lambda: now)
    late = billing.give(
        alice.workspace, 100, kind="promo", source="a", expires_at=now + timedelta(90)
    )
    soon = billing.give(
        alice.workspace, 100, kind="promo", source="b", expires_at=now + timedelta(1)
    )
    ask(alice.workspace, 50)
    assert [t.grant_id for t in Transfer.objects.filter(kind="charge")] == [soon.pk]
    assert late.pk != soon.pk


def test_the_months_credits_come_once_and_end_with_the_month(alice):
    workspace = alice.workspace
    for _ in range(3):
        grant_period(workspace)
    assert billing.available(workspace) == 600
    grant = Grant.objects.get(workspace=workspace)
    assert grant.expires_at == period_of(timezone.now())[1]
    grant_period(workspace, grant.expires_at)
    assert Grant.objects.filter(workspace=workspace).count() == 2


def test_credits_that_ended_while_pending_come_back_when_the_failure_was_ours(alice):
    workspace = alice.workspace
    render = ask(workspace, 600)
    later = Grant.objects.get(workspace=workspace).expires_at + timedelta(seconds=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("billing.models.timezone.now", lambda: later)
        render.fail("internal_error", "Ours.", ours=True)
        assert billing.available(workspace) == 600
        assert Grant.objects.filter(workspace=workspace, kind="goodwill").count() == 1


@pytest.mark.parametrize("table", ["billing_transfer", "billing_grant", "consent_consentevent"])
@pytest.mark.parametrize("verb", ["UPDATE", "DELETE"])
def test_the_database_refuses_to_change_or_delete_money_and_consent(alice, library, table, verb):
    key = "sequence" if "consent" in table else "id"
    ask(alice.workspace, 5)
    statement = f"UPDATE {table} SET {key} = {key}" if verb == "UPDATE" else f"DELETE FROM {table}"
    with (
        pytest.raises(DatabaseError, match="only ever added"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


@pytest.mark.django_db(transaction=True)
def test_spending_at_once_never_takes_a_balance_below_zero(alice):
    """Sixteen at the same moment, credits for ten: ten pass, six are refused, nothing is lost."""
    workspace = alice.workspace
    together, results = threading.Barrier(16), []
    Project.objects.get_or_create(workspace=workspace, title="Money")

    def spend():
        try:
            together.wait()
            results.append(ask(workspace, 60).pk)
        except NotEnoughCredits:
            results.append(None)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=spend) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 16
    assert sum(r is not None for r in results) == 10
    assert billing.rebuild(workspace) == (0, 600)


@pytest.mark.django_db(transaction=True)
def test_a_render_ends_once_whoever_ends_it(alice):
    """A worker delivers while the user cancels: one of them wins, and the money follows that one."""
    for round_ in range(8):
        render = ask(alice.workspace, 10)
        render.start()
        together, won = threading.Barrier(2), []

        def end(how, render=render, together=together, won=won):
            mine = Render.objects.get(pk=render.pk)
            together.wait()
            try:
                mine.end("done", used=7) if how == "done" else mine.cancel()
                won.append(how)
            except WrongStatus:
                pass
            finally:
                connections.close_all()

        threads = [threading.Thread(target=end, args=(how,)) for how in ("done", "canceled")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(won) == 1, f"round {round_}: {won}"
        render.refresh_from_db()
        assert render.status == won[0]
        assert billing.cost_of(render)["net"] == (7 if won == ["done"] else 0)
