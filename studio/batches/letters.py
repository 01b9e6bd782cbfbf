"""The letters about a batch: it was checked, it is paused, it is done. One for the whole batch, none for each video."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.amounts import price
from studio.batches import plan, result
from studio.models import Batch, Letter
from studio.people.letters import Text, address_of, writer

LOOKING = timedelta(minutes=1)
"""Whoever waits for the check before the page is not told by mail, too."""


def tell(batch: Batch, state: str, paused_for: str) -> None:
    """Requests the letter about a change of state, in the caller's transaction, to whoever made the batch."""
    user = batch.requested_by
    if user is None or paused_for == Batch.PausedFor.MEMBER:
        return
    if state == Batch.State.READY:
        Letter.write("batch_ready", batch.pk, user.email, user=user, after=LOOKING)
    elif state in (Batch.State.PAUSED, Batch.State.DONE):
        Letter.write(f"batch_{state}", batch.pk, user.email, user=user)


def _batch(letter: Letter, state: str) -> Batch | None:
    """The batch, if it is still in that state and its person still reads mail."""
    if letter.user is None or not letter.user.is_active:
        return None
    rows = Batch.objects.filter(pk=letter.subject, state=state)
    return rows.exclude(paused_for=Batch.PausedFor.MEMBER).select_related("workspace").first()


def _text(batch: Batch, title: str, *paragraphs: str) -> Text:
    return Text(
        title.format(title=batch.title),
        paragraphs,
        address_of("batch_detail", batch.pk),
        _("Open the batch"),
        _("You get this because you made the batch."),
    )


@writer("batch_ready")
def checked(letter: Letter) -> Text | None:
    batch = _batch(letter, Batch.State.READY)
    if batch is None:
        return None
    counts, credits = result.counts(batch), plan.price(batch)
    good, wrong = counts["ready"], counts["wrong"]
    rows = ngettext("{n} row can be rendered.", "{n} rows can be rendered.", good).format(n=good)
    if wrong:
        rows += " " + ngettext("{n} is wrong.", "{n} are wrong.", wrong).format(n=wrong)
    cost = _("It costs at most {credits} credits ({seconds} s). Nothing was charged yet.")
    free = _("These are drafts, which cost nothing.")
    return _text(
        batch,
        _("Batch “{title}” is checked"),
        rows,
        free if batch.mode == "draft" else cost.format(credits=price(credits), seconds=credits),
    )


@writer("batch_paused")
def paused(letter: Letter) -> Text | None:
    batch = _batch(letter, Batch.State.PAUSED)
    if batch is None:
        return None
    why = {
        Batch.PausedFor.CAP: _("The next row would go beyond the cap."),
        Batch.PausedFor.CREDITS: _("The credits that are left do not pay for the next row."),
    }.get(Batch.PausedFor(batch.paused_for), _("A row could not be rendered."))
    counts = result.counts(batch)
    left = counts["ready"] + counts["waiting"]
    waiting = ngettext("{n} row waits.", "{n} rows wait.", left).format(n=left)
    title = _("Batch “{title}” is paused")
    return _text(batch, title, why, f"{_done(counts['done'])} {waiting}")


@writer("batch_done")
def done(letter: Letter) -> Text | None:
    batch = _batch(letter, Batch.State.DONE)
    if batch is None or (letter.user and not letter.user.mails_when_done):
        return None
    counts, net = result.counts(batch), result.cost_of(batch)["net"]
    said = _done(counts["done"])
    if failed := counts["failed"]:
        said += " " + ngettext(
            "{n} has failed, and its credits are back.",
            "{n} have failed, and their credits are back.",
            failed,
        ).format(n=failed)
    paid = _("You paid {credits} credits ({seconds} s).")
    named = _("The result file names the video of each row.")
    if batch.mode != "draft":
        named = f"{paid.format(credits=price(net), seconds=net)} {named}"
    return _text(batch, _("Batch “{title}” is done"), said, named)


def _done(count: int) -> str:
    return ngettext("{n} video is done.", "{n} videos are done.", count).format(n=count)
