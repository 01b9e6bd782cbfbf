"""The dictionary of a workspace: everywhere or in one project, asked before it is changed, heard before it is saved."""

import pytest
from django.urls import reverse

from studio.models import Pronunciation
from studio.renders.plan import dictionary_of, plan_render
from studio.views import pronunciations
from tests.studio.rows import make_project

pytestmark = pytest.mark.django_db
JSON = {"Accept": "application/json"}


@pytest.fixture
def project(alice, library):
    return make_project(alice.workspace, script="Siobhan came on 10/12.")


@pytest.fixture
def post(client_of, alice):
    def send(**fields):
        body = {"word": "Siobhan", "kind": "alias", "value": "shivawn", **fields}
        return client_of(alice).post(reverse("pronunciation_list"), body, headers=JSON)

    return send


def test_a_word_of_one_project_is_said_so_there_alone(alice, project, post):
    other = make_project(alice.workspace, script="Siobhan.")
    assert post(project=project.pk).status_code == 201
    assert dictionary_of(project) == (("Siobhan", "alias", "shivawn"),)
    assert dictionary_of(other) == ()


def test_the_word_of_a_project_goes_before_that_of_the_workspace(project, post):
    post(value="shove on")
    post(word="siobhan", project=project.pk)
    assert dictionary_of(project) == (("siobhan", "alias", "shivawn"),)


def test_a_word_that_is_there_already_is_asked_about_and_stays_until_the_answer(post):
    post()
    answer = post(value="see oban")
    assert answer.status_code == 409
    assert answer.json()["question"] == "“Siobhan” is already said “shivawn” here."
    assert Pronunciation.objects.get().value == "shivawn"
    assert post(value="see oban", replace="1").status_code == 201
    assert Pronunciation.objects.get().value == "see oban"


def test_the_page_asks_as_well_and_replaces_the_word_if_told_to(client_of, alice, post):
    post()
    client, said = client_of(alice), {"word": "Siobhan", "kind": "alias", "value": "see oban"}
    answer = client.post(reverse("pronunciation_list"), said)
    assert answer.status_code == 409
    html = answer.content.decode()
    assert "“Siobhan” is already said “shivawn” here." in html
    assert 'value="see oban"' in html
    assert Pronunciation.objects.get().value == "shivawn"
    client.post(reverse("pronunciation_list"), {**said, "replace": "1"})
    assert Pronunciation.objects.get().value == "see oban"


@pytest.mark.parametrize(
    ("field", "sentence"),
    [
        ("word", "A word takes at most 60 characters."),
        ("value", "That is too long; at most 120 characters."),
    ],
)
def test_what_is_too_long_is_refused_whole_and_not_cut(client_of, alice, field, sentence):
    said = {"word": "Siobhan", "kind": "alias", "value": "shivawn", field: "x" * 300}
    answer = client_of(alice).post(reverse("pronunciation_list"), said)
    html = answer.content.decode()
    assert (answer.status_code, sentence in html) == (422, True)
    assert f'value="{"x" * 300}"' in html
    assert "maxlength" not in html


def test_the_limit_is_shown_before_it_is_reached(client_of, alice, post, monkeypatch):
    monkeypatch.setattr(pronunciations, "MOST_PRONUNCIATIONS", 2)
    post()
    assert (
        "1 of 2 words are left."
        in client_of(alice).get(reverse("pronunciation_list")).content.decode()
    )
    post(word="Niamh", value="neev")
    answer = post(word="Aoife", value="eefa")
    assert answer.status_code == 422
    assert "as many as it takes; remove one first" in answer.content.decode()
    assert post(value="see oban", replace="1").status_code == 201


def test_a_project_of_another_workspace_takes_no_word(charlie, library, post):
    his = make_project(charlie.workspace, script="Hello.")
    assert post(project=his.pk).status_code == 404
    assert not Pronunciation.objects.exists()


def test_a_word_is_heard_before_it_is_saved(client_of, alice, project):
    scene = project.live_scenes.get()
    client, address = client_of(alice), reverse("pronunciation_try")
    query = {"word": "Siobhan", "value": "shivawn", "kind": "alias", "scene": scene.pk}
    assert client.get(address, query).json()["ready"] == [False]
    assert client.get(address, {**query, "value": ""}).status_code == 200
    assert not Pronunciation.objects.exists()
    assert client.get(address, {**query, "word": "x" * 61}).status_code == 422
    assert client.get(address, {**query, "value": "x" * 121}).status_code == 422


def test_what_could_be_read_otherwise_is_known_with_the_plan(project):
    (line,) = plan_render(project).lines
    (guess,) = line.guesses
    assert (guess.written, guess.spoken) == (
        "10/12",
        "the tenth of December",
    )  # the voice is British
    assert line.text[guess.start : guess.end] == "10/12"
