"""Headless Chromium against the live server: signed-in pages, and the checks that every page must pass."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from imageio_ffmpeg import get_ffmpeg_exe

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


SEEN = ("photo", "straight", "left", "right", "up", "open", "shut", "again")
"""The pictures that the camera shows in turn; a test knows each by the grey of the square in its corner."""


def grey_of(what):
    return 20 + 30 * SEEN.index(what)


def as_seen(grey):
    """Chromium reads the film as if black were 16 and white 235."""
    return (grey - 16) * 255 / 219


@pytest.fixture(scope="session")
def camera(tmp_path_factory):
    """The film that every camera of these browsers sees: Clara as in her photo, then in every pose that may be requested."""
    import cv2
    import numpy as np

    wide, high, held = 1440, 1080, 40  # pixels; pictures, 30 of them a second
    film = tmp_path_factory.mktemp("camera") / "maya.mjpeg"
    with film.open("wb") as out:
        for what in SEEN:
            if what == "photo":
                found = cv2.resize(
                    scenes.photo("clara"), None, fx=0.85, fy=0.85, interpolation=cv2.INTER_AREA
                )[:high, :wide]
                picture = np.full((high, wide, 3), 160, np.uint8)
                left = (wide - found.shape[1]) // 2
                picture[: found.shape[0], left : left + found.shape[1]] = found
            else:
                picture = cv2.resize(
                    scenes.live("clara", what), (wide, high), interpolation=cv2.INTER_CUBIC
                )
            picture[:40, :40] = grey_of(what)
            out.write(cv2.imencode(".jpg", picture[..., ::-1])[1].tobytes() * held)
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


def wrong(message):
    """Whether a message is an error, other than the browser's remark on a refused text (422), a new price (409), a link that has ended
    (410), or a connection that a test has cut."""
    expected = ("status of 409", "status of 410", "status of 422", "ERR_INTERNET_DISCONNECTED")
    return message.type == "error" and not any(remark in message.text for remark in expected)


@pytest.fixture
def page_of(chromium, live_server):
    """page_of(user, width=1440, dark=False) -> a page where the user is signed in; nobody is for None.

    No error may have been written to the console by the end of the test.
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
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda message: complaints.append(message.text) if wrong(message) else None,
        )
        return page

    yield make
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture(scope="session")
def film(tmp_path_factory):
    """12 s of moving colour with a tone, as MP4 bytes."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    command = [get_ffmpeg_exe(), "-v", "error", "-f", "lavfi", "-i", "testsrc=s=320x180:d=12:r=10"]
    command += ["-f", "lavfi", "-i", "sine=220:d=12", "-c:v", "libx264", "-preset", "ultrafast"]
    command += ["-pix_fmt", "yuv420p", "-c:a", "aac", "-movflags", "+faststart", str(path)]
    subprocess.run(command, check=True)
    return path.read_bytes()


@pytest.fixture
def assert_accessible():
    """assert_accessible(page): axe finds nothing, there is one h1, and nothing scrolls sideways."""

    def check(page):
        page.evaluate(AXE)
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
        assert [(v["id"], [n["html"][:160] for n in v["nodes"]]) for v in found] == []
        assert page.locator("h1").count() == 1
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= page.viewport_size["width"]

    return check


@pytest.fixture
def wait_for_camera(expect_soon):
    """wait_for_camera(page, what) waits until the camera of the page changes to that picture."""

    def wait(page, what):
        page.locator("video.camera-view").wait_for()
        seen = """(() => {
          const video = document.querySelector('video.camera-view');
          if (!video.videoWidth) return -1;
          const canvas = document.createElement('canvas');
          canvas.width = canvas.height = 1;
          canvas.getContext('2d').drawImage(video, 8, 8, 8, 8, 0, 0, 1, 1);
          return canvas.getContext('2d').getImageData(0, 0, 1, 1).data[0];
        })()"""
        expect_soon(page, f"{seen} >= 0 && Math.abs({seen} - {as_seen(grey_of(what))}) > 10")
        expect_soon(page, f"Math.abs({seen} - {as_seen(grey_of(what))}) <= 10")

    return wait


@pytest.fixture
def expect_soon():
    """expect_soon(page, expression) waits for it to be true, and fails if it never is.

    (wait_for_function needs eval, which the policy forbids.)
    """

    def wait(page, expression):
        for _ in range(400):
            if page.evaluate(f"Boolean({expression})"):
                return
            page.wait_for_timeout(50)
        raise AssertionError(f"never became true: {expression}")

    return wait
