"""`manage.py worker`: warm before it claims; its probes, its end, its engines, and lines that hang or lack memory."""

import random
import signal
import time
import urllib.error
import urllib.request

import pytest

from rendering.fleet import queue
from rendering.models import Render, Segment, Worker
from studio.renders import ordering
from tests.rendering.fleet import assert_whole, expect_soon, state

pytestmark = pytest.mark.postgres


def answer(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as problem:
        return problem.code, problem.read().decode()


def port_of(worker):
    def found():
        words = worker.log.read_text()
        return "health on port" in words and int(words.split("health on port ")[1].split()[0])

    return expect_soon(found, "told its port", 400)


def test_a_worker_is_warm_before_it_claims_and_gives_its_line_back_when_it_ends(fleet, make_script):
    render = ordering.request_render(
        make_script("The line in hand is finished. " * 3, "This one is left for others.")
    )
    worker = fleet.start(
        *("manage.py", "worker", "--slots", "1", "--health", "0", "--grace", "10"), name="warm"
    )
    port = port_of(worker)
    assert answer(port, "/healthz")[0] == 200
    assert answer(port, "/readyz")[0] == 503
    assert not Worker.alive().exists()
    expect_soon(lambda: "is warm" in worker.log.read_text(), "warm", 400)
    fleet.scheduler()
    line = expect_soon(lambda: Segment.objects.filter(status="running").first(), "begun", 400)
    assert answer(port, "/readyz") == (200, "ready\n")
    assert "likeness_worker_busy 1" in answer(port, "/metrics")[1]
    begun = time.monotonic()
    worker.terminate()
    expect_soon(lambda: not Segment.objects.filter(status="running").exists(), "given back", 30)
    assert time.monotonic() - begun < 30
    assert worker.wait(timeout=120) == 0, worker.log.read_text()
    line.refresh_from_db()
    assert (line.status, line.failures) in {("done", 0), ("waiting", 0)}, state()
    assert render.segments.filter(status="running").count() == 0
    assert sum(render.segments.values_list("claims", flat=True)) == 1
    assert not Worker.objects.filter(slots__gt=0, leaving_at=None).exists()
    render.cancel()


OUT_OF_MEMORY = """
import django; django.setup()
import threading
from django.core.management import call_command
from rendering import pipeline
at_once, made = threading.Semaphore(1), pipeline.render_line
def render_line(*args, **options):
    if not at_once.acquire(blocking=False):
        raise MemoryError("no room for a second line")
    try:
        return made(*args, **options)
    finally:
        at_once.release()
pipeline.render_line = render_line
call_command("worker", "--slots", "4", "--grace", "0", "--cold", "--health", "0")
"""


HANGS = """
import django; django.setup()
import threading, time
from django.core.management import call_command
from rendering import pipeline
from rendering.fleet import attempts
attempts.HUNG_SECONDS, made = 2, pipeline.render_line
def render_line(spec, **options):
    if "hangs" in spec.text:
        time.sleep(600)
    while True:  # its neighbour goes on and on
        time.sleep(0.1)
        options["report"]("script", 0.0)
pipeline.render_line = render_line
call_command("worker", "--slots", "2", "--grace", "0", "--cold")
"""


def test_a_worker_with_a_line_that_hangs_ends_and_only_that_line_is_counted(fleet, make_script):
    fleet.environment |= {"DJANGO_SETTINGS_MODULE": "studio.settings"}
    render = ordering.request_render(make_script("This line hangs.", "This one is well."))
    worker = fleet.start("-c", HANGS, name="hanging")
    fleet.scheduler()
    assert worker.wait(timeout=300) == 1
    assert "hangs in script; this worker ends" in worker.log.read_text()
    expect_soon(lambda: not Segment.objects.filter(status="running").exists(), "given back", 60)
    assert list(render.segments.values_list("failures", flat=True)) == [1, 0]
    render.cancel()


def test_a_worker_without_memory_halves_its_slots_and_the_render_goes_on(fleet, make_script):
    fleet.environment |= {"DJANGO_SETTINGS_MODULE": "studio.settings", "LEASE_SECONDS": "20"}
    render = ordering.request_render(make_script(*(f"Line number {n}." for n in range(1, 7))))
    worker = fleet.start("-c", OUT_OF_MEMORY, name="small")
    fleet.scheduler()
    port = port_of(worker)
    expect_soon(lambda: Render.objects.get(pk=render.pk).is_over, "ended", 500)
    assert_whole(render)
    assert set(render.segments.values_list("failures", flat=True)) == {0}
    metrics = answer(port, "/metrics")[1]
    assert "likeness_worker_slots 1" in metrics
    assert 'likeness_worker_lines_total{outcome="out_of_memory"}' in metrics


TWIN = """
import django; django.setup()
from dataclasses import replace
from django.core.management import call_command
from rendering.faces import engines
engines.ENGINES["twin"] = replace(engines.ENGINES["portrait"], name="twin")
call_command("worker", "--engines", "twin", "--slots", "1", "--grace", "0", "--cold")
"""


def test_two_workers_with_different_engines_killed_at_random_end_one_render(fleet, make_script):
    """Each draws the lines that name its engine; three times one of them is killed while it works."""
    fleet.environment |= {"DJANGO_SETTINGS_MODULE": "studio.settings", "LEASE_SECONDS": "6"}
    dice = random.Random(20)
    project = make_script(*(f"This is line number {n} of six." for n in range(1, 7)))
    start = {
        "portrait": lambda: fleet.worker("--engines", "portrait"),
        "twin": lambda: fleet.start("-c", TWIN, name="twin"),
    }
    render = ordering.request_render(project)
    for line in render.segments.filter(position__in=(2, 4, 6)):
        Segment.objects.filter(pk=line.pk).update(engine="twin")
    fleet.scheduler()
    workers = {name: begin() for name, begin in start.items()}
    for name in dice.sample(["portrait", "twin"] * 2, 3):
        busy = Segment.objects.filter(status="running", engine=name)
        over = lambda: Render.objects.get(pk=render.pk).is_over  # noqa: E731
        expect_soon(lambda: busy.exists() or over(), f"{name} works", 400)  # noqa: B023
        if over():
            break
        time.sleep(dice.random())
        workers[name].send_signal(signal.SIGKILL)
        workers[name].wait()
        workers[name] = start[name]()
    expect_soon(over, "ended", 500)
    assert_whole(render)
    assert render.segments.count() == 6
    owners = {(line.engine, line.lease_owner, line.status) for line in render.segments.all()}
    assert owners == {("portrait", "", "done"), ("twin", "", "done")}
    assert queue.kinds_waiting() == {}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--engines", "magic"], "there is no 'magic'; choose from portrait"),
        (["--engines", ""], "name at least one"),
        (["--classes", "vip"], "there is no 'vip'; choose from preview, short"),
        (["--slots", "0"], "--slots takes 1 to 64"),
        (["--grace", "60"], "--grace takes 0 to 25"),
        (["--health", "here:there"], "cannot be listened on"),
    ],
)
def test_an_argument_that_cannot_be_used_is_refused(arguments, words):
    from django.core.management import CommandError, call_command

    with pytest.raises(CommandError, match=words):
        call_command("worker", "--cold", *arguments)
