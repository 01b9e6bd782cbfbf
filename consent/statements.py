"""The words that people agree to, numbered and never edited: what is shown, what is signed and what is hashed is one text.

A change of words is a new version beside the old one, and so is another language. Names are typed under a statement and are
never part of it, so its hash identifies nobody.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext

from rendering.values import BadInput

MEASURE = "measure"  # a voice is measured and compared with the stock voices
DRAFT_COPIES = "draft_copies"  # a copy of the voice speaks in drafts
DRAFT_VIDEOS = "draft_videos"  # the face speaks in drafts


@dataclass(frozen=True)
class Words:
    """One version: what it allows, and its text with gaps for the names and the date."""

    uses: tuple[str, ...]
    text: str


VERSIONS = {
    "face-1": Words(
        (DRAFT_VIDEOS,),
        "I am the person in the photo of the avatar “{avatar}”. I agree that the workspace “{workspace}” uses my face to make "
        "videos in which it speaks words that I may not have said. For now these are drafts only, marked as drafts and as "
        "AI-generated. I can withdraw this at any time; then no further video is made. Said on {day}.",  # verbatim
    ),
    "voice-compared-1": Words(
        (MEASURE,),
        "I am the person who speaks in this recording. I agree that the workspace “{workspace}” measures my voice to tell it "
        "from other voices and to show the stock voices nearest to it. No copy of my voice is made. The recording is deleted "
        "once it is measured. I can have what was measured deleted at any time. Said on {day}.",  # verbatim
    ),
    "voice-copied-1": Words(
        (MEASURE, DRAFT_COPIES),
        "I am the person who speaks in this recording. I agree that the workspace “{workspace}” measures my voice to tell it "
        "from other voices and to make draft videos in which a copy of my voice speaks words that I may not have said. The "
        "drafts are marked as drafts and as AI-generated. The recording is deleted once it is measured. I can have what was "
        "measured deleted at any time. Said on {day}.",  # verbatim
    ),
}


@dataclass(frozen=True)
class Statement:
    """What a person is shown and agrees to. The text is stored word for word in the record."""

    version: str
    text: str

    @property
    def uses(self) -> tuple[str, ...]:
        return VERSIONS[self.version].uses

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


def of_face(avatar: str, workspace: str) -> Statement:
    """What the person in the photo of this avatar agrees to, today."""
    return _worded("face-1", avatar=avatar, workspace=workspace)


def of_voice(workspace: str, *, copied: bool) -> Statement:
    """What the speaker agrees to, today. copied: an engine here can speak in their voice."""
    return _worded("voice-copied-1" if copied else "voice-compared-1", workspace=workspace)


def _worded(version: str, **about: str) -> Statement:
    text = VERSIONS[version].text.format(day=f"{timezone.now():%-d %B %Y}", **about)
    return Statement(version, text)


def check_signature(
    statement: Statement, name: str, *, agreed: bool, shown: str, field: str = "signed"
) -> str:
    """The name as it is recorded. Raises BadInput unless somebody agreed to exactly these words.

    shown: the hash of the statement on the page, which may be from yesterday. field: where the name was typed.
    """
    name = typed(name)
    if not 3 <= len(name) <= 120 or " " not in name:
        raise BadInput(
            gettext("Type your full name, as you sign it."), code="missing_field", field=field
        )
    if not agreed:
        raise BadInput(
            gettext("Tick the box to agree with the statement."),
            code="missing_field",
            field="agreed",
        )
    if shown != statement.sha256:
        raise BadInput(
            gettext(
                "The statement has changed since you opened this page; read it again, then agree."
            ),
            code="statement_changed",
            field="agreed",
        )
    return name


def typed(words: str) -> str:
    """The words on one line, without unprintable characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in words).split())


OF_BEFORE = {
    "the person in the photo": DRAFT_VIDEOS,
    "measures my voice": MEASURE,
    "a copy of my voice speaks": DRAFT_COPIES,
}


def uses_by_words(text: str) -> tuple[str, ...]:
    """The uses that a statement allows, read from its words: it was signed before records held a version."""
    return tuple(use for words, use in OF_BEFORE.items() if words in text)
