"""Nobody pays more than the page showed, and limits are checked before any work."""

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
from tests.studio.programs import RENDERS, Program, assert_problem
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


def finish(render, seconds=1.0):
    """Leaves the render as workers and the assembly do."""
    for row in render.segments.all():
        Segment.objects.filter(pk=row.pk).update(status="done", progress=1.0, seconds=seconds)
    render.start()
    render.refresh_from_db()
    cost.deliver(render, seconds=seconds)


@pytest.mark.parametrize(
    ("seconds", "price", "left"), [(0, "0.0", "0.0"), (9, "0.2", "0.1"), (60, "1.0", "1.0"), (599, "10.0", "9.9"), (1, "0.1", "0.0")]
)  # fmt: skip
def test_prices_round_up_and_balances_down(seconds, price, left):
    assert (amounts.price(seconds), amounts.left(seconds)) == (price, left)


def test_a_price_that_another_tab_changed_must_be_accepted_first(page, project, alice):
    """The first tab shows a price, the second lengthens the script, the first presses Render."""
    seen = shown(page, project)
    assert f"({seen['quoted']} s)" in seen["bar"]
    rewrite(project, "Hello, and welcome. " * 20)
    refused = press(page, project, quoted=seen["quoted"])
    problem = refused.json()["problem"]
    assert (refused.status_code, problem["code"]) == (409, "price_changed")
    assert amounts.priced(seen["quoted"]) in problem["sentence"]
    assert amounts.priced(problem["quoted"]) in problem["sentence"]
    assert not Render.objects.exists()
    assert available(alice.workspace) == 600
    assert press(page, project, quoted=problem["quoted"]).status_code == 201
    assert Render.objects.get().quoted == problem["quoted"]


@pytest.mark.parametrize("sent", [{}, {"quoted": ""}, {"quoted": "a lot"}, {"quoted": "-5"}, {"quoted": "9" * 5000}, {"quoted": "٣"}])  # fmt: skip
def test_a_page_that_shows_no_price_renders_nothing(page, project, sent):
    refused = press(page, project, **sent)
    assert refused.status_code == 409
    assert "too old" in refused.json()["problem"]["sentence"]
    assert not Render.objects.exists()


def test_without_javascript_the_new_price_is_a_button(page, project):
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


def test_the_editor_sends_the_price_that_it_shows(page, project):
    html = page.get(reverse("project_edit", args=[project.pk]) + "?estimate=1").content.decode()
    assert f'name="quoted" value="{shown(page, project)["quoted"]}"' in html


def test_a_draft_is_rendered_without_a_price(page, project):
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


def test_a_second_press_shows_the_open_render_of_the_same_words(page, project):
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


def test_two_requests_of_a_program_with_different_keys_make_two_renders(alice, project):
    program = Program.of(alice.workspace)
    made = {program.render(project_id=project.pk).json()["id"] for _ in range(2)}
    assert len(made) == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres
def test_twelve_presses_at_once_make_one_render(alice, library):
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


def test_words_that_were_paid_for_are_free_ever_after(page, project):
    press(page, project, quoted=600)
    finish(Render.objects.get())
    assert shown(page, project)["quoted"] == 0
    assert press(page, project, quoted=0).status_code == 201


@pytest.mark.parametrize(("plan", "most"), [("free", "3:00"), ("starter", "10:00"), ("business", "1:00:00")])  # fmt: skip
def test_a_film_longer_than_the_plan_allows_is_refused(page, project, plan, most):
    Workspace.objects.update(plan=plan)
    rewrite(project, "\n\n".join(["[pause 10s][pause 10s] a [pause 10s][pause 10s]"] * 95))
    estimate = shown(page, project)
    assert estimate["quoted"] is None
    assert (
        f"a film may have {most} on the {plan.capitalize()} plan; shorten it by" in estimate["bar"]
    )
    for mode in ("draft", "final"):
        refused = press(page, project, mode=mode, quoted=10**6)
        assert (refused.status_code, refused.json()["problem"]["code"]) == (403, "plan_limit")
    body = assert_problem(
        Program.of(project.workspace).render(project_id=project.pk), 403, "plan_limit"
    )
    assert body["errors"][0]["plan"] == plan
    assert not Render.objects.exists()


@pytest.mark.parametrize(
    "script", ["[pause 10s] a " * 1200, "<speak>" + 'a <break time="10s"/>' * 900 + "</speak>"]
)
def test_a_film_of_hours_of_pauses_is_refused(alice, library, script):
    fields = {"format": "ssml"} if script.startswith("<") else {}
    refused = Program.of(alice.workspace).render(script=script, mode="draft", **fields)
    assert refused.status_code in (403, 422), refused.json()
    assert not Render.objects.exists()


def test_a_line_longer_than_any_film_is_not_spoken(page, project, monkeypatch):
    published = []
    monkeypatch.setattr("rendering.tasks.publish", lambda *args, **options: published.append(args))
    scene = project.live_scenes.get()
    rewrite(project, "Short.\n\n" + "[pause 10s] a " * 60)
    page.post(reverse("scene_speak", args=[scene.pk]))
    assert len(published) == 1
    refused = page.post(reverse("line_sound", args=[scene.pk, 2]), **JSON)
    assert (refused.status_code, refused.json()["problem"]["code"]) == (403, "plan_limit")
    assert len(published) == 1


def test_the_terminal_makes_films_of_an_hour_at_most(library, tmp_path, capsys):
    script = tmp_path / "long.md"
    script.write_text("\n\n".join("[pause 10s] a " * 20 for _ in range(20)))
    options = {"avatar": "maya", "voice": "preview", "out": str(tmp_path / "long.mp4")}
    with pytest.raises(SystemExit):
        call_command("render", str(script), **options)
    assert "at most 1:00:00 can be made. Shorten it by" in capsys.readouterr().err


def test_renders_beyond_those_that_may_wait_are_refused(alice, library):
    """Drafts count; one that begins makes room."""
    program = Program.of(alice.workspace)
    made = [program.render(script=f"Number {n}.", mode="draft") for n in range(5)]
    assert {answer.status_code for answer in made} == {202}
    refused = program.render(script="One more.", mode="draft")
    body = assert_problem(refused, 429, "too_many_renders")
    assert "5 renders wait already" in body["detail"]
    assert refused["Retry-After"]
    Render.objects.get(pk=made[0].json()["id"]).start()
    assert program.render(script="One more.").status_code == 202


def test_at_most_an_hour_of_drafts_is_made_within_a_day(alice, library):
    Workspace.objects.update(plan="business")
    program = Program.of(alice.workspace)
    first = program.render(script="Hello.", mode="draft").json()["id"]
    Segment.objects.filter(render=first).update(estimated_seconds=3599.5)
    body = assert_problem(
        program.render(script="Hello again.", mode="draft"), 429, "fair_use_reached"
    )
    assert "60 minutes of drafts" in body["detail"]
    assert program.render(script="Hello again.").status_code == 202
    Render.objects.get(pk=first).cancel()  # nobody began it
    assert program.render(script="Hello again.", mode="draft").status_code == 202


def test_a_script_of_too_many_lines_is_refused_before_it_is_read(alice, library, monkeypatch):
    def read(spec):
        raise AssertionError("it was read")

    monkeypatch.setattr("rendering.pipeline.read_script", read)
    refused = Program.of(alice.workspace).post(RENDERS, {"script": "a\n\n" * 301}, key="k")
    assert_problem(refused, 422, "script_too_long")
    assert not Project.objects.filter(workspace=alice.workspace).exists()


def test_an_edit_while_a_project_is_planned_is_planned_and_charged(page, project, monkeypatch):
    """The words that are charged are those in the render."""
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


def test_a_project_that_changes_without_end_is_a_conflict(page, project, monkeypatch):
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
