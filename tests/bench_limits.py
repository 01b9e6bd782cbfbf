"""Processor time, memory and write lock that the worst known input of each entry point costs a web process.

    python -m tests.bench_limits

Processor time is that of this process and its children, best of three; memory is the most by which the process grew. The lock is
held from the beginning of a transaction to its commit, counted in processor time of its thread; work after the commit is not counted.
"""

from __future__ import annotations

import json
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

INTERVAL = 0.06  # seconds between two looks at the memory


def main() -> None:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from django.contrib.auth.hashers import make_password  # noqa: F401 - loaded before it is timed
    from django.db import connections
    from django.test import Client

    from billing.models import give
    from rows.limits import forget
    from studio.library.stock import ensure_stock
    from studio.models import ApiKey
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
    began = [0.0]
    kind: Any = type(connections["default"])
    begin, commit, rollback = kind._start_transaction_under_autocommit, kind._commit, kind._rollback

    def begun(self: Any) -> None:
        begin(self)
        began[0] = time.thread_time()

    def ended(end: Any) -> Any:
        def over(self: Any) -> Any:
            done = end(self)
            held.append(time.thread_time() - began[0])
            return done

        return over

    kind._start_transaction_under_autocommit = begun
    kind._commit, kind._rollback = ended(commit), ended(rollback)

    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()

    def spent() -> float:
        who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        used = [resource.getrusage(one) for one in who]
        return sum(one.ru_utime + one.ru_stime for one in used)

    def measure(name: str, method: str, path: str, *, who: Any = client, **given: Any) -> None:
        times, most, answer = [], 0, None
        held.clear()
        for _ in range(3):
            forget()
            before, over = resident(), threading.Event()
            peak = [before]

            def look(peak: list[int] = peak, over: threading.Event = over) -> None:
                while not over.wait(INTERVAL):
                    peak[0] = max(peak[0], resident())

            watcher = threading.Thread(target=look)
            watcher.start()
            arguments = {n: v() if callable(v) else v for n, v in given.items()}
            before_it = spent()
            answer = getattr(who, method)(path, **arguments)
            times.append(spent() - before_it)
            over.set()
            watcher.join()
            most = max(most, peak[0] - before, resident() - before)
        lock = 1000 * max(held, default=0)
        print(
            f"{name:24s} {answer.status_code if answer else 0}  {min(times):5.2f} s  {most / 1e6:5.0f} MB  lock {lock:4.0f} ms",
            flush=True,
        )

    measure("PRESS", "post", f"/projects/{project.pk}/archive")
    project.restore()
    measure("PAGE home", "get", "/")
    measure("PAGE price list", "get", "/credits/")
    _, secret = ApiKey.make(alice.workspace, "Bench")
    program = {"headers": {"Authorization": f"Bearer {secret}"}}
    body = {"content_type": "application/json", **program}
    wide = {"script": "Hello.", "metadata": {str(n): "x" * 490 for n in range(1900)}}
    measure("API body refused", "post", "/api/v1/renders", data=json.dumps(wide), **body)
    spoken = {"script": script[:20_000], "mode": "final"}
    body["headers"] = {**program["headers"], "Idempotency-Key": "bench"}
    measure("API render 20,000", "post", "/api/v1/renders", data=json.dumps(spoken), **body)
    word = {"word": "welcome", "kind": "alias", "value": "x" * 120}
    said = lambda: {**word, "word": dice.choice(words)}  # noqa: E731
    measure("WORD of the dictionary", "post", "/pronunciations/", data=said)
    measure("KEY", "post", "/keys/", data={"name": "x" * 80})
    measure("PROJECT made", "post", "/projects/new")
    measure("PROJECT copied", "post", f"/projects/{full.pk}/duplicate")
    named = lambda: {"title": str(dice.random())}  # noqa: E731
    measure("SETTINGS", "post", f"/projects/{full.pk}/save", data=named)
    measure(
        "HOOK unsigned",
        "post",
        "/hooks/predictions",
        data="x" * 1_900_000,
        content_type="application/json",
    )
    tried = {"login": "alice@example.org", "password": "wrong" * 20}
    stranger = Client(raise_request_exception=False)
    measure("SIGN-IN refused", "post", "/accounts/login/", who=stranger, data=tried)
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

    measure("API list of renders", "get", "/api/v1/renders", **program)
    measure("SOUND of the last line", "post", f"/scenes/{scene.pk}/lines/280/sound")
    overlays = json.dumps([row] * 20)
    path = f"/scenes/{scene.pk}/save"
    measure("SAVE 20 overlays", "post", path, data=lambda: saved(overlays=overlays))
    client.post(path, saved(overlays=json.dumps([row])))
    measure("OVERLAY", "post", f"/scenes/{scene.pk}/overlays", data={"text": "x" * 300})
    longest = (script * 9)[:100_000]
    measure("SAVE 100,000 letters", "post", path, data=lambda: saved(script=longest[::-1]))
    lines = "Hello, and welcome to this.\n\n" * 40
    measure("SAVE 40 lines", "post", path, data=lambda: saved(script=lines))
    listed = client.get(f"/api/v1/projects/{project.pk}/captions", **program).json()
    first, last = listed["data"][0]["id"].split("-")[-2:]
    caption = {"line": 1, "first": first, "last": last, "text": "Hello there"}
    measure("CAPTION", "post", f"/scenes/{scene.pk}/captions/save", data=caption)
    measure("PAGE frame", "get", f"/scenes/{scene.pk}/frame.jpg")


if __name__ == "__main__":
    main()
