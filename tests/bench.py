"""Speed and memory: `make bench`, or `python -m tests.bench speed|drawing|memory|pages|locks`.

Ratios are measured side by side in one run, each program as a process of its own from start to end, CPU
time beside wall time. Prints the table that stands in the README.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.measured import ROOT, Measured

PYTHON = sys.executable
WORDS = (
    "A film begins as a paragraph, and every paragraph is a line of its own.",
    "The voice reads it first, and the lips follow what was said, to the frame.",
    "When one line changes, only that line is spoken and drawn again.",
    "Nothing that was paid for is ever paid for twice.",
)


def _script(folder: Path, seconds: float) -> Path:
    """A script of about this length: the lines above, each with a number of its own."""
    count = max(1, round(seconds / 4.6))
    lines = [f"Number {n}. {WORDS[n % len(WORDS)]}" for n in range(count)]
    path = folder / f"script-{round(seconds)}.md"
    path.write_text("\n\n".join(lines) + "\n")
    return path


def _cache() -> dict[str, str]:
    """The variable of the environment that names the folder of prepared voice models."""
    return {"LIKENESS_CACHE": os.environ.get("LIKENESS_CACHE") or str(ROOT / ".data" / "cache")}


def _render(script: Path, folder: Path, height: int = 720) -> tuple[Measured, dict]:
    """A render from scratch: with an empty store and a prepared voice model."""
    with tempfile.TemporaryDirectory(dir=folder) as data:
        environment = {"DATA_DIR": data, **_cache()}
        manage = [PYTHON, "manage.py"]
        Measured(*manage, "migrate", "-v0", environment=environment)
        command = [*manage, "render", script, "--avatar", "maya", "--voice", "af_heart"]
        command += ["--height", str(height), "--out", folder / "film.mp4", "--json"]
        done = Measured(*command, environment=environment)
    return done, json.loads(done.output)


SPEAK = """
import sys
from pathlib import Path
from rendering import voices
from rendering.stages import script, speech
from rendering.voices import kokoro
engine = kokoro.Kokoro(None, threads=int(sys.argv[2]), runtime=sys.argv[3])
voices._load = lambda name, cache: engine
for line in script.lines(Path(sys.argv[1]).read_text()):
    speech.run(script.run(line.text, markup="markdown", language="en-US", dictionary=(), supports=voices.CONTROLS), "af_heart")
"""


def machine() -> str:
    """The processor, what of its instructions matters here, and how fast it copies memory."""
    import numpy as np

    rows = Path("/proc/cpuinfo").read_text().splitlines()
    name = next((row.split(":")[1].strip() for row in rows if row.startswith("model name")), "?")
    flags = next((row.split(":")[1].split() for row in rows if row.startswith("flags")), [])
    wanted = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_bf16")
    block = np.ones(1 << 25)
    copied = np.empty_like(block)
    best = min(_seconds(lambda: np.copyto(copied, block)) for _ in range(5))
    return (
        f"{os.cpu_count()} cores of {name} ({', '.join(flag for flag in wanted if flag in flags)}); "
        f"memory is copied at {2 * block.nbytes / best / 1e9:.0f} GB a second (read and written)."
    )


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def speed(folder: Path) -> list[str]:
    """End to end at 720p against its parts, each at its best number of threads, and speech by the chosen runtime against int8."""
    from rendering import media
    from rendering.voices import choice

    script = _script(folder, 60)
    _render(_script(folder, 8), folder)  # prepares the model and warms the disk
    whole, report = _render(script, folder)
    runs = {
        name: [Measured(PYTHON, "-c", SPEAK, script, n, name) for n in ("1", "2")]
        for name in ("auto", "int8")
    }
    raw = folder / "frames.rgb"
    drawn, frames, _ = Measured(PYTHON, "-c", DRAW, _script(folder, 20), "720", raw).output.split()
    raw.unlink()
    raw = folder / "film.yuv"
    film = folder / "film.mp4"
    quiet = [media.program(), "-hide_banner", "-loglevel", "error", "-y"]
    subprocess.run([*quiet, "-i", film, "-map", "0:v", "-f", "rawvideo", raw], check=True)
    size = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", "1280x720", "-r", "25", "-i", raw]
    encoded = [
        Measured(*quiet, *size, *media.video_encoder("h264", 25), "-threads", n, folder / "x.mp4")
        for n in ("1", "2")
    ]
    raw.unlink()
    speech = min(runs["auto"], key=lambda run: run.wall)
    x264 = min(encoded, key=lambda run: run.wall)
    length = report["seconds"]
    ratio = whole.wall / (speech.wall + x264.wall)
    one, eight = runs["auto"][0], runs["int8"][0]
    parts = one.cpu + x264.cpu + float(drawn) / int(frames) * length * 25
    stages = ", ".join(f"{name} {value:.1f}" for name, value in report["stages"].items())
    return [
        "| what | wall s | CPU s | wall per second of film |",
        "|---|---|---|---|",
        f"| end to end, 720p, {length:.0f} s of film | {whole.wall:.1f} | {whole.cpu:.1f} | {whole.wall / length:.2f} |",
        f"| speech alone | {speech.wall:.1f} | {speech.cpu:.1f} | {speech.wall / length:.2f} |",
        f"| x264 alone | {x264.wall:.1f} | {x264.cpu:.1f} | {x264.wall / length:.2f} |",
        f"| **ratio** end to end : (speech + x264), goal at most 1.4 | **{ratio:.2f}** | "
        f"{whole.cpu / (speech.cpu + x264.cpu):.2f} | |",
        f"| **ratio** whole render : (speech + frames + x264, CPU) / 2 | **{2 * whole.wall / parts:.2f}** | | |",
        f"| **ratio** speech by {choice.TITLES[choice.chosen()]} : speech in whole numbers, one thread | "
        f"**{one.wall / eight.wall:.2f}** | **{one.cpu / eight.cpu:.2f}** | |",
        "",
        f"Seconds inside the stages, summed over lines made side by side: {stages}.",
    ]


DRAW = """
import sys, time
from rendering import faces, memory, pipeline, voices
from rendering.stages import alignment, frames, motion, script, speech
from rendering.values import LineSpec, VideoFormat
text, height, out = sys.argv[1], int(sys.argv[2]), open(sys.argv[3], "wb")
memory.steady()
video = VideoFormat.of("16:9", height)
moved = []
for line in script.lines(open(text).read()):
    read = script.run(line.text, markup="markdown", language="en-US", dictionary=(), supports=voices.CONTROLS)
    timing = alignment.run(read, speech.run(read, "af_heart"))
    moved.append((timing, motion.run(timing, fps=25, seed=1)))
spec, avatar = LineSpec("", "maya", "af_heart", video=video), faces.get("maya")
begun = time.process_time()
frames.Drawn(spec, avatar)
prepared = time.process_time() - begun
spent, count = 0.0, 0
for timing, one in moved:
    begun = time.process_time()
    for frame in frames.run(one, spec=spec, avatar=avatar, timing=timing, report=lambda *step: None):
        spent += time.process_time() - begun
        out.write(frame.tobytes())
        count += 1
        begun = time.process_time()
print(spent, count, prepared)
"""

LAYERED = """
import sys
from dataclasses import replace
from pathlib import Path
from rendering import memory, pipeline
from rendering.values import Captions, Layout, LineSpec, Logo, Overlay, VideoFormat
from tests import samples
memory.steady()
made = samples.Samples(Path(sys.argv[1]))
video, moving = VideoFormat.of("16:9", 2160), made.background("video")
plain = LineSpec(samples.WORDS, "maya", "af_heart", video=video, background=moving)
shown = Overlay(samples.HEADING, style="card", first=2, last=7), Overlay(picture=made.slide, sha256="slide", size=0.3)
laden = replace(
    plain, scene=1, transition="fade", layout=Layout("half", heading=samples.HEADING, body=samples.BODY),
    captions=Captions(True, "karaoke"), logo=Logo(made.logo, "mark"), overlays=shown,
)
pipeline.render_line(laden, earlier=[plain], store=made.store)
"""

STEPS = {
    "turn of the head, on the grid": ("fields.py", "head"),
    "lips and skin, on the grid": ("fields.py", "inverse"),
    "check for folds": ("fields.py", "determinant"),
    "maps to pixels": ("fields.py", "fine"),
    "eyes": ("eyes.py", "paint"),
    "chin and lips": ("portrait.py", "_draw_chin"),
    "of these, inside of the mouth": ("mouth.py", "draw"),
    "body": ("portrait.py", "draw_body"),
    "layers over the background": ("painting.py", "lay"),
    "all of a frame": ("composition.py", "_place"),
}
PROFILE = """
import cProfile, json, pstats, sys, time
import numpy as np
from rendering import faces
from rendering.stages import frames, motion
from rendering.values import LineSpec, Motion, Timing, VideoFormat
steps, count = json.loads(sys.argv[1]), 50
wave = np.sin(np.arange(count)[None] / 6 + np.arange(len(motion.TRACKS))[:, None])
moved = Motion(25, {name: low + (high - low) * (0.5 + 0.2 * wave[n]) for n, (name, (low, high)) in enumerate(motion.TRACKS.items())})
spec = LineSpec("", "maya", "af_heart", video=VideoFormat.of("16:9", 1080))
nothing = Timing((), (), count / 25, 0.01, np.zeros(9, np.float32), np.zeros(9, np.float32))
drawn = frames.run(moved, spec=spec, avatar=faces.get("maya"), timing=nothing, report=lambda *step: None)
profile = cProfile.Profile(time.process_time)
profile.runcall(list, drawn)
found = {name: 0.0 for name in steps}
for (path, _, function), (_, _, _, total, _) in pstats.Stats(profile).stats.items():
    for name, (file, wanted) in steps.items():
        if function == wanted and path.endswith(file):
            found[name] += 1000 * total / count
print(json.dumps(found))
"""


def drawing(folder: Path) -> list[str]:
    """Frames against x264 on the same frames, at 1080p; the whole render against its parts; a 360p preview; 4K memory."""
    from rendering import media

    script = _script(folder, 20)
    _render(_script(folder, 8), folder)
    quiet = [media.program(), "-hide_banner", "-loglevel", "error", "-y"]

    def parts(height: int, *coded: str) -> tuple[float, int, float, Measured]:
        """CPU seconds of drawing on one thread, frames, CPU seconds to prepare the face, and x264 on the frames at its best
        number of threads."""
        raw = folder / "frames.rgb"
        spent, count, prepared = Measured(
            PYTHON, "-c", DRAW, script, str(height), raw
        ).output.split()
        size = f"{round(height * 16 / 9)}x{height}"
        source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", size, "-r", "25", "-i", raw]
        runs = [Measured(*quiet, *source, *coded, "-threads", n, folder / "y.mp4") for n in "12"]
        raw.unlink()
        best = min(runs, key=lambda run: run.wall)
        return float(spent), int(count), float(prepared), best

    usual = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "19", "-pix_fmt", "yuv420p")
    drawn, count, prepared, x264 = parts(1080, *usual)
    spoken = min(
        (Measured(PYTHON, "-c", SPEAK, script, n, "auto") for n in "12"), key=lambda run: run.wall
    )
    *_, film = parts(1080, *media.video_encoder("h264", 25))
    whole, report = _render(script, folder, 1080)
    draft_drawn, draft_count, _, draft_film = parts(
        360, *media.video_encoder("h264", 25, draft=True)
    )
    huge, _ = _render(_script(folder, 8), folder, 2160)
    laden = Measured(PYTHON, "-c", LAYERED, folder / "laden", environment=_cache())
    cpu = spoken.cpu + drawn + film.cpu
    wall = spoken.wall + drawn + film.wall
    steps = json.loads(Measured(PYTHON, "-c", PROFILE, json.dumps(STEPS)).output)
    draft = (draft_drawn + draft_film.cpu) / (draft_count / 25)
    return [
        "| drawing | measured | goal |",
        "|---|---|---|",
        f"| frames and composition : x264 veryfast, 1080p, CPU | {drawn / x264.cpu:.2f} | 2.5 |",
        f"| CPU ms a frame, 1080p: drawn, x264 veryfast | {1000 * drawn / count:.0f}, {1000 * x264.cpu / count:.0f} | |",
        f"| whole render at 1080p : (speech + frames + x264), CPU | {whole.cpu / cpu:.2f} | 1.25 |",
        f"| the same, wall on 2 cores : CPU of the parts | {whole.wall / cpu:.2f} | 0.65 |",
        f"| the same, wall : wall of the parts | {whole.wall / wall:.2f} | |",
        f"| a face prepared for 1080p, once in a process, CPU s | {prepared:.1f} | |",
        f"| 360p preview beside its speech, CPU s per second of film | {draft:.2f} | 0.25 |",
        f"| 4K, peak of all processes, MB (PSS) | {huge.peak / 1e6:.0f} | 1500 |",
        f"| the same with text, logo, overlays, captions, and a dissolve from one video to another behind | {laden.peak / 1e6:.0f} | 1500 |",
        "",
        "Where the time of the 1080p render goes, seconds inside the stages: "
        + ", ".join(f"{name} {value:.1f}" for name, value in report["stages"].items())
        + ".",
        "",
        "Where the time of a 1080p frame goes, ms: "
        + ", ".join(f"{name} {value:.1f}" for name, value in steps.items())
        + ".",
    ]


def memory(folder: Path) -> list[str]:
    """Peak memory of all processes of a render, for a short and a long script."""
    rows = ["| script | film s | wall s | peak of all processes, MB (PSS) |", "|---|---|---|---|"]
    for seconds in (20, 600):
        done, report = _render(_script(folder, seconds), folder)
        rows.append(
            f"| {seconds} s | {report['seconds']:.0f} | {done.wall:.0f} | {done.peak / 1e6:.0f} |"
        )
    return rows


def pages(folder: Path) -> list[str]:
    """Time to answer, from a real server, for a workspace with 200 projects."""
    from studio.servers import free_port

    data = folder / "pages"
    data.mkdir()
    environment = {"DATA_DIR": str(data), "PYTHONPATH": str(ROOT)}
    Measured(PYTHON, "manage.py", "migrate", "-v0", environment=environment)
    Measured(PYTHON, "manage.py", "seed", "--no-render", environment=environment)
    made = Measured(PYTHON, "-c", FILL, environment=environment)
    session, project = made.output.split()
    port = free_port()
    server = subprocess.Popen(
        [PYTHON, "manage.py", "web", "--bind", f"127.0.0.1:{port}"],
        cwd=ROOT,
        env={**os.environ, **environment},
    )
    rows = ["| page, 200 projects | p50 ms | p95 ms |", "|---|---|---|"]
    try:
        for name, path in (
            ("project list", "/projects/"),
            ("home", "/"),
            ("editor", f"/projects/{project}/"),
        ):
            times = _ask(port, path, session)
            cuts = statistics.quantiles(times, n=20)
            rows.append(f"| {name} | {statistics.median(times):.0f} | {cuts[-1]:.0f} |")
    finally:
        server.terminate()
        server.wait()
    return rows


FILL = """
import os, django
os.environ["DJANGO_SETTINGS_MODULE"] = "studio.settings"
django.setup()
from django.conf import settings
from django.test import Client
from studio.models import Avatar, Project, User, Voice
user = User.objects.get()
workspace = user.memberships.get().workspace
face, voice = Avatar.objects.first(), Voice.objects.first()
for n in range(200):
    project = Project.objects.create(workspace=workspace, title=f"Project {n}", created_by=user)
    for m in range(8):
        project.add_scene(title=f"Scene {m}", avatar=face, voice=voice,
                          script=f"Line {n} {m}, which is long enough to be a line.\\n\\nAnd another one.")
client = Client()
client.force_login(user)
print(client.cookies[settings.SESSION_COOKIE_NAME].value, project.pk)
"""


def _ask(port: int, path: str, session: str) -> list[float]:
    """Milliseconds of 200 answers, one after another, after ten to warm up."""
    times = []
    deadline = time.monotonic() + 60
    while len(times) < 210:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        began = time.perf_counter()
        try:
            connection.request("GET", path, headers={"Cookie": f"sessionid={session}"})
            answer = connection.getresponse()
            answer.read()
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
            continue
        finally:
            connection.close()
        if answer.status != 200:
            raise SystemExit(f"{path} answered {answer.status}")
        times.append(1000 * (time.perf_counter() - began))
    return times[10:]


LOCKS = """
import os, statistics, time, django
os.environ["DJANGO_SETTINGS_MODULE"] = "studio.settings"
django.setup()
from django.conf import settings
from django.db import connections
from django.test import Client
from rendering import tasks
from studio.models import ApiKey, Avatar, Project, Voice, Workspace
settings.ALLOWED_HOSTS.append("testserver")
tasks.publish = lambda *args, **options: True  # no broker here
held, began = [], 0.0
wrapper = type(connections["default"])
begin, commit = wrapper._start_transaction_under_autocommit, wrapper._commit
def begun(self):
    global began
    begin(self)
    began = time.perf_counter()
def committed(self):
    commit(self)
    held.append(1000 * (time.perf_counter() - began))
wrapper._start_transaction_under_autocommit, wrapper._commit = begun, committed
def longest(count, ask):
    found = []
    for number in range(count):
        held.clear()
        ask(number)
        found.append(max(held))
    return f"{statistics.median(found):.1f} | {max(found):.1f}"
workspace = Workspace.objects.get(name="Demo workspace")
member = workspace.memberships.get().user
face, voice = Avatar.objects.get(slug="maya"), Voice.objects.get(slug="af_heart")
project = Project.objects.create(workspace=workspace, title="Three hundred lines")
lines = "\\n\\n".join(f"Line {n} says a little." for n in range(300))
scene = project.add_scene(script=lines, avatar=face, voice=voice)
_, secret = ApiKey.make(workspace, "Bench")
client = Client()
client.force_login(member)
def render(number):
    headers = {"Authorization": f"Bearer {secret}", "Idempotency-Key": f"bench-{number}"}
    body = {"project_id": project.pk}
    answer = client.post("/api/v1/renders", body, content_type="application/json", headers=headers)
    assert answer.status_code == 202, answer.content
    project.renders.latest("created_at").cancel()
def save(number):
    scene.refresh_from_db()
    fields = {"revision": scene.revision, "script": f"{lines} {number}"}
    answer = client.post(f"/scenes/{scene.pk}/save", fields, headers={"Accept": "application/json"})
    assert answer.status_code == 200, answer.content
print(longest(20, render), longest(60, save), sep=";")
"""


def locks(folder: Path) -> list[str]:
    """How long others wait to write while a request writes: SQLite has one writer at a time."""
    environment = {"DATA_DIR": str(folder / "locks"), "PYTHONPATH": str(ROOT)}
    Measured(PYTHON, "manage.py", "migrate", "-v0", environment=environment)
    Measured(PYTHON, "manage.py", "seed", "--no-render", environment=environment)
    render, save = Measured(PYTHON, "-c", LOCKS, environment=environment).output.strip().split(";")
    return [
        "| longest write lock of a request, goal 20 ms | median ms | worst ms |",
        "|---|---|---|",
        f"| POST /renders, a project of 300 lines | {render} |",
        f"| saving a scene of 300 lines | {save} |",
    ]


PARTS = {"speed": speed, "drawing": drawing, "memory": memory, "pages": pages, "locks": locks}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "parts", nargs="*", help="speed, drawing, memory, pages, locks; default: all"
    )
    parts = parser.parse_args().parts or list(PARTS)
    print(machine(), end="\n\n", flush=True)
    for name in parts:
        with tempfile.TemporaryDirectory(prefix="likeness-bench-") as folder:
            rows = PARTS[name](Path(folder))
        print("\n".join(rows), end="\n\n", flush=True)


if __name__ == "__main__":
    main()
