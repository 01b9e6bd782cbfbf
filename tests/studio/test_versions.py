"""Versions: each finished render is one, two are compared line by line, and old words come back free of charge."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rendering.models import Render
from studio.models import Voice
from studio.projects import versions
from studio.renders.ordering import request_render
from studio.renders.plan import plan_render
from tests.studio.rows import deliver, make_project, make_render

SCRIPT = "Hello, and welcome.\n\nThis is the second line."
LINES = st.lists(
    st.sampled_from(["one two three", "one two four", "five", "six seven", ""]), max_size=8
)


@pytest.fixture
def project(alice, library):
    return make_project(alice.workspace, script=SCRIPT)


def test_finished_renders_are_counted_from_one_and_others_are_not(project):
    first = deliver(make_render(project, quoted=0, done=3))
    canceled = make_render(project, quoted=0)
    canceled.cancel()
    second = deliver(make_render(project, quoted=0, done=3))
    assert [first.version, canceled.version, second.version] == [1, None, 2]
    assert list(versions.versions(project)) == [second, first]


def finished(project, alice):
    render = request_render(project, by=alice, mode="final")
    render.segments.update(status="done", seconds=3.0)
    return deliver(render, used=6)


def test_old_words_come_back_as_one_step_and_cost_nothing(project, alice, client_of):
    alice_at = client_of(alice)
    cast = {name: getattr(project.live_scenes.first(), name) for name in ("avatar", "voice")}
    second = project.add_scene(script="A second scene.", title="Two", **cast)
    old = finished(project, alice)
    first = project.live_scenes.first()
    first.edit(first.revision, script="Something else altogether.", heading="New")
    second.refresh_from_db()
    second.remove()
    added = project.add_scene(script="A third scene.", **cast)
    project.refresh_from_db()
    project.edit(project.revision, title="Another name", aspect="9:16")
    answer = alice_at.post(f"/projects/{project.pk}/versions/1/restore", follow=True)
    assert "words of version 1 are back" in answer.content.decode()
    project.refresh_from_db()
    assert [s.script for s in project.live_scenes] == [SCRIPT, "A second scene."]
    assert (project.title, project.aspect) == ("Spring briefing", "16:9")
    assert plan_render(project).quoted == 0
    assert [s.text for s in old.segments.all()] == [
        line.text for line in plan_render(project).lines
    ]
    # One press of Undo brings back what was there before, another the old words.
    alice_at.post(f"/projects/{project.pk}/undo")
    assert [s.script for s in project.live_scenes] == [
        "Something else altogether.",
        "A third scene.",
    ]
    alice_at.post(f"/projects/{project.pk}/redo")
    assert [s.script for s in project.live_scenes] == [SCRIPT, "A second scene."]
    added.refresh_from_db()
    assert added.removed_at


def test_what_is_gone_is_named_and_the_rest_comes_back(project, alice, client_of):
    scene = project.live_scenes.first()
    own = Voice.objects.create(
        workspace=alice.workspace,
        slug=f"xtts-{'a' * 40}",
        name="Own",
        language="en-US",
        engine="kokoro",
    )
    body = versions.body_of(project)
    body["scenes"][0] |= {"voice": own.slug, "script": "Old words."}
    render = deliver(make_render(project, quoted=0, done=3))
    versions.keep_source(render, body)
    own.delete()
    answer = client_of(alice).post(f"/projects/{project.pk}/versions/1/restore", follow=True)
    assert "voice of scene 1" in answer.content.decode()
    scene.refresh_from_db()
    assert scene.script == "Old words."
    assert scene.voice is not None


def test_a_version_from_before_says_why_its_words_cannot_be_restored(project, alice, client_of):
    deliver(make_render(project, quoted=0, done=3))
    answer = client_of(alice).post(f"/projects/{project.pk}/versions/1/restore")
    assert (answer.status_code, "before scripts were kept" in answer.content.decode()) == (
        422,
        True,
    )


def test_two_versions_stand_side_by_side(project, alice, client_of):
    deliver(make_render(project, quoted=0, done=3))
    new = deliver(make_render(project, quoted=0, done=3, title="Second"))
    new.segments.filter(position=2).update(text="Here is another line.")
    page = client_of(alice).get(f"/projects/{project.pk}/versions/").content.decode()
    assert "<del>the second</del>" in page
    assert "<ins>another</ins>" in page
    assert "1 line differs" in page
    alone = (
        client_of(alice)
        .get(f"/projects/{project.pk}/versions/?old=7&new=99999999999")
        .content.decode()
    )
    assert "Version 2" in alone


def test_a_version_gets_a_name(project, alice, client_of):
    deliver(make_render(project, quoted=0, done=3))
    place = f"/projects/{project.pk}/versions/1/name"
    client_of(alice).post(place, {"name": "  For   the board "})
    assert Render.objects.get().label == "For the board"
    assert client_of(alice).post(place, {"name": "x" * 81}).status_code == 422
    assert (
        "For the board"
        in client_of(alice).get(f"/projects/{project.pk}/versions/").content.decode()
    )


def test_a_project_without_a_video_says_what_versions_are(project, alice, client_of):
    page = client_of(alice).get(f"/projects/{project.pk}/versions/").content.decode()
    assert "becomes a version here" in page


@given(LINES, LINES)
def test_a_comparison_loses_no_word(old, new):
    pairs = versions.compared(old, new)
    assert [" ".join(p.text for p in pair.old) for pair in pairs if pair.old_number] == [
        " ".join(line.split()) for line in old
    ]
    assert [" ".join(p.text for p in pair.new) for pair in pairs if pair.new_number] == [
        " ".join(line.split()) for line in new
    ]
    assert [pair.old_number for pair in pairs if pair.old_number] == list(range(1, len(old) + 1))
    assert any(pair.differs for pair in pairs) == (old != new)
