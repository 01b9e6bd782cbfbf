"""Templates: a project is saved with gaps for its variables; values fill the gaps, and a new project comes of it.

A gap is {{name}}. In texts it stands among other words; where something is chosen (an avatar, a voice, a colour, a picture) it
stands for the whole choice. A scene of a template that ships may say what it has `without_picture`, where none was chosen. What
came of filling is cleaned by the forms of the editor, so a template can make nothing that a person could not.
"""

from __future__ import annotations

import difflib
import html
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from rendering.values import BadInput
from studio.errors import VariablesInvalid
from studio.models import Avatar, Picture, Project, Scene, Template, User, Voice, Workspace
from studio.models.fields import PROJECT, SCENE, Colour, Likeness, Upload
from studio.models.projects import new_seed
from studio.projects import brand, overlays
from studio.projects.fields import project_settings, settings_of
from studio.projects.forms import ProjectForm, SceneForm
from studio.storable import holds_unstorable

GAP = re.compile(r"\{\{ *([A-Za-z](?:[A-Za-z0-9_ -]{0,38}[A-Za-z0-9])?) *\}\}")
TYPES = {
    "text": _("Text"),
    "number": _("Number"),
    "url": _("Web address"),
    "color": _("Colour"),
    "image": _("Picture"),
    "avatar": _("Avatar"),
    "voice": _("Voice"),
}
IN_TEXTS = ("text", "number", "url")
"""Types whose values stand among words; the others are choices."""
MOST_TEMPLATES, MOST_VARIABLES = 200, 40
LONGEST_VALUE, USUAL_VALUE, LONGEST_URL = 2_000, 200, 500
MOST_CHOICES = 50
NUMBER = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,9})?\Z")

Value = str | int | float | None


@dataclass(frozen=True)
class Variable:
    """What may be different in each video that is made from a template."""

    name: str
    type: str = "text"
    required: bool = False
    default: str = ""
    max_length: int | None = None
    choices: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        return self.name.replace("_", " ").capitalize()

    @property
    def type_name(self) -> str:
        return str(TYPES[self.type])

    @property
    def longest(self) -> int:
        """Characters of a text."""
        return LONGEST_URL if self.type == "url" else self.max_length or USUAL_VALUE

    def stored(self) -> dict[str, Any]:
        return {**self.__dict__, "choices": list(self.choices)}


def variables_of(template: Template) -> list[Variable]:
    return [Variable(**{**row, "choices": tuple(row["choices"])}) for row in template.variables]


# -- gaps ----------------------------------------------------------------------------------------


def named(text: str) -> str:
    """The name of the variable that a gap stands for: {{First name}} is first_name."""
    return re.sub(r"[ -]+", "_", text).lower()


def _is_choice(field: Any) -> bool:
    return isinstance(field, Colour | Likeness) or (
        isinstance(field, Upload) and field.kind == "picture"
    )


def _texts(content: Mapping[str, Any]) -> Iterator[str]:
    """The texts of a content in which gaps stand among words, in the order of reading."""
    yield content["project"]["title"]
    for scene in content["scenes"]:
        yield from (scene[name] for name in ("title", "script", "heading", "body"))
        yield from (row["text"] for row in scene["overlays"])


def gaps(content: Mapping[str, Any]) -> list[str]:
    """Names of the variables in the texts, each once, in the order of reading."""
    found = [named(gap) for text in _texts(content) for gap in GAP.findall(text)]
    return list(dict.fromkeys(found))


CHOICES: dict[str, tuple[str, Any]] = {
    "avatar": ("avatar", _("Who speaks")),
    "voice": ("voice", _("The voice")),
    "background_color": ("color", _("The background colour")),
    "picture": ("image", _("The background picture")),
    "logo": ("image", _("The logo")),
}
"""What of a project's look may be a variable, by the names of the columns: its type, and what people call it."""


def open_choices(project: Project, scenes: Sequence[Scene]) -> list[str]:
    """The choices that can become variables of a template of this project, by their columns."""
    found = ["avatar", "voice"]
    if any(scene.background in ("color", "gradient") for scene in scenes):
        found.append("background_color")
    if any(scene.background == "picture" for scene in scenes):
        found.append("picture")
    return [*found, "logo"]


# -- a project becomes a template ----------------------------------------------------------------


def content_of(project: Project, choices: Sequence[str] = ()) -> dict[str, Any]:
    """The project as forms post it. choices: columns whose value becomes a gap of the same name."""
    fields = project_settings(project)
    scenes = []
    for scene in project.live_scenes:
        posted: dict[str, Any] = settings_of(scene)
        if not scene.voice_by_hand and scene.usual_voice is not None:
            posted["voice"] = ""  # the avatar's own, whoever that will be
        posted["overlays"], posted["cues"] = scene.overlays, scene.cues
        for name in choices:
            if name in posted:
                posted[name] = f"{{{{{name}}}}}"
                if name == "voice":
                    posted["voice_by_hand"] = "1"
        scenes.append(posted)
    if "logo" in choices:
        fields["logo"] = "{{logo}}"
    return {"project": fields, "scenes": scenes}


def default_of(project: Project, name: str) -> str:
    """The value that a choice has in the first scene, or in the project."""
    first = project.live_scenes.first()
    row = project if name in PROJECT else first
    field = PROJECT.get(name) or SCENE[name]
    return str(field.posted(row)) if row is not None else ""


def save(
    project: Project,
    *,
    name: str,
    description: str,
    variables: Sequence[Variable],
    choices: Sequence[str],
    by: User | None,
) -> Template:
    """Saves the project as a template; one that was saved from it before is replaced. Raises BadInput, VariablesInvalid."""
    workspace, content = project.workspace, content_of(project, choices)
    if not content["scenes"]:
        raise BadInput(gettext("This project has no scene; add one first."), code="script_empty")
    check_variables(variables, workspace)
    missing = set(gaps(content)) - {variable.name for variable in variables}
    if missing:
        sentence = gettext("The project has changed: it now has the gap {gap}. Check it again.")
        raise BadInput(sentence.format(gap=f"{{{{{min(missing)}}}}}"))
    fields = {
        "name": name,
        "description": description,
        "content": content,
        "variables": [variable.stored() for variable in variables],
        "touched_at": timezone.now(),
    }
    with transaction.atomic():
        Workspace.objects.select_for_update().get(pk=workspace.pk)
        rows = Template.objects.filter(workspace=workspace, removed_at=None)
        earlier = rows.filter(project=project)
        if earlier.update(**fields, revision=F("revision") + 1):
            return earlier.get()
        if rows.count() >= MOST_TEMPLATES:
            sentence = gettext("There are {most} templates already; remove one first.")
            raise BadInput(sentence.format(most=MOST_TEMPLATES), code="template_limit")
        return Template.objects.create(
            workspace=workspace, project=project, created_by=by, **fields
        )


def check_variables(variables: Sequence[Variable], workspace: Workspace | None) -> None:
    """Raises BadInput for variables that cannot be used, VariablesInvalid for a default that does not fit."""
    if len(variables) > MOST_VARIABLES:
        sentence = gettext("A template takes at most {most} variables; this one has {count}.")
        raise BadInput(sentence.format(most=MOST_VARIABLES, count=len(variables)))
    errors = []
    for variable in variables:
        try:
            if variable.default:
                _checked(variable, variable.default, workspace)
        except BadInput as problem:
            errors.append(_error(f"{variable.name}.default", problem))
    if errors:
        raise VariablesInvalid(errors)


# -- values --------------------------------------------------------------------------------------


def check(
    variables: Sequence[Variable], values: Mapping[str, Value], workspace: Workspace
) -> dict[str, str]:
    """Every variable with the text that fills its gaps; empty for none. Raises VariablesInvalid with all that is wrong."""
    known, errors, found = {row.name for row in variables}, [], {}
    for name in values:
        if name not in known:
            errors.append(_error(name[:80], BadInput(_unknown(name, known), code="unknown_field")))
    for variable in variables:
        value = values.get(variable.name)
        if value is None or (isinstance(value, str) and not value.strip()):
            value = variable.default
        try:
            found[variable.name] = _checked(variable, value, workspace)
        except BadInput as problem:
            errors.append(_error(variable.name, problem))
    if errors:
        raise VariablesInvalid(errors)
    return found


def _unknown(name: str, known: set[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    said = gettext("The template has no variable {name}.").format(name=name[:80])
    if near:
        return f"{said} " + gettext("Did you mean {near}?").format(near=near[0])
    listed = ", ".join(sorted(known)) or gettext("none")
    return f"{said} " + gettext("It has: {names}.").format(names=listed)


def _error(name: str, problem: BadInput) -> dict[str, str]:
    code = problem.code if problem.code == "unknown_field" else "variable_invalid"
    return {"path": f"variables.{name}", "code": code, "message": problem.sentence}


def _checked(variable: Variable, value: Value, workspace: Workspace | None) -> str:
    """The text that fills the gaps of this variable. Raises BadInput."""
    if isinstance(value, bool) or (isinstance(value, float) and not math.isfinite(value)):
        raise BadInput(gettext("{name} is neither a text nor a number.").format(name=variable.name))
    if not isinstance(value, str) and value is not None and variable.type != "number":
        sentence = gettext("{name} is a text; put it in quotation marks.")
        raise BadInput(sentence.format(name=variable.name))
    text = "" if value is None else " ".join(str(value).split())
    if holds_unstorable(text):
        sentence = gettext("{name} holds a character that cannot be stored; remove it.")
        raise BadInput(sentence.format(name=variable.name))
    if not text:
        if variable.required:
            raise BadInput(gettext("{name} is missing.").format(name=variable.name))
        return ""
    if variable.choices and text not in variable.choices:
        listed = ", ".join(variable.choices[:10])
        sentence = gettext("{name} is one of these: {choices}.")
        raise BadInput(sentence.format(name=variable.name, choices=listed))
    return CHECKS[variable.type](variable, text, workspace)


def _text(variable: Variable, text: str, workspace: Workspace | None) -> str:
    if len(text) > variable.longest:
        sentence = gettext("{name} has {count:,} characters; at most {most:,} fit. Shorten it.")
        raise BadInput(sentence.format(name=variable.name, count=len(text), most=variable.longest))
    return text


def _number(variable: Variable, text: str, workspace: Workspace | None) -> str:
    if not NUMBER.match(text):
        sentence = gettext("{name} is no number: write it in digits, such as 12 or 3.5.")
        raise BadInput(sentence.format(name=variable.name))
    return text


def _url(variable: Variable, text: str, workspace: Workspace | None) -> str:
    try:
        parts = urlsplit(_text(variable, text, workspace))
        good = parts.scheme in ("http", "https") and "." in (parts.hostname or "")
    except ValueError:
        good = False
    if not good or " " in text:
        sentence = gettext("{name} is no web address: write it as https://example.com.")
        raise BadInput(sentence.format(name=variable.name))
    return text


def _color(variable: Variable, text: str, workspace: Workspace | None) -> str:
    if not re.fullmatch("#[0-9a-fA-F]{6}", text):
        sentence = gettext("{name} is no colour: write # and six digits, such as #e9e4dc.")
        raise BadInput(sentence.format(name=variable.name))
    return text.lower()


def _image(variable: Variable, text: str, workspace: Workspace | None) -> str:
    rows = Picture.objects.filter(Q(pk=text) | Q(name=text), removed_at=None, workspace=workspace)
    found = rows.order_by("-created_at").values_list("pk", flat=True).first()
    if found is None:
        sentence = gettext("{name}: there is no picture {value}; upload it first.")
        raise BadInput(sentence.format(name=variable.name, value=text[:80]))
    return str(found)


def _likeness(variable: Variable, text: str, workspace: Workspace | None) -> str:
    model: type[Avatar] | type[Voice] = Avatar if variable.type == "avatar" else Voice
    rows: Any = model.offered_to(workspace) if workspace else model.objects.filter(workspace=None)
    found = rows.filter(Q(pk=text) | Q(slug=text) | Q(name__iexact=text)).first()
    if found is None:
        slugs = list(rows.values_list("slug", flat=True))
        near = difflib.get_close_matches(text.lower(), slugs, n=1)
        sentence = gettext("{name}: nobody here is called {value}.")
        said = sentence.format(name=variable.name, value=text[:80])
        hint = f" {gettext('Did you mean {near}?').format(near=near[0])}" if near else ""
        raise BadInput(said + hint)
    return str(found.slug)


CHECKS = {
    "text": _text,
    "number": _number,
    "url": _url,
    "color": _color,
    "image": _image,
    "avatar": _likeness,
    "voice": _likeness,
}


# -- a template becomes a project ----------------------------------------------------------------


def plain_in(text: str, markup: str) -> str:
    """The text so that a script of this markup says it as it is: it marks up nothing."""
    if markup == "ssml":
        return html.escape(text)
    if markup == "text":
        return text.replace("[", "(").replace("]", ")")  # where plain text has pauses
    marked = re.sub(r"([\\`*_~\[\]<]|&(?=#?\w+;)|^[#>+-])", r"\\\1", text)
    return re.sub(r"^(\d{1,9})([.)] )", r"\1\\\2", marked)


def _filled(text: str, values: Mapping[str, str], markup: str = "") -> str:
    """The text with its gaps filled, in one pass: what a value holds is no gap. A gap of no variable stays."""

    def fill(match: re.Match[str]) -> str:
        value = values.get(named(match[1]))
        if value is None:
            return match[0]
        return plain_in(value, markup) if markup else value

    return GAP.sub(fill, text)


def fill(
    template: Template, workspace: Workspace, values: Mapping[str, Value]
) -> tuple[Project, list[Scene]]:
    """A project that is not saved yet, with its scenes. Raises VariablesInvalid, BadInput."""
    said = check(variables_of(template), values, workspace)
    return made(template.content, workspace, said)


def made(
    content: Mapping[str, Any], workspace: Workspace, said: Mapping[str, str]
) -> tuple[Project, list[Scene]]:
    """The project of a content whose gaps are filled. said: checked values."""
    posted = {name: _filled(value, said) for name, value in content["project"].items()}
    posted["title"] = posted["title"][: PROJECT["title"].most].strip() or "Untitled"
    try:
        project = Project(
            workspace=workspace, seed=new_seed(), **ProjectForm(posted, workspace).changes()
        )
    except BadInput as problem:
        raise _at("", problem) from None
    scenes = []
    for number, scene in enumerate(content["scenes"]):
        try:
            scenes.append(_scene(project, number + 1, scene, said))
        except BadInput as problem:
            raise _at(f"scenes[{number}].", problem) from None
    brand.dress(project, scenes, chosen=True)
    return project, scenes


def _at(path: str, problem: BadInput) -> BadInput:
    """The problem with its place in the template."""
    field = problem.where.get("field") or problem.where.get("path") or ""
    return BadInput(problem.sentence, code=problem.code, path=f"{path}{field}")


def _scene(
    project: Project, position: int, content: Mapping[str, Any], said: Mapping[str, str]
) -> Scene:
    workspace, markup = project.workspace, content["markup"]
    if not _filled(content["picture"], said):
        content = {**content, **content.get("without_picture", {})}
    posted = {
        name: _filled(value, said, markup if name == "script" else "")
        for name, value in content.items()
        if name not in ("overlays", "cues", "without_picture")
    }
    posted["title"] = posted["title"][: SCENE["title"].most]
    if not posted["avatar"]:
        first = Avatar.offered_to(workspace).filter(workspace=None, of="").first()
        posted["avatar"] = first.slug if first else ""
    laid = []
    for row in content["overlays"]:
        asset = _filled(row["asset_id"], said)
        text = _filled(row["text"], said)
        if asset or text.strip():  # what shows nothing is left out
            laid.append({**row, "text": text, "asset_id": asset})
    edited = content["cues"]
    if posted["script"] != content["script"] and (laid or edited):
        was = overlays.words_of(content["script"], markup)
        now = overlays.words_of(posted["script"], markup)
        laid, edited = overlays.moved(laid, was, now), overlays.moved(edited, was, now)
    form = {**posted, "overlays": json.dumps(laid), "cues": json.dumps(edited)}
    fields = SceneForm(form, workspace).changes()
    if fields["voice"] is None:
        offered = Voice.offered_to(workspace)
        own = offered.filter(slug=fields["avatar"].voice_slug).first()
        fields["voice"], fields["voice_by_hand"] = own or offered.first(), False
    return Scene(project=project, position=position, **fields)


def start(
    template: Template, workspace: Workspace, values: Mapping[str, Value], by: User | None
) -> Project:
    """A project made from the template, saved. Raises VariablesInvalid, BadInput."""
    project, scenes = fill(template, workspace, values)
    project.created_by = by
    with transaction.atomic():
        project.save(force_insert=True)
        Scene.objects.bulk_create(scenes)
    return project
