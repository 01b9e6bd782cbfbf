"""A film with uploaded music, requested by a program: the reported loudness and that of the file."""

import subprocess

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile

from rendering import media, storage, tasks
from rendering.fleet import queue
from rendering.models import Render, Segment
from studio.library import footage
from studio.models import Clip
from studio.projects import composition
from tests.stages.test_speech import measured
from tests.studio.programs import Program

pytestmark = pytest.mark.django_db


def test_the_reported_loudness_of_a_film_is_that_of_its_file(alice, library, tmp_path, monkeypatch):
    monkeypatch.setitem(composition.HEIGHTS, "720p", 90)
    monkeypatch.setattr(settings, "MEDIA_DIR", tmp_path / "media")
    program = Program.of(alice.workspace)
    song = tmp_path / "song.mp3"
    tune = "aevalsrc=0.3*sin(660*t)+0.2*sin(1800*t)|0.3*sin(880*t):d=6"
    command = [media.program(), "-v", "error", "-f", "lavfi", "-i", tune, str(song)]
    subprocess.run(command, check=True)
    sent = program.client.post(
        "/api/v1/assets",
        {"kind": "music", "file": SimpleUploadedFile("Song.mp3", song.read_bytes())},
        headers={"Authorization": f"Bearer {program.secret}", "Idempotency-Key": "song"},
    )
    assert sent.status_code == 201, sent.json()
    clip = Clip.objects.get(pk=sent.json()["id"])
    footage.PREPARING.work(clip.pk)
    answer = program.render(
        script="\n\n".join(["The tide is out."] * 4),
        voice_id="preview",
        music={"asset_id": clip.pk, "volume": -12},
    )
    assert answer.status_code == 202, answer.json()
    while work := queue.claim("a worker"):
        (tasks.make_line if isinstance(work, Segment) else tasks.assemble)(work)
    body = program.get(answer["Location"]).json()
    assert body["status"] == "done", body["failure"]
    assert body["seconds"] > 5
    film = next(one for one in Render.objects.get().outputs if one["kind"] == "video")
    lufs, peak = measured(storage.store().find(film["key"], film["suffix"]))
    assert lufs == pytest.approx(-16, abs=0.5)
    assert (body["quality"]["audio_lufs"], body["quality"]["audio_peak"]) == (lufs, peak)
