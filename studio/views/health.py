"""GET /healthz: does each part answer?"""

from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from rendering import queue
from rendering.models import Worker


def _database() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return cursor.fetchone() == (1,)


def _workers() -> bool:
    return Worker.alive().exists()


def _store() -> bool:
    return queue.store().healthy()


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
            parts[name] = "ok" if probe() else "down"
        except Exception:
            parts[name] = "down"
    fine = all(state == "ok" for state in parts.values())
    answer = {"status": "ok" if fine else "degraded", **parts}
    return JsonResponse(answer, status=200 if fine else 503)
