"""The editor in a real browser: typing saves itself, the keyboard is enough, and it is accessible."""

import pytest

from studio.models import Project, Scene
from tests.studio.rows import make_project

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def project(alice, library):
    return make_project(alice.workspace, script="Hello, and welcome.\n\nThis is the second line.")


@pytest.mark.parametrize(
    ("width", "dark"), [(1440, False), (1440, True), (390, False), (390, True)]
)
def test_the_editor_is_accessible_at_every_width(
    page_of, assert_accessible, alice, project, width, dark
):
    page = page_of(alice, width=width, dark=dark)
    page.goto(f"/projects/{project.pk}/")
    page.get_by_text("Saved").first.wait_for(state="attached")
    assert_accessible(page)


def wait_until(page, is_so):
    """Waits until something holds in the database, 5 seconds at most."""
    for _ in range(100):
        if is_so():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it never came true")


def test_typing_saves_itself_and_survives_a_reload(page_of, expect_soon, alice, project):
    page = page_of(alice)
    page.goto(f"/projects/{project.pk}/")
    script = page.get_by_role("textbox", name="Script").first
    script.click()
    page.keyboard.press("Control+End")
    page.keyboard.type(" And one more sentence.")
    for _ in range(100):
        if Scene.objects.get().script.endswith("And one more sentence."):
            break
        page.wait_for_timeout(50)
    assert Scene.objects.get().script.endswith("second line. And one more sentence.")
    page.reload()
    assert "And one more sentence." in page.content()


def test_what_is_typed_before_the_script_has_come_is_saved_too(page_of, alice, project):
    page = page_of(alice)
    held = []
    page.route("**/editor*.js", lambda route: held.append(route))
    page.goto(f"/projects/{project.pk}/", wait_until="commit")
    words = page.get_by_role("textbox", name="Script").first
    words.fill("Typed early.")
    page.get_by_role("textbox", name="Name of the project").fill("Early")
    for route in held:
        route.continue_()
    wait_until(page, lambda: Scene.objects.get().script == "Typed early.")
    wait_until(page, lambda: Project.objects.get().title == "Early")
    page.get_by_text("at most").first.wait_for()
    page.unroute("**/editor*.js")
    page.reload()
    assert words.input_value() == "Typed early."


def test_render_is_reached_and_pressed_with_the_keyboard_alone(page_of, alice, project):
    page = page_of(alice)
    page.goto(f"/projects/{project.pk}/")
    page.get_by_text("at most").first.wait_for()
    for _ in range(80):
        page.keyboard.press("Tab")
        focused = page.evaluate("document.activeElement.textContent.trim()")
        if focused == "Render":
            break
    assert focused == "Render"
    page.keyboard.press("Enter")
    page.wait_for_url("**/renders/**")
    assert project.renders.count() == 1


def test_refused_words_cannot_be_rendered_until_they_change(
    page_of, assert_accessible, alice, project
):
    page = page_of(alice, width=320)
    page.goto(f"/projects/{project.pk}/")
    script = page.get_by_role("textbox", name="Script").first
    render = page.locator("[data-render]")
    script.fill("Good morning.\n\nI will kill you tomorrow.")
    page.get_by_role("button", name="ask a person to look").wait_for()
    assert render.is_disabled()
    assert_accessible(page)
    script.fill("Good morning.\n\nSee you tomorrow.")
    page.get_by_text("ready in about").wait_for()
    assert render.is_enabled()


def test_a_change_is_undone_by_key_and_redone_after_a_reload(page_of, expect_soon, alice, project):
    page = page_of(alice)
    page.goto(f"/projects/{project.pk}/")
    page.locator("[data-prop=background] > summary").click()
    page.get_by_role("radio", name="Pine").press("Space")
    page.get_by_role("button", name="Undo: background colour of scene 1").wait_for()
    drawn = page.locator("#frame").get_attribute("data-frame")
    page.keyboard.press("Control+z")
    page.get_by_role("button", name="Redo: background colour of scene 1").wait_for()
    expect_soon(
        page, "document.querySelector('[name=background_color][value=\"#e9e4dc\"]').checked"
    )
    assert page.locator("#frame").get_attribute("data-frame") != drawn
    page.reload()
    page.get_by_text("Saved").first.wait_for(state="attached")
    page.keyboard.press("Control+Shift+z")
    page.get_by_role("button", name="Undo: background colour of scene 1").wait_for()
    assert Scene.objects.get().background_color == "#2f4a4a"


def test_a_script_is_saved_without_javascript(page_of, alice, project):
    page = page_of(alice, javascript=False)
    page.goto(f"/projects/{project.pk}/")
    page.locator("textarea[name=script]").first.fill("Written by a plain form.")
    page.get_by_role("button", name="Save the script").first.click()
    assert Scene.objects.get().script == "Written by a plain form."


def test_a_guess_is_shown_under_its_words_and_said_as_its_writer_wants(
    page_of, assert_accessible, alice, project
):
    Scene.objects.update(script="We meet on 10/12.\n\nThis is the second line.")
    page = page_of(alice)
    page.goto(f"/projects/{project.pk}/")
    page.locator(".line-guess").first.wait_for(state="attached")
    guess = page.get_by_role("button", name="10/12 read as “the tenth of December”")
    assert guess.count() == 0  # only beside the line that one is in
    page.get_by_role("textbox", name="Script").first.click(position={"x": 60, "y": 10})
    guess.click()
    dialog = page.get_by_role("dialog", name="Say it like…")
    assert dialog.get_by_text("Read as “the tenth of December”.").is_visible()
    assert_accessible(page)
    dialog.get_by_label("Said", exact=True).fill("October twelfth")
    dialog.get_by_role("button", name="Save").click()
    wanted = '<sub alias="October twelfth">10/12</sub>'
    wait_until(page, lambda: wanted in Scene.objects.get().script)


def test_a_word_that_is_said_otherwise_already_brings_up_a_question(page_of, alice, project):
    alice.workspace.pronunciations.create(word="Hello", value="hullo")
    page = page_of(alice)
    page.goto(f"/projects/{project.pk}/")
    page.get_by_role("textbox", name="Script").first.dblclick(position={"x": 20, "y": 10})
    page.get_by_role("button", name="Say it like…").click()
    dialog = page.get_by_role("dialog", name="Say it like…")
    dialog.get_by_label("Said", exact=True).fill("hallo")
    dialog.get_by_role("button", name="Save").click()
    dialog.get_by_text("is already said “hullo” here").wait_for()
    dialog.get_by_role("button", name="Replace").click()
    wait_until(page, lambda: alice.workspace.pronunciations.get().value != "hullo")
    assert alice.workspace.pronunciations.get().value == "hallo"


def test_how_a_line_is_read_covers_no_other_line_on_a_phone(
    page_of, assert_accessible, alice, project
):
    Scene.objects.update(script="We meet on 10/12 with Dr. Smith, and read 3/4.\n\nThen we go.")
    page = page_of(alice, width=390)
    page.goto(f"/projects/{project.pk}/")
    page.locator(".line-guess").nth(2).wait_for(state="attached")
    page.get_by_role("textbox", name="Script").first.click(position={"x": 60, "y": 10})
    page.get_by_role("button", name="10/12 read as").wait_for()
    note = page.locator(".line-note").first.bounding_box()
    assert note["y"] + note["height"] <= page.locator(".line").nth(1).bounding_box()["y"] + 1
    page.get_by_role("button", name="3/4 read as").click()  # the row scrolls
    page.get_by_role("dialog", name="Say it like…").wait_for()
    assert_accessible(page)
