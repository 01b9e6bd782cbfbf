"""Stage 4, motion: what was said when -> how mouth, head, eyes and brows move, frame by frame.

visemes.py moves the mouth, bearing.py all else; here they become the tracks of a line. TRACKS names every track
with its range. A line begins and ends in the pose of its style (`rest`: zero except for a held smile and brow), so that
the lines of a scene join without a jump.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from rendering.stages import bearing, visemes
from rendering.stages.bearing import STYLES, Style
from rendering.stages.visemes import ease
from rendering.values import BadInput, Mark, Moment, Motion, Timing

VERSION = "motion/5"

TRACKS = {
    "jaw": (0.0, 1.0),  # opening; 1 is wide
    "width": (-1.0, 1.0),  # corners: narrow .. spread
    "pucker": (0.0, 1.2),  # rounding
    "upper": (0.0, 1.0),  # upper lip raised
    "lower": (-0.4, 1.0),  # lower lip lowered
    "tongue": (0.0, 1.0),  # tip raised
    "closure": (0.0, 1.0),  # 1: the lips touch and press
    "tuck": (0.0, 1.0),  # 1: lower lip at the upper teeth
    "smile": (0.0, 1.0),  # corners out and up, cheeks and lower lids lifted
    "yaw": (-8.0, 8.0),  # head, degrees; positive to the right of the picture
    "pitch": (-8.0, 8.0),  # degrees; positive down
    "roll": (-6.0, 6.0),  # degrees; positive clockwise
    "shift_x": (-0.02, 0.02),  # head, in face heights
    "shift_y": (-0.02, 0.02),
    "breath": (-1.0, 1.0),  # shoulders, 1 is fully breathed in
    "brow": (-1.0, 1.0),  # knit .. raised
    "blink": (0.0, 1.0),  # 1: shut
    "gaze_x": (-4.0, 4.0),  # 1 is 0.035 eye widths; positive to the right of the picture
    "gaze_y": (-3.0, 3.0),  # positive down
}
HEAD = {"yaw", "pitch", "roll", "shift_x", "shift_y"}
SLOW = {"breath", "brow", "smile"}
USUAL = (
    5.5  # degrees: a head that may turn farther does, and one that may not keeps within its reach
)
TURNS = 0.6, 1.4  # factor of turns, least and most
HOMEWARD = (
    0.35,
    0.9,
)  # seconds, least and most, in which the head leaves and finds its resting pose: a quarter of the line


def length(timing: Timing, fps: int) -> int:
    """Frames of a line."""
    return max(1, round(timing.seconds * fps))


def run(
    timing: Timing,
    *,
    fps: int,
    seed: int,
    style: str = "neutral",
    marks: Sequence[Mark] = (),
    reach: tuple[float, float] | None = None,
) -> Motion:
    """The tracks of a line: round(timing.seconds * fps) frames, at least one, frame i at (i + 0.5) / fps.

    reach: degrees by which the head turns and nods, and tilts, at most, where that was measured. Equal inputs give equal tracks; the
    first and the last frame are `rest(style)`. Raises BadInput for an unknown style.
    """
    manner = _style(style)
    frames = length(timing, fps)
    digest = hashlib.sha256(f"{VERSION} {seed} {style}".encode()).digest()
    chance = np.random.default_rng(int.from_bytes(digest[:8], "big"))
    segments = visemes.spoken(timing)
    tracks = visemes.articulation(timing, segments, frames, fps, manner.mouth)
    turn = float(np.clip(reach[0] / USUAL, *TURNS)) if reach else 1.0
    tracks |= bearing.tracks(
        timing, segments, moments(marks, timing), frames, fps, manner, chance, turn
    )
    if reach:
        for name, gaze, still in zip(
            ("yaw", "pitch"), ("gaze_x", "gaze_y"), bearing.STILL_GAZE, strict=True
        ):
            kept = _within(tracks[name], reach[0])
            tracks[gaze] = tracks[gaze] + still * (kept - tracks[name])
            tracks[name] = kept
        tracks["roll"] = _within(tracks["roll"], reach[1])
    tracks["smile"] = tracks["smile"] * (1 - 0.35 * np.clip(tracks["pucker"], 0, 1))

    ends = np.minimum(np.arange(frames), np.arange(frames)[::-1]) / fps
    homeward = ease(ends / float(np.clip(timing.seconds / 4, *HOMEWARD)))
    slowly, quickly = ease(ends / 0.35), ease(ends / 0.1)
    pose = rest(style)
    found = {}
    for name, (low, high) in TRACKS.items():
        window = homeward if name in HEAD else slowly if name in SLOW else quickly
        moved = np.clip(tracks[name], low, high) - pose[name]
        found[name] = (pose[name] + moved * window).astype(np.float32)
    return Motion(fps=fps, tracks=found)


def _within(track: np.ndarray, most: float) -> np.ndarray:
    """The track, slowed down before `most` on either side, which it never passes."""
    easy = 0.7 * most
    over = np.maximum(np.abs(track) - easy, 0) / (most - easy)
    return np.sign(track) * (np.minimum(np.abs(track), easy) + (most - easy) * np.tanh(over))


def rest(style: str) -> dict[str, float]:
    """The pose in which every line of this style begins and ends. Raises BadInput like `run`."""
    manner = _style(style)
    return {**dict.fromkeys(TRACKS, 0.0), "smile": manner.smile, "brow": manner.brow}


def moments(marks: Sequence[Mark], timing: Timing) -> list[Moment]:
    """When each mark begins, and when the sentence it stands in ends, in seconds."""
    edges = np.cumsum([0, *(len("".join(word.text.split())) for word in timing.words)])

    def when(place: int, *, before: bool) -> float:
        """The moment before (or after) the character of the captions at this position."""
        if not timing.words:
            return 0.0 if before else timing.seconds
        if before and place >= edges[-1]:
            return timing.words[-1].end
        at = int(np.searchsorted(edges, place, "right" if before else "left")) - 1
        word = timing.words[min(max(at, 0), len(timing.words) - 1)]
        share = (place - edges[at]) / max(1, edges[at + 1] - edges[at]) if at >= 0 else 0.0
        return word.start + (word.end - word.start) * float(min(max(share, 0.0), 1.0))

    found = []
    for mark in marks:
        start = when(mark.place, before=True)
        if mark.wait:  # a pause follows it: it begins before the pause
            start = max(start - mark.wait, when(mark.place, before=False) if mark.place else 0.0)
        found.append(Moment(mark.name, start, when(mark.until, before=False)))
    return found


def _style(name: str) -> Style:
    if name not in STYLES:
        raise BadInput(
            f"There is no style called {name[:40]!r}; use {', '.join(STYLES)}.",
            code="invalid_field",
        )
    return STYLES[name]
