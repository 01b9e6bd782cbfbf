"""The main pages as a screen reader walks them, compared with committed texts.

After an intended change: UPDATE_SNAPSHOTS=1 pytest tests/browser/test_accessibility.py, and read the difference.
"""

import os
import re
from pathlib import Path

import pytest
from django.utils import timezone

from billing.models import available
from studio.models import Avatar
from tests.studio.rows import deliver, make_project, make_render, own_avatar

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SNAPSHOTS = Path(__file__).parent / "snapshots"


def tree(page):
    """Roles, names and states, without the addresses, moments and fingerprints that change from run to run."""
    lines = page.locator("body").aria_snapshot().splitlines()
    text = "\n".join(line for line in lines if "/url:" not in line)
    text = re.sub(r"\b\d+ \w+ \d{4}(, \d\d:\d\d)?", "a day", text)
    text = re.sub(r"[A-Z][a-z]+ 20\d\d", "a month", text)
    text = re.sub(r"(\d+|an?) (seconds?|minutes?) ago|(?<=text: )now\b", "just now", text)
    text = re.sub(r"\b[0-9a-f]{64}\b", "a fingerprint", text)
    return text + "\n"


@pytest.fixture
def world(alice, library):
    Avatar.objects.exclude(slug__in=("maya", "daniel")).update(retired_at=timezone.now())
    project = make_project(alice.workspace, seed=1)
    done = deliver(make_render(project, by=alice, reused=(2,)))
    waiting = make_render(make_project(alice.workspace, title="Autumn briefing"), by=alice, done=1)
    assert available(alice.workspace) > 0
    return {
        "login": (None, "/accounts/login/"),
        "home": (alice, "/"),
        "project_list": (alice, "/projects/"),
        "project_edit": (alice, f"/projects/{project.pk}/"),
        "render_done": (alice, f"/renders/{done.pk}/"),
        "render_waiting": (alice, f"/renders/{waiting.pk}/"),
        "credit_list": (alice, "/credits/"),
        "key_list": (alice, "/keys/"),
        "avatar_list": (alice, "/avatars/"),
        "stock_avatar": (alice, "/avatars/stock/maya/"),
        "avatar_create": (alice, "/avatars/new"),
        "avatar_locked": (alice, f"/avatars/{own_avatar(alice.workspace).pk}/"),
    }


@pytest.mark.parametrize(
    "name",
    [
        "login",
        "home",
        "project_list",
        "project_edit",
        "render_done",
        "render_waiting",
        "credit_list",
        "key_list",
        "avatar_list",
        "stock_avatar",
        "avatar_create",
        "avatar_locked",
    ],
)
def test_a_screen_reader_reads_the_page_as_in_the_committed_text(page_of, world, name):
    user, address = world[name]
    page = page_of(user)
    page.goto(address)
    page.wait_for_load_state("networkidle")
    if name == "project_edit":
        page.get_by_text("Saved").first.wait_for(state="attached")
        page.get_by_text("at most").first.wait_for()
    found, path = tree(page), SNAPSHOTS / f"{name}.txt"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        SNAPSHOTS.mkdir(exist_ok=True)
        path.write_text(found)
    assert found == path.read_text()
