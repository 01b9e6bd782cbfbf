"""Captions changed by hand: they keep to their words, cost nothing, and follow the script when it changes."""

import json
from itertools import pairwise

import pytest

from rendering.stages import captions
from rendering.values import CueEdit, Word
from studio import actions
from tests.studio.rows import make_project

JSON = {"HTTP_ACCEPT": "application/json"}
SCRIPT = "Hello, and welcome to the studio.\n\nThis is the second line of it."


@pytest.fixture
def scene(alice, library):
    return make_project(alice.workspace, script=SCRIPT).live_scenes.get()


@pytest.fixture
def client(client_of, alice):
    return client_of(alice)


def change(client, scene, line=1, first=1, last=6, **fields):
    body = {"line": line, "first": first, "last": last, "start": "0", "end": "0", **fields}
    return client.post(f"/scenes/{scene.pk}/captions/save", body, **JSON)


def edits(scene):
    scene.refresh_from_db()
    return [line.spec.cues for line in actions.plan_render(scene.project).lines]


def said(text):
    return [Word(word, 0.4 * n, 0.4 * n + 0.3) for n, word in enumerate(text.split())]


def test_a_changed_caption_is_planned_for_its_line(client, scene):
    keys = [line.line_key for line in actions.plan_render(scene.project).lines]
    assert change(client, scene, text="Hi, and welcome!", start="0.2").status_code == 200
    assert edits(scene) == [(CueEdit(0, 5, "Hi, and welcome!", 0.2, 0.0),), ()]
    assert [line.line_key for line in actions.plan_render(scene.project).lines] == keys


def test_it_moves_with_its_words_and_ends_with_them(client, scene):
    change(client, scene, text="Hi, and welcome!")
    scene.refresh_from_db()
    body = {"revision": scene.revision, "script": f"A new one.\n\n{SCRIPT}"}
    client.post(f"/scenes/{scene.pk}/save", body, **JSON)
    assert [len(line) for line in edits(scene)] == [0, 1, 0]
    body = {
        "revision": scene.revision,
        "script": f"A new one.\n\n{SCRIPT.replace('studio', 'house')}",
    }
    client.post(f"/scenes/{scene.pk}/save", body, **JSON)
    assert [len(line) for line in edits(scene)] == [0, 0, 0]
    page = client.get(f"/scenes/{scene.pk}/captions").content.decode()
    assert "Yours was “Hi, and welcome!”" in page


def test_back_to_what_is_said_and_undo(client, scene):
    change(client, scene, text="Hi, and welcome!")
    change(client, scene, back="1")
    scene.refresh_from_db()
    assert scene.cues == []
    client.post(f"/projects/{scene.project_id}/undo", **JSON)
    scene.refresh_from_db()
    assert scene.cues[0]["text"] == "Hi, and welcome!"


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"text": "word " * 40}, "text"), ({"start": "9"}, "start"), ({"end": "soon"}, "end")],
)
def test_what_does_not_fit_names_its_field(client, scene, fields, field):
    answer = change(client, scene, **fields)
    assert answer.status_code == 422
    assert answer.json()["problem"]["errors"][0]["field"] == field
    scene.refresh_from_db()
    assert scene.cues == []


def test_a_caption_that_is_no_more_says_so(client, scene):
    assert "load the captions again" in change(client, scene, last=3).json()["problem"]["sentence"]


def test_it_hides_from_strangers(client_of, charlie, scene):
    assert change(client_of(charlie), scene, text="Mine").status_code == 404


def test_it_works_without_javascript(client, scene):
    page = client.get(f"/scenes/{scene.pk}/captions").content.decode()
    assert "Hello, and welcome to the studio." in page
    assert "characters a second" in page
    body = {"line": 1, "first": 1, "last": 6, "text": "Hi!", "start": "0", "end": "0"}
    answer = client.post(f"/scenes/{scene.pk}/captions/save", body)
    assert answer["Location"] == f"/scenes/{scene.pk}/captions"
    scene.refresh_from_db()
    assert json.dumps(scene.cues).count("Hi!") == 1


def test_words_between_changed_captions_are_divided_as_usual():
    words = said("Hello and welcome to the studio where a script becomes a film and speaks")
    found = captions.cues(
        words, [CueEdit(2, 5, "Hi there"), CueEdit(4, 20, "lost"), CueEdit(40, 41)]
    )
    assert [(cue.first, cue.last, cue.own) for cue in found] == [
        (0, 1, False),
        (2, 5, True),
        (6, 13, True),
    ]
    assert found[1].text == "Hi there"
    assert all(a.end < b.start for a, b in pairwise(found))


def test_a_shifted_caption_never_covers_the_next():
    words = said("One two three four. Five six seven eight.")
    late = captions.cues(words, [CueEdit(0, 3, "", 0.5, 3.0), CueEdit(4, 7, "", -3.0, 0.0)])
    assert late[0].start >= 0
    assert late[0].end <= late[1].start
    assert all(cue.end > cue.start for cue in late)


def test_what_is_written_in_captions_is_screened(client, scene):
    change(client, scene, text="I will kill you tonight")
    verdict, spans = actions.screen_lines(actions.plan_render(scene.project).lines)
    assert verdict.verdict == "block"
    assert spans[0]["line"] == 1
