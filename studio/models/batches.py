"""Batches: many videos of one template, one for each row of a table."""

from __future__ import annotations

from functools import partial

from django.db import models
from django.utils import timezone

from rows.ids import new_id
from rows.work import Work
from studio.models.people import ApiKey, User, Workspace
from studio.models.templates import Template


class Batch(Work):
    """A table of rows, checked first and then rendered a few at a time (studio/batches/run.py).

    content, variables: the template as it was when the batch was made. columns: those of the table, in order.
    """

    class State(models.TextChoices):
        READING = "reading"  # its rows are being stored; nobody sees it yet
        CHECKING = "checking"
        READY = "ready"
        RUNNING = "running"
        PAUSED = "paused"
        DONE = "done"
        CANCELED = "canceled"

    class PausedFor(models.TextChoices):
        MEMBER = "member"
        CAP = "cap"
        CREDITS = "credits"
        ERROR = "error"

    id = models.CharField(primary_key=True, max_length=48, default=partial(new_id, "batch"))
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="batches")
    template = models.ForeignKey(Template, on_delete=models.SET_NULL, null=True, related_name="+")
    requested_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    api_key = models.ForeignKey(ApiKey, on_delete=models.SET_NULL, null=True, related_name="+")

    # What was asked for; only the cap may change.
    title = models.CharField(max_length=200)
    content = models.JSONField()
    variables = models.JSONField()
    columns = models.JSONField(default=list)
    size = models.PositiveIntegerField(default=0, help_text="How many rows it has.")
    mode = models.CharField(max_length=8, default="final")
    reference = models.CharField(max_length=255, blank=True)
    at_once = models.BooleanField(default=False, help_text="Starts by itself once it is checked.")
    stop_on_error = models.BooleanField(default=False)
    max_cost = models.PositiveIntegerField(null=True, help_text="Credit-seconds, never exceeded.")
    approved = models.BooleanField(
        default=False, help_text="Where renders need approval, somebody has given it for all rows."
    )

    # Its state.
    state = models.CharField(max_length=8, choices=State.choices, default=State.READING)
    paused_for = models.CharField(max_length=8, choices=PausedFor.choices, blank=True)
    turns = models.PositiveIntegerField(
        default=0, help_text="Each turn of a worker adds one: an earlier turn orders nothing more."
    )
    due_at = models.DateTimeField(
        default=timezone.now, help_text="When it is to have its next turn: the oldest goes first."
    )
    moved_at = models.DateTimeField(default=timezone.now, help_text="Of the last change of state.")
    created_at = models.DateTimeField(default=timezone.now)
    checked_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    values_removed_at = models.DateTimeField(
        null=True, help_text="From then on its rows have only their keys and results."
    )

    # A draft of one of its rows, to look at before it is started.
    sample = models.CharField(max_length=48, blank=True, help_text="Id of the render.")
    sample_row = models.PositiveIntegerField(null=True)

    # Links for viewers.
    shares = models.BooleanField(default=False, help_text="Each finished video gets a link.")
    shared_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    shares_due_at = models.DateTimeField(
        null=True, help_text="Since when finished videos may lack their links."
    )

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["workspace", "-created_at"]),
            models.Index(fields=["state", "due_at"]),
            models.Index(fields=["shares_due_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.state})"

    @property
    def is_over(self) -> bool:
        return self.state in (self.State.DONE, self.State.CANCELED)


class BatchRow(models.Model):
    """One row of a batch, and what became of it. cells: {column: value}. render: the id of the last one that was made for it."""

    class State(models.TextChoices):
        WAITING = "waiting"  # to be checked
        WRONG = "wrong"  # cannot be rendered; `errors` say why
        READY = "ready"
        ASKED = "asked"  # has a render, whose status is its own
        LEFT = "left"  # the batch was canceled before its turn

    batch = models.ForeignKey(
        Batch, on_delete=models.CASCADE, related_name="rows", db_index=False
    )  # one_row_per_number begins with it
    number = models.PositiveIntegerField(help_text="Among the rows of the table, from 1.")
    key = models.CharField(max_length=200, help_text="By which its sender knows it.")
    cells = models.JSONField(default=dict)
    overrides = models.JSONField(
        default=dict, help_text="What of the template is different here, by the API's names."
    )
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    errors = models.JSONField(default=list)
    ours = models.BooleanField(default=False, help_text="The error is our fault.")
    warnings = models.PositiveSmallIntegerField(default=0)
    seconds = models.FloatField(default=0.0, help_text="Of its video, as foretold by the check.")
    quoted = models.PositiveIntegerField(default=0, help_text="Credit-seconds, by the check.")
    work = models.FloatField(
        default=0.0, help_text="Seconds that it takes a slot by itself, by the check."
    )
    render = models.CharField(max_length=48, blank=True, db_index=True)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["batch", "number"], name="one_row_per_number")
        ]
        indexes = [
            models.Index(fields=["batch", "state", "number"]),
            models.Index(fields=["batch", "key"]),
        ]

    def __str__(self) -> str:
        return f"{self.key} ({self.state})"
