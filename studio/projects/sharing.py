"""What a shared link shows now, and for how long one viewing of it goes on."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import Literal

from django.core.signing import BadSignature, Signer
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext

from consent.models import Consent
from rendering.models import Render
from rendering.values import BadInput
from studio.limits import ALL_PASSWORD_TRIES, PASSWORD_TRIES, too_often
from studio.models import Share
from studio.projects import versions

VIEWING_SECONDS = 12 * 3600
"""How long the addresses of a page's film, captions and poster are good for; the page hands out fresh ones."""
LONGEST_PASSWORD = 128

State = Literal["live", "waiting", "closed", "expired", "removed", "withdrawn"]
STATUS: dict[State, int] = {
    "live": 200,
    "waiting": 404,
    "closed": 410,
    "expired": 410,
    "removed": 410,
    "withdrawn": 410,
}
"""Of the page (RFC 9110): 410 where there was something."""

_signer = Signer(salt="studio.viewing")


@dataclass(frozen=True)
class Standing:
    """state: `waiting` while nothing is finished, `withdrawn` once somebody in it took their consent back. render: what is shown,
    only while it is live."""

    state: State
    render: Render | None = None


def standing(share: Share) -> Standing:
    """Asked anew for each page, film, poster and caption file, so that a link that is closed serves nothing from then on."""
    if share.removed_at or share.project.removed_at:
        return Standing("removed")
    if share.closed_at:
        return Standing("closed")
    if share.has_expired:
        return Standing("expired")
    render = shown(share)
    if render is None:
        return Standing("waiting")
    if Consent.valid().filter(pk__in=render.consents).count() != len(set(render.consents)):
        return Standing("withdrawn")
    return Standing("live", render)


def shown(share: Share) -> Render | None:
    if share.version is None:
        return versions.latest(share.project)
    return versions.versions(share.project).filter(version=share.version).first()


def begin(share: Share) -> str:
    """The token of a new viewing, for the addresses of what the page plays."""
    expires = int(time.time()) + VIEWING_SECONDS
    return _signer.sign_object([share.pk, _mark(share), secrets.token_hex(8), expires])


def _mark(share: Share) -> str:
    """Changes with the password, and tells nothing of it: tokens stand in addresses."""
    return salted_hmac("studio.viewing", share.password).hexdigest()[:12]


def viewing_of(share: Share, token: str) -> str:
    """The id of a viewing that goes on; empty if the token is not the share's, is over, or is older than its password."""
    try:
        pk, password, viewing, expires = _signer.unsign_object(token)
    except (BadSignature, ValueError, TypeError):
        return ""
    theirs = pk == share.pk and password == _mark(share) and expires > time.time()
    return str(viewing) if theirs else ""


def try_password(share: Share, password: str, address: str) -> bool:
    """Whether it is the share's password. Raises BadInput after too many tries."""
    tries = (PASSWORD_TRIES, f"{share.pk} {address}"), (ALL_PASSWORD_TRIES, share.pk)
    for limit, whose in tries:
        standing = limit.count(whose, 0)
        if standing.left <= 0:
            sentence = gettext(
                "The password was tried too often within an hour; wait {pause} and try again."
            )
            raise too_often(sentence, limit, standing)
    if len(password) <= LONGEST_PASSWORD and share.opens_with(password):
        return True
    for limit, whose in tries:
        limit.count(whose)
    return False


def need_confirmed(confirmed: bool) -> None:
    """Raises BadInput for somebody whose address is not confirmed yet."""
    if not confirmed:
        raise BadInput(
            gettext("Confirm your e-mail address first: a link was mailed to you. Then share."),
            code="address_not_confirmed",
        )
