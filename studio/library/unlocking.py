"""The person in a photo agrees, in front of a camera, to their avatar: what they are asked to do, and the record of it."""

from __future__ import annotations

import hashlib
import secrets
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from consent import statements
from consent.models import Consent
from consent.statements import Statement
from rendering import faces, storage
from rendering.values import BadInput, Frame
from studio.library import questions
from studio.library.photos import MOST
from studio.limits import CAMERA_OPENINGS, too_often
from studio.models import Avatar, User

SOONEST, LATEST = 2, 240  # seconds from the opening of the camera to the pictures
WORDS = {
    "straight": "Look straight into the lens.",
    "left": "Turn your head to your left, about as far as to look past the screen.",
    "right": "Turn your head to your right, about as far as to look past the screen.",
    "up": "Lift your chin and look up a little.",
    "open": "Look into the lens and open your mouth.",
    "shut": "Face the lens and shut both eyes.",
}


def statement(avatar: Avatar) -> Statement:
    return statements.of_face(avatar.name, str(avatar.workspace))


@dataclass(frozen=True)
class Challenge:
    """What somebody is asked to do in front of the camera: one picture for each of `asked` (liveness.check)."""

    id: str
    asked: tuple[str, ...]
    opened_at: float

    @property
    def steps(self) -> list[str]:
        return [WORDS[what] for what in self.asked]


def challenge(avatar: Avatar, user: User) -> Challenge:
    """Draws a challenge, for `user` and to be used once; an earlier one no longer counts. Raises BadInput after too many."""
    from rendering.faces import (
        liveness,  # what reads faces and voices is large: loaded only where it is used
    )

    between = [secrets.choice(liveness.TURNS), secrets.choice(liveness.EXPRESSIONS)]
    secrets.SystemRandom().shuffle(between)
    _check_locked(avatar)
    standing = CAMERA_OPENINGS.count(avatar.pk)
    if standing.exceeded:
        sentence = gettext(
            "The camera was opened {most} times within an hour; wait {pause} and try again."
        )
        raise too_often(sentence, CAMERA_OPENINGS, standing, code="too_many_tries")
    now = time.time()
    drawn = Challenge(secrets.token_urlsafe(18), ("straight", *between, "straight"), now)
    with transaction.atomic():
        row = Avatar.objects.select_for_update().get(pk=avatar.pk)
        _check_locked(row)
        row.challenge = {
            "id": drawn.id,
            "asked": list(drawn.asked),
            "opened_at": now,
            "user": user.pk,
        }
        row.save(update_fields=["challenge"])
    return drawn


def _check_locked(avatar: Avatar) -> None:
    """Raises BadInput unless the avatar waits for its person to agree."""
    if avatar.state != Avatar.State.KEPT or not avatar.locked:
        raise BadInput(gettext("The avatar is not locked; load the page again."), code="not_locked")


def _taken(avatar: Avatar, user: User, given: str) -> Challenge:
    """Uses up the challenge of that id and returns it. Raises BadInput if it does not count, or no longer."""
    with transaction.atomic():
        row = Avatar.objects.select_for_update().get(pk=avatar.pk)
        held = row.challenge
        if not given or held.get("id") != given or held.get("user") != user.pk:
            raise BadInput(
                "These pictures were used already, or the camera was opened again meanwhile; open it and take new ones.",
                code="challenge_over",
                field="live",
            )
        row.challenge = {}
        row.save(update_fields=["challenge"])
    waited = time.time() - held["opened_at"]
    if waited > LATEST:
        raise BadInput(
            f"The pictures are older than {LATEST // 60} minutes; open the camera again and send them sooner.",
            code="challenge_over",
            field="live",
        )
    if waited < SOONEST:
        raise BadInput(
            "The pictures came sooner than anybody can take them; open the camera again.",
            code="challenge_over",
            field="live",
        )
    return Challenge(held["id"], tuple(held["asked"]), held["opened_at"])


def unlock(
    avatar: Avatar,
    user: User,
    *,
    name: str,
    agreed: bool,
    shown: str,
    challenge: str,
    pictures: Sequence[UploadedFile],
) -> Consent:
    """Checks that the photo's person did what the challenge asked, and records the consent. Raises BadInput with what to do.

    shown: the hash of the statement that was on the page.
    """
    from rendering.faces import (  # what reads faces and voices is large: loaded only where it is used
        liveness,
        photo,
    )

    agreed_to = statement(avatar)
    name = statements.check_signature(agreed_to, name, agreed=agreed, shown=shown, field="name")
    if not pictures or not all(picture.size for picture in pictures):
        raise BadInput(
            "Open the camera first and take the pictures.", code="missing_field", field="live"
        )
    drawn = _taken(avatar, user, challenge)
    if len(pictures) != len(drawn.asked):
        raise BadInput(
            f"{len(drawn.asked)} pictures are needed; open the camera again and take each of them.",
            code="missing_field",
            field="live",
        )
    frames, digests = [], []
    for picture in pictures:
        frame, digest = _decoded(picture)
        frames.append(frame)
        digests.append(digest)
    pack = faces.get(avatar.pack, storage.store())
    seen = liveness.check(photo.portrait_of(pack.folder), frames, drawn.asked)
    evidence = {
        "name": name,
        "account": user.pk,
        "asked": list(drawn.asked),
        "live_frames_sha256": digests,
        "seen": seen.plain(),
        "distance": round(max(shot.distance for shot in seen.shots), 4),
        "camera_opened_at": drawn.opened_at,
        "agreed_at": timezone.now().isoformat(),
    }
    if said := questions.recorded(avatar):
        evidence["said_of_the_photo"] = said
    return Consent.record(
        kind="person",
        avatar=avatar,
        source="The person's own photo, and frames of their camera in which they do what was asked",
        statement=agreed_to,
        sha256=avatar.pack,
        scope="drafts",
        evidence=evidence,
    )


def _decoded(picture: UploadedFile) -> tuple[Frame, str]:
    """(RGB, SHA-256 of the file) of a picture of the camera. Raises BadInput."""
    from rendering.faces import (
        photo,  # what reads faces and voices is large: loaded only where it is used
    )

    if (picture.size or 0) > MOST:
        raise BadInput(
            "A picture of the camera is too large; open the camera again.",
            code="file_too_large",
            field="live",
        )
    with tempfile.TemporaryDirectory(prefix="likeness-live-") as work:
        source = Path(work) / "live"
        with source.open("wb") as file:
            for chunk in picture.chunks():
                file.write(chunk)
        return photo.read(source, Path(work)), hashlib.sha256(source.read_bytes()).hexdigest()
