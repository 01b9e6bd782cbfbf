"""Answers of providers come from strangers: a parser gives sound with sane times for them or says what is wrong."""

import base64
import json
import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rendering.values import SAMPLE_RATE
from rendering.voices.dialects import DIALECTS, Answer, Garbled, Refused
from tests.voices import provider as stand_in

CLIENT = {"content-type": "application/json"}
REQUESTS = {
    "elevenlabs": (
        f"/v1/text-to-speech/{stand_in.VOICE}/with-timestamps",
        "output_format=pcm_24000",
        {"xi-api-key": stand_in.KEY},
        {"text": "Hello there."},
    ),
    "cartesia": (
        "/tts/sse",
        "",
        {"authorization": f"Bearer {stand_in.KEY}", "cartesia-version": "2026-03-01"},
        {
            "model_id": "sonic-3",
            "transcript": "Hello there.",
            "voice": {"mode": "id", "id": stand_in.VOICE},
            "output_format": {"container": "raw", "encoding": "pcm_s16le", "sample_rate": 24000},
            "add_timestamps": True,
        },
    ),
    "resemble": (
        "/synthesize",
        "",
        {"authorization": f"Bearer {stand_in.KEY}"},
        {"voice_uuid": stand_in.VOICE, "data": "Hello there.", "sample_rate": 48000},
    ),
}
every = pytest.mark.parametrize("name", list(DIALECTS))
quick = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


def good(name):
    path, query, headers, body = REQUESTS[name]
    return stand_in.SPEAKS[name][0](path, query, headers, body)[1]


def assert_promise(name, body):
    """Asserts the promise of a parser: sound with sane times, or a known error. Returns the answer, None for an error."""
    try:
        answer = DIALECTS[name].parse(body)
    except (Garbled, Refused):
        return None
    assert isinstance(answer, Answer)
    assert SAMPLE_RATE // 20 <= answer.wav.size <= 180 * SAMPLE_RATE
    assert np.isfinite(answer.wav).all()
    assert np.abs(answer.wav).max() <= 1.01
    for word in answer.words:
        assert word.text.strip()
        assert math.isfinite(word.start)
        assert word.start <= word.end
    starts = [word.start for word in answer.words]
    assert all(a <= b + 1e-3 for a, b in pairwise(starts))
    return answer


@every
def test_a_good_answer_is_read(name):
    answer = assert_promise(name, good(name))
    assert [word.text for word in answer.words] == ["Hello", "there."]


@every
@quick
@given(body=st.binary(max_size=400))
def test_any_bytes_are_parsed_or_refused(name, body):
    assert_promise(name, body)


@every
@quick
@given(data=st.data())
def test_a_good_answer_with_changed_or_missing_bytes_is_parsed_or_refused(name, data):
    body = bytearray(good(name))
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    assert_promise(name, bytes(body[: data.draw(st.integers(0, len(body)))]))
    assert_promise(name, bytes(body))


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4)
    ),
    max_leaves=8,
)


def changed(plain, data):
    """The object with one value somewhere in it replaced by anything at all."""
    if isinstance(plain, dict) and plain and data.draw(st.integers(0, 3)):
        name = data.draw(st.sampled_from(sorted(plain)))
        return {**plain, name: changed(plain[name], data)}
    if isinstance(plain, list) and plain and data.draw(st.integers(0, 3)):
        at = data.draw(st.integers(0, len(plain) - 1))
        return [*plain[:at], changed(plain[at], data), *plain[at + 1 :]]
    return data.draw(ANYTHING)


@every
@quick
@given(data=st.data())
def test_a_good_answer_with_a_value_of_another_kind_is_parsed_or_refused(name, data):
    body = good(name)
    if name != "cartesia":
        assert_promise(name, json.dumps(changed(json.loads(body), data)).encode())
        return
    events = [json.loads(part[6:]) for part in body.decode().split("\n\n") if part]
    at = data.draw(st.integers(0, len(events) - 1))
    events[at] = changed(events[at], data)
    assert_promise(name, "".join(f"data: {json.dumps(event)}\n\n" for event in events).encode())


@every
def test_numbers_and_depths_that_break_other_readers_are_parsed_or_refused(name):
    for text in (
        "9" * 6000,
        "[" * 200_000,
        '{"a":' * 5000,
        "1e999",
        "NaN",
        '{"audio_base64": NaN}',
    ):
        assert_promise(name, text.encode())
        assert_promise(name, f"data: {text}\n\n".encode())


@pytest.mark.parametrize(
    ("starts", "ends", "count"),
    [
        ([0.0, 0.4], [0.3, 0.9], 2),
        ([0.4, 0.0], [0.9, 0.3], 0),  # times that run backwards are not believed
    ],
)
def test_words_with_times_that_run_backwards_are_left_out(starts, ends, count):
    sound = base64.b64encode((np.ones(4800, "<i2") * 900).tobytes()).decode()
    plain = {
        "audio_base64": sound,
        "alignment": {
            "characters": ["a", " ", "b"],
            "character_start_times_seconds": [starts[0], ends[0], starts[1]],
            "character_end_times_seconds": [ends[0], starts[1], ends[1]],
        },
    }
    assert len(assert_promise("elevenlabs", json.dumps(plain).encode()).words) == count
