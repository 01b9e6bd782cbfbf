"""A process is killed at a named moment; the render ends once all the same, and is settled once.

K2 … K13 are the moments of the reliability requirements; the others lie inside each stage.
"""

import os
import signal
import subprocess

import pytest

from rendering.fleet import queue
from rendering.models import Render, Segment
from rendering.values import STAGES
from studio.renders import ordering
from studio.servers import free_port
from tests.rendering.fleet import assert_whole, expect_killed_at, expect_soon, state

pytestmark = pytest.mark.postgres


def expect_end(render):
    return expect_soon(
        lambda: Render.objects.get(pk=render.pk).is_over and Render.objects.get(pk=render.pk),
        "ended",
    )


@pytest.mark.parametrize("moment", ["K2", "K3"])
def test_a_render_survives_a_web_process_killed_around_the_nudge(fleet, make_script, moment):
    project = make_script(f"The web process ends at {moment}.")
    web = fleet.request(project, failpoint=moment)
    expect_killed_at(web, moment)
    render = Render.objects.get()
    assert render.status == "queued"
    fleet.scheduler()
    fleet.worker()
    expect_end(render)
    assert_whole(render)


@pytest.mark.parametrize(
    "moment",
    [
        *("K4", "K6", "K7", "K8", "stage:frames"),
        *(
            pytest.param(f"stage:{stage}", marks=pytest.mark.long)
            for stage in STAGES
            if stage != "frames"
        ),
    ],
)
def test_a_render_survives_a_worker_killed_at_any_moment(fleet, make_script, settings, moment):
    project = make_script(f"The worker ends in {moment.replace(':', ' ')}, and another goes on.")
    render = ordering.request_render(project, by=project.workspace.memberships.get().user)
    fleet.scheduler()
    expect_killed_at(fleet.worker(failpoint=moment), moment)
    if moment != "K8":
        fleet.worker()
    expect_end(render)
    assert_whole(render)
    # The mail is sent, although the worker may have died between the settlement and the mail.
    expect_soon(lambda: Render.objects.get(pk=render.pk).mailed_at, "mailed")


def test_a_nudge_that_reaches_two_workers_makes_a_line_once(fleet, make_script):
    project = make_script("Two workers hear the same nudge.")
    fleet.worker()
    fleet.worker()
    expect_soon(lambda: queue.slots() == 2, "two workers")
    from rendering import tasks

    render = ordering.request_render(project)
    for _ in range(6):
        tasks.nudge_render(render.pk)
    expect_end(render)
    assert_whole(render)
    assert list(render.segments.values_list("claims", flat=True)) == [1]
    assert Render.objects.get(pk=render.pk).attempt == 1


def test_a_stalled_worker_that_wakes_changes_nothing(fleet, make_script):
    render = ordering.request_render(make_script("This worker falls asleep over its line."))
    sleeper = fleet.worker(failpoint="stage:frames", failsignal="STOP")
    expect_soon(lambda: "failpoint" in sleeper.log.read_text(), "asleep")
    print(f"\nstopped in frames: {state()}")
    fleet.scheduler()
    fleet.worker()
    expect_end(render)
    expect_soon(
        lambda: Render.objects.get(pk=render.pk).mailed_at, "mailed"
    )  # the scheduler's last change
    before = Render.objects.filter(pk=render.pk).values().get()
    lines = list(Segment.objects.filter(render=render).values())
    sleeper.send_signal(signal.SIGCONT)
    expect_soon(lambda: "line 1" in sleeper.log.read_text().partition("failpoint")[2], "awake")
    assert Render.objects.filter(pk=render.pk).values().get() == before
    assert list(Segment.objects.filter(render=render).values()) == lines
    assert_whole(render)


def test_a_render_survives_a_broker_that_forgets_everything(fleet, make_script):
    project = make_script("First line.", "Second line.", "Third line.")
    render = ordering.request_render(project)
    fleet.broker.flushdb()
    fleet.worker()
    fleet.scheduler()
    expect_soon(lambda: Segment.objects.filter(status="running").exists(), "begun")
    fleet.broker.flushdb()
    expect_end(render)
    assert_whole(render)


def test_a_render_requested_without_a_broker_is_made_once_it_is_back(fleet, make_script):
    project = make_script("Asked for while the broker was away.")
    broker = fleet.environment["BROKER_URL"]
    fleet.environment["BROKER_URL"] = f"redis://127.0.0.1:{free_port()}/0"
    web = fleet.request(project)
    assert web.wait(timeout=60) == 0, web.log.read_text()
    render = Render.objects.get()
    assert render.status == "queued"
    fleet.environment["BROKER_URL"] = broker
    fleet.worker()
    fleet.scheduler()
    expect_end(render)
    assert_whole(render)


def test_a_running_render_survives_a_killed_web_process(fleet, make_script):
    project = make_script("The web server is killed.", "It starts again while this is made.")
    fleet.worker()
    fleet.scheduler()
    web = fleet.request(project)
    expect_soon(lambda: Segment.objects.filter(status="running").exists(), "begun")
    web.send_signal(signal.SIGKILL)
    render = Render.objects.get()
    expect_end(render)
    assert_whole(render)


def test_a_worker_asked_to_end_gives_its_line_back(fleet, make_script):
    render = ordering.request_render(make_script("A long line. " * 40))
    first = fleet.worker()
    expect_soon(lambda: Segment.objects.filter(status="running").exists(), "begun")
    first.terminate()
    assert first.wait(timeout=20) is not None
    line = render.segments.get()
    assert (line.status, line.failures) == ("waiting", 0)
    render.cancel()


def test_three_failures_end_the_render_and_give_all_credits_back(fleet, make_script, alice):
    from billing.models import available

    before = available(alice.workspace)
    render = ordering.request_render(make_script("This one kills every worker."), by=alice)
    assert available(alice.workspace) < before
    fleet.scheduler()
    for _ in range(3):
        expect_killed_at(fleet.worker(failpoint="stage:motion"), "stage:motion")
    render = expect_end(render)
    assert (render.status, render.failure_code, render.failure_ours) == (
        "failed",
        "internal_error",
        True,
    )
    assert available(alice.workspace) == before


def test_the_encoder_of_a_killed_worker_ends_with_it(fleet, make_script):
    """The encoder is a process of its own."""
    ordering.request_render(make_script("The encoder must not outlive its worker. " * 4))
    worker = fleet.worker(failpoint="stage:frames")
    expect_killed_at(worker, "stage:frames")
    found = subprocess.run(["pgrep", "-P", str(worker.pid)], capture_output=True, text=True)
    assert found.stdout == ""
    mine = f"DATA_DIR={os.environ['DATA_DIR']}".encode()

    def encoders():
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    with open(f"/proc/{entry}/cmdline", "rb") as line:
                        command = line.read()
                    with open(f"/proc/{entry}/environ", "rb") as variables:
                        if b"ffmpeg" in command.split(b"\0")[0] and mine in variables.read():
                            yield entry
                except OSError:
                    continue

    expect_soon(lambda: not list(encoders()), "the encoder ended", 10)
