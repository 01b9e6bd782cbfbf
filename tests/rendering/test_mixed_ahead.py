"""The sound of a film is mixed once, while the last pictures are drawn."""

import threading

import pytest
from django.core.management import call_command

from rendering import mixed, pipeline, segments, storage, tasks, voices
from rendering.fleet import queue
from rendering.models import Render
from rendering.stages import delivery
from rendering.values import Canceled, spec_from_json
from studio.projects import composition
from studio.renders import ordering
from tests.rendering.fleet import assert_whole


@pytest.fixture
def mixes(monkeypatch):
    """The paths that were mixed to."""
    found, mix = [], delivery.mix

    def counted(lines, path, **options):
        found.append(path)
        return mix(lines, path, **options)

    monkeypatch.setattr(delivery, "mix", counted)
    return found


@pytest.fixture
def half_made(transactional_db, library, make_script, monkeypatch):
    """A render whose first line is made; its second is in hand, at the stage that is named."""
    monkeypatch.setitem(composition.HEIGHTS, "720p", 360)

    def make(stage, words, spoken=True):
        render = ordering.request_render(make_script("The first line.", words))
        tasks.make_line(queue.claim("one", tasks.PULSE.kinds))
        line = queue.claim("two", tasks.PULSE.kinds)
        render.segments.filter(pk=line.pk).update(stage=stage)
        if spoken:
            pipeline.speak(spec_from_json(line.spec), store=storage.store())
        return Render.objects.get(pk=render.pk), line

    return make


def test_the_sound_is_mixed_while_the_last_line_is_drawn_and_joining_finds_it(
    half_made, mixes, tmp_path
):
    render, line = half_made("frames", "And the second one.")
    tasks.mix_ahead(render.pk)
    assert len(mixes) == 1
    tasks.make_line(line)
    tasks.nudge("portrait", render.lane)
    done = assert_whole(render)
    assert len(mixes) == 1
    store = storage.store()
    parts = [segments.stored(row.key, store) for row in done.segments.all()]
    keys = [part.key for part in parts]
    heard = [part.heard for part in parts]
    ahead, loudness = mixed.sound_of(heard, keys, suffix=".mp4", music=None, store=store)
    assert delivery.mix(heard, tmp_path / "now.mp4", folder=tmp_path) == loudness
    assert (tmp_path / "now.mp4").read_bytes() == ahead.read_bytes()
    assert done.quality["audio_lufs"] == loudness.lufs


def test_nothing_is_mixed_while_words_are_still_to_be_spoken(half_made, mixes):
    for stage, words in (("speech", "It is not spoken yet."), ("frames", "And this is lost.")):
        render, _ = half_made(stage, words, spoken=False)
        tasks.mix_ahead(render.pk)
    assert not mixes


def test_what_fails_ahead_fails_where_it_is_told(half_made, mixes, monkeypatch):
    render, line = half_made("frames", "Nobody can write its sound.")
    with monkeypatch.context() as broken:
        broken.setattr(delivery, "write_sound", lambda *_: 1 / 0)
        tasks.mix_ahead(render.pk)
    tasks.make_line(line)
    tasks.nudge("portrait", render.lane)
    assert_whole(render)
    assert len(mixes) == 1


def test_two_threads_that_need_one_sound_mix_it_once(half_made, mixes):
    render, _ = half_made("frames", "Two want to hear it.")
    threads = [threading.Thread(target=_ahead, args=(render,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(mixes) == 1


def _ahead(render):
    from django.db import connection

    tasks.mix_ahead(render.pk)
    connection.close()


def test_who_waits_for_a_mix_can_be_stopped():
    stop = threading.Event()
    stop.set()
    turn = mixed._turn(mixed._key(["key"], ".mp4", None))
    with turn.lock, pytest.raises(Canceled):
        mixed.sound_of([], ["key"], suffix=".mp4", music=None, store=storage.store(), stop=stop)


def test_a_script_of_one_line_is_spoken_once(tmp_path, monkeypatch, transactional_db):
    said, say = [], voices.preview.Preview.say

    def counted(engine, *words, **options):
        said.append(words)
        return say(engine, *words, **options)

    monkeypatch.setattr(voices.preview.Preview, "say", counted)
    script, out = tmp_path / "one.md", tmp_path / "one.mp4"
    script.write_text("This one line has words that nobody has said before it.")
    call_command(
        "render", script, avatar="maya", voice="preview", height=240, out=str(out), json=True
    )
    assert len(said) == 1
    assert out.exists()
