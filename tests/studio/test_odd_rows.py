"""Odd values that an older release or a hand in the database left in a row: pages and the API open all the same."""

import pytest

from rendering.models import Render
from studio.models import Avatar, Voice
from tests.studio.programs import Program
from tests.studio.rows import deliver, make_project, make_render

pytestmark = pytest.mark.django_db

ODD = (3, "word", [7], {"a": 1}, [{"code": 1}], [["x"], None])


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_pages_and_the_api_open_whatever_the_json_columns_contain(odd, alice, client_of, library):
    project = make_project(alice.workspace)
    render = deliver(make_render(project, by=alice, quoted=0, done=3))
    names = ("metadata", "warnings", "outputs", "chapters", "quality", "provenance")
    Render.objects.filter(pk=render.pk).update(**dict.fromkeys(names, odd), stage_seconds=odd)
    render.segments.update(timing=odd, warnings=odd, quality=odd, stage_seconds=odd)
    Avatar.objects.update(tags=odd, findings=odd, answers=odd)
    Voice.objects.update(tags=odd, findings=odd)
    site, program = client_of(alice), Program.of(alice.workspace)
    for page in (
        f"/renders/{render.pk}/",
        "/",
        "/avatars/",
        "/voices/",
        f"/projects/{project.pk}/",
    ):
        assert site.get(page).status_code == 200, page
    for path in (f"renders/{render.pk}", "renders", "avatars", "voices"):
        assert program.get(f"/api/v1/{path}").status_code == 200, path
