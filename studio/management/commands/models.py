"""The weights of engines: list, fetch, verify, accept."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from rendering import weights
from rendering.weights import NotReady

COMMERCIAL = {"yes": "paid use: yes", "no": "paid use: NO", "unclear": "paid use: UNCLEAR"}


class Command(BaseCommand):
    help = "The weights that engines need: list, fetch, verify, accept."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        shown = verbs.add_parser(
            "list", help="What each engine needs, its licence, and what is here."
        )
        shown.add_argument("--json", action="store_true", help="A list of objects on stdout.")
        brought = verbs.add_parser(
            "fetch", help="Fetches what is missing; resumes where it stopped."
        )
        brought.add_argument("engine")
        brought.add_argument(
            "--from",
            dest="source",
            default=settings.MODELS_SOURCE,
            help="The hub (as set), s3://bucket/prefix, https://mirror/…, or a folder.",
        )
        read = verbs.add_parser("verify", help="Reads the files and compares their hashes.")
        read.add_argument("engine")
        agreed = verbs.add_parser("accept", help="Accepts the licence of an engine's weights.")
        agreed.add_argument("engine")
        agreed.add_argument("--by", required=True, help="Who accepts it: a name, for the record.")

    def handle(self, *args: Any, **options: Any) -> None:
        verb = getattr(self, options["verb"])
        try:
            verb(**{k: v for k, v in options.items() if k in {"engine", "source", "by", "json"}})
        except NotReady as problem:
            self.stderr.write(problem.sentence)
            raise SystemExit(1) from None

    def list(self, *, json: bool) -> None:
        states = [weights.state(engine, settings.MODELS_DIR) for engine in weights.REGISTRY]
        if json:
            self.stdout.write(_plain(states))
            return
        for state in states:
            needed = state.weights
            here = len(needed.files) - len(state.missing)
            self.stdout.write(
                f"{needed.engine:<16}{needed.title}\n"
                f"  {here} of {len(needed.files)} files here, {_size(needed)}, "
                f"{'terms accepted' if state.accepted else 'terms not accepted'}, {COMMERCIAL[needed.commercial]}\n"
                f"  {needed.licence}\n  {needed.terms}"
            )
            if needed.note:
                self.stdout.write(f"  {needed.note}")
            seen = weights.recorded(weights.folder_of(needed.engine, settings.MODELS_DIR))
            for file in needed.files:
                size = file.bytes or seen.get(file.path, {}).get("bytes")
                self.stdout.write(
                    f"    {'missing' if file in state.missing else 'here':<9}"
                    f"{_bytes(size) if size else _about(file):<16}{file.path}{_hash(file, seen)}"
                )

    def fetch(self, *, engine: str, source: str) -> None:
        # Loaded only here: the other verbs do not use the network.
        from rendering.weights import fetching

        came = fetching.fetch(
            engine,
            settings.MODELS_DIR,
            source=source,
            bucket=fetching.Bucket(**settings.MODELS_BUCKET),
            report=self._progress,
        )
        for file in came:
            self.stdout.write(f"{file.path}: {_compared(engine, file)}")
        self.stdout.write(weights.state(engine, settings.MODELS_DIR).sentence)

    def verify(self, *, engine: str) -> None:
        verdicts = list(weights.verify(engine, settings.MODELS_DIR))
        for file, verdict in verdicts:
            self.stdout.write(f"{verdict:<10}{file.path}")
        wrong = [file.path for file, verdict in verdicts if verdict == "damaged"]
        again = f"run `manage.py models fetch {engine}`"
        if wrong:
            one = len(wrong) == 1
            raise NotReady(
                f"{', '.join(wrong)} {'is' if one else 'are'} damaged; delete {'it' if one else 'them'}, then {again}."
            )
        if any(verdict == "missing" for _, verdict in verdicts):
            raise NotReady(weights.state(engine, settings.MODELS_DIR).sentence)
        if any(verdict == "unfetched" for _, verdict in verdicts):
            raise NotReady(
                "Some files were put there by other means, so they do not count yet; to take them over, "
                f"run `manage.py models fetch {engine} --from {settings.MODELS_DIR}`."
            )

    def accept(self, *, engine: str, by: str) -> None:
        record = weights.accept(engine, settings.MODELS_DIR, by=by)
        self.stdout.write(f"Accepted by {record['by']} at {record['at']}: {record['licence']}")
        self.stdout.write(weights.state(engine, settings.MODELS_DIR).sentence)

    def _progress(self, file: weights.File, here: int, whole: int | None) -> None:
        if sys.stderr.isatty():
            share = f"{100 * here / whole:3.0f} %" if whole else f"{here >> 20} MiB"
            sys.stderr.write(f"\r{file.path} {share}\x1b[K" + ("\n" if here == whole else ""))


def _compared(engine: str, file: weights.File) -> str:
    """With what the hash of a fetched file was compared."""
    if file.sha256:
        return "as published"
    seen = weights.recorded(weights.folder_of(engine, settings.MODELS_DIR))
    if seen[file.path]["stated"]:
        return "as its server states; the hash is written down"
    return "not compared, because no hash is known; the hash is written down"


def _hash(file: weights.File, seen: dict[str, dict[str, Any]]) -> str:
    if file.sha256:
        return f" (sha256 {file.sha256[:12]}…)"
    if file.path in seen:
        return f" (no hash is published; written down: sha256 {seen[file.path]['sha256'][:12]}…)"
    return " (no hash is published; it is written down when it is fetched)"


def _bytes(size: int) -> str:
    for unit, name in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if size >= unit:
            return f"{size / unit:.2f} {name}"
    return f"{size} bytes"


def _about(file: weights.File) -> str:
    return f"about {_bytes(file.about)}" if file.about else "size unknown"


def _size(needed: weights.Weights) -> str:
    known = _bytes(needed.bytes)
    if all(file.bytes for file in needed.files):
        return known
    unknown = sum(not (file.bytes or file.about) for file in needed.files)
    more = f" and {unknown} file{'s' if unknown > 1 else ''} of unknown size" if unknown else ""
    return f"about {known}{more}"


def _plain(states: list[weights.State]) -> str:
    return json.dumps(
        [
            {
                "engine": state.weights.engine,
                "title": state.weights.title,
                "licence": state.weights.licence,
                "terms": state.weights.terms,
                "commercial": state.weights.commercial,
                "note": state.weights.note,
                "bytes": state.weights.bytes,
                "accepted": state.accepted,
                "ready": state.ready,
                "folder": str(Path(settings.MODELS_DIR) / state.weights.engine),
                "files": [
                    {
                        "path": file.path,
                        "bytes": file.bytes,
                        "about": file.about,
                        "sha256": file.sha256,
                        "revision": file.revision,
                        "here": file not in state.missing,
                    }
                    for file in state.weights.files
                ],
            }
            for state in states
        ],
        ensure_ascii=False,
    )
