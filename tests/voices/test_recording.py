"""A recording of a voice: accepted formats, a sentence for every fault, and the stock voices that it resembles."""

import subprocess

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rendering import media
from rendering.values import SAMPLE_RATE, BadInput
from rendering.voices import recording, speakers
from rendering.voices.recording import Sound, Unusable
from tests.voices import sounds


def wav_file(path, wav, rate=SAMPLE_RATE, **how):
    soundfile.write(path, wav, rate, **how)
    return path


def converted(source, target):
    subprocess.run([media.program(), "-loglevel", "error", "-y", "-i", source, target], check=True)
    return target


def faults(wav, rate=SAMPLE_RATE):
    with pytest.raises(Unusable) as caught:
        recording.examine(Sound(np.asarray(wav, np.float32), rate))
    for finding in caught.value.findings:
        assert finding.sentence[0].isupper()
        assert finding.sentence.endswith(".")
        assert "\n" not in finding.sentence
    return [finding.code for finding in caught.value.findings]


# -- decoding -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["wav", "flac", "mp3", "m4a", "ogg", "webm"])
def test_every_usual_format_is_decoded(kind, tmp_path):
    wav = sounds.speech()[: 2 * SAMPLE_RATE]
    source = wav_file(tmp_path / "in.wav", np.stack([wav, wav], axis=1))
    named = converted(source, tmp_path / f"me.{kind}").rename(tmp_path / "whatever")
    found = recording.decode(named, tmp_path)
    assert found.wav.ndim == 1
    assert found.seconds == pytest.approx(2.0, abs=0.1)
    assert np.abs(found.wav).max() == pytest.approx(np.abs(wav).max(), rel=0.2)
    assert not list(tmp_path.glob("*decoded*"))


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "is empty"),
        (b"%PDF-1.7 and so on", "not a WAV, MP3"),
        (b"#EXTM3U\nhttp://127.0.0.1/x.ts\n", "not a WAV, MP3"),
        (b"RIFF\x24\x00\x00\x00AVI LIST", "not a WAV, MP3"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt broken", "could not be opened"),
        (b"ID3" + bytes(5000), "could not be opened"),
        (b"\x00\x00\x00\x18ftypisom" + bytes(300), "could not be opened"),
        (bytes(31_000_000), "31 MB; at most 30 MB"),
    ],
)
def test_a_file_that_is_no_recording_is_refused_with_one_sentence(data, sentence, tmp_path):
    (tmp_path / "in").write_bytes(data)
    with pytest.raises(BadInput, match=sentence):
        recording.decode(tmp_path / "in", tmp_path)


def test_a_film_without_sound_and_a_reference_to_another_file_are_refused(tmp_path):
    film = tmp_path / "film.mp4"
    silent = ["-f", "lavfi", "-i", "color=c=red:s=64x64:d=1", "-an", str(film)]
    subprocess.run([media.program(), "-loglevel", "error", "-y", *silent], check=True)
    with pytest.raises(BadInput, match="could not be opened"):
        recording.decode(film, tmp_path)
    reference = tmp_path / "ref.mp4"  # a file that asks ffmpeg to read another one
    reference.write_bytes(b"\x00\x00\x00\x14ftypqt  \x00\x00\x00\x00qt  " + b"file:///etc/passwd")
    with pytest.raises(BadInput, match="could not be opened"):
        recording.decode(reference, tmp_path)


def test_an_hour_of_sound_is_cut_at_the_largest_length(tmp_path):
    long = tmp_path / "long.flac"
    made = ["-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono", "-t", "3600", str(long)]
    subprocess.run([media.program(), "-loglevel", "error", "-y", *made], check=True)
    assert recording.decode(long, tmp_path).seconds <= recording.LONGEST + 6


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_a_damaged_file_is_decoded_or_refused(data, tmp_path):
    good = tmp_path / "good.ogg"
    if not good.exists():
        converted(wav_file(tmp_path / "a.wav", sounds.speech()[:SAMPLE_RATE]), good)
    body = bytearray(good.read_bytes())
    for _ in range(data.draw(st.integers(1, 30))):
        body[data.draw(st.integers(4, len(body) - 1))] = data.draw(st.integers(0, 255))
    (tmp_path / "in").write_bytes(body[: data.draw(st.integers(4, len(body)))])
    try:
        found = recording.decode(tmp_path / "in", tmp_path)
    except BadInput:
        return
    assert np.isfinite(found.wav).all()


# -- examining ----------------------------------------------------------------------------------


def test_a_good_recording_is_measured_and_its_nearest_stock_voice_found():
    found = recording.examine(Sound(sounds.speech(), SAMPLE_RATE))
    assert found.speech > 22
    assert found.noise > 40
    assert np.linalg.norm(found.vector) == pytest.approx(1, abs=1e-5)
    ranked = speakers.closest(found.vector, 24)
    assert len(ranked) == len(speakers.bank()) == 24
    slug, score = ranked[0]
    assert slug == "af_heart"  # the preview voice was distilled from it
    assert score > 0.9
    assert [s for _, s in ranked] == sorted((s for _, s in ranked), reverse=True)
    heights = [slug.split("_")[0][1] for slug, _ in ranked]
    assert "m" not in heights[:4]  # the voice of a woman is nearest to those of women


def test_some_noise_is_tolerated_and_measured():
    found = recording.examine(Sound(sounds.with_noise(sounds.speech(), 25), SAMPLE_RATE))
    assert found.noise == pytest.approx(27, abs=3)  # 25 dB below the whole of it, with its pauses


def test_short_long_and_telephone_recordings_are_refused_before_they_are_read():
    speech = sounds.speech()
    assert faults(speech[: 2 * SAMPLE_RATE]) == ["too_short"]
    assert faults(np.zeros(122 * SAMPLE_RATE)) == ["too_long"]
    assert faults(speech[::3], 8000) == ["low_rate"]


def test_a_recording_without_enough_speech_says_what_it_is():
    assert faults(np.zeros(31 * SAMPLE_RATE)) == ["silence"]
    assert faults(sounds.music()) == ["no_speech"]
    gaps = [
        np.concatenate([sounds.speech()[at : at + SAMPLE_RATE], np.zeros(2 * SAMPLE_RATE)])
        for at in range(0, 12 * SAMPLE_RATE, SAMPLE_RATE)
    ]
    assert faults(np.concatenate(gaps)) == ["too_little_speech"]


def test_every_fault_of_the_sound_is_named_at_once():
    noisy = sounds.with_noise(sounds.speech(), 10)
    assert faults(np.clip(8 * noisy, -1, 1)) == ["clipped", "noisy"]


def test_the_sound_of_a_telephone_is_recognised_although_the_rate_is_high():
    from scipy.signal import resample_poly

    narrow = resample_poly(resample_poly(sounds.speech(), 1, 3), 3, 1)
    assert faults(0.003 * narrow) == ["too_quiet", "narrow"]


def test_a_recording_of_two_people_is_refused():
    first = sounds.speech()[: 16 * SAMPLE_RATE]
    assert faults(np.concatenate([first, sounds.deeper(first)])) == ["several_speakers"]


def test_features_of_a_sound_are_those_of_librosa():
    """Made with librosa 0.11 melspectrogram(n_fft=512, win_length=400, hop_length=160, n_mels=40, hamming)."""
    time = np.arange(16_000) / 16_000
    wave = (0.3 * np.sin(2 * np.pi * 440 * time) + 0.1 * np.sin(2 * np.pi * 3000 * time)).astype(
        np.float32
    )
    found = speakers.features(wave)
    assert found.shape == (97, 40)
    assert found[50, [0, 5, 10, 20, 31, 39]] == pytest.approx(GOLDEN, abs=2e-3)


GOLDEN = [-2.7714, 1.2918, -3.6889, -5.2495, -5.2986, -7.3333]
