"""Voices of HTTP providers, against a stand-in that is as strict as their documentation."""

import logging
import re
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime
from itertools import pairwise

import numpy as np
import pytest

from rendering import voices
from rendering.stages import script, speech
from rendering.values import SAMPLE_RATE, BadInput, Canceled, Unavailable
from rendering.voices.dialects import DIALECTS, Ask
from rendering.voices.hosted import Hosted, retry_after, spoken
from rendering.voices.providers import PROVIDERS, Account, HostedVoice
from tests.voices.provider import KEY, VOICE, answers, cut, fails, hangs, say, short

every = pytest.mark.parametrize("provider", list(PROVIDERS), indirect=True)
TEXT = "Welcome to the studio, where it costs $4.20 today."


def line(text=TEXT):
    return script.run(text, supports=voices.get("preview").supports)


def tries(provider, text="Good morning."):
    """(the error that was raised, how often the provider was asked)."""
    before = len(provider.seen)
    with pytest.raises((Unavailable, BadInput)) as caught:
        speech.run(line(text), provider.voice)
    return caught.value, len(provider.seen) - before


# -- speech and its times -----------------------------------------------------------------------


@every
def test_a_hosted_voice_speaks_a_line_with_captions_and_phones(provider):
    made = speech.run(line(), provider.voice)
    assert [word.text for word in made.words] == TEXT.split()
    assert made.timed_by == "aligned"
    said = provider.seen[0]
    text = said.get("text") or said.get("transcript") or said.get("data")
    assert text == "Welcome to the studio, where it costs four dollars and twenty cents today."
    truth = {word.strip(",.").lower(): start for word, start, _ in say(text)[1]}
    off = [
        abs(word.start - speech.LEAD - (truth[word.text.strip(",.").lower()] - 0.3 + 0.04))
        for word in made.words
        if word.text.strip(",.").lower() in truth
    ]
    assert len(off) == 8
    assert np.median(off) < 0.06
    assert abs(speech.loudness(made.wav) + 16) < 0.6
    assert all(a.end <= b.start + 1e-6 for a, b in pairwise(made.phones))


@every
def test_a_spoken_line_is_stored_and_not_paid_for_again(provider, tmp_path):
    from rendering.store import Store

    store = Store(tmp_path)
    first = speech.run(line(), provider.voice, store=store)
    again = speech.run(line(), provider.voice, store=store)
    assert len(provider.seen) == 1
    assert again.reused == 1
    assert np.array_equal(first.wav, again.wav)
    assert (first.words, first.phones, again.timed_by) == (again.words, again.phones, "aligned")


def test_where_alignment_fails_the_times_of_the_provider_are_used(provider):
    from rendering.stages import alignment
    from rendering.voices import Clip

    read = line("The cat sat on the mat.").sentences[0]
    samples, words = say("The cat sat on the mat.")
    rustle = np.random.default_rng(0).normal(0, 0.05, len(samples)).astype(np.float32)
    timed_words = tuple(speech.Word(*word) for word in words)
    found = alignment.timed(read, "en-US", Clip(rustle, timed_words, ()))
    assert found.timed_by == "provider"
    assert [word.text for word in found.words] == ["The", "cat", "sat", "on", "the", "mat."]
    assert [word.start for word in found.words] == pytest.approx([w[1] for w in words], abs=1e-6)
    assert sum(phone.symbol == "t" for phone in found.phones) == 3
    fewer = alignment.timed(read, "en-US", Clip(rustle, timed_words[::2], ()))
    assert len(fewer.words) == 6
    assert fewer.words[-1].end <= len(rustle) / SAMPLE_RATE
    nothing = alignment.timed(read, "en-US", Clip(np.zeros(9000, np.float32), (), ()))
    assert (nothing.timed_by, nothing.words) == ("energy", ())


def test_a_pause_in_the_script_is_a_silence_in_the_sound(provider):
    plain = speech.run(line("We stop here and go on."), provider.voice)
    paused = speech.run(line("We stop here [pause 1s] and go on."), provider.voice)
    assert paused.seconds - plain.seconds == pytest.approx(1.0, abs=0.1)
    here, then = paused.words[2], paused.words[3]
    assert (here.text, then.text) == ("here", "and")
    assert 0.8 < then.start - here.end < 1.3
    middle = round((here.end + then.start) / 2 * SAMPLE_RATE)
    assert np.abs(paused.wav[middle - 4800 : middle + 4800]).max() == 0


@every
@pytest.mark.parametrize("speed", [0.5, 1.1, 2.0])
def test_a_speed_beyond_that_of_the_provider_is_made_here(provider, speed):
    sentence = line("It was a bright and quiet morning by the sea.").sentences[0]
    engine = Hosted(provider.account)
    usual = engine.say(sentence, provider.voice)
    other = engine.say(sentence, provider.voice, speed=speed)
    low, high = PROVIDERS[provider.provider].speeds
    theirs = min(max(speed, low), high)
    # The stand-in does not change its own pace, so only our part of the change is heard.
    assert other.wav.size / usual.wav.size == pytest.approx(theirs / speed, rel=0.08)
    request = provider.seen[-1]
    settings = request.get("voice_settings") or request.get("generation_config") or {"speed": 1.0}
    assert settings["speed"] == theirs
    assert other.words[-1].end <= other.wav.size / SAMPLE_RATE + 1e-6
    assert other.words[-1].start == pytest.approx(usual.words[-1].start * theirs / speed, abs=0.08)


def test_emphasis_and_pitch_that_the_voice_lacks_are_warned_about_or_refused(provider):
    read = script.run("A *strong* word.", supports=provider.voice.supports)
    assert [warn.code for warn in read.warnings] == ["not_supported"]
    with pytest.raises(BadInput, match="Rachel cannot be made higher or lower"):
        speech.run(read, provider.voice, pitch=2.0)


def test_markup_for_the_provider_cannot_be_smuggled_in():
    said = script.run('Wait <break time="900s"/> [laugh] & go.', markup="text").sentences[0]
    assert not set("<>[]{}&") & set(spoken(said))


# -- when it fails ------------------------------------------------------------------------------


@every
def test_a_passing_failure_is_tried_again(provider):
    provider.moods = [fails(429, **{"Retry-After": "0"}), fails(503)]
    assert speech.run(line("Good morning."), provider.voice).words
    assert len(provider.seen) == 3


@every
@pytest.mark.parametrize(
    ("mood", "sentence", "requests"),
    [
        (fails(401), "does not accept this studio's key", 1),
        (fails(402), "account with .* is used up", 1),
        (fails(404), "does not know the voice Rachel", 1),
        (fails(400), "refused to speak this", 1),
        (fails(422), "refused to speak this", 1),
        (fails(302, Location="https://elsewhere.example/"), "refused to speak this", 1),
        (fails(413), "13 characters; the voice Rachel takes at most", 1),
        (fails(429), "too much to do", 3),
        (fails(500), "does not answer as it should", 3),
        (fails(429, **{"Retry-After": "3600"}), "too much to do", 1),
        (answers(b""), "does not answer as it should", 3),
        (answers(b"<html>502</html>"), "does not answer as it should", 3),
        (answers(b"[" * 100_000), "does not answer as it should", 3),
        (cut(0.5), "does not answer as it should", 3),
        (short(0.5), "does not answer as it should", 3),
    ],
)
def test_every_failure_becomes_one_sentence_without_the_key(
    provider, mood, sentence, requests, caplog
):
    provider.moods = [mood] * 3
    with caplog.at_level(logging.DEBUG):
        problem, times = tries(provider)
    assert re.search(sentence, problem.sentence)
    assert problem.sentence.count(". ") + 1 <= 2
    assert times == requests
    assert KEY not in caplog.text + repr(problem)


@pytest.mark.parametrize(
    ("provider", "status", "code", "sentence"),
    [
        ("elevenlabs", 401, "quota_exceeded", "is used up"),
        ("elevenlabs", 400, "voice_not_found", "does not know the voice Rachel"),
        ("elevenlabs", 400, "max_character_limit_exceeded", "Split it"),
        ("elevenlabs", 400, "system_busy", "too much to do"),
        ("cartesia", 403, "quota_exceeded", "is used up"),
        ("cartesia", 400, "voice_not_found", "does not know the voice Rachel"),
    ],
    indirect=["provider"],
)
def test_the_code_of_the_provider_counts_more_than_the_status(provider, status, code, sentence):
    provider.moods = [fails(status, code)] * 3
    assert sentence in tries(provider)[0].sentence


@pytest.mark.parametrize("provider", ["cartesia"], indirect=True)
def test_an_error_inside_the_stream_is_tried_again(provider):
    event = '{"type":"error","done":true,"status_code":429,"error_code":"concurrency_limited",'
    event += '"title":"Too many","message":"m","request_id":"r"}'
    provider.moods = [answers(f"event: error\ndata: {event}\n\n".encode())]
    assert speech.run(line("Good morning."), provider.voice).words
    assert len(provider.seen) == 2


def test_a_silent_and_a_missing_provider_are_given_up(provider):
    impatient = replace(provider.account.patience, silence=0.2, tries=2)
    voices.offer([replace(provider.account, patience=impatient)])
    provider.moods = [hangs, hangs]
    problem, times = tries(provider)
    assert ("does not answer" in problem.sentence, times) == (True, 2)
    voices.offer([replace(provider.account, address="http://127.0.0.1:1")])
    assert "does not answer" in tries(provider)[0].sentence


def test_a_stop_does_not_wait_for_the_provider(provider):
    provider.moods = [hangs]
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    begun = time.monotonic()
    with pytest.raises(Canceled):
        speech.run(line(), provider.voice, stop=stop)
    assert time.monotonic() - begun < 1.0


def test_an_answer_of_silence_is_refused_as_no_speech(provider):
    import base64
    import json

    quiet = base64.b64encode(bytes(48_000)).decode()
    provider.moods = [answers(json.dumps({"audio_base64": quiet}).encode())] * 3
    assert "does not answer as it should" in tries(provider)[0].sentence


def test_retry_after_is_seconds_or_a_date():
    soon = format_datetime(datetime.fromtimestamp(time.time() + 30, UTC), usegmt=True)
    assert 28 < retry_after(soon) <= 30
    assert retry_after("120") == 120
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert [retry_after(odd) for odd in (None, "", "soon", "-3", "9" * 40)] == [None] * 5


# -- what the operator has ----------------------------------------------------------------------


def test_a_voice_whose_provider_is_not_offered_says_so():
    with pytest.raises(BadInput, match="of ElevenLabs is not offered here now"):
        voices.get("elevenlabs-rachel")


def test_the_key_is_not_shown_by_repr(provider):
    assert KEY not in repr(provider.account)
    request = DIALECTS["cartesia"].request
    assert KEY not in repr(request(Ask("Hi.", VOICE, "en", "sonic"), KEY))


@pytest.mark.parametrize(
    ("key", "voice", "sentence"),
    [
        ("two\nlines", HostedVoice("R", "id", "en-US"), "character that no key has"),
        ("k", HostedVoice("R", "../v1/user", "en-US"), "none of a voice"),
        ("k", HostedVoice("R", "id", "de-DE"), "languages en-US and en-GB"),
        ("k", HostedVoice("…", "id", "en-US"), "needs a name"),
    ],
)
def test_an_account_that_cannot_work_is_refused(key, voice, sentence):
    with pytest.raises(ValueError, match=sentence) as caught:
        Account("elevenlabs", key, (voice,))
    assert "two" not in str(caught.value)


def test_the_engine_describes_itself_and_another_model_is_another_voice(provider):
    engine = voices.ENGINES["elevenlabs"]
    assert (engine.times, engine.clones, "de" in engine.languages) == ("words", False, True)
    assert "ElevenLabs" in engine.licence
    assert provider.voice.dollars == 0.2
    sha256 = voices.sha256("elevenlabs-rachel")
    voices.offer([replace(provider.account, model="eleven_flash_v2_5")])
    assert voices.sha256("elevenlabs-rachel") != sha256  # another model is another voice
