"""A batch is made of a table, and its rows are checked: what each would say, whether it may, and what it would cost.

A row is checked as a render is requested: the template is filled, read, screened and agreed to; nothing is written or charged.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext

from billing.plans import PLANS
from rendering import effort
from rendering.fleet import eta
from rendering.values import BadInput
from rows.messages import send
from rows.work import MESSAGE_SECONDS
from studio.batches import overrides
from studio.batches.table import MOST_ROWS, TableRow, too_long
from studio.errors import ScriptRefused, VariablesInvalid, explain
from studio.limits import BATCHES, take
from studio.models import ApiKey, Batch, BatchRow, Project, Scene, Template, User, Workspace
from studio.people.accounts import is_confirmed
from studio.projects import sharing, templates
from studio.projects.templates import Variable, named
from studio.renders import ordering, screening
from studio.renders.plan import plan_render

log = logging.getLogger(__name__)

KEY = "key"
"""The column by which the sender knows each row; the row's number where there is none."""
CHECK_TASK = "studio.tasks.check_batch"
STORED_AT_ONCE = 50  # rows written in one transaction
MOST_OPEN = 20
"""Batches of a workspace that are not over."""


def _most_rows(workspace: Workspace) -> int:
    """How many rows the plan allows. Raises BadInput if it has no batches."""
    plan = PLANS[workspace.plan]
    if not plan.bulk_rows:
        sentence = gettext("The {plan} plan has no batches; make the videos one by one.")
        raise BadInput(sentence.format(plan=plan.name), code="plan_limit", limit=0, plan=plan.slug)
    return min(plan.bulk_rows, MOST_ROWS)


def check_room(workspace: Workspace) -> int:
    """How many rows a new batch may have. Raises BadInput if the workspace may have no further batch now."""
    most = _most_rows(workspace)
    open_now = Batch.objects.filter(workspace=workspace)
    over = (Batch.State.DONE, Batch.State.CANCELED, Batch.State.READING)
    if open_now.exclude(state__in=over).count() >= MOST_OPEN:
        sentence = gettext("{most} batches are open already; cancel one, or wait for its end.")
        raise BadInput(sentence.format(most=MOST_OPEN), code="too_many_batches", retry_after=60)
    return most


def check_columns(template: Template, columns: Iterable[str]) -> None:
    """Raises BadInput if a variable that every row needs has no column."""
    known = {named(column) for column in columns}
    for variable in templates.variables_of(template):
        if variable.required and not variable.default and variable.name not in known:
            sentence = gettext("The table has no column {name}, which the template needs.")
            raise BadInput(sentence.format(name=variable.name), code="missing_field")


def create(
    template: Template,
    workspace: Workspace,
    columns: list[str],
    rows: Iterable[TableRow],
    *,
    by: User | None = None,
    key: ApiKey | None = None,
    mode: str = "final",
    at_once: bool = False,
    max_cost: int | None = None,
    stop_on_error: bool = False,
    share: bool = False,
    reference: str = "",
    note: Any = str,
) -> Batch:
    """Stores the rows, a few at a time, and then lets workers check them. note gets the batch's id in the transaction that does.

    share: each finished video gets a link for viewers, made in the name of `by`.
    Raises BadInput for a table that cannot be read, which leaves nothing.
    """
    most = check_room(workspace)
    check_columns(template, columns)
    if share:
        sharing.need_confirmed(by is not None and is_confirmed(by))
    take(BATCHES, workspace.pk)
    batch = Batch.objects.create(
        workspace=workspace,
        template=template,
        requested_by=by,
        api_key=key,
        title=template.name,
        content=template.content,
        variables=template.variables,
        columns=columns,
        mode=mode,
        at_once=at_once,
        max_cost=max_cost,
        stop_on_error=stop_on_error,
        shares=share,
        shared_by=by if share else None,
        reference=reference,
    )
    try:
        size = 0
        for chunk in _chunks(rows):
            size += len(chunk)
            if size > most:
                raise too_long(most)
            BatchRow.objects.bulk_create(_stored(batch, row) for row in chunk)
        if not size:
            raise BadInput(gettext("The table has no rows."), code="table_unreadable")
        with transaction.atomic():
            Batch.objects.filter(pk=batch.pk).update(state=Batch.State.CHECKING, size=size)
            note(batch.pk)
            transaction.on_commit(lambda: send(CHECK_TASK, batch.pk, expires=MESSAGE_SECONDS))
    except BaseException:
        batch.delete()
        raise
    batch.refresh_from_db()
    return batch


def _chunks(rows: Iterable[TableRow]) -> Iterator[list[TableRow]]:
    rows = iter(rows)
    while chunk := list(itertools.islice(rows, STORED_AT_ONCE)):
        yield chunk


def _stored(batch: Batch, row: TableRow) -> BatchRow:
    by_column = next((str(row.cells[name]) for name in row.cells if named(name) == KEY), "")
    known = " ".join((row.key or by_column).split())
    problem = row.problem
    if len(known) > 200:
        problem = problem or gettext("The key has more than 200 characters; shorten it.")
    wrong = {"code": "row_unreadable", "message": problem}
    return BatchRow(
        batch=batch,
        number=row.number,
        key=known[:200] or str(row.number),
        cells=row.cells,
        overrides=row.overrides,
        state=BatchRow.State.WRONG if problem else BatchRow.State.WAITING,
        errors=[wrong] if problem else [],
    )


# -- one row -------------------------------------------------------------------------------------


def values_of(batch: Batch, row: BatchRow) -> dict[str, Any]:
    """The row's values by the names of the variables. Columns of a table that no variable has are its sender's own."""
    variables = {variable["name"] for variable in batch.variables}
    table = set(batch.columns)
    found = {}
    for column, value in row.cells.items():
        name = named(column)
        if name in variables:
            found[name] = value
        elif column not in table:
            found[column] = value  # sent as a variable: the template says that it has none
    return found


def video_of(batch: Batch, row: BatchRow) -> tuple[Project, list[Scene]]:
    """The project of the row, not saved yet. Raises VariablesInvalid, BadInput."""
    variables = [Variable(**{**one, "choices": tuple(one["choices"])}) for one in batch.variables]
    said = templates.check(variables, values_of(batch, row), batch.workspace)
    content = overrides.put(batch.content, row.overrides, batch.workspace)
    project, scenes = templates.made(content, batch.workspace, said)
    project.created_by, project.batch_row = batch.requested_by, row
    return project, scenes


def check_row(batch: Batch, row: BatchRow) -> dict[str, Any]:
    """The fields of the row once it is checked."""
    try:
        return _checked(batch, row)
    except Exception as error:
        return refused(error)


def _checked(batch: Batch, row: BatchRow) -> dict[str, Any]:
    twins = BatchRow.objects.filter(batch=batch, key=row.key, number__lt=row.number)
    if first := twins.order_by("number").first():
        sentence = gettext("Row {number} has the same key; give each row its own.")
        raise BadInput(sentence.format(number=first.number), code="duplicate_key", path=KEY)
    project, scenes = video_of(batch, row)
    plan = plan_render(project, scenes=scenes, mode=batch.mode, foretell=False)
    reading = screening.read(project, plan.lines)
    if reading.refused:
        raise ScriptRefused(reading.sentence, reading.spans)
    ordering.agreed(plan)
    joining = effort.joining(plan.seconds, eta.rates(), music=bool(project.music_id))
    return {
        "state": BatchRow.State.READY,
        "errors": [],
        "ours": False,
        "seconds": plan.seconds,
        "quoted": plan.quoted,
        "work": sum(line.work for line in plan.lines) + joining,
        "warnings": min(len(plan.warnings) + int(reading.held), 999),
    }


def refused(error: Exception) -> dict[str, Any]:
    """The fields of a row that cannot be rendered, and why. Raises the error if a part of the studio is away."""
    if isinstance(error, VariablesInvalid):
        return _wrong(error.errors)
    problem = explain(error)
    if problem is None:
        log.error("a row of a batch failed", exc_info=error)
        sentence = gettext(
            "Something went wrong on our side; nothing was charged. Try this row again."
        )
        return _wrong([{"code": "internal_error", "message": sentence}], ours=True)
    if problem.status >= 500 and problem.retryable:
        raise error
    where = {}
    if problem.errors:
        first: Mapping[str, Any] = problem.errors[0]
        where = {name: first[name] for name in ("path", "scene", "line") if first.get(name)}
    return _wrong([{"code": problem.code, "message": problem.sentence, **where}])


def _wrong(errors: list[dict[str, Any]], *, ours: bool = False) -> dict[str, Any]:
    return {"state": BatchRow.State.WRONG, "errors": errors[:10], "ours": ours}


def price(batch: Batch) -> int:
    """Credit-seconds of all rows that can be rendered and were not yet."""
    ready = batch.rows.filter(state=BatchRow.State.READY)
    return int(ready.aggregate(total=Sum("quoted"))["total"] or 0)


def length(batch: Batch) -> float:
    """Seconds of video that those rows make, as the check foretold."""
    ready = batch.rows.filter(state=BatchRow.State.READY)
    return float(ready.aggregate(total=Sum("seconds"))["total"] or 0)
