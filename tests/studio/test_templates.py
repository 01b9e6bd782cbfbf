"""Templates: projects with gaps. Saved from a project, filled with values, started from, by people and by programs."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import given
from hypothesis import strategies as st

from billing.models import available
from rendering import pipeline
from rendering.models import Render
from studio.errors import VariablesInvalid
from studio.models import Avatar, Picture, Project, Template
from studio.projects import templates
from studio.projects.starters import SLUGS, ensure_templates
from studio.projects.templates import Variable
from studio.renders.plan import plan_render
from tests.studio.programs import Program, assert_problem
from tests.studio.rows import make_project
from tests.studio.test_composition import png

pytestmark = pytest.mark.django_db


@pytest.fixture
def stock(library):
    ensure_templates()


@pytest.fixture
def program(alice, stock):
    return Program.of(alice.workspace)


def save(project, *variables, choices=()):
    return templates.save(
        project, name="Hello", description="", variables=variables, choices=choices, by=None
    )


@pytest.fixture
def template(alice, library):
    """A template of Alice's that greets somebody."""
    project = make_project(
        alice.workspace,
        title="For {{First name}}",
        script="Hello {{first_name}}, and welcome to {{ place }}.",
    )
    return save(
        project,
        Variable("first_name", required=True, max_length=20),
        Variable("place", default="our studio"),
    )


def script_of(template, workspace, **values):
    _, scenes = templates.fill(template, workspace, values)
    return scenes[0].script


# -- those that ship -----------------------------------------------------------------------------


@pytest.mark.parametrize("slug", SLUGS)
def test_a_template_that_ships_becomes_a_film_that_can_be_planned(alice, stock, slug):
    template = Template.objects.get(slug=slug)
    needed = {
        v.name: "Ada" for v in templates.variables_of(template) if v.required and not v.default
    }
    project, scenes = templates.fill(template, alice.workspace, needed)
    plan = plan_render(project, scenes=scenes)
    assert 15 < plan.seconds < 90
    assert plan.warnings == []
    assert not any("{{" in line.text for line in plan.lines)
    assert template.name
    assert template.description


def test_writing_what_ships_again_changes_nothing(stock):
    before = list(Template.objects.values_list("pk", "revision", "touched_at"))
    ensure_templates()
    assert list(Template.objects.values_list("pk", "revision", "touched_at")) == before
    assert len(before) == 3


# -- filling the gaps ----------------------------------------------------------------------------


def test_values_fill_the_gaps_and_defaults_the_rest(template, alice):
    project, scenes = templates.fill(template, alice.workspace, {"first_name": "Ada"})
    assert project.title == "For Ada"
    assert [scene.script for scene in scenes] == ["Hello Ada, and welcome to our studio."]
    assert scenes[0].voice.slug == scenes[0].avatar.voice_slug
    assert not Project.objects.filter(pk=project.pk).exists()


@pytest.mark.parametrize(
    ("values", "path", "says"),
    [
        ({}, "variables.first_name", "first_name is missing"),
        ({"first_name": "  "}, "variables.first_name", "first_name is missing"),
        ({"first_name": "A" * 21}, "variables.first_name", "21 characters; at most 20 fit"),
        ({"first_name": 12}, "variables.first_name", "put it in quotation marks"),
        ({"first_name": "A\x00"}, "variables.first_name", "cannot be stored"),
        (
            {"first_name": "Ada", "frist_name": "x"},
            "variables.frist_name",
            "Did you mean first_name?",
        ),
    ],
)
def test_a_wrong_value_is_named_with_its_path(template, alice, values, path, says):
    with pytest.raises(VariablesInvalid) as raised:
        templates.fill(template, alice.workspace, values)
    found = {error["path"]: error["message"] for error in raised.value.errors}
    assert says in found[path]


@pytest.mark.parametrize(
    ("kind", "good", "said", "bad"),
    [
        ("number", 12, "12", "twelve"),
        ("number", "3.50", "3.50", "1e9999"),
        ("number", -4.5, "-4.5", float("inf")),
        ("url", "https://example.com/a_b", "https://example.com/a_b", "javascript:alert(1)"),
        ("color", "#AABBCC", "#aabbcc", "red"),
        ("avatar", "Maya", "maya", "nobody"),
        ("avatar", "maya", "maya", "may"),
    ],
)
def test_each_type_takes_what_it_means(alice, library, kind, good, said, bad):
    variable = [Variable("it", kind)]
    assert templates.check(variable, {"it": good}, alice.workspace) == {"it": said}
    with pytest.raises(VariablesInvalid):
        templates.check(variable, {"it": bad}, alice.workspace)


def test_pictures_are_known_by_id_and_by_name_within_their_workspace(alice, charlie):
    picture = Picture.objects.create(
        workspace=alice.workspace,
        name="Screen.png",
        sha256="a" * 64,
        suffix=".png",
        width=8,
        height=8,
    )
    variable = [Variable("screen", "image")]
    for wanted in (picture.pk, "Screen.png"):
        assert templates.check(variable, {"screen": wanted}, alice.workspace) == {
            "screen": picture.pk
        }
        with pytest.raises(VariablesInvalid):
            templates.check(variable, {"screen": wanted}, charlie.workspace)


def test_choices_are_the_only_values(alice, library):
    variable = [Variable("size", choices=("small", "large"))]
    assert templates.check(variable, {"size": "small"}, alice.workspace) == {"size": "small"}
    with pytest.raises(VariablesInvalid, match="small, large"):
        templates.check(variable, {"size": "huge"}, alice.workspace)


def spoken(text, markup):
    from rendering.values import LineSpec

    return pipeline.read_script(LineSpec(text, "maya", "af_heart", markup=markup))


@given(
    st.text(st.sampled_from("ab 1#*_[]<>&;`~\\-+.)pause{}x"), min_size=1, max_size=24)
    .map(lambda text: " ".join(text.split()))
    .filter(lambda text: any(c.isalnum() for c in text) and "{{" not in text)
)
def test_a_value_marks_up_nothing(value):
    """In Markdown and SSML it is read as the same characters are in plain text, and opens no pause, mark or tag."""
    for markup in ("markdown", "ssml"):
        filled = templates._filled("{{it}}", {"it": value}, markup)
        plain = value.replace("[", "(").replace("]", ")")
        shown = [s.text for s in spoken(filled, markup).sentences]
        assert "".join(shown).replace("[", "(").replace("]", ")") == "".join(
            s.text for s in spoken(plain, "text").sentences
        )


def test_a_value_is_never_filled_again(template, alice):
    said = script_of(template, alice.workspace, first_name="{{place}}", place="{{first_name}}")
    assert said == "Hello {{place}}, and welcome to {{first\\_name}}."


def test_an_overlay_stays_on_its_words_when_a_value_is_longer_than_its_gap(alice, library):
    row = {
        "id": "o", "text": "{{who}}!", "asset_id": "", "from": {"line": 1, "word": 3}, "to": {"line": 1, "word": 4},
        "position": "top", "x": None, "y": None, "size": 0.06, "style": "plain", "enter": "fade", "exit": "fade",
    }  # fmt: skip
    project = make_project(alice.workspace, script="Hello {{who}} welcome home.")
    project.live_scenes.update(overlays=[row])
    template = save(project, Variable("who", required=True))
    _, scenes = templates.fill(template, alice.workspace, {"who": "Ada King of Lovelace"})
    laid = scenes[0].overlays[0]
    assert laid["text"] == "Ada King of Lovelace!"
    assert (laid["from"], laid["to"]) == ({"line": 1, "word": 6}, {"line": 1, "word": 7})


def test_a_picture_that_is_not_given_leaves_the_colour(alice, library):
    project = make_project(alice.workspace, script="Hello.")
    picture = Picture.objects.create(
        workspace=alice.workspace, name="S", sha256="a" * 64, suffix=".png", width=8, height=8
    )
    project.live_scenes.update(background="picture", picture=picture)
    template = save(project, Variable("picture", "image"), choices=("picture",))
    _, empty = templates.fill(template, alice.workspace, {})
    assert (empty[0].picture, empty[0].background) == (None, "picture")
    _, chosen = templates.fill(template, alice.workspace, {"picture": picture.pk})
    assert chosen[0].picture == picture


def test_whoever_speaks_brings_their_own_voice(alice, library):
    project = make_project(alice.workspace, script="Hello.")
    template = save(project, Variable("avatar", "avatar", default="maya"), choices=("avatar",))
    for slug in ("maya", "daniel"):
        _, scenes = templates.fill(template, alice.workspace, {"avatar": slug})
        assert scenes[0].avatar.slug == slug
        assert scenes[0].voice.slug == Avatar.objects.get(slug=slug).voice_slug


# -- pages ---------------------------------------------------------------------------------------


def test_a_project_is_saved_as_a_template_and_saved_again(client_of, alice, library):
    project = make_project(alice.workspace, title="For {{name}}", script="Hello {{Name}}. {{url}}")
    client, address = client_of(alice), f"/projects/{project.pk}/template"
    page = client.get(address).content.decode()
    assert page.count('<mark class="gap">') == 2
    sent = {"name": "Greeting", "required-name": "1", "longest-name": "30", "type-url": "url"}
    made = client.post(address, {**sent, "default-url": "https://example.com", "open-avatar": "1"})
    template = Template.objects.get(workspace=alice.workspace)
    assert made["Location"] == f"/templates/{template.pk}/"
    name, url, avatar = templates.variables_of(template)
    assert (name.type, name.required, name.max_length) == ("text", True, 30)
    assert (url.type, url.required, url.default) == ("url", False, "https://example.com")
    assert (avatar.type, avatar.default) == ("avatar", project.live_scenes.get().avatar.slug)
    assert 'value="https://example.com"' in client.get(address).content.decode()
    client.post(address, {"name": "Greeting", "type-url": "text"})
    again = Template.objects.get(workspace=alice.workspace)
    assert (again.pk, again.revision) == (template.pk, 2)
    assert [row.name for row in templates.variables_of(again)] == ["name", "url"]


def test_a_default_that_does_not_fit_is_said_beside_it(client_of, alice, library):
    project = make_project(alice.workspace, script="It costs {{price}}.")
    answer = client_of(alice).post(
        f"/projects/{project.pk}/template",
        {"name": "Price", "type-price": "number", "default-price": "cheap"},
    )
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "price is no number" in page
    assert 'value="cheap"' in page
    assert not Template.objects.exists()


def test_a_project_is_started_from_a_template(client_of, alice, template):
    client = client_of(alice)
    page = client.get(f"/templates/{template.pk}/").content.decode()
    assert "Start from this" in page
    wrong = client.post(
        f"/templates/{template.pk}/start", {"first_name": "A" * 40, "place": "Oslo"}
    )
    assert wrong.status_code == 422
    assert "at most 20 fit" in wrong.content.decode()
    assert 'value="Oslo"' in wrong.content.decode()
    made = client.post(f"/templates/{template.pk}/start", {"first_name": "Ada", "place": "Oslo"})
    project = Project.objects.get(title="For Ada")
    assert made["Location"] == f"/projects/{project.pk}/"
    assert project.created_by == alice
    assert project.live_scenes.get().script == "Hello Ada, and welcome to Oslo."


def test_a_picture_that_is_sent_with_the_form_fills_its_gap(client_of, alice, stock):
    template = Template.objects.get(slug="product-tour")
    file = SimpleUploadedFile("screen.png", png(), content_type="image/png")
    made = client_of(alice).post(f"/templates/{template.pk}/start", {"screenshot": file})
    assert made.status_code == 302
    scene = Project.objects.get().live_scenes.get(position=4)
    assert (scene.picture.name, scene.background) == ("screen.png", "picture")


def test_a_scene_for_a_picture_is_whole_without_one(client_of, alice, stock):
    template = Template.objects.get(slug="product-tour")
    client_of(alice).post(f"/templates/{template.pk}/start", {"proof": "It is quick"})
    scene = Project.objects.get().live_scenes.get(position=4)
    assert (scene.background, scene.layout, scene.body) == ("gradient", "half", "It is quick.")
    assert (scene.picture, scene.overlays) == (None, [])


def test_a_template_is_shared_in_its_workspace_and_nowhere_else(
    client_of, alice, bob, charlie, template
):
    assert client_of(bob).get(f"/templates/{template.pk}/").status_code == 200
    assert "Hello" in client_of(bob).get("/templates/").content.decode()
    stranger = client_of(charlie)
    assert stranger.get(f"/templates/{template.pk}/").status_code == 404
    assert stranger.post(f"/templates/{template.pk}/start").status_code == 404


def test_a_removed_template_leaves_the_shelf(client_of, alice, template, stock):
    client = client_of(alice)
    client.post(f"/templates/{template.pk}/remove")
    assert client.get(f"/templates/{template.pk}/").status_code == 404
    assert f'id="{template.pk}"' not in client.get("/templates/").content.decode()
    shipped = Template.objects.get(slug="ad")
    assert client.post(f"/templates/{shipped.pk}/remove").status_code == 404


def test_the_poster_of_a_template_is_drawn(client_of, alice, template):
    answer = client_of(alice).get(f"/templates/{template.pk}/poster.jpg?v=1")
    assert answer["Content-Type"] == "image/jpeg"
    assert answer.content[:2] == b"\xff\xd8"


def test_every_poster_that_ships_is_there_and_small(settings):
    files = [settings.BASE_DIR / "static" / "templates" / f"{slug}.webp" for slug in SLUGS]
    assert all(1_000 < file.stat().st_size < 120_000 for file in files)


# -- programs ------------------------------------------------------------------------------------


def test_templates_are_listed_and_read(program, template):
    listed = program.get("/api/v1/templates").json()["data"]
    assert [row["slug"] for row in listed] == [None, *SLUGS]
    one = program.get(f"/api/v1/templates/{template.pk}").json()
    assert one == listed[0]
    assert one["variables"]["first_name"] == {
        "type": "text", "required": True, "default": None, "max_length": 20, "choices": [],
    }  # fmt: skip
    assert one["scenes"][0]["script"] == "Hello {{first_name}}, and welcome to {{ place }}."
    assert program.get("/api/v1/templates/product-tour").json()["name"] == "Product tour"


def filled(value, values):
    """A client's own filling: every {{name}} in every text."""
    text = json.dumps(value)
    for name, said in values.items():
        text = text.replace(f"{{{{{name}}}}}", said)
    return json.loads(text)


@pytest.mark.parametrize("slug", SLUGS)
def test_the_scenes_of_a_template_are_a_request_as_they_came(program, alice, slug):
    """Posted as `scenes` with the gaps filled, they make what template_id and variables make."""
    Template.objects.filter(slug=slug)
    one = program.get(f"/api/v1/templates/{slug}").json()
    needed = {name: "Ada" for name, row in one["variables"].items() if row["required"]}
    values = {name: row["default"] or "" for name, row in one["variables"].items()} | needed
    scenes = filled(one["scenes"], values)
    for scene in scenes:
        if scene["background"].get("asset_id") == "":
            scene["background"] = {"type": "color", "color": scene["background"]["color"]}
    same = ("aspect_ratio", "resolution", "fps", "captions")
    by_hand = program.render(
        scenes=scenes, mode="draft", seed=1, **{name: one[name] for name in same}
    )
    assert by_hand.status_code == 202, by_hand.json()
    made = program.render(template_id=slug, variables=needed, mode="draft")
    assert made.status_code == 202, made.json()
    first, second = (Render.objects.get(pk=answer.json()["id"]) for answer in (by_hand, made))
    said = [list(row.segments.values_list("text", "line_key")) for row in (first, second)]
    assert [text for text, _ in said[0]] == [text for text, _ in said[1]]
    looks = [
        [{**row, "seed": 0, "logo": None} for row in one.segments.values_list("spec", flat=True)]
        for one in (first, second)
    ]
    if slug != "product-tour":  # there a background picture is left open
        assert looks[0] == looks[1]


def test_a_render_of_a_template_names_what_is_wrong_before_money_moves(program, alice, template):
    body = assert_problem(
        program.render(template_id=template.pk, variables={"first_name": "A" * 30, "town": "x"}),
        422,
        "unknown_field",
    )
    assert [error["path"] for error in body["errors"]] == ["variables.town", "variables.first_name"]
    assert_problem(program.render(template_id=template.pk), 422, "variable_invalid")
    assert available(alice.workspace) == 600
    assert not Render.objects.exists()


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"variables": {"a": "b"}, "script": "Hello."}, "variables"),
        ({"template_id": "ad", "script": "Hello."}, "template_id"),
        ({"template_id": "ad", "aspect_ratio": "1:1"}, "aspect_ratio"),
    ],
)
def test_fields_that_do_not_go_with_a_template_are_refused(program, more, path):
    body = assert_problem(program.render(**more), 422, "conflicting_fields")
    assert body["errors"][0]["path"] == path


def test_a_template_of_another_workspace_is_none(program, charlie, library):
    other = save(make_project(charlie.workspace))
    assert_problem(program.render(template_id=other.pk), 404, "not_found")
    assert_problem(program.get(f"/api/v1/templates/{other.pk}"), 404, "not_found")
