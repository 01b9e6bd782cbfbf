"""A second step when signing in, sessions that can be ended, and the mail about a new device."""

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from allauth.usersessions.models import UserSession
from django.core import mail
from django.core.cache import cache
from django.test import Client

from rows.events import Event
from studio.models import Membership, Workspace
from studio.people import letters

pytestmark = pytest.mark.django_db
PASSWORD = "a long password"


@pytest.fixture(autouse=True)
def _nothing_is_counted_yet():
    cache.clear()


def code(secret, later=0):
    """What an authenticator app shows."""
    counter = next(yield_hotp_counters_from_time()) + later
    return format_hotp_value(hotp_value(secret, counter))


@pytest.fixture
def alice(alice):
    EmailAddress.objects.create(user=alice, email=alice.email, verified=True, primary=True)
    return alice


def sign_in(user, client=None, **headers):
    client = client or Client()
    answer = client.post(
        "/accounts/login/", {"login": user.email, "password": PASSWORD}, headers=headers
    )
    return client, answer


def sure(user):
    """A client of somebody who has just written the password once more, as changes of one's access need it."""
    client, _ = sign_in(user)
    assert client.get("/accounts/2fa/totp/activate/")["Location"].startswith(
        "/accounts/reauthenticate/"
    )
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client


@pytest.fixture
def protected(alice, django_capture_on_commit_callbacks):
    """(a signed-in client of Alice, the secret of her app)."""
    client = sure(alice)
    page = client.get("/accounts/2fa/totp/activate/")
    secret = page.context["form"].secret
    assert "data:image/svg+xml" in page.content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post("/accounts/2fa/totp/activate/", {"code": code(secret)})
    assert answer.status_code == 302
    return client, secret


def test_the_app_is_asked_for_and_each_code_is_good_once(alice, protected):
    _, secret = protected
    client, answer = sign_in(alice)
    assert answer["Location"].startswith("/accounts/2fa/authenticate/")
    assert client.get("/projects/").status_code == 302  # not in yet
    wrong = client.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert wrong.status_code == 200
    other, _ = sign_in(alice)
    once = code(secret)
    assert client.post("/accounts/2fa/authenticate/", {"code": once}).status_code == 302
    assert client.get("/projects/").status_code == 200
    assert other.post("/accounts/2fa/authenticate/", {"code": once}).status_code == 200
    assert other.get("/projects/").status_code == 302


def test_a_recovery_code_lets_in_once(alice, protected):
    client, _ = protected
    page = client.get("/accounts/2fa/recovery-codes/")
    one = page.context["unused_codes"][0]
    assert one in page.content.decode()
    for status in (302, 200):
        guest, _ = sign_in(alice)
        assert guest.post("/accounts/2fa/authenticate/", {"code": one}).status_code == status
    assert "9 codes are left" in client.get("/accounts/2fa/").content.decode()


def test_secrets_are_stored_encrypted(protected):
    _, secret = protected
    stored = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in stored


def test_changes_are_recorded_where_the_person_works(alice, protected):
    kinds = Event.objects.filter(workspace=alice.workspace.pk).values_list("kind", flat=True)
    assert "member.second_step_added" in kinds
    letters.send_due()
    assert "The way you sign in has changed" in [one.subject for one in mail.outbox]


def test_a_workspace_can_demand_it_and_its_owner_goes_first(alice, bob, protected, client_of):
    without = client_of(bob)
    assert without.get("/projects/").status_code == 200
    rules = {"needs_second_step": "1"}
    Authenticator.objects.all().delete()
    refused = client_of(alice).post("/workspace/", rules)
    assert (refused.status_code, "keep you out" in refused.content.decode()) == (422, True)
    Authenticator.objects.create(user=alice, type="totp", data={})
    assert client_of(alice).post("/workspace/", rules).status_code == 302
    assert Workspace.objects.get(pk=alice.workspace.pk).needs_second_step
    answer = without.get("/projects/", follow=True)
    assert answer.redirect_chain[-1][0] == "/accounts/2fa/"
    assert "asks everybody for a second step" in answer.content.decode()
    assert "/credits/" not in answer.content.decode()
    assert without.post("/team/leave").status_code == 302  # nobody is kept in
    Membership.objects.filter(user=bob, workspace=alice.workspace).update(removed_at=None)
    Authenticator.objects.create(user=bob, type="totp", data={})
    assert without.get("/projects/").status_code == 200


def test_a_device_is_listed_in_words_and_can_be_ended(alice):
    firefox = {"User-Agent": "Mozilla/5.0 (Windows NT 10.0; rv:130.0) Gecko/20100101 Firefox/130.0"}
    phone, _ = sign_in(alice, **{"User-Agent": "Mozilla/5.0 (iPhone; CPU) Version/17 Safari/604"})
    desk, _ = sign_in(alice, **firefox)
    page = desk.get("/accounts/sessions/").content.decode()
    assert "Firefox on Windows" in page
    assert "Safari on iPhone" in page
    other = UserSession.objects.exclude(session_key=desk.session.session_key).get()
    assert phone.get("/projects/").status_code == 200
    assert desk.post(f"/accounts/sessions/{other.pk}/end").status_code == 302
    assert phone.get("/projects/")["Location"].startswith("/accounts/login/")
    assert desk.get("/projects/").status_code == 200


def test_nobody_ends_the_session_of_another(alice, bob, client_of):
    sign_in(alice)
    row = UserSession.objects.get(user=alice)
    assert client_of(bob).post(f"/accounts/sessions/{row.pk}/end").status_code == 404


def test_a_new_device_is_told_by_mail_and_a_known_one_is_not(alice):
    client, _ = sign_in(alice)
    letters.send_due()
    assert mail.outbox[-1].subject == "A new device signed in to your account"
    assert mail.outbox[-1].to == [alice.email]
    count = len(mail.outbox)
    client.post("/accounts/logout/")
    sign_in(alice, client)
    letters.send_due()
    assert len(mail.outbox) == count


def test_passkeys_say_where_they_can_be_made(alice):
    client = sure(alice)
    by_number = client.get("/accounts/2fa/webauthn/add/", headers={"Host": "127.0.0.1:8000"})
    assert "http://localhost:8000/accounts/2fa/webauthn/add/" in by_number.content.decode()
    by_name = client.get("/accounts/2fa/webauthn/add/", headers={"Host": "localhost:8000"})
    assert "not for numbers" not in by_name.content.decode()


def test_pages_are_ours_and_run_no_script_of_their_own(alice, protected):
    client, _ = protected
    for address in (
        "",
        "totp/deactivate/",
        "recovery-codes/",
        "recovery-codes/generate/",
        "webauthn/",
        "webauthn/add/",
    ):
        page = client.get(f"/accounts/2fa/{address}")
        assert page.status_code == 200
        text = page.content.decode()
        assert 'class="bar"' in text
        assert "onclick" not in text


def test_a_code_by_mail_signs_in_once_and_tells_nobody_who_has_an_account(alice):
    pages = []
    for address in (alice.email, "nobody@example.org"):
        client = Client()
        answer = client.post("/accounts/login/code/", {"email": address}, follow=True)
        assert answer.status_code == 200
        pages.append(answer.content.decode().replace(address, "").split("<main")[1])
    assert pages[0].split("csrf")[0] == pages[1].split("csrf")[0]
    client = Client()
    client.post("/accounts/login/code/", {"email": alice.email})
    (sent,) = [one for one in mail.outbox[-1:] if one.to == [alice.email]]
    digits = sent.subject.split()[0]
    assert len(digits) == 6
    assert client.post("/accounts/login/code/confirm/", {"code": "999999"}).status_code == 200
    assert client.post("/accounts/login/code/confirm/", {"code": digits}).status_code == 302
    assert client.get("/projects/").status_code == 200
    again = Client()
    again.post("/accounts/login/code/", {"email": alice.email})
    again.post("/accounts/login/code/confirm/", {"code": digits})
    assert again.get("/projects/").status_code == 302


def test_a_code_by_mail_is_no_way_around_the_second_step(alice, protected):
    client = Client()
    client.post("/accounts/login/code/", {"email": alice.email})
    digits = mail.outbox[-1].subject.split()[0]
    answer = client.post("/accounts/login/code/confirm/", {"code": digits})
    assert answer["Location"].startswith("/accounts/2fa/authenticate/")
    assert client.get("/projects/").status_code == 302
