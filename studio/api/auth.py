"""From a key to a workspace."""

from collections.abc import Callable
from datetime import timedelta

from django.http import HttpRequest
from django.utils import timezone
from ninja.security import HttpBearer

from studio.api.problems import Refusal
from studio.gateway.waits import OVER
from studio.limits import REQUESTS, WITHOUT_KEY
from studio.models import ApiKey
from studio.models.people import digest

TOUCH_EVERY = timedelta(minutes=1)


def _without_key(request: HttpRequest, code: str) -> Refusal:
    """The refusal, which comes so many times a minute to one address."""
    standing = WITHOUT_KEY.count(f"address {request.META.get('REMOTE_ADDR', '')}")
    if standing.exceeded:
        sentence = (
            "Too many requests without a key that is known came from this address; wait a minute."
        )
        return Refusal("rate_limited", sentence, retry_after=standing.resets_in)
    return Refusal(code)


class WorkspaceKey(HttpBearer):
    """`Authorization: Bearer ls_live_…`; sets request.workspace. check: what else a request must hold."""

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
