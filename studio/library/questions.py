"""What only a person can tell of a photo: asked before its avatar is kept, answered with yes or no, and recorded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy

from rendering.values import BadInput
from studio.models import ApiKey, Avatar, User

LIVING = "living_person"


@dataclass(frozen=True)
class Question:
    """A question of yes or no. ended: what is said after a no, with which the photo cannot be used."""

    code: str
    title: Promise
    yes: Promise
    no: Promise
    ended: Promise


QUESTIONS = {
    one.code: one
    for one in (
        Question(
            LIVING,
            gettext_lazy("Is this a living person?"),
            gettext_lazy("Yes, this is a photo of a living person"),
            gettext_lazy("No, it is a drawing, a painting, a statue or another figure"),
            gettext_lazy(
                "Avatars are made of living people only, because each has to agree in person. Choose a photo of one."
            ),
        ),
        Question(
            "mouth_free",
            gettext_lazy("Is the mouth free?"),
            gettext_lazy("Yes, nothing covers it"),
            gettext_lazy("No, a mask, a veil or a hand covers it"),
            gettext_lazy(
                "A mouth that is covered cannot be made to speak. Choose a photo in which lips and chin are seen."
            ),
        ),
    )
}


def asked(avatar: Avatar) -> list[tuple[Question, str]]:
    """The questions that its photo gives rise to, each with the sentence that says why."""
    found = {
        finding["asks"]: finding["sentence"]
        for finding in avatar.findings
        if finding.get("asks") in QUESTIONS
    }
    return [(QUESTIONS[code], why) for code, why in found.items()]


def said(avatar: Avatar, question: Question) -> str:
    """yes, no, or nothing yet."""
    return avatar.answers.get(question.code, {}).get("answer", "")


def next_of(avatar: Avatar) -> tuple[Question, str] | None:
    """The first question, with its reason, to which the answer is not yes."""
    return next((one for one in asked(avatar) if said(avatar, one[0]) != "yes"), None)


def given(code: str, answer: str, by: User | ApiKey | None) -> dict[str, Any]:
    """An answer as the row stores it: to what, what was said, by whom and when."""
    who = {"account": by.pk} if isinstance(by, User) else {"key": by.pk} if by else {}
    return {
        "question": str(QUESTIONS[code].title),
        "answer": answer,
        **who,
        "at": timezone.now().isoformat(),
    }


def answer(avatar: Avatar, code: str, answer: str, user: User) -> None:
    """Stores the user's answer, in place of an earlier one. Raises BadInput for what is no answer to a question that is asked."""
    with transaction.atomic():
        row = Avatar.objects.select_for_update().get(pk=avatar.pk)
        open_ = {question.code for question, _ in asked(row)}
        if row.state != Avatar.State.MADE or code not in open_ or answer not in ("yes", "no"):
            raise BadInput(
                gettext("Answer the question with yes or no."), code="invalid_field", field="answer"
            )
        row.answers = {**row.answers, code: given(code, answer, user)}
        row.save(update_fields=["answers"])


def check_answered(avatar: Avatar) -> None:
    """Raises BadInput unless all that was asked of the photo was answered with yes."""
    if following := next_of(avatar):
        question, _ = following
        if said(avatar, question) == "no":
            raise BadInput(str(question.ended), code="invalid_field", field=question.code)
        raise BadInput(
            gettext("Answer this first: {question}").format(question=question.title),
            code="missing_field",
            field=question.code,
        )


def recorded(avatar: Avatar) -> list[dict[str, Any]]:
    """What was said of the photo and why it was asked, for the evidence of the consent."""
    why = {question.code: sentence for question, sentence in asked(avatar)}
    return [
        {"code": code, **one, **({"because": why[code]} if code in why else {})}
        for code, one in avatar.answers.items()
    ]
