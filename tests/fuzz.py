"""Sends hostile values to every route and every operation of the API, over hostile rows; then opens every page.

`make fuzz` runs it for ten minutes from a new seed, `make test` a small part of it. Failures are printed as lines of curl.
"""

from __future__ import annotations

import json
import random
import re
import shlex
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from django.db import connection
from django.test import Client

from billing.models import give
from rendering.models import Render
from rows.limits import forget
from studio.limits import addresses
from studio.models import (
    ApiKey,
    Avatar,
    Clip,
    Picture,
    Project,
    Pronunciation,
    Scene,
    User,
    Voice,
    Workspace,
)
from tests.hostile import WORDS, bent, overlay, texts, values
from tests.studio.rows import deliver, make_project, make_render

ROOT = Path(__file__).resolve().parent.parent
HEAVY = {"scene_frame", "avatar_create", "voice_create", "api-1:avatar_create", "avatar_unlock"}
"""Routes that draw or decode: asked less often."""
OPENED = {
    *("home", "project_list", "project_edit", "project_estimate", "scene_captions", "scene_frame"),
    *("scene_avatars", "scene_voices", "voice_list", "voice_detail", "avatar_list", "stock_avatar"),
    *("avatar_detail", "picture_crop", "clip_state", "pronunciation_list", "render_detail"),
    *("render_progress", "credit_list", "key_list", "account_settings", "account_email"),
    *("api_docs", "api-1:render_list", "api-1:render_detail", "api-1:asset_detail"),
    *("api-1:caption_list", "api-1:avatar_list", "api-1:voice_list", "api-1:usage"),
}
"""Routes that have to open, whatever was sent or saved."""
NEVER = {"account_logout"}  # the other requests need somebody who is signed in


@dataclass(frozen=True)
class Sent:
    """One request, as it can be sent again."""

    method: str
    path: str
    body: bytes = b""
    content_type: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    signed_in: bool = True

    def curl(self) -> str:
        parts = ["curl", "-i", "-X", self.method, shlex.quote(f"http://127.0.0.1:8000{self.path}")]
        for name, value in self.headers:
            parts += ["-H", shlex.quote(f"{name}: {value}"[:300])]
        if self.content_type:
            parts += ["-H", shlex.quote(f"Content-Type: {self.content_type}")]
        if self.body:
            shown = self.body[:1500].decode("latin-1")
            parts += ["--data-binary", shlex.quote(shown)]
        who = "signed in" if self.signed_in else "a stranger"
        return " ".join(parts).encode("ascii", "backslashreplace").decode() + f"  # {who}"


@dataclass
class Fuzz:
    """Alice's workspace with a row of every kind, and the clients that send to it."""

    dice: random.Random
    failures: list[str] = field(default_factory=list)
    kinds: dict[str, int] = field(default_factory=dict)
    requests: int = 0

    def __post_init__(self) -> None:
        from studio.library.stock import ensure_stock
        from tests.conftest import person

        ensure_stock()
        self.user = User.objects.filter(email="alice@example.org").first()
        if self.user is None:
            self.user = person("alice")
        from studio.access import memberships

        self.workspace: Workspace = memberships(self.user)[0].workspace
        give(self.workspace, 10_000_000, kind="grant", source=f"fuzz {self.dice.random()}")
        _, self.secret = ApiKey.make(self.workspace, "Fuzz")
        self.client = Client(raise_request_exception=False)
        self.stranger = Client(raise_request_exception=False)
        self.client.force_login(self.user)
        self.routes = [(n, r) for n, r in addresses() if n not in NEVER]
        self.new_rows()

    def new_rows(self) -> None:
        """A fresh row of every kind that an address may name."""
        project = make_project(self.workspace, script="Hello, and welcome.\n\nThe second line.")
        scene = project.live_scenes.get()
        picture = Picture.objects.create(
            workspace=self.workspace, sha256=f"{self.dice.getrandbits(256):064x}", name="A picture",
            width=80, height=60,
        )  # fmt: skip
        video, music = (
            Clip.objects.create(
                workspace=self.workspace, kind=kind, name=kind, suffix=suffix, seconds=4.0,
                sha256=f"{self.dice.getrandbits(256):064x}",
            )
            for kind, suffix in (("video", ".mp4"), ("music", ".flac"))
        )  # fmt: skip
        slug = f"own-{self.dice.getrandbits(40):x}"
        avatar = Avatar.objects.create(
            workspace=self.workspace, slug=slug, name="Robin", state="made", pack="b" * 64
        )
        voice = Voice.objects.create(
            workspace=self.workspace, slug=slug, name="Robin", language="en-US", state="refused",
            findings=[{"code": "a", "sentence": "Too short."}],
        )  # fmt: skip
        word, _ = Pronunciation.objects.get_or_create(
            workspace=self.workspace, word="welcome", defaults={"value": "well come"}
        )
        self.done = deliver(make_render(project, by=self.user, quoted=0, done=3))
        self.queued = make_render(project, by=self.user, quoted=0, done=1)
        self.project, self.scene, self.picture, self.video = project, scene, picture, video
        self.avatar, self.voice, self.music, self.word = avatar, voice, music, word
        self.key = ApiKey.make(self.workspace, "Another")[0]

    def argument(self, name: str, route: str) -> str:
        rows: dict[str, Any] = {
            "project_id": self.project.pk,
            "scene_id": self.scene.pk,
            "overlay_id": "one",
            "line": 1,
            "voice_id": self.voice.pk,
            "slug": "af_heart",
            "stock_slug": "maya",
            "avatar_id": self.avatar.pk,
            "kind": "poster",
            "picture_id": self.picture.pk,
            "clip_id": self.video.pk,
            "asset_id": self.picture.pk,
            "pronunciation_id": self.word.pk,
            "render_id": self.dice.choice([self.done, self.queued]).pk,
            "caption_id": f"{self.scene.pk}-1-1-3",
            "key_id": self.key.pk,
            "token": "a",
            "name": "b",
        }
        return str(rows.get(name, "x"))

    def address(self, route: str, *, good: bool = True) -> str:
        """A path of this route, filled with rows of the workspace or, unless `good`, at times with anything at all."""

        def put(found: re.Match[str]) -> str:
            kind, name = found[1] or "", found[2]
            bent = not good and self.dice.random() < 0.25
            value = texts(self.dice) if bent else self.argument(name, route)
            del kind
            return quote(value[:200], safe="", errors="surrogatepass")

        plain = re.sub(r"<(?:(\w+):)?(\w+)>", put, route)
        plain = re.sub(r"\(\?P<\w+>[^)]*\)", lambda _: quote(texts(self.dice)[:60], safe="", errors="surrogatepass"), plain)  # fmt: skip
        return "/" + plain.replace("^", "").replace("$", "").replace("\\Z", "")

    # -- sending ---------------------------------------------------------------------------------

    def send(self, sent: Sent, *, quiet: bool = False) -> Any:
        client = self.client if sent.signed_in else self.stranger
        extra = {
            f"HTTP_{name.upper().replace('-', '_')}": value.encode("utf-8", "surrogatepass").decode(
                "latin-1"
            )
            for name, value in sent.headers
        }
        path, _, query = sent.path.partition("?")
        self.requests += 1
        answer = client.generic(
            sent.method, path, sent.body, content_type=sent.content_type or "text/plain",
            QUERY_STRING=query, **extra,
        )  # fmt: skip
        if hasattr(answer, "streaming_content"):
            b"".join(answer.streaming_content)
        connection.close_if_unusable_or_obsolete()
        # healthz answers 503 because no worker is running, which is true.
        if answer.status_code >= 500 and path != "/healthz" and not quiet:
            self.note(sent, answer)
        return answer

    def note(self, sent: Sent, answer: Any, why: str = "") -> None:
        raised = getattr(answer, "exc_info", None)
        error = ""
        if raised and raised[0]:
            frames = [f for f in traceback.extract_tb(raised[2]) if str(ROOT) in f.filename]
            ours = [f for f in frames if ".venv" not in f.filename]
            last = ours[-1] if ours else traceback.extract_tb(raised[2])[-1]
            error = f"{raised[0].__name__} at {Path(last.filename).name}:{last.lineno}: {str(raised[1])[:200]!r}"
        kind = f"{answer.status_code} {why[:14]}{error[:60]}"
        if kind in self.kinds:
            self.kinds[kind] += 1
            return
        self.kinds[kind] = 1
        self.failures.append(f"{answer.status_code} {why}{error}\n    {sent.curl()}")

    def headers(self) -> tuple[tuple[str, str], ...]:
        dice = self.dice
        offered = {
            "Range": lambda: dice.choice(["bytes=0-", f"bytes={'9' * 5000}-", "bytes=-0", "bytes=-", f"bytes=5-{'9' * 30}", "bytes=٣-"]),
            "Accept": lambda: "application/json",
            "HX-Request": lambda: "true",
            "HX-Current-URL": lambda: texts(dice),
            "If-None-Match": lambda: texts(dice),
            "If-Range": lambda: texts(dice),
            "If-Modified-Since": lambda: texts(dice),
            "Prefer": lambda: dice.choice(["wait=9999999", "wait=x", texts(dice)]),
            "Referer": lambda: texts(dice),
            "Accept-Language": lambda: dice.choice(["x" * 3000, "en-US,*;q=nan", texts(dice)]),
            "X-Requested-With": lambda: "XMLHttpRequest",
            "X-Forwarded-For": lambda: texts(dice),
            "Host": lambda: dice.choice(["testserver", "localhost:99999", "a" * 300]),
        }  # fmt: skip
        chosen = dice.sample(sorted(offered), dice.choice([0, 0, 1, 1, 2, 3]))
        return tuple((name, re.sub(r"[\r\n\x00]", " ", offered[name]())) for name in chosen)

    def fields(self) -> list[tuple[str, str]]:
        dice = self.dice
        found = []
        for name in dice.sample(WORDS, dice.randrange(0, 8)):
            value = texts(dice)
            if name in ("overlays", "cues") or dice.random() < 0.02:
                value = json.dumps([overlay(dice) for _ in range(dice.randrange(1, 4))])
            elif name == "script" and dice.random() < 0.7:
                value = "Hello, and welcome.\n\nThe second line."
            found.append((name, value))
        if dice.random() < 0.6:
            found.append(("revision", str(Scene.objects.get(pk=self.scene.pk).revision)))
        return found

    def form(self) -> tuple[bytes, str]:
        """A body as a browser sends it, or as none does."""
        dice = self.dice
        fields = self.fields()
        kind = dice.randrange(12)
        if kind < 7:
            body = urlencode(fields, errors="surrogatepass").encode()
            return body, "application/x-www-form-urlencoded"
        if kind == 7:
            return b"a=1&" * 1200, "application/x-www-form-urlencoded"
        if kind == 8:
            return b"--x--", dice.choice(
                ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=" + "a" * 300]
            )  # fmt: skip
        if kind == 9:
            text = json.dumps(values(dice)).encode("utf-8", "replace")
            return text, dice.choice(["application/json", "text/plain", "x/" + "y" * 300, ""])
        parts = []
        for name, value in fields * (150 if dice.random() < 0.2 else 1):
            head = f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
            parts.append(head.encode() + value.encode("utf-8", "surrogatepass") + b"\r\n")
        names = ["image", "photo", "recording", "live", "file", "logo", "video", "music_file"]
        for _ in range(dice.choice([1, 1, 2, 120])):
            called = re.sub(r'[\r\n"]', "_", texts(dice))[:300]
            head = f'--x\r\nContent-Disposition: form-data; name="{dice.choice(names)}"; filename="{called}"\r\nContent-Type: image/png\r\n\r\n'
            parts.append(head.encode("utf-8", "surrogatepass") + self.file() + b"\r\n")
        body = b"".join(parts) + b"--x--\r\n"
        if dice.random() < 0.2:
            body = body[: dice.randrange(len(body))]
        return body, "multipart/form-data; boundary=x"

    def file(self) -> bytes:
        return self.dice.choice(
            [b"", b"not a picture", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF\xff\xff\xff\xffWAVE",
             b"\x00\x00\x00\x20ftypisom", b"ID3\xff\xff\xff", b"fLaC", b"OggS", b"\x1aE\xdf\xa3"]
        )  # fmt: skip

    def page(self) -> Sent:
        """A request to some address of the site."""
        dice = self.dice
        name, route = dice.choice(self.routes)
        if name in HEAVY and dice.random() < 0.8:
            name, route = dice.choice(self.routes)
        path = self.address(route, good=dice.random() < 0.8)
        method = dice.choices(["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "FOO"], [40, 50, 2, 1, 2, 1, 1])[0]  # fmt: skip
        signed_in = dice.random() < 0.85
        if dice.random() < 0.5:
            fields = self.fields()
            path += "?" + urlencode(fields, errors="surrogatepass")[:9000]
        headers = self.headers()
        if route.startswith("api/"):
            return self.called(name, path, method, headers)
        body, kind = self.form() if method == "POST" else (b"", "")
        return Sent(method, path, body, kind, headers, signed_in)

    def called(
        self, name: str, path: str, method: str, headers: tuple[tuple[str, str], ...]
    ) -> Sent:
        """A request to the API."""
        dice = self.dice
        key = f"Bearer {self.secret}" if dice.random() < 0.9 else texts(dice).replace("\n", "")
        key = re.sub(r"[\r\n\x00]", "", key)
        headers = tuple(h for h in headers if h[0] != "Prefer")
        headers += (("Authorization", key), ("Idempotency-Key", f"{dice.getrandbits(64):x}"))
        if method not in ("GET", "HEAD"):
            method = dice.choice(["POST", "PATCH", "DELETE", "GET", "POST"])
        if "assets" in path or "avatars" in path:
            body, kind = self.form()
        else:
            body = self.body(name)
            kind = "application/json"
        return Sent(method, path, body, kind, headers)

    def body(self, name: str) -> bytes:
        dice = self.dice
        if dice.random() < 0.15:
            return dice.choice([b"", b"{", b"\xff", b"[" * 5000, b'{"a":' * 2000, b"9" * 5000])
        plain: Any = {"script": "Hello, and welcome.", "mode": "draft", "title": "Fuzz"}
        if "caption" in name:
            plain = {"text": "Hello"} if dice.random() < 0.5 else {"after": 1}
        for word in dice.sample(WORDS, dice.randrange(4)):
            plain[word] = values(dice)
        if dice.random() < 0.3:
            plain["overlays"] = [overlay(dice)]
        if dice.random() < 0.3:
            plain["scenes"] = [
                {"script": texts(dice), dice.choice(WORDS): values(dice)} for _ in range(2)
            ]
            plain.pop("script", None)
        if dice.random() < 0.1:
            plain = values(dice)
        return json.dumps(plain).encode()

    # -- opening ---------------------------------------------------------------------------------

    def open_pages(self, names: set[str] = OPENED) -> list[tuple[Sent, Any]]:
        """Opens every page as its owner. Returns those that fail."""
        broken = []
        for name, route in addresses():
            if name not in names:
                continue
            args = {"headers": (("Authorization", f"Bearer {self.secret}"),)}
            sent = Sent("GET", self.address(route), **(args if name.startswith("api-1") else {}))
            answer = self.send(sent, quiet=True)
            if answer.status_code >= 500:
                broken.append((sent, answer))
        return broken

    # -- rows ------------------------------------------------------------------------------------

    def spoil(self) -> str:
        """Writes a value into a row that nobody may send. Returns a description of it."""
        dice = self.dice
        rows: list[tuple[Any, list[str], Callable[[], Any]]] = [
            (self.scene, ["overlays", "cues"], lambda: [overlay(dice) for _ in range(3)]),
            (self.scene, ["overlays", "cues"], lambda: values(dice)),
            (self.scene, ["title", "script", "heading", "body", "markup", "style", "background", "background_color", "background_to", "background_room", "fit", "layout", "layout_side", "transition"], lambda: texts(dice)),
            (self.scene, ["speed", "layout_x", "layout_y", "layout_scale"], lambda: dice.choice([-1e9, 0, 1e300, 5e-324, 99])),
            (self.project, ["title", "aspect", "resolution", "container", "caption_style", "caption_position", "logo_position"], lambda: texts(dice)),
            (self.project, ["logo_size", "music_volume", "music_duck"], lambda: dice.choice([-1e9, 0, 1e300, 5e-324, 99])),
            (self.picture, ["name"], lambda: texts(dice)),
            (self.video, ["name", "findings"], lambda: texts(dice)),
            (self.music, ["name"], lambda: texts(dice)),
            (self.avatar, ["name", "description"], lambda: texts(dice)),
            (self.voice, ["name", "description"], lambda: texts(dice)),
            (self.avatar, ["tags", "findings", "answers", "challenge"], lambda: values(dice)),
            (self.voice, ["tags", "findings", "speaker"], lambda: values(dice)),
            (self.video, ["findings"], lambda: values(dice)),
            (self.done, ["metadata", "warnings", "outputs", "chapters", "quality", "provenance", "stage_seconds"], lambda: bent(dice)),
            (self.done.segments.first(), ["timing", "warnings", "quality", "stage_seconds"], lambda: bent(dice)),
            (self.word, ["word", "value"], lambda: texts(dice)),
            (self.done, ["title", "reference"], lambda: texts(dice)),
            (self.done, ["metadata"], lambda: {texts(dice): texts(dice)}),
            (self.user, ["name"], lambda: texts(dice)),
            (self.workspace, ["name"], lambda: texts(dice)),
            (self.key, ["name"], lambda: texts(dice)),
        ]  # fmt: skip
        row, names, made = dice.choice(rows)
        name, value = dice.choice(names), made()
        column = row._meta.get_field(name)
        if isinstance(value, str) and column.get_internal_type() != "JSONField":
            value = re.sub("[\x00\ud800-\udfff]", "", value)[: column.max_length or 5000]
        try:
            type(row).objects.filter(pk=row.pk).update(**{name: value})
        except Exception:  # the database refuses the value, so no row can have it
            return ""
        return f"{type(row).__name__}.{name} = {value!r}"[:600]

    def repair(self) -> None:
        """Does what a person would about an odd row: sends every field anew and removes the overlays."""
        scene = Scene.objects.get(pk=self.scene.pk)
        for row in list(scene.overlays):
            path = f"/scenes/{scene.pk}/overlays/{quote(str(row['id']), safe='')}/remove"
            answer = self.send(Sent("POST", path, b"", "application/x-www-form-urlencoded"))
            if answer.status_code >= 400:
                self.note(Sent("POST", path), answer, "an odd overlay cannot be removed: ")
        scene = Scene.objects.get(pk=self.scene.pk)
        good = {"title": "A", "script": "Hello, and welcome.\n\nThe second line.", "markup": "markdown",
                "speed": "1", "style": "neutral", "background": "color", "background_color": "#e9e4dc",
                "background_to": "#b9c6cf", "background_room": "office", "fit": "cover", "layout": "full", "layout_side": "right",
                "layout_x": "", "layout_y": "", "layout_scale": "1", "heading": "", "body": "",
                "overlays": "[]", "cues": "[]", "transition": "cut", "revision": str(scene.revision)}  # fmt: skip
        sent = Sent("POST", f"/scenes/{scene.pk}/save", urlencode(good).encode(), "application/x-www-form-urlencoded")  # fmt: skip
        answer = self.send(sent)
        if answer.status_code >= 400:
            self.note(sent, answer, "an odd scene cannot be mended: ")

    # -- the whole -------------------------------------------------------------------------------

    def round(self, requests: int) -> None:
        """Sends some requests, puts something odd into the rows, then opens every page."""
        forget()  # limits of requests are not tested here
        recent: list[Sent] = []
        for _ in range(requests):
            sent = self.page()
            recent.append(sent)
            self.send(sent)
        spoilt = [self.spoil() for _ in range(self.dice.randrange(3))]
        self.alive()
        names = OPENED if self.dice.random() < 0.1 else OPENED - HEAVY
        seen = len(self.failures)
        for sent, answer in self.open_pages(names):
            why = f"does not open any more; saved: {[s for s in spoilt if s]}: "
            self.note(sent, answer, why)
            if len(self.failures) > seen and not any(spoilt):
                seen = len(self.failures)
                self.failures[-1] += "\n    after" + "".join(
                    f"\n    {s.curl()}" for s in recent if s.method != "GET"
                )
        self.repair()

    def alive(self) -> None:
        """Replaces rows that were removed, so that every page has something to show."""
        gone = (
            Project.objects.filter(pk=self.project.pk).exclude(removed_at=None).exists()
            or Scene.objects.filter(pk=self.scene.pk).exclude(removed_at=None).exists()
            or not Pronunciation.objects.filter(pk=self.word.pk).exists()
            or Avatar.objects.filter(pk=self.avatar.pk).exclude(retired_at=None).exists()
            or Voice.objects.filter(pk=self.voice.pk).exclude(retired_at=None).exists()
            or Render.objects.filter(pk=self.queued.pk, status__in=Render.OVER).exists()
        )
        if gone or self.dice.random() < 0.1:
            self.new_rows()
        User.objects.filter(pk=self.user.pk).update(email="alice@example.org", is_active=True)
        self.client.force_login(self.user)


def rounds(seconds: float) -> Iterator[int]:
    """Counts up until the time is over."""
    until, number = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        yield number
        number += 1
