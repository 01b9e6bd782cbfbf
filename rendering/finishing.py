"""Stage 7 for the whole video: the films of the lines are joined, captioned and signed, and the results go into the
store."""

from __future__ import annotations

import hashlib
import math
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rendering import faces, media, mixed, provenance, uploaded, voices
from rendering.failpoints import reach
from rendering.pipeline import Clock, silent
from rendering.stages import bumpers as framing
from rendering.stages import delivery
from rendering.store import Store
from rendering.values import UNFRAMED, Bumper, Bumpers, Chapter, LineSpec, Music, Report, Segment


@dataclass(frozen=True, slots=True)
class Delivered:
    """A finished video. outputs: {"kind", "key", "suffix", "bytes", "sha256", …} of files in the store."""

    seconds: float
    outputs: list[dict[str, Any]]
    chapters: list[dict[str, Any]]
    quality: dict[str, float]
    provenance: dict[str, Any]
    stages: dict[str, float] = field(default_factory=dict)


def deliver(
    segments: Sequence[Segment],
    *,
    lines: Sequence[LineSpec],
    store: Store,
    title: str,
    chapters: Sequence[Chapter],
    codec: str,
    consents: Sequence[dict[str, str]],
    authority: Path,
    music: Music | None = None,
    bumpers: Bumpers = UNFRAMED,
    report: Report = silent,
    stop: threading.Event | None = None,
) -> Delivered:
    """Stage 7 for the whole: joins the segments of `lines` between intro and outro, adds captions, chapters and music, signs
    last. chapters: in the time of the lines.

    consents: {"id", "kind", "sha256"} of the records that allow it. authority: the folder of the signer.
    Raises BadInput for a codec that cannot be written, Canceled, StoreFull.
    """
    clock = Clock()
    video = lines[0].video
    with clock("delivery"), store.scratch() as folder:
        report("delivery", 0.0)

        def around(one: Bumper | None) -> list[Segment]:
            draft = lines[0].draft
            return [framing.segment(one, video, draft=draft, store=store, stop=stop)] if one else []

        opening, closing = around(bumpers.intro), around(bumpers.outro)
        parts = [*opening, *segments, *closing]
        chapters = _spread(
            chapters, *(sum(part.seconds for part in one) for one in (opening, closing))
        )
        sound = mixed.sound_of(
            [part.heard for part in parts],
            [part.key for part in parts],
            suffix=video.suffix,
            music=music,
            bumpers=bumpers,
            store=store,
            report=lambda share: report("delivery", 0.6 * share),
            stop=stop,
        )
        report("delivery", 0.6)
        files = delivery.assemble(
            parts,
            video=video,
            folder=folder,
            title=title,
            chapters=chapters,
            codec=codec,
            sound=sound,
            cues=[*[()] * len(opening), *(spec.cues for spec in lines)],
            poster=segments[0],
            report=report,
            stop=stop,
        )
        reach("stage:delivery")
        signed = folder / f"signed{video.suffix}"
        beside = provenance.sign(
            files.video,
            signed,
            authority=provenance.authority(authority),
            manifest=_manifest(title, lines, consents, music, bumpers),
        )
        claims = provenance.read(signed, authority)
        if claims["state"] != "valid":
            raise RuntimeError(f"the signature does not hold: {claims['problems']}")
        size: dict[str, Any] = {"width": video.width, "height": video.height}
        film = _stored(store, signed, "video", **size, fps=video.fps, codec=codec)
        outputs = [
            film,
            # Under the video's own key, so that they stand side by side.
            *([_stored(store, beside, "credentials", film["key"])] if beside else []),
            _stored(store, files.poster, "poster", **size),
            _stored(store, files.srt, "srt"),
            _stored(store, files.vtt, "vtt"),
            _stored(store, files.transcript, "transcript"),
        ]
    report("delivery", 1.0)
    named = ("manifest", "issuer", "created_at", "source_type", "ai_label")
    return Delivered(
        seconds=files.seconds,
        outputs=outputs,
        chapters=[asdict(chapter) for chapter in chapters],
        quality={**_quality(segments), **_heard(files.loudness)},
        provenance={"c2pa": True, **{name: claims[name] for name in named}},
        stages={stage: round(seconds, 4) for stage, seconds in clock.seconds.items()},
    )


def _spread(chapters: Sequence[Chapter], before: float, after: float) -> list[Chapter]:
    """The chapters in the time of the whole film: the intro belongs to the first, the outro to the last."""
    found = [Chapter(one.title, before + one.start, before + one.end) for one in chapters]
    if found:
        found[0] = Chapter(found[0].title, 0.0, found[0].end)
        found[-1] = Chapter(found[-1].title, found[-1].start, found[-1].end + after)
    return found


def _stored(
    store: Store, made: Path, kind: str, under: str | None = None, **more: Any
) -> dict[str, Any]:
    """Moves a finished file into the store under the hash of its bytes, or `under` another key."""
    with made.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    size = made.stat().st_size
    with store.write(under or sha256, made.suffix) as path:
        made.replace(path)
    return {
        "kind": kind,
        "key": under or sha256,
        "suffix": made.suffix,
        "bytes": size,
        "sha256": sha256,
        **more,
    }


def _quality(segments: Sequence[Segment]) -> dict[str, float]:
    """What was measured on the lines: for targets.DRAWN the worst value, else the mean over the time of the video."""
    figures: dict[str, list[tuple[float, float]]] = {}
    for part in segments:
        for name, figure in part.quality.items():
            figures.setdefault(name, []).append((figure, part.seconds))
    worst = {"jacobian": min, "silence": max, "changed": max}
    return {
        name: worst[name](f for f, _ in found)
        if name in worst
        else round(sum(f * s for f, s in found) / sum(s for _, s in found), 4)
        for name, found in figures.items()
    }


def _heard(loudness: media.Loudness) -> dict[str, float]:
    """How loud the delivered film is; a film without any sound has no peak."""
    peak = {"audio_peak": loudness.peak} if math.isfinite(loudness.peak) else {}
    return {"audio_lufs": loudness.lufs, **peak}


def _manifest(
    title: str,
    lines: Sequence[LineSpec],
    consents: Sequence[dict[str, str]],
    music: Music | None,
    bumpers: Bumpers,
) -> dict[str, Any]:
    avatars = [faces.get(slug) for slug in dict.fromkeys(spec.avatar for spec in lines)]
    speakers = [voices.get(slug) for slug in dict.fromkeys(spec.voice for spec in lines)]
    found = {key: part for spec in lines for key, part in uploaded.seen_in(spec).items()}
    for name, one in (("Intro", bumpers.intro), ("Outro", bumpers.outro)):
        if one:
            found[one.sha256] = (name, "video")
    pictured = bool(found)
    if music is not None:
        found[music.sha256] = ("Music", "music")
    words = "\n\n".join(spec.text for spec in lines)
    return provenance.manifest(
        title=title,
        # A photo is an uploaded picture in the frame, also when it speaks.
        uploaded_pictures=pictured or any(faces.OWN.fullmatch(face.slug) for face in avatars),
        ingredients=[
            *(provenance.Ingredient(face.name, "avatar", face.sha256) for face in avatars),
            *(
                provenance.Ingredient(voice.name, "voice", voices.sha256(voice.slug))
                for voice in speakers
            ),
            *(provenance.Ingredient(name, kind, key) for key, (name, kind) in found.items()),
        ],
        consents=consents,
        script_sha256=hashlib.sha256(words.encode()).hexdigest(),
        burnt_captions=any(spec.captions.burn_in for spec in lines),
    )
