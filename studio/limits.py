"""What may come in, in one place: a row for every way in, with its bounds, its cost at most, and what its sender reads."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver, resolve
from django.urls.exceptions import Resolver404

from rendering import clips, pictures
from rendering.voices import recording

FORM = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
"""Bytes of a form without files."""
JSON = 1_000_000
"""Bytes of a body of the API."""
AROUND = 1_000_000
"""Bytes of what stands around a file in its form."""
CAMERA = 25_000_000
"""Bytes of the pictures of a camera, all together."""

LONGEST_QUERY = 8_000
"""Characters of an address after its question mark."""
MOST_WORDS, LONGEST_SEARCH = 10, 100
"""Words and characters of a search of projects."""

PICTURE = pictures.MOST_BYTES + AROUND
RECORDING = recording.MOST_BYTES + AROUND
ASSET = max(clips.MOST_BYTES.values()) + AROUND


@dataclass(frozen=True)
class Way:
    """A way in. routes: names of addresses, those of the API with api-1: before. bytes: of a whole request."""

    name: str
    routes: tuple[str, ...]
    bytes: int


WAYS = (
    Way("A picture, video or music for scenes", ("asset_create", "api-1:asset_create"), ASSET),
    Way("A photo for an avatar", ("avatar_create", "api-1:avatar_create"), PICTURE),
    Way("Pictures of the camera", ("avatar_unlock",), CAMERA),
    Way("A recording of a voice", ("voice_create",), RECORDING),
    Way(
        "A body of the API",
        (
            *("api-1:render_create", "api-1:caption_update", "api-1:caption_split"),
            *("api-1:caption_join", "api-1:render_cancel"),
        ),
        JSON,
    ),
)


def addresses() -> Iterator[tuple[str, str]]:
    """(name, pattern) of every address of the site and the API."""

    def walk(resolver: URLResolver, before: str, space: str) -> Iterator[tuple[str, str]]:
        for part in resolver.url_patterns:
            route = before + str(part.pattern)
            if isinstance(part, URLPattern):
                yield space + (part.name or ""), route
            else:
                yield from walk(part, route, f"{space}{part.namespace}:" if part.namespace else "")

    return walk(get_resolver(), "", "")


@functools.cache
def _most() -> dict[str, int]:
    """Pattern of an address -> bytes. One address may have several names: of the API one for each method."""
    by_name = {name: way.bytes for way in WAYS for name in way.routes}
    found: dict[str, int] = {}
    for name, route in addresses():
        if name in by_name:
            found[route] = max(found.get(route, 0), by_name[name])
    return found


def bytes_of(path: str) -> int:
    """How many bytes a request to this path may have, all together."""
    try:
        return _most().get(resolve(path).route, FORM)
    except Resolver404:
        return FORM
