"""Simulated days: who requests what, and when. Three families, each with a day for every seed, and files."""

from __future__ import annotations

import bisect
import csv
import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rendering.fleet.scheduling import LANES
from rendering.values import BadInput
from rendering.words import gettext

DAY = 86_400.0
SHARES = {"preview": 0.34, "short": 0.2, "long": 0.12, "free": 0.3, "enterprise": 0.04}
LINES = {"preview": 2.0, "short": 3.0, "long": 11.0, "free": 3.0, "enterprise": 6.0}  # medians
LINE = {"preview": 2.0, "short": 5.0, "long": 6.0, "free": 5.0, "enterprise": 6.0}  # engine-seconds


@dataclass(frozen=True, slots=True)
class Request:
    """A render of a trace: when, whose, which lane, and its lines in engine-seconds as estimated."""

    at: float
    workspace: int
    lane: str
    lines: tuple[float, ...]


def _render(dice: random.Random, at: float, workspace: int, lane: str) -> Request:
    count = max(1, min(80, round(LINES[lane] * dice.lognormvariate(0.0, 0.5))))
    lines = tuple(LINE[lane] * dice.lognormvariate(0.0, 0.45) for _ in range(count))
    return Request(at, workspace, lane, lines)


def _people(dice: random.Random, renders: int) -> list[tuple[int, str]]:
    """(workspace, lane) pairs to draw from; a few workspaces request much."""
    lanes, weights = list(SHARES), list(SHARES.values())
    spaces = [int(dice.paretovariate(1.1)) for _ in range(max(60, renders // 60))]
    return [
        (number, dice.choices(lanes, weights)[0])
        for number, much in enumerate(spaces)
        for _ in range(min(much, 60))
    ]


def _thinned(dice: random.Random, renders: int, shape: Callable[[float], float]) -> list[float]:
    """Moments of a day with this rate over time (any scale, at most 1)."""
    found: list[float] = []
    while len(found) < renders:
        at = dice.random() * DAY
        if dice.random() < shape(at):
            found.append(at)
    return sorted(found)


def _hours(at: float) -> float:
    """Office hours: quiet nights, two humps, a dip at noon."""
    hour = at / 3600
    humps = math.exp(-(((hour - 10.5) / 2.2) ** 2)) + 0.9 * math.exp(-(((hour - 15.5) / 2.6) ** 2))
    return min(1.0, 0.06 + 0.85 * humps)


def office(dice: random.Random, renders: int) -> list[Request]:
    """People at work: a smooth day."""
    people = _people(dice, renders)
    return [_render(dice, at, *dice.choice(people)) for at in _thinned(dice, renders, _hours)]


def campaigns(dice: random.Random, renders: int) -> list[Request]:
    """Office hours, and programs that request hundreds of videos within a minute or so."""
    people = _people(dice, renders)
    found = [
        _render(dice, at, *dice.choice(people)) for at in _thinned(dice, int(0.6 * renders), _hours)
    ]
    while len(found) < renders:
        workspace, _ = dice.choice(people)
        lane = dice.choices(("short", "long", "enterprise"), (6, 2, 2))[0]
        at, size = dice.random() * DAY * 0.98, int(min(4000, 80 * dice.paretovariate(1.2)))
        for _ in range(min(size, renders - len(found))):
            at += dice.expovariate(4.0)
            found.append(_render(dice, at, workspace, lane))
    return sorted(found, key=lambda request: request.at)


def storms(dice: random.Random, renders: int) -> list[Request]:
    """No daily shape: calm that turns into storms of four to ten times the rate, for minutes to an hour."""
    people = _people(dice, renders)
    levels: list[tuple[float, float]] = []
    at = 0.0
    while at < DAY:
        calm, storm = dice.expovariate(1 / 5400), dice.expovariate(1 / 1200)
        levels += [(at + calm, 0.1), (at + calm + storm, 0.1 * dice.uniform(4, 10))]
        at += calm + storm
    ends = [end for end, _ in levels]

    def shape(moment: float) -> float:
        return levels[min(bisect.bisect(ends, moment), len(levels) - 1)][1]

    return [_render(dice, at, *dice.choice(people)) for at in _thinned(dice, renders, shape)]


FAMILIES = {"office": office, "campaigns": campaigns, "storms": storms}


def trace(name: str, seed: int, renders: int) -> list[Request]:
    """A day of a family, or of a file with columns at (s), workspace (number), lane, lines (engine-seconds, by spaces)."""
    if name in FAMILIES:
        return FAMILIES[name](random.Random(f"{name}:{seed}"), renders)
    path = Path(name)
    if not path.is_file():
        raise BadInput(
            f"There is no trace {name!r}; name a file or one of {', '.join(FAMILIES)}.",
            code="invalid_field",
        )
    found = []
    with path.open(newline="", encoding="utf-8") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            try:
                lines = tuple(float(line) for line in row["lines"].split())
                request = Request(float(row["at"]), int(row["workspace"]), row["lane"], lines)
                good = lines and min(lines) > 0 and request.lane in LANES and request.at >= 0
            except (KeyError, TypeError, ValueError, AttributeError):
                good = False
            if not good:
                raise BadInput(
                    f"{name}, line {number}: at (seconds), workspace (a number), lane ({', '.join(LANES)}) and lines "
                    "(seconds, by spaces) are needed.",
                    code="invalid_field",
                )
            found.append(request)
    if not found:
        raise BadInput(
            gettext("{name} holds no renders; give a file that has some.").format(name=name),
            code="invalid_field",
        )
    return sorted(found, key=lambda request: request.at)
