"""What all endpoints share."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any, Literal, TypeVar

from django.http import HttpRequest
from ninja import Schema
from ninja.responses import NinjaJSONEncoder
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, create_model

from consent.models import Consent
from studio.api.problems import Refusal
from studio.models import Avatar, Voice, Workspace, fields
from studio.models.fields import grouped
from studio.people.roles import KEY, Verb, need


class Problem(Schema):
    """RFC 9457. Branch on `code`; `title` and `detail` are for people and may change."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    instance: str
    request_id: str
    retryable: bool
    errors: list[dict[str, Any]]
    doc_url: str


PROBLEMS = dict.fromkeys((400, 401, 402, 403, 404, 409, 413, 415, 422, 429, 451), Problem)


READ_PROBLEMS = dict.fromkeys((401, 404, 429), Problem)


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
    """The workspace of the key. Raises NotAllowedHere if keys may not do that."""
    need(KEY, verb)
    return request.workspace  # type: ignore[attr-defined]  # set by the key


def as_json(resource: dict[str, Any]) -> dict[str, Any]:
    """The resource as it is sent and stored: times as text."""
    return json.loads(json.dumps(resource, cls=NinjaJSONEncoder))


def invalid(path: str, sentence: str, code: str = "invalid_field") -> Refusal:
    """A refusal that names the field."""
    return Refusal(code, sentence, errors=[{"path": path, "code": code, "message": sentence}])


Name = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Color = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$", to_lower=True)]


class Request(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


Body = TypeVar("Body", bound=Request)


def of_table(table: dict[str, Any], group: str = "") -> Callable[[type[Body]], type[Body]]:
    """Gives a class the fields of that group, as studio/models/fields.py defines them; without a group, the request's own."""

    def made(body: type[Body]) -> type[Body]:
        found: dict[str, Any] = {name: _schema(row) for name, row in grouped(table, group).items()}
        return create_model(
            body.__name__, __base__=body, __doc__=body.__doc__, __module__=body.__module__, **found
        )

    return made


def _schema(row: Any) -> tuple[Any, Any]:
    meaning = str(row.meaning) or None
    match row:
        case fields.Flag():
            return bool, Field(default=False, description=meaning)
        case fields.Text():
            return str, Field(default="", max_length=row.most, description=meaning)
        case fields.Choice():
            values = tuple(value for value, _ in row.choices)
            return Literal[values] | None, Field(default=None, description=meaning)
        case fields.Colour():
            return Color | None, Field(default=None, description=meaning)
        case fields.Angle():
            return int | None, Field(default=None, description=meaning, ge=0, le=359)
        case fields.Number():
            return float | None, Field(default=None, description=meaning, ge=row.least, le=row.most)
    raise TypeError(row)


def given(table: dict[str, Any], group: str, *bodies: Request | None) -> dict[str, Any]:
    """Fields of a row, by their columns: each as the first body that has it sends it, else as usual."""
    found = {}
    for name, row in grouped(table, group).items():
        sent = (getattr(body, name) for body in bodies if body is not None)
        usual = row.absent if isinstance(row, fields.Text) else row.usual
        found[row.name] = next((value for value in sent if value is not None), usual)
    return found


def consents_of(noun: str, rows: Sequence[Avatar | Voice]) -> dict[str, str]:
    """Row id -> id of its newest valid consent."""
    found = Consent.valid().filter(**{f"{noun}__in": rows}).order_by("active_from")
    return dict(found.values_list(f"{noun}_id", "id"))


Row = TypeVar("Row", Avatar, Voice)


def offered(rows: Iterable[Row], wanted: str, path: str, noun: str) -> Row:
    """The row with this id or slug. Raises Refusal, which names the nearest slug."""
    slugs = []
    for row in rows:
        if wanted in (row.pk, row.slug):
            return row
        slugs.append(row.slug)
    near = difflib.get_close_matches(wanted, slugs, n=1)
    hint = f"Did you mean {near[0]}?" if near else f"GET /{noun}s lists them."
    raise invalid(path, f"There is no {noun} {wanted}. {hint}")
