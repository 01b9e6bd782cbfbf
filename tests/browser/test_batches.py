"""A project becomes a template, and a table becomes videos, in a real browser (J6)."""

import csv

import pytest
from allauth.account.models import EmailAddress

from rendering.models import Render
from studio.batches import links, run
from studio.models import Batch, Project, Template, Workspace
from studio.projects.starters import ensure_templates
from tests.studio.rows import make_project

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TABLE = "key;First name;town\np1;Ada;London\np2;;Paris\np3;Grace;\np4;Alan;Bletchley\n"


@pytest.fixture
def project(alice, library):
    Workspace.objects.update(plan="team")
    alice.workspace.refresh_from_db()
    ensure_templates()
    return make_project(
        alice.workspace, title="Welcome {{First name}}", script="Hello {{First name}} in {{town}}."
    )


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)])
def test_a_table_becomes_videos_under_a_cap(
    page_of, assert_accessible, alice, project, tmp_path, monkeypatch, width, dark
):
    monkeypatch.setattr(run, "WINDOW", 2)
    monkeypatch.setattr(run, "TURN_SECONDS", 600.0)  # however busy the machine is
    EmailAddress.objects.create(user=alice, email=alice.email, verified=True, primary=True)
    page = page_of(alice, width=width, dark=dark)

    # The project becomes a template.
    page.goto(f"/projects/{project.pk}/")
    page.get_by_label("More for this project").click()
    page.get_by_role("link", name="Save as template").click()
    town = page.get_by_role("group", name="town")
    town.get_by_label("Needed").uncheck()
    town.get_by_label("If nothing is given").fill("our studio")
    assert_accessible(page)
    page.get_by_role("button", name="Save the template").click()
    page.get_by_role("heading", name="Welcome", level=1).wait_for()
    assert_accessible(page)
    template = Template.objects.get(workspace=alice.workspace)
    page.goto("/templates/")
    page.get_by_role("link", name="Product tour").wait_for()
    assert_accessible(page)

    # A file that is no table is told at once; a good one is checked.
    page.goto(f"/templates/{template.pk}/")
    page.get_by_role("link", name="Make many").click()
    table = tmp_path / "people.csv"
    table.write_text('First name\n"Ada\n')
    page.get_by_label("CSV file").set_input_files(table)
    page.get_by_role("button", name="Check the table").click()
    page.get_by_text("never closed").wait_for()
    assert_accessible(page)
    table.write_bytes(TABLE.encode("utf-16"))
    page.get_by_label("CSV file").set_input_files(table)
    page.get_by_role("button", name="Check the table").click()
    page.get_by_text("0 of 4 rows are checked").wait_for()
    assert_accessible(page)

    # What the check has found appears by itself, and nothing was charged.
    batch = Batch.objects.get()
    run.CHECKING.work(batch.pk)
    start = page.get_by_role("button", name="Make 3 videos")
    start.wait_for()
    page.get_by_text("first_name is missing").wait_for()
    assert_accessible(page)
    assert not Render.objects.exists()

    # One row is seen first, as a free draft that appears by itself; what was typed meanwhile stays.
    page.get_by_role("button", name="Make a free draft").click()
    page.get_by_text("Row 1 is being made.").wait_for()
    assert_accessible(page)
    page.get_by_label("Spend at most, in credits").fill("1")
    film = Render.objects.get()
    film.start()
    film.end("done", seconds=3.0)
    page.get_by_role("button", name="Make another draft").wait_for()
    assert page.get_by_label("Spend at most, in credits").input_value() == "1"
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert_accessible(page)

    # Under way: two rows wait in the queue, the third comes after them; it can be paused.
    start.click()
    page.get_by_text("of 1.0 credits").wait_for()
    run.RUNNING.work(batch.pk)
    page.get_by_role("link", name="p1").wait_for()
    assert_accessible(page)
    page.get_by_role("button", name="Pause").click()
    page.get_by_text("Somebody paused it").wait_for()
    assert_accessible(page)
    page.get_by_role("button", name="Go on").click()
    for n in range(2):
        for render in Render.objects.filter(status="queued").order_by("created_at"):
            render.start()
            if n:
                render.fail("internal_error", "Something went wrong on our side.", ours=True)
            else:
                render.end("done", used=render.quoted, seconds=3.0)
        run.RUNNING.work(batch.pk)
    run.RUNNING.work(batch.pk)
    page.get_by_role("button", name="Try 1 failed row again").wait_for()
    assert_accessible(page)

    # The result file knows each video by its row.
    with page.expect_download() as download:
        page.get_by_role("link", name="Result as CSV").click()
    with open(download.value.path(), encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["key"], row["status"]) for row in rows] == [
        ("p1", "done"), ("p2", "wrong"), ("p3", "done"), ("p4", "failed"),
    ]  # fmt: skip

    # Viewers get links, and the values of the table go when somebody says so.
    page.get_by_role("button", name="Make a link for each video").click()
    page.get_by_text("Each finished video gets a link").wait_for()
    links.make()
    page.goto(f"/batches/{batch.pk}/?show=rendered")
    page.get_by_role("link", name="Link p1").wait_for()
    page.get_by_role("link", name="Download p1").wait_for()
    assert_accessible(page)
    page.get_by_text("Delete the rows’ values now").click()
    assert_accessible(page)
    page.get_by_role("button", name="Delete the values").click()
    page.get_by_text("The values of the rows were deleted on").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert_accessible(page)
    page.goto("/batches/")
    page.get_by_text("2 of 4").wait_for()
    assert_accessible(page)


@pytest.mark.parametrize("width", [1440, 390])
def test_a_video_is_started_from_a_template(page_of, assert_accessible, alice, project, width):
    page = page_of(alice, width=width)
    page.goto("/templates/")
    page.get_by_role("link", name="A first day").click()
    page.get_by_role("button", name="Start from this").click()
    page.get_by_text("first_name is missing").wait_for()
    assert_accessible(page)
    page.get_by_label("First name").fill("Ada")
    page.get_by_role("button", name="Start from this").click()
    page.wait_for_url("**/projects/project_*/")
    made = Project.objects.get(title="Welcome, Ada")
    assert made.live_scenes.count() == 3


def test_nothing_yet_says_how_to_begin(page_of, assert_accessible, alice, library):
    page = page_of(alice)
    for address, words in (
        ("/batches/", "There is no batch yet"),
        ("/templates/", "Any project becomes a template"),
    ):
        page.goto(address)
        page.get_by_text(words).wait_for()
        assert_accessible(page)
