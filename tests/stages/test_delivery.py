"""Segments and videos of moving squares and clicks, read back with PyAV, which is not our ffmpeg."""

import os
import signal
import subprocess
import sys
import threading
import time

import av
import numpy as np
import pytest

from rendering import media
from rendering.stages import delivery
from rendering.values import (
    SAMPLE_RATE,
    BadInput,
    Canceled,
    Chapter,
    Segment,
    Timing,
    VideoFormat,
    Word,
)

SMALL = VideoFormat(320, 180)
FLASH = 5  # number of the frame that is white and has the click


def frames(count, video=SMALL):
    for number in range(count):
        frame = np.full((video.height, video.width, 3), 40, np.uint8)
        frame[40:80, number % 240 : number % 240 + 40] = (200, 30, 30)
        yield np.full_like(frame, 255) if number == FLASH else frame


def make_segment(folder, name, count=20, video=SMALL):
    wav = np.zeros(count * 960 - 300, np.float32)
    wav[FLASH * 960 : FLASH * 960 + 48] = 0.9
    film, sound = folder / f"{name}.mp4", folder / f"{name}.flac"
    made = delivery.segment(frames(count, video), wav, video=video, film=film, sound=sound)
    words = (Word("Hello,", 0.1, 0.3), Word("you.", 0.3, 0.5))
    track = np.zeros(1, np.float32)
    timing = Timing(words, (), count / 25, 0.01, track, track)
    return Segment(name, film, sound, timing, made / video.fps)


def joined(folder, segments, video=SMALL, **settings):
    out = folder / "out"
    out.mkdir()
    return delivery.assemble(segments, video=video, folder=out, title="A film", **settings)


def pictures(path):
    with av.open(str(path)) as container:
        return [
            (float(frame.pts * frame.time_base), frame.to_ndarray(format="gray").mean())
            for frame in container.decode(video=0)
        ]


def samples(path):
    with av.open(str(path)) as container:
        parts = list(container.decode(audio=0))
    first = parts[0]
    return (
        np.concatenate([part.to_ndarray()[0] for part in parts]),
        first.sample_rate,
        float(first.pts * first.time_base),
    )


def clicks(path):
    wav, rate, start = samples(path)
    loud = np.flatnonzero(np.abs(wav) > 0.4) / rate + start
    return [at for at, before in zip(loud, [-1, *loud], strict=False) if at - before > 0.2]


def test_a_segment_has_sound_as_long_as_its_pictures(tmp_path):
    import soundfile

    part = make_segment(tmp_path, "a", 23)
    assert len(pictures(part.video)) == 23
    wav, rate = soundfile.read(part.sound)
    assert (wav.size, rate) == (23 * 960, SAMPLE_RATE)
    assert part.seconds == pytest.approx(23 / 25)


@pytest.mark.parametrize("codec", ["h264", "av1"])
def test_a_segment_begins_with_a_key_frame_and_has_equal_headers(tmp_path, codec):
    video = VideoFormat(320, 180, 25, codec)
    headers = set()
    for name, count in (("a", 260), ("b", 12)):
        part = make_segment(tmp_path, name, count, video)
        with av.open(str(part.video)) as container:
            stream = container.streams.video[0]
            assert stream.codec_context.name in (codec, "libdav1d")
            headers.add(bytes(stream.codec_context.extradata))
            keys = [packet.is_keyframe for packet in container.demux(stream) if packet.size]
        assert keys[0]
        assert sum(keys) == (2 if count == 260 else 1)  # every ten seconds
    assert len(headers) == 1


@pytest.mark.parametrize("count", [1, 2, 40])
def test_the_coder_changes_pictures_least_where_lines_are_joined(tmp_path, count):
    """The first and the last pictures are coded more faithfully than those between them."""
    drawn, chance = [], np.random.default_rng(1)
    for _ in range(count):
        part = chance.normal(128, 6, (180, 320))
        drawn.append(np.repeat(part[..., None], 3, 2).clip(0, 255).astype(np.uint8))
    film, sound = tmp_path / "a.mp4", tmp_path / "a.flac"
    wav = np.zeros(count * 960, np.float32)
    assert delivery.segment(iter(drawn), wav, video=SMALL, film=film, sound=sound) == count
    with av.open(str(film)) as container:
        shown = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    lost = [np.abs(a.astype(int) - b).mean() for a, b in zip(shown, drawn, strict=True)]
    assert len(lost) == count
    assert max(lost[0], *lost[-2:]) < 0.9 * np.mean(lost[1:-2] or [9.0])


def test_colours_survive_the_coder(tmp_path):
    part = make_segment(tmp_path, "a", 3)
    with av.open(str(part.video)) as container:
        frame = next(container.decode(video=0))
    assert frame.colorspace == 1  # BT.709
    seen = frame.to_ndarray(format="rgb24", src_colorspace="ITU709", dst_colorspace="ITU709")
    assert np.abs(seen[60, 20].astype(int) - (200, 30, 30)).max() < 12


def test_fifty_segments_join_without_drift(tmp_path):
    parts = 10 * [make_segment(tmp_path, str(n), 8 + 3 * n) for n in range(5)]
    files = joined(tmp_path, parts)
    total = sum(part.seconds for part in parts)
    seen = pictures(files.video)
    assert len(seen) == round(total * 25)
    assert np.abs(np.diff([at for at, _ in seen]) - 0.04).max() < 1e-9
    flashes = [at for at, light in seen if light > 200]
    heard = clicks(files.video)
    assert len(flashes) == len(heard) == 50
    assert np.abs(np.subtract(flashes, heard)).max() < 0.002
    wav, rate, start = samples(files.video)
    assert start == 0
    assert wav.size / rate == pytest.approx(total, abs=0.03)


def test_a_video_has_chapters_and_starts_at_once(tmp_path):
    parts = [make_segment(tmp_path, "a"), make_segment(tmp_path, "b")]
    chapters = delivery.chapters(["One; = #1\\2\\", "Zwei ü"], [0.8, 0.8])
    files = joined(tmp_path, parts, chapters=chapters)
    with av.open(str(files.video)) as container:
        found = [
            (c["metadata"]["title"], float(c["start"] * c["time_base"]))
            for c in container.chapters()
        ]
        assert container.metadata["title"] == "A film"
    assert found == [("One; = #1\\2\\ ", 0.0), ("Zwei ü", 0.8)]
    data = files.video.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    assert files.poster.read_bytes()[:2] == b"\xff\xd8"
    assert "00:00:00.900 --> " in files.vtt.read_text()
    assert media.probe(files.video)["chapters"][1] == {"title": "Zwei ü", "start": 0.8, "end": 1.6}


def test_chapters_join_lines_of_one_title():
    assert delivery.chapters(["a", "a", "b", "a"], [1, 2, 3, 4]) == [
        Chapter("a", 0, 3),
        Chapter("b", 3, 6),
        Chapter("a", 6, 10),
    ]


def test_films_joined_in_another_codec_are_encoded_again(tmp_path):
    files = joined(tmp_path, [make_segment(tmp_path, "a")], codec="av1")
    assert media.probe(files.video)["streams"][0]["codec"] == "av1"


def test_captions_of_two_lines_stay_apart(tmp_path):
    files = joined(tmp_path, [make_segment(tmp_path, str(n), 15) for n in range(3)])
    times = [row for row in files.srt.read_text().split("\n") if "-->" in row]
    assert times[:2] == [
        "00:00:00,100 --> 00:00:00,620",
        "00:00:00,700 --> 00:00:01,220",
    ]


def test_a_codec_that_cannot_be_written_is_refused():
    with pytest.raises(BadInput):
        media.video_encoder("prores", 25)


def test_a_segment_stops_within_two_seconds_when_asked(tmp_path):
    stop = threading.Event()

    def endless():
        yield from frames(10)
        stop.set()
        yield from frames(10_000)

    begun = time.monotonic()
    with pytest.raises(Canceled):
        delivery.segment(
            endless(),
            np.zeros(10, np.float32),
            video=SMALL,
            film=tmp_path / "a.mp4",
            sound=tmp_path / "a.flac",
            stop=stop,
        )
    assert time.monotonic() - begun < 2
    assert not _children()


def _children():
    return [
        pid
        for pid in os.listdir("/proc")
        if pid.isdigit() and _parent(pid) == os.getpid() and "ffmpeg" in _name(pid)
    ]


def _parent(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return int(file.read().rsplit(")", 1)[1].split()[1])
    except OSError:
        return 0


def _name(pid):
    try:
        with open(f"/proc/{pid}/comm") as file:
            return file.read()
    except OSError:
        return ""


def test_the_message_of_a_failing_ffmpeg_is_logged_and_not_shown(tmp_path, caplog):
    with pytest.raises(media.MediaFailed) as failure:
        media.run(["-i", tmp_path / "absent.mp4", "-f", "null", "-"])
    assert "absent" not in str(failure.value)
    assert "absent.mp4" in caplog.text


def test_ffmpeg_dies_with_a_killed_parent(tmp_path):
    code = (
        "import sys\nfrom rendering import media\n"
        "media.run(['-f', 'lavfi', '-re', '-i', 'anullsrc', sys.argv[1]])"
    )
    out = tmp_path / "silence.wav"
    parent = subprocess.Popen([sys.executable, "-c", code, out])
    deadline = time.monotonic() + 15
    while not out.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    while _writers(out) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert out.exists()
    assert not _writers(out)


def _writers(path):
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                if str(path).encode() in file.read():
                    found.append(pid)
        except OSError:
            continue
    return found
