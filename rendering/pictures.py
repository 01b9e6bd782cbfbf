"""Uploaded pictures: encoded anew without anything hidden in them, by a process that has little memory and time."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import secrets
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rendering import memory
from rendering.decoding import Box
from rendering.values import BadInput
from rendering.words import gettext

MOST_BYTES = 20_000_000
LONG_SIDE = 3840  # pixels; a longer one is scaled down to this
PNG = b"\x89PNG"
MEMORY, SECONDS = 500_000_000, 5  # bytes of address space and processor time of a decoder
LIMITS = {resource.RLIMIT_AS: MEMORY, resource.RLIMIT_CPU: SECONDS, resource.RLIMIT_CORE: 0}
AT_ONCE, PATIENCE = 2, 20  # decoders of this process; seconds that a picture waits for one of them

_decoders = threading.BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True)
class Cleaned:
    """A picture as it is stored: sRGB, upright, without metadata; a JPEG, or a PNG with alpha."""

    path: Path
    sha256: str
    width: int
    height: int


def intake(
    source: Path,
    folder: Path,
    *,
    kept: int = LONG_SIDE,
    alpha: bool = False,
    box: Box | None = None,
    look: Path | None = None,
) -> Cleaned:
    """Cleans the picture in `source` and writes it to `folder` under its own hash.

    Accepts JPEG, PNG, WebP and HEIC by their content, whatever they are called. kept: pixels of the long side, to which
    a longer one is scaled down. alpha: transparency stays (else it becomes white). box: only this part, of a picture
    that is stored already (left, top, width, height). look: path of a small copy, to be screened. Nothing is decoded
    before size and pixels are known. Raises BadInput, with one sentence, for a picture that cannot be used.
    """
    size = source.stat().st_size
    if size == 0:
        raise BadInput(
            gettext("The picture is empty; choose another file."), code="image_unreadable"
        )
    if size > MOST_BYTES and box is None:
        raise BadInput(
            gettext(
                "The picture has {size} MB; at most {most} MB can be used. Choose a smaller file."
            ).format(size=f"{size / 1e6:.0f}", most=MOST_BYTES // 1_000_000),
            code="file_too_large",
        )
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f"{secrets.token_hex(8)}.part"
    arguments = [str(source), str(draft), str(kept)]
    arguments += ["--alpha"] if alpha else []
    arguments += ["--box", *map(str, box)] if box else []
    arguments += ["--look", str(look)] if look else []
    try:
        with _a_decoder():
            answer = _in_a_process(arguments)
        data = draft.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        path = folder / f"{digest}{'.png' if data[:4] == PNG else '.jpg'}"
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    return Cleaned(path, digest, answer["width"], answer["height"])


@contextmanager
def _a_decoder() -> Iterator[None]:
    """Waits for one of the decoders. Raises BadInput if all of them stay busy."""
    if not _decoders.acquire(timeout=PATIENCE):
        raise BadInput(
            "Many pictures are being opened at this moment; send it again in half a minute.",
            code="rate_limited",
            retry_after=30,
        )
    try:
        yield
    finally:
        _decoders.release()


def _in_a_process(arguments: list[str]) -> dict[str, int]:
    """Runs decoding.main() where it can do no harm. Raises BadInput."""

    process = subprocess.Popen(
        [sys.executable, "-m", "rendering.decoding", *arguments],
        cwd=Path(__file__).resolve().parents[1],
        # One arena: address space that threads reserve without using it would count.
        env={"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8", "MALLOC_ARENA_MAX": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    memory.bound(process.pid, LIMITS)
    try:
        answer = json.loads(process.communicate()[0])
    except ValueError:  # it was ended by its limits, or a decoder crashed
        raise BadInput(
            "The picture takes too much memory or time to open; save it as a JPEG of at most 4,000 pixels a side "
            "and choose it again.",
            code="image_too_large",
        ) from None
    if "sentence" in answer:
        raise BadInput(answer["sentence"], code=answer["code"])
    if "error" in answer:
        raise OSError(answer["error"], os.strerror(answer["error"]))
    return answer
