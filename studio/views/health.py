"""For machines: /healthz (does each part answer?), /metrics for Prometheus and /fleet for what scales the workers."""

from functools import wraps

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe

from rendering import storage
from rendering.fleet import queue, warmpool
from rendering.fleet.metrics import exposition
from rendering.models import Worker
from rendering.store import StoreFull


def _database() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return cursor.fetchone() == (1,)


def _workers() -> bool | str:
    if Worker.alive().exists():
        return True
    return "ill" if Worker.present().exclude(ill_at=None).exists() else False


def _store() -> bool | str:
    problem = storage.store().trouble()
    return "full" if isinstance(problem, StoreFull) else problem is None


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    parts = {}
    for name, probe in (
        ("database", _database),
        ("broker", queue.ping),
        ("workers", _workers),
        ("store", _store),
    ):
        try:
            found = probe()
            parts[name] = found if isinstance(found, str) else "ok" if found else "down"
        except Exception:
            parts[name] = "down"
    fine = all(state == "ok" for state in parts.values())
    answer = {"status": "ok" if fine else "degraded", **parts}
    return JsonResponse(answer, status=200 if fine else 503)


def for_operators(view):
    """Wraps a view: for requests with METRICS_TOKEN as bearer; on a laptop also for whoever is signed in."""

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        wanted = settings.METRICS_TOKEN
        if settings.EMBEDDED and (not wanted or request.user.is_authenticated):
            return login_required(view)(request)
        if not wanted:
            return HttpResponse("Set METRICS_TOKEN to read this.\n", "text/plain", 403)
        kind, _, given = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "bearer" or not constant_time_compare(given, wanted):
            answer = HttpResponse("The token of METRICS_TOKEN is needed.\n", "text/plain", 401)
            answer["WWW-Authenticate"] = "Bearer"
            return answer
        return view(request)

    return guarded


@require_safe
@for_operators
def metrics(request: HttpRequest) -> HttpResponse:
    text = exposition(warmpool.samples())
    return HttpResponse(text, "text/plain; version=0.0.4; charset=utf-8")


@require_safe
@for_operators
def fleet(request: HttpRequest) -> JsonResponse:
    """{"pools": {name: {"slots", …}}, "classes": {…}}: how many slots are wanted, and why."""
    return JsonResponse(warmpool.plan())
