"""The tracks of a file as ffmpeg lists them, which one players show, and the filters that show its pictures as they
were meant."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from rendering import media

HDR = {"arib-std-b67", "smpte2084"}  # HLG and PQ, ITU-R BT.2100
WIDE = {"bt2020", "smpte431", "smpte432"}  # primaries far beyond those of BT.709
MATRICES = {"bt709", "fcc", "bt470bg", "smpte170m", "smpte240m", "bt2020nc", "gbr", "unknown"}
HIGH = 720  # lines from which untagged pictures are taken as BT.709, as players do
WHITE = 203.0  # cd/m² of white in HDR (ITU-R BT.2408)
PLAIN = 100.0  # cd/m² at which many converters put the white of ordinary video
NEAR = 6.0  # cd/m² by which the brightest hundredth of such a video may differ from it
KNEE = 0.6  # share of white up to which tones stay as they are
LOOKS = 12  # pictures of an HDR video at which its brightness is read
LOOKED = 64  # pixels of their width
FIELDS = 40  # pictures in which combs are looked for
CERTAIN = 0.8  # share of them that must be alike
TALLEST = 1152  # lines of a picture in which there may be fields


@dataclass(frozen=True, slots=True)
class Track:
    """number: of the stream in the file. colours: matrix, primaries and transfer by ffmpeg's names, "" where unknown.

    first: "top" or "bottom", the field that is shown first; "" for whole pictures. cover: a picture that belongs to sound.
    packets: the facts of its packets, see media.streams.
    """

    number: int
    kind: str
    codec: str
    default: bool = False
    cover: bool = False
    colours: tuple[str, str, str] = ("", "", "")
    first: str = ""
    alpha: bool = False
    packets: dict[str, Any] = field(default_factory=dict)


def tracks(opened: Sequence[str | Path]) -> list[Track]:
    """Every video and then every sound track of a file; nothing is decoded. Raises MediaFailed for what cannot be opened."""
    copied = ["-map", "0:v?", "-map", "0:a?", "-c", "copy", "-f", "framecrc", "-"]
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as listed:
        media.run([*opened, *copied], into=listed, complaints_to=said, limited=True)
        texts = []
        for file in (said, listed):
            file.seek(0)
            texts.append(file.read().decode(errors="replace"))
    rows = re.split(r"^ +Stream #0:", texts[0].split("\nOutput #0")[0], flags=re.MULTILINE)[1:]
    named = {track.number: track for row in rows if (track := _track(row))}
    order = sorted(named.values(), key=lambda track: (track.kind == "audio", track.number))
    packets = media.streams(texts[1])
    return [replace(track, packets=facts) for track, facts in zip(order, packets, strict=True)]


def _track(row: str) -> Track | None:
    head = re.match(r"(\d+)[^:\n]*(?:\([^)\n]*\))?: (Video|Audio): (\w+)", row)
    if head is None:
        return None
    line = row.split("\n", 1)[0]
    shape = re.search(r", (\w+)(?:\((.*?)\))?, \d+x\d+", line)
    pixels, details = (shape[1], shape[2] or "") if shape else ("", "")
    colours, first = ("", "", ""), ""
    for word in details.split(", "):
        names = [name.replace("unknown", "") for name in word.split("/")]
        if len(names) == 3:
            colours = (names[0], names[1], names[2])
        elif word in MATRICES:
            colours = (names[0], names[0], names[0])
        elif "first" in word:  # "(swapped)": the field that is coded first is shown second
            first = "top" if word in ("top first", "bottom coded first (swapped)") else "bottom"
    return Track(
        number=int(head[1]),
        kind=head[2].lower(),
        codec=head[3],
        default="(default)" in line,
        cover="(attached pic)" in line or "(timed thumbnails)" in line,
        colours=colours,
        first=first,
        alpha=bool(re.match(r"yuva|gbrap|rgba|bgra|argb|abgr|ya\d|pal8", pixels))
        or bool(re.search(r"alpha_mode\s*: 1", row)),
    )


def meant(found: Sequence[Track], kind: str) -> Track | None:
    """The track of that kind that players show: the default one, else the first; never a cover picture."""
    fit = [track for track in found if track.kind == kind and not track.cover]
    return next((track for track in fit if track.default), fit[0] if fit else None)


def decoder(track: Track) -> list[str | Path]:
    """Arguments before the file, without which its transparency would not be read."""
    name = {"vp8": "libvpx", "vp9": "libvpx-vp9"}.get(track.codec)
    return ["-c:v", name] if name and track.alpha else []


def filters(track: Track, opened: Sequence[str | Path], seconds: float, height: int) -> list[str]:
    """Filters that show the pictures as they were meant: whole, on black, in the colours of BT.709.

    `SCALED` stands for the filter that scales. Raises MediaFailed if the file cannot be read.
    """
    found = ["format=gbrap", "premultiply=inplace=1", "format=gbrp"] if track.alpha else []
    if first := track.first or _combed(track, opened, height):
        found.append(f"bwdif=mode=send_frame:parity={'tff' if first == 'top' else 'bff'}:deint=all")
    matrix, primaries, transfer = track.colours
    if transfer in HDR:
        return [*found, SCALED, *_toned(track, opened, seconds)]
    if primaries in WIDE:
        return [*found, SCALED, *_linear(track, PLAIN), *DISPLAYED]
    guess = "bt709" if height >= HIGH else "smpte170m"
    from_matrix = f":in_color_matrix={guess}" if matrix in ("", "gbr") else ""
    return [*found, SCALED + from_matrix + ":out_color_matrix=bt709:out_range=tv"]


SCALED = "{scaled}"
DISPLAYED = ["zscale=t=bt709:m=bt709:r=tv"]


def _linear(track: Track, white: float) -> list[str]:
    """To linear light in the primaries of BT.709, 1 at `white` cd/m²."""
    matrix, primaries, transfer = track.colours
    source = f"min={matrix or 'bt2020nc'}:pin={primaries or 'bt2020'}:tin={transfer or 'bt709'}"
    return [f"zscale={source}:t=linear:npl={white:g}", "format=gbrpf32le", "zscale=p=bt709"]


def _toned(track: Track, opened: Sequence[str | Path], seconds: float) -> list[str]:
    """HDR on an ordinary screen: tones up to white stay nearly as they are, brighter ones are compressed above it."""
    low, peak = _brightest(track, opened, seconds)
    plain = PLAIN - NEAR <= low <= peak <= PLAIN + NEAR
    white = PLAIN if plain else WHITE
    press = [f"tonemap=mobius:param={KNEE}:desat=0:peak={peak / white:.3f}"]
    return [*_linear(track, white), *(press if peak > 1.05 * white else []), *DISPLAYED]


def _brightest(track: Track, opened: Sequence[str | Path], seconds: float) -> tuple[float, float]:
    """cd/m² above which a hundredth and a thousandth of a picture are, in the brightest of some pictures of the video."""
    count = max(1, min(LOOKS, round(2 * seconds)))
    look = ",".join([f"scale={LOOKED}:{LOOKED}:flags=area", *_linear(track, 1.0)])
    found = [(0.0, 0.0)]
    for number in range(count):
        near: list[str | Path] = ["-noaccurate_seek", "-ss", f"{seconds * number / count:.3f}"]
        one = ["-map", f"0:{track.number}", "-frames:v", "1", "-vf", look, "-f", "rawvideo", "-"]
        with tempfile.TemporaryFile() as into:
            media.run([*near, *opened, *one], into=into, limited=True)
            into.seek(0)
            planes = np.frombuffer(into.read(), "<f4")
        if planes.size == 3 * LOOKED * LOOKED:
            green, blue, red = planes.reshape(3, -1)
            light = 0.2126 * red + 0.7152 * green + 0.0722 * blue
            low, high = np.percentile(light, (99, 99.9))
            found.append((float(low), float(high)))
    return max(found, key=lambda pair: pair[1])


def _combed(track: Track, opened: Sequence[str | Path], height: int) -> str:
    """The field that is shown first, if pictures are made of two fields and the file does not say so; "" for whole
    ones."""
    if height > TALLEST:
        return ""
    with tempfile.TemporaryFile() as said:
        look = ["-map", f"0:{track.number}", "-frames:v", str(FIELDS), "-vf", "idet"]
        media.run([*opened, *look, "-f", "null", "-"], complaints_to=said, limited=True)
        said.seek(0)
        text = said.read().decode(errors="replace")
    counts = re.findall(
        r"Multi frame detection: TFF:\s*(\d+) BFF:\s*(\d+) Progressive:\s*(\d+)", text
    )
    top, bottom, whole = (int(count) for count in counts[-1]) if counts else (0, 0, 1)
    for name, count in (("top", top), ("bottom", bottom)):
        if count >= 5 and count >= CERTAIN * (top + bottom + whole):
            return name
    return ""
