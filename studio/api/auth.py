"""From a key to a workspace."""

from datetime import timedelta

from django.http import HttpRequest
from django.utils import timezone
from ninja.security import HttpBearer

from studio.api import limits
from studio.api.problems import Refusal
from studio.gateway.waits import OVER
from studio.models import ApiKey
from studio.models.people import digest

TOUCH_EVERY = timedelta(minutes=1)


class WorkspaceKey(HttpBearer):
    """`Authorization: Bearer ls_live_…`; sets request.workspace."""

    def __call__(self, request: HttpRequest) -> ApiKey:
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not secret.strip():
            raise Refusal("key_missing")
        return self.authenticate(request, secret.strip())

    def authenticate(self, request: HttpRequest, token: str) -> ApiKey:
        key = ApiKey.objects.select_related("workspace").filter(digest=digest(token)).first()
        if key is None:
            raise Refusal("key_invalid")
        if key.revoked_at:
            raise Refusal("key_revoked")
        waited = OVER in request.META  # the same request once more
        standing = limits.count(key.pk, 0 if waited else 1)
        request.standing = standing  # type: ignore[attr-defined]
        if standing.exceeded and not waited:
            raise Refusal("rate_limited", retry_after=standing.resets_in)
        now = timezone.now()
        if key.last_used_at is None or key.last_used_at < now - TOUCH_EVERY:
            ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
        request.workspace = key.workspace  # type: ignore[attr-defined]
        return key
