"""Pictures for the codecs, compared with what ffmpeg itself makes of them."""

import subprocess

import cv2
import numpy as np
import pytest

from rendering import colour, media

WIDE, TALL = 192, 128


@pytest.fixture(scope="module")
def picture():
    coarse = np.random.default_rng(4).integers(0, 256, (16, 24, 4), np.uint8)
    return cv2.resize(coarse, (WIDE, TALL), interpolation=cv2.INTER_CUBIC)


def by_ffmpeg(picture, pixels, to):
    scaled = "scale=out_color_matrix=bt709:out_range=tv:out_chroma_loc=left:flags=accurate_rnd+full_chroma_int+bicubic"
    source = ["-f", "rawvideo", "-pix_fmt", pixels, "-s", f"{WIDE}x{TALL}", "-i", "-"]
    command = [media.program(), "-v", "error", *source, "-vf", f"{scaled},format={to}"]
    done = subprocess.run(
        [*command, "-f", "rawvideo", "-"], input=picture.tobytes(), capture_output=True, check=True
    )
    return np.frombuffer(done.stdout, np.uint8)


@pytest.mark.parametrize(("pixels", "to"), [("rgb24", "yuv420p"), ("rgba", "yuva420p")])
def test_planes_of_a_picture_are_those_that_ffmpeg_makes(picture, pixels, to):
    shown = np.ascontiguousarray(picture[..., : len(pixels) if pixels == "rgba" else 3])
    ours = b"".join(bytes(plane) for plane in colour.planes(shown))
    wanted = by_ffmpeg(shown, pixels, to)
    off = np.abs(np.frombuffer(ours, np.uint8).astype(int) - wanted)
    luma = WIDE * TALL
    assert off[:luma].max() <= 1
    assert off[luma : luma * 3 // 2].mean() < 1.0  # ffmpeg's chroma filter is longer
    assert off[luma * 3 // 2 :].size == (luma if pixels == "rgba" else 0)
    assert off[luma * 3 // 2 :].max(initial=0) <= 1


@pytest.mark.parametrize(
    ("rgb", "ycc"),
    [
        ((255, 255, 255), (235, 128, 128)),
        ((0, 0, 0), (16, 128, 128)),
        ((255, 0, 0), (63, 102, 240)),
        ((0, 0, 255), (32, 240, 118)),
    ],
)
def test_pure_colours_have_the_values_of_the_standard(rgb, ycc):
    frame = np.full((2, 4, 3), rgb, np.uint8)
    assert tuple(np.asarray(plane).flat[0] for plane in colour.planes(frame)) == ycc
    planes = np.repeat(np.array(ycc, np.uint8), (64 * 6, 64 * 6 // 4, 64 * 6 // 4))
    assert np.abs(colour.picture(planes.reshape(96, 6)).astype(int) - rgb).max() <= 1


def test_a_picture_is_the_same_after_the_way_to_planes_and_back():
    """Soft colours and an edge: read half a pixel to one side, the edge would stand out."""
    frame = np.zeros((80, 96, 3), np.uint8)
    frame[..., 0] = np.linspace(40, 200, 96)
    frame[..., 2] = np.linspace(200, 60, 80)[:, None]
    frame[30:50, 40:60] = (40, 160, 80)
    soft = cv2.GaussianBlur(frame, (0, 0), 4)
    raw = b"".join(bytes(plane) for plane in colour.planes(soft))
    again = colour.picture(np.frombuffer(raw, np.uint8).reshape(120, 96))
    off = np.abs(again.astype(int) - soft)
    assert off.max() <= 8
    assert off.mean() < 1
