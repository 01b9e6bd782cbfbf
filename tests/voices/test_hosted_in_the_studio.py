"""Voices of providers in the studio: offered by the settings, licensed on record, and away with one sentence."""

import os
import subprocess
import sys

import pytest
from django.utils import timezone

from billing.models import available
from consent.models import Consent
from rendering import tasks, voices
from rendering.fleet import queue
from rendering.models import Render
from rendering.values import BadInput, spec_to_json
from studio.library.stock import ensure_stock
from studio.models import Voice
from studio.renders import ordering, plan
from tests.studio.rows import make_project
from tests.voices.provider import KEY, VOICE, fails

pytestmark = pytest.mark.django_db


def manage(*words, **settings):
    program = [sys.executable, "manage.py", *words]
    done = subprocess.run(
        program, env={**os.environ, **settings}, capture_output=True, text=True, timeout=120
    )
    assert KEY not in done.stdout + done.stderr
    return done


def test_voices_of_the_settings_are_offered_with_their_price():
    done = manage(
        "voices",
        ELEVENLABS_API_KEY=KEY,
        ELEVENLABS_VOICES=f"Rachel={VOICE}:en-US, Old George=JBFqnCBsd6RMkjVDRZzb:en-GB",
        ELEVENLABS_DOLLARS="0.2",
    )
    assert done.returncode == 0, done.stderr
    assert "elevenlabs-rachel" in done.stdout
    assert "elevenlabs-old-george" in done.stdout
    assert "ElevenLabs: 2 voices, about 0.18 dollars a minute of speech" in done.stdout
    assert "Cartesia is not offered: set CARTESIA_API_KEY" in done.stdout


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({}, "ELEVENLABS_VOICES names no voice"),
        (
            {"ELEVENLABS_VOICES": "Rachel"},
            "an entry 'Rachel' that is not of the form Name=id:en-US",
        ),
        ({"ELEVENLABS_VOICES": "R=x:de-DE"}, "one of the languages en-US and en-GB"),
        ({"ELEVENLABS_VOICES": "R=x:en-US", "ELEVENLABS_DOLLARS": "ten"}, "_DOLLARS is no number"),
        ({"ELEVENLABS_VOICES": "R=x:en-US", "ELEVENLABS_URL": "http://x.example"}, "no https://"),
    ],
)
def test_a_setting_that_cannot_work_is_refused_at_the_start(settings, sentence, monkeypatch):
    from django.conf import settings as django
    from django.core.exceptions import ImproperlyConfigured

    from studio.providers import accounts

    configured = {"key": KEY, "voices": "", "model": "", "dollars": "", "url": ""}
    for name, value in settings.items():
        configured[name.removeprefix("ELEVENLABS_").lower()] = value
    monkeypatch.setattr(django, "VOICE_PROVIDERS", {"elevenlabs": configured})
    with pytest.raises(ImproperlyConfigured) as caught:
        accounts()
    assert sentence in str(caught.value)
    assert KEY not in str(caught.value)


@pytest.fixture
def scene(alice, library, provider):
    """A scene that speaks with Rachel."""
    ensure_stock()
    project = make_project(alice.workspace, script="Good morning.")
    scene = project.live_scenes.first()
    scene.voice = Voice.objects.get(slug="elevenlabs-rachel")
    scene.save()
    return scene


def test_a_voice_on_offer_has_a_licence_on_record_and_is_retired_with_its_account(scene, alice):
    rachel = scene.voice
    consent = Consent.valid().get(voice=rachel)
    assert (consent.kind, consent.sha256) == ("licence", voices.sha256(rachel.slug))
    assert "ElevenLabs" in consent.licence
    voices.offer([])
    ensure_stock()
    assert not Voice.offered_to(alice.workspace).filter(slug=rachel.slug).exists()
    with pytest.raises(BadInput, match="ElevenLabs is not offered here now"):
        plan.plan_render(scene.project)


@pytest.mark.parametrize(
    ("mood", "sentence", "again"),
    [
        (fails(401), "does not accept this studio's key", False),
        (fails(500), "does not answer as it should", True),
    ],
)
def test_a_render_whose_provider_is_away_ends_with_its_sentence_and_the_credits_back(
    scene, alice, provider, mood, sentence, again
):
    before = available(alice.workspace)
    provider.moods = [mood] * 9
    render = ordering.request_render(scene.project, by=alice)
    while line := queue.claim("a worker"):
        tasks.make_line(line)
        render.segments.filter(status="waiting").update(next_at=timezone.now())
    render = Render.objects.get(pk=render.pk)
    assert (render.status, render.failure_code) == ("failed", "voice_unavailable")
    assert sentence in render.failure_message
    assert render.failure_message.endswith("All credits are back.")
    assert len(provider.seen) == (9 if again else 1)
    assert available(alice.workspace) == before


def test_listening_says_why_nothing_is_heard_and_speaks_once_it_can(
    scene, alice, client_of, provider, monkeypatch
):
    published = []
    monkeypatch.setattr(tasks, "publish", lambda task, *args, **_: published.append(args))
    client = client_of(alice)
    address = f"/scenes/{scene.pk}/lines/1/sound"
    assert client.post(address, headers={"accept": "application/json"}).json()["whole"] is False
    provider.moods = [fails(402)]
    tasks.speak(*published.pop())
    answer = client.get(address, headers={"accept": "application/json"})
    assert answer.status_code == 503
    assert "is used up" in answer.content.decode()
    assert client.post(address, headers={"accept": "application/json"}).status_code == 200
    tasks.speak(*published.pop())  # it was topped up meanwhile
    assert client.get(address, headers={"accept": "application/json"}).json()["whole"] is True
    assert client.get(f"{address}?part=whole").content[:4] == b"RIFF"
    spec = spec_to_json(plan.line_specs(scene)[0])
    assert tasks.why_silent(spec) == ""
