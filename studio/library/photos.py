"""A person's own photo: uploaded, made into a face by a worker, previewed, accepted or discarded, deleted."""

from __future__ import annotations

import hashlib
import logging
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from billing.plans import PLANS
from consent.models import Evidence
from moderation import pictures as screening
from rendering import faces, pictures, storage
from rendering.fleet import attempts
from rendering.models import Render, WrongStatus
from rendering.store import Store
from rendering.values import BadInput, LineSpec, Report, VideoFormat
from rows.ids import new_id
from rows.work import Attempt, Kind, Over
from studio import limits
from studio.library import questions
from studio.models import Avatar, User, Workspace

if TYPE_CHECKING:
    from rendering.faces.checks import Finding

log = logging.getLogger(__name__)

MOST = pictures.MOST_BYTES
LONGEST = 4000  # pixels of the long side of a photo as it is stored until its avatar is accepted
GONE = timedelta(days=7)  # a deleted avatar can be restored for so long
UNKEPT = timedelta(days=2)  # an avatar that nobody accepted is stored for so long
GREETING = "Hello. This is how I look when I speak."
HEIGHT, VOICE = 360, "af_heart"  # of the preview, and the voice if none is chosen
MADE = 0.6  # share of the work that is done when the face is made and only has to speak
KINDS = {
    **{"photo": ".upload", "marked": ".jpg", "poster": ".webp", "preview": ".mp4"},
    **{"crop": ".jpg", "cutout": ".webp"},
}
BESIDE = {"crop": "photo.jpg", "cutout": "cutout.webp"}
"""Files that the face is made with, for correcting the cut-out."""
UNTIL_KEPT = ("photo", *BESIDE)
"""Files that are deleted once the avatar is accepted."""


def path_of(avatar: Avatar, kind: str) -> Path:
    """The path of a file of an own avatar: its upload, the marked photo, its portrait, its preview, the part of the photo
    that was cut out, and the cut-out."""
    key = hashlib.sha256(f"avatar {avatar.pk} {kind}".encode()).hexdigest()
    return storage.store().path(key, KINDS[kind])


def file_of(avatar: Avatar, kind: str) -> Path | None:
    """That file, if it was made and still exists."""
    path = path_of(avatar, kind)
    return storage.store().find(path.stem, path.suffix)


def _drop(avatar: Avatar, kind: str) -> None:
    path = path_of(avatar, kind)
    storage.store().remove(path.stem, path.suffix)


def _put(avatar: Avatar, kind: str, data: bytes) -> None:
    path = path_of(avatar, kind)
    with storage.store().write(path.stem, path.suffix) as draft:
        draft.write_bytes(data)


UNNAMED = "New avatar"  # verbatim
"""Until somebody gives it a name, which is when it is kept."""


def typed(words: str) -> str:
    """The words on one line, without unprintable characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in words).split())


@contextmanager
def opened(workspace: Workspace, upload: UploadedFile) -> Iterator[Path]:
    """Decodes the upload to a JPEG made anew from its pixels, in a folder that is deleted afterwards: the metadata of a picture is
    never stored.

    Raises BadInput for a file that cannot be used, and if the workspace sends too many.
    """
    limits.take(limits.PHOTOS, workspace.pk)
    if not upload.size:
        raise BadInput("The photo is empty; choose another file.", code="image_unreadable")
    if upload.size > MOST:
        raise BadInput(
            f"The photo has {upload.size / 1e6:.0f} MB; at most {MOST // 1_000_000} MB fit. Save it as a JPEG.",
            code="file_too_large",
        )
    with tempfile.TemporaryDirectory(prefix="likeness-upload-") as work:
        source = Path(work) / "upload"
        with source.open("wb") as file:
            for chunk in upload.chunks():
                file.write(chunk)
        cleaned = pictures.intake(source, Path(work) / "clean", kept=LONGEST)
        yield cleaned.path


def add(
    workspace: Workspace,
    user: User | None,
    photo: Path,
    *,
    name: str = "",
    voice: str = "",
    answers: dict[str, Any] | None = None,
    note: Callable[[str], object] = str,
) -> Avatar:
    """Stores the photo and asks a worker to make a face of it that speaks with `voice`. Raises BadInput as check_room() does.

    answers: what is said of the photo already (questions.given). note: called with the id, inside the transaction.
    """
    pk = new_id("avatar")
    avatar = Avatar(
        pk=pk,
        slug=pk.replace("_", "-").lower(),
        workspace=workspace,
        name=typed(name)[:80] or UNNAMED,
        voice_slug=voice or VOICE,
        answers=answers or {},
        state=Avatar.State.MAKING,
        created_by=user,
    )
    check_room(workspace)
    try:
        _put(avatar, "photo", photo.read_bytes())
        with transaction.atomic():
            check_room(Workspace.objects.select_for_update().get(pk=workspace.pk))
            avatar.save()
            note(avatar.pk)
            transaction.on_commit(lambda: MAKING.ask(avatar.pk))
    except Exception:
        _drop(avatar, "photo")
        raise
    return avatar


def check_room(workspace: Workspace) -> None:
    """Raises BadInput if the workspace has as many avatars of its own as its plan allows."""
    most = PLANS[workspace.plan].photo_avatars
    counted = (Avatar.State.MAKING, Avatar.State.MADE, Avatar.State.KEPT)
    own = Avatar.objects.filter(workspace=workspace, retired_at=None, state__in=counted)
    if own.count() >= most:
        raise BadInput(
            f"The workspace has {most} avatars from photos, and its plan holds no more; delete one first.",
            code="avatar_limit",
        )


def _make(attempt: Attempt[Avatar]) -> None:
    """The worker's part: photo to face, preview and portrait. Ends in a state that the page explains."""
    from rendering.faces import (
        photo,  # what reads faces and voices is large: loaded only where it is used
    )

    with tempfile.TemporaryDirectory(prefix="likeness-photo-") as work:
        folder = Path(work)
        try:
            findings = _face(attempt, folder)
        except photo.Refused as refusal:
            refused = [finding for finding in refusal.findings if finding.refused]
            marked = {"marked": refusal.picture}
            _end(attempt, marked, state=Avatar.State.REFUSED, findings=_plain(refused))
            return
        except Exception as error:
            if isinstance(error, Over) or storage.is_away(error) or not attempt.row.pack:
                raise
            log.exception("%s could not be cut out again", attempt.row.pk)
            _as_before(attempt)
            return
        made = {kind: (folder / kind).read_bytes() for kind in ("poster", "preview", *BESIDE)}
        pack = folder / "pack"
        _end(attempt, made, pack, state=Avatar.State.MADE, findings=_plain(findings))


def _as_before(attempt: Attempt[Avatar]) -> None:
    """Ends an attempt to cut a photo out again with the face that the avatar has; the strokes stay, for another try."""
    sentence = gettext("The cut-out could not be changed, and is as it was; try again.")
    avatar = attempt.row
    findings = [one for one in avatar.findings if one["code"] != "not_cut"]
    attempt.end(
        fraction=1.0,
        state=Avatar.State.MADE,
        findings=[*findings, {"code": "not_cut", "sentence": sentence}],
        cut={**avatar.cut, "own_ground": avatar.cut.get("ground_before", False)},
    )


def _face(attempt: Attempt[Avatar], folder: Path) -> tuple[Finding, ...]:
    """Makes the pack, poster and preview in `folder`. Raises BadInput, Refused, and Over if this attempt no longer counts."""
    # What reads faces and voices is large: loaded only where it is used.
    from rendering.faces import brush, photo

    avatar = attempt.row
    attempt.tell(0.0, step="reading")
    found = file_of(avatar, "photo")
    try:
        source = Path(shutil.copy(found or path_of(avatar, "photo"), folder / "photo.jpg"))
    except FileNotFoundError:
        raise Over from None  # discarded, or ended by another worker
    if screening.screen_picture(source).verdict != "allow":
        raise BadInput(
            f"This photo cannot be used: {screening.TITLE.lower()}. Choose another one.",
            code="image_refused",
        )
    findings = photo.prepare(
        source,
        folder / "pack",
        lambda step, fraction: attempt.tell(MADE * fraction, step=step),
        strokes=brush.read(avatar.cut.get("strokes", [])),
        own_ground=bool(avatar.cut.get("own_ground")),
    )
    for kind, name in BESIDE.items():
        (folder / "pack" / name).rename(folder / kind)

    def speaking(stage: str, fraction: float) -> None:
        share = attempts.overall(stage, fraction) or 0.0
        attempt.tell(MADE + (1 - MADE) * share, step="speaking")

    _preview(folder, avatar.voice_slug, speaking).rename(folder / "preview")
    (folder / "poster").write_bytes((folder / "pack" / "poster.webp").read_bytes())
    return findings


def _plain(findings: Iterable[Finding]) -> list[dict[str, str]]:
    plain = [
        {"code": finding.code, "sentence": finding.sentence}
        | ({"asks": finding.asks} if finding.asks else {})
        for finding in findings
    ]
    return list({finding["sentence"]: finding for finding in plain}.values())


def _end(
    attempt: Attempt[Avatar], files: dict[str, bytes], pack: Path | None = None, **fields: Any
) -> None:
    """Ends an attempt that has files; nothing is written if the attempt no longer counts."""
    if not attempt.counts():
        return
    avatar = attempt.row
    before = avatar.pack
    for kind, data in files.items():
        _put(avatar, kind, data)
    if pack:
        fields["pack"] = avatar.pack = faces.write_pack(pack, storage.store())
    if not attempt.end(fraction=1.0, **fields):
        if not Avatar.objects.filter(pk=avatar.pk).exists():
            _delete_files(avatar)  # it was discarded while they were written
    elif before and before != avatar.pack:
        _forget(before)


def _refused(error: Exception) -> dict[str, Any] | None:
    if not isinstance(error, BadInput):
        return None
    findings = [{"code": error.code, "sentence": error.sentence}]
    return {"state": Avatar.State.REFUSED, "fraction": 1.0, "findings": findings}


def _failed() -> dict[str, Any]:
    sentence = gettext(
        "Something went wrong on our side while the face was made, so it could not be finished. "
        "Send the photo again; if it fails once more, write to us."
    )
    findings = [{"code": "internal", "sentence": sentence}]
    return {"state": Avatar.State.FAILED, "fraction": 1.0, "findings": findings}


def _ended(avatar: Avatar) -> None:
    """The photo is stored on only while its cut-out can be corrected."""
    if not Avatar.objects.filter(pk=avatar.pk, state=Avatar.State.MADE).exists():
        for kind in UNTIL_KEPT:
            _drop(avatar, kind)


MAKING = Kind(
    model=Avatar,
    state=Avatar.State.MAKING,
    task="studio.tasks.prepare_avatar",
    options={"priority": 0},  # somebody waits for it
    do=_make,
    refused=_refused,
    failed=_failed,
    is_away=storage.is_away,
    ended=_ended,
)


def _preview(folder: Path, voice: str, report: Report) -> Path:
    """Three seconds of the face in `folder`/pack, speaking, marked as a draft. Nothing of it enters the store."""
    from rendering import (
        pipeline,  # what reads faces and voices is large: loaded only where it is used
    )
    from rendering.stages import delivery

    scratch = Store(folder / "store")
    video = VideoFormat.of("1:1", HEIGHT)
    face = faces.write_pack(folder / "pack", scratch)
    spec = LineSpec(text=GREETING, avatar=face, voice=voice, video=video, draft=True)
    line = pipeline.render_line(spec, store=scratch, report=report)
    (folder / "film").mkdir()
    return delivery.assemble([line], video=video, folder=folder / "film", title="Preview").video


def accept(avatar: Avatar, name: str, voice: str) -> None:
    """Adds an avatar that its person likes to the library, locked. Raises BadInput for an unusable name, and while a
    question about the photo is open."""
    name = typed(name)
    if not name:
        raise BadInput("Give the avatar a name.", code="missing_field", field="name")
    if len(name) > 80:
        raise BadInput("The name is too long; use at most 80 characters.", field="name")
    with transaction.atomic():
        row = (
            Avatar.objects.select_for_update().filter(pk=avatar.pk, state=Avatar.State.MADE).first()
        )
        if row is None:
            return
        questions.check_answered(row)
        Avatar.objects.filter(pk=row.pk).update(
            state=Avatar.State.KEPT, name=name, voice_slug=voice
        )
    for kind in UNTIL_KEPT:
        _drop(avatar, kind)


def cut_again(avatar: Avatar, strokes: Any, *, own_ground: bool) -> None:
    """Makes the face of an avatar that was not accepted yet again, its photo cut out with these strokes (brush.read).

    Raises BadInput for strokes that cannot be read, if the workspace asks too often, and once it is too late.
    """
    from rendering.faces import brush  # large: loaded when it is needed

    limits.take(limits.PHOTOS, str(avatar.workspace_id))
    read = [stroke.plain for stroke in brush.read(strokes)]
    late = BadInput(
        gettext("The cut-out can no longer be changed; send the photo again for another.")
    )
    if file_of(avatar, "photo") is None:
        raise late
    with transaction.atomic():
        asked = Avatar.objects.filter(pk=avatar.pk, state=Avatar.State.MADE).update(
            state=Avatar.State.MAKING,
            cut={
                "strokes": read,
                "own_ground": own_ground,
                "ground_before": bool(avatar.cut.get("own_ground")),
            },
            claims=0,
            claimed_at=None,
            fraction=0.0,
            step="",
        )
        if not asked:
            raise late
        transaction.on_commit(lambda: MAKING.ask(avatar.pk))


def discard(avatar: Avatar) -> None:
    """Deletes an avatar that was never accepted, with all its files; work on it stops."""
    with transaction.atomic():
        row = Avatar.objects.select_for_update().filter(pk=avatar.pk).first()
        if row is None or row.state == Avatar.State.KEPT:
            return
        Avatar.objects.filter(pk=row.pk).delete()
    _delete_files(row)


def _delete_files(avatar: Avatar) -> None:
    for kind in KINDS:
        _drop(avatar, kind)
    if avatar.pack:
        _forget(avatar.pack, but=avatar)


def _forget(pack: str, but: Avatar | None = None) -> None:
    """Deletes a face, unless another avatar has the same."""
    others = Avatar.objects.filter(pack=pack).exclude(pk=but.pk if but else "")
    if not others.exists():
        faces.forget(pack, storage.store())


def remove(avatar: Avatar) -> None:
    """Deletes an avatar: running renders end with their credits back; one that was accepted can be restored for a week."""
    discard(avatar)
    Avatar.objects.filter(pk=avatar.pk, retired_at=None).update(retired_at=timezone.now())
    sentence = f"The avatar {avatar.name} was deleted while this was made; choose another avatar and render again."
    running = Render.objects.filter(segments__avatar=avatar).exclude(status__in=Render.OVER)
    for render in running.distinct():
        with suppress(WrongStatus):  # it ended meanwhile
            render.fail("avatar_deleted", sentence)


def restore(avatar: Avatar) -> None:
    """Restores a deleted avatar. Raises BadInput if the plan has no room for it any more."""
    gone = Avatar.objects.filter(pk=avatar.pk, state=Avatar.State.KEPT).exclude(retired_at=None)
    with transaction.atomic():
        workspace = Workspace.objects.select_for_update().get(pk=avatar.workspace_id)
        if gone.exists():
            check_room(workspace)
            gone.update(retired_at=None)


def tidy() -> None:
    """Erases avatars that were deleted a week ago, and those that nobody accepted. Records of consent stay, without their evidence."""
    now = timezone.now()
    own = Avatar.objects.exclude(workspace=None)
    for avatar in own.filter(retired_at__lt=now - GONE).exclude(pack=""):
        _delete_files(avatar)
        for consent in avatar.consents.all():
            consent.withdraw("the avatar was deleted")
            Evidence.objects.filter(consent=consent).delete()
        Avatar.objects.filter(pk=avatar.pk).update(
            pack="", name="Deleted avatar", slug=f"gone-{avatar.slug}"[:64], findings=[], answers={}
        )
    for avatar in own.exclude(state=Avatar.State.KEPT).filter(created_at__lt=now - UNKEPT):
        discard(avatar)
