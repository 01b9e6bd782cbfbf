"""A person's own photo: taken in, made into a face by a worker, looked at, kept or discarded, and unlocked by its person."""

from __future__ import annotations

import hashlib
import logging
import tempfile
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from consent.models import Consent, Evidence
from moderation import pictures as screening
from rendering import faces, pictures, queue
from rendering.values import BadInput, LineSpec, VideoFormat
from studio.identifiers import new_id
from studio.models import Avatar, User, Workspace

log = logging.getLogger(__name__)

MOST = pictures.MOST_BYTES
ABANDONED = timedelta(seconds=60)  # without a sign of life another worker takes the photo up
LOST, LONG = timedelta(seconds=5), timedelta(seconds=15)
TRIES, TRIES_WITHIN = 5, 3600  # comparisons with the camera, seconds
GONE = timedelta(days=7)  # a deleted avatar can be brought back until then
UNKEPT = timedelta(days=2)
GREETING = "Hello. This is how I look when I speak."
PREVIEW = (360, "af_heart")  # height, voice
KINDS = {"photo": ".upload", "marked": ".jpg", "poster": ".webp", "preview": ".mp4"}


def place(avatar: Avatar, kind: str) -> Path:
    """Where a file of an own avatar is: its upload, the marked photo, its portrait, its preview."""
    key = hashlib.sha256(f"avatar {avatar.pk} {kind}".encode()).hexdigest()
    return queue.store().path(key, KINDS[kind])


def _put(avatar: Avatar, kind: str, data: bytes) -> None:
    path = place(avatar, kind)
    with queue.store().write(path.stem, path.suffix) as draft:
        draft.write_bytes(data)


def add(workspace: Workspace, user: User, upload: UploadedFile) -> Avatar:
    """Stores the upload, unread, and asks a worker to make a face of it. Raises BadInput."""
    from studio import tasks

    if not upload.size:
        raise BadInput("The photo is empty; choose another file.", code="image_unreadable")
    if upload.size > MOST:
        raise BadInput(
            f"The photo has {upload.size / 1e6:.0f} MB; at most {MOST // 1_000_000} MB fit. Save it as a JPEG.",
            code="file_too_large",
        )
    name = Path(upload.name or "").stem.replace("_", " ").replace("-", " ").strip()[:80]
    pk = new_id("avatar")
    avatar = Avatar(
        pk=pk,
        slug=pk.replace("_", "-").lower(),
        workspace=workspace,
        name=name or "My avatar",
        state=Avatar.State.MAKING,
        created_by=user,
    )
    path = place(avatar, "photo")
    with queue.store().write(path.stem, path.suffix) as draft, draft.open("wb") as file:
        for chunk in upload.chunks():
            file.write(chunk)
    avatar.save()
    transaction.on_commit(lambda: tasks.ask(avatar.pk))
    return avatar


def wake(avatar: Avatar) -> None:
    """Somebody looks at an avatar that nobody works on: the message may have been lost."""
    from studio import tasks

    now = timezone.now()
    since = avatar.claimed_at or avatar.created_at
    if now - since > (ABANDONED if avatar.claimed_at else LOST):
        tasks.ask(avatar.pk)


def waits_long(avatar: Avatar) -> bool:
    return avatar.claimed_at is None and timezone.now() - avatar.created_at > LONG


def claim(avatar_id: str) -> Avatar | None:
    """The avatar, if it waits for a worker or its worker has gone silent."""
    silent = Q(claimed_at=None) | Q(claimed_at__lt=timezone.now() - ABANDONED)
    claimed = Avatar.objects.filter(silent, pk=avatar_id, state=Avatar.State.MAKING).update(
        claimed_at=timezone.now()
    )
    return Avatar.objects.select_related("workspace").get(pk=avatar_id) if claimed else None


def make(avatar: Avatar) -> None:
    """The worker's part: photo to face, preview and portrait. Ends in a state that the page explains."""
    from rendering.faces import photo

    def report(step: str, fraction: float) -> None:
        Avatar.objects.filter(pk=avatar.pk, state=Avatar.State.MAKING).update(
            step=step, fraction=fraction, claimed_at=timezone.now()
        )

    store = queue.store()
    with tempfile.TemporaryDirectory(prefix="likeness-photo-") as work:
        folder = Path(work)
        try:
            source = place(avatar, "photo")
            cleaned = pictures.intake(source, folder / "clean", kept=photo.KEPT)
            if screening.screen_picture(cleaned.path).verdict != "allow":
                raise BadInput(
                    f"This photo cannot be used: {screening.TITLE.lower()}. Choose another one."
                )
            findings = photo.prepare(cleaned.path, folder / "pack", report)
            key = faces.keep(folder / "pack", store)
            report("speaking", 0.0)
            _put(avatar, "poster", (folder / "pack" / "poster.webp").read_bytes())
            _put(avatar, "preview", _preview(key, folder / "film").read_bytes())
        except photo.Refused as refusal:
            _put(avatar, "marked", refusal.picture)
            plain = [
                {"code": f.code, "sentence": f.sentence} for f in refusal.findings if f.refused
            ]
            _end(avatar, Avatar.State.REFUSED, findings=_once(plain))
            return
        except BadInput as problem:
            plain = [{"code": problem.code, "sentence": problem.sentence}]
            _end(avatar, Avatar.State.REFUSED, findings=plain)
            return
        except FileNotFoundError:  # discarded meanwhile
            _end(avatar, Avatar.State.FAILED)
            return
        except Exception:
            log.exception("%s could not be made", avatar.pk)
            _end(avatar, Avatar.State.FAILED)
            return
    plain = [{"code": f.code, "sentence": f.sentence} for f in findings]
    if not _end(avatar, Avatar.State.MADE, findings=_once(plain), pack=key):
        faces.forget(key, store)


def _once(findings: list[dict[str, str]]) -> list[dict[str, str]]:
    return list({finding["sentence"]: finding for finding in findings}.values())


def _end(avatar: Avatar, state: str, **fields: Any) -> bool:
    place(avatar, "photo").unlink(missing_ok=True)
    rows = Avatar.objects.filter(pk=avatar.pk, state=Avatar.State.MAKING)
    return bool(rows.update(state=state, fraction=1.0, **fields))


def _preview(key: str, folder: Path) -> Path:
    """Three seconds of the face, speaking, marked as a draft."""
    from rendering import pipeline
    from rendering.stages import delivery

    height, voice = PREVIEW
    video = VideoFormat.of("1:1", height)
    spec = LineSpec(text=GREETING, avatar=key, voice=voice, video=video, draft=True)
    line = pipeline.render_line(spec, store=queue.store())
    folder.mkdir()
    return delivery.assemble([line], video=video, folder=folder, title="Preview").video


def keep(avatar: Avatar, name: str, voice: str) -> None:
    """The person likes it: it joins the library, locked."""
    name = " ".join(name.split())
    if not name:
        raise BadInput("Give the avatar a name.", code="missing_field", field="name")
    if len(name) > 80:
        raise BadInput("The name is too long; use at most 80 characters.", field="name")
    Avatar.objects.filter(pk=avatar.pk, state=Avatar.State.MADE).update(
        state=Avatar.State.KEPT, name=name, voice_slug=voice
    )


def discard(avatar: Avatar) -> None:
    """Deletes an avatar that was never kept, with all its files."""
    if avatar.state == Avatar.State.KEPT:
        raise ValueError("a kept avatar is removed, not discarded")
    _delete_files(avatar)
    Avatar.objects.filter(pk=avatar.pk).exclude(state=Avatar.State.KEPT).delete()


def _delete_files(avatar: Avatar) -> None:
    for kind in KINDS:
        place(avatar, kind).unlink(missing_ok=True)
    if avatar.pack and not Avatar.objects.filter(pack=avatar.pack).exclude(pk=avatar.pk).exists():
        faces.forget(avatar.pack, queue.store())


def remove(avatar: Avatar) -> None:
    """No new render from now on, running ones end; can be undone for a week."""
    Avatar.objects.filter(pk=avatar.pk, retired_at=None).update(retired_at=timezone.now())


def restore(avatar: Avatar) -> None:
    Avatar.objects.filter(pk=avatar.pk, state=Avatar.State.KEPT).update(retired_at=None)


def tidy() -> None:
    """Ends for good what was deleted a week ago, and what nobody kept. Records of consent stay, without their evidence."""
    now = timezone.now()
    own = Avatar.objects.exclude(workspace=None)
    for avatar in own.filter(retired_at__lt=now - GONE).exclude(pack=""):
        _delete_files(avatar)
        for consent in avatar.consents.all():
            consent.withdraw("the avatar was deleted")
            Evidence.objects.filter(consent=consent).delete()
        Avatar.objects.filter(pk=avatar.pk).update(
            pack="", name="Deleted avatar", slug=f"gone-{avatar.slug}"[:64]
        )
    for avatar in own.exclude(state=Avatar.State.KEPT).filter(created_at__lt=now - UNKEPT):
        discard(avatar)


@dataclass(frozen=True)
class Statement:
    """What a person agrees to. The text is kept word for word in the record."""

    text: str
    sha256: str


def statement(avatar: Avatar, name: str = "") -> Statement:
    who = name or "…"
    text = (
        f"I, {who}, am the person in the photo of the avatar “{avatar.name}”. I agree that the workspace "
        f"“{avatar.workspace}” uses my face to make videos in which it speaks words that I may not have said. "
        "For now these are drafts only, marked as drafts and as AI-generated. I can withdraw this at any time; then no "
        "further video is made."
    )
    return Statement(text, hashlib.sha256(text.encode()).hexdigest())


def unlock(
    avatar: Avatar, user: User, name: str, agreed: bool, live: UploadedFile | None
) -> Consent:
    """Compares the camera's frame with the photo and writes the record. Raises BadInput with what to do."""
    from rendering.faces import identity, photo

    name = " ".join(name.split())
    if not agreed:
        raise BadInput(
            "Tick the box to agree with the statement.", code="missing_field", field="agreed"
        )
    if not 3 <= len(name) <= 120 or " " not in name:
        raise BadInput("Type your full name, as you sign it.", code="missing_field", field="name")
    if live is None or not live.size:
        raise BadInput("Take a picture with your camera first.", code="missing_field", field="live")
    if live.size > MOST:
        raise BadInput(
            "The camera's picture is too large; take it again.", code="file_too_large", field="live"
        )
    _count_a_try(avatar)
    store = queue.store()
    with tempfile.TemporaryDirectory(prefix="likeness-live-") as work:
        source = Path(work) / "live"
        with source.open("wb") as file:
            for chunk in live.chunks():
                file.write(chunk)
        seen = photo.read(source, Path(work))
        digest = hashlib.sha256(source.read_bytes()).hexdigest()
        pack = faces.get(avatar.pack, store)
        try:
            distance = photo.matches(photo.portrait_of(pack.folder), seen)
        except photo.Refused as refusal:
            raise BadInput(refusal.sentence, code=refusal.code, field="live") from None
    if distance > identity.SAME:
        raise BadInput(
            "The camera does not see the person of the photo; look straight into it, in even light, and try again. "
            "Only the person in the photo can agree.",
            code="not_the_same_person",
            field="live",
        )
    agreed_to = statement(avatar, name)
    evidence = {
        "statement": agreed_to.text,
        "name": name,
        "account": user.pk,
        "live_frame_sha256": digest,
        "distance": round(distance, 4),
        "agreed_at": timezone.now().isoformat(),
    }
    return Consent.record(
        kind="person",
        avatar=avatar,
        source="The person's own photo, and a frame of their camera that matches it",
        licence=f"Statement {statement(avatar).sha256}",
        sha256=avatar.pack,
        scope="drafts",
        evidence=evidence,
    )


def _count_a_try(avatar: Avatar) -> None:
    now = time.time()
    with transaction.atomic():
        row = Avatar.objects.select_for_update().get(pk=avatar.pk)
        recent = [moment for moment in row.tries if moment > now - TRIES_WITHIN]
        if len(recent) >= TRIES:
            raise BadInput(
                f"That was tried {TRIES} times within an hour; wait an hour and try again.",
                code="too_many_tries",
            )
        row.tries = [*recent, now]
        row.save(update_fields=["tries"])
