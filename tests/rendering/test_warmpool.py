"""The number of slots that is wanted: up at once, down slowly, never none while promised; and how it is reported."""

import json
import math
from datetime import timedelta
from io import StringIO
from itertools import pairwise

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from rendering.fleet import comparison, simulation, traces, warmpool
from rendering.fleet.scaling import CALM, DOWN, DOWN_EVERY, Pool, decide
from rendering.fleet.scheduling import LANES
from rendering.models import Render, WarmPool, Worker
from tests.rendering.test_queue import make

lanes = st.sampled_from(sorted(LANES))
bins = st.lists(st.floats(0, 5000), max_size=40)
work = st.lists(st.floats(0, 5000), max_size=5)


@given(lanes, st.lists(st.tuples(bins, work), min_size=1, max_size=30))
def test_slots_rise_at_once_and_with_a_promise_never_fall_to_none(lane, moments):
    pool = Pool()
    for number, (arrivals, waiting) in enumerate(moments):
        before, now = pool.desired, 30.0 * number
        made = decide(lane, arrivals, waiting, pool, now)
        pool = made.pool
        assert made.desired == pool.desired >= 1
        fresh = decide(lane, arrivals, waiting, Pool(), now).desired
        assert made.desired >= fresh  # at once as many as a pool that starts now would want
        assert before - made.desired <= max(1, math.floor(DOWN * before))
        assert made.reason


@given(lanes, st.integers(2, 500))
def test_slots_fall_only_after_a_calm_and_step_by_step(lane, start):
    """Without any work left: not at all during the calm, then a step at a time, and to one in the end."""
    pool, now, changes = Pool(start, needed_at=0.0, changed_at=0.0), 0.0, []
    while pool.desired > 1:
        now += 30.0
        after = decide(lane, [0.0] * 30, [], pool, now).pool
        if after.desired != pool.desired:
            assert now >= CALM
            changes.append(now)
        pool = after
        assert now < 100 * 3600
    assert all(b - a >= DOWN_EVERY for a, b in pairwise(changes))


def test_slots_of_a_class_without_a_promise_fall_to_none():
    pool, now = Pool(1, 0.0, 0.0), 0.0
    for _ in range(100):
        now += 30.0
        pool = decide("enterprise", [], [], pool, now, promised=False).pool
    assert pool.desired == 0


@given(work, st.floats(1, 5000))
@settings(max_examples=30)
def test_more_work_never_wants_fewer_slots(waiting, more):
    for lane in LANES:
        few = decide(lane, [30.0], waiting, Pool(), 0.0).desired
        assert decide(lane, [30.0], [*waiting, more], Pool(), 0.0).desired >= few
        assert decide(lane, [30.0 + more], waiting, Pool(), 0.0).desired >= few


def test_one_workspace_wants_no_more_slots_than_its_cap():
    assert decide("free", [], [1e6], Pool(), 0.0).desired <= LANES["free"].cap + 1


@pytest.mark.django_db
def test_the_rows_of_waiting_lines_decide_how_many_slots_are_wanted(alice, charlie, library):
    render = make(alice.workspace, 300, lane="free")
    Render.objects.filter(pk=render.pk).update(created_at=timezone.now() - timedelta(seconds=5))
    found = {row.lane: row for row in warmpool.decide()}
    assert found["free"].desired > found["short"].desired == 1
    assert found["enterprise"].desired == 0
    assert "backlog" in found["free"].reason
    render.segments.all().delete()
    again = {row.lane: row for row in warmpool.decide()}
    assert again["free"].desired == found["free"].desired
    assert "held until it was calm" in again["free"].reason
    assert WarmPool.objects.count() == len(LANES)


@pytest.mark.django_db
def test_the_fleet_command_reports_slots_with_their_reason(alice, library):
    make(alice.workspace, 3)
    out = StringIO()
    call_command("fleet", stdout=out)
    assert "general: " in out.getvalue()
    assert "slots at 85% busy" in out.getvalue()
    out = StringIO()
    call_command("fleet", "--json", stdout=out)
    slots = json.loads(out.getvalue())["pools"]["general"]["slots"]
    out = StringIO()
    call_command("fleet", "--workers", "general", "--slots", "2", stdout=out)
    assert int(out.getvalue()) == math.ceil(slots / 2) > 0
    with pytest.raises(CommandError, match="choose one of general, dedicated"):
        call_command("fleet", "--workers", "all")


@pytest.mark.django_db
def test_metrics_are_shown_to_operators_and_holders_of_the_token_only(
    client, client_of, settings, alice, library
):
    make(alice.workspace, 3)
    Worker.objects.create(name="w", slots=2)
    assert client.get("/metrics").headers["Location"].startswith("/accounts/login/")
    text = client_of(alice).get("/metrics").content.decode()
    assert 'likeness_lines{class="free",engine="portrait",status="waiting"} 3' in text
    assert 'likeness_pool_ready_slots{pool="general"} 2' in text
    for line in text.splitlines():
        assert line.startswith("# ") or float(line.rsplit(" ", 1)[1]) >= 0
    settings.METRICS_TOKEN = "a long token"
    for path in ("/metrics", "/fleet"):
        assert client.get(path).status_code == 401
        assert client.get(path, headers={"Authorization": "Bearer wrong"}).status_code == 401
        answer = client.get(path, headers={"Authorization": "Bearer a long token"})
        assert answer.status_code == 200
    assert answer.json()["pools"]["general"]["slots"] >= 4
    settings.EMBEDDED = False
    assert client_of(alice).get("/metrics").status_code == 401
    settings.METRICS_TOKEN = ""
    assert client_of(alice).get("/metrics").status_code == 403


def test_a_simulated_day_is_repeatable_and_its_forecasts_come_true():
    trace = traces.trace("storms", 5, 3_000)
    assert trace == traces.trace("storms", 5, 3_000)

    def day():
        scalers = {name: simulation.warm(lanes) for name, lanes in simulation.POOLS.items()}
        return simulation.Simulation(trace, scalers, foretell_every=3).run()

    found = day()
    assert day() == found
    assert sum(map(len, found.waits.values())) == len(trace) == 3_000
    error, inside = found.eta()
    assert error <= 1.0  # of the larger of 25 % and 5 s
    assert inside >= 0.9
    assert found.within_promise() > 0.9


def test_policies_are_compared_at_the_same_cost():
    rows = comparison.compare(traces.trace("office", 3, 600), seed=3, foretell_every=10)
    assert rows[0].name == "warm pool"
    assert rows[1].slot_hours == pytest.approx(rows[0].slot_hours, rel=0.06)
    assert "| warm pool |" in comparison.table(rows)


def test_a_trace_from_a_file_is_simulated_and_a_bad_one_refused(tmp_path):
    path = tmp_path / "day.csv"
    path.write_text("at,workspace,lane,lines\n5,1,short,3 4.5\n2,2,free,1\n")
    out = StringIO()
    call_command("simulate_fleet", str(path), stdout=out)
    assert "| warm pool |" in out.getvalue()
    path.write_text("at,workspace,lane,lines\n5,1,vip,3\n")
    with pytest.raises(CommandError, match="line 2: at"):
        call_command("simulate_fleet", str(path))
    with pytest.raises(CommandError, match="name a file or one of office"):
        call_command("simulate_fleet", "nowhere")
