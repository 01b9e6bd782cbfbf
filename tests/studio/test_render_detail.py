"""The page of a render, in each of its states."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.urls import reverse
from django.utils import timezone

from billing.models import available
from moderation.models import Case
from rendering.models import Render, Worker
from tests.studio.rows import deliver, make_project, make_render

pytestmark = pytest.mark.django_db
POLLS = 'hx-trigger="every 2s"'


@pytest.fixture
def worker():
    return Worker.objects.create(name="w")


@pytest.fixture
def render(alice, library):
    return make_render(make_project(alice.workspace), by=alice, quoted=54)


@pytest.fixture
def confirmed(alice):
    EmailAddress.objects.update_or_create(
        user=alice, email=alice.email, defaults={"verified": True, "primary": True}
    )


def url(render, name="detail"):
    return reverse(f"render_{name}", args=[render.pk])


def page(client, render, name="detail"):
    response = client.get(url(render, name))
    assert response.status_code == 200
    return response.content.decode()


def work_on(render, position=2, stage="frames", progress=0.5):
    render.start()
    render.segments.filter(position__lt=position).update(
        status="done", progress=1.0, seconds=4.0, started_at=timezone.now(), ended_at=timezone.now()
    )
    render.segments.filter(position=position).update(
        status="running", stage=stage, progress=progress
    )


def test_the_page_of_a_render_requires_login(client, render):
    assert client.get(url(render)).status_code == 302


def test_the_page_of_a_render_rejects_post(client_of, alice, render):
    assert client_of(alice).post(url(render)).status_code == 405


def test_a_render_is_hidden_from_strangers(client_of, charlie, render):
    stranger = client_of(charlie)
    assert stranger.get(url(render)).status_code == 404
    assert stranger.get(url(render, "progress")).status_code == 404
    assert stranger.post(url(render, "cancel")).status_code == 404
    assert stranger.post(url(render, "retry")).status_code == 404


def test_a_colleague_sees_a_render(client_of, bob, render):
    assert "Spring briefing" in page(client_of(bob), render)


def test_a_waiting_render_says_its_position_time_and_cost(client_of, alice, render, worker):
    html = page(client_of(alice), render)
    assert "Next in the queue" in html
    assert "at the latest" in html
    assert "at most 0.9 credits" in html
    assert "Cancel, all credits (54 s) come back" in html
    assert POLLS in html


def test_without_a_worker_the_page_says_that_nothing_is_lost(client_of, alice, render):
    html = page(client_of(alice), render)
    assert "No worker is here just now, so renders wait." in html
    assert "Nothing is lost" in html
    assert POLLS in html


def test_a_running_render_says_its_stage_line_and_percent(client_of, alice, render, worker):
    work_on(render)
    html = page(client_of(alice), render)
    assert "Drawing the picture" in html
    assert "line 2 of 3" in html
    assert "Stage 5 of 7" in html
    assert "48 %" in html  # (4 s + half of 4 s) of 12 s, 3 % kept for joining
    assert "1 of 3 lines ready" in html


def test_the_words_for_screen_readers_change_with_stage_and_quarter_only(
    client_of, alice, render, worker
):
    client, said = client_of(alice), []
    for progress in (0.1, 0.2, 0.3, 0.9):
        work_on(render, progress=progress)
        html = page(client, render, "progress")
        said.append(html.split('role="status">')[1].split("<")[0])
    assert said == ["Rendering the lines, 25 percent."] * 3 + ["Rendering the lines, 50 percent."]


def test_each_line_shows_its_state(client_of, alice, library, worker):
    render = make_render(make_project(alice.workspace), by=alice, reused=(1,))
    work_on(render)
    html = page(client_of(alice), render)
    assert [
        mark
        for mark in ("Reused, free", "Drawing the picture, 50 %", "Waiting</span>")
        if mark not in html
    ] == []


def test_reused_lines_are_ready_at_once_and_progress_never_falls(client_of, alice, render, worker):
    """They count as ready at once, and progress does not fall when one of them has to be made after all."""
    render.segments.filter(position__gt=1).update(kept=True, reason="reused")
    html = page(client_of(alice), render)
    assert "2 of 3 lines ready" in html
    assert html.count("Reused, free") == 2
    render.refresh_from_db()
    assert render.progress == pytest.approx(0.97 * 2 / 3)
    render.segments.filter(position=2).update(status="running", progress=0.1)
    assert render.progress == pytest.approx(0.97 * 2 / 3)
    assert "2 of 3 lines ready" in page(client_of(alice), render)


def test_a_line_without_news_says_so(client_of, alice, render, worker):
    work_on(render)
    past = timezone.now() - timedelta(minutes=1)
    render.segments.filter(position=2).update(lease_until=past)
    assert "No news from this line for a while." in page(client_of(alice), render)


def test_the_page_asks_again_until_the_render_is_over(client_of, alice, render, worker):
    client = client_of(alice)
    running = page(client, render, "progress")
    assert POLLS in running
    assert "<html" not in running
    deliver(render)
    over = page(client, render, "progress")
    assert "hx-trigger" not in over
    assert "<video" in over


def test_a_held_render_says_for_what_who_decides_and_until_when(client_of, alice, render):
    Case.objects.create(
        render=render,
        policy="politics",
        title="political persuasion",
        spans=[{"scene": 1, "line": 2, "text": "vote no on Tuesday"}],
        version="1",
    )
    render.start()
    render.hold("moderation")
    html = page(client_of(alice), render)
    assert "<q>vote no on Tuesday</q>" in html
    assert "political persuasion" in html
    assert "moderation team decides" in html
    assert f"{timezone.now() + timedelta(hours=72):%-d %B}" in html
    assert "all 0.9 credits (54 s) come back" in html
    assert POLLS in html


def test_cancel_shows_its_status_and_gives_credits_back_at_once(client_of, alice, render):
    client = client_of(alice)
    assert available(alice.workspace) == 546
    answer = client.post(url(render, "cancel"))
    assert answer.headers["Location"] == url(render)
    assert available(alice.workspace) == 600
    html = page(client, render)
    assert "All 0.9 credits (54 s) are back." in html
    assert "Try again" in html
    assert "hx-trigger" not in html


def test_cancel_of_what_has_ended_changes_nothing(client_of, alice, render):
    deliver(render, used=48)
    answer = client_of(alice).post(url(render, "cancel"), follow=True)
    assert "there was nothing to cancel" in answer.content.decode()
    assert Render.objects.get().status == "done"
    assert available(alice.workspace) == 552


def test_a_failed_render_says_what_happened_whose_fault_it_is_and_what_is_back(
    client_of, alice, render
):
    render.fail("render_failed", "We could not finish the picture for line 2.", ours=True)
    html = page(client_of(alice), render)
    assert "We could not finish the picture for line 2." in html
    assert "This is our fault." in html
    assert "All 0.9 credits (54 s) are back." in html
    assert url(render, "retry") in html
    assert f"<code>{render.pk}</code>" in html


def test_a_failure_that_the_reader_can_mend_is_not_called_our_fault(client_of, alice, render):
    render.fail("script_empty", "Line 2 says nothing; write a word or delete it.")
    assert "our fault" not in page(client_of(alice), render)


def test_a_finished_render_says_what_was_charged_and_refunded(client_of, alice, render):
    deliver(render, used=48)
    html = page(client_of(alice), render)
    assert (
        "Charged 0.9 credits (54 s), <strong>0.1 refunded</strong> (6 s), so you paid 0.8" in html
    )
    assert "<strong>0:12</strong> long" in html


def test_a_finished_render_plays_with_label_captions_chapters_and_words(client_of, alice, library):
    render = deliver(make_render(make_project(alice.workspace), by=alice, done=3, reused=(2,)))
    html = page(client_of(alice), render)
    assert "AI-generated</figcaption>" in html
    assert '<track kind="captions"' in html
    assert 'srclang="en-US"' in html
    assert 'data-start="8.000" data-end="12.000"><span class="figures">0:08</span> Close' in html
    assert '<span data-at="4.50">Here</span>' in html
    assert "1 of 3 lines reused, free" in html


def test_captions_that_are_in_the_picture_are_not_laid_over_it(client_of, alice, render):
    deliver(render)
    assert 'label="Captions" default>' in page(client_of(alice), render)
    render.segments.update(spec={"language": "en-US", "captions": {"burn_in": True}})
    assert 'label="Captions">' in page(client_of(alice), render)


def test_downloads_are_open_with_a_confirmed_address(client_of, alice, render, confirmed):
    deliver(render)
    client = client_of(alice)
    response = client.get(url(render))
    links = [link for _, _, link in response.context["downloads"]]
    assert [client.get(link).status_code for link in links] == [200] * 4
    assert [client.get(link)["Content-Disposition"] for link in links] == [
        f'attachment; filename="spring-briefing.{kind}"' for kind in ("mp4", "srt", "vtt", "txt")
    ]
    assert "please confirm" not in response.content.decode()


def test_downloads_wait_for_a_confirmed_address_and_playing_does_not(client_of, bob, render):
    EmailAddress.objects.filter(user=bob).delete()
    EmailAddress.objects.create(user=bob, email=bob.email, primary=True, verified=False)
    deliver(render)
    client = client_of(bob)
    response = client.get(url(render))
    html = response.content.decode()
    assert [link for _, _, link in response.context["downloads"]] == ["", "", "", ""]
    assert "download=1" not in html
    assert "please confirm" in html
    assert 'name="action_send"' in html
    assert client.get(response.context["video_url"]).status_code == 200


def test_a_render_whose_video_is_no_longer_stored_says_so(client_of, alice, render):
    deliver(render)
    render.outputs[0]["key"] = "0" * 64
    render.save()
    html = page(client_of(alice), render)
    assert "The video file is no longer here." in html
    assert "Provenance verified" not in html


def test_a_file_without_credentials_is_not_called_verified(client_of, alice, render):
    deliver(render, video=b"\x00\x00\x00\x18ftypmp42")
    html = page(client_of(alice), render)
    assert "Provenance not verified" in html
    assert "Not verified" in html
    assert "not a video that can carry Content Credentials" in html


def test_a_render_is_shown_when_its_project_was_removed_and_cannot_be_tried_again(
    client_of, alice, render
):
    deliver(render)
    render.project.remove()
    html = page(client_of(alice), render)
    assert "The project of this render was removed" in html
    assert "Edit and render again" not in html
    assert client_of(alice).post(url(render, "retry")).status_code == 404


def test_try_again_says_its_price_and_makes_a_new_render(client_of, alice, library, render):
    render.cancel()
    client = client_of(alice)
    response = client.get(url(render))
    quoted = response.context["again"].quoted
    assert quoted > 0
    assert "Try again, at most" in response.content.decode()
    answer = client.post(url(render, "retry"), {"quoted": quoted})
    new = Render.objects.exclude(pk=render.pk).get()
    assert answer.headers["Location"] == url(new)
    assert (new.status, new.quoted, new.requested_by) == ("queued", quoted, alice)


def test_try_again_never_charges_more_than_the_page_said(client_of, alice, library, render):
    render.cancel()
    answer = client_of(alice).post(url(render, "retry"), {"quoted": 0})
    assert answer.status_code == 409
    assert Render.objects.count() == 1
    assert available(alice.workspace) == 600


def test_a_project_without_words_cannot_be_tried_again(client_of, alice, library, render):
    render.fail("script_empty", "There is nothing to say.")
    render.project.live_scenes.update(script="")
    html = page(client_of(alice), render)
    assert "Try again" not in html
    assert "write a first line" in html


def test_the_measures_of_a_film_are_explained_in_words(client_of, alice, render):
    figures = {
        **{"auc": 1.0, "shut": 0.96, "open": 0.98, "contrast": 0.9, "loudness": 0.5, "lag": -0.01},
        **{"blinks": 17.2, "identity": 0.55, "ground": 0.1, "closures": 25.0},
    }
    good = {name: name != "identity" for name in figures}
    deliver(render)
    assert "How well it speaks" not in page(client_of(alice), render)  # not measured yet
    found = {"figures": figures, "late": figures | {"auc": 0.5}, "good": good, "seconds": 31.0}
    Render.objects.filter(pk=render.pk).update(quality={"speaking": found})
    shown = page(client_of(alice), render)
    assert "24 of 25 sounds" in shown
    assert "17 a minute" in shown
    assert "not quite" in shown
    assert "<td>0.5</td>" in shown
    assert shown.count("missed") == 1
    assert "fold" not in shown  # older films were not measured for it
    figures |= {"cut": 0.0, "shimmer": 2.1, "jump": 0.4}
    good |= {"cut": True, "shimmer": True, "jump": True}
    drawn = {"jacobian": 0.12, "silence": 0.0, "changed": 0.0}
    Render.objects.filter(pk=render.pk).update(quality={**drawn, "speaking": found})
    shown = page(client_of(alice), render)
    assert "<td>2.1</td>" in shown
    assert "not everywhere" in shown  # skin folds
    assert shown.count("missed") == 2
