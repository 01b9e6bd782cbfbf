"""Fetches a file whose address a stranger named, within limits: https, an expected host, a public address, a largest
size.

The name is resolved once, all its addresses must be public, and the connection goes to the one that was checked: a name
that resolves differently the second time leads nowhere. Redirects are followed a few times, each checked like the
first.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import time
from pathlib import Path
from urllib.parse import urljoin, urlsplit

REDIRECTS = 3
WAIT = 30.0  # seconds for a connection and between two pieces
PIECE = 1 << 16


class Refused(Exception):
    """The address may not be fetched, or the answer is not acceptable. The message is for our log."""


def fetch(
    url: str,
    path: Path,
    *,
    hosts: tuple[str, ...],
    largest: int,
    deadline: float,
    local: bool = False,
) -> None:
    """Writes what is at `url` to `path`.

    hosts: expected names, with their subdomains. largest: bytes. deadline: of time.monotonic. local: http on 127.0.0.1
    is allowed, because the operator's own address is there. Raises Refused, and OSError or HTTPException for a failure
    that may pass.
    """
    for _ in range(REDIRECTS + 1):
        connection, target = _connect(url, hosts, local)
        try:
            connection.request("GET", target, headers={"Accept": "*/*"})
            answer = connection.getresponse()
            if answer.status in {301, 302, 303, 307, 308}:
                url = urljoin(url, answer.headers.get("Location", ""))
                continue
            if answer.status != 200:
                raise http.client.HTTPException(f"status {answer.status}")
            return _save(answer, path, largest, deadline)
        finally:
            connection.close()
    raise Refused("too many redirects")


def _connect(
    url: str, hosts: tuple[str, ...], local: bool
) -> tuple[http.client.HTTPConnection, str]:
    parts = urlsplit(url)
    name = (parts.hostname or "").lower().rstrip(".")
    at_home = local and parts.scheme == "http" and name == "127.0.0.1"
    if not at_home:
        if parts.scheme != "https" or parts.username or parts.port not in {None, 443}:
            raise Refused(f"not a plain https address: {parts.scheme}://{name}")
        if not any(name == host or name.endswith(f".{host}") for host in hosts):
            raise Refused(f"not an expected host: {name}")
    port = parts.port or (80 if at_home else 443)
    found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    addresses = [entry[4][0] for entry in found]
    if not at_home and not all(ipaddress.ip_address(a).is_global for a in addresses):
        raise Refused(f"{name} is not a public address")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if at_home:
        return http.client.HTTPConnection(name, port, timeout=WAIT), target
    return _Pinned(name, str(addresses[0])), target


class _Pinned(http.client.HTTPSConnection):
    """HTTPS for a host name, connected to one fixed address."""

    def __init__(self, name: str, address: str) -> None:
        super().__init__(name, timeout=WAIT, context=ssl.create_default_context())
        self.address = address

    def connect(self) -> None:
        plain = socket.create_connection((self.address, 443), WAIT)
        context = ssl.create_default_context()
        self.sock = context.wrap_socket(plain, server_hostname=self.host)


def _save(answer: http.client.HTTPResponse, path: Path, largest: int, deadline: float) -> None:
    count = 0
    with path.open("wb") as out:
        while piece := answer.read(PIECE):
            count += len(piece)
            if count > largest:
                raise Refused(f"more than {largest} bytes")
            if time.monotonic() > deadline:
                raise TimeoutError("too slow")
            out.write(piece)
