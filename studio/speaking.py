"""What was read back of a finished film, in words: for the page of the render."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

FIGURES = (
    ("auc", "Closures told from open speech (AUC)", "at least 0.95", True),
    ("shut", "Share of P, B and M on which the lips meet", "at least 0.95", True),
    ("open", "Share of vowels seen open", "at least 0.9", True),
    ("contrast", "Share of closures around which the mouth moves", "at least 0.85", True),
    ("loudness", "Opening against loudness, correlation", "at least 0.45", True),
    ("lag", "Sound behind the lips, seconds", "-0.04 to 0.02", True),
    ("blinks", "Blinks a minute", "10 to 30", False),
    ("identity", "Distance to the source's face", "at most 0.4", False),
    ("ground", "Noise beside the person, levels of 255", "at most 1.5", False),
)
"""name, words, target, whether a wrong timing would change it. The targets themselves: rendering/quality.py TARGETS."""


@dataclass(frozen=True)
class Speaking:
    words: list[tuple[str, str]]
    rows: list[tuple[str, float, float | None, str, bool]]
    seconds: float


def speaking(quality: dict[str, Any]) -> Speaking | None:
    """None until the film was measured, or where nothing could be."""
    found = quality.get("speaking")
    if not found:
        return None
    figures, late, good = found["figures"], found["late"], found["good"]
    closures = round(figures["closures"])
    words = [
        ("Lips meet on P, B and M", f"{round(figures['shut'] * closures)} of {closures} sounds"),
        ("Vowels are seen", f"{100 * figures['open']:.0f} %"),
        (
            "Lips and sound",
            "together" if good["lag"] else f"{abs(1000 * figures['lag']):.0f} ms apart",
        ),
        ("Blinks", f"{figures['blinks']:.0f} a minute"),
        ("Looks like the source", "yes" if good["identity"] else "not quite"),
    ]
    rows = [
        (text, figures[name], late[name] if timed else None, target, good[name])
        for name, text, target, timed in FIGURES
    ]
    return Speaking(words, rows, found["seconds"])
