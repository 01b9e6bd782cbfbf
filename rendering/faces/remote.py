"""A hosted model behind the protocol of takes.Draws: a portrait and a line's sound go out, a film of the face comes
back.

The interface is that of Replicate's predictions, from its documentation as stored on 25 November 2026:
replicate.com/docs/reference/http (predictions.create, .get, .cancel, files.create),
replicate.com/docs/topics/predictions/lifecycle and replicate.com/docs/topics/webhooks/verify-webhook. The operator sets
the model and the names of its inputs.

A prediction is paid for, so its number is stored: a resumed line waits for the prediction that runs already. Cancelling
a line cancels it. Files are fetched from the expected hosts only (fetching.py); the film is cut out and pasted onto the
pack's person as EchoMimic's is.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import io
import json
import logging
import math
import tempfile
import time
import wave
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import cv2
import numpy as np

from rendering import media
from rendering.faces import fetching, squares
from rendering.faces.predictions import OVER, Account, news_of
from rendering.faces.takes import FITTED, Fit, Piece, Take
from rendering.values import SAMPLE_RATE, Canceled, Floats, Frame, Unavailable
from rendering.words import gettext

log = logging.getLogger(__name__)

SIDE = 512  # pixels of the portrait that is sent
INLINE = 256 * 1024  # bytes of a file that may be sent inside the request
LARGEST = 400_000_000  # bytes of a film
TRIES = 5  # of one request
STEP = 0.1  # seconds between looks at whether the line was canceled


class Remote:
    """One per process."""

    def __init__(self, account: Account, fit: Fit = FITTED) -> None:
        self.account, self.fit = account, fit
        self.dollars = 0.0  # spent by this process, about

    def draw(self, take: Take) -> Iterator[list[Piece]]:
        """See takes.Draws. Raises Unavailable, in one sentence, if the service fails."""
        frames = take.motion.frames
        with tempfile.TemporaryDirectory(prefix="likeness-remote-") as folder:
            film = Path(folder) / "film.mp4"
            self._film(take, film)
            with contextlib.closing(_seen(film, take.motion.fps)) as shown:
                pictures = _as_many(shown, frames)
                yield from squares.onto(take, SIDE, pictures, tone=self.fit.tone)

    def _film(self, take: Take, film: Path) -> None:
        """Puts the model's film of this line at `film`: from the store, from a prediction that runs, or from a new one."""
        key, store = self.key(take), take.store
        if store is not None and (stored := store.find(key, ".film.mp4")):
            film.write_bytes(stored.read_bytes())
            return
        deadline = time.monotonic() + self.account.patience
        running = store.find(key, ".prediction") if store else None
        number = running.read_text() if running else ""
        try:
            if not number:
                number = self._create(take)
                if store is not None:
                    with store.write(key, ".prediction") as path:
                        path.write_text(number)
            done = self._wait(number, take, deadline)
        except Canceled:
            if number:
                self._cancel(number)
            self._forget(take)
            raise
        self._forget(take)
        if done["status"] != "succeeded":
            log.error("prediction %s %s: %.200s", number, done["status"], done.get("error"))
            raise Unavailable(
                "The service that draws this face could not make the line; nothing was charged. Try again.",
                again=True,
            )
        self._count(done)
        self._take_home(_address(done.get("output")), film, deadline)
        if store is not None:
            with store.write(key, ".film.mp4") as path:
                path.write_bytes(film.read_bytes())

    def _create(self, take: Take) -> str:
        picture = cv2.imencode(".png", squares.crop(take.avatar, SIDE).picture[..., ::-1])[1]
        given = {
            self.account.picture: self._offered(picture.tobytes(), "image/png", "portrait.png"),
            self.account.sound: self._offered(_wave(take.wav), "audio/wav", "speech.wav"),
            **self.account.more,
        }
        body: dict[str, Any] = {"version": self.account.version, "input": given}
        if self.account.webhook:
            body |= {"webhook": self.account.webhook, "webhook_events_filter": ["completed"]}
        return str(self._ask("POST", "/predictions", body)["id"])

    def _offered(self, content: bytes, kind: str, name: str) -> str:
        """A file as the model accepts it: inside the request if it is small, else uploaded first."""
        if len(content) <= INLINE:
            return f"data:{kind};base64,{base64.b64encode(content).decode()}"
        edge = hashlib.sha256(content).hexdigest()
        head = (
            f'--{edge}\r\nContent-Disposition: form-data; name="content"; filename="{name}"\r\n'
            f"Content-Type: {kind}\r\n\r\n"
        )
        body = head.encode() + content + f"\r\n--{edge}--\r\n".encode()
        answer = self._send("POST", "/files", body, f"multipart/form-data; boundary={edge}")
        return str(answer["urls"]["get"])

    def _wait(self, number: str, take: Take, deadline: float) -> dict[str, Any]:
        """The prediction when it is over. A webhook (predictions.tell) is found in the store."""
        pause, begun = 1.0, time.monotonic()
        while True:
            store = take.store
            news = store.find(news_of(number), ".told") if store else None
            found = (
                json.loads(news.read_text()) if news else self._ask("GET", f"/predictions/{number}")
            )
            if found["status"] in OVER:
                return found
            waited = time.monotonic() - begun
            if time.monotonic() > deadline:
                self._cancel(number)
                self._forget(take)
                raise Unavailable(
                    "The service that draws this face took too long; nothing was charged. Try again later.",
                    again=True,
                )
            # Nobody knows how far it is: the bar creeps, and never says that it is done.
            share = 0.95 * (1 - math.exp(-waited / (4 * take.motion.frames / take.motion.fps + 20)))
            _pause(pause, take, share)
            pause = min(10.0, pause * 1.4)

    def _cancel(self, number: str) -> None:
        try:
            self._ask("POST", f"/predictions/{number}/cancel")
        except Unavailable:
            log.warning("prediction %s could not be canceled", number)

    def _forget(self, take: Take) -> None:
        if take.store is not None:
            take.store.path(self.key(take), ".prediction").unlink(missing_ok=True)

    def _count(self, done: dict[str, Any]) -> None:
        seconds = float((done.get("metrics") or {}).get("predict_time") or 0)
        spent = seconds * self.account.dollars
        self.dollars += spent
        log.info("prediction %s took %.1f s, about $%.4f", done.get("id"), seconds, spent)

    def _take_home(self, url: str, film: Path, deadline: float) -> None:
        for attempt in range(TRIES):
            try:
                return fetching.fetch(
                    url,
                    film,
                    hosts=self.account.hosts,
                    largest=LARGEST,
                    deadline=deadline,
                    local=self.account.local,
                )
            except fetching.Refused as problem:
                log.error("the film is not fetched: %s", problem)
                break
            except (OSError, http.client.HTTPException) as problem:
                log.warning("the film did not come: %s", problem)
                if attempt + 1 < TRIES:
                    time.sleep(min(8.0, 0.5 * 2**attempt))
        raise Unavailable(
            gettext(
                "The service that draws this face sent no film that could be used; nothing was charged. Try again."
            ),
            again=True,
        )

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        plain = None if body is None else json.dumps(body).encode()
        return self._send(method, path, plain, "application/json" if plain else "")

    def _send(self, method: str, path: str, body: bytes | None, kind: str) -> dict[str, Any]:
        """One request, repeated after failures that may pass."""
        headers = {"Authorization": f"Bearer {self.account.token}", "Accept": "application/json"}
        if kind:
            headers["Content-Type"] = kind
        parts = urlsplit(self.account.address)
        for attempt in range(TRIES):
            secure = parts.scheme == "https"
            maker = http.client.HTTPSConnection if secure else http.client.HTTPConnection
            connection = maker(parts.hostname or "", parts.port, timeout=60)
            wait = min(20.0, 0.5 * 2**attempt)
            try:
                connection.request(method, parts.path + path, body, headers)
                answer = connection.getresponse()
                content = answer.read(4_000_000)
            except (OSError, http.client.HTTPException) as problem:
                log.warning("%s %s: %s", method, path, type(problem).__name__)
            else:
                if answer.status < 300:
                    return _object(content)
                log.warning("%s %s: status %s %.200r", method, path, answer.status, content)
                if answer.status not in {408, 409, 425, 429} and answer.status < 500:
                    raise _refusal(answer.status)
                wait = _retry_after(answer.headers.get("Retry-After"), wait)
            finally:
                connection.close()
            if attempt + 1 < TRIES:
                time.sleep(wait)
        raise Unavailable(
            "The service that draws this face cannot be reached; nothing was charged. Try again later.",
            again=True,
        )

    def key(self, take: Take) -> str:
        """The key of the film: the hash of what decides it, so without background and size."""
        parts = [
            *("remote", squares.VERSION, self.account.version, self.account.more, SIDE),
            take.avatar.sha256,
            *(hashlib.sha256(take.wav.tobytes()).hexdigest(), take.seed),
        ]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _pause(seconds: float, take: Take, share: float) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        take.report("frames", share)  # it may raise Canceled
        time.sleep(min(STEP, left))


def _address(output: Any) -> str:
    """The address of the film: an output is an address, a list of them, or an object that holds one."""
    if isinstance(output, dict):
        output = next((v for v in output.values() if isinstance(v, str)), "")
    if isinstance(output, list):
        output = output[-1] if output else ""
    return output if isinstance(output, str) else ""


def _object(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Unavailable(
            gettext(
                "The service that draws this face gave an answer that cannot be read; nothing was charged. "
                "Try again later."
            ),
            again=True,
        )
    return found


def _refusal(status: int) -> Unavailable:
    if status in {401, 403}:
        return Unavailable(
            gettext(
                "The operator's key for the service that draws this face is not accepted; nothing was charged. "
                "Ask the operator to renew it."
            ),
            again=False,
        )
    if status == 402:
        return Unavailable(
            gettext(
                "The operator's account at the service that draws this face is used up; nothing was charged. "
                "Ask the operator to top it up."
            ),
            again=False,
        )
    return Unavailable(
        gettext(
            "The service that draws this face did not take the line; nothing was charged. "
            "Change its words or its avatar."
        ),
        again=False,
    )


def _retry_after(header: str | None, otherwise: float) -> float:
    return min(60.0, float(header)) if header and header.isdigit() else otherwise


def _wave(wav: Floats) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(SAMPLE_RATE)
        sound.writeframes(np.round(np.clip(wav, -1, 1) * 32767).astype("<i2").tobytes())
    return out.getvalue()


def _seen(film: Path, fps: int) -> Generator[Frame]:
    """Pictures (SIDE, SIDE, 3) of a film at `fps`."""
    filters = f"fps={fps},scale={SIDE}:{SIDE}:flags=bicubic"
    yield from media.pictures(["-i", film, "-vf", filters], (SIDE, SIDE, 3))


def _as_many(pictures: Iterator[Frame], count: int) -> Iterator[Frame]:
    """`count` pictures: surplus ones are left out, and the last one is repeated if there are too few."""
    last: Frame | None = None
    for _ in range(count):
        found = next(pictures, None)
        if found is None and last is None:
            raise Unavailable(
                gettext(
                    "The service that draws this face sent an empty film; nothing was charged. Try again."
                ),
                again=True,
            )
        last = last if found is None else found
        yield last  # type: ignore[misc]
