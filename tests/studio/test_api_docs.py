"""The description of the API: committed, complete, and readable without a network."""

import json
import re
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from studio.api import api
from studio.management.commands import openapi

pytestmark = pytest.mark.django_db


def test_the_committed_description_is_current():
    call_command("openapi", "--check", stdout=StringIO())


def test_a_stale_description_is_reported(tmp_path, monkeypatch):
    stale = tmp_path / "openapi.json"
    monkeypatch.setattr(openapi, "PATH", stale)
    with pytest.raises(CommandError, match="out of date"):
        call_command("openapi", "--check")
    call_command("openapi")
    call_command("openapi", "--check")
    stale.write_text(stale.read_text().replace("render_create", "render_make"))
    with pytest.raises(CommandError, match="out of date"):
        call_command("openapi", "--check")


def test_the_served_description_is_the_committed_one(client):
    served = client.get("/api/v1/openapi.json")
    assert served.status_code == 200
    assert served.json() == json.loads((settings.BASE_DIR / "openapi.json").read_text())


def test_names_of_operations_in_the_description_are_plain_and_unique():
    schema = api.get_openapi_schema(path_prefix="/api/v1/")
    names = [one["operationId"] for methods in schema["paths"].values() for one in methods.values()]
    assert sorted(names) == sorted(set(names))
    assert set(names) >= {"render_create", "render_list", "render_detail", "render_cancel", "usage"}


def test_the_page_of_the_documentation_needs_no_other_site(client):
    response = client.get("/api/v1/docs")
    assert response.status_code == 200
    page = response.content.decode()
    fetched = re.findall(r'(?:src|<link[^>]+href)="([^"]+)"', page)
    assert fetched
    assert all(address.startswith("/static/") for address in fetched)
    assert "unsafe" not in response["Content-Security-Policy"]
    assert " style=" not in page
    assert not re.search(r"<script(?![^>]* src=)", page)


def test_the_page_of_the_documentation_shows_every_operation_and_field(client):
    page = client.get("/api/v1/docs").content.decode()
    schema = api.get_openapi_schema(path_prefix="/api/v1/")
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            assert f"<b>{method.upper()}</b> {path}" in page
            assert f'id="{operation["operationId"]}"' in page
            assert re.search(rf"<code>curl .*{re.escape(path)}", page)
    for name in schema["components"]["schemas"]["RenderRequest"]["properties"]:
        assert f"<code>{name}</code>" in page
