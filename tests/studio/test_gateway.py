"""The web server: slow clients hold nobody up, too much is refused, and files and waits need no thread."""

import asyncio
import json
import re
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from billing.models import available
from rendering.models import Render
from studio.gateway import bodies, connections, pools
from studio.gateway.addresses import client_of
from studio.links import file_url
from studio.models import ApiKey, Workspace
from tests.studio.rows import put

FILM = bytes(range(256)) * 40_000


def opened(site, sent=b""):
    found = socket.create_connection(site, timeout=20)
    found.sendall(sent)
    return found


def head(method, address, *lines):
    return "\r\n".join(
        [f"{method} {address} HTTP/1.1", "Host: testserver", *lines, "", ""]
    ).encode()


def read(connection, method="GET"):
    """(status, headers, body) of the next answer."""
    file = connection.makefile("rb")
    status = int(file.readline().split()[1])
    headers = {}
    while line := file.readline().strip().decode("latin-1"):
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    if method == "HEAD" or status == 100:
        return status, headers, b""
    if headers.get("transfer-encoding") == "chunked":
        body = b""
        while size := int(file.readline(), 16):
            body += file.read(size)
            file.readline()
        file.readline()
        return status, headers, body
    return status, headers, file.read(int(headers["content-length"]))


def fetched(site, method, address, *lines, body=b""):
    with opened(site, head(method, address, *lines) + body) as connection:
        return read(connection, method)


def wanted_render(secret, key, seconds=60):
    body = json.dumps({"script": f"Hello there, {key}."}).encode()
    return (
        head(
            "POST",
            "/api/v1/renders",
            f"Authorization: Bearer {secret}",
            f"Idempotency-Key: {key}",
            f"Prefer: wait={seconds}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
        )
        + body
    )


def in_a_loop_of_its_own(tried):
    """Runs in a thread: this one has a loop already when a browser was driven before."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(tried())).result()


def expect_soon(condition):
    for _ in range(1200):
        if found := condition():
            return found
        time.sleep(0.025)
    raise AssertionError("never")


@pytest.fixture
def secret(alice, library):
    return ApiKey.make(alice.workspace, "Program")[1]


@pytest.fixture
def film():
    return file_url(put(FILM, ".mp4")["key"], ".mp4", "spring.mp4")


def test_slow_clients_of_every_kind_hold_nobody_up(site, secret, alice, film):
    """Each of these kinds would take all threads of a server in which a client that waits holds a thread."""
    Workspace.objects.filter(pk=alice.workspace.pk).update(plan="business")  # 12 renders may wait
    slow_body = head("POST", "/accounts/login/", "Content-Length: 1000") + b"login="
    slow_upload = head("POST", "/assets", "Content-Length: 400000000") + b"x" * 1000
    held = [opened(site, wanted_render(secret, f"wait-{n}")) for n in range(12)]
    held += [opened(site, slow_body) for _ in range(60)]
    held += [opened(site, slow_upload) for _ in range(60)]
    held += [opened(site, b"GET / HTTP/1.1\r\nHost: testserver\r\nX-A") for _ in range(120)]
    held += [opened(site, head("GET", film)) for _ in range(60)]
    for _ in range(30):
        opened(site, slow_upload).close()
    expect_soon(lambda: Render.objects.count() == 12)
    for _ in range(5):
        status, _, body = fetched(site, "GET", "/accounts/login/")
        assert (status, b"Make an account" in body) == (200, True)
    for connection in held:
        connection.close()
    assert fetched(site, "GET", "/accounts/login/")[0] == 200


def test_a_wait_is_answered_at_the_end_of_the_render(site, secret, alice):
    with opened(site, wanted_render(secret, "wait-1")) as connection:
        expect_soon(Render.objects.exists)
        Render.objects.get().cancel()
        status, headers, body = read(connection)
    assert (status, headers["preference-applied"]) == (200, "wait=60")
    assert json.loads(body)["status"] == "canceled"
    assert available(alice.workspace) == 600
    with opened(site, wanted_render(secret, "wait-1")) as connection:
        status, headers, again = read(connection)
    assert (status, headers["idempotent-replayed"]) == (200, "true")
    assert json.loads(again) == json.loads(body)
    assert Render.objects.count() == 1


def test_a_wait_that_is_over_before_the_render_ends_with_202(site, secret):
    with opened(site, wanted_render(secret, "wait-1", 1)) as connection:
        status, headers, body = read(connection)
    assert (status, "preference-applied" in headers) == (202, False)
    assert "idempotent-replayed" not in headers
    assert json.loads(body)["status"] == "queued"
    assert 2 <= int(headers["retry-after"]) <= 30


def test_a_wait_counts_once_for_the_limit_of_the_key(site, secret):
    with opened(site, wanted_render(secret, "wait-1", 1)) as connection:
        _, headers, _ = read(connection)
    left = int(re.search(r"r=(\d+)", headers["ratelimit"])[1])
    assert left == 599


def test_a_film_is_served_whole_and_in_ranges(site, film):
    status, headers, body = fetched(site, "GET", film)
    assert (status, body == FILM, headers["content-length"]) == (200, True, str(len(FILM)))
    status, _, body = fetched(site, "GET", film, "Range: bytes=1000-200999")
    assert (status, body == FILM[1000:201000]) == (206, True)
    status, headers, body = fetched(site, "HEAD", film)
    assert (status, headers["content-length"], body) == (200, str(len(FILM)), b"")


def test_a_connection_is_used_for_several_requests(site):
    with opened(site) as connection:
        for method in ("GET", "HEAD", "GET"):
            connection.sendall(head(method, "/accounts/login/"))
            status, _, body = read(connection, method)
            assert (status, bool(body)) == (200, method == "GET")
        connection.sendall(head("GET", "/static/css/base.css") + head("GET", "/healthz"))
        assert read(connection)[0] == 200


def test_a_flood_in_one_piece_is_refused_once(site, monkeypatch):
    """None of the requests that follow a refused one is looked at."""
    monkeypatch.setattr(site.server.gateway.pages, "most_waiting_each", 0)
    request = b"GET /accounts/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with opened(site, request * 50) as connection, connection.makefile("rb") as answers:
        answer = answers.read()  # to the end of the connection
    assert answer.count(b"HTTP/1.1 429 ") == 1
    assert b"Too much at once" in answer


def test_a_body_may_come_in_chunks_after_100_continue(site, secret):
    body = json.dumps({"script": "Hello."}).encode()
    lines = ["Content-Type: application/json", "Idempotency-Key: chunk-1"]
    lines += [f"Authorization: Bearer {secret}", "Transfer-Encoding: chunked"]
    with opened(
        site, head("POST", "/api/v1/renders", *lines, "Expect: 100-continue")
    ) as connection:
        assert read(connection)[0] == 100
        for part in (body[:7], body[7:]):
            connection.sendall(b"%x\r\n%s\r\n" % (len(part), part))
        connection.sendall(b"0\r\n\r\n")
        assert read(connection)[0] == 202


@pytest.mark.parametrize(
    ("address", "size"), [("/accounts/login/", 3_000_000), ("/assets", 600_000_000)]
)
def test_a_body_that_is_too_large_is_refused_before_it_is_read(
    site, address, size, client_of, alice
):
    cookie = client_of(alice).cookies["sessionid"].value
    status, _, body = fetched(
        site, "POST", address, f"Content-Length: {size}", f"Cookie: sessionid={cookie}"
    )
    assert status == 413
    assert b"too large" in body


def test_a_body_of_unknown_size_is_refused_once_it_is_too_large(site, secret):
    chunk = b"186a0\r\n" + b"x" * 100_000 + b"\r\n"
    lines = ["Content-Type: application/json", f"Authorization: Bearer {secret}"]
    with opened(
        site, head("POST", "/api/v1/renders", *lines, "Transfer-Encoding: chunked")
    ) as connection:
        connection.sendall(chunk * 11)
        status, headers, _ = read(connection)
    assert (status, headers["content-type"]) == (413, "application/problem+json")


def test_a_body_that_stops_is_answered_408(site, monkeypatch):
    monkeypatch.setattr(bodies, "SECONDS", 0.1)
    for address, kind in (("/accounts/login/", "text/html"), ("/api/v1/renders", "problem+json")):
        status, headers, _ = fetched(site, "POST", address, "Content-Length: 10", body=b"abc")
        assert status == 408
        assert kind in headers["content-type"]
        assert headers["retry-after"] == "5"


def test_a_connection_whose_head_stops_is_closed(site, monkeypatch):
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.1)
    for sent in (b"", b"GET / HT", head("GET", "/accounts/login/") + b"GET /"):
        with opened(site, sent) as connection:
            while connection.recv(65536):
                pass


def test_a_connection_whose_answer_nobody_reads_is_closed(site, film, monkeypatch):
    monkeypatch.setattr(connections, "SEND_SECONDS", 0.1)
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(site)
        connection.sendall(head("GET", film))
        expect_soon(lambda: site.server.server_state.connections)
        expect_soon(lambda: not site.server.server_state.connections)


def test_room_is_made_for_new_connections(site, monkeypatch):
    """Many unfinished heads push each other out, not whoever asks for a page."""
    monkeypatch.setattr(connections, "MOST", 20)
    held = [opened(site, b"GET / HTTP/1.1\r\n") for _ in range(60)]
    assert fetched(site, "GET", "/accounts/login/")[0] == 200
    for connection in held:
        connection.close()


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: testserver\r\nContent-Length: -5\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: testserver\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET / HTTP/1.1\r\nHost: testserver\r\nX: " + b"x" * 70_000,
    ],
)
def test_a_request_that_is_no_http_is_refused_and_the_server_goes_on(site, sent, caplog):
    with opened(site, sent) as connection:
        assert read_status(connection) == 400
    assert fetched(site, "GET", "/accounts/login/")[0] == 200
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


@pytest.mark.parametrize(
    ("target", "lines", "statuses"),
    [
        ("http://[::1/accounts/login/", [], {200}),
        ("http://testserver/accounts/login/?a=b", [], {200}),
        ("*", [], {200, 302}),
        ("/accounts/login/", ["Content-Length: " + "9" * 5000], {400}),
        ("/%00%ff%F0%9F/", [], {400, 404}),
        ("/accounts/login/", ["Cookie: sessionid=\xff\xfe; csrftoken=;;="], {200}),
        ("/accounts/login/", ["X-Forwarded-For: , ,x", "X_Forwarded_For: 1"], {200}),
        ("/accounts/login/", ["Connection: Upgrade", "Upgrade: websocket"], {200}),
    ],
)
def test_odd_heads_are_answered(site, target, lines, statuses):
    sent = f"GET {target} HTTP/1.1\r\nHost: testserver\r\n".encode()
    sent += "".join(f"{line}\r\n" for line in lines).encode("latin-1") + b"\r\n"
    with opened(site, sent) as connection:
        assert read_status(connection) in statuses


def read_status(connection):
    return int(connection.makefile("rb").readline().split()[1])


def test_one_client_does_not_take_all_threads_of_a_pool():
    """Nine jobs of one client beside one of another, four threads: that of the other begins at once."""

    async def tried():
        pool = pools.Pool(
            *("test", 4), each=3, waiting=100, waiting_each=6, seconds=10, shares=pools.Shares()
        )
        go, begun = threading.Event(), []

        def work(name):
            begun.append(name)
            go.wait(10)
            return name

        crowd = [asyncio.create_task(pool.run("crowd", lambda: work("crowd"))) for _ in range(9)]
        await asyncio.sleep(0)
        one = asyncio.create_task(pool.run("one", lambda: work("one")))
        with pytest.raises(pools.TooMany):
            await pool.run("crowd", lambda: work("crowd"))
        while len(begun) < 4:
            await asyncio.sleep(0.005)
        assert sorted(begun) == ["crowd", "crowd", "crowd", "one"]
        go.set()
        assert await one == "one"
        assert await asyncio.gather(*crowd) == ["crowd"] * 9
        pool.end()

    in_a_loop_of_its_own(tried)


def test_a_client_that_computes_much_rests_while_others_are_served():
    now = 0.0
    shares = pools.Shares(clock=lambda: now)
    for _ in range(5):
        shares.add("much", 0.5)
    assert not shares.has_much("much")  # nobody else is here
    shares.add("little", 0.05)
    shares.add("much", 0.5)
    assert shares.has_much("much")
    assert not shares.has_much("little")
    assert (shares.rest("much"), shares.rest("little")) == (1.0, 0.0)
    now = 1.0
    assert shares.rest("much") == 0.0
    now = 30.0
    assert not shares.has_much("much")
    now = 1000.0
    shares.add("little", 0.05)
    assert list(shares.used) == ["little"]


def test_a_client_that_rests_is_served_after_its_rest():

    async def tried():
        shares = pools.Shares()
        shares.add("little", 0.01)
        shares.add("much", 2.1)
        shares.rests_until["much"] = expect_soon = shares.clock() + 0.2
        pool = pools.Pool(
            *("test", 2), each=2, waiting=9, waiting_each=9, seconds=10, shares=shares
        )
        much = [asyncio.create_task(pool.run("much", lambda: "much")) for _ in range(3)]
        await asyncio.sleep(0)
        assert await pool.run("little", lambda: "little") == "little"
        assert not any(task.done() for task in much)
        assert await asyncio.gather(*much) == ["much"] * 3
        assert shares.clock() >= expect_soon
        pool.end()

    in_a_loop_of_its_own(tried)


def test_work_that_hangs_is_given_up_and_another_thread_takes_its_place():

    async def tried():
        ended, go = [], threading.Event()
        pool = pools.Pool(
            "test",
            2,
            each=2,
            waiting=9,
            waiting_each=9,
            seconds=0.05,
            shares=pools.Shares(),
            at_end=lambda: ended.append(1),
        )
        hung = [asyncio.create_task(pool.run("a", lambda: go.wait(10))) for _ in range(2)]
        for task in hung:
            with pytest.raises(pools.TooSlow):
                await task
        assert ended == [1]
        assert await pool.run("a", lambda: "well") == "well"
        go.set()
        while pool.lost:
            await asyncio.sleep(0.005)
        pool.end()

    in_a_loop_of_its_own(tried)


@pytest.mark.parametrize(
    ("forwarded", "proxies", "address"),
    [
        ("", 0, "10.0.0.9"),
        ("1.2.3.4", 0, "10.0.0.9"),
        ("1.2.3.4", 1, "1.2.3.4"),
        ("6.6.6.6, 1.2.3.4", 1, "1.2.3.4"),
        ("6.6.6.6, 1.2.3.4, 10.0.0.1", 2, "1.2.3.4"),
        ("1.2.3.4", 2, "10.0.0.9"),
        ("", 1, "10.0.0.9"),
        ("1.2.3.4:5678", 1, "1.2.3.4"),
        ("[2001:db8::1]:443", 1, "2001:db8::1"),
        ("2001:db8::1", 1, "2001:db8::1"),
        ("unknown", 1, "10.0.0.9"),
    ],
)
def test_the_address_of_a_client_is_what_the_trusted_proxies_saw(forwarded, proxies, address):
    assert client_of("10.0.0.9", forwarded, proxies) == address
