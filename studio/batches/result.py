"""What came of a batch, row by row: for pages, programs and the result file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Case, F, Q, Sum, When
from django.http import StreamingHttpResponse
from django.urls import reverse

from billing.models import Transfer
from rendering.models import Render
from studio.batches import table
from studio.models import Batch, BatchRow

READ_AT_ONCE = 50
RESULTS = (
    "render_id",
    "status",
    "render_url",
    "seconds",
    "credit_seconds",
    "error_code",
    "error_message",
)
"""What the result file adds to the columns of the table."""


@dataclass(frozen=True)
class Outcome:
    """A row with its render. net: credit-seconds that the ledger has charged for it and not given back."""

    row: BatchRow
    render: Render | None
    net: int

    @property
    def status(self) -> str:
        return self.render.status if self.render else self.row.state

    @property
    def errors(self) -> list[dict[str, Any]]:
        """What is wrong with it; of a render that has failed, its failure."""
        if self.render and self.render.status == "failed":
            return [{"code": self.render.failure_code, "message": self.render.failure_message}]
        return [] if self.render else self.row.errors

    @property
    def column(self) -> str:
        """Where the first error is."""
        return str(self.errors[0].get("path", "")).removeprefix("variables.") if self.errors else ""


def outcomes(rows: Iterable[BatchRow]) -> list[Outcome]:
    """These rows with their renders and costs, in three queries."""
    rows = list(rows)
    asked = [row.render for row in rows if row.state == BatchRow.State.ASKED]
    renders = {render.pk: render for render in Render.objects.filter(pk__in=asked)}
    back = ("give_back", "refund")
    signed = Case(
        When(kind="charge", then=F("amount")), When(kind__in=back, then=-F("amount")), default=0
    )
    sums = Transfer.objects.filter(render__in=asked).order_by().values("render")
    net = {row["render"]: row["net"] for row in sums.annotate(net=Sum(signed))}
    found = []
    for row in rows:
        render = renders.get(row.render) if row.state == BatchRow.State.ASKED else None
        found.append(Outcome(row, render, int(net.get(row.render, 0)) if render else 0))
    return found


def walk(batch: Batch, only: Q | None = None) -> Iterator[Outcome]:
    """All rows in order, some at a time: many rows take no more memory than few."""
    last, rows = 0, batch.rows.filter(only or Q())
    while chunk := list(rows.filter(number__gt=last)[:READ_AT_ONCE]):
        yield from outcomes(chunk)
        last = chunk[-1].number


def result_file(batch: Batch) -> Iterator[bytes]:
    """The table with what came of each row, as CSV."""
    return table.lines(_result_rows(batch))


def _result_rows(batch: Batch) -> Iterator[list[object]]:
    columns = list(batch.columns)
    taken = {column.casefold() for column in columns}
    keyed = "key" in taken
    # A column of the sender's own keeps its name; ours gets another.
    ours = [f"result_{name}" if name in taken else name for name in RESULTS]
    yield [*([] if keyed else ["key"]), *columns, *ours]
    for found in walk(batch):
        row, render = found.row, found.render
        errors = found.errors
        yield [
            *([] if keyed else [row.key]),
            *(row.cells.get(column, "") for column in columns),
            render.pk if render else "",
            found.status,
            settings.SITE_URL + reverse("render_detail", args=[render.pk]) if render else "",
            f"{render.seconds:.3f}" if render and render.seconds is not None else "",
            found.net,
            errors[0]["code"] if errors else "",
            " ".join(error["message"] for error in errors),
        ]


def error_file(batch: Batch) -> Iterator[bytes]:
    """The rows that are wrong, as CSV: the table's own columns, and what is wrong with each."""
    return table.lines(_error_rows(batch))


def _error_rows(batch: Batch) -> Iterator[list[object]]:
    columns = list(batch.columns)
    yield ["row", *columns, "error_column", "error_code", "error_message"]
    for found in walk(batch, Q(state=BatchRow.State.WRONG)):
        row = found.row
        yield [
            row.number,
            *(row.cells.get(column, "") for column in columns),
            found.column,
            row.errors[0]["code"],
            " ".join(error["message"] for error in row.errors),
        ]


def sample_file(columns: list[str], values: list[str]) -> Iterator[bytes]:
    """The columns that a template asks for, with one row to write over."""
    return table.lines([["key", *columns], ["1", *values]])


def download(lines: Iterable[bytes], name: str) -> StreamingHttpResponse:
    """The answer that sends a CSV file, line by line."""
    answer = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
