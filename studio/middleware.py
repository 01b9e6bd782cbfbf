"""Small wrappers around every request: its id, its content policy, and errors in words."""

import logging
import secrets
import sys

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.template.loader import render_to_string
from django.utils.translation import gettext
from django.views.defaults import server_error

from rendering.values import BadInput
from rows.events import COMES_FROM
from studio import storable
from studio.errors import AWAY, Problem, explain, wants_json
from studio.limits import LONGEST_QUERY

log = logging.getLogger(__name__)
CLIENT = "studio.client"
"""Where a request's environment says whose it was: the gateway deals out threads by it."""


def request_id(get_response):
    def middleware(request: HttpRequest) -> HttpResponse:
        request.id = "req_" + secrets.token_hex(10)  # type: ignore[attr-defined]
        comes_from = COMES_FROM.set(request.META.get("REMOTE_ADDR", "")[:45])
        try:
            response = get_response(request)
        finally:
            COMES_FROM.reset(comes_from)
        if workspace := getattr(request, "workspace", None):
            request.META[CLIENT] = workspace.pk
        response["X-Request-Id"] = request.id  # type: ignore[attr-defined]
        return response

    return middleware


def upload_limit(get_response):
    """Turns a request that is too large away before a byte of it is written to disk."""
    from studio.api.problems import (  # commands that answer nothing do without the API
        Refusal,
        answer,
    )
    from studio.limits import AROUND, FORM, bytes_of

    def middleware(request: HttpRequest) -> HttpResponse | None:
        length = request.META.get("CONTENT_LENGTH") or "0"
        size = int(length[:18]) if length.isdecimal() else 0  # more digits are as much too large
        most = bytes_of(request.path_info)
        if request.path.startswith("/api/"):
            if size > most:
                file = request.content_type == "multipart/form-data" and most > FORM
                code = "file_too_large" if file else "body_too_large"
                return answer(request, Refusal(code).problem)
        elif size > FORM and most > FORM and not request.user.is_authenticated:
            return redirect_to_login("/")
        elif size > most:
            fits = most - AROUND if most > FORM else most
            return _problem_answer(
                request,
                BadInput(
                    f"This is too large: at most {fits / 1e6:,.0f} MB can be sent here. Send less, or save the file smaller.",
                    code="file_too_large",
                ),
            )
        return get_response(request)

    return middleware


PROGRAMS = ("/api/", "/hooks/")
"""Where programs send: their sender is known before their body is read."""


def readable(get_response):
    """Refuses what cannot be read or stored before a view sees it: the address, the query, and the forms of the site.

    Forms of the API are checked once its key is known (studio/api/__init__.py).
    """
    from studio.api.problems import answer  # commands that answer nothing do without the API

    def middleware(request: HttpRequest) -> HttpResponse | None:
        try:
            if len(request.META.get("QUERY_STRING", "")) > LONGEST_QUERY:
                raise BadInput(
                    gettext(
                        "The address is too long: after the question mark it may have {most} characters; shorten it."
                    ).format(most=f"{LONGEST_QUERY:,}"),
                    code="invalid_field",
                )
            sent = [request.GET]
            if request.method == "POST" and not request.path.startswith(PROGRAMS):
                sent.append(request.POST)
                for file in request.FILES.values():
                    storable.check(getattr(file, "name", ""))
            for fields in sent:
                for name, values in fields.lists():
                    storable.check([name, *values], name)
        except UnreadablePostError:
            raise
        except Exception as error:
            problem = explain(error)
            if problem is None:
                raise
            if request.path.startswith("/api/"):
                return answer(request, problem)
            return _problem_answer(request, error)
        return get_response(request)

    return middleware


LINKS = "/watch/"
"""Pages of shared links."""


def _policy(films: str) -> str:
    """films: where they are fetched from, beside the studio itself."""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        + f"media-src 'self' blob: {films}".rstrip()
        + "; font-src 'self'; connect-src 'self'; form-action 'self'; "
        "manifest-src 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'"
    )


POLICY = _policy("")


def content_security_policy(get_response):
    """No inline script or style anywhere, so no nonce is needed."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        member = bool(getattr(request, "user", None) and request.user.is_authenticated)
        # Where films are stored is told to nobody who only has a link.
        films = settings.S3_ORIGIN if member and not request.path.startswith(LINKS) else ""
        response.headers.setdefault("Content-Security-Policy", _policy(films))
        response.headers.setdefault("Permissions-Policy", "camera=(), microphone=()")
        if member:
            response.headers.setdefault("Cache-Control", "no-store, private")
        return response

    return middleware


def _problem_answer(request: HttpRequest, error: Exception) -> HttpResponse | None:
    """The page or fragment that says what went wrong, JSON if the page's own script sent the request; None for a bug of ours."""
    problem = explain(error)
    if problem is None:
        return None
    if problem.status >= 500:
        log.error("%s %s", request.id, error, exc_info=error)  # type: ignore[attr-defined]
    context = {"problem": problem, "request_id": request.id}  # type: ignore[attr-defined]
    if wants_json(request):
        answer: HttpResponse = JsonResponse(
            {"problem": problem.for_scripts()}, status=problem.status
        )
        return _with_pause(answer, problem)
    if getattr(request, "htmx", False):
        template = "_problem.html"
    else:
        template = "busy.html" if isinstance(error, AWAY) else "problem.html"
    # The frame around a page, and what every page knows, come from the database.
    known = None if isinstance(error, AWAY) else request
    page = render_to_string(template, context, known)
    return _with_pause(HttpResponse(page, status=problem.status), problem)


def _with_pause(answer: HttpResponse, problem: Problem) -> HttpResponse:
    if problem.retry_after is not None:
        answer["Retry-After"] = str(problem.retry_after)
    return answer


def broken(request: HttpRequest) -> HttpResponse:
    """The answer to an error outside a view: a part of the studio is away, or it is a bug of ours."""
    error = sys.exc_info()[1]
    answer = _problem_answer(request, error) if isinstance(error, AWAY) else None
    return answer or server_error(request)


class DomainErrors:
    """Domain exceptions of a view become the status and the sentence of studio/errors.py."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        return _problem_answer(request, error)


domain_errors = DomainErrors
