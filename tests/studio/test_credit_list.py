"""The page of credits: what is left, what ends when, and every movement in words."""

from datetime import timedelta

import pytest
from django.utils import timezone

from billing import models as billing
from tests.studio.rows import deliver, make_project, make_render

pytestmark = pytest.mark.django_db
URL = "/credits/"


def rows(client, query=""):
    response = client.get(URL + query)
    assert response.status_code == 200
    page = response.context["page"]
    return [
        (row.kind, row.signed, row.after) for row in page.object_list
    ], response.content.decode()


def test_the_page_of_credits_requires_login(client):
    assert client.get(URL).status_code == 302


def test_the_page_of_credits_rejects_post(client_of, alice):
    assert client_of(alice).post(URL).status_code == 405


def test_a_new_workspace_sees_its_grant(client_of, alice):
    moves, html = rows(client_of(alice))
    assert moves == [("grant", 600, 600)]
    assert "<strong>10.0</strong> credits left" in html
    assert "Free plan" in html


def test_every_movement_is_listed_and_adds_up(client_of, alice, library):
    project = make_project(alice.workspace)
    deliver(make_render(project, by=alice, quoted=54, done=3), used=48)
    failed = make_render(project, by=alice, quoted=30)
    failed.fail("render_failed", "We could not finish it.", ours=True)
    moves, html = rows(client_of(alice))
    assert moves == [
        ("give_back", 30, 552),
        ("charge", -30, 522),
        ("give_back", 6, 552),
        ("charge", -54, 546),
        ("grant", 600, 600),
    ]
    assert billing.available(alice.workspace) == 552
    assert f"/renders/{failed.pk}/" in html
    assert "which failed" in html


def test_credits_with_open_renders_are_shown(client_of, alice, library):
    make_render(make_project(alice.workspace), by=alice, quoted=60)
    _, html = rows(client_of(alice))
    assert "1.0 more (60 s) are with renders that are not over yet" in html


def test_credits_that_end_first_stand_first(client_of, alice):
    soon = timezone.now() + timedelta(days=1)
    billing.give(alice.workspace, 120, kind="promo", source="test", expires_at=soon, priority=1)
    response = client_of(alice).get(URL)
    assert [grant["left"] for grant in response.context["left"]] == [120, 600]


def test_credits_that_have_ended_are_written_off_and_shown(client_of, alice):
    past = timezone.now() - timedelta(hours=1)
    billing.give(alice.workspace, 60, kind="promo", source="test", expires_at=past)
    moves, html = rows(client_of(alice))
    assert moves[0] == ("expire", -60, 600)
    assert "<strong>Ended</strong> unused" in html


def test_a_page_has_40_movements(client_of, alice):
    for n in range(50):
        billing.give(alice.workspace, 1, kind="promo", source=f"test {n}")
    client = client_of(alice)
    assert (len(rows(client)[0]), len(rows(client, "?page=2")[0])) == (40, 11)


def test_movements_are_hidden_from_strangers(client_of, alice, charlie, library):
    make_render(make_project(alice.workspace, "Secret plans"), by=alice)
    assert "Secret plans" not in rows(client_of(charlie))[1]
