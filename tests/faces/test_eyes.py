"""Blinks and gaze move the eyes and leave everything around them in place."""

import json

import numpy as np
import pytest

from rendering import faces
from rendering.faces import lids, portrait
from rendering.stages import motion

REST = dict.fromkeys(motion.TRACKS, 0.0)


@pytest.fixture(scope="module")
def arthur():
    return portrait.Portrait(faces.get("arthur"), 420.0)


def test_rims_of_glasses_stay_where_they_are_while_lids_come_down(arthur):
    """A lid is drawn up from the next picture of the eye; the rims below it in that picture are not."""
    folder = faces.get("arthur").folder
    points = np.array(json.loads((folder / "landmarks.json").read_text())) * arthur.scale
    points[:, :2] -= arthur.box[:2]
    rest = arthur.draw(REST)[..., :3]
    rims = lids.spectacles(rest, points) > 0.02
    assert rims.sum() > 1000
    for blink in (0.2, 0.4, 0.6, 0.8):
        drawn = arthur.draw({**REST, "blink": blink})[..., :3]
        changed = np.abs(rest.astype(int) - drawn)
        assert (changed[rims].max(-1) > 30).mean() < 0.01
