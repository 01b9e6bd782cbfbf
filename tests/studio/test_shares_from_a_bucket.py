"""A shared link whose film lies in a bucket (moto, over HTTP): viewers get it from the studio, learn nothing of the bucket, and
once the link has ended no address gives anything."""

import re
import socket

import pytest
from django.test import Client

from rendering import storage
from rendering.object_store import ObjectStore
from rows.ids import new_id
from studio.models import Share
from tests.buckets import bucket_server
from tests.studio.rows import deliver, make_project, make_render
from tests.studio.test_shares import (
    FILM,
    address,
    close,
    expire,
    files,
    remove,
    remove_project,
    withdraw,
)

pytestmark = pytest.mark.django_db
NAMES = ("film.mp4", "captions.vtt", "poster.jpg", "transcript.txt")


@pytest.fixture(scope="module")
def endpoint():
    with bucket_server() as found:
        yield found


@pytest.fixture
def machine(endpoint, tmp_path, settings):
    """machine("a") is the store of one more machine on the same bucket."""
    settings.S3_ORIGIN = endpoint
    bucket = "b" + re.sub("[^a-z0-9]", "-", tmp_path.name.lower())[-50:]
    options = {"bucket": bucket, "endpoint": endpoint, "key_id": "key-of-the-bucket"}

    def make(name):
        store = ObjectStore(tmp_path / name, secret="secret", reserve=0, **options)
        store.create()
        return store

    return make


@pytest.fixture
def render(alice, library, machine, monkeypatch):
    """A film that a worker stored; the web server is another machine, which has no copy yet."""
    worker = machine("worker")
    monkeypatch.setattr(storage, "store", lambda: worker)
    made = deliver(make_render(make_project(alice.workspace), quoted=0, done=3), FILM)
    for output in made.outputs:
        data = worker.path(output["key"], output["suffix"]).read_bytes()
        with worker.write(output["key"], output["suffix"]) as path:
            path.write_bytes(data)
    web = machine("web")
    monkeypatch.setattr(storage, "store", lambda: web)
    return made


@pytest.fixture
def share(render, alice):
    return Share.make(render.project, alice)


@pytest.fixture
def viewer(endpoint, machine):
    """viewer.get(address): the answer, after a look at all of it for the bucket's address, its name and what signs for it."""
    client, bucket = Client(), machine("web").bucket

    def watched(method):
        def ask(*args, **options):
            answer = method(*args, **options)
            body = b"".join(answer.streaming_content) if answer.streaming else answer.content
            answer.body = body
            told = f"{answer.headers} {body!r}"
            for secret in (endpoint, endpoint.split("//")[1], bucket, "X-Amz", "key-of-the-bucket"):
                assert secret not in told, (args, secret)
            return answer

        return ask

    client.get, client.head, client.post = map(watched, (client.get, client.head, client.post))
    return client


def known_addresses(page, share):
    """Every address that a viewer, or a member beside them, may have written down."""
    found = files(page)
    some = next(one for one in found if one.endswith("film.mp4")).removesuffix("film.mp4")
    found |= {some + name for name in NAMES}
    found |= {f"{some}film.mp4?download=1", address(share) + "poster.jpg"}
    found |= set(re.findall(r'content="http://testserver([^"]+)', page.content.decode()))
    return sorted(one for one in found if one != address(share) and not one.endswith("/report"))


def inside(render):
    """Addresses of the studio itself at which the film and its parts are played; a viewer never sees them."""
    project, scene = render.project, render.project.live_scenes.first()
    return (
        *(f"/renders/{render.pk}/", f"/renders/{render.pk}/progress"),
        *(f"/renders/{render.pk}/lines/1/", f"/renders/{render.pk}/lines/1/film"),
        *(f"/projects/{project.pk}/film", f"/projects/{project.pk}/versions/"),
        f"/scenes/{scene.pk}/frame.jpg",
    )


def test_the_film_comes_from_the_studio_with_ranges_and_the_bucket_is_never_named(
    share, render, viewer
):
    page = viewer.get(address(share))
    assert page.status_code == 200
    known = known_addresses(page, share)
    film = next(one for one in known if one.endswith("film.mp4"))
    part = viewer.get(film, headers={"Range": "bytes=300-309"})
    assert (part.status_code, part.body) == (206, FILM[300:310])
    assert part["Content-Range"] == f"bytes 300-309/{len(FILM)}"
    assert viewer.get(film, headers={"Range": "bytes=-4"}).body == FILM[-4:]
    beyond = viewer.get(film, headers={"Range": f"bytes={len(FILM)}-"})
    assert beyond.status_code == 416
    whole = viewer.get(film)
    assert (whole.status_code, whole.body, whole["Content-Length"]) == (200, FILM, str(len(FILM)))
    assert viewer.head(film).status_code == 200
    assert viewer.get(film, headers={"If-None-Match": whole["ETag"]}).status_code == 304
    for one in known:
        if not one.endswith(("seen", "download=1")):
            answer = viewer.get(one)
            assert answer.status_code == 200, one
            assert answer["Cache-Control"] == "private, no-store"
    assert viewer.get(film, headers={"Sec-Fetch-Dest": "document"})["Location"] == address(share)


def test_a_member_who_opens_a_link_learns_no_more(share, render, viewer, alice, endpoint):
    viewer.force_login(alice)
    assert viewer.get(address(share)).status_code == 200
    viewer.logout()
    viewer.get("/accounts/login/")


def test_pages_of_members_may_play_from_the_bucket(share, render, alice, client_of, endpoint):
    page = client_of(alice).get(f"/renders/{render.pk}/")
    assert endpoint in page["Content-Security-Policy"]


@pytest.mark.parametrize("end", [close, expire, remove, remove_project, withdraw])
def test_a_link_that_has_ended_serves_nothing_at_any_address(share, render, viewer, alice, end):
    page = viewer.get(address(share))
    known = known_addresses(page, share)
    film = next(one for one in known if one.endswith("film.mp4"))
    whole = viewer.get(film)  # now there is a copy on this machine, too
    end(share, alice)
    gone = viewer.get(address(share))
    assert gone.status_code == 410
    assert not [one for one in files(gone) if not one.endswith("/report")]
    conditions = (
        {},
        {"Range": "bytes=0-9"},
        {"If-None-Match": whole["ETag"]},
        {"If-Range": whole["ETag"], "Range": "bytes=0-9"},
    )
    for one in known:
        for headers in conditions:
            answer = viewer.get(one, headers=headers)
            assert answer.status_code in (404, 405), (one, headers)
            assert FILM[:40] not in answer.body
            assert "ETag" not in answer.headers
        assert viewer.head(one).status_code in (404, 405)
    for one in inside(render):
        assert viewer.get(one)["Location"].startswith("/accounts/login/")
    posted = viewer.post(address(share) + "review", {"viewing": film.split("/")[3]})
    assert posted.status_code in (404, 410)


def test_a_guessed_link_serves_nothing(share, render, viewer, alice):
    page = viewer.get(address(share))
    viewing = next(one for one in files(page) if one.endswith("film.mp4")).split("/")[3]
    token = share.token
    other = Share.make(render.project, alice).token
    guesses = (
        token[:-1],
        token + "A",
        token.swapcase(),
        "A" * 22,
        share.pk,
        new_id("share"),
        share.digest,
    )
    for guess in guesses:
        assert viewer.get(f"/watch/{guess}/").status_code == 404
        for name in NAMES:
            assert viewer.get(f"/watch/{guess}/{viewing}/{name}").status_code == 404
    for mine in (viewing[:-1], viewing + "A", viewing.split(":")[0], "x", other):
        for name in NAMES:
            assert viewer.get(f"/watch/{token}/{mine}/{name}").status_code == 404
    for name in NAMES:  # the viewing of one link is none of another
        assert viewer.get(f"/watch/{other}/{viewing}/{name}").status_code == 404
    for name in ("film.webm", "film", "../film.mp4", render.outputs[0]["key"] + ".mp4"):
        assert viewer.get(f"/watch/{token}/{viewing}/{name}").status_code == 404


def test_a_bucket_that_is_away_is_not_named_either(
    share, render, viewer, endpoint, tmp_path, monkeypatch
):
    page = viewer.get(address(share))
    film = next(one for one in files(page) if one.endswith("film.mp4"))
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{closed.getsockname()[1]}"
    options = {"endpoint": nowhere, "key_id": "key-of-the-bucket", "secret": "s", "reserve": 0}
    away = ObjectStore(tmp_path / "away", bucket="bucket-that-is-away", **options)
    monkeypatch.setattr(storage, "store", lambda: away)
    for one in (address(share), film):
        answer = viewer.get(one)
        assert answer.status_code == 503
        assert "bucket-that-is-away" not in answer.body.decode()
        assert nowhere not in answer.body.decode()
