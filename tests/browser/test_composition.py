"""The look of a scene in a real browser: the frame follows every change; overlays, crops, captions, films and undo."""

import pytest

from rendering import media
from studio.library import footage
from studio.models import Clip, Scene
from tests.studio.rows import make_project

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def project(alice, library):
    return make_project(alice.workspace, script="Hello, and welcome.\n\nThis is the second line.")


@pytest.fixture
def editor(page_of, alice, project):
    def opened(**fields):
        page = page_of(alice, **fields)
        page.goto(f"/projects/{project.pk}/")
        page.get_by_text("Saved").first.wait_for(state="attached")
        return page

    return opened


def frame_of(page):
    return page.locator("#frame").get_attribute("src")


def test_a_layout_shows_in_the_frame_and_can_be_undone(editor, expect_soon):
    page = editor()
    before = frame_of(page)
    page.get_by_role("radio", name="Circle").press("Space")
    expect_soon(page, f"document.getElementById('frame').getAttribute('src') !== '{before}'")
    assert Scene.objects.get().layout == "circle"
    page.keyboard.press("Control+z")
    expect_soon(page, f"document.getElementById('frame').getAttribute('src') === '{before}'")
    assert Scene.objects.get().layout == "full"


def test_a_text_is_hung_on_words_and_moved_by_key(editor, expect_soon, assert_accessible):
    page = editor()
    script = page.get_by_role("textbox", name="Script").first
    script.evaluate("area => { area.focus(); area.setSelectionRange(11, 18); }")
    page.get_by_role("button", name="Text here…").click()
    page.get_by_role("textbox", name="Text", exact=True).fill("Good to see you")
    page.get_by_role("button", name="Add", exact=True).last.press("Enter")
    page.get_by_text("while “welcome.” is said").wait_for()
    handle = page.get_by_role("button", name="Good to see you, on the picture")
    expect_soon(page, "document.activeElement.matches('[data-handle]')")
    assert_accessible(page)
    left = handle.bounding_box()["x"]
    for key in ("Shift+ArrowLeft", "Shift+ArrowLeft", "ArrowDown"):
        page.keyboard.press(key)
    for _ in range(200):
        row = Scene.objects.get().overlays[0]
        if row["x"] is not None:
            break
        page.wait_for_timeout(50)
    assert row["x"] is not None
    # The inspector is drawn anew after each move, so the handle may be missing for a moment.
    expect_soon(
        page, f"document.querySelector('[data-handle]')?.getBoundingClientRect().x < {left}"
    )
    expect_soon(page, "document.activeElement.matches('[data-handle]')")
    assert page.locator(".mark-overlay").first.text_content() == "welcome."


def test_a_refused_heading_stays_in_its_field_with_the_error_beside_it(editor, expect_soon):
    page = editor()
    page.get_by_role("radio", name="Beside text").press("Space")
    heading = page.get_by_label("Heading beside the person")
    heading.fill("Numerals \U00012000")
    page.locator("#wrong-heading").wait_for()
    assert heading.input_value() == "Numerals \U00012000"
    assert heading.get_attribute("aria-describedby") == "wrong-heading"
    heading.fill("Numerals")
    page.locator("#wrong-heading").wait_for(state="detached")
    assert Scene.objects.get().heading == "Numerals"


def test_keys_move_the_crop_of_a_picture_and_its_numbers_follow(
    editor, expect_soon, assert_accessible, alice
):
    from tests.studio.test_assets import png

    page = editor()
    page.locator("[data-prop=background] > summary").click()
    page.locator("[name=background][value=picture]").press("Space")
    page.locator("input[name=image]").set_input_files(
        {"name": "wall.png", "mimeType": "image/png", "buffer": png(640, 360)}
    )
    page.get_by_role("link", name="Crop the picture").press("Enter")
    box = page.get_by_role("application")
    box.press("Alt+Shift+ArrowLeft")
    box.press("Shift+ArrowRight")
    assert_accessible(page)
    assert page.get_by_role("spinbutton", name="Width").input_value() == "576"
    assert page.get_by_role("spinbutton", name="Left").input_value() == "64"
    page.get_by_role("button", name="Crop", exact=True).press("Enter")
    page.locator("dialog[open]").wait_for(state="detached")
    assert Scene.objects.get().picture.width == 576


def test_a_changed_caption_is_saved_the_focus_moves_on_and_it_can_be_undone(
    editor, expect_soon, assert_accessible
):
    page = editor()
    page.locator("[data-prop=captions] > summary").click()
    page.get_by_role("link", name="Edit the captions of scene 1").press("Enter")
    caption = page.get_by_role("textbox", name="Caption 1", exact=True)
    caption.fill("Hi, and welcome!")
    caption.press("Tab")
    page.get_by_text("Said: Hello, and welcome.").wait_for()
    assert Scene.objects.get().cues[0]["text"] == "Hi, and welcome!"
    expect_soon(page, "document.activeElement.name === 'start'")
    assert_accessible(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Undo: captions of scene 1").click()
    page.get_by_role("button", name="Redo: captions of scene 1").wait_for()
    assert Scene.objects.get().cues == []


def test_a_caption_is_divided_at_the_caret_and_joined_by_key(
    editor, expect_soon, assert_accessible
):
    page = editor()
    page.locator("[data-prop=captions] > summary").click()
    page.get_by_role("link", name="Edit the captions of scene 1").press("Enter")
    caption = page.get_by_role("textbox", name="Caption 1", exact=True)
    caption.evaluate("area => { area.focus(); area.setSelectionRange(6, 6); }")
    page.keyboard.press("Control+Enter")
    expect_soon(page, "document.activeElement.value === 'and welcome.'")
    assert caption.input_value() == "Hello,"
    assert [row["said"] for row in Scene.objects.get().cues] == ["Hello,", "and welcome."]
    assert_accessible(page)
    caption.press("Control+Shift+Enter")
    expect_soon(page, "document.activeElement.value === 'Hello, and welcome.'")
    assert Scene.objects.get().cues == []
    page.get_by_role("button", name="Split caption 1").click()
    expect_soon(page, "document.activeElement.value === 'and welcome.'")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Undo: captions of scene 1").click()
    page.get_by_role("button", name="Redo: captions of scene 1").wait_for()
    assert Scene.objects.get().cues == []


@pytest.mark.parametrize(("width", "dark"), [(1440, True), (390, False)])
def test_every_row_of_the_inspector_is_accessible(editor, assert_accessible, width, dark):
    page = editor(width=width, dark=dark)
    if width < 700:
        page.get_by_role("button", name="Look and voice").click()
    page.evaluate("for (const row of document.querySelectorAll('[data-prop]')) row.open = true")
    assert_accessible(page)


def test_a_video_and_music_are_put_under_a_scene(editor, expect_soon, assert_accessible, tmp_path):
    film, tune = tmp_path / "waves.mp4", tmp_path / "tune.flac"
    media.run(["-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=2", "-c:v", "libx264", film])
    media.run(["-f", "lavfi", "-i", "sine=f=220:d=3", tune])
    page = editor()
    page.locator("[data-prop=background] > summary").click()
    page.locator("[name=background][value=video]").press("Space")
    page.locator("input[name=video]").set_input_files(film)
    page.get_by_text("Waiting to be prepared").wait_for()
    page.get_by_role("progressbar", name="Preparing waves.mp4").wait_for()
    assert_accessible(page)
    before = frame_of(page)
    footage.PREPARING.work(Clip.objects.get().pk)  # what a worker does
    page.get_by_role("radio", name="waves").wait_for()
    expect_soon(page, f"document.getElementById('frame').getAttribute('src') !== '{before}'")
    assert_accessible(page)
    page.locator("[data-prop=music] > summary").click()
    page.locator("input[name=music_file]").set_input_files(tune)
    page.get_by_role("radio", name="tune").wait_for()
    expect_soon(page, "document.querySelector('[name=music]:checked').value !== ''")
    page.get_by_label("Quieter while somebody speaks, dB").wait_for()
    assert_accessible(page)
    scene = Scene.objects.get()
    assert (scene.background, scene.clip.name) == ("video", "waves.mp4")
    assert (scene.project.music.name, round(scene.project.music.seconds)) == ("tune.flac", 3)


def test_a_film_that_is_chosen_while_the_inspector_is_drawn_anew_is_accepted(
    editor, expect_soon, tmp_path
):
    film = tmp_path / "waves.mp4"
    media.run(["-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=2", "-c:v", "libx264", film])
    page = editor()
    page.locator("[data-prop=background] > summary").click()
    page.locator("[name=background][value=video]").press("Space")
    page.get_by_text("Upload a video").wait_for()
    with page.expect_file_chooser() as dialog:
        page.locator("input[name=video]").click()
    before = page.locator("#inspector [name=revision]").first.input_value()
    page.get_by_role("radio", name="Circle").press("Space")
    expect_soon(page, f"document.querySelector('#inspector [name=revision]').value !== '{before}'")
    dialog.value.set_files(film)
    page.get_by_text("Waiting to be prepared").wait_for()
    assert Scene.objects.get().clip.name == "waves.mp4"


def test_a_caption_size_changes_the_frame_and_asks_for_the_price_again(
    editor, expect_soon, assert_accessible
):
    page = editor()
    page.locator("[data-prop=captions] > summary").click()
    for name, value in (("burn_captions", "1"), ("caption_size", "large")):
        before = frame_of(page)
        with page.expect_response(lambda answer: "/estimate" in answer.url):
            page.locator(f"[name={name}][value='{value}']").press("Space")
        expect_soon(page, f"document.getElementById('frame').getAttribute('src') !== '{before}'")
    assert_accessible(page)
    assert Scene.objects.get().project.caption_size == "large"
    page.get_by_role("button", name="Undo: size of captions").click()
    page.get_by_role("button", name="Redo: size of captions").wait_for()
    assert Scene.objects.get().project.caption_size == "medium"
