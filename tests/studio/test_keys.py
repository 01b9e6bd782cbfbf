"""Keys: made with a name, shown once, and revoked at once."""

import html
import re
import shlex
import subprocess

import pytest

from rendering.models import Render
from studio.models import ApiKey
from tests.studio.programs import RENDERS, Program, assert_problem

pytestmark = pytest.mark.django_db


def secret_in(response):
    return re.search(r'value="(ls_live_\w+)"', response.content.decode())[1]


def test_the_page_of_keys_requires_login(client):
    response = client.get("/keys/")
    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")


def test_a_new_key_works_and_is_shown_once(alice, client_of):
    client = client_of(alice)
    response = client.post("/keys/", {"name": "Newsletter robot"})
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    secret = secret_in(response)
    assert Program(secret).get("/api/v1/usage").status_code == 200
    page = client.get("/keys/").content.decode()
    assert "Newsletter robot" in page
    assert secret[:12] in page
    assert secret not in page


def test_the_stored_row_does_not_contain_the_secret(alice, client_of):
    secret = secret_in(client_of(alice).post("/keys/", {"name": "Robot"}))
    key = ApiKey.objects.get()
    assert all(secret not in str(value) for value in vars(key).values())
    assert key.created_by == alice


@pytest.mark.django_db(transaction=True)
def test_the_shown_command_works_as_pasted(alice, client_of, library, live_server):
    """The line from the page is run in a shell."""
    client = client_of(alice)
    host = live_server.url.removeprefix("http://")
    page = client.post("/keys/", {"name": "Robot"}, headers={"Host": host}).content.decode()
    line = html.unescape(re.search(r'<pre[^>]*id="curl"[^>]*><code>(.*?)</code>', page, re.S)[1])
    assert shlex.split(line)[0] == "curl"
    for _ in range(2):  # pasted twice, it still makes one
        answer = subprocess.run(
            ["sh", "-c", line.replace("curl ", "curl -sS -w '%{http_code}' ", 1)],
            capture_output=True,
            text=True,
            check=True,
        )
        assert answer.stdout.endswith("202"), answer.stdout
    assert Render.objects.get().mode == "draft"


def test_a_key_needs_a_name(alice, client_of):
    response = client_of(alice).post("/keys/", {"name": " "})
    assert response.status_code == 422
    assert "Name the program" in response.content.decode()
    assert not ApiKey.objects.exists()


def test_a_workspace_has_at_most_twenty_keys(alice, client_of):
    for number in range(20):
        ApiKey.make(alice.workspace, f"Key {number}")
    response = client_of(alice).post("/keys/", {"name": "One more"})
    assert response.status_code == 422
    assert ApiKey.objects.count() == 20


def test_a_revoked_key_stops_at_once(alice, client_of):
    client = client_of(alice)
    secret = secret_in(client.post("/keys/", {"name": "Robot"}))
    key = ApiKey.objects.get()
    response = client.post(f"/keys/{key.pk}/revoke", follow=True)
    assert "Robot is revoked" in response.content.decode()
    assert_problem(Program(secret).get(RENDERS), 401, "key_revoked")
    first = ApiKey.objects.get().revoked_at
    client.post(f"/keys/{key.pk}/revoke")
    assert ApiKey.objects.get().revoked_at == first


def test_keys_are_hidden_from_strangers_and_cannot_be_revoked_by_them(alice, charlie, client_of):
    key, secret = ApiKey.make(alice.workspace, "Robot of Alice")
    stranger = client_of(charlie)
    assert "Robot of Alice" not in stranger.get("/keys/").content.decode()
    assert stranger.post(f"/keys/{key.pk}/revoke").status_code == 404
    assert Program(secret).get("/api/v1/usage").status_code == 200


def test_the_name_of_a_key_is_shown_as_text_not_markup(alice, client_of):
    page = client_of(alice).post("/keys/", {"name": "<b>x</b>"}).content.decode()
    assert "<b>x</b>" not in page
