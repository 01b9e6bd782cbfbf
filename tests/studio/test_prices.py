"""Nobody pays more than was shown, and limits are said before any work."""

import threading

import pytest
from django.core.management import call_command
from django.db import connections
from django.test import Client
from django.urls import reverse

from billing import amounts
from billing.models import available
from rendering import cost
from rendering.models import Render, Segment
from studio.models import Project, Workspace
from tests.studio.programs import RENDERS, Program, problem
from tests.studio.rows import make_project

pytestmark = pytest.mark.django_db
JSON = {"HTTP_ACCEPT": "application/json"}


@pytest.fixture
def page(alice, client_of):
    return client_of(alice)


def press(page, project, **fields):
    return page.post(reverse("render_create", args=[project.pk]), fields, **JSON)


def shown(page, project):
    return page.get(reverse("project_estimate", args=[project.pk]), **JSON).json()


def rewrite(project, script):
    scene = project.live_scenes.get()
    scene.edit(scene.revision, script=script)


def ended(render, seconds=1.0):
    """As workers and the assembly leave it."""
    for row in render.segments.all():
        Segment.objects.filter(pk=row.pk).update(status="done", progress=1.0, seconds=seconds)
    render.start()
    render.refresh_from_db()
    cost.deliver(render, seconds=seconds)


@pytest.mark.parametrize(
    ("seconds", "asked", "had"), [(0, "0.0", "0.0"), (9, "0.2", "0.1"), (60, "1.0", "1.0"), (599, "10.0", "9.9"), (1, "0.1", "0.0")]
)  # fmt: skip
def test_prices_round_up_and_balances_down(seconds, asked, had):
    assert (amounts.price(seconds), amounts.left(seconds)) == (asked, had)


def test_a_second_tab_changes_no_price_that_was_seen(page, project, alice):
    """The first tab shows a price, the second lengthens the script, the first presses Render."""
    seen = shown(page, project)
    assert f"({seen['quoted']} s)" in seen["bar"]
    rewrite(project, "Hello, and welcome. " * 20)
    refused = press(page, project, quoted=seen["quoted"])
    told = refused.json()["problem"]
    assert (refused.status_code, told["code"]) == (409, "price_changed")
    assert amounts.priced(seen["quoted"]) in told["sentence"]
    assert amounts.priced(told["quoted"]) in told["sentence"]
    assert not Render.objects.exists()
    assert available(alice.workspace) == 600
    assert press(page, project, quoted=told["quoted"]).status_code == 201
    assert Render.objects.get().quoted == told["quoted"]


@pytest.mark.parametrize("sent", [{}, {"quoted": ""}, {"quoted": "a lot"}, {"quoted": "-5"}, {"quoted": "9" * 5000}, {"quoted": "٣"}])  # fmt: skip
def test_a_page_that_shows_no_price_renders_nothing(page, project, sent):
    refused = press(page, project, **sent)
    assert refused.status_code == 409
    assert "too old" in refused.json()["problem"]["sentence"]
    assert not Render.objects.exists()


def test_without_a_script_the_new_price_is_a_button(page, project):
    address = reverse("render_create", args=[project.pk])
    refused = page.post(address, {"mode": "final", "quoted": "0"})
    html = refused.content.decode()
    now = shown(page, project)["quoted"]
    assert refused.status_code == 409
    assert f'action="{address}"' in html
    assert f'name="quoted" value="{now}"' in html
    assert amounts.priced(now) in html
    answer = page.post(address, {"mode": "final", "quoted": now})
    assert answer.url == reverse("render_detail", args=[Render.objects.get().pk])


def test_the_editor_shows_what_it_sends(page, project):
    html = page.get(reverse("project_edit", args=[project.pk]) + "?estimate=1").content.decode()
    assert f'name="quoted" value="{shown(page, project)["quoted"]}"' in html


def test_a_draft_needs_no_price(page, project):
    assert press(page, project, mode="draft").status_code == 201


def test_trying_again_costs_what_the_page_said(page, project):
    press(page, project, quoted=600)
    render = Render.objects.get()
    render.cancel()
    html = page.get(reverse("render_detail", args=[render.pk])).content.decode()
    assert f'name="quoted" value="{render.quoted}"' in html
    rewrite(project, "Hello, and welcome. " * 20)
    again = reverse("render_retry", args=[render.pk])
    assert page.post(again, {"quoted": render.quoted}).status_code == 409
    assert page.post(again).status_code == 409
    assert Render.objects.count() == 1
    assert page.post(again, {"quoted": 600}).status_code == 302


def test_an_open_render_of_the_same_is_shown(page, project):
    first = press(page, project, quoted=600).json()
    assert press(page, project, quoted=600).json() == first
    draft = press(page, project, mode="draft").json()
    assert draft != first
    assert press(page, project, mode="draft").json() == draft
    rewrite(project, "Other words.")
    other = press(page, project, quoted=600).json()
    assert other != first
    for render in Render.objects.all():
        render.cancel()
    assert press(page, project, quoted=600).json() not in (first, other, draft)


def test_programs_go_by_their_key(alice, project):
    program = Program.of(alice.workspace)
    made = {program.render(project_id=project.pk).json()["id"] for _ in range(2)}
    assert len(made) == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres
def test_twelve_presses_at_once_make_one(alice, library):
    project = make_project(alice.workspace)
    together, urls = threading.Barrier(12), []

    def one():
        page = Client()
        page.force_login(alice)
        together.wait()
        urls.append(press(page, project, quoted=600).json()["url"])
        connections.close_all()

    threads = [threading.Thread(target=one) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(urls) == 12
    assert len(set(urls)) == Render.objects.count() == 1
    assert available(alice.workspace) == 600 - Render.objects.get().quoted


def test_what_was_paid_for_is_free_ever_after(page, project):
    press(page, project, quoted=600)
    ended(Render.objects.get())
    assert shown(page, project)["quoted"] == 0
    assert press(page, project, quoted=0).status_code == 201


@pytest.mark.parametrize(("plan", "most"), [("free", "3:00"), ("starter", "10:00"), ("business", "1:00:00")])  # fmt: skip
def test_a_film_has_a_length_that_the_plan_allows(page, project, plan, most):
    Workspace.objects.update(plan=plan)
    rewrite(project, "\n\n".join(["[pause 10s][pause 10s] a [pause 10s][pause 10s]"] * 95))
    told = shown(page, project)
    assert told["quoted"] is None
    assert f"a film may have {most} on the {plan.capitalize()} plan; shorten it by" in told["bar"]
    for mode in ("draft", "final"):
        refused = press(page, project, mode=mode, quoted=10**6)
        assert (refused.status_code, refused.json()["problem"]["code"]) == (403, "plan_limit")
    body = problem(Program.of(project.workspace).render(project_id=project.pk), 403, "plan_limit")
    assert body["errors"][0]["plan"] == plan
    assert not Render.objects.exists()


@pytest.mark.parametrize(
    "script", ["[pause 10s] a " * 1200, "<speak>" + 'a <break time="10s"/>' * 900 + "</speak>"]
)
def test_pauses_make_no_endless_film(alice, library, script):
    fields = {"format": "ssml"} if script.startswith("<") else {}
    refused = Program.of(alice.workspace).render(script=script, mode="draft", **fields)
    assert refused.status_code in (403, 422), refused.json()
    assert not Render.objects.exists()


def test_no_line_is_spoken_that_no_film_can_hold(page, project, monkeypatch):
    asked = []
    monkeypatch.setattr("rendering.tasks.publish", lambda *args, **options: asked.append(args))
    scene = project.live_scenes.get()
    rewrite(project, "Short.\n\n" + "[pause 10s] a " * 60)
    page.post(reverse("scene_speak", args=[scene.pk]))
    assert len(asked) == 1
    refused = page.post(reverse("line_sound", args=[scene.pk, 2]), **JSON)
    assert (refused.status_code, refused.json()["problem"]["code"]) == (403, "plan_limit")
    assert len(asked) == 1


def test_the_terminal_makes_an_hour_at_most(library, tmp_path, capsys):
    script = tmp_path / "long.md"
    script.write_text("\n\n".join("[pause 10s] a " * 20 for _ in range(20)))
    options = {"avatar": "maya", "voice": "preview", "out": str(tmp_path / "long.mp4")}
    with pytest.raises(SystemExit):
        call_command("render", str(script), **options)
    assert "at most 1:00:00 can be made. Shorten it by" in capsys.readouterr().err


def test_so_many_renders_wait(alice, library):
    """Drafts count; one that begins makes room."""
    program = Program.of(alice.workspace)
    made = [program.render(script=f"Number {n}.", mode="draft") for n in range(5)]
    assert {answer.status_code for answer in made} == {202}
    refused = program.render(script="One more.", mode="draft")
    body = problem(refused, 429, "too_many_renders")
    assert "5 renders wait already" in body["detail"]
    assert refused["Retry-After"]
    Render.objects.get(pk=made[0].json()["id"]).start()
    assert program.render(script="One more.").status_code == 202


def test_an_hour_of_drafts_is_made_within_a_day(alice, library):
    Workspace.objects.update(plan="business")
    program = Program.of(alice.workspace)
    first = program.render(script="Hello.", mode="draft").json()["id"]
    Segment.objects.filter(render=first).update(estimated_seconds=3599.5)
    body = problem(program.render(script="Hello again.", mode="draft"), 429, "fair_use_reached")
    assert "60 minutes of drafts" in body["detail"]
    assert program.render(script="Hello again.").status_code == 202
    Render.objects.get(pk=first).cancel()  # nobody began it
    assert program.render(script="Hello again.", mode="draft").status_code == 202


def test_lines_are_counted_before_anything_is_read(alice, library, monkeypatch):
    def read(spec):
        raise AssertionError("it was read")

    monkeypatch.setattr("rendering.pipeline.read_script", read)
    refused = Program.of(alice.workspace).post(RENDERS, {"script": "a\n\n" * 301}, key="k")
    problem(refused, 422, "script_too_long")
    assert not Project.objects.filter(workspace=alice.workspace).exists()


def test_an_edit_while_it_is_read_is_read_again(page, project, monkeypatch):
    """What is charged is what stands in the render."""
    from studio.renders import ordering

    plain, times = ordering.plan_render, []

    def slow(*args, **options):
        plan = plain(*args, **options)
        times.append(plan)
        if len(times) == 1:
            rewrite(project, "Somebody else wrote this meanwhile.")
        return plan

    monkeypatch.setattr(ordering, "plan_render", slow)
    assert press(page, project, quoted=600).status_code == 201
    render = Render.objects.get()
    project.refresh_from_db()
    assert len(times) == 2
    assert render.revision == project.revision
    assert render.segments.get().text == "Somebody else wrote this meanwhile."


def test_a_project_that_never_rests_is_a_conflict(page, project, monkeypatch):
    from studio.renders import ordering

    plain = ordering.plan_render

    def slow(*args, **options):
        plan = plain(*args, **options)
        rewrite(project, "Again and again.")
        return plan

    monkeypatch.setattr(ordering, "plan_render", slow)
    refused = press(page, project, quoted=600)
    assert (refused.status_code, refused.json()["problem"]["code"]) == (409, "revision_conflict")
    assert not Render.objects.exists()
