import os
import re
import subprocess
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
import soundfile

from rendering import voices
from rendering.stages import alignment, script, speech
from rendering.values import SAMPLE_RATE, BadInput, Canceled, Sentence, Span
from rendering.voices import CONTROLS, english
from rendering.voices.running import prepared

TEXT = "Welcome to the studio. It costs $4.20, and it opens at 9 a.m. tomorrow!"


class Folder:
    """The interface of a store: finds a file by its key, or writes it in one step."""

    def __init__(self, path):
        self.path = path

    def find(self, key, suffix):
        path = self.path / (key + suffix)
        return path if path.exists() else None

    @contextmanager
    def write(self, key, suffix):
        half = self.path / (key + ".half")
        yield half
        os.replace(half, self.path / (key + suffix))


def line(text=TEXT, **how):
    return script.run(text, supports=CONTROLS, **how)


def measured(path):
    """(LUFS, true peak in dBFS) of the file, measured by ffmpeg."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostats", "-i", str(path)]
    command += ["-af", "ebur128=peak=true", "-f", "null", "-"]
    heard = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    summary = heard[heard.rindex("Summary:") :]
    return tuple(float(re.search(rf"{name}:\s+(-?[\d.]+)", summary)[1]) for name in ("I", "Peak"))


# -- the registry -------------------------------------------------------------------------------


def test_kokoro_has_24_english_voices_each_with_its_table():
    kokoro = [voice for voice in voices.REGISTRY.values() if voice.engine == "kokoro"]
    assert len(kokoro) == 24
    assert {voice.language for voice in kokoro} == {"en-US", "en-GB"}
    tables = np.load(voices.__path__[0] + "/../assets/voices/kokoro-english.npz")
    assert {voice.slug for voice in kokoro} == set(tables.files)


def test_an_unknown_voice_is_refused_with_near_matches():
    with pytest.raises(BadInput, match="af_heart"):
        voices.get("af_hart")


# -- the sound ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("voice", "text"),
    [
        ("af_heart", TEXT),
        ("bm_george", "Good evening, and thank you for coming."),
        ("preview", "Hi!"),
        ("preview", "One. Two! Are there three? Perhaps; who knows."),
    ],
)
def test_a_line_is_spoken_at_minus_16_lufs(voice, text, tmp_path):
    spoken = speech.run(line(text), voice)
    soundfile.write(tmp_path / "line.wav", spoken.wav, SAMPLE_RATE, subtype="FLOAT")
    loudness, peak = measured(tmp_path / "line.wav")
    assert loudness == pytest.approx(-16, abs=0.5)
    assert peak <= -0.9


def test_a_line_begins_and_ends_in_silence():
    spoken = speech.run(line(), "preview")
    lead, tail = int(0.25 * SAMPLE_RATE), int(0.35 * SAMPLE_RATE)
    assert not spoken.wav[:lead].any()
    assert not spoken.wav[-tail:].any()
    assert np.abs(spoken.wav[lead : lead + SAMPLE_RATE // 5]).max() > 0.01
    assert spoken.seconds == spoken.wav.size / SAMPLE_RATE
    assert spoken.wav.dtype == np.float32


def test_words_of_speech_are_those_of_the_caption_in_order():
    spoken = speech.run(line(), "preview")
    assert " ".join(word.text for word in spoken.words) == TEXT
    edges = [edge for word in spoken.words for edge in (word.start, word.end)]
    assert edges == sorted(edges)
    assert 0.2 < edges[0] < 0.4
    assert edges[-1] < spoken.seconds - 0.3


def test_phones_carry_stress_and_no_marks():
    spoken = speech.run(line("Hello there."), "preview")
    assert "".join(phone.symbol for phone in spoken.phones) == "həlO ðɛɹ."
    assert [phone.symbol for phone in spoken.phones if phone.stress == 1] == ["O", "ɛ"]
    assert all(phone.end >= phone.start for phone in spoken.phones)


def test_pauses_last_as_long_as_asked():
    plain = speech.run(line("First this and then that."), "preview").words
    held = speech.run(line("First this [pause 1.5] and then that."), "preview").words
    assert held[2].start - held[1].end == pytest.approx(
        1.5 + plain[2].start - plain[1].end, abs=0.3
    )
    spoken = speech.run(line("First this [pause 1.5] and then that."), "preview")
    middle = int((held[1].end + 0.75) * SAMPLE_RATE)
    assert not spoken.wav[middle - 2400 : middle + 2400].any()


def test_the_same_input_gives_the_same_bytes(tmp_path):
    fresh = speech.run(line(), "preview")
    speech.run(line(), "preview", store=Folder(tmp_path))
    cached = speech.run(line(), "preview", store=Folder(tmp_path))
    assert fresh.wav.tobytes() == cached.wav.tobytes()
    assert fresh.words == cached.words
    assert fresh.phones == cached.phones
    assert (fresh.reused, cached.reused, cached.total) == (0, 2, 2)


def test_only_a_changed_sentence_is_spoken_again(tmp_path):
    store = Folder(tmp_path)
    speech.run(line("One thing. Another thing."), "preview", store=store)
    assert speech.cached(line("Another thing."), "preview", store=store)
    assert not speech.cached(line("Another thing!"), "preview", store=store)
    assert not speech.cached(line("Another thing."), "preview", speed=1.2, store=store)
    again = speech.run(line("A new thing. Another thing."), "preview", store=store)
    assert (again.reused, again.total) == (1, 2)


def test_a_damaged_stored_sound_is_spoken_again(tmp_path):
    store = Folder(tmp_path)
    whole = speech.run(line("One thing."), "preview", store=store)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:100])
    assert speech.run(line("One thing."), "preview", store=store).wav.tobytes() == (
        whole.wav.tobytes()
    )


def test_an_empty_stored_sound_is_spoken_again(tmp_path):
    store = Folder(tmp_path)
    whole = speech.run(line("One thing."), "preview", store=store)
    (file,) = tmp_path.iterdir()
    file.write_bytes(b"")
    assert np.array_equal(speech.run(line("One thing."), "preview", store=store).wav, whole.wav)


@pytest.mark.parametrize("hashed", [True, False])
def test_a_prepared_model_that_was_cut_or_has_no_hash_is_made_again(tmp_path, hashed):
    make = iter([b"model" * 10, b"model" * 10]).__next__
    path = Path(prepared("voice.onnx", make, tmp_path))
    if hashed:
        os.truncate(path, 20)
    else:
        (tmp_path / "voice.onnx.sum").unlink()
    assert Path(prepared("voice.onnx", make, tmp_path)).read_bytes() == b"model" * 10
    prepared("voice.onnx", make, tmp_path)  # is not made a third time: `make` has no third one


def test_sentences_are_spoken_one_by_one():
    parts = speech.sentences(line(), "preview")
    first = next(parts)
    assert [word.text for word in first.words] == ["Welcome", "to", "the", "studio."]
    whole = speech.run(line(), "preview")
    rest = sum(part.seconds for part in parts)
    assert first.seconds + rest == pytest.approx(whole.seconds, abs=0.001)


def test_the_estimate_is_near_and_instant():
    read = line(TEXT + " We hope to see you there, and please bring a friend or two.")
    started = time.perf_counter()
    guess = speech.estimate(read, "preview")
    assert time.perf_counter() - started < 0.005
    assert guess == pytest.approx(speech.run(read, "preview").seconds, rel=0.15)
    assert speech.estimate(read, "preview", speed=2) < guess * 0.6


def test_progress_is_reported_and_a_report_may_cancel():
    reported = []
    speech.run(line(), "preview", report=lambda stage, done: reported.append((stage, done)))
    assert reported == [("speech", 0.0), ("speech", 0.5), ("speech", 1.0)]

    def cancel(stage, done):
        raise Canceled

    with pytest.raises(Canceled):
        speech.run(line(), "preview", report=cancel)


def test_emphasis_rate_and_pitch_of_a_word_are_heard():
    def word(text, **how):
        read = line(text, **how)
        spoken = speech.run(read, "preview")
        timing = alignment.run(read, spoken)
        found = next(word for word in timing.words if word.text.startswith("better"))
        track = timing.pitch[int(found.start * 100) : int(found.end * 100)]
        return found.end - found.start, float(track.max())

    length, tone = word("We need a better way to build.")
    strong_length, strong_tone = word("We need a **better** way to build.")
    assert strong_length > length
    assert strong_tone > tone * 1.05
    slow = 'We need a <prosody rate="50%">better</prosody> way to build.'
    high = 'We need a <prosody pitch="+6st">better</prosody> way to build.'
    assert word(slow, markup="ssml")[0] > length * 1.4
    assert word(high, markup="ssml")[1] > tone * 1.2


def test_a_language_speed_or_pitch_that_the_voice_lacks_is_refused():
    read = line()
    with pytest.raises(BadInput, match="does not speak de"):
        speech.run(type(read)(read.source, read.sentences, "de-DE"), "preview")
    with pytest.raises(BadInput, match="speed"):
        speech.run(read, "preview", speed=9)
    with pytest.raises(BadInput, match="pitch"):
        speech.run(read, "preview", pitch=40)


# -- Kokoro -------------------------------------------------------------------------------------


def test_kokoro_follows_pitch_and_speed():
    read = line("We build houses here.")
    plain = speech.run(read, "am_michael")
    high = speech.run(read, "am_michael", pitch=4)
    fast = speech.run(read, "am_michael", speed=1.5)

    def tone(spoken):
        track = alignment.pitch(spoken.wav)
        return float(np.median(track[track > 0]))

    assert tone(high) / tone(plain) == pytest.approx(2 ** (4 / 12), rel=0.08)
    assert fast.seconds < plain.seconds * 0.85


def test_a_model_call_is_stopped_within_a_second_and_a_half():
    text = (
        "This sentence is long enough, with its many words and clauses, to keep the voice busy " * 2
    )
    stop = threading.Event()
    timer = threading.Timer(0.7, stop.set)
    timer.start()
    started = time.monotonic()
    with pytest.raises(Canceled):
        speech.run(line(text), "af_heart", stop=stop)
    assert stop.is_set()
    assert time.monotonic() - started < 0.7 + 1.5


def test_a_very_long_sentence_is_whole():
    text = "and then we walked a little further along the quiet river, " * 9
    spoken = speech.run(line("So " + text), "af_heart")
    assert len(spoken.words) == len(("So " + text).split())
    assert spoken.seconds == pytest.approx(speech.estimate(line("So " + text), "af_heart"), rel=0.2)
    assert max(b.start - a.end for a, b in zip(spoken.words, spoken.words[1:], strict=False)) < 0.7


@pytest.mark.parametrize("slug", [slug for slug in voices.REGISTRY if slug != "preview"])
def test_every_voice_speaks(slug, tmp_path):
    read = line("Hello, my friend.", language=voices.get(slug).language)
    spoken = speech.run(read, slug)
    soundfile.write(tmp_path / "line.wav", spoken.wav, SAMPLE_RATE, subtype="FLOAT")
    assert 1.2 < spoken.seconds < 4
    assert measured(tmp_path / "line.wav")[0] == pytest.approx(-16, abs=0.5)


# -- pronunciation ------------------------------------------------------------------------------


def sounds(text, british=False, **how):
    (sentence,) = line(text, **how).sentences
    return "".join(symbol.char for symbol in english.pronounce(sentence, british).symbols)


@pytest.mark.parametrize(
    ("text", "symbols"),
    [
        ("NASA and the FBI", "nˈæsə ænd ði ˌɛfbˌiˈI."),
        ("MP4", "ˌɛmpˈi fˈɔɹ."),
        ("plan A4", "plˈæn ˈA fˈɔɹ."),
        ("I read it; I will read it.", "ˌI ɹˈɛd ɪt; ˌI wɪl ɹˈid ɪt."),
        ("an hour, the end", "ɐn ˈWəɹ, ði ˈɛnd."),
        ("café", "kæfˈA."),
        ("$4.20", "fˈɔɹ dˈɑləɹz ænd twˈɛnti sˈɛnts."),
    ],
)
def test_words_numbers_and_names_become_the_right_sounds(text, symbols):
    assert sounds(text) == symbols


def test_british_voices_read_british():
    assert sounds("A car, hello.", british=True) == "ɐ kˈɑː, həlˈQ."


def test_sounds_of_the_dictionary_are_used():
    assert sounds("Say Siobhan's name", dictionary=(("Siobhan's", "ipa", "ʃɪˈvɔːnz"),)) == (
        "sˈA ʃɪvˈɔnz nˈAm."
    )


def test_what_has_no_sound_is_refused():
    with pytest.raises(BadInput, match="cannot pronounce"):
        english.pronounce(Sentence((Span("—", "—", 0, 1),)))


@pytest.mark.parametrize(
    "text",
    [
        "One sentence.",
        "Two of them! [pause 1.3s] And one more…",
        "[pause 2s] It begins with a pause. It ends with one. [pause 0.7]",
        "Why? Because: it does so.",
    ],
)
@pytest.mark.parametrize("speed", [0.8, 1.0, 1.37])
def test_the_length_of_a_stored_line_is_known_without_its_sound(text, speed, tmp_path, monkeypatch):
    store = Folder(tmp_path)
    read = line(text)
    assert speech.length(read, "preview", speed=speed, store=store) is None
    seconds = speech.run(read, "preview", speed=speed, store=store).seconds
    monkeypatch.setattr(speech, "levelled", None)
    monkeypatch.setattr(speech, "_read", None)
    assert speech.length(read, "preview", speed=speed, store=store) == seconds
    assert speech.length(line("Another. " + text), "preview", speed=speed, store=store) is None


def test_the_length_of_many_pauses_is_known_from_reading():
    read = script.run(
        "<speak>" + "<break time='10s'/> a " * 900 + "</speak>", markup="ssml", supports=CONTROLS
    )
    assert speech.estimate(read, "preview") > 9000


def test_a_long_line_is_levelled_and_followed_in_parts_as_in_one_piece(monkeypatch):
    """Memory does not grow with a line; the result is the same, to a tenth of a decibel and to the frame."""
    spoken = speech.run(line(TEXT + " [pause 3s] " + TEXT), "preview")
    quiet = 0.3 * spoken.wav
    whole = speech.levelled(quiet), speech.loudness(quiet)
    tracks = alignment.run(line(TEXT), spoken)
    monkeypatch.setattr(alignment, "PART", 2 * SAMPLE_RATE)
    levelled = speech.levelled(quiet)
    assert levelled.size == whole[0].size
    assert np.abs(20 * np.log10(np.std(levelled) / np.std(whole[0]))) < 0.1
    assert np.corrcoef(levelled, whole[0])[0, 1] > 0.9999
    assert speech.loudness(quiet) == pytest.approx(whole[1], abs=0.1)
    in_parts = alignment.run(line(TEXT), spoken)
    assert np.abs(in_parts.energy - tracks.energy).max() < 0.01
    assert np.mean(np.abs(in_parts.pitch - tracks.pitch) > 1) < 0.01
