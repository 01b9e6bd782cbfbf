"""Sharing in a real browser: a viewer and a reviewer without an account, and versions side by side, on a desk and on a phone."""

import pytest
from allauth.account.models import EmailAddress
from django.urls import reverse

from rendering.models import Render
from studio.models import Comment, Share, Verdict
from studio.projects import versions
from studio.renders.ordering import request_render
from tests.studio.rows import deliver, make_project, make_render

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WIDTHS = pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)])


@pytest.fixture
def project(alice, library):
    EmailAddress.objects.create(user=alice, email=alice.email, verified=True, primary=True)
    alice.name = "Alice"
    alice.save()
    return make_project(alice.workspace, created_by=alice)


@pytest.fixture
def render(project, film):
    project.refresh_from_db()
    made = make_render(project, quoted=0, done=3)
    Render.objects.filter(pk=made.pk).update(revision=project.revision, mode="draft")
    made.refresh_from_db()
    return deliver(made, video=film)


@WIDTHS
def test_a_link_is_made_watched_counted_and_switched_off(
    page_of, alice, project, render, width, dark, assert_accessible, expect_soon
):
    page = page_of(alice, width=width, dark=dark)
    page.goto(reverse("share_list", args=[project.pk]))
    assert_accessible(page)
    page.get_by_label("For whom, for your own list").fill("The board")
    page.get_by_role("button", name="Make a link").click()
    page.get_by_role("heading", name="The board").wait_for()
    assert_accessible(page)
    share = Share.objects.get()
    viewer = page_of(width=width, dark=dark)
    viewer.goto(page.get_by_label("Address of The board").input_value())
    viewer.get_by_role("heading", name="Spring briefing").wait_for()
    assert_accessible(viewer)
    assert viewer.context.cookies() == []
    expect_soon(viewer, "document.querySelector('video').readyState >= 1")
    viewer.evaluate("document.querySelector('video').play()")
    viewer.get_by_role("link", name="0:08 Close").click()
    expect_soon(viewer, "document.querySelector('video').currentTime >= 8.6")
    viewer.evaluate("document.querySelector('video').pause()")
    for _ in range(100):  # what the page tells of is sent when it is left or paused
        share.refresh_from_db()
        if share.tenths >= 2:
            break
        viewer.wait_for_timeout(50)
    assert (share.plays, share.tenths >= 2) == (1, True)
    page.reload()
    page.get_by_text("Played once").wait_for()
    page.get_by_role("button", name="Switch off").click()
    page.get_by_text("Off", exact=True).wait_for()
    viewer.goto(f"/watch/{share.token}/")
    assert viewer.get_by_role("heading").inner_text() == "This link was switched off"
    assert viewer.get_by_text("Ask Alice").is_visible()
    assert_accessible(viewer)


def test_without_a_script_the_video_plays_and_chapters_are_reached(page_of, alice, project, render):
    share = Share.make(project, alice)
    viewer = page_of(javascript=False)
    viewer.goto(f"/watch/{share.token}/")
    assert viewer.locator("video[controls]").is_visible()
    viewer.get_by_role("link", name="0:08 Close").click()
    assert viewer.url.endswith("?t=8.00")
    assert viewer.locator("video").get_attribute("src").endswith("#t=8.00")


def test_a_video_with_a_password(page_of, alice, project, render, assert_accessible):
    share = Share.make(project, alice, password="open sesame")
    viewer = page_of(width=390)
    viewer.goto(f"/watch/{share.token}/")
    assert_accessible(viewer)
    viewer.get_by_label("Password").fill("open sesame")
    viewer.get_by_role("button", name="Watch").click()
    viewer.get_by_role("heading", name="Spring briefing").wait_for()
    assert viewer.context.cookies() == []


@WIDTHS
def test_a_reviewer_without_an_account_comments_and_approves(
    page_of, alice, project, render, width, dark, assert_accessible, expect_soon
):
    project.workspace.needs_approval = True
    project.workspace.save()
    page = page_of(alice, width=width, dark=dark)
    page.goto(reverse("review_list", args=[project.pk]))
    assert_accessible(page)
    page.get_by_role("button", name="Ask for the review").click()
    address = page.get_by_label("Address for Review").input_value()
    waiting = request_render(project, by=alice)
    page.goto(reverse("render_detail", args=[waiting.pk]))
    page.get_by_text("Waits for approval").wait_for()
    assert_accessible(page)

    reviewer = page_of(width=width, dark=dark)
    reviewer.goto(address)
    expect_soon(reviewer, "document.querySelector('video').readyState >= 1")
    reviewer.keyboard.press("ArrowRight")
    expect_soon(reviewer, "document.querySelector('video').currentTime === 5")
    reviewer.keyboard.press("ArrowLeft")
    expect_soon(reviewer, "document.querySelector('video').currentTime === 0")
    reviewer.evaluate("document.querySelector('video').currentTime = 4.5")
    reviewer.get_by_text(", at 0:04").wait_for()
    reviewer.locator("h1").click()
    reviewer.keyboard.press("c")
    reviewer.keyboard.type("Slower here.")
    reviewer.get_by_label("Your name").fill("Kim")
    reviewer.get_by_label("Your e-mail address").fill("kim@example.org")
    reviewer.get_by_role("button", name="Comment").click()
    reviewer.get_by_text("Your comment is there.").wait_for()
    assert_accessible(reviewer)
    assert reviewer.get_by_label("Your name").input_value() == "Kim"
    reviewer.get_by_role("link", name="at 0:04", exact=True).click()
    expect_soon(reviewer, "document.querySelector('video').currentTime >= 4.4")
    assert Comment.objects.get().at == 4.5

    page.goto(reverse("review_list", args=[project.pk]))
    page.get_by_text("Slower here.").wait_for()
    page.get_by_text("Reply", exact=False).first.click()
    page.get_by_label("Your reply").fill("Will do.")
    page.get_by_role("button", name="Send the reply").click()
    page.get_by_role("button", name="Resolve").click()
    page.get_by_text("Resolved").wait_for()
    assert_accessible(page)

    reviewer.goto(address)
    reviewer.get_by_text("Will do.").wait_for()
    assert reviewer.get_by_label("Your name").input_value() == "Kim"  # said once
    reviewer.get_by_role("button", name="Approve version 1").click()
    reviewer.get_by_text("You approved version 1").wait_for()
    assert reviewer.context.cookies() == []
    assert Verdict.objects.get().author == "Kim"
    waiting.refresh_from_db()
    assert waiting.status == "queued"

    scene = project.live_scenes.first()
    scene.edit(scene.revision, script="Other words.")
    page.goto(reverse("review_list", args=[project.pk]))
    page.get_by_text("so the approval no longer holds").wait_for()

    page.get_by_text("Erase…").click()
    assert_accessible(page)
    page.get_by_role("button", name="Erase this person’s name and address").click()
    page.get_by_text("The name and the address are erased.").wait_for()
    assert page.get_by_text("Kim").count() == 0
    assert page.locator(".thread > .thread-head strong").all_inner_texts() == ["A reviewer"]
    assert page.get_by_text("A reviewer approved version 1.").is_visible()
    assert_accessible(page)


@WIDTHS
def test_two_versions_are_compared_and_the_old_words_come_back(
    page_of,
    alice,
    project,
    render,
    film,
    width,
    dark,
    assert_accessible,
):
    versions.keep_source(render, versions.body_of(project))
    scene = project.live_scenes.first()
    scene.edit(scene.revision, script="Hello, and welcome to all of you.")
    newer = make_render(project, quoted=0, done=3)
    newer.segments.filter(position=2).update(text="Here is another line.")
    deliver(newer, video=film)
    page = page_of(alice, width=width, dark=dark)
    page.goto(reverse("version_list", args=[project.pk]))
    page.get_by_text("1 line differs").wait_for()
    assert page.locator("video").count() == 2
    assert_accessible(page)
    page.locator("#version-1").get_by_role("button", name="Restore its words").click()
    page.get_by_text("The words of version 1 are back").wait_for()
    scene.refresh_from_db()
    assert scene.script == "Hello, and welcome."
    page.get_by_role("button", name="Undo: restored version").click()
    page.get_by_role("button", name="Redo: restored version").wait_for()  # the page was loaded anew
    script = page.get_by_label("Script of scene 1")
    assert script.input_value() == "Hello, and welcome to all of you."
    scene.refresh_from_db()
    assert scene.script == "Hello, and welcome to all of you."


def test_a_report_is_sent(page_of, alice, project, render, assert_accessible):
    share = Share.make(project, alice)
    viewer = page_of(width=390)
    viewer.goto(f"/watch/{share.token}/")
    viewer.get_by_role("link", name="Report this video").click()
    assert_accessible(viewer)
    viewer.get_by_label("It shows me, or uses my voice, and I did not agree").check()
    viewer.get_by_label("What you saw, and why it should not be here").fill("That is me.")
    viewer.get_by_role("button", name="Send the report").click()
    viewer.get_by_role("heading", name="Thank you").wait_for()
    assert_accessible(viewer)


@WIDTHS
def test_the_editor_plays_the_last_film_from_a_word_and_lights_what_is_said(
    page_of, alice, project, render, width, dark, assert_accessible, expect_soon
):
    page = page_of(alice, width=width, dark=dark)
    page.goto(reverse("project_edit", args=[project.pk]))
    page.get_by_role("button", name="Film, version 1").click()
    expect_soon(page, "document.querySelector('#film video').readyState >= 2")
    assert page.locator("#frame-box #film").is_visible()
    assert_accessible(page)
    script = page.get_by_label("Script of scene 1")
    script.evaluate("area => { area.focus(); area.setSelectionRange(13, 13); }")
    script.dispatch_event("click")
    expect_soon(page, "document.querySelector('#film video').currentTime >= 2.5")
    page.evaluate("document.querySelector('#film video').pause()")
    lit = "[...CSS.highlights.get('said') ?? []].map(String).join()"
    expect_soon(page, f"{lit} === 'welcome'")
    script.fill("Hello, and goodbye.")  # words may be written while the film stands there
    assert page.locator("#film").is_visible()
    if width == 390:
        page.get_by_role("button", name="Look and voice").click()
    page.locator("[name=layout][value=close]").dispatch_event("click")
    page.locator("#film").wait_for(state="hidden")
    assert page.locator("#frame").is_visible()


@WIDTHS
def test_the_brand_kit_is_set_and_a_project_brought_in_line(
    page_of, alice, project, width, dark, assert_accessible
):
    page = page_of(alice, width=width, dark=dark)
    page.goto(reverse("brand_kit"))
    assert_accessible(page)
    page.get_by_label("One more colour").first.fill("#0f6b66")
    page.locator("[name=lock_colours][value=locked]").check(force=True)
    page.locator("[name=lock_captions][value=locked]").check(force=True)
    page.get_by_label("Captions in the picture").select_option("On")
    page.get_by_role("button", name="Save the kit").click()
    page.get_by_text("white text, 6.3:1").wait_for()
    assert_accessible(page)
    page.goto(reverse("project_edit", args=[project.pk]))
    if width == 390:
        page.get_by_role("button", name="Look and voice").click()
    page.get_by_role("button", name="Use the brand’s").click()
    page.get_by_text("The project uses the brand.").wait_for()
    assert_accessible(page)
    project.refresh_from_db()
    assert project.burn_captions
