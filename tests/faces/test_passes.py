import cv2
import numpy as np
import pytest

from rendering import faces
from rendering.faces import passes
from rendering.stages import smoothing


@pytest.fixture(scope="module")
def head():
    """Head and shoulders with their alpha, in a square as a generator gives it."""
    rgba, _ = passes.plate(faces.get("maya"), 190.0)
    side = min(rgba.shape[:2])
    left = (rgba.shape[1] - side) // 2
    return np.ascontiguousarray(rgba[:side, left : left + side])


def before(rgba, colour):
    alpha = rgba[..., 3:] / 255
    return (rgba[..., :3] + (1 - alpha) * np.array(colour) + 0.5).clip(0, 255).astype(np.uint8)


def test_a_generated_person_is_cut_out_of_the_ground_without_a_rim(head):
    chance = np.random.default_rng(1)
    picture = before(head, passes.GROUND).astype(float)
    generated = cv2.GaussianBlur(picture, (0, 0), 0.7) + chance.normal(0, 2, picture.shape)
    own, alpha = passes.cut(generated.clip(0, 255).astype(np.uint8))
    true = head[..., 3] / 255
    assert np.abs(alpha - true).mean() < 0.02
    assert alpha[true == 0].mean() < 0.01
    assert alpha[true == 1].mean() > 0.985
    # laid before another ground, no rim of the old one is left
    laid = own * alpha[..., None] + (1 - alpha[..., None]) * np.array((20, 90, 200))
    rim = (true > 0.05) & (true < 0.95)
    error = np.abs(laid - before(head, (20, 90, 200)).astype(float)).mean(-1)
    assert error[rim].mean() < 30
    assert error.mean() < 4


def test_colours_are_matched_where_both_pictures_show_the_same(head):
    picture = before(head, (128, 128, 128))
    still = (head[..., 3] / 255).astype(np.float32)
    still[100:400, 100:400] = 0
    warm = (picture.astype(float) * (1.05, 1.0, 0.93) + (4, 0, -4)).clip(0, 255).astype(np.uint8)
    where = still > 0.9

    def apart(one):
        return np.abs(one[where].astype(float).mean(0) - picture[where].mean(0)).max()

    own = passes.tone(picture, still)
    mended = passes.toned(warm, own)
    assert apart(warm) > 5
    assert apart(mended) < 1
    assert apart(passes.toned(picture, own)) < 0.6
    # a picture that is far off is left so: matching colours is not repainting
    dark = (picture // 8).astype(np.uint8)
    assert apart(passes.toned(dark, own)) > 20


def test_a_film_that_drifts_keeps_its_colours(head):
    """Each frame is matched to the portrait, so ten minutes are no worse than ten frames."""
    picture = before(head, (128, 128, 128))[::4, ::4].copy()
    still = np.full(picture.shape[:2], 1.0, np.float32)
    first = picture.astype(float).mean((0, 1))
    own = passes.tone(picture, still)
    worst = 0.0
    for minute in range(10):
        drifted = (picture.astype(float) + minute * np.array((1.6, -0.8, 1.0))).clip(0, 255)
        mended = passes.toned(drifted.astype(np.uint8), own)
        worst = max(worst, np.abs(mended.astype(float).mean((0, 1)) - first).max())
    assert worst < 1.5


def test_a_paste_has_no_edge():
    under, over = np.full((80, 120, 4), 100, np.uint8), np.full((80, 120, 4), 180, np.uint8)
    share = passes.feather(80, 120)
    laid = passes.pasted(under, over, share).astype(int)
    assert (laid[0] == 100).all()
    assert (laid[40, 60] == 180).all()
    assert np.abs(np.diff(laid[..., 0], axis=1)).max() <= 24
    assert np.abs(np.diff(laid[..., 0], axis=0)).max() <= 24


def test_a_box_that_reaches_beyond_the_picture_is_cut_at_its_edge():
    under, over = np.zeros((48, 64, 3), np.uint8), np.full((10, 10, 3), 7, np.uint8)
    found = passes.laid(under, over, (-5, 30, 25, 60), np.ones((30, 30), np.float32))
    assert (found[30:, :25] == 7).all()
    assert found[:30].max() == 0
    assert found[:, 25:].max() == 0


def test_flicker_from_frame_to_frame_is_calmed_and_sharpness_stays(head):
    """The smoothing stage over frames as a generator makes them; it reaches one frame to either side."""
    picture = before(head, (128, 128, 128))
    sign = [1, -1] * 10
    shaken = [np.clip(picture.astype(int) + 2 * s, 0, 255).astype(np.uint8) for s in sign]
    raw, calm = smoothing.run(shaken, pure=True, fps=25), smoothing.run(shaken, pure=False, fps=25)
    list(raw)
    frames = list(calm)
    assert calm.figures["flicker"] < 0.35 * raw.figures["flicker"]
    assert calm.figures["sharpness"] > 0.98 * raw.figures["sharpness"]
    other = [*shaken[:5], np.zeros_like(picture), *shaken[6:]]
    again = list(smoothing.run(other, pure=False, fps=25))
    assert all((a == b).all() for a, b in zip(frames[7:], again[7:], strict=True))
