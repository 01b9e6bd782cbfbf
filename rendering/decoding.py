"""Decodes an uploaded picture and encodes it anew. Runs as a process of its own, so it imports little more than Pillow.

    python -m rendering.decoding SOURCE TARGET SIDE [--alpha] [--box LEFT TOP WIDTH HEIGHT] [--look PATH]

The answer is one line of JSON on standard output: the size of what was made, or the sentence for the reader.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import warnings
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from rendering import webp

MOST_PIXELS = (
    150_000_000  # of a JPEG, which is decoded at a half, a quarter or an eighth of its size
)
MOST_PIXELS_WHOLE = 50_000_000  # of all that is decoded whole
MOST_KEPT = 250_000_000  # bytes that the decoder holds of a progressive JPEG until its last pass
LONGEST, SHORTEST = 12_000, 64  # pixels of a side that is accepted
SMALLEST_CUTOUT = 16  # of a side, where transparency stays: logos are small
FORMATS = ("JPEG", "PNG", "HEIF")  # beside WebP
COLOURS = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "I", "I;16", "I;16B", "F")
BAND = 256  # rows of a scaled-down picture that are made at once
LOOK = 512  # pixels of the long side of the copy that is screened

Box = tuple[int, int, int, int]


class Refused(Exception):
    def __init__(self, sentence: str, code: str) -> None:
        super().__init__(sentence)
        self.sentence, self.code = sentence, code


@dataclass(frozen=True)
class Made:
    """data: a JPEG, or a PNG with alpha; look: a small JPEG of it, without alpha."""

    data: bytes
    size: tuple[int, int]
    look: bytes


def clean(source: Path, side: int, *, alpha: bool = False, box: Box | None = None) -> Made:
    """The picture upright, in sRGB, its long side at most `side` pixels, and nothing but its pixels.

    alpha: transparency stays, else it becomes white. box: the part to cut out (left, top, width, height).
    Raises Refused, and MemoryError at the limit of its process.
    """
    from pi_heif import register_heif_opener  # large: loaded when it is needed

    register_heif_opener()
    Image.MAX_IMAGE_PIXELS = None  # sizes are checked below, before anything is decoded
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about metadata
        shortest = SMALLEST_CUTOUT if alpha else SHORTEST
        try:
            with source.open("rb") as file:
                is_webp = webp.is_webp(file.read(12))
            if is_webp:
                return _made(_webp(source, shortest), side, alpha, box)
            with Image.open(source, formats=FORMATS) as picture:
                _check(picture, shortest)
                if box is None:
                    picture.draft("RGB", (side, side))
                return _made(picture, side, alpha, box)
        except (Refused, MemoryError):
            raise
        except UnidentifiedImageError:
            raise Refused(
                "This file is not a JPEG, PNG, WebP or HEIC picture; choose one of these.",
                "image_unreadable",
            ) from None
        except Exception:  # the decoders raise many kinds: SyntaxError, struct.error, OSError, …
            raise Refused(
                "The picture is damaged or not a picture; use a whole JPEG, PNG, WebP or HEIC file.",
                "image_unreadable",
            ) from None


def _webp(source: Path, shortest: int) -> Image.Image:
    header = webp.Header(source.read_bytes())
    _check_size(header.size, MOST_PIXELS_WHOLE, shortest)
    if header.moves:
        raise _moving()
    return header.picture()


def _check(picture: Image.Image, shortest: int) -> None:
    # MPO: a camera's JPEG with its preview beside it. A progressive one is decoded whole.
    most = MOST_PIXELS_WHOLE
    if picture.format in ("JPEG", "MPO"):
        most = _most_of_jpeg(picture) if picture.info.get("progressive") else MOST_PIXELS
    _check_size(picture.size, most, shortest)
    # A camera's JPEG or HEIC may hold its preview as a second picture: of these the first counts.
    if picture.format == "PNG" and getattr(picture, "n_frames", 1) > 1:
        raise _moving()
    if picture.mode not in COLOURS:
        raise Refused(
            "The picture's colours cannot be read; save it as RGB and choose it again.",
            "image_unreadable",
        )


def _most_of_jpeg(picture: Image.Image) -> int:
    """Most pixels of a progressive JPEG: the decoder holds two bytes of every sample, and channels at half the size
    have fewer."""
    shares = [across * down for _, across, down, _ in picture.layer]  # type: ignore[attr-defined]
    channels = sum(shares) / max(shares)
    return min(MOST_PIXELS_WHOLE, int(MOST_KEPT / 2 / channels))


def _check_size(size: tuple[int, int], most: int, shortest: int) -> None:
    width, height = size
    if max(width, height) > LONGEST or width * height > most:
        raise Refused(
            f"The picture has {width:,} x {height:,} pixels; at most {most // 1_000_000} million "
            f"and {LONGEST:,} a side can be used. Make it smaller and choose it again.",
            "image_too_large",
        )
    if min(width, height) < shortest:
        raise Refused(
            f"The picture has only {width} x {height} pixels; each side needs {shortest} or more.",
            "image_too_small",
        )


def _moving() -> Refused:
    return Refused("The picture moves; choose one that stands still.", "image_unreadable")


def _made(picture: Image.Image, side: int, alpha: bool, box: Box | None) -> Made:
    picture.load()
    profile = picture.info.get("icc_profile")
    image: Image.Image = picture
    if box is not None:
        left, top, width, height = box
        image = image.crop((left, top, left + width, top + height))
    if image.mode.startswith("I;16"):
        image = image.point(lambda value: value / 256).convert("L")
    if "transparency" in image.info or image.mode in ("LA", "PA"):
        image = image.convert("RGBA")
    elif image.mode not in ("RGB", "RGBA", "CMYK", "L"):
        image = image.convert("RGB")
    image = _smaller(image, side)
    image = ImageOps.exif_transpose(image)
    image = _in_srgb(image, profile)
    image.info = {}  # a comment, a profile, texts: all that would be written along
    look = image.convert("RGB")
    look.thumbnail((LOOK, LOOK))
    if image.mode == "RGBA":
        if alpha and image.getchannel("A").getextrema() != (255, 255):
            return Made(_bytes(image, "PNG", compress_level=3), image.size, _jpeg(look))
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return Made(_jpeg(image.convert("RGB")), image.size, _jpeg(look))


def _smaller(image: Image.Image, side: int) -> Image.Image:
    """The picture with a long side of at most `side`. In bands, each with the rows that the filter reads: alpha costs a
    copy."""
    width, height = image.size
    scale = max(width, height) / side
    if scale <= 1:
        return image
    size = max(1, round(width / scale)), max(1, round(height / scale))
    step, around = height / size[1], math.ceil(3 * scale) + 1
    made = Image.new(image.mode, size)
    for top in range(0, size[1], BAND):
        rows = min(BAND, size[1] - top)
        first, last = top * step, (top + rows) * step
        begin, end = max(0, math.floor(first) - around), min(height, math.ceil(last) + around)
        band = image.crop((0, begin, width, end))
        box = (0.0, first - begin, float(width), min(last - begin, float(band.height)))
        made.paste(band.resize((size[0], rows), Image.Resampling.LANCZOS, box), (0, top))
    made.info = image.info
    return made


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The image converted from its own profile; a broken one is ignored, and the numbers are taken as sRGB."""
    if not profile:
        return image
    share = image.getchannel("A") if image.mode == "RGBA" else None
    colour = image.convert("RGB") if share else image
    with suppress(ImageCms.PyCMSError, OSError, ValueError, TypeError):
        given = ImageCms.ImageCmsProfile(BytesIO(profile))
        plain = ImageCms.createProfile("sRGB")
        found = ImageCms.profileToProfile(colour, given, plain, outputMode="RGB")
        if found is not None:
            colour = found
    if share is None:
        return colour
    colour.putalpha(share)
    return colour


def _jpeg(image: Image.Image) -> bytes:
    return _bytes(image, "JPEG", quality=92, subsampling=0)


def _bytes(image: Image.Image, kind: str, **options: int) -> bytes:
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("side", type=int)
    parser.add_argument("--alpha", action="store_true")
    parser.add_argument("--box", type=int, nargs=4)
    parser.add_argument("--look", type=Path)
    given = parser.parse_args()
    answer: dict[str, object]
    try:
        box = tuple(given.box) if given.box else None
        made = clean(given.source, given.side, alpha=given.alpha, box=box)
        with given.target.open("wb") as file:
            file.write(made.data)
            file.flush()
            os.fsync(file.fileno())
        if given.look:
            given.look.write_bytes(made.look)
        answer = {"width": made.size[0], "height": made.size[1]}
    except Refused as refusal:
        answer = {"sentence": refusal.sentence, "code": refusal.code}
    except OSError as error:  # the disk is full, say
        answer = {"error": error.errno}
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
