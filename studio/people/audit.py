"""The audit log of a workspace as people read it: what each kind of event is called, how long it is kept, and the key that signs it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext

from billing.plans import PLANS
from rows import audit
from rows.audit import AuditRow
from rows.events import Personal
from studio.models import ApiKey, User, Workspace

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

AT_ONCE = 500
"""Rows of which the names are looked up together."""


def key() -> Ed25519PrivateKey:
    """The key of this installation, made when it is needed for the first time. Processes that ask at the same moment get the same."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # large: loaded when it is needed
        Ed25519PrivateKey,
    )
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        load_pem_private_key,
    )

    path = Path(settings.AUDIT_KEY)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{secrets.token_hex(6)}")
        pem = Ed25519PrivateKey.generate().private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )
        draft.touch(mode=0o600)
        draft.write_bytes(pem)
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    found = load_pem_private_key(path.read_bytes(), None)
    if not isinstance(found, Ed25519PrivateKey):
        raise TypeError(f"{path} holds no Ed25519 key")
    return found


def seal() -> None:
    audit.seal(key())


def tidy() -> None:
    """Deletes what is older than the plan of its workspace keeps."""
    now = timezone.now()
    for workspace in Workspace.objects.iterator():
        audit.cut(workspace.pk, now - timedelta(days=kept_days(workspace)))


def kept_days(workspace: Workspace) -> int:
    return PLANS[workspace.plan].audit_days


GROUPS = {
    "people": ("account.", "member.", "invitation.", "workspace.", "reviewer."),
    "keys": ("key.",),
    "films": ("render.", "batch.", "share.", "comment.", "report."),
    "consent": ("consent.", "avatar.", "voice.", "photo."),
    "settings": ("brand.", "limit.", "plan."),
}


def groups() -> list[tuple[str, str]]:
    return [
        ("people", gettext("People and roles")),
        ("keys", gettext("Keys")),
        ("films", gettext("Videos and links")),
        ("consent", gettext("Consent")),
        ("settings", gettext("Settings")),
    ]


def kind_name(kind: str) -> str:
    """What happened, in words; the kind itself where there are none."""
    return {
        "account.opened": gettext("opened the account"),
        "member.invited": gettext("invited somebody"),
        "member.joined": gettext("joined"),
        "member.changed": gettext("gave somebody another role"),
        "member.removed": gettext("removed somebody"),
        "member.left": gettext("left"),
        "member.second_step_added": gettext("added a passkey or an app"),
        "member.second_step_renewed": gettext("made new recovery codes"),
        "member.second_step_removed": gettext("removed a passkey or an app"),
        "member.new_device": gettext("signed in from a new device"),
        "member.session_ended": gettext("signed a device out"),
        "invitation.sent": gettext("sent an invitation again"),
        "invitation.revoked": gettext("took an invitation back"),
        "workspace.changed": gettext("changed the rules"),
        "workspace.handed_over": gettext("handed the workspace over"),
        "brand.changed": gettext("changed the brand kit"),
        "key.made": gettext("made a key"),
        "key.revoked": gettext("revoked a key"),
        "render.asked": gettext("asked for a video"),
        "render.held": gettext("a video waits"),
        "render.queued": gettext("a video goes on"),
        "render.running": gettext("a video is being made"),
        "render.done": gettext("a video is done"),
        "render.failed": gettext("a video failed"),
        "render.canceled": gettext("a video was canceled"),
        "share.made": gettext("made a link"),
        "share.changed": gettext("changed a link"),
        "share.closed": gettext("switched a link off"),
        "share.opened": gettext("switched a link on"),
        "share.removed": gettext("removed a link"),
        "comment.made": gettext("commented"),
        "comment.resolved": gettext("resolved a comment"),
        "comment.reopened": gettext("took a comment up again"),
        "report.received": gettext("a video was reported"),
        "reviewer.erased": gettext("erased a reviewer's name"),
    }.get(kind, kind)


def rows_of(
    workspace: Workspace,
    *,
    group: str = "",
    actor: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
) -> QuerySet[AuditRow]:
    """The newest first. actor: the id of a person or a key."""
    rows = AuditRow.objects.filter(workspace=workspace.pk).order_by("-number")
    if group in GROUPS:
        kinds = AuditRow.objects.none()
        for prefix in GROUPS[group]:
            kinds = kinds | rows.filter(kind__startswith=prefix)
        rows = kinds
    if actor:
        rows = rows.filter(actor=actor)
    if since:
        rows = rows.filter(at__gte=since)
    if until:
        rows = rows.filter(at__lt=until)
    return rows


def told(rows: list[AuditRow]) -> list[dict[str, Any]]:
    """The rows with the names of who did it and, as long as they are not erased, addresses."""
    ids = {row.actor for row in rows if row.actor}
    people = {
        str(user.pk): str(user)
        for user in User.objects.filter(pk__in=[one for one in ids if one.isdigit()])
    }
    keys = dict(ApiKey.objects.filter(pk__in=ids).values_list("pk", "name"))
    bodies = dict(
        Personal.objects.filter(event__in=[row.event for row in rows]).values_list("event", "body")
    )
    found = []
    for row in rows:
        body = bodies.get(row.event) or {}
        if row.actor in keys:
            who = gettext("Key {name}").format(name=keys[row.actor])
        elif row.actor:
            who = people.get(row.actor, gettext("Somebody who is gone"))
        else:
            who = gettext("The studio")
        found.append(
            {
                "number": row.number,
                "at": row.at,
                "kind": row.kind,
                "what": kind_name(row.kind),
                "who": who,
                "actor": row.actor,
                "subject": row.subject,
                "before": row.before,
                "after": row.after,
                "changes": list(_changes(row)),
                "address": body.get("address", ""),
                "ip": body.get("ip", ""),
                "hash": row.hash,
            }
        )
    return found


def _changes(row: AuditRow) -> Iterator[tuple[str, str, str]]:
    """(name, before, after) of what differs or was said, as text."""
    for name in dict.fromkeys((*row.before, *row.after)):
        before, after = (_text(values.get(name)) for values in (row.before, row.after))
        if before != after:
            yield name.replace("_", " "), before, after


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_text(one)}" for name, one in value.items() if one)
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    return "" if value is None else str(value)


def all_told(rows: QuerySet[AuditRow]) -> Iterator[dict[str, Any]]:
    """Every row, some at a time."""
    numbers = rows.values_list("number", flat=True)
    last = numbers.first()
    while last is not None:
        chunk = list(rows.filter(number__lte=last)[:AT_ONCE])
        yield from told(chunk)
        last = chunk[-1].number - 1 if len(chunk) == AT_ONCE else None
