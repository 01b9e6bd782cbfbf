from dataclasses import replace

import numpy as np
import pytest

from rendering.stages import alignment, script, speech
from rendering.values import SAMPLE_RATE, Speech

TEXT = "Peter bought five blue balloons, and Zorbly paid $4.20 for them. Was it worth it?"


@pytest.fixture(scope="module")
def line():
    return script.run(TEXT)


@pytest.fixture(scope="module")
def spoken(line):
    return speech.run(line, "preview")


def recorded(spoken):
    return replace(spoken, words=(), phones=())


def test_engine_times_pass_through(line, spoken):
    timing = alignment.run(line, spoken)
    assert timing.source == "engine"
    assert (timing.words, timing.phones) == (spoken.words, spoken.phones)


def test_recorded_sound_is_aligned(line, spoken):
    timing = alignment.run(line, recorded(spoken))
    assert timing.source == "aligned"
    assert [word.text for word in timing.words] == [word.text for word in spoken.words]
    late = [
        heard.start - made.start for heard, made in zip(timing.words, spoken.words, strict=True)
    ]
    assert np.mean(np.abs(late)) < 0.05
    assert np.max(np.abs(late)) < 0.15
    symbols = "".join(phone.symbol for phone in timing.phones)
    assert symbols.startswith("pitɜɹ") or symbols.startswith("piTɜɹ")
    assert any(phone.stress == 1 for phone in timing.phones)


def test_alignment_is_deterministic(line, spoken):
    one, two = (alignment.aligned(line, spoken.wav) for _ in range(2))
    assert one == two


def test_a_line_is_aligned_although_its_best_path_does_not_fit_its_phones():
    """In this line the best path through the lattice begins with a silence of one frame."""
    said = script.run(
        "A good presentation has a beginning, a middle and an end, just like a good movie."
    )
    made = speech.run(said, "preview")
    timing = alignment.run(said, recorded(made))
    assert timing.source == "aligned"
    assert [word.text for word in timing.words] == [word.text for word in made.words]
    late = [
        heard.start - spoken.start for heard, spoken in zip(timing.words, made.words, strict=True)
    ]
    assert np.max(np.abs(late)) < 0.15


def test_sound_that_does_not_fit_falls_back_to_energy(line):
    noise = np.random.default_rng(1).normal(0, 0.1, SAMPLE_RATE // 2).astype(np.float32)
    timing = alignment.run(line, Speech(noise, 0.5))
    assert timing.source == "energy"
    assert [word.text for word in timing.words] == TEXT.split()
    edges = [edge for word in timing.words for edge in (word.start, word.end)]
    assert edges == sorted(edges)
    assert edges[-1] <= 0.5


def test_energy_words_skip_silence():
    rng = np.random.default_rng(1)
    quiet, loud = np.zeros(SAMPLE_RATE), rng.normal(0, 0.2, SAMPLE_RATE // 4)
    wave = np.concatenate([quiet, loud, quiet, loud, quiet]).astype(np.float32)
    words, _ = alignment._by_energy(script.run("Mat pat."), Speech(wave, wave.size / SAMPLE_RATE))
    assert words[0].start == pytest.approx(1.0, abs=0.05)
    assert words[0].end == pytest.approx(1.25, abs=0.05)
    assert words[1].start == pytest.approx(2.25, abs=0.05)


def test_silence_has_no_words(line):
    timing = alignment.run(line, Speech(np.zeros(SAMPLE_RATE, np.float32), 1.0))
    assert (timing.words, timing.source) == ((), "energy")
    assert timing.energy.min() == timing.energy.max() == -90
    assert not timing.pitch.any()


@pytest.mark.parametrize("hertz", [75, 110, 160, 220, 310, 440])
def test_the_pitch_of_a_voice_like_tone_is_right_to_one_percent(hertz):
    at = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    wave = sum(np.sin(2 * np.pi * hertz * n * at) / n for n in range(1, 8)) * 0.1
    track = alignment.pitch(wave.astype(np.float32))
    assert len(track) == 100
    assert np.median(track[10:-10]) == pytest.approx(hertz, rel=0.01)
    assert (track[10:-10] > 0).all()


def test_noise_has_no_pitch():
    noise = np.random.default_rng(2).normal(0, 0.1, SAMPLE_RATE).astype(np.float32)
    assert (alignment.pitch(noise) > 0).mean() < 0.1


def test_energy_is_rms_in_decibels():
    at = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    wave = (0.5 * np.sin(2 * np.pi * 200 * at)).astype(np.float32)
    track = alignment.energy(wave)
    assert len(track) == 100
    assert track[10:-10] == pytest.approx(np.full(80, 20 * np.log10(0.5 / np.sqrt(2))), abs=0.1)


def test_tracks_of_pitch_and_energy_cover_the_whole_line(line, spoken):
    timing = alignment.run(line, spoken)
    assert len(timing.pitch) == len(timing.energy) == int(np.ceil(spoken.seconds / timing.hop))
    voiced = timing.pitch[timing.pitch > 0]
    assert 120 < np.median(voiced) < 280
    assert 0.25 < len(voiced) / len(timing.pitch) < 0.85


def test_symbols_of_misaki_become_arpabet():
    assert alignment.arpabet("həlˈO wˈɜɹld") == "HH AH L OW W ER L D"
    assert alignment.arpabet("kˈɑː bˈɪTəɹ") == "K AA B IH D ER"
