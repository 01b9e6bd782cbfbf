"""The letters about reviews and approval: asked for, reminded of, decided, and what was said."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.amounts import price
from rendering.models import Render
from studio.models import Batch, Comment, Letter, Project, Share, Verdict
from studio.people.letters import Text, address_of, writer


def _waiting(letter: Letter) -> Render | None:
    rows = Render.objects.filter(pk=letter.subject, status="held", held_for="approval")
    return rows.select_related("requested_by", "workspace").first()


def _wanted(render: Render, title: str) -> Text:
    asker = render.requested_by or _("A program")
    return Text(
        title,
        (
            _("{asker} wants to render “{title}” in {workspace}.").format(
                asker=asker, title=render.title, workspace=render.workspace
            ),
            _(
                "It costs at most {credits} credits ({seconds} s), which are set aside while it waits."
            ).format(credits=price(render.quoted), seconds=render.quoted),
            _("If nobody decides within 14 days, it ends and all credits come back."),
        ),
        address_of("render_detail", render.pk),
        _("Look and decide"),
        _("You get this because you may approve renders in this workspace."),
    )


def _batch_wanted(letter: Letter) -> Text | None:
    """The letter about a batch of which renders wait."""
    batch = Batch.objects.filter(pk=letter.subject).select_related("workspace").first()
    waiting = Render.objects.filter(
        project__batch_row__batch=letter.subject, status="held", held_for="approval"
    )
    if batch is None or not waiting.exists():
        return None
    return Text(
        _("The batch “{title}” waits for your approval").format(title=batch.title),
        (
            _(
                "One approval covers all of its {size} rows, within its cap of {credits} credits."
            ).format(size=batch.size, credits=price(batch.max_cost or 0)),
        ),
        address_of("batch_detail", batch.pk),
        _("Look and decide"),
        _("You get this because you may approve renders in this workspace."),
    )


@writer("approval_wanted")
def approval_wanted(letter: Letter) -> Text | None:
    if letter.subject.startswith("batch_"):
        return _batch_wanted(letter)
    render = _waiting(letter)
    if render is None:
        return None
    return _wanted(render, _("“{title}” waits for your approval").format(title=render.title))


@writer("approval_reminder")
def approval_reminder(letter: Letter) -> Text | None:
    if letter.user and not letter.user.mails_to_remind:
        return None
    if letter.subject.startswith("batch_"):
        return _batch_wanted(letter)
    render = _waiting(letter)
    if render is None:
        return None
    return _wanted(render, _("“{title}” still waits for approval").format(title=render.title))


@writer("approval_given")
def approval_given(letter: Letter) -> Text | None:
    render = Render.objects.filter(pk=letter.subject).first()
    if render is None or render.status in ("failed", "canceled"):
        return None
    return Text(
        _("“{title}” is approved").format(title=render.title),
        (_("It is being rendered now. You get another mail when it is ready."),),
        address_of("render_detail", render.pk),
        _("See how far it is"),
        _("You get this because you asked for the render."),
    )


@writer("verdict")
def verdict_told(letter: Letter) -> Text | None:
    verdict = Verdict.objects.filter(pk=letter.subject).select_related("project").first()
    if verdict is None:
        return None
    if verdict.outcome == Verdict.Outcome.APPROVED:
        title = _("{name} approved version {version} of “{title}”")
        told = _("The approval holds for exactly this version. If you change the script, it ends.")
    else:
        title = _("{name} asks for changes to version {version} of “{title}”")
        told = verdict.text or _("The comments say what is to change.")
    found = {"name": verdict.author, "version": verdict.version, "title": verdict.project.title}
    return Text(
        title.format(**found),
        (told,),
        address_of("review_list", verdict.project_id),
        _("See the review"),
        _("You get this because you asked for the review."),
    )


@writer("comments")
def comments_told(letter: Letter) -> Text | None:
    project = Project.objects.filter(pk=letter.subject, removed_at=None).first()
    if project is None or (letter.user and not letter.user.mails_of_comments):
        return None
    new = Comment.objects.filter(project=project, created_at__gte=letter.created_at).exclude(
        user=letter.user
    )
    rows = list(new.select_related("user")[:20])
    if not rows:
        return None
    count = len(rows)
    return Text(
        ngettext("A new comment on “{title}”", "{n} new comments on “{title}”", count).format(
            n=count, title=project.title
        ),
        tuple(f"{row.author}: {row.text[:300]}" for row in rows[:5]),
        address_of("review_list", project.pk),
        _("Read and answer"),
        _(
            "You get this because it is your project. You can switch these mails off in your settings."
        ),
    )


@writer("review_asked")
def review_asked(letter: Letter) -> Text | None:
    share = Share.objects.filter(pk=letter.subject).select_related("project", "created_by").first()
    if share is None or not share.token or share.closed_at or share.removed_at or share.has_expired:
        return None
    asker = share.created_by or _("Somebody")
    paragraphs = [
        _(
            "{asker} asks you to watch “{title}”, and to say whether you approve. You need no account."
        ).format(asker=asker, title=share.project.title)
    ]
    if share.password:
        paragraphs.append(_("The video has a password; {asker} tells you.").format(asker=asker))
    if share.expires_at:
        paragraphs.append(
            _("The link is good until {day}.").format(day=f"{share.expires_at:%d %B %Y}")
        )
    return Text(
        _("Please look at “{title}”").format(title=share.project.title),
        tuple(paragraphs),
        address_of("share_watch", share.token),
        _("Watch it"),
        _("You get this because {asker} gave us your address for this one mail.").format(
            asker=asker
        ),
    )
