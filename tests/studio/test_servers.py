"""A start takes as long as it takes, says what it waits for, and is given up only when nothing moves."""

import os
import subprocess
import sys
import time

import pytest

from studio.servers import Stuck, processor_seconds, until_ready


def test_a_start_waits_as_long_as_something_works_and_says_what_for():
    used, said, answers = iter(range(1000)), [], iter([False] * 4 + [True])
    until_ready(
        {"the worker": lambda: next(answers), "the web server": lambda: True},
        lambda: next(used),
        said.append,
        patience=0.3,
        say_every=0,
    )
    assert said
    assert all(words.startswith("Waiting for the worker: ") for words in said)


def test_a_start_is_given_up_when_nothing_moves():
    with pytest.raises(Stuck, match="Nothing has moved for 0 s while waiting for the worker"):
        until_ready({"the worker": lambda: False}, lambda: 7.0, print, patience=0.1)


def test_processor_seconds_of_a_whole_process_group_are_counted():
    busy = "import time; end = time.process_time() + .3\nwhile time.process_time() < end: pass\ninput()"
    child = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import subprocess, sys; subprocess.run([sys.executable, '-c', {busy!r}])",
        ],
        stdin=subprocess.PIPE,
        process_group=0,
    )
    try:
        while processor_seconds([child.pid]) < 0.3:
            time.sleep(0.05)
            assert child.poll() is None
    finally:
        child.communicate(b"\n")
    assert processor_seconds([child.pid]) == 0
    assert processor_seconds([os.getpgrp()]) > 0
