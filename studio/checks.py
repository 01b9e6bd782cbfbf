"""Settings that production must not leave unset. On a laptop (no SECRET_KEY) all of them may be absent."""

from typing import Any

from django.conf import settings
from django.core.checks import Error, Tags, register

from rendering.faces import engines
from rendering.values import BadInput
from rendering.voices import choice
from rendering.weights import NotReady

WANTED = (
    ("E001", "ALLOWED_HOSTS", lambda: settings.ALLOWED_HOSTS, "the host names it answers to"),
    ("E002", "SITE_URL", lambda: settings.SITE_URL.startswith("https://"), "an https:// address"),
    ("E003", "EMAIL_HOST", lambda: settings.EMAIL_HOST, "the server that sends mail"),
    ("E004", "BROKER_URL", lambda: not settings.BROKER_EMBEDDED, "a Redis or Valkey of your own"),
    (
        "E005",
        "DATABASE_URL",
        lambda: settings.DATABASES["default"]["ENGINE"].endswith("postgresql"),
        "postgresql://…",
    ),
    (
        "E007",
        "TRUSTED_PROXIES",
        lambda: settings.TRUSTED_PROXIES_SET,
        "how many proxies in front append to X-Forwarded-For, 0 for none",
    ),
)


@register(Tags.security, deploy=True)
def production_is_complete(**_: Any) -> list[Error]:
    if settings.EMBEDDED:
        return []
    return [
        Error(f"{name} is not set.", hint=f"Set it to {meaning}.", id=f"studio.{number}")
        for number, name, is_set, meaning in WANTED
        if not is_set()
    ]


@register(Tags.compatibility)
def face_engine_is_ready(**_: Any) -> list[Error]:
    """An engine that lacks its weights says so when a process starts, not in the middle of a render."""
    try:
        engines.ready(settings.FACE_ENGINE)
    except (NotReady, BadInput) as problem:
        return [Error(problem.sentence, hint="FACE_ENGINE names it.", id="studio.E006")]
    return []


@register(Tags.compatibility)
def speech_runtime_is_here(**_: Any) -> list[Error]:
    if settings.SPEECH_RUNTIME == choice.AUTO:
        return []
    try:
        choice.chosen(settings.SPEECH_RUNTIME)
    except RuntimeError as problem:
        return [Error(str(problem), id="studio.E008")]
    return []
