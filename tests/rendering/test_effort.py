"""Forecasts follow the work that is left and the machine that does it."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from rendering import effort, pipeline, storage
from rendering.effort import Effort, Measured
from rendering.fleet import eta, queue
from rendering.models import Render, Segment, Worker
from rendering.values import Background, VideoFormat, spec_from_json
from studio.models import Project
from studio.renders import ordering, plan
from tests.rendering.test_queue import make
from tests.studio.rows import make_project

db = pytest.mark.django_db
HD, UHD = VideoFormat(1280, 720), VideoFormat(3840, 2160)


@pytest.fixture
def worker():
    return Worker.objects.create(name="w", slots=2, cores=2)


@pytest.fixture
def project(alice, library):
    return make_project(alice.workspace, script="Hello, and welcome.\n\nThis is the second line.")


def planned(project, **options):
    return plan.plan_render(Project.objects.get(pk=project.pk), **options)


def make_films(project, mode="final"):
    """Leaves the lines of a project as if made: their rows, and in the store their sound and the records of their films."""
    render = ordering.request_render(Project.objects.get(pk=project.pk), mode=mode)
    for row in render.segments.all():
        spec = spec_from_json(row.spec)
        pipeline.speak(spec, store=storage.store())
        with storage.store().write(row.key, ".json") as path:
            path.write_text("{}")
    render.segments.update(status="done", progress=1.0, seconds=2.0, ended_at=timezone.now())
    render.start()
    render.end("done", seconds=4.0)


@db
def test_a_change_of_look_is_free_and_still_takes_time_to_draw(project, worker):
    make_films(project)
    unchanged = planned(project)
    assert unchanged.drawn == 0
    assert unchanged.wait.likely < 5
    scene = project.live_scenes.get()
    scene.edit(scene.revision, background_color="#102030")
    looks = planned(project)
    assert looks.quoted == 0
    assert looks.drawn == 2
    assert [line.speech_work for line in looks.lines] == [0.0, 0.0]
    assert looks.wait.likely > unchanged.wait.likely + 1
    Project.objects.filter(pk=project.pk).update(resolution="2160p")
    assert planned(project).wait.likely > 3 * looks.wait.likely


@db
def test_a_sentence_that_is_in_the_store_or_was_said_before_is_not_spoken_again(project, worker):
    scene = project.live_scenes.get()
    scene.edit(
        scene.revision,
        script="A first sentence. And here comes one more.\n\nA first sentence. It ends.",
    )
    first, second = planned(project).lines
    assert first.unspoken == 1
    assert 0.2 < second.unspoken < 0.6
    make_films(project)
    scene.refresh_from_db()
    scene.edit(
        scene.revision,
        script="A first sentence. And here comes another.\n\nA first sentence. It ends.",
    )
    first, second = planned(project).lines
    assert 0.4 < first.unspoken < 0.8
    assert second.unspoken == second.speech_work == 0


@db
def test_a_worker_that_starts_loads_no_voice_for_stored_lines(project):
    make_films(project)
    now = timezone.now()
    Worker.objects.create(name="new", slots=2, cores=2, started_at=now, ready_at=now)
    assert planned(project).wait.likely < 4
    scene = project.live_scenes.get()
    scene.edit(scene.revision, script="Words that nobody said before.")
    assert planned(project).wait.likely > effort.LOADING


@db
def test_the_editor_says_how_many_lines_are_drawn_anew(project, worker, client_of, alice):
    make_films(project)
    address = reverse("project_estimate", args=[project.pk])
    assert "free, nothing has changed" in client_of(alice).get(address).content.decode()
    scene = project.live_scenes.get()
    scene.edit(scene.revision, background_color="#102030")
    assert "free, 2 lines drawn anew" in client_of(alice).get(address).content.decode()


@db
def test_a_line_that_stands_twice_in_a_script_is_made_once(project, alice):
    scene = project.live_scenes.get()
    scene.edit(scene.revision, script="\n\n".join(["Hello, and welcome."] * 3))
    first, second, third = planned(project).lines
    assert second.work == third.work == effort.KEPT < first.work
    render = ordering.request_render(Project.objects.get(pk=project.pk))
    row = queue.claim("one")
    assert queue.claim("two") is None
    row.finish(row.attempt)
    assert queue.claim("two").position == 2
    assert render.segments.count() == 3


@db
def test_a_draft_is_less_work_and_a_higher_frame_rate_is_more(project):
    final, draft = planned(project), planned(project, mode="draft")
    assert sum(line.work for line in draft.lines) < sum(line.work for line in final.lines)
    Project.objects.filter(pk=project.pk).update(fps=30)
    faster = planned(project)
    assert sum(line.work for line in faster.lines) > sum(line.work for line in final.lines)


@db
def test_the_forecast_is_the_same_before_and_after_the_press(project, charlie, worker):
    """On an empty queue, and behind other renders."""
    for _ in range(2):
        plan = planned(project)
        render = ordering.request_render(Project.objects.get(pk=project.pk))
        forecast = eta.position(render)
        assert forecast.seconds == pytest.approx(plan.wait.likely, rel=0.05, abs=0.5)
        assert render.likely_seconds == pytest.approx(plan.wait.likely, rel=0.05, abs=0.5)
        assert forecast.high_seconds > forecast.seconds
        render.cancel()
        make(charlie.workspace, 6)


@db
def test_a_render_that_is_late_says_so_with_a_new_forecast(project, worker, client_of, alice):
    render = ordering.request_render(Project.objects.get(pk=project.pk))
    client = client_of(alice)
    page = reverse("render_detail", args=[render.pk])
    assert "later than foretold" not in client.get(page).content.decode()
    Render.objects.filter(pk=render.pk).update(late_at=timezone.now() - timedelta(seconds=1))
    html = client.get(page).content.decode()
    assert "later than foretold: now in about" in html
    assert "later than foretold, now about" in client.get(reverse("home")).content.decode()


@db
def test_a_busy_and_slow_machine_takes_longer(project):
    worker = Worker.objects.create(name="w", slots=2, cores=2)
    idle = planned(project).wait.likely
    Worker.objects.filter(pk=worker.pk).update(load=4.0, weight=3.0)
    assert planned(project).wait.likely > 2 * idle


@db
def test_a_burst_of_two_hundred_renders_is_forecast_by_its_work(alice, charlie, library):
    """The burst is not taken for the rate at which more will come."""
    Worker.objects.create(name="w", slots=2)
    renders = [make(alice.workspace, 2) for _ in range(200)]
    last = renders[-1]
    Segment.objects.update(work=4.0)
    forecast = eta.positions([last])[last.pk]
    work = 200 * 2 * 4.0 / 2
    assert forecast.position == 200
    assert work <= forecast.seconds <= 1.15 * work
    assert forecast.high_seconds <= 2.5 * forecast.seconds + 10


def test_the_rates_follow_the_measured_lines():
    """By the median of each kind, beside the usual figures: one or two lines change nothing, many decide."""
    line = Effort(5.0, 5.0, HD)
    usual = Measured(line, effort.speaking(line), effort.drawing(line))
    slow = Measured(line, 3 * usual.speech, 2 * usual.drawing)
    few = effort.rates([slow, slow])
    assert effort.speaking(line, few) == usual.speech
    assert effort.drawing(line, few) == usual.drawing
    found = effort.rates([slow] * 8)
    assert effort.speaking(line, found) == pytest.approx(3 * usual.speech)
    assert effort.drawing(line, found) == pytest.approx(2 * usual.drawing)
    large = Effort(
        5.0, 5.0, UHD
    )  # nothing of this size was measured: it is slower by the same factor as the rest
    assert effort.drawing(large, found) == pytest.approx(2 * effort.drawing(large))


@given(
    st.floats(1, 64),
    st.integers(1, 64),
    st.floats(0, 50),
    st.floats(1, 60),
)
@settings(max_examples=200, deadline=None)
def test_no_line_is_faster_beside_others(busy, cores, others, weight):
    alone = effort.speed(1, cores)
    now = effort.speed(busy, cores, others, weight)
    assert 0 < now <= alone <= 1
    assert effort.speed(busy + 1, cores, others, weight) <= now + 1e-9
    assert effort.speed(busy, cores, others + 1, weight) <= now + 1e-9


def test_the_keys_of_lines_are_known_before_their_sound():
    """They equal the keys of the finished lines; a key is missing only where it depends on an unknown length."""
    from dataclasses import replace

    from rendering.values import LineSpec

    one = LineSpec(text="Hello.", avatar="maya", voice="preview")
    two = replace(one, text="And more.", transition="fade")
    first, second = pipeline.segment_keys([one, two], [None, None])
    assert first == pipeline.segment_key(one)
    assert second == pipeline.segment_key(two, pipeline.border(two, [one], store=storage.store()))
    film = Background(video="moving.mp4", sha256="ab" * 32)
    moved = [replace(line, background=film) for line in (one, two, two)]
    unknown = pipeline.segment_keys(moved, [1.0, None, 1.0])
    assert [bool(key) for key in unknown] == [True, True, False]
    met = pipeline.Border(1.0, moved[0], 1.0)
    assert unknown[1] == pipeline.segment_key(moved[1], met)
