"""What a claim costs as the queue grows: `make bench-queue`, or `python -m tests.bench_queue [sqlite|postgres]`.

An empty database of each kind gets rows as renders make them, and the product's own claim is timed. Each shape is filled with 100,
1,000 and 10,000 lines; then lines are claimed one by one. Medians of milliseconds on the clock.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

LENGTHS = (100, 1_000, 10_000)
CLAIMS = 15


def fill(shape: str, count: int) -> None:
    """Adds this many waiting lines: of one render, of one workspace's renders, or of renders of many workspaces."""
    from datetime import timedelta

    from django.utils import timezone

    from rendering.fleet import queue
    from rendering.models import Render, Segment
    from studio.models import Avatar, Project, Voice, Workspace

    now = timezone.now()
    avatar, voice = Avatar.objects.first(), Voice.objects.first()
    holders = count // 20 if shape == "workspaces" else 1
    spaces = [Workspace.objects.create(name=f"{shape} {n}") for n in range(holders)]
    projects = Project.objects.bulk_create(
        Project(workspace=space, title=space.name) for space in spaces
    )
    renders = []
    for n in range(1 if shape == "one render" else count):
        lane = ("preview", "short", "long", "free")[n // holders % 4]
        asked_at = now - timedelta(seconds=count - n)
        project = projects[n % holders]
        renders.append(
            Render(
                workspace=project.workspace,
                project=project,
                title="x",
                lane=lane,
                created_at=asked_at,
                rank_at=queue.rank_at(lane, asked_at),
            )
        )
    Render.objects.bulk_create(renders, batch_size=1_000)
    Segment.objects.bulk_create(
        (
            Segment(
                render=renders[n % len(renders)],
                position=n // len(renders) + 1,
                text="x",
                avatar=avatar,
                voice=voice,
                spec={},
                key=f"{n:064x}",
                line_key=str(n),
                estimated_seconds=4.0,
            )
            for n in range(count)
        ),
        batch_size=1_000,
    )


def empty() -> None:
    from rendering.models import Render, Segment, Turn
    from studio.models import Project, Workspace

    for model in (Segment, Render, Turn, Project, Workspace):
        rows = model.objects.all()
        rows._raw_delete(rows.db)


def claimed() -> None:
    """Claims one line; clear() then removes it, so that no cap is reached and nothing waits to be joined."""
    from rendering.fleet import queue

    found = queue.claim("bench")
    assert found is not None
    gone.append(found)


gone: list = []


def clear() -> None:
    from rendering.models import Render, Segment

    for line in gone:
        Segment.objects.filter(pk=line.pk).delete()
        if not Segment.objects.filter(render=line.render_id).exists():
            Render.objects.filter(pk=line.render_id).update(status="canceled")
    gone.clear()


def nothing() -> None:
    from rendering.fleet import queue

    assert queue.claim("bench", queue.Kinds(engines=("echomimic",))) is None


def milliseconds(do: Callable[[], None]) -> float:
    times = []
    for _ in range(CLAIMS):
        begun = time.perf_counter()
        do()
        times.append(1000 * (time.perf_counter() - begun))
        clear()
    return statistics.median(times)


def measure() -> None:
    """Prints the rows of the table for the database that the environment names."""
    import tests.servers  # noqa: F401

    os.environ["DJANGO_SETTINGS_MODULE"] = "studio.settings"
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from studio.library.stock import ensure_stock

    call_command("migrate", verbosity=0)
    ensure_stock()
    name = {"sqlite": "SQLite", "postgresql": "Postgres"}[connection.vendor]
    for shape in ("one render", "one workspace", "workspaces"):
        for what, do in (("a claim", claimed), ("nothing for its engine", nothing)):
            row = []
            for count in LENGTHS:
                empty()
                fill(shape, count)
                if connection.vendor == "postgresql":
                    connection.cursor().execute("ANALYZE")
                row.append(f"{milliseconds(do):.1f}")
            print(f"| {name} | {shape} | {what} | {' | '.join(row)} |", flush=True)


def main() -> None:
    if os.environ.get("BENCH_QUEUE"):
        measure()
        return
    heads = " | ".join(f"{count:,} lines, ms" for count in LENGTHS)
    print(f"| database | shape | what | {heads} |\n|---|---|---|---|---|---|", flush=True)
    for database in sys.argv[1:] or ("sqlite", "postgres"):
        environment = {**os.environ, "BENCH_QUEUE": "1", "DATABASE": database}
        subprocess.run([sys.executable, "-m", "tests.bench_queue"], env=environment, check=True)


if __name__ == "__main__":
    main()
