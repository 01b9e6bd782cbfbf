"""The price in the editor: what is shown is what may be charged."""

import pytest

from rendering.models import Render
from tests.studio.rows import make_project

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_price_that_rose_is_shown_and_one_press_accepts_it(page_of, alice, library):
    project = make_project(alice.workspace)
    page = page_of(alice)
    page.goto(f"/projects/{project.pk}/")
    page.get_by_text("at most 0.1 credits").first.wait_for()
    scene = project.live_scenes.get()
    scene.edit(scene.revision, script="Hello, and welcome. " * 20)  # in another tab
    page.locator("[data-render]").click()
    page.get_by_text("Nothing was made or charged").wait_for()
    assert not Render.objects.exists()
    page.get_by_role("button", name="Render for that price").click()
    page.wait_for_url("**/renders/**")
    assert Render.objects.get().quoted > 6
