"""How loud a film is: read from the delivered file by ffmpeg's own meter."""

import av
import numpy as np
import pyloudnorm
import pytest
import soundfile

from rendering.stages import delivery, music, script, speech
from rendering.values import SAMPLE_RATE, Music, Segment, Timing, VideoFormat
from tests.stages.test_speech import measured

VIDEO = VideoFormat(64, 36)
CLEAR = VideoFormat(64, 36, codec="vp9", alpha=True)
TEXT = "The tide is out, and the boats lie still. [pause 1.5s] Who would have thought it? Nobody!"


@pytest.fixture(scope="module")
def segment(tmp_path_factory):
    """segment(voice, text, video) -> a film of the line, grey, made once."""
    folder = tmp_path_factory.mktemp("lines")
    made = {}

    def make(voice, text=TEXT, video=VIDEO):
        key = f"{len(made):064d}"
        if (voice, text, video) not in made:
            line = script.run(text, supports=frozenset({"pauses"}))
            spoken = speech.run(line, voice)
            film, sound = folder / f"{key}{video.suffix}", folder / f"{key}.flac"
            grey = np.full((36, 64, 4 if video.alpha else 3), 128, np.uint8)
            count = delivery.segment(
                (grey for _ in range(round(spoken.seconds * 25))),
                spoken.wav,
                video=video,
                film=film,
                sound=sound,
            )
            flat = np.zeros(1, np.float32)
            timing = Timing(spoken.words, (), spoken.seconds, 0.01, flat, flat)
            made[voice, text, video] = Segment(key, film, sound, timing, count / 25)
        return made[voice, text, video]

    return make


@pytest.fixture(scope="module")
def piece(tmp_path_factory):
    """Six seconds of a chord as the studio stores music, -16 LUFS; its channels are opposite, unlike those of a voice."""
    path = tmp_path_factory.mktemp("music") / "piece.flac"
    times = np.arange(6 * music.RATE) / music.RATE
    chord = sum(np.sin(2 * np.pi * pitch * times) for pitch in (220.0, 277.2, 329.6, 440.0, 1318.5))
    chord = np.asarray(chord)[:, None] * (1, -1)
    meter = pyloudnorm.Meter(music.RATE)
    chord = pyloudnorm.normalize.loudness(chord, meter.integrated_loudness(chord), music.LOUDNESS)
    soundfile.write(path, chord, music.RATE, subtype="PCM_16")
    return path


def delivered(folder, *segments, video=VIDEO, **settings):
    folder.mkdir()
    return delivery.assemble(
        segments, video=video, codec=video.codec, folder=folder, title="Film", **settings
    )


def sound_of(film):
    with av.open(str(film)) as container:
        rate = container.streams.audio[0].rate
        parts = [frame.to_ndarray() for frame in container.decode(audio=0)]
    return np.concatenate(parts, axis=1), rate


def assert_loudness(files):
    lufs, peak = measured(files.video)
    assert lufs == pytest.approx(-16, abs=0.5)
    assert peak <= -1
    assert (files.loudness.lufs, files.loudness.peak) == (lufs, peak)


@pytest.mark.parametrize("video", [VIDEO, CLEAR], ids=["aac", "opus"])
@pytest.mark.parametrize("bed", [None, Music(None, "", -14.0, 10.0)], ids=["mono", "stereo"])  # type: ignore[arg-type]
def test_a_film_is_as_loud_as_promised(segment, piece, tmp_path, video, bed):
    parts = [segment("preview", video=video), segment("preview", "Yes.", video)]
    given = {} if bed is None else {"music": Music(piece, "", bed.volume, bed.duck)}
    files = delivered(tmp_path / "out", *parts, video=video, **given)
    assert_loudness(files)
    wave, rate = sound_of(files.video)
    assert (len(wave), rate) == (1 if bed is None else 2, 48_000)
    assert wave.shape[1] / rate == pytest.approx(files.seconds, abs=0.04)


@pytest.mark.parametrize("voice", ["af_heart", "bm_george"])
def test_a_film_of_any_voice_is_as_loud_as_promised(segment, piece, tmp_path, voice):
    parts = [segment(voice, "The boats lie still.")] * 3
    assert_loudness(delivered(tmp_path / "mono", *parts))
    assert_loudness(delivered(tmp_path / "stereo", *parts, music=Music(piece, "", -20.0, 6.0)))


@pytest.mark.parametrize(("volume", "duck"), [(-20.0, 0.0), (-14.0, 10.0), (-6.0, 0.0), (0.0, 6.0)])
def test_the_distance_of_speech_and_music_is_as_set(segment, piece, tmp_path, volume, duck):
    """The voice is what both channels share, the music what they do not."""
    part = segment(
        "preview", "The tide is out, the boats lie still, and who would have thought it?"
    )
    files = delivered(tmp_path / "out", part, music=Music(piece, "", volume, duck))
    assert_loudness(files)
    (left, right), rate = sound_of(files.video)
    words = part.timing.words
    here = slice(round(music.COME * rate), round(words[-1].end * rate))
    meter = pyloudnorm.Meter(rate)
    voice, bed = (
        meter.integrated_loudness(np.stack([one[here]] * 2, axis=1))
        for one in ((left + right) / 2, (left - right) / 2)
    )
    with soundfile.SoundFile(part.sound) as file:
        alone = pyloudnorm.Meter(SAMPLE_RATE).integrated_loudness(file.read())
    assert alone == pytest.approx(-16, abs=0.2)
    assert bed - voice == pytest.approx(volume - duck, abs=0.6)


def test_long_silence_under_music_makes_no_film_quiet(segment, piece, tmp_path):
    parts = [segment("preview", "[pause 8s] Hello, all of you. [pause 6s]"), segment("preview")]
    assert_loudness(delivered(tmp_path / "out", *parts, music=Music(piece, "", -14.0, 10.0)))


def test_the_voice_stays_with_the_lips(segment, piece, tmp_path):
    """Mixing and limiting shift nothing: the voice of the film is that of the line, to the millisecond."""
    part = segment("preview")
    line, _ = soundfile.read(part.sound)
    for name, given in (("mono", {}), ("stereo", {"music": Music(piece, "", -20.0, 10.0)})):
        wave, _ = sound_of(delivered(tmp_path / name, part, **given).video)
        heard = wave.mean(axis=0)[:: 48_000 // SAMPLE_RATE]
        size = 1 << 19
        both = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(line, size)))
        assert np.argmax(both) in (0, 1, size - 1)


def test_short_films_are_as_loud_as_promised_and_silent_ones_silent(segment, piece, tmp_path):
    for name, given in (("mono", {}), ("stereo", {"music": Music(piece, "", -14.0, 10.0)})):
        files = delivered(tmp_path / name, segment("preview", "Yes."), **given)
        assert files.seconds < 2
        assert files.loudness.lufs == pytest.approx(-16, abs=1)
        assert files.loudness.peak <= -1
    quiet = segment("preview", "Yes.")
    silence = quiet.sound.with_name("silence.flac")
    soundfile.write(silence, np.zeros(quiet.sound.stat().st_size), SAMPLE_RATE, format="FLAC")
    still = Segment("s", quiet.video, silence, quiet.timing, quiet.seconds)
    files = delivered(tmp_path / "silent", still)
    assert files.loudness == delivery.media.Loudness(-70.0, float("-inf"))
