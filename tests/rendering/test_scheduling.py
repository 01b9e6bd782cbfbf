"""The policy of the queue on plain values: nothing starves, shares are fair, caps hold, ends are forecast."""

from collections import deque

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rendering.fleet import scheduling
from rendering.fleet.scheduling import LANES, LEAD, Alone, Head, LineUp, Waiting

lanes = st.sampled_from(sorted(LANES))
lines = st.lists(st.floats(0.5, 60), min_size=1, max_size=6)
arrivals = st.lists(
    st.tuples(st.floats(0, 900), st.integers(0, 5), lanes, lines), min_size=1, max_size=40
)


def play(requests, hands):
    """Serves all requests; returns (moment, render, when it was requested) for each line given out, in order."""
    line_up, given, busy = LineUp(), [], [0.0] * hands
    ends = []
    todo = sorted(requests, key=lambda one: one[0])
    asked_at = {}
    clock = 0.0
    while todo or any(line_up.work(lane) for lane in LANES):
        while todo and todo[0][0] <= clock:
            at, workspace, lane, work = todo.pop(0)
            name = len(asked_at)
            asked_at[name] = at
            rank = scheduling.rank(lane, at)
            line_up.add(Waiting(name, workspace, lane, rank, deque(work)))
        for end, workspace in [e for e in ends if e[0] <= clock]:
            line_up.finish(workspace)
            ends.remove((end, workspace))
        hand = min(range(hands), key=busy.__getitem__)
        taken = line_up.claim(clock, LANES) if busy[hand] <= clock else None
        if taken is None:
            moments = [b for b in busy if b > clock] + ([todo[0][0]] if todo else [])
            clock = min(moments)
            continue
        render, work, _ = taken
        given.append((clock, render, asked_at[render.name]))
        busy[hand] = clock + work
        ends.append((clock + work, render.workspace))
    return given


@given(arrivals, st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_no_render_is_overtaken_without_end(requests, hands):
    """The first of a flow is overtaken only by renders that came a bounded time after it."""
    given_out = play(requests, hands)
    for number, (_, render, asked_at) in enumerate(given_out):
        flow = (render.workspace, render.lane)
        first = max(
            (moment for moment, r, _ in given_out[:number] if (r.workspace, r.lane) == flow),
            default=asked_at,
        )
        since = max(first, asked_at)  # since then it stood first in its flow
        for moment, other, came in given_out[:number]:
            if moment > since and (other.workspace, other.lane) != flow:
                ahead = LANES[other.lane].head_start - LANES[render.lane].head_start
                assert came <= since + LEAD + ahead + 1e-6


@given(arrivals)
@settings(max_examples=60, deadline=None)
def test_every_line_is_given_out_once_and_each_flow_in_order(requests):
    given_out = play(requests, 2)
    assert len(given_out) == sum(len(work) for *_, work in requests)
    flows = {}
    for _, render, came in given_out:
        assert flows.get((render.workspace, render.lane), 0.0) <= came
        flows[render.workspace, render.lane] = came


@given(
    st.lists(
        st.tuples(st.integers(0, 9), lanes, st.floats(0, 1e4), st.floats(0, 1e4)), max_size=30
    ),
    st.dictionaries(st.integers(0, 9), st.integers(0, 40)),
)
def test_the_line_up_gives_out_lines_in_the_order_of_the_rows(rows, running):
    """The heap of the simulator and the sorted heads of the queue are one order."""
    heads = list({(w, lane): Head(w, lane, rank, turn) for w, lane, rank, turn in rows}.values())
    line_up = LineUp()
    line_up.running = dict(running)
    for head in heads:
        line_up.flow(head.workspace, head.lane, head.turn_at)
        line_up.add(Waiting(head, head.workspace, head.lane, head.rank_at, deque([1.0])))
    for head in scheduling.in_order(heads, running)[:1]:
        render, _, _ = line_up.claim(1e5, LANES)
        best = scheduling.key(head.rank_at, head.turn_at)
        assert scheduling.key(render.name.rank_at, render.name.turn_at) == best
        break
    else:
        assert line_up.claim(1e5, LANES) is None


@given(st.integers(1, 60), lanes)
def test_a_workspace_has_no_more_than_its_cap_at_work(count, lane):
    line_up = LineUp()
    line_up.add(Waiting("one", "us", lane, 0.0, deque([5.0] * count)))
    taken = 0
    while line_up.claim(10.0, LANES):
        taken += 1
    assert taken == min(count, LANES[lane].cap)
    line_up.finish("us")
    assert bool(line_up.claim(10.0, LANES)) == (count > taken)


def test_a_single_render_goes_before_the_rest_of_a_thousand():
    """One workspace queues a thousand; another's single render has the next free slot, with one slot and with many."""
    for hands in (1, 8):
        crowd = [(0.0, 0, "short", [4.0] * 3)] * 1000
        given_out = play([*crowd, (40.0, 1, "short", [4.0])], hands)
        later = [moment for moment, _, _ in given_out if moment > 40.0]
        mine = next(moment for moment, r, _ in given_out if r.workspace == 1)
        assert mine <= later[0]


def test_a_heavier_lane_has_more_of_a_crowded_fleet():
    requests = [(0.0, "free", "free", [4.0] * 400), (0.0, "paid", "long", [4.0] * 400)]
    first = [render.lane for moment, render, _ in play(requests, 2) if moment < 200]
    assert 1.4 < first.count("long") / first.count("free") < 6


def forecast_of(line_up, name, hands, **more):
    options = {"now": 1000.0, "lanes": LANES, "arriving": {}, "spread": 1.4, **more}
    return scheduling.forecast(line_up, hands, own={name: 0.0}, **options)[name]


def queue_of(requests):
    line_up = LineUp()
    for number, (at, workspace, lane, work) in enumerate(sorted(requests, key=lambda one: one[0])):
        rank = scheduling.rank(lane, at)
        line_up.add(Waiting(number, workspace, lane, rank, deque(work)))
    return line_up


@given(arrivals, st.data())
@settings(max_examples=60, deadline=None)
def test_newcomers_never_bring_an_end_forward_or_change_a_position(requests, data):
    """The late end lies behind the likely one, and no end behind that of all work on one slot."""
    name = data.draw(st.integers(0, len(requests) - 1))
    idle = [(0.0, None)]
    arriving = dict.fromkeys(LANES, 0.2)
    few = forecast_of(queue_of(requests), name, idle * 2)
    busy = forecast_of(queue_of(requests), name, idle * 2, arriving=arriving)
    assert 0 < few.ends < few.slow
    assert busy.ends >= few.ends - 1e-6
    assert busy.place == few.place >= 1
    everything = sum(sum(work) for *_, work in requests) + scheduling.ASSEMBLY
    assert few.ends <= everything + 1e-6  # two hands are no slower than one


@given(arrivals, lines)
@settings(max_examples=60, deadline=None)
def test_a_render_waits_longer_the_more_work_stands_before_it_in_its_flow(requests, work):
    mine = [(at, 0, "short", some) for at, _, _, some in requests]
    alone = forecast_of(queue_of([(950.0, 0, "short", work)]), 0, [(0.0, None)] * 2)
    behind = forecast_of(queue_of([*mine, (950.0, 0, "short", work)]), len(mine), [(0.0, None)] * 2)
    assert behind.place == len(mine) + 1
    assert behind.ends >= alone.ends - 1e-6
    assert behind.ahead == pytest.approx(sum(sum(some) for *_, some in mine))


def test_a_long_queue_is_forecast_by_its_work():
    requests = [(float(n), n % 50, "free", [3.0] * 4) for n in range(800)]
    full = forecast_of(queue_of(requests), 799, [(0.0, None)] * 10)
    cut = forecast_of(queue_of(requests), 799, [(0.0, None)] * 10, most=400)
    assert abs(full.ends - cut.ends) < 0.1 * full.ends


@pytest.mark.parametrize("lane", LANES)
def test_a_long_queue_of_one_workspace_is_forecast_by_its_cap(lane):
    """More slots than it may use, and others with little to do: each of its renders has a forecast of its own."""
    requests = [(float(n), 0, lane, [3.0] * 8) for n in range(400)]
    requests += [(float(n), 1 + n, lane, [3.0]) for n in range(20)]
    options = {"now": 1000.0, "lanes": LANES, "arriving": {}, "spread": 1.4}
    own = dict.fromkeys(range(len(requests)), 0.0)
    idle = [(0.0, None)] * 300
    full = scheduling.forecast(queue_of(requests), idle, own=own, **options)
    part = scheduling.forecast(queue_of(requests), idle, own=own, **options, most=1_500)
    for name, forecast in full.items():
        assert part[name].ends == pytest.approx(forecast.ends, rel=0.05, abs=6.0)


def shared(busy):
    """Two processors, of which a line alone keeps one and a half busy."""
    return min(1.0, 2 / (1.5 * busy))


def test_lines_that_must_be_alone_follow_each_other_in_their_process():
    film = [Alone(10.0)] * 4
    requests = [(0.0, "one", "short", film)]
    idle = [(0.0, None)] * 2
    forecast = forecast_of(queue_of(requests), 0, idle, speed=shared)
    assert forecast.ends == pytest.approx(40.0 + scheduling.ASSEMBLY)
    # A line that waits in its slot keeps no processor busy; two processes make two lines at once.
    plain = forecast_of(queue_of([(0.0, "one", "short", [10.0] * 4)]), 0, idle, speed=shared)
    assert plain.ends == pytest.approx(30.0 + scheduling.ASSEMBLY)
    two = forecast_of(queue_of(requests), 0, idle, speed=shared, rooms=2)
    assert two.ends == plain.ends


def test_a_line_that_must_be_alone_goes_on_beside_others():
    requests = [(0.0, "one", "short", [Alone(10.0)]), (1.0, "two", "short", [10.0])]
    forecast = forecast_of(queue_of(requests), 0, [(0.0, None)] * 2, speed=shared)
    assert forecast.ends == pytest.approx(15.0 + scheduling.ASSEMBLY)


def test_a_line_that_must_be_alone_waits_for_one_that_is_being_made():
    hands = [(Alone(8.0), None), (0.0, None)]
    forecast = forecast_of(queue_of([(0.0, "one", "short", [Alone(10.0)])]), 0, hands, speed=shared)
    assert forecast.ends == pytest.approx(18.0 + scheduling.ASSEMBLY)


@given(arrivals)
@settings(max_examples=40, deadline=None)
def test_being_alone_never_makes_an_end_earlier(requests):
    idle = [(0.0, None)] * 3
    plain = forecast_of(queue_of(requests), 0, idle)
    alone = [(at, who, lane, [Alone(work) for work in some]) for at, who, lane, some in requests]
    held = forecast_of(queue_of(alone), 0, idle)
    assert held.ends >= plain.ends - 1e-6
    free = forecast_of(queue_of(alone), 0, idle, rooms=3)
    assert free.ends == pytest.approx(plain.ends)
