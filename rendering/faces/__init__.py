"""The faces that ship, and what an engine needs of one: a neutral picture with alpha, and where its parts are.

A pack is a folder in rendering/assets/avatars: plate.png (RGBA, straight alpha, mouth closed, eyes open), blink.png and
half.png (the eyes shut and half shut) and upper.png (the upper teeth) at the positions that avatar.json names,
landmarks.json (478 points of the MediaPipe face mesh, in pixels of the plate), poster.webp and avatar.json. A person's
own pack is made by photo.py and stored as one file under the hash of its content; that hash is its slug here.

A pack may also take the person apart, so that the head moves over a body that stands still. Both pictures have the same
position in avatar.json ("body" and "head"), outside which nothing of the head is seen:
body.png (RGBA): the person without head and hair, a stump of neck in the collar. It replaces the plate, in all four
channels, as what lies behind the head.
head.png (8-bit grey): how much of each pixel belongs to head, hair and neck: at most the plate's alpha, running out to
0 from the jaw to the collar. The plate's colour with this as alpha is the layer that moves.

ground.jpg, in the pack of a photo that keeps its own background, is that background, continued behind the person.

"hem" in avatar.json is the row of the plate down to which clothes and sleeves are whole; nothing below it is shown.

"extent" is how much of the person a photo shows (values.Extent); packs made of geometry are whole in every frame. "reach" is
how far the head of a photo may turn, in degrees (turns.py). "white" is
the RGB of what is white in the photo's light, for what is drawn in the mouth.

sample.mp4 (build/sample.py), if present, is the person saying a sentence, framed like poster.webp.

Looks of one person are packs of their own: "of" names the pack of the first look (by itself, for that one), "look" what
sets this one apart. "place" is the order in which they are shown: the first look of each person before other looks,
with people who differ side by side.
"""

from __future__ import annotations

import difflib
import functools
import hashlib
import io
import json
import math
import re
import secrets
import shutil
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rendering import sums
from rendering.store import Store
from rendering.values import BadInput, Extent

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
    of: str = ""  # slug of the same person's first look
    look: str = ""  # what sets this look apart: "Navy blazer"
    place: int = 0  # among those that ship

    @property
    def sample(self) -> Path | None:
        """A film of the person saying a sentence, framed like the poster."""
        path = self.folder / "sample.mp4"
        return path if path.is_file() else None


def looks(avatar: Avatar) -> tuple[Avatar, ...]:
    """All stock avatars of the same person, the first look first."""
    return tuple(
        sorted(
            (other for other in stock() if other.of == avatar.of),
            key=lambda other: (other.slug != other.of, other.slug),
        )
    )


@functools.cache
def stock() -> tuple[Avatar, ...]:
    """All stock avatars, in the order in which they are shown."""
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
                of=plain["of"],
                look=plain["look"],
                place=plain["place"],
            )
        )
    return tuple(sorted(found, key=lambda avatar: avatar.place))


PARTS = (
    *("plate.png", "half.png", "blink.png", "upper.png", "landmarks.json", "avatar.json"),
    "poster.webp",
)
"""Files of a pack."""
GROUND = "ground.jpg"
"""One more of a photo that keeps its own background: that, without the person."""
LARGEST = 80_000_000  # bytes of one of them

OWN = re.compile(r"[0-9a-f]{64}")


def get(slug: str, store: Store | None = None) -> Avatar:
    """The avatar of that slug, or a person's own avatar of that key, which has a folder only if `store` is given.

    Raises BadInput for an unknown slug, with near matches, and for an own avatar that was deleted or is damaged.
    """
    if OWN.fullmatch(slug):
        return Avatar(
            slug=slug,
            name="A person's own photo",
            description="",
            tags=(),
            voice="",
            licence="",
            source="",
            sha256=slug,
            folder=_unpacked(slug, store) if store else Path(),
        )
    known = {avatar.slug: avatar for avatar in stock()}
    if slug in known:
        return known[slug]
    near = difflib.get_close_matches(slug.lower(), known, n=2, cutoff=0.5) or list(known)[:3]
    raise BadInput(
        f"There is no avatar called {slug[:40]!r}; try {' or '.join(near)}.", code="avatar_unknown"
    )


def anchor(avatar: Avatar, face: float) -> tuple[float, float]:
    """The middle of the face, and its top (points 10 and 152), in pixels of the plate scaled to a face of that many pixels."""
    points = json.loads((avatar.folder / "landmarks.json").read_text(encoding="utf-8"))
    (x, y), (x2, y2) = points[10][:2], points[152][:2]
    scale = face / math.hypot(x2 - x, y2 - y)
    return (x + x2) / 2 * scale, y * scale


def extent(avatar: Avatar) -> Extent | None:
    """How much of the person the photo of an own avatar shows; None for the stock ones, whom nothing cuts off in any frame."""
    plain = json.loads((avatar.folder / "avatar.json").read_text(encoding="utf-8"))
    return Extent(**plain["extent"]) if "extent" in plain else None


def reach(avatar: Avatar) -> tuple[float, float] | None:
    """Degrees by which the head of a photo may turn, and tilt (turns.py); None where nobody measured it."""
    plain = json.loads((avatar.folder / "avatar.json").read_text(encoding="utf-8"))
    return tuple(plain["reach"]) if "reach" in plain else None


def write_pack(folder: Path, store: Store) -> str:
    """Puts the pack in `folder` into the store; returns its key. Equal packs have equal keys."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name in (*PARTS, GROUND):
            if name in PARTS or (folder / name).exists():
                archive.writestr(zipfile.ZipInfo(name), (folder / name).read_bytes())
    key = hashlib.sha256(out.getvalue()).hexdigest()
    with store.write(key, ".pack") as path:
        path.write_bytes(out.getvalue())
    return key


def forget(key: str, store: Store) -> None:
    """Deletes an own pack, all that was unpacked of it, and what engines know of the face."""
    store.forget(key)
    shutil.rmtree(_folder(key, store), ignore_errors=True)


def _folder(key: str, store: Store) -> Path:
    return store.folder / "packs" / key


def _unpacked(key: str, store: Store) -> Path:
    home = _folder(key, store)
    if store.shared and not store.still_there(key, ".pack"):
        shutil.rmtree(home, ignore_errors=True)  # deleted on another machine, so here as well
    if home.is_dir():
        grounds = [GROUND] if (home / GROUND).exists() else []
        if all(sums.is_whole(home / name) for name in (*PARTS, *grounds)):
            return home
        shutil.rmtree(home, ignore_errors=True)
    found = store.find(key, ".pack")
    if found is None and store.is_damaged(key, ".pack"):
        raise BadInput(
            "The files of the avatar are damaged on our disk; make it again from its photo.",
            code="file_damaged",
        )
    if found is None:
        raise BadInput(
            "The avatar was deleted; choose another one and render again.", code="avatar_deleted"
        )
    draft = home.with_name(f"{key}.{secrets.token_hex(4)}")
    draft.mkdir(parents=True)
    try:
        with zipfile.ZipFile(found) as archive:
            for name in (*PARTS, *({GROUND} & set(archive.namelist()))):
                if archive.getinfo(name).file_size > LARGEST:
                    raise ValueError(f"{name} of the pack {key} is too large")
                (draft / name).write_bytes(archive.read(name))
                sums.write(draft / name, sums.digest(draft / name))
        with suppress(OSError):  # another line has unpacked it meanwhile
            draft.rename(home)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return home
