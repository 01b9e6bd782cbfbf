"""Captions changed by hand: they stay with their words, cost nothing, and follow the script when it changes."""

import json
from itertools import pairwise

import pytest

from rendering.stages import captions
from rendering.values import CueEdit, Word
from studio.renders import plan, screening
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
    return [line.spec.cues for line in plan.plan_render(scene.project).lines]


def said(text):
    return [Word(word, 0.4 * n, 0.4 * n + 0.3) for n, word in enumerate(text.split())]


def test_a_changed_caption_is_planned_for_its_line(client, scene):
    keys = [line.line_key for line in plan.plan_render(scene.project).lines]
    assert change(client, scene, text="Hi, and welcome!", start="0.2").status_code == 200
    assert edits(scene) == [(CueEdit(0, 5, "Hi, and welcome!", 0.2, 0.0),), ()]
    assert [line.line_key for line in plan.plan_render(scene.project).lines] == keys


def test_a_changed_caption_moves_with_its_words_and_ends_with_them(client, scene):
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


def test_a_changed_caption_is_reset_to_what_is_said_and_undo_brings_it_back(client, scene):
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
def test_a_change_that_does_not_fit_names_its_field(client, scene, fields, field):
    answer = change(client, scene, **fields)
    assert answer.status_code == 422
    assert answer.json()["problem"]["errors"][0]["field"] == field
    scene.refresh_from_db()
    assert scene.cues == []


def test_a_change_to_a_caption_that_no_longer_exists_is_refused(client, scene):
    assert "load the captions again" in change(client, scene, last=3).json()["problem"]["sentence"]


def test_captions_are_hidden_from_strangers(client_of, charlie, scene):
    assert change(client_of(charlie), scene, text="Mine").status_code == 404


def test_captions_are_changed_without_javascript(client, scene):
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


def test_words_written_in_captions_are_screened(client, scene):
    change(client, scene, text="I will kill you tonight")
    verdict, spans = screening.screen_lines(plan.plan_render(scene.project).lines)
    assert verdict.verdict == "block"
    assert spans[0]["line"] == 1


def cut(client, scene, what="split", line=1, first=1, last=6, **fields):
    body = {"line": line, "first": first, "last": last, "start": "0", "end": "0", **fields}
    return client.post(f"/scenes/{scene.pk}/captions/{what}", body, **JSON)


def spans(scene):
    """(first word, last word, text) of each caption of the first line, as a render draws them."""
    changed = edits(scene)[0]
    return [
        (cue.first, cue.last, " ".join(cue.text.split()))
        for cue in captions.cues(said(SCRIPT.splitlines()[0]), changed)
    ]


WHOLE = [(0, 5, "Hello, and welcome to the studio.")]
HALVES = [(0, 2, "Hello, and welcome"), (3, 5, "to the studio.")]


@pytest.mark.parametrize(
    ("text", "caret", "found"),
    [
        ("Hello, and welcome to the studio.", "18", HALVES),
        ("Hello, and welcome to the studio.", "", HALVES),
        ("Hello, and welcome to the studio.", "9" * 5000, HALVES),
        ("Hello, and welcome to the studio.", "8", [(0, 1, "Hello, and"), (2, 5, "welcome to the studio.")]),
        ("Hello, and welcome to\r\nthe studio.", "33", HALVES),
        ("Hi! Come in.", "3", [(0, 1, "Hi!"), (2, 5, "Come in.")]),
    ],
)  # fmt: skip
def test_a_caption_is_divided_where_the_caret_stands(client, scene, text, caret, found):
    assert spans(scene) == WHOLE
    answer = cut(client, scene, text=text, caret=caret)
    assert answer.status_code == 200
    assert spans(scene) == found
    second = found[1]
    assert answer.json()["cue"] == f"1-{second[0] + 1}-{second[1] + 1}"


def test_parts_of_a_divided_caption_move_with_their_words_and_are_undone(client, scene):
    cut(client, scene, start="0.2", end="-0.3")
    assert edits(scene)[0] == (CueEdit(0, 2, "", 0.2, 0.0), CueEdit(3, 5, "", 0.0, -0.3))
    body = {"revision": scene.revision, "script": f"A new one.\n\n{SCRIPT}"}
    client.post(f"/scenes/{scene.pk}/save", body, **JSON)
    assert [len(line) for line in edits(scene)] == [0, 2, 0]
    client.post(f"/projects/{scene.project_id}/undo", **JSON)
    client.post(f"/projects/{scene.project_id}/undo", **JSON)
    assert spans(scene) == WHOLE


def test_a_part_stays_a_part_when_its_text_goes_back(client, scene):
    cut(client, scene)
    change(client, scene, first=1, last=3, text="Hi, and welcome")
    change(client, scene, first=1, last=3, back="1")
    assert spans(scene) == HALVES


def test_joined_parts_are_the_caption_that_is_said_again(client, scene):
    cut(client, scene)
    answer = cut(client, scene, "join", last=3)
    assert answer.json()["cue"] == "1-1-6"
    assert spans(scene) == WHOLE
    assert scene.cues == []


def test_joining_keeps_what_was_written_in_either(client, scene):
    cut(client, scene)
    change(client, scene, first=4, last=6, text="to us!")
    cut(client, scene, "join", last=3, text="Hello, and welcome")
    assert spans(scene) == [(0, 5, "Hello, and welcome to us!")]


def test_captions_that_do_not_fit_into_one_stay_two(client, scene):
    cut(
        client,
        scene,
        text="A text that is almost as long as two lines are, and this too.",
        caret="45",
    )
    before = spans(scene)
    first = before[0][1] + 1
    long = "A first part that takes up nearly all of the room that both lines have."
    answer = cut(client, scene, "join", last=first, text=long)
    assert "shorten one of them" in answer.json()["problem"]["sentence"]
    assert spans(scene) == before


@pytest.mark.parametrize(
    ("what", "fields", "says"),
    [
        ("split", {"text": "Hi!"}, "one word"),
        ("split", {"last": 3}, "load the captions again"),
        ("join", {}, "is the last of its line"),
    ],
)
def test_a_caption_that_cannot_be_divided_or_joined_says_why(client, scene, what, fields, says):
    answer = cut(client, scene, what, **fields)
    assert answer.status_code == 422 or "load" in says
    assert says in answer.json()["problem"]["sentence"]
    assert spans(scene) == WHOLE
