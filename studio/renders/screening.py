"""Screens everything that a plan says or shows, and finds what a person has decided about the same words."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from moderation.models import Case, Decision
from moderation.screen import Verdict, screen
from rendering.values import LineSpec
from studio.models import Project
from studio.renders.plan import PlannedLine


@dataclass(frozen=True)
class Reading:
    """The verdict on a plan. spans: the words that led to it. words: a hash of what is said and shown, and by whom.

    case: the last one about the same words in this project.
    """

    verdict: Verdict
    spans: list[dict[str, Any]]
    words: str
    case: Case | None = None

    @property
    def outcome(self) -> str:
        """What a person has decided about these words; empty while nobody has."""
        decision = getattr(self.case, "decision", None)
        return decision.outcome if decision else ""

    @property
    def read(self) -> bool:
        """Whether a person has read them and did not release them."""
        return self.outcome == Decision.Outcome.REFUSE

    @property
    def refused(self) -> bool:
        """Whether they are not rendered until they change, unless a person releases them."""
        released = self.outcome == Decision.Outcome.RELEASE
        return self.read or (self.verdict.verdict == "block" and not released)

    @property
    def held(self) -> bool:
        """Whether a person reads them before they are rendered."""
        return self.verdict.verdict != "allow" and self.outcome != Decision.Outcome.RELEASE

    @property
    def waiting(self) -> bool:
        """Whether somebody has been asked to read them, and has not answered yet."""
        return bool(self.case and not self.outcome and not self.case.render.is_over)

    @property
    def title(self) -> str:
        return self.case.title if self.case and self.read else self.verdict.title

    @property
    def where(self) -> str:
        """The first of the words, and where it is."""
        first = self.spans[0]
        return f"Scene {first['scene']}, line {first['line']}: “{first['text']}”"

    @property
    def sentence(self) -> str:
        """For refused words: which they are, by what rule, and what can be done."""
        if self.read:
            what = f"A person has read this and did not release it (rule: {self.title})"
            return f"{self.where}. {what}. Change the words."
        if self.waiting:
            return f"{self.where}. Rule: {self.title}. A person has been asked to read it; wait for the answer, or change the words."
        return f"{self.where}. Rule: {self.title}. Change the words, or ask a person to look."


def read(project: Project, lines: tuple[PlannedLine, ...]) -> Reading:
    """Screens the lines of a plan. Decisions of people outweigh the verdict, as long as nothing was changed."""
    verdict, spans = screen_lines(lines)
    words = _known_by(lines)
    if verdict.verdict == "allow":
        return Reading(verdict, spans, words)
    cases = Case.objects.filter(render__project=project, render__screening__words=words)
    case = cases.select_related("render", "decision").order_by("-created_at").first()
    return Reading(verdict, spans, words, case)


def _known_by(lines: tuple[PlannedLine, ...]) -> str:
    """A hash of all that is said and shown, and by whom; a look that is changed does not change it."""
    said = [[line.text, line.spec.avatar, line.spec.voice] for line in lines]
    shown = [text for _, text in shown_texts(lines)]
    return hashlib.sha256(json.dumps([said, shown]).encode()).hexdigest()


def shown_texts(lines: tuple[PlannedLine, ...]) -> list[tuple[PlannedLine, str]]:
    """The texts in the picture or its captions besides what is said, each with the first line that shows it."""
    found: dict[str, PlannedLine] = {}
    for line in lines:
        for text in shown_in(line.spec):
            found.setdefault(text, line)
    return [(line, text) for text, line in found.items()]


def shown_in(spec: LineSpec) -> list[str]:
    """The texts in the picture or the captions of a line besides what is said."""
    laid = [part.text for parts in (spec.overlays, spec.cues) for part in parts]
    return [text for text in (spec.layout.heading, spec.layout.body, *laid) if text.strip()]


def screen_lines(lines: tuple[PlannedLine, ...]) -> tuple[Verdict, list[dict[str, Any]]]:
    """The worst verdict over each line, each text in the picture and all lines joined, with the words that led to it."""
    found: list[tuple[Verdict, dict[str, Any]]] = []
    for line, text in [*((line, line.text) for line in lines), *shown_texts(lines)]:
        verdict = screen(text)
        if verdict.verdict != "allow":
            start, end, words = verdict.spans[0] if verdict.spans else (0, len(text), text)
            found.append(
                (
                    verdict,
                    {
                        "scene": line.scene_number,
                        "line": line.line_number,
                        "start": start,
                        "end": end,
                        "text": words[:200],
                        "policy": verdict.policy,
                    },
                )
            )
    joined = screen("\n".join(line.text for line in lines))
    rank = {"allow": 0, "review": 1, "block": 2}
    worst = max([joined, *(v for v, _ in found)], key=lambda v: rank[v.verdict])
    spans = [where for verdict, where in found if verdict.verdict == worst.verdict]
    if worst.verdict != "allow" and not spans:
        first = lines[0]
        words = worst.spans[0][2] if worst.spans else first.text
        spans = [
            {
                "scene": first.scene_number,
                "line": first.line_number,
                "start": 0,
                "end": len(first.text),
                "text": words[:200],
                "policy": worst.policy,
            }
        ]
    return worst, spans
