"""Which credits are left, when they expire, and every movement in plain words."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.db.models import Case, F, IntegerField, Sum, Value, When, Window
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from billing.models import Transfer, Wallet, available
from billing.plans import PLANS
from studio.access import WorkspaceRequest, in_workspace

ROWS = 40

# `spend` closes a charge that left the balance before, so it is not a movement of the balance.
SIGNS = {"grant": 1, "give_back": 1, "refund": 1, "charge": -1, "expire": -1, "revoke": -1}
SIGNED = Case(
    *(When(kind=kind, then=F("amount") * Value(sign)) for kind, sign in SIGNS.items()),
    default=Value(0),
    output_field=IntegerField(),
)


@require_safe
@in_workspace("see_money")
def credit_list(request: WorkspaceRequest) -> HttpResponse:
    workspace = request.workspace
    available(workspace)  # writes off what has expired, so that the rows below say so
    transfers = Transfer.objects.filter(workspace=workspace)
    left = (
        transfers.order_by()
        .values("grant", "grant__kind", "grant__expires_at", "grant__priority")
        .annotate(left=Sum(SIGNED))
        .filter(left__gt=0)
        .order_by("grant__priority", F("grant__expires_at").asc(nulls_last=True), "grant")
    )
    rows = (
        transfers.filter(kind__in=SIGNS, amount__gt=0)
        .annotate(signed=SIGNED, after=Window(Sum(SIGNED), order_by=F("id").asc()))
        .select_related("grant", "render", "member")
        .order_by("-id")
    )
    context = {
        "page": Paginator(rows, ROWS).get_page(request.GET.get("page")),
        "left": left,
        "pending": Wallet.objects.get(workspace=workspace).pending,
        "plan": PLANS[workspace.plan],
    }
    return render(request, "studio/credit_list.html", context)
