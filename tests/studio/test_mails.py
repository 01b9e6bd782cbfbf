"""The mail at the end of a render."""

from datetime import timedelta
from smtplib import SMTPRecipientsRefused

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives

from rendering.models import Render
from rows import events
from studio.management.commands.sweep import send_mails
from studio.renders import mails
from tests.studio.rows import deliver, make_project, make_render

pytestmark = pytest.mark.django_db


@pytest.fixture
def render(alice, library):
    return make_render(make_project(alice.workspace), by=alice, quoted=54, done=3, reused=(1,))


def mailed(render):
    """Does the part of the scheduler for a render. Returns whether a mail was sent."""
    events.deliver()
    return mails.render_ended(Render.objects.get(pk=render.pk))


def html(message):
    return message.alternatives[0].content


def test_a_done_render_is_mailed_once(render, alice):
    deliver(render, used=48)
    assert [mailed(render) for _ in range(3)] == [True, False, False]
    (message,) = mail.outbox
    assert message.to == [alice.email]
    assert message.subject == "“Spring briefing” is ready"
    cost = "Charged 0.9 credits (54 s), 0.1 refunded (6 s), so you paid 0.8 (48 s)."
    for text in (message.body, html(message)):
        assert cost in text
        assert "1 line was reused" in text
        assert f"/renders/{render.pk}/" in text
        assert "/accounts/settings/" in text


def test_a_failed_render_says_whose_fault_and_what_came_back(render):
    render.fail("render_failed", "We could not finish the picture for line 2.", ours=True)
    assert mailed(render)
    (message,) = mail.outbox
    for text in (message.body, html(message)):
        assert "We could not finish the picture for line 2. This is our fault." in text
        assert "All 0.9 credits (54 s) are back." in text
        assert render.pk in text


def test_a_failure_that_the_reader_can_mend_is_not_called_our_fault(render):
    render.fail("script_empty", "Line 2 says nothing.")
    mailed(render)
    assert "our fault" not in mail.outbox[0].body


def test_the_done_mail_can_be_switched_off_but_not_the_failed_one(render, alice, library):
    alice.mails_when_done = False
    alice.save()
    render.refresh_from_db()
    deliver(render)
    failed = make_render(make_project(alice.workspace), by=alice)
    failed.fail("render_failed", "We could not finish it.", ours=True)
    assert not mailed(render)
    assert mailed(failed)
    assert [message.subject for message in mail.outbox] == [
        "“Spring briefing” could not be finished; all credits are back"
    ]


def test_a_render_that_goes_on_or_was_canceled_sends_nothing(render):
    assert not mailed(render)
    render.cancel()
    assert not mailed(render)
    assert mail.outbox == []


def test_a_render_of_a_program_sends_nothing(alice, library):
    render = deliver(make_render(make_project(alice.workspace), done=3))
    assert not mailed(render)
    assert mail.outbox == []


@pytest.fixture
def mail_host(settings):
    """mail_host(here=False): nobody listens at the address of the mail host."""

    def put(*, here):
        kind = "locmem" if here else "smtp"
        settings.EMAIL_BACKEND = f"django.core.mail.backends.{kind}.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9

    return put


def later(seconds):
    """Makes mails due as if this much time had passed."""
    for render in Render.objects.exclude(mail_due_at=None):
        render.mail_due_at -= timedelta(seconds=seconds)
        render.save(update_fields=["mail_due_at"])


def test_a_mail_that_could_not_leave_is_sent_later(render, mail_host):
    deliver(render)
    mail_host(here=False)
    for pause in (60, 240, 960):
        with pytest.raises(OSError):
            mailed(Render.objects.get())
        assert not mails.due().exists()
        later(pause - 10)
        assert not mails.due().exists()
        later(10)
        assert mails.due().exists()
    mail_host(here=True)
    assert mailed(Render.objects.get())
    assert len(mail.outbox) == 1
    assert not mails.due().exists()


def test_a_crash_while_sending_loses_no_mail(render, monkeypatch):
    """The process ends after the mail host took the mail, before that is stored: it is sent once more and no more."""
    deliver(render)
    plain = EmailMultiAlternatives.send

    class Killed(BaseException):
        pass

    def send(message):
        plain(message)
        raise Killed

    monkeypatch.setattr(EmailMultiAlternatives, "send", send)
    with pytest.raises(Killed):
        mailed(render)
    monkeypatch.setattr(EmailMultiAlternatives, "send", plain)
    later(60)
    assert mailed(Render.objects.get())
    assert not mailed(Render.objects.get())
    assert len(mail.outbox) == 2


def test_one_address_that_is_refused_blocks_no_other(alice, bob, library, monkeypatch):
    for member in (bob, bob, alice):
        deliver(make_render(make_project(alice.workspace), by=member, done=3))
    plain = EmailMultiAlternatives.send

    def send(message):
        if message.to == [bob.email]:
            raise SMTPRecipientsRefused({bob.email: (550, b"No such person")})
        return plain(message)

    monkeypatch.setattr(EmailMultiAlternatives, "send", send)
    events.deliver()
    send_mails()
    assert [message.to for message in mail.outbox] == [[alice.email]]
    send_mails()
    assert len(mail.outbox) == 1


def test_while_the_mail_host_is_away_a_round_tries_three_mails(alice, library, monkeypatch):
    for _ in range(6):
        deliver(make_render(make_project(alice.workspace), by=alice, done=3))
    tried = []
    monkeypatch.setattr(EmailMultiAlternatives, "send", lambda message: tried.append(1) or 1 / 0)
    events.deliver()
    send_mails()
    assert len(tried) == 3
    send_mails()
    assert len(tried) == 6


def test_a_title_cannot_add_a_header_or_a_tag(render):
    render.title = "<b>Bad</b>\nBcc: everyone@example.com"
    render.save()
    deliver(render)
    assert mailed(render)
    (message,) = mail.outbox
    assert "\n" not in message.subject
    assert "<b>Bad" not in html(message)
