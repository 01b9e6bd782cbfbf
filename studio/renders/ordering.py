"""A render is asked for: screened, agreed to, charged, queued."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial

from django.db import transaction
from django.utils import timezone

from billing import models as billing
from consent.models import allows
from moderation.models import Case
from rendering import pipeline, queue, tasks, uploaded
from rendering.models import Render, Segment
from rendering.values import BadInput
from studio import composition
from studio.errors import ScriptRefused
from studio.models import ApiKey, Project, User
from studio.renders import screening
from studio.renders.plan import plan_render


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
    appeal: bool = False,
) -> Render:
    """Screen, consent, rows, charge, and a nudge after commit. Raises what studio/errors.py explains.

    appeal: words that screening refuses are read by a person before they are rendered.
    """
    queue.need_store()
    plan = plan_render(project, mode=mode, codec=codec)
    for line in plan.lines:
        composition.check_clip(line.scene, line.scene_number)
    reading = screening.read(project, plan.lines)
    if reading.refused and (reading.read or reading.waiting or not appeal):
        raise ScriptRefused(reading.sentence, reading.spans)
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
        held = reading.held
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
            screening={**asdict(reading.verdict), "words": reading.words},
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
                policy=reading.verdict.policy or "",
                title=reading.verdict.title,
                spans=reading.spans,
                version=reading.verdict.version,
            )
        transaction.on_commit(partial(tasks.nudge_render, render.pk))
    return render
