"""Templates: the shelf, the page of one, saved from a project, started from."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.contrib import messages
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from rendering.values import BadInput
from studio import access
from studio.access import WorkspaceRequest, in_workspace
from studio.errors import VariablesInvalid
from studio.library import uploads
from studio.limits import PROJECTS, take
from studio.models import Avatar, Picture, Project, Template, Voice, Workspace
from studio.models.fields import LINEN
from studio.people.roles import allows
from studio.projects import templates
from studio.projects.fields import whole
from studio.projects.templates import Variable
from studio.views.frames import still

POSTER = 960  # pixels across
PAUSE = re.compile(r" ?\[pause [0-9.]+\]")
"""Not among what is said."""
MOST_PICTURES = 100  # offered for a variable
USUAL = {"color": LINEN}  # a field for a colour is never empty


def poster_url(template: Template) -> str:
    """Those that ship have theirs as a file (manage.py templates); others are drawn when they are first looked at."""
    if template.slug:
        return staticfiles_storage.url(f"templates/{template.slug}.webp")
    address = reverse("template_poster", args=[template.pk])
    return f"{address}?v={template.revision}"


def with_posters(rows: list[Template]) -> list[Template]:
    for row in rows:
        row.poster_url = poster_url(row)  # type: ignore[attr-defined]
        row.count = len(row.variables)  # type: ignore[attr-defined]
    return rows


@require_safe
@in_workspace("see")
def template_list(request: WorkspaceRequest) -> HttpResponse:
    rows = with_posters(list(Template.offered_to(request.workspace)))
    context = {
        "own": [row for row in rows if row.workspace_id],
        "shipped": [row for row in rows if not row.workspace_id],
    }
    return render(request, "studio/template_list.html", context)


def samples(template: Template, workspace: Workspace) -> dict[str, str]:
    """Values for a picture of the template: each default, or else the name of its variable."""
    found = {}
    for variable in templates.variables_of(template):
        text = variable.default or (variable.label if variable.type == "text" else "")
        if not text and variable.type in ("number", "url"):
            text = {"number": "12", "url": "https://example.com"}[variable.type]
        if variable.type in ("image", "avatar", "voice", "color"):
            try:
                only = [Variable(variable.name, variable.type)]
                text = templates.check(only, {variable.name: text}, workspace)[variable.name]
            except VariablesInvalid:  # it was removed since
                text = ""
        found[variable.name] = text
    return found


@require_safe
@in_workspace("see")
def template_poster(request: WorkspaceRequest, template_id: str) -> HttpResponse:
    """Its first scene, with its defaults."""
    template = access.template(request.workspace, template_id)
    if template.slug:
        return redirect(poster_url(template))
    try:
        said = samples(template, request.workspace)
        _, scenes = templates.made(template.content, request.workspace, said)
        path = still(scenes[0], POSTER)
    except BadInput:
        raise Http404 from None
    answer = HttpResponse(path.read_bytes(), content_type="image/jpeg")
    fresh = whole(request.GET.get("v")) == template.revision
    age = "max-age=86400" if fresh else "no-cache"
    answer["Cache-Control"] = f"private, {age}"
    return answer


# -- one template --------------------------------------------------------------------------------


@dataclass
class Asked:
    """A variable as the page asks for it."""

    variable: Variable
    value: str
    options: list[tuple[str, str]]
    error: str = ""


def _options(variable: Variable, workspace: Workspace) -> list[tuple[str, str]]:
    """(value, name) of what can be chosen; none for a field to write in."""
    if variable.choices:
        return [(choice, choice) for choice in variable.choices]
    if variable.type == "image":
        rows = Picture.objects.filter(workspace=workspace, removed_at=None)[:MOST_PICTURES]
        return [(row.pk, row.name) for row in rows]
    if variable.type == "avatar":
        faces = Avatar.offered_to(workspace)
        return [(row.slug, f"{row.name}, {row.look}" if row.look else row.name) for row in faces]
    if variable.type == "voice":
        return [(row.slug, row.name) for row in Voice.offered_to(workspace)]
    return []


def _asked(
    template: Template, workspace: Workspace, sent: dict[str, str], errors: list[dict[str, str]]
) -> list[Asked]:
    wrong = {error["path"].removeprefix("variables."): error["message"] for error in errors}
    return [
        Asked(
            variable,
            sent.get(variable.name, variable.default) or USUAL.get(variable.type, ""),
            _options(variable, workspace),
            wrong.get(variable.name, ""),
        )
        for variable in templates.variables_of(template)
    ]


def pieces(text: str) -> list[tuple[str, str]]:
    """The text in pieces: ("", words) and ("gap", name of its variable, as people read it)."""
    found, at = [], 0
    for match in templates.GAP.finditer(text):
        found += [
            ("", text[at : match.start()]),
            ("gap", templates.named(match[1]).replace("_", " ")),
        ]
        at = match.end()
    return [piece for piece in [*found, ("", text[at:])] if piece[1]]


def _page(
    request: WorkspaceRequest,
    template: Template,
    sent: dict[str, str] | None = None,
    errors: list[dict[str, str]] | None = None,
    problem: str = "",
) -> HttpResponse:
    workspace = request.workspace
    with_posters([template])
    context = {
        "template": template,
        "asked": _asked(template, workspace, sent or {}, errors or []),
        "problem": problem,
        "scenes": [
            (
                scene["title"],
                [pieces(line) for line in PAUSE.sub("", scene["script"]).split("\n\n")],
            )
            for scene in template.content["scenes"]
        ],
        "may_edit": allows(request.membership.role, "edit"),
    }
    status = 422 if errors or problem else 200
    return render(request, "studio/template_detail.html", context, status=status)


@require_safe
@in_workspace("see")
def template_detail(request: WorkspaceRequest, template_id: str) -> HttpResponse:
    return _page(request, access.template(request.workspace, template_id))


def _sent(request: WorkspaceRequest, template: Template) -> dict[str, str]:
    """The values of the form; a picture that was sent with it is added to the workspace first."""
    found = {}
    for variable in templates.variables_of(template):
        found[variable.name] = request.POST.get(variable.name, "")
        file = request.FILES.get(variable.name)
        if variable.type == "image" and isinstance(file, UploadedFile):
            found[variable.name] = uploads.take_in(request.workspace, file, "image").pk
    return found


@require_POST
@in_workspace("edit")
def template_start(request: WorkspaceRequest, template_id: str) -> HttpResponse:
    """A project with these values, opened in the editor."""
    workspace = request.workspace
    template = access.template(workspace, template_id)
    take(PROJECTS, workspace.pk)
    sent = _sent(request, template)
    try:
        project = templates.start(template, workspace, sent, request.user)
    except VariablesInvalid as wrong:
        return _page(request, template, sent, wrong.errors)
    except BadInput as wrong:
        return _page(request, template, sent, problem=wrong.sentence)
    return redirect("project_edit", project.pk)


@require_POST
@in_workspace("edit")
def template_remove(request: WorkspaceRequest, template_id: str) -> HttpResponse:
    template = access.own_template(request.workspace, template_id)
    template.remove()
    sentence = gettext("“{name}” is removed. Projects and videos made from it stay.")
    messages.success(request, sentence.format(name=template.name))
    return redirect("template_list")


# -- a project becomes one -----------------------------------------------------------------------


@dataclass
class Gap:
    """A gap of the project's texts, as the page asks about it."""

    variable: Variable
    error: str = ""

    @property
    def choices(self) -> str:
        return ", ".join(self.variable.choices)

    @property
    def limited(self) -> bool:
        """Whether it has limits of its own, which the page then shows."""
        longest = self.variable.longest not in (templates.USUAL_VALUE, templates.LONGEST_URL)
        return longest or bool(self.variable.choices)


def _read_gap(request: HttpRequest, name: str) -> Variable:
    """The variable as the form describes it."""
    sent = request.POST
    kind = sent.get(f"type-{name}", "text")
    longest = whole(sent.get(f"longest-{name}")) or templates.USUAL_VALUE
    choices = [" ".join(part.split()) for part in sent.get(f"choices-{name}", "").split(",")]
    kept = tuple(dict.fromkeys(part[: templates.LONGEST_VALUE] for part in choices if part))
    return Variable(
        name,
        kind if kind in templates.IN_TEXTS else "text",
        required=bool(sent.get(f"required-{name}")),
        default=" ".join(sent.get(f"default-{name}", "").split()),
        max_length=min(max(longest, 1), templates.LONGEST_VALUE),
        choices=kept[: templates.MOST_CHOICES],
    )


@require_http_methods(["GET", "HEAD", "POST"])
@in_workspace("edit")
def template_save(request: WorkspaceRequest, project_id: str) -> HttpResponse:
    """Asks which gaps the template has and what may fill them, then saves it."""
    workspace = request.workspace
    project = access.project(workspace, project_id)
    earlier = Template.objects.filter(project=project, removed_at=None).first()
    known = {row.name: row for row in templates.variables_of(earlier)} if earlier else {}
    names = templates.gaps(templates.content_of(project))
    offered = templates.open_choices(project, list(project.live_scenes))
    posted = request.method == "POST"
    open_now = [
        name for name in offered if (request.POST.get(f"open-{name}") if posted else name in known)
    ]
    rows = [
        Gap(_read_gap(request, name) if posted else known.get(name, Variable(name, required=True)))
        for name in names
    ]
    name = earlier.name if earlier else templates.GAP.sub("…", project.title)
    description = earlier.description if earlier else ""
    problem = ""
    if posted:
        name = " ".join(request.POST.get("name", "").split())[:200]
        description = " ".join(request.POST.get("description", "").split())[:400]
        try:
            if not name:
                raise BadInput(gettext("Give the template a name."), code="missing_field")
            made = templates.save(
                project,
                name=name,
                description=description,
                variables=[row.variable for row in rows] + _opened(project, open_now),
                choices=open_now,
                by=request.user,
            )
            return redirect("template_detail", made.pk)
        except VariablesInvalid as wrong:
            for error in wrong.errors:
                for row in rows:
                    if error["path"] == f"variables.{row.variable.name}.default":
                        row.error = error["message"]
        except BadInput as wrong:
            problem = wrong.sentence
    context = {
        "project": project,
        "earlier": earlier,
        "name": name,
        "description": description,
        "rows": rows,
        "types": [(key, templates.TYPES[key]) for key in templates.IN_TEXTS],
        "offered": [(key, templates.CHOICES[key][1], key in open_now) for key in offered],
        "longest": templates.LONGEST_VALUE,
        "problem": problem,
    }
    wrong_page = problem or any(row.error for row in rows)
    return render(request, "studio/template_save.html", context, status=422 if wrong_page else 200)


def _opened(project: Project, names: list[str]) -> list[Variable]:
    """Variables of the choices that are left open; what the project has now stands where nothing else is chosen."""
    return [
        Variable(name, templates.CHOICES[name][0], default=templates.default_of(project, name))
        for name in names
    ]
