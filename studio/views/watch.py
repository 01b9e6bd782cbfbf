"""The pages of shared links: for people without an account, without cookies, and without a script if need be."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.shortcuts import render as respond
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from moderation.models import Report
from rendering import storage
from rendering.models import Render
from studio.limits import COUNTS, REPORTS, SAID, too_often
from studio.links import file_name
from studio.models import Play, Share
from studio.models.reviews import LONGEST_COMMENT
from studio.projects import sharing
from studio.projects.fields import second, whole
from studio.reviews import comments
from studio.views.files import serve
from studio.views.renders import Line, credentials, lines_of

FILES = {
    "film.mp4": "video",
    "film.webm": "video",
    "captions.vtt": "vtt",
    "transcript.txt": "transcript",
    "poster.jpg": "poster",
}
"""Name in the address -> kind of output."""


def _private(answer: HttpResponseBase) -> Any:
    """Neither kept nor listed by anybody on the way: what is closed must not be seen again."""
    answer["Cache-Control"] = "private, no-store"
    answer["X-Robots-Tag"] = "noindex"
    return answer


def _gone(request: HttpRequest, state: str, share: Share | None = None) -> HttpResponse:
    """Why there is nothing to be seen; the pages of the studio itself would set a cookie."""
    status = sharing.STATUS.get(state, 404)  # type: ignore[call-overload]
    context = {"state": state, "share": share}
    return _private(respond(request, "studio/share_gone.html", context, status=status))


def _outputs(render: Render) -> dict[str, dict[str, Any]]:
    return {output["kind"]: output for output in render.outputs}


@csrf_exempt  # there is no session that another site could use, and no cookie is set
@require_http_methods(["GET", "HEAD", "POST"])
def share_watch(request: HttpRequest, token: str) -> HttpResponse:
    """The video; or the form for its password, or why it cannot be seen. The password is posted to the same address."""
    share = Share.by_token(token)
    if share is None:
        return _gone(request, "unknown")
    found = sharing.standing(share)
    if found.render is None:
        return _gone(request, found.state, share)
    if share.password:
        wrong = ""
        if request.method == "POST":
            sent = request.POST.get("password", "")
            if not sharing.try_password(share, sent, request.META["REMOTE_ADDR"]):
                wrong = gettext("That is not the password. Ask whoever sent you the link.")
        if request.method != "POST" or wrong:
            context = {"share": share, "wrong": wrong}
            status = 403 if wrong else 200
            return _private(respond(request, "studio/share_password.html", context, status=status))
    return _private(
        respond(request, "studio/share_watch.html", _context(request, share, found.render, token))
    )


def _context(
    request: HttpRequest, share: Share, render: Render, token: str, viewing: str = ""
) -> dict[str, Any]:
    """What the page shows. viewing: its token, if it goes on."""
    viewing = viewing or sharing.begin(share)
    outputs = _outputs(render)

    def link(name: str) -> str:
        return reverse("share_file", args=[token, viewing, name])

    film = f"film{outputs['video']['suffix']}" if "video" in outputs else ""
    first = render.segments.values_list("spec__language", "spec__captions__burn_in").first()
    language, burnt = first or (None, False)
    path = None
    if film:
        path = storage.store().find(outputs["video"]["key"], outputs["video"]["suffix"])
    claims = credentials(path) if path else {}
    start = second(request.GET.get("t"))
    poster = reverse("share_poster", args=[token])
    lines = lines_of(render)
    return {
        "share": share,
        "render": render,
        "lines": lines,
        "video_url": link(film) + (f"#t={start}" if start else "") if path else "",
        "seek": link(film) + "#t=" if share.password else "?t=",
        "vtt_url": link("captions.vtt") if "vtt" in outputs else "",
        "poster_url": link("poster.jpg") if "poster" in outputs else "",
        "transcript_url": link("transcript.txt") if "transcript" in outputs else "",
        "download_url": link(film) + "?download=1" if share.downloads and path else "",
        "film": outputs.get("video"),
        "seen_url": reverse("share_seen", args=[token, viewing]),
        "language": language or "en",
        "captions_burnt": burnt,
        "credentials": claims,
        "signed_at": parse_datetime(claims.get("created_at") or ""),
        "gone": path is None,
        "page_url": request.build_absolute_uri(reverse("share_watch", args=[token])),
        "picture_url": "" if share.password else request.build_absolute_uri(poster),
        **(_review(share, render, viewing, lines) if share.reviews else {}),
    }


def _review(share: Share, render: Render, viewing: str, lines: list[Line]) -> dict[str, Any]:
    """What was said of the version, and what was decided."""
    verdicts = share.project.verdicts.filter(version=render.version).select_related("project")
    threads = comments.of_version(share.project, render.version or 0)
    return {
        "viewing": viewing,
        "threads": comments.at_lines(threads, lines),
        "verdict": verdicts.first(),
    }


def _serve(request: HttpRequest, render: Render, name: str, *, download: bool) -> HttpResponseBase:
    output = _outputs(render).get(FILES.get(name, ""))
    known = output is not None and name.endswith(output["suffix"])
    path = storage.store().find(output["key"], output["suffix"]) if output and known else None
    if output is None or path is None:
        return _gone(request, "unknown")
    shown = file_name(render.title, output["suffix"])
    # From here and never by an address of the bucket: that would outlive the link.
    return _private(serve(request, path, shown, download=download))


@require_safe
def share_file(request: HttpRequest, token: str, viewing: str, name: str) -> HttpResponseBase:
    """A file of a viewing that goes on."""
    share = Share.by_token(token)
    if share is None or not sharing.viewing_of(share, viewing):
        return _gone(request, "unknown")
    found = sharing.standing(share)
    if found.render is None:
        return _gone(request, "unknown")
    download = "download" in request.GET
    film = FILES.get(name) == "video"
    if film and download and not share.downloads:
        return _gone(request, "unknown")
    if film and not download and request.headers.get("Sec-Fetch-Dest") == "document":
        return redirect("share_watch", token)  # opened by itself it could be saved
    return _serve(request, found.render, name, download=download)


@require_safe
def share_poster(request: HttpRequest, token: str) -> HttpResponseBase:
    """The picture that other sites show beside the link; not of a video with a password."""
    share = Share.by_token(token)
    found = sharing.standing(share) if share else None
    if share is None or found is None or found.render is None or share.password:
        return _gone(request, "unknown")
    return _serve(request, found.render, "poster.jpg", download=False)


class ReviewForm(forms.Form):
    """A comment or a decision of somebody without an account, who says once who they are."""

    does = forms.ChoiceField(choices=[(one, one) for one in ("comment", "approved", "changes")])
    name = forms.CharField(
        max_length=80,
        error_messages={
            "required": gettext_lazy("Write your name, so that they know who said it."),
            "max_length": gettext_lazy("A name takes at most 80 characters."),
        },
    )
    address = forms.EmailField(
        max_length=254,
        error_messages={
            "required": gettext_lazy("Write your e-mail address, so that they can answer."),
            "invalid": gettext_lazy("Write the address as name@example.org."),
        },
    )
    text = forms.CharField(
        required=False,
        max_length=LONGEST_COMMENT,
        error_messages={
            "max_length": gettext_lazy("A comment takes at most 2,000 characters; shorten it.")
        },
    )
    at = forms.FloatField(required=False, min_value=0, max_value=100_000)
    answers = forms.SlugField(required=False, max_length=48)

    def clean(self) -> dict[str, Any]:
        sent: dict[str, Any] = super().clean() or {}
        if sent.get("does") in ("comment", "changes") and not sent.get("text"):
            self.add_error("text", gettext("Write what you mean."))
        if "at" in self.errors:
            del self.errors["at"]
        return sent


@csrf_exempt
@require_POST
def share_review(request: HttpRequest, token: str) -> HttpResponse:
    """A comment, an answer or a decision. Who knows the password sends the viewing that it opened."""
    share = Share.by_token(token)
    found = sharing.standing(share) if share else None
    if share is None or found is None or found.render is None or not share.reviews:
        return _gone(request, found.state if found and found.render is None else "unknown", share)
    viewing = request.POST.get("viewing", "")
    if not sharing.viewing_of(share, viewing):
        return redirect("share_watch", token)
    render = found.render
    form = ReviewForm(request.POST)
    said = ""
    if form.is_valid():
        standing = SAID.count(request.META["REMOTE_ADDR"])
        if standing.exceeded:
            sentence = gettext("{most} comments came from here within an hour; wait {pause}.")
            raise too_often(sentence, SAID, standing)
        said = _reviewed(share, render, form.cleaned_data)
    context = _context(request, share, render, token, viewing)
    sent = request.POST if form.errors else {}
    context |= {"form": form, "said": said, "sent": sent, "who": request.POST}
    status = 422 if form.errors else 200
    return _private(respond(request, "studio/share_watch.html", context, status=status))


def _reviewed(share: Share, render: Render, sent: dict[str, Any]) -> str:
    """Writes it, and returns what is told."""
    who = {"name": sent["name"], "address": sent["address"]}
    if sent["does"] != "comment":
        comments.decide(share, sent["does"], text=sent["text"], **who)
        if sent["does"] == "approved":
            return gettext("Thank you. You approved version {n}; they are told by mail.").format(
                n=render.version
            )
        return gettext("Thank you. They are told what should change.")
    rows = share.project.comments.filter(version=render.version or 0, answers=None)
    comments.say(
        share.project,
        render.version or 0,
        sent["text"],
        at=None if sent.get("at") is None else min(sent["at"], render.seconds or 0.0),
        share=share,
        answers=rows.filter(pk=sent["answers"]).first() if sent["answers"] else None,
        **who,
    )
    return gettext("Your comment is there. They are told by mail.")


@csrf_exempt
@require_POST
def share_seen(request: HttpRequest, token: str, viewing: str) -> HttpResponse:
    """Counts which tenths of the film this viewing has seen; nothing of it is no play. Nothing about the viewer is stored."""
    share = Share.by_token(token)
    known = sharing.viewing_of(share, viewing) if share else ""
    if share is None or not known or sharing.standing(share).render is None:
        return _gone(request, "unknown")
    tenths = whole(request.POST.get("tenths"))
    if tenths and not COUNTS.count(request.META["REMOTE_ADDR"]).exceeded:
        Play.count(share, known, tenths)
    return HttpResponse(status=204)


class ReportForm(forms.Form):
    kind = forms.ChoiceField(
        choices=Report.Kind.choices,
        error_messages={"required": gettext_lazy("Choose what is wrong.")},
    )
    words = forms.CharField(
        max_length=2000,
        error_messages={
            "required": gettext_lazy("Say in a sentence what you saw."),
            "max_length": gettext_lazy("At most 2,000 characters can be sent; shorten it."),
        },
    )
    address = forms.EmailField(
        required=False,
        max_length=254,
        error_messages={"invalid": gettext_lazy("Write the address as name@example.org.")},
    )


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def share_report(request: HttpRequest, token: str) -> HttpResponse:
    """Anybody who has the link may report the video, also after it was closed."""
    share = Share.by_token(token)
    if share is None:
        return _gone(request, "unknown")
    form = ReportForm(request.POST if request.method == "POST" else None)
    context: dict[str, Any] = {"share": share, "token": token, "form": form}
    if form.is_valid():
        address = request.META["REMOTE_ADDR"]
        standing = REPORTS.count(address)
        if standing.exceeded:
            sentence = gettext("{most} reports came from here within an hour; wait {pause}.")
            raise too_often(sentence, REPORTS, standing)
        context["report"] = Report.receive(
            workspace=share.project.workspace_id,
            share=share.pk,
            render=sharing.shown(share),
            **form.cleaned_data,
        )
    status = 422 if form.is_bound and not form.is_valid() else 200
    return _private(respond(request, "studio/share_report.html", context, status=status))
