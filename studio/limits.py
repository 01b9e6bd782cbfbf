"""How much may be sent at once and how often. The budget of each way in is in studio/budget.py."""

from __future__ import annotations

import functools
from collections.abc import Iterator

from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver, resolve
from django.urls.exceptions import Resolver404
from django.utils.translation import gettext, ngettext

from rendering import clips, pictures
from rendering.values import BadInput
from rendering.voices import recording
from rows.limits import HOUR, MINUTE, Limit, Standing

FORM = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
"""Bytes of a form without files."""
JSON = 1_000_000
"""Bytes of a body of the API."""
AROUND = 1_000_000
"""Bytes that a form adds to its file."""
CAMERA = 25_000_000
"""Bytes of the pictures of a camera, all together."""

LONGEST_QUERY = 8_000
"""Characters of an address after its question mark."""
MOST_WORDS, LONGEST_SEARCH = 10, 100
"""Words and characters of a search of projects."""

MOST_PRONUNCIATIONS = 500
"""Words of a workspace's dictionary."""

SEARCHES = Limit("searches", 120, MINUTE)
ESTIMATES = Limit("looks at the price", 240, MINUTE)
SOUNDS = Limit("wishes to listen", 240, MINUTE)
PROJECTS = Limit("new projects", 60, MINUTE)
PICTURES = Limit("pictures", 120)
VIDEOS = Limit("videos", 40)
TUNES = Limit("pieces of music", 40)
PHOTOS = Limit("photos", 40, store="rows")
RECORDINGS = Limit("recordings", 20, store="rows")
BATCHES = Limit("batches", 40)
SAMPLES = Limit("drafts of rows", 20)
"""What a workspace may send."""
CAMERA_OPENINGS = Limit("openings of the camera", 5, store="rows")
"""Of an avatar."""
REQUESTS = Limit("requests", 600, MINUTE)
"""Of a key: a guard against programs that run wild, the same for every plan."""
PASSWORD_TRIES = Limit("tries of the password", 20, store="rows")
"""Of a shared link, from one address."""
ALL_PASSWORD_TRIES = Limit("tries of the password", 300, store="rows")
"""Of a shared link, from everywhere."""
COUNTS = Limit("counts of a viewing", 240, MINUTE)
"""From one address; more are not counted, and nobody is refused."""
INVITATIONS = Limit("mails to reviewers", 50, store="rows")
TEAM_MAILS = Limit("invitations", 60, store="rows")
EXPORTS = Limit("exports of the audit log", 30, store="rows")
ASKED = Limit("wishes for another role", 3, store="rows")
"""Of a person in a workspace."""
SAID = Limit("comments", 60, store="rows")
"""Of reviewers, from one address."""
REPORTS = Limit("reports", 10, store="rows")
"""Of shared videos, from one address."""
SHARES = Limit("new links", 60)
WITHOUT_KEY = Limit("requests without a key", 300, MINUTE)
"""To the API, without a valid key, from one address."""

PICTURE = pictures.MOST_BYTES + AROUND
RECORDING = recording.MOST_BYTES + AROUND
TABLE = 5_000_000 + AROUND
ASSET = max(clips.MOST_BYTES.values()) + AROUND


BYTES = {
    "asset_create": ASSET,
    "api-1:asset_create": ASSET,
    "template_start": PICTURE,
    "batch_create": TABLE,
    "api-1:batch_create_csv": TABLE,
    "avatar_create": PICTURE,
    "api-1:avatar_create": PICTURE,
    "avatar_unlock": CAMERA,
    "voice_create": RECORDING,
    **dict.fromkeys(
        (
            *("api-1:render_create", "api-1:render_cancel", "api-1:caption_update"),
            *("api-1:caption_split", "api-1:caption_join"),
            *("api-1:batch_create", "api-1:batch_start", "api-1:batch_pause"),
            *("api-1:batch_resume", "api-1:batch_cancel", "api-1:batch_retry_failed"),
            *("api-1:batch_sample", "api-1:batch_share", "api-1:batch_remove_values"),
        ),
        JSON,
    ),
}
"""Name of a route, those of the API after api-1: -> bytes of a whole request. Others take a form: FORM."""


def take(limit: Limit, workspace: str) -> None:
    """Counts one for the workspace. Raises BadInput if that is one too many."""
    standing = limit.count(workspace)
    if standing.exceeded:
        sentence = {
            MINUTE: gettext(
                "The workspace has sent {most} {what} within a minute; wait {pause} and send it again."
            ),
            HOUR: gettext(
                "The workspace has sent {most} {what} within an hour; wait {pause} and send it again."
            ),
        }[limit.seconds]
        raise too_often(sentence, limit, standing)


def too_often(
    sentence: str, limit: Limit, standing: Standing, code: str = "rate_limited"
) -> BadInput:
    """The refusal. sentence: with gaps for `most`, `what`, and the `pause` until the limit opens again."""
    left = standing.resets_in
    if left >= 90:
        pause = ngettext("{n} minute", "{n} minutes", round(left / 60)).format(n=round(left / 60))
    else:
        pause = ngettext("{n} second", "{n} seconds", left).format(n=left)
    message = sentence.format(most=limit.most, what=limit.what, pause=pause)
    return BadInput(message, code=code, retry_after=left)


def addresses() -> Iterator[tuple[str, str]]:
    """(name, pattern) of every address of the site and the API."""

    def walk(resolver: URLResolver, before: str, space: str) -> Iterator[tuple[str, str]]:
        for part in resolver.url_patterns:
            route = before + str(part.pattern)
            if isinstance(part, URLPattern):
                yield space + (part.name or ""), route
            else:
                yield from walk(part, route, f"{space}{part.namespace}:" if part.namespace else "")

    return walk(get_resolver(), "", "")


@functools.cache
def _most() -> dict[str, int]:
    """Pattern of an address -> bytes. One address may have several names: in the API, one for each method."""
    found: dict[str, int] = {}
    for name, route in addresses():
        if name in BYTES:
            found[route] = max(found.get(route, 0), BYTES[name])
    return found


def bytes_of(path: str) -> int:
    """How many bytes a request to this path may have, all together."""
    try:
        return _most().get(resolve(path).route, FORM)
    except Resolver404:
        return FORM
