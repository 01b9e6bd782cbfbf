"""Signed links to files of the store, which expire after a while. Whoever holds one may fetch the file."""

from __future__ import annotations

import time
from typing import NamedTuple
from urllib.parse import urlsplit

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import resolve, reverse
from django.utils.text import slugify

_signer = Signer(salt="studio.files")


class Invalid(Exception):
    """The link is not complete, or was changed."""


class Link(NamedTuple):
    """What a link holds. expires: seconds since 1970."""

    key: str
    suffix: str
    name: str
    download: bool
    expires: int


def file_name(title: str, suffix: str) -> str:
    """A name that every file system and header takes: letters, digits and hyphens."""
    return (slugify(title)[:60].strip("-_") or "video") + suffix


def file_url(key: str, suffix: str, name: str, *, download: bool = False) -> str:
    """A link to a file of the store that expires within SIGNED_URL_SECONDS.

    The expiry moves in steps of a third of that time: the same link is handed out for a while, so the browser can cache
    the file.
    """
    step = max(1, settings.SIGNED_URL_SECONDS // 3)
    expires = int(time.time()) // step * step + settings.SIGNED_URL_SECONDS
    token = _signer.sign_object([key, suffix, name, download, expires])
    return reverse("file_serve", args=[token, name]) + ("?download=1" if download else "")


def read(token: str) -> Link:
    """Raises Invalid."""
    try:
        return Link(*_signer.unsign_object(token))
    except (BadSignature, ValueError, TypeError):
        raise Invalid from None


def link_ends(url: str) -> int:
    """The moment (seconds since 1970) at which a link of file_url expires."""
    return read(resolve(urlsplit(url).path).kwargs["token"]).expires
