"""Before the start: one row as a free draft, and when the whole would be done."""

import pytest
from django.core.cache import cache

from billing.models import available
from rendering.fleet import queue
from rendering.models import Render, Worker
from rows import events
from rows.limits import Limit
from studio.batches import forecast, result, run, sample
from studio.models import Batch, Project, Workspace
from studio.renders import mails
from tests.studio.batches import finish, made, turn
from tests.studio.programs import assert_problem

pytestmark = [pytest.mark.django_db, pytest.mark.postgres, pytest.mark.usefixtures("unhurried")]


# -- a draft of one row --------------------------------------------------------------------------


def test_a_row_is_seen_as_a_free_draft_before_the_start(client_of, alice, batch):
    client = client_of(alice)
    page = client.get(f"/batches/{batch.pk}/").content.decode()
    assert "Make a free draft" in page
    assert client.post(f"/batches/{batch.pk}/sample", {"row": ""}).status_code == 302
    render = Render.objects.get()
    assert (render.mode, render.height, render.title, render.quoted) == ("draft", 360, "For Ada", 0)
    assert "Row 1 is being made." in client.get(f"/batches/{batch.pk}/").content.decode()
    finish(render)
    page = client.get(f"/batches/{batch.pk}/").content.decode()
    assert f"/renders/{render.pk}/" in page
    assert "Make another draft" in page


def test_a_draft_is_neither_the_rows_video_nor_part_of_its_cost(client_of, alice, batch):
    before = available(alice.workspace)
    render = sample.ask(batch, 1, by=alice)
    finish(render)
    counts = result.counts(batch)
    assert (counts["ready"], counts["done"]) == (2, 0)
    batch.refresh_from_db()
    run.start(batch)
    turn(batch)
    made_of_rows = Render.objects.exclude(pk=render.pk)
    assert sorted(made_of_rows.values_list("reference", flat=True)) == ["r1", "r3"]
    assert not made_of_rows.filter(project=render.project).exists()
    quoted = sum(row.quoted for row in made_of_rows)
    assert result.cost_of(batch)["net"] == quoted == before - available(alice.workspace)
    for one in made_of_rows:
        finish(one)
    assert turn(batch).state == "done"


def test_another_row_can_be_chosen_and_a_bad_one_is_named(client_of, alice, batch):
    client = client_of(alice)
    client.post(f"/batches/{batch.pk}/sample", {"row": "3"})
    assert Render.objects.get().title == "For Grace"
    for row in ("2", "99"):
        refused = client.post(f"/batches/{batch.pk}/sample", {"row": row})
        assert refused.status_code == 422
        assert "no such row that can be rendered" in refused.content.decode()
    client.post(f"/batches/{batch.pk}/sample", {"row": "1"})
    batch.refresh_from_db()
    assert Render.objects.get(pk=batch.sample).title == "For Ada"


def test_the_same_row_again_is_the_same_draft_unless_it_has_failed(batch, alice):
    first = sample.ask(batch, 1, by=alice)
    batch.refresh_from_db()
    assert sample.ask(batch, 1, by=alice) == first
    finish(first, ours=True)
    assert sample.ask(batch, 1, by=alice) != first


def test_drafts_of_rows_are_found_in_their_batch_only(client_of, alice, batch):
    render = sample.ask(batch, 1, by=alice)
    client = client_of(alice)
    assert "For Ada" not in client.get("/projects/").content.decode()
    assert "For Ada" not in client.get("/").content.decode()
    finish(render)
    events.deliver()
    assert not mails.due().exists()  # it is waited for before the page
    assert Project.objects.get(sample_of=batch).batch_row is None


def test_a_draft_that_a_person_reads_first_says_so(client_of, alice, batch):
    sample.ask(batch, 1, by=alice)
    Render.objects.update(status="held", held_for="moderation")
    page = client_of(alice).get(f"/batches/{batch.pk}/").content.decode()
    assert "A person reads the words of row 1 first." in page


def test_drafts_of_rows_are_bounded(client_of, alice, batch, monkeypatch):
    one = Limit("drafts of rows", 1, store="rows")
    monkeypatch.setattr(sample, "SAMPLES", one)
    sample.ask(batch, 1, by=alice)
    batch.refresh_from_db()
    refused = client_of(alice).post(f"/batches/{batch.pk}/sample", {"row": "3"})
    assert refused.status_code == 429
    assert Render.objects.count() == 1


def test_there_is_no_draft_of_a_row_after_the_start(client_of, alice, batch):
    run.start(batch)
    refused = client_of(alice).post(f"/batches/{batch.pk}/sample")
    assert refused.status_code == 409
    assert not Render.objects.exists()
    assert "Make a free draft" not in client_of(alice).get(f"/batches/{batch.pk}/").content.decode()


def test_a_program_sees_a_row_first(program, batch):
    at = f"/api/v1/batches/{batch.pk}"
    assert program.get(at).json()["sample"] is None
    one = program.post(f"{at}/sample", {"row": 3}).json()
    render = Render.objects.get()
    assert one["sample"] == {"row": 3, "render_id": render.pk, "status": "queued"}
    assert program.get(f"/api/v1/renders/{render.pk}").json()["batch_id"] is None
    finish(render)
    assert program.get(at).json()["sample"]["status"] == "done"
    assert_problem(program.post(f"{at}/sample", {"row": 2}), 422, "invalid_field")
    program.post(f"{at}/start", {})
    assert_problem(program.post(f"{at}/sample", {}), 409, "wrong_status")


# -- when it would be done -----------------------------------------------------------------------


@pytest.fixture
def worker(db, monkeypatch):
    monkeypatch.setattr(queue, "ping", lambda: True)
    cache.clear()
    return Worker.objects.create(name="w", slots=2)


def end_of(batch):
    """The forecast as it is now, not the one that is remembered for some seconds."""
    cache.clear()
    batch.refresh_from_db()
    return forecast.end_of(batch)


def test_the_price_comes_with_the_time(client_of, alice, program, worker, batch):
    found = end_of(batch)
    assert 0 < found.likely < found.late
    page = client_of(alice).get(f"/batches/{batch.pk}/").content.decode()
    assert "Takes about" in page
    eta = program.get(f"/api/v1/batches/{batch.pk}").json()["eta"]
    assert eta == {"seconds": round(found.likely, 1), "high_seconds": round(found.late, 1)}
    run.start(batch)
    turn(batch)
    cache.clear()
    assert "Done in about" in client_of(alice).get(f"/batches/{batch.pk}/").content.decode()


def test_more_rows_take_longer_and_more_workers_less(worker, template):
    few, many = end_of(made(template, 4)), end_of(made(template, 40))
    assert many.likely > 5 * few.likely
    Worker.objects.update(slots=8)
    assert end_of(Batch.objects.order_by("created_at").last()).likely < many.likely / 2


def test_the_end_comes_nearer_as_rows_are_done(worker, template):
    batch = made(template, 6)
    before = end_of(batch)
    run.start(batch)
    turn(batch)
    asked = end_of(batch)
    assert asked.likely == pytest.approx(before.likely, rel=0.5)
    for render in Render.objects.order_by("created_at")[:5]:
        render.segments.update(status="done")
        finish(render)
    assert end_of(batch).likely < asked.likely / 2
    finish(Render.objects.get(status="queued"))
    assert turn(batch).state == "done"
    assert end_of(batch) is None


def test_nothing_is_said_where_nothing_can_be_known(client_of, alice, team, template, worker):
    batch = made(template, 2, by=alice)
    Workspace.objects.update(needs_approval=True)
    assert end_of(Batch.objects.get()) is None  # somebody decides first
    Workspace.objects.update(needs_approval=False)
    assert end_of(Batch.objects.get()) is not None
    Worker.objects.update(lanes=["free"])
    assert end_of(Batch.objects.get()) is None  # nobody is there for it
    Worker.objects.all().delete()
    assert end_of(Batch.objects.get()) is None
    page = client_of(alice).get(f"/batches/{batch.pk}/").content.decode()
    assert "Takes about" not in page


def test_a_cap_that_stops_it_has_no_end(worker, team, template):
    batch = made(template, 4)
    run.start(batch, max_cost=batch.rows.first().quoted * 2)
    turn(batch)
    assert end_of(batch) is None
    run.pause(batch)
    assert end_of(batch) is None


def test_drafts_beyond_those_of_a_day_have_no_end(worker, template):
    batch = made(template, 2, mode="draft")
    assert end_of(batch) is not None
    batch.rows.update(seconds=3_000)
    assert end_of(batch) is None


def test_a_window_takes_its_time_however_many_workers_there_are(worker, template):
    Worker.objects.update(slots=64)
    batch = made(template, 2)
    batch.rows.update(work=0.01)
    row = batch.rows.first()
    type(row).objects.bulk_create(
        type(row)(batch=batch, number=n, key=str(n), state="ready", work=0.01, quoted=0)
        for n in range(3, 1_001)
    )
    assert end_of(batch).likely > 60
