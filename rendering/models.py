"""The render and its segments as rows: the row is the truth, a message is only a nudge.

Each change of a status is one UPDATE, allowed from named sources only and, for work in hand, fenced by the attempt number,
so a worker that was given up for dead can change nothing. A render's status changes in `move`, and in `start` when its first
line is claimed.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import F, Max, Value
from django.db.models.functions import Greatest, Now
from django.utils import timezone

from billing import models as billing
from rendering import effort
from rendering.fleet.scheduling import LANES
from rendering.values import Canceled
from rows import events, mended
from rows.ids import new_id

USUAL_SPEED = 1.2
"""Seconds of work for a second of video where the row has no forecast."""


class WrongStatus(Exception):
    """The row does not have a status from which this move starts, or this attempt is over."""


class Render(mended.Mended):
    class Status(models.TextChoices):
        HELD = "held"
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        CANCELED = "canceled"

    MOVES = {
        "queued": {"held"},
        "running": {"queued"},
        "held": {"running", "held"},
        "done": {"held", "running"},
        "failed": {"held", "queued", "running"},
        "canceled": {"held", "queued", "running"},
    }
    OVER = ("done", "failed", "canceled")
    MENDS = {
        "metadata": mended.mapping(
            lambda value: mended.text(value) if isinstance(value, str) else None
        ),
        "warnings": mended.warnings,
        "outputs": mended.outputs,
        "chapters": mended.each(
            mended.having(
                title=mended.text, start=mended.within(0, 1e6, 0.0), end=mended.within(0, 1e6, 0.0)
            )
        ),
        "quality": mended.mapping(),
        "provenance": mended.mapping(),
        "stage_seconds": mended.mapping(mended.seconds),
    }

    id = models.CharField(primary_key=True, max_length=48, default=partial(new_id, "render"))
    workspace = models.ForeignKey(
        "studio.Workspace", on_delete=models.PROTECT, related_name="renders"
    )
    project = models.ForeignKey("studio.Project", on_delete=models.PROTECT, related_name="renders")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True)
    api_key = models.ForeignKey("studio.ApiKey", on_delete=models.SET_NULL, null=True)

    # What was requested; never changes afterwards.
    title = models.CharField(max_length=200)
    revision = models.PositiveIntegerField(default=1)
    mode = models.CharField(max_length=8, default="final")
    aspect = models.CharField(max_length=8, default="16:9")
    width = models.PositiveIntegerField(default=1280)
    height = models.PositiveIntegerField(default=720)
    codec = models.CharField(max_length=8, default="h264")
    fps = models.PositiveSmallIntegerField(default=25)
    container = models.CharField(max_length=8, default="mp4")
    music = models.JSONField(default=dict, help_text="values.music_to_json; empty without.")
    bumpers = models.JSONField(
        default=dict, help_text="values.bumpers_to_json: its intro and its outro."
    )
    uploaded_pictures = models.BooleanField(default=False)
    quoted = models.PositiveIntegerField(default=0)
    lane = models.CharField(max_length=12, default="free")
    reference = models.CharField(max_length=255, blank=True)
    metadata = models.JSONField(default=dict)
    consents = models.JSONField(default=list, help_text="Ids of the consent records at request.")
    screening = models.JSONField(default=dict, help_text="The verdict on the words, with versions.")
    warnings = models.JSONField(default=list)

    # Its state.
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.QUEUED)
    held_for = models.CharField(max_length=12, blank=True)
    held_at = models.DateTimeField(null=True)
    needs_approval = models.BooleanField(
        default=False, help_text="Before it is queued, somebody of its workspace approves of it."
    )
    stage = models.CharField(max_length=12, blank=True)
    attempt = models.PositiveSmallIntegerField(default=0)
    failures = models.PositiveSmallIntegerField(default=0)
    lease_owner = models.CharField(max_length=120, blank=True)
    lease_until = models.DateTimeField(null=True)
    next_at = models.DateTimeField(default=timezone.now)
    rank_at = models.DateTimeField(
        default=timezone.now, help_text="Since when it counts as waiting: earlier for paid lanes."
    )
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    touched_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)
    likely_seconds = models.FloatField(
        null=True, help_text="Until its end, as told when asked for."
    )
    late_at = models.DateTimeField(null=True, help_text="The late end that was told then.")
    mailed_at = models.DateTimeField(null=True)
    mail_tries = models.PositiveSmallIntegerField(default=0)
    mail_due_at = models.DateTimeField(null=True)  # not before; moved on by whoever is sending it

    # What came of it.
    version = models.PositiveIntegerField(
        null=True, help_text="Of its project: finished renders are counted from 1."
    )
    label = models.CharField(max_length=80, blank=True, help_text="What people call this version.")
    seconds = models.FloatField(null=True)
    outputs = models.JSONField(default=list)
    chapters = models.JSONField(default=list)
    quality = models.JSONField(default=dict)
    stage_seconds = models.JSONField(default=dict)
    provenance = models.JSONField(default=dict)
    failure_code = models.CharField(max_length=40, blank=True)
    failure_message = models.CharField(max_length=500, blank=True)
    failure_ours = models.BooleanField(default=False)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["project", "version"], name="one_render_per_version")
        ]
        indexes = [
            models.Index(fields=["status", "rank_at"]),
            models.Index(fields=["workspace", "-created_at"]),
            models.Index(fields=["project", "-created_at"]),
            models.Index(fields=["status", "lane", "workspace", "rank_at"]),
            models.Index(fields=["created_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.status})"

    @property
    def is_over(self) -> bool:
        return self.status in self.OVER

    @property
    def progress(self) -> float:
        """0..1 over all lines by their length, then the assembly; lines with a stored film count as ready. It never
        falls."""
        if self.status == "done":
            return 1.0
        rows = list(self.segments.values_list("estimated_seconds", "progress", "kept"))
        total = sum(length for length, *_ in rows) or 1.0
        lines = sum(length * (1.0 if kept else done) for length, done, kept in rows) / total
        return min(0.99, 0.97 * lines + (0.02 if self.stage == "delivery" else 0.0))

    @property
    def lane_words(self) -> str:
        return LANES[self.lane].words

    @property
    def cost(self) -> dict[str, int]:
        return {"quoted": self.quoted, **billing.cost_of(self)}

    @transaction.atomic
    def move(self, to: str, *, attempt: int | None = None, **changes: Any) -> None:
        """Changes the status and records the event. Raises WrongStatus if the row has another status or the attempt is
        over."""
        allowed = Render.objects.filter(pk=self.pk, status__in=self.MOVES[to])
        if attempt is not None:
            allowed = allowed.filter(attempt=attempt)
        if to in self.OVER:
            changes.setdefault("ended_at", timezone.now())
        before = self.status
        if not allowed.update(status=to, touched_at=timezone.now(), **changes):
            raise WrongStatus(f"{self.pk} cannot become {to}")
        self.refresh_from_db()
        events.record(
            f"render.{to}",
            self.pk,
            workspace=self.workspace_id,
            before={"status": before},
            after={"status": to, "held_for": self.held_for, "failure": self.failure_code},
        )

    @transaction.atomic
    def end(self, to: str, *, used: int = 0, attempt: int | None = None, **changes: Any) -> None:
        """The last move and the settlement of the money, in one transaction."""
        billing.Wallet.locked(self.workspace_id)
        if to == "done":
            finished = Render.objects.filter(project_id=self.project_id)
            changes["version"] = (finished.aggregate(last=Max("version"))["last"] or 0) + 1
        self.move(to, attempt=attempt, lease_owner="", lease_until=None, **changes)
        billing.settle(self, used, our_fault=self.failure_ours)

    def cancel(self) -> None:
        """Ends it and settles its credits at once; a worker that has it in hand learns of it with its next report."""
        self.end("canceled")

    def fail(
        self, code: str, message: str, *, ours: bool = False, attempt: int | None = None
    ) -> None:
        self.end(
            "failed",
            attempt=attempt,
            failure_code=code,
            failure_message=message[:500],
            failure_ours=ours,
        )

    def hold(self, reason: str, *, attempt: int | None = None) -> None:
        self.move("held", attempt=attempt, held_for=reason, held_at=timezone.now())

    def release(self) -> None:
        """A moderator has let it pass: it goes to the queue, or waits for the approval of its workspace."""
        if self.needs_approval:
            self.hold("approval")
        else:
            self.move("queued", held_for="", held_at=None, next_at=timezone.now())

    @transaction.atomic
    def approve(self) -> None:
        """Its workspace has approved of it. While a moderator still reads it, it goes on waiting for that."""
        self.needs_approval = False
        Render.objects.filter(pk=self.pk).update(needs_approval=False)
        if self.held_for == "approval":
            self.release()

    def start(self) -> None:
        """Sets it running when its first segment is claimed. Fine if it runs already."""
        Render.objects.filter(pk=self.pk, status="queued").update(
            status="running", started_at=timezone.now(), touched_at=timezone.now()
        )

    def give_back(self, attempt: int, *, failed: bool, rest: float | None = None) -> bool:
        """Returns the assembly to the queue, like Segment.give_back."""
        return bool(
            Render.objects.filter(pk=self.pk, attempt=attempt, status="running").update(
                failures=F("failures") + int(failed),
                lease_owner="",
                lease_until=None,
                next_at=timezone.now() + pause_after(self.failures if failed else None, rest),
            )
        )

    def report(self, attempt: int, stage: str, fraction: float) -> None:
        """Progress, heartbeat and cancel check of the assembly, in one statement."""
        changed = Render.objects.filter(pk=self.pk, status="running", attempt=attempt).update(
            stage=stage, touched_at=timezone.now(), lease_until=lease_end()
        )
        if not changed:
            raise Canceled


class Source(models.Model):
    """The project as it was when the render was requested, so that its words can be restored.

    body: {"project": fields, "scenes": [{"id", fields}]}, the fields as forms post them (studio/projects/versions.py).
    """

    render = models.OneToOneField(
        Render, on_delete=models.CASCADE, primary_key=True, related_name="source"
    )
    body = models.JSONField()

    def __str__(self) -> str:
        return f"source of {self.render_id}"


class Segment(mended.Mended):
    """One line of a render: the unit of queueing, retry, reuse and price."""

    class Status(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"

    MENDS = {
        "timing": mended.timing,
        "stage_seconds": mended.mapping(mended.seconds),
        "quality": mended.mapping(),
        "warnings": mended.warnings,
    }

    id = models.CharField(primary_key=True, max_length=48, default=partial(new_id, "segment"))
    render = models.ForeignKey(
        Render, on_delete=models.CASCADE, related_name="segments", db_index=False
    )  # one_segment_per_place begins with it
    position = models.PositiveIntegerField()
    scene = models.CharField(max_length=48, blank=True, help_text="Id of the scene it came from.")
    scene_number = models.PositiveIntegerField(default=1)
    line_number = models.PositiveIntegerField(default=1)
    chapter = models.CharField(max_length=200, blank=True)
    text = models.TextField()
    avatar = models.ForeignKey("studio.Avatar", on_delete=models.PROTECT)
    voice = models.ForeignKey("studio.Voice", on_delete=models.PROTECT)
    engine = models.CharField(
        max_length=24, default="portrait", help_text="Who draws it: a worker that has this engine."
    )
    spec = models.JSONField(help_text="The LineSpec: all that decides how it looks and sounds.")
    key = models.CharField(max_length=64, help_text="Of the finished segment in the store.")
    line_key = models.CharField(max_length=64, help_text="Of what is paid for: words, voice, face.")
    reason = models.CharField(
        max_length=10,
        default="new",
        choices=[("new", "new"), ("changed", "changed"), ("reused", "reused")],
    )
    estimated_seconds = models.FloatField(default=0.0)
    work = models.FloatField(
        null=True, help_text="Seconds that it takes a slot by itself, as foretold when asked for."
    )
    speech_work = models.FloatField(default=0.0, help_text="What of it speaks; the rest draws.")
    unspoken = models.FloatField(
        default=0.0, help_text="Share of its sound that was not in the store when it was asked for."
    )
    kept = models.BooleanField(
        default=False, help_text="Its film was in the store when it was asked for."
    )

    status = models.CharField(max_length=8, choices=Status.choices, default=Status.WAITING)
    stage = models.CharField(max_length=12, blank=True)
    progress = models.FloatField(default=0.0)
    attempt = models.PositiveSmallIntegerField(default=0)
    failures = models.PositiveSmallIntegerField(default=0)
    lease_owner = models.CharField(max_length=120, blank=True)
    lease_until = models.DateTimeField(null=True)
    next_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    seconds = models.FloatField(null=True)
    credit_seconds = models.PositiveIntegerField(null=True)
    reused = models.BooleanField(default=False, help_text="Taken whole from the store.")
    share = models.FloatField(
        null=True,
        help_text="How fast its machine made it, as a share of what it does for one alone.",
    )
    deaths = models.PositiveSmallIntegerField(
        default=0, help_text="Of workers that had it in hand beside others."
    )
    claims = models.PositiveSmallIntegerField(default=0)
    timing = models.JSONField(default=dict, help_text="Words with times, from the segment's start.")
    stage_seconds = models.JSONField(default=dict)
    quality = models.JSONField(default=dict)
    warnings = models.JSONField(default=list)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["render", "position"], name="one_segment_per_place")
        ]
        indexes = [
            models.Index(fields=["status", "next_at"]),
            models.Index(fields=["status", "ended_at"]),
            models.Index(fields=["line_key"]),
            models.Index(fields=["key"]),
        ]

    def __str__(self) -> str:
        return f"{self.render_id} line {self.position}"

    @property
    def effort(self) -> float:
        """Seconds that it takes a slot by itself."""
        return self.estimated_seconds * USUAL_SPEED if self.work is None else self.work

    @property
    def is_ready(self) -> bool:
        """Its film exists: made for this render, or stored before."""
        return self.kept or self.status == "done"

    @property
    def is_draft(self) -> bool:
        """Its picture carries the mark of a draft."""
        return bool(self.spec.get("draft"))

    def report(self, attempt: int, stage: str, fraction: float) -> None:
        """Progress, heartbeat and cancel check in one statement; no row changed means Canceled."""
        changed = Segment.objects.filter(
            pk=self.pk,
            attempt=attempt,
            status="running",
            render__status__in=("queued", "running"),
        ).update(
            stage=stage, progress=Greatest("progress", Value(fraction)), lease_until=lease_end()
        )
        if not changed:
            raise Canceled

    def finish(self, attempt: int, **changes: Any) -> bool:
        """Marks the line as done. False, without any change, if the attempt no longer counts."""
        return bool(
            Segment.objects.filter(pk=self.pk, attempt=attempt, status="running").update(
                status="done",
                progress=1.0,
                ended_at=timezone.now(),
                lease_owner="",
                lease_until=None,
                **changes,
            )
        )

    def give_back(self, attempt: int, *, failed: bool, rest: float | None = None) -> bool:
        """Returns the line to the queue: after a failure with a growing pause, after a clean stop at once, or after
        `rest` s."""
        return bool(
            Segment.objects.filter(pk=self.pk, attempt=attempt, status="running").update(
                status="waiting",
                failures=F("failures") + int(failed),
                lease_owner="",
                lease_until=None,
                next_at=timezone.now() + pause_after(self.failures if failed else None, rest),
            )
        )


def pause_after(failures: int | None, rest: float | None = None) -> timedelta:
    """How long work rests after its n-th failure, or `rest` seconds; nothing after a clean stop."""
    if rest is not None:
        return timedelta(seconds=rest)
    return timedelta(seconds=0 if failures is None else 2 * 3**failures)


def lease_end() -> Any:
    """The database's clock plus the lease, so that workers need not agree on the time."""
    if connection.vendor == "postgresql":
        return Now() + timedelta(seconds=settings.LEASE_SECONDS)
    return timezone.now() + timedelta(seconds=settings.LEASE_SECONDS)


class Turn(models.Model):
    """How far a workspace's share of a lane is used: its waiting work counts from this moment on."""

    workspace = models.ForeignKey("studio.Workspace", on_delete=models.CASCADE)
    lane = models.CharField(max_length=12)
    turn_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "lane"], name="one_turn_per_lane")
        ]

    def __str__(self) -> str:
        return f"{self.workspace_id} {self.lane}"


class WarmPool(models.Model):
    """How many slots a lane wants, as decided last, and why."""

    lane = models.CharField(primary_key=True, max_length=12)
    desired = models.PositiveIntegerField(default=0)
    reason = models.CharField(max_length=300)
    needed_at = models.DateTimeField(help_text="When so many were wanted last.")
    changed_at = models.DateTimeField(help_text="When it was made smaller last.")
    decided_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.lane}: {self.desired}"


class Worker(models.Model):
    """A worker process, touched by its heartbeat. Empty lists mean all engines and all lanes."""

    name = models.CharField(primary_key=True, max_length=120)
    slots = models.PositiveSmallIntegerField(default=1)
    engines = models.JSONField(default=list)
    lanes = models.JSONField(default=list)
    started_at = models.DateTimeField(default=timezone.now)
    ready_at = models.DateTimeField(default=timezone.now, null=True)
    leaving_at = models.DateTimeField(null=True)
    ill_at = models.DateTimeField(
        null=True, help_text="Since when it fails its own trial line and claims nothing."
    )
    seen_at = models.DateTimeField(default=timezone.now)
    cores = models.PositiveSmallIntegerField(
        null=True,
        help_text="Processors of its machine; unknown: its slots do not disturb each other.",
    )
    load = models.FloatField(default=0.0, help_text="Tasks of other programs that want one.")
    weight = models.FloatField(default=1.0, help_text="How much more of one they get than we.")

    def __str__(self) -> str:
        return self.name

    def speed(self, busy: float) -> float:
        """How fast each of `busy` lines goes here, as a share of the speed of one alone."""
        if self.cores is None:
            return 1.0
        return effort.speed(busy, self.cores, self.load, self.weight)

    @classmethod
    def present(cls) -> models.QuerySet[Worker]:
        """Workers with a recent heartbeat that are not leaving, with warm models or not."""
        since = timezone.now() - timedelta(seconds=3 * settings.HEARTBEAT_SECONDS)
        return cls.objects.filter(seen_at__gte=since, slots__gt=0, leaving_at=None)

    @classmethod
    def alive(cls) -> models.QuerySet[Worker]:
        """Workers that can claim now."""
        return cls.present().filter(ready_at__isnull=False)

    @classmethod
    def bury(cls, name: str) -> None:
        """The process is known to have ended: nobody counts on it, and the next sweep frees what it had in hand."""
        cls.objects.filter(name=name).delete()
        past = timezone.now() - timedelta(seconds=1)
        for work in (Segment.objects, Render.objects):
            work.filter(status="running", lease_owner__startswith=f"{name}:").update(
                lease_until=past
            )

    def serves(self, engine: str, lane: str) -> bool:
        return (not self.engines or engine in self.engines) and (
            not self.lanes or lane in self.lanes
        )
