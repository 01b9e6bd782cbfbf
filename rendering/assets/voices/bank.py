"""Make speakers.npz, the speaker vectors of the stock voices: `python -m rendering.assets.voices.bank`, some minutes.

Each is the mean over five sentences, as float16 (256,). To be made again when a voice or the speaker encoder changes.
"""

import numpy as np

from rendering import voices
from rendering.stages import script, speech
from rendering.voices import speakers

SENTENCES = (
    "The ship was cheered as it left the harbour, and nobody on the shore looked away.",
    "A large yellow bird flew over the garden while the children were eating their lunch.",
    "Please call me tomorrow at noon; I would like to hear how the journey went.",
    "We thought about it for a while, then chose the quiet road through the old forest.",
    "Good measures take time, and most of us would rather begin with what is easy.",
)


def main() -> None:
    found = {}
    for slug, voice in voices.REGISTRY.items():
        if voice.engine != "kokoro":
            continue
        spoken = [
            speech.run(script.run(text, language=voice.language), voice).wav for text in SENTENCES
        ]
        vectors = np.stack([speakers.vector(wav) for wav in spoken])
        found[slug] = speakers.mean(vectors).astype(np.float16)
        print(slug, flush=True)
    with open(speakers.BANK, "wb") as out:
        np.savez_compressed(out, **found)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
