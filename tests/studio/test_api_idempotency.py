"""The same request twice makes one thing."""

import threading
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection, connections
from django.utils import timezone

from billing.models import available
from rendering.models import Render
from studio.models import IdempotencyKey, Project
from studio.renders import ordering
from tests.studio.programs import RENDERS, Program, assert_problem

BODY = {"script": "Hello there."}


@pytest.fixture
def program(alice, library):
    return Program.of(alice.workspace)


@pytest.mark.django_db
def test_a_request_without_a_key_is_refused(program):
    assert_problem(program.post(RENDERS, BODY, key=None), 400, "idempotency_key_missing")
    assert not Render.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["a b", "ä", "x" * 256, "a/b", "a\n"])
def test_a_malformed_key_is_refused(program, key):
    assert_problem(program.post(RENDERS, BODY, key=key), 400, "idempotency_key_invalid")


@pytest.mark.django_db
def test_the_same_request_again_gets_the_first_answer(program, alice):
    first = program.post(RENDERS, BODY, key="k")
    left = available(alice.workspace)
    again = program.post(RENDERS, b'{ "script" : "Hello there." }', key="k")
    assert (again.status_code, again.json()) == (202, first.json())
    assert again["Location"] == first["Location"]
    assert again["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first
    assert Render.objects.count() == Project.objects.filter(workspace=alice.workspace).count() == 1
    assert available(alice.workspace) == left


@pytest.mark.django_db
def test_another_body_under_the_same_key_is_refused(program):
    first = program.post(RENDERS, BODY, key="k")
    body = assert_problem(
        program.post(RENDERS, {"script": "Bye."}, key="k"), 422, "idempotency_key_reused"
    )
    assert body["first_request_id"] == first["X-Request-Id"]


@pytest.mark.django_db
def test_workspaces_do_not_share_keys(program, charlie):
    first = program.post(RENDERS, BODY, key="k").json()
    other = Program.of(charlie.workspace).post(RENDERS, BODY, key="k").json()
    assert first["id"] != other["id"]


@pytest.mark.django_db
def test_a_refusal_is_not_stored_as_the_answer(program):
    assert_problem(program.post(RENDERS, {**BODY, "max_cost": 0}, key="k"), 402, "above_max_cost")
    assert not IdempotencyKey.objects.exists()
    assert program.post(RENDERS, BODY, key="k").status_code == 202


@pytest.mark.django_db
def test_an_error_of_ours_is_not_stored_as_the_answer(program, monkeypatch, alice):
    def slip(*args, **options):
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr("billing.models.charge", slip)
        assert_problem(program.post(RENDERS, BODY, key="k"), 500, "internal_error")
    assert available(alice.workspace) == 600
    assert not Render.objects.exists()
    assert not Project.objects.filter(workspace=alice.workspace).exists()
    assert program.post(RENDERS, BODY, key="k").status_code == 202


@pytest.mark.django_db
def test_an_answer_that_was_cut_off_is_given_to_the_next_request(program, monkeypatch, alice):
    """The render exists already, so asking again must not make a second one."""

    def slip(*args, **options):
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr("studio.api.renders.answers.render_resource", slip)
        assert_problem(program.post(RENDERS, BODY, key="k"), 500, "internal_error")
    again = program.post(RENDERS, BODY, key="k")
    assert again.status_code == 202
    assert again["Idempotent-Replayed"] == "true"
    assert again.json()["id"] == Render.objects.get().pk
    assert available(alice.workspace) == 600 - again.json()["cost"]["charged"]


@pytest.mark.django_db
def test_a_refused_request_leaves_no_project(program, alice):
    assert_problem(program.post(RENDERS, {**BODY, "max_cost": 0}, key="k"), 402, "above_max_cost")
    assert not Project.objects.filter(workspace=alice.workspace).exists()


@pytest.mark.django_db
def test_after_two_days_a_key_counts_as_new(program):
    first = program.post(RENDERS, BODY, key="k").json()
    IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(hours=49))
    again = program.post(RENDERS, BODY, key="k")
    assert again.status_code == 202
    assert again.json()["id"] != first["id"]


@pytest.mark.django_db(transaction=True)
def test_many_requests_at_once_make_one_render(program, alice):
    gate = threading.Barrier(6)
    answers = []

    def ask():
        gate.wait()
        answers.append(Program(program.secret).post(RENDERS, BODY, key="k"))
        connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Render.objects.count() == 1
    assert {answer.status_code for answer in answers} <= {202, 409}
    made = [answer.json()["id"] for answer in answers if answer.status_code == 202]
    assert set(made) == {Render.objects.get().pk}
    for answer in answers:
        if answer.status_code == 409:
            assert_problem(answer, 409, "request_in_progress")
            assert answer["Retry-After"] == "1"
    if connection.vendor == "sqlite":  # writers take turns: nobody has to ask again
        assert len(made) == 6
    again = program.post(RENDERS, BODY, key="k")
    assert again["Idempotent-Replayed"] == "true"
    assert available(alice.workspace) == 600 - again.json()["cost"]["charged"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(
    settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"), reason="writers take turns there"
)
def test_while_the_first_request_runs_a_second_one_is_refused_as_in_progress(program, monkeypatch):
    at_work, go_on = threading.Event(), threading.Event()

    def slow(*args, **options):
        at_work.set()
        go_on.wait(20)
        return ordering.request_render(*args, **options)

    monkeypatch.setattr("studio.api.renders.routes.request_render", slow)
    answers = []

    def ask():
        answers.append(Program(program.secret).post(RENDERS, BODY, key="k"))
        connections.close_all()

    first = threading.Thread(target=ask)
    first.start()
    at_work.wait(20)
    response = program.post(RENDERS, BODY, key="k")
    go_on.set()
    first.join()
    assert assert_problem(response, 409, "request_in_progress")["retryable"]
    assert response["Retry-After"] == "1"
    again = program.post(RENDERS, BODY, key="k")
    assert again.json() == answers[0].json()
    assert Render.objects.count() == 1
