import pytest

from studio.projects import composition
from tests.rendering.fleet import Fleet


@pytest.fixture
def fleet(transactional_db, library, tmp_path, monkeypatch):
    monkeypatch.setitem(composition.HEIGHTS, "720p", 360)
    running = Fleet(tmp_path)
    yield running
    running.stop()


@pytest.fixture
def make_script(alice):
    """make_script("Words.", …) -> a project of alice with these lines, spoken by the light voice."""
    from studio.models import Avatar, Project, Voice

    def make(*lines, voice="preview"):
        project = Project.objects.create(workspace=alice.workspace, title="Trial", seed=1)
        project.add_scene(
            script="\n\n".join(lines),
            avatar=Avatar.objects.get(slug="maya"),
            voice=Voice.objects.get(slug=voice),
        )
        return project

    return make
