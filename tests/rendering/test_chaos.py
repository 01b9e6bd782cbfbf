"""The checker of `make chaos` finds what it is there to find. The run itself takes ten minutes and is a target of its own."""

import pytest

from billing.models import Wallet
from rendering.models import Render
from studio.models import ApiKey
from tests.chaos import Entry, History, violations
from tests.studio.rows import deliver, make_project, make_render

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(alice, library):
    """asked() -> a render of alice, and what the history says of it."""
    ApiKey.make(alice.workspace, "chaos", alice)
    history = History()

    def make(**told):
        render = make_render(make_project(alice.workspace), by=alice, quoted=30)
        answer = {"status": 202, "render": render.pk, "quoted": 30, **told}
        history.entries.append(Entry("alice", render.pk, {}, 0.0, **answer))
        return render

    make.history = history
    return make


def test_what_ended_and_was_given_back_is_right(asked):
    asked(canceled=True).cancel()
    asked().fail("internal_error", "Ours.", ours=True)
    assert violations(asked.history) == []


def test_what_does_not_end_is_found(asked):
    render = asked()
    wrong = "\n".join(violations(asked.history))
    assert f"{render.pk} has not ended: queued" in wrong
    assert f"{render.pk} was settled as []" in wrong
    assert "30 s of" in wrong


def test_what_is_lost_or_made_twice_or_in_secret_is_found(asked):
    render = asked(canceled=True)
    render.cancel()
    asked.history.entries.append(Entry("alice", "other", {}, 0.0, 202, render.pk, 30))
    asked.history.entries.append(Entry("alice", "third", {}, 0.0, 202, "render_lost", 30))
    secret = asked()
    secret.cancel()
    asked.history.entries = [e for e in asked.history.entries if e.render != secret.pk]
    wrong = "\n".join(violations(asked.history))
    assert f"{render.pk} is the answer to 2 requests" in wrong
    assert "render_lost was accepted and is lost" in wrong
    assert "1 renders that nobody was told of, 0 answers missing" in wrong


def test_a_dearer_render_a_canceled_one_that_goes_on_and_a_bad_film_are_found(asked, alice):
    render = deliver(asked(quoted=20, canceled=True))
    Wallet.objects.filter(workspace=alice.workspace).update(available=1)
    wrong = "\n".join(violations(asked.history))
    assert f"{render.pk} was quoted 20 and has 30" in wrong
    assert f"{render.pk} was canceled and is done" in wrong
    assert f"the film of {render.pk} cannot be decoded" in wrong
    assert "is not the sum of its transfers" in wrong
    Render.objects.filter(pk=render.pk).update(outputs=[])
    assert f"{render.pk} has 0 films" in "\n".join(violations(asked.history))
