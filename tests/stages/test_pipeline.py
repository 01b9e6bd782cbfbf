"""One line through all stages, with a real avatar and a real voice, small and short."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rendering import finishing, media, pipeline, provenance, segments
from rendering.failpoints import reach
from rendering.stages import composition, delivery
from rendering.store import OWNER, Store
from rendering.values import (
    STAGES,
    Background,
    BadInput,
    Canceled,
    Captions,
    Layout,
    LineSpec,
    Logo,
    Overlay,
    Segment,
    VideoFormat,
    spec_from_json,
    spec_to_json,
)

SMALL = VideoFormat(320, 180)
SPEC = LineSpec("Hello **there**.", "maya", "preview", video=SMALL)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A rendered line, its store, and the steps that were reported on the way."""
    store = Store(tmp_path_factory.mktemp("store"))
    reported: list[tuple[str, float]] = []
    segment = pipeline.render_line(SPEC, store=store, report=lambda *step: reported.append(step))
    return segment, store, reported


PAID = [
    {"text": "Hello **you**."},
    {"text": "Hello there."},  # without the emphasis
    {"voice": "af_heart"},
    {"avatar": "daniel"},
    {"language": "en-GB", "voice": "bf_emma"},
    {"speed": 1.1},
    {"pitch": 1.0},
    {"style": "calm"},
    {"seed": 7},
    {"dictionary": (("there", "alias", "everybody"),)},
]
FREE = [
    {"background": Background("#000000")},
    {"background": Background(picture=Path("room.jpg"), sha256="ab" * 32)},
    {"video": VideoFormat(640, 360)},
    {"video": replace(SMALL, codec="av1")},
    {"captions": Captions(burn_in=True)},
    {"captions": Captions(burn_in=True, style="karaoke")},
    {"layout": Layout("circle")},
    {"overlays": (Overlay("Hello", first=0),)},
    {"logo": Logo(Path("logo.png"), "cd" * 32)},
    {"draft": True},
]


@pytest.mark.parametrize("change", PAID)
def test_a_change_that_is_paid_for_changes_both_keys(change):
    other = replace(SPEC, **change)
    assert pipeline.line_key(other) != pipeline.line_key(SPEC)
    assert pipeline.segment_key(other) != pipeline.segment_key(SPEC)


@pytest.mark.parametrize("change", FREE)
def test_a_change_that_is_free_changes_the_key_of_the_segment_alone(change):
    other = replace(SPEC, **change)
    assert pipeline.line_key(other) == pipeline.line_key(SPEC)
    assert pipeline.segment_key(other) != pipeline.segment_key(SPEC)


def test_a_dictionary_entry_for_another_word_changes_nothing():
    other = replace(SPEC, dictionary=(("elsewhere", "alias", "somewhere"),))
    assert pipeline.line_key(other) == pipeline.line_key(SPEC)
    assert pipeline.segment_key(other) == pipeline.segment_key(SPEC)


@given(
    st.builds(
        LineSpec,
        text=st.text(max_size=50),
        avatar=st.just("maya"),
        voice=st.just("preview"),
        markup=st.sampled_from(["markdown", "ssml", "text"]),
        speed=st.floats(0.5, 2),
        background=st.builds(
            Background, picture=st.none() | st.just(Path("/a b/ü.jpg")), sha256=st.text(max_size=3)
        ),
        video=st.builds(VideoFormat, width=st.integers(2, 9), height=st.integers(2, 9)),
        dictionary=st.lists(
            st.tuples(st.text(max_size=5), st.sampled_from(["alias", "ipa"]), st.text(max_size=5)),
            max_size=3,
        ).map(tuple),
        seed=st.integers(0, 2**31),
    )
)
def test_a_spec_survives_json(spec):
    assert spec_from_json(json.loads(json.dumps(spec_to_json(spec)))) == spec


def test_a_line_knows_where_its_background_stands(tmp_path):
    """A video behind a scene runs on from line to line, whichever is made first; other lines need no earlier ones."""
    store = Store(tmp_path, reserve=0)
    moving = Background(video=Path("film.mp4"), sha256="ef" * 32)
    first = replace(SPEC, background=moving)
    second = replace(first, text="Goodbye then.")
    other = replace(first, text="Elsewhere.", scene=2, transition="fade")
    met = pipeline.border(second, [first], store=store)
    assert met.at == pytest.approx(pipeline.speak(first, store=store).seconds, abs=0.04)
    assert pipeline.segment_key(second, met) != pipeline.segment_key(second)
    assert pipeline.line_key(second) == pipeline.line_key(replace(second, background=Background()))
    dissolved = pipeline.border(other, [first, second], store=store)
    assert (dissolved.at, dissolved.before) == (0, second)
    assert dissolved.before_at > met.at
    assert pipeline.border(replace(SPEC, scene=2), [first], store=store) == pipeline.Border()


def test_a_scene_dissolves_from_the_last_frame_before_it(tmp_path):
    """Read back from two segments: no step of light at their border."""
    store = Store(tmp_path, reserve=0)
    dark = replace(SPEC, text="Hi.", background=Background("#101418"))
    light = replace(SPEC, text="Bye.", background=Background("#f5f3ef"), scene=2, transition="fade")
    parts = [
        pipeline.render_line(dark, store=store),
        pipeline.render_line(light, store=store, earlier=[dark]),
    ]
    shown = []
    for part in parts:
        with av.open(str(part.video)) as container:
            shown.append([f.to_ndarray(format="gray").mean() for f in container.decode(video=0)])
    steps = np.abs(np.diff(shown[0][-2:] + shown[1]))
    assert shown[1][-1] - shown[0][0] > 80
    assert steps.max() < 0.2 * (shown[1][-1] - shown[0][0])


def test_a_video_behind_a_scene_runs_on_while_it_dissolves(tmp_path):
    """A film whose grey is its time dissolves into black: read back, without the black, it goes on getting lighter."""
    film = tmp_path / "ramp.mp4"
    grey = "nullsrc=s=128x72:r=25:d=3,format=gray,geq=lum='30+60*T'"
    media.run(["-f", "lavfi", "-i", grey, "-pix_fmt", "yuv420p", "-f", "mp4", film])
    store = Store(tmp_path / "store", reserve=0)
    moving = replace(SPEC, text="Hi.", background=Background(video=film, sha256="ab" * 32))
    black = replace(SPEC, text="Bye.", background=Background("#000000"), scene=2, transition="fade")
    length = pipeline.render_line(moving, store=store).seconds
    part = pipeline.render_line(black, store=store, earlier=[moving])
    with av.open(str(part.video)) as container:
        corner = [f.to_ndarray(format="gray")[:40, :40].mean() for f in container.decode(video=0)]
    fps = SPEC.video.fps
    share = (np.arange(9) + 1) / fps / (composition.DISSOLVE + 1 / fps)
    left = 1 - share**2 * (3 - 2 * share)
    shown = np.array(corner[:9]) / left
    meant = 30 + 60 * (length + np.arange(9) / fps)
    assert np.abs(shown - shown[0] - (meant - meant[0])).max() < 4
    assert shown[8] - shown[0] > 14


def test_an_unknown_voice_is_refused():
    with pytest.raises(BadInput, match="no voice called"):
        pipeline.read_script(replace(SPEC, voice="nobody"))


def test_the_length_of_a_line_is_exact_once_it_was_spoken(made):
    segment, store, _ = made
    parsed = pipeline.read_script(SPEC)
    assert pipeline.length_of(SPEC, parsed, store=store) == (segment.seconds, True)
    other = replace(SPEC, text="Never said before.")
    seconds, exact = pipeline.length_of(other, pipeline.read_script(other), store=store)
    assert not exact
    assert 0.5 < seconds < 4


def test_a_line_becomes_a_segment(made):
    segment, _, reported = made
    with av.open(str(segment.video)) as container:
        frames = list(container.decode(video=0))
        assert (frames[0].width, frames[0].height) == (320, 180)
    assert len(frames) / 25 == segment.seconds
    with av.open(str(segment.sound)) as container:
        samples = sum(frame.samples for frame in container.decode(audio=0))
    assert samples == len(frames) * 960
    assert [word.text for word in segment.timing.words] == ["Hello", "there."]
    assert set(segment.stages) == set(STAGES)
    assert all(seconds >= 0 for seconds in segment.stages.values())
    assert -17 < segment.quality["audio_lufs"] < -15
    stages = [stage for stage, _ in reported]
    assert [stage for stage in STAGES if stage in stages] == list(STAGES[:6])
    assert all(0 <= fraction <= 1 for _, fraction in reported)


def test_a_segment_begins_at_rest(made):
    segment, _, _ = made
    with av.open(str(segment.video)) as container:
        first = next(container.decode(video=0)).to_ndarray(
            format="rgb24", src_colorspace="ITU709", dst_colorspace="ITU709"
        )
    rest = pipeline.rest_frame(SPEC, store=made[1])
    assert rest.shape == first.shape
    assert np.abs(rest.astype(int) - first).mean() < 4


def test_a_line_that_is_rendered_again_is_reused(made):
    segment, store, _ = made
    before = segment.video.stat()
    again = pipeline.render_line(SPEC, store=store)
    assert again.reused
    assert segment.video.stat() == before
    assert again.timing.words == segment.timing.words
    assert again.seconds == segment.seconds
    assert again.warnings == segment.warnings


def test_equal_specs_give_equal_segments(made, tmp_path):
    segment, _, _ = made
    other = pipeline.render_line(SPEC, store=Store(tmp_path))
    assert other.video.read_bytes() == segment.video.read_bytes()
    assert other.sound.read_bytes() == segment.sound.read_bytes()


def test_a_damaged_segment_is_made_again(made, tmp_path):
    segment, _, _ = made
    store = Store(tmp_path)
    for suffix, path in ((".mp4", segment.video), (".flac", segment.sound)):
        with store.write(segment.key, suffix) as draft:
            draft.write_bytes(path.read_bytes())
    assert segments.stored(segment.key, store) is None  # no record of it
    pipeline.render_line(SPEC, store=store)
    assert isinstance(segments.stored(segment.key, store), Segment)
    with store.write(segment.key, ".mp4") as draft:
        draft.write_bytes(b"cut")
    assert segments.stored(segment.key, store) is None


@pytest.mark.parametrize("suffix", [".mp4", ".flac", ".json"])
def test_a_segment_with_other_bytes_of_the_same_number_is_made_again(made, tmp_path, suffix):
    segment, _, _ = made
    store = Store(tmp_path)
    for kind, path in ((".mp4", segment.video), (".flac", segment.sound)):
        with store.write(segment.key, kind) as draft:
            draft.write_bytes(path.read_bytes())
    segments.write(segment, store)
    assert segments.stored(segment.key, store)
    damaged = store.path(segment.key, suffix)
    data = damaged.read_bytes()
    damaged.write_bytes(data.replace(b"0.", b"1.") if suffix == ".json" else data[::-1])
    assert segments.stored(segment.key, store) is None
    again = pipeline.render_line(SPEC, store=store)
    assert not again.reused
    assert again.video.read_bytes() == segment.video.read_bytes()
    assert segments.stored(segment.key, store).timing.words == segment.timing.words


def test_a_line_stops_in_the_middle_of_its_frames(tmp_path):
    store, stop = Store(tmp_path), threading.Event()
    stopped_at = []

    def report(stage, fraction):
        if stage == "frames" and fraction > 0.3 and not stopped_at:
            stopped_at.append(time.monotonic())
            stop.set()

    with pytest.raises(Canceled):
        pipeline.render_line(SPEC, store=store, report=report, stop=stop)
    assert time.monotonic() - stopped_at[0] < 1
    assert segments.stored(pipeline.segment_key(SPEC), store) is None
    assert not [p for p in (tmp_path / "unfinished").iterdir() if p.suffix != OWNER]
    assert pipeline.length_of(SPEC, pipeline.read_script(SPEC), store=store)[
        1
    ]  # the speech is stored


def test_an_error_of_a_report_is_passed_on(tmp_path):
    def report(stage, fraction):
        raise Canceled

    with pytest.raises(Canceled):
        pipeline.render_line(SPEC, store=Store(tmp_path), report=report)


def deliver(segments, specs, store, folder, **changes):
    settings = {
        "title": "Two lines",
        "chapters": delivery.chapters(
            ["One", "Two"][: len(segments)], [part.seconds for part in segments]
        ),
        "codec": "h264",
        "consents": [{"id": "consent_1", "kind": "licence", "sha256": "ab" * 32}],
        "authority": folder / "c2pa",
    }
    return finishing.deliver(segments, lines=specs, store=store, **settings | changes)


def test_segments_become_a_signed_video(made, tmp_path):
    segment, store, _ = made
    second = replace(SPEC, text="Goodbye.")
    parts = [segment, pipeline.render_line(second, store=store)]
    reported = []
    done = deliver(
        parts, [SPEC, second], store, tmp_path, report=lambda *step: reported.append(step)
    )
    assert [output["kind"] for output in done.outputs] == [
        "video",
        "poster",
        "srt",
        "vtt",
        "transcript",
    ]
    files = {output["kind"]: store.find(output["key"], output["suffix"]) for output in done.outputs}
    assert done.seconds == pytest.approx(sum(part.seconds for part in parts))
    probed = media.probe(files["video"])
    assert [stream["seconds"] for stream in probed["streams"]] == pytest.approx(
        [done.seconds] * 2, abs=0.03
    )
    assert [chapter["title"] for chapter in probed["chapters"]] == ["One", "Two"]
    found = provenance.read(files["video"], tmp_path / "c2pa")
    assert found["state"] == "valid"
    assert found["consents"][0]["id"] == "consent_1"
    assert [part["kind"] for part in found["ingredients"]] == ["avatar", "voice"]
    assert done.provenance["manifest"] == found["manifest"]
    assert "Hello there." in files["vtt"].read_text()
    assert files["transcript"].read_text().startswith("One\n\n[0:00] Hello there.\n\nTwo\n\n[0:0")
    assert set(done.stages) == {"delivery"}
    assert reported[-1] == ("delivery", 1.0)
    assert not [p for p in (store.folder / "unfinished").iterdir() if p.suffix != OWNER]


def test_two_videos_of_the_same_words_keep_their_own_files(made, tmp_path):
    segment, store, _ = made
    first, second = (
        deliver([segment], [SPEC], store, tmp_path, chapters=(), title=title)
        for title in ("One", "Two")
    )
    assert first.outputs[0]["key"] != second.outputs[0]["key"]
    path = store.find(first.outputs[0]["key"], ".mp4")
    assert provenance.read(path, tmp_path / "c2pa")["title"] == "One"


def run_and_die(folder, failpoint):
    code = (
        "import sys\nfrom rendering import pipeline\nfrom rendering.store import Store\n"
        "from tests.stages.test_pipeline import SPEC\n"
        "pipeline.render_line(SPEC, store=Store(sys.argv[1]))\n"
    )
    environment = {**os.environ, "LIKENESS_FAILPOINT": failpoint}
    environment.pop("SECRET_KEY", None)
    return subprocess.run(
        [sys.executable, "-c", code, folder],
        capture_output=True,
        text=True,
        timeout=120,
        env=environment,
    )


@pytest.mark.parametrize("stage", STAGES[:6])
def test_a_killed_render_is_resumed_with_the_same_result(made, tmp_path, stage):
    segment, _, _ = made
    died = run_and_die(tmp_path, f"stage:{stage}")
    assert died.returncode == -signal.SIGKILL
    assert died.stderr.strip().endswith(f"failpoint stage:{stage}")
    store = Store(tmp_path)
    assert segments.stored(segment.key, store) is None
    spoken = pipeline.length_of(SPEC, pipeline.read_script(SPEC), store=store)[1]
    assert spoken == (stage != "script")
    again = pipeline.render_line(SPEC, store=store)
    assert not again.reused
    assert again.video.read_bytes() == segment.video.read_bytes()


def test_failpoints_are_off_in_production_and_without_a_name(monkeypatch):
    reach("stage:speech")
    monkeypatch.setenv("LIKENESS_FAILPOINT", "stage:speech")
    monkeypatch.setenv("SECRET_KEY", "in production")
    reach("stage:speech")
    reach("stage:frames")
