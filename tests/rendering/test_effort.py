"""What is foretold follows the work that is left, and the machine that does it."""

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
    """The lines of a project as if they had been made: rows, sound and films in the store."""
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
def test_a_change_of_look_is_work(project, worker):
    make_films(project)
    kept = planned(project)
    assert kept.drawn == 0
    assert kept.wait.likely < 5
    scene = project.live_scenes.get()
    scene.edit(scene.revision, background_color="#102030")
    looks = planned(project)
    assert looks.quoted == 0
    assert looks.drawn == 2
    assert [line.speech_work for line in looks.lines] == [0.0, 0.0]
    assert looks.wait.likely > kept.wait.likely + 1
    Project.objects.filter(pk=project.pk).update(resolution="2160p")
    assert planned(project).wait.likely > 3 * looks.wait.likely


@db
def test_a_worker_that_starts_loads_nothing_for_lines_that_are_kept(project):
    make_films(project)
    now = timezone.now()
    Worker.objects.create(name="new", slots=2, cores=2, started_at=now, ready_at=now)
    assert planned(project).wait.likely < 4
    scene = project.live_scenes.get()
    scene.edit(scene.revision, script="Words that nobody said before.")
    assert planned(project).wait.likely > effort.LOADING


@db
def test_the_page_says_what_is_drawn_anew(project, worker, client_of, alice):
    make_films(project)
    address = reverse("project_estimate", args=[project.pk])
    assert "free, nothing has changed" in client_of(alice).get(address).content.decode()
    scene = project.live_scenes.get()
    scene.edit(scene.revision, background_color="#102030")
    assert "free, 2 lines drawn anew" in client_of(alice).get(address).content.decode()


@db
def test_the_same_line_twice_is_made_once(project, alice):
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
def test_a_draft_and_other_rates_cost_what_they_are(project):
    final, draft = planned(project), planned(project, mode="draft")
    assert sum(line.work for line in draft.lines) < sum(line.work for line in final.lines)
    Project.objects.filter(pk=project.pk).update(fps=30)
    faster = planned(project)
    assert sum(line.work for line in faster.lines) > sum(line.work for line in final.lines)


@db
def test_before_and_after_the_press_it_is_the_same(project, charlie, worker):
    """On an empty queue, and behind others."""
    for _ in range(2):
        plan = planned(project)
        render = ordering.request_render(Project.objects.get(pk=project.pk))
        place = eta.position(render)
        assert place.seconds == pytest.approx(plan.wait.likely, rel=0.05, abs=0.5)
        assert render.likely_seconds == pytest.approx(plan.wait.likely, rel=0.05, abs=0.5)
        assert place.high_seconds > place.seconds
        render.cancel()
        make(charlie.workspace, 6)


@db
def test_a_time_that_has_passed_says_so(project, worker, client_of, alice):
    render = ordering.request_render(Project.objects.get(pk=project.pk))
    client = client_of(alice)
    page = reverse("render_detail", args=[render.pk])
    assert "later than foretold" not in client.get(page).content.decode()
    Render.objects.filter(pk=render.pk).update(late_at=timezone.now() - timedelta(seconds=1))
    html = client.get(page).content.decode()
    assert "later than foretold: now in about" in html
    assert "later than foretold, now about" in client.get(reverse("home")).content.decode()


@db
def test_a_busy_machine_and_a_slow_one_take_longer(project):
    worker = Worker.objects.create(name="w", slots=2, cores=2)
    idle = planned(project).wait.likely
    Worker.objects.filter(pk=worker.pk).update(load=4.0, weight=3.0)
    assert planned(project).wait.likely > 2 * idle


@db
def test_a_burst_of_two_hundred_is_told_by_its_work(alice, charlie, library):
    """Its arrival is no rate at which more will come."""
    Worker.objects.create(name="w", slots=2)
    renders = [make(alice.workspace, 2) for _ in range(200)]
    last = renders[-1]
    Segment.objects.update(work=4.0)
    told = eta.positions([last])[last.pk]
    work = 200 * 2 * 4.0 / 2
    assert told.position == 200
    assert work <= told.seconds <= 1.15 * work
    assert told.high_seconds <= 2.5 * told.seconds + 10


def test_the_figures_follow_what_was_measured():
    """By the median, of each kind; a line by itself or two changes nothing."""
    asked = Effort(5.0, 5.0, HD)
    usual = Measured(asked, effort.speaking(asked), effort.drawing(asked))
    slow = Measured(asked, 3 * usual.speech, 2 * usual.drawing)
    assert effort.rates([slow, slow]) == effort.Rates()
    found = effort.rates([slow, slow, slow, slow, usual])
    assert effort.speaking(asked, found) == pytest.approx(3 * usual.speech)
    assert effort.drawing(asked, found) == pytest.approx(2 * usual.drawing)
    large = Effort(5.0, 5.0, UHD)  # nothing like it was made: as much slower as the rest
    assert effort.drawing(large, found) == pytest.approx(2 * effort.drawing(large))


@given(
    st.floats(1, 64),
    st.integers(1, 64),
    st.floats(0, 50),
    st.floats(1, 60),
)
@settings(max_examples=200, deadline=None)
def test_nobody_is_faster_for_company(busy, cores, others, weight):
    alone = effort.speed(1, cores)
    now = effort.speed(busy, cores, others, weight)
    assert 0 < now <= alone <= 1
    assert effort.speed(busy + 1, cores, others, weight) <= now + 1e-9
    assert effort.speed(busy, cores, others + 1, weight) <= now + 1e-9


def test_keys_are_known_before_the_sound_is():
    """All but those that hang on a length that is not known: they are what they will be when the line is made."""
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
