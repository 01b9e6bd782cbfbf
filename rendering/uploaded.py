"""Uploaded files: which of them a line shows, and how they get onto this machine."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterable
from pathlib import Path

from rendering import sums
from rendering.store import Store
from rendering.values import BadInput, Bumper, LineSpec, Music


def bring(parts: Iterable[LineSpec | Music | Bumper | None], store: Store) -> None:
    """Makes sure that the uploaded files that these need are whole on this machine; copies those that another machine
    put into a shared store. Raises BadInput for one that is damaged or gone everywhere."""
    wanted: dict[Path, str] = {}
    for part in parts:
        if isinstance(part, Music):
            wanted[part.path] = part.sha256
        elif isinstance(part, Bumper):
            wanted[part.path] = part.sha256
            if part.sound:
                wanted[part.sound] = part.sound_sha256
        elif part is not None:
            for one in (part.background, part.logo, *part.overlays):
                for name in ("picture", "video"):
                    if path := getattr(one, name, None):
                        wanted[path] = one.sha256  # type: ignore[union-attr]
    for path, sha256 in wanted.items():
        fetch(path, sha256, store)
        if not sums.is_whole(path, sha256):
            raise BadInput(
                "A picture, video or piece of music that is shown or heard here is damaged on our disk. Upload the file again "
                "(it takes its old place) and render once more.",
                code="file_damaged",
            )


def fetch(path: Path, sha256: str, store: Store) -> None:
    """Copies the uploaded file to `path`, if a shared store has it and this machine does not have it whole."""
    if not store.shared or sums.is_whole(path, sha256):
        return
    found = store.find(sha256, path.suffix)
    if found is None:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{secrets.token_hex(8)}{path.suffix}")
    try:
        shutil.copyfile(found, draft)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def seen_in(spec: LineSpec) -> dict[str, tuple[str, str]]:
    """The uploaded files that are seen in the line: sha256 -> (title, kind)."""
    found: dict[str, tuple[str, str]] = {}
    if spec.background.sha256:
        kind = "picture" if spec.background.video is None else "video"
        found[spec.background.sha256] = ("Background", kind)
    if spec.logo is not None:
        found[spec.logo.sha256] = ("Logo", "picture")
    for overlay in spec.overlays:
        if overlay.sha256:
            found[overlay.sha256] = ("Overlay", "picture")
    return found
