"""Decodes a WebP picture with the libwebp that Pillow brings, into memory that is allocated once.

Pillow itself opens every WebP as an animation, which holds two whole pictures beside the one that it returns: 600 MB
for 50 million pixels.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Iterator

from PIL import Image, _webp  # type: ignore[attr-defined]

MOVES, EXIF, PROFILE = b"ANIM", b"EXIF", b"ICCP"


class Damaged(Exception):
    """The data hold no whole picture."""


class Header:
    """What is known before anything is decoded."""

    def __init__(self, data: bytes) -> None:
        self._library = ctypes.CDLL(_webp.__file__)  # also finds the libraries that it is linked to
        self._data = data
        width, height = ctypes.c_int(), ctypes.c_int()
        found = self._library.WebPGetInfo(
            data, ctypes.c_size_t(len(data)), ctypes.byref(width), ctypes.byref(height)
        )
        if not found:
            raise Damaged
        self.size = width.value, height.value
        self.chunks = dict(_chunks(data))

    @property
    def moves(self) -> bool:
        return MOVES in self.chunks

    def picture(self) -> Image.Image:
        width, height = self.size
        pixels = bytearray(4 * width * height)
        decode = self._library.WebPDecodeRGBAInto
        decode.restype = ctypes.c_void_p
        into = (ctypes.c_uint8 * len(pixels)).from_buffer(pixels)
        size = ctypes.c_size_t
        data = self._data
        if not decode(data, size(len(data)), into, size(len(pixels)), ctypes.c_int(4 * width)):
            raise Damaged
        picture = Image.frombuffer("RGBA", self.size, pixels, "raw", "RGBA", 0, 1)
        for name, kind in (("exif", EXIF), ("icc_profile", PROFILE)):
            if kind in self.chunks:
                picture.info[name] = self.chunks[kind]
        return picture


def is_webp(start: bytes) -> bool:
    return start[:4] == b"RIFF" and start[8:12] == b"WEBP"


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The small chunks, which describe the picture."""
    at = 12
    while at + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, at)
        if kind in (MOVES, EXIF, PROFILE):
            yield kind, data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2
