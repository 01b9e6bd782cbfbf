"""The sound of a line before it is paid for: made once by the speech worker, played by the page.

The page requests it by POST, then reads by GET what is ready: sentence by sentence while the line
is made, the whole line, exactly as the render will use it, once it is complete.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import wave
from dataclasses import replace

import numpy as np
from django.http import Http404, HttpResponse, JsonResponse
from django.views.decorators.http import require_http_methods, require_POST

from rendering import pipeline, storage, tasks
from rendering.fleet import queue
from rendering.stages import speech
from rendering.values import SAMPLE_RATE, LineSpec, Script, Unavailable, spec_to_json
from studio import access
from studio.access import WorkspaceRequest, in_workspace
from studio.limits import SOUNDS, take
from studio.models import Scene, Voice
from studio.projects import editing
from studio.projects.fields import whole
from studio.renders import plan
from studio.renders.plan import check_length


def line_spec(scene: Scene, number: int) -> LineSpec:
    """A line of the scene as it is spoken. 404 if the scene has no such line."""
    specs = plan.line_specs(scene)
    if not 1 <= number <= len(specs):
        raise Http404
    return specs[number - 1]


LONGEST_SAMPLE = 300  # characters


def opening(scene: Scene, voice: Voice) -> LineSpec | None:
    """How the scene begins, in a voice that may be chosen for it: its first line, of a long one the first words. None if it is empty."""
    scene.voice = voice
    first = next(iter(plan.line_specs(scene)), None)
    if first is None or len(first.text) <= LONGEST_SAMPLE:
        return first
    words = first.text[:LONGEST_SAMPLE].rsplit(maxsplit=1)[0]
    return replace(first, text=words, markup="text" if first.markup == "ssml" else first.markup)


def sound(request: WorkspaceRequest, spec: LineSpec) -> HttpResponse:
    """POST requests the sound; GET says how far it is, or returns ?part=N or ?part=whole of it."""
    script = pipeline.read_script(spec)
    check_length(request.workspace, speech.estimate(script, spec.voice, spec.speed))
    ready = [_cached(script, spec, number) for number in range(len(script.sentences))]
    part = request.GET.get("part")
    if part is not None:
        return _audio(script, spec, part, ready)
    plain = spec_to_json(spec)
    if request.method == "POST" and not all(ready):
        take(SOUNDS, request.workspace.pk)
        tasks.forget_silence(plain)
        tasks.speak_line(plain, urgent=True)
    elif not all(ready) and (sentence := tasks.why_silent(plain)):
        raise Unavailable(sentence, again=True)
    spoken = json.dumps(
        [speech.VERSION, spec.text, spec.voice, spec.speed, spec.markup, spec.dictionary]
    )
    return JsonResponse(
        {
            "ready": ready,
            "whole": all(ready),
            "version": hashlib.sha256(spoken.encode()).hexdigest()[:16],
            "working": all(ready) or queue.working(),
        }
    )


def _cached(script: Script, spec: LineSpec, number: int) -> bool:
    one = replace(script, sentences=script.sentences[number : number + 1])
    return speech.cached(one, spec.voice, speed=spec.speed, pitch=spec.pitch, store=storage.store())


def _audio(script: Script, spec: LineSpec, part: str, ready: list[bool]) -> HttpResponse:
    settings = {"speed": spec.speed, "pitch": spec.pitch, "store": storage.store()}
    # Nothing is spoken in the web process: only what the store holds is read.
    if part == "whole" and all(ready):
        made = speech.run(script, spec.voice, **settings)  # type: ignore[arg-type]
    elif (number := whole(part)) is not None and number < len(ready) and all(ready[: number + 1]):
        parts = speech.sentences(script, spec.voice, **settings)  # type: ignore[arg-type]
        made = next(itertools.islice(parts, number, None))
    else:
        raise Http404
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(np.round(np.clip(made.wav, -1, 1) * 32767).astype("<i2").tobytes())
    answer = HttpResponse(out.getvalue(), content_type="audio/wav")
    answer["Cache-Control"] = "private, max-age=86400"
    return answer


@require_http_methods(["GET", "POST"])
@in_workspace("edit")
def line_sound(request: WorkspaceRequest, scene_id: str, line: int) -> HttpResponse:
    scene = access.scene(request.workspace, scene_id)
    scene.project.workspace = request.workspace
    return sound(request, line_spec(scene, line))


@require_POST
@in_workspace("edit")
def scene_speak(request: WorkspaceRequest, scene_id: str) -> HttpResponse:
    """Typing has stopped: what changed is spoken ahead, behind everything that somebody waits for."""
    scene = access.scene(request.workspace, scene_id)
    editing.speak_ahead(scene)
    return HttpResponse(status=204)
