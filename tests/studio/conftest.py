"""A project of Alice's with one scene."""

import pytest

from tests.studio.rows import make_project


@pytest.fixture
def project(alice, library):
    return make_project(alice.workspace)


@pytest.fixture
def scene(project):
    return project.live_scenes.get()
