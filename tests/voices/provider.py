"""A stand-in for the three providers of voices, built from their documentation: real HTTP on 127.0.0.1.

Read on 25 November 2026 in stored copies:

* elevenlabs.io/docs/api-reference/text-to-speech/convert-with-timestamps and elevenlabs.io/docs/eleven-api/resources/errors
* docs.cartesia.ai/api-reference/tts/sse (Cartesia-Version 2026-03-01) and docs.cartesia.ai/use-the-api/api-errors
* docs.resemble.ai/voice-generation/text-to-speech/synchronous and docs.resemble.ai/getting-started/errors

The stand-in refuses methods, paths, headers and fields that the documentation does not name, speaks the text with the
preview voice, and takes the times from that voice.
"""

import base64
import io
import json
import threading
import wave
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

from rendering import voices
from rendering.stages import script
from rendering.values import SAMPLE_RATE

KEY = "sk_test_0123456789abcdef"
VOICE = "21m00Tcm4TlvDq8ikWAM"
CLIENT = {
    "host",
    "content-type",
    "content-length",
    "accept",
    "accept-encoding",
    "user-agent",
    "connection",
}


class Wrong(Exception):
    def __init__(self, status, **details):
        super().__init__(status)
        self.status, self.details = status, details


_said = {}


def say(text):
    """(samples as int16 at 24 kHz, [(word, start, end)]) of the preview voice; 0.3 s of quiet before it."""
    if text not in _said:
        sentence = script.run(text, supports=frozenset()).sentences[0]
        clip = voices.engine("preview").say(sentence, voices.get("preview"))
        wav = np.concatenate([np.zeros(7200), clip.wav, np.zeros(2400)])
        words = [(word.text, word.start + 0.3, word.end + 0.3) for word in clip.words]
        _said[text] = np.round(np.clip(wav, -1, 1) * 32767).astype("<i2"), words
    return _said[text]


def _letters(text, words):
    """Characters with times, as the providers give them: the time of each word is divided among its letters."""
    names, starts, ends = [], [], []
    for number, (word, start, end) in enumerate(words):
        if number:
            names.append(" ")
            starts.append(ends[-1])
            ends.append(start)
        step = (end - start) / len(word)
        for index, letter in enumerate(word):
            names.append(letter)
            starts.append(round(start + index * step, 3))
            ends.append(round(start + (index + 1) * step, 3))
    return names, starts, ends


def _fields(body, needed, optional):
    """Raises Wrong 422 for a field that is not documented, missing, or of another type."""
    for name, value in body.items():
        kind = {**needed, **optional}.get(name)
        if kind is None or isinstance(value, bool) != (kind is bool) or not isinstance(value, kind):
            raise Wrong(422, code="invalid_parameters", message=f"field {name}")
    for name in needed:
        if name not in body:
            raise Wrong(422, code="invalid_parameters", message=f"missing {name}")


def elevenlabs(path, query, headers, body):
    if path != f"/v1/text-to-speech/{VOICE}/with-timestamps":
        known = path.startswith("/v1/text-to-speech/") and path.endswith("/with-timestamps")
        raise Wrong(404, code="voice_not_found" if known else "not_found", message="no such voice")
    if headers.get("xi-api-key") != KEY:
        raise Wrong(401, code="invalid_api_key", message="Invalid API key")
    if set(headers) - CLIENT - {"xi-api-key"} or query != "output_format=pcm_24000":
        raise Wrong(400, code="invalid_parameters", message="header or query")
    _fields(
        body,
        {"text": str},
        {
            "model_id": str,
            "language_code": str,
            "voice_settings": dict,
            "pronunciation_dictionary_locators": list,
            "seed": int,
            "previous_text": str,
            "next_text": str,
            "previous_request_ids": list,
            "next_request_ids": list,
            "use_pvc_as_ivc": bool,
            "apply_text_normalization": str,
            "apply_language_text_normalization": bool,
        },
    )
    _fields(
        body.get("voice_settings", {}),
        {},
        {
            "stability": float,
            "use_speaker_boost": bool,
            "similarity_boost": float,
            "style": float,
            "speed": float,
        },
    )
    if not 0.7 <= body.get("voice_settings", {}).get("speed", 1.0) <= 1.2:
        raise Wrong(422, code="invalid_parameters", message="speed")
    samples, words = say(body["text"])
    names, starts, ends = _letters(body["text"], words)
    alignment = {
        "characters": names,
        "character_start_times_seconds": starts,
        "character_end_times_seconds": ends,
    }
    sound = base64.b64encode(samples.tobytes()).decode()
    plain = {
        "audio_base64": sound,
        "alignment": alignment,
        "normalized_alignment": alignment,
    }
    return "application/json", json.dumps(plain).encode()


def _elevenlabs_error(status, code="", message=""):
    detail = {"type": "error", "code": code, "message": message, "status": code}
    return {"detail": {**detail, "request_id": "3c807fc4c3a1705f9638ecc764a91c01", "param": None}}


def cartesia(path, query, headers, body):
    if path != "/tts/sse" or query:
        raise Wrong(404, code="not_found", message="no such address")
    if headers.get("authorization") != f"Bearer {KEY}":
        raise Wrong(401, code="unauthorized", message="Invalid API key")
    if headers.get("cartesia-version") != "2026-03-01":
        raise Wrong(400, code="invalid_version", message="Cartesia-Version")
    if set(headers) - CLIENT - {"authorization", "cartesia-version"}:
        raise Wrong(400, code="invalid_header", message="header")
    _fields(
        body,
        {"model_id": str, "transcript": str, "voice": dict, "output_format": dict},
        {
            "language": str,
            "add_timestamps": bool,
            "add_phoneme_timestamps": bool,
            "use_normalized_timestamps": bool,
            "pronunciation_dict_id": str,
            "generation_config": dict,
            "speed": str,
            "context_id": str,
        },
    )
    _fields(body["voice"], {"mode": str, "id": str}, {})
    _fields(body["output_format"], {"container": str, "encoding": str, "sample_rate": int}, {})
    _fields(
        body.get("generation_config", {}), {}, {"speed": float, "volume": float, "emotion": str}
    )
    if body["voice"]["id"] != VOICE:
        raise Wrong(404, code="voice_not_found", message="no such voice")
    if body["output_format"] != {"container": "raw", "encoding": "pcm_s16le", "sample_rate": 24000}:
        raise Wrong(400, code="invalid_output_format", message="format")
    samples, words = say(body["transcript"])
    data, context = samples.tobytes(), "50dc3b5e-5841-4aa1-9f94-60cfb9aead79"
    events = [
        {
            "type": "chunk",
            "done": False,
            "status_code": 206,
            "step_time": 12,
            "data": base64.b64encode(data[at : at + 20_000]).decode(),
        }
        for at in range(0, len(data), 20_000)
    ]
    if body.get("add_timestamps"):
        for part in (words[: len(words) // 2], words[len(words) // 2 :]):
            times = dict(
                zip(("words", "start", "end"), map(list, zip(*part, strict=True)), strict=True)
            )
            event = {"type": "timestamps", "done": False, "status_code": 206}
            events.insert(1, {**event, "word_timestamps": times})
        events[1], events[2] = events[2], events[1]
    events.append({"type": "done", "done": True, "status_code": 206})
    lines = [f"data: {json.dumps({**event, 'context_id': context})}\n\n" for event in events]
    return "text/event-stream", "".join(lines).encode()


def _cartesia_error(status, code="", message=""):
    return {
        "error_code": code or None,
        "title": code,
        "message": message,
        "request_id": "550e8400-e29b-41d4-a716-446655440000",
    }


def resemble(path, query, headers, body):
    if path != "/synthesize" or query:
        raise Wrong(404, message="no such address")
    if headers.get("authorization") != f"Bearer {KEY}":
        raise Wrong(401, message="Invalid API key")
    if set(headers) - CLIENT - {"authorization"}:
        raise Wrong(400, message="header")
    _fields(
        body,
        {"voice_uuid": str, "data": str},
        {
            "project_uuid": str,
            "title": str,
            "model": str,
            "precision": str,
            "output_format": str,
            "sample_rate": int,
            "use_hd": bool,
        },
    )
    if body["voice_uuid"] != VOICE:
        raise Wrong(404, message="Voice not found")
    if body.get("sample_rate", 48000) not in (8000, 16000, 22050, 32000, 44100, 48000):
        raise Wrong(400, message="sample_rate")
    from scipy.signal import resample_poly

    samples, words = say(body["data"])
    rate = body.get("sample_rate", 48000)
    louder = resample_poly(samples.astype(np.float64), rate // 8000, SAMPLE_RATE // 8000)
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.clip(louder, -32768, 32767).astype("<i2").tobytes())
    names, starts, ends = _letters(body["data"], words)
    plain = {
        "success": True,
        "audio_content": base64.b64encode(out.getvalue()).decode(),
        "audio_timestamps": {
            "graph_chars": names,
            "graph_times": [list(pair) for pair in zip(starts, ends, strict=True)],
            "phon_chars": [],
            "phon_times": [],
        },
        "duration": len(samples) / SAMPLE_RATE,
        "issues": [],
        "output_format": "wav",
        "sample_rate": rate,
        "seed": 962692783,
        "synth_duration": 1.64,
        "title": None,
    }
    return "application/json", json.dumps(plain).encode()


def _resemble_error(status, code="", message=""):
    return {"success": False, "message": message or code}


SPEAKS = {
    "elevenlabs": (elevenlabs, _elevenlabs_error),
    "cartesia": (cartesia, _cartesia_error),
    "resemble": (resemble, _resemble_error),
}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        server = self.server
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        headers = {name.lower(): value for name, value in self.headers.items()}
        path, _, query = self.path.partition("?")
        server.seen.append(body)
        speak, error = SPEAKS[server.provider]
        try:
            kind, answer = speak(path, query, headers, body)
            status, more = 200, {}
        except Wrong as wrong:
            status, more, kind = wrong.status, {}, "application/json"
            answer = json.dumps(error(status, **wrong.details)).encode()
        if server.moods:
            mood = server.moods.pop(0)
            status, answer, more = mood(server, status, answer)
        if status is None:  # it says nothing more
            server.over.wait(20)
            self.close_connection = True
            return
        length = more.pop("Content-Length", str(len(answer)))
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": length, **more}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer)
        self.close_connection = True

    def _refuse(self):
        self.send_error(405)

    do_GET = do_PUT = do_DELETE = do_PATCH = do_HEAD = _refuse

    def log_message(self, *_):
        pass


# Moods: each makes the provider answer once in another way than it should


def fails(status, code="", **headers):
    def mood(server, _, __):
        body = SPEAKS[server.provider][1](status, code, f"about {KEY}")
        return status, json.dumps(body).encode(), dict(headers)

    return mood


def answers(body):
    return lambda server, status, answer: (200, body, {})


def cut(share):
    """The body ends early although its length was promised in full."""
    return lambda server, status, answer: (
        200,
        answer[: int(len(answer) * share)],
        {"Content-Length": str(len(answer))},
    )


def short(share):
    """The body is shorter and says so."""
    return lambda server, status, answer: (200, answer[: int(len(answer) * share)], {})


def hangs(server, status, answer):
    return None, b"", {}


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, provider):
        super().__init__(("127.0.0.1", 0), Handler)
        self.provider, self.moods, self.seen = provider, [], []
        self.over = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.thread = threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self.thread.start()

    def handle_error(self, request, client_address):
        pass  # the other side hung up, as some tests want

    def stop(self):
        self.over.set()
        self.shutdown()
        self.server_close()
        self.thread.join()
