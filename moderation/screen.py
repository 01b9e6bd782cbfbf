"""A verdict on words, before anything is charged. No database, no network, the same answer every time.

The text is read as it looks and once more with masks taken off (folding.py), against the rules of
rules.py. Linear in the length of the text.
"""

from __future__ import annotations

import hashlib
import re
import threading
from dataclasses import dataclass, field
from typing import Literal

from moderation.folding import Folded, folded, unmasked
from moderation.rules import RULES, TITLES, VERSION

WARNED_OF = ("fraud", "privacy", "weapons")
"""What people are trained never to do: a "never" before it reverses the meaning."""
NEGATED = re.compile(
    r"\b(?:never|don't|do not|not|nobody|no one|without|avoid|refuse to|who|scammers?|they) (?:\w+ ){0,3}$"
)

RANK = {"allow": 0, "review": 1, "block": 2}
MOST_SPANS = 20
REMEMBERED = 2048  # verdicts

_verdicts: dict[bytes, Verdict] = {}
_lock = threading.Lock()


@dataclass(frozen=True)
class Verdict:
    """spans: (start, end, words) into the screened text, of the gravest findings only."""

    verdict: Literal["allow", "review", "block"]
    policy: str | None = None
    title: str = ""
    spans: tuple[tuple[int, int, str], ...] = ()
    reasons: tuple[str, ...] = ()
    scores: dict[str, float] = field(default_factory=dict)
    version: str = VERSION


def screen(text: str) -> Verdict:
    """Reads up to a whole script. Never raises for any string. Recent verdicts are cached by the hash of their text."""
    known_by = hashlib.sha256(f"{VERSION}\n{text}".encode(errors="surrogatepass")).digest()
    with _lock:
        known = _verdicts.get(known_by)
    if known is None:
        known = _screened(text)
        with _lock:
            while len(_verdicts) >= REMEMBERED:
                del _verdicts[next(iter(_verdicts))]
            _verdicts[known_by] = known
    return known


def _screened(text: str) -> Verdict:
    plain = folded(text)
    readings: list[Folded] = [plain]
    for one in "il":
        other = unmasked(plain, one)
        if all(other.text != reading.text for reading in readings):
            readings.append(other)
    found: list[tuple[int, int, int, str]] = []
    for reading in readings:
        for rule in RULES:
            for match in rule.pattern.finditer(reading.text):
                before = reading.text[max(0, match.start() - 30) : match.start()]
                if rule.policy in WARNED_OF and NEGATED.search(before):
                    continue
                start, end = reading.span(match.start(), match.end())
                found.append((-RANK[rule.action], start, end, rule.policy))
    if not found:
        return Verdict("allow")
    found.sort()
    worst = -found[0][0]
    action: Literal["review", "block"] = "block" if worst == RANK["block"] else "review"
    policy = found[0][3]
    spans: list[tuple[int, int, str]] = []
    seen: set[tuple[int, int]] = set()
    for rank, start, end, _ in found:
        if -rank == worst and (start, end) not in seen and len(spans) < MOST_SPANS:
            seen.add((start, end))
            spans.append((start, end, text[start:end]))
    policies = sorted({name for _, _, _, name in found})
    return Verdict(
        verdict=action,
        policy=policy,
        title=TITLES[policy],
        spans=tuple(spans),
        reasons=tuple(TITLES[name] for name in policies),
        scores={name: float(sum(name == other for *_, other in found)) for name in policies},
    )
