"""The voices that can be chosen, the engines that speak them, and why others are not offered."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from rendering import voices
from rendering.voices.contract import TITLES
from studio.providers import absent

A_MINUTE = 900  # characters spoken in a minute, about


class Command(BaseCommand):
    help = "Lists the voices and their engines."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="A list of objects on stdout.")

    def handle(self, *args: Any, **options: Any) -> None:
        precision, seconds = voices.runtime()
        found = [
            {
                "slug": voice.slug,
                "name": voice.name,
                "language": voice.language,
                "engine": voice.engine,
                "runtime": precision if voice.engine == "kokoro" else None,
                "processor_seconds": seconds if voice.engine == "kokoro" else None,
                "licence": voice.licence,
                "dollars_per_1000_characters": voice.dollars,
                "description": voice.description,
            }
            for voice in voices.REGISTRY.values()
        ]
        if options["json"]:
            self.stdout.write(json.dumps(found, ensure_ascii=False))
            return
        wide = {name: max(len(str(row[name])) for row in found) + 2 for name in ("slug", "name")}
        for row in found:
            known_as = f"{row['slug']:<{wide['slug']}}{row['name']:<{wide['name']}}"
            self.stdout.write(f"{known_as}{row['language']:<7}{row['description']}")
        self.stdout.write("")
        for name, engine in voices.ENGINES.items():
            if engine.clones:
                state = voices.not_cloning() or f"{engine.title} speaks in recorded voices."
                self.stdout.write(f"{state} {engine.licence}.")
                continue
            rates = [v.dollars for v in voices.REGISTRY.values() if v.engine == name]
            cost = max(rates, default=0.0) * A_MINUTE / 1000
            price = f"about {cost:.2f} dollars a minute of speech" if cost else "no cost"
            self.stdout.write(f"{engine.title}: {len(rates)} voices, {price}; {engine.licence}.")
        self.stdout.write(_spoken_by(precision, seconds))
        for sentence in absent().values():
            self.stdout.write(sentence)


def _spoken_by(precision: str, seconds: dict[str, float]) -> str:
    """Kokoro is spoken by OpenVINO in bf16: 0.31 s of processor time for a second of sound (…)."""
    others = ", ".join(
        f"{TITLES[name]}: {cost:.2f}" for name, cost in seconds.items() if name != precision
    )
    cost = f": {seconds[precision]:.2f} s of processor time for a second of sound" if others else ""
    return f"Kokoro is spoken by {TITLES[precision]}{cost}{f' ({others})' if others else ''}."
