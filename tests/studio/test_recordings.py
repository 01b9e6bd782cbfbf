"""A recording of a person's own voice: accepted with their consent, measured, compared with stock voices, deleted."""

import hashlib
import html
import io
import re
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from consent.models import Consent, Evidence, NotAllowed, allows, first_broken_link
from rendering import storage
from rendering.models import Render
from rendering.values import SAMPLE_RATE
from rows.work import LEASE, MOST_CLAIMS
from studio import limits
from studio.library import recordings
from studio.models import Avatar, Voice
from tests.studio.programs import Program
from tests.studio.rows import make_project, make_render
from tests.voices import sounds

pytestmark = pytest.mark.django_db


def flac(wav):
    out = io.BytesIO()
    soundfile.write(out, wav, SAMPLE_RATE, format="FLAC")
    return out.getvalue()


@pytest.fixture(scope="module")
def good():
    return flac(sounds.speech())


@pytest.fixture
def client(alice, client_of, library):
    return client_of(alice)


def statement_of(client):
    """(text, hash) of the statement on the page."""
    page = html.unescape(client.get("/voices/new").content.decode())
    text = re.search(r'<blockquote class="statement">(.*?)</blockquote>', page)[1]
    return text, re.search(r'name="statement" value="(\w*)"', page)[1]


def send(client, data, **changed):
    fields = {
        "statement": changed.get("statement") or statement_of(client)[1],
        "recording": SimpleUploadedFile("me.flac", data),
        "name": "My  voice",
        "signed": "Alice Example",
        "agreed": "yes",
        **changed,
    }
    return client.post("/voices/new", {k: v for k, v in fields.items() if v is not None})


def sent(client, data, **changed):
    answer = send(client, data, **changed)
    assert answer.status_code == 302, answer.content.decode()
    voice = Voice.objects.exclude(workspace=None).latest("created_at")
    assert answer["Location"] == f"/voices/{voice.pk}/"
    return voice


def measured(voice):
    """The voice after the work of a worker."""
    recordings.MEASURING.work(voice.pk)
    voice.refresh_from_db()
    return voice


def page(client, voice):
    return client.get(f"/voices/{voice.pk}/").content.decode()


def test_a_recording_is_shown_beside_the_nearest_stock_voices(client, alice, good):
    voice = sent(client, good)
    assert (voice.name, voice.state, voice.language) == ("My voice", "measuring", "en-US")
    assert "Listening to the recording" in page(client, voice)
    assert recordings.path_of(voice).exists()
    measured(voice)
    assert (voice.status, len(voice.speaker)) == ("compared", 256)
    assert not recordings.path_of(voice).exists()  # the recording is not stored
    near = recordings.nearest(voice)
    assert (near[0].voice.slug, near[0].words, len(near)) == ("af_heart", "Very alike", 5)
    shown = page(client, voice)
    assert "None of them is a copy" in shown
    assert "clone" not in shown.lower()
    assert shown.index("/voices/af_heart/sample") < shown.index(
        f"/voices/{near[1].voice.slug}/sample"
    )
    assert "Compared with the stock voices" in client.get("/voices/").content.decode()
    # No engine speaks in it, so it cannot be chosen; for a scene the voices nearest to it are listed first.
    assert not Voice.offered_to(alice.workspace).filter(pk=voice.pk).exists()
    scene = make_project(alice.workspace).live_scenes.first()
    drawer = client.get(f"/scenes/{scene.pk}/voices").content.decode()
    headings = re.findall(r"voices-heading\">([^<]+)", drawer)
    assert headings.index("Stock voices nearest to My voice") < headings.index("American English")


def test_the_consent_is_recorded_before_anything_is_measured(client, alice, good):
    text, _ = statement_of(client)
    voice = sent(client, good)
    consent = voice.consents.get()
    assert (consent.kind, consent.scope) == ("person", "drafts")
    evidence = consent.evidence.body
    assert evidence["name"] == "Alice Example"
    assert "I am the person who speaks" in text
    assert "No copy of my voice is made" in text
    assert evidence["statement"] == text  # word for word as it was shown
    assert consent.licence == f"Statement {hashlib.sha256(text.encode()).hexdigest()}"
    agreed = {"statement_version": "voice-compared-1", "uses": ["measure"]}
    assert agreed.items() <= evidence.items()
    assert agreed.items() <= consent.events.get().body["body"].items()
    assert evidence["recording_sha256"] == consent.sha256
    assert "Alice Example" not in str(consent.body())
    assert first_broken_link() is None
    consent.withdraw()
    assert recordings.MEASURING.claim(voice.pk) is None  # a withdrawn recording is not measured


def test_nobody_agrees_to_words_that_they_have_not_seen(client, good, monkeypatch):
    """While the page is open, an engine is installed that can speak in the voice."""
    text, seen = statement_of(client)
    monkeypatch.setattr("rendering.voices.not_cloning", lambda: "")
    answer = send(client, good, statement=seen)
    assert answer.status_code == 409
    shown = html.unescape(answer.content.decode())
    assert "The statement has changed since you opened this page" in shown
    assert text not in shown
    assert "a copy of my voice speaks" in shown
    assert 'value="Alice Example"' in shown  # what was typed is not lost
    assert not Consent.objects.filter(kind="person").exists()
    assert send(client, good, statement="0" * 64).status_code == 409
    assert sent(client, good).consents.get().uses == ["measure", "draft_copies"]


@pytest.mark.parametrize(
    ("changed", "status", "sentence"),
    [
        ({"recording": None}, 422, "Choose a recording first."),
        ({"signed": "Alice"}, 422, "Type your full name"),
        ({"agreed": None}, 422, "Tick the box"),
        ({"recording": SimpleUploadedFile("a.wav", b"%PDF-1.7 no")}, 422, "not a WAV, MP3"),
        ({"recording": SimpleUploadedFile("a.wav", b"")}, 422, "The recording is empty"),
    ],
)
def test_an_upload_that_lacks_something_is_refused_with_one_sentence(
    client, good, changed, status, sentence
):
    answer = send(client, good, **changed)
    assert answer.status_code == status
    assert sentence in answer.content.decode()
    assert not Voice.objects.exclude(workspace=None).exists()
    assert not Consent.objects.filter(kind="person").exists()


def test_an_unusable_recording_says_every_reason_and_is_deleted(client, good):
    noisy = flac(np.clip(8 * sounds.with_noise(sounds.speech(), 10), -1, 1))
    voice = measured(sent(client, noisy))
    assert voice.status == "refused"
    shown = page(client, voice)
    assert "too loud and cut off" in shown
    assert "noise or music behind the voice" in shown
    assert not recordings.path_of(voice).exists()
    Voice.objects.filter(pk=voice.pk).update(created_at=timezone.now() - recordings.KEPT * 2)
    recordings.tidy()
    assert client.get(f"/voices/{voice.pk}/").status_code == 404


def test_deleting_a_recording_destroys_all_that_was_measured(client, alice, good):
    voice = sent(client, good)
    Voice.objects.filter(pk=voice.pk).update(state="ready", speaker=[0.0625] * 256)
    consent = voice.consents.get()
    answer = client.post(f"/voices/{voice.pk}/remove")
    assert answer["Location"] == "/voices/?deleted=1"
    assert "all that was measured" in client.get(answer["Location"]).content.decode()
    voice.refresh_from_db()
    assert (voice.speaker, voice.name) == (None, "Deleted voice")
    assert not Consent.valid().filter(pk=consent.pk).exists()
    assert not Evidence.objects.filter(consent=consent).exists()
    assert first_broken_link() is None
    assert client.get(f"/voices/{voice.pk}/").status_code == 404


def test_a_recording_whose_workers_die_is_given_up_after_the_most_claims(client, good):
    voice = sent(client, good)
    for _ in range(MOST_CLAIMS):
        assert recordings.MEASURING.claim(voice.pk) is not None
        assert recordings.MEASURING.claim(voice.pk) is None
        silent = timezone.now() - 2 * LEASE
        Voice.objects.filter(pk=voice.pk).update(claimed_at=silent)
    recordings.MEASURING.sweep()
    voice.refresh_from_db()
    assert voice.state == "failed"
    assert "Something went wrong on our side" in page(client, voice)
    assert not recordings.path_of(voice).exists()


def test_the_number_of_recordings_of_a_workspace_and_of_uploads_is_limited(
    client, alice, good, monkeypatch
):
    monkeypatch.setattr(limits, "RECORDINGS", replace(limits.RECORDINGS, most=2))
    for number in range(10):
        Voice.objects.create(workspace=alice.workspace, slug=f"v{number}", name="V", language="en")
    assert "has 10 recordings" in send(client, good).content.decode()
    Voice.objects.exclude(workspace=None).delete()
    assert send(client, good).status_code == 302
    answer = send(client, good)
    assert answer.status_code == 429
    assert "has sent 2 recordings within an hour" in answer.content.decode()


def test_a_recording_is_hidden_from_strangers(client, good, charlie, bob, client_of):
    voice = sent(client, good)
    assert client_of(bob).get(f"/voices/{voice.pk}/").status_code == 200
    stranger = client_of(charlie)
    assert stranger.get(f"/voices/{voice.pk}/").status_code == 404
    assert stranger.post(f"/voices/{voice.pk}/remove").status_code == 404
    assert voice.name not in stranger.get("/voices/").content.decode()


def test_the_api_reads_and_deletes_recordings_and_does_not_speak_in_them(client, alice, good):
    voice = sent(client, good)
    Voice.objects.filter(pk=voice.pk).update(state="ready", speaker=[0.0625] * 256)
    program = Program.of(alice.workspace)
    body = program.get(f"/api/v1/voices/{voice.pk}").json()
    assert (body["kind"], body["status"], body["engine"]) == ("recording", "compared", None)
    assert body["page_url"].endswith(f"/voices/{voice.pk}/")
    assert len(body["nearest"]) == 5
    assert body["nearest"][0]["likeness"] >= body["nearest"][1]["likeness"]
    listed = {row["slug"]: row for row in program.get("/api/v1/voices").json()["data"]}
    assert listed[voice.slug]["status"] == "compared"
    assert (listed["af_heart"]["engine"], listed["af_heart"]["nearest"]) == ("kokoro", [])
    refused = program.post("/api/v1/renders", {"script": "Hi.", "voice_id": voice.pk})
    assert refused.status_code == 422
    assert (
        program.client.delete(
            f"/api/v1/voices/{voice.pk}", headers={"Authorization": f"Bearer {program.secret}"}
        ).status_code
        == 204
    )
    assert program.get(f"/api/v1/voices/{voice.pk}").status_code == 404
    assert not Consent.valid().filter(voice=voice).exists()


# -- a voice that is spoken in ------------------------------------------------------------------


@pytest.fixture
def with_an_engine(monkeypatch):
    """with_an_engine() installs a stand-in for an engine that speaks in own voices; its voices are all zeros."""
    from rendering.voices import xtts

    class Cloner:
        def measure(self, wav):
            zeros = np.zeros((1, 2, 3), np.float32)
            return xtts.Conditioning(latents=zeros, embedding=zeros)

    def install():
        monkeypatch.setattr("rendering.voices.not_cloning", lambda: "")
        monkeypatch.setattr("rendering.voices.cloner", Cloner)

    return install


def test_the_voice_of_a_person_who_agreed_to_a_copy_can_be_spoken_in(client, good, with_an_engine):
    with_an_engine()
    voice = measured(sent(client, good))
    assert (voice.status, voice.engine) == ("drafts", "xtts")
    assert recordings.own_file(voice).exists()


def test_a_voice_agreed_to_be_compared_is_not_spoken_in_whatever_the_workspace_is_called(
    client, alice, good, with_an_engine
):
    alice.workspace.name = "We say: a copy of my voice speaks"
    alice.workspace.save()
    voice = sent(client, good)
    with_an_engine()
    assert (measured(voice).status, voice.engine) == ("compared", "")


OLD = "I, Alice Example, am the person who speaks in this recording. I agree that the workspace “Alice” measures my voice to tell it from other voices"


@pytest.mark.parametrize(
    ("words", "engine"),
    [
        (f"{OLD} and to make draft videos in which a copy of my voice speaks words.", "xtts"),
        (f"{OLD} and to show the stock voices nearest to it. No copy of my voice is made.", ""),
        (None, ""),  # the evidence was erased
    ],
)
def test_an_agreement_from_before_uses_were_recorded_still_counts(
    alice, library, with_an_engine, words, engine
):
    voice = Voice.objects.create(
        workspace=alice.workspace, slug="of-before", name="V", language="en-US", state="measuring"
    )
    path = recordings.path_of(voice)
    with storage.store().write(path.stem, path.suffix) as draft, draft.open("wb") as out:
        np.savez(out, wav=sounds.speech(), rate=SAMPLE_RATE)
    evidence = {"statement": words} if words else None
    Consent.record(
        kind="person",
        voice=voice,
        source="s",
        licence="Statement",
        sha256="0" * 64,
        scope="drafts",
        evidence=evidence,
    )
    with_an_engine()
    assert measured(voice).engine == engine


@pytest.fixture
def spoken(alice, library):
    """A voice of Alice's that an engine can speak in, as a worker leaves it."""
    key = "c" * 40
    voice = Voice.objects.create(
        workspace=alice.workspace,
        slug=f"xtts-{key}",
        name="Alice",
        language="en-US",
        engine="xtts",
        speaker=[0.0625] * 256,
    )
    with storage.store().write(key, ".voice") as draft:
        draft.write_bytes(b"latents")
    Consent.record(
        kind="person", voice=voice, source="s", licence="l", sha256=key, scope="drafts", evidence={}
    )
    return voice


def test_an_own_voice_speaks_in_drafts_only(spoken, alice):
    face = Avatar.objects.filter(workspace=None).first()
    assert spoken.status == "drafts"
    assert Voice.offered_to(alice.workspace).filter(pk=spoken.pk).exists()
    allows(face, spoken, draft=True)
    with pytest.raises(NotAllowed, match="Alice can be rendered as a draft only"):
        allows(face, spoken, draft=False)


def test_deleting_an_own_voice_ends_its_renders_and_leaves_no_file(spoken, alice, client):
    project = make_project(alice.workspace)
    scene = project.live_scenes.first()
    scene.voice = spoken
    scene.save()
    render = make_render(project, by=alice)
    file = recordings.own_file(spoken)
    assert file.exists()
    client.post(f"/voices/{spoken.pk}/remove")
    assert not file.exists()
    render = Render.objects.get(pk=render.pk)
    assert (render.status, render.failure_code) == ("failed", "voice_deleted")
    assert render.cost["net"] == 0
    spoken.refresh_from_db()
    with pytest.raises(NotAllowed, match="was deleted"):
        allows(scene.avatar, spoken, draft=True)
    answer = client.post(f"/projects/{project.pk}/render", {"mode": "draft"}, follow=True)
    assert "was deleted" in answer.content.decode()


def test_an_own_voice_does_not_speak_without_an_engine(spoken):
    from rendering import voices
    from rendering.values import Unavailable

    assert "not offered" in voices.not_cloning()
    with pytest.raises(Unavailable, match="not offered"):
        voices.engine("xtts")
