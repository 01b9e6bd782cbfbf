"""The promises of every store, checked on a folder and on a bucket (moto, over HTTP); and those of a bucket alone."""

import hashlib
import os
import socket
import threading
import urllib.error
import urllib.request

import pytest

from rendering.object_store import ObjectStore
from rendering.store import OWNER, Store, StoreAway
from tests.buckets import bucket_server

KEY = "ab" * 32
OTHER = "cd" * 32


@pytest.fixture(scope="module")
def endpoint():
    with bucket_server() as address:
        yield address


@pytest.fixture
def machine(endpoint, tmp_path):
    """machine("a") is the store of one more machine on the same bucket."""
    options = {"endpoint": endpoint, "key_id": "key", "secret": "secret", "reserve": 0}
    bucket = tmp_path.name.replace("_", "-").lower()[:60].strip("-")

    def make(name="here", **more):
        store = ObjectStore(tmp_path / name, bucket=bucket, **{**options, **more})
        store.create()
        store.create()
        return store

    return make


@pytest.fixture(params=["folder", "bucket"])
def store(request, tmp_path, machine):
    return machine() if request.param == "bucket" else Store(tmp_path / "store", reserve=0)


def put(store, key=KEY, data=b"film", suffix=".mp4"):
    with store.write(key, suffix) as path:
        path.write_bytes(data)


def test_a_file_is_whole_or_absent(store):
    assert store.find(KEY, ".mp4") is None
    with store.write(KEY, ".mp4") as path:
        path.write_bytes(b"fi")
        assert store.find(KEY, ".mp4") is None
        path.write_bytes(b"film")
    assert store.find(KEY, ".mp4").read_bytes() == b"film"
    assert store.path(KEY, ".mp4").read_bytes() == b"film"
    with pytest.raises(ZeroDivisionError), store.write(OTHER, ".mp4") as path:
        path.write_bytes(bytes(1 // 0))
    assert store.find(OTHER, ".mp4") is None
    assert not [p for p in (store.folder / "unfinished").iterdir() if p.suffix != OWNER]


def test_the_last_writer_of_a_key_wins(store):
    put(store, data=b"first")
    put(store, data=b"second")
    assert store.find(KEY, ".mp4").read_bytes() == b"second"


def test_writers_of_one_key_at_once_leave_one_whole_file(store):
    films = [bytes([number]) * 300_000 for number in range(8)]
    writers = [threading.Thread(target=put, args=[store, KEY, film]) for film in films]
    for one in writers:
        one.start()
    for one in writers:
        one.join()
    assert store.find(KEY, ".mp4").read_bytes() in films


def test_a_removed_file_is_absent_and_the_store_is_healthy(store):
    put(store)
    store.remove(KEY, ".mp4")
    store.remove(KEY, ".mp4")
    assert store.find(KEY, ".mp4") is None
    assert not store.still_there(KEY, ".mp4")
    assert store.healthy()


@pytest.mark.parametrize("key", ["", "ab", "../../etc/passwd", "AB" * 32])
def test_a_malformed_key_is_refused(store, key):
    for ask in (store.find, store.remove):
        with pytest.raises(ValueError, match="not a key"):
            ask(key, ".mp4")


def test_another_machine_sees_a_file_and_its_removal(machine):
    here, elsewhere = machine("here"), machine("there")
    put(here)
    assert elsewhere.find(KEY, ".mp4").read_bytes() == b"film"
    here.remove(KEY, ".mp4")
    assert not elsewhere.still_there(KEY, ".mp4")
    assert elsewhere.find(KEY, ".mp4") is None


def test_a_key_is_forgotten_with_all_its_files_everywhere(machine):
    here, elsewhere = machine("here"), machine("there")
    for suffix in (".pack", ".12.features"):
        with here.write(KEY, suffix) as path:
            path.write_bytes(b"kept")
    put(here)
    assert elsewhere.find(KEY, ".12.features")
    other = "cd" + KEY[2:]
    with here.write(other, ".pack") as path:
        path.write_bytes(b"kept")
    here.forget(KEY)
    here.forget(KEY)
    assert not elsewhere.still_there(KEY, ".pack")
    assert not elsewhere.still_there(KEY, ".12.features")
    assert elsewhere.still_there(other, ".pack")


def test_a_damaged_copy_is_fetched_again_and_a_damaged_object_counts_as_absent(machine):
    here, elsewhere = machine("here"), machine("there")
    put(here)
    elsewhere.find(KEY, ".mp4").write_bytes(b"mlif")
    assert elsewhere.find(KEY, ".mp4").read_bytes() == b"film"
    here._client.put_object(
        Bucket=here.bucket,
        Key=here._name(KEY, ".mp4"),
        Body=b"mlif",
        Metadata={"sha256": hashlib.sha256(b"film").hexdigest()},
    )
    assert machine("third").find(KEY, ".mp4") is None
    put(elsewhere)
    assert machine("third").find(KEY, ".mp4").read_bytes() == b"film"


def test_a_large_file_is_sent_in_parts_and_comes_back_whole(machine):
    data = os.urandom(1 << 20) * 20
    put(machine("here"), data=data)
    assert machine("there").find(KEY, ".mp4").read_bytes() == data


def test_local_copies_stay_within_the_limit_and_are_fetched_again(machine):
    store = machine(limit=50_000)
    keys = [f"{n:064x}" for n in range(20)]
    for age, key in enumerate(reversed(keys)):
        put(store, key, bytes(10_000))
        old = store.path(key, ".mp4").stat().st_mtime - 10_000 - 60 * age
        os.utime(store.path(key, ".mp4"), (old, old))
    held = [key for key in keys if store.path(key, ".mp4").exists()]
    assert 3 <= len(held) <= 5
    assert all(store.find(key, ".mp4").stat().st_size == 10_000 for key in keys)


def test_local_copies_in_use_stay(machine):
    store = machine(limit=1_000)
    put(store, KEY, bytes(5_000))
    put(store, OTHER, bytes(5_000))
    assert store.path(KEY, ".mp4").exists()
    assert store.path(OTHER, ".mp4").exists()


def test_a_link_plays_from_the_middle_and_bears_its_name(machine):
    store = machine()
    put(store, data=b"0123456789")
    link = store.url(KEY, ".mp4", name="My film.mp4", kind="video/mp4", seconds=60, download=True)
    request = urllib.request.Request(link, headers={"Range": "bytes=3-5"})
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 206
        assert answer.read() == b"345"
        assert answer.headers["Content-Type"] == "video/mp4"
        assert "My%20film.mp4" in answer.headers["Content-Disposition"]
    assert "X-Amz-Expires=60" in link
    assert "X-Amz-Signature=" in link


def test_the_site_sends_browsers_to_the_bucket(machine, client, monkeypatch, db):
    from rendering import storage
    from studio.links import file_url

    store = machine()
    put(store, data=b"0123456789")
    put(store, data=b"WEBVTT\n", suffix=".vtt")
    monkeypatch.setattr(storage, "store", lambda: store)
    answer = client.get(file_url(KEY, ".mp4", "film.mp4"))
    assert answer.status_code == 302
    with urllib.request.urlopen(answer["Location"]) as film:
        assert film.read() == b"0123456789"
    captions = client.get(file_url(KEY, ".vtt", "film.vtt"))
    assert b"".join(captions.streaming_content) == b"WEBVTT\n"
    forged = file_url(KEY, ".mp4", "film.mp4").replace("/film.mp4", "/other.mp4")
    assert client.get(forged).status_code == 403


def test_a_bucket_that_is_away_says_so(tmp_path):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    options = {"endpoint": f"http://127.0.0.1:{port}", "key_id": "k", "secret": "s", "reserve": 0}
    store = ObjectStore(tmp_path, bucket="none", **options)
    with pytest.raises(StoreAway, match="cannot be reached just now"):
        store.find(KEY, ".mp4")
    assert not store.healthy()
    from studio.errors import explain

    problem = explain(StoreAway("away"))
    assert (problem.status, problem.retryable) == (503, True)


def test_a_bucket_that_refuses_says_so(machine):
    store = machine()
    store.bucket = "somebody-elses"
    with pytest.raises(StoreAway):
        store.still_there(KEY, ".mp4") or put(store)
