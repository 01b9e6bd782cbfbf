"""From sign-up to the confirmed address, as a person does it: by keyboard, in a browser."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.core.cache import cache
from django.urls import reverse

from tests.studio.rows import make_project

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def _mails_are_written_to_files(settings, tmp_path):
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path)
    cache.clear()


def test_a_person_signs_up_by_keyboard_with_the_code_from_the_mail(
    page_of, library, assert_accessible, tmp_path
):
    page = page_of()
    page.route("**/avatars/**", lambda route: route.fulfill(status=200, body=b""))
    page.goto(reverse("account_signup"))
    page.locator("#id_email").focus()
    page.keyboard.type("new@example.com")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_text("We have mailed six digits to new@example.com").wait_for()
    assert_accessible(page)
    (message,) = tmp_path.glob("*.log")
    code = re.search(r"Welcome. (\d{6}) is your code", message.read_text())[1]
    page.locator("#id_code").focus()
    page.keyboard.type(code)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Open an example to change").wait_for()
    assert_accessible(page)
    page.goto("/outbox/")
    assert_accessible(page)
    assert EmailAddress.objects.get().verified


def test_an_error_stands_beside_its_field(page_of, assert_accessible):
    page = page_of()
    page.goto(reverse("account_signup"))
    page.locator("#id_email").fill("new@example.com")
    page.locator("#id_password1").fill("short")
    page.get_by_role("button", name="Make an account").click()
    page.get_by_text("at least 10 characters").last.wait_for()
    named = page.locator("#id_password1").get_attribute("aria-describedby")
    assert "id_password1_error" in named.split()
    assert page.locator("#id_email").input_value() == "new@example.com"
    assert_accessible(page)


@pytest.mark.parametrize("width", [1440, 320])
def test_every_account_page_is_accessible_wide_and_narrow(
    width, page_of, alice, library, assert_accessible
):
    names = ["login", "signup", "reset_password", "reset_password_done", "inactive"]
    outside = page_of(width=width, dark=width < 400)
    for name in names:
        outside.goto(reverse(f"account_{name}"))
        assert_accessible(outside)
    inside = page_of(alice, width=width, dark=width < 400)
    names = ["email", "change_password", "logout", "reauthenticate", "settings"]
    others = ["/credits/", "/outbox/", "/keys/", "/pronunciations/", "/api/v1/docs#render_create"]
    for address in [*(reverse(f"account_{name}") for name in names), *others]:
        inside.goto(address)
        assert_accessible(inside)


@pytest.mark.parametrize("width", [1440, 320])
def test_home_and_the_project_list_are_accessible_wide_and_narrow(
    width, page_of, alice, library, assert_accessible
):
    page = page_of(alice, width=width)
    page.route("**/frame.jpg*", lambda route: route.fulfill(status=200, body=b""))
    make_project(alice.workspace, "A name that goes on " * 9)
    for address in ("/", "/projects/", "/projects/?archived=1", "/projects/?q=zebra"):
        page.goto(address)
        assert_accessible(page)


def test_a_passkey_is_added_and_signs_in_without_a_password(
    alice, library, page_of, live_server, assert_accessible
):
    """With a virtual authenticator of Chromium's, by name: browsers make no passkeys for numbers."""
    EmailAddress.objects.create(user=alice, email=alice.email, verified=True, primary=True)
    site = live_server.url.replace("127.0.0.1", "localhost")
    page = page_of()
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True}
    able = {
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    device.send("WebAuthn.addVirtualAuthenticator", {"options": options | able})
    page.goto(f"{site}/accounts/login/?next=/accounts/2fa/webauthn/add/")
    page.locator("#id_login").fill(alice.email)
    page.locator("#id_password").fill("a long password")
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.locator("#id_password").fill("a long password")  # once more, because access changes
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("heading", name="Add a passkey").wait_for()
    assert_accessible(page)
    page.locator("#id_name").fill("My desk")
    page.locator("#id_passwordless").check()
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("heading", name="Recovery codes").wait_for()
    assert_accessible(page)
    page.goto(f"{site}/accounts/2fa/webauthn/")
    page.get_by_text("My desk").first.wait_for()
    assert_accessible(page)
    page.goto(f"{site}/accounts/2fa/")
    assert_accessible(page)
    page.goto(f"{site}/accounts/sessions/")
    page.get_by_text("Chrome on Linux (this one)").wait_for()
    assert_accessible(page)
    page.context.clear_cookies()
    page.goto(f"{site}/accounts/login/")
    assert_accessible(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(f"{site}/")
