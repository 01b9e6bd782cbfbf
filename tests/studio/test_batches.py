"""Batches: a table is checked, priced, rendered row by row under its cap, steered, and told of."""

from datetime import timedelta

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from billing.models import available, compared, give
from consent.models import Consent
from rendering.fleet import queue
from rendering.models import Render
from rows import events
from studio.batches import plan, result, run
from studio.models import Avatar, Batch, BatchRow, Letter, Project, Workspace
from studio.people import letters
from studio.projects import templates
from studio.projects.templates import Variable
from studio.renders import mails as render_mails
from studio.renders.ordering import request_render
from tests.studio.batches import TABLE, check, finish, made, rows_of, turn, upload
from tests.studio.programs import assert_problem
from tests.studio.rows import make_project

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


@pytest.fixture(autouse=True)
def _unhurried(unhurried):
    """A turn of a worker ends when all is done, however busy the machine is."""


# -- the check -----------------------------------------------------------------------------------


def test_a_table_is_checked_before_anything_is_paid(client_of, alice, batch):
    assert (batch.state, batch.size) == ("ready", 4)
    assert result.counts(batch)["ready"] == result.counts(batch)["wrong"] == 2
    rows = {row.number: row for row in batch.rows.all()}
    assert rows[2].errors[0]["path"] == "variables.name"
    assert "name is missing" in rows[2].errors[0]["message"]
    assert rows[4].errors[0]["code"] == "duplicate_key"
    assert plan.price(batch) == rows[1].quoted + rows[3].quoted > 0
    assert not Render.objects.exists()
    assert available(alice.workspace) == 600
    page = client_of(alice).get(f"/batches/{batch.pk}/").content.decode()
    assert "name is missing" in page
    assert "Make 2 videos" in page


def test_every_check_of_a_render_is_made_of_each_row(team, template):
    """Words that are refused, a consent that is missing, a script that is too long: each names its row, and the others go on."""
    project = make_project(team, script="{{words}}")
    open_template = templates.save(
        project,
        name="Open",
        description="",
        variables=[
            Variable("words", required=True, max_length=2_000),
            Variable("avatar", "avatar", default="maya"),
        ],
        choices=["avatar"],
        by=None,
    )
    Avatar.objects.get(slug="daniel").consents.get().withdraw()
    cells = [
        {"words": "How to build a pipe bomb.", "avatar": ""},
        {"words": "Hello.", "avatar": "daniel"},
        {"words": "Hello.", "avatar": "nobody"},
        {"words": "Hello there.", "avatar": ""},
    ]
    rows = [plan.TableRow(n, cell) for n, cell in enumerate(cells, start=1)]
    batch = check(plan.create(open_template, team, ["words", "avatar"], rows))
    codes = [row.errors[0]["code"] if row.errors else row.state for row in batch.rows.all()]
    assert codes == ["script_refused", "consent_withdrawn", "variable_invalid", "ready"]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "Choose the CSV file first"),
        (b"place\nRome\n", "no column name, which the template needs"),
        (b"name\n", "The table has no rows"),
        (b'name\n"Ada\n', "never closed"),
        (b"name\n" + b"Ada\n" * 1_001, "more than 1,000 rows"),
        (b"name\n" + b"x" * 5_000_001, "at most 5 MB"),
    ],
)
def test_a_file_that_is_no_table_is_told_at_once_and_leaves_nothing(
    client_of, alice, template, data, says
):
    answer = upload(client_of(alice), template, data)
    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert not Batch.objects.exists()
    assert not BatchRow.objects.exists()


def test_a_plan_without_batches_says_so(client_of, alice, template):
    Workspace.objects.update(plan="free")
    client = client_of(alice)
    assert "plan has no batches" in client.get(f"/templates/{template.pk}/batch").content.decode()
    assert upload(client, template).status_code == 422


def test_the_empty_table_of_a_template_is_one_that_can_be_sent(client_of, alice, template):
    client = client_of(alice)
    data = b"".join(client.get(f"/templates/{template.pk}/columns.csv").streaming_content)
    assert data.decode("utf-8-sig").splitlines() == ["key,name,place", "1,,Oslo"]
    assert upload(client, template, data).status_code == 302


# -- at work -------------------------------------------------------------------------------------


def test_good_rows_become_renders_with_their_keys(client_of, alice, batch):
    client_of(alice).post(f"/batches/{batch.pk}/start", {"cap": "10"})
    turn(batch)
    assert (batch.state, batch.max_cost) == ("running", 600)
    renders = Render.objects.order_by("created_at")
    assert [render.reference for render in renders] == ["r1", "r3"]
    assert [render.title for render in renders] == ["For Ada", "For Grace"]
    assert [render.requested_by for render in renders] == [alice, alice]
    assert renders[0].segments.get().text == "Hello Ada, and welcome to Rome."
    turn(batch)
    assert Render.objects.count() == 2
    for render in renders:
        finish(render, used=2)
    turn(batch)
    assert batch.state == "done"
    assert result.cost_of(batch)["net"] == 4
    assert available(alice.workspace) == 596


def test_the_projects_of_rows_are_found_in_the_batch_and_not_on_the_shelf(client_of, alice, batch):
    run.start(batch)
    turn(batch)
    client = client_of(alice)
    assert "For Ada" not in client.get("/projects/").content.decode()
    render = Render.objects.get(reference="r1")
    assert f"/renders/{render.pk}/" in client.get(f"/batches/{batch.pk}/?show=all").content.decode()
    assert client.get(f"/projects/{render.project_id}/").status_code == 200


def test_only_a_window_of_rows_waits_in_the_queue(monkeypatch, team, template):
    monkeypatch.setattr(run, "WINDOW", 3)
    rows = [plan.TableRow(n, {"name": f"N{n}"}) for n in range(1, 9)]
    batch = check(plan.create(template, team, ["name"], rows))
    run.start(batch)
    turn(batch)
    turn(batch)
    assert Render.objects.count() == 3
    Render.objects.order_by("created_at").first().start()
    turn(batch)
    assert Render.objects.count() == 4
    assert Render.objects.filter(status="queued").count() == 3


def test_one_render_of_another_workspace_waits_for_no_batch(team, template, charlie):
    """However many rows wait, another workspace has its turn after one of them."""
    Workspace.objects.filter(pk=charlie.workspace.pk).update(plan="team")
    charlie.workspace.refresh_from_db()
    rows = [plan.TableRow(n, {"name": f"N{n}"}) for n in range(1, 31)]
    batch = check(plan.create(template, team, ["name"], rows))
    run.start(batch)
    turn(batch)
    assert Render.objects.filter(status="queued").count() == run.WINDOW
    other = request_render(make_project(charlie.workspace))
    claimed = [queue.claim("a worker").render_id for _ in range(2)]
    assert other.pk in claimed


def test_the_home_page_shows_the_batch_and_not_its_renders(client_of, alice, batch):
    run.start(batch)
    turn(batch)
    page = client_of(alice).get("/").content.decode()
    assert f"/batches/{batch.pk}/" in page
    assert "For Ada" not in page


def test_a_batch_leaves_room_for_a_single_render(team, template, settings):
    Workspace.objects.filter(pk=team.pk).update(plan="creator")
    batch = Batch(workspace=Workspace.objects.get(pk=team.pk))
    assert run.window_of(batch) == 25
    batch.workspace.plan = "free"
    assert run.window_of(batch) == 2


def test_no_row_passes_the_cap(alice, team, template):
    rows = [plan.TableRow(n, {"name": f"N{n}"}) for n in range(1, 7)]
    batch = check(plan.create(template, team, ["name"], rows, by=alice))
    each = batch.rows.first().quoted
    run.start(batch, max_cost=each * 3 + 1)
    turn(batch)
    assert Render.objects.count() == 3
    assert batch.state == "running"  # what comes back may make room
    for render in Render.objects.all():
        finish(render)
    turn(batch)
    assert (batch.state, batch.paused_for) == ("paused", "cap")
    assert result.cost_of(batch)["net"] == each * 3 <= batch.max_cost
    with pytest.raises(run.BadInput, match="raise the cap"):
        run.resume(batch)
    run.resume(batch, each * 20)
    turn(batch)
    assert Render.objects.count() == 6


def test_what_comes_back_makes_room_under_the_cap(team, template):
    rows = [plan.TableRow(n, {"name": f"N{n}"}) for n in range(1, 4)]
    batch = check(plan.create(template, team, ["name"], rows))
    each = batch.rows.first().quoted
    run.start(batch, max_cost=each * 2)
    turn(batch)
    first = Render.objects.order_by("created_at").first()
    finish(first, used=0)
    turn(batch)
    assert Render.objects.count() == 3


def test_credits_that_are_used_up_pause_the_batch(alice, team, template):
    rows = [plan.TableRow(n, {"name": f"N{n}"}) for n in range(1, 4)]
    batch = check(plan.create(template, team, ["name"], rows))
    spender = Render.objects.create(
        workspace=team, project=make_project(team), title="x", quoted=599
    )
    from billing.models import charge

    charge(spender, 599)
    run.start(batch)
    turn(batch)
    assert (batch.state, batch.paused_for) == ("paused", "credits")
    assert result.counts(batch)["ready"] == 3
    give(team, 6_000, kind="top_up", source="test")
    run.resume(batch)
    turn(batch)
    assert result.counts(batch)["queued"] == 3


def test_pause_and_go_on(client_of, alice, batch, monkeypatch):
    monkeypatch.setattr(run, "WINDOW", 1)
    client = client_of(alice)
    client.post(f"/batches/{batch.pk}/start")
    turn(batch)
    client.post(f"/batches/{batch.pk}/pause")
    turn(batch)
    Render.objects.get().start()
    turn(batch)
    assert Render.objects.count() == 1
    assert "Somebody paused it" in client.get(f"/batches/{batch.pk}/").content.decode()
    client.post(f"/batches/{batch.pk}/resume")
    turn(batch)
    assert Render.objects.count() == 2
    wrong = client.post(f"/batches/{batch.pk}/resume")
    assert wrong.status_code == 409
    assert "running, so that is not possible" in wrong.content.decode()


def test_the_rest_is_canceled_and_its_credits_come_back(
    client_of, alice, team, template, monkeypatch
):
    monkeypatch.setattr(run, "WINDOW", 2)
    rows = [plan.TableRow(n, {"name": f"N{n}"}) for n in range(1, 6)]
    batch = check(plan.create(template, team, ["name"], rows))
    run.start(batch)
    turn(batch)
    Render.objects.order_by("created_at").first().start()
    client_of(alice).post(f"/batches/{batch.pk}/cancel")
    batch.refresh_from_db()
    found = result.counts(batch)
    assert batch.state == "canceled"
    assert (found["running"], found["canceled"], found["left"]) == (1, 1, 3)
    finish(Render.objects.get(status="running"), used=1)
    assert result.cost_of(batch)["net"] == 1
    turn(batch)
    assert Render.objects.count() == 2


def test_only_what_failed_by_our_fault_is_tried_again(client_of, alice, batch):
    run.start(batch)
    turn(batch)
    first, second = Render.objects.order_by("created_at")
    finish(first, ours=True)
    finish(second, ours=False)
    turn(batch)
    assert batch.state == "done"
    page = client_of(alice).get(f"/batches/{batch.pk}/?show=failed").content.decode()
    assert "Try 1 failed row again" in page
    client_of(alice).post(f"/batches/{batch.pk}/retry")
    turn(batch)
    assert batch.state == "running"
    again = Render.objects.exclude(pk__in=(first.pk, second.pk)).get()
    assert (again.reference, again.project) == ("r1", first.project)
    finish(again, used=3)
    turn(batch)
    assert batch.state == "done"
    assert result.cost_of(batch)["net"] == 3
    with pytest.raises(run.BadInput):
        run.retry_failed(batch)


def test_a_batch_can_stop_at_its_first_failure(team, template, monkeypatch):
    monkeypatch.setattr(run, "WINDOW", 1)
    rows = [plan.TableRow(n, {"name": f"N{n}"}) for n in range(1, 4)]
    batch = check(plan.create(template, team, ["name"], rows, stop_on_error=True))
    run.start(batch)
    turn(batch)
    finish(Render.objects.get(), ours=True)
    turn(batch)
    assert (batch.state, batch.paused_for) == ("paused", "error")
    assert Render.objects.count() == 1


def test_a_consent_that_is_withdrawn_meanwhile_ends_its_rows_and_no_others(team, template):
    rows = [plan.TableRow(1, {"name": "N1"})]
    batch = check(plan.create(template, team, ["name"], rows))
    for consent in Consent.objects.filter(avatar=Project.objects.first().live_scenes.get().avatar):
        consent.withdraw()
    run.start(batch)
    turn(batch)
    row = batch.rows.get()
    assert (row.state, row.errors[0]["code"]) == ("wrong", "consent_withdrawn")
    assert batch.state == "done"


def test_a_row_that_breaks_us_is_told_and_can_be_tried_again(team, template, monkeypatch):
    rows = [plan.TableRow(n, {"name": f"N{n}"}) for n in (1, 2)]
    batch = check(plan.create(template, team, ["name"], rows))
    run.start(batch)
    real = plan.video_of

    def broken(batch, row):
        if row.number == 1:
            raise RuntimeError("a bug")
        return real(batch, row)

    with monkeypatch.context() as patch:
        patch.setattr(plan, "video_of", broken)
        turn(batch)
    assert batch.rows.first().errors[0]["code"] == "internal_error"
    assert Render.objects.get().reference == "2"
    assert run.retry_failed(batch) == 1
    turn(batch)
    assert Render.objects.count() == 2


def test_a_long_check_is_done_in_turns(team, template, monkeypatch):
    monkeypatch.setattr(run, "TURN_SECONDS", 0.0)
    monkeypatch.setattr(run, "CHECKED_AT_ONCE", 2)
    rows = [plan.TableRow(n, {"name": f"N{n}"}) for n in range(1, 6)]
    batch = plan.create(template, team, ["name"], rows)
    waiting = []
    for _ in range(4):
        assert check(batch).claims == 0
        waiting.append(result.counts(batch)["waiting"])
    assert (waiting, batch.state) == ([3, 1, 0, 0], "ready")


# -- killed and doubled --------------------------------------------------------------------------


def test_an_earlier_turn_that_wakes_orders_nothing(team, template):
    rows = [plan.TableRow(n, {"name": f"N{n}"}) for n in (1, 2)]
    batch = check(plan.create(template, team, ["name"], rows))
    run.start(batch)
    old = Batch.objects.get(pk=batch.pk)
    Batch.objects.filter(pk=batch.pk).update(turns=1)
    with pytest.raises(run.Over):
        run._ask(old, batch.rows.first(), 600)
    assert not Render.objects.exists()
    assert not Project.objects.exclude(batch_row=None).exists()


def test_a_row_that_has_its_render_gets_no_second(team, template):
    rows = [plan.TableRow(1, {"name": "N1"})]
    batch = check(plan.create(template, team, ["name"], rows))
    run.start(batch)
    row = batch.rows.get()
    turn(batch)
    with pytest.raises(run.Over):
        run._ask(batch, row, 600)
    assert Render.objects.count() == 1
    assert available(team) == 600 - Render.objects.get().quoted


def test_a_worker_killed_three_times_pauses_the_batch_and_it_goes_on_after(team, template):
    rows = [plan.TableRow(1, {"name": "N1"})]
    batch = plan.create(template, team, ["name"], rows)
    Batch.objects.update(claims=3, claimed_at=timezone.now() - timedelta(hours=1))
    run.CHECKING.sweep()
    batch.refresh_from_db()
    assert (batch.state, batch.paused_for) == ("paused", "error")
    run.resume(batch)
    assert check(batch).state == "ready"


# -- what came of it -----------------------------------------------------------------------------


def test_results_run_no_formula(client_of, alice, template):
    upload(client_of(alice), template, b'key,name,note\n=1+1,Ada,"=HYPERLINK(""x"")"\n')
    batch = check(Batch.objects.get())
    found = rows_of(client_of(alice).get(f"/batches/{batch.pk}/result.csv"))
    assert (found[0]["key"], found[0]["note"]) == ("'=1+1", '\'=HYPERLINK("x")')


def test_one_mail_tells_of_a_batch_and_none_of_its_videos(alice, batch):
    letters.send_due()
    assert not mail.outbox  # whoever looks at the page is not told by mail, too
    Letter.objects.update(due_at=timezone.now())
    letters.send_due()
    assert mail.outbox[-1].subject == "Batch “Greeting” is checked"
    assert "2 rows can be rendered. 2 are wrong." in mail.outbox[-1].body
    run.start(batch)
    turn(batch)
    for render in Render.objects.all():
        finish(render, used=2)
    turn(batch)
    events.deliver()
    assert not render_mails.due().exists()
    letters.send_due()
    letters.send_due()
    assert mail.outbox[-1].subject == "Batch “Greeting” is done"
    assert "2 videos are done." in mail.outbox[-1].body
    assert "You paid 0.1 credits (4 s)." in mail.outbox[-1].body
    assert f"/batches/{batch.pk}/" in mail.outbox[-1].body
    assert len(mail.outbox) == 2


def test_what_is_over_when_the_mail_is_due_is_not_told(alice, batch):
    Letter.objects.update(due_at=timezone.now())
    run.start(batch)
    letters.send_due()
    assert not mail.outbox


def test_a_pause_is_told_with_its_reason_unless_somebody_pressed_it(alice, template):
    batch = made(template, 2, by=alice)
    run.start(batch, max_cost=1)
    run.pause(batch)
    letters.send_due()
    assert not mail.outbox
    run.resume(batch)
    turn(batch)
    letters.send_due()
    assert [one.subject for one in mail.outbox] == ["Batch “Greeting” is paused"]
    assert "The next row would go beyond the cap." in mail.outbox[0].body
    assert "2 rows wait." in mail.outbox[0].body


def test_a_batch_that_is_given_up_is_told_once(alice, template):
    batch = plan.create(
        template, template.workspace, ["name"], [plan.TableRow(1, {"name": "A"})], by=alice
    )
    Batch.objects.update(claims=3, claimed_at=timezone.now() - timedelta(hours=1))
    run.CHECKING.sweep()
    run.CHECKING.sweep()
    letters.send_due()
    assert [one.subject for one in mail.outbox] == ["Batch “Greeting” is paused"]
    kinds = events.Event.objects.filter(subject=batch.pk).values_list("kind", flat=True)
    assert list(kinds) == ["batch.paused"]


def test_mails_of_what_is_done_can_be_switched_off(alice, batch):
    type(alice).objects.update(mails_when_done=False)
    run.start(batch)
    turn(batch)
    for render in Render.objects.all():
        finish(render)
    turn(batch)
    letters.send_due()
    assert not [one for one in mail.outbox if "done" in one.subject]


def test_each_change_of_state_is_an_event(batch):
    run.start(batch)
    run.pause(batch)
    run.resume(batch)
    run.cancel(batch)
    kinds = (
        events.Event.objects.filter(subject=batch.pk).order_by("id").values_list("kind", flat=True)
    )
    assert list(kinds) == [
        "batch.ready",
        "batch.running",
        "batch.paused",
        "batch.running",
        "batch.canceled",
    ]


# -- programs ------------------------------------------------------------------------------------


def test_a_program_makes_a_batch_of_rows(program, template, team):
    body = {
        "template_id": template.pk,
        "rows": [
            {"key": "a", "variables": {"name": "Ada"}},
            {"key": "b", "variables": {"name": "Ada", "town": "Rome"}},
            {"variables": {"name": 12}},
        ],
        "reference": "spring",
    }
    made = program.post("/api/v1/batches", body)
    assert made.status_code == 202, made.json()
    one = made.json()
    assert (one["status"], one["rows"], one["counts"]["waiting"]) == ("checking", 3, 3)
    check(Batch.objects.get())
    one = program.get(made["Location"]).json()
    assert (one["status"], one["counts"]["ready"], one["counts"]["wrong"]) == ("ready", 1, 2)
    wrong = program.get(f"/api/v1/batches/{one['id']}/rows", {"status": "wrong"}).json()["data"]
    assert [(row["key"], row["errors"][0]["path"]) for row in wrong] == [
        ("b", "variables.town"),
        ("3", "variables.name"),
    ]
    started = program.post(f"/api/v1/batches/{one['id']}/start", {"max_cost": 500}).json()
    assert (started["status"], started["cost"]["max_cost"]) == ("running", 500)
    turn(Batch.objects.get())
    render = program.get("/api/v1/renders", {"batch_id": one["id"]}).json()["data"][0]
    assert (render["reference"], render["batch_id"]) == ("a", one["id"])
    finish(Render.objects.get(), used=2)
    turn(Batch.objects.get())
    one = program.get(made["Location"]).json()
    assert (one["status"], one["cost"]["net"], one["counts"]["done"]) == ("done", 2, 1)
    assert rows_of(program.get(one["result_url"]))[0]["status"] == "done"
    listed = program.get("/api/v1/batches").json()
    assert [row["id"] for row in listed["data"]] == [one["id"]]


def test_a_program_sends_a_table(program, template):
    file = SimpleUploadedFile("t.csv", TABLE, content_type="text/csv")
    sent = {"file": file, "template_id": template.pk, "dry_run": "false", "max_cost": "500"}
    headers = program._headers({"Idempotency-Key": "table-1"})
    made = program.client.post("/api/v1/batches/csv", sent, headers=headers)
    assert made.status_code == 202, made.json()
    file.seek(0)
    again = program.client.post("/api/v1/batches/csv", sent, headers=headers)
    assert again.json()["id"] == made.json()["id"]
    assert again["Idempotent-Replayed"] == "true"
    assert check(Batch.objects.get()).state == "running"
    turn(Batch.objects.get())
    assert Render.objects.count() == 2


@pytest.mark.parametrize(
    ("body", "status", "code", "path"),
    [
        ({"template_id": "nothing", "rows": [{"variables": {}}]}, 404, "not_found", None),
        ({"template_id": "x", "rows": []}, 422, "invalid_field", "rows"),
        ({"template_id": "x", "rows": [{"variables": {}}] * 1_001}, 422, "invalid_field", "rows"),
        (
            {"template_id": "x", "rows": [{"varables": {}}]},
            422,
            "missing_field",
            "rows[0].variables",
        ),
    ],
)
def test_a_batch_that_cannot_be_made_is_refused(program, body, status, code, path):
    found = assert_problem(program.post("/api/v1/batches", body), status, code)
    assert path is None or found["errors"][0]["path"] == path
    assert not Batch.objects.exists()


def test_steering_a_batch_that_is_elsewhere_is_refused(program, batch):
    at = f"/api/v1/batches/{batch.pk}"
    assert_problem(program.post(f"{at}/pause"), 409, "wrong_status")
    assert_problem(program.post(f"{at}/resume", {}), 409, "wrong_status")
    assert_problem(program.post(f"{at}/retry-failed"), 409, "wrong_status")
    assert program.post(f"{at}/cancel").json()["status"] == "canceled"
    assert_problem(program.post(f"{at}/start", {}), 409, "wrong_status")


def test_the_rest_of_the_ledger_adds_up(alice, batch):
    run.start(batch)
    turn(batch)
    for render in Render.objects.all():
        finish(render, used=1)
    turn(batch)
    assert all(row.wallet == row.ledger for row in compared())


def test_one_approval_covers_a_whole_batch(batch, team, alice, bob, client_of):
    Workspace.objects.filter(pk=team.pk).update(needs_approval=True)
    client_of(bob).post(f"/batches/{batch.pk}/start", {"cap": "10"})
    turn(Batch.objects.get())
    assert {render.held_for for render in result.renders_of(batch)} == {"approval"}
    wanted = Letter.objects.filter(kind="approval_wanted")
    assert [letter.subject for letter in wanted] == [batch.pk]  # one mail, however many rows
    letters.send_due()
    assert "waits for your approval" in mail.outbox[0].subject
    page = client_of(bob).get(f"/batches/{batch.pk}/").content.decode()
    assert "videos wait for approval" in page
    assert "Approve the whole batch" not in page
    assert client_of(bob).post(f"/batches/{batch.pk}/approve").status_code == 403
    client_of(alice).post(f"/batches/{batch.pk}/approve")
    assert {render.status for render in result.renders_of(batch)} == {"queued"}
