"""Screens lines of JSON: {"text": …} in, {verdict, policy, spans, version} out, one for one."""

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand

from moderation.screen import screen


class Command(BaseCommand):
    requires_system_checks = []
    help = 'Reads JSON lines {"text": …} on standard input and prints a verdict for each.'

    def handle(self, *args: Any, **options: Any) -> None:
        failed = False
        for number, raw in enumerate(sys.stdin.buffer, start=1):
            if not raw.strip():
                continue
            answer = self._answer(raw, number)
            failed = failed or "error" in answer
            self.stdout.write(json.dumps(answer, ensure_ascii=True))
            self.stdout.flush()
        if failed:
            sys.exit(2)

    def _answer(self, raw: bytes, number: int) -> dict[str, Any]:
        try:
            row = json.loads(raw)
        except (ValueError, RecursionError):
            return {"error": f"Line {number} is not JSON in UTF-8."}
        if not isinstance(row, dict) or not isinstance(row.get("text"), str):
            return {"error": f'Line {number} needs a field "text" with a string.'}
        verdict = screen(row["text"])
        return {
            "verdict": verdict.verdict,
            "policy": verdict.policy,
            "spans": [
                {"start": start, "end": end, "text": words} for start, end, words in verdict.spans
            ],
            "version": verdict.version,
        }
