"""Use cases that cross apps. The site, the API and the command line call these and nothing below them."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from billing import models as billing
from consent.models import Consent, allows
from moderation import pictures as picture_screening
from moderation.models import Case
from moderation.screen import Verdict, screen
from rendering import eta, pictures, pipeline, queue, scheduling, tasks, uploaded
from rendering.models import Render, Segment
from rendering.stages import lettering, speech
from rendering.stages import script as script_stage
from rendering.values import BadInput, LineSpec, Script, Warn
from studio import composition, cues, footage, overlays
from studio.errors import PictureRefused, ScriptRefused
from studio.fields import settings_of
from studio.models import (
    ApiKey,
    Avatar,
    Change,
    Clip,
    Picture,
    Project,
    Scene,
    User,
    Voice,
    Workspace,
)
from studio.models.library import picture_path

log = logging.getLogger(__name__)

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


def shown_texts(lines: tuple[PlannedLine, ...]) -> list[tuple[PlannedLine, str]]:
    """What is to be read in the picture or its captions besides what is said, with the first line that shows it."""
    found: dict[str, PlannedLine] = {}
    for line in lines:
        layout = line.spec.layout
        laid = [part.text for parts in (line.spec.overlays, line.spec.cues) for part in parts]
        texts = [layout.heading, layout.body, *laid]
        for text in filter(str.strip, texts):
            found.setdefault(text, line)
    return [(line, text) for text, line in found.items()]


def screen_lines(lines: tuple[PlannedLine, ...]) -> tuple[Verdict, list[dict[str, Any]]]:
    """The worst verdict over each line, each text in the picture and all lines joined, with the words that led to it."""
    found: list[tuple[Verdict, dict[str, Any]]] = []
    for line, text in [*((line, line.text) for line in lines), *shown_texts(lines)]:
        verdict = screen(text)
        if verdict.verdict != "allow":
            start, end, words = verdict.spans[0] if verdict.spans else (0, len(text), text)
            found.append(
                (
                    verdict,
                    {
                        "scene": line.scene_number,
                        "line": line.line_number,
                        "start": start,
                        "end": end,
                        "text": words[:200],
                        "policy": verdict.policy,
                    },
                )
            )
    joined = screen("\n".join(line.text for line in lines))
    rank = {"allow": 0, "review": 1, "block": 2}
    worst = max([joined, *(v for v, _ in found)], key=lambda v: rank[v.verdict])
    spans = [where for verdict, where in found if verdict.verdict == worst.verdict]
    if worst.verdict != "allow" and not spans:
        first = lines[0]
        words = worst.spans[0][2] if worst.spans else first.text
        spans = [
            {
                "scene": first.scene_number,
                "line": first.line_number,
                "start": 0,
                "end": len(first.text),
                "text": words[:200],
                "policy": worst.policy,
            }
        ]
    return worst, spans


def request_render(
    project: Project,
    *,
    by: User | None = None,
    key: ApiKey | None = None,
    mode: str = "final",
    codec: str | None = None,
    max_cost: int | None = None,
    reference: str = "",
    metadata: dict[str, str] | None = None,
) -> Render:
    """Screen, consent, rows, charge, and a nudge after commit. Raises what studio/errors.py explains."""
    plan = plan_render(project, mode=mode, codec=codec)
    for line in plan.lines:
        composition.check_clip(line.scene, line.scene_number)
    verdict, spans = screen_lines(plan.lines)
    if verdict.verdict == "block":
        raise ScriptRefused(verdict.title, verdict.policy or "", spans)
    consents = {
        (line.avatar.pk, line.voice.pk): allows(line.avatar, line.voice, draft=line.spec.draft)
        for line in plan.lines
    }
    if max_cost is not None and plan.quoted > max_cost:
        raise BadInput(
            f"This needs up to {plan.quoted} credit-seconds, more than the {max_cost} allowed; "
            "raise the limit or shorten the script.",
            code="above_max_cost",
        )
    workspace = project.workspace
    with transaction.atomic():
        held = verdict.verdict == "review"
        video = plan.lines[0].spec.video
        render = Render.objects.create(
            workspace=workspace,
            project=project,
            requested_by=by,
            api_key=key,
            title=project.title,
            revision=project.revision,
            mode=mode,
            aspect=project.aspect,
            width=video.width,
            height=video.height,
            fps=video.fps,
            container=project.container,
            codec=video.codec,
            burn_captions=project.burn_captions,
            music=pipeline.music_to_json(composition.music_of(project)),
            uploaded_pictures=any(uploaded.seen_in(line.spec) for line in plan.lines),
            quoted=plan.quoted,
            lane=plan.lane,
            rank_at=queue.rank_at(plan.lane, timezone.now()),
            reference=reference,
            metadata=metadata or {},
            consents=sorted({c.pk for pair in consents.values() for c in pair}),
            screening=asdict(verdict),
            warnings=plan.warnings,
            status="held" if held else "queued",
            held_for="moderation" if held else "",
            held_at=timezone.now() if held else None,
        )
        Segment.objects.bulk_create(
            Segment(
                render=render,
                position=position,
                scene=line.scene.pk,
                scene_number=line.scene_number,
                line_number=line.line_number,
                chapter=line.chapter,
                text=line.text,
                avatar=line.avatar,
                voice=line.voice,
                engine=line.spec.engine,
                spec=pipeline.spec_to_json(line.spec),
                key=line.key or pipeline.segment_key(line.spec),
                line_key=line.line_key,
                reason="reused" if line.paid else "new",
                estimated_seconds=line.seconds,
                kept=line.kept,
            )
            for position, line in enumerate(plan.lines, start=1)
        )
        if render.quoted:
            billing.charge(render, render.quoted, by)
        if held:
            Case.objects.create(
                render=render,
                policy=verdict.policy or "",
                title=verdict.title,
                spans=spans,
                version=verdict.version,
            )
        transaction.on_commit(partial(tasks.nudge_render, render.pk))
    return render


def clean_picture(upload: Path) -> pictures.Cleaned:
    """An uploaded picture, cleaned and screened, where the library keeps it; no row is written yet."""
    cleaned = pictures.intake(upload, settings.MEDIA_DIR, alpha=True)
    path = picture_path(cleaned.sha256, cleaned.path.suffix)
    if cleaned.path != path:
        path.parent.mkdir(parents=True, exist_ok=True)
        cleaned.path.replace(path)
    verdict = picture_screening.screen_picture(path)
    if verdict.verdict != "allow":
        if not Picture.objects.filter(sha256=cleaned.sha256).exists():
            path.unlink(missing_ok=True)
        raise PictureRefused(verdict.title)
    footage.share(cleaned.sha256, path)
    return replace(cleaned, path=path)


def keep_picture(workspace: Workspace, name: str, cleaned: pictures.Cleaned) -> Picture:
    picture, _ = Picture.objects.update_or_create(
        workspace=workspace,
        sha256=cleaned.sha256,
        defaults={
            "name": name[:120] or "Picture",
            "suffix": cleaned.path.suffix,
            "width": cleaned.width,
            "height": cleaned.height,
            "verdict": "allow",
            "removed_at": None,
        },
    )
    return picture


def add_picture(workspace: Workspace, name: str, upload: Path) -> Picture:
    """Cleans and screens an uploaded picture and adds it to the workspace."""
    return keep_picture(workspace, name, clean_picture(upload))


def remove_asset(row: Picture | Clip) -> None:
    """It is offered no more, and scenes that show it fall back to their colour. Videos that were made keep it."""
    type(row).objects.filter(pk=row.pk).update(removed_at=timezone.now())
    if isinstance(row, Clip):
        footage.stop(row)


def edit_scene(scene: Scene, revision: int, fields: dict[str, Any]) -> None:
    """Scene.edit; where the script changes, overlays and captions stay on their words. RevisionConflict as there."""
    rewritten = "script" in fields and fields["script"] != scene.script
    hung = [name for name in ("overlays", "cues") if getattr(scene, name) and name not in fields]
    if rewritten and hung:
        before = overlays.words_of(scene.script, scene.markup)
        after = overlays.words_of(fields["script"], fields.get("markup", scene.markup))
        moved = {name: overlays.moved(getattr(scene, name), before, after) for name in hung}
        fields = {**fields, **moved}
    scene.edit(revision, **fields)


def edit_captions(scene: Scene, rows: list[dict[str, Any]], by: Any) -> None:
    """Keeps captions that were changed by hand, as a step of the person who did it, or whose key did. RevisionConflict."""
    before = settings_of(scene)
    scene.edit(scene.revision, cues=rows)
    if by is not None:
        Change.note(scene.project, scene, before, settings_of(scene), by)


def speak_ahead(scene: Scene) -> None:
    """Asks for the sound of the scene's lines, after everything that somebody waits for."""
    if scene.voice is None:
        return
    for spec in line_specs(scene):
        try:
            parsed = pipeline.read_script(spec)
        except BadInput:
            continue  # the editor says so beside the line
        if not speech.cached(parsed, spec.voice, speed=spec.speed, store=queue.store()):
            tasks.speak_line(pipeline.spec_to_json(spec))


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


__all__ = ["Consent", "Plan", "plan_render", "request_render", "screen_lines", "speech"]
