"""HDR videos beside their ordinary twins: the library must show them alike (CIEDE2000, CIE 142-2001)."""

import itertools

import cv2
import numpy as np
import pytest

from rendering import clips
from tests.stages.media_table import ffmpeg
from tests.stages.test_media_table import first_picture

PLAIN = "scale=out_color_matrix=bt709:out_range=tv,format=yuv444p"
TAGS = "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709"


def lab(rgb):
    """sRGB (…, 3) of bytes -> CIE L*a*b*, D65."""
    share = rgb / 255.0
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array(
        [
            [0.4124564, 0.3575761, 0.1804375],
            [0.2126729, 0.7151522, 0.0721750],
            [0.0193339, 0.1191920, 0.9503041],
        ]
    )
    x = linear @ to_xyz.T / (0.95047, 1.0, 1.08883)
    f = np.where(x > 216 / 24389, np.cbrt(x), (24389 / 27 * x + 16) / 116)
    return 116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])


def ciede2000(one, other):
    """The difference of each pixel (Sharma, Wu and Dalal 2005)."""
    (light, a, b), (light2, a2, b2) = lab(one), lab(other)
    mean = (np.hypot(a, b) + np.hypot(a2, b2)) / 2
    grown = 1.5 - 0.5 * np.sqrt(mean**7 / (mean**7 + 25.0**7))
    c, c2 = np.hypot(a * grown, b), np.hypot(a2 * grown, b2)
    h, h2 = (np.degrees(np.arctan2(y, x)) % 360 for y, x in ((b, a * grown), (b2, a2 * grown)))
    turn = (h2 - h + 180) % 360 - 180
    turn = np.where(c * c2 == 0, 0, turn)
    dh = 2 * np.sqrt(c * c2) * np.sin(np.radians(turn / 2))
    lm, cm = (light + light2) / 2, (c + c2) / 2
    hm = np.where(c * c2 == 0, h + h2, (h + turn / 2) % 360)
    t = (
        1
        - 0.17 * np.cos(np.radians(hm - 30))
        + 0.24 * np.cos(np.radians(2 * hm))
        + 0.32 * np.cos(np.radians(3 * hm + 6))
        - 0.20 * np.cos(np.radians(4 * hm - 63))
    )
    sl = 1 + 0.015 * (lm - 50) ** 2 / np.sqrt(20 + (lm - 50) ** 2)
    sc, sh = 1 + 0.045 * cm, 1 + 0.015 * cm * t
    rotated = np.sin(np.radians(60 * np.exp(-(((hm - 275) / 25) ** 2))))
    rt = -2 * np.sqrt(cm**7 / (cm**7 + 25.0**7)) * rotated
    lt, ct, ht = (light2 - light) / sl, (c2 - c) / sc, dh / sh
    return np.sqrt(lt**2 + ct**2 + ht**2 + rt * ct * ht)


def test_the_difference_of_colours_is_that_of_the_paper():
    """White and the grey 128, computed by hand from the published formula; and a blue and itself."""
    grey = ciede2000(np.array([[255, 255, 255]]), np.array([[128, 128, 128]]))
    assert grey[0] == pytest.approx(33.4, abs=0.3)
    assert ciede2000(np.array([[9, 90, 200]]), np.array([[9, 90, 200]]))[0] == 0


@pytest.fixture(scope="module")
def masters(tmp_path_factory):
    """Ordinary videos: a scene of smooth lights, test bars, and one of few lights."""
    folder = tmp_path_factory.mktemp("masters")
    rows, columns = np.mgrid[0:90, 0:160]
    scene = np.stack([columns * 1.5, rows * 2.6, 250 - columns * 1.2], axis=2).clip(0, 255)
    cv2.circle(scene, (80, 45), 20, (235, 240, 245), -1)
    pictures = {"scene": scene, "night": scene * 0.35}
    found = {}
    for name, picture in pictures.items():
        cv2.imwrite(str(folder / f"{name}.png"), picture.astype(np.uint8))
        found[name] = ["-loop", "1", "-r", "25", "-t", "0.4", "-i", folder / f"{name}.png"]
    found["bars"] = ["-f", "lavfi", "-i", "smptehdbars=s=160x90:r=25:d=0.4"]
    for name, source in found.items():
        ffmpeg(*source, "-vf", f"{PLAIN},{TAGS}", "-c:v", "libx264", "-qp", "0", folder / f"{name}.mp4")  # fmt: skip
    return folder


@pytest.mark.parametrize("transfer", ["arib-std-b67", "smpte2084"], ids=["HLG", "PQ"])
@pytest.mark.parametrize(("name", "white"), [("scene", 203), ("night", 203), ("bars", 203), ("bars", 100)])  # fmt: skip
def test_an_hdr_video_looks_like_its_ordinary_twin(masters, tmp_path, name, white, transfer):
    twin, source = masters / f"{name}.mp4", tmp_path / "hdr.mp4"
    chain = (
        f"zscale=tin=bt709:min=bt709:pin=bt709:t=linear:npl={white},format=gbrpf32le,"
        f"zscale=p=bt2020:t={transfer}:m=2020_ncl:npl={white}:r=tv,format=yuv420p10le"
    )
    tags = f"log-level=none:colorprim=bt2020:transfer={transfer}:colormatrix=bt2020nc"
    ffmpeg("-i", twin, "-vf", chain, "-c:v", "libx265", "-crf", "10", "-x265-params", tags, source)
    ordinary = clips.intake(twin, tmp_path / "kept", "video")
    shown = clips.intake(source, tmp_path / "kept", "video")
    difference = ciede2000(first_picture(ordinary.path), first_picture(shown.path))
    assert difference.mean() <= 6


def test_lights_brighter_than_white_keep_their_steps(tmp_path):
    """Lights of up to 1,000 cd/m² over white: each step brighter than the one before, none lost."""
    ffmpeg(
        *("-f", "lavfi", "-i", "nullsrc=s=160x64:r=25:d=0.4,format=gray16,geq=lum='65535*(0.35+0.1*floor(X/32))'"),
        *("-vf", "format=gbrp16,setparams=range=pc:colorspace=gbr:color_primaries=bt2020:color_trc=smpte2084,zscale=m=2020_ncl:r=tv,format=yuv420p10le"),
        *("-c:v", "libx265", "-crf", "5", "-x265-params"),
        *("log-level=none:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc", tmp_path / "steps.mp4"),
    )  # fmt: skip
    shown = first_picture(clips.intake(tmp_path / "steps.mp4", tmp_path, "video").path)
    steps = [float(shown[20:40, 32 * n + 8 : 32 * n + 24].mean()) for n in range(5)]
    assert all(after > before + 4 for before, after in itertools.pairwise(steps))
    assert steps[-1] > 245
