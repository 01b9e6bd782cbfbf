"""Uploaded pictures: good ones come out clean, bad ones are refused with a sentence, whatever their bytes are."""

import mmap
import resource
import struct
import subprocess
import sys
import zlib
from io import BytesIO

import pillow_heif
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageCms
from PIL.PngImagePlugin import PngInfo

from rendering import memory, pictures
from rendering.decoding import Refused, clean
from rendering.pictures import intake
from rendering.values import BadInput


def encoded(kind="PNG", size=(200, 120), mode="RGB", color="red", **options):
    if kind == "HEIF":
        pillow_heif.register_heif_opener()
    out = BytesIO()
    Image.new(mode, size, color).save(out, kind, **options)
    return out.getvalue()


def taken(data, tmp_path, name="upload"):
    source = tmp_path / name
    source.write_bytes(data)
    return intake(source, tmp_path / "kept")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF"])
def test_a_picture_of_every_kind_becomes_a_jpeg_named_by_its_hash(kind, tmp_path):
    made = taken(encoded(kind), tmp_path, "called.txt")
    with Image.open(made.path) as picture:
        assert (picture.format, picture.mode, picture.size) == ("JPEG", "RGB", (200, 120))
        red, green, blue = picture.getpixel((100, 60))
    assert red > 240 > 20 > max(green, blue)
    assert made.path.stem == made.sha256


def test_a_photo_loses_its_metadata_and_stands_upright(tmp_path):
    exif = Image.Exif()
    exif[0x010E] = "secret words"
    exif[0x0112] = 6  # lies on its side
    made = taken(encoded("JPEG", exif=exif), tmp_path)
    assert (made.width, made.height) == (120, 200)
    assert b"secret" not in made.path.read_bytes()


MARKS = ("comment", "exif words", "xmp words", "a profile of mine", "text words")


def marked(kind, mode="RGB"):
    """A picture with words everywhere that its format allows them."""
    exif = Image.Exif()
    exif[0x010E] = MARKS[1]
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    options = {"exif": exif, "icc_profile": profile + MARKS[3].encode()}
    if kind == "JPEG":
        options |= {"comment": MARKS[0], "xmp": MARKS[2].encode()}
    if kind == "PNG":
        options["pnginfo"] = PngInfo()
        options["pnginfo"].add_text("Comment", MARKS[0])
        options["pnginfo"].add_itxt("XML:com.adobe.xmp", MARKS[2])
        options["pnginfo"].add_text("Title", MARKS[4], zip=True)
    if kind == "WEBP":
        options["xmp"] = MARKS[2].encode()
    return encoded(kind, mode=mode, color=(200, 10, 10, 128)[: len(mode)], **options)


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("JPEG", "RGB"), ("PNG", "RGB"), ("PNG", "RGBA"), ("WEBP", "RGBA"), ("HEIF", "RGB")],
)
def test_only_the_pixels_of_a_picture_are_stored(kind, mode, tmp_path):
    source = tmp_path / "upload"
    source.write_bytes(marked(kind, mode))
    made = intake(source, tmp_path / "kept", alpha=True)
    data = made.path.read_bytes()
    assert not [mark for mark in MARKS if mark.encode() in data]
    with Image.open(made.path) as picture:
        assert set(picture.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        assert picture.mode == mode
    if picture.format == "JPEG":  # every segment is one that the pixels need
        names = {data[n + 1] for n in range(len(data) - 1) if data[n] == 0xFF and n < 700}
        assert not names & {0xFE, *range(0xE1, 0xF0)}


AT_THE_BOUND = [
    ("WEBP", "RGBA", (8333, 6000), {"quality": 1, "method": 0}),
    ("JPEG", "RGB", (12_000, 12_000), {}),
    ("JPEG", "RGB", (6900, 6000), {"progressive": True, "subsampling": 0}),
    ("JPEG", "CMYK", (6200, 5000), {"progressive": True}),
    ("PNG", "RGBA", (8333, 6000), {"compress_level": 1}),
    ("WEBP", "RGBA", (8333, 6000), {"lossless": True, "quality": 0, "method": 0}),
    ("HEIF", "RGB", (8333, 6000), {"quality": 30}),
    ("HEIF", "RGBA", (8333, 6000), {"quality": 30}),
]


@pytest.mark.parametrize(
    ("kind", "mode", "size", "options"),
    [
        AT_THE_BOUND[0],
        *(pytest.param(*case, marks=pytest.mark.long) for case in AT_THE_BOUND[1:]),
    ],
)
def test_a_picture_at_the_bound_is_accepted(kind, mode, size, options, tmp_path):
    made = taken(encoded(kind, size, mode, (200, 10, 10, 128)[: len(mode)], **options), tmp_path)
    assert max(made.width, made.height) == 3840


def test_a_progressive_picture_beyond_its_memory_gets_a_sentence(tmp_path):
    data = encoded("JPEG", (6500, 5000), "CMYK", progressive=True)
    with pytest.raises(BadInput, match="at most 31 million") as refusal:
        taken(data, tmp_path)
    assert refusal.value.code == "image_too_large"


def test_a_picture_made_smaller_in_bands_has_no_seams(tmp_path):
    wide = Image.linear_gradient("L").resize((900, 5000)).convert("RGB")
    out = BytesIO()
    wide.save(out, "PNG")
    source = tmp_path / "upload"
    source.write_bytes(out.getvalue())
    made = intake(source, tmp_path / "kept", kept=1600)
    whole = wide.resize((288, 1600), Image.Resampling.LANCZOS)
    with Image.open(made.path) as picture:
        assert picture.size == whole.size
        assert max(high for _, high in ImageChops.difference(picture, whole).getextrema()) <= 3


def test_transparent_parts_become_white(tmp_path):
    made = taken(encoded(mode="RGBA", color=(0, 0, 0, 0)), tmp_path)
    with Image.open(made.path) as picture:
        assert min(picture.getpixel((5, 5))) > 250


def bomb(width=20_000, height=20_000):
    """A PNG of a few bytes that claims to have this many pixels."""

    def chunk(name, body):
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99))


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "The picture is empty"),
        (encoded("JPEG")[:200], "damaged or not a picture"),
        (encoded("PNG")[:60], "damaged or not a picture"),
        (b"%PDF-1.7 not a picture at all", "not a JPEG, PNG, WebP or HEIC picture"),
        (encoded("GIF"), "not a JPEG, PNG, WebP or HEIC picture"),
        (bomb(), "20,000 x 20,000 pixels; at most 50 million"),
        (bomb(12_000, 12_000), "12,000 x 12,000 pixels; at most 50 million"),
        (bomb(12_001, 9000), "12,001 x 9,000 pixels"),
        (encoded(size=(20, 20)), "only 20 x 20 pixels"),
        (b"\xff\xd8" + b"\0" * 20_000_001, "at most 20 MB"),
    ],
    ids=[
        "empty",
        "cut JPEG",
        "cut PNG",
        "PDF",
        "GIF",
        "bomb",
        "many pixels",
        "large",
        "small",
        "heavy",
    ],
)
def test_an_unusable_picture_is_refused_with_a_sentence_and_not_stored(data, sentence, tmp_path):
    with pytest.raises(BadInput) as refusal:
        taken(data, tmp_path)
    assert sentence in refusal.value.sentence
    assert not list((tmp_path / "kept").glob("*"))


def test_a_moving_picture_is_refused(tmp_path):
    out = BytesIO()
    frames = [Image.new("RGB", (80, 80), color) for color in ("red", "blue")]
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:])
    with pytest.raises(BadInput, match="moves"):
        taken(out.getvalue(), tmp_path)


def test_a_cameras_preview_beside_the_picture_is_left_out(tmp_path):
    out = BytesIO()
    Image.new("RGB", (200, 120), "red").save(
        out, "MPO", save_all=True, append_images=[Image.new("RGB", (80, 48), "blue")]
    )
    made = taken(out.getvalue(), tmp_path)
    assert (made.width, made.height) == (200, 120)


WHOLE = [encoded(kind, size=(64, 64)) for kind in ("JPEG", "PNG", "WEBP", "HEIF")]


@given(st.sampled_from(WHOLE), st.data())
@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_bytes_give_a_picture_or_a_sentence(tmp_path, whole, data):
    changed = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 12))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(changed)))
    source = tmp_path / "changed"
    source.write_bytes(bytes(changed[: cut or None]))
    try:
        made = clean(source, 3840)
    except Refused:
        return
    assert made.size == (64, 64)


def test_a_large_picture_is_scaled_to_3840_pixels(tmp_path):
    made = taken(encoded("JPEG", size=(6000, 3000)), tmp_path)
    assert (made.width, made.height) == (3840, 1920)


def test_the_decoder_has_its_own_limit_however_much_this_process_has_mapped(tmp_path):
    with mmap.mmap(-1, 2 * pictures.MEMORY):
        assert taken(encoded("PNG"), tmp_path).path.is_file()


def test_the_limits_of_a_child_are_set_by_its_parent():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    memory.bound(child.pid, pictures.LIMITS)
    assert resource.prlimit(child.pid, resource.RLIMIT_AS) == (pictures.MEMORY,) * 2
    child.communicate(b"\n")
    memory.bound(child.pid, pictures.LIMITS)  # it has ended
