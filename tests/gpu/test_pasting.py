"""What shows of a face that MuseTalk painted, on every face that ships."""

import cv2
import numpy as np
import pytest

from rendering import faces
from rendering.faces import passes, portrait
from rendering.faces.musetalk import pasting
from rendering.faces.musetalk.pasting import Mouth, crop
from tests.gpu.figures import painted

SIDE = 256
NOSE_TIP, CHIN, BELOW_LIPS = 4, 152, 200  # landmarks; the last is in the middle of the chin


def everyone():
    return pytest.mark.parametrize("avatar", faces.stock(), ids=lambda avatar: avatar.slug)


def weight_at(avatar, landmark):
    cut = crop(avatar, SIDE)
    x0, y0, x1, y1 = cut.box
    x, y = passes.landmarks(avatar)[landmark]
    column = (x - x0) / (x1 - x0) * SIDE
    row = (y - y0) / (y1 - y0) * SIDE
    return float(cut.mask[min(SIDE - 1, int(row)), min(SIDE - 1, int(column))])


@everyone()
def test_the_chin_is_painted_to_its_tip_and_the_nose_is_not(avatar):
    assert weight_at(avatar, CHIN) > 0.8
    assert weight_at(avatar, BELOW_LIPS) > 0.99
    assert weight_at(avatar, NOSE_TIP) < 0.2


@everyone()
def test_the_edge_of_the_mask_is_soft_and_inside_the_box(avatar):
    mask = crop(avatar, SIDE).mask
    assert mask[: SIDE // 2 - round(0.05 * SIDE)].max() < 0.01  # the upper half is the portrait's
    assert mask[:, [0, -1]].max() < 0.01
    assert mask[-1].max() < 0.2
    assert max(np.abs(np.diff(mask, axis=axis)).max() for axis in (0, 1)) < 0.2


@everyone()
def test_a_mouth_that_is_painted_open_takes_the_chin_along(avatar):
    """The portrait engine's own open mouth is laid in as if it were painted."""
    *_, apart = painted(avatar, lambda cut, points: cut.mask)
    *_, still = painted(avatar, lambda cut, points: 0 * cut.mask + 1e-6)
    assert apart < 0.5 * still


def test_a_tint_is_taken_out_by_the_rim_unless_that_is_switched_off():
    avatar = faces.get("maya")
    drawn, cut = portrait.portrait(avatar, 180.0), crop(avatar, SIDE)
    tinted = np.clip(cut.picture.astype(int) + np.array((12, 0, -8)), 0, 255).astype(np.uint8)
    rest = drawn.rgba[..., :3].astype(int)
    apart = {}
    for tone in (True, False):
        laid = Mouth(drawn, cut, tone=tone).laid(tinted, 1.0)[..., :3].astype(int)
        apart[tone] = np.abs(laid - rest).max(-1)
    shown = apart[False] > 6
    assert shown.mean() > 0.02
    assert apart[True][shown].mean() < 0.35 * apart[False][shown].mean()


def test_a_mask_is_the_same_at_each_size():
    points = passes.landmarks(faces.get("maya"))
    box = pasting.box_of(points, 10_000)
    large = pasting.mask_of(4 * points, pasting.box_of(4 * points, 40_000))
    small = cv2.resize(pasting.mask_of(points, box), large.shape[::-1])
    assert np.abs(large - small).mean() < 0.01
