"""Cases for people to decide, and their decisions, which are only ever added."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from rows import events
from rows.ids import new_id

LAPSES_AFTER = timedelta(hours=72)


class AlreadyDecided(Exception):
    pass


class Case(models.Model):
    """Something a person must look at: a render whose words need a reader."""

    id = models.CharField(primary_key=True, max_length=48, default=partial(new_id, "case"))
    render = models.OneToOneField("rendering.Render", on_delete=models.PROTECT, related_name="case")
    policy = models.CharField(max_length=60)
    title = models.CharField(max_length=120)
    spans = models.JSONField(default=list)
    version = models.CharField(max_length=60)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["created_at"]

    def __str__(self) -> str:
        return f"{self.id} {self.policy}"

    @classmethod
    def open(cls) -> models.QuerySet[Case]:
        return cls.objects.filter(decision=None)

    @classmethod
    def overdue(cls) -> models.QuerySet[Case]:
        """Open for longer than anybody should wait."""
        return cls.open().filter(created_at__lt=timezone.now() - LAPSES_AFTER)

    @transaction.atomic
    def lapse(self) -> None:
        """Nobody decided in time: the render ends and all credits go back."""
        _decision, made = Decision.objects.get_or_create(
            case=self, defaults={"outcome": Decision.Outcome.LAPSE, "by": "clock"}
        )
        if made and not self.render.is_over:
            self.render.fail(
                "moderation_lapsed",
                "Nobody looked at the script within 72 hours, so this render has ended. "
                "All credits are back; render it again or change the marked words.",
                ours=True,
            )

    @transaction.atomic
    def decide(self, outcome: str, *, by: str, reason: str = "") -> Decision:
        """Releases the render to the queue, or refuses it and gives all credits back. Raises AlreadyDecided the second time."""
        decision, made = Decision.objects.get_or_create(
            case=self, defaults={"outcome": outcome, "by": by, "reason": reason}
        )
        if not made:
            raise AlreadyDecided(
                f"Case {self.id} was decided already: {decision.get_outcome_display()}."
            )
        if self.render.is_over:
            return decision
        if outcome == Decision.Outcome.RELEASE:
            self.render.release()
        else:
            self.render.fail(
                "moderation_refused",
                gettext(
                    "A person read the script and did not release it. Rule: {title}. Change the words, then render again."
                ).format(title=self.title)
                + (f" {reason}" if reason else ""),
            )
        return decision


class Decision(models.Model):
    class Outcome(models.TextChoices):
        RELEASE = "release", "released"
        REFUSE = "refuse", "refused"
        LAPSE = "lapse", "lapsed after 72 hours"

    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="decision")
    outcome = models.CharField(max_length=8, choices=Outcome.choices)
    by = models.CharField(max_length=120)
    reason = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.outcome} by {self.by}"


class Report(models.Model):
    """What somebody says of a video that they watched at a shared link. address: where the answer goes, if they want one."""

    class Kind(models.TextChoices):
        LIKENESS = "likeness", _("It shows me, or uses my voice, and I did not agree")
        DECEPTION = "deception", _("It deceives people, or pretends to be somebody")
        HARM = "harm", _("It attacks or endangers somebody")
        OTHER = "other", _("Something else")

    id = models.CharField(primary_key=True, max_length=48, default=partial(new_id, "report"))
    share = models.CharField(max_length=48, db_index=True, help_text="Id of the link.")
    render = models.ForeignKey(
        "rendering.Render", on_delete=models.SET_NULL, null=True, related_name="reports"
    )
    kind = models.CharField(max_length=12, choices=Kind.choices)
    words = models.TextField(max_length=2000)
    address = models.EmailField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["created_at"]

    def __str__(self) -> str:
        return f"{self.id} {self.kind}"

    @classmethod
    @transaction.atomic
    def receive(cls, *, workspace: str, **fields: object) -> Report:
        report = cls.objects.create(**fields)
        after = {"share": report.share, "render": report.render_id, "kind": report.kind}
        events.record("report.received", report.pk, workspace=workspace, after=after)
        return report
