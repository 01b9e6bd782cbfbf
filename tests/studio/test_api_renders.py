"""Renders through the API: requested, read, listed, canceled."""

from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from billing.models import available
from consent.models import Consent
from rendering import cost
from rendering.models import Render, Segment
from studio.models import Avatar, Project, Voice, Workspace
from studio.projects import composition
from tests.studio.programs import RENDERS, Program, assert_problem

pytestmark = pytest.mark.django_db


@pytest.fixture
def program(alice, library):
    return Program.of(alice.workspace)


def test_a_script_is_accepted_and_says_where_to_look(program, alice):
    response = program.render(
        script="Hello there.\n\nThis is the second line.",
        reference="crm-8812",
        metadata={"campaign": "spring"},
    )
    assert response.status_code == 202, response.json()
    body = response.json()
    assert response["Location"].endswith(f"/api/v1/renders/{body['id']}")
    assert 2 <= int(response["Retry-After"]) <= 30
    assert (body["object"], body["status"], body["mode"]) == ("render", "queued", "final")
    assert body["reference"] == "crm-8812"
    assert body["metadata"] == {"campaign": "spring"}
    assert body["title"] == "Hello there. This is the second line."
    assert [stage["name"] for stage in body["stages"]] == [
        "script", "speech", "alignment", "motion", "frames", "smoothing", "delivery",
    ]  # fmt: skip
    assert {stage["status"] for stage in body["stages"]} == {"waiting"}
    assert body["queue"]["position"] == 1
    assert body["outputs"] == []
    assert body["failure"] is body["ended_at"] is None
    cost = body["cost"]
    assert cost["quoted"] == cost["charged"] == cost["net"] > 0
    assert sum(line["credit_seconds"] for line in cost["lines"]) == cost["quoted"]
    assert [line["line"] for line in cost["lines"]] == [1, 2]
    assert available(alice.workspace) == 600 - cost["charged"]
    project = Project.objects.get(pk=body["project_id"])
    assert project.workspace == alice.workspace
    assert [scene.script for scene in project.live_scenes] == [
        "Hello there.\n\nThis is the second line."
    ]


def test_a_render_can_be_read_at_the_address_of_its_answer(program):
    made = program.render(script="Hello there.")
    read = program.get(made["Location"])
    assert read.status_code == 200
    assert read.json()["id"] == made.json()["id"]
    assert "Retry-After" in read
    assert "no-store" in read["Cache-Control"]
    assert read.json()["created_at"].endswith("Z")


def test_scenes_may_have_choices_of_their_own(program):
    avatar, voice = Avatar.objects.first(), Voice.objects.last()
    body = program.render(
        scenes=[
            {"script": "One.", "title": "Start"},
            {
                "script": "Two.",
                "avatar_id": avatar.pk,
                "voice_id": voice.slug,
                "voice_settings": {"speed": 1.2},
                "background": {"type": "color", "color": "#AABBCC"},
                "format": "text",
            },
        ],
        title="My film",
        aspect_ratio="9:16",
        captions={"burn_in": True},
        seed=7,
        mode="draft",
    ).json()
    assert (body["title"], body["aspect_ratio"], body["mode"]) == ("My film", "9:16", "draft")
    assert body["cost"]["quoted"] == body["cost"]["net"] == 0
    project = Project.objects.get(pk=body["project_id"])
    assert (project.burn_captions, project.seed) == (True, 7)
    first, second = project.live_scenes
    assert first.title == "Start"
    assert (second.avatar, second.voice, second.speed) == (avatar, voice, 1.2)
    assert (second.background_color, second.markup) == ("#aabbcc", "text")


def test_an_avatar_speaks_in_its_own_voice(program):
    avatar = Avatar.objects.first()
    body = program.render(script="Hello.", avatar_id=avatar.slug).json()
    scene = Project.objects.get(pk=body["project_id"]).live_scenes.get()
    assert scene.voice.slug == avatar.voice_slug


def test_a_project_is_rendered_as_it_is_saved(program, alice):
    project_id = program.render(script="Hello there.").json()["project_id"]
    revision = Project.objects.get(pk=project_id).revision
    body = program.render(project_id=project_id, revision=revision).json()
    assert body["project_id"] == project_id
    assert body["revision"] == revision
    assert Project.objects.filter(workspace=alice.workspace).count() == 1


def test_a_revision_that_moved_on_is_refused(program):
    project_id = program.render(script="Hello there.").json()["project_id"]
    project = Project.objects.get(pk=project_id)
    project.touch()
    assert_problem(
        program.render(project_id=project_id, revision=project.revision), 409, "revision_conflict"
    )


def test_a_render_above_max_cost_is_refused(program, alice):
    assert_problem(
        program.render(script="Hello there, everybody.", max_cost=0), 402, "above_max_cost"
    )
    assert available(alice.workspace) == 600
    assert not Render.objects.exists()
    assert not Project.objects.filter(workspace=alice.workspace).exists()


def test_a_render_for_more_credits_than_are_left_is_refused(program, alice):
    Workspace.objects.filter(pk=alice.workspace.pk).update(plan="creator")
    words = "This sentence is said again and again until it costs too much. " * 240
    body = assert_problem(program.render(script=words), 402, "not_enough_credits")
    assert body["needed"] > body["available"] == 600
    assert available(alice.workspace) == 600


def test_a_render_without_valid_consent_is_refused(program):
    avatar = Avatar.objects.first()
    avatar.consents.get().withdraw()
    response = program.render(script="Hello there.", avatar_id=avatar.slug)
    body = assert_problem(response, 403, "consent_withdrawn")
    assert avatar.name in body["detail"]


@pytest.mark.parametrize("saved", [True, False])
def test_a_consent_withdrawn_between_reading_and_writing_is_seen(
    program, alice, monkeypatch, saved
):
    avatar, music_of = Avatar.objects.first(), composition.music_of

    def withdrawn_meanwhile(project):
        if Consent.valid().filter(avatar=avatar).exists():
            avatar.consents.get().withdraw()
        return music_of(project)

    body = {"script": "Hello there.", "avatar_id": avatar.slug}
    if saved:
        project = Project.objects.create(workspace=alice.workspace, title="Saved")
        project.add_scene(script="Hello there.", avatar=avatar, voice=Voice.objects.first())
        body = {"project_id": project.pk}
    monkeypatch.setattr(composition, "music_of", withdrawn_meanwhile)
    assert_problem(program.render(**body), 403, "consent_withdrawn")
    assert not Render.objects.exists()
    assert available(alice.workspace) == 600


def test_a_canceled_render_gives_all_credits_back(program, alice):
    made = program.render(script="Hello there.").json()
    body = program.post(f"{RENDERS}/{made['id']}/cancel").json()
    assert body["status"] == "canceled"
    assert body["cost"]["refunded"] == made["cost"]["charged"]
    assert body["cost"]["net"] == 0
    assert sum(line["credit_seconds"] for line in body["cost"]["lines"]) == 0
    assert body["queue"] is body["eta"] is None
    assert available(alice.workspace) == 600
    assert_problem(program.post(f"{RENDERS}/{made['id']}/cancel"), 409, "render_over")


def test_a_held_render_says_for_what_and_until_when(program):
    made = program.render(script="Hello there.").json()
    Render.objects.filter(pk=made["id"]).update(
        status="held", held_for="moderation", held_at=timezone.now()
    )
    body = program.get(f"{RENDERS}/{made['id']}").json()
    assert (body["status"], body["held_for"]) == ("held", "moderation")
    assert body["hold"]["expires_at"] > body["hold"]["since_at"]
    assert body["queue"] is None


def test_a_failed_render_says_what_happened(program):
    made = program.render(script="Hello there.").json()
    Render.objects.get().fail("engine_failed", "We could not draw line 1.", ours=True)
    body = program.get(f"{RENDERS}/{made['id']}").json()
    assert body["failure"]["code"] == "engine_failed"
    assert body["failure"]["message"] == "We could not draw line 1."
    assert body["failure"]["retryable"] is True
    assert body["cost"]["net"] == 0


def finish(render_id, lengths, used):
    render = Render.objects.get(pk=render_id)
    for segment, seconds in zip(render.segments.all(), lengths, strict=True):
        Segment.objects.filter(pk=segment.pk).update(status="done", progress=1.0, seconds=seconds)
    Render.objects.filter(pk=render_id).update(status="running")
    output = {"kind": "video", "key": "0" * 64, "suffix": ".mp4", "bytes": 9, "sha256": "f" * 64}
    captions = {"kind": "srt", "key": "0" * 64, "suffix": ".srt"}
    cost.deliver(render, seconds=sum(lengths), outputs=[output, captions])
    assert render.cost["net"] == used


def test_a_finished_render_has_links_and_a_cost_that_adds_up(program):
    made = program.render(
        script="Hello there, all of you.\n\nAnd a second line, as it were."
    ).json()
    finish(made["id"], [0.4, 1.3], used=2)
    body = program.get(f"{RENDERS}/{made['id']}").json()
    assert body["status"] == "done"
    assert body["progress"] == 1.0
    assert {stage["status"] for stage in body["stages"]} == {"done"}
    assert body["cost"]["net"] == 2
    assert [line["credit_seconds"] for line in body["cost"]["lines"]] == [1, 1]
    video, captions = body["outputs"]
    assert (video["kind"], video["container"], video["codec"]) == ("video", "mp4", "h264")
    assert (captions["kind"], captions["container"]) == ("captions", "srt")
    assert video["url"].startswith("http://testserver/files/")
    assert video["url_expires_at"] > body["ended_at"]


def test_a_longer_result_costs_no_more_than_the_quote(program):
    made = program.render(script="Hello.").json()
    quoted = made["cost"]["quoted"]
    finish(made["id"], [quoted + 4.5], used=quoted)
    lines = program.get(f"{RENDERS}/{made['id']}").json()["cost"]["lines"]
    assert [line["reason"] for line in lines] == ["new", "adjustment"]
    assert lines[1]["credit_seconds"] == -5
    assert sum(line["credit_seconds"] for line in lines) == quoted


def test_a_line_that_was_paid_for_is_free(program):
    made = program.render(script="Hello there.").json()
    finish(made["id"], [0.9], used=1)
    body = program.render(project_id=made["project_id"]).json()
    assert body["cost"]["quoted"] == 0
    assert [line["reason"] for line in body["cost"]["lines"]] == ["reused"]
    assert body["reuse"]["lines_reused"] == body["reuse"]["lines_total"] == 1


def test_the_list_is_newest_first_and_stable(program):
    made = [program.render(script=f"Number {n}.", mode="draft").json()["id"] for n in range(3)]
    first = program.get(RENDERS, {"limit": 2}).json()
    assert [row["id"] for row in first["data"]] == [made[2], made[1]]
    program.render(script="A newcomer.", mode="draft")
    second = program.get(RENDERS, {"limit": 2, "cursor": first["next_cursor"]}).json()
    assert [row["id"] for row in second["data"]] == [made[0]]
    assert second["next_cursor"] is None


def test_the_list_shows_renders_of_one_moment_once_each(program):
    made = [program.render(script=f"Number {n}.", mode="draft").json()["id"] for n in range(4)]
    Render.objects.update(created_at=timezone.now())
    seen, cursor = [], ""
    while cursor is not None:
        page = program.get(RENDERS, {"limit": 1, "cursor": cursor}).json()
        seen += [row["id"] for row in page["data"]]
        cursor = page["next_cursor"]
    assert sorted(seen) == sorted(made)


def test_the_list_is_filtered_by_reference_status_and_project(program):
    program.render(script="One.", mode="draft", reference="a")
    second = program.render(script="Two.", mode="draft", reference="b").json()
    program.post(f"{RENDERS}/{second['id']}/cancel")
    for query in ({"reference": "b"}, {"status": "canceled"}, {"project_id": second["project_id"]}):
        rows = program.get(RENDERS, query).json()["data"]
        assert [row["id"] for row in rows] == [second["id"]], query


def test_a_cursor_that_no_list_gave_is_refused(program):
    for cursor in ("x", "äöü", "bm90aGluZw", "MjAyNi0wMS0wMSByZW5kZXJfMQ", "MjAyNg=="):
        assert_problem(program.get(RENDERS, {"cursor": cursor}), 400, "invalid_cursor")


def test_avatars_and_voices_are_listed(program):
    for noun, model in (("avatar", Avatar), ("voice", Voice)):
        rows = program.get(f"/api/v1/{noun}s").json()["data"]
        assert {row["slug"] for row in rows} == set(model.objects.values_list("slug", flat=True))
        assert all(row["object"] == noun and row["consent_id"] for row in rows)
        assert all(row["kind"] == "stock" for row in rows)


def test_usage_counts_what_was_delivered(program, alice):
    made = program.render(script="Hello there.").json()
    usage = program.get("/api/v1/usage").json()
    assert usage["balance"] == {
        "available": 600 - made["cost"]["quoted"],
        "pending": made["cost"]["quoted"],
    }
    finish(made["id"], [0.9], used=1)
    usage = program.get("/api/v1/usage").json()
    assert usage["balance"] == {"available": 599, "pending": 0}
    assert (usage["renders"], usage["seconds"], usage["credits_used"]) == (1, 0.9, 1)
    assert usage["period"]["starts_at"] < usage["period"]["ends_at"]


def test_usage_leaves_out_the_month_before(program):
    made = program.render(script="Hello there.").json()
    finish(made["id"], [0.9], used=1)
    Render.objects.update(ended_at=timezone.now() - timedelta(days=40))
    assert program.get("/api/v1/usage").json()["renders"] == 0


lengths = st.lists(st.floats(0.04, 90.0), min_size=1, max_size=300)


@given(lengths)
def test_shares_of_seconds_add_up_to_the_whole_rounded_up(lengths):
    shares = cost.deal(lengths)
    assert min(shares) >= 0
    assert sum(lengths) <= sum(shares) + 1e-3 < sum(lengths) + 1.01
    assert all(abs(share - length) < 1.001 for share, length in zip(shares, lengths, strict=True))
