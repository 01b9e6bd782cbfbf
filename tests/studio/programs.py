"""A program that calls the API, for tests."""

import itertools
import json

from django.test import Client

from studio.api.problems import CODES
from studio.models import ApiKey

RENDERS = "/api/v1/renders"
numbers = itertools.count(1)


class Program:
    """Speaks JSON with a workspace key; every POST has an Idempotency-Key of its own unless given."""

    def __init__(self, secret=None):
        self.secret = secret
        self.client = Client()

    @classmethod
    def of(cls, workspace):
        _, secret = ApiKey.make(workspace, "Test program")
        return cls(secret)

    def _headers(self, more):
        own = {"Authorization": f"Bearer {self.secret}"} if self.secret else {}
        return {name: value for name, value in {**own, **more}.items() if value is not None}

    def get(self, path, query=None, **headers):
        return self.client.get(path, query, headers=self._headers(headers))

    def post(self, path, body=None, *, key="", content_type="application/json", **headers):
        key = f"test-{next(numbers)}" if key == "" else key
        data = body if isinstance(body, (bytes, str)) else json.dumps(body)
        headers = self._headers({"Idempotency-Key": key, **headers})
        return self.client.post(path, data, content_type=content_type, headers=headers)

    def render(self, **body):
        return self.post(RENDERS, body)


def assert_problem(response, status, code):
    """Asserts that the response refuses with this status and code, in the form of all refusals. Returns its body."""
    body = response.json()
    assert (response.status_code, body["code"]) == (status, code), body
    assert code in CODES  # so that the page of the documentation has it
    assert response["Content-Type"] == "application/problem+json"
    assert body["status"] == status
    assert body["request_id"] == response["X-Request-Id"]
    assert body["type"].endswith(f"/api/v1/docs#{code}")
    assert body["detail"].endswith((".", "?"))
    return body
