"""Several workspaces of one person, and the rights of roles."""

import pytest

from studio.access import CHOSEN
from studio.models import Membership, Project
from studio.people import roles
from tests.studio.programs import Program, assert_problem
from tests.studio.rows import make_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def both(alice, charlie):
    """Alice also works for Charlie."""
    Membership.objects.create(workspace=charlie.workspace, user=alice)
    Project.objects.create(workspace=charlie.workspace, title="Charlie's film")
    return alice


def choose(client, workspace):
    return client.post(f"/workspaces/{workspace.pk}/choose")


def test_a_person_goes_from_one_workspace_to_the_other_and_back(both, charlie, client_of):
    client = client_of(both)
    page = client.get("/projects/").content.decode()
    assert "Charlie&#x27;s film" not in page
    assert f'action="/workspaces/{charlie.workspace.pk}/choose"' in page
    assert choose(client, charlie.workspace)["Location"] == "/"
    page = client.get("/projects/").content.decode()
    assert "Charlie&#x27;s film" in page
    assert f'action="/workspaces/{both.workspace.pk}/choose"' in page
    choose(client, both.workspace)
    assert "Charlie&#x27;s film" not in client.get("/projects/").content.decode()


def test_a_removed_member_is_back_in_their_own_workspace(both, charlie, client_of):
    client = client_of(both)
    choose(client, charlie.workspace)
    Membership.objects.filter(user=both, workspace=charlie.workspace).delete()
    assert "Charlie&#x27;s film" not in client.get("/projects/").content.decode()
    assert client.session[CHOSEN] == charlie.workspace.pk
    assert choose(client, charlie.workspace).status_code == 404


def test_a_person_with_one_workspace_is_shown_no_choice(alice, client_of):
    assert "/choose" not in client_of(alice).get("/projects/").content.decode()


@pytest.fixture
def watchers(monkeypatch):
    """Gives members and keys the right to look only."""
    looks = frozenset({"see"})
    monkeypatch.setitem(roles.RIGHTS, Membership.Role.MEMBER, looks)
    monkeypatch.setitem(roles.RIGHTS, roles.KEY, looks)


def test_a_role_without_the_right_is_refused_with_a_sentence_and_changes_nothing(
    watchers, alice, bob, library, client_of
):
    project = make_project(alice.workspace)
    client, owner = client_of(bob), client_of(alice)
    assert client.get(f"/projects/{project.pk}/").status_code == 200
    for address in ("archive", "render", "scenes", "undo"):
        answer = client.post(f"/projects/{project.pk}/{address}")
        assert answer.status_code == 403
        assert "ask an owner of the workspace" in answer.content.decode()
    for address in ("/keys/", "/credits/", "/avatars/new"):
        assert client.get(address).status_code == 403
        assert owner.get(address).status_code == 200
    project.refresh_from_db()
    assert project.archived_at is None
    assert owner.post(f"/projects/{project.pk}/archive").status_code == 302


def test_the_script_of_the_page_gets_the_reason_of_a_refusal_as_json(
    watchers, alice, bob, library, client_of
):
    scene = make_project(alice.workspace).live_scenes.get()
    answer = client_of(bob).post(
        f"/scenes/{scene.pk}/save", {"script": "x"}, headers={"Accept": "application/json"}
    )
    assert answer.status_code == 403
    assert answer.json()["problem"]["code"] == "role_not_allowed"
    assert "ask an owner of the workspace" in answer.json()["problem"]["sentence"]


def test_a_key_without_the_right_gets_a_code(watchers, alice, library):
    program = Program.of(alice.workspace)
    assert program.get("/api/v1/avatars").status_code == 200
    refusal = assert_problem(program.render(script="One.", mode="draft"), 403, "role_not_allowed")
    assert refusal["detail"] == "A key may not do this; a person with the right role can."
    assert_problem(program.get("/api/v1/usage"), 403, "role_not_allowed")
