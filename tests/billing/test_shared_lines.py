"""What a project's renders cost when they share lines, in every order of events: nothing is paid for twice."""

import itertools
import threading

import pytest
from django.db import connections
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule
from hypothesis.stateful import run_state_machine_as_test as assert_rules_hold

from billing import models as billing
from rendering import cost
from rendering.models import Render, Segment
from studio.library.stock import ensure_stock
from studio.models import Workspace
from studio.renders.ordering import request_render
from tests.studio.rows import make_project

pytestmark = pytest.mark.postgres

WORDS = ("One.", "Two words.", "Here are three.", "And these are four.", "Five is more than four.")
NUMBER = itertools.count()


def made(render, lengths):
    """The render as its workers leave it before its end: every line is made and has its length."""
    for row in render.segments.all():
        seconds = lengths[row.text]
        Segment.objects.filter(pk=row.pk).update(status="done", progress=1.0, seconds=seconds)
    render.refresh_from_db()
    if render.status == "queued":
        render.start()
        render.refresh_from_db()
    return render


class Lines(RuleBasedStateMachine):
    """Compares charges with a model: the set of words that were delivered and paid for."""

    renders = Bundle("renders")

    def __init__(self):
        super().__init__()
        number = next(NUMBER)
        self.workspace = Workspace.objects.create(name=f"Lines {number}", plan="business")
        billing.give(self.workspace, 9_000, kind="promo", source=f"lines:{number}")
        self.project = make_project(self.workspace, script=WORDS[0])
        self.paid = set()
        self.open = {}
        self.spent = 0

    @rule(words=st.lists(st.sampled_from(WORDS), min_size=1, max_size=5))
    def edit(self, words):
        scene = self.project.live_scenes.get()
        scene.edit(scene.revision, script="\n\n".join(words))
        self.project.refresh_from_db()

    @rule(target=renders, draft=st.booleans())
    def ask(self, draft):
        render = request_render(self.project, mode="draft" if draft else "final")
        words = [row.text for row in render.segments.all()]
        new = {word for word in words if word not in self.paid}
        shares = {row.text: row for row in render.segments.all() if row.reason == "new"}
        assert set(shares) == new
        assert sum(row.credit_seconds for row in render.segments.all()) == render.quoted
        assert (render.quoted == 0) == (draft or not new)
        self.open[render.pk] = words
        return render.pk

    @rule(pk=consumes(renders), data=st.data())
    def deliver(self, pk, data):
        words = self.open.pop(pk)
        render = Render.objects.get(pk=pk)
        lengths = {
            word: data.draw(st.floats(0.04, 4.0), label=word) for word in dict.fromkeys(words)
        }
        cost.deliver(made(render, lengths))
        new = [word for word in dict.fromkeys(words) if word not in self.paid]
        sums, rows = render.cost, list(render.segments.all())
        if render.mode == "draft":
            assert sums == {"quoted": 0, "charged": 0, "refunded": 0, "net": 0}
            return
        whole = cost.whole(sum(lengths[word] for word in new))
        assert sums["net"] == min(sums["quoted"], whole)
        assert sum(row.credit_seconds for row in rows) == whole
        assert {row.text for row in rows if row.reason == "new"} == set(new)
        assert all(row.credit_seconds == 0 for row in rows if row.reason == "reused")
        self.paid |= set(words)
        self.spent += sums["net"]

    @rule(pk=consumes(renders), ours=st.booleans())
    def end(self, pk, ours):
        self.open.pop(pk)
        render = Render.objects.get(pk=pk)
        render.fail("internal_error", "Ours.", ours=True) if ours else render.cancel()
        assert render.cost["net"] == 0

    @invariant()
    def nothing_is_paid_twice(self):
        pending = 0
        for render in self.project.renders.all():
            sums = render.cost
            assert 0 <= sums["net"] <= sums["quoted"] == sums["charged"]
            pending += 0 if render.is_over else sums["charged"]
        assert billing.available(self.workspace) == 9_000 - self.spent - pending
        assert billing.rebuild(self.workspace) == (9_000 - self.spent - pending, pending)


def test_a_line_that_renders_share_is_paid_for_once_in_every_order_of_events(db):
    ensure_stock()
    assert_rules_hold(
        Lines,
        settings=settings(
            max_examples=12,
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_of_two_renders_that_share_a_line_the_first_delivered_pays_for_it(alice, library):
    """Both were quoted in full; the second gets the shared seconds back, and its lines say so."""
    project = make_project(alice.workspace, script="Shared by both.\n\nOnly of the first.")
    first = request_render(project)
    scene = project.live_scenes.get()
    scene.edit(scene.revision, script="Shared by both.\n\nOnly of the second.")
    project.refresh_from_db()
    second = request_render(project)
    lengths = {"Shared by both.": 1.6, "Only of the first.": 1.6, "Only of the second.": 1.2}
    cost.deliver(made(second, lengths))
    cost.deliver(made(first, lengths))
    assert second.cost["net"] == 3
    assert first.cost["net"] == 2
    rows = first.segments.values_list("reason", "credit_seconds")
    assert list(rows) == [("reused", 0), ("new", 2)]


@pytest.mark.django_db(transaction=True)
def test_two_renders_that_end_at_once_pay_for_their_shared_line_once(alice, library):
    project = make_project(alice.workspace, script="Said in both.")
    for _ in range(4):
        pair = [request_render(project) for _ in range(2)]
        for render in pair:
            made(render, {project.live_scenes.get().script: 1.5})
        together = threading.Barrier(2)

        def end(render, together=together):
            together.wait()
            cost.deliver(Render.objects.get(pk=render.pk))
            connections.close_all()

        threads = [threading.Thread(target=end, args=(render,)) for render in pair]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(render.cost["net"] for render in pair) == [0, 2]
        scene = project.live_scenes.get()
        scene.edit(scene.revision, script=scene.script + " Again.")
        project.refresh_from_db()
