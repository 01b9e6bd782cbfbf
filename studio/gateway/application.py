"""From a request on the event loop to the WSGI application in a thread, and its answer back to the client."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import signal
import sys
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass
from functools import cache, partial
from typing import IO, Any
from urllib.parse import unquote_to_bytes

from django.conf import settings
from django.http import HttpRequest
from django.template.loader import render_to_string

from studio import limits
from studio.api.problems import Refusal
from studio.api.problems import answer as api_answer
from studio.gateway import bodies, pools
from studio.gateway.addresses import client_of
from studio.gateway.bodies import Body, Gone
from studio.gateway.pools import Pool
from studio.gateway.waits import ASKED, OVER, Wait, Waits
from studio.middleware import CLIENT, POLICY

CHUNK = 64 * 1024
KNOWN = 10_000
"""Keys and sessions whose owners the gateway remembers."""

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


@dataclass(frozen=True)
class Away:
    """Why a request got no view's answer: the sentence for its sender, and after how many seconds to try again."""

    status: int
    code: str
    title: str
    sentence: str
    seconds: int


AWAY: dict[type[Exception], Away] = {
    bodies.TooSlow: Away(
        408,
        "body_too_slow",
        "That came too slowly",
        "The rest of the request did not arrive in time, so nothing was done. Send it again.",
        5,
    ),
    bodies.NoRoom: Away(
        503,
        "unavailable",
        "Many uploads at once",
        "So much is being uploaded that there is no room for more. Nothing was saved; try again in a minute.",
        60,
    ),
    pools.TooMany: Away(
        429,
        "rate_limited",
        "Too much at once",
        "So many of your requests wait already that this one was not taken. Try again in a moment.",
        2,
    ),
    pools.Full: Away(
        503,
        "unavailable",
        "Very busy",
        "The studio is very busy, so this was not done. Nothing was lost or charged; try again in a moment.",
        5,
    ),
    pools.TooSlow: Away(
        503,
        "unavailable",
        "That took too long",
        "This took longer than it may, so we stopped waiting for it. Look whether it was done, or try again.",
        30,
    ),
}


@dataclass
class Answer:
    """The application's answer: `data`, or a file that is sent as fast as the client reads it."""

    status: int
    headers: list[tuple[bytes, bytes]]
    data: bytes = b""
    file: IO[bytes] | None = None


class Lent:
    """The file of an answer that the application leaves to the server (`wsgi.file_wrapper`)."""

    def __init__(self, file: IO[bytes], block_size: int = 0) -> None:
        self.file = file


class Request:
    """One request: the parts of its head that are needed here."""

    def __init__(self, scope: dict[str, Any]) -> None:
        self.scope = scope
        self.method: str = scope["method"]
        self.headers: dict[str, str] = {}
        for name, value in scope["headers"]:
            key, text = name.decode("latin-1"), value.decode("latin-1")
            joint = "; " if key == "cookie" else ","
            self.headers[key] = f"{self.headers[key]}{joint}{text}" if key in self.headers else text
        raw: bytes = scope["raw_path"]
        if not raw.startswith(b"/"):  # as sent to proxies: http://host/path
            raw = b"/" + raw.partition(b"://")[2].partition(b"/")[2]
        self.path = unquote_to_bytes(raw)
        self.address = client_of(
            scope["client"][0] if scope["client"] else "",
            self.headers.get("x-forwarded-for", ""),
            settings.TRUSTED_PROXIES,
        )
        self.chunked = "transfer-encoding" in self.headers
        self.length = 0 if self.chunked else int(self.headers.get("content-length") or 0)
        self.has_body = self.chunked or self.length > 0
        text = self.path.decode("utf-8", "replace")
        self.most = limits.bytes_of(text) if self.has_body else 0
        self.heavy = self.most > limits.FORM
        self.of_api = text.startswith("/api/")
        self.of_files = text.startswith(settings.STATIC_URL)

    @property
    def credential(self) -> str:
        """The hash of the client's key or session, so that neither is stored."""
        cookie = re.search(
            rf"(?:^|;\s*){settings.SESSION_COOKIE_NAME}=([^;]+)", self.headers.get("cookie", "")
        )
        shown = self.headers.get("authorization") or (cookie[1] if cookie else "")
        return hashlib.sha256(shown.encode("latin-1")).hexdigest() if shown else ""

    def environment(self, body: IO[bytes], size: int) -> dict[str, Any]:
        """The environment of PEP 3333. Header names with an underscore are left out: they can be mistaken for others."""
        server = self.scope["server"] or ("", 80)
        found = {
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": self.path.decode("latin-1"),
            "QUERY_STRING": self.scope["query_string"].decode("latin-1"),
            "SERVER_NAME": server[0],
            "SERVER_PORT": str(server[1]),
            "SERVER_PROTOCOL": f"HTTP/{self.scope['http_version']}",
            "REMOTE_ADDR": self.address,
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": self.scope["scheme"],
            "wsgi.input": body,
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "wsgi.file_wrapper": Lent,
        }
        for name, value in self.headers.items():
            if name == "content-type":
                found["CONTENT_TYPE"] = value
            elif name not in ("content-length", "transfer-encoding") and "_" not in name:
                found[f"HTTP_{name.upper().replace('-', '_')}"] = value
        if self.has_body:
            found["CONTENT_LENGTH"] = str(size)
        return found


def over(render_ids: Collection[str]) -> set[str]:
    from rendering.models import Render  # models are loaded by now

    rows = Render.objects.filter(pk__in=render_ids, status__in=Render.OVER)
    return set(rows.values_list("pk", flat=True))


class Gateway:
    """The ASGI application of the studio."""

    def __init__(self, wsgi: Callable[..., Iterable[bytes]]) -> None:
        self.wsgi = wsgi
        self.known: dict[str, str] = {}
        self.room = bodies.Room()

        def end() -> None:
            os.kill(os.getpid(), signal.SIGTERM)

        # An editor loads several pictures at once; but what one client makes us compute slows all others.
        pool = partial(Pool, shares=pools.Shares(), at_end=end)
        self.pages = pool("pages", 8, each=2, waiting=400, waiting_each=40, seconds=60)
        # Views that read a file take seconds.
        self.intake = pool("intake", 2, each=1, waiting=100, waiting_each=10, seconds=300)
        self.looks = pool("waits", 1, each=1, waiting=1, waiting_each=1, seconds=60)
        self.waits = Waits(over, self.looks)

    def close(self) -> None:
        """After the last request."""
        for pool in (self.pages, self.intake, self.looks):
            pool.end()

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        request = Request(scope)
        body = Body(self.room, request.address)
        gone: asyncio.Task | None = None
        try:
            try:
                size = request.length
                if request.length <= request.most:
                    try:
                        await body.read(receive, request.most)
                        size = body.size
                        gone = asyncio.create_task(_gone(receive))
                    except bodies.TooLarge as found:
                        size = found.size
                        body.file.truncate(0)
                # A body that is too large is never read: its request is refused (studio/middleware.py).
                environment = request.environment(body.file, size)
                answer = await self._run(request, environment, gone)
                wait = environment.get(ASKED)
                if wait is not None and gone is not None:
                    answer = await self._after(wait, request, body, gone)
            except tuple(AWAY) as problem:
                answer = _refused(request, AWAY[type(problem)])
            body.close()
            await _send(answer, send, gone)
        except Gone:
            pass
        finally:
            if gone:
                gone.cancel()
            body.close()

    async def _after(self, wait: Wait, request: Request, body: Body, gone: asyncio.Task) -> Answer:
        """The answer after the wait: the view runs once more, and finds OVER in its environment."""
        waiting = asyncio.create_task(self.waits.over(wait))
        try:
            await asyncio.wait({waiting, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        if gone.done():
            raise Gone
        body.file.seek(0)
        environment = request.environment(body.file, body.size)
        environment[OVER] = wait
        return await self._run(request, environment, gone)

    async def _run(
        self, request: Request, environment: dict[str, Any], gone: asyncio.Task | None
    ) -> Answer:
        """The view's answer. A page whose reader has gone is dropped; what changes something is done in any case."""
        credential = request.credential
        # A flood of keys, or of files, holds up no login page.
        stranger = (request.address, bool(credential), request.of_files)
        client = self.known.get(credential, stranger)
        pool = self.intake if request.heavy else self.pages
        work = asyncio.create_task(pool.run(client, lambda: self._call(environment)))
        if gone is not None and request.method in ("GET", "HEAD"):
            await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                work.cancel()
                raise Gone
        answer = await work
        if credential and (owner := environment.get(CLIENT)):
            self.known.pop(credential, None)
            self.known[credential] = owner
            if len(self.known) > KNOWN:
                del self.known[next(iter(self.known))]
        return answer

    def _call(self, environment: dict[str, Any]) -> Answer:
        """Runs in a thread. The whole answer is taken, so that the thread is free while the client reads."""
        answer = Answer(0, [])

        def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
            answer.status = int(status.split(" ", 1)[0])
            answer.headers = [  # cookies come with a blank before them
                (name.encode("latin-1"), value.strip().encode("latin-1")) for name, value in headers
            ]

        result: Any = self.wsgi(environment, start_response)
        if isinstance(result, Lent):
            if environment["REQUEST_METHOD"] == "HEAD":
                result.file.close()
            else:
                answer.file = result.file
            return answer
        body, size = bodies.spooled(), 0
        try:
            for part in result:
                size += body.write(part)
        finally:
            if close := getattr(result, "close", None):
                close()
        body.seek(0)
        if size > bodies.IN_MEMORY:
            answer.file = body
        else:
            with body:
                answer.data = body.read()
        return answer


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _refused(request: Request, away: Away) -> Answer:
    """A refusal, written without a thread, since none is free. It closes the connection, or a flood of pipelined requests
    would be refused one by one."""
    if request.of_api:
        refused = HttpRequest()
        refused.path = request.path.decode("utf-8", "replace")
        refused.id = "req_" + os.urandom(10).hex()  # type: ignore[attr-defined]
        problem = Refusal(away.code, away.sentence, retry_after=away.seconds).problem
        response = api_answer(refused, problem, away.seconds)
        response["X-Request-Id"] = refused.id  # type: ignore[attr-defined]
        headers = {**response.headers}
        text = response.content
    else:
        text = _page(away)
        headers = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": POLICY}
        headers["Retry-After"] = str(away.seconds)
    headers["Content-Length"] = str(len(text))
    headers["Connection"] = "close"
    sent = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    return Answer(away.status, sent, text)


@cache
def _page(away: Away) -> bytes:
    return render_to_string("busy.html", {"problem": away}).encode()


async def _send(answer: Answer, send: Send, gone: asyncio.Task | None) -> None:
    """Hands the answer to the connection, as fast as it is read there."""
    head = {"type": "http.response.start", "status": answer.status, "headers": answer.headers}
    try:
        await send(head)
        while answer.file and not (gone and gone.done()):
            data = await asyncio.to_thread(answer.file.read, CHUNK)
            if not data:
                break
            await send({"type": "http.response.body", "body": data, "more_body": True})
        await send({"type": "http.response.body", "body": answer.data})
    finally:
        if answer.file:
            await asyncio.to_thread(answer.file.close)
