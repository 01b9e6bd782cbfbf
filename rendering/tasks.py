"""What workers do when they are nudged, and the sweep that makes up for everything that went wrong.

A nudge says "look at the queue", no more. If it is lost, doubled or late, only the moment of the work changes.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

from celery import shared_task
from celery.signals import worker_ready, worker_shutdown, worker_shutting_down
from django.conf import settings
from django.db import (
    InterfaceError,
    OperationalError,
    close_old_connections,
    connection,
    transaction,
)
from django.db.models import F
from django.utils import timezone

from consent.models import NotAllowed, allows
from rendering import (
    cost,
    finishing,
    memory,
    mixed,
    pipeline,
    segments,
    soundness,
    storage,
    uploaded,
    values,
    voices,
)
from rendering.failpoints import reach
from rendering.fleet import queue
from rendering.fleet.attempts import PULSE, Attempt, process_name
from rendering.fleet.batch import BATCH
from rendering.models import Render, Segment, Worker, WrongStatus
from rendering.values import (
    BadInput,
    Canceled,
    Chapter,
    LineSpec,
    Unavailable,
    bumpers_from_json,
    music_from_json,
    spec_from_json,
)
from rows import messages

log = logging.getLogger(__name__)


class LinesGone(Exception):
    """Finished lines are damaged or were removed, so the film cannot be assembled yet."""


OUR_FAULT = (
    "Something went wrong on our side while this was made. All credits are back; try again, "
    "and write to us if it fails once more."
)
AWAY_REST = 10  # seconds that work rests when the store or the database is away
ILL_REST = 2  # seconds, in which another worker may claim it
APART = 5  # seconds between lines that were in hand when their worker died, so that they are not together again
SUSPECT = 3  # deaths of workers, beside others, from which each counts as the line's own failure
PICTURED = ("frames", "smoothing")  # stages of a line that has been spoken
SILENT = 60  # seconds for which the stored reason why a line is not spoken holds


# Messages to the workers


def publish(task: Any, *args: Any, **options: Any) -> bool:
    """Sends a message; False when the broker is away: the sweep nudges when it is back."""
    return messages.send(task.name, *args, **options)


def nudge_render(render_id: str) -> bool:
    """Wakes a worker of every kind that the render needs; there may be work for it."""
    reach("K2")
    render = Render.objects.get(pk=render_id)
    engines = render.segments.order_by().values_list("engine", flat=True).distinct()
    sent = all(wake(engine, render.lane) for engine in engines)
    reach("K3")
    return sent


def wake(engine: str, lane: str) -> bool:
    """Asks a worker with this engine and lane to look at the queue. The message expires soon: every sweep sends new
    ones."""
    expires = 2 * settings.SWEEP_SECONDS
    return publish(nudge, engine, lane, queue=queue_name(engine, lane), expires=expires)


def queue_name(engine: str, lane: str) -> str:
    """The queue of the broker that workers of this kind listen to."""
    return f"render.{engine}.{lane}"


def speak_line(spec: dict[str, Any], *, urgent: bool = False) -> bool:
    """Asks the speech worker for a line's sound. A line that somebody waits for goes first."""
    return publish(speak, spec, urgent, priority=0 if urgent else 9, expires=60 if urgent else 600)


# Work


@shared_task(name="rendering.tasks.nudge")
def nudge(engine: str, lane: str) -> None:
    """Takes work from the queue until none is left, and wakes one more worker if there is more."""
    first, made = True, None
    while not (PULSE.stopping.is_set() or PULSE.ill_at or storage.trouble()):
        close_old_connections()
        owner = f"{process_name()}:{threading.get_ident()}"
        with BATCH.slot() as size:
            work = queue.claim(owner, PULSE.kinds) if size else None
            if work is not None:
                reach("K4")
                if first and queue.has_work(queue.Kinds((engine,), (lane,))):
                    wake(engine, lane)
                first = False
            if isinstance(work, Segment):
                make_line(work, size)
                made = work
            elif work is not None:
                assemble(work)
        if work is None:
            if made is None:
                return
            mix_ahead(made.render_id)
            made = None  # and once more a look at the queue


def make_line(row: Segment, batch: int = 1) -> None:
    """Makes one claimed line. batch: how many are made at once; if memory runs out, the line is tried again among
    fewer."""
    spec = None
    with Attempt(row) as attempt:
        try:
            spec = spec_from_json(row.spec)
            earlier = _earlier(row) if pipeline.looks_back(spec) else []
            uploaded.bring([spec, *earlier], storage.store())
            made = pipeline.render_line(
                spec,
                earlier=earlier,
                store=storage.store(),
                report=attempt.report,
                stop=attempt.stop,
            )
            reach("K6")
            still_counts = row.finish(
                attempt.number,
                stage="smoothing",
                key=made.key,  # a newer version of the studio may have made it under another key
                seconds=made.seconds,
                reused=made.reused,
                share=attempt.share,
                timing={"words": [[w.text, w.start, w.end] for w in made.timing.words]},
                stage_seconds={} if made.reused else made.stages,
                quality=made.quality,
                warnings=[asdict(warn) for warn in made.warnings],
            )
            BATCH.counts["made" if still_counts else "outdated"] += 1
            log.info(
                "%s line %s %s", row.render_id, row.position, "made" if still_counts else "outdated"
            )
        except Canceled:
            row.give_back(attempt.number, failed=False)
            BATCH.counts["stopped"] += 1
            log.info("%s line %s stopped", row.render_id, row.position)
        except BadInput as problem:
            where = f"Scene {row.scene_number}, line {row.line_number}: "
            BATCH.counts["refused"] += 1
            if row.give_back(attempt.number, failed=True):
                _fail(row.render, problem.code, where + problem.sentence)
        except Unavailable as problem:
            log.warning("%s line %s: %s", row.render_id, row.position, problem)
            BATCH.counts["failed"] += 1
            _given_up(row, row.render, attempt.number, problem)
        except Exception as problem:
            if memory.ran_out(problem) and BATCH.halve(batch):
                BATCH.counts["out_of_memory"] += 1
                row.give_back(attempt.number, failed=False)
                log.warning("out of memory among %s lines; %s at once now", batch, BATCH.size)
                return
            _unexplained(row, row.render, attempt, problem, spec)


def _earlier(row: Segment) -> list[LineSpec]:
    """The lines before this one in its video."""
    rows = row.render.segments.filter(position__lt=row.position).order_by("position")
    return [spec_from_json(spec) for spec in rows.values_list("spec", flat=True)]


def mix_ahead(render_id: str) -> None:
    """Mixes the sound of a render of which only the last pictures are still drawn, so that joining finds it in the store.

    What fails here fails again when the lines are joined, and is told there.
    """
    try:
        render = Render.objects.filter(pk=render_id, status="running").first()
        rows = list(render.segments.all()) if render else []
        left = [row for row in rows if row.status != "done"]
        if render is None or not left or not all(row.key for row in rows):
            return
        if any(row.status != "running" or row.stage not in PICTURED for row in left):
            return  # something has still to be spoken
        specs, store = [spec_from_json(row.spec) for row in rows], storage.store()
        music, bumpers = music_from_json(render.music), bumpers_from_json(render.bumpers)
        uploaded.bring([music, *bumpers.all], store)
        mixed.ahead(
            specs,
            [row.key for row in rows],
            suffix=specs[0].video.suffix,
            music=music,
            bumpers=bumpers,
            store=store,
            stop=PULSE.stopping,
        )
    except Canceled:
        return
    except Exception:
        log.warning("%s is not mixed ahead", render_id, exc_info=True)


def assemble(render: Render) -> None:
    with Attempt(render) as attempt:
        try:
            _assemble(render, attempt)
            log.info("%s done", render.pk)
        except Canceled:
            render.give_back(attempt.number, failed=False)
        except NotAllowed as refusal:
            _fail(render, refusal.code, refusal.sentence, attempt=attempt.number)
        except BadInput as problem:
            _fail(render, problem.code, problem.sentence, attempt=attempt.number)
        except WrongStatus:
            log.info("%s ended while it was put together", render.pk)
        except LinesGone as problem:
            log.warning("%s: %s", render.pk, problem)
            _given_up(render, render, attempt.number)
        except Exception as problem:
            _unexplained(render, render, attempt, problem)


def _unexplained(
    work: Segment | Render,
    render: Render,
    attempt: Attempt,
    problem: Exception,
    like: LineSpec | None = None,
) -> None:
    """Handles a failure that is not the user's: to blame is the store or the database, this worker, or else the work
    itself. Only the last is counted."""
    if storage.is_away(problem):
        log.warning("%s waits, nothing is counted: %s", work, problem)
        BATCH.counts["waiting"] += 1
        _insist(lambda: work.give_back(attempt.number, failed=False, rest=AWAY_REST))
        return
    log.exception("%s, attempt %s", work, attempt.number)
    BATCH.counts["failed"] += 1
    try:
        worker_is_sound = soundness.sound(like, attempt.stop)
    except Canceled:
        worker_is_sound = True
    if not worker_is_sound:
        soundness.doubt(like)
        _insist(lambda: work.give_back(attempt.number, failed=False, rest=ILL_REST))
        return
    _given_up(work, render, attempt.number)


def _insist(write: Callable[[], object]) -> None:
    """Repeats `write` until the database answers. The lease may end meanwhile; `sweep` allows for that."""
    while not PULSE.stopping.is_set():
        try:
            write()
            return
        except (OperationalError, InterfaceError):
            connection.close()
            PULSE.stopping.wait(1)


def _given_up(
    work: Segment | Render, render: Render, attempt: int, away: Unavailable | None = None
) -> None:
    """An attempt failed through no fault of the user: the work is tried again after a pause, or given up after the last
    one.

    away: the failure of a hosted service; trying again may be useless.
    """
    if not work.give_back(attempt, failed=True):
        return
    if away is not None and (not away.again or work.failures + 1 >= settings.MAX_ATTEMPTS):
        sentence = f"{away.sentence} All credits are back."
        _fail(render, away.code, sentence, ours=True)
    elif work.failures + 1 >= settings.MAX_ATTEMPTS:
        _fail(render, "internal_error", OUR_FAULT, ours=True)


def _fail(render: Render, code: str, sentence: str, **options: Any) -> None:
    """Fails the render; one that ended meanwhile stays as it ended."""
    try:
        render.fail(code, sentence, **options)
    except WrongStatus:
        log.info("%s had ended already", render.pk)


def _assemble(render: Render, attempt: Attempt) -> None:
    rows = list(render.segments.select_related("avatar", "voice"))
    store = storage.store()
    parts = [segments.stored(row.key, store) for row in rows]
    missing = [row.pk for row, part in zip(rows, parts, strict=True) if part is None]
    if (
        missing
    ):  # removed or damaged meanwhile: those lines are made again, MAX_ATTEMPTS times at most
        render.segments.filter(pk__in=missing).update(status="waiting")
        raise LinesGone(f"{len(missing)} lines are no longer whole in the store")  # verbatim
    made = delivered(render, rows, [part for part in parts if part is not None], attempt)
    reach("K7")
    warnings = [*render.warnings, *_too_fast(rows)]
    people = {(row.avatar_id, row.voice_id, row.is_draft): row for row in rows}
    with transaction.atomic():
        for row in people.values():  # at the last moment: nothing is published without consent
            allows(row.avatar, row.voice, draft=row.is_draft)
        cost.deliver(
            render,
            attempt=attempt.number,
            stage="delivery",
            seconds=made.seconds,
            outputs=made.outputs,
            chapters=made.chapters,
            quality=made.quality,
            stage_seconds=made.stages,
            provenance=made.provenance,
            warnings=warnings,
        )
    reach("K8")
    if settings.MEASURE_FILMS:
        publish(measure, render.pk, priority=9, expires=3600)


def delivered(
    render: Render,
    rows: list[Segment],
    parts: list[values.Segment],
    attempt: Attempt | None = None,
) -> finishing.Delivered:
    """The film of a render's finished lines, signed and in the store. Raises NotAllowed, BadInput, Canceled."""
    consents = {c for row in rows for c in allows(row.avatar, row.voice, draft=row.is_draft)}
    music, bumpers = music_from_json(render.music), bumpers_from_json(render.bumpers)
    uploaded.bring([music, *bumpers.all], storage.store())
    return finishing.deliver(
        parts,
        store=storage.store(),
        title=render.title,
        chapters=chapters_of(rows),
        lines=[spec_from_json(row.spec) for row in rows],
        codec=render.codec,
        music=music,
        bumpers=bumpers,
        consents=[
            {"id": c.pk, "kind": c.kind, "sha256": c.record_hash()}
            for c in sorted(consents, key=lambda c: c.pk)
        ],
        authority=settings.C2PA_DIR,
        report=attempt.report if attempt else pipeline.silent,
        stop=attempt.stop if attempt else None,
    )


def _too_fast(rows: list[Segment]) -> list[dict[str, Any]]:
    """Captions that go by too fast to be read: known only now that the words have times."""
    return [
        {**warning, "scene": row.scene_number, "line": row.line_number}
        for row in rows
        for warning in row.warnings
        if warning["code"] == "captions_fast"
    ]


def chapters_of(rows: list[Segment]) -> list[Chapter]:
    """One chapter per run of lines with the same title."""
    found: list[Chapter] = []
    start = 0.0
    for row in rows:
        end = start + (row.seconds or 0.0)
        if found and found[-1].title == row.chapter:
            found[-1] = Chapter(row.chapter, found[-1].start, end)
        else:
            found.append(Chapter(row.chapter, start, end))
        start = end
    return found


@shared_task(name="rendering.tasks.speak", ignore_result=True)
def speak(spec: dict[str, Any], urgent: bool = False) -> None:
    """Speaks a line into the store, sentence by sentence, so that Listen and the render find it there.

    After each sentence that had to be made, a line that nobody waits for goes back to the queue, behind those that
    somebody waits for.
    """
    try:
        line = spec_from_json(spec)
        for sentence in pipeline.sentences(line, store=storage.store(), stop=PULSE.stopping):
            if not urgent and not sentence.reused:
                speak_line(spec)
                return
    except Canceled:
        pass
    except (BadInput, Unavailable) as problem:
        path = _why_not(spec)
        with storage.store().write(path.stem, path.suffix) as draft:
            draft.write_text(problem.sentence, encoding="utf-8")


def _why_not(spec: dict[str, Any]) -> Path:
    """The file in which the speech worker says, for the page that waits, why it could not speak a line."""
    said = json.dumps([spec[name] for name in ("text", "voice", "speed", "pitch", "markup")])
    key = hashlib.sha256(f"not spoken {said}".encode()).hexdigest()
    return storage.store().path(key, ".txt")


def why_silent(spec: dict[str, Any]) -> str:
    """Why the line could not be spoken within the last minute; "" if no reason is stored."""
    path = _why_not(spec)
    try:
        fresh = time.time() - path.stat().st_mtime < SILENT
        return path.read_text(encoding="utf-8") if fresh else ""
    except FileNotFoundError:
        return ""


def forget_silence(spec: dict[str, Any]) -> None:
    """Removes the stored reason, because somebody asks for the line again."""
    _why_not(spec).unlink(missing_ok=True)


@shared_task(name="rendering.tasks.measure", ignore_result=True)
def measure(render_id: str) -> None:
    """Reads a finished film back while nothing else waits: how well does it speak?"""
    render = Render.objects.filter(pk=render_id, status="done").first()
    if render is None or "speaking" in render.quality:
        return
    lines = [(spec_from_json(row.spec), row.key) for row in render.segments.all()]
    from rendering import measuring  # what it loads is large, and most processes never measure

    try:
        found = measuring.measure(
            lines, store=storage.store(), stop=lambda: PULSE.stopping.is_set() or queue.has_work()
        )
    except Canceled:
        if not PULSE.stopping.is_set():
            publish(measure, render_id, priority=9, countdown=60, expires=3600)
        return
    Render.objects.filter(pk=render_id).update(quality={**render.quality, "speaking": found})


# The sweep


def sweep() -> None:
    """Makes up for everything that a lost message, a killed worker or a wiped broker left undone. Safe to repeat.

    After the database was away or this machine slept, workers get one more round to report: they do not lose their work
    only because they could not.
    """
    global _swept_at
    now, before = timezone.now(), _swept_at
    silent = {"status": "running", "lease_until__lt": now}
    rows: list[Segment | Render] = list(Segment.objects.filter(**silent).select_related("render"))
    rows += Render.objects.filter(**silent)
    _swept_at = time.monotonic()
    if before is None or _swept_at - before <= max(settings.LEASE_SECONDS, LONGEST_ROUND):
        by_worker: dict[str, list[Segment | Render]] = {}
        for row in rows:
            by_worker.setdefault(row.lease_owner.rpartition(":")[0], []).append(row)
        for left in by_worker.values():
            _left_behind(left)
    workers = list(Worker.alive())
    for (engine, lane), count in queue.kinds_waiting().items():
        hands = sum(worker.slots for worker in workers if worker.serves(engine, lane))
        for _ in range(max(1, min(hands, count, 32))):
            if not wake(engine, lane):
                return
    Worker.objects.filter(seen_at__lt=now - timedelta(days=1)).delete()


_swept_at: float | None = None
LONGEST_ROUND = 10.0  # seconds that a round may be late without anything being wrong


def _left_behind(work: list[Segment | Render]) -> None:
    """Frees what a worker had in hand when it died. A line that was alone may have killed it: that counts as its
    failure.

    Among several, nobody knows which it was: they wait, each for a different time, and the one that is in hand again
    when the next worker dies is to blame.
    """
    deaths = [row.deaths if isinstance(row, Segment) else 0 for row in work]
    for turn, (row, died) in enumerate(zip(work, deaths, strict=True)):
        render = row.render if isinstance(row, Segment) else row
        log.warning("%s was left by its worker", row)
        suspect = died > 0 and died == max(deaths) and deaths.count(died) == 1
        if len(work) == 1 or suspect or died >= SUSPECT:
            _given_up(row, render, row.attempt)
        elif row.give_back(row.attempt, failed=False, rest=APART * turn * (1 + died)):
            Segment.objects.filter(pk=row.pk).update(deaths=F("deaths") + 1)


# The life of a worker process


@worker_ready.connect
def _begin(sender: Any, **_: Any) -> None:
    memory.steady()
    PULSE.start()
    if "speech" in sender.controller.app.amqp.queues.consume_from:
        threading.Thread(target=_warm_up, daemon=True).start()


def _warm_up() -> None:
    """Loads the voice model before somebody presses Listen for the first time, and says what it is spoken by."""
    pipeline.speak(LineSpec(text="Hello.", avatar="", voice="af_heart"), stop=PULSE.stopping)
    log.info("Kokoro is spoken by %s here", voices.TITLES[voices.runtime()[0]])


@worker_shutting_down.connect
def _end(**_: Any) -> None:
    PULSE.end()


@worker_shutdown.connect
def _gone(**_: Any) -> None:
    Worker.objects.filter(name=process_name()).delete()
