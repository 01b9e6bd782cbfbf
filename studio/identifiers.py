"""Opaque ids: a prefix that names the noun and 128 random bits."""

import secrets

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def new_id(prefix: str) -> str:
    bits = secrets.randbits(130)
    return f"{prefix}_" + "".join(ALPHABET[(bits >> shift) & 31] for shift in range(0, 130, 5))
