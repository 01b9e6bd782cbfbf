"""Opaque ids: a prefix that names the noun, then the millisecond in which the id was made and 82 random bits.

Ids that are made one after another lie side by side in an index, so that a write touches few of its pages; 82 random bits
in each millisecond keep them from being guessed.
"""

import secrets
import time

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32
RANDOM_BITS = 82


def new_id(prefix: str) -> str:
    bits = time.time_ns() // 1_000_000 << RANDOM_BITS | secrets.randbits(RANDOM_BITS)
    return f"{prefix}_" + "".join(ALPHABET[(bits >> shift) & 31] for shift in range(125, -1, -5))
