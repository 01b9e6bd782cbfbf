"""The values of rows name people: they are deleted some time after the end of a batch, or at once if somebody wishes."""

from datetime import timedelta

import pytest
from django.utils import timezone

from rendering.models import Render
from rows import events
from studio.batches import retention, run, sample
from studio.models import Batch, BatchRow, Project
from tests.studio.batches import finish, made, rows_of, turn
from tests.studio.programs import assert_problem

pytestmark = [pytest.mark.django_db, pytest.mark.postgres, pytest.mark.usefixtures("unhurried")]


@pytest.fixture
def ended(batch):
    run.start(batch)
    turn(batch)
    first, second = Render.objects.order_by("created_at")
    finish(first, used=3)
    finish(second, ours=True)
    return turn(batch)


def later(**days):
    """Days pass for all batches."""
    for name, count in days.items():
        Batch.objects.update(**{name: timezone.now() - timedelta(days=count)})


def test_values_are_deleted_ninety_days_after_the_end(ended):
    later(ended_at=89)
    retention.tidy()
    assert ended.rows.first().cells["Name"] == "Ada"
    later(ended_at=91)
    retention.tidy()
    assert {str(row.cells) for row in ended.rows.all()} == {"{}"}
    ended.refresh_from_db()
    assert ended.values_removed_at
    kinds = events.Event.objects.filter(subject=ended.pk).values_list("kind", flat=True)
    assert list(kinds)[-1] == "batch.values_removed"


def test_they_are_deleted_at_once_when_somebody_wishes(client_of, bob, ended):
    client = client_of(bob)
    assert "Delete the rows’ values now" in client.get(f"/batches/{ended.pk}/").content.decode()
    ended.rows.filter(number=2).update(
        errors=[{"code": "x", "path": "y", "message": "Ada is long."}]
    )
    page = client.post(f"/batches/{ended.pk}/remove-values", follow=True).content.decode()
    assert "The values of the rows are deleted." in page
    assert "The values of the rows were deleted on" in page
    assert "Ada is long" not in str(list(BatchRow.objects.values()))
    assert "Rome" not in str(list(BatchRow.objects.values()))


def test_keys_results_and_videos_stay(client_of, alice, ended):
    retention.remove_values(ended)
    client = client_of(alice)
    found = rows_of(client.get(f"/batches/{ended.pk}/result.csv"))
    assert list(found[0]) == [
        "key", "render_id", "status", "share_url", "download_url", "seconds", "credits",
        "error_code", "error_message",
    ]  # fmt: skip
    assert [row["key"] for row in found] == ["r1", "r2", "r3", "r1"]
    assert (found[0]["status"], found[0]["credits"]) == ("done", "0.0500")
    errors = rows_of(client.get(f"/batches/{ended.pk}/errors.csv"))
    assert [row["error_column"] for row in errors] == ["name", "key"]
    render = Render.objects.get(reference="r1")
    assert client.get(f"/renders/{render.pk}/").status_code == 200
    assert Project.objects.filter(batch_row__batch=ended, removed_at=None).count() == 2


def test_a_batch_without_its_values_is_not_tried_again(client_of, alice, ended):
    retention.remove_values(ended)
    refused = client_of(alice).post(f"/batches/{ended.pk}/retry")
    assert refused.status_code == 409
    assert "The values of its rows were removed" in refused.content.decode()
    page = client_of(alice).get(f"/batches/{ended.pk}/?show=failed").content.decode()
    assert "Try 1 failed row again" not in page


def test_a_batch_that_needs_its_values_keeps_them(client_of, alice, batch):
    for step in (lambda: None, lambda: run.start(batch), lambda: run.pause(batch)):
        step()
        refused = client_of(alice).post(f"/batches/{batch.pk}/remove-values")
        assert refused.status_code == 409
        assert "cancel it first" in refused.content.decode()
    assert batch.rows.first().cells["Name"] == "Ada"
    run.cancel(batch)
    assert client_of(alice).post(f"/batches/{batch.pk}/remove-values").status_code == 302
    assert batch.rows.first().cells == {}


def test_a_program_deletes_them_and_is_told_when_they_go(program, ended):
    at = f"/api/v1/batches/{ended.pk}"
    one = program.get(at).json()
    assert one["values_removed_at"] is None
    assert one["removes_at"][:10] == f"{ended.ended_at + timedelta(days=90):%Y-%m-%d}"
    one = program.post(f"{at}/remove-values").json()
    assert one["removes_at"] is None
    assert one["values_removed_at"]
    assert program.post(f"{at}/remove-values").status_code == 200
    assert_problem(program.post(f"{at}/retry-failed"), 409, "wrong_status")


@pytest.mark.parametrize("end", ["ready", "canceled"])
def test_a_batch_that_was_never_started_is_removed_as_a_whole(client_of, alice, batch, end):
    sample.ask(batch, 1, by=alice)
    if end == "canceled":
        run.cancel(batch)
    page = client_of(alice).get(f"/batches/{batch.pk}/").content.decode()
    assert "this batch is removed on" in page
    later(moved_at=29)
    retention.tidy()
    assert Batch.objects.exists()
    later(moved_at=31)
    retention.tidy()
    assert not Batch.objects.exists()
    assert not BatchRow.objects.exists()
    assert Project.objects.get(pk=Render.objects.get().project_id).removed_at
    assert "For Ada" not in client_of(alice).get("/projects/").content.decode()
    kinds = events.Event.objects.filter(subject=batch.pk).values_list("kind", flat=True)
    assert list(kinds)[-1] == "batch.removed"


def test_a_batch_that_is_paused_for_ninety_days_ends(template):
    batch = made(template, 2)
    run.start(batch)
    run.pause(batch)
    later(moved_at=91)
    retention.tidy()
    batch.refresh_from_db()
    assert batch.state == "canceled"
    assert batch.rows.first().cells == {"name": "N1"}
    later(ended_at=91)
    retention.tidy()
    assert batch.rows.first().cells == {}


def test_a_table_whose_storing_was_cut_off_goes_away(template):
    batch = made(template, 1)
    Batch.objects.update(state="reading")
    retention.tidy()
    assert Batch.objects.exists()
    Batch.objects.update(created_at=timezone.now() - timedelta(hours=2))
    retention.tidy()
    assert not BatchRow.objects.filter(batch=batch.pk).exists()
