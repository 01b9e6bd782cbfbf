"""The mail at the end of a render."""

import pytest
from django.core import mail

from studio import mails
from tests.studio.rows import deliver, make_project, make_render

pytestmark = pytest.mark.django_db


@pytest.fixture
def render(alice, library):
    return make_render(make_project(alice.workspace), by=alice, quoted=54, done=3, reused=(1,))


def html(message):
    return message.alternatives[0].content


def test_a_done_render_is_mailed_once(render, alice):
    deliver(render, used=48)
    assert [mails.render_ended(render) for _ in range(3)] == [True, False, False]
    (message,) = mail.outbox
    assert message.to == [alice.email]
    assert message.subject == "“Spring briefing” is ready"
    cost = "Charged 0.9 credits (54 s), 0.1 refunded (6 s), so you paid 0.8."
    for text in (message.body, html(message)):
        assert cost in text
        assert "1 line was reused" in text
        assert f"/renders/{render.pk}/" in text
        assert "/accounts/settings/" in text


def test_a_failed_render_says_whose_fault_and_what_came_back(render):
    render.fail("render_failed", "We could not finish the picture for line 2.", ours=True)
    assert mails.render_ended(render)
    (message,) = mail.outbox
    for text in (message.body, html(message)):
        assert "We could not finish the picture for line 2. This is our fault." in text
        assert "All 0.9 credits (54 s) are back." in text
        assert render.pk in text


def test_what_the_reader_can_mend_is_not_called_our_fault(render):
    render.fail("script_empty", "Line 2 says nothing.")
    mails.render_ended(render)
    assert "our fault" not in mail.outbox[0].body


def test_the_done_mail_can_be_switched_off_but_not_the_failed_one(render, alice, library):
    alice.mails_when_done = False
    alice.save()
    render.refresh_from_db()
    deliver(render)
    failed = make_render(make_project(alice.workspace), by=alice)
    failed.fail("render_failed", "We could not finish it.", ours=True)
    assert not mails.render_ended(render)
    assert mails.render_ended(failed)
    assert [message.subject for message in mail.outbox] == [
        "“Spring briefing” could not be finished; all credits are back"
    ]


def test_a_render_that_goes_on_or_was_canceled_sends_nothing(render):
    assert not mails.render_ended(render)
    render.cancel()
    assert not mails.render_ended(render)
    assert mail.outbox == []


def test_a_render_of_a_program_sends_nothing(alice, library):
    render = deliver(make_render(make_project(alice.workspace), done=3))
    assert not mails.render_ended(render)
    assert mail.outbox == []


def test_a_mail_that_could_not_leave_is_sent_later(render, settings):
    deliver(render)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    with pytest.raises(OSError):
        mails.render_ended(render)
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert mails.render_ended(render)


def test_a_title_cannot_add_a_header_or_a_tag(render):
    render.title = "<b>Bad</b>\nBcc: everyone@example.com"
    render.save()
    deliver(render)
    assert mails.render_ended(render)
    (message,) = mail.outbox
    assert "\n" not in message.subject
    assert "<b>Bad" not in html(message)
