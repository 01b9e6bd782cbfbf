"""What a render of a project would make, cost and take: read, never written."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from django.conf import settings

from rendering import eta, pipeline, queue, scheduling
from rendering.models import Segment
from rendering.stages import lettering
from rendering.stages import script as script_stage
from rendering.values import BadInput, LineSpec, Script, Warn
from studio import composition, cues, overlays
from studio.models import Avatar, Project, Scene, Voice, Workspace

MAX_CHARACTERS = 20_000
MAX_LINES = 300
DRAFT_HEIGHT = 360


@dataclass(frozen=True)
class PlannedLine:
    """A line of a project as it would be rendered now."""

    scene: Scene
    avatar: Avatar
    voice: Voice
    scene_number: int
    line_number: int
    chapter: str
    text: str
    spec: LineSpec
    line_key: str
    seconds: float
    paid: bool  # a delivered render of this project held it
    exact: bool  # its speech is made already, so its length is known
    key: str = ""  # of its film in the store, as far as it is known
    kept: bool = False  # the store holds its film
    warnings: tuple[Warn, ...] = ()


@dataclass(frozen=True)
class Plan:
    """What a render of the project would make, cost and take."""

    lines: tuple[PlannedLine, ...]
    seconds: float
    quoted: int  # credit-seconds, never exceeded
    lane: str
    wait_seconds: float
    warnings: list[dict[str, Any]] = field(default_factory=list)

    @property
    def changed(self) -> int:
        return sum(not line.paid for line in self.lines)


def dictionary_of(workspace: Workspace) -> tuple[tuple[str, str, str], ...]:
    return tuple(sorted(workspace.pronunciations.values_list("word", "kind", "value")))


def plan_render(
    project: Project, *, mode: str = "final", height: int | None = None, codec: str | None = None
) -> Plan:
    """Reads the project as saved. BadInput names the scene and line that cannot be spoken."""
    scenes = list(project.live_scenes)
    total = sum(len(scene.script) for scene in scenes)
    if total > MAX_CHARACTERS:
        raise BadInput(
            f"The script has {total:,} characters; a video takes at most {MAX_CHARACTERS:,}. "
            "Split it into two projects.",
            code="script_too_long",
        )
    draft = mode == "draft"
    video = composition.format_of(
        project, scenes, height=height or (DRAFT_HEIGHT if draft else None), codec=codec
    )
    captions, logo = composition.captions_of(project), composition.logo_of(project)
    dictionary = dictionary_of(project.workspace)
    paid = set(
        Segment.objects.filter(
            render__project=project, render__status="done", render__mode="final", status="done"
        ).values_list("line_key", flat=True)
    )
    lines: list[PlannedLine] = []
    seen = set(paid)
    for scene_number, scene in enumerate(scenes, start=1):
        chapter = scene.title or f"Scene {scene_number}"
        if not scene.script.strip():
            continue
        if scene.avatar is None or scene.voice is None:
            missing = "an avatar" if scene.avatar is None else "a voice"
            raise BadInput(
                f"Scene {scene_number} has no {missing.split()[-1]}; choose {missing} for it.",
                code="missing_field",
                scene=scene_number,
            )
        composition.check_words(scene, scene_number)
        scene.project = project
        background, layout = composition.background_of(scene), composition.layout_of(scene)
        first, words = len(lines), []
        for line_number, source in enumerate(
            script_stage.lines(scene.script, scene.markup), start=1
        ):
            chapter = source.chapter or chapter
            spec = LineSpec(
                text=source.text,
                avatar=scene.avatar.face,
                voice=scene.voice.slug,
                language=scene.voice.language,
                markup=scene.markup,  # type: ignore[arg-type]
                speed=scene.speed,
                style=scene.style,
                background=background,
                video=video,
                layout=layout,
                captions=captions,
                logo=logo,
                transition="fade"
                if scene.transition == "fade" and lines and len(lines) == first
                else "cut",
                scene=scene_number,
                draft=draft,
                engine=settings.FACE_ENGINE,
                seed=project.seed,
                dictionary=dictionary,
            )
            try:
                parsed = pipeline.read_script(spec)
                words.append(_shown(parsed, spec))
            except BadInput as error:
                raise BadInput(
                    f"Scene {scene_number}, line {line_number}: {error.sentence}",
                    code=error.code,
                    scene=scene_number,
                    line=line_number,
                    **error.where,
                ) from None
            key = pipeline.line_key(spec)
            seconds, exact = pipeline.length_of(spec, parsed, store=queue.store())
            lines.append(
                PlannedLine(
                    scene=scene,
                    avatar=scene.avatar,
                    voice=scene.voice,
                    scene_number=scene_number,
                    line_number=line_number,
                    chapter=chapter,
                    text=source.text,
                    spec=spec,
                    line_key=key,
                    seconds=seconds,
                    paid=key in seen,
                    exact=exact,
                    warnings=parsed.warnings,
                )
            )
            seen.add(key)  # the same words twice in one render are made and paid once
        laid = composition.overlays_of(scene, [len(line) for line in words])
        for place, (over, edits) in enumerate(zip(laid, cues.of_lines(scene, words), strict=True)):
            line = lines[first + place]
            spec = replace(line.spec, overlays=over, cues=edits)
            lines[first + place] = replace(line, spec=spec)
    if not lines:
        raise BadInput("There is nothing to say yet; write a first line.", code="script_empty")
    if len(lines) > MAX_LINES:
        raise BadInput(
            f"The script has {len(lines)} lines; a video takes at most {MAX_LINES}. "
            "Join some paragraphs or split the project.",
            code="script_too_long",
        )
    lines = _with_films(lines)
    unpaid = [line for line in lines if not line.paid]
    likely = sum(line.seconds if line.exact else line.seconds * 1.1 for line in unpaid)
    quoted = 0 if draft or not unpaid else int(-(-likely // 1))
    workspace, length = project.workspace, sum(line.seconds for line in lines)
    lane = scheduling.lane_of(draft=draft, plan=workspace.plan, seconds=length)
    return Plan(
        lines=tuple(lines),
        seconds=length,
        quoted=quoted,
        lane=lane,
        wait_seconds=eta.likely_wait(workspace, lane, [line.seconds for line in unpaid]),
        warnings=[
            {**asdict(w), "scene": line.scene_number, "line": line.line_number}
            for line in lines
            for w in line.warnings
        ],
    )


def _with_films(lines: list[PlannedLine]) -> list[PlannedLine]:
    """The lines with their keys, and which of them are films already."""
    specs, lengths = [line.spec for line in lines], [x.seconds if x.exact else None for x in lines]
    keys = pipeline.segment_keys(specs, lengths)
    # Only what was made once is looked for: a bucket is slow to say no.
    made = set(Segment.objects.filter(status="done", key__in=keys).values_list("key", flat=True))
    kept = {key for key in made if queue.store().find(key, ".json")}
    return [replace(line, key=key, kept=key in kept) for line, key in zip(lines, keys, strict=True)]


def _shown(parsed: Script, spec: LineSpec) -> list[str]:
    """The words of the line's captions. BadInput where they are burnt in and cannot be written."""
    words = overlays.words_of_line(parsed)
    if spec.captions.burn_in:
        lettering.check(" ".join(words))
    return words


def line_specs(scene: Scene) -> list[LineSpec]:
    """What is spoken for each line of a scene; of the picture only what is at hand."""
    if scene.voice is None:
        return []
    dictionary = dictionary_of(scene.project.workspace)
    return [
        LineSpec(
            text=line.text,
            avatar=scene.avatar.face if scene.avatar else "",
            voice=scene.voice.slug,
            language=scene.voice.language,
            markup=scene.markup,  # type: ignore[arg-type]
            speed=scene.speed,
            dictionary=dictionary,
        )
        for line in script_stage.lines(scene.script, scene.markup)
    ]
