"""Signed links: they expire, cannot be changed, and serve single ranges."""

import re

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from rendering import storage
from studio.links import file_name, file_url, link_ends
from tests.studio.rows import put

DATA = bytes(range(256)) * 40


@pytest.fixture
def output():
    return put(DATA, ".mp4")


def test_a_damaged_file_is_not_served(client, db):
    output = put(b"whole" * 1000, ".mp4")
    url = file_url(output["key"], ".mp4", "spring.mp4")
    assert client.get(url).status_code == 200
    path = storage.store().path(output["key"], ".mp4")
    for damaged in (b"elohw" * 1000, b"whole" * 500):
        path.write_bytes(damaged)
        response = client.get(url)
        assert response.status_code == 410
        assert "makes it again, free of charge" in response.content.decode()
    path.write_bytes(b"whole" * 1000)
    assert client.get(url).status_code == 200


@pytest.fixture
def url(output):
    return file_url(output["key"], ".mp4", "spring.mp4")


def body(response):
    return b"".join(response.streaming_content)


def test_a_link_gives_the_whole_file_to_be_played(url, client, db):
    response = client.get(url)
    assert response.status_code == 200
    assert body(response) == DATA
    assert response["Content-Type"] == "video/mp4"
    assert response["Content-Length"] == str(len(DATA))
    assert response["Accept-Ranges"] == "bytes"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"].startswith("private")
    assert response["Content-Disposition"].startswith("inline")
    assert "no-store" not in response["Cache-Control"]


def test_a_link_rejects_post(url, client):
    assert client.post(url).status_code == 405


def test_head_is_answered_with_the_length_only(url, client):
    response = client.head(url, headers={"Range": "bytes=0-9"})
    assert response.status_code == 200
    assert response["Content-Length"] == str(len(DATA))
    assert not response.content if not response.streaming else body(response) == b""


@given(
    first=st.integers(0, len(DATA) - 1),
    length=st.integers(1, 3 * len(DATA)),
    open_end=st.booleans(),
)
@hypothesis_settings(max_examples=40, deadline=None)
def test_any_range_gives_exactly_those_bytes(first, length, open_end):
    output = put(DATA, ".mp4")
    url = file_url(output["key"], ".mp4", "spring.mp4")
    last = "" if open_end else first + length - 1
    response = Client().get(url, headers={"Range": f"bytes={first}-{last}"})
    expected = DATA[first:] if open_end else DATA[first : first + length]
    assert response.status_code == 206
    assert body(response) == expected
    assert response["Content-Length"] == str(len(expected))
    assert response["Content-Range"] == f"bytes {first}-{first + len(expected) - 1}/{len(DATA)}"


def test_the_last_bytes_of_a_file_can_be_requested(url, client):
    response = client.get(url, headers={"Range": "bytes=-100"})
    assert (response.status_code, body(response)) == (206, DATA[-100:])


@pytest.mark.parametrize("wanted", [f"bytes={len(DATA)}-", "bytes=999999-1000000", "bytes=-0"])
def test_a_range_outside_the_file_is_answered_416(wanted, url, client):
    response = client.get(url, headers={"Range": wanted})
    assert response.status_code == 416
    assert response["Content-Range"] == f"bytes */{len(DATA)}"


@pytest.mark.parametrize(
    "wanted", ["bytes=5-2", "bytes=0-1,4-5", "lines=0-1", "bytes=-", "bytes=a-"]
)
def test_a_header_that_is_no_single_range_gives_the_whole_file(wanted, url, client):
    response = client.get(url, headers={"Range": wanted})
    assert (response.status_code, body(response)) == (200, DATA)


def test_a_range_of_another_version_gives_the_whole_file(url, client):
    etag = client.head(url)["ETag"]
    same = client.get(url, headers={"Range": "bytes=0-9", "If-Range": etag})
    other = client.get(url, headers={"Range": "bytes=0-9", "If-Range": '"other"'})
    assert (same.status_code, body(same)) == (206, DATA[:10])
    assert (other.status_code, body(other)) == (200, DATA)


def test_a_file_that_the_browser_has_is_not_sent_again(url, client):
    response = client.get(url, headers={"If-None-Match": client.head(url)["ETag"]})
    assert response.status_code == 304


def test_a_changed_link_is_refused(url, client):
    token = url.split("/")[2]
    for changed in (
        url.replace(token, token[:-2] + ("aa" if token[-2:] != "aa" else "bb")),
        url.replace("spring.mp4", "autumn.mp4"),
        url.replace(token, "x"),
    ):
        response = client.get(changed)
        assert response.status_code == 403
        assert "was changed" in response.content.decode()


def test_a_link_that_has_ended_is_refused(output, client, settings):
    settings.SIGNED_URL_SECONDS = -1
    response = client.get(file_url(output["key"], ".mp4", "spring.mp4"))
    assert response.status_code == 403
    assert "Links to files expire after a while" in response.content.decode()


def test_a_link_lives_no_longer_than_set(url, settings):
    import time

    left = link_ends(url) - time.time()
    assert settings.SIGNED_URL_SECONDS / 2 < left <= settings.SIGNED_URL_SECONDS


def test_a_link_for_playing_does_not_download(url, output, client):
    assert client.get(url + "?download=1").status_code == 403
    response = client.get(file_url(output["key"], ".mp4", "spring.mp4", download=True))
    assert response.status_code == 200
    assert response["Content-Disposition"] == 'attachment; filename="spring.mp4"'
    assert body(response) == DATA


def test_a_link_to_a_missing_file_says_what_to_do(client):
    response = client.get(file_url("0" * 64, ".mp4", "spring.mp4"))
    assert response.status_code == 404
    assert "Render the project again" in response.content.decode()


@pytest.mark.parametrize(
    ("suffix", "kind"),
    [
        (".vtt", "text/vtt; charset=utf-8"),
        (".jpg", "image/jpeg"),
        (".exe", "application/octet-stream"),
    ],
)
def test_each_kind_of_file_has_its_content_type(suffix, kind, client):
    output = put(b"data", suffix)
    assert client.get(file_url(output["key"], suffix, "a" + suffix))["Content-Type"] == kind


@given(st.text(max_size=120))
def test_a_file_name_is_safe_whatever_the_title(title):
    assert re.fullmatch(r"[\w-]{1,60}\.mp4", file_name(title, ".mp4"), re.ASCII)
