"""People who appear in tests only: traits that no stock avatar has, seen as phones and webcams see.

They are never shipped as avatars. A live picture (`--live`) is the same person seconds later under
other light, from another side and with another face.
"""

from __future__ import annotations

from people import PEOPLE

LIVE = {"yaw": -9.0, "side": -1, "warm": (1, 0.86, 0.70), "fill": 5.0, "top": 1.0}
"""What a webcam's light and place change."""
LIVE_FACE = {"mouthSmile*": 0.25, "browInnerUp": 0.2}
"""Added to the resting face for a live picture."""


def _like(slug: str, **changes) -> dict:
    """A stock avatar with some of its traits replaced; a dict is merged, None drops a trait."""
    person = dict(PEOPLE[slug])
    for name, value in changes.items():
        if isinstance(value, dict) and isinstance(person.get(name), dict) and name != "origin":
            merged = {**person[name], **value}
            value = {key: trait for key, trait in merged.items() if trait is not None}
        person[name] = value
    return person


TEST_PEOPLE: dict[str, dict] = {
    "beard": _like(
        "daniel",
        seed=41,
        origin={"caucasian": 0.6, "african": 0.4},
        shapes={"head/head-rectangular": 0.0, "nose/nose-scale-horiz-incr": 0.3},
        face={"mouthSmile*": 0.15, "cheekSquint*": 0.1},
        skin={
            "base": (0.44, 0.25, 0.165),
            "lip": (0.36, 0.13, 0.11),
        },
        hair={
            "cut": "short",
            "melanin": 0.88,
            "redness": 0.2,
            "part": -0.25,
            "side": 0.014,
            "top": 0.05,
            "volume": 0.008,
            "sweep": 0.6,
        },
        beard={
            "melanin": 0.85,
            "redness": 0.25,
            "count": 26000,
            "length": 0.020,
            "curl": 0.0016,
            "radius": 0.00007,
        },
        light={"gain": 1.1, "side": -1},
    ),
    "glasses": _like(
        "mei",
        seed=42,
        origin={"asian": 0.55, "caucasian": 0.45},
        face={"mouthSmile*": 0.2, "cheekSquint*": 0.1},
        hair={"cut": "short", "part": 0.2, "side": 0.03, "top": 0.07, "sweep": 0.5},
        glasses={"colour": (0.02, 0.018, 0.016)},
        light={"yaw": 10.0},
    ),
    "covered": _like(
        "maya",
        seed=43,
        origin={"african": 0.9, "caucasian": 0.1},
        face={"mouthSmile*": 0.2, "cheekSquint*": 0.1},
        skin={
            "base": (0.11, 0.055, 0.032),
            "lip": (0.18, 0.052, 0.045),
        },
        hair={
            "melanin": 0.95,
            "redness": 0.1,
            "end": 0.15,
            "wave": 0.02,
            "waves": 4.0,
            "back": 0.35,
        },
        brow={"melanin": 0.95, "redness": 0.1},
        light={"gain": 1.5},
    ),
    "freckled": _like(
        "arthur",
        seed=44,
        age={"young": 0.9, "old": 0.1},
        face={"mouthSmile*": 0.1, "cheekSquint*": 0.05},
        skin={
            "base": (0.76, 0.52, 0.42),
            "freckles": 0.75,
        },
        hair={"melanin": 0.28, "redness": 0.85, "grey": None, "top": 0.05},
        brow={"melanin": 0.3, "redness": 0.7, "grey": None},
        stubble={
            "melanin": 0.3,
            "redness": 0.8,
            "count": 20000,
            "length": 0.0030,
            "radius": 0.00005,
        },
        light={"gain": 0.8, "key": 14, "fill": 7},
    ),
}
