import hashlib
import json
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.core.management import call_command

from rendering import weights
from rendering.weights import REGISTRY, File, NotReady, Weights, fetching

LARGE = bytes(range(256)) * 8192  # 2 MiB
SMALL = b'{"layers": 2}'


def sha256(content):
    return hashlib.sha256(content).hexdigest()


class Mirror(ThreadingHTTPServer):
    """Serves files as a hub does: ranges, redirects for large files, and the failures of real hubs."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = {}
        self.cut = []  # bytes after which the next connections end
        self.answers = []  # statuses of the next answers
        self.ranged = True
        self.linked = {}  # path -> hash in X-Linked-Etag
        self.seen = []  # (path, Range)
        self.address = f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request, client_address):
        pass


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        server.seen.append((self.path, self.headers.get("Range")))
        if server.answers:
            self.send_response(server.answers.pop(0))
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if self.path in server.linked:
            self.send_response(302)
            self.send_header("Location", "/blobs" + self.path)
            self.send_header("X-Linked-Etag", f'"{server.linked[self.path]}"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        content = server.files.get(self.path.removeprefix("/blobs"))
        if content is None:
            self.send_error(404)
            return
        first = 0
        if server.ranged and (wanted := self.headers.get("Range")):
            first = int(wanted.removeprefix("bytes=").rstrip("-"))
            if first >= len(content):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(content)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(content) - first))
        self.end_headers()
        part = content[first:]
        if server.cut:
            part = part[: server.cut.pop(0)]
            self.close_connection = True
        self.wfile.write(part)

    def log_message(self, *args):
        pass


@pytest.fixture
def mirror():
    server = Mirror()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def tiny(monkeypatch, mirror, tmp_path):
    """An engine of two files that the mirror holds: one pinned, one whose hash nobody published."""
    found = Weights(
        engine="tiny",
        title="Tiny",
        licence="A licence",
        terms="https://example.org/terms",
        commercial="no",
        files=(
            File("net/large.bin", "who/what", "0" * 40, bytes=len(LARGE), sha256=sha256(LARGE)),
            File("config.json", "who/what", "0" * 40),
        ),
    )
    monkeypatch.setitem(REGISTRY, "tiny", found)
    mirror.files = {"/tiny/net/large.bin": LARGE, "/tiny/config.json": SMALL}
    return tmp_path / "models"


def fetch(tiny, mirror, **more):
    return fetching.fetch("tiny", tiny, source=mirror.address, **more)


def test_an_engine_says_in_one_sentence_what_it_needs_next(tiny, mirror):
    with pytest.raises(NotReady) as absent:
        weights.need("tiny", tiny)
    assert absent.value.sentence == (
        "Tiny has no weights here (2 of 2 files are missing); run `manage.py models fetch tiny`."
    )
    fetch(tiny, mirror)
    with pytest.raises(NotReady, match=r"terms of Tiny .* not accepted; .* models accept tiny"):
        weights.need("tiny", tiny)
    weights.accept("tiny", tiny, by="Ada")
    assert (weights.need("tiny", tiny) / "net/large.bin").read_bytes() == LARGE


def test_acceptance_is_recorded_and_ends_when_the_terms_change(tiny, mirror, monkeypatch):
    fetch(tiny, mirror)
    accepted = weights.accept("tiny", tiny, by=" Ada ")
    assert accepted["by"] == "Ada"
    assert json.loads((tiny / "tiny/accepted.json").read_text())["licence"] == "A licence"
    assert weights.state("tiny", tiny).ready
    changed = Weights(**{**_fields(REGISTRY["tiny"]), "licence": "Another licence"})
    monkeypatch.setitem(REGISTRY, "tiny", changed)
    assert not weights.state("tiny", tiny).accepted


def _fields(value):
    return {name: getattr(value, name) for name in type(value).__dataclass_fields__}


def test_a_download_goes_on_where_it_broke_off(tiny, mirror):
    mirror.cut = [300_000, 700_000]
    fetch(tiny, mirror)
    assert [row[1] for row in mirror.seen][:3] == [None, "bytes=300000-", "bytes=1000000-"]
    assert (tiny / "tiny/net/large.bin").read_bytes() == LARGE


def test_a_second_process_goes_on_with_what_the_first_left(tiny, mirror):
    mirror.cut = [100_000] * fetching.TRIES
    with pytest.raises(NotReady, match="run the same command to go on"):
        fetch(tiny, mirror)
    assert not (tiny / "tiny/net/large.bin").exists()
    mirror.seen.clear()
    fetch(tiny, mirror)
    assert mirror.seen[0][1] == f"bytes={100_000 * fetching.TRIES}-"
    assert fetch(tiny, mirror) == []  # every file is here: nothing is fetched


def test_a_download_from_a_mirror_without_ranges_begins_again(tiny, mirror):
    mirror.ranged = False
    mirror.cut = [300_000]
    fetch(tiny, mirror)
    assert (tiny / "tiny/net/large.bin").read_bytes() == LARGE


def test_a_busy_hub_is_asked_again(tiny, mirror):
    mirror.answers = [503, 429]
    assert len(fetch(tiny, mirror)) == 2


@pytest.mark.parametrize(
    ("status", "sentence"),
    [(403, "asks for a login"), (404, "not there any more"), (418, "mirror")],
)
def test_a_refusal_of_the_hub_becomes_one_sentence(tiny, mirror, status, sentence):
    mirror.answers = [status]
    with pytest.raises(NotReady, match=sentence):
        fetch(tiny, mirror)


def test_another_file_under_the_same_name_is_refused(tiny, mirror):
    mirror.files["/tiny/net/large.bin"] = LARGE[:-1] + b"!"
    with pytest.raises(NotReady, match="is not the published file"):
        fetch(tiny, mirror)
    assert not (tiny / "tiny/net/large.bin").exists()


def test_a_file_of_another_size_is_refused(tiny, mirror):
    mirror.files["/tiny/net/large.bin"] = LARGE[:-1]
    with pytest.raises(NotReady, match=r"has 2097151 bytes at 127\.0\.0\.1:.*, not 2097152"):
        fetch(tiny, mirror)


def test_a_hash_that_nobody_published_is_fixed_by_the_first_fetch(tiny, mirror):
    fetch(tiny, mirror)
    assert dict(_verdicts(tiny)) == {"net/large.bin": "ok", "config.json": "unpinned"}
    (tiny / "tiny/config.json").unlink()
    mirror.files["/tiny/config.json"] = b'{"layers": 3}'
    with pytest.raises(NotReady, match=r"config.json of Tiny .* is not the published file"):
        fetch(tiny, mirror)


def test_a_file_must_match_the_hash_that_the_hub_states(tiny, mirror):
    mirror.linked["/tiny/config.json"] = sha256(b"something else")
    with pytest.raises(NotReady, match="is not the published file"):
        fetch(tiny, mirror)
    mirror.linked["/tiny/config.json"] = sha256(SMALL)
    fetch(tiny, mirror)
    assert weights.recorded(tiny / "tiny")["config.json"]["sha256"] == sha256(SMALL)


def test_a_file_that_the_hub_does_not_have_comes_from_its_own_address(tiny, mirror, monkeypatch):
    monkeypatch.setattr(fetching, "HUB", mirror.address)
    plain = REGISTRY["tiny"].files
    own = File(**{**_fields(plain[0]), "url": f"{mirror.address}/own/large.bin"})
    monkeypatch.setitem(
        REGISTRY, "tiny", Weights(**{**_fields(REGISTRY["tiny"]), "files": (own, plain[1])})
    )
    hub = f"/who/what/resolve/{'0' * 40}"
    mirror.files = {f"{hub}/config.json": SMALL, "/own/large.bin": LARGE}
    fetch(tiny, mirror)
    assert [path for path, _ in mirror.seen][:2] == [f"{hub}/net/large.bin", "/own/large.bin"]
    # another file under the name is not taken, either
    (tiny / "tiny/net/large.bin").unlink()
    mirror.files[f"{hub}/net/large.bin"] = LARGE[::-1]
    fetch(tiny, mirror)
    assert (tiny / "tiny/net/large.bin").read_bytes() == LARGE
    (tiny / "tiny/net/large.bin").unlink()
    mirror.files = {}
    with pytest.raises(NotReady, match="answered 404"):
        fetch(tiny, mirror)


def test_verify_finds_a_flipped_bit(tiny, mirror):
    fetch(tiny, mirror)
    path = tiny / "tiny/net/large.bin"
    path.write_bytes(LARGE[:77] + b"\0" + LARGE[78:])
    assert dict(_verdicts(tiny))["net/large.bin"] == "damaged"


def _verdicts(tiny):
    return [(file.path, verdict) for file, verdict in weights.verify("tiny", tiny)]


def test_weights_are_copied_from_a_folder_that_has_all_files(tiny, tmp_path):
    (tmp_path / "usb/net").mkdir(parents=True)
    (tmp_path / "usb/net/large.bin").write_bytes(LARGE)
    with pytest.raises(NotReady, match=r"config.json of Tiny is not in .*usb"):
        fetching.fetch("tiny", tiny, source=str(tmp_path / "usb"))
    (tmp_path / "usb/config.json").write_bytes(SMALL)
    assert [file.path for file in fetching.fetch("tiny", tiny, source=str(tmp_path / "usb"))] == [
        "config.json"
    ]


def test_a_file_that_two_engines_share_is_fetched_once(tiny, mirror, monkeypatch):
    shared = Weights(
        **{**_fields(REGISTRY["tiny"]), "engine": "other", "files": REGISTRY["tiny"].files[:1]}
    )
    monkeypatch.setitem(REGISTRY, "other", shared)
    fetch(tiny, mirror)
    mirror.seen.clear()
    fetching.fetch("other", tiny, source=mirror.address)
    assert mirror.seen == []
    assert (tiny / "other/net/large.bin").stat().st_ino == (
        tiny / "tiny/net/large.bin"
    ).stat().st_ino


def test_a_bucket_is_read_only_with_a_key(tiny, mirror):
    mirror.files = {f"/bucket/kept{path}": content for path, content in mirror.files.items()}
    with pytest.raises(NotReady, match="MODELS_S3_KEY"):
        fetching.fetch("tiny", tiny, source="s3://bucket/kept")
    bucket = fetching.Bucket("key", "secret", endpoint=mirror.address)
    assert len(fetching.fetch("tiny", tiny, source="s3://bucket/kept", bucket=bucket)) == 2


def test_the_signature_of_a_request_is_that_of_the_documentation():
    # "GET Object" of "Examples: Signature Calculations" in Amazon's S3 API reference.
    bucket = fetching.Bucket(
        "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1"
    )
    headers = fetching.sign(
        "https://examplebucket.s3.amazonaws.com/test.txt",
        {"Range": "bytes=0-9"},
        bucket,
        datetime(2013, 5, 24, tzinfo=UTC),
    )
    assert headers["Authorization"].endswith(
        "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    )


def test_every_engine_names_its_terms_and_pins_a_revision():
    for found in REGISTRY.values():
        assert found.terms.startswith("https://")
        assert found.licence
        for file in found.files:
            assert file.url.startswith("https://") or len(file.revision) == 40
            assert file.sha256 is None or len(file.sha256) == 64
        assert len({file.path for file in found.files}) == len(found.files)


def test_the_models_command_lists_fetches_verifies_and_accepts(tiny, mirror, settings, capsys):
    settings.MODELS_DIR = tiny
    call_command("models", "list")
    assert "tiny            Tiny\n  0 of 2 files here" in capsys.readouterr().out
    call_command("models", "fetch", "tiny", "--from", mirror.address)
    told = capsys.readouterr().out
    assert "net/large.bin: as published" in told
    assert "config.json: not compared, because no hash is known; the hash is written down" in told
    call_command("models", "verify", "tiny")
    call_command("models", "accept", "tiny", "--by", "Ada")
    assert capsys.readouterr().out.endswith("Tiny is ready.\n")
    call_command("models", "list", "--json")
    listed = {row["engine"]: row for row in json.loads(capsys.readouterr().out)}
    assert (listed["tiny"]["ready"], listed["tiny"]["commercial"]) == (True, "no")
    (tiny / "tiny/config.json").write_bytes(b"{}")
    with pytest.raises(SystemExit):
        call_command("models", "verify", "tiny")


def listed(capsys):
    call_command("models", "list")
    return capsys.readouterr().out


def test_the_list_says_of_each_file_how_large_it_is_and_what_its_hash_is_held_to(
    tiny, mirror, settings, capsys
):
    settings.MODELS_DIR = tiny
    told = listed(capsys)
    assert f"    missing  2.10 MB         net/large.bin (sha256 {sha256(LARGE)[:12]}…)\n" in told
    assert (
        "    missing  size unknown    config.json (no hash is published; it is written down when it is fetched)\n"
        in told
    )
    assert "about 2.10 MB and 1 file of unknown size" in told
    assert "    missing  about 3.40 GB   denoising_unet.pth (no hash" in told
    assert "0 of 7 files here, about 8.89 GB, terms not accepted" in told
    fetch(tiny, mirror)
    written = f"no hash is published; written down: sha256 {sha256(SMALL)[:12]}…"
    assert f"    here     13 bytes        config.json ({written})" in listed(capsys)


def test_a_hash_that_the_server_states_is_said_to_be_compared(tiny, mirror, settings, capsys):
    settings.MODELS_DIR = tiny
    mirror.linked["/tiny/config.json"] = sha256(SMALL)
    call_command("models", "fetch", "tiny", "--from", mirror.address)
    told = capsys.readouterr().out
    assert "config.json: as its server states; the hash is written down" in told


def test_verify_says_what_is_wrong_and_what_mends_it(tiny, mirror, settings, capsys):
    settings.MODELS_DIR = tiny

    def verified():
        with pytest.raises(SystemExit):
            call_command("models", "verify", "tiny")
        return capsys.readouterr().err.strip()

    assert verified() == (
        "Tiny has no weights here (2 of 2 files are missing); run `manage.py models fetch tiny`."
    )
    fetch(tiny, mirror)
    (tiny / "tiny/net/large.bin").unlink()
    assert verified().startswith("Tiny has not all of its weights here (1 of 2 files are missing)")
    (tiny / "tiny/net/large.bin").write_bytes(LARGE[::-1])
    assert verified() == (
        "net/large.bin is damaged; delete it, then run `manage.py models fetch tiny`."
    )


def test_files_that_were_put_there_by_hand_are_taken_over(tiny, settings, capsys):
    settings.MODELS_DIR = tiny
    (tiny / "tiny/net").mkdir(parents=True)
    (tiny / "tiny/net/large.bin").write_bytes(LARGE)
    (tiny / "tiny/config.json").write_bytes(SMALL)
    assert dict(_verdicts(tiny)) == {"net/large.bin": "unfetched", "config.json": "unfetched"}
    with pytest.raises(SystemExit):
        call_command("models", "verify", "tiny")
    assert f"run `manage.py models fetch tiny --from {tiny}`" in capsys.readouterr().err
    call_command("models", "fetch", "tiny", "--from", str(tiny))
    assert dict(_verdicts(tiny)) == {"net/large.bin": "ok", "config.json": "unpinned"}
