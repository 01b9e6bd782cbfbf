"""The page of a render in a real browser: progress that keeps focus, and the player."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.urls import reverse
from django.utils import timezone

from moderation.models import Case
from rendering.models import Render, Worker
from tests.studio.rows import deliver, film_line, make_project, make_render

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TIME = "document.querySelector('video').currentTime"


@pytest.fixture
def render(alice, library):
    EmailAddress.objects.update_or_create(
        user=alice, email=alice.email, defaults={"verified": True, "primary": True}
    )
    Worker.objects.create(name="w", seen_at=timezone.now() + timedelta(hours=1))
    return make_render(make_project(alice.workspace), by=alice, quoted=54, done=3, reused=(1,))


@pytest.fixture
def running(render):
    render.start()
    render.segments.filter(position=2).update(status="running", stage="frames", progress=0.5)
    render.segments.filter(position=3).update(status="waiting", progress=0.0)
    return render


def address(render):
    return reverse("render_detail", args=[render.pk])


def open_page(page, render):
    page.goto(address(render))
    return page


def expect_loaded(page, expect_soon):
    expect_soon(page, "document.querySelector('video').readyState >= 1")


def test_progress_comes_by_itself_and_keeps_the_focus(page_of, alice, running, film, expect_soon):
    page = open_page(page_of(alice), running)
    page.locator("#cancel").focus()
    page.evaluate("window.same = document.querySelector('#cancel')")
    spoken = page.locator("#spoken").inner_text()
    running.segments.filter(position=2).update(progress=0.51)
    page.get_by_text("Drawing the picture, 51 %").wait_for()
    assert page.evaluate("document.activeElement === window.same")
    assert page.locator("#spoken").inner_text() == spoken
    running.segments.update(status="done", progress=1.0, seconds=4.0)
    page.get_by_text("Joining, captioning and signing").first.wait_for()
    assert page.locator("#spoken").inner_text() == "Joining, captioning and signing."
    deliver(running, video=film, used=48)
    page.locator("video").wait_for()
    assert page.locator("#spoken").inner_text() == "Done."
    assert page.locator("#progress").get_attribute("hx-trigger") is None
    expect_loaded(page, expect_soon)
    page.get_by_role("link", name="0:08 Close").click()
    expect_soon(page, f"{TIME} >= 8")
    requested = []
    page.on("request", lambda request: requested.append(request.url))
    page.wait_for_timeout(2500)
    assert [url for url in requested if url.endswith("/progress")] == []


def test_cancel_shows_its_result_without_a_reload(page_of, alice, running):
    page = open_page(page_of(alice), running)
    page.evaluate("window.stayed = true")
    page.get_by_role("button", name="Cancel, all credits (54 s) come back").click()
    page.get_by_text("All 0.9 credits (54 s) are back.").wait_for()
    assert page.evaluate("window.stayed")
    assert Render.objects.get().status == "canceled"


def test_cancel_works_without_javascript(page_of, alice, running):
    page = open_page(page_of(alice, javascript=False), running)
    page.get_by_role("button", name="Cancel").click()
    page.get_by_text("All 0.9 credits (54 s) are back.").wait_for()
    assert Render.objects.get().status == "canceled"


def test_chapters_lines_and_words_seek_and_follow_the_film(
    page_of, alice, render, film, expect_soon
):
    page = open_page(page_of(alice), deliver(render, video=film))
    expect_loaded(page, expect_soon)
    page.get_by_role("link", name="0:08 Close").click()
    expect_soon(page, f"{TIME} >= 8 && {TIME} < 9")
    expect_soon(page, "!document.querySelector('video').paused")
    page.get_by_role("link", name="Play line 2 at 0:04").click()
    expect_soon(page, f"{TIME} >= 4 && {TIME} < 5")
    page.evaluate("document.querySelector('video').pause()")
    page.get_by_text("second", exact=True).click()
    expect_soon(page, "document.querySelector('.is-said')?.textContent === 'second'")
    assert page.locator(".chapters .is-now").inner_text().endswith("Opening")
    assert page.locator(".transcript p.is-now").count() == 1


def test_the_player_obeys_keys(page_of, alice, render, film, expect_soon):
    page = open_page(page_of(alice), deliver(render, video=film))
    expect_loaded(page, expect_soon)
    page.evaluate("document.activeElement.blur()")  # wherever the focus is
    page.keyboard.press("l")
    expect_soon(page, f"{TIME} === 5")
    page.keyboard.press(" ")
    expect_soon(page, "!document.querySelector('video').paused")
    page.keyboard.press(" ")
    expect_soon(page, "document.querySelector('video').paused")
    assert page.evaluate("scrollY") == 0
    page.locator(".transcript-lines").focus()
    page.keyboard.press("j")
    expect_soon(page, f"{TIME} < 5")
    page.keyboard.press("k")
    expect_soon(page, "!document.querySelector('video').paused")
    page.keyboard.press(" ")
    expect_soon(page, "document.querySelector('video').paused")
    mode = "document.querySelector('track').track.mode"
    assert page.evaluate(mode) == "showing"
    page.keyboard.press("c")
    assert page.evaluate(mode) == "hidden"


@pytest.mark.parametrize("width", [1440, 390])
def test_label_and_controls_lie_under_a_picture_with_captions_in_it(
    page_of, alice, render, film, width
):
    spec = {"language": "en-US", "captions": {"burn_in": True}}
    render.segments.update(spec=spec)
    page = open_page(page_of(alice, width=width), deliver(render, video=film))
    video, label = (page.locator(one).bounding_box() for one in ("video", ".player-label"))
    picture = video["width"] * 9 / 16
    assert video["height"] >= picture + 70  # room for the browser's controls
    assert label["y"] >= video["y"] + video["height"] - 1


def test_captions_and_the_label_are_shown_also_in_full_screen(
    page_of, alice, render, film, expect_soon
):
    page = open_page(page_of(alice), deliver(render, video=film))
    expect_loaded(page, expect_soon)
    assert page.locator(".player-label").inner_text() == "AI-generated"
    assert page.locator(".player-label").is_visible()
    expect_soon(page, "document.querySelector('track').track.cues?.length === 1")
    page.get_by_role("button", name="Full screen").click()
    expect_soon(page, "document.fullscreenElement?.matches('.player-frame')")
    box = page.locator(".player-label").bounding_box()
    top = f"document.elementFromPoint({box['x'] + 8}, {box['y'] + 8})"
    page.locator(".player-label").evaluate("label => (label.style.pointerEvents = 'auto')")
    assert page.evaluate(f"{top}.className") == "player-label"
    page.locator("video").evaluate("video => video.requestFullscreen()")
    expect_soon(page, "document.fullscreenElement?.matches('video')")
    page.locator("video").evaluate("video => video.play()")
    shown = "[...document.querySelector('video').textTracks].filter(t => t.mode === 'showing')"
    expect_soon(
        page, f"{shown}.flatMap(t => [...t.activeCues]).some(c => c.text === 'AI-generated')"
    )


def test_a_link_that_expires_while_the_page_is_open_is_renewed(
    page_of, alice, render, film, expect_soon
):
    page = open_page(page_of(alice), deliver(render, video=film))
    expect_loaded(page, expect_soon)
    page.evaluate("document.querySelector('video').currentTime = 6")
    page.evaluate("document.querySelector('video').src = '/static/css/base.css'")
    expect_soon(page, "document.querySelector('video').src.includes('spring-briefing')")
    expect_loaded(page, expect_soon)


def test_playing_works_without_javascript(page_of, alice, render, film):
    page = open_page(page_of(alice, javascript=False), deliver(render, video=film))
    assert page.locator("video[controls]").is_visible()
    assert page.locator(".player-label").is_visible()
    assert "#t=8.00" in page.get_by_role("link", name="Close").get_attribute("href")


def held(render):
    spans = [{"scene": 1, "line": 2, "text": "vote no on Tuesday"}]
    Case.objects.create(render=render, policy="p", title="political persuasion", spans=spans)
    render.start()
    render.hold("moderation")


STATES = {
    "queued": lambda render: None,
    "running": lambda render: render.start(),
    "held": held,
    "failed": lambda render: render.fail("render_failed", "We could not finish it.", ours=True),
    "canceled": lambda render: render.cancel(),
    "done": deliver,
}


@pytest.mark.parametrize("state", STATES)
def test_every_state_is_accessible_wide_and_narrow_light_and_dark(
    state, page_of, alice, render, assert_accessible
):
    STATES[state](render)
    for width, dark in ((1440, False), (320, True)):
        page = open_page(page_of(alice, width=width, dark=dark), render)
        assert_accessible(page)


def test_search_narrows_as_one_types_and_archive_can_be_undone(
    page_of, alice, library, assert_accessible
):
    for title in ("Spring briefing", "Autumn briefing"):
        make_project(alice.workspace, title)
    page = page_of(alice)
    page.route("**/frame.jpg*", lambda route: route.fulfill(status=200, body=b""))
    page.goto(reverse("project_list"))
    page.get_by_label("Search titles and scripts").press_sequentially("autumn")
    page.get_by_role("link", name="Spring briefing").wait_for(state="detached")
    page.wait_for_load_state("networkidle")  # the last letter's answer closes a menu
    assert page.get_by_role("link", name="Autumn briefing").is_visible()
    page.get_by_label("What to do with Autumn briefing").click()
    page.get_by_role("button", name="Archive").click()
    page.get_by_text("“Autumn briefing” is archived.").wait_for()
    assert_accessible(page)
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("link", name="Autumn briefing").wait_for()


def test_the_balance_follows_a_cancel(page_of, alice, library):
    render = make_render(make_project(alice.workspace), by=alice, quoted=120)
    page = page_of(alice)
    page.goto(f"/renders/{render.pk}/")
    assert page.locator("#balance").inner_text().split()[0] == "8.0"
    page.get_by_role("button", name="Cancel").click()
    page.get_by_text("are back").wait_for()
    assert page.locator("#balance").inner_text().split()[0] == "10.0"
    assert page.locator("#balance").count() == 1


@pytest.mark.parametrize("width", [1440, 390])
def test_a_finished_line_plays_beside_the_page(
    page_of, assert_accessible, alice, running, expect_soon, settings, tmp_path, width
):
    """It plays with sound, by keyboard, while the page asks for news; Escape closes it and gives the focus back."""
    settings.PLAYING_DIR = tmp_path / "playing"
    film_line(running.segments.get(position=1))
    page = open_page(page_of(alice, width=width), running)
    page.locator("#play-1").focus()
    page.keyboard.press("Enter")
    page.locator("line-player video").wait_for()
    expect_soon(page, f"{TIME} > 0.2")
    expect_soon(page, "document.querySelector('video').webkitAudioDecodedByteCount > 0")
    assert_accessible(page)
    running.segments.filter(position=2).update(progress=0.51)
    page.get_by_text("Drawing the picture, 51 %").wait_for()
    assert page.locator("line-player video").count() == 1
    page.keyboard.press("Escape")
    page.locator("line-player").wait_for(state="detached")
    assert page.evaluate("document.activeElement.id") == "play-1"


def test_a_playing_line_closes_when_the_render_is_over(
    page_of, alice, running, expect_soon, settings, tmp_path
):
    settings.PLAYING_DIR = tmp_path / "playing"
    film_line(running.segments.get(position=1))
    page = open_page(page_of(alice), running)
    page.locator("#play-1").click()
    page.locator("line-player video").wait_for()
    expect_soon(page, f"{TIME} > 0.2")
    page.evaluate("document.querySelector('line-player video').pause()")
    running.refresh_from_db()
    running.cancel()
    page.locator("line-player").wait_for(state="detached")
    assert page.get_by_text("Nothing was charged.").or_(page.get_by_text("are back.")).is_visible()


def test_a_finished_line_plays_without_javascript(page_of, alice, running, settings, tmp_path):
    settings.PLAYING_DIR = tmp_path / "playing"
    film_line(running.segments.get(position=1))
    page = open_page(page_of(alice, javascript=False), running)
    page.locator("#play-1").click()
    assert page.locator("h1").inner_text() == "Line 1"
    assert page.locator("video").get_attribute("controlslist").startswith("nodownload")
