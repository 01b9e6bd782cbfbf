"""The gallery in a real browser: filters at once, portraits that come alive, a presenter for a scene."""

import pytest

from studio.models import Scene
from tests.studio.rows import make_project

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PLAYS = "document.querySelector('[data-playing] video')?.currentTime > 0"


@pytest.mark.parametrize(
    ("width", "dark"), [(1440, False), (1440, True), (390, False), (390, True)]
)
def test_the_gallery_is_accessible_at_every_width(
    page_of, assert_accessible, alice, library, width, dark
):
    page = page_of(alice, width=width, dark=dark)
    for address in ("/avatars/", "/avatars/?gender=man", "/avatars/stock/maya/"):
        page.goto(address)
        assert_accessible(page)


def test_a_presenter_is_found_by_filter_and_used_in_a_project(page_of, alice, library):
    page = page_of(alice)
    page.goto("/avatars/")
    page.get_by_label("Gender").select_option("man")
    page.get_by_text("Show them all").wait_for()
    assert page.get_by_role("link", name="Maya").count() == 0
    assert "gender=man" in page.url
    page.get_by_role("button", name="Use Daniel in a new project").press("Enter")
    page.wait_for_url("**/projects/project_*/")
    assert Scene.objects.get().avatar.slug == "daniel"


def test_a_portrait_comes_alive_under_the_focus_and_rests_after_it(
    page_of, expect_soon, alice, library
):
    page = page_of(alice)
    page.goto("/avatars/")
    link = page.get_by_role("link", name="Maya").first
    link.focus()
    expect_soon(page, PLAYS)
    page.get_by_label("Gender").focus()
    expect_soon(page, "!document.querySelector('.face video')")
    link.hover()
    expect_soon(page, PLAYS)


def test_no_portrait_moves_for_those_who_prefer_reduced_motion(page_of, alice, library):
    page = page_of(alice)
    page.emulate_media(reduced_motion="reduce")
    page.goto("/avatars/")
    page.get_by_role("link", name="Maya").first.focus()
    page.get_by_role("link", name="Maya").first.hover()
    assert page.locator(".face video").count() == 0


def test_the_drawer_gives_a_scene_its_presenter_by_keyboard(
    page_of, assert_accessible, alice, library
):
    project = make_project(alice.workspace)
    page = page_of(alice)
    page.goto(f"/projects/{project.pk}/")
    page.get_by_role("link", name="Avatar").press("Enter")
    drawer = page.get_by_role("dialog")
    assert_accessible(page)
    drawer.get_by_label("Gender").select_option("woman")
    drawer.locator("button.face-link[value=daniel]").wait_for(state="detached")
    drawer.locator("button.face-link[value=maya]").press("Enter")
    page.locator(".cast-choice", has_text="Maya").wait_for()
    assert Scene.objects.get().avatar.slug == "maya"


def test_whoever_is_chosen_brings_their_voice_unless_one_was_chosen(
    page_of, assert_accessible, alice, library
):
    page = page_of(alice)
    page.goto("/avatars/stock/daniel/")
    page.get_by_role("button", name="Use Daniel in a new project").click()
    page.wait_for_url("**/projects/project_*/")
    choice = page.locator(".cast-choice")
    drawer = page.get_by_role("dialog")

    def choose(slug):
        choice.first.click()
        drawer.locator(f"button.face-link[value={slug}]").click()

    choose("maya")
    page.get_by_role("button", name="Undo: avatar of scene 1").wait_for()
    page.locator(".cast-choice", has_text="Heart").click()
    drawer.get_by_role("button", name="Emma").last.click()
    page.get_by_text("Emma was chosen for this scene and stays.").wait_for()
    choose("daniel")
    page.get_by_role("button", name="Use Michael, Daniel’s own voice").wait_for()
    assert (Scene.objects.get().avatar.slug, Scene.objects.get().voice.slug) == (
        "daniel",
        "bf_emma",
    )
    choice.first.click()
    assert_accessible(page)
    drawer.get_by_role("button", name="Let each speak in their own").click()
    drawer.get_by_text("Everybody comes with a voice of their own.").wait_for()
    assert Scene.objects.get().voice.slug == "am_michael"
    page.keyboard.press("Escape")
    choose("maya")
    page.locator(".cast-choice", has_text="Heart").wait_for()


def test_a_presenter_is_found_and_used_without_javascript(page_of, alice, library):
    page = page_of(alice, javascript=False)
    page.goto("/avatars/")
    page.get_by_label("Gender").select_option("man")
    page.get_by_role("button", name="Show", exact=True).click()
    assert page.get_by_role("link", name="Maya").count() == 0
    page.get_by_role("link", name="Daniel").click()
    page.get_by_role("button", name="Use Daniel in a new project").click()
    assert Scene.objects.get().avatar.slug == "daniel"
