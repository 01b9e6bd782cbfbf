"""Ids: opaque, and in the order in which they were made."""

import time

from rows.ids import new_id


def test_ids_grow_with_time_and_never_repeat():
    made = []
    for _ in range(5):
        made.append(new_id("render"))
        time.sleep(0.002)
    assert made == sorted(made)
    assert {len(one) for one in made} == {len("render_") + 26}
    assert len({new_id("render") for _ in range(10_000)}) == 10_000


def test_the_random_part_differs_within_a_millisecond():
    assert len({new_id("x")[-16:] for _ in range(1000)}) == 1000
