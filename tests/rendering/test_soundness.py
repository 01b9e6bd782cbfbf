"""Faults of store, database and worker cost no line a try, and nothing that a line does ends the studio."""

import os
import subprocess
import sys
import time
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.urls import reverse
from django.utils import timezone

from billing.models import Transfer
from rendering import media, soundness, storage, tasks
from rendering.fleet.attempts import PULSE
from rendering.fleet.queue import ALL
from rendering.models import Segment, Worker
from rendering.store import StoreFull
from rendering.watchdog import HUNG, Watch
from studio import tasks as studio_tasks
from studio.library import footage
from studio.management.commands.serve import pause_before
from studio.models import Clip
from studio.projects import composition
from studio.renders import ordering
from tests.rendering.fleet import assert_whole, database_url, expect_soon

FULL = 1 << 60  # bytes that no disk has free


@pytest.fixture
def studio(transactional_db, library, monkeypatch):
    """This process does the work; the store is checked anew each time."""
    monkeypatch.setitem(composition.HEIGHTS, "720p", 360)
    monkeypatch.setattr(storage, "LOOKED_SECONDS", -1.0)
    monkeypatch.setattr(tasks, "_swept_at", None)
    yield
    PULSE.slots, PULSE.ready_at, PULSE.ill_at = 0, None, None


def work(lane="preview"):
    tasks.nudge("portrait", lane)


def tries(render):
    return list(render.segments.values_list("failures", flat=True))


def fill(monkeypatch, reserve=FULL):
    monkeypatch.setattr(storage.store(), "reserve", reserve)


def test_a_worker_that_cannot_encode_stops_claiming_and_no_line_pays_for_it(
    studio, make_script, monkeypatch, client
):
    PULSE.sign_in(1, ALL, ready=True)
    renders = [ordering.request_render(make_script(f"Line {n}."), mode="draft") for n in range(3)]
    ffmpeg = media.program()
    monkeypatch.setattr(soundness, "PAUSES", (0.2, 60))
    monkeypatch.setattr(media, "program", lambda: "/nowhere/ffmpeg")
    work()
    assert PULSE.ill_at is not None
    assert [tries(render) for render in renders] == [[0], [0], [0]]
    assert sorted(Segment.objects.values_list("claims", flat=True)) == [0, 0, 1]
    assert not Worker.alive().exists()
    assert client.get("/healthz").json()["workers"] == "ill"
    monkeypatch.setattr(media, "program", lambda: ffmpeg)
    expect_soon(lambda: client.get("/healthz").json()["workers"] == "ok", "sound again")
    Segment.objects.update(next_at=timezone.now())
    work()
    for render in renders:
        assert_whole(render)


def test_a_line_that_fails_in_a_sound_worker_loses_a_try(studio, make_script):
    render = ordering.request_render(make_script("This one is broken."), mode="draft")
    spec = {**render.segments.get().spec, "nonsense": 1}
    render.segments.update(spec=spec)
    work()
    assert PULSE.ill_at is None
    assert tries(render) == [1]


def test_an_encoder_is_not_missing_because_its_check_was_killed(monkeypatch, tmp_path):
    killed = tmp_path / "ffmpeg"
    killed.write_text("#!/bin/sh\nkill -9 $$\n")
    killed.chmod(0o755)
    ffmpeg = media.program()
    media._encoders.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(media, "program", lambda: str(killed))
        with pytest.raises(media.MediaFailed):
            media.has_encoder("libx264")
    assert media.has_encoder("libx264")
    code = (
        "import subprocess\n"
        "def refuse(*a, **k): raise AssertionError('a child was started')\n"
        "subprocess.Popen = refuse\n"
        "from rendering import media; print(media.program())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ffmpeg


def test_while_the_disk_is_full_nothing_is_accepted_charged_or_tried(
    studio, make_script, monkeypatch, alice, client_of
):
    waiting = ordering.request_render(make_script("Asked for before."), by=alice, mode="draft")
    charged = Transfer.objects.count()
    fill(monkeypatch)
    with pytest.raises(StoreFull):
        ordering.request_render(make_script("Asked for while it is full."), by=alice)
    client = client_of(alice)
    scene = make_script("Pressed while it is full.").live_scenes.get()
    answer = client.post(reverse("render_create", args=[scene.project.pk]))
    assert (answer.status_code, answer["Retry-After"]) == (503, "60")
    assert "Nothing was lost or charged" in answer.content.decode()
    assert Transfer.objects.count() == charged
    work()
    assert list(waiting.segments.values_list("claims", "failures")) == [(0, 0)]
    assert (
        "Our disk is full"
        in client.get(reverse("render_detail", args=[waiting.pk])).content.decode()
    )
    assert client.get("/healthz").json()["store"] == "full"
    fill(monkeypatch, 0)
    work()
    assert_whole(waiting)
    assert "Our disk is full" not in client.get("/healthz").content.decode()


def test_a_disk_that_runs_full_under_a_line_costs_it_no_try(studio, make_script, monkeypatch):
    render = ordering.request_render(make_script("The disk runs full."), mode="draft")
    bring = tasks.uploaded.bring

    def and_fill(*args):
        fill(monkeypatch)
        return bring(*args)

    with monkeypatch.context() as patch:
        patch.setattr(tasks.uploaded, "bring", and_fill)
        work()
    line = render.segments.get()
    assert (line.status, line.claims, line.failures) == ("waiting", 1, 0)
    assert line.next_at > timezone.now()
    fill(monkeypatch, 0)
    render.segments.update(next_at=timezone.now())
    work()
    assert_whole(render)


def test_a_database_that_is_away_for_a_moment_costs_no_try(studio, make_script, monkeypatch):
    render = ordering.request_render(make_script("The database is away."), mode="draft")
    finish, away = Segment.finish, iter([True, False])

    def answer(self, *args, **changes):
        if next(away):
            raise OperationalError("server closed the connection unexpectedly")
        return finish(self, *args, **changes)

    monkeypatch.setattr(Segment, "finish", answer)
    work()
    assert tries(render) == [0]
    render.segments.update(next_at=timezone.now())
    work()
    assert_whole(render)


def abandon(render, owner="here:1"):
    past = timezone.now() - timedelta(seconds=1)
    for thread, line in enumerate(render.segments.all()):
        Segment.objects.filter(pk=line.pk).update(
            status="running", lease_owner=f"{owner}:{thread}", lease_until=past
        )


@pytest.mark.postgres
def test_a_line_that_was_alone_when_its_worker_died_loses_a_try(studio, make_script):
    render = ordering.request_render(make_script("Alone."))
    abandon(render)
    tasks.sweep()
    assert tries(render) == [1]


@pytest.mark.postgres
def test_lines_side_by_side_are_not_blamed_until_one_is_abandoned_again(studio, make_script):
    render = ordering.request_render(make_script("One.", "Two."))
    abandon(render)
    tasks.sweep()
    assert tries(render) == [0, 0]
    first, second = render.segments.values_list("next_at", flat=True)
    assert second - first > timedelta(seconds=3)
    other = ordering.request_render(make_script("Three."))
    abandon(other, "here:2")
    abandon(render, "here:2")
    render.segments.filter(position=1).update(status="done")
    tasks.sweep()
    assert tries(render) == [0, 1]
    assert tries(other) == [0]


@pytest.mark.postgres
def test_a_worker_that_is_known_to_have_ended_is_not_waited_for(studio, make_script):
    render = ordering.request_render(make_script("In its hands."))
    Worker.objects.create(name="here:31")
    in_an_hour = timezone.now() + timedelta(hours=1)
    render.segments.update(status="running", lease_owner="here:31:7", lease_until=in_an_hour)
    Worker.bury("here:3")
    tasks.sweep()
    assert render.segments.get().status == "running"
    Worker.bury("here:31")
    tasks.sweep()
    assert not Worker.objects.filter(name="here:31").exists()
    assert render.segments.get().status == "waiting"


def test_after_a_silence_of_the_sweep_workers_get_one_more_round(studio, make_script, monkeypatch):
    render = ordering.request_render(make_script("Nobody could say a word."))
    abandon(render)
    monkeypatch.setattr(tasks, "_swept_at", time.monotonic() - 1000)
    tasks.sweep()
    assert render.segments.get().status == "running"
    tasks.sweep()
    assert render.segments.get().status == "waiting"


def test_a_hung_process_is_noticed_and_a_machine_that_slept_is_not_blamed(tmp_path, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    watch = Watch(tmp_path / "pulses" / "worker")
    assert not watch.is_hung()  # it starts
    watch.place.touch()
    assert not watch.is_hung()
    long_ago = time.time() - HUNG - 1
    os.utime(watch.place, (long_ago, long_ago))
    assert not watch.is_hung()
    watch.place.touch()  # it slept
    assert not watch.is_hung()
    os.utime(watch.place, (long_ago, long_ago))
    assert not watch.is_hung()
    now[0] += 20
    assert watch.is_hung()


WATCHED = """
import os, sys
import django; django.setup()
from rendering import watchdog
from studio.management.commands import serve
watchdog.HUNG = watchdog.TWICE = 0.5
command = serve.Command()
command.children, command.watches, command.environment = {}, {}, dict(os.environ)
command.commands = {
    "worker": ["false"],
    "speech": ["sh", "-c", "touch $LIKENESS_PULSE; exec sleep 600"],
    "web": ["sleep", "600"],
}
for name in command.commands:
    command._start(name)
print("web", command.children["web"].pid, flush=True)
command._watch()
"""


def test_serve_restarts_what_ended_and_ends_what_stands_still(transactional_db, tmp_path):
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", WATCHED],
            env={
                **os.environ,
                "DATABASE_URL": database_url(),
                "DJANGO_SETTINGS_MODULE": "studio.settings",
            },
            stdout=output,
            stderr=output,
        )
    try:
        wanted = (
            "The worker had ended and is started again.",
            "The worker had ended and starts again in 1 s.",
            "The worker had ended and starts again in 2 s.",
            "The speech stands still and is ended.",
            "The speech had ended and is started again.",
        )
        expect_soon(lambda: all(words in log.read_text() for words in wanted), "told")
        assert process.poll() is None
        web = int(log.read_text().split("web ")[1].split()[0])
        os.kill(web, 0)
    finally:
        process.kill()
        process.wait()


def test_pauses_before_a_restart_grow_to_30_seconds():
    assert [pause_before(n) for n in (1, 2, 3, 4, 9, 500)] == [0, 1, 2, 4, 30, 30]


def test_a_video_that_waits_for_room_is_not_given_up(studio, alice, monkeypatch):
    clip = Clip.objects.create(
        workspace=alice.workspace, name="Sea", kind="video", state="making", upload="ab" * 32
    )
    fill(monkeypatch)
    studio_tasks.prepare_clip(clip.pk)
    attempt = footage.PREPARING.claim(clip.pk)
    attempt.run()  # the disk ran full after the claim
    clip.refresh_from_db()
    assert (clip.state, clip.claims, clip.claimed_at) == ("making", 0, None)
    fill(monkeypatch, 0)
    studio_tasks.prepare_clip(clip.pk)  # its upload is missing, so this failure is its own
    clip.refresh_from_db()
    assert clip.state == "failed"
