"""`make chaos`: a whole studio, people who ask for films through the API, and kills at random moments; then everything is added up.

    python -m tests.chaos [--minutes 10] [--kills 30] [--seed N]        DATABASE=postgres for Postgres

The history of requests and answers is recorded here, apart from the studio. At the end it must agree with the rows, the money
and the files. The seed decides what is requested and what is killed; when each thing hits is decided by the machine.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
OVER = ("done", "failed", "canceled")
WORDS = [
    "The studio keeps its word",
    "Every line is made once",
    "Nothing is lost here",
    "This one is short",
    "Good morning to you all.",
]
SETTLED_WITHIN = 900  # seconds after the last kill until all that was accepted must have ended


@dataclass
class Entry:
    """One request and what came of it. status: 0 while no answer was read. render: the id of an accepted one."""

    account: str
    key: str
    body: dict[str, Any]
    asked_at: float
    status: int = 0
    render: str = ""
    quoted: int = 0
    tries: int = 0
    canceled: bool = False


@dataclass
class History:
    entries: list[Entry] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    kills: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Person(threading.Thread):
    """Asks for films, again with the same key when no answer came; cancels some, and sends some scripts twice."""

    def __init__(self, name: str, secret: str, address: str, history: History, seed: int) -> None:
        super().__init__(name=name, daemon=True)
        self.secret, self.address, self.history = secret, address, history
        self.random = random.Random(f"{seed} {name}")
        self.ended = threading.Event()

    def run(self) -> None:
        number = 0
        while not self.ended.is_set():
            number += 1
            self._ask(f"{self.name}-{number}")
            self.ended.wait(self.random.uniform(4, 14))

    def _body(self) -> dict[str, Any]:
        earlier = [e.body for e in self.history.entries if e.account == self.name and e.render]
        if earlier and self.random.random() < 0.25:  # the same words again: lines are reused
            script = self.random.choice(earlier)["script"]
        else:
            lines = [
                f"{self.random.choice(WORDS)}, number {self.random.randrange(10_000)}."
                for _ in range(self.random.choice((1, 1, 2)))
            ]
            script = "\n\n".join(lines)
        mode = "final" if self.random.random() < 0.3 else "draft"
        return {"script": script, "voice_id": "preview", "avatar_id": "maya", "mode": mode}

    def _ask(self, key: str) -> None:
        entry = Entry(self.name, key, self._body(), time.time())
        with self.history.lock:
            self.history.entries.append(entry)
        while not self.ended.is_set() and entry.tries < 60:
            entry.tries += 1
            entry.status, answer = self._send("POST", "/renders", entry.body, key)
            if entry.status in (200, 202):
                entry.render, entry.quoted = answer["id"], answer["cost"]["quoted"]
                break
            if 400 <= entry.status < 500 and entry.status not in (408, 409, 429):
                break
            self.ended.wait(2)
        if entry.render and self.random.random() < 0.15:
            self.ended.wait(self.random.uniform(0, 6))
            status, _ = self._send("POST", f"/renders/{entry.render}/cancel", None, "")
            entry.canceled = status == 200

    def _send(self, verb: str, path: str, body: Any, key: str) -> tuple[int, dict[str, Any]]:
        request = urllib.request.Request(
            f"{self.address}/api/v1{path}",
            data=json.dumps(body).encode() if body is not None else b"",
            method=verb,
            headers={
                "Authorization": f"Bearer {self.secret}",
                "Content-Type": "application/json",
                **({"Idempotency-Key": key} if key else {}),
            },
        )
        status, answer = 0, {}
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                status, answer = response.status, json.load(response)
        except urllib.error.HTTPError as problem:
            status = problem.code
            if status == 500:
                said = problem.read().decode("utf-8", "replace")[:400]
                self.history.broken.append(f"500 to {verb} {path}: {said}")
        except (OSError, ValueError):  # it was killed while it answered
            pass
        with self.history.lock:
            self.history.answers[str(status or "none")] += 1
        return status, answer


class Killer:
    """Hits one part of the studio that runs below `parent` on `data`."""

    def __init__(self, parent: int, data: Path, seed: int, history: History) -> None:
        self.parent, self.data, self.history = parent, data, history
        self.random = random.Random(f"{seed} kills")
        self.hits = {
            "web": 3, "worker": 5, "speech": 1, "clips": 1, "scheduler": 2, "broker": 2,
            "encoder": 4, "stand still": 2, "store away": 2, "damage": 4, "database": 2,
        }  # fmt: skip

    def strike(self) -> None:
        kind = self.random.choices(list(self.hits), list(self.hits.values()))[0]
        what = getattr(self, f"_{kind.replace(' ', '_')}", lambda: self._kill(kind))()
        words = f"{time.strftime('%H:%M:%S')} {kind}: {what}"
        self.history.kills.append(words)
        print(words, flush=True)

    def _children(self) -> dict[int, str]:
        """pid -> command of everything that was started on this data folder."""
        mark, found = f"DATA_DIR={self.data}".encode(), {}
        broker = str(self.data / "broker")
        for entry in os.listdir("/proc"):
            with contextlib.suppress(OSError, ValueError):
                pid = int(entry)
                if pid not in (os.getpid(), self.parent):
                    variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
                    # The broker writes its title over its environment.
                    if mark in variables or os.readlink(f"/proc/{pid}/cwd") == broker:
                        command = Path(f"/proc/{pid}/cmdline").read_bytes()
                        found[pid] = command.replace(b"\0", b" ").decode()
        return found

    def _kill(self, kind: str) -> str:
        sign = {
            "web": "manage.py web", "worker": "manage.py worker", "speech": "speech@", "clips": "clips@",
            "scheduler": "manage.py sweep", "broker": "-server ", "encoder": "ffmpeg",
        }[kind]  # fmt: skip
        mine = [pid for pid, command in self._children().items() if sign in command]
        if not mine:
            return "none was running"
        pid = self.random.choice(mine)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        return f"killed {pid}"

    def _stand_still(self) -> str:
        mine = [pid for pid, command in self._children().items() if "manage.py worker" in command]
        if not mine:
            return "none was running"
        pid = mine[0]
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
        # Half of them wake before anybody notices; the others are left for serve to end.
        if self.random.random() < 0.5:
            threading.Timer(self.random.uniform(5, 40), _wake, [pid]).start()
        return f"stopped {pid}"

    def _store_away(self) -> str:
        folder = self.data / "store" / "unfinished"
        away = folder.with_name("unfinished.away")
        with contextlib.suppress(OSError):
            folder.rename(away)
            folder.touch()
            threading.Timer(self.random.uniform(5, 20), _bring_back, [folder, away]).start()
        return "nothing can be written for a while"

    def _damage(self) -> str:
        kinds = (".mp4", ".flac", ".npz", ".json")
        files = [p for p in (self.data / "store").glob("??/*") if p.suffix in kinds]
        if not files:
            return "nothing was stored"
        path = self.random.choice(files)
        with contextlib.suppress(FileNotFoundError):
            data = bytearray(path.read_bytes())
            if self.random.random() < 0.3:
                data = data[: len(data) // 2]
            else:
                for _ in range(min(400, len(data))):
                    data[self.random.randrange(len(data))] ^= 255
            path.write_bytes(data)
        return path.name

    def _database(self) -> str:
        from django.db import connection

        if connection.vendor != "postgresql":
            return self._kill("scheduler")
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )
            return f"cut {cursor.fetchone()[0]} connections"


def _wake(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)


def _bring_back(folder: Path, away: Path) -> None:
    folder.unlink(missing_ok=True)
    away.rename(folder)


# The checker


def violations(history: History) -> list[str]:
    """Every difference between the answers and the rows, the money and the files."""
    from billing.models import Transfer, Wallet, rebuild
    from rendering.models import Render
    from studio.models import ApiKey

    wrong: list[str] = []
    by_id = {render.pk: render for render in Render.objects.select_related("workspace")}
    answered = [entry for entry in history.entries if entry.render]
    for entry in answered:
        render = by_id.get(entry.render)
        if render is None:
            wrong.append(f"{entry.render} was accepted and is lost")
            continue
        if render.status not in OVER:
            wrong.append(f"{entry.render} has not ended: {render.status}")
        if entry.canceled and render.status != "canceled":
            wrong.append(f"{entry.render} was canceled and is {render.status}")
        if render.quoted != entry.quoted:
            wrong.append(f"{entry.render} was quoted {entry.quoted} and has {render.quoted}")
    keys = Counter(entry.render for entry in answered)
    wrong += [f"{pk} is the answer to {n} requests" for pk, n in keys.items() if n > 1]
    unsure = sum(
        not entry.render and entry.status in (0, 500, 502, 503, 504) for entry in history.entries
    )
    strangers = set(by_id) - set(keys)
    if len(strangers) > unsure:
        wrong.append(f"{len(strangers)} renders that no answer named, {unsure} answers missing")
    for render in by_id.values():
        wrong += _money(render, Transfer)
        if render.status == "done":
            wrong += _film(render)
    for workspace in {key.workspace for key in ApiKey.objects.select_related("workspace")}:
        wallet = Wallet.objects.get(workspace=workspace)
        if (wallet.available, wallet.pending) != rebuild(workspace):
            wrong.append(f"the wallet of {workspace.pk} is not the sum of its transfers")
        if wallet.pending:
            wrong.append(f"{wallet.pending} s of {workspace.pk} are still held")
    return wrong


def _money(render: Any, transfers: Any) -> list[str]:
    charges = list(transfers.objects.filter(render=render, kind="charge"))
    charged = sum(charge.amount for charge in charges)
    wrong = []
    if charged != render.quoted:
        wrong.append(f"{render.pk} was charged {charged} for a quote of {render.quoted}")
    for charge in charges:
        settled = sorted(charge.settling.values_list("kind", flat=True))
        if settled != ["give_back", "spend"] or charge.amount != sum(
            charge.settling.values_list("amount", flat=True)
        ):
            wrong.append(f"{render.pk} was settled as {settled}")
    net = render.cost["net"]
    if net > render.quoted or (net and render.status != "done"):
        wrong.append(f"{render.pk} is {render.status} and cost {net} of {render.quoted}")
    return wrong


def _film(render: Any) -> list[str]:
    import av
    from django.conf import settings

    from rendering import provenance, storage

    films = [output for output in render.outputs if output["kind"] == "video"]
    if len(films) != 1:
        return [f"{render.pk} has {len(films)} films"]
    path = storage.store().find(films[0]["key"], films[0]["suffix"])
    if path is None:
        return [f"the film of {render.pk} is missing"]
    try:
        state = provenance.read(path, settings.C2PA_DIR)["state"]
        with av.open(str(path)) as film:
            frames = sum(1 for _ in film.decode(video=0))
    except (av.FFmpegError, ValueError) as problem:
        return [f"the film of {render.pk} cannot be decoded: {problem}"]
    lines = sum(render.segments.values_list("seconds", flat=True))
    wrong = [] if state == "valid" else [f"the credentials of {render.pk} are {state}"]
    if abs(frames / render.fps - render.seconds) > 0.1 or abs(lines - render.seconds) > 0.1:
        wrong.append(f"{render.pk}: {frames} frames, {render.seconds} s, lines of {lines} s")
    return wrong


# The run


def _accounts(count: int) -> list[tuple[str, str]]:
    from billing.models import give
    from studio.models import ApiKey, User
    from studio.people.accounts import open_workspace

    made = []
    for number in range(1, count + 1):
        user = User.objects.create_user(f"person{number}@example.org", "a long password")
        workspace = open_workspace(user)
        workspace.plan = "business"
        workspace.save()
        give(workspace, 6000, kind="plan", source=f"chaos:{workspace.pk}")
        made.append((f"person{number}", ApiKey.make(workspace, "chaos", user)[1]))
    return made


def _serve(port: int, log: Path) -> subprocess.Popen:
    from studio.servers import die_with_parent

    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "manage.py", "serve", "--port", str(port)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=die_with_parent(signal.SIGTERM),
        )


def _until(condition: Any, what: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"{what}: not within {seconds:.0f} s")
        time.sleep(1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--people", type=int, default=3)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    from tests.embedded import free_port, postgres_url

    data = Path(tempfile.mkdtemp(prefix="likeness-chaos-"))
    for name in ("SECRET_KEY", "BROKER_URL", "S3_BUCKET"):
        os.environ.pop(name, None)
    if os.environ.get("DATABASE") == "postgres":
        os.environ["DATABASE_URL"] = postgres_url()
    else:
        os.environ.pop("DATABASE_URL", None)
    os.environ.setdefault("LIKENESS_CACHE", str(ROOT / ".data" / "cache"))
    os.environ |= {
        "DATA_DIR": str(data), "DJANGO_SETTINGS_MODULE": "studio.settings", "MEASURE_FILMS": "0",
        "LEASE_SECONDS": "20", "HEARTBEAT_SECONDS": "3", "SWEEP_SECONDS": "3", "PYTHONWARNINGS": "ignore",
    }  # fmt: skip
    import django

    django.setup()
    try:
        wrong = _run(options, data, options.port or free_port())
    finally:
        shutil.rmtree(data, ignore_errors=True)
    print("\n".join(wrong) or "0 violations")
    raise SystemExit(1 if wrong else 0)


def _run(options: argparse.Namespace, data: Path, port: int) -> list[str]:
    from django.core.management import call_command
    from django.db import connection
    from django.utils import timezone

    from rendering import repair
    from rendering.models import Render
    from studio.models import Project

    call_command("migrate", verbosity=0)
    call_command("seed", no_render=True)
    Project.objects.update(removed_at=timezone.now())  # so that the demo film is not rendered
    accounts = _accounts(options.people)
    history, log = History(), data / "serve.log"
    studio = _serve(port, log)
    address = f"http://127.0.0.1:{port}"
    try:
        _until(lambda: "Demo login" in log.read_text(), "the studio starts", 600)
        people = [Person(*account, address, history, options.seed) for account in accounts]
        for person in people:
            person.start()
        killer = Killer(studio.pid, data, options.seed, history)
        pause = 60 * options.minutes / (options.kills + 1)
        for _ in range(options.kills):
            time.sleep(pause * killer.random.uniform(0.5, 1.5))
            killer.strike()
        time.sleep(pause)
        for person in people:
            person.ended.set()
        for person in people:
            person.join(60)
        rows = Render.objects.exclude(status__in=OVER)
        open_rows = lambda: connection.close() or rows.exists()  # noqa: E731 (a fresh connection each time)
        begun = time.monotonic()
        with contextlib.suppress(SystemExit):
            _until(lambda: not open_rows(), "all has ended", SETTLED_WITHIN)
        print(f"all had ended {time.monotonic() - begun:.0f} s after the last request")
        _repair(Render, repair)
        alive = studio.poll() is None
    finally:
        studio.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            studio.wait(40)
        studio.kill()
        studio.wait()
    ends = dict(Counter(Render.objects.values_list("status", flat=True)))
    print(f"{len(history.kills)} hits · answers {dict(history.answers)} · renders {ends}")
    ours = Render.objects.filter(status="failed").values_list("failure_code", flat=True)
    if ours:
        print(f"failed and refunded: {dict(Counter(ours))}")
    wrong = [] if alive else ["the studio itself had ended"]
    wrong += [*history.broken, *violations(history)]
    if wrong:
        shutil.copy(log, Path(tempfile.gettempdir()) / "chaos-serve.log")
    return wrong


def _repair(renders: Any, repair: Any) -> None:
    """Makes films again that were damaged after their delivery, as their pages offer."""
    damaged = [
        render for render in renders.objects.filter(status="done") if repair.is_damaged(render)
    ]
    for render in damaged:
        repair.ask(render)
    if damaged:
        print(f"{len(damaged)} finished films were damaged and are made again")
        rows = renders.objects.filter(pk__in=[render.pk for render in damaged])
        with contextlib.suppress(SystemExit):
            _until(lambda: not rows.exclude(lease_until=None).exists(), "mended", 300)


if __name__ == "__main__":
    main()
