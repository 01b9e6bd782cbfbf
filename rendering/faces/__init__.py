"""The faces that ship, and what an engine needs of one: a neutral picture with alpha, and where its parts are.

A pack is a folder in rendering/assets/avatars: plate.png (RGBA, straight alpha, mouth closed, eyes open),
blink.png and half.png (the eyes shut and half shut) and upper.png (the upper teeth) at the places that avatar.json names, landmarks.json (478 points
of the MediaPipe face mesh, in pixels of the plate), poster.webp and avatar.json.
"""

from __future__ import annotations

import difflib
import functools
import json
from dataclasses import dataclass
from pathlib import Path

from rendering.values import BadInput

PACKS = Path(__file__).resolve().parent.parent / "assets" / "avatars"


@dataclass(frozen=True, slots=True)
class Avatar:
    """A face that can be rendered. `sha256` is that of its plate."""

    slug: str
    name: str
    description: str
    tags: tuple[str, ...]
    voice: str  # slug of the voice it is offered with
    licence: str
    source: str
    sha256: str
    folder: Path


@functools.cache
def stock() -> tuple[Avatar, ...]:
    """All that ship, by slug."""
    found = []
    for path in sorted(PACKS.glob("*/avatar.json")):
        plain = json.loads(path.read_text(encoding="utf-8"))
        found.append(
            Avatar(
                slug=plain["slug"],
                name=plain["name"],
                description=plain["description"],
                tags=tuple(plain["tags"]),
                voice=plain["voice"],
                licence=plain["licence"],
                source=plain["source"],
                sha256=plain["sha256"],
                folder=path.parent,
            )
        )
    return tuple(found)


def get(slug: str) -> Avatar:
    """The avatar of that slug. Raises BadInput, naming near matches."""
    known = {avatar.slug: avatar for avatar in stock()}
    if slug in known:
        return known[slug]
    near = difflib.get_close_matches(slug.lower(), known, n=2, cutoff=0.5) or list(known)[:3]
    raise BadInput(
        f"There is no avatar called {slug[:40]!r}; try {' or '.join(near)}.", code="avatar_unknown"
    )
