"""The weights that engines need: which files, under whose terms, and whether they are on this machine.

Nothing is fetched automatically. An operator fetches (`manage.py models fetch`) and accepts the terms (`manage.py
models accept`); `need` says in one sentence what is missing, before an engine starts. Weights lie in a folder per
engine, with fetched.json (hash, size and origin of each file when it was fetched) and accepted.json (who accepted which
terms, and when).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from rendering.weights.registry import REGISTRY, File, Weights
from rendering.words import gettext

__all__ = [
    "REGISTRY",
    "File",
    "NotReady",
    "State",
    "Weights",
    "accept",
    "folder_of",
    "get",
    "need",
    "revision",
    "sha256_of",
    "state",
    "verify",
    "whole",
]

FETCHED, ACCEPTED = "fetched.json", "accepted.json"


class NotReady(Exception):
    """The operator can mend it: weights are absent, damaged or not accepted. One sentence that says what to do."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class State:
    """Which of an engine's weights are on this machine."""

    weights: Weights
    missing: tuple[File, ...]
    accepted: bool

    @property
    def ready(self) -> bool:
        return self.accepted and not self.missing

    @property
    def sentence(self) -> str:
        """The state in one sentence."""
        weights, count = self.weights, len(self.weights.files)
        if self.missing:
            some = "no weights" if len(self.missing) == count else "not all of its weights"
            return (
                f"{weights.title} has {some} here ({len(self.missing)} of {count} files are missing); "
                f"run `manage.py models fetch {weights.engine}`."
            )
        if not self.accepted:
            return (
                f"The terms of {weights.title} ({weights.licence}) are not accepted; "
                f"read {weights.terms} and run `manage.py models accept {weights.engine}`."
            )
        return f"{weights.title} is ready."


def get(engine: str) -> Weights:
    """What the engine needs. Raises NotReady for an engine that has no weights."""
    if engine not in REGISTRY:
        known = ", ".join(sorted(REGISTRY))
        raise NotReady(
            gettext("There are no weights for {engine!r}; name one of {known}.").format(
                engine=engine[:40], known=known
            )
        )
    return REGISTRY[engine]


def folder_of(engine: str, folder: Path) -> Path:
    """The engine's own folder in the folder of all weights."""
    return folder / get(engine).engine


def state(engine: str, folder: Path) -> State:
    """Looks at names and sizes only; `verify` reads the files."""
    weights = get(engine)
    home = folder_of(engine, folder)
    missing = tuple(file for file in weights.files if not whole(home, file))
    return State(weights, missing, _accepted(weights, home))


def need(engine: str, folder: Path) -> Path:
    """The folder with the engine's files, complete and accepted. Raises NotReady; call it before a render begins."""
    found = state(engine, folder)
    if not found.ready:
        raise NotReady(found.sentence)
    return folder_of(engine, folder)


def accept(engine: str, folder: Path, *, by: str) -> dict[str, str]:
    """Records that `by` accepts the engine's terms now. If the terms change, they have to be accepted again."""
    weights = get(engine)
    if not by.strip():
        raise NotReady("Say who accepts the terms: --by NAME.")
    home = folder_of(engine, folder)
    home.mkdir(parents=True, exist_ok=True)
    acceptance = {
        "by": by.strip(),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "licence": weights.licence,
        "terms": weights.terms,
    }
    write_json(home / ACCEPTED, acceptance)
    return acceptance


Verdict = Literal["ok", "unpinned", "unfetched", "missing", "damaged"]


def verify(engine: str, folder: Path) -> Iterator[tuple[File, Verdict]]:
    """Reads every file. `unpinned`: unchanged since it was fetched, but without a published hash to compare it with;
    `unfetched`: put there by other means, and not the wrong file as far as that is known."""
    weights = get(engine)
    home = folder_of(engine, folder)
    seen = recorded(home)
    for file in weights.files:
        path = home / file.path
        if not path.is_file():
            yield file, "missing"
            continue
        wanted = file.sha256 or seen.get(file.path, {}).get("sha256")
        if wanted is not None and sha256_of(path) != wanted:
            yield file, "damaged"
        elif file.path not in seen:
            yield file, "unfetched"
        else:
            yield file, "ok" if file.sha256 else "unpinned"


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def revision(engine: str, home: Path) -> str:
    """12 hexadecimal digits that identify the engine's files in `home`, as they were when they were fetched. Reads no
    file."""
    seen = recorded(home)
    known = [
        (file.path, file.revision, file.sha256 or seen.get(file.path, {}).get("sha256", ""))
        for file in get(engine).files
    ]
    return hashlib.sha256(json.dumps(known).encode()).hexdigest()[:12]


def recorded(home: Path) -> dict[str, dict[str, Any]]:
    """path -> {"sha256", "bytes", "from", "stated"} of what was fetched into the engine's folder. stated: whether the server
    named the hash, too."""
    return _read_json(home / FETCHED)


def record(
    home: Path, file: File, *, sha256: str, size: int, origin: str, stated: bool = False
) -> None:
    seen = recorded(home)
    seen[file.path] = {"sha256": sha256, "bytes": size, "from": origin, "stated": stated}
    write_json(home / FETCHED, seen)


def whole(home: Path, file: File) -> bool:
    """Whether the file exists, was fetched whole, and still has its size."""
    path, seen = home / file.path, recorded(home)
    return (
        file.path in seen
        and path.is_file()
        and path.stat().st_size == (file.bytes or seen[file.path]["bytes"])
    )


def _accepted(weights: Weights, home: Path) -> bool:
    accepted = _read_json(home / ACCEPTED)
    return (accepted.get("licence"), accepted.get("terms")) == (weights.licence, weights.terms)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write_json(path: Path, content: dict[str, Any]) -> None:
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    draft.replace(path)
