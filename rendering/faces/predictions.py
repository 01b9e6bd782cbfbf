"""An operator's account with a hosted face model, and the webhooks that it sends. Loads nothing that draws: the site
uses it, too.

Source: replicate.com/docs/topics/webhooks/verify-webhook and /topics/predictions/lifecycle, as stored on 25 November
2026.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from rendering.store import Store

OVER = frozenset({"succeeded", "failed", "canceled", "aborted"})
"""Statuses after which nothing changes."""
AGE = 300  # seconds: an older webhook may be a replayed one


@dataclass(frozen=True, slots=True)
class Account:
    """The operator's account and the model that draws.

    version: the model's version, 64 hexadecimal digits or owner/name:version. picture, sound: what the model calls its inputs;
    more: other inputs. dollars: for a second of prediction, for the record.
    """

    token: str = field(repr=False)
    version: str
    picture: str = "image"
    sound: str = "audio"
    more: dict[str, Any] = field(default_factory=dict)
    dollars: float = 0.0
    address: str = "https://api.replicate.com/v1"
    hosts: tuple[str, ...] = ("replicate.delivery", "api.replicate.com")
    webhook: str = ""  # our https address for webhooks; empty: none are requested
    patience: float = 1800.0  # seconds until a prediction is given up and canceled

    @property
    def local(self) -> bool:
        return urlsplit(self.address).hostname == "127.0.0.1"


def verified(body: bytes, headers: dict[str, str], secret: str, now: float) -> bool:
    """Whether a webhook comes from the service: its HMAC over "id.timestamp.body", not older than AGE. secret: "whsec_…"."""
    names = {name.lower(): value for name, value in headers.items()}
    number, stamp = names.get("webhook-id", ""), names.get("webhook-timestamp", "")
    if not stamp.isdigit() or abs(now - int(stamp)) > AGE:
        return False
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError:
        return False
    signed = hmac.new(key, f"{number}.{stamp}.".encode() + body, hashlib.sha256).digest()
    wanted = base64.b64encode(signed).decode()
    given = names.get("webhook-signature", "").split()
    return any(
        version == "v1" and hmac.compare_digest(wanted, value)
        for version, _, value in (entry.partition(",") for entry in given)
    )


def tell(body: bytes, store: Store) -> None:
    """Stores a verified webhook for the worker that waits. One about a prediction that is not over, or a garbled one,
    is dropped."""
    try:
        news = json.loads(body)
        number, status = str(news["id"]), news["status"]
    except (ValueError, KeyError, TypeError):
        return
    if status in OVER:
        with store.write(news_of(number), ".told") as path:
            path.write_text(json.dumps(news))


def news_of(number: str) -> str:
    """The key under which the webhook of a prediction is stored."""
    return hashlib.sha256(f"prediction {number}".encode()).hexdigest()
