"""Batches: made from a template and a table, checked, started, watched, steered."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.text import slugify
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from billing.models import CREDIT, available
from billing.plans import PLANS
from rendering.fleet import eta
from rendering.values import BadInput
from studio import access
from studio.access import WorkspaceRequest, in_workspace
from studio.batches import forecast, links, plan, result, retention, run, sample, table
from studio.models import Batch, BatchRow, Template
from studio.people.accounts import is_confirmed
from studio.people.roles import allows, need
from studio.projects import templates
from studio.projects.fields import whole
from studio.reviews import approval
from studio.views.versions import film_of

SHOWN = 25
"""Batches, or rows of one, on a page."""


@require_safe
@in_workspace("see")
def batch_list(request: WorkspaceRequest) -> HttpResponse:
    page = Paginator(access.batches(request.workspace), SHOWN).get_page(request.GET.get("page"))
    rows = [
        (batch, run.state_name(batch), result.counts(batch)["done"]) for batch in page.object_list
    ]
    return render(request, "studio/batch_list.html", {"page": page, "rows": rows})


# -- a new one -----------------------------------------------------------------------------------


@require_safe
@in_workspace("see")
def template_columns(request: WorkspaceRequest, template_id: str) -> HttpResponseBase:
    """An empty table for this template: its columns, and one row with the defaults."""
    template = access.template(request.workspace, template_id)
    variables = templates.variables_of(template)
    lines = result.sample_file(
        [variable.name for variable in variables], [variable.default for variable in variables]
    )
    name = slugify(template.name)[:60] or "table"
    return result.download(lines, f"{name}.csv")


@require_http_methods(["GET", "HEAD", "POST"])
@in_workspace("render")
def batch_create(request: WorkspaceRequest, template_id: str) -> HttpResponse:
    """Takes the table. What is wrong with the whole file is said at once, what is wrong with a row after the check."""
    template = access.template(request.workspace, template_id)
    problem = ""
    if request.method == "POST":
        try:
            return redirect("batch_detail", _made(request, template).pk)
        except BadInput as wrong:
            problem = wrong.sentence
    context = {
        "template": template,
        "variables": templates.variables_of(template),
        "most": min(PLANS[request.workspace.plan].bulk_rows, table.MOST_ROWS),
        "plan": PLANS[request.workspace.plan],
        "most_bytes": table.MOST_BYTES,
        "may_share": allows(request.membership.role, "share"),
        "confirmed": is_confirmed(request.user),
        "problem": problem,
    }
    return render(request, "studio/batch_create.html", context, status=422 if problem else 200)


def _made(request: WorkspaceRequest, template: Template) -> Batch:
    file = request.FILES.get("file")
    if not isinstance(file, UploadedFile) or not file.size:
        raise BadInput(gettext("Choose the CSV file first."), code="missing_field")
    if file.size > table.MOST_BYTES:
        sentence = gettext("The table has {size} MB; at most {most} MB can be read.")
        raise BadInput(
            sentence.format(size=f"{file.size / 1e6:.1f}", most=table.MOST_BYTES // 1_000_000),
            code="file_too_large",
        )
    if share := request.POST.get("share") == "1":
        need(request.membership.role, "share")
    with table.opened(file.file) as read:  # type: ignore[arg-type]
        return plan.create(
            template,
            request.workspace,
            read.columns,
            read.rows,
            by=request.user,
            mode="draft" if request.POST.get("mode") == "draft" else "final",
            stop_on_error=bool(request.POST.get("stop")),
            share=share,
            reference=(file.name or "")[:255],
        )


# -- one batch -----------------------------------------------------------------------------------

FILTERS = ("all", "wrong", "rendered", "failed")


@require_safe
@in_workspace("see")
def batch_detail(request: WorkspaceRequest, batch_id: str) -> HttpResponse:
    batch = access.batch(request.workspace, batch_id)
    counts, cost, price = result.counts(batch), result.cost_of(batch), plan.price(batch)
    begun = sum(
        counts[name] for name in ("held", "queued", "running", "done", "failed", "canceled")
    )
    chosen = request.GET.get("show", "")
    shown = chosen if chosen in FILTERS else ("wrong" if counts["wrong"] and not begun else "all")
    rows = batch.rows.all()
    if shown == "wrong":
        rows = rows.filter(state=BatchRow.State.WRONG)
    elif shown == "rendered":
        rows = rows.filter(state=BatchRow.State.ASKED)
    elif shown == "failed":
        rows = rows.filter(render__in=result.renders_of(batch).filter(status="failed").values("pk"))
    page = Paginator(rows, SHOWN).get_page(request.GET.get("page"))
    going = batch.state in (Batch.State.CHECKING, Batch.State.RUNNING)
    open_now = sum(counts[name] for name in ("held", "queued", "running"))
    context = {
        "batch": batch,
        "state": run.state_name(batch),
        "counts": counts,
        "checked": batch.size - counts["waiting"],
        "over": counts["done"] + counts["failed"] + counts["canceled"],
        "to_render": begun + counts["ready"],
        "open_now": open_now,
        "cost": cost,
        "price": price,
        "end": forecast.end_of(batch),
        "length": plan.length(batch),
        "cap": -(-(batch.max_cost or price) // CREDIT),
        "at_least": -(-price // CREDIT),
        "short": available(request.workspace) < price,
        "ours": 0 if batch.values_removed_at else result.failed_by_us(batch).count(),
        "shown": shown,
        "page": page,
        "outcomes": result.outcomes(page.object_list),
        "live": going or bool(open_now),
        "may_render": allows(request.membership.role, "render"),
        "may_share": allows(request.membership.role, "share"),
        "confirmed": is_confirmed(request.user),
        "removes_at": retention.removes_at(batch),
        "may_approve": allows(request.membership.role, "approve"),
        "unapproved": result.renders_of(batch).filter(status="held", held_for="approval").count(),
    }
    if batch.state == Batch.State.READY and counts["ready"]:
        context |= _sample(batch)
    name = "studio/batch_detail.html"
    return render(request, f"{name}#batch" if request.htmx else name, context)  # type: ignore[attr-defined]


def _sample(batch: Batch) -> dict[str, Any]:
    """The draft of a row, as the page shows it."""
    found = sample.render_of(batch)
    is_open = found is not None and not found.is_over
    return {
        "sample": found,
        "sample_open": is_open,
        "sample_place": eta.position(found) if found and is_open else None,
        "film": film_of(found) if found and found.status == "done" else None,
        "sample_next": batch.sample_row or sample.first_row(batch),
    }


@require_POST
@in_workspace("render")
def batch_sample(request: WorkspaceRequest, batch_id: str) -> HttpResponse:
    """One row as a free draft, before the batch is started."""
    batch = access.batch(request.workspace, batch_id)
    number = whole(request.POST.get("row", ""))
    sample.ask(batch, number, by=request.user)
    return redirect(reverse("batch_detail", args=[batch.pk]) + "#sample")


@require_POST
@in_workspace("share")
def batch_share(request: WorkspaceRequest, batch_id: str) -> HttpResponse:
    """A link for each finished video, or for no further one."""
    batch = access.batch(request.workspace, batch_id)
    links.switch(batch, request.user, on=request.POST.get("on") == "1")
    return _back(batch)


@require_POST
@in_workspace("render")
def batch_remove_values(request: WorkspaceRequest, batch_id: str) -> HttpResponse:
    batch = access.batch(request.workspace, batch_id)
    retention.remove_values(batch, request.user)
    messages.success(request, gettext("The values of the rows are deleted."))
    return _back(batch)


@require_POST
@in_workspace("approve")
def batch_approve(request: WorkspaceRequest, batch_id: str) -> HttpResponse:
    """Releases what waits for approval, and the rows to come."""
    batch = access.batch(request.workspace, batch_id)
    approval.approve_batch(batch, request.user)
    return redirect("batch_detail", batch.pk)


@require_safe
@in_workspace("see")
def batch_result(request: WorkspaceRequest, batch_id: str) -> HttpResponseBase:
    batch = access.batch(request.workspace, batch_id)
    return result.download(result.result_file(batch), f"{slugify(batch.title)[:60] or 'batch'}.csv")


@require_safe
@in_workspace("see")
def batch_errors(request: WorkspaceRequest, batch_id: str) -> HttpResponseBase:
    batch = access.batch(request.workspace, batch_id)
    name = slugify(batch.title)[:50] or "batch"
    return result.download(result.error_file(batch), f"{name}-errors.csv")


def _cap(request: WorkspaceRequest) -> int | None:
    """The cap of the form, in credit-seconds; it is asked for in credits."""
    text = request.POST.get("cap", "").strip()
    if not text:
        return None
    credits = whole(text)
    if credits is None:
        raise BadInput(
            gettext("The cap is a whole number of credits, such as 600."), code="invalid_field"
        )
    return min(credits * CREDIT, 2**31 - 1)


def _back(batch: Batch) -> HttpResponse:
    return redirect("batch_detail", batch.pk)


@require_POST
@in_workspace("render")
def batch_start(request: WorkspaceRequest, batch_id: str) -> HttpResponse:
    batch = access.batch(request.workspace, batch_id)
    run.start(batch, None if batch.mode == "draft" else _cap(request))
    return _back(batch)


@require_POST
@in_workspace("render")
def batch_pause(request: WorkspaceRequest, batch_id: str) -> HttpResponse:
    batch = access.batch(request.workspace, batch_id)
    run.pause(batch)
    return _back(batch)


@require_POST
@in_workspace("render")
def batch_resume(request: WorkspaceRequest, batch_id: str) -> HttpResponse:
    batch = access.batch(request.workspace, batch_id)
    run.resume(batch, _cap(request))
    return _back(batch)


@require_POST
@in_workspace("render")
def batch_cancel(request: WorkspaceRequest, batch_id: str) -> HttpResponse:
    batch = access.batch(request.workspace, batch_id)
    run.cancel(batch)
    return _back(batch)


@require_POST
@in_workspace("render")
def batch_retry(request: WorkspaceRequest, batch_id: str) -> HttpResponse:
    batch = access.batch(request.workspace, batch_id)
    count = run.retry_failed(batch)
    said = ngettext("{n} row is made again.", "{n} rows are made again.", count)
    messages.success(request, said.format(n=count))
    return _back(batch)
