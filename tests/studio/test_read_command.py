"""`manage.py read`: what is spoken for each row of a file."""

import io
import json
import sys

import pytest
from django.core.management import CommandError, call_command


def read(path, *options):
    out = io.StringIO()
    status = 0
    try:
        call_command("read", str(path), *options, stdout=out, stderr=io.StringIO())
    except SystemExit as end:
        status = end.code
    return status, out.getvalue().splitlines()


def test_each_row_is_a_line_and_empty_rows_are_skipped(tmp_path):
    file = tmp_path / "rows.txt"
    file.write_text("It costs $4.20.\n\n  \nSee you on 3/4/2024. 😀\n", encoding="utf-8")
    status, rows = read(file, "--json")
    first, second = map(json.loads, rows)
    assert status == 0
    assert first == {
        "line": 1,
        "text": "It costs $4.20.",
        "spoken": "It costs four dollars and twenty cents.",
        "warnings": [],
    }
    assert second["line"] == 4
    assert second["spoken"] == "See you on March fourth, twenty twenty-four."
    assert second["warnings"][0]["message"] == "Emoji are not spoken."


def test_the_language_and_the_markup_count(tmp_path):
    file = tmp_path / "rows.txt"
    file.write_text("On 3/4/2024 *now*.\n", encoding="utf-8")
    assert "the third of April" in read(file, "--language", "en-GB")[1][0]
    assert "*" in json.loads(read(file, "--json", "--markup", "text")[1][0])["text"]


def test_a_row_that_cannot_be_read_says_why_and_ends_with_1(tmp_path):
    file = tmp_path / "rows.txt"
    file.write_text("Fine.\n😀\nAlso fine.\n", encoding="utf-8")
    status, rows = read(file, "--json")
    assert status == 1
    bad = json.loads(rows[1])
    assert bad["spoken"] is None
    assert bad["error"] == "The line has only emoji, which are not spoken; add words."
    assert json.loads(rows[2])["spoken"] == "Also fine."


def test_standard_input_is_read(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"Room 101.\n")))
    assert read("-")[1] == ["    1 Room one oh one."]


def test_what_is_no_text_is_refused_with_a_sentence(tmp_path):
    file = tmp_path / "rows.bin"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CommandError, match="not UTF-8"):
        call_command("read", str(file))
    with pytest.raises(CommandError, match="cannot be opened"):
        call_command("read", str(tmp_path / "absent.txt"))
