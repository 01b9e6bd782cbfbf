"""Intro and outro: what is before the first line and after the last, read back from the finished film."""

import subprocess
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import av
import cv2
import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from rendering import clips, finishing, media, mixed, pipeline, provenance
from rendering.stages import bumpers, delivery, music
from rendering.store import Store
from rendering.values import (
    Bumper,
    Bumpers,
    Chapter,
    LineSpec,
    Music,
    VideoFormat,
    bumpers_from_json,
    bumpers_to_json,
)

VIDEO = VideoFormat(320, 180)
SPEC = LineSpec("Hello there.", "maya", "preview", video=VIDEO)
CODED = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")


def ffmpeg(*arguments):
    subprocess.run([media.program(), "-y", "-loglevel", "error", *map(str, arguments)], check=True)


def bumper_of(made, fps=25):
    seconds = round(made.seconds * fps) / fps
    return Bumper(
        made.path, made.sha256, seconds, made.width / made.height, made.sound, made.sound_sha256
    )


@pytest.fixture(scope="module")
def framed(tmp_path_factory):
    """A red intro with a tone, and a white square outro without a sound, as they are taken in."""
    folder = tmp_path_factory.mktemp("bumpers")
    red, tone = "color=red:s=320x180:r=25:d=1.2", "sine=f=440:d=1.2:r=48000"
    ffmpeg(
        *("-f", "lavfi", "-i", red, "-f", "lavfi", "-i", tone, *CODED, "-c:a", "aac"),
        folder / "intro.mp4",
    )
    white = "color=white:s=180x180:r=30:d=1,drawbox=60:60:60:60:black:fill"
    ffmpeg("-f", "lavfi", "-i", white, *CODED, folder / "outro.mp4")
    intro, outro = (
        bumper_of(clips.intake(folder / name, folder, "video"))
        for name in ("intro.mp4", "outro.mp4")
    )
    return Bumpers(intro, outro)


@pytest.fixture(scope="module")
def film(framed, tmp_path_factory):
    """The film, and what belongs to it. sound: (2, samples); mixes: how often it was mixed; named: its ingredients."""
    folder = tmp_path_factory.mktemp("film")
    store = Store(folder / "store")
    line = pipeline.render_line(SPEC, store=store)
    mixes, mix = [], delivery.mix
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delivery, "mix", lambda *a, **o: mixes.append(a) or mix(*a, **o))
        mixed.ahead([SPEC], [line.key], suffix=".mp4", music=None, bumpers=framed, store=store)
        done = finishing.deliver(
            [line],
            lines=[SPEC],
            store=store,
            title="Framed",
            chapters=[Chapter("One", 0.0, line.seconds)],
            codec="h264",
            consents=[{"id": "consent_1", "kind": "licence", "sha256": "ab" * 32}],
            authority=folder / "c2pa",
            bumpers=framed,
        )
    path = output(store, done, "video")
    with av.open(str(path)) as container:
        sound = np.concatenate([f.to_ndarray() for f in container.decode(audio=0)], axis=1)
    named = {part["title"] for part in provenance.read(path, folder / "c2pa")["ingredients"]}
    return SimpleNamespace(
        store=store, done=done, line=line, path=path, sound=sound, mixes=mixes, named=named
    )


def output(store, done, kind):
    found = next(one for one in done.outputs if one["kind"] == kind)
    return store.find(found["key"], found["suffix"])


def pictures(path):
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def test_the_film_is_intro_line_and_outro_to_the_frame(film, framed):
    done, line, path = film.done, film.line, film.path
    length = framed.intro.seconds + line.seconds + framed.outro.seconds
    assert done.seconds == pytest.approx(length)
    assert [stream["seconds"] for stream in media.probe(path)["streams"]] == pytest.approx(
        [length, length], abs=0.03
    )
    shown = pictures(path)
    assert len(shown) == round(length * 25)
    first, last = shown[0].reshape(-1, 3).mean(0), shown[-1]
    assert first[0] > 200 > 60 > first[1]  # red
    assert shown[29].reshape(-1, 3).mean(0)[0] > 200
    assert shown[30].reshape(-1, 3).mean(0)[1] > 60  # the line, to the frame
    assert last[:, 0].mean() > 240  # its white goes on beside the square
    assert last[90, 160].mean() < 30


def test_words_and_chapters_know_that_an_intro_comes_first(film, framed):
    store, done, line = film.store, film.done, film.line
    start = framed.intro.seconds
    first = line.timing.words[0].start
    with output(store, done, "srt").open() as file:
        moment = file.read().split("\n")[1].split(" --> ")[0]
    assert float(moment[6:].replace(",", ".")) == pytest.approx(start + first, abs=0.35)
    assert output(store, done, "transcript").read_text().strip().endswith("[0:01] Hello there.")
    assert done.chapters == [{"title": "One", "start": 0.0, "end": pytest.approx(done.seconds)}]


def test_the_poster_is_of_the_line(film):
    poster = cv2.imread(str(output(film.store, film.done, "poster")))[..., ::-1]
    assert np.abs(poster.astype(int) - pictures(film.line.video)[0]).mean() < 6


def test_its_tone_is_heard_before_the_line_and_not_within(film, framed):
    sound = film.sound
    rate, start = music.RATE, framed.intro.seconds
    assert sound.shape[0] == 2
    part = sound[0, round(0.2 * rate) : round((start - 0.3) * rate)]
    loudest = np.abs(np.fft.rfft(part * np.hanning(part.size))).argmax() * rate / part.size
    assert loudest == pytest.approx(440, abs=3)
    assert np.abs(sound[:, -round(0.5 * rate) :]).max() < 0.01  # the outro has no sound


def test_joining_finds_the_sound_that_was_mixed_ahead(film):
    assert len(film.mixes) == 1


def test_the_manifest_names_them(film):
    assert {"Intro", "Outro"} <= film.named


def test_a_drafts_intro_is_marked(framed, tmp_path):
    store = Store(tmp_path)
    plain, marked = (
        pictures(bumpers.segment(framed.intro, VIDEO, draft=draft, store=store).video)[5]
        for draft in (False, True)
    )
    assert marked[..., 1].std() > plain[..., 1].std() + 10  # white letters on red


def test_music_waits_for_a_sounding_intro_and_plays_under_a_silent_outro(framed, tmp_path):
    noise = np.random.default_rng(2).normal(0, 0.1, (4 * music.RATE, 2))
    soundfile.write(tmp_path / "piece.flac", noise, music.RATE, subtype="PCM_16")
    piece = Music(tmp_path / "piece.flac", "", volume=-6.0, duck=0.0)
    music.write(tmp_path / "bed.flac", piece, (), 6.0, bumpers=framed)
    bed, rate = soundfile.read(tmp_path / "bed.flac", always_2d=True)
    assert len(bed) == 6 * rate

    def high(start, end):
        """Share of the sound above 2 kHz, where the tone has nothing."""
        part = bed[round(start * rate) : round(end * rate), 0]
        power = np.abs(np.fft.rfft(part)) ** 2
        return power[round(2000 * part.size / rate) :].sum() / power.sum()

    assert high(0.2, framed.intro.seconds - 0.2) < 0.01
    assert high(2.5, 3.5) > 0.5
    assert np.abs(bed[round(5.1 * rate) : round(5.4 * rate)]).max() > 0.001


def test_a_video_keeps_its_sound_only_if_it_is_short(tmp_path):
    for seconds, kept in ((3, True), (11, False)):
        path = tmp_path / f"{seconds}.mp4"
        ffmpeg(
            *("-f", "lavfi", "-i", f"color=red:s=64x36:r=25:d={seconds}", "-f", "lavfi"),
            *("-i", f"sine=d={seconds}", *CODED, "-c:a", "aac", path),
        )
        made = clips.intake(path, tmp_path / "made", "video")
        assert bool(made.sound) == kept
        if made.sound:
            found = soundfile.info(made.sound)
            assert (found.samplerate, found.channels) == (48_000, 2)
            assert found.duration == pytest.approx(3, abs=0.1)


FOUND = st.none() | st.builds(
    Bumper,
    st.just(Path("/a/b.mp4")),
    st.sampled_from(["", "ab"]),
    st.floats(0.1, 10),
    st.floats(0.1, 10),
    st.none() | st.just(Path("/a/b.flac")),
    st.sampled_from(["", "ab"]),
)


@given(st.builds(Bumpers, FOUND, FOUND))
def test_they_are_stored_as_they_are(found):
    assert bumpers_from_json(bumpers_to_json(found)) == found


def test_each_thing_that_shows_changes_the_key(framed):
    one, other = framed.intro, replace(VIDEO, fps=30)
    keys = [
        bumpers.key(one, VIDEO, draft=False),
        bumpers.key(one, VIDEO, draft=True),
        bumpers.key(one, other, draft=False),
        bumpers.key(replace(one, sound_sha256=""), VIDEO, draft=False),
        bumpers.key(replace(one, seconds=1.0), VIDEO, draft=False),
        bumpers.key(framed.outro, VIDEO, draft=False),
    ]
    assert len(set(keys)) == len(keys)
