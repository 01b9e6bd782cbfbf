"""The library that every workspace has: avatars and voices that ship, each with its licence on record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from consent.models import Consent
from rendering import faces, voices
from studio.models import Avatar, Voice


def ensure_stock() -> None:
    """Writes rows for what ships and what providers offer here; voices no longer offered are retired. Repeating it changes
    nothing; new data gets a new licence record."""
    spoken = [(info, voices.sha256(info.slug)) for info in voices.REGISTRY.values()]
    _write([(face, face.sha256) for face in faces.stock()], spoken)


@transaction.atomic
def _write(shown: Sequence[tuple[Any, str]], spoken: Sequence[tuple[Any, str]]) -> None:
    """Faces and voices, each with the hash of its files."""
    for face, sha256 in shown:
        avatar, _ = Avatar.objects.update_or_create(
            slug=face.slug,
            defaults={
                "workspace": None,
                "name": face.name,
                "description": face.description,
                "tags": list(face.tags),
                "of": "" if face.of == face.slug else face.of,
                "look": face.look,
                "voice_slug": face.voice,
                "place": face.place,
            },
        )
        _licensed(avatar=avatar, source=face.source, licence=face.licence, sha256=sha256)
    for info, sha256 in spoken:
        voice, _ = Voice.objects.update_or_create(
            slug=info.slug,
            defaults={
                "workspace": None,
                "name": info.name,
                "language": info.language,
                "description": info.description,
                "tags": list(info.tags),
                "retired_at": None,
            },
        )
        source = f"Stock voice {info.slug}, revision {voices.ENGINES[info.engine].revision}"
        _licensed(voice=voice, source=source, licence=info.licence, sha256=sha256)
    gone = Voice.objects.filter(workspace=None, retired_at=None).exclude(slug__in=voices.REGISTRY)
    gone.update(retired_at=timezone.now())


def _licensed(*, sha256: str, source: str, licence: str, **likeness: Any) -> None:
    if not Consent.objects.filter(**likeness, kind="licence", sha256=sha256).exists():
        Consent.record(kind="licence", source=source, licence=licence, sha256=sha256, **likeness)
