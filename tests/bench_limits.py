"""What the worst known input of each way in costs a web process: processor time, memory, and how long it holds the lock to write.

    python -m tests.bench_limits

Processor time is that of this process and its children, best of three; memory is by how much the process grew at its most.
"""

from __future__ import annotations

import os
import random
import resource
import string
import threading
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studio.settings")
import tests.servers  # noqa: F401

WORST = 60_000  # microseconds between two looks at the memory


def main() -> None:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from django.contrib.auth.hashers import make_password  # noqa: F401 - loaded before it is timed
    from django.core.cache import cache
    from django.db import transaction
    from django.test import Client

    from billing.models import give
    from studio.stock import ensure_stock
    from tests.conftest import person
    from tests.studio.rows import make_project

    ensure_stock()
    alice = person("alice")
    type(alice.workspace).objects.filter(pk=alice.workspace.pk).update(plan="business")
    give(alice.workspace, 1_000_000, kind="grant", source="bench")
    client = Client(raise_request_exception=False)
    client.force_login(alice)
    dice = random.Random(1)
    words = ["".join(dice.choices(string.ascii_lowercase, k=7)) for _ in range(4000)]
    script = "\n\n".join(" ".join(dice.choices(words, k=8)) + "." for _ in range(300))
    for _ in range(60):
        make_project(alice.workspace, script=script)
    project = make_project(alice.workspace, script=script[:20_000])
    scene = project.live_scenes.get()
    full = make_project(alice.workspace, script="Hello, and welcome.")
    for _ in range(99):
        full.add_scene()
    row = {"text": "Hello there", "from": {"line": 1, "word": 1}, "to": {"line": 2, "word": 1}}

    held: list[float] = []
    enter, leave = transaction.Atomic.__enter__, transaction.Atomic.__exit__

    def entered(self: Any) -> Any:
        self.began = time.thread_time()
        return enter(self)

    def left(self: Any, *error: Any) -> Any:
        done = leave(self, *error)
        held.append(time.thread_time() - self.began)
        return done

    transaction.Atomic.__enter__, transaction.Atomic.__exit__ = entered, left  # type: ignore[method-assign]

    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()

    def spent() -> float:
        who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        used = [resource.getrusage(one) for one in who]
        return sum(one.ru_utime + one.ru_stime for one in used)

    def measure(name: str, method: str, path: str, **given: Any) -> None:
        times, most, answer = [], 0, None
        held.clear()
        for _ in range(3):
            cache.clear()
            before, over = resident(), threading.Event()
            peak = [before]

            def look(peak: list[int] = peak, over: threading.Event = over) -> None:
                while not over.wait(WORST / 1e6):
                    peak[0] = max(peak[0], resident())

            watcher = threading.Thread(target=look)
            watcher.start()
            asked = {n: v() if callable(v) else v for n, v in given.items()}
            began = spent()
            answer = getattr(client, method)(path, **asked)
            times.append(spent() - began)
            over.set()
            watcher.join()
            most = max(most, peak[0] - before, resident() - before)
        lock = 1000 * max(held, default=0)
        print(
            f"{name:24s} {answer.status_code if answer else 0}  {min(times):5.2f} s  {most / 1e6:5.0f} MB  lock {lock:4.0f} ms",
            flush=True,
        )

    import json

    measure("PRESS", "post", f"/projects/{project.pk}/archive")
    project.restore()
    measure("PAGE home", "get", "/")
    measure("PAGE price list", "get", "/credits/")
    measure("API list", "get", "/api/v1/renders")
    measure("SEARCH 10 words", "get", "/projects/", data={"q": " ".join(words[:10])})
    measure("SEARCH 1,200 words", "get", "/projects/", data={"q": "zq " * 1200})
    measure("EDITOR 20,000 letters", "get", f"/projects/{project.pk}/")
    measure("EDITOR 100 scenes", "get", f"/projects/{full.pk}/")
    measure("ESTIMATE 300 lines", "get", f"/projects/{project.pk}/estimate")
    pressed = {"mode": "final", "quoted": "100000", "seen": "100000"}
    measure("RENDER 300 lines", "post", f"/projects/{project.pk}/render", data=pressed)

    def saved(**fields: str) -> dict[str, Any]:
        revision = type(scene).objects.get(pk=scene.pk).revision
        return {**fields, "title": str(dice.random()), "revision": revision}

    measure("SOUND of the last line", "post", f"/scenes/{scene.pk}/lines/280/sound")
    overlays = json.dumps([row] * 20)
    path = f"/scenes/{scene.pk}/save"
    measure("SAVE 20 overlays", "post", path, data=lambda: saved(overlays=overlays))
    longest = (script * 9)[:100_000]
    measure("SAVE 100,000 letters", "post", path, data=lambda: saved(script=longest[::-1]))
    measure("PAGE frame", "get", f"/scenes/{scene.pk}/frame.jpg")


if __name__ == "__main__":
    main()
