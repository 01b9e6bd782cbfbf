"""The audit log of a workspace: read, filtered, taken along."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from rendering.values import BadInput
from rows.audit import AuditHead, AuditRow, Checkpoint
from studio.access import WorkspaceRequest, in_workspace
from studio.limits import EXPORTS, take
from studio.people import audit, teams

PAGE = 50
COLUMNS = (
    "number", "at", "what", "kind", "who", "actor", "subject", "address", "ip", "before", "after", "hash",
)  # fmt: skip


def _day(text: str, *, end: bool) -> datetime | None:
    """The beginning of a day, or of the one after it. Raises BadInput for what is no day."""
    if not text:
        return None
    try:
        found = parse_date(text)
    except ValueError:
        found = None
    if found is None:
        raise BadInput(
            gettext("Write a day as year-month-day, such as 2026-03-31."), code="invalid_field"
        )
    begin = timezone.make_aware(datetime.combine(found, time.min))
    return begin + timedelta(days=1) if end else begin


def _wanted(request: WorkspaceRequest) -> Any:
    sent = request.GET
    return audit.rows_of(
        request.workspace,
        group=sent.get("group", ""),
        actor=sent.get("actor", "")[:48],
        since=_day(sent.get("since", ""), end=False),
        until=_day(sent.get("until", ""), end=True),
    )


@require_safe
@in_workspace("manage")
def audit_list(request: WorkspaceRequest) -> HttpResponse:
    problem = ""
    try:
        rows = _wanted(request)
    except BadInput as error:
        problem, rows = error.sentence, AuditRow.objects.none()
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "page": page,
        "rows": audit.told(list(page.object_list)),
        "problem": problem,
        "groups": audit.groups(),
        "people": [
            (str(member.user_id), str(member.user)) for member in teams.members(request.workspace)
        ],
        "sent": request.GET,
        "query": query.urlencode(),
        "days": audit.kept_days(request.workspace),
        "head": AuditHead.objects.filter(workspace=request.workspace.pk).first(),
        "point": Checkpoint.objects.filter(workspace=request.workspace.pk).last(),
    }
    return render(request, "studio/audit_list.html", context, status=422 if problem else 200)


@require_safe
@in_workspace("manage")
def audit_export(request: WorkspaceRequest, form: str) -> HttpResponseBase:
    """The rows that the page shows, all pages of them, as CSV or JSON; as many as there are, some at a time."""
    rows = _wanted(request)
    take(EXPORTS, request.workspace.pk)
    found = audit.all_told(rows)
    if form == "csv":
        answer = StreamingHttpResponse(_csv(found), content_type="text/csv; charset=utf-8")
    else:
        answer = StreamingHttpResponse(_json(found), content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="audit.{form}"'
    return answer


class _Echo:
    """A file that gives back what is written to it."""

    def write(self, text: str) -> str:
        return text


def _csv(rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield writer.writerow(COLUMNS)
    for row in rows:
        yield writer.writerow([_cell(row[name]) for name in COLUMNS])


def _cell(value: Any) -> str:
    """As a table of a spreadsheet takes it: nothing that it would run as a formula."""
    if isinstance(value, dict):
        value = json.dumps(value, ensure_ascii=False, sort_keys=True)
    elif isinstance(value, datetime):
        value = value.isoformat()
    text = str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _json(rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    yield "["
    between = ""
    for row in rows:
        plain = {name: row[name] for name in COLUMNS} | {"at": row["at"].isoformat()}
        yield between + json.dumps(plain, ensure_ascii=False)
        between = ",\n"
    yield "]\n"
