"""A batch at work: workers check its rows, then ask for their renders, a few at a time, in the order of the table.

A worker takes a batch for some seconds and gives it back, so that no batch holds a worker. All that it did is in the rows: each render is
written in one transaction with its row, so a worker that is killed has done a row wholly or not at all. Renders of a batch
wait in the queue of all renders and take turns with those of other workspaces; only a window of them waits there at once.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext

from billing.models import NotEnoughCredits
from billing.plans import PLANS
from rendering import failpoints, storage
from rendering.models import Render, WrongStatus
from rendering.values import BadInput, Unavailable
from rows import events
from rows.work import Attempt, Kind, Over
from studio.batches import letters, plan
from studio.batches.result import cost_of, failed_by_us, renders_of
from studio.errors import AWAY
from studio.models import Batch, BatchRow, Project
from studio.renders.ordering import request_render

TURN_SECONDS = 5.0
"""For which a worker stays with a batch."""
CHECKED_AT_ONCE = 20  # rows that are read together
WINDOW = 25
"""Renders of a batch that wait in the queue at most; a smaller plan has a smaller window."""
SOON, LATER = timedelta(seconds=2), timedelta(seconds=15)
"""Until the next turn of a batch that has filled its window: LATER if there was nothing to fill. One of its renders that ends calls it
at once (studio/batches/turns.py)."""

State, Row = Batch.State, BatchRow.State
PASSES = ("too_many_renders", "rate_limited", "fair_use_reached", "asset_not_ready")
"""Codes of what passes by itself: the row waits."""


# -- changes of state ----------------------------------------------------------------------------


def _move(rows: QuerySet[Batch], batch: Batch, to: str, **changes: Any) -> bool:
    """Changes the state if these rows still hold the batch, records it, and requests the mail about it. Returns whether it did."""
    now = timezone.now()
    changes |= {"claimed_at": None, "claims": 0, "moved_at": now, "due_at": now}
    if to in (State.DONE, State.CANCELED):
        changes.setdefault("ended_at", now)
    with transaction.atomic():
        if not rows.filter(pk=batch.pk).update(state=to, **changes):
            return False
        _record(batch, to, changes.get("paused_for", ""))
    batch.refresh_from_db()
    return True


def _record(batch: Batch, to: str, paused_for: str) -> None:
    events.record(
        f"batch.{to}",
        batch.pk,
        workspace=batch.workspace_id,
        before={"state": batch.state},
        after={"state": to, "paused_for": paused_for},
    )
    letters.tell(batch, to, paused_for)


def _steer(batch: Batch, sources: tuple[str, ...], to: str, **changes: Any) -> None:
    """A person or a program moves the batch. Raises BadInput if it is not in one of these states."""
    rows = Batch.objects.filter(state__in=sources, values_removed_at=None)
    if not _move(rows, batch, to, **changes):
        batch.refresh_from_db()
        sentence = gettext("The batch is {state}, so that is not possible now.")
        raise BadInput(sentence.format(state=state_name(batch)), code="wrong_status")


def state_name(batch: Batch) -> str:
    return {
        State.READING: gettext("being read"),
        State.CHECKING: gettext("being checked"),
        State.READY: gettext("ready to start"),
        State.RUNNING: gettext("running"),
        State.PAUSED: gettext("paused"),
        State.DONE: gettext("done"),
        State.CANCELED: gettext("canceled"),
    }[State(batch.state)]


def start(batch: Batch, max_cost: int | None = None) -> None:
    """Starts a batch that was checked; the rows that are wrong are left out. Without a cap, the price of the check is the cap."""
    most = max_cost if max_cost is not None else batch.max_cost
    if not batch.rows.filter(state=Row.READY).exists() and batch.state == State.READY:
        sentence = gettext("No row can be rendered; correct the table and send it again.")
        raise BadInput(sentence, code="wrong_status")
    _steer(
        batch,
        (State.READY,),
        State.RUNNING,
        max_cost=plan.price(batch) if most is None else most,
        started_at=timezone.now(),
    )
    RUNNING.ask(batch.pk)


def pause(batch: Batch) -> None:
    """No further row is begun; renders that were asked for go on."""
    _steer(batch, (State.RUNNING, State.CHECKING), State.PAUSED, paused_for=Batch.PausedFor.MEMBER)


def resume(batch: Batch, max_cost: int | None = None) -> None:
    """Goes on where it was paused. At its cap it needs a higher one."""
    capped = batch.state == State.PAUSED and batch.paused_for == Batch.PausedFor.CAP
    if capped and (max_cost is None or max_cost <= (batch.max_cost or 0)):
        sentence = gettext("The batch is at its cap; raise the cap to go on.")
        raise BadInput(sentence, code="batch_cap_reached", path="max_cost")
    changes: dict[str, Any] = {"paused_for": ""}
    if max_cost is not None:
        changes["max_cost"] = max_cost
    kind = RUNNING if batch.started_at else CHECKING
    _steer(batch, (State.PAUSED,), kind.state, **changes)
    kind.ask(batch.pk)


def cancel(batch: Batch) -> None:
    """Rows that were not begun are left, and renders that wait are canceled, with their credits back; what is being rendered is
    finished."""
    open_states = (State.CHECKING, State.READY, State.RUNNING, State.PAUSED)
    _steer(batch, open_states, State.CANCELED, paused_for="")
    batch.rows.filter(state__in=(Row.WAITING, Row.READY)).update(state=Row.LEFT)
    for render in renders_of(batch).filter(status__in=("held", "queued")).iterator():
        try:
            render.cancel()
        except WrongStatus:  # it has begun meanwhile
            continue


def retry_failed(batch: Batch) -> int:
    """The rows that failed through our fault are made again. Returns how many."""
    sources = (State.RUNNING, State.PAUSED, State.DONE)
    if batch.values_removed_at:
        sentence = gettext(
            "The values of its rows were removed, so none of them can be made again."
        )
        raise BadInput(sentence, code="wrong_status")
    numbers = list(failed_by_us(batch).values_list("pk", flat=True))
    if not numbers:
        sentence = gettext(
            "No row has failed through our fault; rows that are wrong need a new table."
        )
        raise BadInput(sentence, code="wrong_status")
    with transaction.atomic():
        _steer(batch, sources, State.RUNNING, paused_for="", ended_at=None)
        batch.rows.filter(pk__in=numbers).update(state=Row.READY, errors=[], ours=False)
    RUNNING.ask(batch.pk)
    return len(numbers)


# -- checking ------------------------------------------------------------------------------------


def _check(attempt: Attempt[Batch]) -> None:
    batch, end = attempt.row, time.monotonic() + TURN_SECONDS
    while rows := list(batch.rows.filter(state=Row.WAITING)[:CHECKED_AT_ONCE]):
        for row in rows:
            attempt.tell()
            found = plan.check_row(batch, row)
            batch.rows.filter(pk=row.pk, state=Row.WAITING).update(**found)
            failpoints.reach("batch:checked")
        if time.monotonic() > end:
            _give_back(attempt)
            return
    price = plan.price(batch)
    ready = batch.rows.filter(state=Row.READY).exists()
    if batch.at_once and ready:
        cap = price if batch.max_cost is None else batch.max_cost
        now = timezone.now()
        changes = {"max_cost": cap, "started_at": now, "checked_at": now}
        if _move(attempt.rows, batch, State.RUNNING, **changes):
            RUNNING.ask(batch.pk)
    else:
        _move(attempt.rows, batch, State.READY, checked_at=timezone.now())


def _give_back(attempt: Attempt[Batch], pause: timedelta = timedelta(0)) -> None:
    """Ends a turn that went well: what has failed before no longer counts, and the next one is due after the pause."""
    attempt.rows.update(claimed_at=None, claims=0, due_at=timezone.now() + pause)


# -- running -------------------------------------------------------------------------------------


def window_of(batch: Batch) -> int:
    """How many renders of the batch may wait at once: half of what the plan lets wait, so that single ones still find room."""
    return max(1, min(WINDOW, PLANS[batch.workspace.plan].renders_waiting // 2))


def _run(attempt: Attempt[Batch]) -> None:
    batch, end = attempt.row, time.monotonic() + TURN_SECONDS
    if not attempt.rows.update(turns=F("turns") + 1):
        raise Over
    batch.refresh_from_db()
    if batch.stop_on_error and _has_failed(batch):
        _pause(attempt, Batch.PausedFor.ERROR)
        return
    waiting, ordered = renders_of(batch).filter(status="queued").count(), 0
    left = (batch.max_cost or 0) - cost_of(batch)["net"]
    for row in list(batch.rows.filter(state=Row.READY)[: max(0, window_of(batch) - waiting)]):
        attempt.tell()
        try:
            render = _ask(batch, row, left)
        except NotEnoughCredits:
            _wait_or_pause(attempt, Batch.PausedFor.CREDITS)
            return
        except Over:
            raise
        except Exception as error:
            if isinstance(error, BadInput) and error.code == "above_max_cost":
                _wait_or_pause(attempt, Batch.PausedFor.CAP)
                return
            if isinstance(error, BadInput) and error.code in PASSES:
                break
            fields = plan.refused(error)
            batch.rows.filter(pk=row.pk, state=Row.READY).update(**fields)
            if batch.stop_on_error:
                _pause(attempt, Batch.PausedFor.ERROR)
                return
        else:
            left -= render.quoted
            ordered += 1
        if time.monotonic() > end:
            _give_back(attempt)
            return
    if _is_finished(batch):
        _move(attempt.rows, batch, State.DONE)
    else:
        _give_back(attempt, SOON if ordered else LATER)


def _is_open(batch: Batch) -> bool:
    return renders_of(batch).exclude(status__in=Render.OVER).exists()


def _is_finished(batch: Batch) -> bool:
    return not batch.rows.filter(state=Row.READY).exists() and not _is_open(batch)


def _has_failed(batch: Batch) -> bool:
    return renders_of(batch).filter(status="failed").exists()


def _pause(attempt: Attempt[Batch], why: str) -> None:
    _move(attempt.rows, attempt.row, State.PAUSED, paused_for=why)


def _wait_or_pause(attempt: Attempt[Batch], why: str) -> None:
    """Pauses once nothing of the batch is rendered any more: until then, what comes back may make room for the next row."""
    if _is_open(attempt.row):
        _give_back(attempt, LATER)
    else:
        _pause(attempt, why)


def _ask(batch: Batch, row: BatchRow, left: int) -> Render:
    """Requests the render of a row; both are written in one transaction. left: credit-seconds up to the cap.

    Raises Over if the batch was paused, or another turn has begun.
    """

    def note(render_id: str) -> None:
        held = Batch.objects.select_for_update().filter(
            pk=batch.pk, state=State.RUNNING, turns=batch.turns
        )
        rows = batch.rows.filter(pk=row.pk, state=Row.READY)
        if not list(held.values_list("pk")) or not rows.update(
            state=Row.ASKED, render=render_id, errors=[]
        ):
            raise Over
        failpoints.reach("batch:asked")

    project = Project.objects.filter(batch_row=row).first()  # of an earlier try
    scenes = None
    if project is None:
        project, scenes = plan.video_of(batch, row)
    failpoints.reach("batch:planned")
    return request_render(
        project,
        scenes=scenes,
        by=batch.requested_by,
        key=batch.api_key,
        mode=batch.mode,
        max_cost=None if batch.mode == "draft" else max(0, left),
        reference=str(row.overrides.get("reference") or row.key),
        note=note,
    )


# -- the kinds of work ---------------------------------------------------------------------------


def _is_away(error: Exception) -> bool:
    return storage.is_away(error) or isinstance(error, (*AWAY, Unavailable))


def _gave_up() -> dict[str, Any]:
    why = Batch.PausedFor.ERROR
    return {"state": State.PAUSED, "paused_for": why, "claims": 0, "moved_at": timezone.now()}


def _note_gave_up(batch: Batch) -> None:
    _record(batch, State.PAUSED, Batch.PausedFor.ERROR)


CHECKING = Kind(
    model=Batch,
    state=State.CHECKING,
    task=plan.CHECK_TASK,
    do=_check,
    failed=_gave_up,
    noted=_note_gave_up,
    is_away=_is_away,
)
RUNNING = Kind(
    model=Batch,
    state=State.RUNNING,
    task="studio.tasks.run_batch",
    do=_run,
    failed=_gave_up,
    noted=_note_gave_up,
    is_away=_is_away,
)
