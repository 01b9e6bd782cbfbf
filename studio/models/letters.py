"""Mails that wait to be sent: written in the transaction of what they tell of, and tried until the mail host takes them."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.db.models import Q
from django.utils import timezone

from studio.models.people import User


class Letter(models.Model):
    """One mail. Its words are written when it is sent (studio/people/letters.py), so what has passed meanwhile is not told.

    kind: who writes it. subject: the id of what it is about.
    """

    kind = models.CharField(max_length=24)
    subject = models.CharField(max_length=48)
    address = models.EmailField()
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="+")
    due_at = models.DateTimeField(default=timezone.now)
    tries = models.PositiveSmallIntegerField(default=0)
    closed_at = models.DateTimeField(
        null=True, help_text="When it was sent, or was no longer wanted."
    )
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [
            models.Index(fields=["due_at"], condition=Q(closed_at=None), name="letters_waiting")
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject", "address"],
                condition=Q(closed_at=None),
                name="one_waiting_letter_of_a_kind",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.subject}"

    @staticmethod
    def write(
        kind: str,
        subject: str,
        address: str,
        *,
        user: User | None = None,
        after: timedelta = timedelta(0),
    ) -> None:
        """Requests a mail, in the caller's transaction. While one of the same waits, there is no second."""
        Letter.objects.bulk_create(
            [
                Letter(
                    kind=kind,
                    subject=subject,
                    address=address,
                    user=user,
                    due_at=timezone.now() + after,
                )
            ],
            ignore_conflicts=True,
        )
