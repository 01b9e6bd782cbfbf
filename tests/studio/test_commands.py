"""The commands of the terminal: what they write, and how they refuse."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from PIL import Image

from rendering import faces, media, voices
from rendering.voices.providers import Account, HostedVoice

pytestmark = pytest.mark.django_db
ROOT = Path(settings.BASE_DIR)
SCRIPT = "# One\n\nHello **there**.\n\n# Two\n\nGoodbye.\n"


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "hello.md"
    path.write_text(SCRIPT)
    return path


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """A video made by the command in a process of its own, on an empty data folder."""
    folder = tmp_path_factory.mktemp("film")
    source = folder / "hello.md"
    source.write_text(SCRIPT)
    out = folder / "hello.mp4"
    environment = {**os.environ, "DATA_DIR": str(folder / "data")}
    environment.pop("DATABASE_URL", None)
    command = [sys.executable, "manage.py", "render", source, "--avatar", "maya"]
    command += ["--voice", "preview", "--out", out, "--height", "240", "--captions", "--json"]
    run = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300
    )
    return out, run, environment


def verify(path, environment):
    command = [sys.executable, "manage.py", "verify", path, "--json"]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


def expect_refusal(capsys, command, *arguments):
    """Expects the command to refuse with status 2. Returns the one sentence that it writes."""
    with pytest.raises(SystemExit) as ended:
        call_command(command, *map(str, arguments))
    written = capsys.readouterr()
    assert ended.value.code == 2
    assert written.out == ""
    assert written.err.count("\n") == 1
    return written.err


def test_render_writes_a_video_and_one_object(film):
    out, run, _ = film
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout)
    assert set(report) == {
        "out", "draft", "seconds", "wall_seconds", "stages", "quality", "provenance",
    }  # fmt: skip
    assert report["draft"] is False
    assert report["out"] == str(out)
    assert set(report["stages"]) == {
        "script",
        "speech",
        "alignment",
        "motion",
        "frames",
        "smoothing",
        "delivery",
    }
    probed = media.probe(out)
    assert probed["seconds"] == pytest.approx(report["seconds"], abs=0.03)
    assert [chapter["title"] for chapter in probed["chapters"]] == ["One", "Two"]
    assert probed["streams"][0]["height"] == 240
    assert "Hello there." in out.with_suffix(".srt").read_text()
    assert out.with_suffix(".vtt").read_text().startswith("WEBVTT")


def test_verify_reports_the_streams_and_credentials_of_a_video(film):
    out, _, environment = film
    run = verify(out, environment)
    report = json.loads(run.stdout)
    assert run.returncode == 0
    assert report["state"] == "valid"
    assert report["starts_at_once"]
    assert [stream["codec"] for stream in report["streams"]] == ["h264", "aac"]
    credentials = report["credentials"]
    assert [part["title"] for part in credentials["ingredients"]] == ["Maya", "Preview"]
    assert {record["kind"] for record in credentials["consents"]} == {"licence"}


def test_verify_reports_a_changed_byte(film, tmp_path):
    out, _, environment = film
    data = bytearray(out.read_bytes())
    data[len(data) // 2] ^= 1
    changed = tmp_path / "changed.mp4"
    changed.write_bytes(data)
    run = verify(changed, environment)
    assert run.returncode == 1
    assert json.loads(run.stdout)["state"] == "changed"


def test_verify_reports_an_unsigned_video(film, tmp_path):
    out, _, environment = film
    plain = tmp_path / "plain.mp4"
    media.run(["-i", out, "-c", "copy", "-map", "0:v", plain])
    run = verify(plain, environment)
    assert run.returncode == 1
    assert json.loads(run.stdout)["state"] == "none"


def test_verify_refuses_what_is_no_video(capsys, tmp_path, script):
    assert "There is no file" in expect_refusal(capsys, "verify", tmp_path / "absent.mp4")
    assert "not an MP4" in expect_refusal(capsys, "verify", script)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"--avatar": "mayo"}, "maya"),
        ({"--voice": "af_hart"}, "try af_heart"),
        ({"--aspect": "4:3"}, "use 16:9, 9:16, 1:1, 4:5 or 5:4"),
        ({"--height": "99"}, "use 240 to 2160"),
        ({"--codec": "prores"}, "use h264"),
        ({"--codec": "vp9"}, "VP9 goes into a .webm"),
        ({"--layout": "tilted"}, "use one of full, half, close, circle, corner"),
        ({"--background": "blue"}, "There is no file blue"),
        ({"--out": "/absent/film.mp4"}, "There is no folder"),
        ({"--out": "film.avi"}, "end in .mp4"),
        ({"--out": "/proc/film.mp4"}, "Nothing can be written"),
    ],
)
def test_render_refuses_a_bad_option(capsys, script, changes, sentence):
    out = str(script.with_suffix(".mp4"))
    options = {"--avatar": "maya", "--voice": "preview", "--out": out, **changes}
    arguments = [part for pair in options.items() for part in pair]
    assert sentence in expect_refusal(capsys, "render", script, *arguments)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"\xff\xfe\x00h", "not UTF-8"),
        (b"# Only a heading\n", "no words to say"),
        (b"a" * 20_001, "20,000"),
        (b"a" * 200_000, "too large"),
        (b"Fine.\n\n!!!\n", "Line 2: "),
        (b"Yes.\n\n" * 301, "at most 300"),
    ],
)
def test_render_refuses_a_bad_script(capsys, script, content, sentence):
    script.write_bytes(content)
    written = expect_refusal(capsys, "render", script, "--avatar", "maya", "--voice", "preview")
    assert sentence in written


def test_render_refuses_an_absent_script(capsys, tmp_path):
    written = expect_refusal(
        capsys, "render", tmp_path / "a.md", "--avatar", "maya", "--voice", "preview"
    )
    assert "There is no file" in written
    written = expect_refusal(capsys, "render", tmp_path, "--avatar", "maya", "--voice", "preview")
    assert "is not a file" in written


def test_render_refuses_what_screening_blocks(capsys, script):
    script.write_text("Fine.\n\nI will kill you tomorrow.\n")
    written = expect_refusal(capsys, "render", script, "--avatar", "maya", "--voice", "preview")
    assert written.startswith("Not rendered: line 2 ")


@pytest.mark.parametrize("option", ["--heading", "--body"])
def test_render_screens_what_is_written_beside_the_person(capsys, script, option):
    words = ("--layout", "half", option, "I will kill you tomorrow.")
    written = expect_refusal(
        capsys, "render", script, "--avatar", "maya", "--voice", "preview", *words
    )
    assert written.startswith(
        "Not rendered: the text “I will kill you tomorrow.” in the picture breaks"
    )


@pytest.mark.parametrize(("option", "noun"), [("--background", "background"), ("--logo", "logo")])
def test_render_screens_pictures(capsys, script, tmp_path, monkeypatch, option, noun):
    monkeypatch.setattr("moderation.pictures.BLOCKED", 0.0)
    picture = tmp_path / "skin.png"
    Image.new("RGB", (64, 64), "#c89878").save(picture)
    written = expect_refusal(
        capsys, "render", script, "--avatar", "maya", "--voice", "preview", option, str(picture)
    )
    assert written.startswith(f"Not rendered: the {noun} breaks the rule “Nudity")


def test_render_refuses_a_withdrawn_likeness(capsys, script, library):
    from studio.models import Avatar

    Avatar.objects.get(slug="maya").consents.get().withdraw("asked")
    written = expect_refusal(capsys, "render", script, "--avatar", "maya", "--voice", "preview")
    assert "withdrawn" in written


@pytest.mark.parametrize("command", ["avatars", "voices"])
def test_the_avatars_and_the_voices_are_listed(capsys, command):
    call_command(command, "--json")
    rows = json.loads(capsys.readouterr().out)
    assert rows
    assert all({"slug", "name", "language", "licence", "description"} <= set(row) for row in rows)
    call_command(command)
    assert rows[0]["slug"] in capsys.readouterr().out


def columns(out, rows):
    """The columns in which the descriptions of the listed rows begin."""
    lines = out.splitlines()
    return {
        line.index(row["description"])
        for row, line in zip(rows, lines, strict=False)
        if row["slug"] in line and row["name"] in line
    }


def listed(capsys, command):
    call_command(command, "--json")
    rows = json.loads(capsys.readouterr().out)
    call_command(command)
    return rows, capsys.readouterr().out


LONG = "Wilhelmina Featherstonehaugh of the Third Floor"


def test_avatars_with_long_names_keep_their_columns(capsys, monkeypatch):
    first, *rest = faces.stock()
    long = replace(
        first, name=LONG, slug="wilhelmina-featherstonehaugh", voice="preview-of-a-voice"
    )
    monkeypatch.setattr(faces, "stock", lambda: (long, *rest))
    monkeypatch.setitem(voices.REGISTRY, long.voice, voices.REGISTRY["preview"])
    rows, out = listed(capsys, "avatars")
    assert LONG in out
    assert len(columns(out, rows)) == 1


def test_voices_with_long_names_keep_their_columns(capsys):
    rachel = HostedVoice(LONG, "21m00Tcm4TlvDq8ikWAM", "en-US")
    try:
        voices.offer([Account("elevenlabs", "a-key", (rachel,))])
        rows, out = listed(capsys, "voices")
    finally:
        voices.offer([])
    assert LONG in out
    assert len(columns(out, rows)) == 1


@pytest.fixture
def spoken(script, monkeypatch):
    """The voices in which the command would speak; it stops before anything is made."""

    class Stopped(Exception):
        pass

    def stop(specs, *_):
        raise Stopped({spec.voice for spec in specs})

    def voices_of(*arguments):
        with pytest.raises(Stopped) as stopped:
            call_command("render", str(script), *arguments)
        return stopped.value.args[0]

    monkeypatch.setattr("studio.management.commands.render.rendered", stop)
    return voices_of


@pytest.mark.parametrize(("avatar", "voice"), [("maya", "af_heart"), ("daniel", "am_michael")])
def test_whoever_is_rendered_speaks_in_their_own_voice(spoken, avatar, voice):
    assert spoken("--avatar", avatar) == {voice}
    assert spoken("--avatar", avatar, "--voice", "preview") == {"preview"}


def test_a_face_from_a_photo_speaks_in_its_own_voice(spoken, script, capsys, library, alice):
    from consent.models import Consent
    from studio.models import Avatar

    face = Avatar.objects.create(
        workspace=alice.workspace, slug="robin", name="Robin", pack="0" * 64, voice_slug="bf_emma"
    )
    agreed = Consent.record(
        kind="person", avatar=face, source="x", licence="x", sha256="0" * 64, scope="drafts"
    )
    options = ("--avatar", face.pk, "--consent", agreed.pk)
    assert spoken(*options) == {"bf_emma"}
    Avatar.objects.filter(pk=face.pk).update(voice_slug="")
    assert "name one with --voice" in expect_refusal(capsys, "render", script, *options)


READ_NO_FILM = (
    *("ledger check", "consent verify", "case list", "screen", "avatars", "voices"),
    *("models list", "fleet", "store check"),
)
LOADING = """
import sys
from django.core.management import execute_from_command_line
for command in sys.argv[1:]:
    try:
        execute_from_command_line(["manage.py", *command.split()])
    except SystemExit as ended:
        assert not ended.code, (command, ended.code)
    print("LOADED", command, *sorted({name.split(".")[0] for name in sys.modules}), file=sys.stderr)
"""
HEAVY = {
    *("numpy", "scipy", "PIL", "cv2", "onnxruntime", "torch", "soundfile", "pyloudnorm", "dlib"),
    *("ai_edge_litert", "pocketsphinx", "hibari", "c2pa", "cryptography", "boto3", "requests"),
    *("redis", "ninja", "pydantic"),
}


def test_a_command_that_reads_no_film_loads_nothing_that_makes_one(tmp_path):
    """So that the command is ready within a second of processor time."""
    environment = {
        **os.environ,
        "DATA_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "studio.settings",
    }
    environment.pop("DATABASE_URL", None)

    def run(*arguments):
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )

    assert run("manage.py", "migrate", "--verbosity=0").returncode == 0
    done = run("-c", LOADING, *READ_NO_FILM)
    assert done.returncode == 0, done.stderr
    # A machine that has never spoken also logs what it tried.
    loaded = [line for line in done.stderr.splitlines() if line.startswith("LOADED")]
    for command, line in zip(READ_NO_FILM, loaded, strict=True):
        names = set(line.removeprefix(f"LOADED {command}").split())
        assert "studio" in names
        assert not HEAVY & names, command


def test_the_demo_is_about_a_minute_with_two_chapters():
    from rendering import pipeline
    from rendering.stages import script, speech
    from rendering.values import LineSpec

    lines = script.lines((ROOT / "docs" / "demo.md").read_text())
    read = [pipeline.read_script(LineSpec(line.text, "maya", "af_heart")) for line in lines]
    assert len({line.chapter for line in lines}) == 2
    assert not any(parsed.warnings for parsed in read)
    assert 45 < sum(speech.estimate(parsed, "af_heart") for parsed in read) < 60
