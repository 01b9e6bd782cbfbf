"""What all endpoints share."""

from __future__ import annotations

import json
import re
from typing import Any

from django.http import HttpRequest
from ninja.responses import NinjaJSONEncoder

from studio.api import schemas
from studio.api.problems import Refusal
from studio.models import Workspace
from studio.people.roles import KEY, Verb, need

PROBLEMS = dict.fromkeys((400, 401, 402, 403, 404, 409, 413, 415, 422, 429, 451), schemas.Problem)
READ_PROBLEMS = dict.fromkeys((401, 404, 429), schemas.Problem)
IDEMPOTENCY = {
    "parameters": [
        {
            "in": "header",
            "name": "Idempotency-Key",
            "required": True,
            "schema": {"type": "string", "pattern": "^[A-Za-z0-9_.:-]{1,255}$"},
            "description": "The same key and body again gives the first answer and makes nothing.",
        },
        {
            "in": "header",
            "name": "Prefer",
            "required": False,
            "schema": {"type": "string"},
            "description": "`wait=N`, N up to 60 seconds: 200 with the finished render if it is done by then.",
        },
    ]
}
PLAIN_ID = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")


def workspace_of(request: HttpRequest, verb: Verb) -> Workspace:
    """The workspace of the key, if keys may do that."""
    need(KEY, verb)
    return request.workspace  # type: ignore[attr-defined]  # set by the key


def as_json(resource: dict[str, Any]) -> dict[str, Any]:
    """The resource as it is sent and kept: times as text."""
    return json.loads(json.dumps(resource, cls=NinjaJSONEncoder))


def invalid(path: str, sentence: str, code: str = "invalid_field") -> Refusal:
    """A refusal that names the field."""
    return Refusal(code, sentence, errors=[{"path": path, "code": code, "message": sentence}])
