"""The table of the fields that people set: complete, and the same in the database, forms, the API and the pipeline."""

import dataclasses

import pytest

from rendering.values import Captions
from studio.api.renders.bodies import Captions as CaptionsBody
from studio.models import Change, Picture, Project, Scene
from studio.models.fields import PROJECT, SCENE, Choice, Number, values_of
from studio.projects.fields import project_settings, settings_of
from studio.projects.forms import ProjectForm, SceneForm
from studio.projects.steps import NAMES
from studio.views.frames import frame_version

TABLES = [(Scene, SCENE), (Project, PROJECT)]
OURS = {
    Scene: {"id", "project", "position", "revision", "created_at", "removed_at"},
    Project: {
        *("id", "workspace", "seed", "revision", "created_by", "created_at", "touched_at"),
        *("archived_at", "removed_at", "batch_row", "sample_of"),
    },
}
"""Columns that nobody sets."""


@pytest.mark.parametrize(("model", "table"), TABLES)
def test_every_column_that_is_set_is_in_the_table(model, table):
    columns = {field.name for field in model._meta.concrete_fields}
    assert columns - OURS[model] == set(table)
    assert set(table) <= set(NAMES)


@pytest.mark.parametrize(("model", "table"), TABLES)
def test_columns_have_the_choices_and_defaults_of_the_table(model, table):
    for name, field in table.items():
        column = model._meta.get_field(name)
        if isinstance(field, Choice):
            assert list(column.choices) == list(field.choices), name
        if isinstance(field, Choice | Number):
            assert (column.default if column.has_default() else None) == field.usual, name


@pytest.mark.django_db
def test_the_values_that_a_page_posts_are_read_back_unchanged(scene):
    project = scene.project
    picture = Picture.objects.create(
        workspace=project.workspace, name="x", sha256="a" * 64, suffix=".png", width=8, height=8
    )
    scene.picture, scene.layout_x, scene.body = picture, 0.25, "One\n- two"
    project.logo, project.burn_captions, project.logo_size = picture, True, 0.2
    for row, table, form, posted in (
        (scene, SCENE, SceneForm, settings_of(scene)),
        (project, PROJECT, ProjectForm, project_settings(project)),
    ):
        assert list(posted) == list(table)
        read = form(posted, project.workspace).changes()
        assert read == {name: getattr(row, name) for name in table}


def other(field, value):
    """Another value that the field may have."""
    if isinstance(field, Choice):
        return next(one for one, _ in field.choices if one != value)
    if isinstance(field, Number):
        return field.least if value != field.least else field.most
    return None


@pytest.mark.django_db
@pytest.mark.parametrize(("model", "table"), TABLES)
def test_a_frame_changes_with_visible_fields_and_with_nothing_else(scene, model, table):
    row = scene if model is Scene else scene.project
    scene.project.burn_captions = True
    before = frame_version(scene)
    tried = 0
    for name, field in table.items():
        was = getattr(row, name)
        changed = other(field, was)
        if changed is None:
            continue
        setattr(row, name, changed)
        assert (frame_version(scene) != before) == field.seen, name
        setattr(row, name, was)
        tried += 1
    assert tried > 7


@pytest.mark.django_db
@pytest.mark.parametrize("name", [n for n, f in PROJECT.items() if isinstance(f, Choice | Number)])
def test_every_choice_of_a_project_is_saved_named_and_undone(client_of, alice, project, name):
    field, was = PROJECT[name], getattr(project, name)
    client = client_of(alice)
    address = f"/projects/{project.pk}"
    json = {"headers": {"Accept": "application/json"}}
    answer = client.post(f"{address}/save", {name: other(field, was)}, **json).json()
    assert answer["settings"][name] != field.posted(project)
    assert bool(answer["frames"]) == field.seen
    assert answer["steps"]["undo"] == str(field.named).lower()
    client.post(f"{address}/undo", **json)
    project.refresh_from_db()
    assert getattr(project, name) == was
    assert Change.last_done(project, alice) is None


@pytest.mark.django_db
def test_captions_are_the_same_in_the_table_in_the_pipeline_and_for_programs(project):
    given = values_of(project, PROJECT, "captions")
    names = {field.name for field in dataclasses.fields(Captions)}
    assert set(given) == names == set(CaptionsBody.model_fields)
    assert Captions(**given) == Captions()
    assert Captions().look == ("boxed", "bottom")  # the keys of stored films contain this


def test_captions_are_drawn_in_their_size():
    """The letters grow; films from before sizes existed are found again."""
    from rendering.stages import painting, placing
    from rendering.values import Layout, VideoFormat

    heights = []
    for size in ("small", "medium", "large"):
        captions = Captions(True, size=size)
        video = VideoFormat.of("16:9", 720)
        area = placing.captions(Layout(), captions, video)
        heights.append(
            painting.caption("So much for that.", captions, area, video, -1, "studio").rgba.shape[0]
        )
    assert heights[0] < heights[1] < heights[2] < 2 * heights[0]
    assert Captions(True, size="large").look == ("boxed", "bottom", "large")
