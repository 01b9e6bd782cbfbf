"""Uploaded videos and music: accepted files become the same kind of file, refused ones get one sentence."""

import subprocess

import av
import numpy as np
import pytest
import soundfile

from rendering import clips, media
from rendering.values import BadInput


def ffmpeg(*arguments):
    command = [media.program(), "-y", "-loglevel", "error", *map(str, arguments)]
    subprocess.run(command, check=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Files of every kind, good and bad."""
    where = tmp_path_factory.mktemp("clips")
    coded = ("-c:v", "libx264", "-preset", "ultrafast")
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=320x180:r=30:d=2", *coded, where / "good.mp4")
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=s=160x90:r=30:d=3"),
        *("-vf", "select='lt(t,1)+not(mod(n,7))'", "-fps_mode", "vfr", *coded, where / "vfr.mp4"),
    )
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=160x90:r=25:d=1", "-c:v", "libvpx", where / "good.webm")
    ffmpeg(
        *("-f", "lavfi", "-i", "color=red:s=64x36:r=1:d=40", "-vf", "setpts=PTS*900"),
        *("-fps_mode", "passthrough", "-enc_time_base", "1/1", *coded, where / "ten hours.mp4"),
    )
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=s=160x90:r=30:d=0.1", "-frames:v", "1"),
        *(*coded, where / "no time.mp4"),
    )
    ffmpeg("-f", "lavfi", "-i", "sine=d=2", "-c:a", "aac", where / "only sound.mp4")
    whole = (where / "good.mp4").read_bytes()
    (where / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    middle, wrong = len(whole) // 2, bytearray(whole)
    wrong[middle : middle + 20_000] = bytes(b ^ 0x5A for b in wrong[middle : middle + 20_000])
    (where / "corrupt.mp4").write_bytes(wrong)
    (where / "empty.mp4").write_bytes(b"")
    (where / "text.mp3").write_text("These are words, not sounds.\n" * 40)
    (where / "playlist.mp4").write_text("#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n")
    ffmpeg("-f", "lavfi", "-i", "anullsrc=r=44100:cl=stereo", "-t", "2", where / "silent.wav")
    ffmpeg("-f", "lavfi", "-i", "anoisesrc=c=pink:d=5:a=0.1", "-ac", "1", where / "good.mp3")
    return where


@pytest.mark.parametrize(
    ("name", "seconds", "fps"), [("good.mp4", 2, 30), ("vfr.mp4", 3, 25), ("good.webm", 1, 25)]
)
def test_a_video_comes_out_steady_and_silent(folder, tmp_path, name, seconds, fps):
    made = clips.intake(folder / name, tmp_path, "video")
    assert made.seconds == pytest.approx(seconds, abs=0.2)
    assert media.length(made.path) == pytest.approx(made.seconds, abs=0.05)
    with av.open(str(made.path)) as container:
        assert [stream.type for stream in container.streams] == ["video"]
        stamps = [float(frame.time) for frame in container.decode(video=0)]
        assert (made.width, made.height) == (
            container.streams.video[0].width,
            container.streams.video[0].height,
        )
    assert np.diff(stamps) == pytest.approx(np.full(len(stamps) - 1, 1 / fps), abs=1e-3)


def test_music_comes_out_at_the_loudness_of_speech(folder, tmp_path):
    import pyloudnorm

    made = clips.intake(folder / "good.mp3", tmp_path, "music")
    wave, rate = soundfile.read(made.path)
    assert (rate, wave.shape[1]) == (48_000, 2)
    assert made.seconds == pytest.approx(5, abs=0.1)
    assert pyloudnorm.Meter(rate).integrated_loudness(wave) == pytest.approx(-16, abs=0.5)


@pytest.mark.parametrize(
    ("name", "kind", "sentence"),
    [
        ("empty.mp4", "video", "is empty"),
        ("no time.mp4", "video", "0.0 s long; it needs 0.2 s"),
        ("ten hours.mp4", "video", "9.8 hours long; at most 10 minutes"),
        ("only sound.mp4", "video", "has no pictures"),
        ("cut.mp4", "video", "damaged or cut off"),
        ("corrupt.mp4", "video", "not all of its pictures can be read"),
        ("text.mp3", "video", "no video that can be read here; use an MP4, MOV or WebM"),
        ("playlist.mp4", "video", "no video that can be read"),
        ("good.mp3", "video", "no video that can be read"),
        ("silent.wav", "music", "silent"),
        ("text.mp3", "music", "no music that can be read here; use a WAV"),
        ("good.mp4", "music", "has no sound"),
    ],
)
def test_an_unusable_file_is_refused_with_one_sentence_and_leaves_nothing(
    folder, tmp_path, name, kind, sentence
):
    with pytest.raises(BadInput) as refused:
        clips.intake(folder / name, tmp_path / "kept", kind)
    assert sentence in refused.value.sentence
    assert refused.value.sentence.endswith(".")
    written = tmp_path / "kept"
    assert not written.exists() or not list(written.iterdir())
