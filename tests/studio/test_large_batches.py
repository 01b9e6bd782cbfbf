"""Large batches: 5,000 rows take no more memory than 50, and 1,000 rows add up although their worker is killed on the way."""

import csv
import io
import signal
import tracemalloc
from datetime import timedelta

import pytest
from django.db.models import Sum
from django.utils import timezone

from billing.models import Transfer, compared, give
from rendering.models import Render
from studio.batches import plan, result, run, table
from studio.models import Batch, Workspace
from studio.projects import templates
from studio.projects.templates import Variable
from tests.rendering.fleet import Fleet
from tests.studio.rows import make_project

WORDS = (
    "We have written down what the two of us have agreed on, so that you can look it up at any time. "
    * 7
)


@pytest.fixture
def template(alice, library):
    Workspace.objects.filter(pk=alice.workspace.pk).update(plan="business")
    alice.workspace.refresh_from_db()
    project = make_project(
        alice.workspace, title="For {{name}}", script=f"Dear {{{{name}}}}. {WORDS}"
    )
    name = Variable("name", required=True, max_length=20)
    return templates.save(
        project, name="Letter", description="", variables=[name], choices=(), by=None
    )


def made(template, data):
    with table.opened(io.BytesIO(data)) as read:
        return plan.create(template, template.workspace, read.columns, read.rows)


def rows_of(batch):
    data = b"".join(result.result_file(batch)).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(data, newline="")))


# -- memory --------------------------------------------------------------------------------------


def peak_of(template, count):
    """Bytes at the worst moment of storing, checking, and writing the result of so many rows."""
    data = b"key,name,note\n" + b"".join(b"r%d,Ada,%s\n" % (n, b"n" * 300) for n in range(count))
    tracemalloc.start()
    try:
        held = tracemalloc.get_traced_memory()[0]
        batch = made(template, data)
        run.CHECKING.work(batch.pk)
        assert sum(1 for _ in result.result_file(batch)) == count + 2  # the mark and the header
        return tracemalloc.get_traced_memory()[1] - held
    finally:
        tracemalloc.stop()


@pytest.mark.long
@pytest.mark.django_db
def test_five_thousand_rows_take_no_more_memory_than_fifty(template, monkeypatch):
    ready = {"state": "ready", "seconds": 3.0, "quoted": 4}
    monkeypatch.setattr(plan, "check_row", lambda batch, row: ready)
    monkeypatch.setattr(run, "TURN_SECONDS", 600.0)
    peak_of(template, 50)  # what is loaded once
    few, many = peak_of(template, 50), peak_of(template, 5_000)
    assert Batch.objects.filter(state="ready", size=5_000).exists()
    # What waits for the garbage collector differs; all rows at once would be over 5 MB.
    assert many < few + 1_000_000, (few, many)


# -- killed on the way ---------------------------------------------------------------------------

WORKER = """
import django
django.setup()
from rendering.models import Render
from studio.batches import run
from studio.models import Batch

batch = Batch.objects.get()
while batch.state in ("checking", "running"):
    (run.CHECKING if batch.state == "checking" else run.RUNNING).work(batch.pk)
    for number, render in enumerate(Render.objects.filter(status="queued")):  # engines that take no time
        render.start()
        if number % 20 == 19:
            render.fail("internal_error", "It broke.", ours=True)
        else:
            render.end("done", used=render.quoted - number % 4, seconds=40.0)
    batch.refresh_from_db()
    if batch.state == "ready":
        run.start(batch, 600 * 60)
        batch.refresh_from_db()
"""


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_a_thousand_rows_add_up_although_their_worker_is_killed_twice(template, tmp_path):
    """37 rows are wrong and the cap is 600 credits: it is not passed, no row is made twice, and the result file equals the ledger."""
    give(template.workspace, 60 * 2_000, kind="top_up", source="test")
    bad = set(range(5, 1_000, 27))
    lines = [b"r%d,%s\n" % (n, b"" if n in bad else b"Person %d" % n) for n in range(1, 1_001)]
    batch = made(template, b"key,name\n" + b"".join(lines))
    fleet = Fleet(tmp_path)
    fleet.environment["DJANGO_SETTINGS_MODULE"] = "studio.settings"
    try:
        for failpoint in ("batch:checked@400", "batch:asked@130", "K2@90", ""):
            worker = fleet.start("-c", WORKER, failpoint=failpoint)
            worker.wait(timeout=900)
            assert worker.returncode == (-signal.SIGKILL if failpoint else 0)
            # As if the lease of the one that was killed had run out.
            Batch.objects.update(claimed_at=timezone.now() - timedelta(hours=1))
    finally:
        fleet.stop()
    batch.refresh_from_db()
    assert (batch.state, batch.paused_for) == ("paused", "cap")
    counts = result.counts(batch)
    assert counts["wrong"] == len(bad) == 37
    assert counts["done"] + counts["failed"] + counts["ready"] == 963
    assert counts["ready"] > 0

    rows = rows_of(batch)
    assert [row["key"] for row in rows] == [f"r{n}" for n in range(1, 1_001)]
    assert {row["key"] for row in rows if row["status"] == "wrong"} == {f"r{n}" for n in bad}
    rendered = [row for row in rows if row["render_id"]]
    assert len({row["render_id"] for row in rendered}) == len(rendered) == Render.objects.count()
    ledger = Transfer.objects.filter(workspace=batch.workspace)
    paid = {
        kind: ledger.filter(kind=kind).aggregate(n=Sum("amount"))["n"] or 0
        for kind in ("charge", "give_back")
    }
    credit_seconds = {row["key"]: round(60 * float(row["credits"])) for row in rows}
    spent = sum(credit_seconds.values())
    assert spent == paid["charge"] - paid["give_back"] == result.cost_of(batch)["net"]
    following = batch.rows.filter(state="ready").first()
    assert spent <= 36_000 < spent + following.quoted
    for row in rendered:
        render = Render.objects.get(pk=row["render_id"])
        assert (render.reference, render.cost["net"]) == (
            row["key"],
            credit_seconds[row["key"]],
        )
    assert all(row.wallet == row.ledger for row in compared())
