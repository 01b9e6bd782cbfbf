"""The captions of a project, one by one: read, written, moved in time, divided and joined."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest
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
    scene_id, *places = caption_id.rsplit("-", 3)
    for number, scene in _scenes(project):
        if scene.pk == scene_id:
            shown = answers.shown(scene)
            cue = shown.find("-".join(places))
            if cue is not None:
                return number, scene, shown, cue
    raise Http404


def _save(
    request: HttpRequest, number: int, scene: Scene, rows: list[dict[str, Any]]
) -> dict[str, Any]:
    """The captions of the scene, with these rows kept as a step of whoever made the key."""
    by = request.auth.created_by  # type: ignore[attr-defined]
    editing.edit_scene(scene, scene.revision, {"cues": rows}, by)
    return answers.listed([(number, scene)])


@router.get(
    "/projects/{slug:project_id}/captions",
    response={200: answers.CaptionList, **READ_PROBLEMS},
    summary="List the captions of a project",
)
def caption_list(request: HttpRequest, project_id: str) -> Any:
    """In order, with the times within their scene. An id holds as long as the caption stands for the same words."""
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
    """What is absent stays. Answers with the captions of the scene. Free; what is said stays as it is."""
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
    """Its text and times become those of its words. Where it was divided it stays so: join the parts."""
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
    """Two captions of one, cut after so many words of its text; words of the script are shared out as the text is."""
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
    """One caption of this and the next of its line. 422 where they do not fit into one, or the line ends here."""
    number, scene, shown, cue = _one(request, project_id, caption_id)
    following = shown.after(cue)
    if following is None:
        raise Refusal(
            "invalid_field",
            "The line ends with this caption, so it has none to be joined with.",
        )
    rows, _ = cues.joined(scene, plan.line_specs(scene), cue, following)
    return _save(request, number, scene, rows)
