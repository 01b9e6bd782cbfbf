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
            unpinned = [file.path for file in needed.files if file.sha256 is None]
            if unpinned:
                self.stdout.write(f"  no published hash is known for {', '.join(unpinned)}")

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
            pinned = "as published" if file.sha256 else "hash written down, none is published"
            self.stdout.write(f"{file.path}: {pinned}")
        self.stdout.write(weights.state(engine, settings.MODELS_DIR).sentence)

    def verify(self, *, engine: str) -> None:
        verdicts = list(weights.verify(engine, settings.MODELS_DIR))
        for file, verdict in verdicts:
            self.stdout.write(f"{verdict:<10}{file.path}")
        if any(verdict in {"missing", "damaged"} for _, verdict in verdicts):
            raise NotReady(
                f"Files are missing or damaged; delete the damaged ones, then run `manage.py models fetch {engine}`."
            )

    def accept(self, *, engine: str, by: str) -> None:
        record = weights.accept(engine, settings.MODELS_DIR, by=by)
        self.stdout.write(f"Accepted by {record['by']} at {record['at']}: {record['licence']}")
        self.stdout.write(weights.state(engine, settings.MODELS_DIR).sentence)

    def _progress(self, file: weights.File, here: int, whole: int | None) -> None:
        if sys.stderr.isatty():
            share = f"{100 * here / whole:3.0f} %" if whole else f"{here >> 20} MiB"
            sys.stderr.write(f"\r{file.path} {share}\x1b[K" + ("\n" if here == whole else ""))


def _size(needed: weights.Weights) -> str:
    unknown = sum(file.bytes is None for file in needed.files)
    known = f"{needed.bytes / 1e9:.2f} GB"
    return f"{known} and {unknown} files of unknown size" if unknown else known


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
