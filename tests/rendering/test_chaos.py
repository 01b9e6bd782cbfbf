"""The checker of `make chaos` finds every kind of violation. The run itself takes ten minutes and has its own target."""

import pytest

from billing.models import Wallet
from rendering.models import Render
from studio.models import ApiKey
from tests.chaos import Entry, History, violations
from tests.studio.rows import deliver, make_project, make_render

pytestmark = pytest.mark.django_db


@pytest.fixture
def accepted(alice, library):
    """accepted() -> a render of alice, with its entry in the history."""
    ApiKey.make(alice.workspace, "chaos", alice)
    history = History()

    def make(**changed):
        render = make_render(make_project(alice.workspace), by=alice, quoted=30)
        answer = {"status": 202, "render": render.pk, "quoted": 30, **changed}
        history.entries.append(Entry("alice", render.pk, {}, 0.0, **answer))
        return render

    make.history = history
    return make


def test_a_canceled_and_a_refunded_render_are_no_violations(accepted):
    accepted(canceled=True).cancel()
    accepted().fail("internal_error", "Ours.", ours=True)
    assert violations(accepted.history) == []


def test_a_render_that_does_not_end_is_found(accepted):
    render = accepted()
    wrong = "\n".join(violations(accepted.history))
    assert f"{render.pk} has not ended: queued" in wrong
    assert f"{render.pk} was settled as []" in wrong
    assert "30 s of" in wrong


def test_a_lost_a_doubly_answered_and_an_unnamed_render_are_found(accepted):
    render = accepted(canceled=True)
    render.cancel()
    accepted.history.entries.append(Entry("alice", "other", {}, 0.0, 202, render.pk, 30))
    accepted.history.entries.append(Entry("alice", "third", {}, 0.0, 202, "render_lost", 30))
    secret = accepted()
    secret.cancel()
    accepted.history.entries = [e for e in accepted.history.entries if e.render != secret.pk]
    wrong = "\n".join(violations(accepted.history))
    assert f"{render.pk} is the answer to 2 requests" in wrong
    assert "render_lost was accepted and is lost" in wrong
    assert "1 renders that no answer named, 0 answers missing" in wrong


def test_a_wrong_price_a_cancel_without_effect_and_a_bad_film_are_found(accepted, alice):
    render = deliver(accepted(quoted=20, canceled=True))
    Wallet.objects.filter(workspace=alice.workspace).update(available=1)
    wrong = "\n".join(violations(accepted.history))
    assert f"{render.pk} was quoted 20 and has 30" in wrong
    assert f"{render.pk} was canceled and is done" in wrong
    assert f"the film of {render.pk} cannot be decoded" in wrong
    assert "is not the sum of its transfers" in wrong
    Render.objects.filter(pk=render.pk).update(outputs=[])
    assert f"{render.pk} has 0 films" in "\n".join(violations(accepted.history))
