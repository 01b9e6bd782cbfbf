"""The warm pool against a fixed size and against usual reactive scaling, on the same days and at the same cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rendering.fleet.scaling import POOLS, percentile
from rendering.fleet.scheduling import LANES
from rendering.fleet.simulation import Day, Scaler, Simulation, fixed, reactive, warm
from rendering.fleet.traces import DAY, Request

SPLITS = (
    0.7,
    1.0,
    1.4,
    2.0,
    3.0,
)  # slots of the dedicated pool against its mean load, for a fixed size
TRIES = 7  # of a threshold that makes reactive scaling cost the same


@dataclass(frozen=True, slots=True)
class Row:
    """The result of one way of scaling for a day. waits: lane -> (P50, P90, P99) seconds until the first line began."""

    name: str
    slot_hours: float
    cold_starts: int
    promise: float
    waits: dict[str, tuple[float, float, float]]
    eta_error: float | None = None
    eta_inside: float | None = None


def _row(name: str, day: Day) -> Row:
    waits = {
        lane: (percentile(found, 0.5), percentile(found, 0.9), percentile(found, 0.99))
        for lane, found in day.waits.items()
    }
    error, inside = day.eta() if day.foretold else (None, None)
    return Row(name, day.slot_hours, day.cold_starts, day.within_promise(), waits, error, inside)


def _mean_wait(day: Day) -> float:
    return sum(map(sum, day.waits.values())) / max(1, sum(map(len, day.waits.values())))


def compare(requests: Sequence[Request], *, seed: int, foretell_every: int) -> list[Row]:
    """The warm pool first, then each of the other ways at its best for the same cost."""

    def play(scaler: Callable[[str], Scaler], every: int = 0) -> Day:
        scalers = {name: scaler(name) for name in POOLS}
        return Simulation(requests, scalers, seed=seed, foretell_every=every).run()

    ours = play(lambda name: warm(POOLS[name]), foretell_every)
    rows = [_row("warm pool", ours)]
    load = {
        name: sum(sum(one.lines) for one in requests if one.lane in lanes) / DAY
        for name, lanes in POOLS.items()
    }
    mean = ours.slot_hours / 24

    def sized(total: float, split: float) -> Callable[[str], Scaler]:
        """`total` slots, of which the dedicated pool has `split` times its load."""
        own = max(1, min(round(total) - 1, round(split * load["dedicated"])))
        sizes = {"dedicated": own, "general": max(1, round(total) - own)}
        return lambda name: fixed(sizes[name])

    def best(total: float) -> Day:
        days = [play(sized(total, split)) for split in SPLITS]
        return max(days, key=lambda day: (day.within_promise(), -_mean_wait(day)))

    rows.append(_row("fixed, same cost", best(mean)))
    rows.append(_row("fixed, cost x 1.5", best(1.5 * mean)))
    low, high = 1.0, 5_000.0
    same = None
    for _ in range(TRIES):
        middle = (low * high) ** 0.5
        day = play(lambda name, limit=middle: reactive(limit))  # type: ignore[misc]
        gap = abs(day.slot_hours - ours.slot_hours)
        if same is None or gap < abs(same.slot_hours - ours.slot_hours):
            same = day
        if gap < 0.02 * ours.slot_hours:
            break
        low, high = (middle, high) if day.slot_hours > ours.slot_hours else (low, middle)
    assert same is not None
    rows.append(_row("reactive, same cost", same))
    return rows


def medians(days: Sequence[Sequence[Row]]) -> list[Row]:
    """Each way's medians over many days."""
    found = []
    for rows in zip(*days, strict=True):
        middle = lambda values: percentile(list(values), 0.5)  # noqa: E731
        errors = [row.eta_error for row in rows if row.eta_error is not None]
        inside = [row.eta_inside for row in rows if row.eta_inside is not None]
        found.append(
            Row(
                rows[0].name,
                middle(row.slot_hours for row in rows),
                int(middle(row.cold_starts for row in rows)),
                middle(row.promise for row in rows),
                {
                    lane: (
                        middle(row.waits[lane][0] for row in rows),
                        middle(row.waits[lane][1] for row in rows),
                        middle(row.waits[lane][2] for row in rows),
                    )
                    for lane in LANES
                },
                middle(errors) if errors else None,
                min(inside) if inside else None,
            )
        )
    return found


def table(rows: Sequence[Row]) -> str:
    """As markdown."""
    lines = [
        "| way | slot-hours | cold starts | began within the promise | "
        + " | ".join(f"{lane} P50/P90/P99 s" for lane in LANES)
        + " |",
        "|" + "---|" * (4 + len(LANES)),
    ]
    for row in rows:
        waits = [f"{a:.0f} / {b:.0f} / {c:.0f}" for a, b, c in row.waits.values()]
        figures = [f"{row.slot_hours:.0f}", str(row.cold_starts), f"{100 * row.promise:.2f} %"]
        lines.append("| " + " | ".join([row.name, *figures, *waits]) + " |")
    return "\n".join(lines)
