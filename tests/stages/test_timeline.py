"""The timeline of a render: bars of stages, and the cores at work."""

import re
import time

import pytest
from django.core.management import call_command

from rendering.timeline import Timeline, processor_seconds


def test_a_bar_ends_where_the_next_stage_begins(tmp_path):
    timeline = Timeline(2)
    for number, stage in (
        (1, "speech"),
        (2, "speech"),
        (1, "frames"),
        (1, "frames"),
        (0, "delivery"),
    ):
        timeline.line(number, stage)
        time.sleep(0.02)
    timeline.line(0, "delivery")
    timeline.end()
    assert [[stage for stage, *_ in bars] for bars in timeline.bars] == [
        ["delivery"],
        ["speech", "frames"],
        ["speech"],
    ]
    (_, _, spoken), (_, drawn, over) = timeline.bars[1]
    assert spoken == drawn
    assert over - drawn >= 0.02
    timeline.write(tmp_path / "out.html")
    page = (tmp_path / "out.html").read_text()
    assert len(re.findall("<rect ", page)) == 4
    assert "Line 2, speech" in page


def test_the_cores_at_work_are_those_between_first_sentence_and_last_frame():
    timeline = Timeline(1)
    timeline.over.set()
    timeline.watcher.join()
    timeline.bars[1] = [("script", 0.0, 2.0), ("speech", 2.0, 4.0), ("frames", 4.0, 6.0)]
    timeline.spent = [(n / 4, 1.5 * max(0.0, n / 4 - 2)) for n in range(40)]
    assert timeline.cores() == pytest.approx(1.5)


def test_processor_time_of_children_counts():
    import subprocess
    import sys

    before = processor_seconds()
    subprocess.run([sys.executable, "-c", "sum(n * n for n in range(10 ** 7))"], check=True)
    assert processor_seconds() - before > 0.2


def test_a_render_in_the_terminal_leaves_its_timeline(db, tmp_path, capsys):
    (tmp_path / "script.md").write_text("One line here.\n\nAnd another one.")
    call_command(
        "render",
        str(tmp_path / "script.md"),
        *("--avatar", "maya", "--voice", "preview", "--height", "360", "--json"),
        *("--out", str(tmp_path / "film.mp4"), "--timeline", str(tmp_path / "line.html")),
    )
    page = (tmp_path / "line.html").read_text()
    for bar in ("Line 1, speech", "Line 2, frames", "Film, delivery"):
        assert bar in page
    assert re.search(r"From the first sentence to the last frame \d\.\d\d of \d+ cores", page)
