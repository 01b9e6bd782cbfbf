"""A delivered film is changed by a line, and a draft is approved by somebody without an account: both as people do it in a browser
against a whole studio, with real renders."""

import re
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest
from django.conf import settings

from studio.demo import EMAIL, PASSWORD, WELCOME
from tests.served import serving

pytestmark = [pytest.mark.browser, pytest.mark.long]

WIDTHS = pytest.mark.parametrize("width", [1440, 390])
PATIENCE = 180_000  # ms
MEMBER = "mia@example.org"
ADD_A_MEMBER = f"""
from allauth.account.models import EmailAddress
from studio.models import Membership, User
mia = User.objects.create_user({MEMBER!r}, {PASSWORD!r}, name="Mia")
EmailAddress.objects.create(user=mia, email=mia.email, verified=True, primary=True)
Membership.objects.create(
    workspace=User.objects.get(email={EMAIL!r}).memberships.get().workspace, user=mia
)
"""


def manage(folder, *command):
    """What manage.py prints on the studio's data."""
    return subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=settings.BASE_DIR,
        env={"DATA_DIR": str(folder), "PATH": "/usr/bin:/bin", "PYTHONWARNINGS": "ignore"},
        check=True,
        capture_output=True,
        text=True,
    ).stdout


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    """The address of a studio with its demo film and one more member, and its data folder."""
    folder = tmp_path_factory.mktemp("studio")
    with serving(folder) as start:
        _, address = start()
        manage(folder, "shell", "-c", ADD_A_MEMBER)
        yield address, folder


@pytest.fixture
def person(chromium, studio, width):
    """person(address) -> a page where they are signed in; nobody is for None. On a narrow page it is a phone."""
    contexts = []

    def make(address=None):
        phone = {"has_touch": True, "is_mobile": True} if width < 600 else {}
        size = {"width": width, "height": 844 if width < 600 else 900}
        context = chromium.new_context(base_url=studio[0], viewport=size, **phone)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        if address:
            page.goto("/accounts/login/")
            page.locator("#id_login").fill(address)
            page.locator("#id_password").fill(PASSWORD)
            page.keyboard.press("Enter")
            page.wait_for_url(studio[0] + "/")
        return page

    yield make
    for context in contexts:
        context.close()


@pytest.fixture(autouse=True)
def _timed(width, request, capsys):
    began = time.perf_counter()
    yield
    with capsys.disabled():
        print(f"\n{request.node.name}: {time.perf_counter() - began:.0f} s")


@contextmanager
def approval_demanded(owner):
    """The workspace's rule is on, and off again."""
    for on in (True, False):
        owner.goto("/accounts/settings/")
        owner.get_by_label("A render that spends credits waits").set_checked(on)
        owner.get_by_role("button", name="Save the rules").click()
        owner.wait_for_load_state()
        if on:
            yield


def open_project(page, title):
    page.goto("/projects/")
    page.get_by_role("link", name=title, exact=True).first.click()
    page.locator("[data-price]", has_text=re.compile("at most|free")).wait_for()


def new_project(page, title):
    page.goto("/projects/")
    page.get_by_role("button", name="New project").click()
    page.get_by_text("Nothing to render yet").wait_for()  # the editor is ready
    page.get_by_label("Name of the project").fill(title)


def saved(page):
    page.locator("#saved[data-state=saved]").wait_for(state="attached")


def rendered(page):
    """Presses Render and waits for the film; returns the address of the render."""
    page.locator("[data-render]").click()
    page.wait_for_url("**/renders/**")
    page.locator("render-player").wait_for()
    return page.url


def left(page):
    """Credit-seconds of the workspace."""
    page.goto("/credits/")
    return int(re.search(r"\((\d+) s\)", page.locator(".credits-left").inner_text())[1])


@WIDTHS
def test_a_line_is_changed_and_only_that_is_rendered_and_charged(
    person, studio, width, assert_accessible
):
    page = person(EMAIL)
    before = left(page)
    open_project(page, WELCOME)
    assert page.locator("[data-render]").inner_text() == "Render again"
    script = page.get_by_role("textbox", name="Script of scene 2")
    old = script.input_value()
    script.press("Control+End")
    page.keyboard.type(f" Nobody of {width} is left out.")
    saved(page)

    # The line says that it changed, the price stands beside the button, and one hears what will be rendered.
    page.get_by_text("1 of 3 lines changed").wait_for()
    scene = page.locator("[data-scene]").nth(1)
    scene.locator(".line-state", has_text="changed").wait_for()
    price = page.locator("[data-price]").inner_text()
    quoted = int(re.fullmatch(r"at most [\d.]+ credits \((\d+) s\)", price)[1])
    listen = scene.get_by_role("button", name="Listen to line 1")
    listen.click()
    scene.locator("[data-sound=playing]").wait_for()
    listen.click()
    assert_accessible(page)

    # Only that line is made.
    render = page.locator("[data-render]")
    assert render.inner_text() == "Render 1 line"
    render.click()
    page.wait_for_url("**/renders/**")
    page.get_by_text("Reused, free").nth(1).wait_for()
    assert page.get_by_text("Reused, free").count() == 2
    assert_accessible(page)
    page.locator("render-player").wait_for()
    page.get_by_text("2 of 3 lines reused, free").wait_for()
    assert_accessible(page)
    truth = page.locator(".truth").inner_text()
    paid = int(re.search(r"paid [\d.]+(?: credits)? \((\d+) s\)", truth)[1])
    lines = [
        int(n) for n in re.findall(r"(\d+) s charged", page.locator(".render-lines").inner_text())
    ]
    assert len(lines) == 1
    assert sum(lines) == paid <= quoted
    made = page.url

    # Old and new stand side by side, and the old one comes back.
    page.get_by_role("link", name="Compare with the version before").click()
    page.get_by_text("1 line differs").wait_for()
    assert page.locator("video").count() == 2
    assert page.locator("ins").inner_text() == f"Nobody of {width} is left out."
    assert_accessible(page)
    page.locator(".versions-films").get_by_role("button", name="Restore version").click()
    page.get_by_text("are back").wait_for()
    assert script.input_value() == old
    page.get_by_text("free, nothing has changed").wait_for()
    assert_accessible(page)
    assert rendered(page) != made
    assert "It cost nothing" in page.locator(".truth").inner_text()
    assert_accessible(page)

    # Typed by hand the old words are the old line, too; undone, they cost nothing.
    page.get_by_role("link", name="Edit and render again").click()
    script.press("Control+End")
    page.keyboard.type(" Now.")
    page.get_by_text("1 of 3 lines changed").wait_for()
    page.locator("[data-undo]").click()
    page.get_by_text("free, nothing has changed").wait_for()
    assert script.input_value() == old
    rendered(page)
    assert "It cost nothing" in page.locator(".truth").inner_text()

    # The ledger adds up.
    assert left(page) == before - paid
    assert_accessible(page)
    assert '"differences": []' in manage(studio[1], "ledger", "check", "--json")


@WIDTHS
def test_a_draft_is_approved_by_somebody_without_an_account_and_an_edit_ends_that(
    person, studio, width, assert_accessible, expect_soon
):
    mia, title = person(MEMBER), f"Approved at {width}"
    new_project(mia, title)
    script = mia.get_by_role("textbox", name="Script of scene 1")
    script.fill(f"A word from us, {width} of them.\n\nThat was all.")
    saved(mia)
    mia.locator("[data-price]", has_text="at most").wait_for()
    if width < 600:
        mia.get_by_label("More for this project").click()
        mia.get_by_role("button", name="Render a draft, free").click()
    else:
        mia.get_by_role("button", name="Draft").click()
    mia.locator("render-player").wait_for()
    assert_accessible(mia)

    # A draft is enough to ask; nobody needs an account.
    mia.get_by_role("link", name="Review", exact=True).click()
    assert_accessible(mia)
    mia.get_by_label("E-mail addresses").fill("kim@example.org")
    mia.get_by_role("button", name="Ask for the review").click()
    mia.get_by_text("A mail with the link is on its way.").wait_for()
    address = mia.get_by_label("Address for kim@example.org").input_value()
    assert_accessible(mia)

    # The reviewer comments at a second.
    kim = person()
    kim.goto(address)
    expect_soon(kim, "document.querySelector('video').readyState >= 1")
    assert_accessible(kim)
    now = "document.querySelector('video').currentTime"
    if width < 600:
        kim.evaluate(f"{now} = 1.5")
        kim.get_by_label("Your comment").tap()
    else:
        kim.keyboard.press("ArrowRight")
        expect_soon(kim, f"{now} > 1")
        kim.keyboard.press("ArrowLeft")
        expect_soon(kim, f"{now} === 0")
        kim.keyboard.press("Space")
        expect_soon(kim, f"{now} > 0.3")
        kim.keyboard.press("Space")
        expect_soon(kim, "document.querySelector('video').paused")
        kim.keyboard.press("c")
    kim.keyboard.type("Slower here.")
    kim.get_by_label("Your name").fill("Kim")
    kim.get_by_label("Your e-mail address").fill("kim@example.org")
    kim.get_by_role("button", name="Comment", exact=True).click()
    kim.get_by_text("Your comment is there.").wait_for()
    assert_accessible(kim)

    # The member sees it beside its line, answers and resolves it.
    mia.reload()
    thread = mia.locator(".thread", has_text="Slower here.")
    assert "A word from us" in thread.locator("q").inner_text()
    thread.locator("summary", has_text="Reply").click()
    thread.get_by_label("Your reply").fill("Done in the next one.")
    thread.get_by_role("button", name="Send the reply").click()
    mia.get_by_text("Done in the next one.").wait_for()
    thread.get_by_role("button", name="Resolve").click()
    thread.get_by_text("Resolved").wait_for()
    assert_accessible(mia)

    # The approval is of this version; an edit withdraws it, and both sides read so.
    kim.goto(address)
    kim.get_by_text("Done in the next one.").wait_for()
    kim.get_by_role("button", name="Approve version 1").click()
    kim.get_by_text("You approved version 1").wait_for()
    assert_accessible(kim)
    mia.reload()
    mia.get_by_text("Kim approved version 1.").wait_for()
    assert_accessible(mia)
    open_project(mia, title)
    script.press("Control+End")
    mia.keyboard.type(" Really.")
    saved(mia)
    mia.locator("[data-price]", has_text="at most").wait_for()
    reviews = mia.url + "reviews/"
    for page, where in ((mia, reviews), (kim, address)):
        page.goto(where)
        page.get_by_text("so the approval no longer holds").wait_for()
        assert_accessible(page)

    # Where approval is demanded the render waits, at its price, until an owner releases it.
    owner = person(EMAIL)
    with approval_demanded(owner):
        open_project(mia, title)
        mia.locator("[data-render]").click()
        mia.get_by_text("Waits for approval").wait_for()
        mia.get_by_text("It can be released by Demo").wait_for()
        assert_accessible(mia)
        mia.get_by_role("button", name="Remind them").click()
        mia.get_by_text("They are reminded by mail.").wait_for()
        assert mia.get_by_role("button", name="Approve").count() == 0
        owner.goto(mia.url)
        assert_accessible(owner)
        owner.get_by_role("button", name="Approve and render, at most").click()
        owner.locator("render-player").wait_for()
        assert "You paid" in owner.locator(".truth").inner_text()
    mia.locator("render-player").wait_for()  # by itself

    # A closed link says whom to ask, and shows nothing else.
    mia.goto(reviews)
    mia.get_by_role("button", name="Switch off").click()
    mia.get_by_text("Off", exact=True).wait_for()
    assert kim.goto(address).status == 410
    assert kim.get_by_role("heading").all_inner_texts() == ["This link was switched off"]
    assert kim.get_by_text("Ask Mia, who made it").is_visible()
    assert kim.locator("video, form, img").count() == 0
    assert title not in kim.content()
    assert_accessible(kim)


@WIDTHS
def test_one_approval_covers_a_batch(person, studio, width, tmp_path, assert_accessible):
    mia, owner = person(MEMBER), person(EMAIL)
    title = f"Hello {{{{name}}}} at {width}"
    new_project(mia, title)
    mia.get_by_role("textbox", name="Script of scene 1").fill("Hello {{name}}.")
    saved(mia)
    mia.get_by_label("More for this project").click()
    mia.get_by_role("link", name="Save as template").click()
    assert_accessible(mia)
    mia.get_by_role("button", name="Save the template").click()
    mia.get_by_role("link", name="Make many").click()
    table = tmp_path / "people.csv"
    table.write_text(f"name\nAda {width}\nAlan {width}\n")
    mia.get_by_label("CSV file").set_input_files(table)
    mia.get_by_role("button", name="Check the table").click()
    with approval_demanded(owner):
        mia.get_by_role("button", name="Make 2 videos").click()
        mia.get_by_text("2 videos wait for approval.").wait_for()
        assert_accessible(mia)
        assert mia.get_by_role("button", name="Approve the whole batch").count() == 0
        owner.goto(mia.url)
        owner.get_by_text("2 videos wait for approval.").wait_for()
        assert_accessible(owner)
        owner.get_by_role("button", name="Approve the whole batch").click()
        owner.get_by_text("2 videos wait for approval.").wait_for(state="detached")
        owner.locator(".batch-head .chip", has_text="Done").wait_for()
        assert_accessible(owner)
