"""Uploaded videos, from the request on: checked at once, encoded by a worker, used when ready, gone when deleted."""

import json
import subprocess

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.utils import timezone

from billing.models import available
from rendering import clips, media, storage
from rendering.values import Canceled
from rows.work import LEASE, MOST_CLAIMS
from studio.library import footage
from studio.models import Clip
from studio.projects import composition
from tests.studio.programs import Program, assert_problem

pytestmark = pytest.mark.django_db
JSON = {"HTTP_ACCEPT": "application/json"}


def coded(tmp_path, name="v.mp4", picture="color=0x336699:s=64x36", seconds=1):
    path = tmp_path / name
    source = f"{picture}:r=25:d={seconds}"
    command = [media.program(), "-loglevel", "error", "-y", "-f", "lavfi", "-i", source]
    subprocess.run([*command, "-c:v", "libx264", str(path)], check=True)
    return path.read_bytes()


@pytest.fixture(autouse=True)
def _nothing_of_others(tmp_path, monkeypatch):
    monkeypatch.setattr(settings, "MEDIA_DIR", tmp_path / "media")
    for path in storage.store().folder.rglob("*.upload"):
        path.unlink()


@pytest.fixture
def video(tmp_path):
    return coded(tmp_path)


@pytest.fixture
def client(client_of, alice):
    return client_of(alice)


def send(client, scene, data):
    file = SimpleUploadedFile("Waves.mp4", data, "video/mp4")
    return client.post("/assets", {"video": file, "scene": scene.pk}, **JSON)


def sent(client, scene, data):
    answer = send(client, scene, data)
    assert answer.status_code == 201, answer.json()
    return Clip.objects.get(pk=answer.json()["id"])


def work(clip):
    """Does the work of a worker."""
    footage.PREPARING.work(clip.pk)
    clip.refresh_from_db()
    return clip


def left():
    """Files in the store of uploads that are being prepared, and unfinished ones beside the library."""
    found = list(storage.store().folder.rglob("*.upload"))
    found += [p for p in (storage.store().folder / "unfinished").iterdir() if p.is_dir()]
    return found + [p for p in settings.MEDIA_DIR.rglob("*") if p.suffix in (".part", ".upload")]


def test_a_scene_shows_its_video_when_it_is_ready(client, project, scene, video):
    clip = sent(client, scene, video)
    assert clip.state == "making"
    scene.refresh_from_db()
    assert (scene.background, scene.clip) == ("video", clip)
    page = client.get(f"/clips/{clip.pk}/state")
    assert "Waiting to be prepared" in page.content.decode()
    assert "hx-trigger" in page.content.decode()
    assert client.get(f"/clips/{clip.pk}/poster.jpg").status_code == 404
    before = client.get(f"/projects/{project.pk}/?scene={scene.pk}", **JSON).json()["html"]
    assert f"/clips/{clip.pk}/state" in before
    frame = client.get(f"/scenes/{scene.pk}/frame.jpg")
    assert work(clip).state == "ready"
    assert left() == []
    page = client.get(f"/clips/{clip.pk}/state")
    assert "hx-trigger" not in page.content.decode()
    drawn = json.loads(page["HX-Trigger"])["clip-over"]["frames"][scene.pk]
    assert client.get(drawn).content != frame.content
    html = client.get(f"/projects/{project.pk}/?scene={scene.pk}", **JSON).json()["html"]
    assert f"/clips/{clip.pk}/poster.jpg" in html
    poster = client.get(f"/clips/{clip.pk}/poster.jpg")
    assert poster.status_code == 200
    poster.close()


def test_a_render_with_a_video_in_preparation_is_refused_and_costs_nothing(
    client, project, scene, video, alice
):
    clip = sent(client, scene, video)
    answer = client.post(f"/projects/{project.pk}/render", {"quoted": 60})
    assert answer.status_code == 422
    assert "is still being prepared" in answer.content.decode()
    assert available(alice.workspace) == 600
    work(clip)
    assert client.post(f"/projects/{project.pk}/render", {"quoted": 60}).status_code == 302
    made = project.renders.get().segments.get()
    assert made.spec["background"]["sha256"] == clip.sha256


def test_damage_that_only_decoding_shows_is_refused_by_the_worker(client, project, scene, tmp_path):
    spoilt = bytearray(coded(tmp_path, picture="testsrc2=s=320x180"))
    half = len(spoilt) // 2
    spoilt[half : half + 2000] = bytes(byte ^ 0x5A for byte in spoilt[half : half + 2000])
    clip = work(sent(client, scene, bytes(spoilt)))
    assert (clip.state, clip.sha256, clip.fraction) == ("refused", "", 1.0)
    page = client.get(f"/clips/{clip.pk}/state").content.decode()
    assert "damaged" in page
    assert left() == []
    answer = client.post(f"/projects/{project.pk}/render", {"quoted": 60})
    assert answer.status_code == 422
    assert "cannot be used; choose another" in answer.content.decode()
    scene.refresh_from_db()
    assert composition.background_of(scene).video is None
    again = sent(client, scene, bytes(spoilt))
    assert again.pk != clip.pk  # it is tried anew


def test_a_video_that_breaks_a_rule_is_refused_and_not_stored(client, scene, video, monkeypatch):
    monkeypatch.setattr("moderation.pictures.BLOCKED", 0.0)
    clip = work(sent(client, scene, video))
    assert clip.state == "refused"
    assert clip.findings[0]["sentence"]
    assert list(settings.MEDIA_DIR.rglob("*.mp4")) == []


def test_the_same_file_is_prepared_once(client, scene, video):
    first = sent(client, scene, video)
    assert sent(client, scene, video).pk == first.pk
    work(first)
    assert sent(client, scene, video).pk == first.pk
    assert Clip.objects.count() == 1
    assert left() == []
    first.path.unlink()
    assert sent(client, scene, video).state == "making"  # its file was lost


def test_a_video_that_is_deleted_while_it_is_encoded_leaves_nothing(alice, library, tmp_path):
    program = Program.of(alice.workspace)
    clip = through_api(program, coded(tmp_path, seconds=2)).json()["id"]
    attempt = footage.PREPARING.claim(clip)
    headers = {"Authorization": f"Bearer {program.secret}"}
    assert program.client.delete(f"/api/v1/assets/{clip}", headers=headers).status_code == 204
    attempt.run()
    assert left() == []
    assert Clip.objects.get().state == "making"  # which does not matter: it is removed
    assert not list(settings.MEDIA_DIR.rglob("*.mp4"))
    assert footage.PREPARING.claim(clip) is None


def through_api(program, data, key="one"):
    return program.client.post(
        "/api/v1/assets",
        {"file": SimpleUploadedFile("v.mp4", data), "kind": "video"},
        headers={"Authorization": f"Bearer {program.secret}", "Idempotency-Key": key},
    )


def test_the_api_says_when_a_video_is_ready(alice, library, video):
    program = Program.of(alice.workspace)
    answer = through_api(program, video)
    assert (answer.status_code, answer["Retry-After"]) == (202, "2")
    body = answer.json()
    assert (body["status"], body["sha256"], body["seconds"]) == ("making", None, None)
    assert through_api(program, video).json() == body  # the same key: the same answer
    assert len(left()) == 1  # and the file is stored once
    behind = {"type": "video", "asset_id": body["id"]}
    assert_problem(program.render(script="One.", background=behind), 422, "asset_not_ready")
    work(Clip.objects.get())
    assert program.get(answer["Location"]).json()["status"] == "ready"
    assert program.render(script="One.", background=behind).status_code == 202


def test_a_worker_that_dies_is_replaced_and_a_late_one_changes_nothing(client, scene, video):
    clip = sent(client, scene, video)
    late = footage.PREPARING.claim(clip.pk)
    assert footage.PREPARING.claim(clip.pk) is None
    silent = timezone.now() - 2 * LEASE
    Clip.objects.update(claimed_at=silent)
    assert work(clip).state == "ready"
    late.run()
    clip.refresh_from_db()
    assert clip.state == "ready"
    assert left() == []
    assert clip.path.is_file()


def test_a_video_that_ends_its_workers_is_given_up(client, scene, video):
    clip = sent(client, scene, video)
    Clip.objects.update(claims=MOST_CLAIMS, claimed_at=None)
    call_command("sweep", "--once")
    clip.refresh_from_db()
    assert clip.state == "failed"
    assert "upload it again" in client.get(f"/clips/{clip.pk}/state").content.decode()
    assert left() == []


def test_a_workspace_may_have_only_so_many_videos_in_preparation(
    client, scene, tmp_path, monkeypatch
):
    monkeypatch.setattr(footage, "MOST_WAITING", 1)
    sent(client, scene, coded(tmp_path))
    answer = send(client, scene, coded(tmp_path, picture="color=red:s=64x36"))
    assert answer.status_code == 429
    assert "wait until one of them is ready" in answer.json()["problem"]["sentence"]
    assert len(left()) == 1


def test_encoding_reports_its_progress_and_ends_when_canceled(tmp_path):
    (tmp_path / "long.mp4").write_bytes(coded(tmp_path, "long.mp4", seconds=400))
    shares = []

    def report(share):
        shares.append(share)
        if share > 0.02:
            raise Canceled

    with pytest.raises(Canceled):
        clips.intake(tmp_path / "long.mp4", tmp_path / "kept", "video", report)
    assert 0.02 < shares[-1] < 1
    assert list((tmp_path / "kept").iterdir()) == []
