"""Voices of HTTP providers behind the protocol of all voices: asked politely, timed out, never with a secret in a log.

One request speaks one sentence. A request that failed for a moment (429, 5xx, no connection) is repeated: after the
time that Retry-After names, else after exponential backoff with jitter, within a budget of tries and
seconds. Redirects are not followed and an answer has a largest size, so that a provider whose name
was taken over can do little harm.
"""

from __future__ import annotations

import email.utils
import hashlib
import http.client
import json
import logging
import random
import re
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterable
from typing import Any

import numpy as np

from rendering.values import SAMPLE_RATE, BadInput, Canceled, Floats, Sentence, Unavailable, Word
from rendering.voices import english
from rendering.voices.contract import Clip, VoiceInfo
from rendering.voices.dialects import DIALECTS, Answer, Ask, Garbled, Refused, Request, Trouble
from rendering.voices.providers import PROVIDERS, Account, voices

log = logging.getLogger(__name__)

LARGEST = 40_000_000  # bytes of an answer
STEP = 0.1  # seconds between looks at `stop`
UNSPOKEN = re.compile(r"[<>\[\]{}]")  # they would be read as tags by one provider or another
STATUSES: dict[int, Trouble] = {
    401: "key",
    402: "quota",
    403: "key",
    404: "voice",
    408: "away",
    413: "text",
    425: "away",
    429: "busy",
}
PASSING = frozenset({"busy", "away"})


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


class Hosted:
    """See VoiceEngine. `provider` answers over HTTP; nothing is loaded, nothing is stored."""

    precision = ""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.provider, self.dialect = PROVIDERS[account.provider], DIALECTS[account.provider]
        self.model = account.model or self.provider.model
        self.ids = dict(zip(voices(account), (voice.id for voice in account.voices), strict=True))
        self.opener = urllib.request.build_opener(_Stay)

    def say(
        self,
        sentence: Sentence,
        voice: VoiceInfo,
        *,
        speed: float = 1.0,
        pitch: float = 0.0,
        stop: threading.Event | None = None,
    ) -> Clip:
        """See VoiceEngine; the clip has the words that the provider timed and no phones. pitch must be 0."""
        text = spoken(sentence)
        if not any(char.isalnum() for char in text):
            raise BadInput(
                f"The voice cannot pronounce {sentence.text.strip()[:60]!r}; write it in words.",
                code="text_unspeakable",
            )
        if len(text) > self.provider.longest:
            raise self._sentence("text", voice, len(text))
        low, high = self.provider.speeds
        theirs = round(min(max(speed, low), high), 3)
        seed = int(hashlib.sha256(f"{voice.slug} {text}".encode()).hexdigest()[:8], 16)
        ask = Ask(
            text, self.ids[voice.slug], voice.language.split("-")[0], self.model, theirs, seed
        )
        answer = self._ask_provider(ask, voice, stop)
        log.info(
            "%s spoke %s characters, about %.4f dollars",
            self.provider.name,
            len(text),
            len(text) * voice.dollars / 1000,
        )
        wav, words = answer.wav, answer.words
        if (ours := speed / theirs) != 1.0:
            wav = at_tempo(wav, ours, stop)
            words = tuple(Word(w.text, w.start / ours, w.end / ours) for w in words)
        wav, cut = english.trimmed(wav)
        seconds = wav.size / SAMPLE_RATE
        inside = tuple(
            Word(w.text, min(max(w.start - cut, 0.0), seconds), min(max(w.end - cut, 0.0), seconds))
            for w in words
        )
        return Clip(wav, inside, (), "provider" if inside else "energy")

    def _ask_provider(self, ask: Ask, voice: VoiceInfo, stop: threading.Event | None) -> Answer:
        """The answer, after as many tries as patience allows. Raises BadInput, Unavailable, Canceled."""
        patience = self.account.patience
        end = time.monotonic() + patience.seconds
        request = self.dialect.request(ask, self.account.key)
        for number in range(1, patience.tries + 1):
            trouble, wanted = "away", None
            try:
                return self.dialect.parse(self._post(request, end, stop))
            except _Status as problem:
                trouble, wanted = self._trouble(problem.status, problem.code), problem.wait
                self._note(number, f"{problem.status} {problem.code}")
            except Refused as problem:
                trouble = self._trouble(problem.status, problem.code)
                self._note(number, f"{problem.status} {problem.code}")
            except Garbled as problem:
                self._note(number, str(problem))
            except (OSError, http.client.HTTPException) as problem:
                self._note(number, type(problem).__name__)
            pause = patience.first * 2 ** (number - 1) * random.uniform(0.5, 1.5)
            pause = pause if wanted is None else wanted
            over = number == patience.tries or time.monotonic() + pause >= end
            if trouble not in PASSING or over:
                raise self._sentence(trouble, voice, len(ask.text))
            _wait(pause, stop)
        raise AssertionError("the last try ends it")

    def _post(self, request: Request, end: float, stop: threading.Event | None) -> bytes:
        sent = urllib.request.Request(  # noqa: S310 (the address is ours or the operator's)
            (self.account.address or self.provider.address) + request.path,
            json.dumps(request.body, ensure_ascii=False).encode(),
            {**request.headers, "Content-Type": "application/json", "User-Agent": "likeness"},
            method="POST",
        )
        silence = max(0.1, min(self.account.patience.silence, end - time.monotonic()))
        found: list[bytes | BaseException] = []
        thread = threading.Thread(
            target=lambda: found.append(_caught(self.opener, sent, silence, end)), daemon=True
        )
        thread.start()
        while thread.is_alive():
            thread.join(STEP)
            if stop is not None and stop.is_set():
                raise Canceled
        answer = found[0]
        if isinstance(answer, urllib.error.HTTPError):
            raise self._status(answer) from None
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def _status(self, answer: urllib.error.HTTPError) -> _Status:
        try:
            with answer:
                code = self.dialect.code(json.loads(answer.read(100_000)))
        except (OSError, ValueError, RecursionError, http.client.HTTPException):
            code = ""
        code = re.sub(r"[^\w.-]", "", code)[:60]  # it goes into the log
        return _Status(answer.code, code, retry_after(answer.headers.get("Retry-After")))

    def _trouble(self, status: int, code: str) -> Trouble:
        if code in self.dialect.codes:
            return self.dialect.codes[code]
        return STATUSES.get(status, "away" if status >= 500 else "refused")

    def _note(self, number: int, what: str) -> None:
        log.warning("%s, try %s: %s", self.provider.name, number, what)

    def _sentence(self, trouble: str, voice: VoiceInfo, length: int) -> BadInput | Unavailable:
        title, name = self.provider.title, voice.name
        if trouble == "text":
            return BadInput(
                f"A sentence has {length:,} characters; the voice {name} takes at most "
                f"{self.provider.longest:,} at a time. Split it into shorter sentences.",
                code="text_unspeakable",
            )
        sentence = {
            "key": f"{title} does not accept this studio's key; the operator has to renew it. Until then choose another voice.",
            "quota": f"This studio's account with {title} is used up; the operator has to top it up. Until then choose another voice.",
            "voice": f"{title} does not know the voice {name} any more; choose another voice.",
            "busy": f"{title} has too much to do at the moment; try again in some minutes, or choose another voice.",
            "away": f"{title} does not answer as it should at the moment; try again in some minutes, or choose another voice.",
            "refused": f"{title} refused to speak this; change the words or choose another voice.",
        }[trouble]
        return Unavailable(sentence, again=trouble in PASSING)


class _Status(Exception):
    """The provider refused. wait: seconds after which it may be asked again."""

    def __init__(self, status: int, code: str, wait: float | None) -> None:
        super().__init__(status)
        self.status, self.code, self.wait = status, code, wait


def _caught(
    opener: urllib.request.OpenerDirector, sent: urllib.request.Request, silence: float, end: float
) -> bytes | BaseException:
    """The body, or the error: this runs in a thread of its own, so that a stop need not wait for a socket."""
    try:
        with opener.open(sent, timeout=silence) as answer:
            body = bytearray()
            while piece := answer.read1(65_536):
                body += piece
                if len(body) > LARGEST:
                    raise Garbled("the answer is too large")
                if time.monotonic() > end:
                    raise TimeoutError
            if answer.length:  # fewer bytes came than were promised
                raise http.client.IncompleteRead(b"")
            return bytes(body)
    except BaseException as problem:
        return problem


def _wait(seconds: float, stop: threading.Event | None) -> None:
    if stop is None:
        time.sleep(seconds)
    elif stop.wait(seconds):
        raise Canceled


def retry_after(value: str | None) -> float | None:
    """Seconds that the header names (RFC 9110, 10.2.3: a number, or a date); None where it names none."""
    if value is None:
        return None
    if re.fullmatch(r"\d{1,9}", value.strip()):
        return float(value)
    try:
        moment = email.utils.parsedate_to_datetime(value)
        return max(0.0, moment.timestamp() - time.time())
    except (TypeError, ValueError, OverflowError):
        return None


def spoken(sentence: Sentence) -> str:
    """The words of a sentence as a provider gets them: on one line, without what it could take for a tag."""
    text = UNSPOKEN.sub(" ", sentence.text.replace("&", " and "))
    return " ".join(text.split())


def at_tempo(wav: Floats, tempo: float, stop: threading.Event | None = None) -> Floats:
    """The sound at `tempo` times its pace (0.4..2.1), pitch unchanged: ffmpeg's atempo (WSOLA)."""
    import tempfile  # most voices are not hosted

    from rendering import media  # most voices are not hosted

    steps = [tempo] if tempo >= 0.5 else [0.5, tempo / 0.5]
    chain = ",".join(f"atempo={step:.6f}" for step in steps)
    shape: list[str] = ["-f", "f32le", "-ar", str(SAMPLE_RATE), "-ac", "1"]
    with tempfile.TemporaryFile() as out:
        pipe: Iterable[bytes] = [wav.astype("<f4").tobytes()]
        media.run([*shape, "-i", "-", "-af", chain, *shape, "-"], feed=pipe, into=out, stop=stop)
        out.seek(0)
        return np.frombuffer(out.read(), "<f4").copy()
