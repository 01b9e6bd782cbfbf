"""A script to a video in the terminal: the same pipeline and consent, without a server.

The rules of screening are the studio's too, but nobody is present to read a script: what would wait for a person is refused.
"""

from __future__ import annotations

import json
import math
import os
import secrets
import shutil
import sys
import tempfile
import threading
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from billing.plans import LONGEST_FILM
from consent.models import Consent, NotAllowed, allows
from moderation.pictures import screen_picture
from moderation.screen import screen
from rendering import faces, finishing, media, mixed, pipeline, provenance, storage, voices
from rendering.memory import steady
from rendering.stages import delivery, lettering, motion, script, speech
from rendering.store import StoreFull
from rendering.timeline import Timeline
from rendering.values import (
    STAGES,
    Background,
    BadInput,
    LineSpec,
    Logo,
    Music,
    Segment,
    VideoFormat,
)
from studio.library import footage
from studio.library.stock import ensure_stock
from studio.models import Avatar, Voice
from studio.renders import options as render_options
from studio.renders import screening
from studio.renders.plan import MAX_LINES
from studio.templatetags.amounts import clock

MARKUPS = {".ssml": "ssml", ".xml": "ssml", ".txt": "text"}
OWN = "avatar_"  # begins the id of an avatar from a photo
MOST_AT_ONCE = 4  # lines; each needs a core and about 200 MB
TICK = 0.25  # seconds between two drawings of the bar


class Command(BaseCommand):
    help = "Renders a script (markdown, .txt or .ssml) to an MP4."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("script", help="A paragraph is a line; markdown headings are chapters.")
        parser.add_argument(
            "--avatar", required=True, help="See: manage.py avatars; or the id of one from a photo."
        )
        parser.add_argument("--consent", help="Id of the consent to an avatar from a photo.")
        parser.add_argument(
            "--voice", help="See: manage.py voices. Without it, the avatar's own voice."
        )
        parser.add_argument(
            "--out", help="An .mp4 or .webm file; without it, an .mp4 in the current folder."
        )
        parser.add_argument("--style", default="neutral", help="neutral, warm, lively or serious")
        render_options.add(parser)
        parser.add_argument("--captions", action="store_true", help="Also .srt and .vtt beside it.")
        parser.add_argument("--json", action="store_true", help="One object on stdout, no bar.")
        parser.add_argument(
            "--timeline", type=Path, help="An .html file: when each line was in which stage."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        steady()
        begun = time.perf_counter()
        stop = threading.Event()
        try:
            report = self._render(options, begun, stop)
        except (BadInput, NotAllowed, StoreFull) as problem:
            self.stderr.write(problem.sentence)
            raise SystemExit(2) from None
        except KeyboardInterrupt:
            stop.set()
            self.stderr.write("\nStopped. Finished lines are stored: the next run reuses them.")
            raise SystemExit(130) from None
        if options["json"]:
            self.stdout.write(json.dumps(report, ensure_ascii=False))
        else:
            self.stdout.write(
                f"{report['out']}: {report['seconds']:.1f} s of video in {report['wall_seconds']:.1f} s, signed"
                + (", marked as a draft." if report["draft"] else ".")
            )

    def _render(
        self, options: dict[str, Any], begun: float, stop: threading.Event
    ) -> dict[str, Any]:
        source = Path(options["script"])
        text = read(source)
        out = writable(Path(options["out"] or f"{source.stem}.mp4"), source)
        look = render_options.read(options, out, settings.MEDIA_DIR)
        video = look.video
        media.video_encoder(video.codec, video.fps)  # refuses what cannot be written
        avatar = options["avatar"]
        if not avatar.startswith(OWN):
            faces.get(avatar)  # refuses an unknown one
        voice = voices.get(options["voice"] or voice_of(avatar))
        specs, titles = planned(text, MARKUPS.get(source.suffix.lower(), "markdown"), video)
        motion.rest(options["style"])  # refuses what is not offered
        specs = [
            replace(
                spec,
                voice=voice.slug,
                language=voice.language,
                style=options["style"],
                **look.fields,
            )
            for spec in specs
        ]
        if look.captions_burnt:
            lettering.check(" ".join(spec.text for spec in specs))
        length = 0.0
        for number, spec in enumerate(specs, start=1):
            try:
                length += speech.estimate(pipeline.read_script(spec), spec.voice, spec.speed)
            except BadInput as problem:
                raise BadInput(f"Line {number}: {problem.sentence}") from None
        if length > LONGEST_FILM:
            raise BadInput(
                f"The film would be {clock(length)} long; at most {clock(LONGEST_FILM)} can be made. "
                f"Shorten it by {clock(math.ceil(length) - LONGEST_FILM)}."
            )
        screened(specs)
        face = face_of(avatar)
        records = allowed(face, voice.slug, options["consent"])
        own = face.workspace_id is not None
        specs = [replace(spec, avatar=face.face, draft=own) for spec in specs]

        store = storage.store()
        bar = Bar(specs, quiet=options["json"])
        timeline = Timeline(len(specs)) if options["timeline"] else None
        segments = rendered(specs, bar, stop, timeline, look.music)
        if timeline:
            timeline.line(0, "delivery")
        made = finishing.deliver(
            segments,
            lines=specs,
            store=store,
            title=source.stem.replace("_", " ").replace("-", " ").capitalize(),
            chapters=delivery.chapters(titles, [part.seconds for part in segments]),
            codec=video.codec,
            music=look.music,
            consents=[{"id": r.pk, "kind": r.kind, "sha256": r.record_hash()} for r in records],
            authority=settings.C2PA_DIR,
            report=bar.deliver,
            stop=stop,
        )
        bar.end()
        if timeline:
            timeline.line(0, "delivery")
            timeline.end()
            timeline.write(options["timeline"])
        files = {output["kind"]: output for output in made.outputs}
        wanted = {"video": out}
        if "credentials" in files:
            wanted["credentials"] = provenance.beside(out)
        if options["captions"]:
            wanted |= {"srt": out.with_suffix(".srt"), "vtt": out.with_suffix(".vtt")}
        for kind, path in wanted.items():
            put(store.path(files[kind]["key"], files[kind]["suffix"]), path)
        stages = dict(made.stages)
        for part in {part.key: part for part in segments if not part.reused}.values():
            for stage, seconds in part.stages.items():
                stages[stage] = stages.get(stage, 0.0) + seconds
        return {
            "out": str(out),
            "draft": own,
            "seconds": round(made.seconds, 3),
            "wall_seconds": round(time.perf_counter() - begun, 3),
            "stages": {stage: round(stages[stage], 3) for stage in STAGES if stage in stages},
            "quality": made.quality,
            "provenance": made.provenance,
        }


def read(source: Path) -> str:
    """The text of the script. Raises BadInput, which says why it cannot be used."""
    if not source.exists():
        raise BadInput(f"There is no file {source}; give the path of a script.")
    if not source.is_file():
        raise BadInput(f"{source} is not a file; give the path of a script.")
    try:
        if source.stat().st_size > 8 * script.LONGEST:
            raise BadInput(f"{source} is too large for a script; at most 20,000 characters fit.")
        text = source.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput(f"{source} is not UTF-8 text; save it as UTF-8.") from None
    except PermissionError:
        raise BadInput(f"{source} may not be read; change its permissions.") from None
    if not text.strip():
        raise BadInput(f"{source} is empty; write what should be said.")
    return text


def writable(out: Path, source: Path) -> Path:
    """The path of the video. Raises BadInput if nothing can be written to it, before any work is done."""
    if out.suffix.lower() not in (".mp4", ".webm"):
        raise BadInput(
            f"The video is an MP4 or a WebM; let {out.name or out} end in .mp4 or .webm."
        )
    if out.is_dir() or out.resolve() == source.resolve():
        raise BadInput(f"The video cannot be written to {out}; choose another name.")
    folder = out.resolve().parent
    if not folder.is_dir():
        raise BadInput(f"There is no folder {folder}; make it or choose another.")
    try:
        probe = folder / f".{secrets.token_hex(8)}.part"
        probe.touch()
        probe.unlink()
    except OSError:
        raise BadInput(f"Nothing can be written to the folder {folder}; choose another.") from None
    return out


def planned(text: str, markup: str, video: VideoFormat) -> tuple[list[LineSpec], list[str]]:
    """A spec for each line, still without avatar and voice, and the chapter that each is in."""
    lines = script.lines(text, markup)
    if not lines:
        raise BadInput("The script has headings but no words to say; write a first line.")
    if len(lines) > MAX_LINES:
        raise BadInput(
            f"The script has {len(lines)} lines; a video takes at most {MAX_LINES}, so join some."
        )
    specs = [
        LineSpec(text=line.text, avatar="", voice="", markup=markup, video=video)  # type: ignore[arg-type]
        for line in lines
    ]
    return specs, [line.chapter or "Opening" for line in lines]


def screened(specs: list[LineSpec]) -> None:
    """Raises BadInput unless screening allows every line, all of them together, and every text and picture of the composition."""
    texts = {f"line {number}": spec.text for number, spec in enumerate(specs, start=1)}
    texts["the script as a whole"] = "\n".join(spec.text for spec in specs)
    shown = dict.fromkeys(text for spec in specs for text in screening.shown_in(spec))
    texts |= {f"the text “{text[:40]}” in the picture": text for text in shown}
    verdicts = {part: screen(text) for part, text in texts.items()}
    with tempfile.TemporaryDirectory() as folder:
        for name, path in pictures_in(specs, Path(folder)):
            verdicts[name] = screen_picture(path)
    for part, verdict in verdicts.items():
        if verdict.verdict == "allow":
            continue
        if verdict.verdict == "block":
            raise BadInput(
                f"Not rendered: {part} breaks the rule “{verdict.title}”; change it and try again."
            )
        raise BadInput(
            f"Not rendered: {part} has to be read by a person first (rule “{verdict.title}”); "
            "change it, or render it in the studio, where that is done."
        )


def pictures_in(specs: list[LineSpec], folder: Path) -> Iterator[tuple[str, Path]]:
    """What is seen besides the person: pictures as they are, videos as stills, which are put into the folder."""
    shown = {part for spec in specs for part in (spec.background, spec.logo) if part}
    for part in shown:
        name = "the logo" if isinstance(part, Logo) else "the background"
        if part.picture:
            yield name, part.picture
        elif isinstance(part, Background) and part.video:
            for number, still in enumerate(media.stills(part.video, folder, footage.SCREENED), 1):
                yield f"the background (still {number})", still


def voice_of(avatar: str) -> str:
    """The slug of the voice that this avatar is offered with."""
    if not avatar.startswith(OWN):
        return faces.get(avatar).voice
    face = face_of(avatar)
    if not face.voice_slug:
        raise BadInput(f"{face.name} has no voice of its own; name one with --voice.")
    return face.voice_slug


def face_of(avatar: str) -> Avatar:
    """The stock avatar of that slug, or the one from a photo of that id. On a fresh clone the library is set up first."""
    if settings.EMBEDDED:
        call_command("migrate", verbosity=0)
    ensure_stock()
    stock = Avatar.objects.filter(workspace=None, slug=avatar)
    face = stock.first() or Avatar.objects.filter(pk=avatar, state=Avatar.State.KEPT).first()
    if face is None:
        raise BadInput(f"There is no avatar {avatar}; see: manage.py avatars")
    return face


def allowed(face: Avatar, voice: str, consent: str | None) -> tuple[Consent, Consent]:
    """The consent records of face and voice. An avatar from a photo needs its consent named, and is good for marked drafts."""
    own = face.workspace_id is not None
    records = allows(face, Voice.objects.get(slug=voice), draft=own)
    if own and consent != records[0].pk:
        raise BadInput(
            f"{face.name} is a person's photo; name the consent to it with --consent. The API lists its id."
        )
    return records


def rendered(
    specs: list[LineSpec],
    bar: Bar,
    stop: threading.Event,
    timeline: Timeline | None = None,
    music: Music | None = None,
) -> list[Segment]:
    """Renders every line, as many at once as there are cores; long ones first, so that all end together.

    The sound of the whole is mixed while the last one is drawn.
    """
    store = storage.store()

    def make(spec: LineSpec) -> Segment:
        def report(stage: str, fraction: float) -> None:
            bar.line(spec, stage, fraction)
            if timeline:
                timeline.line(specs.index(spec) + 1, stage)

        segment = pipeline.render_line(spec, store=store, stop=stop, report=report)
        bar.line(spec, "smoothing", 1.0)
        return segment

    drawn = threading.Event()

    def mix() -> None:
        keys = [pipeline.segment_key(one, pipeline.border(one, (), store=store)) for one in specs]
        while not mixed.spoken(specs, keys, store):
            if drawn.wait(0.1):
                return
        suffix = specs[0].video.suffix
        with suppress(Exception):  # it fails again where it is needed, and is told there
            mixed.ahead(specs, keys, suffix=suffix, music=music, store=store, stop=stop)

    # The face is prepared while the voice is loaded, which leaves cores free.
    threading.Thread(target=pipeline.prepare, args=(specs[0], store), daemon=True).start()
    longest = sorted(dict.fromkeys(specs), key=lambda spec: -len(spec.text))
    pool = ThreadPoolExecutor(min(os.cpu_count() or 1, MOST_AT_ONCE), "line")
    try:
        made = {spec: pool.submit(make, spec) for spec in longest}
        pool.submit(mix)  # begins when a thread has no more line to draw
        return [made[spec].result() for spec in specs]
    except BaseException:
        stop.set()
        raise
    finally:
        drawn.set()
        pool.shutdown(wait=True, cancel_futures=True)


def put(made: Path, out: Path) -> None:
    """Copies the file to its wanted name, whole or not at all."""
    draft = out.with_name(f".{out.name}.{secrets.token_hex(4)}.part")
    try:
        shutil.copyfile(made, draft)
        os.replace(draft, out)
    except OSError as problem:
        raise BadInput(
            f"The video could not be written to {out}: {problem.strerror}; choose another --out."
        ) from None
    finally:
        draft.unlink(missing_ok=True)


class Bar:
    """How far the work is: a bar that moves in a terminal, a line per step elsewhere, or nothing."""

    def __init__(self, specs: list[LineSpec], *, quiet: bool) -> None:
        self.quiet = quiet
        total = sum(len(spec.text) for spec in set(specs))
        self.weights = {spec: len(spec.text) / total for spec in specs}
        self.spoken = dict.fromkeys(specs, 0.0)
        self.drawn = dict.fromkeys(specs, 0.0)
        self.begun = time.monotonic()
        self.shown = 0.0
        self.doing = ""
        self.live = sys.stderr.isatty()
        self.lock = threading.Lock()

    def line(self, spec: LineSpec, stage: str, fraction: float) -> None:
        if stage == "speech":
            self.spoken[spec] = fraction
        elif stage == "frames":
            self.spoken[spec], self.drawn[spec] = 1.0, 0.99 * fraction
        elif stage == "smoothing":
            self.spoken[spec] = self.drawn[spec] = 1.0
        made = sum(drawn == 1.0 for drawn in self.drawn.values())
        self._show(f"{made} of {len(self.drawn)} lines made")

    def deliver(self, stage: str, fraction: float) -> None:
        self._show("Joining and signing")

    def _show(self, doing: str) -> None:
        if not self.quiet:
            with self.lock:
                self._draw(doing)

    def _draw(self, doing: str) -> None:
        now = time.monotonic()
        if not self.live:
            if doing != self.doing:
                sys.stderr.write(f"{doing}\n")
            self.doing = doing
            return
        if now - self.shown < TICK:
            return
        self.shown, self.doing = now, doing
        done = sum(
            weight * (0.45 * self.spoken[spec] + 0.54 * self.drawn[spec])
            for spec, weight in self.weights.items()
        )
        left = (now - self.begun) * (1 / done - 1) if done > 0.1 else None
        bar = "█" * round(28 * done)
        rest = f"about {left:.0f} s left" if left is not None and left >= 1 else ""
        sys.stderr.write(f"\r\x1b[K{bar:░<28} {100 * done:3.0f} %  {doing}  {rest}")
        sys.stderr.flush()

    def end(self) -> None:
        if self.live and not self.quiet:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
