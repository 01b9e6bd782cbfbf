"""Addresses that open something for whoever has them: only their hash is stored, and they follow from the installation's key.

A stranger who reads the database learns no address; who may hand one out gets it without its being stored.
"""

from __future__ import annotations

import base64
import hashlib

from django.conf import settings
from django.utils.crypto import salted_hmac


def _made(salt: str, name: str, key: str) -> str:
    """128 bits that cannot be guessed without the key, as 22 letters."""
    found = salted_hmac(salt, name, secret=key, algorithm="sha256").digest()[:16]
    return base64.urlsafe_b64encode(found).decode().rstrip("=")


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def new_digest(salt: str, name: str) -> str:
    """What is stored of a new link. name: what it belongs to."""
    return digest(_made(salt, name, settings.SECRET_KEY))


def token_of(salt: str, name: str, stored: str) -> str:
    """The secret part of the address; empty if it was made with a key that this installation no longer has."""
    for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        if digest(token := _made(salt, name, key)) == stored:
            return token
    return ""
