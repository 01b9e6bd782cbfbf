"""Every refusal of the API in one form: RFC 9457 problem details with a code to branch on."""

from __future__ import annotations

import difflib
import logging
from collections.abc import Iterable
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy
from ninja.errors import HttpError, ValidationError

from rendering import clips, pictures
from rows.limits import Standing
from studio.errors import Problem, explain
from studio.limits import REQUESTS

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"

CODES: dict[str, tuple[int, str | Promise]] = {
    "invalid_json": (400, "The body is not one JSON object in UTF-8. Mend it and send it again."),
    "invalid_form": (
        400,
        gettext_lazy(
            "A form with a file is damaged, or has too many fields. Mend it and send it again."
        ),
    ),
    "invalid_header": (
        400,
        gettext_lazy(
            "A header, or the address itself, cannot be read. Correct it and send it again."
        ),
    ),
    "invalid_cursor": (400, "The cursor is not one that a list gave you. Start again without it."),
    "idempotency_key_missing": (
        400,
        "This request makes something, so it needs an Idempotency-Key.",
    ),
    "idempotency_key_invalid": (
        400,
        "An Idempotency-Key has 1 to 255 characters: letters, digits, and _ . : - only.",
    ),
    "key_missing": (401, "Send the header Authorization: Bearer ls_live_… with a workspace key."),
    "key_invalid": (401, "No workspace has this key. Look for a missing or doubled character."),
    "key_revoked": (
        401,
        gettext_lazy("The key was revoked. Make a new one on the page API keys."),
    ),
    "not_enough_credits": (402, "The quote is more than what is left: see needed and available."),
    "above_max_cost": (
        402,
        gettext_lazy(
            "The quote is above your max_cost, so nothing was made or charged. Raise it, or shorten the script."
        ),
    ),
    "avatar_limit": (
        403,
        gettext_lazy(
            "The workspace has as many avatars from photos as its plan allows. Delete one first."
        ),
    ),
    "plan_limit": (403, "The film would be longer than the plan allows: errors[] has its limit."),
    "batch_cap_reached": (
        402,
        gettext_lazy("The batch is at its cap: send a higher max_cost to go on."),
    ),
    "template_limit": (
        403,
        gettext_lazy("The workspace has as many templates as it may. Remove one first."),
    ),
    "consent_not_active": (
        403,
        gettext_lazy("The avatar or voice has no valid consent on record. Choose another one."),
    ),
    "consent_drafts_only": (403, "The person has agreed to drafts only: ask with `mode` `draft`."),
    "role_not_allowed": (
        403,
        gettext_lazy("A key may not do this; a person with the right role can."),
    ),
    "avatar_deleted": (403, "The avatar was deleted. Choose another one."),
    "consent_withdrawn": (403, "The consent was withdrawn. Choose another avatar or voice."),
    "voice_limit": (
        403,
        gettext_lazy("The workspace has as many recordings as its plan allows. Delete one first."),
    ),
    "voice_deleted": (403, "The voice was deleted. Choose another one."),
    "not_found": (404, "Nothing here, or nothing that this key may see."),
    "method_not_allowed": (405, "The address is right, the method is not: see the Allow header."),
    "body_too_slow": (408, "The body did not arrive in time. Nothing was done; send it again."),
    "request_in_progress": (
        409,
        gettext_lazy(
            "The first request with this Idempotency-Key is still running. Send it again in a second."
        ),
    ),
    "wrong_status": (
        409,
        gettext_lazy("The batch is not in a state in which this is possible: see its status."),
    ),
    "revision_conflict": (
        409,
        gettext_lazy(
            "The project was changed since the revision that you named. Name the newest, or none."
        ),
    ),
    "render_over": (409, "The render has ended, and an ended render never changes again."),
    "body_too_large": (413, "A body has at most 1,000,000 bytes."),
    "file_too_large": (
        413,
        f"A photo or picture has at most {pictures.MOST_BYTES:,} bytes, music {clips.MOST_BYTES['music']:,}, "
        f"a video {clips.MOST_BYTES['video']:,}.",
    ),
    "unsupported_media_type": (415, "Bodies are sent as Content-Type: application/json."),
    "invalid_field": (422, "A field has a value that cannot be used: errors[] names it."),
    "unknown_field": (422, "There is no such field: errors[] names the nearest that exists."),
    "missing_field": (422, gettext_lazy("A required field is missing: errors[] names it.")),
    "conflicting_fields": (
        422,
        gettext_lazy("Two fields that exclude each other were sent together. Send one of them."),
    ),
    "address_not_confirmed": (
        422,
        gettext_lazy(
            "The address of the person who made the key is not confirmed, so it cannot share. They confirm it by the link that was mailed."
        ),
    ),
    "avatar_unknown": (422, gettext_lazy("There is no such avatar any more. Choose another one.")),
    "voice_unknown": (
        422,
        gettext_lazy("The voice is not offered here any more. Choose another one."),
    ),
    "variable_invalid": (
        422,
        gettext_lazy(
            "A value does not fit its variable of the template: errors[] has the path of each, such as variables.first_name."
        ),
    ),
    "table_unreadable": (
        422,
        gettext_lazy("The CSV file cannot be read as a table: the sentence says where and why."),
    ),
    "table_too_long": (
        422,
        gettext_lazy("The table has more rows than the plan allows. Split it into several."),
    ),
    "duplicate_key": (
        422,
        gettext_lazy("A row of a batch has the key of an earlier row. Give each its own."),
    ),
    "row_unreadable": (
        422,
        gettext_lazy("A row of a table has too many cells, or one that cannot be stored."),
    ),
    "script_empty": (422, gettext_lazy("The script has nothing to say. Write at least a word.")),
    "script_too_long": (422, "A video takes at most 20,000 characters and 300 lines."),
    "text_unspeakable": (422, "The voice cannot say this: the sentence names the characters."),
    "language_unsupported": (
        422,
        gettext_lazy("The voice does not speak this language. Choose another voice."),
    ),
    "asset_not_ready": (422, "A video is still being prepared: read it until its status is ready."),
    "file_unusable": (
        422,
        gettext_lazy(
            "The video or the music is empty, too long, damaged, silent, or of an unknown kind. Send another file."
        ),
    ),
    "no_glyph": (
        422,
        gettext_lazy(
            "A text in the picture uses a character that our fonts do not have: remove it."
        ),
    ),
    "file_damaged": (422, "A file that you uploaded is damaged on our disk. Upload it again."),
    "audio_unreadable": (
        422,
        gettext_lazy("The recording is empty, or cannot be read as sound. Record it again."),
    ),
    "image_unreadable": (
        422,
        gettext_lazy(
            "The photo or picture is empty, animated, or cannot be read. Choose another one."
        ),
    ),
    "not_a_living_person": (
        422,
        gettext_lazy(
            "Avatars are made of living people only. Send a photo of one, and `living_person` as true or not at all."
        ),
    ),
    "image_too_large": (422, "It has at most 12,000 pixels a side and 150 million in all."),
    "too_many_batches": (
        429,
        gettext_lazy("As many batches are open as a workspace may have. Cancel one, or wait."),
    ),
    "image_too_small": (
        422,
        gettext_lazy("It has at least 64 pixels a side; the face in a photo has 160."),
    ),
    "idempotency_key_reused": (
        422,
        gettext_lazy("The key belongs to a request with another body. Send a new key."),
    ),
    "rate_limited": (429, "Too many requests: wait as long as Retry-After says."),
    "brand_locked": (
        422,
        gettext_lazy(
            "The brand kit of the workspace locks this setting: leave it out, or send the brand's own."
        ),
    ),
    "too_many_renders": (429, "As many renders wait as the plan allows. Wait until one begins."),
    "fair_use_reached": (
        429,
        gettext_lazy(
            "The workspace has used up its minutes of drafts for today. Try again tomorrow."
        ),
    ),
    "script_refused": (
        451,
        "The script breaks a rule: errors[] quotes the words. `appeal` asks a person to read them.",
    ),
    "image_refused": (
        451,
        "The picture, photo or video breaks a rule, which the sentence names. Choose another one.",
    ),
    "internal_error": (500, "Our fault. Nothing was charged; quote the request id to us."),
    "voice_unavailable": (
        503,
        gettext_lazy("The provider of that voice cannot speak it now: the sentence says why."),
    ),
    "unavailable": (503, "We cannot do this right now. Nothing was charged; try again later."),
}
"""code -> (usual status, what it means): the table of the documentation page."""

BY_STATUS = {
    400: "invalid_header",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "unsupported_media_type",
    503: "unavailable",
}


class Refusal(Exception):
    """The API itself says no; what a domain exception says is in studio/errors.py."""

    def __init__(
        self,
        code: str,
        sentence: str = "",
        *,
        errors: list[dict[str, Any]] | None = None,
        retry_after: int | None = None,
        extra: dict[str, Any] | None = None,
    ) -> None:
        status, meaning = CODES[code][0], str(CODES[code][1])
        super().__init__(sentence or meaning)
        self.retry_after = retry_after
        self.problem = Problem(
            status,
            code,
            code.replace("_", " ").capitalize(),
            sentence or meaning,
            errors or [],
            extra or {},
            retryable=retry_after is not None,
        )


def answer(request: HttpRequest, problem: Problem, retry_after: int | None = None) -> HttpResponse:
    address = f"{settings.SITE_URL}{reverse('api_docs')}#{problem.code}"
    request_id = getattr(request, "id", None)
    response = JsonResponse(
        {
            "type": address,
            "title": problem.title,
            "status": problem.status,
            "code": problem.code,
            "detail": problem.sentence,
            "instance": request.path,
            "request_id": request_id,
            "retryable": problem.retryable,
            "errors": problem.errors,
            "doc_url": address,
            **problem.extra,
        },
        status=problem.status,
        content_type=MEDIA_TYPE,
    )
    if problem.status == 401:
        response["WWW-Authenticate"] = "Bearer"
    if retry_after is None and problem.status in (429, 503):
        retry_after = 30
    if retry_after is not None:
        response["Retry-After"] = str(retry_after)
    return response


def path_of(location: Iterable[str | int]) -> str:
    """("body", "payload", "scenes", 0, "script") -> "scenes[0].script"."""
    path = ""
    for part in list(location)[1:]:
        if part == "payload":
            continue
        path += f"[{part}]" if isinstance(part, int) else f".{part}"
    return path.lstrip(".")


def nearest(name: str, known: list[str]) -> str:
    found = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f" Did you mean {found[0]}?" if found else f" Known here: {', '.join(sorted(known))}."


def _known(schema: dict[str, Any], location: list[str | int]) -> list[str]:
    """Field names that exist at a path of a request, read from its JSON schema."""
    here, shelf = schema, schema.get("$defs", {})
    for part in location:
        for option in (here, *here.get("anyOf", ())):
            if reference := option.get("$ref"):
                here = shelf[reference.rsplit("/", 1)[1]]
        properties = here.get("properties", {})
        here = here.get("items", here) if isinstance(part, int) else properties.get(part, here)
        for option in here.get("anyOf", ()):
            if option.get("type") != "null":
                here = option
        if reference := here.get("$ref"):
            here = shelf[reference.rsplit("/", 1)[1]]
    return list(here.get("properties", ()))


def from_validation(error: ValidationError) -> Problem:
    """The problem of a request that failed validation. Each error carries its `model` (studio/api/__init__.py)."""
    errors = []
    for item in error.errors[:20]:
        location = list(item["loc"])
        path = path_of(location)
        if not path:
            code, message = "invalid_json", "The body must be one JSON object."
        elif item["type"] == "extra_forbidden":
            known = _known(item["model"].model_json_schema(), location[1:-1])
            hint = nearest(str(location[-1]), known)
            code, message = "unknown_field", f"There is no field {path[:80]}.{hint}"
        elif item["type"] == "missing":
            code, message = "missing_field", f"The field {path} is missing."
        else:
            said = item["msg"].removeprefix("Value error, ")
            said = said.removeprefix("Input should be ").rstrip(".")
            lead = "must be" if item["msg"].startswith("Input should be ") else "cannot be used:"
            code, message = "invalid_field", f"{path} {lead} {said[:1].lower()}{said[1:]}."
        errors.append({"path": path, "code": code, "message": message})
    first = errors[0]
    more = f" {len(errors) - 1} more in errors." if len(errors) > 1 else ""
    refusal = Refusal(first["code"], first["message"] + more, errors=errors)
    return refusal.problem


def _named(error: dict[str, Any], problem: Problem) -> dict[str, Any]:
    """Forms have fields, bodies have paths."""
    if "field" not in error:
        return error
    rest = {name: value for name, value in error.items() if name != "field"}
    return {"path": error["field"], **rest, "message": problem.sentence}


def handle(request: HttpRequest, raised: Any) -> HttpResponse:
    """The one exception handler of the API."""
    error: BaseException = raised
    if isinstance(error, HttpError) and error.__cause__ is not None:
        error = error.__cause__  # what the parser raised
    retry_after = None
    match error:
        case Refusal():
            problem, retry_after = error.problem, error.retry_after
        case ValidationError():
            problem = from_validation(error)
        case Http404():
            problem = Refusal("not_found").problem
        case RequestDataTooBig():
            problem = Refusal("body_too_large").problem
        case _:
            problem = explain(error) or Refusal("internal_error").problem
            problem = replace(problem, errors=[_named(one, problem) for one in problem.errors])
            retry_after = problem.retry_after
    if problem.status >= 500:
        log.error("%s %s", getattr(request, "id", ""), error, exc_info=error)
    return answer(request, problem, retry_after)


def _write_standing(request: HttpRequest, response: HttpResponse) -> None:
    """How often the key may still send requests, as headers of the RateLimit draft (11), which may still change."""
    standing: Standing | None = getattr(request, "standing", None)
    if standing:
        response["RateLimit-Policy"] = f'"default";q={standing.most};w={REQUESTS.seconds}'
        response["RateLimit"] = f'"default";r={max(standing.left, 0)};t={standing.resets_in}'


def problem_details(get_response):
    """Middleware: failures before a route is reached get the same form; adds the limits as headers."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if not request.path.startswith("/api/"):
            return response
        if response.status_code >= 400 and response["Content-Type"] != MEDIA_TYPE:
            code = BY_STATUS.get(response.status_code, "internal_error")
            problem = replace(Refusal(code).problem, status=response.status_code)
            if response.status_code not in BY_STATUS:
                problem = replace(problem, title=HTTPStatus(response.status_code).phrase)
            plain, response = response, answer(request, problem)
            if "Allow" in plain:
                response["Allow"] = plain["Allow"]
        _write_standing(request, response)
        if "Authorization" in request.headers:
            response.headers.setdefault("Cache-Control", "no-store, private")
        return response

    return middleware
