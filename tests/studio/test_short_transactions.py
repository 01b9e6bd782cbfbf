"""No transaction that writes contains work that others would wait for. The work itself is watched, not a clock."""

import subprocess
import sys
from io import BytesIO
from types import ModuleType

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.mail.message import EmailMessage
from django.core.management import call_command
from django.db import connection
from django.template.backends.django import Template
from django.urls import reverse
from PIL import Image

from billing.models import available
from moderation import pictures as picture_screening
from moderation import screen as text_screening
from rendering import cost, pictures, pipeline, tasks
from rendering.fleet import eta, queue
from rendering.models import Render
from rendering.stages import lettering, speech
from rendering.stages import script as script_stage
from rendering.store import Store
from studio.models import Project, Scene, User, Voice
from studio.projects import manuscript, overlays
from studio.renders import ordering, plan
from tests.studio.programs import Program
from tests.studio.rows import make_project

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]
JSON = {"HTTP_ACCEPT": "application/json"}

FUNCTIONS = {
    "reading": [
        *(script_stage.run, script_stage.lines, pipeline.read_script, pipeline.line_key),
        *(overlays.words_of, manuscript.margins, manuscript.rough_margin, lettering.check),
    ],
    "planning": [plan.plan_render, pipeline.length_of, eta.likely_wait, eta.positions],
    "speech": [speech.run, speech.sentences, speech.cached, speech.estimate],
    "screening": [text_screening.screen, picture_screening.screen_picture],
    "pictures": [pictures.intake, Image.open],
}
METHODS = {
    "a process": (subprocess.Popen, "__init__"),
    "a mail": (EmailMessage, "send"),
    "the store": (Store, "write"),
    "a page": (Template, "render"),
    "a password": (User, "set_password"),
}


@pytest.fixture
def seen(monkeypatch):
    """(kinds of work that were done, notes of the work that was done while a transaction was open)."""
    done, within = set(), []

    def watched(kind, work):
        def wrapper(*args, **options):
            done.add(kind)
            if connection.in_atomic_block:
                within.append(f"{kind}: {work.__qualname__}")
            return work(*args, **options)

        return wrapper

    for kind, works in FUNCTIONS.items():
        for work in works:
            wrapped = watched(kind, work)
            for module in [m for m in list(sys.modules.values()) if isinstance(m, ModuleType)]:
                if module.__name__.startswith("tests."):
                    continue
                for name, value in list(vars(module).items()):
                    if value is work:
                        monkeypatch.setattr(module, name, wrapped)
    for kind, (owner, name) in METHODS.items():
        monkeypatch.setattr(owner, name, watched(kind, getattr(owner, name)))

    def audit(event, args):
        if event == "socket.connect" and watching and connection.in_atomic_block:
            within.append(f"a socket: {args[1]}")

    watching = [True]
    sys.addaudithook(audit)
    yield done, within
    watching.clear()


@pytest.fixture
def page(alice, client_of):
    return client_of(alice)


@pytest.fixture
def scene(alice, library):
    script = "Hello, and welcome.\n\nA second line."
    return make_project(alice.workspace, script=script).live_scenes.get()


def save(page, scene, **fields):
    scene.refresh_from_db()
    body = {"revision": scene.revision, **fields}
    answer = page.post(reverse("scene_save", args=[scene.pk]), body, **JSON)
    assert answer.status_code == 200, answer.json()


def png():
    out = BytesIO()
    Image.new("RGB", (640, 360), (200, 80, 60)).save(out, "PNG")
    return SimpleUploadedFile("Wall.png", out.getvalue(), "image/png")


def test_the_watch_notices_work_within_a_transaction(scene, seen):
    """Planning within a transaction is noted, as it was once done while charging."""
    from django.db import transaction

    _, within = seen
    with transaction.atomic():
        ordering.plan_render(scene.project)
    assert {note.split(":")[0] for note in within} >= {"reading", "planning", "speech"}


def test_transactions_of_the_editor_contain_no_other_work(page, scene, seen):
    done, within = seen
    project = scene.project
    text = {"text": "Spring", "words": "and welcome"}
    page.post(reverse("overlay_create", args=[scene.pk]), text, **JSON)
    cue = {"line": 1, "first": 1, "last": 3, "start": "0", "end": "0", "text": "Hi!"}
    assert page.post(f"/scenes/{scene.pk}/captions/save", cue, **JSON).status_code == 200
    save(page, scene, script="One more.\n\nHello, and welcome.\n\nA second line.")
    save(page, scene, speed="1.2", background_color="#2f4a4a")
    shared = {"title": "Spring", "burn_captions": "1"}
    assert page.post(reverse("project_save", args=[project.pk]), shared, **JSON).status_code == 200
    for step in ("undo", "undo", "redo", "undo"):
        page.post(reverse(f"project_{step}", args=[project.pk]), **JSON)
    for verb in ("duplicate", "move", "remove", "restore"):
        page.post(reverse(f"scene_{verb}", args=[scene.pk]), {"move": "up"}, **JSON)
    page.post(reverse("scene_create", args=[project.pk]), **JSON)
    page.post(reverse("project_duplicate", args=[project.pk]))
    picture = {"image": png(), "scene": scene.pk}
    assert page.post(reverse("asset_create"), picture, **JSON).status_code == 201
    logo = {"logo": png(), "project": project.pk}
    assert page.post(reverse("asset_create"), logo, **JSON).status_code == 201
    page.get(reverse("project_edit", args=[project.pk]))
    assert not within
    assert done >= {"reading", "pictures", "a page"}


def test_transactions_of_a_press_of_render_contain_no_other_work(page, scene, seen):
    done, within = seen
    project = scene.project
    estimate = page.get(reverse("project_estimate", args=[project.pk]), **JSON).json()
    create = reverse("render_create", args=[project.pk])
    assert page.post(create, {"quoted": estimate["quoted"]}, **JSON).status_code == 201
    assert page.post(create, {"mode": "draft"}, **JSON).status_code == 201
    assert page.post(create, {"quoted": "0"}, **JSON).status_code == 201  # shows the open render
    render = Render.objects.filter(mode="final").get()
    render.cancel()
    retry = reverse("render_retry", args=[render.pk])
    assert page.post(retry, {"quoted": estimate["quoted"]}).status_code == 302
    page.get(reverse("render_detail", args=[render.pk]))
    assert not within
    assert done >= {"reading", "planning", "speech", "screening", "a page"}


def test_transactions_of_the_api_contain_no_other_work(alice, scene, seen):
    done, within = seen
    program = Program.of(alice.workspace)
    first = program.post("/api/v1/renders", {"script": "Hello there."}, key="k")
    again = program.post("/api/v1/renders", {"script": "Hello there."}, key="k")
    assert first.json() == again.json()
    project = Project.objects.get(pk=scene.project_id)
    answer = program.render(project_id=project.pk, revision=project.revision, mode="draft")
    assert answer.status_code == 202, answer.json()
    assert program.render(script="Hello.", max_cost=0).status_code == 402
    assert program.render(script="I will kill you.").status_code in (202, 451)
    captions = program.get(f"/api/v1/projects/{project.pk}/captions").json()["data"]
    address = f"/api/v1/projects/{project.pk}/captions/{captions[0]['id']}"
    headers = program._headers({})
    sent = {"data": {"text": "Hi!"}, "content_type": "application/json", "headers": headers}
    assert program.client.patch(address, **sent).status_code == 200
    headers = program._headers({"Idempotency-Key": "a"})
    form = {"file": png(), "kind": "image"}
    assert program.client.post("/api/v1/assets", form, headers=headers).status_code == 201
    program.get("/api/v1/renders")
    assert not within
    assert done >= {"reading", "planning", "speech", "screening", "pictures"}


def test_transactions_at_the_end_of_a_render_contain_no_other_work(alice, scene, seen):
    done, within = seen
    render = ordering.request_render(scene.project, by=alice)
    render.segments.update(status="done", progress=1.0, seconds=1.0)
    render.start()
    render.refresh_from_db()
    cost.deliver(render, seconds=2.0)
    call_command("sweep", "--once")
    tasks.sweep()
    assert not within
    assert "a mail" in done
    assert available(alice.workspace) == 598


def test_a_line_is_made_and_assembled_outside_of_transactions(alice, scene, seen, monkeypatch):
    done, within = seen
    quick = Voice.objects.get(slug="preview")
    Scene.objects.filter(pk=scene.pk).update(voice=quick, script="Yes.")
    scene.project.refresh_from_db()
    render = ordering.request_render(scene.project, mode="draft")
    monkeypatch.setattr(tasks.PULSE, "start", lambda: None)
    line = queue.claim("test", tasks.PULSE.kinds)
    tasks.make_line(line)
    tasks.assemble(queue.claim("test", tasks.PULSE.kinds))
    render.refresh_from_db()
    assert render.status == "done", render.failure_message
    assert not within
    assert done >= {"reading", "speech", "a process", "the store"}


def test_transactions_of_a_sign_up_contain_no_other_work(client, db, seen):
    done, within = seen
    fields = {"email": "new@example.org", "password1": "a long password", "name": "New"}
    assert client.post(reverse("account_signup"), fields).status_code in (200, 302)
    assert User.objects.filter(email="new@example.org").exists()
    assert not within
    assert done >= {"a password", "a mail"}
