"""Smoothing: pure frames pass untouched; a filter takes flicker out and keeps sharpness."""

import numpy as np

from rendering.stages import smoothing


def picture(number, flicker=0.0, shift=0, chance=None):
    """A pattern with edges; `flicker` changes the light of the whole, shift moves a square."""
    y, x = np.mgrid[:180, :320]
    grey = 120 + 60 * ((x // 16 + y // 16) % 2)
    grey = grey + flicker * (1 if number % 2 else -1)
    if chance is not None:
        grey = grey + chance.normal(0, flicker / 2, grey.shape)
    frame = np.repeat(grey[..., None], 3, 2)
    frame[60:120, 40 + shift : 100 + shift] = 30
    return np.clip(frame, 0, 255).astype(np.uint8)


def test_pure_frames_pass_untouched_and_are_measured():
    frames = [picture(n) for n in range(12)]
    made = smoothing.run(frames, pure=True, fps=25)
    for before, after in zip(frames, made, strict=True):
        assert before is after
    assert made.figures["filtered"] == 0
    assert made.figures["flicker"] == 0
    assert made.figures["sharpness"] > 0


def test_a_filter_lowers_flicker_and_keeps_sharpness():
    chance = np.random.default_rng(1)
    frames = [picture(n, flicker=5.0, chance=chance) for n in range(20)]
    plain = smoothing.run(frames, pure=True, fps=25)
    list(plain)
    made = smoothing.run(frames, pure=False, fps=25)
    after = list(made)
    assert len(after) == len(frames)
    assert made.figures["filtered"] == 1
    assert made.figures["flicker"] < 0.5 * plain.figures["flicker"]
    clean = smoothing.sharpness(picture(1))
    assert smoothing.sharpness(after[10]) >= 0.98 * clean


def test_a_moving_square_stays_sharp_and_in_position():
    frames = [picture(n, shift=8 * n) for n in range(10)]
    after = list(smoothing.run(frames, pure=False, fps=25))
    for before, made in zip(frames[1:-1], after[1:-1], strict=True):
        assert np.abs(before.astype(int) - made).mean() < 1.0


def test_the_first_and_the_last_frame_are_not_changed():
    frames = [picture(n, flicker=4.0) for n in range(5)]
    after = list(smoothing.run(frames, pure=False, fps=25))
    assert np.array_equal(after[0], frames[0])
    assert np.array_equal(after[-1], frames[-1])
    assert len(list(smoothing.run([frames[0]], pure=False, fps=25))) == 1
    assert list(smoothing.run([], pure=False, fps=25)) == []
