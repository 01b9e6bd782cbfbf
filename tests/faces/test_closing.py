"""Mouths that smile in the photo are closed: no hollow stays at a corner, and what is no hollow stays as it is."""

import cv2
import numpy as np
import pytest

from rendering.faces import closing, teeth, tracker
from rendering.faces.geometry import Face
from tests.faces import scenes

TALL = 500.0


def disc(side=200):
    """(rows, columns) distance from the middle, 1 at the rim of what may be changed."""
    y, x = np.mgrid[:side, :side] - side / 2
    return np.hypot(x, y) / (closing.CORNER * TALL)


def skin(side=200):
    picture = np.full((side, side, 3), (196, 150, 130), np.uint8)
    noise = np.random.default_rng(1).normal(0, 3, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def test_a_dark_hollow_at_a_corner_becomes_skin():
    picture, away = skin(), disc()
    cv2.circle(picture, (100, 100), 9, (30, 12, 12), -1)
    opened = away < 1
    filled = closing._filled(picture, opened, away, TALL)
    assert filled[92:108, 92:108].mean() > 0.85 * skin().mean()
    assert (filled[away > 1.6] == picture[away > 1.6]).all()


@pytest.mark.parametrize("thick", [1, 3])
def test_the_line_between_lips_stays(thick):
    picture, away = skin(), disc()
    cv2.line(picture, (0, 100), (199, 104), (70, 30, 30), thick)
    assert (closing._filled(picture, away < 1, away, TALL) == picture).all()


def test_what_was_no_open_mouth_stays():
    picture, away = skin(), disc()
    cv2.circle(picture, (100, 100), 9, (30, 12, 12), -1)
    assert (closing._filled(picture, np.zeros(away.shape, bool), away, TALL) == picture).all()


def test_a_corner_in_a_beard_stays():
    picture, away = skin(), disc()
    picture[110:] = (60, 44, 36)
    cv2.circle(picture, (100, 100), 9, (30, 12, 12), -1)
    assert (closing._filled(picture, away < 1, away, TALL) == picture).all()


def turned(picture, degrees):
    rows, columns = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D((columns / 2, rows / 2), degrees, 1)
    return cv2.warpAffine(picture, matrix, (columns, rows), borderMode=cv2.BORDER_REPLICATE)


@pytest.mark.parametrize("degrees", [-8, 0, 8])
def test_lent_teeth_stand_level_with_eyes_and_lips(degrees):
    picture = turned(scenes.photo(), degrees)
    points = tracker.find(picture)
    rgba, _ = teeth.lend(picture, points)
    rows, columns = np.nonzero(rgba[..., 3] > 128)
    low = np.array([rows[columns == x].max() for x in np.unique(columns)])
    slope = np.polyfit(np.unique(columns), low, 1)[0]
    across = Face(picture, points).level[0]
    assert abs(np.degrees(np.arctan(slope) - np.arctan2(across[1], across[0]))) < 4
