"""Whose request it is, behind proxies."""

from __future__ import annotations

import ipaddress


def client_of(peer: str, forwarded: str, proxies: int) -> str:
    """The address that the outermost of `proxies` trusted proxies saw.

    Each of them appends its client's address to X-Forwarded-For; anybody can forge what stands further left.
    A request that bypassed them, as probes do, has the address of its peer.
    """
    seen = [part.strip() for part in forwarded.split(",") if part.strip()]
    if not proxies or len(seen) < proxies:
        return peer
    address = seen[-proxies]
    if address.startswith("["):  # [::1]:4711
        address = address[1:].partition("]")[0]
    elif address.count(":") == 1:
        address = address.partition(":")[0]
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return peer
