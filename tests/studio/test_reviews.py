"""Reviews and approval: by people without an account, bound to a version, and before any credit is spent."""

from dataclasses import replace
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.core import mail
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from billing.models import available
from moderation.models import Case
from rendering.models import Render
from studio.models import Comment, Letter, Membership, Share, Verdict
from studio.people import letters
from studio.renders.ordering import request_render
from studio.reviews import approval
from studio.views import watch
from tests.studio.programs import Program
from tests.studio.rows import deliver, make_project, make_render
from tests.studio.test_shares import address, files

pytestmark = pytest.mark.django_db
KIM = {"name": "Kim", "address": "kim@example.org"}


@pytest.fixture
def project(alice, library):
    EmailAddress.objects.create(user=alice, email=alice.email, verified=True, primary=True)
    return make_project(alice.workspace, created_by=alice)


@pytest.fixture
def draft(project):
    project.refresh_from_db()
    render = make_render(project, quoted=0, done=3)
    render.mode, render.revision = "draft", project.revision
    render.save()
    return deliver(render)


@pytest.fixture
def strict(project):
    project.workspace.needs_approval = True
    project.workspace.save()


@pytest.fixture
def link(project, draft, alice, client_of):
    client_of(alice).post(
        f"/projects/{project.pk}/reviews/ask",
        {"version": "1", "days": "14", "addresses": "kim@example.org, lee@example.org"},
    )
    return Share.objects.get()


def viewing(page):
    film = next(one for one in files(page) if one.endswith("film.mp4"))
    return film.split("/")[3]


def say(link, client=None, **sent):
    reviewer = client or Client(enforce_csrf_checks=True)
    page = reviewer.get(address(link))
    body = {"does": "comment", "viewing": viewing(page), **KIM, **sent}
    return reviewer.post(address(link) + "review", body)


def test_reviewers_are_asked_by_mail_and_need_no_account(link, project):
    assert (link.version, link.reviews) == (1, True)
    assert timedelta(days=13) < link.expires_at - timezone.now() <= timedelta(days=14)
    letters.send_due()
    assert sorted(one.to[0] for one in mail.outbox) == ["kim@example.org", "lee@example.org"]
    assert f"/watch/{link.token}/" in mail.outbox[0].body
    letters.send_due()
    assert len(mail.outbox) == 2
    page = Client().get(address(link)).content.decode()
    assert "What do you think of version 1?" in page
    assert "draft" in page


def test_a_comment_is_pinned_answered_and_resolved(link, project, alice, client_of):
    answer = say(link, text="Slower here.", at="4.5")
    assert "Your comment is there" in answer.content.decode()
    assert not answer.cookies
    say(link, text="Slower here.", at="4.5")  # the form sent twice
    comment = Comment.objects.get()
    assert (comment.at, comment.version, comment.author) == (4.5, 1, "Kim")
    page = client_of(alice).get(f"/projects/{project.pk}/reviews/").content.decode()
    assert "Slower here." in page
    assert "at 0:04" in page
    client_of(alice).post(f"/comments/{comment.pk}/reply", {"text": "Will do."})
    client_of(alice).post(f"/comments/{comment.pk}/resolve", {"resolved": "1"})
    seen = Client().get(address(link)).content.decode()
    assert "Will do." in seen
    assert "Resolved" in seen
    assert "kim@example.org" not in seen  # other viewers learn no address
    client_of(alice).post(f"/comments/{comment.pk}/resolve", {"resolved": "0"})
    comment.refresh_from_db()
    assert comment.resolved_at is None


def test_comments_of_ten_minutes_come_in_one_mail(link, project, alice):
    Letter.objects.all().delete()
    for text in ("One.", "Two.", "Three."):
        say(link, text=text)
    letters.send_due()
    assert not mail.outbox
    Letter.objects.update(due_at=timezone.now())
    letters.send_due()
    assert [one.to for one in mail.outbox] == [[alice.email]]
    for text in ("One.", "Two.", "Three."):
        assert text in mail.outbox[0].body


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"text": ""}, "Write what you mean."),
        ({"text": "x" * 2001}, "at most 2,000 characters"),
        ({"text": "Hi", "name": ""}, "Write your name"),
        ({"text": "Hi", "address": "kim"}, "name@example.org"),
        ({"does": "changes"}, "Write what you mean."),
    ],
)
def test_what_cannot_be_used_loses_nothing(link, sent, words):
    answer = say(link, **{"text": "", **sent})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert 'value="kim@example.org"' in answer.content.decode() or "address" in sent
    assert not Comment.objects.exists()
    assert not Verdict.objects.exists()


@pytest.mark.parametrize("at", ["-1", "nan", "1e9", "x", "inf"])
def test_a_second_that_is_none_is_left_out(link, at):
    assert say(link, text="Hi.", at=at).status_code == 200
    assert Comment.objects.get().at is None


def test_a_review_behind_a_password_needs_the_viewing_that_it_opened(link, alice):
    link.edit(alice, password="open sesame")
    reviewer = Client()
    body = {"does": "approved", "viewing": "nothing", **KIM}
    answer = reviewer.post(address(link) + "review", body)
    assert (answer.status_code, Verdict.objects.count()) == (302, 0)
    page = reviewer.post(address(link), {"password": "open sesame"})
    body["viewing"] = viewing(page)
    assert reviewer.post(address(link) + "review", body).status_code == 200
    assert Verdict.objects.count() == 1


def test_a_plain_link_takes_no_comments_and_no_decision(project, draft, alice):
    link = Share.make(project, alice)
    page = Client().get(address(link))
    assert "What do you think" not in page.content.decode()
    body = {"does": "approved", "viewing": viewing(page), **KIM}
    assert Client().post(address(link) + "review", body).status_code == 404
    assert not Verdict.objects.exists()


def test_a_closed_review_takes_nothing(link, alice):
    page = Client().get(address(link))
    link.close(alice)
    body = {"does": "approved", "viewing": viewing(page), **KIM}
    answer = Client().post(address(link) + "review", body)
    assert (answer.status_code, Verdict.objects.count()) == (410, 0)


def test_comments_of_one_address_are_bounded(link, monkeypatch):
    monkeypatch.setattr(watch, "SAID", replace(watch.SAID, most=3))
    answers = [say(link, text=f"Comment {n}").status_code for n in range(5)]
    assert answers == [200, 200, 200, 429, 429]


def test_a_render_that_spends_waits_and_a_draft_does_not(project, strict, alice, bob):
    before = available(alice.workspace)
    render = request_render(project, by=bob)
    assert (render.status, render.held_for) == ("held", "approval")
    assert available(alice.workspace) == before - render.quoted
    assert request_render(project, by=bob, mode="draft").status == "queued"
    letters.send_due()
    assert [one.to for one in mail.outbox] == [[alice.email]]
    assert "waits for your approval" in mail.outbox[0].subject


def test_no_way_in_goes_round_the_approval(project, strict, alice):
    program = Program.of(alice.workspace)
    answer = program.render(script="Hello.").json()
    assert (answer["status"], answer["held_for"]) == ("held", "approval")
    answer = program.render(project_id=project.pk).json()
    assert (answer["status"], answer["held_for"]) == ("held", "approval")


def test_an_owner_releases_and_a_member_cannot(project, strict, alice, bob, client_of):
    render = request_render(project, by=bob)
    page = client_of(bob).get(f"/renders/{render.pk}/").content.decode()
    assert "Remind them" in page
    assert "Approve and render" not in page
    assert str(alice) in page
    assert client_of(bob).post(f"/renders/{render.pk}/approve").status_code == 403
    assert "Approve and render" in client_of(alice).get(f"/renders/{render.pk}/").content.decode()
    client_of(alice).post(f"/renders/{render.pk}/approve")
    render.refresh_from_db()
    assert (render.status, render.held_for) == ("queued", "")
    letters.send_due()
    assert [one.to[0] for one in mail.outbox] == [
        bob.email
    ]  # the letter to the owner has nothing left to tell
    assert client_of(alice).post(f"/renders/{render.pk}/approve").status_code == 422


def test_a_declined_render_gives_everything_back_and_says_why(
    project, strict, alice, bob, client_of
):
    before = available(alice.workspace)
    render = request_render(project, by=bob)
    client_of(alice).post(f"/renders/{render.pk}/decline", {"reason": "Shorter, please."})
    render.refresh_from_db()
    assert (render.status, render.failure_code) == ("failed", "approval_declined")
    assert available(alice.workspace) == before
    assert "Shorter, please." in client_of(bob).get(f"/renders/{render.pk}/").content.decode()


def test_nobody_decides_and_everything_comes_back(project, strict, alice):
    before = available(alice.workspace)
    render = request_render(project, by=alice)
    Render.objects.update(held_at=timezone.now() - timedelta(days=13, hours=23))
    approval.lapse_overdue()
    render.refresh_from_db()
    assert render.status == "held"
    Render.objects.update(held_at=timezone.now() - timedelta(days=14, seconds=1))
    call_command("sweep", "--once")
    render.refresh_from_db()
    assert (render.status, render.failure_code) == ("failed", "approval_lapsed")
    assert available(alice.workspace) == before


def test_they_are_reminded_after_two_days_and_when_asked_to(project, strict, alice, bob, client_of):
    render = request_render(project, by=bob)
    letters.send_due()
    mail.outbox.clear()
    assert client_of(bob).post(f"/renders/{render.pk}/remind").status_code == 302
    assert client_of(bob).post(f"/renders/{render.pk}/remind").status_code == 429
    letters.send_due()
    assert len(mail.outbox) == 1
    Letter.objects.filter(kind="approval_reminder").update(due_at=timezone.now())
    letters.send_due()
    assert "still waits" in mail.outbox[1].subject
    alice.mails_to_remind = False
    alice.save()
    other = request_render(make_project(alice.workspace, script="Another one."), by=bob)
    Letter.objects.filter(subject=other.pk).update(due_at=timezone.now())
    letters.send_due()
    assert len(mail.outbox) == 3  # asked once, not reminded


def test_a_reviewer_approves_a_draft_and_the_same_words_are_rendered(
    project, strict, link, alice, bob
):
    waiting = request_render(project, by=bob)
    assert waiting.held_for == "approval"
    assert "You approved version 1" in say(link, does="approved").content.decode()
    waiting.refresh_from_db()
    assert waiting.status == "queued"
    assert request_render(project, by=bob).status == "queued"


def test_an_edit_afterwards_withdraws_the_approval_and_says_so(
    project, strict, link, bob, client_of
):
    say(link, does="approved")
    scene = project.live_scenes.first()
    scene.edit(scene.revision, script="Other words.")
    project.refresh_from_db()
    page = client_of(bob).get(f"/projects/{project.pk}/reviews/").content.decode()
    assert "so the approval no longer holds" in page
    assert "The script has changed since" in Client().get(address(link)).content.decode()
    assert request_render(project, by=bob).held_for == "approval"


def test_who_asks_for_changes_takes_the_approval_back(project, strict, link, bob):
    say(link, does="approved")
    say(link, does="changes", text="Not yet.")
    assert request_render(project, by=bob).held_for == "approval"


def test_a_render_that_a_moderator_reads_waits_for_both(project, strict, alice, bob, client_of):
    render = make_render(project, quoted=0)
    render.needs_approval = True
    render.save()
    Render.objects.filter(pk=render.pk).update(status="held", held_for="moderation")
    render.refresh_from_db()
    Case.objects.create(render=render, policy="x", title="X", version="1").decide(
        "release", by="mo"
    )
    render.refresh_from_db()
    assert (render.status, render.held_for) == ("held", "approval")
    client_of(alice).post(f"/renders/{render.pk}/approve")
    render.refresh_from_db()
    assert render.status == "queued"


def test_approval_before_the_moderator_does_not_release(project, strict, alice, client_of):
    render = make_render(project, quoted=0)
    render.needs_approval = True
    render.save()
    Render.objects.filter(pk=render.pk).update(status="held", held_for="moderation")
    render.refresh_from_db()
    case = Case.objects.create(render=render, policy="x", title="X", version="1")
    client_of(alice).post(f"/renders/{render.pk}/approve")
    render.refresh_from_db()
    assert (render.status, render.held_for) == ("held", "moderation")
    case.refresh_from_db()
    Case.objects.get(pk=case.pk).decide("release", by="mo")
    render.refresh_from_db()
    assert render.status == "queued"


def test_only_those_who_manage_change_the_rule(project, alice, bob, client_of):
    assert client_of(bob).post("/workspace/", {"needs_approval": "1"}).status_code == 403
    assert "Rules of" not in client_of(bob).get("/accounts/settings/").content.decode()
    assert "Rules of" in client_of(alice).get("/accounts/settings/").content.decode()
    client_of(alice).post("/workspace/", {"needs_approval": "1"})
    alice.workspace.refresh_from_db()
    assert alice.workspace.needs_approval
    client_of(alice).post("/workspace/", {})
    alice.workspace.refresh_from_db()
    assert not alice.workspace.needs_approval


def test_asking_needs_a_version_and_good_addresses(project, alice, client_of):
    place = f"/projects/{project.pk}/reviews/ask"
    answer = client_of(alice).post(place, {"days": "14"})
    assert (answer.status_code, "nothing to review yet" in answer.content.decode()) == (422, True)
    render = deliver(make_render(project, quoted=0, done=3))
    for sent, words in (
        ({"addresses": "kim@, lee@example.org"}, "is no e-mail address"),
        ({"addresses": " ".join(f"p{n}@example.org" for n in range(11))}, "At most 10 people"),
        ({"days": "0"}, "at least a day"),
        ({"days": "x"}, "Write a number"),
        ({"password": "abc"}, "at least 6 characters"),
    ):
        body = {"version": render.version, "days": "14", **sent}
        answer = client_of(alice).post(place, body)
        assert (answer.status_code, words in answer.content.decode()) == (422, True), sent
    assert not Share.objects.exists()


def test_a_mail_host_that_is_away_loses_no_letter(link, monkeypatch):
    def away(self, *args, **kwargs):
        raise OSError("away")

    with monkeypatch.context() as patch:
        patch.setattr("django.core.mail.EmailMultiAlternatives.send", away)
        letters.send_due()
    assert Letter.objects.filter(closed_at=None, tries=1).count() == 2
    Letter.objects.update(due_at=timezone.now())
    letters.send_due()
    assert len(mail.outbox) == 2


def test_who_left_the_workspace_is_not_asked(project, strict, alice, bob):
    Membership.objects.filter(user=bob).update(role="admin")
    assert {user.pk for user in approval.approvers(alice.workspace)} == {alice.pk, bob.pk}
    Membership.objects.filter(user=bob).update(removed_at=timezone.now())
    assert {user.pk for user in approval.approvers(alice.workspace)} == {alice.pk}


def test_what_is_done_to_a_review_link_leads_back_to_the_reviews(link, project, alice, client_of):
    for verb in ("close", "open", "remove"):
        answer = client_of(alice).post(f"/shares/{link.pk}/{verb}")
        assert answer["Location"].startswith(f"/projects/{project.pk}/reviews/")


def test_a_review_link_stays_with_its_version(link, alice, client_of):
    client_of(alice).post(f"/shares/{link.pk}/save", {"name": "Kim"})
    link.refresh_from_db()
    assert (link.name, link.version) == ("Kim", 1)


QUIST = {"name": "Kimberly Quist", "address": "k.quist@Example.org"}


def stored():
    """Every value of every row."""
    return repr([list(model.objects.values()) for model in apps.get_models()]).casefold()


def test_a_reviewer_is_erased_and_what_they_said_stays(link, project, strict, alice, client_of):
    say(link, text="Slower here.", **QUIST)
    say(link, text="And louder.", **{**QUIST, "address": "K.Quist@example.org"})
    say(link, text="Good.", name="Lee", address="lee@example.org")
    say(link, does="approved", **QUIST)
    place = f"/projects/{project.pk}/reviews/"
    client_of(alice).post(
        place + "ask", {"version": "1", "days": "14", "addresses": "k.quist@example.org, x@y.org"}
    )
    page = client_of(alice).get(place).content.decode()
    assert "Erase this person’s name and address" in page
    assert "quist" in stored()
    answer = client_of(alice).post(place + "erase", {"address": "k.quist@example.org"}, follow=True)
    assert "The name and the address are erased." in answer.content.decode()
    assert "quist" not in stored()
    seen = Client().get(address(link)).content.decode()
    assert "Slower here." in seen
    assert "A reviewer" in seen
    assert "A reviewer approved version 1." in answer.content.decode()
    assert request_render(project, by=alice).status == "queued"  # the approval holds
    assert Share.objects.first().name == "x@y.org"
    letters.send_due()
    assert "k.quist@example.org" not in [one.to[0] for one in mail.outbox]
    assert "lee@example.org" in [one.to[0] for one in mail.outbox]
    Letter.objects.update(due_at=timezone.now())
    letters.send_due()
    assert "A reviewer: Slower here." in mail.outbox[-1].body
    again = client_of(alice).post(place + "erase", {"address": "k.quist@example.org"}, follow=True)
    assert "Nobody with this address" in again.content.decode()


def test_only_who_manages_erases_and_only_at_home(link, project, alice, bob, charlie, client_of):
    say(link, text="Slower here.", **QUIST)
    place = f"/projects/{project.pk}/reviews/"
    assert "Erase this person" not in client_of(bob).get(place).content.decode()
    body = {"address": QUIST["address"]}
    assert client_of(bob).post(place + "erase", body).status_code == 403
    assert client_of(charlie).post(place + "erase", body).status_code == 404
    other = make_project(charlie.workspace)
    client_of(charlie).post(f"/projects/{other.pk}/reviews/erase", body)
    assert Comment.objects.get().author == "Kimberly Quist"
    for wrong in ("", "x" * 300):
        answer = client_of(alice).post(place + "erase", {"address": wrong})
        assert answer.status_code == 422


def test_a_reviewer_is_erased_everywhere_in_the_terminal(link, project, alice, charlie, capsys):
    say(link, text="Slower here.", **QUIST)
    elsewhere = deliver(make_render(make_project(charlie.workspace), quoted=0, done=3))
    other = Share.make(elsewhere.project, charlie, version=1, reviews=True)
    say(other, text="Nice.", **QUIST)
    call_command("share", "erase", "k.quist@example.org")
    assert "Erased in 2 places." in capsys.readouterr().out
    assert "quist" not in stored()
    assert {one.author for one in Comment.objects.all()} == {"A reviewer"}


def test_an_account_with_the_same_address_keeps_its_own(link, project, alice, client_of):
    say(link, text="From my phone.", name="Al", address=alice.email)
    client_of(alice).post(f"/projects/{project.pk}/reviews/erase", {"address": alice.email})
    alice.refresh_from_db()
    assert alice.email == "alice@example.org"
    comment = Comment.objects.get()
    assert (comment.author, comment.address) == ("A reviewer", "")
    Letter.objects.update(due_at=timezone.now())
    letters.send_due()
    assert alice.email in [one.to[0] for one in mail.outbox]  # as the project's maker


def test_a_long_address_is_stored(link):
    long = "k" * 60 + "@" + "example." * 20 + "org"
    assert say(link, text="Hi.", **{**QUIST, "address": long}).status_code == 200
    assert Comment.objects.get().address == long


def test_a_link_is_named_by_whole_addresses(project, draft, alice, client_of):
    asked = [f"somebody-with-quite-a-long-name-{n}@example.org" for n in range(3)]
    body = {"version": "1", "days": "14", "addresses": ", ".join(asked)}
    client_of(alice).post(f"/projects/{project.pk}/reviews/ask", body)
    assert Share.objects.get().name == asked[0]


def test_a_comment_stands_beside_the_line_that_is_said(link, project, alice, client_of):
    say(link, text="Slower here.", at="4.5")
    for page in (
        client_of(alice).get(f"/projects/{project.pk}/reviews/"),
        Client().get(address(link)),
    ):
        assert "<q>Here is the second line.</q>" in page.content.decode()
