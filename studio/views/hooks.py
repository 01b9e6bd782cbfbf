"""Where services that work for us report back. They have no session: a signature says who it is."""

import time

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from rendering import storage
from rendering.faces import predictions


@csrf_exempt
@require_POST
def prediction_hook(request: HttpRequest) -> HttpResponse:
    """A hosted face model is done with a line; the worker that waits for it finds the report in the store."""
    secret = settings.REMOTE["webhook_secret"]
    headers = dict(request.headers.items())
    if not secret or not predictions.verified(request.body, headers, secret, time.time()):
        raise Http404
    predictions.tell(request.body, storage.store())
    return HttpResponse(status=204)
