"""The desk of moderation in the terminal."""

import subprocess
import sys
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from billing.models import available, charge
from moderation.models import Case, Decision
from rendering.models import Render
from studio.models import Project

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(alice):
    project = Project.objects.create(workspace=alice.workspace, title="Vote")
    render = Render.objects.create(
        workspace=alice.workspace,
        project=project,
        title="Vote",
        quoted=9,
        status="held",
        held_for="moderation",
        held_at=timezone.now(),
    )
    charge(render, 9)
    return Case.objects.create(
        render=render,
        policy="politics.persuasion",
        title="political persuasion",
        version="1",
        spans=[{"scene": 1, "line": 7, "start": 0, "end": 7, "text": "vote no", "policy": "x"}],
    )


def run(*arguments):
    out = StringIO()
    call_command("case", *arguments, stdout=out)
    return out.getvalue()


def expect_refusal(*arguments):
    with pytest.raises(CommandError) as caught:
        run(*arguments)
    assert caught.value.returncode == 2
    return str(caught.value)


def test_list_shows_open_cases_with_their_words(case):
    out = run("list")
    assert case.id in out
    assert "politics.persuasion" in out
    assert "line 7: vote no" in out
    assert f"{case.created_at + timedelta(hours=72):%Y-%m-%d %H:%M} UTC" in out


def test_list_says_when_no_case_is_open():
    assert run("list") == "No case is open.\n"


def test_a_released_render_goes_to_the_queue(case, alice):
    assert run("release", case.id, "--by", "Mo") == f"Case {case.id} is released.\n"
    case.render.refresh_from_db()
    assert (case.render.status, case.render.held_for) == ("queued", "")
    assert available(alice.workspace) == 591
    assert Decision.objects.get().by == "Mo"
    assert run("list") == "No case is open.\n"


def test_a_refused_render_fails_with_all_credits_back(case, alice):
    run("refuse", case.id, "--reason", "It tells people how to vote.")
    case.render.refresh_from_db()
    assert (case.render.status, case.render.failure_code) == ("failed", "moderation_refused")
    assert "political persuasion" in case.render.failure_message
    assert "It tells people how to vote." in case.render.failure_message
    assert available(alice.workspace) == 600


def test_a_case_is_decided_only_once(case):
    run("release", case.id)
    assert "was decided already" in expect_refusal("refuse", case.id)
    case.render.refresh_from_db()
    assert case.render.status == "queued"


def test_release_says_that_the_render_was_canceled_already(case):
    case.render.cancel()
    assert "canceled already" in run("release", case.id)
    case.render.refresh_from_db()
    assert case.render.status == "canceled"


def test_an_unknown_case_is_refused():
    assert expect_refusal("release", "case_nobody").startswith("There is no case case_nobody")


def test_a_reason_or_a_name_that_cannot_be_stored_is_refused(case):
    assert "--reason" in expect_refusal("refuse", case.id, "--reason", "x" * 501)
    assert "--by" in expect_refusal("refuse", case.id, "--by", " ")
    assert not Decision.objects.exists()


def test_an_unknown_verb_ends_with_status_2(settings):
    ended = subprocess.run(
        [sys.executable, "manage.py", "case", "burn"],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 2
    assert "burn" in ended.stderr
