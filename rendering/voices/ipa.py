"""The alphabet of sounds that the voices read (misaki), and IPA in its terms."""

from __future__ import annotations

import json
import re
import unicodedata
from importlib.util import find_spec
from pathlib import Path

from rendering.values import BadInput

STRESS = {"ˈ": 1.0, "ˌ": 0.5}


def assets() -> Path:
    """The data of hibari: its dictionary, its vocabulary and the preview voice."""
    package = find_spec("hibari")
    if package is None or package.origin is None:
        raise RuntimeError("The package hibari-tts is not installed.")
    return Path(package.origin).parent / "assets"


VOCABULARY: dict[str, int] = json.loads((assets() / "vocab.json").read_text("utf-8"))
"""Symbol -> id, the same for Kokoro and for the preview voice."""


def ipa(text: str, british: bool = False) -> str:
    """IPA to the misaki alphabet that the voices read. Raises BadInput naming a sound it lacks."""
    said = unicodedata.normalize("NFC", text.strip().strip("/[]"))
    said = re.sub("[.‿͜͡()]", "", said).replace("'", "ˈ")
    said = said.replace("əʊ", "Q" if british else "O")
    for sounds, symbol in (
        ("eɪ", "A"), ("aɪ", "I"), ("oʊ", "O"), ("aʊ", "W"), ("ɔɪ", "Y"), ("dʒ", "ʤ"), ("tʃ", "ʧ"),
        ("g", "ɡ"), ("r", "ɹ"), ("ɝ", "ɜɹ"), ("ɚ", "əɹ"), ("ɫ", "l"), ("ʍ", "w"), ("ɾ", "T"),
        ("l̩", "ᵊl"), ("n̩", "ᵊn"), ("m̩", "ᵊm"),
    ):  # fmt: skip
        said = said.replace(sounds, symbol)
    if not british:
        said = said.replace("ː", "")
    vowels = "AIOQWYaiueoæɑɒɔəɛɜɪʊʌᵻɐɨɯøœy"
    for char in said:
        if char not in VOCABULARY or char in ';:,.!?—…"()“”':
            raise BadInput(
                f"The voice has no sound for {char!r} in {text[:30]!r}; use the IPA of English.",
                code="text_unspeakable",
            )
    # IPA marks stress before the syllable, this alphabet right before the vowel.
    said = re.sub(f"([ˈˌ])([^{vowels}ˈˌ ]*)", r"\2\1", said)
    if not any(mark in said for mark in STRESS):
        said = re.sub(f"([{vowels}])", r"ˈ\1", said, count=1)
    if not any(char in vowels for char in said):
        raise BadInput(
            f"The pronunciation {text[:30]!r} has no vowel; write it in IPA.",
            code="text_unspeakable",
        )
    return said
