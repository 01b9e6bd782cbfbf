"""A render is requested: read, screened and agreed to first, then written and charged in one short transaction.

Slow work comes before the transaction, which checks again everything that it relies on: the project's
revision, the dictionary, what is paid for, the consents, the price that was agreed to, what waits already, the
balance. If the project has changed meanwhile, everything is read again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.db.models import Model, Q, QuerySet, Sum
from django.db.models.sql import InsertQuery
from django.utils import timezone

from billing import models as billing
from billing.plans import PLANS
from consent.models import Consent, allows
from moderation.models import Case
from rendering import cost, pipeline, storage, tasks, uploaded
from rendering.fleet import queue
from rendering.models import Render, Segment
from rendering.values import BadInput, bumpers_to_json, music_to_json, spec_to_json
from rows import events
from studio.errors import PriceRose, ScriptRefused
from studio.models import ApiKey, Project, Scene, User, Workspace
from studio.models.projects import RevisionConflict
from studio.projects import brand, composition, versions
from studio.renders import screening
from studio.renders.plan import Plan, dictionary_of, plan_render
from studio.renders.screening import Reading
from studio.reviews import approval

TRIES = 3  # of reading a project that somebody keeps changing
DAY = timedelta(days=1)


class _Changed(Exception):
    """What was read has changed since."""


@dataclass
class _Ready:
    """A render that only has to be written."""

    render: Render
    insert: tuple[str, list[Any]]  # the statement that writes a line, and the values of each
    plan: Plan
    reading: Reading
    body: versions.Body


UNSEEN = -1
"""The price on a page that shows none: less than any."""


def seen_in(sent: Mapping[str, str], mode: str) -> int | None:
    """The price that the page of a form showed; None if nothing is to be paid."""
    if mode == "draft":
        return None
    quoted = sent.get("quoted", "")
    return int(quoted) if re.fullmatch("[0-9]{1,9}", quoted) else UNSEEN


def request_render(
    project: Project,
    *,
    scenes: Sequence[Scene] | None = None,
    by: User | None = None,
    key: ApiKey | None = None,
    mode: str = "final",
    codec: str | None = None,
    revision: int | None = None,
    max_cost: int | None = None,
    seen: int | None = None,
    one: bool = False,
    reference: str = "",
    metadata: dict[str, str] | None = None,
    appeal: bool = False,
    note: Callable[[str], None] | None = None,
) -> Render:
    """Writes, charges and queues a render. Raises what studio/errors.py explains, and then nothing was written.

    scenes: of a project that is not saved yet, and is saved with the render.
    revision: of the project, if it must be this one.
    max_cost: what a program allows. seen: the price that a person saw (`seen_in`).
    one: an open render of the same is returned instead of a second.
    appeal: words that screening refuses are read by a person before they are rendered.
    note: called with the id, inside the transaction.
    """
    storage.need()
    check_room(project.workspace)
    for attempt in range(TRIES):
        if attempt and scenes is None:
            project.refresh_from_db()
        if revision is not None and project.revision != revision:
            raise RevisionConflict(project)
        ready = _read(project, scenes, mode, codec, appeal)
        render = ready.render
        render.requested_by, render.api_key = by, key
        render.reference, render.metadata = reference, metadata or {}
        try:
            return _written(ready, project, scenes, max_cost, seen, one, note)
        except _Changed:
            continue
    raise RevisionConflict(project)


def _read(
    project: Project,
    scenes: Sequence[Scene] | None,
    mode: str,
    codec: str | None,
    appeal: bool,
) -> _Ready:
    plan = plan_render(project, scenes=scenes, mode=mode, codec=codec)
    brand.check(project, scenes)
    for line in plan.lines:
        composition.check_clip(line.scene, line.scene_number)
    bumpers = composition.bumpers_of(project)
    reading = screening.read(project, plan.lines)
    if reading.refused and (reading.read or reading.waiting or not appeal):
        raise ScriptRefused(reading.sentence, reading.spans)
    consents = agreed(plan)
    now, video = timezone.now(), plan.lines[0].spec.video
    needs_approval = approval.is_needed(project, charges=plan.quoted > 0)
    held_for = "moderation" if reading.held else "approval" if needs_approval else ""
    render = Render(
        workspace=project.workspace,
        project=project,
        title=project.title,
        revision=project.revision,
        mode=mode,
        aspect=project.aspect,
        width=video.width,
        height=video.height,
        fps=video.fps,
        container=project.container,
        codec=video.codec,
        music=music_to_json(composition.music_of(project)),
        bumpers=bumpers_to_json(bumpers),
        uploaded_pictures=bool(bumpers.all)
        or any(uploaded.seen_in(line.spec) for line in plan.lines),
        lane=plan.lane,
        rank_at=queue.rank_at(plan.lane, now),
        quoted=plan.quoted,
        consents=sorted({consent.pk for consent in consents}),
        screening={**asdict(reading.verdict), "words": reading.words},
        warnings=plan.warnings,
        likely_seconds=plan.wait.likely,
        late_at=now + timedelta(seconds=plan.wait.late),
        status="held" if held_for else "queued",
        held_for=held_for,
        held_at=now if held_for else None,
        needs_approval=needs_approval,
    )
    segments: list[Model] = [
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
            spec=spec_to_json(line.spec),
            key=line.key or pipeline.segment_key(line.spec),
            line_key=line.line_key,
            reason="reused" if line.paid else "new",
            credit_seconds=share,
            estimated_seconds=line.seconds,
            kept=line.kept,
            work=line.work,
            speech_work=line.speech_work,
            unspoken=line.unspoken,
        )
        for position, (line, share) in enumerate(zip(plan.lines, plan.shares, strict=True), start=1)
    ]
    body = versions.body_of(project, scenes)
    return _Ready(render, _insert(segments), plan, reading, body)


def _insert(rows: list[Model]) -> tuple[str, list[Any]]:
    """The statement that writes one row, and the values of each. Turning 300 rows into SQL takes longer than
    writing them, and is done before the lock; one statement is parsed once, not once for each row."""
    query, values, statement = InsertQuery(Segment), [], ""
    for row in rows:
        query.insert_values(list(Segment._meta.concrete_fields), [row])
        ((statement, row_values),) = query.get_compiler(connection=connection).as_sql()
        values.append(row_values)
    return statement, values


def agreed(plan: Plan) -> list[Consent]:
    """The consents to every face and voice. Raises NotAllowed if one is missing."""
    pairs = {(line.avatar.pk, line.voice.pk, line.spec.draft): line for line in plan.lines}
    return [
        consent
        for line in pairs.values()
        for consent in allows(line.avatar, line.voice, draft=line.spec.draft)
    ]


@transaction.atomic
def _written(
    ready: _Ready,
    project: Project,
    scenes: Sequence[Scene] | None,
    max_cost: int | None,
    seen: int | None,
    one: bool,
    note: Callable[[str], None] | None,
) -> Render:
    """Writes everything or nothing. Under the wallet's lock, so that a workspace's renders are requested one after another."""
    render, plan = ready.render, ready.plan
    billing.Wallet.locked(render.workspace_id)
    if scenes is not None:
        project.save(force_insert=True)
        Scene.objects.bulk_create(scenes)
    else:
        unchanged = Project.objects.filter(pk=project.pk, revision=plan.revision, removed_at=None)
        if not unchanged.exists() or dictionary_of(project) != plan.dictionary:
            raise _Changed
        if cost.deliveries(project.pk) != plan.deliveries:
            raise _Changed
    if one and (twin := _open_twin(ready)):
        return twin
    if max_cost is not None and plan.quoted > max_cost:
        raise BadInput(
            f"This needs up to {plan.quoted} credit-seconds, more than the {max_cost} allowed; "
            "raise the limit or shorten the script.",
            code="above_max_cost",
        )
    if seen is not None and plan.quoted > seen:
        raise PriceRose(None if seen == UNSEEN else seen, plan.quoted)
    check_room(project.workspace, drafted=plan.to_make if plan.draft else None)
    if Consent.valid().filter(pk__in=render.consents).count() != len(render.consents):
        raise _Changed
    render.save(force_insert=True)
    versions.keep_source(render, ready.body)
    with connection.cursor() as cursor:
        cursor.executemany(*ready.insert)
    if render.quoted:
        billing.charge(render, render.quoted, render.requested_by)
    if render.held_for == "approval":
        approval.ask(render)
    if render.held_for == "moderation":
        Case.objects.create(
            render=render,
            policy=ready.reading.verdict.policy or "",
            title=ready.reading.verdict.title,
            spans=ready.reading.spans,
            version=ready.reading.verdict.version,
        )
    events.record(
        "render.asked",
        render.pk,
        workspace=render.workspace_id,
        actor=render.api_key_id or str(render.requested_by_id or ""),
        after={"status": render.status, "mode": render.mode, "quoted": render.quoted},
    )
    if note:
        note(render.pk)
    transaction.on_commit(partial(tasks.nudge_render, render.pk))
    return render


def _open_twin(ready: _Ready) -> Render | None:
    """An open render of the same project, mode, revision, options and words."""
    same = ("workspace", "project", "mode", "revision", "codec", "width", "height")
    rows = Render.objects.filter(**{name: getattr(ready.render, name) for name in same})
    lines = [line.line_key for line in ready.plan.lines]
    for render in rows.exclude(status__in=Render.OVER):
        if list(render.segments.values_list("line_key", flat=True)) == lines:
            return render
    return None


def check_room(workspace: Workspace, *, drafted: float | None = None) -> None:
    """Raises BadInput if as many renders wait as the plan allows or, with another draft of so many seconds, the workspace
    would have more drafts within a day than that."""
    plan, rows = PLANS[workspace.plan], Render.objects.filter(workspace=workspace)
    if rows.filter(status__in=("held", "queued")).count() >= plan.renders_waiting:
        raise BadInput(
            f"{plan.renders_waiting} renders wait already, as many as the {plan.name} plan allows; "
            "wait until one of them begins, or cancel one.",
            code="too_many_renders",
            retry_after=30,
        )
    if drafted is None:
        return
    counted = _drafts_of_a_day(workspace)
    made = _seconds_made(counted)
    if made + drafted > plan.drafts_a_day:
        first = counted.order_by("created_at").first()
        free_at = first.created_at if first else timezone.now()
        raise BadInput(
            f"A workspace may have {plan.drafts_a_day // 60} minutes of drafts made within a day, and "
            f"{made / 60:.0f} are. Try again later, or render a shorter project.",
            code="fair_use_reached",
            retry_after=max(1, int((free_at + DAY - timezone.now()).total_seconds())),
        )


def _drafts_of_a_day(workspace: Workspace) -> QuerySet[Render]:
    """The drafts that count against what a workspace may have made within a day."""
    since = timezone.now() - DAY
    drafts = Render.objects.filter(workspace=workspace, mode="draft", created_at__gt=since)
    return drafts.exclude(Q(status="canceled", started_at=None) | Q(failure_ours=True))


def _seconds_made(drafts: QuerySet[Render]) -> float:
    lines = Segment.objects.filter(render__in=drafts, reused=False, kept=False)
    return lines.aggregate(seconds=Sum("estimated_seconds"))["seconds"] or 0.0


def drafts_left(workspace: Workspace) -> float:
    """Seconds of drafts that the workspace may still have made today."""
    most = PLANS[workspace.plan].drafts_a_day
    return most - _seconds_made(_drafts_of_a_day(workspace))
