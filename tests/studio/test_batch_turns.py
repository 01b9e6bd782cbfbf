"""Turns: a batch goes on as soon as it can, and behind whoever has waited longer."""

from datetime import timedelta

import pytest
from django.utils import timezone

from rendering.models import Render
from rendering.values import Unavailable
from rows import events
from rows.work import LEASE
from studio.batches import plan, result, run, turns
from studio.models import Batch
from tests.studio.batches import check, finish, made

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


@pytest.fixture
def messages(monkeypatch):
    """What would be sent to the workers: (task, id of the batch)."""
    sent = []
    for name in ("CHECKING", "RUNNING"):
        kind = getattr(run, name)
        monkeypatch.setattr(
            type(kind), "ask", lambda self, pk: bool(sent.append((self.task, pk)) or True)
        )
    return sent


@pytest.fixture
def unchecked(template):
    def make(count, workspace=None):
        rows = [plan.TableRow(n, {"name": f"N{n}"}) for n in range(1, count + 1)]
        return plan.create(template, workspace or template.workspace, ["name"], rows)

    return make


def test_a_check_goes_on_without_the_sweep_until_it_is_done(unchecked, messages, monkeypatch):
    monkeypatch.setattr(run, "TURN_SECONDS", 0.0)
    monkeypatch.setattr(run, "CHECKED_AT_ONCE", 2)
    batch = unchecked(5)
    messages[:] = [(run.CHECKING.task, batch.pk)]
    turn = 0
    while messages:  # each is read once
        messages.pop(0)
        turns.take()
        turn += 1
        assert len(messages) <= 1  # they do not pile up
    batch.refresh_from_db()
    assert (batch.state, turn) == ("ready", 4)


def test_batches_take_turns_whatever_the_messages_say(unchecked, messages, monkeypatch):
    """Twenty turns of a large batch do not stand before one of a small one, even if all messages are about the large one."""
    monkeypatch.setattr(run, "TURN_SECONDS", 0.0)
    monkeypatch.setattr(run, "CHECKED_AT_ONCE", 1)
    large, small, third = unchecked(9), unchecked(2), unchecked(2)
    for _ in range(6):
        turns.take()
    waiting = [result.counts(one)["waiting"] for one in (large, small, third)]
    assert waiting == [7, 0, 0]


def test_a_window_is_filled_again_when_a_render_has_ended(template, messages, monkeypatch):
    monkeypatch.setattr(run, "WINDOW", 2)
    batch = made(template, 6)
    run.start(batch)
    turns.take()
    assert Render.objects.count() == 2
    messages.clear()
    turns.wake()
    assert not messages  # nothing to do: its window is full
    finish(Render.objects.order_by("created_at").first())
    events.deliver()
    turns.wake()
    assert messages == [(run.RUNNING.task, batch.pk)]
    turns.take()
    assert Render.objects.count() == 3


def test_a_batch_that_nobody_calls_is_looked_at_after_a_while(template, messages, monkeypatch):
    """Renders that begin make room, too, and tell nobody."""
    monkeypatch.setattr(run, "WINDOW", 1)
    batch = made(template, 3)
    run.start(batch)
    turns.take()
    Render.objects.get().start()
    batch.refresh_from_db()
    assert timezone.now() < batch.due_at <= timezone.now() + run.SOON
    Batch.objects.update(due_at=timezone.now())
    turns.wake()
    assert messages[-1] == (run.RUNNING.task, batch.pk)
    turns.take()
    turns.take()
    assert Render.objects.count() == 2


def test_a_store_that_is_away_is_not_asked_again_at_once(template, messages, monkeypatch):
    batch = made(template, 1)
    run.start(batch)
    messages.clear()

    def away(*args, **options):
        raise Unavailable("The store is away.", again=True)

    with monkeypatch.context() as patch:
        patch.setattr(run, "request_render", away)
        turns.take()
    assert not messages
    batch.refresh_from_db()
    assert (batch.state, batch.claims, batch.claimed_at) == ("running", 0, None)
    assert batch.due_at > timezone.now()
    Batch.objects.update(due_at=timezone.now())
    turns.take()
    assert Render.objects.count() == 1


def test_a_batch_whose_worker_was_killed_goes_on_with_another(template, messages):
    batch = made(template, 2)
    run.start(batch)
    run.RUNNING.claim(batch.pk)  # and nothing more is heard of it
    turns.take()
    assert not Render.objects.exists()
    Batch.objects.update(claimed_at=timezone.now() - LEASE - timedelta(seconds=1))
    turns.wake()
    assert messages[-1] == (run.RUNNING.task, batch.pk)
    turns.take()
    assert Render.objects.count() == 2


def test_messages_do_not_pile_up_while_a_worker_is_at_it(unchecked, messages):
    first, second = unchecked(1), unchecked(1)
    run.CHECKING.claim(first.pk)
    messages.clear()
    turns.wake()
    assert not messages  # the worker calls the next one itself
    Batch.objects.filter(pk=second.pk).update(due_at=timezone.now() - turns.AGAIN * 2)
    turns.wake()
    assert messages == [(run.CHECKING.task, second.pk)]
    turns.wake()
    assert len(messages) == 1  # it waits already, behind other work


def test_paused_and_finished_batches_have_no_turns(template, messages):
    batch = check(
        plan.create(template, template.workspace, ["name"], [plan.TableRow(1, {"name": "A"})])
    )
    messages.clear()
    turns.wake()
    run.start(batch)
    run.pause(batch)
    messages.clear()
    turns.wake()
    turns.take()
    assert not messages
    assert not Render.objects.exists()
