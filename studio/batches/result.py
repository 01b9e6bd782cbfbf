"""What came of a batch, row by row: for pages, programs and the result file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Count, F, Q, QuerySet, Sum, When
from django.http import StreamingHttpResponse
from django.utils import timezone

from billing.models import CREDIT, Transfer
from rendering.models import Render
from studio.batches import table
from studio.models import Batch, BatchRow, Share
from studio.people.letters import address_of

READ_AT_ONCE = 50
RESULTS = (
    "render_id",
    "status",
    "share_url",
    "download_url",
    "seconds",
    "credits",
    "error_code",
    "error_message",
)
"""What the result file adds to the columns of the table."""

State = BatchRow.State


def renders_of(batch: Batch) -> QuerySet[Render]:
    """The last render of each row that has one."""
    asked = batch.rows.filter(state=State.ASKED).exclude(render="")
    return Render.objects.filter(workspace=batch.workspace_id, pk__in=asked.values("render"))


def _charged(transfers: QuerySet[Transfer]) -> dict[str, int]:
    signs = {"charged": ("charge",), "refunded": ("give_back", "refund")}
    sums = {
        name: Sum(Case(When(kind__in=kinds, then=F("amount")), default=0))
        for name, kinds in signs.items()
    }
    found = {name: int(total or 0) for name, total in transfers.aggregate(**sums).items()}
    return {**found, "net": found["charged"] - found["refunded"]}


def cost_of(batch: Batch) -> dict[str, int]:
    """What the ledger says of the batch, in credit-seconds: charged, refunded and net. What is still rendered counts as charged."""
    asked = batch.rows.filter(state=State.ASKED).exclude(render="")
    return _charged(Transfer.objects.filter(render__in=asked.values("render")))


def counts(batch: Batch) -> dict[str, int]:
    """How many rows are how far: waiting, wrong, ready, left, and the statuses of renders."""
    names = [*(value for value in State.values if value != State.ASKED), *Render.Status.values]
    found = dict.fromkeys(names, 0)
    rows = batch.rows.exclude(state=State.ASKED).order_by().values("state")
    found |= {row["state"]: row["n"] for row in rows.annotate(n=Count("pk"))}
    renders = renders_of(batch).order_by().values("status")
    found |= {row["status"]: row["n"] for row in renders.annotate(n=Count("pk"))}
    return found


def failed_by_us(batch: Batch) -> QuerySet[BatchRow]:
    """Rows that failed through our fault, and can be tried again as they are."""
    ours = renders_of(batch).filter(status="failed", failure_ours=True)
    return batch.rows.filter(
        Q(state=State.ASKED, render__in=ours.values("pk")) | Q(state=State.WRONG, ours=True)
    )


@dataclass(frozen=True)
class Outcome:
    """A row with its render. net: credit-seconds that the ledger has charged for it and not given back. share: a link at which
    anybody who has it can watch the video."""

    row: BatchRow
    render: Render | None
    net: int
    share: Share | None = None

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

    @property
    def share_url(self) -> str:
        """Empty without a link that works."""
        token = self.share.token if self.share and self.status == "done" else ""
        return address_of("share_watch", token) if token else ""

    @property
    def download_url(self) -> str:
        """Where a member who is signed in gets the file; empty until there is one. It does not expire."""
        render = self.render
        done = render is not None and render.status == "done"
        return address_of("render_download", render.pk) if render and done else ""


def outcomes(rows: Iterable[BatchRow]) -> list[Outcome]:
    """These rows with their renders, costs and links, in four queries."""
    rows = list(rows)
    asked = [row.render for row in rows if row.state == State.ASKED]
    renders = {render.pk: render for render in Render.objects.filter(pk__in=asked)}
    back = ("give_back", "refund")
    signed = Case(
        When(kind="charge", then=F("amount")), When(kind__in=back, then=-F("amount")), default=0
    )
    sums = Transfer.objects.filter(render__in=asked).order_by().values("render")
    net = {row["render"]: row["net"] for row in sums.annotate(net=Sum(signed))}
    shares = links_of(render.project_id for render in renders.values())
    found = []
    for row in rows:
        render = renders.get(row.render) if row.state == State.ASKED else None
        if render is None:
            found.append(Outcome(row, None, 0))
        else:
            paid = int(net.get(render.pk, 0))
            found.append(Outcome(row, render, paid, shares.get(render.project_id)))
    return found


def links_of(projects: Iterable[str]) -> dict[str, Share]:
    """The newest link of each project that anybody can open, whatever it shows; no review links."""
    rows = Share.objects.filter(
        Q(expires_at=None) | Q(expires_at__gt=timezone.now()),
        project__in=list(projects),
        project__removed_at=None,
        reviews=False,
        closed_at=None,
        removed_at=None,
    )
    return {share.project_id: share for share in rows.order_by("created_at")}


def walk(batch: Batch, only: Q | None = None) -> Iterator[Outcome]:
    """All rows in order, some at a time: many rows take no more memory than few."""
    last, rows = 0, batch.rows.filter(only or Q())
    while chunk := list(rows.filter(number__gt=last)[:READ_AT_ONCE]):
        yield from outcomes(chunk)
        last = chunk[-1].number


def result_file(batch: Batch) -> Iterator[bytes]:
    """The table with what came of each row, as CSV."""
    return table.lines(_result_rows(batch))


def _columns(batch: Batch) -> list[str]:
    """The table's own; none once its values were removed."""
    return [] if batch.values_removed_at else list(batch.columns)


def _result_rows(batch: Batch) -> Iterator[list[object]]:
    columns = _columns(batch)
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
            found.share_url,
            found.download_url,
            f"{render.seconds:.3f}" if render and render.seconds is not None else "",
            f"{found.net / CREDIT:.4f}",  # exact to the credit-second
            errors[0]["code"] if errors else "",
            " ".join(error["message"] for error in errors),
        ]


def error_file(batch: Batch) -> Iterator[bytes]:
    """The rows that are wrong, as CSV: the table's own columns, and what is wrong with each."""
    return table.lines(_error_rows(batch))


def _error_rows(batch: Batch) -> Iterator[list[object]]:
    columns = _columns(batch)
    yield ["row", *columns, "error_column", "error_code", "error_message"]
    for found in walk(batch, Q(state=State.WRONG)):
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
