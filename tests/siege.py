"""`make siege`: one account sends the worst known input while another person uses the studio.

    python -m tests.siege [--root CHECKOUT] [--seconds 120] [--only ATTACK,…]

Starts the studio of a checkout on a fresh folder; prints, as Markdown, how long the other's pages took before and
beside it, what was answered with a 5xx or not at all, and what memory the processes held. Takes some three minutes.
The attacker is a process of the lowest priority, since it stands for another machine.
"""

from __future__ import annotations

import argparse
import http.client
import json
import multiprocessing
import os
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache, partial
from multiprocessing.connection import Connection
from pathlib import Path
from urllib.parse import urlencode

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
CALM_SECONDS = 20
PATIENCE = 90  # seconds that a client waits for an answer

PEOPLE = """
import json, os, django
os.environ["DJANGO_SETTINGS_MODULE"] = "studio.settings"
django.setup()
from django.conf import settings
from django.test import Client
from django.utils import timezone
from studio.people.accounts import open_workspace
from studio.models import ApiKey, Avatar, User, Voice
workspace_of_demo = User.objects.get().memberships.get().workspace
workspace_of_demo.projects.update(removed_at=timezone.now())  # so that no film is made at the start
found = {}
for name in ("attacker", "person"):
    user = User.objects.create_user(f"{name}@example.org", "a long password", name=name)
    workspace = open_workspace(user)
    client = Client()
    client.force_login(user)
    for number in range(20):
        project = workspace.projects.create(title=f"Project {number}", created_by=user)
        scene = project.add_scene(avatar=Avatar.objects.first(), voice=Voice.objects.first(),
                                  script="The first line of a script.\\n\\nAnd the second one.")
    found[name] = {"session": client.cookies[settings.SESSION_COOKIE_NAME].value, "project": project.pk,
                   "scene": scene.pk, "key": ApiKey.make(workspace, "siege")[1]}
print(json.dumps(found))
"""


class Client:
    """One account: a browser with its session, and a program with its key."""

    def __init__(self, port: int, session: str, key: str, project: str, scene: str) -> None:
        self.port, self.session, self.key = port, session, key
        self.project, self.scene = project, scene
        self.answers: Counter[str] = Counter()

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> int:
        """The status; 0 for no answer."""
        token = "a" * 32
        cookie = f"sessionid={self.session}; csrftoken={token}"
        own = {"Cookie": cookie, "X-CSRFToken": token, "Accept": "*/*"}
        if path.startswith("/api/"):
            own = {"Authorization": f"Bearer {self.key}"}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body or None, {**own, **headers})
            answer = connection.getresponse()
            answer.read()
            status = answer.status
        except (OSError, http.client.HTTPException):
            status = 0
        finally:
            connection.close()
        self.answers[f"{status // 100}xx" if status else "none"] += 1
        return status

    def form(self, path: str, **fields: object) -> int:
        kind = "application/x-www-form-urlencoded"
        return self.ask("POST", path, urlencode(fields).encode(), **{"Content-Type": kind})

    def render(self, key: str, wait: int = 0, **fields: object) -> int:
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        if wait:
            headers["Prefer"] = f"wait={wait}"
        return self.ask("POST", "/api/v1/renders", json.dumps(fields).encode(), **headers)

    def upload(self, field: str, name: str, data: bytes) -> int:
        mark = "siege-part"
        body = (
            f'--{mark}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n'
            f"Content-Type: image/png\r\n\r\n"
        ).encode()
        body += data + f"\r\n--{mark}--\r\n".encode()
        return self.ask(
            "POST", "/assets", body, **{"Content-Type": f"multipart/form-data; boundary={mark}"}
        )


@cache
def png(side: int) -> bytes:
    """A black picture of side x side pixels, some 400 kB at 12,000."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    squeeze = zlib.compressobj(9)
    row = b"\0" * (1 + 3 * side)
    data = b"".join(squeeze.compress(row) for _ in range(side)) + squeeze.flush()
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


# The attacks; each is repeated until the end.


def long_films(client: Client, turn: int) -> None:
    """Films of hours as free drafts, in Markdown and in SSML; after the first turn their speech may be in the store."""
    pauses = "\n\n".join(["[pause 10s] a"] * 300)
    client.render(f"long-{turn}", mode="draft", script=pauses)
    breaks = "<speak>a" + '<break time="10s"/>a' * 900 + "</speak>"
    client.render(f"breaks-{turn}", mode="draft", scenes=[{"script": breaks, "format": "ssml"}])


def slow_readings(client: Client, turn: int) -> None:
    """Scripts that take quadratic time where a rule is careless."""
    kinds = ["a" + "\t" * 19_990 + "b", "*a**b" * 3_990, "<!--" * 4_900, "[" * 19_990]
    kinds += ["1" * 19_990, "a." * 9_990]
    worst = kinds[turn % len(kinds)]
    client.render(f"slow-{turn}", mode="draft", scenes=[{"script": worst}] * 4)


def broken_page(client: Client, turn: int) -> None:
    """A scene that holds 100,000 open brackets, and its page."""
    client.form(f"/scenes/{client.scene}/save", script="[" * 100_000, revision=turn + 1)
    client.ask("GET", f"/projects/{client.project}/")
    client.ask("GET", f"/projects/{client.project}/estimate")


def large_pictures(client: Client, turn: int) -> None:
    """144 million pixels in 400 kB, three at once."""
    data = png(12_000)
    threads = [
        threading.Thread(target=client.upload, args=("image", "a.png", data)) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def long_searches(client: Client, turn: int) -> None:
    for words in (300, 1200):
        client.ask("GET", "/projects/?" + urlencode({"q": " ".join(f"w{n}" for n in range(words))}))


def many_drafts(client: Client, turn: int) -> None:
    for number in range(70):
        client.render(f"many-{turn}-{number}", mode="draft", script=f"Draft {turn} {number}.")
    time.sleep(10)


def waits(client: Client, turn: int) -> None:
    """200 requests that wait for their renders at once."""
    threads = [
        threading.Thread(
            target=client.render,
            args=(f"wait-{turn}-{number}", 60),
            kwargs={"mode": "draft", "script": f"Wait {turn} {number}."},
        )
        for number in range(200)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def slow_clients(client: Client, turn: int) -> None:
    """200 unfinished heads, 200 slow bodies, 200 who do not read what they asked for, 200 who go away."""
    host = "Host: 127.0.0.1\r\n"
    film = f"GET /static/avatars/maya/sample.mp4 HTTP/1.1\r\n{host}\r\n".encode()
    body = f"POST /accounts/login/ HTTP/1.1\r\n{host}Content-Length: 9999\r\n\r\na=".encode()
    held = []
    for sent in (f"GET / HTTP/1.1\r\n{host}X-Slow: ".encode(), body, film * 50):
        for _ in range(200):
            held.append(opened(client.port, sent))
    for _ in range(200):
        if (connection := opened(client.port, body)) is not None:
            connection.close()
    for _ in range(20):
        time.sleep(1)
        for connection in held[:400]:
            try:
                if connection is not None:
                    connection.send(b"a")
            except OSError:
                continue
    for connection in held:
        if connection is not None:
            connection.close()


def opened(port: int, sent: bytes) -> socket.socket | None:
    try:
        connection = socket.socket()
        connection.settimeout(5)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", port))
        connection.sendall(sent)
    except OSError:
        return None
    return connection


ATTACKS: tuple[Callable[[Client, int], None], ...] = (
    long_films,
    slow_readings,
    broken_page,
    large_pictures,
    long_searches,
    many_drafts,
    waits,
    slow_clients,
)


class Person:
    """Uses the studio as people do, and remembers how long each page took."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.took: dict[str, list[float]] = {}
        self.revision = 1

    def use(self, until: float) -> None:
        client, turn = self.client, 0
        while time.monotonic() < until:
            turn += 1
            self._timed("login", lambda: self.client.ask("GET", "/accounts/login/", Cookie=""))
            self._timed("list", lambda: client.ask("GET", "/projects/"))
            self._timed("editor", lambda: client.ask("GET", f"/projects/{client.project}/"))
            self._timed("save", partial(self._save, turn))
            self._timed("price", lambda: client.ask("GET", f"/projects/{client.project}/estimate"))
            time.sleep(0.5)

    def _save(self, turn: int) -> int:
        status = self.client.form(
            f"/scenes/{self.client.scene}/save",
            script=f"A line that changes, {turn}.",
            revision=self.revision,
        )
        self.revision += status in (200, 302)
        return status

    def _timed(self, page: str, ask: Callable[[], int]) -> None:
        begun = time.monotonic()
        ask()
        self.took.setdefault(page, []).append(1000 * (time.monotonic() - begun))

    def taken(self) -> dict[str, list[float]]:
        took, self.took = self.took, {}
        return took


class Memory:
    """PSS of the processes under `serve`, by their role."""

    def __init__(self, serve: int) -> None:
        self.serve = serve
        self.peaks: dict[str, float] = {}

    def now(self) -> dict[str, float]:
        found: Counter[str] = Counter()
        for child in _children(self.serve):
            command = _read(f"/proc/{child}/cmdline").replace("\0", " ")
            web = "gunicorn" in command or "manage.py web" in command
            role = "web" if web else "worker" if "manage.py worker" in command else "others"
            for process in (child, *_below(child)):
                for line in _read(f"/proc/{process}/smaps_rollup").splitlines():
                    if line.startswith("Pss:"):
                        found[role] += int(line.split()[1]) / 1000
        return dict(found)

    def watch(self, until: float) -> None:
        while time.monotonic() < until:
            for role, size in self.now().items():
                self.peaks[role] = max(size, self.peaks.get(role, 0))
            time.sleep(0.5)


def _read(path: str) -> str:
    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return ""


def _children(process: int) -> list[int]:
    tasks = Path(f"/proc/{process}/task")
    found: list[int] = []
    for task in tasks.iterdir() if tasks.exists() else ():
        found += map(int, _read(str(task / "children")).split())
    return found


def _below(process: int) -> Iterator[int]:
    for child in _children(process):
        yield child
        yield from _below(child)


def attacked(
    client: Client,
    attacks: tuple[Callable[[Client, int], None], ...],
    end: float,
    results: Connection,
) -> None:
    """Runs all attacks side by side until the end, then sends back how they were answered."""
    os.nice(19)
    png(12_000)

    def again(attack: Callable[[Client, int], None]) -> None:
        turn = 0
        while time.monotonic() < end:
            attack(client, turn)
            turn += 1

    for attack in attacks:
        threading.Thread(target=again, args=(attack,), daemon=True).start()
    time.sleep(max(0.0, end - time.monotonic()))
    results.send(client.answers)


def siege(
    root: Path,
    folder: Path,
    port: int,
    seconds: int,
    attacks: tuple[Callable[[Client, int], None], ...],
) -> None:
    environment = {**os.environ, "DATA_DIR": str(folder), "PYTHONPATH": str(root)}
    for name in ("BROKER_URL", "DATABASE_URL", "SECRET_KEY"):
        environment.pop(name, None)
    for arguments in (["migrate", "-v0"], ["seed", "--no-render"]):
        command = [PYTHON, "manage.py", *arguments, "--skip-checks"]
        subprocess.run(command, cwd=root, env=environment, check=True)
    made = subprocess.run(
        [PYTHON, "-c", PEOPLE], cwd=root, env=environment, stdout=subprocess.PIPE, check=True
    )
    people = json.loads(made.stdout.splitlines()[-1])
    log = folder / "serve.log"
    with log.open("w") as output:
        serve = subprocess.Popen(
            [PYTHON, "manage.py", "serve", "--port", str(port)],
            cwd=root,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        while "Demo login" not in log.read_text():
            if serve.poll() is not None:
                sys.exit(f"serve ended:\n{log.read_text()[-2000:]}")
            time.sleep(0.5)
        attacker, other = (Client(port, **people[name]) for name in ("attacker", "person"))
        person, memory = Person(other), Memory(serve.pid)
        person.use(time.monotonic() + CALM_SECONDS)
        calm, before = person.taken(), memory.now()

        end = time.monotonic() + seconds
        answers, attackers = multiprocessing.Pipe(duplex=False)
        attack = multiprocessing.Process(
            target=attacked, args=(attacker, attacks, end, attackers), daemon=True
        )
        attack.start()
        threading.Thread(target=memory.watch, args=(end,), daemon=True).start()
        person.use(end)
        beside, peaks = person.taken(), dict(memory.peaks)
        ended = serve.poll() is not None
        attacker.answers = answers.recv() if answers.poll(PATIENCE) else Counter()
        time.sleep(10)
        after = memory.now()
        report(calm, beside, other, attacker, before, peaks, after)
        if ended:
            print("\nThe studio ended before the siege did.")
    finally:
        if serve.poll() is None:
            serve.send_signal(signal.SIGTERM)
            serve.wait()


def report(
    calm: dict[str, list[float]],
    beside: dict[str, list[float]],
    other: Client,
    attacker: Client,
    before: dict[str, float],
    peaks: dict[str, float],
    after: dict[str, float],
) -> None:
    print("| page of the other | calm p50 / p95 ms | beside it p50 / p95 ms | worst ms | times |")
    print("|---|---|---|---|---|")
    for page in calm:
        took = beside.get(page, [])
        print(
            f"| {page} | {_cuts(calm[page])} | {_cuts(took)} | {max(took, default=0):.0f} | {len(took)} |"
        )
    every = [time for took in beside.values() for time in took]
    print(f"| all | | {_cuts(every)} | {max(every, default=0):.0f} | {len(every)} |")
    print("\n| answers | 2xx, 3xx | 4xx | 5xx | none |")
    print("|---|---|---|---|---|")
    for name, client in (("to the other", other), ("to the one", attacker)):
        got = client.answers
        print(
            f"| {name} | {got['2xx'] + got['3xx']} | {got['4xx']} | {got['5xx']} | {got['none']} |"
        )
    print("\n| memory, MB PSS | before | peak | 10 s after |")
    print("|---|---|---|---|")
    for role in ("web", "worker", "others"):
        row = " | ".join(f"{found.get(role, 0):.0f}" for found in (before, peaks, after))
        print(f"| {role} | {row} |")


def _cuts(took: list[float]) -> str:
    if len(took) < 2:
        return "–"
    return f"{statistics.median(took):.0f} / {statistics.quantiles(took, n=20)[-1]:.0f}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=ROOT, help="the checkout to try")
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--port", type=int, default=8150)
    names = {attack.__name__: attack for attack in ATTACKS}
    parser.add_argument("--only", default=",".join(names), help="some of the attacks")
    chosen = parser.parse_args()
    some = tuple(names[name] for name in chosen.only.split(","))
    folder = Path(tempfile.mkdtemp(prefix="likeness-siege-"))
    try:
        siege(chosen.root.resolve(), folder, chosen.port, chosen.seconds, some)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
