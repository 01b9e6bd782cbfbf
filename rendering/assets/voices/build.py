"""Make kokoro-english.npz: `python rendering/assets/voices/build.py kokoro-js-1.2.1.tgz`.

The archive comes from `npm pack kokoro-js@1.2.1`. Each voice is a float32 table (510, 256), one
style vector per length of a text in symbols; float16 halves it with no audible change.
"""

import hashlib
import sys
import tarfile
from pathlib import Path

import numpy as np

ARCHIVE = "1f0d0383ef0349af0bd9440d81dc12abbea3a5392eb645283eda876f537f5860"
VOICES = [
    "af_alloy",
    "af_aoede",
    "af_bella",
    "af_heart",
    "af_kore",
    "af_nicole",
    "af_nova",
    "af_sarah",
    "af_sky",
    "am_echo",
    "am_eric",
    "am_fenrir",
    "am_liam",
    "am_michael",
    "am_onyx",
    "am_puck",
    "bf_alice",
    "bf_emma",
    "bf_isabella",
    "bf_lily",
    "bm_daniel",
    "bm_fable",
    "bm_george",
    "bm_lewis",
]


def main(archive: Path) -> None:
    if hashlib.sha256(archive.read_bytes()).hexdigest() != ARCHIVE:
        sys.exit(f"{archive} is not the archive that the vendored file was made from.")
    here = Path(__file__).parent
    tables = {}
    with tarfile.open(archive) as files:
        for voice in VOICES:
            member = files.extractfile(f"package/voices/{voice}.bin")
            assert member is not None
            tables[voice] = np.frombuffer(member.read(), "<f4").reshape(510, 256).astype("<f2")
        licence = files.extractfile("package/LICENSE")
        assert licence is not None
        (here / "LICENSE").write_bytes(licence.read())
    with open(here / "kokoro-english.npz", "wb") as out:
        np.savez_compressed(out, **tables)  # type: ignore[arg-type]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
