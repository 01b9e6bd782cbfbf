"""The camera: a photo is taken with it, and the person in a photo agrees in front of it."""

import pytest

from rendering import faces, storage
from rendering.faces import photo
from studio.library import photos, unlocking
from studio.models import Avatar
from tests.faces import scenes
from tests.studio.rows import own_avatar

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def locked(alice, library, tmp_path):
    source = scenes.file(scenes.photo("clara"), tmp_path / "in.jpg")
    photo.prepare(source, tmp_path / "pack", lambda *_: None)
    return own_avatar(alice.workspace, pack=faces.write_pack(tmp_path / "pack", storage.store()))


def test_a_photo_taken_with_the_camera_becomes_a_locked_avatar(
    page_of, alice, library, assert_accessible, wait_for_camera
):
    page = page_of(alice)
    page.goto("/avatars/")
    page.get_by_role("link", name="Make one from a photo").click()
    page.get_by_role("button", name="camera").click()
    wait_for_camera(page, "photo")
    page.get_by_role("button", name="Take the picture").click()
    page.get_by_alt_text("The photo that was chosen").wait_for()
    assert_accessible(page)
    page.get_by_role("button", name="Make the avatar").click()
    page.get_by_text("Reading the photo").wait_for()
    avatar = Avatar.objects.get(workspace=alice.workspace)
    photos.MAKING.work(avatar.pk)
    page.get_by_role("button", name="Keep it").wait_for()  # the page looks again by itself
    assert_accessible(page)
    page.get_by_label("Name").fill("Robin")
    page.get_by_role("button", name="Keep it").click()
    page.get_by_text("Locked. Robin cannot be rendered").wait_for()
    avatar.refresh_from_db()
    assert (avatar.name, avatar.locked) == ("Robin", True)


SHOWS = {words: what for what, words in unlocking.WORDS.items()}


def do_what_is_asked(page, wait_for_camera):
    """Opens the camera and takes each picture, by keyboard, when the person does what the page asks."""
    page.get_by_role("button", name="camera").press("Enter")
    for number in range(1, 5):
        take = page.get_by_role("button", name=f"Take picture {number}")
        take.wait_for()
        words = page.locator(".camera-asked").inner_text().split("\n")[-1].strip()
        wait_for_camera(page, "again" if number == 4 else SHOWS[words])
        page.keyboard.press("Space")
        page.get_by_alt_text(f"Picture {number}: ").wait_for()
    page.get_by_text("All taken.").wait_for()


def test_an_avatar_is_unlocked_when_its_person_agrees_in_front_of_the_camera(
    page_of, alice, locked, assert_accessible, wait_for_camera
):
    page = page_of(alice, width=390, dark=True)
    page.goto(f"/avatars/{locked.pk}/")
    assert_accessible(page)
    page.get_by_label("Your full name").fill("Robin Maya Example")
    do_what_is_asked(page, wait_for_camera)
    assert_accessible(page)
    page.get_by_label("I agree with the statement.").check()
    page.get_by_role("button", name="Agree and unlock").click()
    page.get_by_text("Unlocked by its person.").wait_for()
    assert_accessible(page)
    assert not Avatar.objects.get(pk=locked.pk).locked


def test_without_a_camera_a_sentence_says_so(page_of, alice, locked, assert_accessible):
    page = page_of(alice)
    page.add_init_script(
        "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotFoundError'))"
    )
    page.goto(f"/avatars/{locked.pk}/")
    page.get_by_role("button", name="Open the camera").click()
    page.get_by_text("No camera is found; connect one and try again.").wait_for()
    assert Avatar.objects.get(pk=locked.pk).locked
    assert_accessible(page)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1440, 390])
def test_every_avatar_page_is_accessible(page_of, alice, locked, assert_accessible, width, dark):
    page = page_of(alice, width=width, dark=dark)
    for address in ("/avatars/", "/avatars/new", f"/avatars/{locked.pk}/"):
        page.goto(address)
        assert_accessible(page)


def test_an_avatar_is_deleted_and_brought_back_with_the_keyboard(page_of, alice, locked):
    page = page_of(alice)
    page.goto(f"/avatars/{locked.pk}/")
    page.locator("summary", has_text="Delete").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Delete Robin").press("Enter")
    page.get_by_role("button", name="Undo").press("Enter")
    page.get_by_role("heading", name="Robin").wait_for()
    assert Avatar.objects.get(pk=locked.pk).retired_at is None


def test_a_question_about_the_photo_is_answered_with_the_keyboard(
    page_of, alice, library, assert_accessible
):
    avatar = own_avatar(alice.workspace, state="made")
    avatar.findings = [
        {"code": "face_small", "sentence": "The face is 200 pixels wide: good for films of 720p."},
        {
            "code": "maybe_figure",
            "sentence": "Parts of the face are as crisp as in a drawing.",
            "asks": "living_person",
        },
    ]
    avatar.save()
    page = page_of(alice, width=390)
    page.goto(f"/avatars/{avatar.pk}/")
    assert_accessible(page)
    page.get_by_role("button", name="No, it is a drawing").press("Enter")
    page.get_by_text("Avatars are made of living people only").wait_for()
    assert_accessible(page)
    page.get_by_role("link", name="Answer again").press("Enter")
    page.get_by_role("button", name="Yes, this is a photo").press("Enter")
    page.get_by_role("button", name="Keep it").press("Enter")
    page.get_by_text("Locked. Robin cannot be rendered").wait_for()
