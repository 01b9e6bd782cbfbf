"""Shared links: who has one watches without an account, and a link that is closed serves nothing at any address."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from consent.models import Consent
from moderation.models import Report
from rows.events import Event
from studio.models import Play, Share
from studio.projects import sharing
from studio.views import watch
from tests.studio.rows import deliver, make_project, make_render

pytestmark = pytest.mark.django_db
FILM = bytes(range(256)) * 40


@pytest.fixture
def project(alice, library):
    EmailAddress.objects.create(user=alice, email=alice.email, verified=True, primary=True)
    return make_project(alice.workspace)


@pytest.fixture
def render(project):
    return deliver(make_render(project, quoted=0, done=3), FILM)


@pytest.fixture
def share(project, render, alice):
    return Share.make(project, alice)


def address(share):
    return f"/watch/{share.token}/"


def files(page):
    """The addresses in a page that begin with that of the link."""
    return set(re.findall(r'(?:src|href|poster|data-seen)="(/watch/[^"#]+)', page.content.decode()))


def test_a_viewer_without_an_account_watches_reads_and_gets_no_cookie(share, render):
    viewer = Client()
    page = viewer.get(address(share))
    text = page.content.decode()
    assert page.status_code == 200
    assert "Spring briefing" in text
    assert "AI-generated" in text
    assert "Report this video" in text
    assert '<nav aria-label="Main"' not in text
    assert "csrf" not in text.lower()
    assert "noindex" in page["X-Robots-Tag"]
    film = next(one for one in files(page) if one.endswith("film.mp4"))
    answer = viewer.get(film, headers={"Range": "bytes=0-9"})
    assert (answer.status_code, b"".join(answer.streaming_content)) == (206, FILM[:10])
    assert answer["Cache-Control"] == "private, no-store"
    for one in files(page):
        if not one.endswith(("seen", "report")):
            assert viewer.get(one).status_code == 200, one
    assert not viewer.cookies
    assert "sessionid" not in viewer.cookies


def test_a_page_is_signed_anew_and_the_address_works_after_400_days(share, render, monkeypatch):
    viewer = Client()
    first = files(viewer.get(address(share)))
    later = timezone.now() + timedelta(days=400)
    monkeypatch.setattr("django.utils.timezone.now", lambda: later)
    monkeypatch.setattr("time.time", later.timestamp)
    page = viewer.get(address(share))
    assert page.status_code == 200
    fresh = next(one for one in files(page) if one.endswith("film.mp4"))
    assert fresh not in first
    assert viewer.get(fresh).status_code == 200
    for one in first:
        if one.endswith((".mp4", ".vtt", "/seen")) or "/poster" in one:
            assert viewer.get(one).status_code in (404, 405), one


def close(share, alice):
    share.close(alice)


def expire(share, alice):
    Share.objects.filter(pk=share.pk).update(expires_at=timezone.now() - timedelta(seconds=1))


def remove(share, alice):
    share.remove(alice, "Taken down after a report.")


def remove_project(share, alice):
    share.project.remove()


def withdraw(share, alice):
    render = share.project.renders.get()
    render.consents = [Consent.objects.first().pk]
    render.save()
    Consent.objects.first().withdraw("changed my mind")


@pytest.mark.parametrize(
    ("end", "status", "words"),
    [
        (close, 410, "switched off"),
        (expire, 410, "has ended"),
        (remove, 410, "Taken down after a report."),
        (remove_project, 410, "was removed"),
        (withdraw, 410, "withdrawn their consent"),
    ],
)
def test_a_link_that_has_ended_serves_nothing_at_any_address(
    share, render, alice, end, status, words
):
    viewer = Client()
    known = files(viewer.get(address(share)))
    end(share, alice)
    page = viewer.get(address(share))
    assert (page.status_code, words in page.content.decode()) == (status, True)
    assert "Spring briefing" not in page.content.decode()
    assert not [one for one in files(page) if "film" in one or "poster" in one]
    for one in known:
        if not one.endswith("/report"):
            assert viewer.get(one).status_code in (404, 405), one
    assert viewer.get(address(share) + "poster.jpg").status_code == 404
    assert (
        viewer.post(next(one for one in known if one.endswith("/seen")), {"tenths": 1}).status_code
        == 404
    )
    assert not Play.objects.exists()


def test_a_link_that_was_switched_on_again_works(share, render, alice):
    share.close(alice)
    share.open(alice)
    assert Client().get(address(share)).status_code == 200


def test_a_password_opens_and_a_new_one_ends_what_goes_on(share, render, alice):
    share.edit(alice, password="open sesame")
    viewer = Client(enforce_csrf_checks=True)
    page = viewer.get(address(share))
    assert "Spring briefing" not in page.content.decode()
    assert not [one for one in files(page) if "film" in one]
    assert viewer.get(address(share) + "poster.jpg").status_code == 404
    assert "not the password" in viewer.post(address(share), {"password": "x"}).content.decode()
    page = viewer.post(address(share), {"password": "open sesame"})
    film = next(one for one in files(page) if one.endswith("film.mp4"))
    assert viewer.get(film).status_code == 200
    known = share.password
    share.edit(alice, password="another one")
    assert viewer.get(film).status_code == 404
    assert "open sesame" not in Share.objects.get().password
    told = sharing._signer.unsign_object(
        film.split("/")[3]
    )  # a token can be read by whoever has it
    assert not [part for part in told if str(part) and str(part) in known]


def test_a_password_cannot_be_guessed(share, render, alice):
    share.edit(alice, password="open sesame")
    viewer = Client()
    answers = [
        viewer.post(address(share), {"password": f"guess {n}"}).status_code for n in range(22)
    ]
    assert answers.count(403) == 20
    assert answers[-2:] == [429, 429]
    assert viewer.post(address(share), {"password": "open sesame"}).status_code == 429
    elsewhere = Client(REMOTE_ADDR="10.1.2.3")
    assert elsewhere.post(address(share), {"password": "open sesame"}).status_code == 200


def test_a_film_is_downloaded_only_where_that_is_allowed(share, render, alice):
    viewer = Client()
    film = next(one for one in files(viewer.get(address(share))) if one.endswith("film.mp4"))
    assert viewer.get(film + "?download=1").status_code == 404
    opened = viewer.get(film, headers={"Sec-Fetch-Dest": "document"})
    assert (opened.status_code, opened["Location"]) == (302, address(share))
    share.edit(alice, downloads=True)
    answer = viewer.get(film + "?download=1")
    assert answer["Content-Disposition"].startswith("attachment")


def test_the_latest_follows_and_a_fixed_version_stays(project, render, share, alice):
    fixed = Share.make(project, alice, version=1)
    newer = deliver(make_render(project, quoted=0, done=3, title="Second try"), b"newer")
    assert newer.version == 2
    assert "Second try" in Client().get(address(share)).content.decode()
    assert "Spring briefing" in Client().get(address(fixed)).content.decode()


def test_a_draft_is_not_shown_where_there_is_a_film(project, render, share):
    draft = make_render(project, quoted=0, done=3, title="Only a draft")
    draft.mode = "draft"
    draft.save()
    deliver(draft)
    assert "Only a draft" not in Client().get(address(share)).content.decode()


def test_a_link_without_a_video_says_so(project, alice):
    page = Client().get(address(Share.make(project, alice)))
    assert (page.status_code, "not ready yet" in page.content.decode()) == (404, True)


def test_only_the_hash_of_an_address_is_stored(share, settings):
    token = share.token
    assert token not in str(Share.objects.filter(pk=share.pk).values().get())
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key of the installation, as after a change"
    kept = Share.objects.get()
    assert kept.token == token
    settings.SECRET_KEY_FALLBACKS = []
    assert Share.objects.get().token == ""
    assert Share.by_token(token).pk == share.pk  # viewers notice nothing


def test_each_tenth_of_a_viewing_is_counted_once(share, render):
    viewer = Client()
    seen = next(one for one in files(viewer.get(address(share))) if one.endswith("/seen"))
    for tenths in (0b1, 0b11, 0b11, 0b111):
        assert viewer.post(seen, {"tenths": tenths}).status_code == 204
    other = next(one for one in files(viewer.get(address(share))) if one.endswith("/seen"))
    viewer.post(other, {"tenths": 2**10 - 1})
    viewer.post(other, {"tenths": "nonsense"})
    third = next(one for one in files(viewer.get(address(share))) if one.endswith("/seen"))
    viewer.post(third, {"tenths": 0})  # opened and left
    viewer.post(other, {"tenths": 999_999_999})
    share.refresh_from_db()
    assert (share.plays, share.tenths, share.seen) == (2, 13, 0.65)
    Play.tidy(timezone.now())
    assert not Play.objects.exists()


def test_counts_of_one_address_are_bounded(share, render, monkeypatch):
    viewer = Client(REMOTE_ADDR="10.9.8.7")
    monkeypatch.setattr(watch, "COUNTS", replace(watch.COUNTS, most=2))
    for _ in range(4):
        seen = next(one for one in files(viewer.get(address(share))) if one.endswith("/seen"))
        assert viewer.post(seen, {"tenths": 1}).status_code == 204
    share.refresh_from_db()
    assert (share.plays, Play.objects.count()) == (2, 2)


def test_a_token_of_another_link_opens_nothing(share, render, project, alice):
    other = Share.make(project, alice)
    film = next(one for one in files(Client().get(address(share))) if one.endswith("film.mp4"))
    assert Client().get(film.replace(share.token, other.token)).status_code == 404


def test_a_member_makes_changes_closes_and_removes_a_link(project, render, alice, client_of):
    alice_at = client_of(alice)
    page = f"/projects/{project.pk}/shares/"
    sent = {"name": "The board", "version": "1", "until": "2999-01-01"}
    refused = alice_at.post(page, sent)
    assert (refused.status_code, "within ten years" in refused.content.decode()) == (422, True)
    assert 'value="The board"' in refused.content.decode()
    alice_at.post(page, {**sent, "until": "", "password": "open sesame"})
    share = Share.objects.get()
    assert (share.name, share.version, share.opens_with("open sesame")) == ("The board", 1, True)
    shown = alice_at.get(page).content.decode()
    assert f"/watch/{share.token}/" in shown
    assert "The board" in shown
    alice_at.post(f"/shares/{share.pk}/save", {"name": "All", "downloads": "1"})
    share.refresh_from_db()
    assert (share.name, share.version, share.downloads) == ("All", None, True)
    assert share.opens_with("open sesame")  # left empty, it stays
    alice_at.post(f"/shares/{share.pk}/save", {"name": "All", "no_password": "1"})
    alice_at.post(f"/shares/{share.pk}/close")
    share.refresh_from_db()
    assert (share.password, bool(share.closed_at)) == ("", True)
    alice_at.post(f"/shares/{share.pk}/open")
    alice_at.post(f"/shares/{share.pk}/remove")
    assert "/watch/" not in alice_at.get(page).content.decode()
    kinds = Event.objects.filter(subject=share.pk).order_by("id").values_list("kind", flat=True)
    assert list(kinds) == [
        *("share.made", "share.changed", "share.changed"),
        *("share.closed", "share.opened", "share.removed"),
    ]


def test_the_first_link_needs_a_confirmed_address(project, render, alice, client_of):
    EmailAddress.objects.update(verified=False)
    page = f"/projects/{project.pk}/shares/"
    assert "please confirm" in client_of(alice).get(page).content.decode()
    answer = client_of(alice).post(page, {})
    assert (answer.status_code, Share.objects.count()) == (422, 0)
    assert "Confirm your e-mail address first" in answer.content.decode()


def test_a_viewer_reports_a_video_even_after_it_was_closed(share, render, alice):
    share.close(alice)
    viewer = Client(enforce_csrf_checks=True)
    place = address(share) + "report"
    assert viewer.post(place, {"kind": "likeness", "words": ""}).status_code == 422
    done = viewer.post(
        place, {"kind": "likeness", "words": "That is me.", "address": "me@example.org"}
    )
    report = Report.objects.get()
    assert report.pk in done.content.decode()
    assert (report.share, report.render_id) == (share.pk, render.pk)
    answers = [viewer.post(place, {"kind": "other", "words": "x"}).status_code for _ in range(12)]
    assert answers.count(429) == 3


def test_links_are_found_and_removed_in_the_terminal(share, render, capsys):
    for of in (render.pk, share.project_id, share.project.workspace_id):
        call_command("share", "list", "--of", of)
        assert share.pk in capsys.readouterr().out
    call_command("share", "remove", share.pk, "--reason", "It was reported.")
    assert "It was reported." in Client().get(address(share)).content.decode()
    capsys.readouterr()
    call_command("share", "list")
    assert share.pk not in capsys.readouterr().out


def test_a_viewing_ends(share, render, monkeypatch):
    token = sharing.begin(share)
    assert sharing.viewing_of(share, token)
    assert not sharing.viewing_of(share, token + "x")
    past = sharing.time.time() + sharing.VIEWING_SECONDS + 1
    monkeypatch.setattr("time.time", lambda: past)
    assert not sharing.viewing_of(share, token)
