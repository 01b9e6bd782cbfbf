"""A project of Alice's with one scene, a template and a batch of hers, and the studio behind its own web server."""

import threading
import time

import pytest
from django.core.wsgi import get_wsgi_application

from studio.batches import run
from studio.gateway.application import Gateway
from studio.gateway.server import Server
from studio.models import ApiKey, Batch, Workspace
from studio.projects import templates
from studio.projects.templates import Variable
from studio.servers import free_port
from tests.studio.batches import check, upload
from tests.studio.programs import Program
from tests.studio.rows import make_project


@pytest.fixture
def project(alice, library):
    return make_project(alice.workspace)


@pytest.fixture
def scene(project):
    return project.live_scenes.get()


class Site(tuple):
    """(host, port), and the server behind it."""

    server: Server


@pytest.fixture
def site(transactional_db):
    """The studio behind its own web server; it shares the rows of the test."""
    gateway = Gateway(get_wsgi_application())
    server = Server(gateway, "127.0.0.1", free_port())
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    found = Site((server.config.host, server.config.port))
    found.server = server
    yield found
    server.should_exit = True
    thread.join()
    gateway.close()


@pytest.fixture
def unhurried(monkeypatch):
    """A turn of a worker ends when all is done, however busy the machine is."""
    monkeypatch.setattr(run, "TURN_SECONDS", 600.0)


@pytest.fixture
def team(alice, library):
    """Alice's workspace, on a plan with batches."""
    Workspace.objects.filter(pk=alice.workspace.pk).update(plan="team")
    alice.workspace.refresh_from_db()
    return alice.workspace


@pytest.fixture
def template(team):
    project = make_project(
        team, title="For {{name}}", script="Hello {{name}}, and welcome to {{place}}."
    )
    return templates.save(
        project,
        name="Greeting",
        description="",
        variables=[
            Variable("name", required=True, max_length=20),
            Variable("place", default="Oslo"),
        ],
        choices=(),
        by=None,
    )


@pytest.fixture
def batch(client_of, alice, template):
    """Of four rows, two of which are good; checked."""
    upload(client_of(alice), template)
    return check(Batch.objects.get())


@pytest.fixture
def program(team, template, alice):
    """With a key that Alice made."""
    _, secret = ApiKey.make(team, "Test program", alice)
    return Program(secret)
