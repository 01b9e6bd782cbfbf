"""The kind of an uploaded file, by its first bytes, and the arguments with which ffmpeg opens it as that kind and no
other."""

from __future__ import annotations

from pathlib import Path

SOUND = "WAV, MP3, M4A, FLAC, OGG or WebM"  # what is recommended; more is accepted
VIDEO = ("mov", "matroska")
PADDING = 1_000_000  # zero bytes before an MP3 that are skipped
MARKS = {
    b"\x1aE\xdf\xa3": "matroska",
    b"fLaC": "flac",
    b"OggS": "ogg",
    b"caff": "caf",
    b".snd": "au",
    b"riff\x2e\x91\xcf\x11": "w64",
}
QUICKTIME = {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"}
"""Types of the first box: "ftyp" since 2001, before that whatever came first."""


def demuxer(source: Path) -> tuple[str, int] | None:
    """Ffmpeg's name for the kind of file, and how many bytes of padding come first; None for a kind that is not
    accepted."""
    with source.open("rb") as file:
        head = file.read(PADDING)
        sound = head.lstrip(b"\0")
        padding = len(head) - len(sound)
        while sound[:3] == b"ID3" and len(sound) >= 10:  # tags, perhaps with a picture of megabytes
            size = sum((byte & 0x7F) << shift for byte, shift in zip(sound[6:10], (21, 14, 7, 0)))  # noqa: B905
            tags = 10 + size
            sound = sound[tags:]
            if not sound:
                return "mp3", padding
    if head[4:8] in QUICKTIME:
        return "mov", 0
    if head[:4] in (b"RIFF", b"RF64", b"BW64") and head[8:12] == b"WAVE":
        return "wav", 0
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return "aiff", 0
    for mark, name in MARKS.items():
        if head.startswith(mark) or (name == "flac" and sound.startswith(mark)):
            return name, 0
    if len(sound) > 1 and sound[0] == 0xFF and sound[1] & 0xF6 == 0xF0:
        return "aac", padding
    if head[padding : padding + 3] == b"ID3" or (
        len(sound) > 1 and sound[0] == 0xFF and sound[1] & 0xE6 == 0xE2
    ):
        return "mp3", padding
    return None


def opened(source: Path) -> tuple[str | Path, ...] | None:
    """Arguments with which ffmpeg opens the file, as what it is and with no other file; None for a kind that is not
    accepted."""
    found = demuxer(source)
    if found is None:
        return None
    name, padding = found
    arguments: tuple[str | Path, ...] = ("-protocol_whitelist", "file", "-f", name)
    if padding:
        arguments += ("-skip_initial_bytes", str(padding))
    return (*arguments, "-i", source)
