"""Screening: harmful lines are caught, ordinary lines pass, and masks do not help."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.rules import RULES, TITLES
from moderation.screen import screen

HERE = Path(__file__).parent / "corpus"


def rows(name):
    return [json.loads(line) for line in (HERE / f"{name}.jsonl").read_text().splitlines()]


CAUGHT = rows("caught")
PASSED = rows("passed")


def test_every_policy_has_a_title_that_people_can_read():
    assert {rule.policy for rule in RULES} == set(TITLES)


def test_ordinary_lines_are_never_blocked_and_rarely_reviewed():
    stopped = [(r["text"], screen(r["text"])) for r in PASSED]
    blocked = [text for text, v in stopped if v.verdict == "block"]
    reviewed = [text for text, v in stopped if v.verdict == "review"]
    print(f"{len(stopped)} ordinary lines: {len(blocked)} blocked, {len(reviewed)} reviewed")
    assert blocked == []
    assert len(reviewed) <= 0.03 * len(stopped), reviewed


@pytest.mark.parametrize("policy", sorted({row["policy"] for row in CAUGHT}))
def test_at_most_15_percent_of_the_harmful_lines_of_a_policy_pass(policy):
    mine = [row["text"] for row in CAUGHT if row["policy"] == policy]
    missed = [text for text in mine if screen(text).verdict == "allow"]
    print(f"{policy}: {len(mine) - len(missed)} of {len(mine)} caught")
    assert len(missed) <= 0.15 * len(mine), missed


MASKS = {
    "bold": lambda text: " ".join(f"**{word[:2]}**{word[2:]}" for word in text.split()),
    "tags": lambda text: " ".join(
        f"<emphasis>{word[:2]}</emphasis>{word[2:]}" for word in text.split()
    ),
    "zero width": lambda text: "\u200b".join(text),
    "cyrillic": lambda text: text.translate(str.maketrans("aeopcxyi", "аеорсхуі")),
    "wide": lambda text: text.translate({n: n + 0xFEE0 for n in range(0x61, 0x7B)}),
    "capitals": str.upper,
    "accents": lambda text: text.replace("e", "é").replace("a", "ä"),
}


@pytest.mark.parametrize("mask", MASKS)
def test_a_mask_lets_at_most_a_tenth_of_blocked_lines_pass(mask):
    plain = [row["text"] for row in CAUGHT if screen(row["text"]).verdict == "block"]
    through = [text for text in plain if screen(MASKS[mask](text)).verdict == "allow"]
    assert len(through) <= 0.1 * len(plain), through[:5]


def test_digits_for_letters_and_spaced_letters_are_blocked():
    for text in ("I w1ll k1ll y0u", "k i l l yourself", "s.e.n.d me your p@ssw0rd now"):
        assert screen(text).verdict == "block", text


def test_a_verdict_names_the_words_and_the_rule():
    verdict = screen("Good morning. I will kill you tomorrow. Goodbye.")
    assert (verdict.verdict, verdict.policy) == ("block", "threat")
    start, end, words = verdict.spans[0]
    assert (
        words == "Good morning. I will kill you tomorrow. Goodbye."[start:end] == "I will kill you"
    )
    assert verdict.title == TITLES["threat"]


@given(st.text(max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_text_gets_a_verdict_with_spans_inside_it(text):
    verdict = screen(text)
    assert verdict == screen(text)
    for start, end, words in verdict.spans:
        assert text[start:end] == words != ""


def test_the_command_answers_line_by_line():
    lines = ['{"text": "Hello there."}', "{broken", '{"text": 5}', '{"text": "I will kill you."}']
    done = subprocess.run(
        [sys.executable, "manage.py", "screen"],
        cwd=django_settings.BASE_DIR,
        input="\n".join(lines),
        capture_output=True,
        text=True,
        check=False,
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [a.get("verdict", "error") for a in answers] == ["allow", "error", "error", "block"]
    assert set(answers[0]) == {"verdict", "policy", "spans", "version"}
    assert answers[3]["spans"] == [{"start": 0, "end": 15, "text": "I will kill you"}]
    assert done.returncode == 2
