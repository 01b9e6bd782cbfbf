"""Uploaded pictures: looked at before they are decoded, then made anew without anything hidden in them."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import secrets
import subprocess
import sys
import warnings
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from rendering.values import BadInput

MOST_BYTES = 20_000_000
MOST_PIXELS = 150_000_000
LONGEST, SHORTEST = 12_000, 64  # pixels of a side that is taken
SMALLEST_CUTOUT = 16  # of a side, where alpha is kept: logos are small
KEPT = 3840  # pixels of the long side that are kept
PNG = b"\x89PNG"
FORMATS = ("JPEG", "PNG", "WEBP", "HEIF")
COLOURS = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "I", "I;16", "I;16B", "F")
MEMORY, SECONDS = 3_000_000_000, 30  # bytes of address space and processor time for a decoder


@dataclass(frozen=True)
class Cleaned:
    """A picture as it is kept: sRGB, upright, without metadata; a JPEG, or a PNG where its alpha is kept."""

    path: Path
    sha256: str
    width: int
    height: int


def intake(source: Path, folder: Path, *, kept: int = KEPT, alpha: bool = False) -> Cleaned:
    """Cleans the picture in `source` and writes it to `folder` under its own hash.

    Takes JPEG, PNG, WebP and HEIC by their content, whatever they are called; `kept` is the longest side that
    is kept, in pixels; alpha: what is transparent stays so (else it is white). The decoders run in a process of their own, with little memory and time. Raises BadInput with
    one sentence for what cannot be used; nothing is decoded before size and pixels are known.
    """
    size = source.stat().st_size
    if size == 0:
        raise BadInput("The picture is empty; choose another file.", code="image_unreadable")
    if size > MOST_BYTES:
        raise BadInput(
            f"The picture has {size / 1e6:.0f} MB; at most {MOST_BYTES // 1_000_000} MB can be used.",
            code="file_too_large",
        )
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f"{secrets.token_hex(8)}.part"
    try:
        answer = _in_a_process(source, draft, kept, alpha)
        data = draft.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        path = folder / f"{digest}{'.png' if data[:4] == PNG else '.jpg'}"
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    return Cleaned(path, digest, answer["width"], answer["height"])


def _in_a_process(source: Path, target: Path, kept: int, alpha: bool) -> dict[str, int]:
    """clean() where it can do no harm. Raises BadInput."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))

    done = subprocess.run(
        [
            *(sys.executable, "-m", "rendering.pictures", str(source), str(target), str(kept)),
            *(["alpha"] if alpha else []),
        ],
        cwd=Path(__file__).resolve().parents[1],
        env={"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        preexec_fn=limit,
    )
    try:
        answer = json.loads(done.stdout)
    except ValueError:  # it was ended by its limits, or a decoder crashed
        raise BadInput(
            "The picture could not be opened; save it as a JPEG of at most 4,000 pixels and choose it again.",
            code="image_unreadable",
        ) from None
    if "sentence" in answer:
        raise BadInput(answer["sentence"], code=answer["code"])
    if "error" in answer:
        raise OSError(answer["error"], os.strerror(answer["error"]))
    return answer


def cut(source: Path, box: tuple[int, int, int, int], folder: Path) -> Path:
    """The rectangle (left, top, width, height, in pixels) of a picture that intake has kept, as a PNG in `folder`."""
    left, top, width, height = box
    target = folder / f"{secrets.token_hex(8)}.png"
    with Image.open(source) as picture:
        picture.crop((left, top, left + width, top + height)).save(target, compress_level=1)
    return target


def main(source: Path, target: Path, kept: int, alpha: bool) -> None:
    """What the process does: the picture to `target`, its size or the sentence to standard output."""
    try:
        data, (width, height) = clean(source, kept, alpha)
        with target.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        answer: dict[str, object] = {"width": width, "height": height}
    except BadInput as bad:
        answer = {"sentence": bad.sentence, "code": bad.code}
    except OSError as error:  # the disk is full, say
        answer = {"error": error.errno}
    print(json.dumps(answer))


def clean(source: Path, kept: int = KEPT, alpha: bool = False) -> tuple[bytes, tuple[int, int]]:
    """(JPEG, (width, height)) of the picture: upright, sRGB, opaque, its long side at most `kept`; with `alpha` a PNG
    where parts are transparent. Raises BadInput."""
    from pi_heif import register_heif_opener

    register_heif_opener()
    unreadable = BadInput(
        "The picture is damaged or not a picture; use a whole JPEG, PNG, WebP or HEIC file.",
        code="image_unreadable",
    )
    with warnings.catch_warnings():
        # Sizes are checked below, before anything is decoded; the rest are remarks on metadata.
        warnings.simplefilter("ignore")
        try:
            with Image.open(source, formats=FORMATS) as picture:
                _check(picture, SMALLEST_CUTOUT if alpha else SHORTEST)
                picture.draft("RGB", (kept, kept))
                return _upright(picture, kept, alpha)
        except BadInput:
            raise
        except UnidentifiedImageError:
            raise BadInput(
                "This file is not a JPEG, PNG, WebP or HEIC picture; choose one of these.",
                code="image_unreadable",
            ) from None
        except Image.DecompressionBombError:
            raise BadInput(
                "The picture has too many pixels; make it smaller and choose it again.",
                code="image_too_large",
            ) from None
        except MemoryError:
            raise
        except Exception:  # the decoders raise many kinds: SyntaxError, struct.error, OSError, …
            raise unreadable from None


def _check(picture: Image.Image, shortest: int = SHORTEST) -> None:
    width, height = picture.size
    if max(width, height) > LONGEST or width * height > MOST_PIXELS:
        raise BadInput(
            f"The picture has {width:,} x {height:,} pixels; at most {MOST_PIXELS // 1_000_000} million "
            f"and {LONGEST:,} a side can be used. Make it smaller and choose it again.",
            code="image_too_large",
        )
    if min(width, height) < shortest:
        raise BadInput(
            f"The picture has only {width} x {height} pixels; each side needs {shortest} or more.",
            code="image_too_small",
        )
    # A camera's JPEG or HEIC may hold its preview as a second picture: of these the first counts.
    if picture.format in ("PNG", "WEBP") and getattr(picture, "n_frames", 1) > 1:
        raise BadInput("The picture moves; choose one that stands still.", code="image_unreadable")
    if picture.mode not in COLOURS:
        raise BadInput(
            "The picture's colours cannot be read; save it as RGB and choose it again.",
            code="image_unreadable",
        )


def _upright(picture: Image.Image, kept: int, alpha: bool) -> tuple[bytes, tuple[int, int]]:
    picture.load()
    profile = picture.info.get("icc_profile")
    image: Image.Image = ImageOps.exif_transpose(picture)
    image.thumbnail((kept, kept), Image.Resampling.LANCZOS)
    if profile and image.mode in ("RGB", "CMYK", "L"):
        # A broken profile: the numbers are taken as they are.
        with suppress(ImageCms.PyCMSError, OSError, ValueError, TypeError):
            image = ImageCms.profileToProfile(  # type: ignore[assignment]
                image,
                ImageCms.ImageCmsProfile(BytesIO(profile)),
                ImageCms.createProfile("sRGB"),
                outputMode="RGB",
            )
    if image.mode.startswith("I;16"):
        image = image.point(lambda value: value / 256).convert("L")
    if "transparency" in image.info or image.mode in ("RGBA", "LA", "PA"):
        image = image.convert("RGBA")
        if alpha and image.getchannel("A").getextrema() != (255, 255):
            out = BytesIO()
            image.save(out, "PNG", compress_level=6)
            return out.getvalue(), image.size
        ground = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(ground, image)
    image = image.convert("RGB")
    out = BytesIO()
    image.save(out, "JPEG", quality=92, subsampling=0)
    return out.getvalue(), image.size


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4:] == ["alpha"])
