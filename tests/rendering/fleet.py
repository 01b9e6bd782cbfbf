"""Workers, a scheduler and a web process as real processes on the test database, to be killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import redis
from django.conf import settings
from django.db import connection

from billing.models import Transfer, Wallet, rebuild
from rendering import storage
from rendering.models import Render, Segment
from studio.servers import die_with_parent

ROOT = Path(settings.BASE_DIR)


def database_url():
    row = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{row['NAME']}"
    return f"postgresql://{row['USER']}@{row['HOST']}:{row['PORT']}/{row['NAME']}"


def expect_soon(condition, what, seconds=60):
    """Waits until the condition holds and returns its value; fails with the state of all renders if it never does."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what}, not within {seconds} s; {state()}")


def state():
    """Every render with its lines and its money, as one text for messages."""
    lines = []
    for render in Render.objects.order_by("created_at"):
        rows = ", ".join(
            f"{s.position}:{s.status}/{s.stage or '-'} attempt {s.attempt} failures {s.failures}"
            for s in render.segments.all()
        )
        money = ", ".join(
            f"{kind} {amount}"
            for kind, amount in Transfer.objects.filter(render=render).values_list("kind", "amount")
        )
        lines.append(f"{render.status} attempt {render.attempt} [{rows}] [{money}]")
    return " | ".join(lines)


class Fleet:
    def __init__(self, folder):
        self.folder = folder
        self.children = []
        self.environment = {
            **os.environ,
            "DATABASE_URL": database_url(),
            "LEASE_SECONDS": "3",
            "HEARTBEAT_SECONDS": "1",
            "SWEEP_SECONDS": "1",
            "MEASURE_FILMS": "0",
            "PYTHONPATH": str(ROOT),
            "PYTHONWARNINGS": "ignore",
        }
        self.broker = redis.Redis.from_url(settings.BROKER_URL)
        self.broker.flushdb()

    def start(self, *command, failpoint="", failsignal="", name="child"):
        environment = {
            **self.environment,
            "LIKENESS_FAILPOINT": failpoint,
            "LIKENESS_FAILSIGNAL": failsignal,
        }
        log = self.folder / f"{len(self.children)}-{name}.log"
        with log.open("wb") as output:
            child = subprocess.Popen(
                [sys.executable, *command],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                preexec_fn=die_with_parent(signal.SIGKILL),
            )
        child.log = log
        self.children.append(child)
        return child

    def worker(self, *arguments, slots=1, **options):
        command = ["manage.py", "worker", "--slots", str(slots), "--grace", "0", "--cold"]
        return self.start(*command, *arguments, name="worker", **options)

    def scheduler(self):
        return self.start("manage.py", "sweep", name="scheduler")

    def request(self, project, **options):
        """Asks for a render as the web process does, in a process of its own."""
        code = (
            "import django; django.setup()\n"
            "from studio.projects import composition\n"
            "from studio.renders.ordering import request_render\n"
            "from studio.models import Project\n"
            "composition.HEIGHTS['720p'] = 360\n"
            f"request_render(Project.objects.get(pk={project.pk!r}))\n"
        )
        self.environment["DJANGO_SETTINGS_MODULE"] = "studio.settings"
        return self.start("-c", code, name="web", **options)

    def stop(self):
        for child in self.children:
            if child.poll() is None:
                child.send_signal(signal.SIGCONT)
                child.kill()
            child.wait()
        self.broker.flushdb()
        self.broker.close()


def expect_killed_at(child, name, seconds=60):
    """Waits until the failpoint has killed the child, and prints the state of the rows at that moment."""
    expect_soon(lambda: child.poll() is not None, f"killed at {name}", seconds)
    log = child.log.read_text()
    assert f"failpoint {name}" in log, log[-3000:]
    assert child.returncode == -signal.SIGKILL
    print(f"\nkilled at {name}: {state()}")


def assert_whole(render):
    """Asserts that the render is done, settled once, and has a file that independent readers accept. Returns it."""
    import av

    from rendering import provenance

    render = Render.objects.get(pk=render if isinstance(render, str) else render.pk)
    assert render.status == "done", state()
    charges = Transfer.objects.filter(render=render, kind="charge")
    for charge in charges:
        kinds = sorted(charge.settling.values_list("kind", flat=True))
        assert kinds == ["give_back", "spend"], state()
        assert sum(charge.settling.values_list("amount", flat=True)) == charge.amount
    assert sum(charges.values_list("amount", flat=True)) == render.quoted
    wallet = Wallet.objects.get(workspace=render.workspace)
    assert (wallet.available, wallet.pending) == rebuild(render.workspace)
    assert wallet.pending == 0 or Render.objects.exclude(status__in=Render.OVER).exists()
    assert set(render.segments.values_list("status", flat=True)) == {"done"}
    videos = [output for output in render.outputs if output["kind"] == "video"]
    assert len(videos) == 1
    path = storage.store().find(videos[0]["key"], videos[0]["suffix"])
    assert provenance.read(path, settings.C2PA_DIR)["state"] == "valid"
    with av.open(str(path)) as film:
        frames = sum(1 for _ in film.decode(video=0))
        assert abs(frames / 25 - render.seconds) < 0.1
        assert (
            abs(
                frames / 25
                - sum(Segment.objects.filter(render=render).values_list("seconds", flat=True))
            )
            < 0.1
        )
    return render
