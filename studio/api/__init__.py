"""The one API: /api/v1/. A key opens one workspace; the site calls the same actions."""

import functools
import json
import re
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest
from django.utils.datastructures import MultiValueDict
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError, ValidationErrorContext
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation
from ninja.parser import Parser

from studio import storable
from studio.api import problems
from studio.api.account.routes import router as of_account
from studio.api.assets.routes import router as of_assets
from studio.api.auth import WorkspaceKey
from studio.api.avatars.routes import router as of_avatars
from studio.api.batches.routes import router as of_batches
from studio.api.common import invalid
from studio.api.problems import Refusal, nearest
from studio.api.projects.routes import router as of_projects
from studio.api.renders.routes import router as of_renders
from studio.api.templates.routes import router as of_templates
from studio.api.voices.routes import router as of_voices
from studio.limits import JSON


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


class StrictParser(Parser):
    """One JSON object in UTF-8, of at most JSON bytes, whose text can be stored."""

    def parse_body(self, request: HttpRequest) -> Any:
        if len(request.body) > JSON:
            raise Refusal("body_too_large")
        if request.content_type != "application/json":
            raise Refusal("unsupported_media_type")
        try:
            data = json.loads(request.body.decode("utf-8"), parse_constant=_no_constant)
            json.dumps(data, ensure_ascii=False).encode()  # lone surrogates fail here
        except (ValueError, RecursionError):
            raise Refusal("invalid_json") from None
        storable.check(data)
        return data

    def parse_querydict(
        self, data: MultiValueDict, list_fields: list[str], request: HttpRequest
    ) -> dict[str, Any]:
        found = super().parse_querydict(data, list_fields, request)
        for name, value in found.items():
            storable.check([name, value], name)
        return found


@functools.cache
def _parameters() -> dict[tuple[str, str], list[str]]:
    """(method, pattern of the address) -> the query parameters that the description names."""
    paths = api.get_openapi_schema(path_prefix="")["paths"]
    return {
        (method.upper(), path): [
            item["name"] for item in operation.get("parameters", ()) if item["in"] == "query"
        ]
        for path, methods in paths.items()
        for method, operation in methods.items()
    }


def _check_parameters(request: HttpRequest) -> None:
    """Refuses unknown parameters, as in bodies: a misspelt filter would list everything."""
    match = request.resolver_match
    route = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", match.route if match else "")
    known = _parameters().get((request.method or "", route.removeprefix("api/v1")), [])
    for name in request.GET:
        if name not in known:
            near = nearest(name, known) if known else " This address takes none."
            raise invalid(
                name[:80], f"There is no parameter {name[:80]}.{near}", code="unknown_field"
            )


ALWAYS = (401, 422, 429, 500, 503)
"""Statuses that any operation may answer with, beside those that it declares."""


class PublicAPI(NinjaAPI):
    def get_openapi_operation_id(self, operation: Operation) -> str:
        """Clients are made from these names: render_create, not the path of a module."""
        return operation.view_func.__name__

    def validation_error_from_error_contexts(
        self, error_contexts: list[ValidationErrorContext]
    ) -> ValidationError:
        """Each error also names the model that it was checked against, whose fields can then be suggested."""
        worded = super().validation_error_from_error_contexts
        return ValidationError(
            [
                {**error, "model": context.model}
                for context in error_contexts
                for error in worded([context]).errors
            ]
        )

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        """Declares refusals as problem details: ninja cannot declare a media type for single statuses."""
        schema = super().get_openapi_schema(**options)
        for methods in schema["paths"].values():
            for operation in methods.values():
                for status in ALWAYS:
                    problem = {"$ref": "#/components/schemas/Problem"}
                    operation["responses"].setdefault(
                        status,
                        {
                            "description": HTTPStatus(status).phrase,
                            "content": {"application/json": {"schema": problem}},
                        },
                    )
                for status, answer in operation["responses"].items():
                    if int(status) >= 400:
                        answer["content"] = {
                            problems.MEDIA_TYPE: answer["content"].pop("application/json")
                        }
        return schema


api = PublicAPI(
    title="Likeness Studio API",
    version="1",
    description="Turns a script into a video of a talking person, with proof that the person agreed.",
    docs_url=None,
    auth=WorkspaceKey(_check_parameters),
    parser=StrictParser(),
    urls_namespace="api-1",
)
for router in (
    of_renders,
    of_avatars,
    of_voices,
    of_assets,
    of_account,
    of_projects,
    of_templates,
    of_batches,
):
    api.add_router("", router)
for kind in (Exception, HttpError, ValidationError):
    api.add_exception_handler(kind, problems.handle)
