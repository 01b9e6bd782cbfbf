"""A person's own voice: a recording uploaded with their consent, measured by a worker, compared with the stock voices, deleted.

If an engine that speaks in a given voice is installed, the recording also becomes a voice for drafts. Otherwise the nearest
stock voices are all that it gives, and they are called that.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext

from billing.plans import PLANS
from consent import statements
from consent.models import Consent, Evidence
from consent.statements import Statement
from rendering import storage, voices
from rendering.models import Render, WrongStatus
from rendering.values import BadInput
from rows.ids import new_id
from rows.work import Attempt, Kind, Over
from studio import limits
from studio.models import User, Voice, Workspace

if TYPE_CHECKING:
    from rendering.voices.recording import Sound, Speaker

KEPT = timedelta(days=2)  # how long refused and failed ones are stored
COUNT = 5  # how many stock voices are named
LANGUAGE = "en-US"


def path_of(voice: Voice) -> Path:
    """The path of the decoded recording until it is measured."""
    key = hashlib.sha256(f"recording {voice.pk}".encode()).hexdigest()
    return storage.store().path(key, ".recording")


def own_file(voice: Voice) -> Path | None:
    """The file of a person's own voice."""
    own = voices.OWN.fullmatch(voice.slug)
    return storage.store().path(own[1], ".voice") if own else None


def _drop(path: Path) -> None:
    """Removes a file of the store, wherever the store is."""
    storage.store().remove(path.stem, path.suffix)


@contextmanager
def opened(workspace: Workspace, upload: UploadedFile) -> Iterator[Sound]:
    """Decodes the upload in a folder that is deleted afterwards. Raises BadInput, also if the workspace sends too many."""
    from rendering.voices import (
        recording,  # what reads faces and voices is large: loaded only where it is used
    )

    limits.take(limits.RECORDINGS, workspace.pk)
    if upload.size and upload.size > recording.MOST_BYTES:
        raise BadInput(
            f"The recording has {upload.size / 1e6:.0f} MB; at most {recording.MOST_BYTES // 1_000_000} MB fit. "
            "Save it as an MP3.",
            code="file_too_large",
        )
    with tempfile.TemporaryDirectory(prefix="likeness-recording-") as work:
        source = Path(work) / "upload"
        with source.open("wb") as file:
            for chunk in upload.chunks():
                file.write(chunk)
        yield recording.decode(source, Path(work))


def statement(workspace: Workspace) -> Statement:
    """The statement to agree to. It mentions a copy of the voice only if an engine here can make one."""
    return statements.of_voice(str(workspace), copied=not voices.not_cloning())


def add(
    workspace: Workspace,
    user: User | None,
    sound: Sound,
    *,
    name: str,
    signed: str,
    agreed_to: Statement,
) -> Voice:
    """Records the consent and stores the sound until a worker has measured it. Raises BadInput with what to do.

    signed: the name as statements.check_signature() returned it.
    """
    pk = new_id("voice")
    voice = Voice(
        pk=pk,
        slug=pk.replace("_", "-").lower(),
        workspace=workspace,
        name=statements.typed(name)[:80] or "My voice",
        language=LANGUAGE,
        state=Voice.State.MEASURING,
        created_by=user,
    )
    samples = sound.wav.astype("<f4").tobytes()
    digest = hashlib.sha256(samples).hexdigest()
    check_room(workspace)
    path = path_of(voice)
    try:
        with storage.store().write(path.stem, path.suffix) as draft, draft.open("wb") as out:
            np.savez(out, wav=sound.wav, rate=sound.rate)
        with transaction.atomic():
            check_room(Workspace.objects.select_for_update().get(pk=workspace.pk))
            voice.save()
            Consent.record(
                kind="person",
                voice=voice,
                source="The person's own recording, with their name and statement",
                statement=agreed_to,
                sha256=digest,
                scope="drafts",
                evidence={
                    "name": signed,
                    "account": user.pk if user else None,
                    "recording_sha256": digest,
                    "agreed_at": timezone.now().isoformat(),
                },
            )
            transaction.on_commit(lambda: MEASURING.ask(voice.pk))
    except Exception:
        _drop(path)
        raise
    return voice


def check_room(workspace: Workspace) -> None:
    """Raises BadInput if the workspace has as many recordings as its plan allows."""
    most = PLANS[workspace.plan].recordings
    counted = (Voice.State.MEASURING, Voice.State.READY)
    own = Voice.objects.filter(workspace=workspace, retired_at=None, state__in=counted)
    if own.count() >= most:
        raise BadInput(
            f"The workspace has {most} recordings, and its plan holds no more; delete one first.",
            code="voice_limit",
        )


def _agreed() -> Q:
    """Recordings that were not deleted and whose person still agrees."""
    return Q(retired_at=None, pk__in=Consent.valid().exclude(voice=None).values("voice_id"))


def _measure(attempt: Attempt[Voice]) -> None:
    """The worker's part: checks the recording, measures its speaker and, if an engine here can, makes a copy of the voice."""
    from rendering.voices import (
        recording,  # what reads faces and voices is large: loaded only where it is used
    )

    try:
        path = path_of(attempt.row)
        copy = storage.store().find(path.stem, path.suffix)
        with np.load(copy or path) as held:
            sound = recording.Sound(held["wav"], int(held["rate"]))
    except FileNotFoundError:
        raise Over from None  # deleted, or ended by another worker
    _ready(attempt, recording.examine(sound))


def _refused(error: Exception) -> dict[str, Any] | None:
    from rendering.voices import (
        recording,  # what reads faces and voices is large: loaded only where it is used
    )

    if not isinstance(error, recording.Unusable):
        return None
    findings = [{"code": one.code, "sentence": one.sentence} for one in error.findings]
    return {"state": Voice.State.REFUSED, "findings": findings}


def _ready(attempt: Attempt[Voice], speaker: Speaker) -> None:
    voice = attempt.row
    vector = [round(float(value), 5) for value in speaker.vector]
    if voices.not_cloning() or not _agreed_to_a_copy(voice):
        attempt.end(state=Voice.State.READY, speaker=vector)
        return
    from rendering.voices import (
        xtts,  # what reads faces and voices is large: loaded only where it is used
    )

    given = voices.cloner().measure(speaker.wav)
    key = hashlib.sha256(voice.pk.encode() + given.latents.tobytes()).hexdigest()[:40]
    with storage.store().write(key, ".voice") as draft:
        xtts.write(draft, given, speaker.vector)
    fields = {
        "speaker": vector,
        "slug": f"xtts-{key}",
        "engine": "xtts",
        "description": "American English, from a recording; drafts only",
        "tags": ["own"],
    }
    if not attempt.end(state=Voice.State.READY, **fields):
        storage.store().remove(key, ".voice")


def _agreed_to_a_copy(voice: Voice) -> bool:
    """Whether the person agreed to a copy: an engine may be installed after they agreed only to be compared."""
    given = Consent.valid().filter(voice=voice)
    return any(consent.covers(statements.DRAFT_COPIES) for consent in given)


def _failed() -> dict[str, Any]:
    sentence = gettext(
        "Something went wrong on our side while your voice was measured, so it could not be finished. "
        "Record it again; if it fails once more, write to us."
    )
    return {"state": Voice.State.FAILED, "findings": [{"code": "internal", "sentence": sentence}]}


MEASURING = Kind(
    model=Voice,
    state=Voice.State.MEASURING,
    only=_agreed,
    task="studio.tasks.measure_voice",
    options={"priority": 0},  # somebody waits for it
    do=_measure,
    refused=_refused,
    failed=_failed,
    is_away=storage.is_away,
    ended=lambda voice: _drop(path_of(voice)),
)


@dataclass(frozen=True)
class Near:
    """A stock voice compared with a recording. likeness: 0 to 100, the cosine of the two speakers."""

    voice: Voice
    likeness: int

    @property
    def words(self) -> str:
        if self.likeness >= 80:
            return "Very alike"
        return "Alike" if self.likeness >= 60 else "Somewhat alike"


def nearest(voice: Voice, count: int = COUNT) -> list[Near]:
    """The stock voices nearest to a recording, nearest first."""
    if not voice.speaker:
        return []
    from rendering.voices import (
        speakers,  # what reads faces and voices is large: loaded only where it is used
    )

    found = speakers.closest(np.array(voice.speaker, np.float32), count)
    rows = Voice.objects.filter(workspace=None, retired_at=None).in_bulk(
        [slug for slug, _ in found], field_name="slug"
    )
    return [
        Near(rows[slug], round(100 * max(0.0, min(1.0, score))))
        for slug, score in found
        if slug in rows
    ]


def remove(voice: Voice) -> None:
    """Deletes a voice at once and for good: what was measured is destroyed, renders that use it end with their credits back."""
    with transaction.atomic():
        row = Voice.objects.select_for_update().get(pk=voice.pk)
        if row.retired_at:
            return
        for consent in row.consents.all():
            consent.withdraw("the voice was deleted")
            Evidence.objects.filter(consent=consent).delete()
        Voice.objects.filter(pk=row.pk).update(
            retired_at=timezone.now(), name="Deleted voice", speaker=None, findings=[]
        )
    _drop(path_of(row))
    if path := own_file(row):
        _drop(path)
    sentence = f"The voice {row.name} was deleted while this was made; choose another voice and render again."
    running = Render.objects.filter(segments__voice=row).exclude(status__in=Render.OVER)
    for render in running.distinct():
        with suppress(WrongStatus):  # it ended meanwhile
            render.fail("voice_deleted", sentence)


def tidy() -> None:
    """Deletes recordings that could not be used and that nobody has deleted."""
    over = (Voice.State.REFUSED, Voice.State.FAILED)
    for voice in Voice.objects.filter(
        state__in=over, retired_at=None, created_at__lt=timezone.now() - KEPT
    ).exclude(workspace=None):
        remove(voice)
