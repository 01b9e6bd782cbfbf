"""Masks, veils and painted faces are asked about, whoever is in the picture; people as they are, are not."""

import cv2
import numpy as np
import pytest

from rendering.faces import checks, doubts, tracker
from tests.faces import scenes
from tests.faces.test_drawings import DRAWN, PHOTOS

PEOPLE = ("clara", "beard", "glasses", "freckled", "daniel", "mei")
MASK = [123, 50, 101, 6, 330, 280, 352, 361, 397, 365, 152, 136, 172, 132]
UNDER_EYES = [234, 116, 117, 118, 47, 6, 277, 347, 346, 345, 454]
COLOURS = ((240, 240, 240), (25, 25, 28), (170, 130, 110))


def _laid(picture, outline, colour, seed):
    """Cloth of a colour, with folds and a weave, inside an outline."""
    chance = np.random.default_rng(seed)
    mask = np.zeros(picture.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round(outline).astype(np.int32)], 255)
    share = cv2.GaussianBlur(mask, (0, 0), 1.2)[..., None] / 255
    folds = chance.normal(0, 1, picture.shape[:2]).astype(np.float32)
    folds = cv2.GaussianBlur(folds, (0, 0), sigmaX=6, sigmaY=24)
    cloth = np.array(colour) + 12 * folds[..., None] / folds.std()
    cloth = cloth + chance.normal(0, 3, picture.shape)
    return np.clip(picture * (1 - share) + cloth * share, 0, 255).astype(np.uint8)


def masked(picture, colour):
    return _laid(picture, tracker.find(picture)[MASK, :2], colour, 1)


def veiled(picture, colour):
    points = tracker.find(picture)
    wide = np.linalg.norm(points[454] - points[234])
    low = [points[152, :2] + (side * wide, 1.2 * wide) for side in (0.9, -0.9)]
    return _laid(picture, np.vstack([points[UNDER_EYES, :2], low]), colour, 2)


def found(picture):
    faces = checks.faces(picture)
    points = tracker.landmarks(picture, faces[0])
    return {one.code: one.asks for one in checks.check(picture, faces, points)}


@pytest.mark.parametrize("slug", PEOPLE)
def test_nobody_is_asked_about_a_photo_of_a_person(slug):
    picture = scenes.photo(slug)
    for seen in (picture, scenes.coded(picture, 40)):
        assert set(found(seen).values()) <= {""}


@pytest.mark.parametrize("cover", [masked, veiled])
@pytest.mark.parametrize("slug", ["maya", "beard"])
def test_a_mask_or_a_veil_of_any_colour_is_refused_or_asked_about(slug, cover):
    for colour in COLOURS:
        codes = found(cover(scenes.photo(slug), colour))
        assert "mouth_covered" in codes or codes.get("maybe_covered") == "mouth_free", colour


def test_a_beard_of_a_strange_colour_is_asked_about_and_not_refused():
    """Only the colour is strange: it is a mouth to be seen, with lips and all."""
    picture = scenes.photo("beard")
    points = tracker.find(picture)
    outline = cv2.convexHull(np.round(points[checks.AROUND_MOUTH, :2]).astype(np.int32))
    mask = np.zeros(picture.shape[:2], np.uint8)
    cv2.fillConvexPoly(mask, outline, 255)
    share = cv2.GaussianBlur(mask, (0, 0), 8)[..., None] / 255
    red = np.clip(picture.astype(float) + share * (70, 5, -45), 0, 255).astype(np.uint8)
    assert found(red) == {"maybe_covered": "mouth_free"}


def test_what_is_painted_looks_more_like_a_figure_than_any_photo():
    picture = scenes.real("astronaut")
    points = tracker.find(picture)
    photos = [
        doubts.measured(np.ascontiguousarray(change(picture)), points)["figure"]
        for change in PHOTOS.values()
    ]
    drawn = [
        doubts.measured(np.ascontiguousarray(DRAWN[style](picture)), points)["figure"]
        for style in ("stylised", "lightly stylised", "pencil", "colour pencil")
    ]
    assert max(photos) < doubts.FIGURE < min(drawn)
