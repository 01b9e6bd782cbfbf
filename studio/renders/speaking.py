"""What was measured of a finished film, in words, for the page of the render."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rendering import targets

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
    ("cut", "Blinks cut by the end of a line", "none", False),
    (
        "shimmer",
        "Change that no motion explains, 99.9th percentile over median",
        "at most 3",
        False,
    ),
    ("jump", "Jump where lines meet, over the 95th percentile inside", "at most 1", False),
)
DRAWN = (
    ("jacobian", "Least Jacobian determinant of every warp", "over 0.2"),
    ("silence", "Gap of the lips in silences as drawn, pixels", "0"),
    ("changed", "Pixels changed beside the person, before encoding", "0"),
)
"""name, words, target, whether a wrong timing would change it; DRAWN: what the renderer measured of itself. The targets
themselves: rendering/targets.py."""


@dataclass(frozen=True)
class Speaking:
    words: list[tuple[str, str]]
    rows: list[tuple[str, float, float | None, str, bool]]
    seconds: float


def speaking(quality: dict[str, Any]) -> Speaking | None:
    """The measurements in words; None until there are any, and if they cannot be read."""
    try:
        return _spoken(quality, quality["speaking"])
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return None


def _spoken(quality: dict[str, Any], found: dict[str, Any]) -> Speaking:
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
    if "audio_lufs" in quality:
        words.append(("Loudness", f"{quality['audio_lufs']:.1f} LUFS".replace("-", "\u2212")))
    rows = [
        (text, figures[name], late[name] if timed else None, target, good[name])
        for name, text, target, timed in FIGURES
        if name in figures
    ]
    drawn = {name: quality[name] for name, *_ in DRAWN if name in quality}
    for name, text, target in DRAWN:
        if name in drawn:
            _, low, high = targets.DRAWN[name]
            rows.append((text, drawn[name], None, target, low <= drawn[name] <= high))
    if "jacobian" in drawn:
        smooth = drawn["jacobian"] > targets.DRAWN["jacobian"][1]
        words.append(("Skin stretches without a fold", "yes" if smooth else "not everywhere"))
    if "shimmer" in figures:
        steady = all(good.get(name, True) for name in ("shimmer", "jump"))
        words.append(("Nothing jumps or shimmers", "yes" if steady else "not quite"))
    return Speaking(words, rows, found["seconds"])
