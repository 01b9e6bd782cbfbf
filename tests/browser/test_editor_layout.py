"""What one sees of the editor: the first line at once, the frame beside what changes it, each note at its line, each thing once."""

import pytest
from django.urls import reverse

from studio.models import Scene
from tests.studio.rows import make_project

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SCRIPT = """Good morning. We meet on 10/12 in the old hall, as every year, and then we walk home together.

It costs $5 or CO₂.

A third line.

And a fourth one, which is long enough to need more than a single row on every screen that people have today."""
SHOWN = "document.querySelector('#frame')?.naturalWidth > 0"


@pytest.fixture
def project(alice, library):
    return make_project(alice.workspace, script=SCRIPT)


@pytest.fixture
def editor(page_of, alice, project, expect_soon):
    def opened(width=1440, height=900):
        page = page_of(alice, width=width)
        page.set_viewport_size({"width": width, "height": height})
        page.goto(reverse("project_edit", args=[project.pk]))
        page.get_by_text("ready in about").wait_for()
        expect_soon(page, "document.querySelector('.line[data-placed]')")
        return page

    return opened


SMALL = [(390, 844), (320, 568), (720, 450), (640, 360)]
"""Two phones, and a window of 1440 x 900 and of 1280 x 720 at 200 %."""


@pytest.mark.parametrize(("width", "height"), SMALL)
def test_the_first_line_is_seen_on_opening_and_nothing_scrolls_sideways(editor, width, height):
    page = editor(width, height)
    first = page.locator(".mirror span").first.bounding_box()
    free = page.locator(".render-bar").bounding_box()["y"]
    assert first["y"] + 30 <= free
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator(".project-name ~ .menu > summary").click()
    menu = page.locator(".project-name ~ .menu .menu-list").bounding_box()
    assert menu["x"] >= 0
    assert menu["x"] + menu["width"] <= width


PLACES = """[...document.querySelectorAll('.line')].map((line, n) => {
  const words = document.querySelectorAll('.mirror > span')[n].getBoundingClientRect();
  const box = (name) => line.querySelector(name).getBoundingClientRect();
  const [number, facts, note] = ['.line-listen', '.line-facts', '.line-note'].map(box);
  return {
    top: words.top, bottom: words.bottom,
    number: (number.top + number.bottom) / 2, facts: (facts.top + facts.bottom) / 2, end: note.bottom,
  };
})"""


@pytest.mark.parametrize("width", [1440, 1280, 390, 320])
def test_number_length_and_notes_stay_with_their_line(editor, width):
    page = editor(width)
    assert page.locator(".line-warning").count() + page.locator(".line-guess").count() > 0
    for caret in (False, True):
        if caret:
            page.get_by_role("textbox", name="Script").first.click(position={"x": 60, "y": 10})
            page.locator(".line[data-caret]").wait_for(state="attached")
        places = page.evaluate(PLACES)
        for n, (line, after) in enumerate(zip(places, [*places[1:], None], strict=True)):
            assert line["top"] <= line["number"] <= line["top"] + 30
            row = line["top"] if width > 1000 else line["bottom"]
            assert row <= line["facts"] <= row + 32
            if after and not (
                caret and n == 0
            ):  # the note of the line one is in may lie over others
                assert line["end"] <= after["top"] + 1


def test_on_a_phone_no_note_lies_over_a_heading(editor):
    Scene.objects.update(script="A first line.\n# A heading\nA second line.\n\nA third.")
    page = editor(390)
    notes = page.locator(".line-note")
    assert [notes.nth(n).is_visible() for n in range(3)] == [False, True, True]
    page.get_by_role("textbox", name="Script").first.click(position={"x": 30, "y": 10})
    notes.first.wait_for()


def seen(page):
    """The part of the frame that is on the screen, of its whole height."""
    box = page.locator("#frame-box").bounding_box()
    high = page.viewport_size["height"]
    return (min(box["y"] + box["height"], high) - max(box["y"], 0)) / box["height"]


def test_the_frame_is_large_and_stays_while_what_it_shows_is_edited(editor, expect_soon):
    page = editor()
    assert page.locator("#frame-box").bounding_box()["width"] >= 480
    page.locator("[data-prop=captions] > summary").click()
    page.locator("[data-prop=music] > summary").scroll_into_view_if_needed()
    page.locator("#side").evaluate("side => side.scrollTo(0, side.scrollHeight)")
    assert seen(page) == 1


@pytest.mark.parametrize(("width", "height"), [(390, 844), (720, 450)])
def test_look_and_voice_show_the_frame_above_them_on_a_small_screen(
    editor, assert_accessible, width, height
):
    page = editor(width, height)
    small = page.locator("#frame-box").bounding_box()["width"]
    page.get_by_role("button", name="Look and voice").click()
    page.locator("[data-prop=background] > summary").click()
    page.locator("#inspector").evaluate("box => box.scrollTo(0, box.scrollHeight)")
    assert seen(page) == 1
    assert page.locator("#frame-box").bounding_box()["width"] > small
    assert_accessible(page)
    page.keyboard.press("Escape")
    assert page.locator("#inspector").is_hidden()
    assert page.evaluate("document.activeElement.matches('[data-inspector-open]')")


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)])
def test_voices_are_found_by_filter_and_say_so_where_one_looks_if_they_cannot_speak(
    page_of, assert_accessible, alice, project, width, dark
):
    page = page_of(alice, width=width, dark=dark)
    page.goto(reverse("project_edit", args=[project.pk]))
    page.get_by_text("ready in about").wait_for()
    if width < 600:
        page.get_by_role("button", name="Look and voice").click()
    page.locator("#inspector").get_by_role("link", name="Voice").click()
    drawer = page.get_by_role("dialog")
    drawer.get_by_label("Gender").select_option("man")
    drawer.get_by_label("Accent").select_option("british")
    drawer.get_by_text("4 of", exact=False).wait_for(state="attached")
    assert drawer.locator(".voice-choose").all_inner_texts()[0].startswith("Daniel")
    drawer.get_by_role("button", name="Hear your first line from Daniel").click()
    drawer.get_by_text("No worker is running").wait_for()
    assert_accessible(page)
    page.keyboard.press("Escape")
    assert page.locator("body > #toasts").count() == 1


def test_a_word_of_a_hundred_letters_stays_on_the_paper(editor):
    Scene.objects.update(script="A " + "b" * 100 + " c.")
    page = editor()
    assert page.evaluate("document.querySelector('.mirror').scrollWidth") <= page.evaluate(
        "document.querySelector('.mirror').clientWidth"
    )


def test_what_is_wrong_with_a_line_is_said_once(editor, page_of, alice, project):
    Scene.objects.update(script="Good morning.\n\n[pause 99] And on.")
    page = page_of(alice)
    page.goto(reverse("project_edit", args=[project.pk]))
    page.get_by_text("Scene 1, line 2 cannot be rendered").wait_for()
    sentence = page.locator(".line-stop span").inner_text()
    assert page.locator(".line-stop").count() == 1
    assert page.get_by_text(sentence).count() == 1
    assert page.locator("[data-render]").is_disabled()
    assert page.locator("#problem").inner_text() == ""


def test_length_and_price_stand_in_the_bar_alone_and_follow_the_typing(editor):
    page = editor()
    length = page.locator("[data-length]")
    before = length.inner_text()
    assert page.get_by_text("credits").count() == 1
    assert page.get_by_text(before, exact=True).locator("visible=true").count() == 1
    page.get_by_role("textbox", name="Script").first.press("Control+End")
    page.keyboard.insert_text(" And many more words are said now, one after another." * 3)
    assert length.inner_text().startswith("about ")
    page.locator("[data-length]", has_not_text="about").wait_for()
    assert length.inner_text() != before


def test_icons_stay_when_the_connection_is_lost(editor, expect_soon):
    page = editor()
    page.context.set_offline(True)
    page.get_by_role("textbox", name="Script").first.press("Control+End")
    page.keyboard.type(" More.")
    page.get_by_text("Not connected, changes are kept here").wait_for()
    page.get_by_role("button", name="Listen", exact=True).click()  # and its icon changes
    page.get_by_text("The studio cannot be reached").wait_for()
    page.locator(".project-name ~ .menu > summary").click()
    drawn = "[...document.querySelectorAll('.icon')].filter(icon => icon.checkVisibility())"
    expect_soon(page, f"{drawn}.every(icon => icon.getBBox().width > 0)")
    assert page.evaluate(f"{drawn}.length") > 10
    page.context.set_offline(False)
    page.get_by_text("Saved", exact=True).wait_for(state="attached")


def test_hear_shows_at_once_that_it_is_working(page_of, alice, library):
    page = page_of(alice)
    page.goto("/")
    button = page.get_by_role("button", name="Hear").first
    button.wait_for()
    page.wait_for_load_state("networkidle")
    shown = button.evaluate(
        """button => {
          button.click();
          const { animationName } = getComputedStyle(button.querySelector(".icon"));
          return [button.dataset.sound, animationName];
        }"""
    )
    assert shown == ["making", "spin"]
    page.get_by_text("No worker is running").wait_for()
