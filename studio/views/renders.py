"""One render: what it is doing, then what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.cache import cache
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.shortcuts import render as respond
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from moderation.models import LAPSES_AFTER, Case
from rendering import playing, provenance, repair, segments, storage
from rendering.fleet import eta
from rendering.models import Render, Segment, WrongStatus
from rendering.values import STAGES, BadInput, bumpers_from_json
from studio import access
from studio.access import WorkspaceRequest, in_workspace
from studio.links import file_name, file_url
from studio.people.accounts import is_confirmed
from studio.renders import screening
from studio.renders.ordering import request_render, seen_in
from studio.renders.plan import plan_render
from studio.renders.speaking import speaking
from studio.reviews import approval
from studio.views.files import serve

DOING = {
    "script": "Reading the line",
    "speech": "Speaking",
    "alignment": "Timing the words",
    "motion": "Planning lips and head",
    "frames": "Drawing the picture",
    "smoothing": "Measuring the picture",
    "delivery": "Joining, captioning and signing",
}
PLAYS = ("queued", "running")  # renders whose finished lines can be watched
DOWNLOADS = {  # kind of output -> its name on the page
    "video": "Video",
    "credentials": "Content Credentials",
    "srt": "Captions, SRT",
    "vtt": "Captions, WebVTT",
    "transcript": "Transcript",
}


@dataclass(frozen=True)
class Line:
    """A line as the page shows it; start and end are seconds of the video."""

    segment: Segment
    start: float
    end: float
    words: list[tuple[str, float]] = field(default_factory=list)

    @property
    def state(self) -> str:
        if self.segment.kept or self.segment.reused:
            return "kept"
        return self.segment.status

    @property
    def said(self) -> str:
        """Its words without marks; as it was written, as long as it is not spoken."""
        return " ".join(word for word, _ in self.words) or self.segment.text

    @property
    def doing(self) -> str:
        return DOING.get(self.segment.stage, "Starting")


def lines_of(render: Render) -> list[Line]:
    intro = bumpers_from_json(render.bumpers).intro
    lines, start = [], intro.seconds if intro else 0.0
    for segment in render.segments.all():
        end = start + (segment.seconds or segment.estimated_seconds)
        words = [(w[0], start + w[1]) for w in segment.timing.get("words", [])]
        lines.append(Line(segment, start, end, words))
        start = end
    return lines


def stage_of(lines: list[Line]) -> tuple[int, str, Line | None]:
    """(number of seven, words, line) of what is being done: the first running line, else the end."""
    for line in lines:
        if line.segment.status == "running":
            stage = line.segment.stage or "script"
            return STAGES.index(stage) + 1, DOING[stage], line
    if all(line.segment.status == "done" for line in lines):
        return len(STAGES), DOING["delivery"], None
    return 1, "Between two lines", None


def _progress(render: Render, lines: list[Line]) -> dict[str, Any]:
    place = eta.position(render)
    number, doing, at = stage_of(lines)
    fraction = render.progress
    made = sum(line.segment.is_ready for line in lines)
    quarter = int(4 * fraction) * 25
    if render.held_for == "approval":
        spoken = gettext("Held until somebody approves of it.")
    elif render.status == "held":
        spoken = "Held for a person to read."
    elif render.status == "queued":
        spoken = f"Waiting, place {place.position}." if place.working else "Waiting for a worker."
    elif number == len(STAGES):
        spoken = f"{doing}."
    else:
        spoken = f"Rendering the lines, {quarter} percent."
    now = timezone.now()
    quiet = any(
        line.segment.status == "running"
        and line.segment.lease_until
        and line.segment.lease_until < now
        for line in lines
    )
    case = Case.objects.filter(render=render).first() if render.status == "held" else None
    approvers = approval.approvers(render.workspace) if render.needs_approval else []
    lapses_after = approval.LAPSES_AFTER if render.held_for == "approval" else LAPSES_AFTER
    return {
        "place": place,
        "store_trouble": storage.trouble(),
        "stage_number": number,
        "stages": len(STAGES),
        "doing": doing,
        "at": at,
        "fraction": fraction,
        "made": made,
        "spoken": spoken,
        "quiet": quiet,
        "case": case,
        "lapses_at": (render.held_at or render.created_at) + lapses_after,
        "approvers": approvers,
        "approver_names": ", ".join(map(str, approvers)),
    }


def credentials(path: Path) -> Any:
    """The credentials in the file itself, read again when the file has changed."""
    stat = path.stat()
    key = f"credentials:{path.name}:{stat.st_mtime_ns}:{stat.st_size}"
    return cache.get_or_set(key, lambda: provenance.read(path, settings.C2PA_DIR), 3600)


def _delivery(request: WorkspaceRequest, render: Render) -> dict[str, Any]:
    """Links to the files of a finished render. Playing is free; a download needs a confirmed address."""
    confirmed = is_confirmed(request.user)
    outputs = {output["kind"]: output for output in render.outputs}
    first = render.segments.values_list("spec__language", "spec__captions__burn_in").first()
    language, burnt = first or (None, False)
    context: dict[str, Any] = {
        "confirmed": confirmed,
        "downloads": [],
        "language": language or "en",
        "captions_burnt": burnt,
    }
    for kind, output in outputs.items():
        name = file_name(render.title, output["suffix"])
        context[f"{kind}_url"] = file_url(output["key"], output["suffix"], name)
        if kind in DOWNLOADS:
            link = file_url(output["key"], output["suffix"], name, download=True)
            context["downloads"].append((DOWNLOADS[kind], output, link if confirmed else ""))
    video = outputs.get("video")
    path = storage.store().find(video["key"], video["suffix"]) if video else None
    context["credentials"] = found = credentials(path) if path else {}
    context["signed_at"] = parse_datetime(found.get("created_at") or "")
    context["repairing"] = repair.is_running(render)
    context["damaged"] = repair.is_damaged(render)
    context["gone"] = path is None and not context["damaged"]
    context["speaking"] = speaking(render.quality)
    return context


def _again(render: Render) -> dict[str, Any]:
    """What a new render of the project would cost now, or why there can be none."""
    if render.project.removed_at:
        return {}
    try:
        plan = plan_render(render.project, mode=render.mode)
    except BadInput as problem:
        return {"again_problem": problem.sentence}
    reading = screening.read(render.project, plan.lines)
    if reading.refused:
        return {"refused": reading, "plan": plan}
    return {"again": plan}


def _uncharged(render: Render, lines: list[Line]) -> int:
    """Seconds of a finished film beyond its quote."""
    if render.status != "done" or not render.quoted:
        return 0
    return max(0, sum(line.segment.credit_seconds or 0 for line in lines) - render.quoted)


def _context(request: WorkspaceRequest, render: Render) -> dict[str, Any]:
    lines = lines_of(render)
    context = {
        "render": render,
        "project": None if render.project.removed_at else render.project,
        "cost": render.cost,
        "lines": lines,
        "kept": sum(line.state == "kept" for line in lines),
        "plays": PLAYS,
        "uncharged": _uncharged(render, lines),
    }
    if render.status == "done":
        return context | _delivery(request, render)
    if not render.is_over:
        return context | _progress(render, lines)
    return context | _again(render)


@require_safe
@in_workspace("see")
def render_detail(request: WorkspaceRequest, render_id: str) -> HttpResponse:
    render = access.render(request.workspace, render_id)
    return respond(request, "studio/render_detail.html", _context(request, render))


@require_safe
@in_workspace("see")
def render_progress(request: WorkspaceRequest, render_id: str) -> HttpResponse:
    render = access.render(request.workspace, render_id)
    context = {**_context(request, render), "alone": True}  # so the balance comes along
    return respond(request, "studio/render_detail.html#progress", context)


@require_safe
@in_workspace("see")
def render_download(request: WorkspaceRequest, render_id: str) -> HttpResponse:
    """The finished file, by an address that does not expire: it leads to one that does. In result files of batches."""
    render = access.render(request.workspace, render_id)
    video = next((output for output in render.outputs if output["kind"] == "video"), None)
    if render.status != "done" or video is None:
        messages.info(request, gettext("There is no finished film to download yet."))
        return redirect("render_detail", render.pk)
    if not is_confirmed(request.user):
        messages.info(request, gettext("Confirm your e-mail address before the first download."))
        return redirect("render_detail", render.pk)
    name = file_name(render.title, video["suffix"])
    return redirect(file_url(video["key"], video["suffix"], name, download=True))


def _finished_line(request: WorkspaceRequest, render_id: str, position: int) -> Segment:
    """A line that can be watched: its film is ready, and its video is being made."""
    render = access.render(request.workspace, render_id)
    line = get_object_or_404(render.segments, position=position)
    if render.status not in PLAYS or not line.is_ready:
        raise Http404
    line.render = render
    return line


@require_safe
@in_workspace("see")
def line_play(request: WorkspaceRequest, render_id: str, position: int) -> HttpResponse:
    """The player of one line: a page of its own, or a piece of the render's."""
    line = _finished_line(request, render_id, position)
    part = "#player" if request.htmx else ""  # type: ignore[attr-defined]
    return respond(request, f"studio/line_play.html{part}", {"line": line, "render": line.render})


@require_safe
@in_workspace("see")
def line_film(request: WorkspaceRequest, render_id: str, position: int) -> HttpResponseBase:
    """The film that the player plays: only to members who are signed in, and not cached by browsers."""
    line = _finished_line(request, render_id, position)
    if request.headers.get("Sec-Fetch-Dest") == "document":  # opened by itself it could be saved
        return redirect("line_play", render_id, position)
    found = segments.stored(line.key, storage.store())
    if found is None:
        raise Http404
    path = playing.film(found, settings.PLAYING_DIR)
    answer = serve(request, path, f"line-{position}{path.suffix}", download=False)
    answer["Cache-Control"] = "private, no-store"
    return answer


@require_POST
@in_workspace("render")
def render_cancel(request: WorkspaceRequest, render_id: str) -> HttpResponse:
    render = access.render(request.workspace, render_id)
    try:
        render.cancel()
    except WrongStatus:
        messages.info(request, "It had ended already, so there was nothing to cancel.")
    return redirect("render_progress" if request.htmx else "render_detail", render.pk)  # type: ignore[attr-defined]


@require_POST
@in_workspace("render")
def render_mend(request: WorkspaceRequest, render_id: str) -> HttpResponse:
    """Makes a damaged film again from its stored lines, free of charge."""
    render = access.render(request.workspace, render_id)
    repair.ask(render)
    return redirect("render_detail", render.pk)


@require_POST
@in_workspace("render")
def render_retry(request: WorkspaceRequest, render_id: str) -> HttpResponse:
    """Requests a new render of the project as it is now, for no more than the page said."""
    render = access.render(request.workspace, render_id)
    project = access.project(request.workspace, render.project_id)
    new = request_render(
        project,
        by=request.user,
        mode=render.mode,
        codec=render.codec,
        seen=seen_in(request.POST, render.mode),
        one=True,
    )
    return redirect("render_detail", new.pk)
