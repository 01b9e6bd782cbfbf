"""Whose request it is, where proxies stand in front."""

from __future__ import annotations

import ipaddress


def client_of(peer: str, forwarded: str, proxies: int) -> str:
    """The address that the outermost of `proxies` trusted proxies saw.

    Each of them appends to X-Forwarded-For whom it was asked by; what stands further left anybody can write.
    A request that came past them, as probes do, has the address it comes from.
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
