"""The brand kit: what is suggested to new projects, and what is locked for pages, programs and renders alike."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from rendering.models import Render
from studio.models import BrandKit, Clip, Picture, Project, Pronunciation
from studio.projects import brand
from studio.renders.plan import dictionary_of
from studio.views.renders import lines_of
from tests.studio.programs import Program, assert_problem
from tests.studio.rows import make_project

COLOURS = st.integers(0, 0xFFFFFF).map(lambda value: f"#{value:06x}")


@pytest.fixture
def logo(alice):
    return Picture.objects.create(
        workspace=alice.workspace,
        name="logo.png",
        sha256="a" * 64,
        suffix=".png",
        width=8,
        height=8,
    )


@pytest.fixture
def kit(alice, library, logo):
    def save(**locks):
        brand.save(
            alice.workspace,
            palette=["#0F6B66", "#faf8f5"],
            fields={
                **{"logo": logo.pk, "logo_position": "top-right", "logo_size": "0.12"},
                **{"burn_captions": "1", "caption_style": "clean", "caption_position": "bottom"},
                "caption_size": "medium",
            },
            locks=locks,
            by=alice,
        )
        return BrandKit.objects.get()

    return save


def render(program, **body):
    return program.render(script="Hello.", mode="draft", **body)


def test_a_new_project_begins_with_what_is_suggested_and_may_leave_it(kit, alice, client_of):
    kit(logo="suggested", captions="free")
    client_of(alice).post("/projects/new")
    project = Project.objects.get()
    assert (project.logo.name, project.logo_position) == ("logo.png", "top-right")
    assert not project.burn_captions
    answer = client_of(alice).post(f"/projects/{project.pk}/save", {"logo": ""})
    assert answer.status_code == 302
    assert render(Program.of(alice.workspace)).status_code == 202


@pytest.mark.parametrize(
    ("part", "change", "words"),
    [
        ("logo", {"logo": ""}, "Logo: locked by the brand kit"),
        ("logo", {"logo_position": "bottom-left"}, "Logo: locked"),
        ("captions", {"burn_captions": "0"}, "Captions: locked"),
    ],
)
def test_what_is_locked_is_refused_by_the_page_and_nothing_is_saved(
    kit, alice, client_of, part, change, words
):
    kit(**{part: "locked"})
    client_of(alice).post("/projects/new")
    project = Project.objects.get()
    revision = project.revision
    answer = client_of(alice).post(f"/projects/{project.pk}/save", change)
    assert (answer.status_code, words in answer.content.decode()) == (422, True)
    project.refresh_from_db()
    assert project.revision == revision


def test_a_colour_outside_the_palette_is_refused_with_the_nearest(kit, alice, client_of):
    kit(colours="locked")
    project = make_project(alice.workspace)
    scene = project.live_scenes.first()
    sent = {"revision": scene.revision, "background_color": "#0f6b60"}
    answer = client_of(alice).post(f"/scenes/{scene.pk}/save", sent)
    assert answer.status_code == 422
    assert "the nearest is #0f6b66" in answer.content.decode()
    sent["background_color"] = "#0f6b66"
    assert client_of(alice).post(f"/scenes/{scene.pk}/save", sent).status_code == 302


def test_programs_get_what_is_locked_and_cannot_change_it(kit, alice, logo):
    kit(colours="locked", captions="locked", logo="suggested")
    program = Program.of(alice.workspace)
    assert render(program).status_code == 202
    project = Project.objects.get()
    assert (project.burn_captions, project.caption_style) == (True, "clean")
    assert project.logo is None  # suggested to people, not put into what a program asked for
    assert project.live_scenes.get().background_color == "#0f6b66"
    body = {"captions": {"burn_in": True, "style": "karaoke"}}
    problem = assert_problem(render(program, **body), 422, "brand_locked")
    assert "captions" in problem["errors"][0]["path"]
    colour = {"type": "color", "color": "#ff0000"}
    assert_problem(render(program, background=colour), 422, "brand_locked")
    assert render(program, background={"type": "color", "color": "#faf8f5"}).status_code == 202
    assert Render.objects.count() == 2


def test_an_old_project_is_brought_in_line_with_one_press_and_back(kit, alice, client_of):
    project = make_project(alice.workspace)
    kit(colours="locked", logo="locked")
    program = Program.of(alice.workspace)
    assert_problem(program.render(project_id=project.pk, mode="draft"), 422, "brand_locked")
    alice_at = client_of(alice)
    assert "Use the brand" in alice_at.get(f"/projects/{project.pk}/").content.decode()
    alice_at.post(f"/projects/{project.pk}/brand")
    assert program.render(project_id=project.pk, mode="draft").status_code == 202
    assert "Use the brand" not in alice_at.get(f"/projects/{project.pk}/").content.decode()
    alice_at.post(f"/projects/{project.pk}/undo")
    alice_at.post(f"/projects/{project.pk}/undo")
    project.refresh_from_db()
    assert project.logo is None


def test_a_removed_logo_locks_nothing(kit, alice, logo):
    kit(logo="locked")
    logo.delete()
    assert render(Program.of(alice.workspace)).status_code == 202


def test_the_page_measures_counts_and_is_changed_by_those_who_manage(kit, alice, bob, client_of):
    kit(logo="suggested")
    client_of(alice).post("/projects/new")
    make_project(alice.workspace)
    page = client_of(alice).get("/brand/").content.decode()
    assert "1 project uses it." in page
    assert "white text, 6.3:1" in page
    assert "Save the kit" in page
    assert "Save the kit" not in client_of(bob).get("/brand/").content.decode()
    sent = {"colour": ["#123456", ""], "lock_colours": "locked"}
    assert client_of(bob).post("/brand/", sent).status_code == 403
    client_of(alice).post("/brand/", sent)
    saved = BrandKit.objects.get()
    assert (saved.palette, saved.lock("colours"), saved.lock("logo")) == (
        ["#123456"],
        "locked",
        "free",
    )


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"colour": ["red"]}, "# and six digits"),
        ({"colour": [f"#00000{n}" for n in range(9)]}, "at most 8 colours"),
        ({"lock_logo": "locked", "logo": "picture_of_somebody_else"}, "no longer there"),
        ({"lock_logo": "welded"}, "free, suggested or locked"),
    ],
)
def test_a_kit_that_cannot_be_used_is_refused(alice, library, client_of, sent, words):
    answer = client_of(alice).post("/brand/", sent)
    assert (answer.status_code, words in answer.content.decode()) == (422, True)
    assert not BrandKit.objects.exists()


@given(COLOURS, COLOURS)
def test_contrast_is_symmetric_and_within_bounds(one, other):
    ratio = brand.contrast(one, other)
    assert ratio == brand.contrast(other, one)
    assert 1 <= ratio <= 21.0001
    assert brand.contrast(one, one) == 1


@given(COLOURS, st.lists(COLOURS, min_size=1, max_size=8))
def test_the_nearest_colour_is_of_the_palette_and_itself_if_it_is_there(colour, palette):
    assert brand.nearest(colour, palette) in palette
    assert brand.nearest(colour, [*palette, colour]) == colour


def test_known_contrasts():
    """Figures of the contrast checker that WCAG's authors name."""
    assert brand.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert brand.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.fixture
def intro(alice):
    def make(seconds=3.0, **fields):
        return Clip.objects.create(
            **{
                "workspace": alice.workspace,
                "kind": "video",
                "name": "sting.mp4",
                "seconds": seconds,
            },
            **{"sha256": "b" * 64, "suffix": ".mp4", "width": 64, "height": 36, **fields},
        )

    return make


def locked(alice, part, **fields):
    brand.save(alice.workspace, palette=[], fields=fields, locks={part: "locked"}, by=alice)


def test_a_locked_font_and_intro_hold_for_pages_and_programs(library, alice, client_of, intro):
    clip = intro()
    for part, wrong in (("font", "oswald"), ("intro", "")):
        locked(alice, part, **{"font": "nunito"} if part == "font" else {"intro": clip.pk})
        client_of(alice).post("/projects/new")
        project = Project.objects.latest("created_at")
        answer = client_of(alice).post(f"/projects/{project.pk}/save", {part: wrong})
        assert (answer.status_code, "locked" in answer.content.decode()) == (422, True)
    assert project.intro == clip
    program = Program.of(alice.workspace)
    assert render(program).status_code == 202
    row = Render.objects.get()
    assert row.bumpers["intro"]["sha256"] == clip.sha256
    assert row.quoted == 0 or row.mode == "draft"
    other = intro(sha256="c" * 64)
    assert_problem(render(program, intro={"asset_id": other.pk}), 422, "brand_locked")


def test_an_intro_costs_nothing_and_moves_what_is_said(library, alice, intro):
    program = Program.of(alice.workspace)
    plain = program.render(script="Hello.").json()["cost"]["quoted"]
    clip = intro(seconds=4.01)
    body = program.render(script="Hello.", intro={"asset_id": clip.pk}, font="montserrat").json()
    assert body["cost"]["quoted"] == plain
    made = Render.objects.get(pk=body["id"])
    assert lines_of(made)[0].start == 4.0
    assert made.segments.get().spec["font"] == "montserrat"
    assert made.uploaded_pictures


@pytest.mark.parametrize(
    ("fields", "code", "words"),
    [
        ({"seconds": 24.0}, "file_unusable", "24 s long; at most 10 s"),
        ({"seconds": 0.0, "state": "making"}, "asset_not_ready", "still being prepared"),
        ({"state": "failed"}, "file_unusable", "cannot be used"),
    ],
)
def test_an_intro_that_cannot_be_used_is_refused(library, alice, intro, fields, code, words):
    answer = render(Program.of(alice.workspace), intro={"asset_id": intro(**fields).pk})
    problem = assert_problem(answer, 422, code)
    assert words in problem["detail"]
    assert problem["errors"][0]["path"] == "intro.asset_id"


def test_a_removed_intro_is_left_out(library, alice, intro):
    project = make_project(alice.workspace)
    clip = intro()
    project.intro = clip
    project.save()
    Clip.objects.update(removed_at=timezone.now())
    answer = Program.of(alice.workspace).render(project_id=project.pk, mode="draft")
    assert answer.status_code == 202
    assert Render.objects.get().bumpers == {}


def test_locked_words_are_changed_by_those_who_manage(library, alice, bob, client_of):
    sent = {"word": "Likeness", "kind": "alias", "value": "like-ness"}
    assert client_of(bob).post("/pronunciations/", sent).status_code == 302
    locked(alice, "pronunciation")
    entry = Pronunciation.objects.get()
    other = {"word": "Acme", "kind": "alias", "value": "ack-mee"}
    assert client_of(bob).post("/pronunciations/", other).status_code == 403
    assert client_of(bob).post(f"/pronunciations/{entry.pk}/remove").status_code == 403
    assert "See the kit" in client_of(bob).get("/pronunciations/").content.decode()
    project = make_project(alice.workspace)
    ours = {**sent, "value": "liken-ess", "project": project.pk}
    answer = client_of(bob).post("/pronunciations/", ours)
    assert (answer.status_code, "locked by the brand kit" in answer.content.decode()) == (422, True)
    assert (
        client_of(bob).post("/pronunciations/", {**other, "project": project.pk}).status_code == 302
    )
    assert client_of(alice).post("/pronunciations/", other).status_code == 302


def test_a_lock_on_words_goes_before_what_a_project_had(library, alice):
    project = make_project(alice.workspace)
    for of, value in ((None, "everywhere"), (project, "here")):
        Pronunciation.objects.create(
            workspace=alice.workspace, project=of, word="Acme", kind="alias", value=value
        )
    assert dictionary_of(project) == (("Acme", "alias", "here"),)
    locked(alice, "pronunciation")
    assert dictionary_of(project) == (("Acme", "alias", "everywhere"),)


def test_the_sample_shows_the_form_as_it_is(library, alice, bob, client_of):
    page = client_of(bob).get("/brand/").content.decode()
    assert "/brand/sample.jpg?" in page
    assert f"To change it, ask {alice}." in page
    plain, other = (
        client_of(alice).get("/brand/sample.jpg", {"colour": "#0f6b66", "font": font})
        for font in ("studio", "oswald")
    )
    assert plain["Content-Type"] == other["Content-Type"] == "image/jpeg"
    assert plain.content != other.content
    part = client_of(alice).get("/brand/preview", {"colour": "#0f6b6", "font": "oswald"})
    assert "# and six digits" in part.content.decode()
    assert client_of(alice).get("/brand/sample.jpg", {"colour": "red"}).status_code == 422


def test_files_are_taken_in_with_the_kit(library, alice, client_of, tmp_path):
    picture = io.BytesIO()
    Image.new("RGB", (200, 80), "navy").save(picture, "PNG")
    logo = SimpleUploadedFile("ours.png", picture.getvalue(), "image/png")
    sent = {"colour": "#123456", "lock_logo": "suggested", "logo": "", "logo_file": logo}
    assert client_of(alice).post("/brand/", sent).status_code == 302
    saved = BrandKit.objects.get()
    assert Picture.objects.get(pk=saved.fields["logo"]).name == "ours.png"
