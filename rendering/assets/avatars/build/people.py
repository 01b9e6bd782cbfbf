"""Who the stock avatars are, and the faces they make."""

from __future__ import annotations

from men import MEN, MEN_LOOKS
from women import WOMEN, WOMEN_LOOKS

STATES: dict[str, dict[str, float]] = {
    "rest": {},
    "half": {"eyeBlink*": 0.40},
    "blink": {"eyeBlink*": 1.0},
    "teeth": {
        "jawOpen": 0.34,
        "mouthUpperUp*": 0.34,
        "mouthLowerDown*": 0.85,
        "mouthStretch*": 0.14,
    },
}
"""Face units added to the resting face; for a blink the lids' own share is taken off first."""
TILES = {"half": "eyes", "blink": "eyes", "teeth": "mouth"}

PEOPLE: dict[str, dict] = {**WOMEN, **MEN}
LOOKS: dict[str, tuple[str, dict]] = {**WOMEN_LOOKS, **MEN_LOOKS}
"""The same people in other clothes."""
PEOPLE |= {slug: {**PEOPLE[of], **changes} for slug, (of, changes) in LOOKS.items()}
