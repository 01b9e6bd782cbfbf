"""From a recording to the stock voices nearest to it, in a browser."""

import pytest
import soundfile

from rendering.values import SAMPLE_RATE
from studio.library import recordings
from studio.models import Voice
from tests.voices import sounds

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def recording(folder, seconds):
    path = folder / f"me-{seconds}.wav"
    soundfile.write(path, sounds.speech()[: seconds * SAMPLE_RATE], SAMPLE_RATE)
    return path


def test_a_recording_finds_the_nearest_voices(page_of, alice, library, assert_accessible, tmp_path):
    page = page_of(alice)
    page.goto("/voices/")
    assert_accessible(page)
    page.get_by_role("link", name="Find a voice like mine").click()
    assert_accessible(page)
    page.locator("#recording").set_input_files(recording(tmp_path, 12))
    page.get_by_text("me-12.wav · 12 s").wait_for()
    assert "12 seconds" in page.locator("#recording").evaluate("input => input.validationMessage")
    page.locator("#recording").set_input_files(recording(tmp_path, 31))
    page.get_by_text("me-31.wav · 31 s").wait_for()
    page.get_by_label("Your full name").fill("Alice Example")
    page.get_by_label("I agree, and it is my own voice.").check()
    page.get_by_role("button", name="Find the nearest voices").click()
    page.get_by_text("Listening to the recording").wait_for()
    voice = Voice.objects.get(workspace=alice.workspace)
    recordings.MEASURING.work(voice.pk)
    page.get_by_role(
        "heading", name="The stock voices nearest to it"
    ).wait_for()  # the page looks again by itself
    assert_accessible(page)
    first = page.locator(".near li").first
    assert first.get_by_role("button", name="Listen to Heart").is_visible()
    page.get_by_text("Delete", exact=True).click()
    page.get_by_role("button", name="Delete My voice").click()
    page.get_by_text("The recording was deleted").wait_for()


def test_a_refused_recording_shows_its_fault_on_a_phone(page_of, alice, library, assert_accessible):
    Voice.objects.create(
        workspace=alice.workspace,
        slug="refused",
        name="A recording with quite a long name, made in the kitchen",
        language="en-US",
        state="refused",
        findings=[{"code": "noisy", "sentence": "There is noise or music behind the voice."}],
    )
    page = page_of(alice, width=390, dark=True)
    page.goto("/voices/")
    assert_accessible(page)
    page.get_by_text("This recording cannot be used").click()
    page.get_by_text("There is noise or music behind the voice.").wait_for()
    assert_accessible(page)
    page.get_by_role("button", name="Choose another recording").click()
    page.get_by_role("button", name="Find the nearest voices").wait_for()
    assert_accessible(page)
