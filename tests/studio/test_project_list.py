"""The list of projects: search, archive, remove, undo, duplicate, pages."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from studio.models import Project
from tests.studio.rows import deliver, make_project, make_render

pytestmark = pytest.mark.django_db
URL = "/projects/"


def titles(client, query="", **headers):
    response = client.get(URL + query, headers=headers)
    assert response.status_code == 200
    return [project.title for project in response.context["page"].object_list]


def act(client, verb, project, **data):
    return client.post(reverse(f"project_{verb}", args=[project.pk]), data)


def test_the_list_of_projects_requires_login(client):
    assert client.get(URL).status_code == 302


def test_the_list_of_projects_rejects_post(client_of, alice):
    assert client_of(alice).post(URL).status_code == 405


def test_the_project_that_was_touched_last_stands_first(client_of, alice, library):
    for title in ("First", "Second"):
        make_project(alice.workspace, title)
    assert titles(client_of(alice)) == ["Second", "First"]


def test_a_colleague_sees_a_project_and_a_stranger_does_not(
    client_of, alice, bob, charlie, library
):
    project = make_project(alice.workspace)
    assert titles(client_of(bob)) == ["Spring briefing"]
    assert titles(client_of(charlie)) == []
    for verb in ("duplicate", "archive", "restore", "remove"):
        assert act(client_of(charlie), verb, project).status_code == 404
        assert (
            client_of(alice).get(reverse(f"project_{verb}", args=[project.pk])).status_code == 405
        )


@pytest.mark.parametrize("words", ["SPRING", "harbour", "spring harbour", " harbour "])
def test_search_finds_title_and_script(words, client_of, alice, library):
    make_project(alice.workspace, "Spring briefing", script="We met at the harbour.")
    make_project(alice.workspace, "Autumn", script="Nothing here.")
    assert titles(client_of(alice), f"?q={words}") == ["Spring briefing"]


def test_search_as_one_types_brings_the_list_alone(client_of, alice, library):
    make_project(alice.workspace)
    html = client_of(alice).get(URL + "?q=zebra", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in html
    assert "“zebra”" in html


def test_search_takes_a_percent_sign_as_a_letter(client_of, alice, library):
    make_project(alice.workspace, "Plans")
    assert titles(client_of(alice), "?q=%25") == []


def test_a_project_is_archived_and_brought_back(client_of, alice, library):
    client, project = client_of(alice), make_project(alice.workspace)
    answer = client.get(act(client, "archive", project).headers["Location"])
    assert "“Spring briefing” is archived." in answer.content.decode()
    assert titles(client) == []
    assert titles(client, "?archived=1") == ["Spring briefing"]
    act(client, "restore", project)
    assert titles(client) == ["Spring briefing"]


def test_a_project_is_removed_and_brought_back(client_of, alice, library):
    client, project = client_of(alice), make_project(alice.workspace)
    answer = client.get(act(client, "remove", project).headers["Location"])
    assert "“Spring briefing” is removed." in answer.content.decode()
    assert titles(client) == titles(client, "?archived=1") == []
    act(client, "restore", project)
    assert titles(client) == ["Spring briefing"]


def test_an_action_comes_back_to_the_same_search_and_page(client_of, alice, library):
    client, project = client_of(alice), make_project(alice.workspace)
    answer = act(client, "archive", project, q="spring", page="2")
    assert answer.headers["Location"] == f"{URL}?q=spring&page=2&undo={project.pk}"


def test_undo_of_another_workspace_shows_nothing(client_of, alice, charlie, library):
    project = make_project(alice.workspace, "Secret plans")
    project.archive()
    html = client_of(charlie).get(f"{URL}?undo={project.pk}").content.decode()
    assert "Secret plans" not in html


def test_duplicate_opens_the_copy(client_of, alice, library):
    project = make_project(alice.workspace, script="Said once.")
    answer = act(client_of(alice), "duplicate", project)
    twin = Project.objects.get(title="Spring briefing (copy)")
    assert answer.headers["Location"] == reverse("project_edit", args=[twin.pk])
    assert [scene.script for scene in twin.live_scenes] == ["Said once."]


def test_a_page_has_24_projects(client_of, alice, library):
    for n in range(30):
        Project.objects.create(workspace=alice.workspace, title=f"Project {n}")
    client = client_of(alice)
    assert (len(titles(client)), len(titles(client, "?page=2"))) == (24, 6)
    assert titles(client, "?page=99") == titles(client, "?page=2")


def test_the_number_of_queries_does_not_grow_with_projects(client_of, alice, library):
    client = client_of(alice)
    client.get(URL)  # the first of an hour also writes that she was there
    counts = []
    for wanted in (3, 200):
        have = Project.objects.count()
        for n in range(have, wanted):
            project = make_project(alice.workspace, f"Project {n}")
            if n % 3 == 0:
                deliver(make_render(project, by=alice, quoted=0, done=3), used=0)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.get(URL)
        counts.append(len(queries))
    few, many = counts
    assert many == few <= 20, [query["sql"][:90] for query in queries]
