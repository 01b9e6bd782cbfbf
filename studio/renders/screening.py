"""Everything of a plan that is said or shown, screened."""

from __future__ import annotations

from typing import Any

from moderation.screen import Verdict, screen
from studio.renders.plan import PlannedLine


def shown_texts(lines: tuple[PlannedLine, ...]) -> list[tuple[PlannedLine, str]]:
    """What is to be read in the picture or its captions besides what is said, with the first line that shows it."""
    found: dict[str, PlannedLine] = {}
    for line in lines:
        layout = line.spec.layout
        laid = [part.text for parts in (line.spec.overlays, line.spec.cues) for part in parts]
        texts = [layout.heading, layout.body, *laid]
        for text in filter(str.strip, texts):
            found.setdefault(text, line)
    return [(line, text) for text, line in found.items()]


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
