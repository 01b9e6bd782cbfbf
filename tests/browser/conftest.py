"""Headless Chromium against the live server: signed-in pages, and what every page must hold."""

import os
import shutil
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from tests.faces import scenes

# Playwright's synchronous interface runs an event loop in this thread; the tests use rows beside it.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text()
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
]


@pytest.fixture(scope="session")
def camera(tmp_path_factory):
    """What every camera of these browsers sees: Maya, in another light than in her photo."""
    import cv2
    import numpy as np

    picture = cv2.resize(scenes.photo("maya"), None, fx=0.9, fy=0.9, interpolation=cv2.INTER_AREA)
    picture = np.clip(picture * 0.9 + 8, 0, 255).astype(np.uint8)[:1080, :1266]
    film = tmp_path_factory.mktemp("camera") / "maya.mjpeg"
    film.write_bytes(cv2.imencode(".jpg", picture[..., ::-1])[1].tobytes() * 10)
    return film


@pytest.fixture(scope="session")
def chromium(camera):
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium") or shutil.which("chromium-browser")
    assert program, "Chromium is missing; install the package `chromium`."
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program,
            headless=True,
            args=[*ARGS, f"--use-file-for-fake-video-capture={camera}"],
        )
        yield browser
        browser.close()


@pytest.fixture
def page_of(chromium, live_server):
    """page_of(user, width=1440, dark=False) -> a page that is signed in; nobody for None.

    At the end, nothing may have been written to the console as an error.
    """
    contexts, complaints = [], []

    def make(user=None, *, width=1440, dark=False, javascript=True):
        context = chromium.new_context(
            base_url=live_server.url,
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            java_script_enabled=javascript,
        )
        contexts.append(context)
        if user is not None:
            client = Client()
            client.force_login(user)
            name = settings.SESSION_COOKIE_NAME
            value = client.cookies[name].value
            context.add_cookies([{"name": name, "value": value, "url": live_server.url}])
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda message: complaints.append(message.text) if message.type == "error" else None,
        )
        return page

    yield make
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def holds():
    """holds(page): axe finds nothing, one h1, and nothing scrolls sideways."""

    def check(page):
        page.evaluate(AXE)
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
        assert [(v["id"], [n["html"][:160] for n in v["nodes"]]) for v in found] == []
        assert page.locator("h1").count() == 1
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= page.viewport_size["width"]

    return check


@pytest.fixture
def until():
    """until(page, expression) waits for it to be true. (wait_for_function needs eval, which the policy forbids.)"""

    def wait(page, expression):
        for _ in range(200):
            if page.evaluate(f"Boolean({expression})"):
                return
            page.wait_for_timeout(50)
        raise AssertionError(f"never became true: {expression}")

    return wait
