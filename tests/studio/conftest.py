"""A project of Alice's with one scene, and the studio behind its own web server."""

import threading
import time

import pytest
from django.core.wsgi import get_wsgi_application

from studio.gateway.application import Gateway
from studio.gateway.server import Server
from studio.servers import free_port
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
