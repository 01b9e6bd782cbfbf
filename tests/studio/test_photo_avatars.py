"""From a photo to an avatar of the workspace: made, refused, accepted, unlocked by its person, deleted."""

import hashlib
import html
import json
import re
from dataclasses import replace
from datetime import timedelta

import cv2
import numpy as np
import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.utils import timezone

import rows.work
from billing.models import available
from consent.models import Consent, Evidence, NotAllowed, allows, first_broken_link
from rendering import faces, provenance, storage
from rendering.fleet import attempts, queue
from rendering.models import Render
from rendering.tasks import make_line
from rendering.values import Canceled
from studio.library import photos, unlocking
from studio.models import Avatar, Voice
from tests.faces import scenes
from tests.studio.rows import everything, own_avatar

pytestmark = pytest.mark.django_db


def coded(picture, kind=".jpg"):
    return cv2.imencode(kind, picture[..., ::-1])[1].tobytes()


def upload(client, data, name="me.jpg", **more):
    answer = client.post("/avatars/new", {"photo": SimpleUploadedFile(name, data), **more})
    assert answer.status_code == 302, answer.content.decode()
    avatar = Avatar.objects.exclude(workspace=None).latest("created_at")
    assert answer["Location"] == f"/avatars/{avatar.pk}/"
    return avatar


def work(avatar):
    """Does the work of a worker, without its task, which also drops old connections, that of the test among them."""
    photos.MAKING.work(avatar.pk)


def made(client, data, **more):
    avatar = upload(client, data, **more)
    work(avatar)
    avatar.refresh_from_db()
    return avatar


@pytest.fixture
def client(alice, client_of, library):
    return client_of(alice)


@pytest.fixture(scope="session")
def pack(tmp_path_factory):
    """A folder with the pack of Clara's photo."""
    from rendering.faces import photo

    folder = tmp_path_factory.mktemp("pack")
    photo.prepare(
        scenes.file(scenes.photo("clara"), folder / "in.jpg"), folder / "made", lambda *_: None
    )
    return folder / "made"


@pytest.fixture
def robin(alice, library, pack):
    """A locked avatar of Clara's photo, which its owner has accepted."""
    return own_avatar(alice.workspace, pack=faces.write_pack(pack, storage.store()))


SHOWS = {words: what for what, words in unlocking.WORDS.items()}


def open_camera(client, avatar, waited=5):
    """(id, requested poses) of a challenge that was drawn this many seconds ago."""
    answer = client.post(f"/avatars/{avatar.pk}/challenge", headers={"Accept": "application/json"})
    assert answer.status_code == 200, answer.content.decode()
    drawn = Avatar.objects.get(pk=avatar.pk)
    drawn.challenge["opened_at"] -= waited
    drawn.save(update_fields=["challenge"])
    return answer.json()["id"], [SHOWS[words] for words in answer.json()["steps"]]


def camera(poses):
    """Pictures of Clara before her camera in these poses."""
    for number, what in enumerate(poses):
        picture = scenes.LIVE / "clara" / f"{'again' if number == len(poses) - 1 else what}.jpg"
        yield SimpleUploadedFile("camera.jpg", picture.read_bytes(), "image/jpeg")


def statement_of(client, avatar):
    """(text, hash) of the statement on the page; empty where nobody is asked to agree."""
    page = html.unescape(client.get(f"/avatars/{avatar.pk}/").content.decode())
    found = re.search(
        r'<blockquote class="statement">(.*?)</blockquote>\s*<input type="hidden" name="statement" value="(\w*)">',
        page,
    )
    return found.groups() if found else ("", "")


def agree(client, avatar, **changed):
    """Clara opens the camera, does what is asked, types a name and agrees."""
    challenge, poses = open_camera(client, avatar)
    fields = {
        "statement": statement_of(client, avatar)[1],
        "name": "Maya Robin",
        "agreed": "yes",
        "challenge": challenge,
        "live": list(camera(poses)),
        **changed,
    }
    return client.post(f"/avatars/{avatar.pk}/unlock", fields)


def test_a_photo_becomes_an_avatar_that_speaks_and_is_locked(client):
    avatar = upload(
        client, coded(scenes.photo("clara")), name="team_photo-1.jpg", voice="am_michael"
    )
    assert avatar.name == "New avatar"  # its person names it, not the file
    assert "Reading the photo" in client.get(f"/avatars/{avatar.pk}/").content.decode()
    work(avatar)
    avatar.refresh_from_db()
    assert (avatar.state, len(avatar.pack)) == ("made", 64)
    assert photos.path_of(avatar, "photo").exists()  # until it is kept, for the cut-out
    page = client.get(f"/avatars/{avatar.pk}/").content.decode()
    assert "Keep it" in page
    assert '<option value="am_michael" selected>' in page  # the voice it was heard with
    film = b"".join(client.get(f"/avatars/{avatar.pk}/files/preview").streaming_content)
    assert film[4:8] == b"ftyp"
    assert client.get("/avatars/").content.decode().count("Look at it and keep it") == 1

    answer = client.post(f"/avatars/{avatar.pk}/keep", {"name": "", "voice": "af_heart"})
    assert (answer.status_code, "Give the avatar a name." in answer.content.decode()) == (422, True)
    client.post(f"/avatars/{avatar.pk}/keep", {"name": "Robin", "voice": "af_heart"})
    avatar.refresh_from_db()
    assert (avatar.state, avatar.name, avatar.voice_slug) == ("kept", "Robin", "af_heart")
    assert avatar.locked


def test_the_photo_of_a_killed_worker_is_taken_up_by_another(client, monkeypatch):
    avatar = upload(client, coded(scenes.ground(700, 700).astype(np.uint8)))
    assert photos.MAKING.claim(avatar.pk) is not None  # and then it is killed
    assert photos.MAKING.claim(avatar.pk) is None
    monkeypatch.setattr(rows.work, "LEASE", timedelta(0))
    work(avatar)
    avatar.refresh_from_db()
    assert avatar.state == "refused"


def test_a_photo_that_ends_every_worker_is_given_up(client, monkeypatch):
    avatar = upload(client, coded(scenes.ground(300, 300).astype(np.uint8)))
    monkeypatch.setattr(rows.work, "LEASE", timedelta(0))
    for _ in range(rows.work.MOST_CLAIMS):
        assert photos.MAKING.claim(avatar.pk) is not None  # and then it is killed
    assert photos.MAKING.claim(avatar.pk) is None
    photos.MAKING.sweep()
    assert (
        "Something went wrong on our side" in client.get(f"/avatars/{avatar.pk}/").content.decode()
    )
    assert not photos.path_of(avatar, "photo").exists()


def test_a_lost_message_is_sent_again_by_the_sweep(client, monkeypatch):
    avatar = upload(client, coded(scenes.ground(300, 300).astype(np.uint8)))
    sent = []
    monkeypatch.setattr(rows.work, "send", lambda task, pk, **options: sent.append(pk))
    photos.MAKING.sweep()
    assert sent == [avatar.pk]
    photos.MAKING.claim(avatar.pk)  # somebody is at work
    photos.MAKING.sweep()
    assert sent == [avatar.pk]


def test_a_worker_that_was_thought_dead_deletes_nothing(client, monkeypatch):
    avatar = upload(client, coded(scenes.ground(300, 300).astype(np.uint8)))
    slow = photos.MAKING.claim(avatar.pk)
    monkeypatch.setattr(rows.work, "LEASE", timedelta(0))
    other = photos.MAKING.claim(avatar.pk)
    slow.run()
    avatar.refresh_from_db()
    assert avatar.state == "making"
    assert photos.path_of(avatar, "photo").exists()
    other.run()
    avatar.refresh_from_db()
    assert (avatar.state, photos.path_of(avatar, "marked").exists()) == ("refused", True)


def test_an_avatar_that_is_discarded_while_it_is_made_leaves_nothing(client, monkeypatch):
    before = everything()
    avatar = upload(client, coded(scenes.photo("clara")))
    preview = photos._preview

    def discarded(*given):
        client.post(f"/avatars/{avatar.pk}/discard")
        return preview(*given)

    monkeypatch.setattr(photos, "_preview", discarded)
    work(avatar)
    assert not Avatar.objects.filter(pk=avatar.pk).exists()
    assert everything() == before


def test_a_photo_that_moderation_refuses_is_neither_stored_nor_shown(client, monkeypatch):
    from types import SimpleNamespace

    from moderation import pictures

    monkeypatch.setattr(pictures, "screen_picture", lambda path: SimpleNamespace(verdict="block"))
    before = everything()
    avatar = made(client, coded(scenes.photo("clara")))
    page = client.get(f"/avatars/{avatar.pk}/").content.decode()
    assert "This photo cannot be used" in page
    assert "files/marked" not in page
    assert everything() == before


def test_only_pages_with_a_camera_button_may_use_the_camera(client, robin):
    for address in ("/avatars/new", f"/avatars/{robin.pk}/"):
        assert "camera=(self)" in client.get(address)["Permissions-Policy"]
    for address in ("/avatars/", "/projects/"):
        assert "camera=()" in client.get(address)["Permissions-Policy"]


def test_an_avatar_is_locked_until_its_person_agrees_with_evidence_on_record(client, alice, robin):
    voice = Voice.objects.get(slug="af_heart")
    with pytest.raises(NotAllowed, match="no valid consent"):
        allows(robin, voice, draft=True)
    text, _ = statement_of(client, robin)
    assert agree(client, robin).status_code == 302
    record, _ = allows(robin, voice, draft=True)
    assert (record.kind, record.scope, record.sha256) == ("person", "drafts", robin.pack)
    evidence = Evidence.objects.get(consent=record).body
    assert evidence["name"] == "Maya Robin"
    assert "I am the person in the photo of the avatar “Robin”" in text
    assert f"on {timezone.now():%-d %B %Y}." in text
    assert evidence["statement"] == text  # word for word as it was shown
    assert record.licence == f"Statement {hashlib.sha256(text.encode()).hexdigest()}"
    agreed = {"statement_version": "face-1", "uses": ["draft_videos"]}
    assert agreed.items() <= evidence.items()
    assert agreed.items() <= record.events.get().body["body"].items()
    assert evidence["distance"] <= 0.45
    poses = evidence["asked"]
    assert (poses[0], poses[-1], len(poses)) == ("straight", "straight", 4)
    sent = [hashlib.sha256(picture.read()).hexdigest() for picture in camera(poses)]
    assert evidence["live_frames_sha256"] == sent
    assert [shot["asked"] for shot in evidence["seen"]["shots"]] == poses
    assert "Maya Robin" not in str(record.events.get().body)  # the chain holds its hash only
    assert record.events.get().body["body"]["evidence_sha256"] == record.evidence_sha256
    assert first_broken_link() is None
    assert not robin.locked


@pytest.fixture(scope="session")
def other_pack(tmp_path_factory):
    """A folder with the pack of Daniel's photo."""
    from rendering.faces import photo

    folder = tmp_path_factory.mktemp("other")
    photo.prepare(
        scenes.file(scenes.photo("daniel"), folder / "in.jpg"), folder / "made", lambda *_: None
    )
    return folder / "made"


def test_somebody_else_cannot_unlock_an_avatar(client, alice, library, other_pack):
    his = own_avatar(
        alice.workspace, pack=faces.write_pack(other_pack, storage.store()), name="Daniel"
    )
    answer = agree(client, his)
    assert answer.status_code == 422
    assert "does not see the person of the photo" in answer.content.decode()
    assert "Maya Robin" in answer.content.decode()  # what was typed is not lost
    assert his.locked


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"name": "Maya"}, "Type your full name"),
        ({"agreed": ""}, "Tick the box"),
        ({"live": []}, "Open the camera first"),
        ({"live": 4}, "not a JPEG"),
        ({"live": 3}, "4 pictures are needed"),
        ({"challenge": ""}, "used already"),
        ({"challenge": "another"}, "used already"),
    ],
)
def test_an_agreement_that_lacks_something_is_refused_and_says_what(
    client, robin, changed, sentence
):
    if count := changed.get("live"):
        files = [SimpleUploadedFile("x.jpg", b"no picture") for _ in range(count)]
        changed = {"live": files}
    answer = agree(client, robin, **changed)
    assert (answer.status_code, sentence in answer.content.decode()) == (422, True)
    assert not Consent.objects.filter(avatar=robin).exists()


def test_the_requested_poses_vary_and_always_turn_the_head(client, robin, monkeypatch):
    many = replace(unlocking.CAMERA_OPENINGS, most=100)
    monkeypatch.setattr(unlocking, "CAMERA_OPENINGS", many)
    drawn = {tuple(open_camera(client, robin)[1]) for _ in range(60)}
    assert len(drawn) >= 8  # of twelve
    assert all({"left", "right", "up"} & set(poses) for poses in drawn)


def test_saved_pictures_in_other_poses_are_refused(client, robin):
    """Whatever is asked, the same four files are sent: a face that looks straight ahead."""
    challenge, _ = open_camera(client, robin)
    files = list(camera(["straight", "straight", "straight", "straight"]))
    fields = {"name": "Maya Robin", "agreed": "yes", "challenge": challenge, "live": files}
    fields["statement"] = statement_of(client, robin)[1]
    answer = client.post(f"/avatars/{robin.pk}/unlock", fields)
    assert "does not show what was asked" in answer.content.decode()
    assert robin.locked


@pytest.mark.parametrize(("waited", "sentence"), [(1, "sooner than"), (241, "older than 4")])
def test_pictures_that_come_too_soon_or_too_late_are_refused(client, robin, waited, sentence):
    challenge, poses = open_camera(client, robin, waited)
    answer = agree_again(client, robin, challenge, poses)
    assert (answer.status_code, sentence in answer.content.decode()) == (422, True)
    assert robin.locked


def agree_again(client, avatar, challenge, poses):
    fields = {"name": "Maya Robin", "agreed": "yes", "challenge": challenge}
    fields["statement"] = statement_of(client, avatar)[1]
    return client.post(f"/avatars/{avatar.pk}/unlock", {**fields, "live": list(camera(poses))})


def test_nobody_agrees_to_words_that_they_have_not_seen(client, alice, robin):
    """The workspace gets another name while the page is open. The challenge is not used up by the refusal."""
    _, seen = statement_of(client, robin)
    alice.workspace.name = "Another company"
    alice.workspace.save()
    challenge, poses = open_camera(client, robin)
    fields = {"name": "Maya Robin", "agreed": "yes", "challenge": challenge, "statement": seen}
    answer = client.post(f"/avatars/{robin.pk}/unlock", {**fields, "live": list(camera(poses))})
    assert answer.status_code == 409
    shown = answer.content.decode()
    assert "The statement has changed since you opened this page" in shown
    assert "the workspace “Another company”" in shown
    assert robin.locked
    assert agree_again(client, robin, challenge, poses).status_code == 302


def test_a_challenge_counts_once_and_only_for_the_user_who_opened_the_camera(
    client, robin, bob, client_of
):
    challenge, poses = open_camera(client, robin)
    answer = agree_again(client_of(bob), robin, challenge, poses)
    assert "used already" in answer.content.decode()
    newer, poses_now = open_camera(client, robin)
    assert "used already" in agree_again(client, robin, challenge, poses).content.decode()
    wrong = ["straight", *reversed(poses_now[1:-1]), "straight"]
    answer = agree_again(client, robin, newer, wrong)
    assert "does not show what was asked" in answer.content.decode()
    assert "used already" in agree_again(client, robin, newer, poses_now).content.decode()
    assert robin.locked


def test_the_camera_opens_at_most_five_times_an_hour(client, robin, monkeypatch):
    monkeypatch.setattr("rows.limits.clock", lambda: 3600 * 500_000 + 2400.0)
    for _ in range(5):
        open_camera(client, robin)
    answer = client.post(f"/avatars/{robin.pk}/challenge", headers={"Accept": "application/json"})
    assert answer.status_code == 429
    said = "The camera was opened 5 times within an hour; wait 20 minutes and try again."
    assert answer.json()["problem"]["sentence"] == said


def test_an_avatar_with_a_consent_renders_drafts_only(client, alice, robin):
    agree(client, robin)
    project = alice.workspace.projects.create(title="Mine")
    project.add_scene(script="Hello.", avatar=robin, voice=Voice.objects.get(slug="af_heart"))
    answer = client.post(f"/projects/{project.pk}/render", {"mode": "final"})
    assert answer.status_code == 403
    assert "draft only" in answer.content.decode()
    with pytest.raises(NotAllowed, match="draft only"):
        allows(robin, Voice.objects.get(slug="af_heart"), draft=False)
    answer = client.post(f"/projects/{project.pk}/render", {"mode": "draft"})
    assert answer.status_code == 302
    line = Render.objects.get().segments.get()
    assert (line.spec["avatar"], line.spec["draft"]) == (robin.pack, True)


def test_a_render_of_an_avatar_that_is_deleted_meanwhile_is_canceled_with_a_reason(
    client, alice, robin
):
    """The worker stops at its next report, and the page says why."""
    agree(client, robin)
    project = alice.workspace.projects.create(title="Mine")
    scene = project.add_scene(
        script="Hello.", avatar=robin, voice=Voice.objects.get(slug="af_heart")
    )
    client.post(f"/projects/{project.pk}/render", {"mode": "draft"})
    line = queue.claim("a worker")
    client.post(f"/avatars/{robin.pk}/remove")
    with pytest.raises(Canceled):
        line.report(line.attempt, "frames", 0.5)
    page = client.get(f"/renders/{line.render_id}/").content.decode()
    assert "The avatar Robin was deleted while this was made; choose another avatar" in page
    editor = client.get(f"/projects/{project.pk}/").content.decode()
    assert "Robin was deleted. Choose an avatar to see the scene." in editor
    assert client.get(f"/scenes/{scene.pk}/frame.jpg").status_code == 404


def test_a_film_of_a_photo_is_a_marked_draft_and_names_the_consent(client, robin, tmp_path, capsys):
    """A film made on the command line, with the consent named; read back from the file."""
    agree(client, robin)
    record = Consent.objects.get(avatar=robin)
    (tmp_path / "words.md").write_text("Hello there.")
    out = tmp_path / "film.mp4"
    command = ["render", str(tmp_path / "words.md"), "--avatar", robin.pk, "--voice", "preview"]
    command += ["--height", "240", "--out", str(out), "--json"]
    with pytest.raises(SystemExit):
        call_command(*command)
    assert "--consent" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        call_command(*command, "--consent", "consent_of_nobody")
    assert not out.exists()
    call_command(*command, "--consent", record.pk)
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["draft"] is True

    found = provenance.read(out, settings.C2PA_DIR)
    assert (found["state"], found["source_type"]) == ("valid", "compositeSynthetic")
    faces_in_it = [part for part in found["ingredients"] if part["kind"] == "avatar"]
    assert [part["sha256"] for part in faces_in_it] == [robin.pack]
    persons = [consent for consent in found["consents"] if consent["kind"] == "person"]
    assert persons == [{"id": record.pk, "kind": "person", "sha256": record.record_hash()}]
    assert "Maya Robin" not in json.dumps(found)  # who agreed is in the record, not in the film


def test_an_avatar_deleted_in_the_middle_of_a_line_leaves_no_film_and_all_credits_come_back(
    client, alice, robin, monkeypatch
):
    """A paid render with a full consent: the worker that draws it stops, no film of it stays, the credits are back."""
    Consent.record(kind="person", avatar=robin, sha256=robin.pack, scope="full", evidence={})
    voice = Voice.objects.get(slug="preview")
    project = alice.workspace.projects.create(title="Mine")
    project.add_scene(script="Hello, and welcome to this film.", avatar=robin, voice=voice)
    before = available(alice.workspace)
    pressed = client.post(f"/projects/{project.pk}/render", {"mode": "final", "quoted": 600})
    assert pressed.status_code == 302
    assert available(alice.workspace) < before
    monkeypatch.setattr(
        attempts.PULSE, "start", lambda *_: None
    )  # its beat is called by hand below
    line, drawn = queue.claim("a worker"), []
    faces.get(robin.pack, storage.store())  # unpacked, as it stays until nobody can want it back
    files = everything()
    report = attempts.Attempt.report

    def deleted(attempt, stage, fraction):
        if stage == "frames" and not drawn:
            drawn.append(fraction)
            client.post(f"/avatars/{robin.pk}/remove")
            attempt.tell()
        report(attempt, stage, fraction)

    monkeypatch.setattr(attempts.Attempt, "report", deleted)
    make_line(line)
    assert drawn
    render = Render.objects.get()
    assert (render.status, render.failure_code) == ("failed", "avatar_deleted")
    assert available(alice.workspace) == before
    assert render.segments.get().status != "done"
    assert {path.suffix for path in everything() - files} <= {".npz"}  # the sound, without a face
    assert queue.claim("a worker") is None


def test_a_deleted_avatar_ends_its_renders_and_can_be_restored(client, alice, robin):
    agree(client, robin)
    project = alice.workspace.projects.create(title="Mine")
    project.add_scene(script="Hello.", avatar=robin, voice=Voice.objects.get(slug="af_heart"))
    client.post(f"/projects/{project.pk}/render", {"mode": "draft"})
    answer = client.post(f"/avatars/{robin.pk}/remove")
    assert "was deleted" in client.get(answer["Location"]).content.decode()
    assert queue.claim("a worker") is None
    render = Render.objects.get()
    assert render.status == "failed"
    assert "Robin was deleted while this was made" in render.failure_message
    answer = client.post(f"/projects/{project.pk}/render", {"mode": "draft"})
    assert answer.status_code == 403
    assert "Robin was deleted; choose another avatar." in answer.content.decode()

    client.post(f"/avatars/{robin.pk}/restore")
    allows(Avatar.objects.get(pk=robin.pk), Voice.objects.get(slug="af_heart"), draft=True)


def test_a_week_after_its_deletion_only_the_record_of_an_avatar_is_left(client, robin, monkeypatch):
    agree(client, robin)
    client.post(f"/avatars/{robin.pk}/remove")
    photos.tidy()
    assert storage.store().find(robin.pack, ".pack")
    monkeypatch.setattr(photos, "GONE", photos.GONE * 0)
    photos.tidy()
    assert not storage.store().find(robin.pack, ".pack")
    assert not any(photos.path_of(robin, kind).exists() for kind in photos.KINDS)
    assert not Evidence.objects.exists()
    assert [event.kind for event in Consent.objects.get(avatar=robin).events.all()] == [
        "given",
        "withdrawn",
    ]
    assert first_broken_link() is None


def test_avatars_of_equal_photos_share_a_pack_that_stays_when_one_is_discarded(
    client, alice, robin
):
    other = own_avatar(alice.workspace, pack=robin.pack, name="Twin", state="made")
    client.post(f"/avatars/{other.pk}/discard")
    assert storage.store().find(robin.pack, ".pack")
    assert (
        hashlib.sha256(storage.store().find(robin.pack, ".pack").read_bytes()).hexdigest()
        == robin.pack
    )
