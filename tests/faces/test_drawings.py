"""A drawing is no photo, however it was made; a photo stays one when it is smoothed or coded."""

import functools

import cv2
import numpy as np
import pytest

from rendering.faces import checks, tracker
from tests.faces import scenes


def _bilateral(picture):
    return cv2.bilateralFilter(picture, 9, 25, 5)


def _cartoon(picture):
    """Smoothed, with black outlines."""
    smooth = picture
    for _ in range(5):
        smooth = cv2.bilateralFilter(smooth, 9, 30, 9)
    grey = cv2.medianBlur(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), 7)
    outline = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, 9, 3)
    return np.where(outline[..., None] > 0, smooth, 20).astype(np.uint8)


def _oil(picture, brush=8):
    """Each pixel has the mean of that corner of its surroundings which varies least (Kuwahara)."""
    seen = picture.astype(np.float32)
    side = (brush + 1, brush + 1)
    grey = seen.mean(-1)
    spread = cv2.blur(grey * grey, side) - cv2.blur(grey, side) ** 2
    mean, half = cv2.blur(seen, side), brush // 2
    corners = [(y, x) for y in (-half, half) for x in (-half, half)]
    calmest = np.argmin([np.roll(spread, each, (0, 1)) for each in corners], 0)
    means = np.array([np.roll(mean, each, (0, 1)) for each in corners])
    return np.take_along_axis(means, calmest[None, ..., None], 0)[0].astype(np.uint8)


def _pencil(colour):
    def draw(picture):
        grey, coloured = cv2.pencilSketch(picture, sigma_s=60, sigma_r=0.07, shade_factor=0.05)
        return coloured if colour else cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB)

    return draw


DRAWN = {
    "stylised": lambda picture: cv2.stylization(picture, sigma_s=60, sigma_r=0.45),
    "lightly stylised": lambda picture: cv2.stylization(picture, sigma_s=40, sigma_r=0.3),
    "pencil": _pencil(False),
    "colour pencil": _pencil(True),
    "eight colours": lambda picture: (picture // 32 * 32 + 16).astype(np.uint8),
    "cartoon": _cartoon,
    "cartoon, coded": lambda picture: scenes.coded(_cartoon(picture), 60),
    "areas": lambda picture: cv2.pyrMeanShiftFiltering(picture, 20, 40),
    "oil": _oil,
}
PHOTOS = {
    "as it is": lambda picture: picture,
    "smoothed": _bilateral,
    "without noise": lambda picture: cv2.fastNlMeansDenoisingColored(picture, None, 5, 5, 5, 11),
    "coded": lambda picture: scenes.coded(picture, 50),
    "contrast": lambda picture: np.clip((picture.astype(float) - 128) * 1.4 + 128, 0, 255).astype(
        np.uint8
    ),
}


@functools.cache
def of(name):
    """The head alone, with a face 400 pixels high, as the checks look at it."""
    found = scenes.real("astronaut") if name == "a real person" else scenes.photo(name)
    points = tracker.find(found)
    tall = np.linalg.norm(points[10, :2] - points[152, :2])
    left, top = np.maximum(points[:, :2].min(0) - 0.35 * tall, 0).astype(int)
    right, bottom = (points[:, :2].max(0) + 0.35 * tall).astype(int)
    part = found[top:bottom, left:right]
    scale = 400 / tall
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cv2.resize(part, None, fx=scale, fy=scale, interpolation=how)


@pytest.mark.parametrize("style", DRAWN)
@pytest.mark.parametrize("name", ["a real person", "maya"])
def test_every_kind_of_drawing_is_recognised(name, style):
    picture = np.ascontiguousarray(DRAWN[style](of(name)))
    points = tracker.landmarks(picture, checks.faces(picture)[0])
    assert checks.drawn(picture, points)


@pytest.mark.parametrize("name", ["a real person", "maya", "daniel", *scenes.PEOPLE])
def test_no_photo_is_taken_for_a_drawing(name):
    for how, change in PHOTOS.items():
        picture = np.ascontiguousarray(change(of(name)))
        points = tracker.landmarks(picture, checks.faces(picture)[0])
        assert not checks.drawn(picture, points), how
