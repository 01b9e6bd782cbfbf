"""Sentences for people, in their language. The pipeline knows no Django, so the studio sets how they are translated."""

from collections.abc import Callable

_translated: Callable[[str], str] = str


def use(translated: Callable[[str], str]) -> None:
    """From here on sentences are passed through `translated`."""
    global _translated
    _translated = translated


def gettext(sentence: str) -> str:
    """The sentence in the reader's language, its {gaps} still to be filled: gettext("… {size} MB").format(size=…)."""
    return _translated(sentence)
