"""From sign-up to a shared film, as a person does it in a browser against a whole studio, with the time of each step."""

import re
import time
from contextlib import contextmanager

import pytest

from tests.served import serving

pytestmark = [pytest.mark.browser, pytest.mark.long]

WHOLE = 300  # seconds
TYPING = 100  # ms a key: twice as fast as people type
READING = 2000  # ms that a person looks at the price
PASSWORD = "correct horse battery"


class Steps:
    """What each step took, printed when the film is there."""

    def __init__(self):
        self.taken = {}

    @contextmanager
    def __call__(self, name):
        began = time.perf_counter()
        yield
        self.taken[name] = time.perf_counter() - began

    @property
    def whole(self):
        return sum(self.taken.values())

    def table(self):
        rows = [*self.taken.items(), ("In all", self.whole)]
        return "\n".join(f"  {name:<28}{seconds:6.1f} s" for name, seconds in rows)


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    """The address of a studio that nobody has used yet, and its data folder."""
    folder = tmp_path_factory.mktemp("studio")
    with serving(folder) as start:
        _, address = start()
        yield address, folder


@pytest.fixture
def page(chromium, studio, width):
    high = 844 if width < 600 else 900
    context = chromium.new_context(base_url=studio[0], viewport={"width": width, "height": high})
    page = context.new_page()
    page.set_default_timeout(WHOLE * 1000)
    yield page
    context.close()


def code_of(folder, address):
    """The six digits that were mailed to that address."""
    mails = [path.read_text() for path in (folder / "outbox").glob("*.log")]
    (mail,) = [mail for mail in mails if f"To: {address}" in mail]
    return re.search(r"Welcome. (\d{6}) is your code", mail)[1]


def hear(page, button):
    button.click()
    page.locator("[data-sound=playing]").first.wait_for()
    button.click()


@pytest.mark.parametrize("width", [1440, 390])
def test_a_first_film_is_shared_within_five_minutes_of_the_sign_up(page, studio, width, capsys):
    step, address = Steps(), f"new-{width}@example.com"
    with step("Sign up"):
        page.goto("/accounts/signup/")
        page.locator("#id_email").press_sequentially(address, delay=TYPING)
        page.locator("#id_password1").press_sequentially(PASSWORD, delay=TYPING)
        page.keyboard.press("Enter")
        page.get_by_text("We have mailed six digits").wait_for()
        code = code_of(studio[1], address)
        page.locator("#id_code").press_sequentially(code, delay=TYPING)
        page.keyboard.press("Enter")
        example = page.get_by_role("button", name="Open an example to change")
        example.wait_for()
    with step("Choose a start"):
        example.click()
        page.locator("[data-render]:not(:disabled)").wait_for()
    with step("Change the script"):
        script = page.get_by_role("textbox", name="Script of scene 1")
        script.press("Control+End")
        page.keyboard.type(" It was ready in time for lunch.", delay=TYPING)
        page.get_by_text("Saved", exact=True).wait_for(state="attached")
        hear(page, page.get_by_role("button", name="Listen to line 3"))
    with step("Choose avatar and voice"):
        if width < 600:
            page.get_by_role("button", name="Look and voice").click()
        page.locator("#inspector").get_by_role("link", name="Avatar").click()
        drawer = page.get_by_role("dialog")
        drawer.get_by_label("Gender").select_option("woman")
        drawer.locator("button.face-link[value=daniel]").wait_for(
            state="detached"
        )  # the list is drawn anew
        hear(page, drawer.get_by_role("button", name="Hear the first line").nth(1))
        drawer.locator("button.face-link").nth(1).click()
        page.locator("#inspector").get_by_role("link", name="Voice").click()
        hear(page, drawer.get_by_role("button", name="Hear your first line").nth(2))
        drawer.locator(".voice-choose").nth(2).click()
        drawer.wait_for(state="hidden")
        if width < 600:
            page.get_by_role("button", name="Close").click()
    with step("See the price, press Render"):
        page.get_by_text("Saved", exact=True).wait_for(state="attached")
        page.locator("[data-price]", has_text="at most").wait_for()
        page.get_by_text("ready in about").wait_for()
        page.wait_for_timeout(READING)  # of the other voice the price is a little different
        page.locator("[data-render]").click()
        page.wait_for_url("**/renders/**")
    with step("Wait, a first line to play"):
        page.locator("[id^=play-]").first.or_(page.locator("render-player")).first.wait_for()
    with step("Wait, the film"):
        page.locator("render-player").wait_for()
    with step("Watch"):
        page.locator("render-player video").evaluate("video => video.play()")
        page.get_by_role("link", name="Video").first.wait_for()
    with step("Share"):
        page.get_by_role("link", name="Share", exact=True).click()
        page.get_by_role("button", name="Make a link").click()
        shared = page.locator(".share-address").input_value()
        viewer = page.context.browser.new_context().new_page()
        viewer.goto(shared)
        viewer.locator("render-player").wait_for()
    viewer.context.close()
    with capsys.disabled():
        print(f"\n{width} px wide:\n{step.table()}")
    assert step.whole < WHOLE
