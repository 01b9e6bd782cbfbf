"""The brush: by mouse, by finger, by keyboard; undone, done again; and what it did after the face was made anew."""

import json

import pytest

from studio.library import photos
from studio.models import Avatar
from tests.faces import scenes

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return scenes.file(scenes.photo("clara"), tmp_path_factory.mktemp("photo") / "in.jpg")


@pytest.fixture
def made(alice, library, client_of, source):
    with source.open("rb") as file:
        client_of(alice).post("/avatars/new", {"photo": file, "voice": "af_heart"})
    avatar = Avatar.objects.get(workspace=alice.workspace)
    photos.MAKING.work(avatar.pk)
    return avatar


def strokes(page):
    return json.loads(page.locator("#strokes").input_value())


def test_a_cut_out_is_corrected_by_mouse_and_keyboard(page_of, alice, made, assert_accessible):
    page = page_of(alice)
    page.goto(f"/avatars/{made.pk}/")
    assert page.locator(".cutout-shown img").count() == 4
    assert_accessible(page)
    page.get_by_role("link", name="Correct the cut-out").click()
    canvas = page.locator("cut-out canvas")
    canvas.wait_for()
    assert_accessible(page)

    box = canvas.bounding_box()
    page.mouse.move(box["x"] + 0.1 * box["width"], box["y"] + 0.9 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 0.9 * box["height"], steps=8)
    page.mouse.up()
    (first,) = strokes(page)
    assert not first["keep"]
    assert first["points"][0] == pytest.approx([0.1, 0.9], abs=0.02)
    assert first["points"][-1] == pytest.approx([0.4, 0.9], abs=0.02)

    for key in ("k", "]", "Space", "ArrowRight", "ArrowRight", "Space"):
        page.keyboard.press(key)
    second = strokes(page)[1]
    assert second["keep"]
    assert second["radius"] == 0.06
    assert second["points"][-1][0] - second["points"][0][0] == pytest.approx(0.04, abs=0.001)

    page.keyboard.press("Control+z")
    assert strokes(page) == [first]
    page.keyboard.press("Control+Shift+z")
    assert strokes(page) == [first, second]
    page.get_by_role("button", name="Start again").click()
    assert strokes(page) == []
    page.get_by_role("button", name="Undo").click()  # nothing is left to undo
    page.get_by_role("button", name="Redo").click()
    assert strokes(page) == [first]

    page.get_by_label("The photo's own").check()
    page.get_by_role("button", name="Cut out again").click()
    page.get_by_text("Reading the photo").wait_for()
    photos.MAKING.work(made.pk)
    page.get_by_text("Stands before the photo's own background.").wait_for()
    assert_accessible(page)
    made.refresh_from_db()
    assert made.cut["strokes"] == [first]


@pytest.mark.parametrize("dark", [False, True])
def test_the_brush_works_by_finger_on_a_phone(page_of, alice, made, assert_accessible, dark):
    page = page_of(alice, width=390, dark=dark)
    page.goto(f"/avatars/{made.pk}/cut-out")
    canvas = page.locator("cut-out canvas")
    canvas.wait_for()
    assert_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    canvas.evaluate(
        """(canvas) => {
          const box = canvas.getBoundingClientRect();
          const send = (name, x, y) => canvas.dispatchEvent(new PointerEvent(name, {
            pointerId: 1, pointerType: "touch", bubbles: true,
            clientX: box.left + x * box.width, clientY: box.top + y * box.height,
          }));
          canvas.setPointerCapture = () => {};
          canvas.hasPointerCapture = () => true;
          send("pointerdown", 0.2, 0.2);
          send("pointermove", 0.5, 0.2);
          send("pointerup", 0.5, 0.2);
        }"""
    )
    (one,) = strokes(page)
    assert one["points"][0] == pytest.approx([0.2, 0.2], abs=0.01)
    assert one["points"][-1] == pytest.approx([0.5, 0.2], abs=0.01)
