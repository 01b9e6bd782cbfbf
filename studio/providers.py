"""What the operator chose for voices and faces, from the settings: accounts with providers, and how generated faces are
fitted."""

from __future__ import annotations

import json
import re
from urllib.parse import urlparse

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from rendering.faces.predictions import Account as FaceAccount
from rendering.faces.takes import Fit
from rendering.voices.providers import PROVIDERS, Account, HostedVoice


def accounts() -> tuple[Account, ...]:
    """The accounts whose key is set. Raises ImproperlyConfigured with one sentence, and no key in it."""
    return tuple(
        _account(name, options)
        for name, options in settings.VOICE_PROVIDERS.items()
        if options["key"]
    )


def absent() -> dict[str, str]:
    """Why each other provider is not offered, in one sentence."""
    return {
        name: f"{PROVIDERS[name].title} is not offered: set {name.upper()}_API_KEY and {name.upper()}_VOICES to offer it."
        for name, options in settings.VOICE_PROVIDERS.items()
        if not options["key"]
    }


def _account(name: str, options: dict[str, str]) -> Account:
    prefix = name.upper()
    entries = [entry.strip() for entry in options["voices"].split(",") if entry.strip()]
    if not entries:
        raise ImproperlyConfigured(
            f"{prefix}_API_KEY is set and {prefix}_VOICES names no voice; write Name=id:en-US, and more after commas."
        )
    found = [re.fullmatch(r"([^=]+)=([^:]+):([\w-]+)", entry) for entry in entries]
    if not all(found):
        wrong = entries[found.index(None)][:60]
        raise ImproperlyConfigured(
            f"{prefix}_VOICES has an entry {wrong!r} that is not of the form Name=id:en-US."
        )
    url = urlparse(options["url"])
    if options["url"] and url.scheme != "https" and url.hostname != "127.0.0.1":
        raise ImproperlyConfigured(f"{prefix}_URL is no https:// address: the key is sent there.")
    try:
        return Account(
            provider=name,
            key=options["key"],
            voices=tuple(
                HostedVoice(match[1].strip(), match[2].strip(), match[3])
                for match in found
                if match
            ),
            model=options["model"],
            dollars=float(options["dollars"]) if options["dollars"] else None,
            address=options["url"].rstrip("/"),
        )
    except ValueError as problem:
        if options["dollars"] and "float" in str(problem):
            raise ImproperlyConfigured(
                f"{prefix}_DOLLARS is no number: write what 1,000 characters cost, as in 0.1."
            ) from None
        raise ImproperlyConfigured(str(problem)) from None


def face_fit() -> Fit:
    """How generated faces are fitted to the portrait. Raises ImproperlyConfigured in one sentence."""
    for part, value in settings.FACE_FIT.items():
        if value not in {"0", "1"}:
            raise ImproperlyConfigured(
                f"FACE_{part.upper()} is {value[:20]!r}; set it to 1 for on or to 0 for off."
            )
    return Fit(**{part: value == "1" for part, value in settings.FACE_FIT.items()})


def hosted_face() -> FaceAccount | None:
    """The operator's account with a hosted face model, if there is one. Raises ImproperlyConfigured in one sentence."""
    options = settings.REMOTE
    if not options["token"] or not options["version"]:
        return None
    url = urlparse(options["url"])
    if url.scheme != "https" and url.hostname != "127.0.0.1":
        raise ImproperlyConfigured("REMOTE_URL is no https:// address: the token is sent there.")
    try:
        inputs = json.loads(options["inputs"])
        dollars = float(options["dollars"])
    except ValueError:
        inputs = None
    if not isinstance(inputs, dict):
        raise ImproperlyConfigured(
            'REMOTE_INPUTS is a JSON object, such as {"picture": "source_image", "sound": "driven_audio"}, '
            "and REMOTE_DOLLARS a number."
        )
    webhook = f"{settings.SITE_URL}/hooks/predictions" if options["webhook_secret"] else ""
    return FaceAccount(
        token=options["token"],
        version=options["version"],
        picture=inputs.pop("picture", "image"),
        sound=inputs.pop("sound", "audio"),
        more=inputs,
        dollars=dollars,
        address=options["url"].rstrip("/"),
        webhook=webhook if webhook.startswith("https://") else "",
    )
