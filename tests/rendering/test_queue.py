"""The queue: who is next, exactly once; canceling; and what is made again after a small change."""

import hashlib
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from billing.models import available, cost_of
from rendering.fleet import eta, queue
from rendering.fleet.queue import Kinds
from rendering.fleet.scheduling import LANES
from rendering.models import USUAL_SPEED, Render, Segment, Worker
from studio.models import Project
from studio.renders import ordering
from tests.rendering.fleet import assert_whole, expect_soon, state

pytestmark = pytest.mark.postgres


def expect_end(render):
    expect_soon(lambda: Render.objects.get(pk=render.pk).is_over, "ended", 120)
    return Render.objects.get(pk=render.pk)


def make(workspace, count, **fields):
    """A queued render of this many lines, as rows."""
    from tests.studio.rows import make_project

    project = make_project(workspace)
    scene = project.live_scenes.first()
    render = Render.objects.create(workspace=workspace, project=project, title="x", **fields)
    Segment.objects.bulk_create(
        Segment(
            render=render,
            position=n,
            text="x",
            avatar=scene.avatar,
            voice=scene.voice,
            spec={},
            key=hashlib.sha256(f"{render.pk}{n}".encode()).hexdigest(),
            line_key=str(n),
            estimated_seconds=4.0,
        )
        for n in range(1, count + 1)
    )
    return render


def test_lines_are_claimed_in_order_and_once(alice, library):
    render = make(alice.workspace, 3)
    found = [queue.claim("me") for _ in range(4)]
    assert [row.position for row in found[:3]] == [1, 2, 3]
    assert found[3] is None
    assert Render.objects.get(pk=render.pk).status == "running"


def test_a_workspace_with_many_lines_does_not_keep_others_waiting(alice, charlie, library):
    for _ in range(3):
        make(alice.workspace, 10)
    queue.claim("first")
    late = make(charlie.workspace, 1)
    assert queue.claim("second").render_id == late.pk


def test_a_canceled_render_is_not_claimed(alice, library):
    make(alice.workspace, 2).cancel()
    assert queue.claim("me") is None


def test_a_withdrawn_consent_ends_the_render_at_the_claim(alice, library):
    render = make(alice.workspace, 2)
    render.segments.first().avatar.consents.get().withdraw("asked to")
    assert queue.claim("me") is None
    render.refresh_from_db()
    assert (render.status, render.failure_code) == ("failed", "consent_withdrawn")


def test_position_and_forecast_end_follow_the_queue(alice, charlie, library):
    first, second, third = (make(who.workspace, 2) for who in (alice, charlie, alice))
    assert not eta.position(second).working
    assert eta.position(second).seconds is None
    Worker.objects.create(name="w", slots=1)
    found = eta.positions([first, second, third])
    places = [found[render.pk] for render in (first, second, third)]
    assert [place.position for place in places] == [1, 2, 3]
    line = 4.0 * USUAL_SPEED
    # By turns: alice, charlie, alice, charlie, and then the later render of alice.
    assert [place.ahead_seconds for place in places] == pytest.approx([0, line, 4 * line])
    assert 0 < places[0].seconds < places[1].seconds < places[2].seconds < places[2].high_seconds
    Worker.objects.create(name="v", slots=3)
    assert eta.position(third).seconds < places[2].seconds


def test_canceled_failed_and_reused_work_counts_as_no_arrival(alice, charlie, library):
    """Reused lines ask for no work either."""
    Worker.objects.create(name="w", slots=1)
    reused = make(alice.workspace, 50)
    reused.segments.update(kept=True, status="done")
    for _ in range(5):
        make(charlie.workspace, 50).cancel()
    make(charlie.workspace, 50).fail("internal_error", "It failed.", ours=True)
    assert not any(queue.arrivals(timedelta(minutes=15)).values())
    made = make(alice.workspace, 2)
    assert eta.position(made).high_seconds < 30


def test_a_large_fleet_does_not_shorten_a_wait_that_the_cap_sets(alice, library):
    """Also where the queue is too long to be simulated line by line."""
    make(alice.workspace, 1_500)
    Worker.objects.create(name="w", slots=100)
    work = 1_500 * 4.0 * USUAL_SPEED
    wait = eta.likely_wait(alice.workspace, "free", [4.0]).likely
    assert wait == pytest.approx(work / LANES["free"].cap, rel=0.02)


def test_a_worker_claims_only_lines_that_it_can_make(alice, library):
    render = make(alice.workspace, 3, lane="long")
    render.segments.filter(position=1).update(engine="other")
    assert queue.claim("me", Kinds(lanes=("short",))) is None
    assert queue.claim("me", Kinds(("portrait",), ("long",))).position == 2
    assert queue.claim("me", Kinds(("other",))).position == 1
    assert queue.claim("me", Kinds(("other",))) is None
    assert queue.kinds_waiting() == {("portrait", "long"): 1}


def test_a_line_of_another_engine_behind_older_renders_is_found(alice, charlie, library):
    make(alice.workspace, 2)
    late = make(alice.workspace, 1)
    late.segments.update(engine="other")
    make(charlie.workspace, 1)
    assert queue.claim("me", Kinds(("other",))).render_id == late.pk


def test_a_workspace_at_its_cap_waits_and_the_others_do_not(alice, charlie, library):
    make(alice.workspace, 20)
    claimed = [queue.claim("me") for _ in range(LANES["free"].cap)]
    assert all(claimed)
    assert queue.claim("me") is None
    other = make(charlie.workspace, 1)
    assert queue.claim("me").render_id == other.pk
    claimed[0].finish(claimed[0].attempt)
    assert queue.claim("me").render.workspace == alice.workspace


def test_turns_alternate_with_a_single_slot(alice, charlie, library):
    for _ in range(3):
        make(alice.workspace, 9)
    make(charlie.workspace, 9)
    order = []
    for _ in range(8):
        row = queue.claim("me")
        order.append(row.render.workspace_id)
        row.finish(row.attempt)
    assert order.count(charlie.workspace.pk) == 4
    assert len({*order[:2]}) == 2


def test_a_head_start_is_limited(alice, charlie, library):
    """A preview goes before older free work, but not before all of it."""
    now = timezone.now()
    ages = [30, 3600]
    young, old = (
        make(alice.workspace, 1, rank_at=queue.rank_at("free", now - timedelta(seconds=age)))
        for age in ages
    )
    preview = make(charlie.workspace, 1, lane="preview", rank_at=queue.rank_at("preview", now))
    assert [queue.claim("me").render_id for _ in range(3)] == [old.pk, preview.pk, young.pk]


def test_two_workers_make_each_of_forty_lines_once(fleet, make_script):
    project = make_script(*(f"Number {n}." for n in range(1, 41)))
    fleet.worker(slots=2)
    fleet.worker(slots=2)
    fleet.scheduler()
    expect_soon(lambda: queue.slots() == 4, "two workers")
    render = ordering.request_render(project)
    expect_soon(lambda: Render.objects.get(pk=render.pk).is_over, "ended", 240)
    assert_whole(render)
    lines = render.segments.all()
    assert len(lines) == 40
    assert {line.claims for line in lines} == {1}, state()
    assert {line.attempt for line in lines} == {1}


def test_cancel_gives_credits_back_at_once_and_frees_the_worker(fleet, make_script, alice):
    """In the middle of one long sentence of the heavy voice, which is a single call of the model."""
    before = available(alice.workspace)
    words = "which nobody will ever hear to its end " * 11
    render = ordering.request_render(
        make_script(f"A sentence {words}.", voice="af_heart"), by=alice
    )
    fleet.worker()
    expect_soon(
        lambda: render.segments.filter(status="running", stage="speech").exists(), "speaking"
    )
    time.sleep(1)  # into the call of the model
    render.cancel()
    pressed = time.monotonic()
    assert available(alice.workspace) == before
    expect_soon(lambda: not render.segments.filter(status="running").exists(), "free again", 20)
    assert time.monotonic() - pressed < 5
    assert Render.objects.get(pk=render.pk).status == "canceled"


def test_only_what_changed_is_made_and_charged_again(fleet, make_script, alice, client_of):
    words = [f"This is line number {n} of eight." for n in range(1, 9)]
    project = make_script(*words)
    fleet.worker(slots=2)
    fleet.scheduler()

    first = expect_end(ordering.request_render(project, by=alice))
    assert_whole(first)
    made = sum(first.segments.values_list("seconds", flat=True))
    assert cost_of(first)["net"] == min(first.quoted, -(-made // 1))

    again = expect_end(ordering.request_render(Project.objects.get(pk=project.pk), by=alice))
    assert_whole(again)
    assert (again.quoted, cost_of(again)["charged"]) == (0, 0)
    assert {s.reused for s in again.segments.all()} == {True}
    assert {s.reason for s in again.segments.all()} == {"reused"}
    assert {s.kept for s in again.segments.all()} == {True}
    assert not any(s.stage_seconds.get("speech") for s in again.segments.all())

    scene = project.live_scenes.get()
    words[4] = "This line alone was written again."
    scene.edit(scene.revision, script="\n\n".join(words))
    third = expect_end(ordering.request_render(Project.objects.get(pk=project.pk), by=alice))
    assert_whole(third)
    fresh = [s.position for s in third.segments.all() if not s.reused]
    assert fresh == [5]
    line = third.segments.get(position=5)
    assert cost_of(third)["net"] == min(third.quoted, -(-line.seconds // 1)) > 0
    page = client_of(alice).get(f"/renders/{third.pk}/").content.decode()
    assert "7 of 8" in page or "7 lines kept" in page or "kept" in page.lower()
