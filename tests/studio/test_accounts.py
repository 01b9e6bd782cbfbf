"""Sign-up, sign-in, addresses, passwords and settings, as a person meets them."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.test import Client
from django.urls import reverse

from billing.models import available
from studio.models import User

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def _rate_limits_start_anew():
    cache.clear()


def ask_for_account(client, email="new@example.com", password=PASSWORD):
    return client.post(reverse("account_signup"), {"email": email, "password1": password})


def code_of(message):
    return re.search(r"\b\d{6}\b", message.subject)[0]


def give(client, code):
    return client.post(reverse("account_email_verification_sent"), {"code": code})


def sign_up(client, email="new@example.com", password=PASSWORD):
    """Makes an account, with the code that is mailed."""
    ask_for_account(client, email, password)
    return give(client, code_of(mail.outbox[-1]))


def link_of(message):
    return re.search(r"https?://[^/\s]+(/accounts/\S+)", message.body)[1]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("account_signup", "10 credits a month free, about 10 minutes of video"),
        ("account_login", "Make an account"),
        ("account_reset_password", "Mail me the link"),
        ("account_reset_password_done", "Look in your mail"),
        ("account_reset_password_from_key_done", "Your password is changed"),
        ("account_inactive", "This account is closed"),
    ],
)
def test_pages_before_signing_in_are_drawn_by_the_studio(name, words, client):
    html = client.get(reverse(name)).content.decode()
    assert words in html
    assert "Likeness" in html
    assert html.count("<h1") == 1


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("account_email", "Email addresses"),
        ("account_change_password", "Change your password"),
        ("account_logout", "Renders go on while you are away"),
        ("account_reauthenticate", "Your password, once more"),
        ("account_settings", "Mail me when a render is done"),
    ],
)
def test_pages_after_signing_in_are_drawn_by_the_studio(name, words, client_of, alice, client):
    html = client_of(alice).get(reverse(name)).content.decode()
    assert words in html
    assert html.count("<h1") == 1
    assert f'<a href="{reverse("account_settings")}">' in html  # in the menu
    assert f'<a href="{reverse("avatar_list")}"' in html
    assert client.get(reverse(name)).status_code == 302


def test_sign_up_makes_a_workspace_with_credits_once_the_code_is_given(client):
    response = ask_for_account(client)
    assert response.headers["Location"] == reverse("account_email_verification_sent")
    assert client.get(reverse("home")).status_code == 302
    page = client.get(response.headers["Location"]).content.decode()
    assert "six digits to <strong>new@example.com</strong>" in page
    assert page.count("<h1") == 1
    (message,) = mail.outbox
    code = code_of(message)
    assert message.subject == f"Welcome. {code} is your code"
    assert "10 credits" in message.body
    assert code in message.alternatives[0].content
    assert give(client, code).headers["Location"] == reverse("home")
    user = User.objects.get(email="new@example.com")
    assert available(user.memberships.get().workspace) == 600
    assert EmailAddress.objects.get(email="new@example.com").verified


def test_a_wrong_code_may_be_tried_three_times(client):
    ask_for_account(client)
    code = code_of(mail.outbox[0])
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    html = give(client, wrong).content.decode()
    assert 'class="field-error"' in html
    give(client, wrong)
    assert give(client, wrong).headers["Location"] == reverse("account_login")
    give(client, code)
    assert client.get(reverse("home")).status_code == 302


def test_a_second_code_can_be_sent_and_used(client):
    ask_for_account(client)
    cache.clear()
    client.post(reverse("account_email_verification_sent"), {"action": "resend"})
    assert len(mail.outbox) == 2
    assert give(client, code_of(mail.outbox[1])).headers["Location"] == reverse("home")


@pytest.mark.parametrize(
    ("email", "password", "words"),
    [
        ("new@example.com", "short", "at least 10 characters"),
        ("new@example.com", "password12", "too common"),
        ("not an address", PASSWORD, "valid email address"),
    ],
)
def test_sign_up_refuses_with_a_sentence_beside_the_field(email, password, words, client):
    response = ask_for_account(client, email, password)
    assert response.status_code == 200
    html = response.content.decode()
    field = html.split('class="field-error"')[1].split("</div>")[0]
    assert words in field
    assert 'aria-invalid="true"' in html
    assert not User.objects.filter(email=email).exists()


def test_sign_up_does_not_tell_who_has_an_account(client):
    """The answers are the same, page by page; only the mail tells the owner of the address that there is an account."""
    sign_up(Client())
    answers = {}
    for email in ("new@example.com", "nobody@example.com"):
        browser = Client()
        cache.clear()  # an address is mailed once in ten seconds
        first = ask_for_account(browser, email)
        page = browser.get(first.headers["Location"])
        wrong = give(browser, "abcdef")
        answers[email] = [
            (answer.status_code, answer.headers.get("Location"), _plain(answer, email))
            for answer in (first, page, wrong)
        ]
    assert answers["new@example.com"] == answers["nobody@example.com"]
    assert User.objects.filter(email="new@example.com").count() == 1
    assert mail.outbox[1].subject == "You have an account already"
    assert link_of(mail.outbox[1]) == reverse("account_reset_password")


def _plain(answer, email):
    html = answer.content.decode().replace(email, "ADDRESS")
    return re.sub(r"\b(req_\w+|\w{64})\b", "", html)  # request ids and tokens


def test_a_person_signs_out_and_in_again(client):
    sign_up(client)
    client.post(reverse("account_logout"))
    assert client.get(reverse("home")).status_code == 302
    client.post(reverse("account_login"), {"login": "new@example.com", "password": PASSWORD})
    assert client.get(reverse("home")).status_code == 200


def test_a_wrong_password_gets_one_sentence(client):
    sign_up(client)
    client.post(reverse("account_logout"))
    response = client.post(
        reverse("account_login"), {"login": "new@example.com", "password": "wrong"}
    )
    html = response.content.decode()
    assert 'role="alert"' in html
    assert "not correct" in html


def test_after_many_wrong_passwords_a_page_says_so_and_the_right_one_waits(client):
    sign_up(client)
    client.post(reverse("account_logout"))
    url = reverse("account_login")
    pages = [
        client.post(url, {"login": "new@example.com", "password": f"wrong {n}"}) for n in range(40)
    ]
    assert "Too many" in pages[-1].content.decode()
    assert client.post(url, {"login": "new@example.com", "password": PASSWORD}).status_code != 302


def signs_in(client, password=PASSWORD, **options):
    """Whether the sign-in succeeds."""
    form = {"login": "new@example.com", "password": password}
    return client.post(reverse("account_login"), form, **options).status_code == 302


@pytest.fixture
def few(monkeypatch):
    """Lowers the limit of an account to twelve wrong passwords from everywhere."""
    monkeypatch.setattr("studio.people.accounts.BY_ANYBODY", "12/10m/key")


def test_wrong_passwords_from_elsewhere_never_keep_a_known_device_out(client, few):
    sign_up(client)
    client.post(reverse("account_logout"))
    for number in range(12):
        Client().post(
            reverse("account_login"),
            {"login": "new@example.com", "password": "wrong"},
            REMOTE_ADDR=f"10.0.{number}.1",
        )
    assert not signs_in(Client(), REMOTE_ADDR="10.1.0.1")  # many addresses guess: no new device
    assert signs_in(client)


def test_wrong_passwords_of_one_address_keep_nobody_else_out(client):
    sign_up(client)
    for _ in range(10):
        signs_in(Client(), "wrong", REMOTE_ADDR="10.0.0.1")
    assert not signs_in(Client(), REMOTE_ADDR="10.0.0.1")
    assert signs_in(Client(), REMOTE_ADDR="10.0.0.2")


def test_a_known_device_may_not_guess_passwords_either(client):
    sign_up(client)
    client.post(reverse("account_logout"))
    assert not any(signs_in(client, f"wrong {number}") for number in range(10))
    assert not signs_in(client)


def test_a_device_is_known_for_its_own_accounts_only(client, few):
    sign_up(client, "other@example.com")
    client.post(reverse("account_logout"))
    sign_up(Client())
    for number in range(12):
        signs_in(Client(), "wrong", REMOTE_ADDR=f"10.0.{number}.1")
    assert not signs_in(client)
    client.cookies["device"] = "made-up"
    assert not signs_in(client)


def test_reset_by_mail_sets_a_new_password_once(client):
    sign_up(client)
    client.post(reverse("account_logout"))
    client.post(reverse("account_reset_password"), {"email": "new@example.com"})
    assert mail.outbox[-1].subject == "Choose a new password"
    link = link_of(mail.outbox[-1])
    form = client.get(link, follow=True)
    assert "Choose a new password" in form.content.decode()
    new = "staple battery horse"
    client.post(form.request["PATH_INFO"], {"password1": new, "password2": new})
    assert User.objects.get(email="new@example.com").check_password(new)
    client.post(reverse("account_logout"))
    assert "This link has expired" in client.get(link, follow=True).content.decode()


def test_reset_for_nobody_looks_the_same_and_mails_a_hint(client):
    response = client.post(reverse("account_reset_password"), {"email": "nobody@example.com"})
    assert response.headers["Location"] == reverse("account_reset_password_done")
    assert mail.outbox[0].subject == "There is no account for this address"


def test_the_done_mail_can_be_switched_off(client_of, alice):
    client = client_of(alice)
    client.post(reverse("account_settings"), {"name": "Alice"})
    alice.refresh_from_db()
    assert (alice.mails_when_done, alice.name) == (False, "Alice")
    client.post(reverse("account_settings"), {"name": "Alice", "mails_when_done": "on"})
    alice.refresh_from_db()
    assert alice.mails_when_done


def test_the_outbox_shows_mails_newest_first_with_links(
    client, client_of, alice, settings, tmp_path
):
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path)
    assert client.get("/outbox/").headers["Location"].startswith("/accounts/login/")
    inside = client_of(alice)
    assert "Nothing yet" in inside.get("/outbox/").content.decode()
    ask_for_account(client)
    client.post(reverse("account_reset_password"), {"email": alice.email})
    html = inside.get("/outbox/").content.decode()
    assert html.index("Choose a new password") < html.index("is your code")
    assert re.search(r'<a href="http://testserver/accounts/password/reset/key/[^"]+"', html)
    assert "To new@example.com" in html
    EmailMessage("“Quoted”", "It’s “said” so.", to=["x@example.com"]).send()
    html = inside.get("/outbox/").content.decode()
    assert "“Quoted”" in html
    assert "It’s “said” so." in html
