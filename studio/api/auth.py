"""API keys: from a key to its workspace."""

from collections.abc import Callable
from datetime import timedelta

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext
from ninja.security import HttpBearer

from studio.api.problems import Refusal
from studio.gateway.waits import OVER
from studio.limits import REQUESTS, WITHOUT_KEY
from studio.models import ApiKey
from studio.models.people import digest

TOUCH_EVERY = timedelta(minutes=1)


def _without_key(request: HttpRequest, code: str) -> Refusal:
    """The refusal of a request without a valid key; an address that sends too many is refused for that."""
    standing = WITHOUT_KEY.count(f"address {request.META.get('REMOTE_ADDR', '')}")
    if standing.exceeded:
        sentence = gettext(
            "Too many requests without a valid key came from this address; wait a minute, then try again."
        )
        return Refusal("rate_limited", sentence, retry_after=standing.resets_in)
    return Refusal(code)


class WorkspaceKey(HttpBearer):
    """`Authorization: Bearer ls_live_…`; sets request.workspace. check: raises if something else about the request is wrong."""

    def __init__(self, check: Callable[[HttpRequest], None]) -> None:
        super().__init__()
        self.check = check

    def __call__(self, request: HttpRequest) -> ApiKey:
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not secret.strip():
            raise _without_key(request, "key_missing")
        return self.authenticate(request, secret.strip())

    def authenticate(self, request: HttpRequest, token: str) -> ApiKey:
        key = ApiKey.objects.select_related("workspace").filter(digest=digest(token)).first()
        if key is None:
            raise _without_key(request, "key_invalid")
        if key.revoked_at:
            raise Refusal("key_revoked")
        waited = OVER in request.META  # the same request once more
        standing = REQUESTS.count(key.pk, 0 if waited else 1)
        request.standing = standing  # type: ignore[attr-defined]
        if standing.exceeded and not waited:
            raise Refusal("rate_limited", retry_after=standing.resets_in)
        now = timezone.now()
        if key.last_used_at is None or key.last_used_at < now - TOUCH_EVERY:
            ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
        request.workspace = key.workspace  # type: ignore[attr-defined]
        self.check(request)
        return key
