"""The captions of a project, one by one: read, written, moved in time, divided and joined."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest
from django.utils.translation import gettext
from ninja import Router, Status

from studio import access
from studio.api.common import READ_PROBLEMS, Problem, invalid, workspace_of
from studio.api.problems import Refusal
from studio.api.projects import answers, bodies
from studio.models import Project, Scene
from studio.projects import cues, editing
from studio.renders import plan

router = Router(tags=["Captions"])


PROBLEMS = dict.fromkeys((400, 401, 404, 409, 413, 415, 422, 429), Problem)


ONE = "/projects/{slug:project_id}/captions/{slug:caption_id}"


def _scenes(project: Project) -> list[tuple[int, Scene]]:
    return list(enumerate(project.live_scenes, start=1))


def _one(
    request: HttpRequest, project_id: str, caption_id: str
) -> tuple[int, Scene, cues.ShownCues, cues.ShownCue]:
    """(number of the scene, the scene, its captions, the caption)."""
    project = access.project(workspace_of(request, "edit"), project_id)
    scene_id, *parts = caption_id.rsplit("-", 3)
    for number, scene in _scenes(project):
        if scene.pk == scene_id:
            shown = answers.shown(scene)
            cue = shown.find("-".join(parts))
            if cue is not None:
                return number, scene, shown, cue
    raise Http404


def _save(
    request: HttpRequest, number: int, scene: Scene, rows: list[dict[str, Any]]
) -> dict[str, Any]:
    """Saves these rows, as a step of whoever made the key. Returns the captions of the scene."""
    by = request.auth.created_by  # type: ignore[attr-defined]
    editing.edit_scene(scene, scene.revision, {"cues": rows}, by)
    return answers.listed([(number, scene)])


@router.get(
    "/projects/{slug:project_id}/captions",
    response={200: answers.CaptionList, **READ_PROBLEMS},
    summary="List the captions of a project",
)
def caption_list(request: HttpRequest, project_id: str) -> Any:
    """In order, with the times within their scene. An id stays valid as long as the caption stands for the same words."""
    project = access.project(workspace_of(request, "see"), project_id)
    return answers.listed(_scenes(project))


@router.patch(
    ONE,
    response={200: answers.CaptionList, **PROBLEMS},
    summary="Change a caption",
)
def caption_update(
    request: HttpRequest, project_id: str, caption_id: str, payload: bodies.CaptionChange
) -> Any:
    """Absent fields stay as they are. Answers with the captions of the scene. Free; what is said does not change."""
    number, scene, _, cue = _one(request, project_id, caption_id)
    start, end = cue.shifts
    rows = cues.changed(
        scene,
        cue,
        cue.own if payload.text is None else payload.text,
        start if payload.start_shift is None else payload.start_shift,
        end if payload.end_shift is None else payload.end_shift,
    )
    return _save(request, number, scene, rows)


@router.delete(
    ONE,
    response={204: None, **READ_PROBLEMS, 409: Problem},
    summary="Let a caption follow the script again",
)
def caption_reset(request: HttpRequest, project_id: str, caption_id: str) -> Any:
    """Its text and times become those of its words. A divided caption stays divided: join the parts."""
    number, scene, _, cue = _one(request, project_id, caption_id)
    _save(request, number, scene, cues.changed(scene, cue, ""))
    return Status(204, None)


@router.post(
    f"{ONE}/split",
    response={200: answers.CaptionList, **PROBLEMS},
    summary="Divide a caption",
)
def caption_split(
    request: HttpRequest, project_id: str, caption_id: str, payload: bodies.CaptionSplit
) -> Any:
    """Makes two captions of one, cut after this many words of its text; its words of the script are divided likewise."""
    number, scene, _, cue = _one(request, project_id, caption_id)
    words = (cue.own or cue.said).split()
    if payload.after >= len(words) > 1:
        raise invalid(
            "after",
            f"The caption has {len(words)} words, so it is cut after word 1 to {len(words) - 1}.",
        )
    caret = len(" ".join(words[: payload.after]))
    rows, _ = cues.divided(scene, cue, " ".join(words), *cue.shifts, caret=caret)
    return _save(request, number, scene, rows)


@router.post(
    f"{ONE}/join",
    response={200: answers.CaptionList, **PROBLEMS},
    summary="Join a caption with the next",
)
def caption_join(request: HttpRequest, project_id: str, caption_id: str) -> Any:
    """Makes one caption of this and the next of its line. 422 if they do not fit into one, or none follows in the line."""
    number, scene, shown, cue = _one(request, project_id, caption_id)
    following = shown.after(cue)
    if following is None:
        raise Refusal(
            "invalid_field",
            gettext("This caption is the last of its line; join the one before it with this one."),
        )
    rows, _ = cues.joined(scene, plan.line_specs(scene), cue, following)
    return _save(request, number, scene, rows)
