"""The music under a video, measured in the delivered file; test_loudness.py holds how loud the file is."""

from itertools import pairwise

import av
import numpy as np
import pytest
import soundfile

from rendering.stages import delivery, music
from rendering.values import SAMPLE_RATE, Music, Segment, Timing, VideoFormat, Word

VIDEO = VideoFormat(64, 36)
SPOKEN = [
    Word("one", 3.0, 3.5),
    Word("two", 3.9, 6.0),
]  # the music stays down in the short pause between them


@pytest.fixture(scope="module")
def piece(tmp_path_factory):
    """Four seconds of even noise of low frequencies, which AAC keeps."""
    path = tmp_path_factory.mktemp("music") / "piece.flac"
    noise = np.random.default_rng(2).normal(0, 1, (4 * music.RATE + 15, 2)).cumsum(0)
    noise = 0.03 * (noise[15:] - noise[:-15])
    soundfile.write(path, noise, music.RATE, subtype="PCM_16")
    return path


@pytest.fixture(scope="module")
def delivered(piece, tmp_path_factory):
    """The sound track of twelve seconds of video, with music under words that have times but are silent."""
    folder = tmp_path_factory.mktemp("film")
    film, sound = folder / "part.mp4", folder / "part.flac"
    grey = np.full((36, 64, 3), 128, np.uint8)
    delivery.segment(
        (grey for _ in range(300)),
        np.zeros(12 * SAMPLE_RATE, np.float32),
        video=VIDEO,
        film=film,
        sound=sound,
    )
    flat = np.zeros(1, np.float32)
    timing = Timing(tuple(SPOKEN), (), 12.0, 0.01, flat, flat)
    out = folder / "out"
    out.mkdir()
    files = delivery.assemble(
        [Segment("0" * 64, film, sound, timing, 12.0)],
        video=VIDEO,
        folder=out,
        title="Bed",
        music=Music(piece, "", volume=-12.0, duck=9.0),
    )
    with av.open(str(files.video)) as container:
        stream = container.streams.audio[0]
        assert stream.layout.name == "stereo"
        parts = [frame.to_ndarray() for frame in container.decode(audio=0)]
    return np.concatenate(parts, axis=1)[:, : 12 * music.RATE]


def level(wave, start, end):
    part = wave[:, round(start * music.RATE) : round(end * music.RATE)]
    return 20 * np.log10(np.sqrt(np.mean(np.square(part, dtype=np.float64))) + 1e-9)


def test_music_ducks_by_the_amount_that_was_set(delivered):
    loud, low = level(delivered, 1.0, 2.4), level(delivered, 3.0, 5.9)
    assert loud - low == pytest.approx(9.0, abs=0.6)
    assert level(delivered, 3.5, 3.9) == pytest.approx(low, abs=0.8)
    assert level(delivered, 7.2, 9.0) == pytest.approx(loud, abs=0.6)


def test_music_goes_down_before_the_words_and_comes_up_slowly_after_them(delivered):
    loud, low = level(delivered, 1.0, 2.4), level(delivered, 4.0, 5.9)
    begins = 3.0 - music.LEAD - music.ATTACK
    assert level(delivered, begins - 0.3, begins) == pytest.approx(loud, abs=0.9)
    assert level(delivered, 3.0 - music.LEAD, 3.2) == pytest.approx(low, abs=0.9)
    assert low + 1 < level(delivered, 6.3, 6.5) < loud - 1


def test_music_loops_without_a_gap_and_fades_out_at_the_end(delivered):
    """The piece has 4 s, the video 12."""
    steady = [level(delivered, t, t + 0.1) for t in np.arange(7.2, 9.0, 0.1)]
    assert np.ptp(steady) < 2.5
    assert level(delivered, 11.9, 12.0) < level(delivered, 8.0, 9.0) - 20
    falling = [level(delivered, t, t + 0.25) for t in np.arange(9.6, 11.9, 0.5)]
    assert all(a > b for a, b in pairwise(falling))


def test_music_without_ducking_stays_at_its_volume():
    curve = music.gain(Music(None, "", -20.0, 0.0), music.spoken(SPOKEN), 12.0)  # type: ignore[arg-type]
    assert curve[150:900] == pytest.approx(-20.0)
